"""Requests and complaints not handled as they should be (REQ-01, REQ-03 to REQ-08)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from streams.simulate import desk, facts, sharing
from streams.simulate.plan import Plan
from streams.simulate.plants.people import hire, reads
from streams.simulate.times import DAY, HOUR, at, business_days, day_of, days_between, midnight

_D = timedelta(days=1)


def _business(day: date, count: int) -> date:
    """The count-th business day after a day."""
    return business_days(days_between(day + _D, day + 40 * _D))[count - 1]


def _request(
    plan: Plan,
    kind: str = "disclosure",
    *,
    without: Collection[str] = (),
    before: int = 20,
    **given: dict[str, Any],
) -> tuple[str, dict[str, int]]:
    """A request that is handled in five days but for what is left out or given otherwise; when
    each step happened."""
    request, start = plan.make.short("req-"), at(plan.workday(before=before), 10)
    make, day = plan.make, day_of(start)
    steps = {
        "received": (0, desk.receive(make, request, day, kind, **given.get("received", {}))),
        "checked": (DAY, desk.identity(make, request, "verified", **given.get("checked", {}))),
        "decided": (3 * DAY, desk.decide(make, request, **given.get("decided", {}))),
        "executed": (4 * DAY, desk.execute(make, request, **given.get("executed", {}))),
        "responded": (5 * DAY, desk.respond(make, request, **given.get("responded", {}))),
    }
    left_out = {*without} | (set() if kind in desk.EXECUTED else {"executed"})
    for name, (after, fact) in steps.items():
        if name not in left_out:
            plan.tell(start + after, fact)
    return request, {name: start + after for name, (after, _) in steps.items()}


AGENT = {"by": "delegated_agent"}


def no_check(plan: Plan, planted: str) -> None:
    """Nobody looked who was asking."""
    request, when = _request(plan, without=("checked",))
    plan.label(planted, "REQ-01:NO_CHECK", request, when["responded"])


def agent_unverified(plan: Plan, planted: str) -> None:
    """An agent without a letter of proxy."""
    request, when = _request(plan, received=AGENT)
    plan.label(planted, "REQ-01:AGENT_UNVERIFIED", request, when["responded"])


def mismatch_disclosed(plan: Plan, planted: str) -> None:
    """The address was another, and it was granted all the same."""
    other = {"address_match": False}
    request, when = _request(plan, checked=other)
    plan.label(planted, "REQ-01:MISMATCH_DISCLOSED", request, when["decided"])


def agent_refused(plan: Plan, planted: str) -> None:
    """Agents are turned away here."""
    refused = {"decision": "refuse", "ground": "agent"}
    request, when = _request(plan, received=AGENT, decided=refused)
    plan.label(planted, "REQ-01:AGENT_REFUSED", request, when["decided"])


def excess_items(plan: Plan, planted: str) -> None:
    """Five items asked for, to be sure."""
    request, when = _request(plan, checked={"items_requested_count": 5})
    plan.label(planted, "REQ-01:EXCESS_ITEMS", request, when["checked"])


def _fee(plan: Plan, request: str, t: int, step: str, paid: int, **given: Any) -> None:
    due = given.pop("due", day_of(t) + 14 * _D)
    plan.tell(t, desk.fee(plan.make, request, step, paid, due, **given))


def not_chargeable(plan: Plan, planted: str) -> None:
    """A fee for a correction."""
    request, when = _request(plan, "correction")
    t = when["received"] + 2 * HOUR
    _fee(plan, request, t, "received", desk.FEE)
    plan.label(planted, "REQ-03:NOT_CHARGEABLE", request, t)


def wrong_amount(plan: Plan, planted: str) -> None:
    """Three hundred yen more than published."""
    request, when = _request(plan)
    t, amount = when["received"] + 2 * HOUR, desk.FEE + 300
    _fee(plan, request, t, "received", amount, amount_due=amount)
    plan.label(planted, "REQ-03:WRONG_AMOUNT", request, t)


def wrong_instrument(plan: Plan, planted: str) -> None:
    """Stamps, where postal orders are published."""
    request, when = _request(plan)
    t = when["received"] + 2 * HOUR
    _fee(plan, request, t, "received", desk.FEE, instrument="stamps")
    plan.label(planted, "REQ-03:WRONG_INSTRUMENT", request, t)


def not_notified(plan: Plan, planted: str) -> None:
    """Four hundred yen short, and nobody writes."""
    request, when = _request(plan)
    t = when["received"] + 2 * HOUR
    _fee(plan, request, t, "received", desk.FEE - 400)
    end = midnight(_business(day_of(t), 3) + _D)
    plan.label(planted, "REQ-03:NOT_NOTIFIED", request, end)


def closed_early(plan: Plan, planted: str) -> None:
    """Taken as not made three days before the money was due."""
    request, when = _request(
        plan, decided={"decision": "treated_as_not_made", "ground": "fee"}, without=("responded",)
    )
    t = when["received"] + 2 * HOUR
    _fee(plan, request, t, "insufficient_notified", 0, due=day_of(when["decided"]) + 3 * _D)
    plan.label(planted, "REQ-03:CLOSED_EARLY", request, when["decided"])


def left_open(plan: Plan, planted: str) -> None:
    """Notified, never paid, never decided: the clock of the answer stands still."""
    request, when = _request(plan, without=("decided", "responded"), before=45)
    t = when["received"] + 2 * HOUR
    due = day_of(t) + 10 * _D
    _fee(plan, request, t, "insufficient_notified", 0, due=due)
    plan.label(planted, "REQ-03:LEFT_OPEN", request, midnight(_business(due, 5) + _D))


REFUSED = {"decision": "refuse", "ground": "rights_harm"}


def no_reason(plan: Plan, planted: str) -> None:
    """Refused in one line."""
    request, when = _request(plan, decided=REFUSED, responded={"reason_included": False})
    plan.label(planted, "REQ-04:NO_REASON", request, when["responded"])


def bad_ground(plan: Plan, planted: str) -> None:
    """Refused because the fee had been forgotten."""
    request, when = _request(plan, decided={"decision": "refuse", "ground": "fee"})
    plan.label(planted, "REQ-04:BAD_GROUND", request, when["decided"])


def _untold(plan: Plan, decision: str) -> tuple[str, int]:
    """Decided, answered on the twelfth day only: eight days and more after the decision."""
    request, when = _request(
        plan, decided={"decision": decision, "ground": "not_retained"}, without=("responded",)
    )
    plan.tell(when["received"] + 12 * DAY, desk.respond(plan.make, request))
    return request, midnight(day_of(when["decided"]) + 8 * _D)


def refusal_untold(plan: Plan, planted: str) -> None:
    """A refusal that nobody sends."""
    request, end = _untold(plan, "refuse")
    plan.label(planted, "REQ-04:NOT_NOTIFIED", request, end)


def no_data_untold(plan: Plan, planted: str) -> None:
    """There is no data, and nobody says so."""
    request, end = _untold(plan, "no_data")
    plan.label(planted, "REQ-04:NO_DATA_NOT_TOLD", request, end)


def wrong_form(plan: Plan, planted: str) -> None:
    """Asked for as a file, sent on paper without a word."""
    request, when = _request(plan, received={"requested_method": "electronic"})
    plan.label(planted, "REQ-05:WRONG_FORM", request, when["responded"])


def wrong_address(plan: Plan, planted: str) -> None:
    """Sent to an address given on the telephone."""
    request, when = _request(plan, responded={"address_basis": "other"})
    plan.label(planted, "REQ-05:WRONG_ADDRESS", request, when["responded"])


def untracked(plan: Plan, planted: str) -> None:
    """Posted as an ordinary letter."""
    request, when = _request(plan, responded={"tracked_mail": False})
    plan.label(planted, "REQ-05:UNTRACKED", request, when["responded"])


def not_executed(plan: Plan, planted: str) -> None:
    """Granted, answered, and forgotten."""
    request, when = _request(plan, "correction", without=("executed",), before=24)
    end = midnight(day_of(when["decided"]) + 15 * _D)
    plan.label(planted, "REQ-06:NOT_EXECUTED", request, end)


def executed_in_part(plan: Plan, planted: str) -> None:
    """The marketing system was left out."""
    request, when = _request(plan, "correction", executed={"systems_done": ["sys-crm"]}, before=24)
    end = midnight(day_of(when["decided"]) + 15 * _D)
    plan.label(planted, "REQ-06:PARTIAL", request, end)


def sent_after(plan: Plan, planted: str) -> None:
    """A mailing three weeks after the stop."""
    member = plan.make.short("mem-x")
    request, when = _request(plan, "stop_use", received={"principal_ref": member}, before=30)
    _consent(plan, member, when["received"] - DAY)
    t = when["decided"] + 21 * DAY
    plan.tell(
        t,
        plan.make(
            "marketing.sent",
            "campaign-form",
            "svc-campaign",
            "service",
            campaign_id=plan.make.short("camp-"),
            principal_ref=member,
            channel="email",
            dataset_id="ds-marketing",
            purpose_code="marketing",
        ),
    )
    plan.label(planted, "REQ-06:SENT_AFTER", request, t)


def _consent(plan: Plan, member: str, t: int, **given: Any) -> None:
    plan.tell(
        t,
        plan.make(
            "consent.changed",
            "consent-form",
            member,
            "principal",
            **{
                "consent_id": plan.make.short("con-"),
                "principal_ref": member,
                "state": "granted",
                "kind": "marketing",
                "purpose_codes": ["marketing"],
                "recipient_id": None,
                "fields": ["email"],
                "info_items": ["purpose", "items", "withdrawal"],
                "notice_id": "notice-ds-marketing",
                "evidence_ref": plan.make.short("ev-"),
                **given,
            },
        ),
    )


def provided_after(plan: Plan, planted: str) -> None:
    """The stop was granted, and the partner's list went out all the same."""
    member, partner = plan.make.short("mem-x"), plan.make.short("rcp-")
    request, when = _request(plan, "stop_provision", received={"principal_ref": member})
    told = ["purpose", "recipient", "items", "method", "contact", "withdrawal"]
    _consent(
        plan, member, when["received"] - DAY, kind="third_party", recipient_id=partner,
        purpose_codes=["member_service"], info_items=told, notice_id="notice-ds-members",
    )  # fmt: skip
    provision, t = plan.make.short("prov-"), when["decided"] + 2 * DAY
    plan.tell(
        when["received"] - 9 * DAY,
        plan.make(
            "recipient.registered",
            "vendor-form",
            "stf-proc",
            "staff",
            recipient_id=partner,
            legal_entity_country="JP",
            kind="third_party",
            non_identifying_only=False,
            fields_allowed=["email"],
            purpose_codes=["member_service"],
            valid_to=None,
        ),
    )
    plan.tell(
        t,
        plan.make(
            "transfer.provided",
            "transfer-form",
            "stf-proc",
            "staff",
            provision_id=provision,
            dataset_id="ds-members",
            recipient_id=partner,
            recipient_kind="third_party",
            recipient_country="JP",
            basis="consent",
            basis_doc_ref=None,
            fields=["email"],
            principal_refs=[member],
            principals_count=1,
            purpose_code="member_service",
            approver_ref="stf-boss",
            recurring=False,
            xborder_basis="na",
            scheme_id=None,
        ),
    )
    plan.tell(t + HOUR, sharing.recorded(plan.make, provision, day_of(t)))
    plan.label(planted, "REQ-06:PROVIDED_AFTER", f"{request}|{provision}", t)


