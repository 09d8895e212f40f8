"""What comes round for every dataset that is ever registered: its rights are reviewed, its
contents checked, its risks assessed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from streams.simulate import assets, systems
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.times import at, day_of, text

_D = timedelta(days=1)


def _told(plan: Plan, event_type: str) -> Iterator[tuple[int, Fact]]:
    """The events of a type that were told so far, by time."""
    told = [(occurred, fact) for occurred, fact, _ in plan.before]
    told += [(t, fact) for items in plan.agenda.values() for t, fact, _ in items]
    for occurred, fact in sorted(told, key=lambda line: line[0]):
        if fact["event_type"] == event_type:
            yield occurred, fact


def notice(plan: Plan, line: Fact, since: date) -> Fact:
    """The purposes of a dataset as they are published."""
    return plan.make(
        "purpose.published",
        "register-form",
        plan.company.boss["dept-legal"],
        "staff",
        notice_id=f"notice-{line['dataset_id']}",
        dataset_ids=[line["dataset_id"]],
        purpose_codes=line["purpose_codes"],
        method="web",
        contact_included=True,
        effective_from=text(at(since, 8)),
        items_present=["purpose", "contact", "controller"],
    )


def assess_again(plan: Plan, line: Fact) -> None:
    """The risks of a dataset, every ten months: another version of its line."""
    day = date.fromisoformat(line["risk_assessed_on"]) + 300 * _D
    while day < plan.company.end:
        renewed = {"risk_assessed_on": day.isoformat(), "event_id": plan.make.event_id()}
        plan.tell(at(day, 17), {**line, **renewed})
        day += 300 * _D


def keep(plan: Plan) -> None:
    """Do what comes round, but for what a fault neglects."""
    firsts: dict[str, tuple[date, Fact]] = {}
    for occurred, line in _told(plan, "register.dataset"):
        firsts.setdefault(line["dataset_id"], (day_of(occurred), line))
    noticed = {name for fact in _told(plan, "purpose.published") for name in fact[1]["dataset_ids"]}
    for name, (since, line) in firsts.items():
        ours = line["is_retained_data"] and not line["entrusted_by"]
        if ours and name not in noticed and ("notice", name) not in plan.neglected:
            plan.tell(at(since, 8), notice(plan, line, since))
    for name, (_, line) in firsts.items():
        if ("risk", name) not in plan.neglected and line["risk_assessed_on"]:
            assess_again(plan, line)
    for name, (since, line) in firsts.items():
        if ("review", name) not in plan.neglected:
            for system in line["storage_systems"]:
                for t, fact in systems.reviews(plan.make, system, name, since, plan.company.end):
                    plan.tell(t, fact)
        if ("check", name) not in plan.neglected:
            day = since
            while day < plan.company.end:
                plan.tell(at(day, 16), assets.quality(plan.make, name))
                day += 180 * _D
