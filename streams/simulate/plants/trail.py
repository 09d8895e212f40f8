"""Faults of the trail itself (GOV-08): silences, gaps, clocks, two payloads, a broken chain."""

from __future__ import annotations

from streams.simulate import facts
from streams.simulate.company import SOURCES
from streams.simulate.plan import Plan, Silence
from streams.simulate.times import MINUTE, SECOND, at, day_of


def silent(plan: Plan, planted: str) -> None:
    """A source says nothing for some hours of a night; its last sign of life is filled in later."""
    taken = {(s.source, s.begins // (20 * 60 * MINUTE)) for s in plan.silences}
    while True:
        source = plan.rng.choice(("mail-01", "tls-01"))
        begins = at(plan.day(), 0, plan.rng.randrange(30, 60))
        if (source, begins // (20 * 60 * MINUTE)) not in taken:
            break
    ends = begins + plan.rng.randint(100, 240) * MINUTE
    label = plan.label(planted, "GOV-08:SILENT", "", begins)
    plan.silences.append(Silence(source, begins, ends, label))


def seq_gap(plan: Plan, planted: str) -> None:
    """One number of a source is never seen."""
    taken = {(source, day_of(moment)) for source, moment, _ in plan.skips}
    while True:
        source, moment = plan.rng.choice(("db-01", "file-01")), plan.office(plan.workday())
        if (source, day_of(moment)) not in taken:
            break
    plan.skips.append((source, moment, plan.label(planted, "GOV-08:SEQ_GAP", "", moment)))


def skew(plan: Plan, planted: str) -> None:
    """A source's clock is off by more than a minute."""
    taken = {source for source, _ in plan.skews}
    source = plan.rng.choice([s.id for s in SOURCES if s.heartbeat and s.id not in taken])
    day = plan.day()
    plan.skews[source, day] = plan.label(planted, "GOV-08:SKEW", source, at(day, 11))


def payload_conflict(plan: Plan, planted: str) -> None:
    """A mail is sent in a second time under its id, with another number of attachments."""
    t = plan.office(plan.workday())
    first = facts.mail(plan.make, plan.anyone(), 1, 0)
    plan.tell(t, first, t + 3 * SECOND)  # never overtaken: the first is the one that is kept
    plan.tell(t, {**first, "attachments": 2}, t + plan.rng.randint(3, 20) * MINUTE)
    plan.label(planted, "GOV-08:PAYLOAD_CONFLICT", first["event_id"], t)


def chain_break(plan: Plan, planted: str) -> None:
    """The daily verification of one day finds a block that does not hold."""
    while (day := plan.day()) in plan.broken:
        pass
    plan.broken[day] = plan.label(planted, "GOV-08:CHAIN_BREAK", day.isoformat(), at(day, 3, 5))


PLANTS = {
    "GOV-08:SILENT": silent,
    "GOV-08:SEQ_GAP": seq_gap,
    "GOV-08:SKEW": skew,
    "GOV-08:PAYLOAD_CONFLICT": payload_conflict,
    "GOV-08:CHAIN_BREAK": chain_break,
}
