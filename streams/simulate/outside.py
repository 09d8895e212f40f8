"""What happens around the office: members on the site, partners at the API, probes, mailings."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import facts
from streams.simulate.company import SOURCES, Company
from streams.simulate.feed import Day
from streams.simulate.history import CONTRACTORS
from streams.simulate.times import HOUR, MINUTE, at, is_closed, midnight, text

SITE = "www.example.co.jp"
API = "api.example.co.jp"
HOSTS = (
    SITE,
    API,
    "form.example.co.jp",
    "my.example.co.jp",
    "shop.example.co.jp",
    "recruit.example.co.jp",
    "mail.example.co.jp",
    "cdn.example.co.jp",
)
HEARTBEAT = 20 * MINUTE
# busy hours of members: quiet nights, lunch, a long evening
_HOURS = [2, 1, 1, 1, 1, 1, 2, 4, 5, 4, 4, 5, 8, 5, 4, 4, 4, 5, 7, 9, 11, 11, 8, 4]
_PAGES = (
    ("/", None),
    ("/items/{id}", None),
    ("/items/{id}", None),
    ("/help", None),
    ("/members/{id}", "ds-members"),
    ("/members/{id}/orders", "ds-orders"),
    ("/inquiry", "ds-inquiries"),
)


def site_day(company: Company, today: date, day: Day, rng: Random) -> None:
    """Members and passers-by on the public site, and their logins."""
    make, base, random = day.make, midnight(today), rng.random
    size = len(company.staff)
    visits = int(size * (0.7 + 0.2 * random() + 0.25 * (today.weekday() >= 5)))
    for hour in rng.choices(range(24), _HOURS, k=visits):
        t = base + hour * HOUR + int(random() * (HOUR - 10 * MINUTE))
        known = random() < 0.6
        member = f"mem-{1 + int(random() * 4_000):06d}" if known else ""
        ip = f"100.{65 + int(random() * 60)}.{int(random() * 250)}.{1 + int(random() * 250)}"
        session = make.short("ws-")
        if known and random() < 0.25:
            ok = random() > 0.04
            day.add(
                t,
                facts.login(make, "idp-01", member, "principal", member, "sys-site", ok, ip, True),
            )
        for n in range(1 + int(random() * 3)):
            path, dataset = _PAGES[int(random() * (7 if known else 4))]
            post = path == "/inquiry"
            if path == "/members/{id}":
                day.add(t + n * 14_000, facts.own_data(make, member))
            day.add(
                t + (n + 1) * 12_000 + int(random() * 9_000),
                facts.web(
                    make,
                    "web-01",
                    member,
                    "principal" if known else "unknown",
                    SITE,
                    path,
                    404 if random() < 0.02 else 200,
                    ip,
                    session,
                    900 + int(random() * 60_000),
                    dataset,
                    tls="TLS1.3" if random() < 0.9 else "TLS1.2",
                    method="POST" if post else "GET",
                ),
            )


def partners_day(today: date, day: Day, rng: Random) -> None:
    """Partners at the API; what comes in clear is sent on to https."""
    make, base = day.make, midnight(today)
    for _ in range(20 + int(rng.random() * 25)):
        t = base + int(rng.random() * 23.9 * HOUR)
        plain = rng.random() < 0.06
        day.add(
            t,
            facts.web(
                make,
                "lb-01",
                "svc-partner",
                "service",
                API,
                "/v1/orders",
                301 if plain else 200,
                "192.0.2.40",
                "api-partner",
                300 if plain else 4_000,
                "ds-orders",
                scheme="http" if plain else "https",
                tls=None if plain else "TLS1.2",
            ),
        )


def probes_day(today: date, day: Day, rng: Random) -> None:
    """Every host's TLS, twice a day; certificates are renewed thirty days before their end."""
    for hour in (6, 18):
        for n, host in enumerate(HOSTS):
            age = (today.toordinal() + 11 * n) % 60
            day.add(
                at(today, hour, n, int(rng.random() * 50)),
                facts.probe(day.make, host, n < 6, today + timedelta(days=90 - age)),
            )


def heartbeats(today: date, day: Day, rng: Random) -> None:
    """Every watched source through the collector, every twenty minutes."""
    base = midnight(today)
    for n, source in enumerate(s for s in SOURCES if s.heartbeat):
        for k in range(72):
            t = base + k * HEARTBEAT + 2_000 + n * 1_500 + int(rng.random() * 400)
            day.add(
                t,
                day.make(
                    "log.source_status",
                    "collector-01",
                    "svc-collector",
                    "service",
                    monitored_source_id=source.id,
                    status="heartbeat",
                    last_seq=None,
                    lag_seconds=int(rng.random() * 4),
                    clock_skew_ms=int(rng.random() * 240) - 120,
                ),
            )


def verification(today: date, day: Day, ok: bool) -> None:
    """The daily recomputation of the chain."""
    size = (today.toordinal() - 738_000) * 5_000
    day.add(
        at(today, 3, 5),
        day.make(
            "own.verified",
            "shoseki",
            "svc-shoseki",
            "service",
            run_id=day.make.short("ver-"),
            from_size=0,
            to_size=size,
            ok=ok,
            first_bad=None if ok else f"books:{size - 40}",
            against_anchor=True,
        ),
    )


