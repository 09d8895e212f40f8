"""XBR-02  相当措置の定期確認と停止 — systems abroad are checked yearly, or data stops."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from controls.books.transfers import CHECKS, PROVIDED, recipient
from controls.calendar import add_months, day_end, day_start, jst_day, terms
from controls.deadlines import due_by
from controls.events import (
    ContractorDataEntrusted,
    ForeignRecipientChecked,
    JointuseShared,
    TransferProvided,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, standing, told


class Limits(Params):
    months: int = limit(12, "months", "確認の間隔。", "Months between two checks.")
    action_days: int = limit(
        30, "d", "支障に措置をとるまでの日数。", "Days in which an obstruction is acted on."
    )
    high_days: int = limit(
        60, "d", "期限をこれより過ぎると重大とする日数。", "Days overdue from which it is high."
    )


ELSEWHERE = ("consent", "equiv_country", "art27_1")
"""Grounds that need no check of the recipient's system."""


def by_recipient(event: Any) -> str:
    if isinstance(event, ForeignRecipientChecked):
        return event.recipient_id
    return recipient(event)


def fact(event: Any) -> Fact:
    if isinstance(event, ForeignRecipientChecked):
        return told(event, "check", "system_basis", "obstruction", "action_taken")
    return told(event, "provision", "xborder_basis")


def checks(limits: Limits) -> tuple[Check, ...]:
    def checked(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = standing(facts, "check")
        provisions = standing(facts, "provision")
        resting = [p for p in provisions if p[4]["xborder_basis"] not in ELSEWHERE]
        if made and made[-1][4]["system_basis"] == "none":
            return
        claimed = [p for p in resting if p[4]["xborder_basis"] == "equiv_system"]
        if not made and not claimed:
            return
        began = jst_day(made[0][0] if made else claimed[0][0])
        days = [jst_day(check[0]) for check in made]
        for start, last, done in terms(began, days, partial(add_months, count=limits.months)):
            end = day_end(last)
            since = day_start(add_months(last, -limits.months))
            when = None if done is None else day_end(done)
            reached = view.now if when is None else when
            used = [p[0] for p in resting if since <= p[0] <= reached]
            common: dict[str, Any] = {
                "subject": key, "item": f"checked {start}", "facts": {"last": f"{start}"},
            }  # fmt: skip
            if not used:
                yield Judgement("not_applicable", at=day_end(start), until=end, **common)
                continue
            grave = day_end(last + timedelta(days=limits.high_days))
            judged = due_by(end, when, "OVERDUE", view, begun=day_start(start), **common)
            if judged.code is None:
                yield judged
                continue
            yield Judgement(
                "violation", "OVERDUE", at=end, detected=max(end, used[0]), since=day_start(start),
                severity="high" if reached > grave else "medium", closed=judged.closed,
                until=grave if not judged.closed and reached <= grave else None, **common,
            )  # fmt: skip

    def acted(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        made = standing(facts, "check")
        for place, check in enumerate(made):
            if check[4]["obstruction"] == "none":
                continue
            common: dict[str, Any] = {"subject": key, "item": check[1], "events": (check[1],)}
            if check[4]["action_taken"]:
                yield Judgement("pass", at=check[0], **common)
                continue
            done = next(
                (
                    c[0]
                    for c in made[place + 1 :]
                    if c[4]["action_taken"] or c[4]["obstruction"] == "none"
                ),
                None,
            )
            end = day_end(jst_day(check[0]) + timedelta(days=limits.action_days))
            yield due_by(end, done, "NO_ACTION", view, begun=check[0], **common)

    def stopped(provision: Any, view: View) -> Judgement | None:
        check = view.latest(CHECKS, recipient(provision), provision.occurred_at)
        if check is None:
            return None
        subject = provision.provision_id or provision.event_id
        verdict: Any = "violation" if check.obstruction == "continuing" else "pass"
        code = "NOT_STOPPED" if verdict == "violation" else None
        return Judgement(verdict, code, subject, provision.occurred_at)

    def to_recipient(check: ForeignRecipientChecked) -> tuple[Look, ...]:
        name, since = check.recipient_id, check.occurred_at
        return (
            Look(TransferProvided, "recipient_id", name, since),
            Look(ContractorDataEntrusted, "contractor_id", name, since),
            Look(JointuseShared, "to_id", name, since),
        )

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (ForeignRecipientChecked, *PROVIDED),
            by_recipient,
            fact,
            judge,
            span=moment,
            by={ForeignRecipientChecked: "recipient_id"},
            awaits=(ForeignRecipientChecked,),
        )

    return (
        case("checked", "OVERDUE", checked),
        case("action", "NO_ACTION", acted),
        Each(
            "stopped",
            ("NOT_STOPPED",),
            PROVIDED,
            stopped,
            by={
                TransferProvided: "recipient_id",
                ContractorDataEntrusted: "contractor_id",
                JointuseShared: "to_id",
            },
            revisits={ForeignRecipientChecked: to_recipient},
        ),
    )


def checked_on(at: str, **given: Any) -> ForeignRecipientChecked:
    return event(
        ForeignRecipientChecked,
        at,
        **{
            "recipient_id": "rcp-us",
            "country": "US",
            "system_basis": "contract",
            "measures_ok": True,
            "next_due": "2027-04-01",
            **given,
        },
    )


def provided(at: str, **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "recipient_id": "rcp-us",
            "recipient_country": "US",
            "xborder_basis": "equiv_system",
            **given,
        },
    )


