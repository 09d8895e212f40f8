"""Incidents that are handled wrongly (INC-01, 02, 03, 05, 06, 07); INC-04 is in `duties`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Any

from streams.simulate import desk
from streams.simulate.plan import Plan
from streams.simulate.times import DAY, HOUR, add_months, at, is_closed, midnight

_D = timedelta(days=1)
MANY = 1_500


def _incident(
    plan: Plan, days: int, without: Collection[str] = (), persons: int = 40, **given: Any
) -> tuple[str, int]:
    """An incident so many days before the end: its id, and when it became known."""
    name = plan.make.short("inc-")
    known = at(plan.company.end - days * _D, 10, plan.rng.randrange(60))
    desk.incident(
        plan.make, name, known, persons, plan.tell, final_after=12, without=without, **given
    )
    return name, known


def _day_end(known: int, days: int) -> int:
    return midnight(date.fromordinal(_ordinal(known) + days + 1))


def _ordinal(known: int) -> int:
    return date(1970, 1, 1).toordinal() + (known + 9 * HOUR) // DAY


def escalation_late(plan: Plan, planted: str) -> None:
    """The responsible person hears of it after three hours."""
    name, known = _incident(plan, plan.rng.randint(3, 25), ["escalated"])
    plan.tell(known + 3 * HOUR, desk.stepped(plan.make, name, "escalated"))
    plan.label(planted, "INC-01:ESCALATION_LATE", name, known + HOUR)


def contain_late(plan: Plan, planted: str) -> None:
    """It is contained on the third day."""
    name, known = _incident(plan, plan.rng.randint(5, 25), ["contained"])
    plan.tell(known + 50 * HOUR, desk.stepped(plan.make, name, "contained"))
    plan.label(planted, "INC-01:CONTAIN_LATE", name, known + 24 * HOUR)


def untriaged(plan: Plan, planted: str) -> None:
    """Somebody acknowledges a candidate and leaves it at that."""
    alert, raised = plan.make.short("alt-"), plan.office(plan.workday())
    steps = ((0, "raised"), (10 * 60_000, "acknowledged"), (26 * HOUR, "resolved"))
    for after, step in steps:
        plan.tell(
            raised + after,
            plan.make(
                "alert.changed",
                "soc-form",
                "stf-soc",
                "staff",
                alert_id=alert,
                control_id="SOC-01",
                severity="high",
                step=step,
                by_ref="stf-soc",
                incident_candidate=True,
            ),
        )
    plan.label(planted, "INC-01:UNTRIAGED", alert, raised + 4 * HOUR)


def not_classified(plan: Plan, planted: str) -> None:
    """Whether it has to be reported is decided after thirty hours."""
    name, known = _incident(plan, plan.rng.randint(3, 25), ["classified"])
    plan.tell(known + 30 * HOUR, desk.stepped(plan.make, name, "classified", ["none"]))
    plan.label(planted, "INC-02:NOT_CLASSIFIED", name, known + 24 * HOUR)


def underclassified(plan: Plan, planted: str) -> None:
    """One with more than a thousand persons is classified as none of the items."""
    name, known = _incident(plan, plan.rng.randint(3, 25), ["classified"], MANY)
    plan.tell(known + 8 * HOUR, desk.stepped(plan.make, name, "classified", ["none"]))
    plan.label(planted, "INC-02:UNDERCLASSIFIED", name, known + 8 * HOUR)


def preliminary_soon(plan: Plan, planted: str) -> None:
    """At the end of the period it has been known for four days."""
    name, known = _incident(plan, 4, ["preliminary"], MANY)
    plan.label(planted, "INC-03:DUE_SOON", name, known + 72 * HOUR)


def preliminary_late(plan: Plan, planted: str) -> None:
    """The commission hears of it after six days."""
    name, known = _incident(plan, plan.rng.randint(8, 25), ["preliminary"], MANY)
    plan.tell(known + 144 * HOUR, desk.reported(plan.make, name, "preliminary", (7, 8, 9)))
    plan.label(planted, "INC-03:LATE", name, known + 120 * HOUR)


def notice_late(plan: Plan, planted: str) -> None:
    """The principals are told in the fourth week."""
    name, known = _incident(plan, plan.rng.randint(28, 40), ["notice"], MANY)
    plan.tell(known + 24 * DAY, desk.notified(plan.make, name, MANY, MANY))
    plan.label(planted, "INC-05:LATE", name, _day_end(known, 14))


def notice_partial(plan: Plan, planted: str) -> None:
    """Some hundred principals are never told."""
    name, known = _incident(plan, plan.rng.randint(32, 45), ["notice"], MANY)
    plan.tell(known + 5 * DAY, desk.notified(plan.make, name, MANY - 300, MANY))
    plan.label(planted, "INC-05:PARTIAL", name, _day_end(known, 28))


def notice_items(plan: Plan, planted: str) -> None:
    """The notice does not say what it was caused by."""
    name, known = _incident(plan, plan.rng.randint(8, 25), ["notice"], MANY)
    left = ["summary", "items", "secondary", "other"]
    plan.tell(known + 5 * DAY, desk.notified(plan.make, name, MANY, MANY, items=left))
    plan.label(planted, "INC-05:ITEMS", name, known + 5 * DAY)


def notice_reason(plan: Plan, planted: str) -> None:
    """It was published instead, and nobody wrote down why."""
    name, known = _incident(plan, plan.rng.randint(8, 25), ["notice"], MANY)
    method = "alternative_publication"
    plan.tell(known + 5 * DAY, desk.notified(plan.make, name, MANY, MANY, method=method))
    plan.label(planted, "INC-05:NO_REASON", name, known + 5 * DAY)


def body_preliminary_late(plan: Plan, planted: str) -> None:
    """The assessment body hears of a listed case after a week."""
    name, known = _incident(plan, plan.rng.randint(9, 25), ["body"], MANY)
    told = desk.reported(plan.make, name, "preliminary", (7, 8, 9), desk.BODY)
    plan.tell(known + 7 * DAY, told)
    plan.label(planted, "INC-06:PM_PRELIM_LATE", name, known + 120 * HOUR)


def body_final_late(plan: Plan, planted: str) -> None:
    """The assessment body never gets the final report of a small incident."""
    name, known = _incident(plan, plan.rng.randint(45, 60), ["body final"])
    last = date.fromordinal(_ordinal(known) + 29)
    while is_closed(last):
        last += _D
    plan.label(planted, "INC-06:PM_FINAL_LATE", name, midnight(last + _D))


def client_late(plan: Plan, planted: str) -> None:
    """The client whose data it was is told after two days; one was agreed."""
    client, dataset = plan.make.short("cli-"), plan.make.short("ds-client-")
    plan.tell(
        at(plan.company.start - 200 * _D, 10),
        plan.make(
            "entrusted.received",
            "contract-form",
            "stf-proc",
            "staff",
            client_id=client,
            contract_id=f"con-{client}",
            dataset_id=dataset,
            allowed_purpose_codes=["delivery"],
            reentrust_allowed="no",
            return_due=None,
            incident_notice_hours=24,
        ),
    )
    name, known = _incident(plan, plan.rng.randint(5, 25), role="entrustee", dataset_ids=[dataset])
    plan.tell(known + 50 * HOUR, desk.reported(plan.make, name, "preliminary", (8, 9), "client"))
    plan.label(planted, "INC-06:CLIENT_LATE", f"{name}|{client}", known + 24 * HOUR)


def no_corrective(plan: Plan, planted: str) -> None:
    """Nobody decides how it shall not happen again."""
    name, known = _incident(plan, plan.rng.randint(35, 50), ["corrective"])
    plan.label(planted, "INC-07:NO_CORRECTIVE", name, _day_end(known, 30))


def not_verified(plan: Plan, planted: str) -> None:
    """Nobody looks whether the measures helped."""
    name, known = _incident(plan, plan.rng.randint(125, 150), ["verified"])
    plan.label(planted, "INC-07:NOT_VERIFIED", name, _day_end(known, 120))


def no_publication(plan: Plan, planted: str) -> None:
    """Whether to publish is never decided."""
    name, known = _incident(plan, plan.rng.randint(35, 50), ["published"])
    plan.label(planted, "INC-07:NO_PUBLICATION_DECISION", name, _day_end(known, 30))


def no_drill(plan: Plan, planted: str) -> None:
    """The last emergency drill was a year ago on a day of the first weeks."""
    company = plan.company
    last = add_months(company.start + plan.rng.randint(3, 20) * _D, -12)
    plan.forgotten.add("drill")
    boss = company.boss["dept-legal"]
    plan.tell(at(last, 14), desk.drill(plan.make, last, boss))
    plan.label(planted, "INC-07:DRILL_OVERDUE", plan.org, midnight(add_months(last, 12) + _D))


PLANTS = {
    "INC-01:ESCALATION_LATE": escalation_late,
    "INC-01:CONTAIN_LATE": contain_late,
    "INC-01:UNTRIAGED": untriaged,
    "INC-02:NOT_CLASSIFIED": not_classified,
    "INC-02:UNDERCLASSIFIED": underclassified,
    "INC-03:DUE_SOON": preliminary_soon,
    "INC-03:LATE": preliminary_late,
    "INC-05:LATE": notice_late,
    "INC-05:PARTIAL": notice_partial,
    "INC-05:ITEMS": notice_items,
    "INC-05:NO_REASON": notice_reason,
    "INC-06:PM_PRELIM_LATE": body_preliminary_late,
    "INC-06:PM_FINAL_LATE": body_final_late,
    "INC-06:CLIENT_LATE": client_late,
    "INC-07:NO_CORRECTIVE": no_corrective,
    "INC-07:NOT_VERIFIED": not_verified,
    "INC-07:NO_PUBLICATION_DECISION": no_publication,
    "INC-07:DRILL_OVERDUE": no_drill,
}
ONCE = frozenset({"INC-07:DRILL_OVERDUE"})
