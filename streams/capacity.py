"""What an installation takes – cores, partitions, disks – derived from figures that were measured.

Measured is what `make bench ARGS=--json` printed on the machine that the figures name; everything
else is arithmetic over it and over the assumptions below, and the page says which is which.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError

from controls.kernel import Refusal
from streams.settings import Settings

RATES = (1_000, 100_000, 1_000_000)
"""Events a second for which the page is computed."""
BUSY = 0.5
"""Assumed: how much of a core is planned for; the rest is for bursts, catching up, rebalances."""
STAFF = 22
"""Assumed: events of `books` a person and day (the design: 220,000 for 10,000 people)."""
DAY = 86_400
YEAR = 365 * DAY


COUNTS = {
    "worker cores": "workers",
    "partitions of a lane": "partitions",
    "installations": "installations",
    "intake cores": "intake",
}
VOLUMES = {
    "raw topics, GB a day": "raw_gb_a_day",
    "lanes, GB a day": "log_gb_a_day",
    "changelogs, GB a day before compaction": "changelog_gb_a_day",
    "store, GB a day": "store_gb_a_day",
    "store, TB a year": "store_tb_a_year",
}


class Machine(BaseModel):
    cpu: str
    cores: int
    memory_gib: int
    system: str
    python: str


class Lanes(BaseModel):
    access: float = Field(gt=0)
    books: float = Field(gt=0)


class Micros(BaseModel):
    """Microseconds of one core an event."""

    lanes: Lanes
    publish: float = Field(gt=0)
    worker: float | None = Field(default=None, gt=0)
    """Of traffic through Kafka; without it the embedded service stands for the worker."""
    intake: float | None = Field(default=None, gt=0)
    """Of the intake service; without it `publish` stands for it."""


class Sizes(BaseModel):
    """Bytes an event, one copy."""

    raw: float = Field(gt=0)
    log: float = Field(gt=0)
    changelog: float = Field(gt=0)
    """As written: compaction keeps the last of each key."""
    store: float = Field(gt=0)


class Service(BaseModel):
    bytes: Sizes


class Measured(BaseModel):
    """The part of the bench's figures that is needed here; what else it printed is ignored."""

    date: str
    machine: Machine
    events: int
    us: Micros
    service: Service


@dataclass(frozen=True, slots=True)
class Plan:
    """What one rate takes."""

    events_per_second: int
    workers: int
    """Processes of one core each."""
    partitions: int
    """Of each traffic lane: a power of two, so that workers get equal shares when they double."""
    installations: int
    """More than one where an installation may not have so many partitions."""
    intake: int
    raw_gb_a_day: float
    log_gb_a_day: float
    changelog_gb_a_day: float
    store_gb_a_day: float
    store_tb_a_year: float


def load(file: Path) -> Measured:
    """The figures of a file; Refusal where there are none or one that is needed is missing."""
    try:
        return Measured.model_validate(json.loads(file.read_text()))
    except OSError as error:
        raise Refusal(f"{file}: cannot be read ({error.strerror})") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Refusal(
            f"{file}: {place}: {first['msg']}; expected is what `make bench ARGS=--json` prints"
        ) from None
    except ValueError as error:
        raise Refusal(f"{file}: is no JSON: {error}") from None


def most_partitions() -> int:
    """How many partitions an installation may have."""
    (most,) = (
        limit.le for limit in Settings.model_fields["partitions"].metadata if hasattr(limit, "le")
    )
    return int(most)


def worker_rate(measured: Measured) -> float:
    """Events of traffic that one core judges in a second."""
    return 1e6 / (measured.us.worker or measured.us.lanes.access)


def intake_rate(measured: Measured) -> float:
    """Events that one core takes in a second from raw lines to the lanes."""
    return 1e6 / (measured.us.intake or measured.us.publish)


def books_rate(measured: Measured) -> float:
    """Events of `books` in a second: one partition, so one core, however many there are."""
    return 1e6 / measured.us.lanes.books