def _complaint(plan: Plan, about: str = "service") -> tuple[str, int]:
    complaint, t = plan.make.short("cmp-"), at(plan.workday(before=24), 11)
    plan.tell(t, desk.complain(plan.make, complaint, t, about))
    return complaint, t


def _end(t: int, days: int) -> int:
    return midnight(_business(day_of(t), days) + _D)


def ack_late(plan: Plan, planted: str) -> None:
    """Nobody writes back for a week."""
    complaint, t = _complaint(plan)
    plan.tell(t + 7 * DAY, desk.handle(plan.make, complaint, "closed"))
    plan.label(planted, "REQ-07:ACK_LATE", complaint, _end(t, 1))


def close_late(plan: Plan, planted: str) -> None:
    """Acknowledged, and then silence."""
    complaint, t = _complaint(plan)
    plan.tell(t + HOUR, desk.handle(plan.make, complaint, "acknowledged"))
    plan.label(planted, "REQ-07:CLOSE_LATE", complaint, _end(t, 10))


def not_reported(plan: Plan, planted: str) -> None:
    """Somebody got another member's letter, and the desk says sorry."""
    complaint, t = _complaint(plan, "misdelivery")
    plan.tell(t + HOUR, desk.handle(plan.make, complaint, "acknowledged"))
    plan.tell(t + 2 * DAY, desk.handle(plan.make, complaint, "closed"))
    plan.label(planted, "REQ-07:NOT_REPORTED", complaint, _end(t, 1))


