"""TEC-07  端末の登録・対策状況 — devices are registered, patched and protected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.access import ACCESSES, OWNED, Access, by_dataset, pd_access
from controls.books.systems import DEVICE_THREATS, POSTURES
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    EndpointPosture,
    RegisterDataset,
    SecurityThreatDetected,
    VulnerabilityStatus,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, remember, standing, told


class Limits(Params):
    posture_days: int = limit(
        7,
        "d",
        "端末の状態がこれより古ければ分からない。",
        "A posture older than this says nothing.",
    )
    sig_days: int = limit(7, "d", "定義ファイルの許容日数。", "Days that signatures may be old.")
    patch_days: int = limit(
        30, "d", "重大な更新の許容日数。", "Days that a critical patch may be missing."
    )
    vuln_days: int = limit(
        30, "d", "脆弱性（CVSS 7 以上）を直す日数。", "Days to fix a hole of CVSS 7 and more."
    )
    vuln_days_critical: int = limit(
        14, "d", "脆弱性（CVSS 9 以上）を直す日数。", "Days to fix a hole of CVSS 9 and more."
    )


HIGH, CRITICAL = 7.0, 9.0
"""CVSS base scores from which a vulnerability is high, and critical (CVSS v3.1, 5)."""

THINNED = 60 * DAY
"""Older than this before the newest (ms), of postures alike only the first is remembered."""


def checks(limits: Limits) -> tuple[Check, ...]:
    def wanting(posture: EndpointPosture) -> list[str]:
        """What is wrong with a machine that is used for personal data."""
        if not posture.registered_for_pd:
            return []
        age = (jst_day(posture.occurred_at) - posture.av_signature_date).days
        late = posture.missing_critical_patches > 0 and (
            posture.oldest_critical_patch_days > limits.patch_days
        )
        found = {
            "AV_OFF": not posture.av_running,
            "SIG_OLD": posture.av_running and age > limits.sig_days,
            "UNENCRYPTED": not posture.disk_encrypted and posture.portable is not False,
            "OS_UNSUPPORTED": not posture.os_supported,
            "PATCH_LATE": posture.os_supported and late,
        }
        return [code for code, broken in found.items() if broken]

    def state(posture: EndpointPosture) -> Fact:
        return [
            posture.occurred_at, posture.event_id, posture.corrects_event_id or "", "posture",
            wanting(posture),
        ]  # fmt: skip

    def open_until_compliant(code: str) -> Any:
        def judge(device: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            run: list[Fact] = []
            for fact in (*standing(facts), None):
                if fact is not None and code in fact[4]:
                    run.append(fact)
                elif run:
                    yield Judgement(
                        "violation", code, device, run[0][0], events=(run[0][1],),
                        item=f"{code} {run[0][1]}", closed=fact is not None,
                    )  # fmt: skip
                    run = []

        return judge

    def sound(device: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        """The latest posture, where nothing is wanting."""
        latest = standing(facts)[-1]
        if not latest[4]:
            yield Judgement("pass", None, device, latest[0], item="posture")

    def used(access: Access, view: View) -> Judgement | None:
        if not access.device_id or access.actor_kind in OWNED or not pd_access(access, view):
            return None
        at = access.occurred_at
        posture = view.latest(POSTURES, access.device_id, at)
        if posture is None or not posture.registered_for_pd:
            return Judgement("violation", "UNREGISTERED_DEVICE", access.device_id)
        if posture.occurred_at < at - limits.posture_days * DAY:
            missing = (f"endpoint.posture {access.device_id}",)
            return Judgement("indeterminate", None, access.device_id, missing=missing)
        return PASS

    def by_posture(posture: EndpointPosture) -> tuple[Look, ...]:
        since, until = posture.occurred_at, posture.occurred_at + limits.posture_days * DAY
        return tuple(Look(kind, "device_id", posture.device_id, since, until) for kind in ACCESSES)

    def by_hole(status: VulnerabilityStatus) -> str:
        return f"{status.system_id}|{status.vuln_id}"

    def hole(status: VulnerabilityStatus) -> Fact:
        return told(
            status, status.state, "cvss", "first_seen", "accepted_until", "handles_pd",
            "approver_ref",
        )  # fmt: skip

    def fixed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        if not lines:
            return
        said, begun = lines[-1][4], lines[0][0]
        common: dict[str, Any] = {"subject": key, "item": "fixed", "events": (lines[0][1],)}
        if not said["handles_pd"] or said["cvss"] < HIGH:
            yield Judgement("not_applicable", at=begun, **common)
            return
        severe = said["cvss"] >= CRITICAL
        days = limits.vuln_days_critical if severe else limits.vuln_days
        end = day_end(date.fromisoformat(lines[0][4]["first_seen"]) + timedelta(days=days))
        for line in lines:
            accepted = line[3] == "accepted" and line[4]["accepted_until"]
            latest = [f for f in lines if f[0] <= end][-1:] == [line]
            if accepted and line[4]["approver_ref"] and latest:
                end = max(end, day_end(date.fromisoformat(accepted)))
        done = min((f[0] for f in lines if f[3] == "fixed"), default=None)
        yield due_by(end, done, "VULN_LATE", view, begun=begun, **common)

    def by_threat(threat: SecurityThreatDetected) -> str:
        return f"{threat.system_id}|{threat.detection_id or threat.event_id}"

    def threat_fact(threat: SecurityThreatDetected) -> Fact:
        return told(threat, "threat", "kind", "blocked", "handles_pd", "device_id")

    def infected(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for fact in standing(facts):
            said = fact[4]
            posture = view.latest(POSTURES, said["device_id"] or "", fact[0])
            ours = said["handles_pd"] or (posture is not None and posture.registered_for_pd)
            common: dict[str, Any] = {
                "subject": key, "item": fact[1], "at": fact[0], "events": (fact[1],),
            }  # fmt: skip
            if said["kind"] != "malware" or not ours:
                yield Judgement("not_applicable", **common)
            elif said["blocked"]:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "MALWARE", **common)

    def of_device(posture: EndpointPosture, view: View) -> Iterable[str]:
        return [by_threat(threat) for threat in view.all(DEVICE_THREATS, posture.device_id)]

    def posture_case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (EndpointPosture,),
            one_key("device_id"),
            state,
            judge,
            span=moment,
            by={EndpointPosture: "device_id"},
            merge=thinned,
        )

    codes = {
        "av": "AV_OFF",
        "signatures": "SIG_OLD",
        "disk": "UNENCRYPTED",
        "os": "OS_UNSUPPORTED",
        "patches": "PATCH_LATE",
    }
    return (
        Each(
            "device",
            ("UNREGISTERED_DEVICE",),
            ACCESSES,
            used,
            by={AccessDatastoreQuery: "account_ref", AccessFileActivity: "actor_ref"},
            revisits={EndpointPosture: by_posture, RegisterDataset: by_dataset},
        ),
        *(posture_case(name, code, open_until_compliant(code)) for name, code in codes.items()),
        posture_case("posture", "AV_OFF", sound),
        Case(
            "hole",
            ("VULN_LATE",),
            (VulnerabilityStatus,),
            by_hole,
            hole,
            fixed,
            span=moment,
            by={VulnerabilityStatus: "system_id"},
            awaits=(VulnerabilityStatus,),
        ),
        Case(
            "malware",
            ("MALWARE",),
            (SecurityThreatDetected,),
            by_threat,
            threat_fact,
            infected,
            span=moment,
            by={SecurityThreatDetected: "system_id"},
            touches={EndpointPosture: of_device},
        ),
    )


def thinned(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Of old postures that say the same one after the other, the first."""
    every = remember(facts, new)
    cut = every[-1][0] - THINNED if every else 0
    kept: list[Fact] = []
    for fact in every:
        same = kept and kept[-1][4] == fact[4] and not fact[2]
        if fact[0] >= cut or not same:
            kept.append(fact)
    return kept


