"""Datasets of a fault's own, so that nothing but the fault is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from streams.simulate import assets, history, systems
from streams.simulate.company import DATASET
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.times import at

_D = timedelta(days=1)


def own_dataset(
    plan: Plan, like: str, since: date, *, reviewed: bool = True, checked: bool = True, **given: Any
) -> str:
    """A dataset registered and published like another; its rights are reviewed and its contents
    checked unless said otherwise."""
    name, entry = plan.make.short("ds-x"), DATASET[like]
    line = history.dataset(plan.make, plan.company, entry)
    plan.tell(at(since, 9), line | {"dataset_id": name, "name": name} | given)
    notice = history.notice(plan.make, plan.company, entry, since)
    plan.tell(at(since, 8), notice | {"notice_id": f"notice-{name}", "dataset_ids": [name]})
    if reviewed:
        for t, fact in systems.reviews(plan.make, entry.system, name, since, plan.company.end):
            plan.tell(t, fact)
    if checked:
        for t, fact in _checks(plan, name, since):
            plan.tell(t, fact)
    return name


def _checks(plan: Plan, name: str, since: date) -> Iterator[tuple[int, Fact]]:
    day = since
    while day < plan.company.end:
        yield at(day, 16), assets.quality(plan.make, name)
        day += 180 * _D
