"""07: what principals asked for, and how it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from controls.calendar import add_months, jst_day, stopped_days
from controls.events import (
    RecordRetention,
    RequestDecided,
    RequestFee,
    RequestIdentityChecked,
    RequestReceived,
    RequestResponded,
)
from controls.kernel import Text
from controls.rights.late_answer import fact, stops
from streams.export.tables.table import Cells, Table, columns, day, listed
from streams.export.tables.told import Told, by

COLUMNS = columns(
    "request_id | 受付番号",
    "arrived | 到達日",
    "kind | 種別",
    "channel | 経路",
    "by | 代理",
    "identity | 本人確認",
    "fee_due | 手数料（請求額）",
    "fee | 手数料（受領額）",
    "decision | 決定",
    "ground | 事由",
    "responded | 回答日",
    "days | 所要日数（停止除く）",
    "stopped | 停止日数",
    "method | 方法",
    "dispose_by | 廃棄予定",
)
STEPS = (RequestReceived, RequestFee, RequestIdentityChecked, RequestDecided, RequestResponded)


def requests(told: Told) -> Table:
    files: dict[str, list[Any]] = {}
    for kind in STEPS:
        for event in told.of(kind):
            of: Any = event
            files.setdefault(of.request_id, []).append(of)
    papers = by(told.of(RecordRetention), "request_id")
    years = told.catalogue["RET-03"].params.years
    rows = []
    for name, file in files.items():
        file.sort(key=lambda event: (event.occurred_at, event.event_id))
        if _concerned(file, told):
            rows.append(_row(name, file, papers.get(name, []), years, told))
    rows.sort(key=lambda row: (str(row[1] or ""), str(row[0])))
    return Table(
        "07_requests",
        Text("開示等の請求", "Requests of principals"),
        COLUMNS,
        rows,
        "request.* of requests that arrived before the period's end and were not answered before "
        "it; days from arrival (day 0) to the answer, the cut where there is none, less those on "
        "which the term stood still (REQ-02); dispose_by = completion and the years of RET-03",
    )


def _of(file: Sequence[Any], kind: type[Any]) -> list[Any]:
    return [event for event in file if isinstance(event, kind)]


def _concerned(file: Sequence[Any], told: Told) -> bool:
    received = _of(file, RequestReceived)
    arrived = received[0].arrived_on if received else jst_day(file[0].occurred_at)
    answers = _of(file, RequestResponded)
    before = bool(answers) and answers[0].occurred_at < told.period.start
    return arrived <= told.period.last and not before


def _row(
    name: str, file: Sequence[Any], papers: Sequence[RecordRetention], years: int, told: Told
) -> Cells:
    received = next(iter(_of(file, RequestReceived)), None)
    identity = [f"{check.target} {check.result}" for check in _of(file, RequestIdentityChecked)]
    fees = _of(file, RequestFee)
    decision = next(reversed(_of(file, RequestDecided)), None)
    answer = next(iter(_of(file, RequestResponded)), None)
    end = jst_day(answer.occurred_at if answer else told.evidence.cut.at)
    stopped = stopped_days(stops([fact(event) for event in file]), end)
    done = [line.trigger_on for line in papers if line.trigger == "request_completed"]
    done += [end] if answer else []
    completed: date | None = max(done, default=None)
    return (
        name,
        day(received and received.arrived_on),
        received and received.kind,
        received and received.channel,
        received and received.by,
        listed(identity),
        max((fee.amount_due for fee in fees), default=None),
        max((fee.amount_received for fee in fees), default=None),
        decision and decision.decision,
        decision and listed([decision.ground, decision.ground_detail]),
        day(end) if answer else None,
        (end - received.arrived_on).days - stopped if received else None,
        stopped,
        answer and answer.method,
        day(completed and add_months(completed, 12 * years)),
    )
