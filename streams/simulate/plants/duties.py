"""Duties not kept: contracts (OUT-02, TEC-09 feeds), answers (REQ-02), reports (INC-04)."""

from __future__ import annotations

from datetime import date, timedelta

from streams.simulate import desk, facts
from streams.simulate.plan import Plan
from streams.simulate.times import DAY, at, is_closed, midnight

_D = timedelta(days=1)


def _contractor(plan: Plan, planted: str) -> tuple[str, str, date]:
    """A contractor nobody else uses, assessed two weeks ago: its id, a provision, its day."""
    name = planted.lower().replace(":", "-").replace("#", "-").replace("_", "-")
    contractor, day = f"ctr-{name}", plan.workday(before=12)
    plan.tell(
        at(day - 15 * _D, 10),
        plan.make(
            "recipient.registered",
            "vendor-form",
            "stf-proc",
            "staff",
            recipient_id=contractor,
            legal_entity_country="JP",
            kind="contractor",
            non_identifying_only=False,
            fields_allowed=["name", "address", "email"],
            purpose_codes=["delivery"],
            valid_to=None,
        ),
    )
    plan.tell(at(day - 14 * _D, 10), facts.assessed(plan.make, contractor, day - 14 * _D))
    return contractor, f"prov-{name}", day


def _provide(
    plan: Plan,
    contractor: str,
    contract: str | None,
    provision: str,
    day: date,
    encrypted: bool = True,
) -> int:
    t = at(day, 11, plan.rng.randrange(60))
    plan.tell(
        t,
        facts.entrusted(
            plan.make, contractor, contract, provision, plan.rng.randint(50, 900), encrypted
        ),
    )
    return t


def plain_feed(plan: Plan, planted: str) -> None:
    """A feed under a good contract goes out in clear."""
    contractor, provision, day = _contractor(plan, planted)
    plan.tell(
        at(day - 20 * _D, 9),
        facts.contract(plan.make, contractor, f"con-{contractor}", day - 12 * _D),
    )
    t = _provide(plan, contractor, f"con-{contractor}", provision, day, encrypted=False)
    plan.label(planted, "TEC-09:PLAIN_FEED", f"{contractor}|{provision}", t)


def no_contract(plan: Plan, planted: str) -> None:
    """Data goes to a contractor with whom there is no contract."""
    contractor, provision, day = _contractor(plan, planted)
    t = _provide(plan, contractor, None, provision, day)
    plan.label(planted, "OUT-02:NO_CONTRACT", f"{contractor}|{provision}", t)


def late_nda(plan: Plan, planted: str) -> None:
    """The contract takes effect some days after the first data went out."""
    contractor, provision, day = _contractor(plan, planted)
    t = _provide(plan, contractor, None, provision, day)
    signed = day + plan.rng.randint(2, 6) * _D
    plan.tell(at(signed, 10), facts.contract(plan.make, contractor, f"con-{contractor}", signed))
    plan.label(planted, "OUT-02:LATE_NDA", f"{contractor}|{provision}", t)


def backdated(plan: Plan, planted: str) -> None:
    """A contract said to hold since before the data is entered weeks after that day."""
    contractor, provision, day = _contractor(plan, planted)
    t = _provide(plan, contractor, f"con-{contractor}", provision, day)
    plan.tell(
        at(day + 5 * _D, 10),
        facts.contract(
            plan.make, contractor, f"con-{contractor}", day - plan.rng.randint(11, 30) * _D
        ),
    )
    plan.label(planted, "OUT-02:BACKDATED", f"{contractor}|{provision}", t)


def clause_missing(plan: Plan, planted: str) -> None:
    """The contract lacks a clause; every second time the confidentiality agreement."""
    contractor, provision, day = _contractor(plan, planted)
    nda = not planted.endswith(("2", "4", "6"))
    clauses = [c for c in facts.CLAUSES if not nda or c != "audit_right"]
    plan.tell(
        at(day - 40 * _D, 10),
        facts.contract(
            plan.make, contractor, f"con-{contractor}", day - 35 * _D, nda=nda, clauses=clauses
        ),
    )
    t = _provide(plan, contractor, f"con-{contractor}", provision, day)
    plan.label(planted, "OUT-02:CLAUSE_MISSING", f"{contractor}|{provision}", t)


def expired(plan: Plan, planted: str) -> None:
    """The contract had ended, by its term or by notice, when the data went out."""
    contractor, provision, day = _contractor(plan, planted)
    contract, ended = f"con-{contractor}", day - plan.rng.randint(2, 9) * _D
    notice = planted.endswith(("2", "4", "6"))
    plan.tell(
        at(day - 710 * _D, 10),
        facts.contract(plan.make, contractor, contract, day - 700 * _D, None if notice else ended),
    )
    if notice:
        plan.tell(
            at(ended, 9),
            plan.make(
                "contractor.contract_ended",
                "contract-form",
                "stf-legal",
                "staff",
                contractor_id=contractor,
                contract_id=contract,
                ended_on=ended.isoformat(),
                reason="notice",
            ),
        )
    t = _provide(plan, contractor, contract, provision, day)
    plan.label(planted, "OUT-02:EXPIRED", f"{contractor}|{provision}", t)


