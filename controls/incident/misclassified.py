"""INC-02  報告対象事態の判定 — incidents are classified by Rule 7, again when facts change."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.events import IncidentDetected, IncidentStep, RegisterDataset
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    BY,
    REVISITS,
    by_incident,
    exempt,
    fact,
    in_force,
    known_at,
    unknown_incident,
    versions,
)
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing


class Limits(Params):
    classify_hours: int = limit(
        24, "h", "知ってから報告対象かを判定するまでの時間。", "From knowledge to classification."
    )


def classifications(facts: Sequence[Fact]) -> list[Fact]:
    return [f for f in standing(facts) if f[3] in ("classified", "reclassified")]


def checks(limits: Limits) -> tuple[Check, ...]:
    term = limits.classify_hours * HOUR

    def classified(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "classified", "events": events}
        if not versions(facts):
            yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
            return
        known = known_at(facts)
        end = known + term
        done = next((f[0] for f in standing(facts, "classified")), None)
        if exempt(facts, min(view.now, end), view):
            yield Judgement("not_applicable", at=known, **common)
        elif done is not None and done <= end:
            yield Judgement("pass", at=done, **common)
        elif done is not None or view.now > end:
            yield Judgement(
                "violation", "NOT_CLASSIFIED", at=end, detected=end, since=known,
                closed=done is not None, **common,
            )  # fmt: skip
        else:
            yield Judgement("not_applicable", at=known, until=end, **common)

    def understated(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not versions(facts):
            return
        steps = classifications(facts)

        def judged(
            item: str, event: str, at: int, lacking: set[str], since: int | None = None
        ) -> Judgement:
            common: dict[str, Any] = {"subject": incident, "item": item, "events": (event,)}
            if not lacking:
                return Judgement("pass", at=at, **common)
            mended = any(lacking <= set(step[4]["items"]) for step in steps if step[0] > at)
            return Judgement(
                "violation", "UNDERCLASSIFIED", at=at, detected=at, since=since, closed=mended,
                facts={"items": ", ".join(sorted(lacking))}, **common,
            )  # fmt: skip

        for step in steps:
            if not exempt(facts, step[0], view):
                lacking = set(in_force(facts, step[0])["items"]) - set(step[4]["items"])
                yield judged(step[1], step[1], step[0], lacking)
        before: set[str] = set()
        for place, version in enumerate(versions(facts)):
            added = set(version[4]["items"]) - before
            before |= added
            end = version[4]["known_at"] + term
            if place == 0 or not added or exempt(facts, min(view.now, end), view):
                continue
            stated = {item for step in steps if step[0] <= end for item in step[4]["items"]}
            if view.now > end:
                yield judged(version[1], version[1], end, added - stated, version[0])
            else:
                yield Judgement(
                    "not_applicable", None, incident, version[0], item=version[1], until=end,
                    events=(version[1],),
                )  # fmt: skip

    on = (IncidentDetected, IncidentStep)
    return (
        Case(
            "classified",
            ("NOT_CLASSIFIED",),
            on,
            by_incident,
            fact,
            classified,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=(IncidentStep,),
        ),
        Case(
            "stated",
            ("UNDERCLASSIFIED",),
            on,
            by_incident,
            fact,
            understated,
            span=moment,
            by=BY,
            revisits=REVISITS,
            awaits=(IncidentStep,),
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
            **given,
        },
    )


def step(at: str, name: str, *items: str) -> IncidentStep:
    return event(IncidentStep, at, incident_id="inc-1", step=name, reportable_items=list(items))


def dataset(**given: Any) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", **{"dataset_id": "ds-members", **given})


KNOWN = "2026-11-11 11:00:00"

CONTROL = Control(
    id="INC-02",
    title=Text("報告対象事態の判定", "Reportability decided correctly"),
    requirement=Text(
        "規則7条該当性を本人数の最大値で判定し、事実変化時に再判定する。",
        "Each incident is classified against Rule 7 with the maximum possible number of persons, "
        "again when facts change.",
    ),
    sources=sources(
        seeds="PER-4.3.4",
        appi="Art.26(1)",
        ppc_guideline="3-5-3-1 (Rule 7)",
        pms_guideline="J.4.4.2",
    ),
    params=Limits(),
    codes={
        "NOT_CLASSIFIED": Code(
            "high",
            Text(
                "知った時から classify_hours 以内に判定していない。",
                "Not classified within classify_hours of knowledge.",
            ),
            Text(
                "{subject}：報告対象に当たるかを期間内に判定していない。",
                "{subject}: whether it must be reported was not decided in time.",
            ),
        ),
        "UNDERCLASSIFIED": Code(
            "critical",
            Text(
                "事実から当たる号を判定で挙げていない、または事実の追加後に再判定していない。",
                "A classification leaves out an item that the facts fulfil, or facts that add one "
                "were not classified again in time.",
            ),
            Text(
                "{subject}：事実から当たる {items} が判定にない。",
                "{subject}: the facts fulfil {items}, which the classification leaves out.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("事実、計算した号、判定した号、判定者", "Facts, computed, stated, who"),
    response=Text("法務が判定し直す。", "Legal decides again."),
    false_positives=Text(
        "1,000 人ちょうどは 4 号に当たらない。1,000 人を超えた時点から起算する。",
        "1,000 exactly is not item 4; passing 1,000 later starts then.",
    ),
    examples=(
        breach(
            "NOT_CLASSIFIED",
            "24 時間を一秒過ぎた判定",
            "classified one second after 24 hours",
            incident(KNOWN),
            step("2026-11-12 10:00:01", "classified", "rule7_4"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "NOT_CLASSIFIED",
            "24 時間ちょうどの判定",
            "classified at the very end",
            incident(KNOWN),
            step("2026-11-12 10:00:00", "classified", "rule7_4"),
        ),
        fine(
            "NOT_CLASSIFIED",
            "高度に暗号化されたデータ",
            "strongly encrypted data",
            incident(KNOWN, strongly_encrypted=True),
            until="2026-11-13T00:00:00+09:00",
        ),
        fine(
            "NOT_CLASSIFIED",
            "仮名加工情報のみ",
            "pseudonymized data alone",
            dataset(dataset_class="pseudonymized"),
            incident(KNOWN),
            until="2026-11-13T00:00:00+09:00",
        ),
        breach(
            "UNDERCLASSIFIED",
            "1,001 人なのに該当なしと判定",
            "1,001 persons, classified as none",
            incident(KNOWN, principals_max=1_001),
            step("2026-11-11 12:00:00", "classified"),
            subject="inc-1",
            severity="critical",
        ),
        fine(
            "UNDERCLASSIFIED",
            "1,000 人ちょうどは該当しない",
            "1,000 exactly are none",
            incident(KNOWN, principals_max=1_000),
            step("2026-11-11 12:00:00", "classified"),
        ),
        fine(
            "UNDERCLASSIFIED",
            "多めの判定は差し支えない",
            "overstating is fine",
            incident(KNOWN, principals_max=1_000),
            step("2026-11-11 12:00:00", "classified", "rule7_4"),
        ),
        breach(
            "UNDERCLASSIFIED",
            "要配慮情報が後に判明し、再判定が一秒遅れた",
            "sensitive data found later, classified again one second late",
            incident(KNOWN, version=1),
            step("2026-11-11 12:00:00", "classified", "rule7_4"),
            incident(
                "2026-11-12 12:00:00", version=2, sensitive=True, known_at="2026-11-12 12:00:00"
            ),
            step("2026-11-13 12:00:01", "reclassified", "rule7_1", "rule7_4"),
        ),
        fine(
            "UNDERCLASSIFIED",
            "期間内に再判定した",
            "classified again in time",
            incident(KNOWN, version=1),
            step("2026-11-11 12:00:00", "classified", "rule7_4"),
            incident(
                "2026-11-12 12:00:00", version=2, sensitive=True, known_at="2026-11-12 12:00:00"
            ),
            step("2026-11-13 12:00:00", "reclassified", "rule7_1", "rule7_4"),
        ),
        unknown(
            "NOT_CLASSIFIED",
            "検知の記録がない判定",
            "a classification of what nobody detected",
            step("2026-11-11 12:00:00", "classified"),
        ),
    ),
)
