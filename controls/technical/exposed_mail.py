"""TEC-10  メール送信・誤送信 — personal data in mail is protected, wrong delivery is caught."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controls.events import EmailSent
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
from controls.shapes import Check, Each


class Limits(Params):
    tocc_n: int = limit(
        10,
        "addresses",
        "To・Cc に入れてよい社外の宛先の数。",
        "Outside addresses that may stand in To and Cc.",
    )
    mass_n: int = limit(
        100,
        "addresses",
        "一斉配信の手続（mass_mail_id）が要る社外の宛先の数。",
        "Outside addresses from which a mailing needs its procedure (mass_mail_id).",
    )
    freemail_domains: tuple[str, ...] = limit(
        (
            "gmail.com",
            "yahoo.co.jp",
            "outlook.com",
            "outlook.jp",
            "hotmail.com",
            "hotmail.co.jp",
            "icloud.com",
        ),
        "",
        "個人用フリーメールのドメイン。",
        "Domains of personal free mail.",
    )


def own_reply(mail: EmailSent) -> bool:
    """A reply to the principal with nothing but his own data."""
    return bool(mail.to_principal) and mail.dlp_principals <= 1


def checks(limits: Limits) -> tuple[Check, ...]:
    freemail = frozenset(limits.freemail_domains)

    def violation(code: str, mail: EmailSent, **facts: Any) -> Judgement:
        # a correction is known when it is written, whenever the mail went out
        known = mail.observed_at if mail.corrects_event_id else None
        return Judgement(
            "violation", code, mail.message_id or mail.event_id, detected=known, facts=facts
        )

    def unprotected(mail: EmailSent, view: View) -> Judgement | None:
        if not (mail.dlp_principals > 0 and mail.external_count > 0 and mail.attachments > 0):
            return None
        if own_reply(mail):
            return NOT_APPLICABLE
        if mail.attachment_encrypted:
            return PASS
        return violation("UNPROTECTED", mail, persons=mail.dlp_principals)

    def exposed(mail: EmailSent, view: View) -> Judgement | None:
        if mail.external_count == 0:
            return None
        shown = min(mail.to_cc_count, mail.external_count)
        return PASS if shown <= limits.tocc_n else violation("TO_CC_MASS", mail, shown=shown)

    def misdirected(mail: EmailSent, view: View) -> Judgement | None:
        if mail.misdirected == "confirmed":
            return violation("MISDIRECTED", mail)
        return NOT_APPLICABLE if mail.misdirected == "suspected" else PASS

    def personal(mail: EmailSent, view: View) -> Judgement | None:
        if not (mail.dlp_principals > 0 or mail.body_has_pd) or mail.external_count == 0:
            return None
        if own_reply(mail) or mail.own_freemail is False:
            return NOT_APPLICABLE
        found = sorted(freemail.intersection(mail.external_domains))
        return violation("PERSONAL_DOMAIN", mail, domains=", ".join(found)) if found else PASS

    def mailing(mail: EmailSent, view: View) -> Judgement | None:
        if mail.external_count < limits.mass_n:
            return None
        if mail.mass_mail_id is not None:
            return PASS
        return violation("MASS_UNAPPROVED", mail, addresses=mail.external_count)

    def check(name: str, code: str, judge: Callable[[Any, View], Judgement | None]) -> Each:
        return Each(name, (code,), (EmailSent,), judge, by={EmailSent: "message_id"})

    return (
        check("protection", "UNPROTECTED", unprotected),
        check("addresses", "TO_CC_MASS", exposed),
        check("delivery", "MISDIRECTED", misdirected),
        check("domain", "PERSONAL_DOMAIN", personal),
        check("mailing", "MASS_UNAPPROVED", mailing),
    )


def mail(at: str, **given: Any) -> EmailSent:
    return event(
        EmailSent,
        at,
        **{
            "message_id": "msg-1",
            "external_domains": ["client.example.jp"],
            "external_count": 1,
            "to_cc_count": 1,
            "misdirected": "no",
            **given,
        },
    )


def attached(at: str, **given: Any) -> EmailSent:
    return mail(at, **{"attachments": 1, "dlp_principals": 300, **given})


AT = "2026-11-11 10:00:00"

CONTROL = Control(
    id="TEC-10",
    title=Text("メール送信・誤送信", "PD e-mail protected; wrong or mass delivery caught"),
    requirement=Text(
        "個人データの添付を保護し、多数宛先をTo/Ccに露出させず、誤送信は事故として扱う。",
        "PD files mailed out are protected; many outside addresses never in To/Cc; misdelivery "
        "becomes an incident.",
    ),
    sources=sources(
        seeds="PER-3-1.a; PER-4.6.4",
        appi="Art.23; Art.26",
        ppc_guideline="10-6(4); 3-5-1-2 case 2",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "UNPROTECTED": Code(
            "high",
            Text(
                "個人データの添付を暗号化せずに社外へ送った。",
                "An attachment with personal data went outside without encryption.",
            ),
            Text(
                "{subject}：{persons} 人分の添付を暗号化せずに社外へ送信した。",
                "{subject}: an attachment about {persons} persons went outside unencrypted.",
            ),
        ),
        "TO_CC_MASS": Code(
            "high",
            Text(
                "To・Cc の社外宛先が tocc_n を超えた。",
                "More than tocc_n outside addresses stood in To and Cc.",
            ),
            Text(
                "{subject}：社外の宛先 {shown} 件を互いに見える形で送信した。",
                "{subject}: {shown} outside addresses could see one another.",
            ),
        ),
        "MISDIRECTED": Code(
            "critical",
            Text(
                "送信時の記録または訂正の記録で誤送信と確認された（事故の候補）。",
                "The mail or its correction says that misdelivery is confirmed (an incident "
                "candidate).",
            ),
            Text(
                "{subject}：誤送信が確認された（漏えい等事案として対応する）。",
                "{subject}: the mail was misdirected; treat it as an incident.",
            ),
        ),
        "PERSONAL_DOMAIN": Code(
            "high",
            Text(
                "個人データを個人用フリーメールの宛先へ送った。",
                "Personal data went to an address of personal free mail.",
            ),
            Text(
                "{subject}：個人データを {domains} へ送信した。",
                "{subject}: personal data was sent to {domains}.",
            ),
        ),
        "MASS_UNAPPROVED": Code(
            "medium",
            Text(
                "一斉配信の手続なしに mass_n 件以上の社外宛先へ送った。",
                "mass_n outside addresses or more, without the procedure for mailings.",
            ),
            Text(
                "{subject}：手続のない一斉送信（{addresses} 件）。",
                "{subject}: a mailing to {addresses} addresses without its procedure.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "メールの仮名化された番号、件数、ドメイン（宛先と本文は残さない）",
        "Message pseudonym, counts, domains; never addresses or body",
    ),
    response=Text(
        "送信を取り消し、INC-01 に従う。全て未読のまま回収できれば漏えいに当たらない。",
        "Recall, follow INC-01; full recovery unread can end it.",
    ),
    false_positives=Text(
        "役割名のメーリングリスト：宛先の数え方に注意する。",
        "Role mailing lists: mind how their addresses are counted.",
    ),
    examples=(
        breach(
            "UNPROTECTED",
            "会員名簿を暗号化せずに送信",
            "a member list goes out in clear",
            attached(AT, attachment_encrypted=False),
            subject="msg-1",
            severity="high",
        ),
        fine(
            "UNPROTECTED",
            "暗号化した添付",
            "the same attachment, encrypted",
            attached(AT, attachment_encrypted=True),
        ),
        fine(
            "UNPROTECTED",
            "本人への回答（本人のデータのみ）",
            "an answer to the principal with his own data",
            attached(AT, dlp_principals=1, to_principal=True),
        ),
        breach(
            "UNPROTECTED",
            "本人宛てだが他人のデータも含む",
            "to the principal, but with another person's data too",
            attached(AT, dlp_principals=2, to_principal=True),
        ),
        breach(
            "TO_CC_MASS",
            "社外の宛先 11 件が To にある",
            "eleven outside addresses in To",
            mail(AT, external_count=11, to_cc_count=11),
            subject="msg-1",
            severity="high",
        ),
        fine(
            "TO_CC_MASS",
            "10 件までは許容",
            "ten of them are within the limit",
            mail(AT, external_count=11, to_cc_count=10),
        ),
        breach(
            "MISDIRECTED",
            "訂正の記録で誤送信が確認された",
            "a correction confirms that it was misdirected",
            mail(AT, event_id="m-1", misdirected="suspected"),
            mail("2026-11-11 10:20:00", corrects_event_id="m-1", misdirected="confirmed"),
            subject="msg-1",
            severity="critical",
        ),
        fine(
            "MISDIRECTED",
            "疑いのみで確認を待つ",
            "only suspected; the confirmation is awaited",
            mail(AT, event_id="m-1", misdirected="suspected"),
            mail("2026-11-11 10:20:00", corrects_event_id="m-1", misdirected="suspected"),
        ),
        breach(
            "PERSONAL_DOMAIN",
            "個人データをフリーメールへ送信",
            "personal data to free mail",
            mail(AT, body_has_pd=True, external_domains=["gmail.com"]),
            subject="msg-1",
            severity="high",
        ),
        fine(
            "PERSONAL_DOMAIN",
            "取引先のドメインへ送信",
            "the same to a client's domain",
            mail(AT, body_has_pd=True, external_domains=["client.example.jp"]),
        ),
        fine(
            "PERSONAL_DOMAIN",
            "フリーメールは本人以外のもの（確認済み）",
            "the free mail is known not to be one's own",
            mail(AT, body_has_pd=True, external_domains=["gmail.com"], own_freemail=False),
        ),
        breach(
            "MASS_UNAPPROVED",
            "手続なしに Bcc で 100 件へ送信",
            "a hundred addresses in Bcc without the procedure",
            mail(AT, external_count=100, mass_mail_id=None),
            subject="msg-1",
            severity="medium",
        ),
        fine(
            "MASS_UNAPPROVED",
            "配信の手続に従った一斉送信",
            "a mailing that followed its procedure",
            mail(AT, external_count=100, mass_mail_id="mm-7"),
        ),
        fine(
            "MASS_UNAPPROVED",
            "99 件までは手続不要",
            "ninety-nine need none",
            mail(AT, external_count=99),
        ),
    ),
)
