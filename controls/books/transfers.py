"""Who receives data, in which country, on what ground."""

from __future__ import annotations

from datetime import date
from typing import Any

from controls.books.core import RECIPIENTS
from controls.calendar import add_months, day_start, jst_day
from controls.events import (
    ContractorDataEntrusted,
    CountryAssessed,
    ForeignRecipientChecked,
    JointuseAnnounced,
    JointuseShared,
    LinkExecuted,
    OptoutFiled,
    RegisterDataset,
    TransferPersonalRelated,
    TransferProvided,
    TransferReceiptChecked,
    TransferRecordCreated,
)
from controls.registers import Register, View, field


def recipient(provision: Any) -> str:
    """Who received it: a third party, a contractor or a joint user."""
    if isinstance(provision, TransferProvided):
        return provision.recipient_id
    if isinstance(provision, ContractorDataEntrusted):
        return provision.contractor_id
    assert isinstance(provision, JointuseShared)
    return provision.to_id


def observed_country(provision: Any) -> str:
    """The country that the provision itself names."""
    if isinstance(provision, TransferProvided):
        return provision.recipient_country
    if isinstance(provision, ContractorDataEntrusted):
        return provision.country
    assert isinstance(provision, JointuseShared)
    return provision.to_country


def country(provision: Any, view: View) -> str:
    """Where the receiving entity is at home, as registered; else as the provision says."""
    entity = view.latest(RECIPIENTS, recipient(provision), provision.occurred_at)
    return entity.legal_entity_country if entity is not None else observed_country(provision)


def own_entity(provision: Any, view: View) -> bool:
    """The recipient is a branch or office of our own legal entity."""
    entity = view.latest(RECIPIENTS, recipient(provision), provision.occurred_at)
    return entity is not None and bool(entity.own_entity)


PROVIDED = (TransferProvided, ContractorDataEntrusted, JointuseShared)
"""Every way of handing data over."""

RECIPIENT_PROVISIONS = Register("recipient_provisions", PROVIDED, lambda p: (recipient(p),))
"""What was handed over, by who received it."""

DATASET_PROVISIONS = Register("dataset_provisions", PROVIDED, field("dataset_id"))
"""The same, by the dataset that it came from."""

CASE_PROVISIONS = Register("case_provisions", PROVIDED, field("correlation_id"))
"""The same, by the case it belongs to."""

DATASET_LINKS = Register("dataset_links", (LinkExecuted,), lambda link: link.dataset_ids)
"""Jobs that linked datasets, by each dataset they used."""

CHECKS = Register("checks", (ForeignRecipientChecked,), field("recipient_id"))
"""Checks of the systems of recipients abroad, by recipient_id."""

EQUIVALENT = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU"),
    *("IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI"),
    "SK",
)
"""PPC Notice 2019-1 as amended (EEA 30 and GB), checked 2025-09."""

ART27_1 = ("law", "life_property", "public_health", "public_body", "academic")
"""Grounds of Art. 27(1)."""


def last_check(provision: Any, view: View) -> Any:
    """The latest check of the recipient's system at the time of the provision."""
    return view.latest(CHECKS, recipient(provision), provision.occurred_at)


def carries(check: Any, provision: Any, months: int = 12) -> bool:
    """The check of the recipient's system carries the provision."""
    if check is None or check.system_basis == "none" or not check.measures_ok:
        return False
    day = jst_day(provision.occurred_at)
    last: date = min(check.next_due, add_months(jst_day(check.occurred_at), months))
    return bool(check.obstruction != "continuing" and day <= last)


def passes(provision: Any, view: View) -> bool:
    """XBR-01 has nothing against it, as far as the books can tell: what named principals said is
    known to their partitions only, so a consent of theirs counts."""
    refs = provision.principal_refs
    return (
        own_entity(provision, view)
        or country(provision, view) in ("JP", *EQUIVALENT)
        or carries(last_check(provision, view), provision)
        or provision.xborder_basis == "art27_1"
        or getattr(provision, "basis", "") in ART27_1
        or (provision.xborder_basis == "consent" and isinstance(refs, tuple) and bool(refs))
    )


def went_before(dataset: str, where: str, at: int, view: View) -> bool:
    """Data of it went to that country before, by a provision that passes XBR-01."""
    return any(
        p.occurred_at <= at and observed_country(p) == where and passes(p, view)
        for p in view.entries(DATASET_PROVISIONS, dataset, at)
    )


PROVISION_RECORDS = Register("provision_records", (TransferRecordCreated,), field("provision_id"))
"""Records of Arts. 29 and 30, by the provision that they name."""


def _ways(receipt: TransferReceiptChecked) -> tuple[str, ...]:
    return receipt.provision_id, f"{receipt.dataset_id}|{receipt.provider_id}"


RECEIPTS = Register("receipts", (TransferReceiptChecked,), _ways)
"""Checks on receiving data (Art. 30), by provision_id and by `dataset_id|provider_id`."""

SCHEMES = Register(
    "schemes", (JointuseAnnounced,), field("scheme_id"), lambda scheme: int(scheme.announced_at)
)
"""Joint use as announced, by scheme_id, from its announcement."""

SCHEME_MEMBERS = Register(
    "scheme_members",
    (JointuseAnnounced,),
    lambda scheme: scheme.member_ids,
    lambda scheme: int(scheme.announced_at),
)
"""The same, by each member."""


def _scheme(shared: Any) -> tuple[str, ...]:
    if isinstance(shared, TransferProvided) and shared.basis != "joint_use":
        return ()
    return (shared.scheme_id or "*",)


JOINT_PROVISIONS = Register("joint_provisions", (JointuseShared, TransferProvided), _scheme)
"""What went to joint users, by scheme_id; under `*` what names none."""

BEHAVIOUR_LINKS = Register("behaviour_links", (LinkExecuted,), field("behaviour_source"))
"""Jobs that linked behaviour to persons, by its source."""


def _received(related: TransferPersonalRelated) -> tuple[str, ...]:
    received = related.direction == "received"
    return (related.counterparty_id, related.provision_id) if received else ()


RELATED_RECEIVED = Register("related_received", (TransferPersonalRelated,), _received)
"""Personal-related information that we received, by who gave it and by provision_id."""

FILINGS = Register("filings", (OptoutFiled,), field("scheme_id"))
"""Filings with the PPC under Art. 27(2), by scheme_id."""

COUNTRIES = Register(
    "countries",
    (CountryAssessed,),
    field("country"),
    lambda assessed: day_start(assessed.assessed_on),
)
"""Countries whose regime was looked into, by country, from assessed_on."""

DATASET_COUNTRIES = Register("dataset_countries", (RegisterDataset,), lambda d: d.countries)
"""Lines of the 個人情報管理台帳 by each country in which the data is kept."""


def _batch(record: TransferRecordCreated) -> tuple[str, ...]:
    return ("",) if record.method == "batch" and record.side == "provider" else ()


BATCH_RECORDS = Register("batch_records", (TransferRecordCreated,), _batch)
"""Records that cover a continuous provision for a time: few, all under one key."""

BOOKS = (
    CASE_PROVISIONS,
    RECIPIENT_PROVISIONS,
    DATASET_PROVISIONS,
    DATASET_LINKS,
    CHECKS,
    PROVISION_RECORDS,
    RECEIPTS,
    SCHEMES,
    SCHEME_MEMBERS,
    JOINT_PROVISIONS,
    BEHAVIOUR_LINKS,
    RELATED_RECEIVED,
    FILINGS,
    COUNTRIES,
    DATASET_COUNTRIES,
    BATCH_RECORDS,
)
