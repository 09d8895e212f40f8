"""TRF-05  個人関連情報の同意確認 — data that becomes personal there goes by consent only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.transfers import BEHAVIOUR_LINKS, PROVISION_RECORDS, RELATED_RECEIVED
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import LinkExecuted, TransferPersonalRelated, TransferRecordCreated
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    record_days: int = limit(
        5, "d", "提供・受領から記録までの日数。", "Days from the provision to its record."
    )


def confirmed(given: dict[str, Any]) -> bool:
    """The principal's consent was confirmed (Art. 31(1)), and abroad what was told of there."""
    abroad = given["direction"] == "provided" and given["country"] != "JP"
    return bool(
        given["consent_confirmed"]
        and given["confirm_method"]
        and (not abroad or given["foreign_info_confirmed"])
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def lines(
        provision: str, facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[Fact, dict[str, Any]]]:
        for line in standing(facts):
            yield line, {
                "subject": provision, "item": line[1], "events": (line[1],),
                "facts": {"counterparty": line[4]["counterparty_id"]},
            }  # fmt: skip

    def consented(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, common in lines(provision, facts, view):
            at, given = line[0], line[4]
            if not given["becomes_personal_data"]:
                banned: Any = "not_applicable" if given["identification_banned"] else "pass"
                yield Judgement(banned, at=at, **common)
            elif confirmed(given):
                yield Judgement("pass", at=at, **common)
            else:
                yield Judgement("violation", "NOT_CONFIRMED", at=at, **common)

    def recorded(provision: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, common in lines(provision, facts, view):
            if not line[4]["becomes_personal_data"] or line[4]["record_id"]:
                continue
            made = [r.occurred_at for r in view.all(PROVISION_RECORDS, provision)]
            end = day_end(jst_day(line[0]) + timedelta(days=limits.record_days))
            done = min(made, default=None)
            yield due_by(end, done, "NO_RECORD", view, begun=line[0], **common)

    def linked(job: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts):
            source = line[4]["behaviour_source"]
            common: dict[str, Any] = {
                "subject": job, "at": line[0], "item": line[1], "events": (line[1],),
                "facts": {"source": source},
            }  # fmt: skip
            came = view.latest(RELATED_RECEIVED, source, line[0]) if source else None
            if came is None or not line[4]["identifiable_output"]:
                yield Judgement("not_applicable", **common)
            elif came.consent_confirmed:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "LINK_WITHOUT_CONSENT", **common)

    def fact(event: TransferPersonalRelated) -> Fact:
        return told(
            event, "related", "direction", "counterparty_id", "becomes_personal_data",
            "consent_confirmed", "confirm_method", "foreign_info_confirmed", "country",
            "record_id", "identification_banned",
        )  # fmt: skip

    def link(event: LinkExecuted) -> Fact:
        return told(event, "link", "behaviour_source", "identifiable_output")

    def itself(record: TransferRecordCreated, view: View) -> Iterable[str]:
        return (record.provision_id,)

    def jobs(came: TransferPersonalRelated, view: View) -> Iterable[str]:
        return [
            link.job_id
            for source in (came.counterparty_id, came.provision_id)
            for link in view.all(BEHAVIOUR_LINKS, source)
        ]

    by_provision = one_key("provision_id")

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (TransferPersonalRelated,),
            by_provision,
            fact,
            judge,
            span=moment,
            by={TransferPersonalRelated: "provision_id"},
            touches={TransferRecordCreated: itself},
            awaits=(TransferRecordCreated,),
        )

    return (
        case("consent", "NOT_CONFIRMED", consented),
        case("recorded", "NO_RECORD", recorded),
        Case(
            "linked",
            ("LINK_WITHOUT_CONSENT",),
            (LinkExecuted,),
            one_key("job_id"),
            link,
            linked,
            span=moment,
            by={LinkExecuted: "job_id"},
            touches={TransferPersonalRelated: jobs},
        ),
    )


def related(at: str = "2026-11-11 10:00:00", **given: Any) -> TransferPersonalRelated:
    return event(
        TransferPersonalRelated,
        at,
        **{
            "provision_id": "cookie-1",
            "direction": "provided",
            "counterparty_id": "ad-net",
            "becomes_personal_data": True,
            "consent_confirmed": True,
            "confirm_method": "statement of the recipient",
            "record_id": "rec-1",
            **given,
        },
    )


def record(at: str) -> TransferRecordCreated:
    return event(TransferRecordCreated, at, provision_id="cookie-1", record_id="rec-2")


def link(at: str = "2026-11-20 10:00:00", **given: Any) -> LinkExecuted:
    return event(
        LinkExecuted,
        at,
        **{
            "job_id": "job-1",
            "dataset_ids": ["ds-members"],
            "behaviour_source": "ad-net",
            "identifiable_output": True,
            **given,
        },
    )


CONTROL = Control(
    id="TRF-05",
    title=Text("個人関連情報の同意確認", "Personal-related information consent confirmed"),
    requirement=Text(
        "個人関連情報が提供先で個人データとなる場合、本人同意を確認し記録する。",
        "When cookies/affiliate data become PD at the recipient, the principal's consent is "
        "confirmed and recorded on both sides.",
    ),
    sources=sources(
        seeds="JUS-U3.0; JUS-U3.1",
        appi="Art.31; Art.30(3)",
        ppc_guideline="3-7 (Rule 26-29)",
        pms_guideline="J.8.8.4*",
    ),
    params=Limits(),
    codes={
        "NOT_CONFIRMED": Code(
            "high",
            Text(
                "提供先で個人データとなるのに、本人の同意（外国なら情報提供も）を確認していない。",
                "It becomes personal data, and the consent (abroad also the information given) "
                "was not confirmed.",
            ),
            Text(
                "{subject}：{counterparty} との個人関連情報の授受で同意を確認していない。",
                "{subject}: consent was not confirmed for what passed between us and "
                "{counterparty}.",
            ),
        ),
        "NO_RECORD": Code(
            "medium",
            Text(
                "record_days の終わりまでに確認の記録がない。",
                "No record of the confirmation by the end of record_days.",
            ),
            Text(
                "{subject}：{counterparty} との個人関連情報の授受の記録がない。",
                "{subject}: what passed between us and {counterparty} was not recorded.",
            ),
        ),
        "LINK_WITHOUT_CONSENT": Code(
            "high",
            Text(
                "同意を確認していない受領データを、本人が識別される形で突合した。",
                "Data received without a confirmed consent was linked to persons.",
            ),
            Text(
                "{subject}：同意を確認していない {source} のデータを本人と突合した。",
                "{subject}: data from {source} was linked to persons without consent.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("相手方、項目、方法", "Counterparty, items, method"),
    response=Text("提供を止める。", "Stop the feed."),
    false_positives=Text("集計した報告", "Aggregated reports"),
    examples=(
        breach(
            "NOT_CONFIRMED",
            "同意を確認しないクッキーの提供",
            "cookies without a confirmed consent",
            related(consent_confirmed=False),
            subject="cookie-1",
            severity="high",
        ),
        fine(
            "NOT_CONFIRMED",
            "同意を確認したクッキーの提供",
            "cookies with a confirmed consent",
            related(consent_confirmed=True),
        ),
        breach(
            "NOT_CONFIRMED",
            "確認の方法が記録されていない",
            "how it was confirmed is not on record",
            related(confirm_method=None),
        ),
        breach(
            "NOT_CONFIRMED",
            "外国の制度などの情報提供を確認していない",
            "abroad, and what was told of there is not confirmed",
            related(country="US", foreign_info_confirmed=None),
        ),
        fine(
            "NOT_CONFIRMED",
            "外国から受け取った",
            "received from abroad",
            related(country="US", direction="received"),
        ),
        fine(
            "NOT_CONFIRMED",
            "提供先で個人データにならない",
            "it becomes nobody's personal data",
            related(becomes_personal_data=False, consent_confirmed=False, record_id=None),
            until="2026-11-17T00:00:01+09:00",
        ),
        breach(
            "NO_RECORD",
            "六日目の最初の一秒の記録",
            "recorded in the first second of the sixth day",
            related(record_id=None),
            record("2026-11-17 00:00:01"),
            subject="cookie-1",
            severity="medium",
        ),
        fine(
            "NO_RECORD",
            "五日目の終わりの記録",
            "recorded at the end of the fifth day",
            related(record_id=None),
            record("2026-11-17 00:00:00"),
        ),
        breach(
            "LINK_WITHOUT_CONSENT",
            "同意のない受領データを会員と突合した",
            "received without consent, linked to members",
            related(direction="received", consent_confirmed=False),
            link(),
            subject="job-1",
            severity="high",
            also=("NOT_CONFIRMED",),
        ),
        fine(
            "LINK_WITHOUT_CONSENT",
            "識別されない形で突合した",
            "linked so that nobody is identified",
            related(direction="received", consent_confirmed=False),
            link(identifiable_output=False),
            also=("NOT_CONFIRMED",),
        ),
        fine(
            "LINK_WITHOUT_CONSENT",
            "その後に同意を確認した受領による突合",
            "linked after a later delivery with consent",
            related(direction="received", becomes_personal_data=False, consent_confirmed=False),
            related("2026-11-15 10:00:00", direction="received", provision_id="cookie-2"),
            link(),
        ),
    ),
)
