"""The books that more than one family of controls looks into, and what is derived from them."""

from __future__ import annotations

from typing import Any

from controls.calendar import day_start
from controls.events import (
    AccessAccountChanged,
    AccessPrivilegeChanged,
    ApprovalGranted,
    BadgeRead,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    JointuseShared,
    LogSourceStatus,
    PurposePublished,
    RecipientRegistered,
    RegisterDataset,
    RegisterSource,
    RoleChanged,
    StaffChanged,
    TransferProvided,
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


def _effective_on(change: Any) -> int:
    return day_start(change.effective_on)


STAFF = Register("staff", (StaffChanged,), field("person_ref"), _effective_on)
"""Joining, moving, leave and leaving, by person_ref, from effective_on."""

ROLES = Register("roles", (RoleChanged,), field("role"), _effective_on)
"""Who was assigned to a role and whose term ended, by role, from effective_on."""

ACCOUNTS = Register("accounts", (AccessAccountChanged,), field("account_ref"))
"""Accounts made, opened and closed, by account_ref."""

SYSTEM_DATASETS = Register("system_datasets", (RegisterDataset,), lambda d: d.storage_systems)
"""Lines of the 個人情報管理台帳 by each system that stores the data; a later version of the same
dataset may name others, so ask DATASETS for the line in force."""

RECIPIENTS = Register("recipients", (RecipientRegistered,), field("recipient_id"))
"""Recipients of data, contractors included, by recipient_id."""

NOTICES = Register("notices", (PurposePublished,), field("notice_id"), lambda n: n.effective_from)
"""Purposes of use as published, by notice_id, from effective_from."""

DATASET_NOTICES = Register(
    "dataset_notices", (PurposePublished,), lambda n: n.dataset_ids, lambda n: n.effective_from
)
"""The same, by each dataset they name."""

PROVISIONS = Register(
    "provisions", (TransferProvided, ContractorDataEntrusted, JointuseShared), field("provision_id")
)
"""What was handed over to third parties, contractors and joint users, by provision_id."""

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
    STAFF,
    ROLES,
    ACCOUNTS,
    SYSTEM_DATASETS,
    RECIPIENTS,
    NOTICES,
    DATASET_NOTICES,
    PROVISIONS,
)
