"""The privacy desk: requests of principals and incidents, each told to its end.

A story begins on one day and writes events of later days into the agenda. The ordinary ones are
answered in eight days and reported in half their terms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate import facts
from streams.simulate.company import Company
from streams.simulate.feed import Fact, Maker
from streams.simulate.times import DAY, HOUR, MINUTE, at, is_closed, text

FEE = 1_000
"""The published fee of a request (yen)."""

Tell = Callable[[int, Fact], object]
"""Puts an event into the agenda."""


def receive(make: Maker, request: str, today: date, kind: str, **given: Any) -> Fact:
    """A request as the desk's ticket shows it."""
    return make(
        "request.received",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "principal_ref": f"mem-{make.short('r')[1:7]}",
            "by": "principal",
            "kind": kind,
            "channel": "mail",
            "arrived_on": today.isoformat(),
            "requested_method": "unspecified",
            "documents": ["drivers_license"],
            "is_retained_data": True,
            **given,
        },
    )


def identity(make: Maker, request: str, result: str, **given: Any) -> Fact:
    """What the check of the identity papers gave."""
    return make(
        "request.identity_checked",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "target": "principal",
            "result": result,
            "documents": ["drivers_license"],
            "address_match": result == "verified",
            "items_requested_count": 2,
            **given,
        },
    )


def fee(
    make: Maker, request: str, step: str, received: int, due: date | None, **given: Any
) -> Fact:
    """One step of the published fee."""
    return make(
        "request.fee",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "step": step,
            "amount_due": FEE,
            "amount_received": received,
            "instrument": "postal_order" if received else "none",
            "due_date": due and due.isoformat(),
            **given,
        },
    )


def decide(make: Maker, request: str, **given: Any) -> Fact:
    """The decision, by default to do as asked."""
    return make(
        "request.decided",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "decision": "accept",
            "ground": "na",
            "reason_given": True,
            "decided_by_ref": "stf-desk",
            **given,
        },
    )


def respond(make: Maker, request: str, **given: Any) -> Fact:
    """The answer as it was posted."""
    return make(
        "request.responded",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "method": "paper",
            "address_basis": "application",
            "tracked_mail": True,
            "reason_included": True,
            "method_change_notified": False,
            **given,
        },
    )


SYSTEMS = ["sys-crm", "sys-ma"]
EXECUTED = ("correction", "addition", "deletion", "erase", "stop_use", "stop_provision")
"""Kinds of request that are carried out in the systems."""


def execute(make: Maker, request: str, **given: Any) -> Fact:
    """What was carried out."""
    return make(
        "request.executed",
        "desk-form",
        "stf-desk",
        "staff",
        **{
            "request_id": request,
            "systems_done": SYSTEMS,
            "systems_required": SYSTEMS,
            "contractors_notified": [],
            **given,
        },
    )


GROUNDS: dict[str, dict[str, Any]] = {
    "disclosure": {"ground": "rights_harm"},
    "purpose_notice": {"ground": "business_impediment"},
    "correction": {"ground": "not_retained", "ground_detail": "content_correct"},
    "stop_use": {"ground": "alternative_measure", "document_ref": "doc-measures"},
}
"""On what ground a request of the kind is refused, now and then."""


def requests(size: int, today: date, make: Maker, rng: Random, tell: Tell) -> None:
    """The day's requests; one in five stops its own clock for want of a paper or a fee."""
    if is_closed(today) or rng.random() > min(0.75, size / 300):
        return
    request = make.short("req-")
    start = at(today, 10, int(rng.random() * 59))
    kind = rng.choice(
        ("disclosure", "disclosure", "correction", "erase", "stop_use", "purpose_notice")
    )
    if kind == "erase" and rng.random() < 0.5:
        online(make, request, today, start, tell)
        return
    agent = rng.random() < 0.2
    by = "delegated_agent" if agent else "principal"
    tell(start, receive(make, request, today, kind, by=by))
    days = 0
    if kind in ("disclosure", "purpose_notice"):
        due = today + timedelta(days=14)
        tell(start + HOUR, fee(make, request, "due", 0, due))
        if rng.random() < 0.3:  # too little came: the clock stops until the rest is there
            tell(start + DAY, fee(make, request, "insufficient_notified", FEE - 400, due))
            days = 3
        tell(start + DAY + days * DAY, fee(make, request, "received", FEE, due))
    elif rng.random() < 0.2:
        tell(start + 2 * HOUR, identity(make, request, "insufficient"))
        days = 4
    checked = start + (1 + days) * DAY + HOUR
    tell(checked, identity(make, request, "verified"))
    if agent:
        papers = ["letter_of_proxy", "seal_certificate"]
        shown = identity(make, request, "verified", target="agent", documents=papers)
        tell(checked + MINUTE, shown)
    answer = start + (3 + days + int(rng.random() * 4)) * DAY
    if kind in GROUNDS and rng.random() < 0.15:
        tell(answer - 20 * HOUR, decide(make, request, decision="refuse", **GROUNDS[kind]))
    else:
        tell(answer - 20 * HOUR, decide(make, request))
        if kind in EXECUTED:
            tell(answer - HOUR, execute(make, request))
    tell(answer, respond(make, request))


