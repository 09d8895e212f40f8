"""INC-03  速報（おおむね3～5日以内） — the preliminary report within three to five days."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.events import IncidentDetected, IncidentReported, IncidentStep, RegisterDataset
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    AUTHORITIES,
    BY,
    REVISITS,
    by_incident,
    fact,
    filled,
    owed,
    reports,
    started,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import HOUR, Clock, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment


class Limits(Params):
    warn_hours: int = limit(72, "h", "予告するまでの時間。", "Hours until the warning.")
    limit_hours: int = limit(
        120,
        "h",
        "速報の期限（概ね3～5日。休日による繰延べはない）。",
        "Term of the preliminary report (about 3 to 5 days; no roll over holidays).",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def preliminary(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "preliminary", "events": events}
        if not versions(facts):
            yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
            return
        start = started(facts)
        if start is None:
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        warn, end = start + limits.warn_hours * HOUR, start + limits.limit_hours * HOUR
        clock = Clock(start, end, filled(facts))
        filed = next((r[0] for r in reports(facts, AUTHORITIES, ("preliminary", "single"))), None)
        if not owed(facts, min(view.now, end), view, limits.limit_hours):
            yield Judgement("not_applicable", at=start, **common)
        elif filed is not None and filed <= end:
            yield Judgement("pass", at=filed, **common)
        elif filed is not None:
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

    return (
        Case(
            "preliminary",
            ("DUE_SOON", "LATE"),
            (IncidentDetected, IncidentStep, IncidentReported),
            by_incident,
            fact,
            preliminary,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=(IncidentReported,),
            clock=Text("速報", "preliminary report"),
        ),
    )


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{
            "incident_id": "inc-1",
            "known_at": "2026-11-11 10:00:00",
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
        **{"incident_id": "inc-1", "to": "ppc", "stage": "preliminary", **given},
    )


def step(at: str, name: str) -> IncidentStep:
    return event(IncidentStep, at, incident_id="inc-1", step=name)


def dataset(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", **{"dataset_id": "ds-members", **given})


KNOWN = "2026-11-11 11:00:00"
WARNED, OVER = "2026-11-14T10:00:01+09:00", "2026-11-16T10:00:01+09:00"

CONTROL = Control(
    id="INC-03",
    title=Text("速報（おおむね3～5日以内）", "Preliminary report in 3-5 days"),
    requirement=Text(
        "いずれかの部署が知った時点から速やかに（概ね3～5日以内）PPC等へ速報する。",
        "Reportable incidents are reported to the PPC (or delegated minister) promptly after any "
        "department knew.",
    ),
    sources=sources(
        seeds="PER-4.3.4",
        appi="Art.26(1)",
        ppc_guideline="3-5-3-3 (Rule 8(1))",
        pms_guideline="J.4.4.2",
    ),
    params=Limits(),
    codes={
        "DUE_SOON": Code(
            "medium",
            Text(
                "知った時から warn_hours が過ぎたが速報がない。",
                "No preliminary report warn_hours after it was known.",
            ),
            Text("{subject}：速報の期限が近い。", "{subject}: the preliminary report is due soon."),
        ),
        "LATE": Code(
            "critical",
            Text(
                "limit_hours 以内に速報がない（後の速報は完了とするが適合とはしない）。",
                "No preliminary report within limit_hours; a later one closes it, never mends it.",
            ),
            Text(
                "{subject}：期限までに速報をしていない。",
                "{subject}: no preliminary report in its term.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("知った時刻の根拠、受付番号、報告した項目", "known_at basis, receipt, items"),
    response=Text("分かっていることで速報する。", "File with what is known."),
    false_positives=Text(
        "知った時刻が訂正されたときは計算し直す。", "known_at corrected earlier: recompute."
    ),
    examples=(
        breach(
            "DUE_SOON",
            "72 時間を過ぎて速報がない",
            "nothing filed after 72 hours",
            incident(KNOWN, principals_max=1_001),
            subject="inc-1",
            severity="medium",
            until=WARNED,
        ),
        fine(
            "DUE_SOON",
            "1,000 人ちょうどは報告対象でない",
            "1,000 exactly need no report",
            incident(KNOWN, principals_max=1_000),
            until=WARNED,
        ),
        breach(
            "LATE",
            "120 時間を一秒過ぎた速報",
            "filed one second after 120 hours",
            incident(KNOWN),
            reported("2026-11-16 10:00:01"),
            subject="inc-1",
            severity="critical",
        ),
        fine(
            "LATE",
            "120 時間ちょうどの速報",
            "filed at the very end",
            incident(KNOWN),
            reported("2026-11-16 10:00:00"),
        ),
        breach(
            "LATE",
            "期限の翌日も速報がない",
            "still nothing when the term is over",
            incident(KNOWN),
            until=OVER,
        ),
        fine(
            "LATE",
            "委託元へ期限内に通知した受託者",
            "an entrustee that told its client in time",
            incident(KNOWN, role="entrustee"),
            reported("2026-11-12 10:00:00", to="client"),
            until=OVER,
        ),
        breach(
            "LATE",
            "委託元へ通知していない受託者",
            "an entrustee that told the police only",
            incident(KNOWN, role="entrustee"),
            reported("2026-11-12 10:00:00", to="police"),
            until=OVER,
        ),
        fine(
            "LATE",
            "期限の前に事故でないと判明した",
            "found to be none before the term was over",
            incident(KNOWN),
            step("2026-11-13 09:00:00", "withdrawn"),
            until=OVER,
        ),
        fine(
            "LATE",
            "仮名加工情報のみの事故",
            "pseudonymized data alone",
            dataset(dataset_class="pseudonymized"),
            incident(KNOWN),
            until=OVER,
        ),
        unknown(
            "LATE",
            "検知の記録がない報告",
            "a report of what nobody detected",
            reported("2026-11-12 10:00:00"),
        ),
    ),
)
