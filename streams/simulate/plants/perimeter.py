"""Faults at the edges: attacks on passwords (TEC-04), open lines (TEC-09), doors (PHY-02)."""

from __future__ import annotations

from datetime import timedelta

from streams.simulate import facts
from streams.simulate.company import DEPARTMENTS, Person
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.times import MINUTE, SECOND, at

_ATTACKERS = ("203.0.113", "198.51.100", "192.0.2")


def _failure(plan: Plan, account: str, net: str) -> Fact:
    return facts.login(
        plan.make,
        "idp-01",
        "",
        "unknown",
        account,
        "sys-idp",
        False,
        f"{net}.{plan.rng.randint(2, 250)}",
        True,
    )


def _burst(plan: Plan, account: str, net: str) -> tuple[str, int, int]:
    """Ten to eighteen failures within five minutes: id of the first, the tenth, the last."""
    t = plan.night()
    moments = sorted(t + plan.rng.randrange(5 * MINUTE) for _ in range(plan.rng.randint(10, 18)))
    first = ""
    for moment in moments:
        fact = _failure(plan, account, net)
        plan.tell(moment, fact)
        first = first or fact["event_id"]
    return first, moments[9], moments[-1]


def brute(plan: Plan, planted: str) -> None:
    """A password is guessed at, at night, in vain."""
    account = plan.anyone().account
    first, tenth, _ = _burst(plan, account, plan.rng.choice(_ATTACKERS))
    plan.label(planted, "TEC-04:BRUTE", f"{account}|{first}", tenth)


def brute_success(plan: Plan, planted: str) -> None:
    """The guessing ends in a login."""
    person, net = plan.anyone(), plan.rng.choice(_ATTACKERS)
    first, _, last = _burst(plan, person.account, net)
    t = last + plan.rng.randint(20, 240) * SECOND
    plan.tell(
        t,
        facts.login(
            plan.make,
            "idp-01",
            person.ref,
            "staff",
            person.account,
            "sys-idp",
            True,
            f"{net}.9",
            True,
        ),
    )
    plan.label(planted, "TEC-04:BRUTE_SUCCESS", f"{person.account}|{first}", t)


def spray(plan: Plan, planted: str) -> None:
    """One try each at more than twenty accounts, real and invented, from one network."""
    t, net = plan.night(), plan.rng.choice(_ATTACKERS)
    there = [p for p in plan.company.staff if p.left is None]
    real = [p.account for p in plan.rng.sample(there, 14)]
    accounts = real + [f"acct-{n}" for n in plan.rng.sample(range(90_000, 99_999), 12)]
    plan.rng.shuffle(accounts)
    first, reached = "", 0
    for n, account in enumerate(accounts):
        fact, moment = _failure(plan, account, net), t + n * 11 * SECOND
        plan.tell(moment, fact)
        first = first or fact["event_id"]
        if n == 19:
            reached = moment
    plan.label(planted, "TEC-04:SPRAY", f"{net}.0/24|{first}", reached)


def _host(planted: str) -> str:
    """A host that exists for one fault, named after it."""
    return f"{planted.partition(':')[2].lower().replace('#', '-').replace('_', '-')}.example.co.jp"


def plaintext(plan: Plan, planted: str) -> None:
    """A form without https, found by the probe; every second time in the balancer's log."""
    day, host = plan.day(), _host(planted)
    t = at(day, 6, 30)
    for n in range(3):
        if planted.endswith(("2", "4", "6")):
            fact = facts.web(
                plan.make,
                "lb-01",
                "",
                "unknown",
                host,
                "/entry",
                200,
                "100.70.1.9",
                plan.make.short("ws-"),
                900,
                "ds-inquiries",
                scheme="http",
                tls=None,
                method="POST",
            )
        else:
            fact = facts.probe(plan.make, host, True, day + timedelta(days=200), None, "http")
        plan.tell(t + n * 12 * 60 * MINUTE, fact)
    plan.label(planted, "TEC-09:PLAINTEXT", host, t)


def old_tls(plan: Plan, planted: str) -> None:
    """A host that still speaks TLS 1.0 or 1.1 with a form or with personal data."""
    day, host = plan.day(), _host(planted)
    t, version = at(day, 6, 35), plan.rng.choice(("TLS1.0", "TLS1.1"))
    for n in range(3):
        if planted.endswith(("2", "4", "6")):
            fact = facts.web(
                plan.make,
                "lb-01",
                "svc-partner",
                "service",
                host,
                "/v0/orders",
                200,
                "192.0.2.41",
                "api-old",
                900,
                "ds-orders",
                tls=version,
            )
        else:
            fact = facts.probe(plan.make, host, True, day + timedelta(days=200), version)
        plan.tell(t + n * 12 * 60 * MINUTE, fact)
    plan.label(planted, "TEC-09:OLD_TLS", f"{host}|{version}", t)


