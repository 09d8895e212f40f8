"""The registers that the controls look into: one declaration a book (domain/registers.md)."""

from __future__ import annotations

from typing import Any

from controls.calendar import day_start
from controls.events import (
    AccessPrivilegeChanged,
    ApprovalGranted,
    BadgeRead,
    ContractorContracted,
    ContractorContractEnded,
    LogSourceStatus,
    RegisterDataset,
    RegisterSource,
)
from controls.kernel import DAY
from controls.registers import Register, field

DATASETS = Register("datasets", (RegisterDataset,), field("dataset_id"))
"""個人情報管理台帳, by dataset_id."""

GRANTS = Register("grants", (AccessPrivilegeChanged,), field("account_ref"))
"""Rights granted and revoked, by account_ref."""

OWNER_GRANTS = Register("owner_grants", (AccessPrivilegeChanged,), field("owner_ref"))
"""The same, by owner_ref."""

APPROVALS = Register("approvals", (ApprovalGranted,), field("for_ref"))
"""Approvals, by what they are for (a person, a ticket or a contract)."""

SOURCES = Register("sources", (RegisterSource,), field("monitored_source_id"))
"""Log sources as registered, by monitored_source_id."""


def _declared_outage(status: Any) -> tuple[str, ...]:
    declared = status.status in ("stopped", "gap") and status.declared_outage_id
    return (status.monitored_source_id,) if declared else ()


OUTAGES = Register("outages", (LogSourceStatus,), _declared_outage)
"""Declared outages by monitored_source_id, from their beginning: few, where heartbeats are many."""


def _holder_and_zone(read: Any) -> tuple[str, ...]:
    if read.result != "granted" or read.mode in ("free_access", "drill"):
        return ()
    return (f"{read.holder_ref}|{read.zone_id}",)


def _of_holder(key: str) -> tuple[str, str]:
    return "holder_ref", key.partition("|")[0]


def _of_zone(key: str) -> tuple[str, str]:
    return "zone_id", key


READS_HELD = 35 * DAY
"""Badge reads are many and soon of no use: so long (ms) they are held in memory."""

BADGES = Register("badges", (BadgeRead,), _holder_and_zone, keep=READS_HELD, stored=_of_holder)
"""Granted reads that count (mode null or normal), by `holder_ref|zone_id`."""

ZONES = Register("zones", (BadgeRead,), field("zone_id"), keep=READS_HELD, stored=_of_zone)
"""Zones that have a reader, by zone_id."""


def _effective_from(contract: Any) -> int:
    return day_start(contract.effective_from)


CONTRACTS = Register("contracts", (ContractorContracted,), field("contract_id"), _effective_from)
"""Contracts with contractors, by contract_id, from effective_from."""

CONTRACTOR_CONTRACTS = Register(
    "contractor_contracts", (ContractorContracted,), field("contractor_id"), _effective_from
)
"""The same, by contractor_id."""

CONTRACT_ENDS = Register(
    "contract_ends",
    (ContractorContractEnded,),
    field("contract_id"),
    lambda end: day_start(end.ended_on),
)
"""Ends of contracts, by contract_id, from ended_on."""

BOOKS = (
    DATASETS,
    GRANTS,
    OWNER_GRANTS,
    APPROVALS,
    SOURCES,
    OUTAGES,
    BADGES,
    ZONES,
    CONTRACTS,
    CONTRACTOR_CONTRACTS,
    CONTRACT_ENDS,
)
"""Every book."""
