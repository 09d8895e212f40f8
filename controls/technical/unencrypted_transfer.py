"""TEC-09  通信の暗号化（TLS） — personal data travel encrypted."""

from __future__ import annotations

from typing import Any, Literal

from controls.calendar import jst_day
from controls.events import AccessWebRequest, ContractorDataEntrusted, TlsSessionObserved
from controls.examples import breach, event, fine, unknown
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

Traffic = AccessWebRequest | TlsSessionObserved

VERSIONS = ("SSLv3", "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3")
"""Oldest first."""

REDIRECTS = frozenset({301, 302, 307, 308})
"""Statuses of a server that only sends the visitor on to https."""


class Limits(Params):
    min: Literal["SSLv3", "TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3"] = limit(
        "TLS1.2",
        "version",
        "許容する最も古い TLS の版。",
        "The oldest TLS version that is accepted.",
    )
    cert_days: int = limit(
        14,
        "d",
        "証明書の期限までの残り日数がこれ以下になれば予告する。",
        "A certificate with this many days left, or fewer, is announced.",
    )


def unknown_of(name: str, host: str) -> Judgement:
    return Judgement("indeterminate", missing=(f"{name} of {host}",))


def checks(limits: Limits) -> tuple[Check, ...]:
    oldest = VERSIONS.index(limits.min)

    def plaintext(traffic: Traffic, view: View) -> Judgement | None:
        if isinstance(traffic, AccessWebRequest):
            if traffic.dataset_id is None:
                return None
            if traffic.scheme != "https" and traffic.status in REDIRECTS:
                return NOT_APPLICABLE
            if traffic.scheme is None:
                return unknown_of("scheme", traffic.host)
        elif not traffic.form_with_pd:
            return None
        if traffic.scheme == "https":
            return PASS
        return Judgement("violation", "PLAINTEXT", traffic.host)

    def old_tls(traffic: Traffic, view: View) -> Judgement | None:
        if isinstance(traffic, AccessWebRequest):
            if traffic.dataset_id is None or traffic.status >= 400:
                return None
        elif not traffic.form_with_pd:
            return None
        version = traffic.tls_version
        if version in VERSIONS:
            if VERSIONS.index(version) >= oldest:
                return PASS
            subject = f"{traffic.host}|{version}"
            return Judgement("violation", "OLD_TLS", subject, facts={"version": version})
        if version is None and traffic.scheme == "http":
            return None
        return unknown_of("tls_version", traffic.host)

    def certificate(session: TlsSessionObserved, view: View) -> Judgement | None:
        if session.scheme != "https":
            return None
        left = (session.cert_not_after - jst_day(session.occurred_at)).days
        if left > limits.cert_days:
            return PASS
        return Judgement(
            "violation",
            "CERT_EXPIRING",
            f"{session.host}|{session.cert_not_after}",
            severity="high" if left < 0 else "low",
            facts={"not_after": f"{session.cert_not_after}"},
        )

    def feed(entrusted: ContractorDataEntrusted, view: View) -> Judgement:
        if entrusted.method == "paper":
            return NOT_APPLICABLE
        if entrusted.encrypted:
            return PASS
        subject = f"{entrusted.contractor_id}|{entrusted.provision_id}"
        return Judgement("violation", "PLAIN_FEED", subject, facts={"method": entrusted.method})

    traffic = (AccessWebRequest, TlsSessionObserved)
    return (
        Each("plaintext", ("PLAINTEXT",), traffic, plaintext),
        Each("old_tls", ("OLD_TLS",), traffic, old_tls),
        Each("certificate", ("CERT_EXPIRING",), (TlsSessionObserved,), certificate),
        Each("feed", ("PLAIN_FEED",), (ContractorDataEntrusted,), feed),
    )


def request(**given: Any) -> AccessWebRequest:
    return event(
        AccessWebRequest,
        "2026-11-11 10:00:00",
        **{
            "host": "members.example.jp",
            "method": "POST",
            "status": 200,
            "scheme": "https",
            "tls_version": "TLS1.3",
            "dataset_id": "ds-members",
            **given,
        },
    )


def session(at: str = "2026-11-11 10:00:00", **given: Any) -> TlsSessionObserved:
    return event(
        TlsSessionObserved,
        at,
        **{
            "host": "form.example.jp",
            "form_with_pd": True,
            "scheme": "https",
            "tls_version": "TLS1.3",
            "cert_not_after": "2027-03-31",
            **given,
        },
    )


def entrusted(**given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        "2026-11-11 10:00:00",
        **{
            "contractor_id": "ctr-print",
            "provision_id": "prv-1",
            "method": "sftp",
            "encrypted": True,
            "country": "JP",
            **given,
        },
    )


