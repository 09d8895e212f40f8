"""What comes round for every dataset that is ever registered: its rights are reviewed, its
contents checked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from streams.simulate import assets, systems
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.times import at, day_of

_D = timedelta(days=1)


def registered(plan: Plan) -> Iterator[tuple[int, Fact]]:
    """Every line of the register of personal data that was told so far."""
    told = [(occurred, fact) for occurred, fact, _ in plan.before]
    told += [(t, fact) for items in plan.agenda.values() for t, fact, _ in items]
    for occurred, fact in sorted(told, key=lambda line: line[0]):
        if fact["event_type"] == "register.dataset":
            yield occurred, fact


def keep(plan: Plan) -> None:
    """Do what comes round, but for what a fault neglects."""
    firsts: dict[str, tuple[date, Fact]] = {}
    for occurred, line in registered(plan):
        firsts.setdefault(line["dataset_id"], (day_of(occurred), line))
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
