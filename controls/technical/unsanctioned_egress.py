"""TEC-11  未承認経路への持出し — data does not leave by unsanctioned channels."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.people import APPROVAL_IDS
from controls.books.transfers import CASE_PROVISIONS, DATASET_PROVISIONS, PROVIDED
from controls.calendar import day_end, day_start
from controls.events import (
    AccessFileActivity,
    ApprovalGranted,
    ContractorDataEntrusted,
    DlpEgressDetected,
    StaffChanged,
    TransferProvided,
)
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
    HOUR,
    NOT_APPLICABLE,
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
from controls.shapes import Case, Check, Each, Fact, Look, standing


class Limits(Params):
    k: int = limit(3, "detections", "退職前の持出しの回数。", "So many before leaving are a hoard.")
    leaver_days: int = limit(
        30, "d", "退職日の前に数える日数。", "Days before the last one in which they are counted."
    )
    match_hours: int = limit(
        24,
        "h",
        "外部共有に対応する提供の記録を前後で探す時間。",
        "How long before and after a share its provision is looked for.",
    )


def of_persons(egress: DlpEgressDetected) -> bool:
    return bool(egress.dataset_id) or egress.principals_count > 0


def checks(limits: Limits) -> tuple[Check, ...]:
    near, before = limits.match_hours * HOUR, timedelta(days=limits.leaver_days)

    def sanctioned(egress: DlpEgressDetected, view: View) -> bool:
        at = egress.occurred_at
        approval = view.latest(APPROVAL_IDS, egress.approval_id or "", at)
        approved = approval is not None and approval.valid_from <= at <= approval.valid_to
        return egress.sanctioned or approved

    def left(egress: DlpEgressDetected, view: View) -> Judgement | None:
        if not of_persons(egress):
            return NOT_APPLICABLE
        if egress.blocked:
            return PASS
        name = egress.detection_id or egress.event_id
        if not sanctioned(egress, view):
            subject = f"{egress.actor_ref}|{egress.destination}|{name}"
            return Judgement("violation", "UNSANCTIONED", subject)
        if egress.channel == "removable" and not egress.encrypted:
            subject = f"{egress.actor_ref}|{egress.device_id or egress.event_id}|{name}"
            return Judgement("violation", "USB_PLAIN", subject)
        return PASS

    def shared(share: AccessFileActivity, view: View) -> Judgement | None:
        persons = bool(share.dataset_id) or (share.dlp_principals or 0) > 0
        if share.operation != "share_external" or not persons:
            return None
        at = share.occurred_at
        found = (
            *view.all(DATASET_PROVISIONS, share.dataset_id or ""),
            *view.all(CASE_PROVISIONS, share.correlation_id or ""),
        )
        if any(abs(provision.occurred_at - at) <= near for provision in found):
            return PASS
        subject, until = f"{share.actor_ref}|{share.file_ref}", at + near
        if view.now <= until:
            missing = ("transfer.provided",)
            return Judgement("indeterminate", None, subject, missing=missing, until=until)
        return Judgement("violation", "SHARE_EXTERNAL", subject, detected=until, since=at - near)

    def egress_fact(told: Any) -> Fact:
        if isinstance(told, StaffChanged):
            last = told.effective_on
            return [day_start(last), told.event_id, "", "left", f"{last}", told.observed_at]
        return [told.occurred_at, told.event_id, told.corrects_event_id or "", "egress"]

    def taker(egress: DlpEgressDetected) -> str:
        return "" if egress.blocked or not of_persons(egress) else egress.actor_ref

    def leaver(change: StaffChanged, view: View) -> Iterable[str]:
        return (change.person_ref,) if change.change == "left" else ()

    def hoarded(actor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for leaving in standing(facts, "left"):
            if view.event(leaving[1]) is None:
                continue
            last = date.fromisoformat(leaving[4])
            since, until = day_start(last - before), day_end(last)
            taken = [f for f in standing(facts, "egress") if since <= f[0] <= until]
            if len(taken) >= limits.k:
                kth = taken[limits.k - 1][0]
                yield Judgement(
                    "violation", "LEAVER_HOARD", f"{actor}|{last}", kth, max(kth, leaving[5]),
                    events=tuple(f[1] for f in taken), item=f"left {last}",
                )  # fmt: skip

    def forget(facts: Sequence[Fact], floor: int) -> list[Fact]:
        return [f for f in facts if f[0] >= floor or f[3] == "left"]

    def by_approval(approval: ApprovalGranted) -> tuple[Look, ...]:
        since, until = approval.occurred_at, approval.valid_to
        return (Look(DlpEgressDetected, "approval_id", approval.approval_id, since, until),)

    def by_provision(provision: Any) -> tuple[Look, ...]:
        since, until = provision.occurred_at - near, provision.occurred_at + near
        names = {"dataset_id": provision.dataset_id, "correlation_id": provision.correlation_id}
        return tuple(
            Look(AccessFileActivity, name, value, since, until)
            for name, value in names.items()
            if value
        )

    return (
        Each(
            "egress",
            ("UNSANCTIONED", "USB_PLAIN"),
            (DlpEgressDetected,),
            left,
            by={DlpEgressDetected: "actor_ref"},
            revisits={ApprovalGranted: by_approval},
        ),
        Each(
            "share",
            ("SHARE_EXTERNAL",),
            (AccessFileActivity,),
            shared,
            by={AccessFileActivity: "actor_ref"},
            revisits=dict.fromkeys(PROVIDED, by_provision),
            awaits=PROVIDED,
        ),
        Case(
            "hoard",
            ("LEAVER_HOARD",),
            (DlpEgressDetected,),
            taker,
            egress_fact,
            hoarded,
            keep=(limits.leaver_days + 15) * DAY,
            span=lambda at: (at - (limits.leaver_days + 1) * DAY, at + 2 * DAY),
            forget=forget,
            by={DlpEgressDetected: "actor_ref"},
            asks={StaffChanged: leaver},
        ),
    )


def egress(at: str = "2026-11-11 10:00:00", **given: Any) -> DlpEgressDetected:
    said = {
        "actor_ref": "sato", "channel": "cloud_upload", "destination": "files.example",
        "sanctioned": True, "dataset_id": "ds-members", "encrypted": True,
        "detection_id": "det-1", **given,
    }  # fmt: skip
    return event(DlpEgressDetected, at, **said)


def approval(until: str) -> ApprovalGranted:
    return event(
        ApprovalGranted, "2026-11-11 08:00:00", approval_id="apr-1",
        valid_from="2026-11-11 08:00:00", valid_to=until,
    )  # fmt: skip


def share(**given: Any) -> AccessFileActivity:
    said = {"operation": "share_external", "dataset_id": "ds-members", "file_ref": "f-1", **given}
    return event(AccessFileActivity, "2026-11-11 10:00:00", actor_ref="sato", **said)


def leaving(on: str) -> StaffChanged:
    return event(
        StaffChanged, "2026-11-02 09:00:00", person_ref="sato", change="left", effective_on=on
    )


TAKEN = (
    egress("2026-11-10 10:00:00", detection_id="det-1"),
    egress("2026-11-11 10:00:00", detection_id="det-2"),
)

CONTROL = Control(
    id="TEC-11",
    title=Text("未承認経路への持出し", "Egress by unsanctioned channel stopped"),
    requirement=Text(
        "未承認クラウド・USB・生成AI等へ個人データを出さない。",
        "PD is not copied to unsanctioned clouds, removable media, printers, messaging or "
        "generative-AI services.",
    ),
    sources=sources(
        seeds="PYX-9.4; PER-4.6.4; MIX-M0a",
        appi="Art.23; Art.28",
        ppc_guideline="10-5(3); 10-6(4); 3-5-3-1 note 5",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "UNSANCTIONED": Code(
            "high",
            Text(
                "承認のない経路へ個人データを出した。",
                "Personal data left by a channel that nobody sanctioned.",
            ),
            Text(
                "{subject}：承認のない経路への持出し。",
                "{subject}: left by an unsanctioned channel.",
            ),
        ),
        "USB_PLAIN": Code(
            "high",
            Text(
                "暗号化せずに媒体へ書き出した。",
                "Written to a removable medium without encryption.",
            ),
            Text(
                "{subject}：暗号化していない媒体。",
                "{subject}: on a medium that is not encrypted.",
            ),
        ),
        "SHARE_EXTERNAL": Code(
            "high",
            Text(
                "外部共有に対応する提供の記録が前後 match_hours にない。",
                "Shared outside, and no provision recorded within match_hours.",
            ),
            Text(
                "{subject}：提供の記録のない外部共有。",
                "{subject}: shared outside without a recorded provision.",
            ),
        ),
        "LEAVER_HOARD": Code(
            "critical",
            Text(
                "退職日の leaver_days 前からの持出しが k 回に達した。",
                "k detections from leaver_days before the last day on.",
            ),
            Text(
                "{subject}：退職前に {events} 回の持出し。",
                "{subject}: {events} times before leaving.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "経路、宛先のドメイン、人数、遮断の有無",
        "Channel, destination domain, principals_count, blocked",
    ),
    response=Text(
        "本人に連絡し、取り戻し、内部者なら事故とする。",
        "Contact, retrieve, incident if insider.",
    ),
    false_positives=Text("許可一覧が古い。", "Sanctioned list outdated."),
    examples=(
        breach(
            "UNSANCTIONED",
            "生成 AI への貼付け",
            "pasted into a generative-AI service",
            egress(channel="generative_ai", sanctioned=False),
            subject="sato|files.example|det-1",
            severity="high",
        ),
        fine(
            "UNSANCTIONED",
            "許可したサービス",
            "the same into a sanctioned one",
            egress(channel="generative_ai", sanctioned=True),
        ),
        fine(
            "UNSANCTIONED",
            "遮断した",
            "blocked",
            egress(sanctioned=False, blocked=True),
        ),
        breach(
            "UNSANCTIONED",
            "承認の終わりの一秒後",
            "a second after its approval ended",
            approval("2026-11-11 09:59:59"),
            egress(sanctioned=False, approval_id="apr-1"),
        ),
        fine(
            "UNSANCTIONED",
            "承認の終わり",
            "as its approval ends",
            approval("2026-11-11 10:00:00"),
            egress(sanctioned=False, approval_id="apr-1"),
        ),
        breach(
            "USB_PLAIN",
            "暗号化していない USB",
            "a stick that is not encrypted",
            egress(channel="removable", encrypted=False, device_id="pc-7"),
            subject="sato|pc-7|det-1",
            severity="high",
        ),
        fine(
            "USB_PLAIN",
            "暗号化した USB",
            "one that is",
            egress(channel="removable", encrypted=True, device_id="pc-7"),
        ),
        breach(
            "SHARE_EXTERNAL",
            "提供の記録の一秒のずれ",
            "a provision recorded a day and a second later",
            share(),
            event(TransferProvided, "2026-11-12 10:00:01", dataset_id="ds-members"),
            subject="sato|f-1",
            severity="high",
            until="2026-11-12T10:00:01+09:00",
        ),
        fine(
            "SHARE_EXTERNAL",
            "一日以内の提供の記録",
            "a provision recorded a day later",
            share(),
            event(TransferProvided, "2026-11-12 10:00:00", dataset_id="ds-members"),
            until="2026-11-12T10:00:01+09:00",
        ),
        fine(
            "SHARE_EXTERNAL",
            "同じ案件の委託",
            "data entrusted under the same ticket",
            share(correlation_id="tck-1"),
            event(ContractorDataEntrusted, "2026-11-11 09:00:00", correlation_id="tck-1"),
            until="2026-11-12T10:00:01+09:00",
        ),
        breach(
            "LEAVER_HOARD",
            "退職日の終わりの三回目",
            "the third time as the last day ends",
            *TAKEN,
            egress("2026-11-13 00:00:00", detection_id="det-3"),
            leaving("2026-11-12"),
            subject="sato|2026-11-12",
            severity="critical",
        ),
        fine(
            "LEAVER_HOARD",
            "退職日を過ぎた三回目",
            "the third time a second later",
            *TAKEN,
            egress("2026-11-13 00:00:01", detection_id="det-3"),
            leaving("2026-11-12"),
        ),
    ),
)
