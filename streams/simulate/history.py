"""What was in the registers before the first day, and how they change with the staff.

History is loaded in one go: it carries its own, earlier times and arrives together just before
the first midnight.
"""

from __future__ import annotations

from datetime import date, timedelta

from streams.simulate import facts
from streams.simulate.company import (
    DATASET,
    DATASETS,
    DEPARTMENTS,
    SOURCE,
    SOURCES,
    Company,
    Dataset,
    Person,
    Source,
)
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import at, text

CONTRACTORS = (
    "ctr-delivery",
    "ctr-callcenter",
    "ctr-print",
    "ctr-cloudmail",
    "ctr-payroll",
    "ctr-analytics",
)
PORTAL_DEPTS = ("dept-member", "dept-sales")


def rights(make: Maker, company: Company, person: Person, dept: str, change: str) -> list[Fact]:
    """The grants a person has by working in a department, given or taken."""
    _, dataset, role, zone = DEPARTMENTS[dept]
    boss = company.boss_of(dept, person.ref)
    out = []
    if dataset:
        system = next(d.system for d in DATASETS if d.id == dataset)
        out.append(
            facts.privilege(make, person.account, person.ref, system, dataset, role, boss, change)
        )
    if dept in PORTAL_DEPTS:  # the portal knows people by their staff number
        out.append(
            facts.privilege(
                make, person.ref, person.ref, "sys-portal", None, "portal_viewer", boss, change
            )
        )
    if zone:
        out.append(
            facts.privilege(make, person.badge, person.ref, zone, None, "zone_entry", boss, change)
        )
    return out


def joining(make: Maker, company: Company, person: Person, dept: str) -> list[Fact]:
    """Contract of work, accounts and first rights of somebody new."""
    boss = company.boss_of(dept, person.ref)
    return [
        _staff(make, person, "joined", dept, person.joined),
        make(
            "pledge.signed",
            "hr-form",
            "svc-hr",
            "service",
            person_ref=person.ref,
            kind="joining",
            signed_on=person.joined.isoformat(),
            version="v2",
        ),
        facts.account(make, person.account, person.ref, "sys-idp", boss),
        facts.account(make, person.ref, person.ref, "sys-portal", boss),
        facts.privilege(make, person.badge, person.ref, "zone-office", None, "zone_entry", boss),
        *rights(make, company, person, dept, "granted"),
    ]


def _staff(make: Maker, person: Person, change: str, dept: str, on: date) -> Fact:
    return make(
        "staff.changed",
        "hr-form",
        "svc-hr",
        "service",
        person_ref=person.ref,
        kind="employee",
        change=change,
        dept_id=dept,
        contractor_id=None,
        effective_on=on.isoformat(),
    )


def dataset(make: Maker, company: Company, entry: Dataset) -> Fact:
    """The line of a dataset in the register of personal data."""
    return make(
        "register.dataset",
        "register-form",
        company.boss[entry.owner_dept],
        "staff",
        dataset_id=entry.id,
        name=entry.id,
        items=list(entry.items),
        purpose_codes=list(entry.purposes),
        owner_dept=entry.owner_dept,
        responsible_ref=company.boss[entry.owner_dept],
        storage_systems=[entry.system],
        countries=["JP"],
        dataset_class=entry.kind,
        is_retained_data=True,
        entrusted_by=None,
        sensitive=False,
        retention_rule="P5Y@contract_end",
        access_roles=list(entry.roles),
        principals_estimate=entry.principals,
        status="active",
        risk_assessed_on=(company.start - timedelta(days=60)).isoformat(),
        version=1,
        channels=["web_form"],
    )


def notice(make: Maker, company: Company, entry: Dataset, since: date) -> Fact:
    """The purposes of a dataset as they were published."""
    return make(
        "purpose.published",
        "register-form",
        company.boss["dept-legal"],
        "staff",
        notice_id=f"notice-{entry.id}",
        dataset_ids=[entry.id],
        purpose_codes=list(entry.purposes),
        method="web",
        contact_included=True,
        effective_from=text(at(since, 10)),
        items_present=["purpose", "contact", "controller"],
    )


def monitored_since(company: Company) -> date:
    """The day on which the installation got its first event: terms of a year, counted from there,
    end within any period."""
    return company.start - timedelta(days=425)


def _source(make: Maker, company: Company, source: Source) -> Fact:
    return make(
        "register.source",
        "register-form",
        company.boss["dept-it"],
        "staff",
        monitored_source_id=source.id,
        kind=source.kind,
        system_id=source.system,
        zone_id=source.zone,
        handles_pd=source.handles_pd,
        expects_heartbeat=source.heartbeat,
        silence_minutes=60 if source.heartbeat else None,
        numbered=source.numbered,
        owner_ref=company.boss["dept-it"],
        retired_on=None,
    )


