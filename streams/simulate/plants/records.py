"""Records disposed of too late, too early or in a way that can be undone (RET)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import facts
from streams.simulate.company import DATASET
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.records import disposed, retention
from streams.simulate.times import add_months, at, midnight

_D = timedelta(days=1)


def _record(plan: Plan, record_class: str, trigger: str, on: date, **given: Any) -> str:
    record = plan.make.short("rec-")
    plan.tell(at(on, 17), retention(plan.make, record, record_class, trigger, on, **given))
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


def card_overdue(plan: Plan, planted: str) -> None:
    """Card data that was to be gone last week."""
    limit = plan.workday()
    record = _record(plan, "card", "contract_end", add_months(limit, -84), dataset_id=None)
    plan.label(planted, "RET-02:OVERDUE", record, midnight(limit + _D))


def card_used_after(plan: Plan, planted: str) -> None:
    """Payments of long ago in a dataset of their own, looked into after their term."""
    keeper, day = plan.company.keepers["ds-cards"], plan.workday()
    due = day - 5 * _D
    dataset = own_dataset(plan, "ds-cards", due - 2_600 * _D)
    on = add_months(due, -84)
    record = _record(plan, "card", "contract_end", on, dataset_id=dataset)
    right = facts.privilege(
        plan.make, keeper.account, keeper.ref, "sys-payment", "ds-cards", "cashier",
        plan.company.boss["dept-finance"],
    )  # fmt: skip
    plan.tell(at(day - 10 * _D, 9), right | {"dataset_id": dataset})
    query = facts.query(plan.make, keeper, "ds-cards", "read", 1) | {"dataset_id": dataset}
    plan.tell(at(day, 15), query)
    subject = f"{dataset}|{query['event_id']}"
    plan.label(planted, "RET-02:USED_AFTER", subject, at(day, 15))
    plan.follows(planted, "RET-02:OVERDUE", record, midnight(add_months(on, 84) + _D))


def card_purpose(plan: Plan, planted: str) -> None:
    """Card numbers looked up for a campaign."""
    keeper, t = plan.company.keepers["ds-cards"], at(plan.workday(), 15, plan.rng.randrange(60))
    query = facts.query(plan.make, keeper, "ds-cards", "read", 2) | {"purpose_code": "marketing"}
    plan.tell(t, query)
    plan.label(planted, "RET-02:PURPOSE", f"ds-cards|{query['event_id']}", t)


def card_fields(plan: Plan, planted: str) -> None:
    """A table of cards with their security codes."""
    day = plan.workday()
    items = [*DATASET["ds-cards"].items, "security_code"]
    dataset = own_dataset(plan, "ds-cards", day, items=items)
    plan.label(planted, "RET-02:FIELDS", dataset, at(day, 9))


PLANTS = {
    "RET-02:OVERDUE": card_overdue,
    "RET-02:USED_AFTER": card_used_after,
    "RET-02:PURPOSE": card_purpose,
    "RET-02:FIELDS": card_fields,
    "RET-03:OVERDUE": papers_overdue,
    "RET-03:EARLY": papers_early,
    "RET-03:NO_METHOD": papers_method,
    "RET-04:UNDER_HOLD": under_hold,
    "RET-04:EARLY": logs_early,
    "RET-04:RETAIN_UNTIL_SHORT": planned_short,
}