CHECKED = "2026-04-10 10:00:00"
USED = "2026-11-11 10:00:00"

CONTROL = Control(
    id="XBR-02",
    title=Text("相当措置の定期確認と停止", "Equivalent measures re-checked yearly; stop when lost"),
    requirement=Text(
        "相当措置と外国制度を年1回程度以上確認し、支障時は措置、困難なら提供停止する。",
        "For system-based recipients, measures and foreign regime are checked about yearly; "
        "obstruction is treated; provision stops if it cannot be secured.",
    ),
    sources=sources(
        seeds="PYX-6.3",
        appi="Art.28(3)",
        ppc_guideline="foreign vol. 6-1 (Rule 18(1))",
        pms_guideline="J.8.8.1*",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "medium",
            Text(
                "前の確認から months が過ぎ、その間に提供がある（high_days を過ぎれば high）。",
                "months have passed since the last check, and data went there meanwhile; high "
                "after high_days.",
            ),
            Text(
                "{subject}：{last} 以来、相当措置を確認していない。",
                "{subject}: its measures have not been checked since {last}.",
            ),
        ),
        "NO_ACTION": Code(
            "high",
            Text(
                "支障があるのに action_days の終わりまでに措置がない。",
                "An obstruction, and nothing done by the end of action_days.",
            ),
            Text(
                "{subject}：支障に対する措置がない。",
                "{subject}: nothing was done about the obstruction.",
            ),
        ),
        "NOT_STOPPED": Code(
            "critical",
            Text(
                "支障が続く提供先への提供を止めていない。",
                "Data goes on to a recipient whose obstruction continues.",
            ),
            Text(
                "{subject}：相当措置が確保できない提供先へ提供した。",
                "{subject}: went to a recipient whose measures cannot be secured.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("確認票、制度の情報源、措置", "Check sheet, regime source, action"),
    response=Text("提供を止める。", "Stop the feed."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OVERDUE",
            "確認から一年を過ぎた（その間に提供あり）",
            "a year and a second after the check, data having gone there",
            checked_on(CHECKED),
            provided(USED),
            subject="rcp-us",
            severity="medium",
            until="2027-04-11T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "一年目の終わり",
            "at the end of the year",
            checked_on(CHECKED),
            provided(USED),
            until="2027-04-11T00:00:00+09:00",
        ),
        fine(
            "OVERDUE",
            "同意による提供先",
            "a recipient by consent",
            checked_on(CHECKED),
            provided(USED, xborder_basis="consent"),
            until="2027-04-11T00:00:01+09:00",
        ),
        breach(
            "NO_ACTION",
            "31 日目の最初の一秒の措置",
            "acted on in the first second after the thirtieth day",
            checked_on(CHECKED, obstruction="remediable"),
            checked_on("2026-05-11 00:00:01", action_taken="contract amended"),
            subject="rcp-us",
            severity="high",
        ),
        fine(
            "NO_ACTION",
            "30 日目の終わりの措置",
            "acted on at the end of the thirtieth day",
            checked_on(CHECKED, obstruction="remediable"),
            checked_on("2026-05-11 00:00:00", action_taken="contract amended"),
        ),
        breach(
            "NOT_STOPPED",
            "支障が続くのに提供した",
            "provided although the obstruction continues",
            checked_on(CHECKED, obstruction="continuing", action_taken="feed to be stopped"),
            provided(USED),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "NOT_STOPPED",
            "支障は是正できる",
            "the obstruction can be remedied",
            checked_on(CHECKED, obstruction="remediable", action_taken="feed to be stopped"),
            provided(USED),
        ),
    ),
)