def acts_day(company: Company, today: date, day: Day) -> None:
    """What is done with this system itself: a pseudonym looked up on Tuesdays, an alert silenced
    now and then, parameters changed, evidence exported and an old key destroyed by the month."""
    if is_closed(today):
        return
    make, boss = day.make, company.boss["dept-legal"]

    def act(what: str, hour: int, **said: Any) -> None:
        day.add(at(today, hour, 20), make(f"own.{what}", "shoseki", boss, "staff", **said))

    both = {"by_ref": boss, "approver_ref": "stf-ciso"}
    if today.weekday() == 1:
        act("looked_up", 11, lookup_id=make.short("look-"), subject_ref="stf-0001", found=3,
            reason="finding under review", **both)  # fmt: skip
    month = [d for d in company.workdays if (d.year, d.month) == (today.year, today.month)]
    nth = month.index(today) if today in month else -1
    if nth == 3:
        act("silenced", 14, silence_id=make.short("sil-"), control_id="TEC-08", subject_ref=None,
            starts_at=text(at(today, 15)), ends_at=text(at(today, 18)), reason="planned work",
            kind="silence", **both)  # fmt: skip
    if nth == 5 and today.month % 3 == 1:
        act("ruleset_changed", 15, change_id=make.short("chg-"), step="promoted",
            from_fingerprint="ab" * 32, to_fingerprint="cd" * 32, control_ids=["TEC-05"],
            effective_from=text(at(today, 16)), author_ref=boss, approver_ref="stf-ciso",
            reason="yearly review of limits", diff_sha256="ef" * 32)  # fmt: skip
    if nth == 7 and today.month % 3 == 1:
        first = today.replace(day=1)
        act("exported", 16, pack_id=make.short("pack-"), period_to=f"{first}",
            period_from=f"{first - timedelta(days=90)}", cut_at=today.toordinal() * 100,
            auditor_view=True, rows=120_000, by_ref=boss)  # fmt: skip
    if nth == 9 and today.month == 4:
        act("key_destroyed", 17, key_year=today.year - 6, key_id=f"evidence-{today.year - 6}",
            reason="everything under it has expired", **both)  # fmt: skip


def feeds_day(today: date, day: Day, rng: Random) -> None:
    """Each contractor gets its feed on its day of the week."""
    for n, contractor in enumerate(CONTRACTORS):
        if today.weekday() == n % 5 and not is_closed(today):
            day.add(
                at(today, 10, 15 + n),
                facts.entrusted(
                    day.make,
                    contractor,
                    f"con-{contractor}",
                    f"prov-{contractor}-{today:%Y%m%d}",
                    200 + int(rng.random() * 700),
                ),
            )


class Members:
    """Who may be written to; grows with every consent, shrinks with every opt-out."""

    def __init__(self) -> None:
        self.willing: list[str] = []
        self.next = 100_001

    def day(self, company: Company, today: date, day: Day, rng: Random) -> None:
        """New members with notice and consent, opt-outs, and the weekly mailing."""
        make, random = day.make, rng.random
        for _ in range(int(len(company.staff) * (0.08 + 0.06 * random()))):
            t = at(today, 9 + int(random() * 13), int(random() * 59))
            member, consent = f"mem-{self.next:06d}", make.short("con-")
            self.next += 1
            day.add(
                t,
                make(
                    "consent.changed",
                    "consent-form",
                    member,
                    "principal",
                    consent_id=consent,
                    principal_ref=member,
                    state="granted",
                    kind="marketing",
                    purpose_codes=["marketing"],
                    recipient_id=None,
                    fields=["email"],
                    info_items=["purpose", "items", "withdrawal"],
                    notice_id="notice-ds-marketing",
                    evidence_ref=make.short("ev-"),
                ),
            )
            day.add(
                t + 4_000,
                make(
                    "data.acquired",
                    "consent-form",
                    member,
                    "principal",
                    dataset_id="ds-members",
                    principal_ref=member,
                    channel="web_form",
                    notice_id="notice-ds-members",
                    notice_shown_at=text(t - 60_000),
                    consent_id=consent,
                    fields=["name", "address", "email"],
                    sensitive_categories=[],
                    by_principal=True,
                    acquisition_id=make.short("acq-"),
                ),
            )
            if len(self.willing) < 5_000:
                self.willing.append(member)
        if self.willing and random() < 0.4:
            member = self.willing.pop(int(random() * len(self.willing)))
            t = at(today, 21, int(random() * 59))
            day.add(
                t,
                make(
                    "optout.recorded",
                    "consent-form",
                    member,
                    "principal",
                    principal_ref=member,
                    scope="marketing_email",
                    effective_at=text(t),
                ),
            )
        if today.weekday() == 2 and self.willing:
            campaign = f"camp-{today:%Y%m%d}"
            count = min(len(self.willing), len(company.staff))
            for n, member in enumerate(rng.sample(self.willing, count)):
                day.add(
                    at(today, 8) + n * 300,
                    make(
                        "marketing.sent",
                        "campaign-form",
                        "svc-campaign",
                        "service",
                        campaign_id=campaign,
                        principal_ref=member,
                        channel="email",
                        dataset_id="ds-marketing",
                        purpose_code="marketing",
                    ),
                )