def posture(at: str = "2026-11-10 09:00:00", **given: Any) -> EndpointPosture:
    said = {
        "device_id": "pc-7", "owner_ref": "sato", "registered_for_pd": True, "av_running": True,
        "av_signature_date": "2026-11-10", "disk_encrypted": True, "os_supported": True, **given,
    }  # fmt: skip
    return event(EndpointPosture, at, **said)


def query(at: str = "2026-11-11 10:00:00", **given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "dataset_id": "ds-members", "operation": "read", **given}
    return event(AccessDatastoreQuery, at, device_id="pc-7", **said)


def hole(at: str, state: str, **given: Any) -> VulnerabilityStatus:
    said = {"cvss": 7.0, "first_seen": "2026-10-01", "handles_pd": True, **given}
    return event(
        VulnerabilityStatus, at, system_id="sys-crm", vuln_id="CVE-2026-1", state=state, **said
    )


def malware(**given: Any) -> SecurityThreatDetected:
    said = {"system_id": "edr", "kind": "malware", "device_id": "pc-7", **given}
    return event(SecurityThreatDetected, "2026-11-11 10:00:00", detection_id="det-1", **said)


SEEN = hole("2026-10-01 06:00:00", "open")

CONTROL = Control(
    id="TEC-07",
    title=Text("端末の登録・対策状況", "PD devices registered, patched and protected"),
    requirement=Text(
        "登録端末のみで扱い、対策ソフト・暗号化・更新を維持し重大脆弱性を期限内に修正する。",
        "PD is handled only on registered devices with running malware protection, disk "
        "encryption, supported OS; critical holes fixed in time.",
    ),
    sources=sources(
        seeds="PER-4.6.3; MIX-M.F1; MIX-M.F2",
        appi="Art.23",
        ppc_guideline="10-6(1); 10-6(3); 10-6(4)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "UNREGISTERED_DEVICE": Code(
            "high",
            Text(
                "登録のない端末で個人データに触れた。",
                "Personal data on a device that is not registered for it.",
            ),
            Text(
                "{subject}：登録のない端末で {events} 件のアクセス。",
                "{subject}: {events} accesses on an unregistered device.",
            ),
        ),
        "AV_OFF": Code(
            "high",
            Text("対策ソフトが動いていない。", "Malware protection is not running."),
            Text("{subject}：対策ソフトが停止。", "{subject}: malware protection is off."),
        ),
        "SIG_OLD": Code(
            "medium",
            Text("定義ファイルが sig_days より古い。", "Signatures are older than sig_days."),
            Text("{subject}：定義ファイルが古い。", "{subject}: signatures are old."),
        ),
        "UNENCRYPTED": Code(
            "high",
            Text(
                "持ち出せる端末（不明を含む）のディスクが暗号化されていない。",
                "The disk of a device that may be carried, or may be for all that is known, is "
                "not encrypted.",
            ),
            Text("{subject}：暗号化されていない。", "{subject}: its disk is not encrypted."),
        ),
        "OS_UNSUPPORTED": Code(
            "high",
            Text("OS のサポートが終わっている。", "Its operating system is no longer supported."),
            Text("{subject}：サポートの終わった OS。", "{subject}: unsupported system."),
        ),
        "PATCH_LATE": Code(
            "medium",
            Text(
                "重大な更新が patch_days より長く当たっていない。",
                "A critical patch has been missing for more than patch_days.",
            ),
            Text("{subject}：更新が遅れている。", "{subject}: patches are late."),
        ),
        "VULN_LATE": Code(
            "high",
            Text(
                "個人データを扱うシステムの脆弱性を期限の日の終わりまでに直していない。",
                "A hole in a system with personal data, not fixed by the end of its term.",
            ),
            Text("{subject}：脆弱性を直していない。", "{subject}: not fixed in time."),
        ),
        "MALWARE": Code(
            "critical",
            Text(
                "個人データを扱う端末・システムでマルウェアを遮断できていない。",
                "Malware that was not blocked, on a device or system with personal data.",
            ),
            Text("{subject}：マルウェアを遮断していない。", "{subject}: malware was not blocked."),
        ),
    },
    checks=checks,
    evidence=Text("利用時点の端末の状態", "Posture as of access time"),
    response=Text("隔離する。", "Quarantine."),
    false_positives=Text("電源の切れた端末。", "Device offline."),
    examples=(
        breach(
            "UNREGISTERED_DEVICE",
            "登録のない端末",
            "a device that is not registered",
            posture(registered_for_pd=False),
            query(),
            subject="pc-7",
            severity="high",
        ),
        fine(
            "UNREGISTERED_DEVICE",
            "登録した端末",
            "one that is",
            posture(registered_for_pd=True),
            query(),
        ),
        breach("UNREGISTERED_DEVICE", "状態の分からない端末", "never heard of", query()),
        unknown(
            "UNREGISTERED_DEVICE",
            "七日と一秒前の状態",
            "last heard of seven days and a second ago",
            posture("2026-11-04 09:59:59"),
            query(),
        ),
        fine(
            "UNREGISTERED_DEVICE",
            "七日前の状態",
            "last heard of seven days ago",
            posture("2026-11-04 10:00:00"),
            query(),
        ),
        breach(
            "AV_OFF",
            "対策ソフトの停止",
            "protection switched off",
            posture(av_running=False),
            subject="pc-7",
            severity="high",
        ),
        fine("AV_OFF", "対策ソフトの稼働", "protection running", posture(av_running=True)),
        breach(
            "SIG_OLD",
            "八日前の定義ファイル",
            "signatures of eight days ago",
            posture(av_signature_date="2026-11-02"),
            severity="medium",
        ),
        fine(
            "SIG_OLD",
            "七日前の定義ファイル",
            "signatures of seven days ago",
            posture(av_signature_date="2026-11-03"),
        ),
        breach(
            "UNENCRYPTED",
            "持ち出せるか分からない端末",
            "a device of which nobody said that it stays",
            posture(disk_encrypted=False, portable=None),
            severity="high",
        ),
        fine(
            "UNENCRYPTED",
            "据え置きの端末",
            "a device that stays on its desk",
            posture(disk_encrypted=False, portable=False),
        ),
        breach(
            "OS_UNSUPPORTED",
            "サポートの終わった OS",
            "an unsupported system",
            posture(os_supported=False),
            severity="high",
        ),
        fine("OS_UNSUPPORTED", "サポート中の OS", "a supported one", posture(os_supported=True)),
        breach(
            "PATCH_LATE",
            "31 日遅れの更新",
            "a patch missing for thirty-one days",
            posture(missing_critical_patches=1, oldest_critical_patch_days=31),
            severity="medium",
        ),
        fine(
            "PATCH_LATE",
            "30 日遅れの更新",
            "a patch missing for thirty",
            posture(missing_critical_patches=1, oldest_critical_patch_days=30),
        ),
        breach(
            "VULN_LATE",
            "31 日目の修正",
            "fixed in the first second after the thirtieth day",
            SEEN,
            hole("2026-11-01 00:00:01", "fixed"),
            subject="sys-crm|CVE-2026-1",
            severity="high",
        ),
        fine(
            "VULN_LATE",
            "30 日目の修正",
            "fixed at its end",
            SEEN,
            hole("2026-11-01 00:00:00", "fixed"),
        ),
        breach(
            "VULN_LATE",
            "CVSS 9.0 の 30 日目の修正",
            "a critical one, fixed at the end of the thirtieth day",
            hole("2026-10-01 06:00:00", "open", cvss=9.0),
            hole("2026-11-01 00:00:00", "fixed", cvss=9.0),
        ),
        fine(
            "VULN_LATE",
            "承認された受容",
            "accepted for a time by somebody who may",
            SEEN,
            hole(
                "2026-10-20 10:00:00", "accepted", accepted_until="2026-11-15", approver_ref="ciso"
            ),
            hole("2026-11-16 00:00:00", "fixed"),
        ),
        breach(
            "VULN_LATE",
            "承認者のない受容",
            "accepted by nobody",
            SEEN,
            hole("2026-10-20 10:00:00", "accepted", accepted_until="2026-11-15"),
            hole("2026-11-16 00:00:00", "fixed"),
        ),
        breach(
            "MALWARE",
            "遮断できないマルウェア",
            "malware that was not blocked",
            posture(),
            malware(blocked=False),
            subject="edr|det-1",
            severity="critical",
        ),
        fine("MALWARE", "遮断した", "blocked", posture(), malware(blocked=True)),
        fine(
            "MALWARE",
            "個人データを扱わない端末",
            "on a device without personal data",
            posture(registered_for_pd=False),
            malware(blocked=False),
        ),
    ),
)
