"""CON-03  利用目的の変更 — a changed purpose is related and announced before it is used."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.core import DATASET_NOTICES
from controls.books.purposes import CODE_CHANGES, PURPOSE_CHANGES, changed, new_codes
from controls.events import (
    AccessDatastoreQuery,
    ConsentChanged,
    LinkExecuted,
    MarketingSent,
    PurposeChanged,
    PurposePublished,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import Code, Control, Judgement, Params, Text, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    pass


USES = (AccessDatastoreQuery, MarketingSent, LinkExecuted)


def placed(told_of: Any, view: View) -> Iterable[str]:
    """The new purposes of datasets that a use or a consent concerns: `dataset|code`."""
    if isinstance(told_of, ConsentChanged):
        if told_of.kind != "purpose":
            return
        for code in told_of.purpose_codes:
            for change in view.all(CODE_CHANGES, code):
                yield f"{change.dataset_id}|{code}"
        return
    ours = isinstance(told_of, LinkExecuted)
    code = told_of.purpose_code
    for dataset in told_of.dataset_ids if ours else (told_of.dataset_id,):
        if code and changed(dataset, code, FOREVER - 1, view) is not None:
            yield f"{dataset}|{code}"


def fact(told_of: Any) -> Fact:
    if isinstance(told_of, ConsentChanged):
        return told(told_of, "consent", "consent_id", "state", "principal_ref")
    if isinstance(told_of, MarketingSent):
        return told(told_of, "mailing", "principal_ref")
    return told(told_of, "use", "principals_count")


def by_change(change: PurposeChanged) -> tuple[Look, ...]:
    """Uses of the dataset, and every consent, since long ago: a change of purpose is rare."""
    name = change.dataset_id
    return (
        Look(AccessDatastoreQuery, "dataset_id", name, change.occurred_at),
        Look(MarketingSent, "dataset_id", name, change.occurred_at),
        Look(ConsentChanged, None, "", 0),
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def announced(dataset: str, code: str, change: Any, view: View) -> int | None:
        """When the new purpose was announced: to principals, or by a notice that took effect."""
        told_at = [] if change.announced_at is None else [change.announced_at]
        notices = view.all(DATASET_NOTICES, dataset)
        told_at += [n.effective_from for n in notices if code in n.purpose_codes]
        return min(told_at, default=None)

    def agreed(facts: Sequence[Fact], at: int) -> set[str]:
        """Who has agreed to the purpose at that moment (ms)."""
        latest: dict[str, Fact] = {}
        for consent in standing(facts, "consent"):
            if consent[0] <= at:
                latest[consent[4]["consent_id"]] = consent
        return {c[4]["principal_ref"] for c in latest.values() if c[4]["state"] == "granted"}

    def used(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        dataset, _, code = key.partition("|")
        for use in standing(facts):
            change = changed(dataset, code, use[0], view)
            if use[3] == "consent" or change is None:
                continue
            common: dict[str, Any] = {
                "subject": key, "item": use[1], "at": use[0], "events": (use[1],),
            }  # fmt: skip
            wants = change.relatedness == "unrelated" or change.consent_required
            people = agreed(facts, use[0])
            if use[3] == "mailing":
                covered: bool | None = use[4]["principal_ref"] in people
            else:
                count = use[4]["principals_count"]
                covered = None if count is None else len(people) >= count
            since = announced(dataset, code, change, view)
            if covered:
                yield Judgement("pass", **common)
            elif wants and covered is None:
                missing = (f"persons of {dataset}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif wants:
                yield Judgement("violation", "UNRELATED_NO_CONSENT", **common)
            elif since is None or since > use[0]:
                yield Judgement("violation", "USED_BEFORE_NOTICE", **common)
            else:
                yield Judgement("pass", **common)

    def judged(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        for before, line in itertools.pairwise(lines):
            added = set(line[4]["purpose_codes"]) - set(before[4]["purpose_codes"])
            named = {
                code
                for change in view.entries(PURPOSE_CHANGES, dataset, line[0])
                for code in change.new_codes
            }
            if added - named:
                version = line[4]["version"]
                subject = f"{dataset}|{line[1] if version is None else version}"
                yield Judgement(
                    "violation", "NO_JUDGEMENT", subject, line[0], item=line[1], events=(line[1],)
                )

    def of_change(change: PurposeChanged, view: View) -> Iterable[str]:
        return [f"{change.dataset_id}|{code}" for code in new_codes(change)]

    def of_notice(notice: PurposePublished, view: View) -> Iterable[str]:
        for dataset in notice.dataset_ids:
            for change in view.all(PURPOSE_CHANGES, dataset):
                yield from of_change(change, view)

    return (
        Case(
            "use",
            ("UNRELATED_NO_CONSENT", "USED_BEFORE_NOTICE"),
            (*USES, ConsentChanged),
            lambda use: "",
            fact,
            used,
            span=moment,
            across=True,
            placed=placed,
            revisits={PurposeChanged: by_change},
            touches={PurposeChanged: of_change, PurposePublished: of_notice},
            awaits=(PurposePublished,),
        ),
        Case(
            "judgement",
            ("NO_JUDGEMENT",),
            (RegisterDataset,),
            one_key("dataset_id"),
            lambda line: told(line, "line", "purpose_codes", "version"),
            judged,
            span=moment,
            by={RegisterDataset: "dataset_id"},
            touches={PurposeChanged: lambda change, view: (change.dataset_id,)},
        ),
    )


def change(at: str = "2026-11-02 10:00:00", **given: Any) -> PurposeChanged:
    said = {
        "dataset_id": "ds-members", "old_codes": ["delivery"], "new_codes": ["delivery", "survey"],
        "relatedness": "related", **given,
    }  # fmt: skip
    return event(PurposeChanged, at, **said)


def query(**given: Any) -> AccessDatastoreQuery:
    said = {"dataset_id": "ds-members", "purpose_code": "survey", "principals_count": 1, **given}
    return event(AccessDatastoreQuery, "2026-11-11 10:00:00", actor_ref="sato", **said)


def mailing() -> MarketingSent:
    return event(
        MarketingSent, "2026-11-11 10:00:00", campaign_id="autumn", principal_ref="mem-1",
        dataset_id="ds-members", purpose_code="survey",
    )  # fmt: skip


def consent(at: str) -> ConsentChanged:
    return event(
        ConsentChanged, at, consent_id="con-1", principal_ref="mem-1", state="granted",
        kind="purpose", purpose_codes=["survey"],
    )  # fmt: skip


def line(at: str, *purposes: str, **given: Any) -> RegisterDataset:
    return event(
        RegisterDataset, at, dataset_id="ds-members", purpose_codes=list(purposes), **given
    )


CONTROL = Control(
    id="CON-03",
    title=Text("利用目的の変更", "Purpose change related and announced first"),
    requirement=Text(
        "変更は関連性の範囲で、利用前に通知・公表し、超える場合は同意を得る。",
        "A changed purpose is judged reasonably related and announced before use; otherwise "
        "consent is taken.",
    ),
    sources=sources(
        seeds="PYX-3.1; PYX-3.2; JUS-U4.0; JUS-L8",
        appi="Art.17(2); Art.21(3); Art.18",
        ppc_guideline="3-1-2; 3-3-5",
        pms_guideline="J.8.6",
    ),
    params=Limits(),
    codes={
        "USED_BEFORE_NOTICE": Code(
            "high",
            Text(
                "新しい目的を通知・公表の前に使った。",
                "A new purpose was used before it was announced.",
            ),
            Text("{subject}：公表の前の利用。", "{subject}: used before it was announced."),
        ),
        "UNRELATED_NO_CONSENT": Code(
            "critical",
            Text(
                "関連のない新しい目的を同意なく使った。",
                "A new purpose that is not related was used without consent.",
            ),
            Text("{subject}：同意のない目的外の利用。", "{subject}: used without consent."),
        ),
        "NO_JUDGEMENT": Code(
            "medium",
            Text(
                "関連性の判断なく台帳に目的を加えた。",
                "A purpose was added to the register without judging whether it is related.",
            ),
            Text(
                "{subject}：関連性の判断がない。",
                "{subject}: nobody judged whether it is related.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("判断、通知、最初の利用", "Judgement, notice, first use"),
    response=Text("利用を止める。", "Halt use."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "USED_BEFORE_NOTICE",
            "公表の一秒前の利用",
            "used a second before it was announced",
            change(announced_at="2026-11-11 10:00:01"),
            query(),
            subject="ds-members|survey",
            severity="high",
        ),
        fine(
            "USED_BEFORE_NOTICE",
            "公表の時の利用",
            "used as it was announced",
            change(announced_at="2026-11-11 10:00:00"),
            query(),
        ),
        breach(
            "UNRELATED_NO_CONSENT",
            "後からの同意",
            "mailed a second before the consent",
            change(relatedness="unrelated"),
            consent("2026-11-11 10:00:01"),
            mailing(),
            subject="ds-members|survey",
            severity="critical",
        ),
        fine(
            "UNRELATED_NO_CONSENT",
            "その時の同意",
            "mailed as the consent was given",
            change(relatedness="unrelated"),
            consent("2026-11-11 10:00:00"),
            mailing(),
        ),
        breach(
            "UNRELATED_NO_CONSENT",
            "同意した人より多い利用",
            "a query over more people than agreed",
            change(relatedness="unrelated"),
            consent("2026-11-10 10:00:00"),
            query(principals_count=2),
        ),
        fine(
            "UNRELATED_NO_CONSENT",
            "同意した人数の利用",
            "over as many as agreed",
            change(relatedness="unrelated"),
            consent("2026-11-10 10:00:00"),
            query(principals_count=1),
        ),
        unknown(
            "UNRELATED_NO_CONSENT",
            "人数の分からない利用",
            "over nobody knows how many",
            change(relatedness="unrelated"),
            query(principals_count=None),
        ),
        breach(
            "NO_JUDGEMENT",
            "判断の一秒前の登録",
            "registered a second before the judgement",
            line("2026-04-01 09:00:00", "delivery", version=1),
            line("2026-11-02 09:59:59", "delivery", "survey", version=2),
            change(announced_at="2026-11-02 10:00:00"),
            subject="ds-members|2",
            severity="medium",
        ),
        fine(
            "NO_JUDGEMENT",
            "判断の時の登録",
            "registered as it was judged",
            line("2026-04-01 09:00:00", "delivery", version=1),
            line("2026-11-02 10:00:00", "delivery", "survey", version=2),
            change(announced_at="2026-11-02 10:00:00"),
        ),
    ),
)
