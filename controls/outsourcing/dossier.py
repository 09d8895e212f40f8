"""What is remembered of a contractor: contracts, what was handed over, audits, what came back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from controls.books.transfers import DATASET_PROVISIONS
from controls.calendar import day_end, jst_day
from controls.events import (
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorFindingClosed,
    ContractorReentrusted,
    RegisterDataset,
)
from controls.registers import View
from controls.shapes import Fact, one_key, standing, told

by_contractor = one_key("contractor_id")

TOLD: dict[type[Any], tuple[str, tuple[str, ...]]] = {
    ContractorContracted: ("contracted", ("contract_id", "effective_from", "effective_to")),
    ContractorContractEnded: ("ended", ("contract_id", "ended_on")),
    ContractorDataEntrusted: (
        "entrusted",
        ("provision_id", "contract_id", "dataset_id", "principals_count"),
    ),
    ContractorDataSettled: (
        "settled",
        ("contract_id", "dataset_id", "certificate_ref", "includes_subcontractors"),
    ),
    ContractorReentrusted: ("reentrusted", ("contract_id",)),
    ContractorAudited: (
        "audited",
        ("method", "result", "next_due", "findings", "finding_ids", "finding_due"),
    ),
    ContractorFindingClosed: ("closed", ("finding_id",)),
}


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, what is asked of it]."""
    what, names = TOLD[type(event)]
    return told(event, what, *names)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def last_days(facts: Sequence[Fact]) -> dict[str, tuple[date, date | None]]:
    """The first and last day of each contract as its last version has it; the last is that of
    its notice, else of its term, None where it runs on."""
    days: dict[str, tuple[date, date | None]] = {}
    for contract in standing(facts, "contracted"):
        began = date.fromisoformat(contract[4]["effective_from"])
        days[contract[4]["contract_id"]] = began, day(contract[4]["effective_to"])
    for end in standing(facts, "ended"):
        began, _ = days.get(end[4]["contract_id"], (date.min, None))
        ended_on = date.fromisoformat(end[4]["ended_on"])
        if began <= ended_on:
            days[end[4]["contract_id"]] = began, ended_on
    return days


def holds(facts: Sequence[Fact], at: int) -> bool:
    """The contractor still has data of ours at that moment, under a contract that runs (or under
    none that we know of)."""
    today, settled = jst_day(at), [f for f in standing(facts, "settled") if f[0] <= at]
    begun = [last for first, last in last_days(facts).values() if first <= today]
    if begun and all(last is not None and last < today for last in begun):
        return False
    return any(
        not any(back(f, provision) for f in settled)
        for provision in standing(facts, "entrusted")
        if provision[0] <= at
    )


def last_moment(facts: Sequence[Fact]) -> int | None:
    """When the last of the contractor's contracts ends; None where one runs on or none is known."""
    lasts = [last for _, last in last_days(facts).values()]
    ended = [last for last in lasts if last is not None]
    return day_end(max(ended)) if ended and len(ended) == len(lasts) else None


def back(settled: Fact, provision: Fact) -> bool:
    """What was handed over came back or was deleted with this."""
    contract = provision[4]["contract_id"]
    return (
        settled[0] >= provision[0]
        and settled[4]["dataset_id"] == provision[4]["dataset_id"]
        and contract in (None, settled[4]["contract_id"])
    )


def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
    """The contractors that were given data of that dataset."""
    return {
        provision.contractor_id
        for provision in view.all(DATASET_PROVISIONS, line.dataset_id)
        if isinstance(provision, ContractorDataEntrusted)
    }