def online(make: Maker, request: str, today: date, start: int, tell: Tell) -> None:
    """A member logs in and asks to be erased: no papers are wanted."""
    member = f"mem-{make.short('r')[1:7]}"
    login = facts.login(
        make, "idp-01", member, "principal", member, "sys-site", True, "100.80.1.20", True
    )
    made = {"principal_ref": member, "channel": "web", "auth_id": login["auth_id"]}
    tell(start - 2 * MINUTE, login)
    tell(start, receive(make, request, today, "erase", documents=[], **made))
    tell(start + 2 * DAY, decide(make, request))
    tell(start + 3 * DAY, execute(make, request))
    tell(start + 3 * DAY + HOUR, respond(make, request, method="electronic"))


def complain(make: Maker, complaint: str, received: int, about: str) -> Fact:
    """A complaint or an inquiry as the desk took it down."""
    return make(
        "complaint.received",
        "desk-form",
        "stf-desk",
        "staff",
        complaint_id=complaint,
        channel="tel",
        received_at=text(received),
        about=about,
    )


def handle(make: Maker, complaint: str, step: str) -> Fact:
    """A step in its handling."""
    return make(
        "complaint.updated",
        "desk-form",
        "stf-desk",
        "staff",
        complaint_id=complaint,
        step=step,
        escalated=False,
    )


def complaints(size: int, today: date, make: Maker, rng: Random, tell: Tell) -> None:
    """The day's complaint, if there is one: answered on the day, closed within the week; one in
    thirty speaks of a misdelivery and becomes a small incident."""
    if is_closed(today) or rng.random() > min(0.6, size / 200):
        return
    complaint, start = make.short("cmp-"), at(today, 10, int(rng.random() * 59))
    leak = rng.random() < 1 / 30
    about = "misdelivery" if leak else rng.choice(("service", "mailing", "purpose", "cookies"))
    tell(start, complain(make, complaint, start, about))
    tell(start + 2 * HOUR, handle(make, complaint, "acknowledged"))
    if leak:
        name, known = make.short("inc-"), start + HOUR
        incident(make, name, known, 2, tell, final_after=None, correlation_id=complaint)
    tell(start + (1 + int(rng.random() * 4)) * DAY, handle(make, complaint, "closed"))


def reads(company: Company, today: date, make: Maker, rng: Random, tell: Tell) -> None:
    """The privacy desk looks into the papers of requests, the cashier into payments."""
    if is_closed(today):
        return
    for dataset, keeper in company.keepers.items():
        for _ in range(2):
            t = at(today, 13 + int(rng.random() * 4), int(rng.random() * 59))
            tell(t, facts.query(make, keeper, dataset, "read", 1 + int(rng.random() * 3)))