def cert_expiring(plan: Plan, planted: str) -> None:
    """A certificate renewed at the last moment; every second time forgotten until it ended."""
    day, host = plan.day(before=10), _host(planted)
    left = 3 if planted.endswith(("2", "4", "6")) else 11
    ends = day + timedelta(days=left)
    for n in range(6):
        plan.tell(at(day + timedelta(days=n), 6, 40), facts.probe(plan.make, host, True, ends))
    plan.tell(
        at(day + timedelta(days=6), 6, 40),
        facts.probe(plan.make, host, True, ends + timedelta(days=365)),
    )
    plan.label(planted, "TEC-09:CERT_EXPIRING", f"{host}|{ends}", at(day, 6, 40))


def _zone_right(plan: Plan, person: Person, zone: str) -> None:
    if DEPARTMENTS[person.depts[0][1]][3] != zone:
        plan.tell(
            at(plan.company.start - timedelta(days=90), 9),
            facts.privilege(
                plan.make,
                person.badge,
                person.ref,
                zone,
                None,
                "zone_entry",
                plan.company.boss_of("dept-general", person.ref),
            ),
        )


def exit_without_entry(plan: Plan, planted: str) -> None:
    """In behind a colleague, out with the badge."""
    person, day = plan.person("reader"), plan.workday()
    zone = "zone-server" if planted.endswith(("2", "4", "6")) else "zone-members"
    _zone_right(plan, person, zone)
    plan.forced.add((person.ref, day))
    t = at(day, 11, plan.rng.randrange(20))
    plan.tell(t, facts.badge(plan.make, person, zone, "out"))
    plan.label(planted, "PHY-02:EXIT_WITHOUT_ENTRY", f"{person.ref}|{zone}", t)


def double_entry(plan: Plan, planted: str) -> None:
    """In twice in a morning: out behind a colleague in between."""
    person, day = plan.person("reader"), plan.workday()
    _zone_right(plan, person, "zone-members")
    plan.forced.add((person.ref, day))
    t = at(day, 10, plan.rng.randrange(20))
    for minutes, direction in ((0, "in"), (40, "in"), (70, "out")):
        plan.tell(t + minutes * MINUTE, facts.badge(plan.make, person, "zone-members", direction))
    plan.label(planted, "PHY-02:DOUBLE_ENTRY", f"{person.ref}|zone-members", t + 40 * MINUTE)


def no_exit(plan: Plan, planted: str) -> None:
    """Into the archive in the afternoon and, for the readers, never out."""
    person, day = plan.person("quiet"), plan.spare("NO_LAST_OUT")
    _zone_right(plan, person, "zone-archive")
    plan.forced.add((person.ref, day))
    plan.tell(
        at(day, 21, plan.rng.randrange(60)), facts.badge(plan.make, person, "zone-archive", "in")
    )
    night = day + timedelta(days=1)
    plan.label(planted, "PHY-02:NO_EXIT", f"{person.ref}|zone-archive", at(night, 2))
    plan.follows(planted, "PHY-04:NO_LAST_OUT", f"zone-archive|{day}", at(night, 4))


def last_out(plan: Plan, planted: str) -> None:
    """The last one in the laboratory goes home without showing the badge."""
    person, day, zone = plan.anyone(), plan.workday(), plan.make.short("zone-x")
    _zone_right(plan, person, zone)
    plan.forced.add((person.ref, day))
    read = facts.badge(plan.make, person, "zone-office", "in")
    plan.tell(at(day, 20, plan.rng.randrange(60)), read | {"zone_id": zone})
    night = day + timedelta(days=1)
    plan.label(planted, "PHY-04:NO_LAST_OUT", f"{zone}|{day}", at(night, 4))
    plan.follows(planted, "PHY-02:NO_EXIT", f"{person.ref}|{zone}", at(night, 2))


def local_use_while_out(plan: Plan, planted: str) -> None:
    """A login at the server room's console by somebody who is not in the room."""
    person, day = plan.clerk("LOCAL_USE_WHILE_OUT"), plan.workday()
    plan.forced.add((person.ref, day))
    t = plan.office(day, 15, 16)
    plan.tell(
        t,
        facts.login(
            plan.make,
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
    plan.label(planted, "PHY-02:LOCAL_USE_WHILE_OUT", f"{person.ref}|zone-server", t)


PLANTS = {
    "TEC-04:BRUTE": brute,
    "TEC-04:BRUTE_SUCCESS": brute_success,
    "TEC-04:SPRAY": spray,
    "TEC-09:PLAINTEXT": plaintext,
    "TEC-09:OLD_TLS": old_tls,
    "TEC-09:CERT_EXPIRING": cert_expiring,
    "PHY-02:EXIT_WITHOUT_ENTRY": exit_without_entry,
    "PHY-02:DOUBLE_ENTRY": double_entry,
    "PHY-02:NO_EXIT": no_exit,
    "PHY-04:NO_LAST_OUT": last_out,
    "PHY-02:LOCAL_USE_WHILE_OUT": local_use_while_out,
}