def other_role(plan: Plan, planted: str) -> None:
    """A right to the papers of requests in a role that has no business there."""
    day = plan.workday()
    person = hire(plan, day - 40 * _D)
    t = at(day, 14, plan.rng.randrange(60))
    reads(plan, person, "ds-requests", "crm_operator", t)
    subject = f"{person}|ds-requests|{day}"
    plan.label(planted, "REQ-08:OTHER_ROLE", subject, t)
    plan.follows(planted, "TEC-01:WRONG_ROLE", f"acct-{person}|ds-requests", t)


def other_purpose(plan: Plan, planted: str) -> None:
    """The desk looks something up for a campaign."""
    keeper = plan.company.keepers["ds-requests"]
    t = at(plan.workday(), 15, plan.rng.randrange(60))
    fact = facts.query(plan.make, keeper, "ds-requests", "read", 2) | {"purpose_code": "marketing"}
    plan.tell(t, fact)
    plan.label(planted, "REQ-08:OTHER_PURPOSE", fact["event_id"], t)


PLANTS = {
    "REQ-01:NO_CHECK": no_check,
    "REQ-01:AGENT_UNVERIFIED": agent_unverified,
    "REQ-01:MISMATCH_DISCLOSED": mismatch_disclosed,
    "REQ-01:AGENT_REFUSED": agent_refused,
    "REQ-01:EXCESS_ITEMS": excess_items,
    "REQ-03:NOT_CHARGEABLE": not_chargeable,
    "REQ-03:WRONG_AMOUNT": wrong_amount,
    "REQ-03:WRONG_INSTRUMENT": wrong_instrument,
    "REQ-03:NOT_NOTIFIED": not_notified,
    "REQ-03:CLOSED_EARLY": closed_early,
    "REQ-03:LEFT_OPEN": left_open,
    "REQ-04:NO_REASON": no_reason,
    "REQ-04:BAD_GROUND": bad_ground,
    "REQ-04:NOT_NOTIFIED": refusal_untold,
    "REQ-04:NO_DATA_NOT_TOLD": no_data_untold,
    "REQ-05:WRONG_FORM": wrong_form,
    "REQ-05:WRONG_ADDRESS": wrong_address,
    "REQ-05:UNTRACKED": untracked,
    "REQ-06:NOT_EXECUTED": not_executed,
    "REQ-06:PARTIAL": executed_in_part,
    "REQ-06:SENT_AFTER": sent_after,
    "REQ-06:PROVIDED_AFTER": provided_after,
    "REQ-07:ACK_LATE": ack_late,
    "REQ-07:CLOSE_LATE": close_late,
    "REQ-07:NOT_REPORTED": not_reported,
    "REQ-08:OTHER_ROLE": other_role,
    "REQ-08:OTHER_PURPOSE": other_purpose,
}
