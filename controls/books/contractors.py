"""What clients and contractors have agreed on and handed over."""

from __future__ import annotations

from controls.calendar import day_start
from controls.events import (
    ContractorAssessed,
    ContractorFindingClosed,
    ContractorReentrustDecided,
    EntrustedReceived,
)
from controls.registers import Register, field

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

BOOKS = (ENTRUSTED, ASSESSMENTS, FINDINGS_CLOSED, REENTRUST_DECISIONS)
