"""CON-05  同意の証跡と撤回 — consent is evidenced, its withdrawal honoured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.core import NOTICES
from controls.books.principals import (
    STOP_HOURS,
    USES,
    from_then_on,
    live,
    said,
    withdrawn,
    without_old_uses,
)
from controls.events import ConsentChanged, DataAcquired, MarketingSent, PurposePublished
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
from controls.shapes import Case, Check, Each, Fact, Look, one_key, standing


class Limits(Params):
    stop_hours: int = limit(
        STOP_HOURS,
        "h",
        "撤回から利用を止めるまでの時間。",
        "Hours in which a withdrawal stops the use.",
    )
    info: dict[str, tuple[str, ...]] = limit(
        {
            "third_party": ("recipient", "items", "purpose", "method"),
            "foreign": ("country", "country_regime", "recipient_measures"),
            "purpose": ("purpose",),
        },
        "",
        "同意の種類ごとに示すべき事項。",
        "What has to be shown, by kind of consent.",
    )
    location_fields: tuple[str, ...] = limit(
        ("location", "gps", "latitude", "longitude"), "", "位置情報の項目。", "Fields of location."
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def evidenced(consent: ConsentChanged, view: View) -> Judgement | None:
        if consent.state != "granted":
            return NOT_APPLICABLE
        notice = view.latest(NOTICES, consent.notice_id, consent.occurred_at)
        if not consent.evidence_ref or not consent.notice_id or notice is None:
            since = consent.occurred_at
            return Judgement("violation", "NO_EVIDENCE", consent.consent_id, since=since)
        return PASS

    def informed(consent: ConsentChanged, view: View) -> Judgement | None:
        wanted = limits.info.get(consent.kind)
        if consent.state != "granted" or wanted is None:
            return None
        unsaid = consent.kind == "foreign" and "unspecified_reason" in consent.info_items
        missing = [item for item in wanted if item not in consent.info_items]
        if not missing or unsaid:
            return None
        told = {"missing": ", ".join(missing)}
        return Judgement("violation", "INFO_MISSING", consent.consent_id, facts=told)

    def used(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for use in standing(facts):
            if use[3] not in ("sent", "acquired"):
                continue
            name = withdrawn(facts, use, limits.stop_hours)
            if name is not None:
                yield Judgement(
                    "violation", "USED_AFTER_WITHDRAWAL", f"{name}|{use[1]}", use[0],
                    item=use[1], events=(use[1],),
                )  # fmt: skip

    def located(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for got in standing(facts, "acquired"):
            where = set(got[4]["fields"]) & set(limits.location_fields)
            if where and not live(facts, got[0], "location"):
                yield Judgement(
                    "violation", "LOCATION_NO_CONSENT", got[4]["acquisition_id"] or got[1],
                    got[0], item=got[1], events=(got[1],),
                )  # fmt: skip

    def by_notice(notice: PurposePublished) -> tuple[Look, ...]:
        return (Look(ConsentChanged, "notice_id", notice.notice_id, notice.effective_from),)

    def of_principal(name: str, code: str, judge: Any) -> Case:
        kinds = (ConsentChanged, MarketingSent, DataAcquired)
        return Case(
            name,
            (code,),
            kinds,
            one_key("principal_ref"),
            said,
            judge,
            keep=USES,
            span=from_then_on,
            forget=without_old_uses,
            by=dict.fromkeys(kinds, "principal_ref"),
        )

    by = {ConsentChanged: "principal_ref"}
    return (
        Each(
            "evidence",
            ("NO_EVIDENCE",),
            (ConsentChanged,),
            evidenced,
            by=by,
            revisits={PurposePublished: by_notice},
            awaits=(PurposePublished,),
        ),
        Each("information", ("INFO_MISSING",), (ConsentChanged,), informed, by=by),
        of_principal("withdrawal", "USED_AFTER_WITHDRAWAL", used),
        of_principal("location", "LOCATION_NO_CONSENT", located),
    )


def notice(effective_from: str) -> PurposePublished:
    return event(
        PurposePublished, "2026-11-01 09:00:00", notice_id="n-1", effective_from=effective_from
    )


def consent(at: str = "2026-11-02 10:00:00", **given: Any) -> ConsentChanged:
    told = {
        "consent_id": "con-1", "principal_ref": "mem-1", "state": "granted", "kind": "marketing",
        "purpose_codes": ["marketing"], "notice_id": "n-1", "evidence_ref": "ev-1", **given,
    }  # fmt: skip
    return event(ConsentChanged, at, **told)


def mailing(at: str) -> MarketingSent:
    return event(
        MarketingSent, at, campaign_id="autumn", principal_ref="mem-1", channel="email",
        purpose_code="marketing",
    )  # fmt: skip


def acquired(**given: Any) -> DataAcquired:
    told = {"acquisition_id": "acq-1", "principal_ref": "mem-1", "fields": ["gps"], **given}
    return event(DataAcquired, "2026-11-11 10:00:00", **told)


NOTICE = notice("2026-11-01 09:00:00")
WITHDRAWN = consent("2026-11-05 10:00:00", state="withdrawn")
ITEMS = ["recipient", "items", "purpose", "method"]

CONTROL = Control(
    id="CON-05",
    title=Text("同意の証跡と撤回", "Consent evidenced and withdrawal honoured"),
    requirement=Text(
        "同意は提示内容・日時・方法を残し、撤回後は利用しない。",
        "Consent holds what was shown, when and how; withdrawn consent stops the use.",
    ),
    sources=sources(
        seeds="PYX-4.0; PER-2-2.n; MIX-U.C; MIX-T2; MIX-T.E; MIX-B3; PIC-B1b; PIC-T1; JUS-3; "
        "JUS-U4.0; JUS-T1",
        appi="Art.18(1); Art.27(1); Art.28(2)",
        ppc_guideline="2-16; 3-6-1",
        pms_guideline="J.8.5; J.8.8",
    ),
    params=Limits(),
    codes={
        "NO_EVIDENCE": Code(
            "medium",
            Text(
                "同意の証跡又は効力のある通知がない。",
                "Without evidence, or without a notice that was in force.",
            ),
            Text("{subject}：同意の証跡がない。", "{subject}: nothing shows the consent."),
        ),
        "INFO_MISSING": Code(
            "medium",
            Text("示すべき事項を示していない。", "Something was not shown."),
            Text("{subject}：示していない事項（{missing}）。", "{subject}: not shown ({missing})."),
        ),
        "USED_AFTER_WITHDRAWAL": Code(
            "high",
            Text(
                "撤回から stop_hours を過ぎて利用した。",
                "Used more than stop_hours after the withdrawal.",
            ),
            Text("{subject}：撤回の後の利用。", "{subject}: used after withdrawal."),
        ),
        "LOCATION_NO_CONSENT": Code(
            "high",
            Text("同意なく位置情報を取得した。", "Location was acquired without consent."),
            Text("{subject}：同意のない位置情報。", "{subject}: location without consent."),
        ),
    },
    checks=checks,
    evidence=Text("同意番号、版、画面のハッシュ", "Consent id, version, hash of screen"),
    response=Text("処理から除く。", "Purge from job."),
    false_positives=Text("送信済みの一括処理。", "Batch already sent."),
    examples=(
        breach(
            "NO_EVIDENCE",
            "後から効力を持った通知",
            "a notice that took effect a second later",
            notice("2026-11-02 10:00:01"),
            consent(),
            subject="con-1",
            severity="medium",
        ),
        fine(
            "NO_EVIDENCE",
            "その時に効力を持つ通知",
            "a notice that took effect then",
            notice("2026-11-02 10:00:00"),
            consent(),
        ),
        breach("NO_EVIDENCE", "証跡のない同意", "no evidence", NOTICE, consent(evidence_ref="")),
        breach(
            "INFO_MISSING",
            "提供先を示していない",
            "the recipient was not shown",
            NOTICE,
            consent(kind="third_party", info_items=ITEMS[1:]),
            subject="con-1",
            severity="medium",
        ),
        fine(
            "INFO_MISSING",
            "すべての事項",
            "everything was shown",
            NOTICE,
            consent(kind="third_party", info_items=ITEMS),
        ),
        breach(
            "USED_AFTER_WITHDRAWAL",
            "撤回から 24 時間と一秒の配信",
            "sent a day and a second after",
            NOTICE,
            consent(),
            WITHDRAWN,
            mailing("2026-11-06 10:00:01"),
            severity="high",
        ),
        fine(
            "USED_AFTER_WITHDRAWAL",
            "撤回から 24 時間の配信",
            "sent a day after",
            NOTICE,
            consent(),
            WITHDRAWN,
            mailing("2026-11-06 10:00:00"),
        ),
        breach(
            "LOCATION_NO_CONSENT",
            "同意のない位置情報",
            "location without consent",
            NOTICE,
            consent(kind="marketing"),
            acquired(),
            subject="acq-1",
            severity="high",
        ),
        fine(
            "LOCATION_NO_CONSENT",
            "同意した位置情報",
            "location with consent",
            NOTICE,
            consent(kind="location"),
            acquired(),
        ),
    ),
)