def _request(plan: Plan, arrived: date, answered: int | None, decided: bool = True) -> str:
    """A request that came on a day and was answered so many days later, if at all."""
    request, t = plan.make.short("req-"), at(arrived, 10, plan.rng.randrange(60))
    plan.tell(t, desk.receive(plan.make, request, arrived, "disclosure"))
    plan.tell(t + DAY, desk.identity(plan.make, request, "verified"))
    if answered is not None:
        if decided:
            plan.tell(t + (answered - 1) * DAY, desk.decide(plan.make, request))
        plan.tell(t + answered * DAY, desk.respond(plan.make, request))
    return request


def soon(plan: Plan, planted: str) -> None:
    """Open at the end of the period, past the warning and before the target."""
    arrived = plan.company.end - 13 * _D
    plan.label(planted, "REQ-02:SOON", _request(plan, arrived, None), midnight(arrived + 11 * _D))


def late(plan: Plan, planted: str) -> None:
    """Past two weeks: still open at the end, every second time answered on day 18."""
    done = planted.endswith(("2", "4", "6"))
    arrived = (
        plan.company.end - (plan.rng.randint(24, 28) if done else plan.rng.randint(18, 24)) * _D
    )
    plan.label(
        planted,
        "REQ-02:LATE",
        _request(plan, arrived, 18 if done else None),
        midnight(arrived + 15 * _D),
    )


def hard_late(plan: Plan, planted: str) -> None:
    """Past thirty days: still open at the end, every second time answered on day 36."""
    done = planted.endswith(("2", "4", "6"))
    arrived = plan.company.end - plan.rng.randint(42, 52) * _D
    plan.label(
        planted,
        "REQ-02:HARD_LATE",
        _request(plan, arrived, 36 if done else None),
        midnight(arrived + 31 * _D),
    )


def no_decision(plan: Plan, planted: str) -> None:
    """Answered in time by somebody who recorded no decision."""
    arrived = plan.workday(after=0, before=9)
    request = _request(plan, arrived, 5, decided=False)
    answer = next(
        t
        for items in plan.agenda.values()
        for t, fact, _ in items
        if fact["event_type"] == "request.responded" and fact["request_id"] == request
    )
    plan.label(planted, "REQ-02:NO_DECISION", request, answer)


def _deadline(known: date, days: int = 30) -> date:
    """The day on whose end a final report is due: the first day counts, closed days roll on."""
    day = known + (days - 1) * _D
    while is_closed(day):
        day += _D
    return day


def _incident(
    plan: Plan,
    day: date,
    final_after: int | None,
    unknown: tuple[int, ...] = (),
    malicious: bool = False,
) -> str:
    name, known = plan.make.short("inc-"), at(day, 10, plan.rng.randrange(60))
    desk.incident(
        plan.make,
        name,
        known,
        plan.rng.randint(1_001, 4_000),
        plan.tell,
        malicious=malicious,
        final_after=final_after,
        unknown=unknown,
    )
    return name


def due_soon(plan: Plan, planted: str) -> None:
    """At the end of the period the final report is due within the week."""
    end = plan.company.end
    days = [end - n * _D for n in range(18, 40)]
    due = [d for d in days if end <= _deadline(d) <= end + 5 * _D]
    if not due:  # a period that ends in the New Year's closing has no term in its next days
        return
    day = plan.rng.choice(due)
    plan.label(
        planted, "INC-04:DUE_SOON", _incident(plan, day, None), midnight(_deadline(day) - 6 * _D)
    )


def report_late(plan: Plan, planted: str) -> None:
    """No final report in its term, of thirty days or, for an attack, sixty; some come later."""
    turn, end = int(planted[-1]), plan.company.end
    malicious = turn % 3 == 0
    n = 60 if malicious else 30
    day = end - (n + plan.rng.randint(15, 20)) * _D
    late = n + 11 if turn % 2 == 0 else None
    plan.label(
        planted,
        "INC-04:LATE",
        _incident(plan, day, late, malicious=malicious),
        midnight(_deadline(day, n) + _D),
    )


def items_open(plan: Plan, planted: str) -> None:
    """A final report with an item unknown, and no supplement in thirty days."""
    day = plan.company.end - plan.rng.randint(47, 55) * _D
    name = _incident(plan, day, 12, unknown=(8,))
    plan.label(planted, "INC-04:ITEMS_OPEN", name, midnight(day + 43 * _D))


PLANTS = {
    "TEC-09:PLAIN_FEED": plain_feed,
    "OUT-02:NO_CONTRACT": no_contract,
    "OUT-02:LATE_NDA": late_nda,
    "OUT-02:BACKDATED": backdated,
    "OUT-02:CLAUSE_MISSING": clause_missing,
    "OUT-02:EXPIRED": expired,
    "REQ-02:SOON": soon,
    "REQ-02:LATE": late,
    "REQ-02:HARD_LATE": hard_late,
    "REQ-02:NO_DECISION": no_decision,
    "INC-04:DUE_SOON": due_soon,
    "INC-04:LATE": report_late,
    "INC-04:ITEMS_OPEN": items_open,
}
