"""TRF-02  第三者提供記録の作成 — every provision has its record, with all items and in time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.core import PROVISIONS, RECIPIENTS
from controls.books.transfers import (
    ART27_1,
    BATCH_RECORDS,
    EQUIVALENT,
    PROVISION_RECORDS,
    RECIPIENT_PROVISIONS,
    carries,
    country,
    last_check,
)
from controls.calendar import day_end, day_start, jst_day
from controls.deadlines import due_by
from controls.events import (
    ForeignRecipientChecked,
    RecipientRegistered,
    TransferProvided,
    TransferRecordCreated,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    record_days: int = limit(
        5, "d", "提供から記録までの日数。", "Days from a provision to its record."
    )
    items: tuple[str, ...] = limit(
        (
            "recipient_name", "recipient_address", "recipient_representative", "principal_id",
            "data_items",
        ),
        "items",
        "記録に必ず含める事項。",
        "Items that every record must contain.",
    )  # fmt: skip
    date_always: bool = limit(
        True,
        "",
        "提供年月日を根拠にかかわらず記録する（プライバシーマークの運用）。",
        "The date is recorded whatever the ground (PrivacyMark practice).",
    )
    batch_days: int = limit(
        31,
        "d",
        "継続的提供の一括記録の間隔。",
        "Days between two batch records of a continuous provision.",
    )


DOMESTIC = ("entrustment", "succession", "joint_use")
"""Grounds that within Japan make no third party (Art. 27(5))."""


def exempt(provision: TransferProvided, view: View) -> bool:
    """Art. 29 does not apply."""
    entity = view.latest(RECIPIENTS, provision.recipient_id, provision.occurred_at)
    public = entity is not None and (entity.kind == "public_body" or bool(entity.own_entity))
    if provision.recipient_kind in ("public_body", "principal") or public:
        return True
    if provision.basis in ART27_1:
        return True
    return provision.basis in DOMESTIC and as_domestic(provision, view)


def as_domestic(provision: TransferProvided, view: View) -> bool:
    """In Japan, or abroad where Art. 28(1) does not apply."""
    if provision.recipient_country == "JP" or provision.xborder_basis == "art27_1":
        return True
    if provision.xborder_basis == "equiv_country":
        return country(provision, view) in EQUIVALENT
    if provision.xborder_basis == "equiv_system":
        return carries(last_check(provision, view), provision)
    return False


def of_provider(provision_id: str, view: View) -> list[TransferRecordCreated]:
    return [r for r in view.all(PROVISION_RECORDS, provision_id) if r.side == "provider"]


def same_pair(one: Any, other: TransferProvided) -> bool:
    """Both are provisions of the same dataset to the same recipient."""
    return isinstance(one, TransferProvided) and (one.recipient_id, one.dataset_id) == (
        other.recipient_id,
        other.dataset_id,
    )


def reach(batch: TransferRecordCreated, of: TransferProvided) -> tuple[date, date]:
    """The days that a batch record covers."""
    last = batch.last_provided_on or jst_day(batch.occurred_at)
    return batch.period_from or jst_day(of.occurred_at), last


def checks(limits: Limits) -> tuple[Check, ...]:
    days = timedelta(days=limits.record_days)

    def batches(
        provision: TransferProvided, view: View
    ) -> list[tuple[TransferRecordCreated, date, date]]:
        """The batch records of the pair, where the provision may be covered by one."""
        if not provision.recurring or provision.basis == "opt_out":
            return []
        return [
            (record, *reach(record, named))
            for record in view.all(BATCH_RECORDS, "")
            for named in view.all(PROVISIONS, record.provision_id)
            if same_pair(named, provision)
        ]

    def records(
        provision: TransferProvided, view: View
    ) -> tuple[list[tuple[TransferRecordCreated, bool]], int]:
        """The provision's records, each with whether it came in time; and until when one may."""
        day = jst_day(provision.occurred_at)
        several = batches(provision, view)
        before = [last for _, _, last in several if last < day]
        due = day + days
        if before:
            due = max(due, max(before) + timedelta(days=limits.batch_days))
        found = {
            record.event_id: (record, record.occurred_at <= day_end(due))
            for record in of_provider(provision.provision_id, view)
        }
        for record, first, last in several:
            if first <= day <= last:
                by = max(day_end(last + days), day_end(due))
                found[record.event_id] = record, record.occurred_at <= by
        ordered = sorted(found.values(), key=lambda f: (f[0].occurred_at, f[0].event_id))
        return ordered, day_end(due)

    def lines(
        facts: Sequence[Fact], view: View
    ) -> Iterator[tuple[TransferProvided, dict[str, Any]]]:
        for line in standing(facts):
            provision = view.event(line[1])
            if provision is not None:
                yield provision, {
                    "subject": provision.provision_id, "item": line[1], "events": (line[1],),
                    "facts": {"recipient": provision.recipient_id},
                }  # fmt: skip

    def recorded(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in lines(facts, view):
            if exempt(provision, view):
                proven = provision.basis in DOMESTIC and provision.recipient_country != "JP"
                verdict: Any = "pass" if proven else "not_applicable"
                yield Judgement(verdict, at=provision.occurred_at, **common)
                continue
            found, end = records(provision, view)
            if any(in_time for _, in_time in found):
                yield Judgement("pass", at=provision.occurred_at, **common)
            elif found:
                first = found[0][0]
                common["facts"] |= {"recorded_on": f"{jst_day(first.occurred_at)}"}
                yield Judgement("violation", "LATE", at=first.occurred_at, **common)
            else:
                yield due_by(end, None, "NO_RECORD", view, begun=provision.occurred_at, **common)

    def complete(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for provision, common in lines(facts, view):
            if exempt(provision, view):
                continue
            found, _ = records(provision, view)
            short = [sorted(needed(provision) - set(record.items_present)) for record, _ in found]
            if not found or any(not s and t for s, (_, t) in zip(short, found, strict=True)):
                continue
            at = found[0][0].occurred_at
            if short[0]:
                common["facts"] |= {"missing_items": ", ".join(short[0])}
                yield Judgement(
                    "violation", "ITEMS_MISSING", at=at, closed=not all(short), **common
                )

    def needed(provision: TransferProvided) -> set[str]:
        items = set(limits.items)
        if "consent" in (provision.basis, provision.xborder_basis):
            items.add("consent_fact")
        if limits.date_always or provision.basis == "opt_out":
            items.add("date")
        return items

    def fact(event: TransferProvided) -> Fact:
        return told(event, "provision")

    def of_record(record: TransferRecordCreated, view: View) -> Iterable[str]:
        yield record.provision_id
        for named in view.all(PROVISIONS, record.provision_id) if record.method == "batch" else ():
            if isinstance(named, TransferProvided):
                yield from within(record, named, view)

    def of_pair(provision: TransferProvided, view: View) -> Iterable[str]:
        """Others that a batch record covers, once it is known whose it is."""
        for record in of_provider(provision.provision_id, view):
            if record.method == "batch":
                yield from within(record, provision, view)

    def within(record: TransferRecordCreated, named: TransferProvided, view: View) -> Iterator[str]:
        """The provisions that a batch record covers, or that wait for the next one after it."""
        first, last = reach(record, named)
        end = day_end(last + timedelta(days=limits.batch_days))
        for other in view.entries(RECIPIENT_PROVISIONS, named.recipient_id, end):
            if other.occurred_at >= day_start(first) and same_pair(other, named):
                yield other.provision_id

    def to_recipient(event: Any, view: View) -> Iterable[str]:
        given = view.all(RECIPIENT_PROVISIONS, event.recipient_id)
        return [p.provision_id for p in given if isinstance(p, TransferProvided)]

    def case(name: str, codes: tuple[str, ...], judge: Any) -> Case:
        return Case(
            name,
            codes,
            (TransferProvided,),
            one_provision,
            fact,
            judge,
            span=moment,
            by={TransferProvided: "provision_id"},
            touches={
                TransferRecordCreated: of_record,
                TransferProvided: of_pair,
                RecipientRegistered: to_recipient,
                ForeignRecipientChecked: to_recipient,
            },
            awaits=(TransferRecordCreated,),
        )

    one_provision = one_key("provision_id")
    return (
        case("recorded", ("NO_RECORD", "LATE"), recorded),
        case("complete", ("ITEMS_MISSING",), complete),
    )


def provided(at: str = "2026-11-11 10:00:00", **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "dataset_id": "ds-members",
            "recipient_id": "rcp-partner",
            "recipient_kind": "third_party",
            "basis": "consent",
            "xborder_basis": "na",
            **given,
        },
    )


ALL = (
    "date", "recipient_name", "recipient_address", "recipient_representative", "principal_id",
    "data_items", "consent_fact",
)  # fmt: skip


def record(at: str = "2026-11-12 10:00:00", **given: Any) -> TransferRecordCreated:
    return event(
        TransferRecordCreated,
        at,
        **{
            "provision_id": "prov-1",
            "record_id": "rec-1",
            "side": "provider",
            "method": "each",
            "items_present": list(ALL),
            **given,
        },
    )


def batch(at: str, first: str, last: str, **given: Any) -> TransferRecordCreated:
    return record(at, method="batch", period_from=first, last_provided_on=last, **given)


DUE = "2026-11-17T00:00:01+09:00"

CONTROL = Control(
    id="TRF-02",
    title=Text("第三者提供記録の作成", "Provision record made with all items"),
    requirement=Text(
        "規則20条の事項を満たす提供記録を都度速やかに作成する。",
        "Each Art. 27(1)/28(1)/opt-out provision has a record with the Rule 20 items made "
        "promptly.",
    ),
    sources=sources(
        seeds="PER-2-1.a; PER-2-1.b; PER-2-1.c; PER-2-1.d; PER-2-1.e; PIC-T2; PIC-T3",
        appi="Art.29",
        ppc_guideline="3-6-5 (Rule 19, 20)",
        pms_guideline="J.8.8.2*",
    ),
    params=Limits(),
    codes={
        "NO_RECORD": Code(
            "high",
            Text("期限までに提供の記録がない。", "No record of the provision by its due day."),
            Text(
                "{subject}：{recipient} への提供の記録がない。",
                "{subject}: no record of the provision to {recipient}.",
            ),
        ),
        "LATE": Code(
            "low",
            Text("最初の記録が期限の後である。", "The first record came after the due day."),
            Text(
                "{subject}：{recipient} への提供の記録が遅れた（{recorded_on}）。",
                "{subject}: the provision to {recipient} was recorded late, on {recorded_on}.",
            ),
        ),
        "ITEMS_MISSING": Code(
            "medium",
            Text("記録に必要な事項が欠けている。", "The record lacks items that it must have."),
            Text(
                "{subject}：提供の記録に {missing_items} がない。",
                "{subject}: the record of the provision lacks {missing_items}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("提供、記録、事項の対照", "Ledger: provision × record × items"),
    response=Text("元の資料から記録を作る。", "Create the record from its source."),
    false_positives=Text(
        "継続的提供の一括記録（オプトアウトを除き可）：期間の初めと終わり。",
        "Batch records for continuous provision (allowed except opt-out): period start/end.",
    ),
    examples=(
        breach(
            "NO_RECORD",
            "受領側の記録しかない",
            "only the recipient's side was recorded",
            provided(),
            record(side="recipient"),
            subject="prov-1",
            severity="high",
            until=DUE,
        ),
        fine(
            "NO_RECORD",
            "提供の翌日の記録",
            "recorded on the next day",
            provided(),
            record(side="provider"),
            until=DUE,
        ),
        fine(
            "NO_RECORD",
            "五日目の終わり",
            "at the end of the fifth day",
            provided(),
            until="2026-11-17T00:00:00+09:00",
        ),
        fine(
            "NO_RECORD",
            "国内の委託",
            "entrusted within Japan",
            provided(basis="entrustment"),
            until=DUE,
        ),
        breach(
            "NO_RECORD",
            "体制の確認がない外国への委託",
            "entrusted abroad, the system unchecked",
            provided(basis="entrustment", recipient_country="US", xborder_basis="equiv_system"),
            until=DUE,
        ),
        fine(
            "NO_RECORD",
            "体制を確認した外国への委託",
            "entrusted abroad, the system checked",
            event(
                ForeignRecipientChecked,
                "2026-10-01 10:00:00",
                recipient_id="rcp-partner",
                country="US",
                measures_ok=True,
                next_due="2027-10-01",
            ),
            provided(basis="entrustment", recipient_country="US", xborder_basis="equiv_system"),
            until=DUE,
        ),
        fine(
            "NO_RECORD",
            "継続的提供を一括して記録した",
            "a continuous provision, recorded in a batch",
            provided("2026-11-01 10:00:00", recurring=True),
            provided("2026-11-11 10:00:00", recurring=True, provision_id="prov-2"),
            provided("2026-11-28 10:00:00", recurring=True, provision_id="prov-3"),
            batch("2026-11-06 10:00:00", "2026-11-01", "2026-11-06"),
            batch("2026-12-05 10:00:00", "2026-11-07", "2026-11-30", record_id="rec-2"),
            until="2026-12-20T00:00:00+09:00",
        ),
        breach(
            "NO_RECORD",
            "一括記録の期間の翌日の提供",
            "on the day after the batch, and no other follows",
            provided("2026-11-01 10:00:00", recurring=True),
            provided("2026-11-07 10:00:00", recurring=True, provision_id="prov-2"),
            batch("2026-11-06 10:00:00", "2026-11-01", "2026-11-06"),
            subject="prov-2",
            until="2026-12-08T00:00:01+09:00",
        ),
        breach(
            "LATE",
            "六日目の最初の一秒の記録",
            "recorded in the first second of the sixth day",
            provided(),
            record("2026-11-17 00:00:01"),
            subject="prov-1",
            severity="low",
        ),
        fine(
            "LATE",
            "五日目の終わりの記録",
            "recorded at the end of the fifth day",
            provided(),
            record("2026-11-17 00:00:00"),
        ),
        breach(
            "ITEMS_MISSING",
            "同意の事実がない記録",
            "the record is silent on the consent",
            provided(),
            record(items_present=list(ALL[:-1])),
            subject="prov-1",
            severity="medium",
        ),
        fine(
            "ITEMS_MISSING",
            "すべての事項がある記録",
            "the record has all items",
            provided(),
            record(items_present=list(ALL)),
        ),
        fine(
            "ITEMS_MISSING",
            "オプトアウトによる提供に同意の事実は要らない",
            "by opt-out there is no consent to record",
            provided(basis="opt_out"),
            record(items_present=list(ALL[:-1])),
        ),
    ),
)
