"""INC-04  確報（30日／60日） — the final report in its term, with all nine items."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.calendar import day_end, jst_day
from controls.events import IncidentDetected, IncidentReported, IncidentStep, RegisterDataset
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    AUTHORITIES,
    BY,
    REVISITS,
    by_incident,
    fact,
    filled,
    final_day,
    owed,
    reports,
    started,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import (
    DAY,
    REPORT_ITEMS,
    Clock,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment


class Limits(Params):
    n_default: int = limit(
        30,
        "d",
        "確報の期限の日数（知った日を 1 日目とする）。",
        "Days to report; the day on which it was known is day 1.",
    )
    n_malicious: int = limit(
        60,
        "d",
        "不正の目的によるおそれがある事態の期限の日数。",
        "The same where any version of the incident is malicious.",
    )
    roll_forward: bool = limit(
        True,
        "",
        "期限が行政機関の休日に当たるときは翌開庁日とする。",
        "A term that ends on a closed day of the administration ends on the next open one.",
    )
    warn_days: int = limit(
        7, "d", "期限の何日前に予告するか。", "How long before the deadline to warn."
    )
    supplement_days: int = limit(
        30, "d", "未判明の項目を追完する日数。", "Days in which unknown items are supplied."
    )
    client_hours: int = limit(
        120,
        "h",
        "受託者が委託元へ通知すれば報告義務を免れる時間（INC-03 の期限と同じ）。",
        "An entrustee that tells its client within this time need not report (as INC-03).",
    )


def final_report(facts: Sequence[Fact]) -> Fact | None:
    return next(iter(reports(facts, AUTHORITIES, ("final", "single"))), None)


def checks(limits: Limits) -> tuple[Check, ...]:
    def deadline(facts: Sequence[Fact], start: int) -> date:
        days = limits.n_default, limits.n_malicious
        return final_day(facts, start, *days, rolled=limits.roll_forward)

    def due(facts: Sequence[Fact], moment: int, view: View) -> bool:
        return owed(facts, moment, view, limits.client_hours)

    def final(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "final", "events": events}
        if not versions(facts):
            yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
            return
        start = started(facts)
        if start is None:
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        day = deadline(facts, start)
        end, report = day_end(day), final_report(facts)
        warn = end - limits.warn_days * DAY
        clock = Clock(start, end, filled(facts))
        common["facts"] = {"deadline": f"{day}"}
        if not due(facts, min(view.now, end), view):
            yield Judgement("not_applicable", at=start, **common)
        elif report is not None and report[0] <= end:
            yield Judgement("pass", at=report[0], **common)
        elif report is not None:
            yield Judgement("violation", "LATE", at=end, detected=end, closed=True, **common)
        elif view.now > end:
            over = withdrawn(facts, view.now)
            yield Judgement(
                "violation", "LATE", at=end, detected=end, since=start, closed=over,
                clock=None if over else clock, **common,
            )  # fmt: skip
        elif view.now > warn:
            yield Judgement(
                "violation", "DUE_SOON", at=warn, detected=warn, since=start, until=end,
                clock=clock, **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=start, until=warn, clock=clock, **common)

    def items(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        report = final_report(facts)
        if report is None or not versions(facts) or started(facts) is None:
            return
        end = day_end(jst_day(report[0]) + timedelta(days=limits.supplement_days))
        left = (set(REPORT_ITEMS) - set(report[4]["filled"])) | set(report[4]["unknown"])
        if not left or not due(facts, min(view.now, end), view):
            return
        supplements = [
            r[0]
            for r in reports(facts, (report[4]["to"],), ("supplement",))
            if r[0] >= report[0] and not r[4]["unknown"]
        ]
        if any(at <= end for at in supplements):
            return
        clock = Clock(report[0], end, filled(facts))
        common: dict[str, Any] = {"subject": incident, "item": "items", "events": (report[1],)}
        if view.now > end:
            yield Judgement(
                "violation",
                "ITEMS_OPEN",
                at=end,
                detected=end,
                since=report[0],
                closed=bool(supplements),
                clock=None if supplements else clock,
                facts={"items": ", ".join(map(str, sorted(left)))},
                **common,
            )
        else:
            yield Judgement("not_applicable", at=report[0], until=end, clock=clock, **common)

    on = (IncidentDetected, IncidentStep, IncidentReported)
    awaits = (IncidentReported,)
    return (
        Case(
            "final",
            ("DUE_SOON", "LATE"),
            on,
            by_incident,
            fact,
            final,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=awaits,
            clock=Text("確報", "final report"),
        ),
        Case(
            "items",
            ("ITEMS_OPEN",),
            on,
            by_incident,
            fact,
            items,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=awaits,
            clock=Text("確報の追完", "supplement of the final report"),
        ),
    )


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{
            "incident_id": "inc-1",
            "known_at": "2026-10-13 10:00:00",
            "dataset_ids": ["ds-members"],
            "principals_max": 1_001,
            "role": "controller",
            **given,
        },
    )


def reported(at: str, **given: Any) -> IncidentReported:
    return event(
        IncidentReported,
        at,
        **{
            "incident_id": "inc-1",
            "to": "ppc",
            "stage": "final",
            "items_filled": list(range(1, 10)),
            **given,
        },
    )


def step(at: str, name: str) -> IncidentStep:
    return event(IncidentStep, at, incident_id="inc-1", step=name)


def dataset(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", **{"dataset_id": "ds-members", **given})


DAY_1 = "2026-10-13 12:00:00"

CONTROL = Control(
    id="INC-04",
    title=Text("確報（30日／60日）", "Final report in 30/60 days"),
    requirement=Text(
        "9項目を30日（7条3号該当は60日）以内に確報し、未判明は追完する。",
        "All nine items are reported in 30 days (60 if Rule 7(iii) applies, even with others), "
        "supplemented when unknown.",
    ),
    sources=sources(
        seeds="PER-4.3.4",
        appi="Art.26(1)",
        ppc_guideline="3-5-3-4 (Rule 8(2))",
        pms_guideline="J.4.4.2",
    ),
    params=Limits(),
    codes={
        "DUE_SOON": Code(
            "medium",
            Text(
                "期限の 7 日前（warn_days）に確報がまだない。",
                "No final report yet, warn_days before the deadline.",
            ),
            Text(
                "{subject}：確報の期限（{deadline}）が近い。",
                "{subject}: the final report is due by the end of {deadline}.",
            ),
        ),
        "LATE": Code(
            "critical",
            Text(
                "期限までに確報がない（後の報告は完了とするが適合とはしない）。",
                "No final report by the deadline; a later one closes the finding, never mends it.",
            ),
            Text(
                "{subject}：期限（{deadline}）までに確報をしていない。",
                "{subject}: no final report by the end of {deadline}.",
            ),
        ),
        "ITEMS_OPEN": Code(
            "medium",
            Text(
                "確報に未判明または記載のない項目があり、期間内に追完していない。",
                "The final report left items unknown or out, and no supplement came in time.",
            ),
            Text(
                "{subject}：確報の項目 {items} を追完していない。",
                "{subject}: items {items} of the final report were not supplied.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("期限の計算、受付番号", "Deadline computation, receipt"),
    response=Text("確報を提出する。", "File the report."),
    false_positives=Text(
        "3号該当に再分類された場合：知った日はそのままで 60 日に延びる。",
        "Reclassified to item 3: 60 days from the same known date.",
    ),
    examples=(
        breach(
            "DUE_SOON",
            "期限の 7 日前を一秒過ぎた",
            "one second past seven days before the deadline",
            incident(DAY_1, known_at="2026-10-13 10:00:00"),
            subject="inc-1",
            severity="medium",
            until="2026-11-05 00:00:01",
        ),
        fine(
            "DUE_SOON",
            "知った日が翌日なら予告もまだ",
            "known a day later, the warning comes a day later",
            incident(DAY_1, known_at="2026-10-14 10:00:00"),
            until="2026-11-05 00:00:01",
        ),
        fine(
            "DUE_SOON",
            "ちょうど 7 日前",
            "exactly seven days before",
            incident(DAY_1),
            until="2026-11-05 00:00:00",
        ),
        breach(
            "LATE",
            "期限の日を一秒過ぎた確報",
            "reported one second after the last day",
            incident(DAY_1),
            reported("2026-11-12 00:00:01"),
            subject="inc-1",
            severity="critical",
        ),
        fine(
            "LATE",
            "期限の日の終わりちょうどの確報",
            "reported exactly at the end of the last day",
            incident(DAY_1),
            reported("2026-11-12 00:00:00"),
        ),
        breach(
            "LATE",
            "確報がないまま期限を過ぎた（予告は置き換わる）",
            "no report at all; the warning gives way",
            incident(DAY_1),
            until="2026-11-12 00:00:01",
        ),
        breach(
            "LATE",
            "警察への報告は委員会への報告でない",
            "a report to the police is none to the Commission",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", to="police"),
            until="2026-11-12 00:00:01",
        ),
        breach(
            "LATE",
            "1,001 人",
            "1,001 persons",
            incident(DAY_1, principals_max=1_001),
            until="2026-12-31 00:00:00",
        ),
        fine(
            "LATE",
            "ちょうど 1,000 人は報告対象でない",
            "1,000 persons exactly are not reportable",
            incident(DAY_1, principals_max=1_000),
            until="2026-12-31 00:00:00",
        ),
        breach(
            "LATE",
            "土曜に終わる期限は月曜まで、火曜では遅い",
            "a term that ends on a Saturday runs to Monday; Tuesday is late",
            incident("2026-10-16 12:00:00", known_at="2026-10-16 10:00:00"),
            reported("2026-11-17 00:00:01"),
        ),
        fine(
            "LATE",
            "土曜に終わる期限は月曜まで",
            "a term that ends on a Saturday runs to Monday",
            incident("2026-10-16 12:00:00", known_at="2026-10-16 10:00:00"),
            reported("2026-11-16 23:59:59"),
        ),
        fine(
            "LATE",
            "年末に終わる期限は 1 月 4 日まで",
            "a term that ends on 30 December runs to 4 January",
            incident("2026-12-01 12:00:00", known_at="2026-12-01 10:00:00"),
            reported("2027-01-04 23:59:59"),
        ),
        breach(
            "LATE",
            "不正の目的によるおそれがあっても 60 日目の終わりまで",
            "where it is malicious, one second past the sixtieth day",
            incident(DAY_1, malicious=True),
            reported("2026-12-12 00:00:01"),
        ),
        fine(
            "LATE",
            "不正の目的によるおそれがあれば 60 日",
            "sixty days where it is malicious",
            incident(DAY_1, malicious=True),
            reported("2026-12-12 00:00:00"),
        ),
        fine(
            "LATE",
            "後の版で不正の目的が判れば、知った日から 60 日",
            "found malicious later: sixty days from the same first day",
            incident(DAY_1, version=1),
            incident("2026-11-01 12:00:00", malicious=True, version=2),
            reported("2026-12-11 10:00:00"),
        ),
        fine(
            "LATE",
            "後の版で 1,000 人を超えれば、その版を知った日から",
            "past 1,000 in a later version: from the day that was known",
            incident(DAY_1, principals_max=900, version=1),
            incident("2026-11-01 12:00:00", known_at="2026-11-01 10:00:00", version=2),
            reported("2026-11-30 10:00:00"),
        ),
        fine(
            "LATE",
            "期限の前に取り下げられた",
            "withdrawn before the deadline",
            incident(DAY_1),
            step("2026-11-11 23:59:59", "withdrawn"),
            until="2026-12-31 00:00:00",
        ),
        breach(
            "LATE",
            "期限の後の取下げでは消えない",
            "withdrawn after the deadline: it was late all the same",
            incident(DAY_1),
            step("2026-11-12 00:00:01", "withdrawn"),
            until="2026-12-31 00:00:00",
        ),
        breach(
            "LATE",
            "受託者が委託元に 120 時間を過ぎて通知した",
            "an entrustee that told its client after 120 hours",
            incident(DAY_1, role="entrustee"),
            reported("2026-10-18 10:00:01", to="client", stage="preliminary"),
            until="2026-12-31 00:00:00",
        ),
        fine(
            "LATE",
            "受託者が委託元に 120 時間以内に通知した",
            "an entrustee that told its client within 120 hours",
            incident(DAY_1, role="entrustee"),
            reported("2026-10-18 10:00:00", to="client", stage="preliminary"),
            until="2026-12-31 00:00:00",
        ),
        breach(
            "LATE",
            "仮名加工情報でないデータ",
            "data that is not pseudonymized",
            dataset(dataset_class="general"),
            incident(DAY_1),
            until="2026-12-31 00:00:00",
        ),
        fine(
            "LATE",
            "仮名加工情報だけの漏えいは報告対象でない",
            "pseudonymized data alone is not reportable",
            dataset(dataset_class="pseudonymized"),
            incident(DAY_1),
            until="2026-12-31 00:00:00",
        ),
        fine(
            "LATE",
            "台帳への記録が後になっても、把握の時点の登録に従う",
            "the register as of the incident decides, however late it is recorded",
            incident(DAY_1),
            dataset(dataset_class="pseudonymized", arrived="2026-12-01 09:00:00"),
            until="2026-12-31 00:00:00",
        ),
        unknown(
            "LATE",
            "把握の記録がない事案の報告",
            "a report on an incident that is not known",
            reported("2026-11-12 00:00:00"),
        ),
        breach(
            "ITEMS_OPEN",
            "未判明の項目を追完しない",
            "an unknown item is never supplied",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", unknown_items=[8]),
            subject="inc-1",
            severity="medium",
            until="2026-12-11 00:00:01",
        ),
        fine(
            "ITEMS_OPEN",
            "未判明の項目がない",
            "no item is unknown",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", unknown_items=[]),
            until="2026-12-11 00:00:01",
        ),
        breach(
            "ITEMS_OPEN",
            "記載のない項目がある",
            "an item is in neither list",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", items_filled=[1, 2, 3, 4, 5, 6, 7, 8]),
            until="2026-12-11 00:00:01",
        ),
        breach(
            "ITEMS_OPEN",
            "30 日を一秒過ぎた追完",
            "supplied one second after thirty days",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", unknown_items=[8]),
            reported("2026-12-11 00:00:01", stage="supplement"),
            until="2026-12-31 00:00:00",
        ),
        fine(
            "ITEMS_OPEN",
            "30 日の終わりちょうどの追完",
            "supplied exactly at the end of thirty days",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", unknown_items=[8]),
            reported("2026-12-11 00:00:00", stage="supplement"),
            until="2026-12-31 00:00:00",
        ),
        breach(
            "ITEMS_OPEN",
            "別の機関への追完は足りない",
            "supplied to another body",
            incident(DAY_1),
            reported("2026-11-10 10:00:00", unknown_items=[8]),
            reported("2026-12-01 10:00:00", stage="supplement", to="delegated_minister"),
            until="2026-12-31 00:00:00",
        ),
    ),
)
