"""CON-06  配信・広告・Cookieの停止 — opt-outs are honoured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.asked import principals
from controls.books.principals import (
    USES,
    from_then_on,
    live,
    said,
    withdrawn,
    without_old_uses,
)
from controls.calendar import day_end, jst_day
from controls.events import (
    ConsentChanged,
    LinkExecuted,
    MarketingSent,
    OptoutRecorded,
    TagObserved,
)
from controls.examples import breach, event, fine
from controls.kernel import (
    DAY,
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
from controls.shapes import Case, Check, Each, Fact, one_key, standing


class Limits(Params):
    grace_days: dict[str, int] = limit(
        {"marketing": 7, "ads": 3, "linking": 3, "cookies": 0},
        "d",
        "停止の求めから反映までの日数。",
        "Days from the opt-out until it takes effect.",
    )
    campaign_high: int = limit(
        10,
        "persons",
        "一つの配信でこの人数に達したら重大とする。",
        "So many principals in one campaign make it high.",
    )
    transactional: tuple[str, ...] = limit(
        ("contract_notice", "service_notice", "inquiry_reply"),
        "",
        "契約等に必要な連絡。",
        "Messages that a contract needs.",
    )


GRACE = {
    "marketing_email": "marketing",
    "marketing_all": "marketing",
    "ads": "ads",
    "linking": "linking",
    "cookies": "cookies",
}


def checks(limits: Limits) -> tuple[Check, ...]:
    def refused(facts: Sequence[Fact], scopes: Sequence[str], at: int) -> Fact | None:
        """The opt-out of one of these scopes whose grace is over at that moment (ms)."""
        for optout in standing(facts, "optout"):
            scope, since = optout[4]["scope"], optout[4]["effective_at"]
            days = timedelta(days=limits.grace_days[GRACE.get(scope, "marketing")])
            if scope in scopes and at >= day_end(jst_day(since) + days):
                return optout
        return None

    def sent(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for mailing in standing(facts, "sent"):
            at, told = mailing[0], mailing[4]
            if told["purpose_code"] in limits.transactional:
                continue
            channel = told["channel"]
            scopes = ["ads"] if channel == "ad" else ["marketing_all"]
            if channel == "email":
                scopes.append("marketing_email")
            optout = refused(facts, scopes, at)
            if optout is None or withdrawn(facts, mailing) is not None:
                continue
            again = [c for c in live(facts, at, "marketing") if c[0] > optout[4]["effective_at"]]
            if not again:
                yield Judgement(
                    "violation", "SENT_AFTER", told["campaign_id"], at, item=mailing[1],
                    events=(mailing[1],),
                )  # fmt: skip

    def linked(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts, "books"):
            job = view.event(line[1])
            if isinstance(job, LinkExecuted) and refused(facts, ("linking",), line[0]):
                yield Judgement(
                    "violation", "LINKED_AFTER", job.job_id, line[0], item=line[1],
                    events=(line[1],),
                )  # fmt: skip

    def place(tag: TagObserved) -> str:
        return f"{tag.page_class}|{tag.third_party_domain}"

    def tagged(tag: TagObserved, view: View) -> Judgement | None:
        if not tag.data_items:
            return NOT_APPLICABLE
        if tag.consent_state == "refused":
            return Judgement("violation", "TAG_AFTER_REFUSAL", place(tag))
        return PASS

    def subject(told: Any) -> str:
        if isinstance(told, OptoutRecorded):
            return told.principal_ref if told.scope == "cookies" else ""
        sends = told.data_items and told.consent_state != "refused"
        return (told.subject_ref or "") if sends else ""

    def tag_fact(told: Any) -> Fact:
        if isinstance(told, OptoutRecorded):
            return said(told)
        return [told.occurred_at, told.event_id, told.corrects_event_id or "", "tag", place(told)]

    def tracked(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        optouts = [o[4]["effective_at"] for o in standing(facts, "optout")]
        for tag in standing(facts, "tag"):
            if any(since <= tag[0] for since in optouts):
                yield Judgement(
                    "violation", "TAG_AFTER_REFUSAL", tag[4], tag[0], item=tag[1], events=(tag[1],)
                )

    def forget(facts: Sequence[Fact], floor: int) -> list[Fact]:
        return [f for f in facts if f[0] >= floor or f[3] == "optout"]

    def of_principal(name: str, code: str, judge: Any, **more: Any) -> Case:
        kinds = (MarketingSent, OptoutRecorded, ConsentChanged)
        return Case(
            name,
            (code,),
            kinds,
            one_key("principal_ref"),
            said,
            judge,
            keep=USES,
            span=from_then_on,
            forget=without_old_uses,
            by=dict.fromkeys(kinds, "principal_ref"),
            **more,
        )

    return (
        of_principal(
            "sent",
            "SENT_AFTER",
            sent,
            rises={"SENT_AFTER": (limits.campaign_high, "high")},
        ),
        of_principal("linked", "LINKED_AFTER", linked, asks={LinkExecuted: principals}),
        Each(
            "tag",
            ("TAG_AFTER_REFUSAL",),
            (TagObserved,),
            tagged,
            by={TagObserved: "third_party_domain"},
        ),
        Case(
            "tracked",
            ("TAG_AFTER_REFUSAL",),
            (TagObserved, OptoutRecorded),
            subject,
            tag_fact,
            tracked,
            keep=10 * DAY,
            forget=forget,
            across=True,
        ),
    )


def optout(scope: str, at: str = "2026-11-02 10:00:00") -> OptoutRecorded:
    return event(OptoutRecorded, at, principal_ref="mem-1", scope=scope, effective_at=at)


def mailing(at: str, **given: Any) -> MarketingSent:
    told = {"campaign_id": "autumn", "principal_ref": "mem-1", "channel": "email", **given}
    return event(MarketingSent, at, **told)


def link(at: str) -> LinkExecuted:
    return event(LinkExecuted, at, job_id="job-1", principal_refs=["mem-1"], principals_count=1)


def tag(at: str = "2026-11-11 10:00:00", **given: Any) -> TagObserved:
    told = {
        "page_class": "/shop", "third_party_domain": "ads.example", "data_items": ["cookie"],
        "consent_state": "allowed", **given,
    }  # fmt: skip
    return event(TagObserved, at, **told)


CONTROL = Control(
    id="CON-06",
    title=Text("配信・広告・Cookieの停止", "Opt-outs honoured"),
    requirement=Text(
        "配信・広告・連携・Cookie拒否を猶予内に反映する。",
        "Marketing, ad, linking and cookie refusals are honoured within the grace.",
    ),
    sources=sources(
        seeds="PYX-2.a.iii; PYX-2.a.iv; PYX-2.d.ii; PYX-2.e.i; PYX-7.a.4; PYX-7.d.3; PER-1.t10; "
        "PER-1.7; MIX-U.B; MIX-B5; MIX-B7; PIC-U1.1; PIC-U1.5; PIC-C2; JUS-U1.2; "
        "JUS-U1.6; JUS-U2.6a; JUS-U2.6b; JUS-L6",
        appi="Art.18; Art.35",
        ppc_guideline="3-8-5",
        pms_guideline="J.8.7",
    ),
    params=Limits(),
    codes={
        "SENT_AFTER": Code(
            "medium",
            Text(
                "停止の求めから猶予を過ぎて配信した（campaign_high 人から high）。",
                "Sent after the grace of an opt-out; high from campaign_high principals on.",
            ),
            Text(
                "{subject}：停止を求めた {events} 人に配信した。",
                "{subject}: sent to {events} who had opted out.",
            ),
        ),
        "TAG_AFTER_REFUSAL": Code(
            "medium",
            Text("拒否された後に情報を送信した。", "Something was sent although it was refused."),
            Text("{subject}：拒否の後の送信。", "{subject}: sent after refusal."),
        ),
        "LINKED_AFTER": Code(
            "medium",
            Text(
                "連携の停止から猶予を過ぎて突合した。",
                "Linked after the grace of an opt-out from linking.",
            ),
            Text(
                "{subject}：停止を求めた {events} 人を突合した。",
                "{subject}: linked {events} who had opted out.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("配信と停止の後の件数", "Campaign × count after opt-out"),
    response=Text("抑止する。", "Suppress."),
    false_positives=Text("別の端末。", "Different device."),
    examples=(
        breach(
            "SENT_AFTER",
            "猶予を一秒過ぎた配信",
            "sent in the first second after the grace",
            optout("marketing_email"),
            mailing("2026-11-10 00:00:00"),
            subject="autumn",
            severity="medium",
        ),
        fine(
            "SENT_AFTER",
            "猶予の最後の一秒の配信",
            "sent in its last second",
            optout("marketing_email"),
            mailing("2026-11-09 23:59:59"),
        ),
        fine(
            "SENT_AFTER",
            "契約の連絡",
            "a notice that the contract needs",
            optout("marketing_email"),
            mailing("2026-11-10 00:00:00", purpose_code="contract_notice"),
        ),
        fine(
            "SENT_AFTER",
            "改めて同意した",
            "agreed again later",
            optout("marketing_email"),
            event(ConsentChanged, "2026-11-05 10:00:00", consent_id="con-1", principal_ref="mem-1",
                  state="granted", kind="marketing"),
            mailing("2026-11-10 00:00:00"),
        ),
        breach(
            "TAG_AFTER_REFUSAL",
            "拒否した者への送信",
            "sent although refused",
            tag(consent_state="refused"),
            subject="/shop|ads.example",
            severity="medium",
        ),
        fine(
            "TAG_AFTER_REFUSAL",
            "許した者への送信",
            "sent as allowed",
            tag(consent_state="allowed"),
        ),
        breach(
            "TAG_AFTER_REFUSAL",
            "Cookie の停止と同時の送信",
            "sent in the second of the opt-out from cookies",
            optout("cookies", "2026-11-11 10:00:00"),
            tag(subject_ref="mem-1"),
        ),
        fine(
            "TAG_AFTER_REFUSAL",
            "Cookie の停止の一秒前の送信",
            "a second before it",
            optout("cookies", "2026-11-11 10:00:01"),
            tag(subject_ref="mem-1"),
        ),
        breach(
            "LINKED_AFTER",
            "猶予を過ぎた突合",
            "linked in the first second after the grace",
            optout("linking"),
            link("2026-11-06 00:00:00"),
            subject="job-1",
            severity="medium",
        ),
        fine(
            "LINKED_AFTER",
            "猶予の最後の一秒の突合",
            "linked in its last second",
            optout("linking"),
            link("2026-11-05 23:59:59"),
        ),
    ),
)  # fmt: skip
