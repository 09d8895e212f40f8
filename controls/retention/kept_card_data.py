"""RET-02  クレジットカード情報の7年保存 — card data at most seven years."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from controls.books.access import active, by_dataset, by_grant, unrevoked
from controls.books.core import DATASETS
from controls.books.records import DATASET_RECORDS, DISPOSALS, HOLDS
from controls.calendar import add_months, day_end
from controls.deadlines import due_by
from controls.events import (
    AccessDatastoreQuery,
    AccessPrivilegeChanged,
    HoldChanged,
    RecordDisposed,
    RecordRetention,
    RegisterDataset,
)
from controls.examples import breach, event, fine
from controls.kernel import (
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
from controls.retention.record import by_record, fact, held, kept, released
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told

ENDS = ("contract_end", "purpose_end", "operations_end")
"""What the seven years run from: the latest of these."""


class Limits(Params):
    years: int = limit(7, "years", "保存してよい年数。", "Years for which card data may be kept.")
    leap: str = limit("29 Feb → 28 Feb", "", "うるう日の扱い。", "How the term of a leap day ends.")
    purposes: tuple[str, ...] = limit(
        ("payment", "payment_inquiry"), "", "決済の利用目的。", "Purposes of payment."
    )
    card_items: tuple[str, ...] = limit(
        ("holder_name", "number", "expiry"),
        "",
        "保存してよい項目（セキュリティコードは含まない）。",
        "Items that may be kept; the security code is none of them.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def last_day(begins: Iterable[date]) -> date | None:
        latest = max(begins, default=None)
        return None if latest is None else add_months(latest, 12 * limits.years)

    def overdue(record: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = kept(facts, "card")
        if not lines:
            return
        common: dict[str, Any] = {
            "subject": record, "item": "overdue", "events": (lines[0][1],),
        }  # fmt: skip
        last = last_day(
            date.fromisoformat(line[4]["on"]) for line in lines if line[4]["trigger"] in ENDS
        )
        gone = next(iter(standing(facts, "disposed")), None)
        if last is None or (gone is None and held(facts, view.now)):
            yield Judgement("not_applicable", at=lines[0][0], **common)
            return
        end = released(facts, day_end(last))
        common["facts"] = {"due": f"{last}"}
        done = None if gone is None else day_end(date.fromisoformat(gone[4]["on"]))
        yield due_by(end, done, "OVERDUE", view, begun=lines[0][0], **common)

    def kept_on(record: str, lines: Sequence[Any], at: int, view: View) -> bool:
        """The record was due before that moment, and is neither gone nor held back."""
        last = last_day(line.trigger_on for line in lines if line.trigger in ENDS)
        if last is None or at < day_end(last):
            return False
        hold = view.latest(HOLDS, record, at)
        gone = any(day_end(d.disposed_on) <= at for d in view.all(DISPOSALS, record))
        return not gone and (hold is None or hold.state == "released")

    def used(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        if query.operation not in ("read", "export"):
            return None
        records: dict[str, list[Any]] = {}
        for line in view.all(DATASET_RECORDS, query.dataset_id):
            if line.record_class == "card":
                records.setdefault(line.record_id, []).append(line)
        at = query.occurred_at
        if any(kept_on(record, lines, at, view) for record, lines in records.items()):
            subject = f"{query.dataset_id}|{query.event_id}"
            return Judgement("violation", "USED_AFTER", subject)
        return None

    def paid(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        if query.operation not in ("read", "export"):
            return None
        dataset = view.latest(DATASETS, query.dataset_id, query.occurred_at)
        if dataset is None:
            return Judgement("indeterminate", missing=(f"datasets {query.dataset_id}",))
        if dataset.dataset_class != "card":
            return NOT_APPLICABLE
        grants = active(unrevoked(query, view), query.occurred_at)
        granted = {code for grant in grants for code in grant.purpose_codes}
        named = {query.purpose_code} if query.purpose_code else granted
        if not named or named & set(limits.purposes):
            return PASS  # without any grant TEC-01 speaks
        return Judgement("violation", "PURPOSE", f"{query.dataset_id}|{query.event_id}")

    def listed(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts):
            if line[4]["dataset_class"] != "card":
                continue
            excess = sorted(set(line[4]["items"]) - set(limits.card_items))
            common: dict[str, Any] = {
                "subject": dataset, "item": line[1], "at": line[0], "events": (line[1],),
            }  # fmt: skip
            if excess:
                said = {"items": ", ".join(excess)}
                yield Judgement("violation", "FIELDS", facts=said, **common)
            else:
                yield Judgement("pass", **common)

    def since_due(line: RecordRetention) -> tuple[Look, ...]:
        if line.record_class != "card" or not line.dataset_id:
            return ()
        due = day_end(add_months(line.trigger_on, 12 * limits.years))
        return (Look(AccessDatastoreQuery, "dataset_id", line.dataset_id, due),)

    def since_gone(gone: RecordDisposed) -> tuple[Look, ...]:
        if gone.record_class != "card":
            return ()
        name = "dataset_id" if gone.dataset_id else None
        return (Look(AccessDatastoreQuery, name, gone.dataset_id or "", day_end(gone.disposed_on)),)

    def since_held(hold: HoldChanged) -> tuple[Look, ...]:
        return (Look(AccessDatastoreQuery, None, "", hold.occurred_at),)

    by = {AccessDatastoreQuery: "account_ref"}
    return (
        Case(
            "overdue",
            ("OVERDUE",),
            (RecordRetention, RecordDisposed, HoldChanged),
            by_record,
            fact,
            overdue,
            span=moment,
            by={RecordRetention: "record_id"},
            awaits=(RecordDisposed,),
        ),
        Each(
            "used",
            ("USED_AFTER",),
            (AccessDatastoreQuery,),
            used,
            by=by,
            revisits={
                RecordRetention: since_due,
                RecordDisposed: since_gone,
                HoldChanged: since_held,
            },
        ),
        Each(
            "purpose",
            ("PURPOSE",),
            (AccessDatastoreQuery,),
            paid,
            by=by,
            revisits={AccessPrivilegeChanged: by_grant, RegisterDataset: by_dataset},
        ),
        Case(
            "fields",
            ("FIELDS",),
            (RegisterDataset,),
            one_key("dataset_id"),
            lambda line: told(line, "line", "dataset_class", "items"),
            listed,
            span=moment,
            by={RegisterDataset: "dataset_id"},
        ),
    )


def retained(on: str = "2019-11-10", **given: Any) -> RecordRetention:
    said = {
        "record_id": "card-2019-11", "record_class": "card", "dataset_id": "ds-cards",
        "trigger": "contract_end", "trigger_on": on, "count": 40, **given,
    }  # fmt: skip
    return event(RecordRetention, f"{on} 18:00:00", **said)


def disposed(on: str) -> RecordDisposed:
    return event(
        RecordDisposed, "2026-11-12 09:00:00", record_id="card-2019-11", record_class="card",
        disposed_on=on, dataset_id="ds-cards",
    )  # fmt: skip


def hold(at: str, state: str) -> HoldChanged:
    return event(HoldChanged, at, record_id="card-2019-11", state=state)


def dataset(**given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-cards", "dataset_class": "card", **given}
    return event(RegisterDataset, "2019-04-01 09:00:00", **said)


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "account_ref": "acct-sato", "dataset_id": "ds-cards", **given}
    return event(AccessDatastoreQuery, at, **said)


def grant(*purposes: str) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, "2019-04-02 09:00:00", account_ref="acct-sato", owner_ref="sato",
        dataset_id="ds-cards", role="cashier", purpose_codes=list(purposes),
    )  # fmt: skip


ITEMS = ["holder_name", "number", "expiry"]

CONTROL = Control(
    id="RET-02",
    title=Text("クレジットカード情報の7年保存", "Card data at most seven years"),
    requirement=Text(
        "カード情報は契約・目的終了及び関連業務終了から7年で消去する。",
        "Card data is removed within seven years from the later of contract/purpose end and end "
        "of related operations.",
    ),
    sources=sources(seeds="JUS-U5.4", appi="Art.22", ppc_guideline="3-4-1", pms_guideline="J.9.1"),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "high",
            Text(
                "契約・目的・関連業務の遅い終了から years 年の日までに消去していない。",
                "Not disposed of by the end of the day years after the latest end.",
            ),
            Text(
                "{subject}：{due} までに消去していない。",
                "{subject}: not disposed of by {due}.",
            ),
        ),
        "USED_AFTER": Code(
            "critical",
            Text(
                "消去すべき日の後に閲覧・出力した。",
                "Read or exported after the day by which it was to be gone.",
            ),
            Text(
                "{subject}：保存期間を過ぎたカード情報を利用した。",
                "{subject}: card data was used after its term.",
            ),
        ),
        "PURPOSE": Code(
            "high",
            Text("決済以外の目的で閲覧・出力した。", "Read or exported for something but payment."),
            Text(
                "{subject}：カード情報を決済以外に利用した。",
                "{subject}: card data was used for something but payment.",
            ),
        ),
        "FIELDS": Code(
            "critical",
            Text(
                "card_items にない項目（セキュリティコード等）を保存している。",
                "Items that are none of card_items, such as the security code.",
            ),
            Text(
                "{subject}：保存してはならない項目（{items}）。",
                "{subject}: keeps what may not be kept ({items}).",
            ),
        ),
    },
    checks=checks,
    evidence=Text("期限の月ごとの件数、消去の記録", "Count by due month, disposal log"),
    response=Text("消去する。", "Delete."),
    false_positives=Text(
        "トークンだけの記録はカード情報ではない。", "Token-only records are not card data."
    ),
    examples=(
        breach(
            "OVERDUE",
            "七年目の翌日の消去",
            "disposed of on the day after",
            retained(),
            disposed("2026-11-11"),
            subject="card-2019-11",
            severity="high",
        ),
        fine(
            "OVERDUE",
            "七年目の日の消去",
            "disposed of on the day itself",
            retained(),
            disposed("2026-11-10"),
        ),
        breach(
            "OVERDUE",
            "うるう日から七年",
            "a term of a leap day ends on 28 February",
            retained("2020-02-29"),
            until="2027-03-01T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "その日の終わりまで",
            "until the end of that day",
            retained("2020-02-29"),
            until="2027-03-01T00:00:00+09:00",
        ),
        fine(
            "OVERDUE",
            "関連業務が後に終わった",
            "the operations ended later",
            retained(),
            retained("2020-11-10", trigger="operations_end"),
            until="2026-11-11T00:00:01+09:00",
        ),
        fine(
            "OVERDUE",
            "訴訟のための保全",
            "held back for a lawsuit",
            retained(),
            hold("2026-01-10 10:00:00", "placed"),
            until="2026-11-11T00:00:01+09:00",
        ),
        breach(
            "USED_AFTER",
            "期限の翌日の閲覧",
            "read in the first second after its term",
            dataset(items=ITEMS),
            retained(),
            grant("payment"),
            query("2026-11-11 00:00:00"),
            disposed("2026-11-11"),
            also=("OVERDUE",),
            severity="critical",
        ),
        fine(
            "USED_AFTER",
            "期限の日の閲覧",
            "read in its last second",
            dataset(items=ITEMS),
            retained(),
            grant("payment"),
            query("2026-11-10 23:59:59"),
            disposed("2026-11-11"),
            also=("OVERDUE",),
        ),
        breach(
            "PURPOSE",
            "販売促進のための閲覧",
            "read for marketing",
            dataset(items=ITEMS),
            grant("payment"),
            query("2026-11-11 10:00:00", purpose_code="marketing"),
            severity="high",
        ),
        fine(
            "PURPOSE",
            "決済のための閲覧",
            "read for payment",
            dataset(items=ITEMS),
            grant("payment"),
            query("2026-11-11 10:00:00", purpose_code="payment"),
        ),
        breach(
            "PURPOSE",
            "決済のためでない権限",
            "no purpose named, under a grant for marketing",
            dataset(items=ITEMS),
            grant("marketing"),
            query("2026-11-11 10:00:00"),
        ),
        breach(
            "FIELDS",
            "セキュリティコードの保存",
            "the security code is kept",
            dataset(items=[*ITEMS, "security_code"]),
            subject="ds-cards",
            severity="critical",
        ),
        fine("FIELDS", "保存してよい項目", "what may be kept", dataset(items=ITEMS)),
    ),
)
