"""GOV-08  証跡の完全性・網羅性 — log sources speak, count on, keep time; what is kept holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.block import Conflict
from controls.books.core import OUTAGES, SOURCES
from controls.calendar import day_end, jst_day
from controls.events import (
    AccessDatastoreQuery,
    LogSourceStatus,
    OwnVerified,
    RegisterSource,
    rfc3339,
)
from controls.examples import breach, event, fine, unknown
from controls.governance.spans import holes, merge_runs, merge_signs, runs, signs
from controls.kernel import (
    HOUR,
    MINUTE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    arrival,
    limit,
    sources,
)
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Each, Fact, gathered_only


class Limits(Params):
    silence_minutes: int = limit(
        60,
        "min",
        "ログ源がこの時間を超えて沈黙すれば違反（台帳に定めがあればそれに従う）。",
        "How long a source may be silent, unless the register says otherwise of it.",
    )
    fill_hours: int = limit(
        24,
        "h",
        "欠番がこの時間内に届けば違反としない。",
        "A missing number that arrives within this time is no violation.",
    )
    skew_ms: int = limit(
        60_000, "ms", "許容する時計のずれ。", "How far a source's clock may be off."
    )


def begun(lines: Sequence[RegisterSource], at: int) -> RegisterSource | None:
    """The line of the register in force at an instant."""
    return next((line for line in reversed(lines) if line.occurred_at <= at), None)


def excused(lines: Sequence[RegisterSource], outages: Sequence[int], last: int, until: int) -> int:
    """From when a silence that began at `last` is not the source's fault: a declared outage, its
    retirement, or a line of the register that expects no sign of life any more."""
    moments = [at for at in outages if at >= last]
    moments += [r.occurred_at for r in lines if r.occurred_at > last and not r.expects_heartbeat]
    register = begun(lines, until)
    if register is not None and register.retired_on is not None:
        moments.append(day_end(register.retired_on))
    return min(moments, default=FOREVER)


def checks(limits: Limits) -> tuple[Check, ...]:
    fill = limits.fill_hours * HOUR

    def patience(register: RegisterSource | None) -> int:
        minutes = None if register is None else register.silence_minutes
        return (limits.silence_minutes if minutes is None else minutes) * MINUTE

    def silence(source: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        spans = [f for f in facts if not f[1]]
        lines = view.all(SOURCES, source)
        marks = [f[3] for f in spans if f[3]] + [r.occurred_at for r in lines]
        if not spans or not marks:
            return  # nobody watches it: not registered, no heartbeat, no numbers
        outages = [outage.occurred_at for outage in view.all(OUTAGES, source)]
        watched = min(marks)
        shortest = min(map(patience, [None, *lines]))
        nexts = [*(span[0] for span in spans[1:]), FOREVER]
        for (_, _, last, _), life in zip(spans, nexts, strict=True):
            if life - last <= shortest or life <= watched:
                continue
            since, until = max(last, watched), min(life, view.now)
            register = begun(lines, since)
            # a shorter limit binds from the day it is known, a longer one from its own day
            told = begun([r for r in lines if arrival(r) <= since], since)
            due = since + max(patience(register), patience(told))
            if register is not None and not register.expects_heartbeat:
                end = since
            else:
                end = min(life, excused(lines, outages, last, until))
            silent = min(end, view.now) > due
            if silent:
                text = rfc3339(last)
                yield Judgement(
                    "violation",
                    "SILENT",
                    f"{source}|{text}",
                    due,
                    item=text,
                    closed=end <= view.now,
                    gap=(source, last, FOREVER) if end > view.now else None,
                    facts={"source": source, "last": text, "minutes": (due - since) // MINUTE},
                )
            if life == FOREVER and end <= view.now:
                declared = end in outages  # excused, yet what it does not send is not known
                yield Judgement(
                    "not_applicable",
                    None,
                    source,
                    last,
                    item="source",
                    gap=(source, last, FOREVER) if declared else None,
                )
            elif life == FOREVER and not silent:
                yield Judgement("pass", None, source, last, item="source", until=due)

    def sequence(source: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        whole = True
        for hole in holes(facts):
            whole = False
            due = hole.seen + fill
            common: dict[str, Any] = {
                "subject": f"{source}|{hole.first}",
                "at": hole.seen,
                "item": str(hole.first),
                "facts": {"source": source, "first": hole.first, "missing": hole.missing},
            }
            if hole.late or view.now > due:
                yield Judgement("violation", "SEQ_GAP", closed=not hole.missing, **common)
            else:
                missing = (f"source_seq {source} {hole.first}",)
                yield Judgement(
                    "indeterminate",
                    missing=missing,
                    until=due,
                    gap=(source, hole.after, hole.seen),
                    **common,
                )
        if whole and facts:
            yield Judgement("pass", None, source, facts[-1][3], item="source")

    def skew(status: LogSourceStatus, view: View) -> Judgement | None:
        if abs(status.clock_skew_ms) <= limits.skew_ms:
            return PASS
        return Judgement(
            "violation",
            "SKEW",
            status.monitored_source_id,
            facts={"skew_ms": status.clock_skew_ms},
        )

    def chain(run: OwnVerified, view: View) -> Judgement | None:
        if run.ok:
            return PASS
        day = f"{jst_day(run.occurred_at)}"
        return Judgement("violation", "CHAIN_BREAK", day, facts={"first_bad": run.first_bad or "-"})

    def payload(conflict: Conflict, view: View) -> Judgement | None:
        facts = {"source": conflict.source_id}
        return Judgement("violation", "PAYLOAD_CONFLICT", conflict.event_id, facts=facts)

    def monitored(line: RegisterSource | LogSourceStatus, view: View) -> tuple[str, ...]:
        return (line.monitored_source_id,)

    def by_source(event: Any) -> str:
        return str(event.source_id)

    return (
        Case(
            "silence",
            ("SILENT",),
            (),
            by_source,
            gathered_only,
            silence,
            across=True,
            every=True,
            gather=signs,
            merge=merge_signs(limits.silence_minutes * MINUTE),
            touches={RegisterSource: monitored, LogSourceStatus: monitored},
        ),
        Case(
            "sequence",
            ("SEQ_GAP",),
            (),
            by_source,
            gathered_only,
            sequence,
            across=True,
            every=True,
            gather=runs,
            merge=merge_runs(fill),
        ),
        Each("skew", ("SKEW",), (LogSourceStatus,), skew),
        Each("chain", ("CHAIN_BREAK",), (OwnVerified,), chain),
        Each("payload", ("PAYLOAD_CONFLICT",), (Conflict,), payload),
    )


def registered(at: str, **given: Any) -> RegisterSource:
    return event(
        RegisterSource,
        at,
        **{"monitored_source_id": "db-01", "expects_heartbeat": True, **given},
    )


def status(at: str, **given: Any) -> LogSourceStatus:
    return event(
        LogSourceStatus,
        at,
        **{"source_id": "collector-01", "monitored_source_id": "db-01", **given},
    )


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    return event(AccessDatastoreQuery, at, **{"source_id": "db-01", **given})


def verified(at: str, **given: Any) -> OwnVerified:
    return event(OwnVerified, at, **{"ok": True, **given})


REGISTERED = "2026-11-11 08:00:00"

CONTROL = Control(
    id="GOV-08",
    title=Text("証跡の完全性・網羅性", "Evidence complete and tamper-evident"),
    requirement=Text(
        "全ログ源の欠測・時刻ずれ・改ざん検知を監視し、欠落を申告する。",
        "Every log source reports; gaps, silence, clock skew and hash-chain breaks are themselves "
        "findings.",
    ),
    sources=sources(
        seeds="PER-4.3.2b",
        appi="Art.23",
        ppc_guideline="10-3(2); 10-6(3)",
        pms_guideline="J.4.5.5; J.9.2*",
    ),
    params=Limits(),
    codes={
        "SILENT": Code(
            "high",
            Text(
                "監視対象のログ源から、申告のない沈黙が定めの時間を超えて続いた。",
                "No sign of life of a watched source for longer than its limit, outside a "
                "declared outage.",
            ),
            Text(
                "{source}：{last} を最後に {minutes} 分を超えて沈黙した。",
                "{source}: silent for more than {minutes} minutes since {last}.",
            ),
        ),
        "SEQ_GAP": Code(
            "medium",
            Text(
                "届いた番号の間に欠番があり、定めの時間内に補われなかった。",
                "A number between two received ones is missing and was not filled in time.",
            ),
            Text(
                "{source}：{first} 番からの欠番が時間内に補われていない（残り {missing} 件）。",
                "{source}: a gap from number {first} was not filled in time ({missing} missing).",
            ),
        ),
        "SKEW": Code(
            "medium",
            Text(
                "ログ源の時計のずれが許容を超えた。",
                "The clock of a source is off by more than is allowed.",
            ),
            Text(
                "{subject}：時計が {skew_ms} ミリ秒ずれている（{events} 回）。",
                "{subject}: the clock is off by {skew_ms} ms ({events} reports).",
            ),
        ),
        "CHAIN_BREAK": Code(
            "critical",
            Text(
                "証跡の連鎖の再計算が記録または外部の控えと一致しない。",
                "The recomputed chain differs from what is recorded or anchored.",
            ),
            Text(
                "{subject}：証跡の連鎖が一致しない（最初の不一致 {first_bad}）。",
                "{subject}: the chain of evidence does not hold (first at {first_bad}).",
            ),
        ),
        "PAYLOAD_CONFLICT": Code(
            "critical",
            Text(
                "記録済みの識別子で異なる内容が届いた（最初のものを残す）。",
                "An event id was received again with another payload; the first one is kept.",
            ),
            Text(
                "{subject}：同じ識別子で異なる内容が {source} から届いた。",
                "{subject}: received again from {source} with another payload.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "ログ源・日ごとの網羅性（予定、受信、欠落の区間と理由）、連鎖の先頭の控え",
        "Per-source per-day coverage row: expected/received/gap intervals/reason; chain head "
        "anchors",
    ),
    response=Text(
        "ログ源を復旧し、原因と代わりの証拠を添えて欠落を申告する。",
        "Restore the source; write a gap declaration with cause and compensating evidence.",
    ),
    false_positives=Text(
        "休日に静かなログ源：通信量ではなく生存信号で見る。",
        "Quiet sources on holidays: use heartbeat, not traffic.",
    ),
    examples=(
        breach(
            "SILENT",
            "最後の生存信号から 60 分を一秒過ぎた",
            "an hour and a second after the last heartbeat",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="heartbeat"),
            status("2026-11-11 11:00:01", status="heartbeat"),
            subject="db-01|2026-11-11T01:00:00.000Z",
            severity="high",
        ),
        fine(
            "SILENT",
            "ちょうど 60 分後の生存信号",
            "a heartbeat exactly an hour later",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="heartbeat"),
            status("2026-11-11 11:00:00", status="heartbeat"),
        ),
        breach(
            "SILENT",
            "沈黙が続いている",
            "silent still",
            registered(REGISTERED),
            query("2026-11-11 10:00:00"),
            until="2026-11-11 11:00:01",
        ),
        fine(
            "SILENT",
            "生存信号を予定しないログ源",
            "a source that is not expected to give signs of life",
            registered(REGISTERED, expects_heartbeat=False),
            query("2026-11-11 10:00:00"),
            until="2026-11-11 11:00:01",
        ),
        fine(
            "SILENT",
            "台帳が 90 分の沈黙を許す",
            "the register allows ninety minutes",
            registered(REGISTERED, silence_minutes=90),
            query("2026-11-11 10:00:00"),
            until="2026-11-11 11:00:01",
        ),
        breach(
            "SILENT",
            "停止の報告は生存信号でない",
            "the report of a stop is no sign of life",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="heartbeat"),
            status("2026-11-11 10:30:00", status="stopped"),
            until="2026-11-11 11:30:00",
        ),
        fine(
            "SILENT",
            "申告された停止",
            "a declared outage",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="heartbeat"),
            status("2026-11-11 10:30:00", status="stopped", declared_outage_id="out-1"),
            until="2026-11-11 11:30:00",
        ),
        breach(
            "SILENT",
            "申告の前の沈黙が 60 分を超えた",
            "declared after more than an hour of silence",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="heartbeat"),
            status("2026-11-11 11:00:01", status="gap", declared_outage_id="out-1"),
            until="2026-11-11 15:00:00",
        ),
        breach(
            "SILENT",
            "申告された停止は再開で終わる",
            "a declared outage ends when the source resumes",
            registered(REGISTERED),
            status("2026-11-11 10:00:00", status="stopped", declared_outage_id="out-1"),
            status("2026-11-11 12:00:00", status="resumed"),
            until="2026-11-11 13:00:01",
        ),
        fine(
            "SILENT",
            "廃止されたログ源",
            "a source that was retired",
            registered(REGISTERED, retired_on="2026-11-11"),
            query("2026-11-11 23:30:00"),
            until="2026-11-12 12:00:00",
        ),
        fine(
            "SILENT",
            "台帳になく、生存信号も番号もないログ源は見ない",
            "nobody watches a source without register line, heartbeat or number",
            query("2026-11-11 10:00:00"),
            until="2026-11-11 15:00:00",
        ),
        breach(
            "SILENT",
            "番号の付いたログ源は台帳になくても見る",
            "a source that numbers its events is watched though nobody registered it",
            query("2026-11-11 10:00:00", source_seq=7),
            until="2026-11-11 15:00:00",
        ),
        breach(
            "SEQ_GAP",
            "欠番が 24 時間たっても補われない",
            "a missing number is not there after 24 hours",
            query("2026-11-11 10:00:00", source_seq=6),
            query("2026-11-11 10:00:10", source_seq=8),
            query("2026-11-12 10:00:11", source_seq=9),
            subject="db-01|7",
            severity="medium",
            also=("SILENT",),
        ),
        fine(
            "SEQ_GAP",
            "欠番がない",
            "no number is missing",
            query("2026-11-11 10:00:00", source_seq=7),
            query("2026-11-11 10:00:10", source_seq=8),
            query("2026-11-12 10:00:11", source_seq=9),
            also=("SILENT",),
        ),
        unknown(
            "SEQ_GAP",
            "24 時間までは暫定",
            "provisional for 24 hours",
            registered(REGISTERED, expects_heartbeat=False),
            query("2026-11-11 10:00:00", source_seq=6),
            query("2026-11-11 10:00:10", source_seq=8),
            until="2026-11-12 10:00:10",
        ),
        breach(
            "SEQ_GAP",
            "24 時間を一秒過ぎて届いた番号は違反を消さない",
            "filled one second after 24 hours: a fact that stays",
            registered(REGISTERED, expects_heartbeat=False),
            query("2026-11-11 10:00:00", source_seq=6),
            query("2026-11-11 10:00:10", source_seq=8),
            query("2026-11-11 10:00:05", source_seq=7, arrived="2026-11-12 10:00:11"),
            until="2026-11-12 12:00:00",
        ),
        fine(
            "SEQ_GAP",
            "ちょうど 24 時間後に届いた番号",
            "filled after exactly 24 hours",
            registered(REGISTERED, expects_heartbeat=False),
            query("2026-11-11 10:00:00", source_seq=6),
            query("2026-11-11 10:00:10", source_seq=8),
            query("2026-11-11 10:00:05", source_seq=7, arrived="2026-11-12 10:00:10"),
            until="2026-11-12 12:00:00",
        ),
        fine(
            "SEQ_GAP",
            "番号はログ源ごとに数える",
            "each source counts for itself",
            registered(REGISTERED, expects_heartbeat=False),
            query("2026-11-11 10:00:00", source_seq=6),
            status("2026-11-11 10:00:10", source_id="db-02", source_seq=8),
            also=("SILENT",),
            until="2026-11-12 12:00:00",
        ),
        breach(
            "SKEW",
            "時計が 60.001 秒ずれている",
            "the clock is off by 60.001 seconds",
            status("2026-11-11 10:00:00", clock_skew_ms=-60_001),
            subject="db-01",
            severity="medium",
        ),
        fine(
            "SKEW",
            "ちょうど 60 秒のずれ",
            "off by 60 seconds exactly",
            status("2026-11-11 10:00:00", clock_skew_ms=-60_000),
        ),
        breach(
            "CHAIN_BREAK",
            "再計算が一致しない",
            "the recomputation differs",
            verified("2026-11-12 03:00:00", ok=False, first_bad="books/0/4711"),
            subject="2026-11-12",
            severity="critical",
        ),
        fine(
            "CHAIN_BREAK",
            "再計算が一致する",
            "the recomputation agrees",
            verified("2026-11-12 03:00:00", ok=True, first_bad="books/0/4711"),
        ),
        breach(
            "PAYLOAD_CONFLICT",
            "同じ識別子で異なる内容",
            "one id, two payloads",
            query("2026-11-11 10:00:00", event_id="e1", rows=40),
            query("2026-11-11 10:00:00", event_id="e1", rows=41),
            subject="e1",
            severity="critical",
        ),
        fine(
            "PAYLOAD_CONFLICT",
            "同じものが二度届いた",
            "the same event twice",
            query("2026-11-11 10:00:00", event_id="e1", rows=40),
            query("2026-11-11 10:00:00", event_id="e1", rows=40),
        ),
    ),
)
