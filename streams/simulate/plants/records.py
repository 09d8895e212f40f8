"""Records disposed of too late, too early or in a way that can be undone (RET)."""

from __future__ import annotations

from datetime import date, timedelta

from streams.simulate.plan import Plan
from streams.simulate.records import disposed, retention
from streams.simulate.times import add_months, at, midnight

_D = timedelta(days=1)


def _record(plan: Plan, record_class: str, trigger: str, on: date) -> str:
    record = plan.make.short("rec-")
    plan.tell(at(on, 17), retention(plan.make, record, record_class, trigger, on))
    return record


def papers_overdue(plan: Plan, planted: str) -> None:
    """Papers of a request that nobody disposes of."""
    limit = plan.workday()
    on = add_months(limit - 30 * _D, -24)
    record = _record(plan, "request_docs", "request_completed", on)
    plan.label(planted, "RET-03:OVERDUE", record, midnight(add_months(on, 24) + 31 * _D))


def papers_early(plan: Plan, planted: str) -> None:
    """Papers shredded in their second year."""
    day = plan.workday()
    record = _record(plan, "request_docs", "request_completed", add_months(day, -24) + 30 * _D)
    plan.tell(at(day, 11), disposed(plan.make, record, "request_docs", day))
    plan.label(planted, "RET-03:EARLY", record, at(day, 11))


def papers_method(plan: Plan, planted: str) -> None:
    """Papers in the dustbin."""
    day = plan.workday()
    record = _record(plan, "request_docs", "request_completed", add_months(day, -24) - 10 * _D)
    plan.tell(at(day, 11), disposed(plan.make, record, "request_docs", day, method="trash"))
    plan.label(planted, "RET-03:NO_METHOD", record, at(day, 11))


def logs_early(plan: Plan, planted: str) -> None:
    """Logs erased in their third year."""
    day = plan.workday()
    record = _record(plan, "access_log", "created", add_months(day, -36) + 40 * _D)
    plan.tell(at(day, 11), disposed(plan.make, record, "access_log", day))
    plan.label(planted, "RET-04:EARLY", record, at(day, 11))


def under_hold(plan: Plan, planted: str) -> None:
    """Logs erased although a lawsuit needs them."""
    day = plan.workday()
    record = _record(plan, "access_log", "created", add_months(day, -36) - 10 * _D)
    plan.tell(
        at(day - 30 * _D, 9),
        plan.make(
            "hold.changed",
            "pms-form",
            "stf-legal",
            "staff",
            record_id=record,
            state="placed",
            reason="litigation",
        ),
    )
    plan.tell(at(day, 11), disposed(plan.make, record, "access_log", day))
    plan.label(planted, "RET-04:UNDER_HOLD", record, at(day, 11))


def planned_short(plan: Plan, planted: str) -> None:
    """A record of a provision that is to be destroyed after two years."""
    day, record = plan.workday(), plan.make.short("rec-")
    plan.tell(
        at(day, 15),
        plan.make(
            "transfer.record_created",
            "transfer-form",
            "stf-proc",
            "staff",
            provision_id=plan.make.short("prov-"),
            record_id=record,
            side="provider",
            method="each",
            items_present=["date", "recipient_name", "principal_id", "data_items", "consent_fact"],
            last_provided_on=None,
            retain_until=add_months(day, 24).isoformat(),
        ),
    )
    plan.label(planted, "RET-04:RETAIN_UNTIL_SHORT", record, at(day, 15))


PLANTS = {
    "RET-03:OVERDUE": papers_overdue,
    "RET-03:EARLY": papers_early,
    "RET-03:NO_METHOD": papers_method,
    "RET-04:UNDER_HOLD": under_hold,
    "RET-04:EARLY": logs_early,
    "RET-04:RETAIN_UNTIL_SHORT": planned_short,
}
