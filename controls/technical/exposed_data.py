"""TEC-08  外部公開・不正アクセスの防止 — no exposure; intrusions are blocked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.access import pd_system
from controls.books.core import DATASETS
from controls.books.systems import EXPOSURES
from controls.calendar import jst_text
from controls.deadlines import due_by
from controls.events import (
    ExposureDetected,
    RegisterDataset,
    RegisterSource,
    SecurityThreatDetected,
)
from controls.examples import breach, event, fine
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    fix_hours: int = limit(
        4, "h", "検知から閉じるまでの時間。", "Hours from detection in which it is closed."
    )
    public_datasets: tuple[str, ...] = limit(
        (), "dataset_id", "公開してよいデータ。", "Datasets that may be public."
    )


ATTACKS = ("c2", "web_tamper", "exfiltration")


def named(exposure: ExposureDetected) -> str:
    return f"{exposure.system_id}|{exposure.exposure}|{jst_text(exposure.since)}"


def seen(exposure: ExposureDetected) -> Fact:
    return told(exposure, "exposed", "system_id", "dataset_id", "principals_count", "closed_at")


def by_detection(threat: SecurityThreatDetected) -> str:
    return f"{threat.system_id}|{threat.detection_id or threat.event_id}"


def threat_fact(threat: SecurityThreatDetected) -> Fact:
    return told(threat, "threat", "kind", "blocked", "handles_pd")


def checks(limits: Limits) -> tuple[Check, ...]:
    def public(fact: Fact, view: View) -> bool:
        """A dataset that may be seen by anybody."""
        dataset = fact[4]["dataset_id"]
        line = view.latest(DATASETS, dataset, fact[0]) if dataset else None
        anonymized = line is not None and line.dataset_class == "anonymized"
        return dataset in limits.public_datasets or anonymized

    def exposed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        common: dict[str, Any] = {"subject": key, "item": "exposed"}
        for fact in standing(facts):
            persons = fact[4]["dataset_id"] or (fact[4]["principals_count"] or 0) > 0
            if persons and not public(fact, view):
                closed = any(f[4]["closed_at"] is not None for f in standing(facts))
                yield Judgement(
                    "violation", "PUBLIC_PD", at=fact[0], events=(fact[1],), closed=closed, **common
                )
                return
        yield Judgement("pass", at=facts[0][0], **common)

    def fixed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        if not lines:
            return
        first = lines[0]
        common: dict[str, Any] = {"subject": key, "item": "fixed", "events": (first[1],)}
        ours = any(
            not public(f, view) and (f[4]["dataset_id"] or pd_system(f[4]["system_id"], f[0], view))
            for f in lines
        )
        if not ours:
            yield Judgement("not_applicable", at=first[0], **common)
            return
        closed = [f[4]["closed_at"] for f in lines if f[4]["closed_at"] is not None]
        end = first[0] + limits.fix_hours * HOUR
        yield due_by(
            end, min(closed, default=None), "EXPOSURE_LATE", view, begun=first[0], **common
        )

    def blocked(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for fact in standing(facts):
            common: dict[str, Any] = {
                "subject": key, "item": fact[1], "at": fact[0], "events": (fact[1],),
            }  # fmt: skip
            said = fact[4]
            if said["kind"] not in ATTACKS or not said["handles_pd"]:
                yield Judgement("not_applicable", **common)
            elif said["blocked"]:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "THREAT_UNBLOCKED", **common)

    def of_dataset(line: RegisterDataset, view: View) -> Iterable[str]:
        for system in line.storage_systems:
            for exposure in view.all(EXPOSURES, system):
                yield named(exposure)

    def of_source(source: RegisterSource, view: View) -> Iterable[str]:
        return [named(exposure) for exposure in view.all(EXPOSURES, source.system_id or "")]

    def case(name: str, code: str, judge: Any, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (ExposureDetected,),
            named,
            seen,
            judge,
            span=moment,
            by={ExposureDetected: "system_id"},
            touches={RegisterDataset: of_dataset, RegisterSource: of_source},
            **more,
        )

    return (
        case("exposed", "PUBLIC_PD", exposed),
        case("fixed", "EXPOSURE_LATE", fixed, awaits=(ExposureDetected,)),
        Case(
            "threat",
            ("THREAT_UNBLOCKED",),
            (SecurityThreatDetected,),
            by_detection,
            threat_fact,
            blocked,
            span=moment,
            by={SecurityThreatDetected: "system_id"},
        ),
    )


SINCE = "2026-11-11 09:00:00"


def exposure(at: str, **given: Any) -> ExposureDetected:
    said = {
        "system_id": "sys-crm", "dataset_id": "ds-members", "exposure": "public_bucket",
        "since": SINCE, **given,
    }  # fmt: skip
    return event(ExposureDetected, at, **said)


def threat(**given: Any) -> SecurityThreatDetected:
    said = {"system_id": "sys-crm", "kind": "c2", "handles_pd": True, **given}
    return event(SecurityThreatDetected, "2026-11-11 10:00:00", detection_id="det-1", **said)


NAME = "sys-crm|public_bucket|2026-11-11T09:00:00.000+09:00"
MEMBERS = event(
    RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members", storage_systems=["sys-crm"]
)

CONTROL = Control(
    id="TEC-08",
    title=Text("外部公開・不正アクセスの防止", "No exposure; intrusions blocked"),
    requirement=Text(
        "個人データの公開設定を許さず、不正アクセスを遮断・処置する。",
        "PD stores are not publicly reachable; intrusion defences work and detections are handled.",
    ),
    sources=sources(
        seeds="PYX-9.3; PER-4.6.3; MIX-M.F2",
        appi="Art.23; Art.26",
        ppc_guideline="10-6(3); 3-5-1-2 case 3",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "PUBLIC_PD": Code(
            "critical",
            Text(
                "個人データが外から見える（閉じた後も）。事故の候補である。",
                "Personal data could be seen from outside, closed by now or not: an incident "
                "candidate.",
            ),
            Text(
                "{subject}：個人データが公開されていた。",
                "{subject}: personal data was exposed.",
            ),
        ),
        "THREAT_UNBLOCKED": Code(
            "critical",
            Text(
                "個人データを扱うシステムへの攻撃を遮断できていない。",
                "An attack on a system with personal data was not blocked.",
            ),
            Text("{subject}：攻撃を遮断していない。", "{subject}: the attack was not blocked."),
        ),
        "EXPOSURE_LATE": Code(
            "high",
            Text(
                "最初の検知から fix_hours までに閉じていない。",
                "Not closed within fix_hours of the first detection.",
            ),
            Text(
                "{subject}：期限内に閉じていない。",
                "{subject}: not closed in time.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "公開の期間、人数、その間のアクセス記録",
        "Since/closed, principals_count, access log of the window",
    ),
    response=Text(
        "閉じた上で、最大人数により事故を分類する。", "Close, then INC-02 with principals_max."
    ),
    false_positives=Text("配信用の公開領域。", "CDN buckets."),
    examples=(
        breach(
            "PUBLIC_PD",
            "会員情報の公開",
            "members' data in a public bucket",
            exposure("2026-11-11 10:00:00", closed_at="2026-11-11 11:00:00"),
            subject=NAME,
            severity="critical",
        ),
        fine(
            "PUBLIC_PD",
            "個人データのない公開",
            "a bucket without personal data",
            exposure("2026-11-11 10:00:00", closed_at="2026-11-11 11:00:00", dataset_id=None),
        ),
        breach(
            "EXPOSURE_LATE",
            "四時間を一秒過ぎて閉じた",
            "closed a second after four hours",
            MEMBERS,
            exposure("2026-11-11 10:00:00", dataset_id=None, exposure="open_port"),
            exposure(
                "2026-11-11 15:00:00", dataset_id=None, exposure="open_port",
                closed_at="2026-11-11 14:00:01",
            ),
            subject="sys-crm|open_port|2026-11-11T09:00:00.000+09:00",
            severity="high",
        ),
        fine(
            "EXPOSURE_LATE",
            "四時間で閉じた",
            "closed after four hours",
            MEMBERS,
            exposure("2026-11-11 10:00:00", dataset_id=None, exposure="open_port"),
            exposure(
                "2026-11-11 15:00:00", dataset_id=None, exposure="open_port",
                closed_at="2026-11-11 14:00:00",
            ),
        ),
        fine(
            "EXPOSURE_LATE",
            "個人データのないシステム",
            "a system without personal data",
            exposure("2026-11-11 10:00:00", dataset_id=None, exposure="open_port"),
            until="2026-11-11T14:00:01+09:00",
        ),
        breach(
            "THREAT_UNBLOCKED",
            "外部サーバとの通信",
            "a beacon that went through",
            threat(blocked=False),
            subject="sys-crm|det-1",
            severity="critical",
        ),
        fine("THREAT_UNBLOCKED", "遮断した", "blocked", threat(blocked=True)),
        fine(
            "THREAT_UNBLOCKED",
            "マルウェアは TEC-07",
            "malware is judged by TEC-07",
            threat(blocked=False, kind="malware"),
        ),
    ),
)  # fmt: skip
