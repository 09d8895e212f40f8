"""06: what was provided to others and received from them, and its record."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controls.events import (
    JointuseShared,
    TransferPersonalRelated,
    TransferProvided,
    TransferReceiptChecked,
    TransferRecordCreated,
)
from controls.kernel import Text
from streams.export.tables.table import Table, columns, day, listed, moment
from streams.export.tables.told import Told, by, identified

COLUMNS = columns(
    "provision_id | 提供番号",
    "date | 提供日",
    "direction | 提供・受領",
    "kind | 種類",
    "recipient | 提供先（受領は提供元） | recipient",
    "country | 国",
    "dataset | 台帳",
    "basis | 根拠",
    "xborder_basis | 外国提供の根拠",
    "items | 項目",
    "count | 件数",
    "record_id | 記録番号",
    "record_method | 記録方法",
    "recorded | 記録日時",
    "record_items | 記録項目",
    "items_ok | 記録項目充足",
    "codes | 記録の違反 | violations of it",
    "retain_until | 保存期限",
)
RECORDS = ("TRF-02", "TRF-03")
"""The controls that judge whether a provision has its record, in time and complete."""
INCOMPLETE = ("NO_RECORD", "ITEMS_MISSING")


def provision(told: Told) -> Table:
    records = by(told.of(TransferRecordCreated), "provision_id")
    faults = [
        finding
        for finding in told.evidence.findings
        if finding["control"] in RECORDS and finding["verdict"] == "violation"
    ]
    rows = []
    for at, event_id, name, *cells in sorted(_provisions(told), key=lambda line: line[:2]):
        own = records.get(name or "", [])
        last = own[-1] if own else None
        codes = sorted(
            finding["code"]
            for finding in faults
            if event_id in finding["event_ids"]
            or (name and identified(finding, name, *(record.record_id for record in own)))
        )
        complete = True if own else None
        if set(codes) & set(INCOMPLETE):
            complete = False
        rows.append(
            (
                name,
                moment(at),
                *cells,
                listed(record.record_id for record in own),
                last and last.method,
                moment(last.occurred_at if last else None),
                listed(item for record in own for item in record.items_present),
                complete,
                listed(codes),
                day(max((record.retain_until for record in own), default=None)),
            )
        )
    return Table(
        "06_provision",
        Text("第三者提供・受領", "Provision and receipt"),
        COLUMNS,
        rows,
        "transfer.provided, jointuse.shared, transfer.personal_related and "
        "transfer.receipt_checked of the period, with the records that name their provision_id "
        "(a batch record names one of those it covers); items_ok is what TRF-02 and TRF-03 "
        "found, empty where no record names the provision; names stand in the record, not here",
    )


def _provisions(told: Told) -> Iterator[tuple[Any, ...]]:
    """(at, event_id, provision_id, then the cells from `direction` to `count`)."""
    for p in told.within(TransferProvided):
        yield (
            p.occurred_at, p.event_id, p.provision_id, "provided", p.recipient_kind,
            p.recipient_id, p.recipient_country, p.dataset_id, p.basis, p.xborder_basis,
            listed(p.fields), p.principals_count,
        )  # fmt: skip
    for s in told.within(JointuseShared):
        yield (
            s.occurred_at, s.event_id, s.provision_id, "provided", "joint_use", s.to_id,
            s.to_country, s.dataset_id, "joint_use", s.xborder_basis, listed(s.fields),
            s.principals_count,
        )  # fmt: skip
    for r in told.within(TransferPersonalRelated):
        yield (
            r.occurred_at, r.event_id, r.provision_id, r.direction, "personal_related",
            r.counterparty_id, r.country, None, "consent" if r.consent_confirmed else None, None,
            listed(r.items), None,
        )  # fmt: skip
    for c in told.within(TransferReceiptChecked):
        yield (
            c.occurred_at, c.event_id, c.provision_id, "received", "receipt_checked",
            c.provider_id, None, c.dataset_id, None, None, "", None,
        )  # fmt: skip
