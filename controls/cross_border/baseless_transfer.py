"""XBR-01  外国第三者提供の根拠 — data goes abroad on a ground of Art. 28 only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.asked import principals
from controls.books.transfers import (
    ART27_1,
    EQUIVALENT,
    PROVIDED,
    RECIPIENT_PROVISIONS,
    carries,
    country,
    last_check,
    own_entity,
    recipient,
)
from controls.events import (
    ConsentChanged,
    ContractorDataEntrusted,
    ForeignRecipientChecked,
    JointuseShared,
    RecipientRegistered,
    TransferProvided,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing


class Limits(Params):
    equiv: tuple[str, ...] = limit(
        EQUIVALENT,
        "",
        "個人情報保護委員会が指定した国・地域（2025年9月確認）。",
        "Countries designated by the PPC (checked 2025-09).",
    )
    art27_1: tuple[str, ...] = limit(
        ART27_1,
        "",
        "法 27 条 1 項各号に当たる根拠。",
        "Grounds of Art. 27(1).",
    )
    check_months: int = limit(
        12, "months", "体制の確認が有効な月数。", "Months for which a check of the system holds."
    )


def fact(event: Any) -> Fact:
    """[at, event_id, corrects, what, consent?]"""
    head = [event.occurred_at, event.event_id, event.corrects_event_id or ""]
    if isinstance(event, ConsentChanged):
        said = {
            "consent": event.consent_id,
            "state": event.state,
            "kind": event.kind,
            "recipient": event.recipient_id,
            "info": list(event.info_items),
        }
        return [*head, "consent", said]
    return [*head, "provision" if isinstance(event, PROVIDED) else "register", {}]


def by_provision(event: Any) -> str:
    named: str = event.provision_id or event.event_id
    return named


def live(facts: Sequence[Fact], at: int, recipient_id: str) -> list[Fact]:
    """The consents to provision abroad, to this recipient, that hold at that moment."""
    latest: dict[str, Fact] = {}
    for said in standing(facts, "consent"):
        ours = said[4]["recipient"] in (None, "", recipient_id)
        if said[0] <= at and said[4]["kind"] == "foreign" and ours:
            latest[said[4]["consent"]] = said
    return [said for said in latest.values() if said[4]["state"] == "granted"]


def informed(consent: Fact) -> bool:
    """What Rule 17 wants was said: country, its regime, the recipient's measures, or why not."""
    said = set(consent[4]["info"])
    return {"country", "country_regime", "recipient_measures"} <= said or (
        "unspecified_reason" in said
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def sound(check: Any, provision: Any) -> bool:
        return carries(check, provision, limits.check_months)

    def apart(provision: Any, view: View) -> bool:
        return country(provision, view) == "JP" or own_entity(provision, view)

    def otherwise(provision: Any, view: View) -> bool:
        """A ground that needs nobody's consent: country, checked system, Art. 27(1)."""
        return (
            country(provision, view) in limits.equiv
            or sound(last_check(provision, view), provision)
            or provision.xborder_basis == "art27_1"
            or getattr(provision, "basis", "") in limits.art27_1
        )

    def system(provision: Any, check: Any) -> bool:
        """The system of the recipient is what the provision was to rest on."""
        basis = provision.xborder_basis
        return basis == "equiv_system" or (basis is None and check is not None)

    def named(provision: Any) -> bool:
        """Its principals are known, and what they said decides."""
        refs = provision.principal_refs
        return isinstance(refs, tuple) and bool(refs) and provision.xborder_basis != "equiv_system"

    def grounded(subject: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts, "provision"):
            provision = view.event(line[1])
            if provision is None:
                continue
            common: dict[str, Any] = {
                "subject": subject, "item": line[1], "at": line[0], "events": (line[1],),
                "facts": {"country": country(provision, view)},
            }  # fmt: skip
            check = last_check(provision, view)
            if apart(provision, view):
                yield Judgement("not_applicable", **common)
            elif otherwise(provision, view):
                yield Judgement("pass", **common)
            elif named(provision):
                continue  # each principal's consent decides, below
            elif provision.xborder_basis == "consent":
                missing = (f"principals of {subject}",)
                yield Judgement("indeterminate", missing=missing, **common)
            elif check is not None and check.obstruction == "continuing":
                yield Judgement("violation", "STOPPED_RECIPIENT", **common)
            else:
                code = "SYSTEM_UNCHECKED" if system(provision, check) else "NO_BASIS"
                yield Judgement("violation", code, since=line[0] - DAY, **common)

    def consented(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for line in standing(facts, "provision"):
            provision = view.event(line[1])
            if provision is None or apart(provision, view) or otherwise(provision, view):
                continue
            if not named(provision):
                continue
            common: dict[str, Any] = {
                "subject": by_provision(provision), "item": line[1], "at": line[0],
                "events": (line[1],), "facts": {"country": country(provision, view)},
            }  # fmt: skip
            given = live(facts, line[0], recipient(provision))
            check = last_check(provision, view)
            if any(informed(consent) for consent in given):
                yield Judgement("pass", **common)
            elif given:
                yield Judgement("violation", "INFO_MISSING", **common)
            elif check is not None and check.obstruction == "continuing":
                yield Judgement("violation", "STOPPED_RECIPIENT", **common)
            else:
                code = "SYSTEM_UNCHECKED" if system(provision, check) else "NO_BASIS"
                yield Judgement("violation", code, **common)

    def to_recipient(event: Any, view: View) -> list[str]:
        provisions = view.all(RECIPIENT_PROVISIONS, event.recipient_id)
        return [by_provision(provision) for provision in provisions]

    def told_by(event: Any, view: View) -> Iterable[str]:
        for provision in view.all(RECIPIENT_PROVISIONS, event.recipient_id):
            yield from principals(provision, view)

    codes = ("STOPPED_RECIPIENT", "NO_BASIS", "SYSTEM_UNCHECKED", "INFO_MISSING")
    return (
        Case(
            "ground",
            codes[:-1],
            PROVIDED,
            by_provision,
            fact,
            grounded,
            span=moment,
            by=dict.fromkeys(PROVIDED, "provision_id"),
            touches={ForeignRecipientChecked: to_recipient, RecipientRegistered: to_recipient},
            awaits=(ForeignRecipientChecked,),
        ),
        Case(
            "consent",
            codes,
            (ConsentChanged,),
            one_key("principal_ref"),
            fact,
            consented,
            span=moment,
            by={ConsentChanged: "principal_ref"},
            asks={
                **dict.fromkeys(PROVIDED, principals),
                ForeignRecipientChecked: told_by,
                RecipientRegistered: told_by,
            },
        ),
    )


def provided(at: str, **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "recipient_id": "rcp-us",
            "recipient_country": "US",
            "basis": "consent",
            "xborder_basis": "none",
            "principals_count": 1,
            **given,
        },
    )


def checked(at: str, **given: Any) -> ForeignRecipientChecked:
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


def consent(at: str, **given: Any) -> ConsentChanged:
    return event(
        ConsentChanged,
        at,
        **{
            "principal_ref": "mem-1",
            "consent_id": "c-1",
            "state": "granted",
            "kind": "foreign",
            "info_items": ["country", "country_regime", "recipient_measures"],
            **given,
        },
    )


def registered(**given: Any) -> RecipientRegistered:
    return event(
        RecipientRegistered,
        "2026-04-01 09:00:00",
        **{"recipient_id": "rcp-us", "legal_entity_country": "US", **given},
    )


AT = "2026-11-11 10:00:00"

CONTROL = Control(
    id="XBR-01",
    title=Text("外国第三者提供の根拠", "Foreign provision has a valid Art. 28 basis"),
    requirement=Text(
        "外国にある第三者（委託・共同利用を含む）への提供は、情報提供済みの同意、指定国、"
        "又は確認済みの基準適合体制による。",
        "PD goes to a third party abroad (contractors and joint users included) only with "
        "informed consent, a designated country, or a checked equivalent system.",
    ),
    sources=sources(
        seeds="PYX-6.2",
        appi="Art.28(1); Art.28(2)",
        ppc_guideline="foreign vol. 3, 4, 5 (Rule 15-17); 3-6-4",
        pms_guideline="J.8.8.1*",
    ),
    params=Limits(),
    codes={
        "STOPPED_RECIPIENT": Code(
            "critical",
            Text(
                "相当措置の実施に支障が続く提供先へ、他の根拠なく提供した。",
                "The recipient's measures are obstructed for good, and no other ground holds.",
            ),
            Text(
                "{subject}：提供を停止すべき提供先（{country}）へ提供した。",
                "{subject}: went to a recipient ({country}) to which provision had to stop.",
            ),
        ),
        "NO_BASIS": Code(
            "critical",
            Text(
                "同意も、指定国も、確認済みの体制も、法 27 条 1 項各号もない。",
                "Neither consent, designated country, checked system nor Art. 27(1) carries it.",
            ),
            Text(
                "{subject}：法 28 条の根拠なく {country} へ提供した。",
                "{subject}: went to {country} without a ground of Art. 28.",
            ),
        ),
        "SYSTEM_UNCHECKED": Code(
            "high",
            Text(
                "基準適合体制によるとするが、有効な確認がない。",
                "It was to rest on the recipient's system, of which no valid check exists.",
            ),
            Text(
                "{subject}：{country} の提供先の体制を確認していない。",
                "{subject}: the system of the recipient in {country} was not checked.",
            ),
        ),
        "INFO_MISSING": Code(
            "high",
            Text(
                "本人の同意はあるが、同意の際に伝えるべき情報が欠けている。",
                "There is consent, but it was not told what Rule 17 wants.",
            ),
            Text(
                "{subject}：同意の際に {country} に関する情報を伝えていない。",
                "{subject}: consent was asked without the information on {country}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "提供先、国、根拠、確認の番号、同意の範囲",
        "Recipient, country, basis, check id, consent coverage",
    ),
    response=Text("提供を止める。", "Hold the feed."),
    false_positives=Text(
        "IP アドレスの位置でなく、契約する法人の国による。",
        "IP geolocation vs contracting entity: use the entity's country.",
    ),
    examples=(
        breach(
            "NO_BASIS",
            "根拠のない米国への提供",
            "to the US on no ground",
            provided(AT, recipient_country="US"),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "NO_BASIS",
            "指定国（ドイツ）への提供",
            "to Germany, which is designated",
            provided(AT, recipient_country="DE"),
        ),
        fine("NO_BASIS", "国内への提供", "within Japan", provided(AT, recipient_country="JP")),
        breach(
            "NO_BASIS",
            "同意しない本人のデータを提供",
            "a principal who did not consent",
            consent("2026-11-01 10:00:00", principal_ref="mem-2"),
            provided(AT, xborder_basis="consent", principal_refs=["mem-1"]),
        ),
        fine(
            "NO_BASIS",
            "同意した本人のデータを提供",
            "a principal who did",
            consent("2026-11-01 10:00:00", principal_ref="mem-1"),
            provided(AT, xborder_basis="consent", principal_refs=["mem-1"]),
        ),
        fine(
            "NO_BASIS",
            "日本法人への提供（登録による）",
            "the entity is registered in Japan",
            registered(legal_entity_country="JP"),
            provided(AT),
        ),
        breach(
            "SYSTEM_UNCHECKED",
            "確認の期限の翌日の提供",
            "on the day after the check had run out",
            checked("2026-04-01 10:00:00", next_due="2026-11-10"),
            provided(AT, xborder_basis="equiv_system"),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "SYSTEM_UNCHECKED",
            "確認の期限の当日の提供",
            "on its last day",
            checked("2026-04-01 10:00:00", next_due="2026-11-11"),
            provided(AT, xborder_basis="equiv_system"),
        ),
        breach(
            "SYSTEM_UNCHECKED",
            "体制の確認が一度もない",
            "never checked at all",
            provided(AT, xborder_basis="equiv_system"),
        ),
        breach(
            "INFO_MISSING",
            "国の制度を伝えない同意",
            "consent without a word on the country's regime",
            consent("2026-11-01 10:00:00", info_items=["country", "recipient_measures"]),
            provided(AT, xborder_basis="consent", principal_refs=["mem-1"]),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "INFO_MISSING",
            "特定できない理由を伝えた同意",
            "consent that was told why it cannot be named",
            consent("2026-11-01 10:00:00", info_items=["unspecified_reason"]),
            provided(AT, xborder_basis="consent", principal_refs=["mem-1"]),
        ),
        breach(
            "STOPPED_RECIPIENT",
            "支障が続く提供先への提供",
            "to a recipient whose obstruction continues",
            checked("2026-10-01 10:00:00", obstruction="continuing"),
            provided(AT, xborder_basis="equiv_system"),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "STOPPED_RECIPIENT",
            "支障は是正できる",
            "the obstruction can be remedied",
            checked("2026-10-01 10:00:00", obstruction="remediable"),
            provided(AT, xborder_basis="equiv_system"),
        ),
        breach(
            "NO_BASIS",
            "根拠のない海外の委託",
            "entrusted abroad on no ground",
            event(
                ContractorDataEntrusted,
                AT,
                contractor_id="ctr-sg",
                provision_id="prov-2",
                country="SG",
                xborder_basis="none",
            ),
            subject="prov-2",
        ),
        breach(
            "NO_BASIS",
            "根拠のない海外の共同利用",
            "shared abroad on no ground",
            event(JointuseShared, AT, to_id="grp-sg", provision_id="prov-3", to_country="SG"),
        ),
        unknown(
            "NO_BASIS",
            "本人が示されない同意による提供",
            "consent is claimed, and nobody is named",
            provided(AT, xborder_basis="consent", principals_count=100),
        ),
    ),
)
