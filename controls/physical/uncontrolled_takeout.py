"""PHY-05  機器・媒体・書類の持出し管理 — nothing leaves the house uncontrolled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.people import APPROVAL_IDS, TAKEOUTS
from controls.deadlines import due_by
from controls.events import ApprovalGranted, AssetLost, AssetReturned, AssetTakenOut
from controls.examples import breach, event, fine
from controls.kernel import DAY, HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    grace_hours: int = limit(
        4, "h", "返却期限からの猶予時間。", "Hours of grace after it is due back."
    )
    lost_days: int = limit(
        1,
        "d",
        "これを過ぎても返却がなければ事故の候補とする日数。",
        "Days after which what is not back is an incident candidate.",
    )


def fact(event: Any) -> Fact:
    if isinstance(event, AssetTakenOut):
        names = ("asset_kind", "holder_ref", "has_pd", "protection", "approval_id")
        return told(event, "out", *names, "approver_ref", "due_back", "takeout_id")
    if isinstance(event, AssetReturned):
        return told(event, "back", "takeout_id")
    return told(event, "lost", "has_pd", "encrypted")


def checks(limits: Limits) -> tuple[Check, ...]:
    def taken(asset: str, facts: Sequence[Fact]) -> Iterator[tuple[Fact, dict[str, Any]]]:
        """Each line of personal data in the ledger, with what every judgement of it says."""
        for out in standing(facts, "out"):
            subject = f"{asset}|{out[4]['takeout_id'] or out[1]}"
            yield out, {"subject": subject, "item": out[1], "events": (out[1],)}

    def approved(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for out, common in taken(asset, facts):
            at, line = out[0], out[4]
            if not line["has_pd"]:
                yield Judgement("not_applicable", at=at, **common)
                continue
            approvers = {line["approver_ref"]} - {None, ""}
            if line["approval_id"]:
                approvers |= {
                    a.approver_ref
                    for a in view.entries(APPROVAL_IDS, line["approval_id"], at)
                    if a.kind == "takeout" and a.valid_from <= at <= a.valid_to
                }
            if line["holder_ref"] in approvers:
                yield Judgement("violation", "SELF_APPROVED", at=at, **common)
            elif not approvers:
                yield Judgement("violation", "NO_APPROVAL", at=at, since=at - DAY, **common)
            else:
                yield Judgement("pass", at=at, **common)

    def protected(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for out, common in taken(asset, facts):
            line = out[4]
            wanted = {"sealed", "locked_case"} if line["asset_kind"] == "paper" else {"encrypted"}
            if not line["has_pd"]:
                yield Judgement("not_applicable", at=out[0], **common)
            elif wanted.intersection(line["protection"]):
                yield Judgement("pass", at=out[0], **common)
            else:
                yield Judgement("violation", "UNPROTECTED", at=out[0], **common)

    def returned(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lost = [f[0] for f in standing(facts, "lost")]
        for out, common in taken(asset, facts):
            line = out[4]
            end = line["due_back"] + limits.grace_hours * HOUR
            grave = end + limits.lost_days * DAY
            gone = next((at for at in lost if at >= out[0]), None)
            back = next(
                (
                    b[0]
                    for b in standing(facts, "back")
                    if b[0] >= out[0] and line["takeout_id"] in (None, b[4]["takeout_id"])
                ),
                None,
            )
            if not line["has_pd"] or (gone is not None and gone <= end and back is None):
                yield Judgement("not_applicable", at=out[0], **common)
                continue
            judged = due_by(
                end, back, "OVERDUE", view, begun=out[0], over=gone is not None, **common
            )
            if judged.code is None:
                yield judged
                continue
            until = back or gone or view.now
            yield Judgement(
                "violation", "OVERDUE", at=end, detected=end, since=out[0], closed=judged.closed,
                severity="high" if until > grave else "medium",
                until=grave if not judged.closed and until <= grave else None, **common,
            )  # fmt: skip

    def loss(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for lost in standing(facts, "lost"):
            common: dict[str, Any] = {"subject": asset, "item": lost[1], "events": (lost[1],)}
            if lost[4]["has_pd"]:
                severity: Any = "high" if lost[4]["encrypted"] else "critical"
                yield Judgement("violation", "LOST", at=lost[0], severity=severity, **common)
            else:
                yield Judgement("not_applicable", at=lost[0], **common)

    def of_approval(approval: ApprovalGranted, view: View) -> list[str]:
        return [line.asset_id for line in view.all(TAKEOUTS, approval.approval_id)]

    def case(name: str, codes: tuple[str, ...], judge: Any, *awaits: Any) -> Case:
        return Case(
            name,
            codes,
            (AssetTakenOut, AssetReturned, AssetLost),
            one_key("asset_id"),
            fact,
            judge,
            span=moment,
            by={AssetTakenOut: "asset_id"},
            touches={ApprovalGranted: of_approval},
            awaits=awaits,
        )

    return (
        case("approval", ("SELF_APPROVED", "NO_APPROVAL"), approved, ApprovalGranted),
        case("protection", ("UNPROTECTED",), protected),
        case("return", ("OVERDUE",), returned, AssetReturned),
        case("loss", ("LOST",), loss),
    )


def taken_out(at: str, **given: Any) -> AssetTakenOut:
    return event(
        AssetTakenOut,
        at,
        **{
            "asset_id": "pc-12",
            "takeout_id": "out-1",
            "asset_kind": "laptop",
            "holder_ref": "sato",
            "has_pd": True,
            "protection": ["encrypted"],
            "approver_ref": "abe",
            "due_back": "2026-11-11 18:00:00",
            **given,
        },
    )


def returned_at(at: str) -> AssetReturned:
    return event(AssetReturned, at, asset_id="pc-12", takeout_id="out-1", condition="ok")


def approval(at: str, **given: Any) -> ApprovalGranted:
    return event(
        ApprovalGranted,
        at,
        **{
            "approval_id": "apr-1",
            "kind": "takeout",
            "for_ref": "sato",
            "approver_ref": "abe",
            "valid_from": "2026-11-11 08:00:00",
            "valid_to": "2026-11-11 20:00:00",
            **given,
        },
    )


OUT, BACK = "2026-11-11 09:00:00", returned_at("2026-11-11 17:00:00")

CONTROL = Control(
    id="PHY-05",
    title=Text("機器・媒体・書類の持出し管理", "Take-out of devices, media, paper controlled"),
    requirement=Text(
        "持出しは事前承認と暗号化等を要し、期限までに返却する。",
        "PD leaves an area only with prior approval and protection, and is back by the due time.",
    ),
    sources=sources(
        seeds="PYX-9.3; PER-4.5.2; PER-4.5.3; MIX-M.E2; MIX-M.E3",
        appi="Art.23",
        ppc_guideline="10-5(2); 10-5(3)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "SELF_APPROVED": Code(
            "high",
            Text("持ち出す本人が承認した。", "The holder approved it himself."),
            Text(
                "{subject}：持ち出した本人が承認している。",
                "{subject}: approved by the very person who took it out.",
            ),
        ),
        "NO_APPROVAL": Code(
            "high",
            Text(
                "有効な持出しの承認も、台帳の承認者もない。",
                "Neither an approval that holds nor an approver on the ledger line.",
            ),
            Text(
                "{subject}：承認なしに持ち出された。",
                "{subject}: taken out without approval.",
            ),
        ),
        "UNPROTECTED": Code(
            "high",
            Text(
                "機器・媒体が暗号化されていない、または書類が封緘・施錠されていない。",
                "A device or medium is not encrypted, or paper neither sealed nor locked.",
            ),
            Text(
                "{subject}：保護なしに持ち出された。",
                "{subject}: taken out without protection.",
            ),
        ),
        "OVERDUE": Code(
            "medium",
            Text(
                "猶予を過ぎても返却がない（さらに lost_days を過ぎれば high、事故の候補）。",
                "Not back when the grace was over; high and an incident candidate lost_days later.",
            ),
            Text("{subject}：期限までに返却されていない。", "{subject}: not returned in time."),
        ),
        "LOST": Code(
            "critical",
            Text(
                "個人データを含む資産を失った（暗号化されていれば high）。",
                "An asset with personal data was lost (high where it was encrypted).",
            ),
            Text(
                "{subject}：個人データを含む資産を紛失した。",
                "{subject}: an asset with personal data was lost.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "台帳の行：誰が、何を、なぜ、保護、出と入",
        "Ledger line: who, what, why, protection, out/in",
    ),
    response=Text("持出者に連絡し、遠隔消去する。", "Call holder, remote wipe."),
    false_positives=Text("返却の記録が遅れた。", "Return recorded late."),
    examples=(
        breach(
            "SELF_APPROVED",
            "自分で承認した持出し",
            "approved by oneself",
            taken_out(OUT, approver_ref="sato"),
            BACK,
            subject="pc-12|out-1",
            severity="high",
        ),
        fine(
            "SELF_APPROVED",
            "上長が承認した持出し",
            "approved by the manager",
            taken_out(OUT, approver_ref="abe"),
            BACK,
        ),
        breach(
            "NO_APPROVAL",
            "承認が始まる一秒前に持ち出した",
            "taken out one second before the approval holds",
            approval("2026-11-10 17:00:00", valid_from="2026-11-11 09:00:01"),
            taken_out(OUT, approver_ref=None, approval_id="apr-1"),
            BACK,
            subject="pc-12|out-1",
            severity="high",
        ),
        fine(
            "NO_APPROVAL",
            "承認が始まる時に持ち出した",
            "taken out when the approval begins to hold",
            approval("2026-11-10 17:00:00", valid_from="2026-11-11 09:00:00"),
            taken_out(OUT, approver_ref=None, approval_id="apr-1"),
            BACK,
        ),
        breach(
            "UNPROTECTED",
            "パスワードだけのパソコン",
            "a laptop with a password only",
            taken_out(OUT, protection=["password"]),
            BACK,
            subject="pc-12|out-1",
            severity="high",
        ),
        fine(
            "UNPROTECTED",
            "暗号化されたパソコン",
            "an encrypted laptop",
            taken_out(OUT, protection=["encrypted"]),
            BACK,
        ),
        breach(
            "UNPROTECTED",
            "封緘も施錠もない書類",
            "paper neither sealed nor locked",
            taken_out(OUT, asset_kind="paper", protection=["encrypted"]),
            BACK,
        ),
        breach(
            "OVERDUE",
            "猶予を一秒過ぎた返却",
            "back one second after the grace",
            taken_out(OUT),
            returned_at("2026-11-11 22:00:01"),
            subject="pc-12|out-1",
            severity="medium",
        ),
        fine(
            "OVERDUE",
            "猶予の終わりの返却",
            "back at the end of the grace",
            taken_out(OUT),
            returned_at("2026-11-11 22:00:00"),
        ),
        breach(
            "OVERDUE",
            "一日を過ぎても返却がない",
            "still out a day later",
            taken_out(OUT),
            severity="high",
            until="2026-11-12T22:00:01+09:00",
        ),
        breach(
            "LOST",
            "暗号化されていない媒体の紛失",
            "an unencrypted medium is lost",
            event(
                AssetLost, OUT, asset_id="usb-3", holder_ref="sato", has_pd=True, encrypted=False
            ),
            subject="usb-3",
            severity="critical",
        ),
        breach(
            "LOST",
            "暗号化された媒体の紛失",
            "an encrypted one",
            event(AssetLost, OUT, asset_id="usb-3", holder_ref="sato", has_pd=True, encrypted=True),
            severity="high",
        ),
        fine(
            "LOST",
            "個人データのない媒体の紛失",
            "one without personal data",
            event(
                AssetLost, OUT, asset_id="usb-3", holder_ref="sato", has_pd=False, encrypted=False
            ),
        ),
    ),
)
