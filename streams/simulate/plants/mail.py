"""Mail that should not have gone out as it did (TEC-10)."""

from __future__ import annotations

from typing import Any

from streams.simulate import facts
from streams.simulate.plan import Plan
from streams.simulate.times import MINUTE


def _mail(plan: Plan, outside: int = 1, **given: Any) -> tuple[str, int, Any]:
    """Its message id, when it went out, and the event."""
    fact = facts.mail(plan.make, plan.anyone(), outside, 0) | given
    sent = plan.office(plan.workday())
    plan.tell(sent, fact)
    return fact["message_id"], sent, fact


def unprotected(plan: Plan, planted: str) -> None:
    """A list of members, not encrypted, to a partner."""
    message, sent, _ = _mail(plan, attachments=1, dlp_principals=240, attachment_encrypted=False)
    plan.label(planted, "TEC-10:UNPROTECTED", message, sent)


def exposed(plan: Plan, planted: str) -> None:
    """Thirty addresses of others for everybody to see."""
    message, sent, _ = _mail(plan, external_count=30, to_cc_count=30)
    plan.label(planted, "TEC-10:TO_CC_MASS", message, sent)


def misdirected(plan: Plan, planted: str) -> None:
    """Twenty minutes later the sender confirms that it went to the wrong one."""
    message, sent, fact = _mail(plan, misdirected="suspected")
    again = plan.make("email.sent", fact["source_id"], fact["actor_ref"], fact["actor_kind"])
    kept = {k: v for k, v in fact.items() if k not in again}
    confirmed = {**again, **kept, "misdirected": "confirmed"}
    plan.tell(sent + 20 * MINUTE, {**confirmed, "corrects_event_id": fact["event_id"]})
    plan.label(planted, "TEC-10:MISDIRECTED", message, sent + 20 * MINUTE)


def personal(plan: Plan, planted: str) -> None:
    """Personal data to somebody's free mail."""
    message, sent, _ = _mail(plan, external_domains=["gmail.com"], body_has_pd=True)
    plan.label(planted, "TEC-10:PERSONAL_DOMAIN", message, sent)


def mailing(plan: Plan, planted: str) -> None:
    """Two hundred blind copies that nobody approved."""
    message, sent, _ = _mail(plan, external_count=200, bcc_count=199)
    plan.label(planted, "TEC-10:MASS_UNAPPROVED", message, sent)


PLANTS = {
    "TEC-10:UNPROTECTED": unprotected,
    "TEC-10:TO_CC_MASS": exposed,
    "TEC-10:MISDIRECTED": misdirected,
    "TEC-10:PERSONAL_DOMAIN": personal,
    "TEC-10:MASS_UNAPPROVED": mailing,
}
