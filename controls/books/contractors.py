"""What clients and contractors have agreed on and handed over."""

from __future__ import annotations

from collections.abc import Iterable

from controls.books.core import CONTRACT_ENDS, CONTRACTOR_CONTRACTS
from controls.calendar import day_start, jst_day
from controls.events import (
    ContractorAssessed,
    ContractorContracted,
    ContractorFindingClosed,
    ContractorReentrustDecided,
    EntrustedReceived,
    IncidentDetected,
)
from controls.registers import Register, View, field

ENTRUSTED = Register("entrusted", (EntrustedReceived,), field("dataset_id"))
"""Data that a client has entrusted to us, by dataset_id."""

ASSESSMENTS = Register("assessments", (ContractorAssessed,), field("contractor_id"))
"""Assessments of contractors, by contractor_id."""

FINDINGS_CLOSED = Register("findings_closed", (ContractorFindingClosed,), field("contractor_id"))
"""Findings at contractors that were settled, by contractor_id."""

REENTRUST_DECISIONS = Register(
    "reentrust_decisions",
    (ContractorReentrustDecided,),
    lambda decided: (f"{decided.contract_id}|{decided.subcontractor_id}",),
    lambda decided: day_start(decided.decided_on),
)
"""What was decided on subcontractors, by contract_id|subcontractor_id, from decided_on."""

CONTRACTOR_INCIDENTS = Register("contractor_incidents", (IncidentDetected,), field("contractor_id"))
"""Incidents that happened at contractors, by contractor_id."""


def begun(contracts: Iterable[ContractorContracted], at: int) -> list[ContractorContracted]:
    """Of each contract the latest version among those that had taken effect on that day."""
    day = jst_day(at)
    latest: dict[str, ContractorContracted] = {}
    for contract in contracts:
        if contract.effective_from <= day:
            other = latest.get(contract.contract_id)
            if other is None or (contract.version or 0) >= (other.version or 0):
                latest[contract.contract_id] = contract
    return list(latest.values())


def ended(contract: ContractorContracted, at: int, view: View) -> bool:
    """Its last day, by term or by notice, lies before that day; an end ends earlier versions."""
    day = jst_day(at)
    if contract.effective_to is not None and contract.effective_to < day:
        return True
    return any(
        contract.effective_from <= end.ended_on < day
        for end in view.all(CONTRACT_ENDS, contract.contract_id)
    )


def in_force(contractor_id: str, at: int, view: View) -> list[ContractorContracted]:
    """The contracts with a contractor that are in force on that day, the latest begun last."""
    active = [
        contract
        for contract in begun(view.all(CONTRACTOR_CONTRACTS, contractor_id), at)
        if not ended(contract, at, view)
    ]
    return sorted(active, key=lambda c: (c.effective_from, c.contract_id))


BOOKS = (ENTRUSTED, ASSESSMENTS, FINDINGS_CLOSED, REENTRUST_DECISIONS, CONTRACTOR_INCIDENTS)
