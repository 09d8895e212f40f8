"""REQ-04  不開示等の理由と通知 — refusals have a listed ground, reasons and a notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import RequestDecided, RequestReceived, RequestResponded
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.rights.request import REFUSED, by_request, decision, fact, first, no_request
from controls.shapes import Case, Check, Fact, moment, standing

RIGHTS = ("rights_harm", "business_impediment")
INSTEAD = ("alternative_measure", "request_unfounded")


class Limits(Params):
    notify_days: int = limit(
        7, "d", "決定を通知するまでの日数。", "Days in which the decision is notified."
    )
    grounds: dict[str, tuple[str, ...]] = limit(
        {
            "common": ("identity", "agent", "not_retained", "entrusted", "other_law"),
            "purpose_notice": (*RIGHTS, "purpose_clear"),
            "disclosure": RIGHTS,
            "third_party_record": RIGHTS,
            "correction": ("content_correct",),
            "addition": ("content_correct",),
            "deletion": ("content_correct",),
            "stop_use": INSTEAD,
            "erase": INSTEAD,
            "stop_provision": INSTEAD,
            "foreign_measures_info": ("business_impediment",),
        },
        "",
        "拒むことができる事由（共通と請求の種類ごと）。",
        "Grounds of refusal, common and by kind of request.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def listed(kind: str, decided: Fact) -> bool:
        said = decided[4]
        ground = said["ground_detail"] or said["ground"]
        if ground == "alternative_measure" and said["document_ref"] is None:
            return False
        return ground in (*limits.grounds["common"], *limits.grounds.get(kind, ()))

    def grounded(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        decided, made = decision(facts), first(facts, RequestReceived)
        if decided is None:
            return
        common: dict[str, Any] = {"subject": request, "item": "ground", "events": (decided[1],)}
        if decided[4]["decision"] not in REFUSED:
            yield Judgement("not_applicable", at=decided[0], **common)
        elif made is None:
            yield Judgement("indeterminate", **no_request(facts, request), **common)
        elif not listed(made["kind"], decided):
            yield Judgement("violation", "BAD_GROUND", at=decided[0], **common)
        else:
            yield Judgement("pass", at=decided[0], **common)

    def reasoned(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        decided = decision(facts)
        if decided is None or decided[4]["decision"] not in REFUSED:
            return
        silent = [r for r in standing(facts, "responded") if not r[4]["reason_included"]]
        if not decided[4]["reason_given"]:
            silent = [decided, *silent]
        common: dict[str, Any] = {"subject": request, "item": "reason"}
        if silent:
            events = tuple(each[1] for each in silent)
            yield Judgement("violation", "NO_REASON", at=silent[0][0], events=events, **common)
        else:
            yield Judgement("pass", at=decided[0], events=(decided[1],), **common)

    def notified(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        decided = decision(facts)
        if decided is None or decided[4]["decision"] not in (*REFUSED, "no_data"):
            return
        code = "NO_DATA_NOT_TOLD" if decided[4]["decision"] == "no_data" else "NOT_NOTIFIED"
        end = day_end(jst_day(decided[0]) + timedelta(days=limits.notify_days))
        told = [r[0] for r in standing(facts, "responded")]
        yield due_by(
            end, min(told, default=None), code, view, begun=decided[0], subject=request,
            item="notice", events=(decided[1],),
        )  # fmt: skip

    on = (RequestReceived, RequestDecided, RequestResponded)

    def case(name: str, judge: Any, *codes: str, awaits: tuple[type[Any], ...] = ()) -> Case:
        return Case(
            name,
            codes,
            on,
            by_request,
            fact,
            judge,
            span=moment,
            by=dict.fromkeys(on, "request_id"),
            awaits=awaits,
        )

    return (
        case("ground", grounded, "BAD_GROUND"),
        case("reason", reasoned, "NO_REASON"),
        case("notice", notified, "NOT_NOTIFIED", "NO_DATA_NOT_TOLD", awaits=(RequestResponded,)),
    )


def received(**given: Any) -> RequestReceived:
    said = {"request_id": "req-1", "kind": "disclosure", **given}
    return event(RequestReceived, "2026-11-02 10:00:00", **said)


def refused(at: str = "2026-11-06 10:00:00", **given: Any) -> RequestDecided:
    said = {"decision": "refuse", "ground": "rights_harm", "reason_given": True, **given}
    return event(RequestDecided, at, request_id="req-1", **said)


def responded(at: str = "2026-11-09 10:00:00", **given: Any) -> RequestResponded:
    return event(RequestResponded, at, request_id="req-1", **{"reason_included": True, **given})


CONTROL = Control(
    id="REQ-04",
    title=Text("不開示等の理由と通知", "Refusal has a listed ground and reasons"),
    requirement=Text(
        "拒否は定めた事由に限り理由を付して遅滞なく通知し、代替措置は記録する。",
        "Refusals use a published ground, are notified without delay with reasons; alternative "
        "measure recorded when used.",
    ),
    sources=sources(
        seeds="PER-3-1.d1; PER-3-1.d2; PER-3-1.d3; PER-3-1.d4; PER-3-1.d5; PER-3-1.e; MIX-R.A; "
        "MIX-R.B; MIX-R.C; MIX-R.D; PIC-D3; JUS-N0a; JUS-N0b; JUS-N1; JUS-N2; JUS-N3; JUS-N4; "
        "JUS-N5; JUS-N6",
        appi="Art.33(2); Art.33(3); Art.34(3); Art.35(7); Art.36",
        ppc_guideline="3-8-2; 3-8-6",
        pms_guideline="J.10.5*; J.10.6*; J.10.7*",
    ),
    params=Limits(),
    codes={
        "NO_REASON": Code(
            "medium",
            Text(
                "理由のない決定、又は理由を書かない回答（法 36 条は努力義務）。",
                "A decision or an answer without its reason (Art. 36, a duty to endeavour).",
            ),
            Text("{subject}：拒む理由を示していない。", "{subject}: refused without a reason."),
        ),
        "BAD_GROUND": Code(
            "high",
            Text(
                "定めた事由によらない拒否、又は記録のない代替措置。",
                "A ground that is not listed, or an alternative measure without its record.",
            ),
            Text(
                "{subject}：定めた事由によらずに拒んだ。",
                "{subject}: refused on a ground that is not listed.",
            ),
        ),
        "NOT_NOTIFIED": Code(
            "high",
            Text(
                "決定から notify_days の終わりまでに回答していない。",
                "Not answered by the end of notify_days from the decision.",
            ),
            Text(
                "{subject}：拒む旨を通知していない。",
                "{subject}: the refusal was not notified.",
            ),
        ),
        "NO_DATA_NOT_TOLD": Code(
            "medium",
            Text(
                "保有していない旨を notify_days の終わりまでに伝えていない。",
                "That there is no data was not told by the end of notify_days.",
            ),
            Text(
                "{subject}：データのない旨を伝えていない。",
                "{subject}: was not told that there is no data.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("事由、承認者、通知日", "Ground, approver, letter date"),
    response=Text("法務が見直す。", "Legal review."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NO_REASON",
            "理由を書かない回答",
            "an answer without the reason",
            received(),
            refused(),
            responded(reason_included=False),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "NO_REASON",
            "理由を書いた回答",
            "the same with it",
            received(),
            refused(),
            responded(reason_included=True),
        ),
        breach(
            "BAD_GROUND",
            "開示を代替措置で拒んだ",
            "a disclosure refused on a ground for stops only",
            received(),
            refused(ground="alternative_measure", document_ref="doc-1"),
            responded(),
            subject="req-1",
            severity="high",
        ),
        fine(
            "BAD_GROUND",
            "開示を権利侵害のおそれで拒んだ",
            "refused for harm to another's rights",
            received(),
            refused(ground="rights_harm", document_ref="doc-1"),
            responded(),
        ),
        breach(
            "BAD_GROUND",
            "記録のない代替措置",
            "an alternative measure that no document shows",
            received(kind="stop_use"),
            refused(ground="alternative_measure", document_ref=None),
            responded(),
        ),
        fine(
            "BAD_GROUND",
            "記録のある代替措置",
            "the same with its document",
            received(kind="stop_use"),
            refused(ground="alternative_measure", document_ref="doc-1"),
            responded(),
        ),
        breach(
            "NOT_NOTIFIED",
            "八日目の通知",
            "notified in the first second after the seventh day",
            received(),
            refused(),
            responded("2026-11-14 00:00:01"),
            subject="req-1",
            severity="high",
        ),
        fine(
            "NOT_NOTIFIED",
            "七日目の終わりの通知",
            "notified at the end of the seventh day",
            received(),
            refused(),
            responded("2026-11-14 00:00:00"),
        ),
        breach(
            "NO_DATA_NOT_TOLD",
            "保有しないことを伝えていない",
            "nobody said that there is no data",
            received(),
            refused(decision="no_data", ground="not_retained"),
            subject="req-1",
            severity="medium",
            until="2026-11-14T00:00:01+09:00",
        ),
        fine(
            "NO_DATA_NOT_TOLD",
            "七日目の終わり",
            "at the end of the seventh day",
            received(),
            refused(decision="no_data", ground="not_retained"),
            until="2026-11-14T00:00:00+09:00",
        ),
        breach(
            "NO_DATA_NOT_TOLD",
            "八日目の回答",
            "told in the first second after it",
            received(),
            refused(decision="no_data", ground="not_retained"),
            responded("2026-11-14 00:00:01"),
        ),
        fine(
            "NO_DATA_NOT_TOLD",
            "七日目の終わりの回答",
            "told at its end",
            received(),
            refused(decision="no_data", ground="not_retained"),
            responded("2026-11-14 00:00:00"),
        ),
        unknown(
            "BAD_GROUND",
            "登録のない請求の拒否",
            "a refusal of what nobody registered",
            refused(),
            responded(),
        ),
    ),
)
