"""The books of a campaign: what was sent, what lay on the lanes, what the store holds, and what an
embedded installation comes to that was given the same and that nobody disturbed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from controls.events import LANES
from controls.kernel import DAY
from streams import intake, messages, topics, wiring
from streams import settings as configuration
from streams.local import Broker
from streams.publish import Publisher, open_log
from streams.reading import Item
from streams.settings import Settings
from streams.topics import topic
from tests.installation import stored
from tests.soak.house import House, Process, command, write

CHUNK = 1_000
FIRST = 5
"""Differences of one kind that are named."""


@dataclass(slots=True)
class Lane:
    """One lane's lines, counted on the topic."""

    lines: int = 0
    ids: set[str] = field(default_factory=set)


def lanes(house: House) -> dict[str, Lane]:
    """What intake and publish wrote, counted by reading the topics; ticks and tallies apart."""
    found = {lane: Lane() for lane in LANES}
    for name, lane in found.items():
        for record in house.kafka.records(topic(name)):
            value = messages.read(record.value)
            if value is None:
                events = [msgspec.json.decode(line) for line in record.value.split(b"\n")]
                lane.lines += len(events)
                lane.ids |= {event["event_id"] for event in events}
            elif isinstance(value, list):
                lane.lines += len(value)
    return found


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store holds, as far as two installations must agree."""

    received: dict[str, int]
    duplicates: dict[str, int]
    events: dict[str, list[str]]
    """Ids of the events of each lane, as often as they are stored."""
    rejects: list[tuple[str, int, str, str]]
    findings: list[tuple[str, str, str, str]]
    populations: dict[str, dict[str, int]]
    blocks: int
    verified: dict[str, Any]

    @property
    def evaluated(self) -> dict[str, int]:
        return {lane: len(ids) for lane, ids in self.events.items()}

    def rejected(self, lane: str) -> int:
        """Rejects are kept in `books`, conflicts in the lane that met them."""
        if lane != "books":
            return sum(origin.startswith(f"{lane}/") for origin, *_ in self.rejects)
        return len(self.rejects) - sum(self.rejected(each) for each in LANES if each != lane)


def holding(config: Path) -> Holding:
    """Read a whole store, and have its chains verified by the command."""
    settings = configuration.load(config)
    found = stored(settings.store)
    blocks = found["blocks"]
    return Holding(
        {lane: sum(b["received"] for b in blocks if b["lane"] == lane) for lane in LANES},
        {lane: sum(b["duplicates"] for b in blocks if b["lane"] == lane) for lane in LANES},
        by_lane(found["events"]),
        sorted((r["origin"], r["position"], r["reason"], r["digest"]) for r in found["rejects"]),
        sorted(
            (f["finding_id"], f["verdict"], f["code"] or "", f["severity"] or "")
            for f in found["current"]
            if f["verdict"] in ("violation", "indeterminate")
        ),
        {
            control: {verdict: n for verdict, n in counts.items() if n}
            for control, counts in found["populations"].items()
        },
        len(blocks),
        json.loads(command(config, "verify", "--json", status=(0, 1))),
    )


def by_lane(events: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    from controls.events import spec

    found: dict[str, list[str]] = {lane: [] for lane in LANES}
    for event in events:
        found[spec(event["event_type"]).lane].append(event["event_id"])
    return found


# --- the twin --------------------------------------------------------------------------------


def twin(house: House, published: Sequence[Path], moments: Sequence[int]) -> Process:
    """An embedded installation with the same keys, which was given every raw record once, with
    its place and time, and every file; it has judged them and the ticks at `moments` (ms)."""
    process = Process("twin", house.folder / "twin", "run")
    here = process.folder
    write(process.config, f"local://{here}/data/log", f"chdb://{here}/data/store", house.folder,
          here, process.address, "memory://")  # fmt: skip
    settings = configuration.load(process.config)
    log = open_log(settings)
    Publisher(log, settings.partitions).publish(records(house))
    log.close()
    for file in published:
        command(process.config, "publish", str(file))
    process.start()
    try:
        house.wait(process.ready, "twin ready")
        caught_up(house, process, settings)
        for moment in moments:
            tick(settings, moment)
            caught_up(house, process, settings)
        assert process.stop() == 0, process.said()
    finally:
        process.kill()
    return process


def records(house: House) -> Iterator[Item]:
    """What the raw topics hold, read as intake reads it, in order of their append times."""
    forms = wiring.open_forms(house.settings)
    found: list[tuple[int, Item]] = []
    for raw in house.settings.intake.values():
        reader = intake.reader(forms, raw, house.settings.org_id)
        held = house.kafka.records(raw.topic)
        for number in {record.partition for record in held}:
            own = iter([record for record in held if record.partition == number])
            while chunk := list(islice(own, CHUNK)):
                items = reader.read(intake.taken(chunk, raw))
                found += zip((record.timestamp for record in chunk), items, strict=True)
    found.sort(key=lambda entry: entry[0])
    return (item for _, item in found)


def tick(settings: Settings, moment: int) -> None:
    """Tell all partitions of an installation what time it is."""
    with closing(open_log(settings)) as log:
        Publisher(log, settings.partitions).tick(moment)


def caught_up(house: House, process: Process, settings: Settings, rounds: int = 2) -> None:
    """Until the embedded service has acknowledged what its log holds, and what that told."""
    folder = Path(settings.broker.removeprefix("local://"))
    places = [(topic(lane), n) for lane in LANES for n in range(topics.partitions(settings, lane))]
    for _ in range(rounds):
        with closing(Broker(folder)) as broker:
            ends = {place: broker.end(*place) for place in places}

        def left(ends: dict[tuple[str, int], int] = ends) -> int:
            assert process.ended is None, process.said()
            with closing(Broker(folder)) as broker:
                return sum(max(n - (broker.committed(*p) or 0), 0) for p, n in ends.items())

        house.follow(left, "twin")


def horizon(now: int) -> tuple[int, ...]:
    """Moments (ms) after everything that can be due, with which both installations end."""
    far = now + 400 * DAY
    return far - 200 * DAY, far, far + 1, far + 2


# --- comparing -------------------------------------------------------------------------------


def differences(
    sent: int, raw: int, on: Mapping[str, Lane], found: Holding, truth: Holding
) -> list[str]:
    """Where the counts do not come out or the installations do not agree; none is wanted."""
    said = []

    def equal(what: str, left: Any, right: Any) -> None:
        if left != right:
            said.append(f"{what}: {left} ≠ {right}")

    equal("sent = held by the raw topics and published", sent, raw)
    equal("sent = received by the twin", sent, sum(truth.received.values()))
    for lane in LANES:
        equal(f"{lane}: lines on the lane = received", on[lane].lines, found.received[lane])
        for name, one in (("", found), ("twin, ", truth)):
            parts = one.evaluated[lane] + one.rejected(lane) + one.duplicates[lane]
            equal(f"{name}{lane}: received = evaluated + rejected + duplicates",
                  one.received[lane], parts)  # fmt: skip
        twice = [name for name, n in Counter(found.events[lane]).items() if n > 1]
        said += few(f"{lane}: stored twice", twice)
        said += unlike(f"{lane}: events on the lane and in the store",
                       on[lane].ids, set(found.events[lane]))  # fmt: skip
        said += unlike(f"{lane}: events", found.events[lane], truth.events[lane])
    said += unlike("rejects", found.rejects, truth.rejects)
    said += unlike("current findings", found.findings, truth.findings)
    for control in sorted({*found.populations, *truth.populations}):
        equal(f"population of {control}", found.populations.get(control),
              truth.populations.get(control))  # fmt: skip
    for name, one in (("", found), ("twin: ", truth)):
        if not one.verified["holds"]:
            said.append(f"{name}chains do not verify: {one.verified['fault']}")
    return said


def unlike(what: str, found: Iterable[Any], truth: Iterable[Any]) -> list[str]:
    """What one has and the other has not, with how often."""
    left, right = Counter(found), Counter(truth)
    return [
        *few(f"{what}: only in the campaign", list((left - right).elements())),
        *few(f"{what}: only in the twin", list((right - left).elements())),
    ]


def few(what: str, values: Sequence[Any]) -> list[str]:
    if not values:
        return []
    more = f" … {len(values)} in all" if len(values) > FIRST else ""
    return [f"{what}: {', '.join(map(str, sorted(values)[:FIRST]))}{more}"]