CONTROL = Control(
    id="TEC-09",
    title=Text("通信の暗号化（TLS）", "PD communications encrypted"),
    requirement=Text(
        "個人データの送受信は有効な証明書のTLSで暗号化する。",
        "Forms and transmissions with PD use TLS of accepted version with a valid certificate.",
    ),
    sources=sources(
        seeds="PER-4.6.4; PIC-S1; JUS-S1; JUS-S2",
        appi="Art.23",
        ppc_guideline="10-6(4)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "PLAINTEXT": Code(
            "high",
            Text(
                "個人データを扱うフォーム又は要求が http で、転送（301・302・307・308）でもない。",
                "A form or request with personal data went over http and was no mere redirect.",
            ),
            Text(
                "{subject}：個人データを扱う平文（http）の通信が {events} 件ある。",
                "{subject}: {events} transmissions of personal data in plain http.",
            ),
        ),
        "OLD_TLS": Code(
            "medium",
            Text(
                "個人データの通信の TLS の版が、許容する最も古い版より古い。",
                "Personal data went over a TLS version older than the oldest accepted one.",
            ),
            Text(
                "{subject}：許容しない版（{version}）による通信が {events} 件ある。",
                "{subject}: {events} transmissions over {version}, which is not accepted.",
            ),
        ),
        "CERT_EXPIRING": Code(
            "low",
            Text(
                "証明書の期限が間近である。期限切れであれば重大度は高。",
                "The certificate ends soon; where it has ended already the severity is high.",
            ),
            Text(
                "{subject}：証明書の期限（{not_after}）が間近か、過ぎている（{events} 件で確認）。",
                "{subject}: the certificate ends or ended on {not_after} (seen {events} times).",
            ),
        ),
        "PLAIN_FEED": Code(
            "high",
            Text(
                "委託先への個人データの提供（紙を除く）が暗号化されていない。",
                "Personal data went to a contractor unencrypted, other than on paper.",
            ),
            Text(
                "{subject}：暗号化しない提供（{method}）がある。",
                "{subject}: provided unencrypted ({method}).",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "ホスト、版、日ごとの件数。",
        "Host, version and count per day.",
    ),
    response=Text(
        "サーバーの設定を直し、平文で送られた範囲を確かめる。",
        "Fix the configuration and find out what went in the clear.",
    ),
    false_positives=Text(
        "脆弱性検査などの探査による接続。",
        "Connections made by scanners that probe the host.",
    ),
    examples=(
        breach(
            "PLAINTEXT",
            "個人情報の入力フォームが http",
            "a form with personal data over http",
            session(scheme="http", tls_version=None),
            subject="form.example.jp",
            severity="high",
        ),
        fine(
            "PLAINTEXT",
            "個人情報のないページは http でもよい",
            "a page without personal data may be http",
            session(scheme="http", tls_version=None, form_with_pd=False),
        ),
        breach(
            "PLAINTEXT",
            "個人データの要求に http で応答",
            "a request for personal data answered over http",
            request(scheme="http", tls_version=None),
            subject="members.example.jp",
        ),
        fine(
            "PLAINTEXT",
            "https への転送だけの http",
            "http that only redirects to https",
            request(scheme="http", tls_version=None, status=301),
        ),
        breach(
            "PLAINTEXT",
            "304 は転送でない",
            "304 is no redirect",
            request(scheme="http", tls_version=None, status=304),
        ),
        unknown(
            "PLAINTEXT",
            "scheme のない記録は判定できない",
            "a record without a scheme cannot be judged",
            request(scheme=None),
        ),
        breach(
            "OLD_TLS",
            "フォームが TLS1.1",
            "a form over TLS1.1",
            session(tls_version="TLS1.1"),
            subject="form.example.jp|TLS1.1",
            severity="medium",
        ),
        fine(
            "OLD_TLS",
            "TLS1.2 は許容する",
            "TLS1.2 is accepted",
            session(tls_version="TLS1.2"),
        ),
        breach(
            "OLD_TLS",
            "個人データの要求が TLS1.0",
            "a request for personal data over TLS1.0",
            request(tls_version="TLS1.0", status=399),
            subject="members.example.jp|TLS1.0",
        ),
        fine(
            "OLD_TLS",
            "拒まれた要求（400 以上）では何も渡していない",
            "a request that was refused (400 and above) gave nothing away",
            request(tls_version="TLS1.0", status=400),
        ),
        unknown(
            "OLD_TLS",
            "版のない記録は判定できない",
            "a record without a version cannot be judged",
            session(tls_version=None),
        ),
        breach(
            "CERT_EXPIRING",
            "期限まで 14 日",
            "14 days to the end of the certificate",
            session(cert_not_after="2026-11-25"),
            subject="form.example.jp|2026-11-25",
            severity="low",
        ),
        fine(
            "CERT_EXPIRING",
            "期限まで 15 日",
            "15 days to the end of the certificate",
            session(cert_not_after="2026-11-26"),
        ),
        breach(
            "CERT_EXPIRING",
            "期限の当日はまだ予告",
            "the last day is still a warning",
            session("2026-11-11 23:59:59", cert_not_after="2026-11-11"),
            severity="low",
        ),
        breach(
            "CERT_EXPIRING",
            "期限の翌日（日本時間）は期限切れ",
            "the day after (JST) it has ended",
            session("2026-11-12 00:00:00", cert_not_after="2026-11-11"),
            severity="high",
        ),
        breach(
            "CERT_EXPIRING",
            "期限切れは予告に代わる",
            "the end replaces the early warning",
            session("2026-11-11 10:00:00", cert_not_after="2026-11-11"),
            session("2026-11-12 10:00:00", cert_not_after="2026-11-11"),
            subject="form.example.jp|2026-11-11",
            severity="high",
        ),
        breach(
            "PLAIN_FEED",
            "委託先へ暗号化せずに提供",
            "provided to a contractor unencrypted",
            entrusted(encrypted=False),
            subject="ctr-print|prv-1",
            severity="high",
        ),
        fine(
            "PLAIN_FEED",
            "暗号化した提供",
            "provided encrypted",
            entrusted(encrypted=True),
        ),
        fine(
            "PLAIN_FEED",
            "紙による提供は対象外",
            "paper is outside",
            entrusted(encrypted=False, method="paper"),
        ),
    ),
)
