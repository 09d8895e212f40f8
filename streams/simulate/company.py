"""The company: who works there, what it keeps, where, and who may open it.

Everything is drawn from the seed once; what changes later (joining, moving, leaving) is drawn
with it, so that a day can be told without the days before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from streams.simulate.times import add_months, business_days, days_between

# department -> (share of the staff, dataset its people read all day, role, zone they visit)
DEPARTMENTS: dict[str, tuple[float, str | None, str, str | None]] = {
    "dept-member": (0.24, "ds-members", "crm_operator", "zone-members"),
    "dept-sales": (0.18, "ds-orders", "order_clerk", None),
    "dept-marketing": (0.08, "ds-marketing", "campaign_planner", None),
    "dept-hr": (0.06, "ds-staff", "hr_officer", "zone-members"),
    "dept-it": (0.08, None, "", "zone-server"),
    "dept-finance": (0.10, None, "", None),
    "dept-legal": (0.06, None, "", None),
    "dept-general": (0.08, None, "", None),
    "dept-dev": (0.12, None, "", None),
}
MIN_STAFF = 20


@dataclass(frozen=True, slots=True)
class Dataset:
    """One entry of the register of personal data."""

    id: str
    system: str
    owner_dept: str
    roles: tuple[str, ...]
    items: tuple[str, ...]
    purposes: tuple[str, ...]
    principals: int
    kind: str = "general"


DATASETS = (
    Dataset(
        "ds-members",
        "sys-crm",
        "dept-member",
        ("crm_operator", "portal_viewer"),
        ("name", "address", "email", "tel"),
        ("member_service",),
        48_000,
    ),
    Dataset(
        "ds-orders",
        "sys-order",
        "dept-sales",
        ("order_clerk", "portal_viewer", "batch"),
        ("name", "address", "item", "amount"),
        ("delivery", "billing"),
        120_000,
    ),
    Dataset(
        "ds-marketing",
        "sys-ma",
        "dept-marketing",
        ("campaign_planner", "batch"),
        ("email", "segment"),
        ("marketing",),
        30_000,
    ),
    Dataset(
        "ds-staff",
        "sys-hr",
        "dept-hr",
        ("hr_officer",),
        ("name", "address", "salary"),
        ("employment",),
        900,
        "hr",
    ),
    Dataset(
        "ds-inquiries",
        "sys-desk",
        "dept-member",
        ("desk_agent",),
        ("name", "email", "body"),
        ("inquiry",),
        6_000,
    ),
    Dataset(
        "ds-requests",
        "sys-desk",
        "dept-legal",
        ("privacy_desk",),
        ("name", "address", "request"),
        ("request_handling",),
        400,
        "request_docs",
    ),
    Dataset(
        "ds-cards",
        "sys-payment",
        "dept-finance",
        ("cashier",),
        ("holder_name", "number", "expiry"),
        ("payment",),
        9_000,
        "card",
    ),
)
ORDINARY = tuple(d.id for d in DATASETS if d.kind in ("general", "hr"))
"""Datasets whose kind sets no rule of its own."""
DATASET = {d.id: d for d in DATASETS}


@dataclass(frozen=True, slots=True)
class Source:
    """One registered log source."""

    id: str
    kind: str
    system: str | None = None
    zone: str | None = None
    numbered: bool = False
    heartbeat: bool = True
    handles_pd: bool = True


SOURCES = (
    Source("web-01", "web", "sys-site"),
    Source("portal-01", "web", "sys-portal"),
    Source("lb-01", "web", "sys-api", numbered=True),
    Source("idp-01", "authentication", "sys-idp", numbered=True, handles_pd=False),
    Source("console-01", "authentication", "sys-console", "zone-server", numbered=True),
    Source("db-01", "datastore", None, numbered=True),
    Source("file-01", "file", "sys-file", numbered=True),
    Source("mail-01", "mail", "sys-mail"),
    Source("sso-01", "authentication", "sys-portal", handles_pd=False),
    Source("badge-01", "physical", numbered=True, handles_pd=False),
    Source("tls-01", "network", handles_pd=False),
    Source("endpoint-01", "endpoint", handles_pd=False),
    *(
        Source(name, "form", heartbeat=False)
        for name in (
            "hr-form",
            "iga-form",
            "register-form",
            "vendor-form",
            "contract-form",
            "transfer-form",
            "desk-form",
            "incident-form",
            "approval-form",
            "consent-form",
            "campaign-form",
            "pms-form",
            "asset-form",
            "reception-form",
            "patrol-form",
            "soc-form",
        )
    ),
    Source("crawler-01", "other", heartbeat=False, handles_pd=False),
    Source("collector-01", "other", heartbeat=False, handles_pd=False),
)
SOURCE = {s.id: s for s in SOURCES}


@dataclass(slots=True)
class Person:
    """One member of staff; `depts` are (first day, department), latest last."""

    number: int
    joined: date
    depts: list[tuple[date, str]]
    left: date | None = None
    late_grant: bool = False
    ref: str = field(init=False)
    account: str = field(init=False)
    badge: str = field(init=False)
    device: str = field(init=False)
    ip: str = field(init=False)

    def __post_init__(self) -> None:
        self.ref = f"stf-{self.number:04d}"
        self.account = f"acct-{self.number:04d}"
        self.badge = f"bdg-{self.number:04d}"
        self.device = f"pc-{self.number:04d}"
        # eighty desks a subnet: a morning's mistyped passwords stay far from a spray
        self.ip = f"10.20.{self.number // 80 % 250}.{self.number % 80 + 20}"

    def dept(self, day: date) -> str | None:
        """The department on a day; None before joining and after leaving."""
        if day < self.joined or (self.left is not None and day > self.left):
            return None
        return [name for since, name in self.depts if since <= day][-1]

    @property
    def settled(self) -> bool:
        """Whether nothing about this person changes in the period."""
        return len(self.depts) == 1 and self.left is None and not self.late_grant


class Company:
    """The whole company over the whole period."""

    def __init__(self, seed: int, staff: int, start: date, months: int) -> None:
        if staff < MIN_STAFF:
            raise ValueError(f"--staff {staff}: too small a company; give at least {MIN_STAFF}")
        if not 1 <= months <= 120:
            raise ValueError(f"--months {months}: give 1 to 120")
        if not 2013 <= start.year <= 2080:  # history reaches twelve years back
            raise ValueError(f"--start {start}: give a day from 2013 to 2080")
        self.start, self.end = start, add_months(start, months)
        self.days = days_between(self.start, self.end)
        self.workdays = business_days(self.days)
        self._firsts = {
            day
            for i, day in enumerate(self.workdays)
            if i == 0 or day.month != self.workdays[i - 1].month
        }
        self.month_ends = {
            day
            for i, day in enumerate(self.workdays[:-1])
            if self.workdays[i + 1].month != day.month
        } | {self.workdays[-1]}
        rng = Random(f"{seed}|company")
        self.staff = [self._settled(number, rng) for number in range(1, staff + 1)]
        self._changes(rng, staff, months)
        self.boss = {
            name: next(p for p in self.staff if p.depts[0][1] == name).ref for name in DEPARTMENTS
        }

    def _settled(self, number: int, rng: Random) -> Person:
        names = list(DEPARTMENTS)
        if number <= 2 * len(names):
            dept = names[(number - 1) % len(names)]  # every department has two people at least
        else:
            dept = rng.choices(names, [share for share, *_ in DEPARTMENTS.values()])[0]
        joined = self.start - timedelta(days=200 + rng.randrange(4_000))
        return Person(number, joined, [(joined, dept)])

    def _changes(self, rng: Random, staff: int, months: int) -> None:
        """Some move, some leave, some join; never one of the first two of a department."""
        firsts = sorted(self._firsts)[1:]
        fixed = 2 * len(DEPARTMENTS)
        others = self.staff[fixed:]
        rng.shuffle(others)
        number = staff
        for first in firsts:
            movers = [others.pop() for _ in range(min(max(1, staff // 100), len(others) // 8))]
            for person in movers:
                old = person.depts[0][1]
                person.depts.append((first, rng.choice([n for n in DEPARTMENTS if n != old])))
            if len(others) > 12 and rng.random() < 0.7:
                others.pop().left = first - timedelta(days=1)
            for _ in range(max(1, staff // 150)):
                number += 1
                dept = rng.choice(list(DEPARTMENTS))
                self.staff.append(
                    Person(number, first, [(first, dept)], late_grant=rng.random() < 0.5)
                )

    @property
    def senior(self) -> Person:
        """Who has been there longest, and stays."""
        return min((p for p in self.staff if p.left is None), key=lambda p: (p.joined, p.number))

    @property
    def keepers(self) -> dict[str, Person]:
        """Who alone works with the data of a special kind: the privacy desk and the cashier."""
        found = {}
        for dataset, dept in (("ds-requests", "dept-legal"), ("ds-cards", "dept-finance")):
            found[dataset] = [p for p in self.staff if p.depts[0][1] == dept][1]
        return found

    def boss_of(self, dept: str, but: str = "") -> str:
        """Who approves in a department: its manager, or the legal manager for the manager."""
        boss = self.boss[dept]
        return (
            self.boss["dept-legal" if dept != "dept-legal" else "dept-hr"] if boss == but else boss
        )
