"""01: what came in from every source on every day, and what did not."""

from __future__ import annotations

from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, day, listed, moment
from streams.export.tables.told import Told

COLUMNS = columns(
    "date | 日付",
    "source | ログ源",
    "received | 受信件数",
    "evaluated | 判定対象",
    "rejected | 不受理",
    "duplicates | 重複",
    "expired | 保存期間満了",
    "first_seq | 先頭番号",
    "last_seq | 最終番号",
    "missing_seq | 欠番",
    "heartbeats | 生存信号",
    "gap_from | 欠測開始",
    "gap_to | 欠測終了",
    "reason | 理由",
    "declared | 申告番号",
    "declared_by | 申告者",
    "compensating | 代替証跡",
)


def coverage(told: Told) -> Table:
    rows: list[Cells] = [
        (
            day(line.day),
            line.source,
            line.received,
            line.evaluated,
            line.rejected,
            line.duplicates,
            line.expired,
            line.first,
            line.last,
            line.missing,
            line.heartbeats,
            "; ".join(moment(gap.since) or "" for gap in line.gaps),
            "; ".join(moment(gap.until) or "open" for gap in line.gaps),
            "; ".join(gap.reason for gap in line.gaps),
            listed(gap.declaration for gap in line.gaps),
            listed(gap.declared_by for gap in line.gaps),
            listed(gap.document for gap in line.gaps),
        )
        for line in told.account.lines
    ]
    return Table(
        "01_coverage",
        Text("網羅性", "Coverage"),
        COLUMNS,
        rows,
        "every row of events and rejects by source and JST day of its block's closing, duplicates "
        "from the ledger, gaps from log.source_status, log.config_changed and findings of GOV-08; "
        "source '' = not told by the line, or by rows whose retention has ended; a number is "
        "missed on the day on which a higher one came, as known at the cut",
    )
