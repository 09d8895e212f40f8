"""The company's events in the order they arrive, a day at a time.

Memory holds one day, what arrives after its midnight, and stories not yet told to the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from random import Random

from streams.simulate import (
    abroad,
    anonymized,
    assets,
    clients,
    contractors,
    desk,
    duties,
    history,
    office,
    outside,
    people,
    premises,
    records,
    sharing,
    systems,
    upkeep,
    vendors,
)
from streams.simulate.company import DATASETS, Company
from streams.simulate.feed import ORG, Day, Fact, Maker
from streams.simulate.plan import Label, Plan, Silence
from streams.simulate.plants import chosen, sow
from streams.simulate.sender import Sender
from streams.simulate.times import at, day_of, midnight, text

START = date(2026, 4, 1)


class Simulation:
    """One company over one period; iterate it for its events, then ask for the labels.

    Every iteration tells the same story from the beginning. Events are plain mappings of the
    event line, `ingested_at` being the arrival.
    """

    def __init__(
        self, months: int, staff: int, seed: int, plant: Iterable[str] = (), start: date = START
    ) -> None:
        self.seed, self.codes = seed, chosen(plant)
        self._shape = seed, staff, start, months
        # who takes other means of payment than it published must have published some
        self.org = "PYX" if "REQ-03:WRONG_INSTRUMENT" in self.codes else ORG
        """The organisation that the events name."""
        company = Company(*self._shape)
        self.start, self.end = company.start, company.end
        self.until = text(midnight(company.end))
        """The moment at whose findings the labels look: pass it to `check --until`."""
        self._labels: list[Label] | None = None

    @property
    def labels(self) -> list[Label]:
        """The findings that stand at `until`, by time; ValueError before one whole iteration."""
        if self._labels is None:
            raise ValueError("labels are known after the last event; iterate the events first")
        return self._labels

    def __iter__(self) -> Iterator[Fact]:
        self._labels = None
        company, seed = Company(*self._shape), self.seed
        plan = Plan(company, seed, self.org)
        sow(plan, self.codes)
        make = Maker(f"{seed}|ids", self.org)
        sender = Sender(company, plan, Random(f"{seed}|arrivals"))
        past = Day(make)
        history.load(company, past)
        boss = company.boss["dept-legal"]
        for occurred, fact in desk.drills(company.start, company.end, make, boss):
            if "drill" not in plan.forgotten:
                plan.tell(occurred, fact)
        for occurred, fact in (
            *records.lives(company, make),
            *systems.years(company, make),
            *vendors.years(company, make),
            *contractors.years(company, make),
            *clients.years(company, make),
            *sharing.years(company, make),
            *abroad.years(company, make),
            *anonymized.years(company, make),
        ):
            plan.tell(occurred, fact)
        for occurred, fact in (
            *duties.years(company, make, plan.forgotten, plan.depts),
            *duties.attested(company, make, plan.neglected),
            *people.years(company, make, plan.hired, plan.forgotten),
            *people.rules_of(company, make, plan.hired),
        ):
            plan.tell(occurred, fact)
        for entry in DATASETS:
            since = history.monitored_since(company)
            upkeep.assess_again(plan, history.dataset(make, company, entry), since)
        for occurred, fact in assets.checks_before(company, make):
            plan.tell(occurred, fact)
        for occurred, fact in premises.stocktakes(company, make, plan.forgotten):
            plan.tell(occurred, fact)
        upkeep.keep(plan)
        for occurred, fact, arrives in plan.before:
            past.add(occurred, fact, arrives)
        yield from sender.load(past)

        stories: dict[date, list[tuple[int, Fact]]] = {}

        def tell(occurred: int, fact: Fact) -> None:
            stories.setdefault(day_of(occurred), []).append((occurred, fact))

        members = outside.Members()
        for today in company.days:
            day = Day(make)

            def chance(concern: str, today: date = today) -> Random:
                return Random(f"{seed}|{concern}|{today}")

            history.change(company, today, day)
            outside.heartbeats(today, day, chance("heartbeats"))
            outage(today, day, sender)
            outside.verification(today, day, today not in plan.broken)
            outside.acts_day(company, today, day)
            office.night(company, today, day, chance("night"))
            office.office_day(company, today, day, chance("office"), plan.forced, plan.no_files)
            outside.site_day(company, today, day, chance("site"))
            outside.partners_day(today, day, chance("partners"))
            outside.probes_day(today, day, chance("probes"))
            systems.postures(company, today, day, chance("posture"))
            systems.soc_day(company, today, day, chance("soc"))
            outside.feeds_day(today, day, chance("feeds"))
            vendors.feed_day(today, day, chance("feeds abroad"))
            clients.day_of_work(today, day, chance("clients"))
            abroad.day_abroad(company, today, day, chance("abroad"))
            sharing.partner_day(today, day, chance("partner"))
            contractors.agents_day(today, day, chance("agents"))
            duties.alerts_day(today, day, chance("alerts"))
            premises.patrols(today, day)
            assets.ledger_day(company, today, day, chance("ledger"))
            members.day(company, today, day, chance("members"))
            desk.requests(len(company.staff), today, make, chance("requests"), tell)
            desk.complaints(len(company.staff), today, make, chance("complaints"), tell)
            desk.reads(company, today, make, chance("desk reads"), tell)
            desk.incidents(len(company.staff), today, make, chance("incidents"), tell)
            for occurred, fact in stories.pop(today, ()):
                day.add(occurred, fact)
            for occurred, fact, arrives in plan.agenda.pop(today, ()):
                day.add(occurred, fact, arrives)
            yield from sender.send(today, day)
        yield from sender.rest()
        self._labels = sorted(plan.labels, key=lambda label: label["occurred_at"])


def outage(today: date, day: Day, sender: Sender) -> None:
    """Every two months the endpoint agent's server is serviced at night, declared beforehand."""
    if today.toordinal() % 60 == 7:
        begins = at(today, 1, 30)
        sender.silence(Silence("endpoint-01", begins, at(today, 4)))
        day.add(
            begins,
            day.make(
                "log.source_status",
                "collector-01",
                "svc-collector",
                "service",
                monitored_source_id="endpoint-01",
                status="stopped",
                last_seq=None,
                lag_seconds=0,
                clock_skew_ms=0,
                declared_outage_id=f"outage-{today:%Y%m%d}",
            ),
        )


def simulate(
    months: int, staff: int, seed: int, plant: Iterable[str] = (), start: date = START
) -> Simulation:
    """A company of so many people over so many months, compliant but for what is planted.

    `plant` holds `all`, controls or CONTROL:CODE. The same arguments give the same bytes.
    ValueError for a period or staff too small, or a word that names no fault.
    """
    return Simulation(months, staff, seed, plant, start)
