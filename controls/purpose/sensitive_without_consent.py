"""CON-04  要配慮個人情報等の取得制限 — sensitive data only with consent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.principals import USES, from_then_on, live, said, without_old_uses
from controls.books.purposes import registered
from controls.events import ConsentChanged, DataAcquired, RegisterDataset
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, one_key, standing, told

CATEGORIES = (
    "belief",
    "race_origin",
    "domicile",
    "disability",
    "criminal",
    "crime_victim",
    "labour",
    "political",
    "health",
    "sex_life",
)


class Limits(Params):
    categories: tuple[str, ...] = limit(
        CATEGORIES,
        "",
        "要配慮個人情報と、方針が同じに扱う類型。",
        "Sensitive categories, and those the policies treat alike.",
    )
    direct_channels: tuple[str, ...] = limit(
        ("web_form", "paper", "oral", "phone_recording"),
        "",
        "本人が自ら示せば同意とみる経路（ガイドライン 3-3-2）。",
        "Channels in which giving it oneself is consent (guideline 3-3-2).",
    )


def fact(event: Any) -> Fact:
    if isinstance(event, DataAcquired):
        return told(
            event, "acquired", "acquisition_id", "dataset_id", "sensitive_categories",
            "by_principal", "channel", "sensitive_exception",
        )  # fmt: skip
    return said(event)


def checks(limits: Limits) -> tuple[Check, ...]:
    def by_law(line: Any, categories: set[str], exception: str | None) -> bool:
        """Health checks of employees that the law requires."""
        hr = line is not None and line.dataset_class == "hr"
        return hr and categories <= {"health"} and exception == "law"

    def consented(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for got in standing(facts, "acquired"):
            at, told_of = got[0], got[4]
            categories = set(told_of["sensitive_categories"]) & set(limits.categories)
            given = told_of["by_principal"] and told_of["channel"] in limits.direct_channels
            if not categories or given or told_of["sensitive_exception"] is not None:
                continue
            if not live(facts, at, "sensitive"):
                yield Judgement(
                    "violation", "NO_CONSENT", told_of["acquisition_id"] or got[1], at,
                    item=got[1], events=(got[1],),
                    facts={"categories": ", ".join(sorted(categories))},
                )  # fmt: skip

    def declared(got: DataAcquired, view: View) -> Judgement | None:
        categories = set(got.sensitive_categories) & set(limits.categories)
        line = registered(got.dataset_id, got.occurred_at, view)
        if not categories or line is None or line.sensitive:
            return None
        if by_law(line, categories, got.sensitive_exception):
            return None
        subject = f"{got.dataset_id}|{','.join(sorted(categories))}"
        return Judgement("violation", "UNDECLARED", subject)

    def by_line(line: RegisterDataset) -> tuple[Look, ...]:
        return (Look(DataAcquired, "dataset_id", line.dataset_id, line.occurred_at),)

    kinds = (DataAcquired, ConsentChanged)
    return (
        Case(
            "consent",
            ("NO_CONSENT",),
            kinds,
            one_key("principal_ref"),
            fact,
            consented,
            keep=USES,
            span=from_then_on,
            forget=without_old_uses,
            by=dict.fromkeys(kinds, "principal_ref"),
        ),
        Each(
            "declaration",
            ("UNDECLARED",),
            (DataAcquired,),
            declared,
            by={DataAcquired: "principal_ref"},
            revisits={RegisterDataset: by_line},
        ),
    )


def dataset(sensitive: bool) -> RegisterDataset:
    return event(RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-care", sensitive=sensitive)


def acquired(**given: Any) -> DataAcquired:
    said = {
        "acquisition_id": "acq-1", "principal_ref": "mem-1", "dataset_id": "ds-care",
        "channel": "third_party", "by_principal": False, "sensitive_categories": ["health"],
        **given,
    }  # fmt: skip
    return event(DataAcquired, "2026-11-11 10:00:00", **said)


def consent(at: str) -> ConsentChanged:
    return event(
        ConsentChanged, at, consent_id="con-1", principal_ref="mem-1", state="granted",
        kind="sensitive",
    )  # fmt: skip


CARE = dataset(sensitive=True)

CONTROL = Control(
    id="CON-04",
    title=Text("要配慮個人情報等の取得制限", "Sensitive data only with consent"),
    requirement=Text(
        "要配慮個人情報等は事前同意又は例外なく取得しない。",
        "Sensitive categories are not acquired without prior consent or a legal exception; policy "
        "categories (labour, politics, sex life, domicile) follow the same rule.",
    ),
    sources=sources(
        seeds="PYX-2.c.ii; PER-1.t09; MIX-SE0; MIX-SE.A; MIX-SE.B; MIX-SE.C; MIX-SE.D; MIX-SE.E",
        appi="Art.20(2)",
        ppc_guideline="3-3-2; 2-3",
        pms_guideline="J.8.3",
    ),
    params=Limits(),
    codes={
        "NO_CONSENT": Code(
            "high",
            Text(
                "要配慮個人情報等を同意も例外もなく取得した。",
                "Sensitive data acquired without consent or exception.",
            ),
            Text(
                "{subject}：要配慮個人情報等（{categories}）を同意なく取得した。",
                "{subject}: {categories} without consent.",
            ),
        ),
        "UNDECLARED": Code(
            "high",
            Text(
                "台帳で要配慮としていないデータへの取得。",
                "Into a dataset that is not declared sensitive.",
            ),
            Text("{subject}：台帳に要配慮の記載がない。", "{subject}: not declared sensitive."),
        ),
    },
    checks=checks,
    evidence=Text("類型の名称だけ", "Category names only"),
    response=Text("消去するか同意を得る。", "Delete or obtain consent."),
    false_positives=Text("自由記述欄。", "Free-text fields."),
    examples=(
        breach(
            "NO_CONSENT",
            "後からの同意",
            "consent a second later",
            CARE,
            consent("2026-11-11 10:00:01"),
            acquired(),
            subject="acq-1",
            severity="high",
        ),
        fine(
            "NO_CONSENT",
            "その時の同意",
            "consent in that second",
            CARE,
            consent("2026-11-11 10:00:00"),
            acquired(),
        ),
        fine(
            "NO_CONSENT",
            "本人が自ら示した",
            "given by the principal on paper",
            CARE,
            acquired(channel="paper", by_principal=True),
        ),
        fine(
            "NO_CONSENT",
            "法令に基づく取得",
            "required by a law",
            CARE,
            acquired(sensitive_exception="law"),
        ),
        breach(
            "UNDECLARED",
            "要配慮でないデータへの取得",
            "into a dataset that is not declared sensitive",
            dataset(sensitive=False),
            consent("2026-11-11 09:00:00"),
            acquired(),
            subject="ds-care|health",
            severity="high",
        ),
        fine(
            "UNDECLARED",
            "要配慮としたデータへの取得",
            "into one that is",
            dataset(sensitive=True),
            consent("2026-11-11 09:00:00"),
            acquired(),
        ),
    ),
)
