"""TRF-03  第三者提供を受ける際の確認・記録 — who gave it and how they got it is checked first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.transfers import DATASET_LINKS, DATASET_PROVISIONS, PROVISION_RECORDS, RECEIPTS
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import (
    AccessDatastoreQuery,
    DataAcquired,
    LinkExecuted,
    MarketingSent,
    TransferProvided,
    TransferReceiptChecked,
    TransferRecordCreated,
)
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.provision.acquired import acquired, came, from_others, merged, packed, subject
from controls.registers import View
from controls.shapes import Case, Check, Fact, Look, gathered_only, moment, one_key


class Limits(Params):
    record_days: int = limit(
        5, "d", "取得から記録までの日数。", "Days from the acquisition to its record."
    )
    items: tuple[str, ...] = limit(
        (
            "recipient_name", "recipient_address", "principal_id", "data_items",
            "acquisition_history",
        ),
        "items",
        "受領の記録に必ず含める事項。",
        "Items that every record of a receipt must contain.",
    )  # fmt: skip


APART = ("entrusted", "joint_use", "succession", "art27_1", "public_body")
"""What came on these grounds came from no third party, or needs no check (Rule 22)."""


def checks(limits: Limits) -> tuple[Check, ...]:
    wanted = set(limits.items)

    def receipts(way: dict[str, Any], view: View) -> list[TransferReceiptChecked]:
        """The checks of a provision; without its id those of the provider's data."""
        return view.all(RECEIPTS, subject(way))

    def sound(receipt: TransferReceiptChecked) -> bool:
        return receipt.provider_name_checked and receipt.acquisition_history_checked

    def uses(dataset: str, facts: Sequence[Fact], view: View) -> list[tuple[int, str]]:
        """When the dataset was exported, linked or provided, oldest first."""
        told_of = [
            *view.all(DATASET_LINKS, dataset),
            *(p for p in view.all(DATASET_PROVISIONS, dataset) if isinstance(p, TransferProvided)),
        ]
        return sorted(
            [
                *((f[0], f[1]) for f in facts if f[3] == "exported"),
                *((e.occurred_at, e.event_id) for e in told_of),
            ]
        )

    def misused(
        way: dict[str, Any], since: int, uses: Sequence[tuple[int, str]], view: View
    ) -> tuple[int, str] | None:
        """The first use after it came in for which its history was known to be unchecked."""
        made = receipts(way, view)
        for at, event_id in uses:
            known = [r for r in made if r.occurred_at <= at]
            if at > since and known and not known[-1].acquisition_history_checked:
                return at, event_id
        return None

    def lines(facts: Sequence[Fact]) -> Iterator[tuple[Fact, dict[str, Any], dict[str, Any]]]:
        for line in facts:
            way = line[4]
            if line[3] == "acquired" and way["basis"] not in APART:
                yield line, way, {
                    "subject": subject(way), "item": "|".join(way.values()),
                    "facts": {"dataset": way["dataset"], "provider": way["source"]},
                }  # fmt: skip

    def checked(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        used = uses(dataset, facts, view)
        for line, way, common in lines(facts):
            at, made = line[0], receipts(way, view)
            before = [r for r in made if r.occurred_at <= at]
            misuse = misused(way, at, used, view)
            if misuse is not None:
                yield illegal(misuse, common)
            elif before and sound(before[-1]):
                yield Judgement("pass", at=at, events=(line[1],), **common)
            else:
                later = any(sound(r) for r in made if r.occurred_at > at)
                yield Judgement(
                    "violation", "NOT_CHECKED", at=at, events=(line[1],), closed=later, **common
                )

    def illegal(misuse: tuple[int, str], common: dict[str, Any]) -> Judgement:
        at, event_id = misuse
        return Judgement("violation", "ILLEGAL_HISTORY", at=at, events=(event_id,), **common)

    def recorded(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, way, common in lines(facts):
            known = [r.provision_id for r in receipts(way, view)]
            named = [way["provision"]] if way["provision"] else known
            done = [
                r.occurred_at
                for provision in named
                for r in view.all(PROVISION_RECORDS, provision)
                if r.side == "recipient" and wanted <= set(r.items_present)
            ]
            end = day_end(jst_day(line[0]) + timedelta(days=limits.record_days))
            yield due_by(
                end, min(done, default=None), "NO_RECORD", view, begun=line[0],
                events=(line[1],), **common,
            )  # fmt: skip

    def marketed(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line, way, common in lines(facts):
            sent = [
                (f[0], f[1]) for f in facts if f[3] == "sent" and f[4]["dataset"] == way["dataset"]
            ]
            misuse = misused(way, line[0], sent, view)
            if misuse is not None:
                yield illegal(misuse, common)

    def used(what: str, event: Any) -> Fact:
        return [event.occurred_at, event.event_id, "", what, {"dataset": event.dataset_id}]

    def by_dataset(events: Sequence[Any]) -> dict[str, list[Fact]]:
        exports = (
            e for e in events if isinstance(e, AccessDatastoreQuery) and e.operation == "export"
        )
        return packed(
            [
                *((e.dataset_id, acquired(e)) for e in from_others(events)),
                *((e.dataset_id, used("exported", e)) for e in exports),
            ]
        )

    def by_way(events: Sequence[Any]) -> dict[str, list[Fact]]:
        return packed((subject(came(e)), acquired(e)) for e in from_others(events))

    def by_principal(events: Sequence[Any]) -> dict[str, list[Fact]]:
        sent = (e for e in events if isinstance(e, MarketingSent))
        return packed(
            [
                *((e.principal_ref, acquired(e)) for e in from_others(events)),
                *((e.principal_ref, used("sent", e)) for e in sent),
            ]
        )

    def of_receipt(receipt: TransferReceiptChecked, view: View) -> Iterable[str]:
        return (receipt.dataset_id,)

    def ways(receipt: TransferReceiptChecked, view: View) -> Iterable[str]:
        return receipt.provision_id, f"{receipt.dataset_id}|{receipt.provider_id}"

    def recorded_ways(record: TransferRecordCreated, view: View) -> Iterable[str]:
        made = view.all(RECEIPTS, record.provision_id)
        return [record.provision_id, *(way for receipt in made for way in ways(receipt, view))]

    def used_in(event: Any, view: View) -> Iterable[str]:
        return event.dataset_ids if isinstance(event, LinkExecuted) else (event.dataset_id,)

    def acquisitions(receipt: TransferReceiptChecked) -> tuple[Look, ...]:
        return (
            Look(DataAcquired, "provision_id", receipt.provision_id, 0),
            Look(DataAcquired, "source_id_ext", receipt.provider_id, 0),
        )

    return (
        Case(
            "checked",
            ("ILLEGAL_HISTORY", "NOT_CHECKED"),
            (DataAcquired, AccessDatastoreQuery),
            one_key("dataset_id"),
            gathered_only,
            checked,
            across=True,
            gather=by_dataset,
            merge=merged,
            touches={
                TransferReceiptChecked: of_receipt,
                LinkExecuted: used_in,
                TransferProvided: used_in,
            },
        ),
        Case(
            "recorded",
            ("NO_RECORD",),
            (DataAcquired,),
            one_key("provision_id"),
            gathered_only,
            recorded,
            across=True,
            gather=by_way,
            merge=merged,
            touches={TransferReceiptChecked: ways, TransferRecordCreated: recorded_ways},
        ),
        Case(
            "marketed",
            ("ILLEGAL_HISTORY",),
            (DataAcquired, MarketingSent),
            one_key("principal_ref"),
            gathered_only,
            marketed,
            span=moment,
            gather=by_principal,
            merge=merged,
            by={DataAcquired: "principal_ref"},
            revisits={TransferReceiptChecked: acquisitions},
        ),
    )


def bought(at: str = "2026-11-11 10:00:00", **given: Any) -> DataAcquired:
    return event(
        DataAcquired,
        at,
        **{
            "principal_ref": "lead-1",
            "dataset_id": "ds-leads",
            "channel": "third_party",
            "provision_id": "in-1",
            "source_id_ext": "prv-lists",
            **given,
        },
    )


def receipt(at: str = "2026-11-10 10:00:00", **given: Any) -> TransferReceiptChecked:
    return event(
        TransferReceiptChecked,
        at,
        **{
            "provision_id": "in-1",
            "dataset_id": "ds-leads",
            "provider_id": "prv-lists",
            "provider_name_checked": True,
            "acquisition_history_checked": True,
            **given,
        },
    )


ALL = (
    "recipient_name", "recipient_address", "principal_id", "data_items", "acquisition_history",
)  # fmt: skip


def record(at: str = "2026-11-12 10:00:00", **given: Any) -> TransferRecordCreated:
    return event(
        TransferRecordCreated,
        at,
        **{
            "provision_id": "in-1",
            "record_id": "rec-1",
            "side": "recipient",
            "items_present": list(ALL),
            **given,
        },
    )


def export(at: str = "2026-11-20 10:00:00") -> AccessDatastoreQuery:
    return event(AccessDatastoreQuery, at, dataset_id="ds-leads", operation="export", rows=10)


UNCHECKED = receipt(acquisition_history_checked=False)

CONTROL = Control(
    id="TRF-03",
    title=Text("第三者提供を受ける際の確認・記録", "Receipt checked and recorded"),
    requirement=Text(
        "提供元と取得経緯を確認・記録し、自社の利用目的を通知・公表する。",
        "Before taking PD from a third party its identity and acquisition history are checked and "
        "recorded; own purpose is told.",
    ),
    sources=sources(
        seeds="PYX-1.c; JUS-U2.4",
        appi="Art.30; Art.21",
        ppc_guideline="3-6-6 (Rule 22-24)",
        pms_guideline="J.8.8.3*; J.8.4",
    ),
    params=Limits(),
    codes={
        "NOT_CHECKED": Code(
            "high",
            Text(
                "取得の時までに提供元の氏名・取得の経緯を確認していない。",
                "Provider or history of acquisition were not checked at or before the acquisition.",
            ),
            Text(
                "{subject}：{provider} からの取得（{dataset}）を確認していない。",
                "{subject}: what came from {provider} into {dataset} was not checked.",
            ),
        ),
        "NO_RECORD": Code(
            "high",
            Text(
                "record_days の終わりまでに、事項を備えた受領の記録がない。",
                "No record of the receipt with all items by the end of record_days.",
            ),
            Text(
                "{subject}：{provider} からの受領（{dataset}）の記録がない。",
                "{subject}: no record of what came from {provider} into {dataset}.",
            ),
        ),
        "ILLEGAL_HISTORY": Code(
            "critical",
            Text(
                "取得の経緯を確認できないデータを出力・突合・提供し、又は販促に使った。",
                "Data whose history was not checked was exported, linked, provided or used for "
                "marketing.",
            ),
            Text(
                "{subject}：取得の経緯を確認していないデータ（{dataset}）を利用した。",
                "{subject}: data of unchecked history in {dataset} was used.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("提供元、経緯を示す文書、日付", "Provider, history document, date"),
    response=Text("名簿を隔離する。", "Quarantine the list."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NOT_CHECKED",
            "確認の一秒前の取得",
            "acquired one second before the check",
            receipt("2026-11-11 10:00:01"),
            bought(),
            record(),
            subject="in-1",
            severity="high",
        ),
        fine(
            "NOT_CHECKED",
            "確認と同時の取得",
            "acquired at that very moment",
            receipt("2026-11-11 10:00:00"),
            bought(),
            record(),
        ),
        breach(
            "NOT_CHECKED",
            "提供元の氏名を確認していない",
            "the provider's name was not checked",
            receipt(provider_name_checked=False),
            bought(),
            record(),
        ),
        fine(
            "NOT_CHECKED",
            "委託元から預かったデータ",
            "entrusted by a client",
            bought(acquired_basis="entrusted"),
        ),
        fine(
            "NOT_CHECKED",
            "提供番号のない取得（提供元による）",
            "without a provision id, found by its provider",
            receipt(),
            bought(provision_id=None),
            record(),
        ),
        breach(
            "NO_RECORD",
            "六日目の最初の一秒の記録",
            "recorded in the first second of the sixth day",
            receipt(),
            bought(),
            record("2026-11-17 00:00:01"),
            subject="in-1",
            severity="high",
        ),
        fine(
            "NO_RECORD",
            "五日目の終わりの記録",
            "recorded at the end of the fifth day",
            receipt(),
            bought(),
            record("2026-11-17 00:00:00"),
        ),
        breach(
            "NO_RECORD",
            "取得の経緯がない記録",
            "the record lacks the history",
            receipt(),
            bought(),
            record(items_present=list(ALL[:-1])),
            until="2026-11-17T00:00:01+09:00",
        ),
        breach(
            "ILLEGAL_HISTORY",
            "経緯の知れない名簿を出力した",
            "a list of unknown history was exported",
            UNCHECKED,
            bought(),
            record(),
            export(),
            subject="in-1",
            severity="critical",
        ),
        fine(
            "ILLEGAL_HISTORY",
            "経緯を確認した名簿を出力した",
            "a list of checked history was exported",
            receipt(),
            bought(),
            record(),
            export(),
        ),
        breach(
            "NOT_CHECKED",
            "経緯の知れない名簿を取得より前に出力した",
            "the export was before it came in",
            UNCHECKED,
            bought(),
            record(),
            export("2026-11-11 10:00:00"),
        ),
        breach(
            "ILLEGAL_HISTORY",
            "経緯の知れない名簿を提供した",
            "a list of unknown history was passed on",
            UNCHECKED,
            bought(),
            record(),
            event(TransferProvided, "2026-11-20 10:00:00", dataset_id="ds-leads"),
        ),
        breach(
            "ILLEGAL_HISTORY",
            "経緯の知れない本人へ販促した",
            "marketing to a principal of unknown history",
            UNCHECKED,
            bought(),
            record(),
            event(
                MarketingSent,
                "2026-11-20 10:00:00",
                principal_ref="lead-1",
                dataset_id="ds-leads",
            ),
            also=("NOT_CHECKED",),
        ),
    ),
)
