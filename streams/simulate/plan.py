"""What is to go wrong: planted events, the labels they earn, and whom they may touch.

Every planted fault takes people, hosts, nights and contractors that no other fault uses, so
that a label stands for one finding and one finding for one label.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from streams.simulate import facts
from streams.simulate.company import DATASET, DEPARTMENTS, Company, Person
from streams.simulate.feed import ORG, Fact, Maker
from streams.simulate.times import MINUTE, at, day_of, is_closed, text

Label = dict[str, str]
"""control, code, subject, occurred_at, planted, cause: a label of the contract."""


@dataclass(slots=True)
class Silence:
    """A source that says nothing for a while; with a label where nobody declared it."""

    source: str
    begins: int
    ends: int
    label: Label | None = None


@dataclass(slots=True)
class Plan:
    """Everything the planters decided before the first day is told."""

    company: Company
    seed: int
    org: str = ORG
    plants: int = 0
    make: Maker = field(init=False)
    rng: Random = field(init=False)
    labels: list[Label] = field(default_factory=list)
    agenda: dict[date, list[tuple[int, Fact, int | None]]] = field(default_factory=dict)
    before: list[tuple[int, Fact, int | None]] = field(default_factory=list)
    forced: set[tuple[str, date]] = field(default_factory=set)
    no_files: set[str] = field(default_factory=set)
    silences: list[Silence] = field(default_factory=list)
    skips: list[tuple[str, int, Label]] = field(default_factory=list)
    skews: dict[tuple[str, date], Label] = field(default_factory=dict)
    broken: dict[date, Label] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    """Duties that come round and that nobody thinks of."""
    neglected: set[tuple[str, str]] = field(default_factory=set)
    """(review or check, dataset): what comes round for every dataset but this one."""
    hired: list[tuple[str, date, date | None]] = field(default_factory=list)
    """Who is on the staff for a fault only: since when, and until when."""
    depts: list[str] = field(default_factory=list)
    """Departments that exist for a fault only."""
    _nights: list[tuple[date, int]] = field(init=False)
    _pools: dict[str, list[Person]] = field(init=False)

    def __post_init__(self) -> None:
        self.make = Maker(f"{self.seed}|planted ids", self.org)
        self.rng = Random(f"{self.seed}|planted")
        days = self.company.days[1:-2]
        self._nights = [(day, hour) for day in days for hour in (1, 2, 3, 4)]
        self.rng.shuffle(self._nights)
        # marketing's manager draws the monthly lists under an approval of her own
        apart = {self.company.boss["dept-marketing"]} | {
            keeper.ref for keeper in self.company.keepers.values()
        }
        settled = [
            p
            for p in self.company.staff
            if p.settled and p.joined < self.company.start and p.ref not in apart
        ]
        self.rng.shuffle(settled)
        self._pools = {"quiet": [], "reader": [], "admin": []}
        for person in settled:
            dept = person.depts[0][1]
            kind = "reader" if DEPARTMENTS[dept][1] else "admin" if dept == "dept-it" else "quiet"
            self._pools[kind].append(person)

    @property
    def rounds(self) -> int:
        """How many faults of each code the period and the staff have room for."""
        pools = self._pools
        return max(
            1,
            min(
                6,
                (len(self.company.days) + 5) // 30,
                len(pools["quiet"]) // 9,
                len(pools["reader"]) // 4,
            ),
        )

    def person(self, kind: str) -> Person:
        """Somebody nothing else has happened to: quiet (reads no data), reader or admin."""
        if not self._pools[kind]:
            raise ValueError(
                f"--plant: no {kind} staff left to plant on; give more --staff or fewer codes"
            )
        return self._pools[kind].pop()

    def anyone(self) -> Person:
        """A settled member of staff who may have a fault of another kind as well."""
        return self.rng.choice(self._settled)

    def clerk(self, code: str) -> Person:
        """Such a one of whom no finding of that code stands yet, who reads no data and so sits at
        no machine but for the sign-ins, and whose work leads to no zone."""
        apart = {keeper.ref for keeper in self.company.keepers.values()} | self.blamed(code)
        return self.rng.choice(
            [
                p
                for p in self._settled
                if DEPARTMENTS[p.depts[0][1]][1] is None
                and DEPARTMENTS[p.depts[0][1]][3] is None
                and p.ref not in apart
            ]
        )

    def blamed(self, code: str) -> set[str]:
        """Those of whom a finding of that code stands already."""
        return {one["subject"].partition("|")[0] for one in self.labels if one["code"] == code}

    @property
    def _settled(self) -> list[Person]:
        return [p for p in self.company.staff if p.settled and p.joined < self.company.start]

    def workday(self, after: int = 4, before: int = 4, but: Collection[int] = ()) -> date:
        """A business day, so many of them away from the first and so many days from the end, and in
        none of some months where others are to be had; one before the first day where the period
        is too short for that."""
        last = self.company.end - timedelta(days=before)
        days = [d for d in self.company.workdays[after:] if d <= last]
        if days:
            return self.rng.choice([d for d in days if d.month not in but] or days)
        while is_closed(last):
            last -= timedelta(days=1)
        return last

    def spare(self, code: str) -> date:
        """A business day on which no finding of that code stands yet."""
        taken = [label["subject"] for label in self.labels if label["code"] == code]
        day = self.workday()
        while any(f"{day}" in subject for subject in taken):
            day = self.workday()
        return day

    def day(self, after: int = 2, before: int = 4) -> date:
        """Any day so far from both ends."""
        return self.rng.choice(self.company.days[after : len(self.company.days) - before])

    def night(self) -> int:
        """An instant of an hour of a night that nothing else uses."""
        day, hour = self._nights.pop()
        return at(day, hour, self.rng.randrange(5, 20))

    def office(self, day: date, first: int = 9, last: int = 16) -> int:
        """An instant within office hours."""
        return at(
            day, self.rng.randint(first, last), self.rng.randrange(60), self.rng.randrange(60)
        )

    def tell(self, occurred: int, fact: Fact, arrives: int | None = None) -> None:
        """Let it happen; before the first day it is history, after the last it is dropped."""
        day = day_of(occurred)
        if day < self.company.start:
            self.before.append((occurred, fact, arrives))
        elif day < self.company.end:
            self.agenda.setdefault(day, []).append((occurred, fact, arrives))

    def label(
        self, planted: str, code: str, subject: str, occurred: int, cause: str = "planted"
    ) -> Label:
        """Note that a finding `CONTROL:CODE` has to stand at the end of the period."""
        control, _, name = code.partition(":")
        label = {
            "control": control,
            "code": name,
            "subject": subject,
            "occurred_at": text(occurred),
            "planted": planted,
            "cause": cause,
        }
        self.labels.append(label)
        return label

    def follows(self, planted: str, code: str, subject: str, occurred: int) -> Label:
        """Note a finding that a planted fault brings with it."""
        return self.label(planted, code, subject, occurred, f"consequence of {planted}")

    def grant(
        self,
        person: Person,
        dataset: str,
        on: date,
        role: str | None = None,
        valid_until: date | None = None,
    ) -> None:
        """A right for somebody who had none, some minutes past eight."""
        entry = DATASET[dataset]
        boss = self.company.boss_of(entry.owner_dept, person.ref)
        self.tell(
            at(on, 8, 10),
            facts.privilege(
                self.make,
                person.account,
                person.ref,
                entry.system,
                dataset,
                role or entry.roles[0],
                boss,
                valid_until=valid_until,
            ),
        )

    def approve(self, person: Person, dataset: str, since: int, max_rows: int | None) -> None:
        """Leave for one bulk export, until the evening of the next day."""
        boss = self.company.boss_of(DATASET[dataset].owner_dept, person.ref)
        until = since + 36 * 60 * MINUTE
        self.tell(
            since,
            self.make(
                "approval.granted",
                "approval-form",
                boss,
                "staff",
                approval_id=self.make.short("apr-"),
                kind="bulk_export",
                for_ref=person.ref,
                dataset_id=dataset,
                max_rows=max_rows,
                valid_from=text(since),
                valid_to=text(until),
                approver_ref=boss,
            ),
        )