def plan(measured: Measured, rate: int) -> Plan:
    """What `rate` events of traffic a second take."""
    size = measured.service.bytes
    workers = math.ceil(rate / (worker_rate(measured) * BUSY))
    partitions = 1 << (workers - 1).bit_length()
    installations = math.ceil(workers / most_partitions())
    return Plan(
        rate,
        workers,
        min(partitions, most_partitions()),
        installations,
        math.ceil(rate / (intake_rate(measured) * BUSY)),
        rate * DAY * size.raw / 1e9,
        rate * DAY * size.log / 1e9,
        rate * DAY * size.changelog / 1e9,
        rate * DAY * size.store / 1e9,
        rate * YEAR * size.store / 1e12,
    )


def rows(measured: Measured, rates: tuple[int, ...]) -> list[dict[str, int | float]]:
    """The plans as JSON."""
    return [asdict(plan(measured, rate)) for rate in rates]


def derived(plans: list[Plan]) -> str:
    """The table of plans, one a column."""
    lines = [f"| traffic, events/s | {' | '.join(f'{p.events_per_second:,}' for p in plans)} |"]
    lines.append(f"|---|{'---:|' * len(plans)}")
    for title, name in COUNTS.items():
        lines.append(f"| {title} | {' | '.join(f'{getattr(p, name):,}' for p in plans)} |")
    for title, name in VOLUMES.items():
        lines.append(f"| {title} | {' | '.join(f'{getattr(p, name):,.1f}' for p in plans)} |")
    return "\n".join(lines)


def page(measured: Measured, rates: tuple[int, ...] = RATES) -> str:
    """The capacity page, in Markdown."""
    size, machine = measured.service.bytes, measured.machine
    plans = [plan(measured, rate) for rate in rates]
    worker, intake, books = worker_rate(measured), intake_rate(measured), books_rate(measured)
    through = "Kafka" if measured.us.worker else "the embedded log, not Kafka"
    taken = "the intake service" if measured.us.intake else "`publish`, not the intake service"
    ceiling = worker * BUSY * most_partitions()
    staff = books * BUSY * DAY / STAFF
    return f"""# Capacity

Computed by `shoseki capacity deploy/measurements.json`; do not edit. The measured figures are those
of one run over {measured.events:,} events on {measured.date}: {machine.cpu}, {machine.cores} cores,
{machine.memory_gib} GiB, {machine.system}, Python {machine.python}. Measure on your own machine
(`make bench ARGS=--json > FILE`) before you buy one; nothing larger than that machine was ever run.

## Measured

| | |
|---|---:|
| one worker core, traffic, through {through} | {worker:,.0f} events/s |
| one worker core, `books` | {books:,.0f} events/s |
| one intake core, by {taken} | {intake:,.0f} events/s |
| an event as it was sent | {size.raw:,.0f} bytes |
| an event in the lanes, packed, not compressed | {size.log:,.0f} bytes |
| an event in the changelogs, before compaction | {size.changelog:,.0f} bytes |
| an event in the store, compressed and merged | {size.store:,.0f} bytes |

## Assumed

- Half of a core is planned for; the other half is for bursts, catching up and rebalances.
- A person gives {STAFF} events of `books` a day (badges, devices, requests, contracts).
- Every machine is as fast as the one above, and the rate is that of the busiest hour, all day.

## Derived

{derived(plans)}

- Bytes are those of one copy: multiply topics by the days that they are kept and by the brokers'
  replication (3 as a rule), the store by its replicas (2 as a rule).
- **Traffic has a ceiling**: an installation has at most {most_partitions()} partitions a lane, and
  so carries {ceiling:,.0f} events/s. Beyond it the company is divided into several installations,
  which do not see one another's entities.
- **`books` has one too**, since it is one partition: {books * BUSY:,.0f} events/s at half a core,
  the events of {staff:,.0f} people. The tallies of the traffic partitions take a part of it
  that was not measured; it grows with partitions, not with events.
- Not measured, and so not here: the disk of a worker's state (it grows with entities, not with
  events), brokers' and ClickHouse's cores, and the network between them.
"""