def load(company: Company, day: Day) -> None:
    """Put everything the registers held before the first day into the feed."""
    make, start = day.make, company.start
    begun = at(monitored_since(company), 9)
    day.add(begun, _source(make, company, SOURCE["register-form"]), begun)
    for number, source in enumerate(SOURCES):
        day.add(at(start, 0, 0) + number, _source(make, company, source))
    long_ago = start - timedelta(days=4_400)
    for entry in DATASETS:
        day.add(at(long_ago, 9), dataset(make, company, entry))
        day.add(at(long_ago, 10), notice(make, company, entry, long_ago))
    for person in company.staff:
        if person.joined < start:
            for fact in joining(make, company, person, person.depts[0][1]):
                day.add(at(person.joined, 8, 0), fact)
    _batch(company, day)
    for name, keeper in company.keepers.items():
        entry = DATASET[name]
        boss, since = company.boss_of(entry.owner_dept, keeper.ref), keeper.joined
        day.add(
            at(since, 8, 30),
            facts.privilege(
                make, keeper.account, keeper.ref, entry.system, name, entry.roles[0], boss
            ),
        )
    for number, contractor in enumerate(CONTRACTORS):
        since = start - timedelta(days=900 + 30 * number)
        day.add(
            at(since - timedelta(days=40), 10),
            make(
                "recipient.registered",
                "vendor-form",
                "stf-proc",
                "staff",
                recipient_id=contractor,
                legal_entity_country="JP",
                kind="contractor",
                non_identifying_only=False,
                fields_allowed=["name", "address", "email"],
                purpose_codes=["delivery", "member_service"],
                valid_to=None,
            ),
        )
        day.add(
            at(since - timedelta(days=20), 10),
            facts.contract(make, contractor, f"con-{contractor}", since),
        )
        day.add(
            at(start - timedelta(days=20 + number), 10),
            facts.assessed(make, contractor, start - timedelta(days=20 + number)),
        )


def _batch(company: Company, day: Day) -> None:
    """The night job: a service account with its grant and a standing approval."""
    make, since = day.make, company.start - timedelta(days=700)
    boss = company.boss["dept-it"]
    owner = company.senior.ref
    day.add(
        at(since, 9),
        facts.account(
            make, "acct-batch", owner, "sys-order", company.boss["dept-legal"], kind="service"
        ),
    )
    day.add(
        at(since, 9, 5),
        facts.privilege(make, "acct-batch", "svc-batch", "sys-order", "ds-orders", "batch", boss),
    )
    day.add(
        at(since, 9, 10),
        make(
            "approval.granted",
            "approval-form",
            boss,
            "staff",
            approval_id="apr-batch",
            kind="bulk_export",
            for_ref="svc-batch",
            dataset_id=None,
            max_rows=None,
            valid_from=text(at(since, 9, 10)),
            valid_to=text(at(company.end + timedelta(days=365), 0)),
            approver_ref=boss,
        ),
    )


def change(company: Company, today: date, day: Day) -> None:
    """Joining, moving and leaving of one day: rights follow before the office opens."""
    make = day.make
    for person in company.staff:
        if person.joined == today:
            late = at(today, 13, person.number % 50) if person.late_grant else None
            for fact in joining(make, company, person, person.depts[0][1]):
                # the identity desk's ledger of some is sent after lunch, though in force at 7:40
                day.add(at(today, 7, 40), fact, late if fact["source_id"] == "iga-form" else None)
        for (_, old), (since, new) in zip(person.depts, person.depts[1:], strict=False):
            if since == today:
                day.add(at(today, 6, 0), _staff(make, person, "moved", new, today))
                for fact in rights(make, company, person, old, "revoked"):
                    day.add(at(today, 6, 10), fact)
                for fact in rights(make, company, person, new, "granted"):
                    day.add(at(today, 6, 20), fact)
                boss = company.boss_of(new, person.ref)
                office = facts.privilege(
                    make, person.badge, person.ref, "zone-office", None, "zone_entry", boss
                )
                day.add(at(today, 6, 25), office)
        if person.left == today:
            dept = person.depts[-1][1]
            boss = company.boss_of(dept)
            day.add(at(today, 22, 30), _staff(make, person, "left", dept, today))
            for fact in rights(make, company, person, dept, "revoked"):
                day.add(at(today, 22, 40), fact)
            day.add(
                at(today, 22, 45),
                facts.privilege(
                    make,
                    person.badge,
                    person.ref,
                    "zone-office",
                    None,
                    "zone_entry",
                    boss,
                    "revoked",
                ),
            )
            for name, system in ((person.account, "sys-idp"), (person.ref, "sys-portal")):
                day.add(
                    at(today, 22, 50),
                    facts.account(make, name, person.ref, system, boss, "disabled"),
                )