def incident(
    make: Maker,
    name: str,
    known: int,
    persons: int,
    tell: Tell,
    *,
    malicious: bool = False,
    final_after: int | None,
    unknown: tuple[int, ...] = (),
    without: Collection[str] = (),
    **given: Any,
) -> None:
    """One incident, told to its end: detected, escalated, contained, classified, reported in two
    days and finally some days later, the principals told, prevention decided and verified.

    `known` and the report's delay decide everything; `final_after` None leaves it unreported,
    `without` leaves out what it names.
    """

    def then(what: str, after: int, fact: Fact) -> None:
        if what not in without:
            tell(known + after, fact)

    def step(what: str, items: Sequence[str] = (), **told: Any) -> Fact:
        return stepped(make, name, what, items, **told)

    tell(
        known + 20 * MINUTE,
        make(
            "incident.detected",
            "incident-form",
            "stf-help",
            "staff",
            **{
                "incident_id": name,
                "known_at": text(known),
                "kind": "leak",
                "cause": "unauthorized_access" if malicious else "misdelivery",
                "dataset_ids": ["ds-members"],
                "principals_min": max(1, persons - 200),
                "principals_max": persons,
                "sensitive": False,
                "financial_risk": False,
                "malicious": malicious,
                "my_number": False,
                "strongly_encrypted": False,
                "fully_recovered_unread": False,
                "role": "controller",
                "contractor_id": None,
                "version": 1,
                **given,
            },
        ),
    )
    items = (["rule7_3"] if malicious else []) + (["rule7_4"] if persons > 1_000 else [])
    then("escalated", 40 * MINUTE, step("escalated"))
    then("contained", 5 * HOUR, step("contained"))
    then("classified", 8 * HOUR, step("classified", items or ["none"]))
    if items:
        then("preliminary", 44 * HOUR, reported(make, name, "preliminary", (7, 8, 9)))
        then("body", 45 * HOUR, reported(make, name, "preliminary", (7, 8, 9), BODY))
        then("notice", 60 * HOUR, notified(make, name, persons, persons))
        if final_after is not None:
            then("final", final_after * DAY, reported(make, name, "final", unknown))
    then("published", 6 * DAY, step("published", publication_decision="publish"))
    then("corrective", 10 * DAY, step("corrective_decided"))
    then("body final", 12 * DAY, reported(make, name, "final", (), BODY))
    then("verified", 80 * DAY, step("corrective_verified"))


BODY = "privacymark_body"


def notified(make: Maker, name: str, told: int, persons: int, **given: Any) -> Fact:
    """The notice to the principals."""
    return make(
        "incident.notified",
        "incident-form",
        "stf-legal",
        "staff",
        **{
            "incident_id": name,
            "principals_notified": told,
            "principals_total": persons,
            "method": "email",
            "items": ["summary", "items", "cause", "secondary", "other"],
            "difficulty_reason": None,
            **given,
        },
    )


def stepped(make: Maker, name: str, step: str, items: Sequence[str] = (), **given: Any) -> Fact:
    """A step in the handling of an incident."""
    return make(
        "incident.step",
        "incident-form",
        "stf-legal",
        "staff",
        incident_id=name,
        step=step,
        by_ref="stf-legal",
        reportable_items=list(items),
        deferral_until=None,
        **given,
    )


def reported(make: Maker, name: str, stage: str, unknown: tuple[int, ...], to: str = "ppc") -> Fact:
    """A report, by default to the commission, with the items not yet known."""
    return make(
        "incident.reported",
        "incident-form",
        "stf-legal",
        "staff",
        incident_id=name,
        to=to,
        stage=stage,
        receipt_no=make.short("PPC-" if to == "ppc" else "RCP-"),
        items_filled=[n for n in range(1, 10) if n not in unknown],
        unknown_items=list(unknown),
    )


def drills(start: date, end: date, make: Maker, boss: str) -> Iterator[tuple[int, Fact]]:
    """The yearly emergency drill, ten months before the first day and every year after."""
    day = start - timedelta(days=300)
    while day < end:
        yield at(day, 14), drill(make, day, boss)
        day += timedelta(days=350)


def drill(make: Maker, day: date, boss: str) -> Fact:
    return make(
        "pms.activity",
        "pms-form",
        boss,
        "staff",
        activity="emergency_drill",
        scope=["dept-legal", "dept-it"],
        period=f"{day.year}",
        performed_by_ref=boss,
        independent=None,
        findings=0,
        reported_to_top=True,
        inputs_covered=[],
        decisions=[],
        next_due=(day + timedelta(days=350)).isoformat(),
    )


def incidents(size: int, today: date, make: Maker, rng: Random, tell: Tell) -> None:
    """The day's incident, if there is one: mostly small, some reportable, a few malicious."""
    if is_closed(today) or rng.random() > min(0.5, size / 4_000):
        return
    known = at(today, 9 + int(rng.random() * 7), int(rng.random() * 59))
    reportable = rng.random() < 0.45
    malicious = reportable and rng.random() < 0.3
    incident(
        make,
        make.short("inc-"),
        known,
        1_001 + int(rng.random() * 2_000) if reportable else 1 + int(rng.random() * 60),
        tell,
        malicious=malicious,
        final_after=36 + int(rng.random() * 9) if malicious else 12 + int(rng.random() * 7),
    )
