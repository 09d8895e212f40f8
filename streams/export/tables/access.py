"""09 and 10: who may get in, looked at anew, and who came in."""

from __future__ import annotations

from collections import Counter
from datetime import date

from controls.calendar import jst_day
from controls.events import AccessReviewed, VisitorRegistered
from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, day, moment
from streams.export.tables.told import Presence, Told

REVIEWS = columns(
    "system | システム",
    "dataset | 台帳",
    "date | 実施日",
    "period_end | 対象期間末",
    "reviewer | 確認者",
    "accounts | 件数",
    "revoked | 削除",
    "complete | 完了",
)


def reviews(told: Told) -> Table:
    rows: list[Cells] = [
        (
            review.system_id,
            review.dataset_id,
            moment(review.occurred_at),
            day(review.period_end),
            review.reviewer_ref,
            review.accounts_reviewed,
            review.revoked,
            review.complete,
        )
        for review in told.within(AccessReviewed)
    ]
    return Table(
        "09_access_review",
        Text("アクセス権の見直し", "Access reviews"),
        REVIEWS,
        rows,
        "access.reviewed of the period; reviews that are due and missing are findings of TEC-01 "
        "and its like in 03_violations",
    )


ENTRIES = columns(
    "zone | 区域",
    "date | 日",
    "first_in | 最初入室",
    "last_out | 最終退室",
    "granted | 許可された読取り",
    "denied | 拒否された読取り",
    "unpaired | 未対応ペア",
    "visitors | 来訪者",
)
UNPAIRED = ("exit", "entry", "stay")
"""Checks of PHY-02 that find an entry without its exit, or an exit without its entry."""


def entries(told: Told) -> Table:
    visitors: Counter[tuple[str, date]] = Counter()
    for visit in told.of(VisitorRegistered):
        if visit.in_at in told.period:
            visitors.update((zone, jst_day(visit.in_at)) for zone in visit.zones)
    unpaired: Counter[tuple[str, date]] = Counter()
    for finding in told.evidence.findings:
        at = finding["occurred_at"]
        if finding["control"] == "PHY-02" and finding["check"] in UNPAIRED and at in told.period:
            unpaired[finding["subject"].rpartition("|")[2], jst_day(at)] += 1
    rows: list[Cells] = []
    for key in sorted({*told.presence, *visitors, *unpaired}):
        there = told.presence.get(key, Presence())
        rows.append(
            (
                key[0],
                day(key[1]),
                moment(there.first_in),
                moment(there.last_out),
                there.granted,
                there.denied,
                unpaired[key],
                visitors[key],
            )
        )
    return Table(
        "10_entry",
        Text("入退室", "Entries and visitors"),
        ENTRIES,
        rows,
        "badge.read that was granted, by zone and JST day of the read; unpaired are findings of "
        "PHY-02 (one a person and zone, on the day of its first read; a missing exit on the day it "
        "was due); visits count for every zone they name",
    )
