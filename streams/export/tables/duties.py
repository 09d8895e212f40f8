"""12 and 13: what was done for the management system, and what was attested."""

from __future__ import annotations

from controls.events import AttestationRecorded, NonconformityChanged, PmsActivity
from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, day, listed, moment
from streams.export.tables.told import Told, by

ACTIVITIES = columns(
    "kind | 種別",
    "period | 期間",
    "date | 実施日",
    "scope | 範囲",
    "performer | 実施者",
    "performer_kind | 実施者区分",
    "independent | 独立性",
    "findings | 指摘",
    "reported | 代表者報告",
    "inputs | インプット",
    "decisions | 決定",
    "next_due | 次回",
    "nc_ids | 是正",
    "document | 文書",
)


def activities(told: Told) -> Table:
    caused = by(told.of(NonconformityChanged), "correlation_id")
    rows: list[Cells] = [
        (
            done.activity,
            done.period,
            moment(done.occurred_at),
            listed(done.scope),
            done.performed_by_ref,
            done.performer_kind,
            done.independent,
            done.findings,
            done.reported_to_top,
            listed(done.inputs_covered),
            listed(done.decisions),
            day(done.next_due),
            listed(sorted({nc.nc_id for nc in caused.get(done.event_id, ())})),
            done.document_ref,
        )
        for done in told.within(PmsActivity)
    ]
    return Table(
        "12_audit_review",
        Text("監査・点検・見直し", "Audits, inspections and reviews"),
        ACTIVITIES,
        rows,
        "pms.activity of the period, of every kind; nonconformities whose correlation_id is the "
        "activity's event; a verdict of this system is no internal audit",
    )


STATEMENTS = columns(
    "statement | 記述ID",
    "period | 対象期間",
    "answer | 回答",
    "basis | 根拠",
    "by | 申告者",
    "role | 役割",
    "date | 日付",
    "valid_until | 有効期限",
    "with | 同時申告数 | statements in one",
    "nc_ids | 是正",
    "document | 文書",
)


def attestations(told: Told) -> Table:
    caused = by(told.of(NonconformityChanged), "correlation_id")
    rows: list[Cells] = [
        (
            statement,
            said.period,
            said.answer,
            said.basis,
            said.by_ref,
            said.role,
            moment(said.occurred_at),
            day(said.valid_until),
            len(said.statement_ids),
            listed(sorted({nc.nc_id for nc in caused.get(said.event_id, ())})),
            said.document_ref,
        )
        for said in told.within(AttestationRecorded)
        for statement in said.statement_ids
    ]
    return Table(
        "13_attestations",
        Text("申告", "Attestations"),
        STATEMENTS,
        rows,
        "attestation.recorded of the period, a row a statement; statements whose attestation is "
        "missing or has run out are findings of GOV-09 in 03_violations",
    )
