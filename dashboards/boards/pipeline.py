"""Pipeline health, from the metrics: is everything read, judged, sealed and sent in time."""

from __future__ import annotations

from controls.kernel import Text
from dashboards.panels import Board, Kind, Panel, Series, Threshold, Unit


def _of(id_: str, ja: str, en: str, *exprs: tuple[str, str], kind: Kind = "line",
        unit: Unit = "count", thresholds: tuple[Threshold, ...] = ()) -> Panel:  # fmt: skip
    """A panel of expressions, each with its legend, which is of labels and is not translated."""
    series = tuple(Series(expr, Text(legend, legend)) for expr, legend in exprs)
    return Panel(
        id_, Text(ja, en), kind, metric=series, unit=unit, thresholds=thresholds
    )  # fmt: skip


def _quantile(name: str) -> str:
    rate = f"sum by (lane, le) (rate({name}_bucket[$__rate_interval]))"
    return f"histogram_quantile(0.95, {rate})"


def _rate(name: str, label: str) -> str:
    return f"sum by ({label}) (rate({name}[$__rate_interval]))"


PIPELINE = Board(
    id="pipeline",
    title=Text("パイプライン", "Pipeline health"),
    about=Text(
        "処理の遅れ、速さ、読めない行、保存先、通知、取込み。",
        "Lag, speed, rejects, the store, alerts and intake.",
    ),
    panels=(
        _of(
            "lag", "判定の遅れ", "Lag of judging",
            ("max by (lane) (shoseki_lag_seconds)", "{{lane}}"),
            unit="seconds", thresholds=(Threshold(60, "warning"), Threshold(600, "bad")),
        ),
        _of(
            "lag-messages", "未判定のメッセージ", "Messages not judged",
            ("sum by (lane) (shoseki_lag_messages)", "{{lane}}"),
        ),
        _of(
            "heartbeat", "最後の読み取りからの経過", "Since the store was read",
            ("time() - max(shoseki_heartbeat_seconds)", "shoseki"),
            kind="stat", unit="seconds",
            thresholds=(Threshold(300, "warning"), Threshold(900, "bad")),
        ),
        _of(
            "ledger", "最後のブロックからの経過", "Since the last block",
            ("time() - max by (lane) (shoseki_ledger_last_block_seconds)", "{{lane}}"),
            kind="stat", unit="seconds",
            thresholds=(Threshold(3_600, "warning"), Threshold(86_400, "bad")),
        ),
        _of(
            "checkpoint", "最後のチェックポイントからの経過", "Since the last checkpoint",
            ("time() - max(shoseki_checkpoint_last_seconds)", "shoseki"),
            kind="stat", unit="seconds",
            thresholds=(Threshold(86_400, "warning"), Threshold(172_800, "bad")),
        ),
        _of(
            "violations-open", "開いている違反", "Violations that are open",
            ("max by (severity) (sum by (instance, severity) (shoseki_findings_open))",
             "{{severity}}"),
        ),
        _of(
            "event-rate", "毎秒のイベント", "Events a second",
            (_rate("shoseki_events_total", "lane"), "{{lane}}"),
        ),
        _of(
            "judgement-rate", "毎秒の判定", "Judgements a second",
            (_rate("shoseki_judgements_total", "verdict"), "{{verdict}}"),
        ),
        _of(
            "lost-lines", "読めない行と重複", "Rejects and duplicates",
            (_rate("shoseki_rejects_total", "lane"), "rejects {{lane}}"),
            (_rate("shoseki_duplicates_total", "lane"), "duplicates {{lane}}"),
        ),
        _of(
            "block-time", "ブロックの処理時間（95%）", "Time of a block (95%)",
            (_quantile("shoseki_block_seconds"), "{{lane}}"),
            unit="seconds", thresholds=(Threshold(5, "warning"), Threshold(30, "bad")),
        ),
        _of(
            "store-time", "書込みの時間（95%）", "Time of the store (95%)",
            (_quantile("shoseki_store_seconds"), "{{lane}}"),
            unit="seconds", thresholds=(Threshold(5, "warning"), Threshold(30, "bad")),
        ),
        _of(
            "store-retries", "保存先への再試行", "Attempts on a store that was away",
            ("sum(increase(shoseki_store_retries_total[$__rate_interval]))", "store"),
            ("sum(increase(shoseki_anchors_unsent_total[$__rate_interval]))", "anchors"),
        ),
        _of(
            "source-silence", "黙っている出所", "Sources that are silent",
            ("topk(15, time() - max by (source) (shoseki_source_last_event_seconds))",
             "{{source}}"),
            kind="bars", unit="seconds",
        ),
        _of(
            "alerts", "通知", "Alerts",
            ("sum(shoseki_alerts_waiting)", "waiting"),
            (_rate("shoseki_alerts_sent_total", "state"), "sent {{state}}"),
            ("sum(rate(shoseki_alerts_failed_total[$__rate_interval]))", "failed"),
        ),
        _of(
            "intake", "取込み", "Intake",
            (_rate("shoseki_intake_records_total", "intake, result"), "{{intake}} {{result}}"),
            (_rate("shoseki_intake_missing_records_total", "intake"), "{{intake}} missing"),
            (_rate("shoseki_quarantine_lines_total", "result"), "quarantine {{result}}"),
        ),
        _of(
            "intake-lag", "取込みの遅れ", "Lag of intake",
            ("sum by (intake) (shoseki_intake_lag_records)", "{{intake}}"),
        ),
        _of(
            "builds", "動いている版", "What runs",
            ("count by (version, ruleset, python) (shoseki_build_info)",
             "{{version}} · {{ruleset}} · Python {{python}}"),
            kind="stat",
        ),
    ),
)  # fmt: skip
