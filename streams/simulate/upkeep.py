"""What comes round for every dataset that is ever registered: its rights are reviewed, its
contents checked, its risks assessed; for its system: a source, and reviews of the logs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from streams.simulate import assets, duties, facts, systems
from streams.simulate.company import DATASETS, SOURCES
from streams.simulate.feed import Fact
from streams.simulate.history import dataset, monitored_since
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


def assess_again(plan: Plan, line: Fact, since: date) -> None:
    """The risks of a dataset, every ten months once it is registered: another version of its
    line."""
    day = max(date.fromisoformat(line["risk_assessed_on"]) + 300 * _D, since + _D)
    while day < plan.company.end:
        renewed = {"risk_assessed_on": day.isoformat(), "event_id": plan.make.event_id()}
        plan.tell(at(day, 17), {**line, **renewed})
        day += 300 * _D


def record(plan: Plan, system: str, since: date, *owed: str, heard: bool = True) -> None:
    """The source that records what is done on a system is registered and heard: of the classes of
    operations those that are not `owed` do not exist there."""
    absent = [name for name in facts.OPERATIONS if name not in owed]
    plan.tell(at(since, 9, 30), facts.recorder(plan.make, plan.company, system, absent))
    if heard:
        plan.tell(at(since, 10, 30), facts.alive(plan.make, facts.recorder_of(system)))


def recorded(plan: Plan, firsts: dict[str, tuple[date, Fact]]) -> None:
    """Every system with data has a source that was heard, from the day on which it has some; where
    people read all day, reading is to be seen from the first day on."""
    begun = monitored_since(plan.company)
    listed: dict[str, date] = {}
    for since, line in firsts.values():
        for system in line["storage_systems"]:
            listed[system] = min(listed.get(system, since), since)
    for system, since in listed.items():
        if ("source", system) in plan.neglected:
            continue
        record(plan, system, max(since, begun))
    for system in ("sys-crm", "sys-order"):
        record(plan, system, plan.company.start, "read", heard=False)
    logs_reviewed(plan, list(listed))


def logs_reviewed(plan: Plan, listed: list[str]) -> None:
    """The logs of every system with personal data are gone through every four weeks."""
    ours = [s.system for s in SOURCES if s.handles_pd and s.system]
    names = sorted({*listed, *ours} - {name for what, name in plan.neglected if what == "logs"})
    by = plan.company.boss["dept-it"]
    day = monitored_since(plan.company) - timedelta(days=2)
    while day < plan.company.end:
        done = duties.activity(plan.make, "log_review", day, by, system_ids=names)
        plan.tell(at(day, 17, 30), done)
        day += 28 * _D


def register_reviewed(plan: Plan, owners: dict[str, date]) -> None:
    """Every department goes through its part of the register, every ten months."""
    for dept, since in owners.items():
        day = max(since, monitored_since(plan.company))
        while ("register", dept) not in plan.neglected and day < plan.company.end:
            fact = duties.register_review(plan.make, dept, day)
            plan.tell(at(day, 16, 30), fact)
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
    begun = monitored_since(plan.company)
    ours = [dataset(plan.make, plan.company, entry) for entry in DATASETS]
    every = firsts | {line["dataset_id"]: (begun, line) for line in ours}
    recorded(plan, every)
    owners: dict[str, date] = {}
    for since, line in every.values():
        owner = line["owner_dept"]
        owners[owner] = min(owners.get(owner, since), since)
    register_reviewed(plan, owners)
    for name, (since, line) in firsts.items():
        if ("risk", name) not in plan.neglected and line["risk_assessed_on"]:
            assess_again(plan, line, since)
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
