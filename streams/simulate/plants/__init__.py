"""Every fault that can be planted, by `CONTROL:CODE`."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from streams.simulate.plan import Plan
from streams.simulate.plants import (
    abroad,
    access,
    anonymized,
    assets,
    duties,
    governance,
    incidents,
    mail,
    organization,
    outsourcing,
    people,
    perimeter,
    premises,
    purpose,
    records,
    rights,
    sharing,
    systems,
    trail,
    vendors,
)

Plant = Callable[[Plan, str], None]
PLANTS: dict[str, Plant] = {
    **access.PLANTS,
    **perimeter.PLANTS,
    **duties.PLANTS,
    **assets.PLANTS,
    **incidents.PLANTS,
    **mail.PLANTS,
    **premises.PLANTS,
    **people.PLANTS,
    **purpose.PLANTS,
    **anonymized.PLANTS,
    **records.PLANTS,
    **governance.PLANTS,
    **organization.PLANTS,
    **rights.PLANTS,
    **systems.PLANTS,
    **vendors.PLANTS,
    **outsourcing.PLANTS,
    **sharing.PLANTS,
    **abroad.PLANTS,
    **trail.PLANTS,
}
ONCE = (
    incidents.ONCE
    | premises.ONCE
    | systems.ONCE
    | people.ONCE
    | governance.ONCE
    | organization.ONCE
)
"""What the company as a whole can get wrong only once."""

__all__ = ["ONCE", "PLANTS", "chosen", "sow"]


def chosen(wanted: Iterable[str]) -> list[str]:
    """The codes that a list means: `all`, a control (`TEC-01`) or one code (`TEC-04:BRUTE`).

    ValueError for a word that means none.
    """
    found: set[str] = set()
    for word in wanted:
        matches = {
            name
            for name in PLANTS
            if word == "all" or name == word or name.partition(":")[0] == word
        }
        if not matches:
            known = ", ".join(sorted({name.partition(":")[0] for name in PLANTS}))
            raise ValueError(
                f"--plant {word}: nothing by that name can be planted; known: all, "
                f"{known}, or CONTROL:CODE of one of these"
            )
        found |= matches
    return [name for name in PLANTS if name in found]


def sow(plan: Plan, wanted: Iterable[str]) -> None:
    """Plant every chosen code, several times where the period is long."""
    names = chosen(wanted)
    rounds = plan.rounds
    for turn in range(1, rounds + 1):
        for name in names if turn == 1 else [name for name in names if name not in ONCE]:
            PLANTS[name](plan, f"{name}#{turn}")
