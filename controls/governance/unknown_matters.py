"""GOV-07  保有個人データに関する事項の周知 — the matters of Art. 32 are there for principals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import Any

from controls.books.core import DATASET_NOTICES, DATASETS, NOTICES
from controls.books.duties import GENERAL_NOTICES, POLICIES
from controls.books.rights import CHARGEABLE, DUE_FEES, FEE, REQUESTS
from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round
from controls.events import (
    PmsActivity,
    PolicyChanged,
    PurposePublished,
    RegisterDataset,
    RequestFee,
    RequestReceived,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told

ITEMS = (
    "name",
    "address",
    "representative",
    "all_purposes",
    "procedure",
    "fee",
    "security_measures",
    "complaint_contact",
    "authorized_org_or_none",
)


class Limits(Params):
    items: tuple[str, ...] = limit(
        ITEMS, "", "知り得る状態に置く事項（法 32 条）。", "The matters of Art. 32."
    )
    months: int = limit(12, "months", "見直しの間隔。", "Months between two reviews.")
    exempt_purpose_codes: tuple[str, ...] = limit(
        (), "", "公表を要しない利用目的（法 21 条 4 項）。", "Purposes exempt by Art. 21(4)."
    )


def public(change: Any) -> Fact:
    if isinstance(change, PolicyChanged):
        fact = told(change, change.step, "policy_id", "required_items")
        return fact
    fact = told(change, "notice", "notice_id", "items_present")
    fact[0] = max(change.occurred_at, change.effective_from)
    return fact


def in_force(at: int, view: View) -> list[PolicyChanged]:
    """The published version of every policy at that moment (ms)."""
    found = []
    for name in view.keys(POLICIES):
        changes = [p for p in view.entries(POLICIES, name, at) if p.step != "approved"]
        if changes and changes[-1].step == "published":
            found.append(changes[-1])
    return found


def notices(dataset: str, at: int, view: View) -> list[PurposePublished]:
    """The notices in force at that moment (ms) that speak of a dataset, or of all."""
    names = {
        notice.notice_id
        for notice in (
            *view.entries(DATASET_NOTICES, dataset, at), *view.entries(GENERAL_NOTICES, "all", at)
        )
    }  # fmt: skip
    latest = (view.latest(NOTICES, name, at) for name in names)
    return [
        n
        for n in latest
        if n is not None and n.occurred_at <= at and (not n.dataset_ids or dataset in n.dataset_ids)
    ]


def checks(limits: Limits) -> tuple[Check, ...]:
    def items(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        present: dict[str, set[str]] = {}
        open_since: tuple[int, str, str] | None = None
        lines = [f for f in standing(facts) if f[3] != "approved"]
        for place, line in enumerate(lines):
            name = line[4].get("policy_id") or f"notice {line[4].get('notice_id')}"
            said = line[4].get("required_items") or line[4].get("items_present") or ()
            present[name] = set() if line[3] == "withdrawn" else set(said)
            after = lines[place + 1][0] if place + 1 < len(lines) else FOREVER
            at = max(line[0], view.began)
            if after <= view.began or at > view.now:
                continue  # the state before monitoring began is nobody's business
            here = set().union(*present.values())
            missing = ",".join(item for item in limits.items if item not in here)
            if open_since is not None and open_since[1] != missing:
                yield gap(*open_since, view, closed=True)
                open_since = None
            if missing and open_since is None:
                open_since = at, missing, line[1]
            if not missing:
                yield Judgement("pass", None, view.org_id, at, item=line[1], events=(line[1],))
        if open_since is not None:
            yield gap(*open_since, view, closed=False)

    def gap(at: int, missing: str, event_id: str, view: View, closed: bool) -> Judgement:
        return Judgement(
            "violation", "ITEM_MISSING", f"{view.org_id}|{missing}", at, events=(event_id,),
            item=f"missing {at} {missing}", closed=closed, facts={"missing": missing},
        )  # fmt: skip

    def purposes(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        lines = standing(facts, "line")
        if not lines:
            return
        told_days = (
            max(n.occurred_at, n.effective_from)
            for n in (*view.all(DATASET_NOTICES, dataset), *view.all(GENERAL_NOTICES, "all"))
        )
        first = max(view.began, lines[0][0])
        days = {jst_day(max(at, first)) for at in (*(f[0] for f in lines), *told_days)}
        open_since: dict[str, int] = {}
        passed: int | None = None
        for end in sorted(day_end(day) for day in days):
            if end > view.now:
                yield Judgement("not_applicable", None, dataset, end, until=end, item=f"{end}")
                break
            line = [f for f in lines if f[0] < end][-1][4]
            gone = gaps(dataset, line, end - 1, view)
            for code in [code for code in open_since if code not in gone]:
                yield purpose_gap(dataset, code, open_since.pop(code), True)
            for code in gone:
                open_since.setdefault(code, end)
            passed = end if not gone else passed
        for code, since in open_since.items():
            yield purpose_gap(dataset, code, since, False)
        if passed is not None and not open_since:
            yield Judgement("pass", None, dataset, passed, item="purposes")

    def gaps(dataset: str, line: dict[str, Any], at: int, view: View) -> list[str]:
        ours = line["status"] == "active" and line["is_retained_data"]
        if not ours or line["entrusted_by"]:
            return []
        said = {code for n in notices(dataset, at, view) for code in n.purpose_codes}
        left = set(line["purpose_codes"]) - set(limits.exempt_purpose_codes) - said
        return sorted(left)

    def purpose_gap(dataset: str, code: str, at: int, closed: bool) -> Judgement:
        return Judgement(
            "violation", "PURPOSE_GAP", f"{dataset}|{code}", at, closed=closed,
            item=f"{code} {at}", facts={"purpose": code},
        )  # fmt: skip

    def fees(request: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for fee in standing(facts):
            at, amount = fee[0], fee[4]["amount_due"]
            if fee[4]["step"] != "due" or amount <= 0:
                continue
            made = view.latest(REQUESTS, request, FOREVER - 1)
            common: dict[str, Any] = {
                "subject": request, "item": fee[1], "at": at, "events": (fee[1],),
                "facts": {"amount": amount},
            }  # fmt: skip
            if amount != FEE or (made is not None and made.kind not in CHARGEABLE):  # REQ-03
                yield Judgement("not_applicable", **common)
                continue
            told_fees = [p.published_fees for p in in_force(at, view)]
            named = [fee for fees in told_fees if fees is not None for fee in fees]
            if all(fees is None for fees in told_fees):
                yield Judgement("indeterminate", missing=("published fees",), **common)
            elif amount in named:
                yield Judgement("pass", **common)
            else:
                yield Judgement("violation", "FEE_MISMATCH", **common)

    def reviewed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [f[0] for f in standing(facts)]
        due = partial(add_months, count=limits.months)
        yield from comes_round("REVIEW_OVERDUE", jst_day(view.began), done, due, view)

    def of_notice(notice: PurposePublished, view: View) -> Iterable[str]:
        return notice.dataset_ids or view.keys(DATASETS)

    def of_policy(change: PolicyChanged, view: View) -> Iterable[str]:
        fees = view.all(DUE_FEES, "due")
        return [fee.request_id for fee in fees if fee.occurred_at >= change.occurred_at]

    return (
        Case(
            "items",
            ("ITEM_MISSING",),
            (PolicyChanged, PurposePublished),
            lambda change: "all",
            public,
            items,
            span=moment,
            began=True,
        ),
        Case(
            "purposes",
            ("PURPOSE_GAP",),
            (RegisterDataset,),
            one_key("dataset_id"),
            lambda line: told(
                line, "line", "status", "is_retained_data", "entrusted_by", "purpose_codes"
            ),
            purposes,
            span=moment,
            by={RegisterDataset: "dataset_id"},
            touches={PurposePublished: of_notice},
            began=True,
        ),
        Case(
            "fees",
            ("FEE_MISMATCH",),
            (RequestFee,),
            one_key("request_id"),
            lambda fee: told(fee, "fee", "step", "amount_due"),
            fees,
            span=moment,
            by={RequestFee: "request_id"},
            touches={
                PolicyChanged: of_policy,
                RequestReceived: lambda made, view: (made.request_id,),
            },
        ),
        Case(
            "review",
            ("REVIEW_OVERDUE",),
            (PmsActivity,),
            lambda activity: "review" if activity.activity == "art32_review" else "",
            lambda activity: told(activity, "review"),
            reviewed,
            span=moment,
            awaits=(PmsActivity,),
            periodic=("review",),
            began=True,
        ),
    )


def policy(**given: Any) -> PolicyChanged:
    said = {
        "policy_id": "privacy", "version": "5", "step": "published", "effective_on": "2026-11-02",
        "required_items": list(ITEMS), **given,
    }  # fmt: skip
    return event(PolicyChanged, "2026-11-02 10:00:00", **said)


def dataset(**given: Any) -> RegisterDataset:
    said = {
        "dataset_id": "ds-members", "is_retained_data": True, "purpose_codes": ["delivery"],
        **given,
    }  # fmt: skip
    return event(RegisterDataset, "2026-11-02 11:00:00", **said)


def notice(at: str, *purposes: str) -> PurposePublished:
    return event(
        PurposePublished, at, notice_id="n-1", dataset_ids=["ds-members"],
        purpose_codes=list(purposes), items_present=[],
        effective_from="2026-11-02 00:00:00",
    )  # fmt: skip


def fee(amount: int) -> RequestFee:
    return event(
        RequestFee, "2026-11-04 10:00:00", request_id="req-1", step="due", amount_due=amount
    )


def review(at: str) -> PmsActivity:
    return event(PmsActivity, at, activity="art32_review", period=at[:4], next_due="2027-11-10")


CONTROL = Control(
    id="GOV-07",
    title=Text("保有個人データに関する事項の周知", "Art. 32 matters available to principals"),
    requirement=Text(
        "名称・住所・代表者、全利用目的、請求手続・手数料、安全管理措置、苦情窓口（認定団体）を"
        "知り得る状態に置き、実運用と一致させる。",
        "Name/address/representative, all purposes, request procedure and fee, security measures, "
        "complaint contact (and authorized organization if any) are available and match operation.",
    ),
    sources=sources(
        seeds="PYX-11.2; PYX-12.1; PER-0.2; PER-0.3; PER-3-2.2; PER-4.0; MIX-R2; PIC-K1; "
        "JUS-C4; JUS-C5",
        appi="Art.32(1); Art.37",
        ppc_guideline="3-8-1; 3-8-7; 3-8-8",
        pms_guideline="J.10.3",
    ),
    params=Limits(),
    codes={
        "ITEM_MISSING": Code(
            "high",
            Text(
                "公表中の方針と通知を合わせても足りない事項がある。",
                "Matters that neither a published policy nor a notice in force has.",
            ),
            Text("{subject}：知り得る状態にない事項。", "{subject}: matters not made known."),
        ),
        "PURPOSE_GAP": Code(
            "high",
            Text(
                "保有個人データの利用目的が公表されていない。",
                "A purpose of retained data that no notice in force names.",
            ),
            Text(
                "{subject}：公表していない利用目的。",
                "{subject}: a purpose that is not published.",
            ),
        ),
        "FEE_MISMATCH": Code(
            "medium",
            Text(
                "公表した手数料と異なる額を請求した。",
                "A fee that no policy in force publishes.",
            ),
            Text(
                "{subject}：手数料 {amount} 円は公表額にない。",
                "{subject}: {amount} yen is no published fee.",
            ),
        ),
        "REVIEW_OVERDUE": Code(
            "medium",
            Text(
                "前の見直しから months が過ぎた。",
                "months since the matters were last reviewed.",
            ),
            Text("{last} 以来、見直しがない。", "Not reviewed since {last}."),
        ),
    },
    checks=checks,
    evidence=Text("公表した事項と台帳の差", "Published set vs register diff"),
    response=Text("ページを改める。", "Amend page."),
    false_positives=Text(
        "公表すると安全管理に支障のある措置（政令で許される）：申告どおりに載せる。",
        "Measures withheld because disclosure weakens security (allowed by the Order): list as "
        "declared.",
    ),
    examples=(
        breach(
            "ITEM_MISSING",
            "苦情の窓口がない",
            "without the contact for complaints",
            policy(required_items=[i for i in ITEMS if i != "complaint_contact"]),
            subject="example-kk|complaint_contact",
            severity="high",
        ),
        fine("ITEM_MISSING", "すべての事項", "with every matter", policy()),
        breach(
            "PURPOSE_GAP",
            "翌日の公表",
            "published in the first second of the day after",
            policy(),
            dataset(),
            notice("2026-11-03 00:00:00", "delivery"),
            subject="ds-members|delivery",
            severity="high",
            until="2026-11-05T00:00:00+09:00",
        ),
        fine(
            "PURPOSE_GAP",
            "その日の終わりの公表",
            "published in the last second of the day",
            policy(),
            dataset(),
            notice("2026-11-02 23:59:59", "delivery"),
            until="2026-11-05T00:00:00+09:00",
        ),
        fine(
            "PURPOSE_GAP",
            "委託されたデータ",
            "data of a client",
            policy(),
            dataset(entrusted_by="client"),
            until="2026-11-05T00:00:00+09:00",
        ),
        breach(
            "FEE_MISMATCH",
            "公表額でない手数料",
            "a fee that is not published",
            policy(published_fees=[1_200]),
            fee(1_000),
            subject="req-1",
            severity="medium",
        ),
        fine(
            "FEE_MISMATCH",
            "公表した手数料",
            "a published fee",
            policy(published_fees=[1_000]),
            fee(1_000),
        ),
        unknown(
            "FEE_MISMATCH",
            "手数料を公表していない",
            "no policy publishes fees",
            policy(),
            fee(1_000),
        ),
        breach(
            "REVIEW_OVERDUE",
            "一年を一秒過ぎた見直し",
            "a second after the year",
            review("2025-11-10 10:00:00"),
            review("2026-11-11 00:00:01"),
            subject="2025-11-10",
            severity="medium",
        ),
        fine(
            "REVIEW_OVERDUE",
            "一年の終わりの見直し",
            "as the year ends",
            review("2025-11-10 10:00:00"),
            review("2026-11-11 00:00:00"),
        ),
    ),
)
