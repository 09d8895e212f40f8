"""11: assets taken out, sent, lost, disposed of and counted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from controls.events import (
    AssetDisposed,
    AssetInventoried,
    AssetLost,
    AssetReturned,
    AssetTakenOut,
    TransportDispatched,
    TransportReceived,
)
from controls.kernel import Text
from streams.export.tables.table import Table, columns, listed, moment
from streams.export.tables.told import Told, by

COLUMNS = columns(
    "asset | 資産",
    "event | 区分",
    "date | 日時",
    "kind | 種類",
    "has_pd | 個人情報",
    "persons | 本人数",
    "approval | 持出承認",
    "protection | 保護",
    "due | 期限",
    "returned | 返却",
    "state | 状態",
    "method | 廃棄方法",
    "certificate | 証明書",
)


def assets(told: Told) -> Table:
    lines = sorted(
        (*_taken(told), *_sent(told), *_lost(told), *_disposed(told), *_counted(told)),
        key=lambda line: (line[0], line[1], line[2]),
    )
    return Table(
        "11_assets",
        Text("資産の持出・移送・廃棄・棚卸", "Assets"),
        COLUMNS,
        [(asset, event, moment(at), *cells) for at, asset, event, *cells in lines],
        "asset.* and transport.* of the period, and take-outs before it that were still out; of a "
        "shipment the asset is its number and the return its receipt",
    )


Line = tuple[Any, ...]
"""(at, asset, event, then the cells from `kind` on)."""


def _taken(told: Told) -> Iterator[Line]:
    returns = by(told.of(AssetReturned), "asset_id")
    for out in told.of(AssetTakenOut):
        back = [
            one
            for one in returns.get(out.asset_id, [])
            if one.takeout_id == (out.takeout_id or "") and one.occurred_at >= out.occurred_at
        ]
        end = back[0].occurred_at if back else None
        if out.occurred_at >= told.period.end or (end is not None and end < told.period.start):
            continue
        yield (
            out.occurred_at, out.asset_id, "taken_out", out.asset_kind, out.has_pd,
            out.principals_count, listed([out.approval_id, out.approver_ref]),
            listed(out.protection), moment(out.due_back), moment(end),
            back[0].condition if back else "out", None, None,
        )  # fmt: skip


def _sent(told: Told) -> Iterator[Line]:
    receipts = by(told.of(TransportReceived), "shipment_id")
    for sent in told.within(TransportDispatched):
        got = next(iter(receipts.get(sent.shipment_id, [])), None)
        state = "under way" if got is None else "ok" if got.seal_intact else "seal broken"
        yield (
            sent.occurred_at, sent.shipment_id, "dispatched", sent.contents_kind, sent.has_pd,
            sent.principals_count, None, listed(sent.protection), moment(sent.expected_at),
            moment(got.occurred_at if got else None), state, None, None,
        )  # fmt: skip


def _lost(told: Told) -> Iterator[Line]:
    for lost in told.within(AssetLost):
        kept = {"encrypted": lost.encrypted, "remote_wiped": lost.remote_wiped}
        yield (
            lost.occurred_at, lost.asset_id, "lost", None, lost.has_pd, lost.principals_count,
            None, listed(name for name, so in kept.items() if so), None, None,
            "stolen" if lost.stolen else "lost", None, None,
        )  # fmt: skip


def _disposed(told: Told) -> Iterator[Line]:
    for gone in told.within(AssetDisposed):
        yield (
            gone.occurred_at, gone.asset_id, "disposed", None, gone.has_pd, None, None, None, None,
            None, gone.outsourced_to, gone.method, gone.certificate_ref,
        )  # fmt: skip


def _counted(told: Told) -> Iterator[Line]:
    for line in told.within(AssetInventoried):
        state = "found" if line.found else "not found"
        yield (
            line.occurred_at, line.asset_id, f"inventoried {line.campaign_id}", None, None, None,
            None, "locked_storage" if line.locked_storage else None, None, None, state, None, None,
        )  # fmt: skip
