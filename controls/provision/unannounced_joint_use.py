"""TRF-04  共同利用の公表範囲 — joint use stays inside what was announced and agreed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from controls.books.transfers import (
    EQUIVALENT,
    JOINT_PROVISIONS,
    RECIPIENT_PROVISIONS,
    SCHEME_MEMBERS,
    SCHEMES,
    carries,
    country,
    last_check,
    observed_country,
    own_entity,
    recipient,
)
from controls.events import (
    ForeignRecipientChecked,
    JointuseAnnounced,
    JointuseShared,
    RecipientRegistered,
    TransferProvided,
)
from controls.examples import breach, event, fine
from controls.kernel import DAY, Code, Control, Judgement, Params, Text, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    """Nothing to decide: the announcement does."""


Shared = JointuseShared | TransferProvided


def by_provision(event: Any) -> str:
    if isinstance(event, TransferProvided) and event.basis != "joint_use":
        return ""
    named: str = event.provision_id or event.event_id
    return named


def complete(scheme: JointuseAnnounced) -> bool:
    """The five matters of Art. 27(5)(iii) were announced."""
    told_of = scheme.items and scheme.member_ids and scheme.purpose_codes
    return bool(told_of) and scheme.responsible_name_addr_rep


def unproven_abroad(shared: Shared, view: View) -> bool:
    """It goes abroad on a consent that nobody can check (XBR-01 is indeterminate)."""
    refs = shared.principal_refs
    where = country(shared, view)
    return (
        observed_country(shared) != "JP"
        and shared.xborder_basis == "consent"
        and not (isinstance(refs, tuple) and refs)
        and where != "JP"
        and where not in EQUIVALENT
        and not own_entity(shared, view)
        and not carries(last_check(shared, view), shared)
    )


def outside(shared: Shared, scheme: JointuseAnnounced) -> dict[str, str]:
    """What of it the announcement does not cover, by code."""
    parties = [recipient(shared), *([shared.from_id] if isinstance(shared, JointuseShared) else [])]
    strangers = sorted(set(parties) - set(scheme.member_ids))
    extra = sorted(set(shared.fields) - set(scheme.items))
    found = {
        "MEMBER_OUT": ", ".join(strangers),
        "ITEMS_OUT": ", ".join(extra),
        "PURPOSE_OUT": "" if shared.purpose_code in scheme.purpose_codes else shared.purpose_code,
        "NO_AGREEMENT": "" if scheme.agreement_ref else scheme.scheme_id,
    }
    return {code: what for code, what in found.items() if what}


def checks(limits: Limits) -> tuple[Check, ...]:
    def scheme_of(shared: Shared, view: View) -> JointuseAnnounced | None:
        """The announcement that it relies on; where it names none, of those with the recipient
        as a member the one that covers it best."""
        at = shared.occurred_at

        def latest(scheme_id: str) -> JointuseAnnounced | None:
            """The last one announced by then, also where a correction moved its announcement."""
            return view.latest(SCHEMES, scheme_id, at, lambda s: bool(s.announced_at <= at))

        if shared.scheme_id:
            return latest(shared.scheme_id)
        ids = sorted({s.scheme_id for s in view.entries(SCHEME_MEMBERS, recipient(shared), at)})
        found = [latest(scheme_id) for scheme_id in ids]
        fitting = [s for s in found if s is not None and recipient(shared) in s.member_ids]
        return min(fitting, key=lambda s: (not complete(s), len(outside(shared, s))), default=None)

    def lines(facts: Sequence[Fact], view: View) -> Iterator[tuple[Shared, dict[str, Any]]]:
        """What was shared; a transfer only where it is not also recorded as sharing."""
        found = standing(facts, "shared") or standing(facts, "provided")
        for line in found:
            shared = view.event(line[1])
            if shared is not None:
                yield shared, {
                    "subject": by_provision(shared), "item": line[1], "at": line[0],
                    "events": (line[1],),
                }  # fmt: skip

    def announced(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for shared, common in lines(facts, view):
            scheme = scheme_of(shared, view)
            common["facts"] = {"what": shared.scheme_id or recipient(shared)}
            if scheme is None:
                since = shared.occurred_at - DAY
                yield Judgement("violation", "NOT_ANNOUNCED", since=since, **common)
            elif not complete(scheme):
                yield Judgement("violation", "NOT_ANNOUNCED", **common)
            else:
                yield Judgement("pass", **common)

    def within(code: str, key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for shared, common in lines(facts, view):
            scheme = scheme_of(shared, view)
            if scheme is None or not complete(scheme):
                continue
            found: Mapping[str, str] = outside(shared, scheme)
            if code == "FOREIGN_MEMBER" and unproven_abroad(shared, view):
                found = {code: observed_country(shared)}
            if code in found:
                yield Judgement("violation", code, facts={"what": found[code]}, **common)

    def fact(event: Shared) -> Fact:
        return told(event, "shared" if isinstance(event, JointuseShared) else "provided")

    def of_scheme(scheme: JointuseAnnounced, view: View) -> Iterable[str]:
        for name in (scheme.scheme_id, "*"):
            yield from (by_provision(p) for p in view.all(JOINT_PROVISIONS, name))

    def to_recipient(event: Any, view: View) -> Iterable[str]:
        given = view.all(RECIPIENT_PROVISIONS, event.recipient_id)
        return [by_provision(p) for p in given if isinstance(p, JointuseShared | TransferProvided)]

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (JointuseShared, TransferProvided),
            by_provision,
            fact,
            judge,
            span=moment,
            by=dict.fromkeys((JointuseShared, TransferProvided), "provision_id"),
            touches={
                JointuseAnnounced: of_scheme,
                RecipientRegistered: to_recipient,
                ForeignRecipientChecked: to_recipient,
            },
            awaits=(JointuseAnnounced,),
        )

    return (
        case("announced", "NOT_ANNOUNCED", announced),
        *(
            case(code.lower(), code, partial(within, code))
            for code in (
                "MEMBER_OUT", "ITEMS_OUT", "PURPOSE_OUT", "NO_AGREEMENT", "FOREIGN_MEMBER",
            )
        ),
    )  # fmt: skip


def announced_at(at: str = "2026-04-01 10:00:00", **given: Any) -> JointuseAnnounced:
    return event(
        JointuseAnnounced,
        at,
        **{
            "scheme_id": "group",
            "items": ["name", "email"],
            "member_ids": ["our-kk", "sister-kk"],
            "purpose_codes": ["member_service"],
            "responsible_name_addr_rep": True,
            "announced_at": at,
            "agreement_ref": "doc-1",
            **given,
        },
    )


def shared(**given: Any) -> JointuseShared:
    return event(
        JointuseShared,
        "2026-11-11 10:00:00",
        **{
            "scheme_id": "group",
            "provision_id": "prov-1",
            "from_id": "our-kk",
            "to_id": "sister-kk",
            "fields": ["name"],
            "purpose_code": "member_service",
            **given,
        },
    )


def transferred(**given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        "2026-11-11 10:00:00",
        **{
            "provision_id": "prov-1",
            "recipient_id": "sister-kk",
            "recipient_kind": "joint_user",
            "basis": "joint_use",
            "fields": ["name"],
            "purpose_code": "member_service",
            **given,
        },
    )


CONTROL = Control(
    id="TRF-04",
    title=Text("共同利用の公表範囲", "Joint use inside the announcement"),
    requirement=Text(
        "共同利用は5事項の事前公表と取決めの範囲内で行う。",
        "Joint use only after the five matters are announced, with members, items and purposes "
        "inside it and an agreement in place.",
    ),
    sources=sources(
        seeds="PYX-4.n; PER-1.t02; PER-2-2.0; PER-2-2.a; PER-2-2.b; PER-2-2.c; PER-2-2.d; "
        "PER-2-2.e; JUS-T5; JUS-J1; JUS-J2",
        appi="Art.27(5)(iii); Art.27(6)",
        ppc_guideline="3-6-3(3)",
        pms_guideline="J.8.7; J.8.8",
    ),
    params=Limits(),
    codes={
        "NOT_ANNOUNCED": Code(
            "critical",
            Text(
                "共同利用の時までに公表がない、又は5事項のいずれかが欠けている。",
                "No announcement by then, or one of the five matters is missing from it.",
            ),
            Text(
                "{subject}：公表していない共同利用（{what}）である。",
                "{subject}: joint use that was not announced ({what}).",
            ),
        ),
        "MEMBER_OUT": Code(
            "high",
            Text(
                "公表した共同利用者の範囲にない者と共有した。",
                "Somebody is party to it who is no member of the scheme.",
            ),
            Text(
                "{subject}：公表した共同利用者でない者（{what}）と共有した。",
                "{subject}: shared with {what}, no member of the announced scheme.",
            ),
        ),
        "ITEMS_OUT": Code(
            "high",
            Text("公表していない項目を共有した。", "Items that were not announced."),
            Text(
                "{subject}：公表していない項目（{what}）を共有した。",
                "{subject}: items were shared that were not announced: {what}.",
            ),
        ),
        "PURPOSE_OUT": Code(
            "high",
            Text("公表していない目的で共有した。", "A purpose that was not announced."),
            Text(
                "{subject}：公表していない目的（{what}）で共有した。",
                "{subject}: shared for {what}, which was not announced.",
            ),
        ),
        "NO_AGREEMENT": Code(
            "medium",
            Text(
                "共同利用者の間の取決めの記録がない。",
                "No agreement among the members is on record.",
            ),
            Text(
                "{subject}：共同利用（{what}）の取決めがない。",
                "{subject}: the members of {what} have no agreement on record.",
            ),
        ),
        "FOREIGN_MEMBER": Code(
            "high",
            Text(
                "外国の共同利用者への提供の根拠（法 28 条）が確かめられない。",
                "A member abroad, and the ground of Art. 28 cannot be checked.",
            ),
            Text(
                "{subject}：外国（{what}）の共同利用者への提供の根拠が確かめられない。",
                "{subject}: went to a member in {what} on a ground that cannot be checked.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("共有した時の公表の版", "Announcement version as of the share"),
    response=Text("連携を止める。", "Stop the sync."),
    false_positives=Text("社名の変更", "A company that was renamed"),
    examples=(
        breach(
            "NOT_ANNOUNCED",
            "公表の一秒前の共有",
            "shared one second before the announcement",
            announced_at(announced_at="2026-11-11 10:00:01"),
            shared(),
            subject="prov-1",
            severity="critical",
        ),
        fine(
            "NOT_ANNOUNCED",
            "公表と同時の共有",
            "shared at that very moment",
            announced_at(announced_at="2026-11-11 10:00:00"),
            shared(),
        ),
        breach(
            "NOT_ANNOUNCED",
            "管理責任者の氏名・住所がない公表",
            "an announcement without name and address of who is responsible",
            announced_at(responsible_name_addr_rep=False),
            shared(fields=["phone"]),
        ),
        breach(
            "NOT_ANNOUNCED",
            "どの公表にもない者への共同利用",
            "a transfer to somebody of no scheme",
            announced_at(),
            transferred(recipient_id="other-kk"),
        ),
        fine(
            "NOT_ANNOUNCED",
            "公表した共同利用者への提供",
            "a transfer to a member",
            announced_at(),
            transferred(),
        ),
        breach(
            "MEMBER_OUT",
            "公表にない会社との共有",
            "shared with a company that is no member",
            announced_at(),
            shared(to_id="other-kk"),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "MEMBER_OUT",
            "公表した会社との共有",
            "shared with a member",
            announced_at(),
            shared(to_id="sister-kk"),
        ),
        breach(
            "ITEMS_OUT",
            "公表にない電話番号",
            "a telephone number, not announced",
            announced_at(),
            shared(fields=["name", "phone"]),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "ITEMS_OUT",
            "公表した項目",
            "items as announced",
            announced_at(),
            shared(fields=["name", "email"]),
        ),
        breach(
            "ITEMS_OUT",
            "項目を減らした公表の後の共有",
            "after an announcement that names fewer items",
            announced_at(),
            announced_at("2026-10-01 10:00:00", items=["email"]),
            shared(),
        ),
        breach(
            "PURPOSE_OUT",
            "公表にない販促目的",
            "for marketing, not announced",
            announced_at(),
            shared(purpose_code="marketing"),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "PURPOSE_OUT",
            "公表した目的",
            "for the announced purpose",
            announced_at(),
            shared(purpose_code="member_service"),
        ),
        breach(
            "NO_AGREEMENT",
            "取決めのない共同利用",
            "no agreement",
            announced_at(agreement_ref=None),
            shared(),
            subject="prov-1",
            severity="medium",
        ),
        fine(
            "NO_AGREEMENT",
            "取決めのある共同利用",
            "with an agreement",
            announced_at(agreement_ref="doc-1"),
            shared(),
        ),
        breach(
            "FOREIGN_MEMBER",
            "本人の示されない同意による外国の共同利用者",
            "a member abroad, by a consent of nobody named",
            announced_at(),
            shared(to_country="SG", xborder_basis="consent"),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "FOREIGN_MEMBER",
            "本人の示された同意（XBR-01 が判定）",
            "by a consent of somebody named, which XBR-01 judges",
            announced_at(),
            shared(to_country="SG", xborder_basis="consent", principal_refs=["mem-1"]),
        ),
        fine(
            "FOREIGN_MEMBER",
            "根拠のない外国の共同利用者（XBR-01 の違反が優先）",
            "on no ground at all, of which XBR-01 is the finding",
            announced_at(),
            shared(to_country="SG", xborder_basis="none"),
        ),
    ),
)
