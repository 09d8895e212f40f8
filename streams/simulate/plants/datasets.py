"""Datasets of a fault's own, so that nothing but the fault is wrong with them."""

from __future__ import annotations

from datetime import date
from typing import Any

from streams.simulate import history
from streams.simulate.company import DATASET
from streams.simulate.plan import Plan
from streams.simulate.times import at


def own_dataset(
    plan: Plan,
    like: str,
    since: date,
    *,
    reviewed: bool = True,
    checked: bool = True,
    assessed: bool = True,
    published: bool = True,
    **given: Any,
) -> str:
    """A dataset registered and published like another; it is kept (`upkeep`) unless said
    otherwise."""
    name, entry = plan.make.short("ds-x"), DATASET[like]
    line = history.dataset(plan.make, plan.company, entry)
    assessed_on = max(line["risk_assessed_on"], since.isoformat())
    ours = {"dataset_id": name, "name": name, "risk_assessed_on": assessed_on}
    plan.tell(at(since, 9), line | ours | given)
    if published:
        notice = history.notice(plan.make, plan.company, entry, since)
        plan.tell(at(since, 8), notice | {"notice_id": f"notice-{name}", "dataset_ids": [name]})
    else:
        plan.neglected.add(("notice", name))
    if not reviewed:
        plan.neglected.add(("review", name))
    if not checked:
        plan.neglected.add(("check", name))
    if not assessed:
        plan.neglected.add(("risk", name))
    return name
