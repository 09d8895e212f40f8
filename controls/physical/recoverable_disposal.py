"""PHY-07  復元不可能な廃棄と証明 — disposal that cannot be undone, with proof."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import AssetDisposed
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    ok: tuple[str, ...] = limit(
        (
            "shred",
            "dissolve",
            "incinerate",
            "physical_destruction",
            "crypto_erase",
            "nist_purge",
            "wipe_tool",
        ),
        "",
        "復元できない廃棄の方法。",
        "Methods that cannot be undone.",
    )
    cert_days: int = limit(
        30, "d", "証明書を得るまでの日数。", "Days in which the certificate comes."
    )


def fact(event: AssetDisposed) -> Fact:
    names = ("has_pd", "method", "outsourced_to", "certificate_ref", "certificate_at")
    known = told(event, "disposed", *names, "witness_ref")
    known[4]["observed_at"] = event.observed_at
    return known


def checks(limits: Limits) -> tuple[Check, ...]:
    def lines(asset: str, facts: Sequence[Fact]) -> Iterator[tuple[Fact, dict[str, Any]]]:
        for gone in standing(facts):
            if gone[4]["has_pd"]:
                yield gone, {"subject": asset, "item": gone[1], "events": (gone[1],)}

    def method(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for gone, common in lines(asset, facts):
            if gone[4]["method"] in limits.ok:
                yield Judgement("pass", at=gone[0], **common)
            else:
                told = {"method": gone[4]["method"]}
                yield Judgement("violation", "RECOVERABLE", at=gone[0], facts=told, **common)

    def certificate(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for gone, common in lines(asset, facts):
            if gone[4]["outsourced_to"] is None:
                yield Judgement("not_applicable", at=gone[0], **common)
                continue
            end = day_end(jst_day(gone[0]) + timedelta(days=limits.cert_days))
            came = None
            if gone[4]["certificate_ref"]:
                came = gone[4]["certificate_at"] or gone[4]["observed_at"]
            yield due_by(end, came, "NO_CERT", view, begun=gone[0], **common)

    def witness(asset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for gone, common in lines(asset, facts):
            if gone[4]["outsourced_to"] is not None:
                yield Judgement("not_applicable", at=gone[0], **common)
            elif gone[4]["witness_ref"]:
                yield Judgement("pass", at=gone[0], **common)
            else:
                yield Judgement("violation", "NO_WITNESS", at=gone[0], **common)

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (AssetDisposed,),
            one_key("asset_id"),
            fact,
            judge,
            span=moment,
            by={AssetDisposed: "asset_id"},
        )

    return (
        case("method", "RECOVERABLE", method),
        case("certificate", "NO_CERT", certificate),
        case("witness", "NO_WITNESS", witness),
    )


def disposed(at: str, **given: Any) -> AssetDisposed:
    return event(
        AssetDisposed,
        at,
        **{
            "asset_id": "hdd-7",
            "has_pd": True,
            "method": "physical_destruction",
            "witness_ref": "abe",
            **given,
        },
    )


AT = "2026-10-01 10:00:00"
CERT = {"outsourced_to": "ctr-shred", "certificate_ref": "cert-1"}

CONTROL = Control(
    id="PHY-07",
    title=Text("復元不可能な廃棄と証明", "Irrecoverable disposal with proof"),
    requirement=Text(
        "復元不可能な方法で廃棄し、委託時は証明書を得る。",
        "Media/documents are destroyed irrecoverably; outsourced disposal has a certificate.",
    ),
    sources=sources(
        seeds="PER-4.5.4",
        appi="Art.22; Art.23",
        ppc_guideline="10-5(4); 10-3(2)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "RECOVERABLE": Code(
            "critical",
            Text("復元できる方法で廃棄した。", "Disposed of in a way that can be undone."),
            Text(
                "{subject}：復元できる方法（{method}）で廃棄した。",
                "{subject}: disposed of by {method}, which can be undone.",
            ),
        ),
        "NO_CERT": Code(
            "high",
            Text(
                "委託した廃棄の証明書が cert_days の終わりまでにない（後の証明書は完了とする）。",
                "No certificate of an outsourced disposal by the end of cert_days; a later one "
                "closes it.",
            ),
            Text("{subject}：廃棄の証明書がない。", "{subject}: no certificate of its disposal."),
        ),
        "NO_WITNESS": Code(
            "low",
            Text("社内での廃棄に立会者がいない。", "Disposed of in the house without a witness."),
            Text("{subject}：廃棄の立会者がいない。", "{subject}: nobody witnessed its disposal."),
        ),
    },
    checks=checks,
    evidence=Text("資産、方法、日、証明書のハッシュ", "Asset, method, date, certificate hash"),
    response=Text("媒体を回収する。なければ事故として扱う。", "Recover media; incident if gone."),
    false_positives=Text(
        "SSD では消去ツールだけでは足りない：媒体の種類を加える。",
        "wipe_tool on SSD needs purge: add media type.",
    ),
    examples=(
        breach(
            "RECOVERABLE",
            "初期化しただけの媒体",
            "a medium that was only formatted",
            disposed(AT, method="format_only"),
            subject="hdd-7",
            severity="critical",
        ),
        fine(
            "RECOVERABLE",
            "物理的に破壊した媒体",
            "a medium that was destroyed",
            disposed(AT, method="physical_destruction"),
        ),
        breach(
            "NO_CERT",
            "31 日目の最初の一秒の証明書",
            "a certificate of the first second after the thirtieth day",
            disposed(AT, certificate_at="2026-11-01 00:00:01", **CERT),
            subject="hdd-7",
            severity="high",
        ),
        fine(
            "NO_CERT",
            "30 日目の終わりの証明書",
            "a certificate at the end of the thirtieth day",
            disposed(AT, certificate_at="2026-11-01 00:00:00", **CERT),
        ),
        breach(
            "NO_CERT",
            "証明書が来ない",
            "no certificate comes",
            disposed(AT, outsourced_to="ctr-shred"),
            until="2026-11-01T00:00:01+09:00",
        ),
        breach(
            "NO_WITNESS",
            "立会者のいない廃棄",
            "nobody was there",
            disposed(AT, witness_ref=None),
            subject="hdd-7",
            severity="low",
        ),
        fine(
            "NO_WITNESS",
            "立会者のいる廃棄",
            "somebody was there",
            disposed(AT, witness_ref="abe"),
        ),
        fine(
            "RECOVERABLE",
            "訂正により方法が改められた",
            "a correction names the true method",
            disposed(AT, event_id="d-1", method="trash"),
            disposed("2026-10-01 10:00:00", corrects_event_id="d-1", method="shred"),
        ),
    ),
)
