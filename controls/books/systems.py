"""Machines and systems: their posture, what threatens them, and what was changed on them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from controls.books.access import SYSTEM_SOURCES
from controls.books.core import DATASETS, READS_HELD, SYSTEM_DATASETS
from controls.events import (
    AccessAccountChanged,
    AccessPrivilegeChanged,
    EndpointPosture,
    ExposureDetected,
    RegisterDataset,
    SecurityThreatDetected,
)
from controls.registers import Register, View, field

POSTURES = Register(
    "postures",
    (EndpointPosture,),
    field("device_id"),
    keep=READS_HELD,
    stored=lambda key: ("device_id", key),
)
"""The state of machines as they report it, by device_id."""

EXPOSURES = Register("exposures", (ExposureDetected,), field("system_id"))
"""What was reachable from outside, by system_id."""

DEVICE_THREATS = Register("device_threats", (SecurityThreatDetected,), field("device_id"))
"""Threats found on a machine, by device_id."""

TICKET_CHANGES = Register(
    "ticket_changes", (AccessPrivilegeChanged, AccessAccountChanged), field("ticket_id")
)
"""Changes of rights and accounts, by the ticket they name."""

OWNER_ACCOUNTS = Register("owner_accounts", (AccessAccountChanged,), field("owner_ref"))
"""Accounts made, opened and closed, by their owner."""


class Listed(NamedTuple):
    """While the 個人情報管理台帳 has active data in a system: since and until when (ms)."""

    since: int
    until: int | None


def listed(
    system: str, view: View, which: Callable[[RegisterDataset], bool] = lambda line: True
) -> Listed | None:
    """While an active dataset is stored in a system, from the first line to the end of the last;
    None where none ever was.  `which` tells the datasets that count."""
    since: list[int] = []
    until: list[int | None] = []
    for name in {line.dataset_id for line in view.all(SYSTEM_DATASETS, system)}:
        lines = view.all(DATASETS, name)
        there = [
            line.status == "active" and system in line.storage_systems and which(line)
            for line in lines
        ]
        if any(there):
            since.append(lines[there.index(True)].occurred_at)
            last = len(there) - there[::-1].index(True)
            until.append(lines[last].occurred_at if last < len(lines) else None)
    if not since:
        return None
    ends = [end for end in until if end is not None]
    return Listed(min(since), max(ends) if len(ends) == len(until) else None)


def pd_listed(system: str, view: View) -> Listed | None:
    """While a system is one that keeps personal data: a dataset that is not anonymized is stored
    there, or its log source says so (`access.pd_system` asks for one moment)."""
    span = listed(system, view, lambda line: line.dataset_class != "anonymized")
    told = [line.occurred_at for line in view.all(SYSTEM_SOURCES, system) if line.handles_pd]
    if not told:
        return span
    return Listed(min([*told, *([span.since] if span else [])]), None)


BOOKS = (OWNER_ACCOUNTS, POSTURES, EXPOSURES, DEVICE_THREATS, TICKET_CHANGES)
