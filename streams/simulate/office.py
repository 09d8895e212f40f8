"""A day of the office: doors, logins, queries, files, mail and the portal at human hours.

Kept far from every limit on purpose: under 150 persons a head and day, two mistyped passwords
at most, everyone outside before 21:50.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date
from random import Random

from streams.simulate import facts, premises
from streams.simulate.company import DEPARTMENTS, Company, Person
from streams.simulate.feed import Day
from streams.simulate.history import PORTAL_DEPTS
from streams.simulate.times import HOUR, MINUTE, SECOND, at, is_closed, midnight, text

PORTAL = "portal.example.co.jp"
MAX_PERSONS = 150
_NOON, _LUNCH_END = 12 * HOUR, int(13.25 * HOUR)
_PORTAL_PAGES = ("/news", "/schedule", "/workflow/{id}", "/rooms")

When = Callable[[], int]


def office_day(
    company: Company,
    today: date,
    day: Day,
    rng: Random,
    forced: Collection[tuple[str, date]],
    no_files: Collection[str],
) -> None:
    """Let everyone who works today work.

    `forced` are (person, day) who come to the office whatever chance says; `no_files` never
    touch the file server.
    """
    workday = not is_closed(today)
    month_end = today in company.month_ends
    chance = 0.93 if workday else 0.012
    base, luck = midnight(today), rng.getrandbits(48)
    present: list[Person] = []
    for person in company.staff:
        rng.seed(luck + person.number)  # what is planted on one changes nobody else's day
        here = rng.random() < chance
        dept = person.dept(today)
        must = (person.ref, today) in forced
        if dept is None or not (here or must):
            continue
        remote = rng.random() < 0.1 and not must
        if not remote:
            present.append(person)
        if not workday:
            premises.weekend(company, person, dept, today, day)
        _work(
            person,
            dept,
            base,
            day,
            rng,
            month_end,
            person.ref not in no_files,
            remote,
        )
    if workday:
        rng.seed(luck)
        _approved_export(company, today, day, rng, month_end)
        premises.visits(present, today, day, rng)


def _work(
    person: Person,
    dept: str,
    base: int,
    day: Day,
    rng: Random,
    month_end: bool,
    files: bool,
    remote: bool,
) -> None:
    random, make, add = rng.random, day.make, day.add
    start = base + int(min(max(rng.gauss(8.85, 0.25), 8.2), 9.6) * HOUR)
    leave = base + int(min(max(rng.gauss(18.4 + month_end, 0.8), 17.5), 21.6) * HOUR)
    noon = base + _NOON

    def when() -> int:
        """An instant at work, lunch left out, early morning and late evening thinner."""
        t = start + 15 * MINUTE + int((leave - start - 20 * MINUTE) * (random() + random()) / 2)
        return t + 90 * MINUTE if noon <= t < base + _LUNCH_END else t

    if not remote:
        if random() < 0.004:  # the badge was held too far from the reader
            add(
                start - 6 * SECOND,
                {
                    **facts.badge(make, person, "zone-office", "in"),
                    "result": "denied",
                    "reason": "unreadable",
                },
            )
        add(start, facts.badge(make, person, "zone-office", "in"))
        if random() < 0.55:
            out = noon + int(random() * 15 * MINUTE)
            add(out, facts.badge(make, person, "zone-office", "out"))
            add(
                out + int((25 + random() * 25) * MINUTE),
                facts.badge(make, person, "zone-office", "in"),
            )
        add(leave, facts.badge(make, person, "zone-office", "out"))
        zone = DEPARTMENTS[dept][3]
        if zone:
            _visit(person, zone, base, day, rng)
    _login(person, start + int((3 + random() * 9) * MINUTE), remote, day, rng)
    if random() < 0.5:
        _login(person, base + _LUNCH_END + int(random() * 20 * MINUTE), remote, day, rng)
    dataset = DEPARTMENTS[dept][1]
    if dataset:
        _read(person, dataset, when, day, rng, month_end)
    if files:
        for _ in range(int(random() * 4)):
            kind = ("read", "read", "update", "create")[int(random() * 4)]
            if dataset and random() < 0.15:
                add(
                    when(),
                    facts.file(
                        make, person, "read", int(random() * 90_000), dataset, 1 + int(random() * 3)
                    ),
                )
            else:
                add(when(), facts.file(make, person, kind, int(random() * 900_000)))
    for _ in range(int(random() * 3.2)):
        add(when(), facts.mail(make, person, int(random() * 2.5), int(random() * 1.4)))
    session = make.short("ps-")
    pages = int(random() * 6)
    if pages:
        to_portal = facts.login(
            make, "sso-01", person.ref, "staff", person.ref, "sys-portal", True, person.ip, remote,
            person.device,
        )  # fmt: skip
        add(start + 14 * MINUTE, to_portal)
    for _ in range(pages):
        known = dept in PORTAL_DEPTS and random() < 0.5
        path = (
            ("/members/{id}" if random() < 0.8 else "/files/{id}")
            if known
            else _PORTAL_PAGES[int(random() * 4)]
        )
        add(
            when(),
            facts.web(
                make,
                "portal-01",
                person.ref,
                "staff",
                PORTAL,
                path,
                200,
                person.ip,
                session,
                2_000 + int(random() * 30_000),
                "ds-members" if known else None,
            ),
        )


def _login(person: Person, t: int, remote: bool, day: Day, rng: Random) -> None:
    ip = f"100.64.{person.number % 200}.{person.number % 250 + 1}" if remote else person.ip
    if rng.random() < 0.02:
        day.add(
            t - 20 * SECOND,
            facts.login(
                day.make,
                "idp-01",
                person.ref,
                "staff",
                person.account,
                "sys-idp",
                False,
                ip,
                remote,
                person.device,
            ),
        )
    day.add(
        t,
        facts.login(
            day.make,
            "idp-01",
            person.ref,
            "staff",
            person.account,
            "sys-idp",
            True,
            ip,
            remote,
            person.device,
        ),
    )


def _visit(person: Person, zone: str, base: int, day: Day, rng: Random) -> None:
    """In and out of a zone in the afternoon; in the server room with a session at its console."""
    if rng.random() > 0.3:
        return
    enter = base + int((14 + rng.random() * 1.5) * HOUR)
    stay = int((12 + rng.random() * 50) * MINUTE)
    day.add(enter, facts.badge(day.make, person, zone, "in"))
    if zone == "zone-server":
        day.add(
            enter + int((2 + rng.random() * 8) * MINUTE),
            facts.login(
                day.make,
                "console-01",
                person.ref,
                "staff",
                person.account,
                "sys-console",
                True,
                "10.30.1.10",
                False,
                "console-01",
            ),
        )
    day.add(enter + stay, facts.badge(day.make, person, zone, "out"))


def _read(person: Person, dataset: str, when: When, day: Day, rng: Random, month_end: bool) -> None:
    left = MAX_PERSONS - 15
    for _ in range(4 + int(rng.random() * (8 if month_end else 5))):
        rows = min(1 + int(rng.random() * 14), left)
        if rows <= 0:
            break
        left -= rows
        operation = "update" if rng.random() < 0.2 else "read"
        ticket = day.make.short("TCK-") if operation == "update" else None
        day.add(when(), facts.query(day.make, person, dataset, operation, rows, ticket))


def _approved_export(company: Company, today: date, day: Day, rng: Random, month_end: bool) -> None:
    """At the end of a month marketing draws its list, with an approval of that morning."""
    if not month_end:
        return
    person = next(p for p in company.staff if p.ref == company.boss["dept-marketing"])
    boss = company.boss_of("dept-marketing", person.ref)
    rows = 1_500 + int(rng.random() * 3_000)
    day.add(
        at(today, 9, 40),
        day.make(
            "approval.granted",
            "approval-form",
            boss,
            "staff",
            approval_id=day.make.short("apr-"),
            kind="bulk_export",
            for_ref=person.ref,
            dataset_id="ds-marketing",
            max_rows=5_000,
            valid_from=text(at(today, 9, 40)),
            valid_to=text(at(today, 23)),
            approver_ref=boss,
        ),
    )
    day.add(
        at(today, 14, int(rng.random() * 59)),
        facts.query(day.make, person, "ds-marketing", "export", rows, day.make.short("TCK-")),
    )


def night(company: Company, today: date, day: Day, rng: Random) -> None:
    """The batch that copies the day's orders, under its standing approval."""
    make = day.make
    for n in range(3):
        rows = 4_000 + int(rng.random() * 9_000) * (2 if today in company.month_ends else 1)
        day.add(
            at(today, 2, 10 + 5 * n),
            make(
                "access.datastore_query",
                "db-01",
                "svc-batch",
                "service",
                account_ref="acct-batch",
                system_id="sys-order",
                dataset_id="ds-orders",
                operation="export",
                purpose_code="billing",
                rows=rows,
                principals_count=rows,
                fields=["item", "amount"],
                statement_digest=make.short("st-"),
                device_id=None,
                region="JP",
                joins_dataset_ids=[],
                query_id=make.short("q-"),
                target_system_id="sys-dwh",
            ),
        )
