"""Samples: for every control some of the events that its checks read, each traced to its block.

How they are drawn, `frame` says.  Frames tie to coverage: see `Tie`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from operator import itemgetter
from typing import Any

import msgspec

from controls.calendar import day_end, day_start, jst_day
from controls.catalogue import Catalogue
from streams.evidence import log
from streams.evidence.merkle import inclusion, leaves
from streams.export.account import by_block
from streams.export.cut import Evidence, Row
from streams.export.frame import METHOD, SEVERE, Frame, Item, always, item_of, reads
from streams.export.gaps import reported

_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn for one control: how many events its frame has, how many of them came by
    chance, how many by each rule, and the rows of samples.

    `absent` are the events that severe findings cite and that the evidence does not reach back to
    or has let go.
    """

    control: str
    frame: int
    drawn: int
    always: Mapping[str, int]
    absent: int
    rows: tuple[Row, ...]


@dataclass(slots=True)
class Tie:
    """One type of event, counted as samples and as coverage count it:
    occurred = recorded - elsewhere + late.

    `occurred` in the period, `recorded` in a block of it; `elsewhere`: recorded in it, occurred
    outside; `late`: occurred in it, recorded outside.
    """

    type: str
    occurred: int = 0
    recorded: int = 0
    elsewhere: int = 0
    late: int = 0


@dataclass(frozen=True, slots=True)
class Samples:
    """What was drawn for every control, and by which seed."""

    seed: str
    chosen: bool
    """Whether somebody chose the seed; else it follows from the cut."""
    gap_day: date | None
    controls: tuple[Drawn, ...]
    ties: tuple[Tie, ...]
    method: str = METHOD

    def rows(self) -> Iterator[Row]:
        """The samples by control, in the order of evidence."""
        for drawn in self.controls:
            yield from drawn.rows

    @property
    def head(self) -> Row:
        """What is to be known to draw them again."""
        return {
            "seed": self.seed,
            "chosen": self.chosen,
            "method": self.method,
            "gap_day": self.gap_day and f"{self.gap_day}",
            "controls": [
                {name: getattr(drawn, name) for name in ("control", "frame", "drawn", "absent")}
                | {"always": dict(drawn.always)}
                for drawn in self.controls
            ],
            "types": [asdict(tie) for tie in self.ties],
        }


def own_seed(evidence: Evidence) -> str:
    """The seed that nobody chose: hex of the leaf hash of the log's entry for the cut."""
    return log.leaf(evidence.cut.at, log.stated(evidence.cut.heads)).hex()


class Sampler:
    """Draws while events pass: `see` every event row of the evidence once, then `draw`."""

    def __init__(
        self,
        evidence: Evidence,
        catalogue: Catalogue,
        seed: str | None = None,
        only: Collection[str] = (),
    ) -> None:
        self.evidence, self.catalogue = evidence, catalogue
        self.chosen, self.seed = seed is not None, own_seed(evidence) if seed is None else seed
        self._frames = [
            Frame(control.id, self.seed)
            for control in catalogue.controls
            if not only or control.id in only
        ]
        self._by_type: dict[str, list[Frame]] = defaultdict(list)
        for frame in self._frames:
            control = catalogue[frame.control]
            for kind in set().union(*map(reads, control.checks(control.params))):
                self._by_type[kind].append(frame)
        self._severe: dict[str, list[Frame]] = defaultdict(list)
        by_control = {frame.control: frame for frame in self._frames}
        for finding in evidence.findings:
            severe = finding["verdict"] == "violation" and finding["severity"] in SEVERE
            if severe and finding["control"] in by_control:
                for event_id in finding["event_ids"]:
                    frames = self._severe[event_id]
                    if by_control[finding["control"]] not in frames:
                        frames.append(by_control[finding["control"]])
        self._unseen = set(self._severe)
        self.gap_day = gap_day(evidence)
        period = evidence.period
        self._days = [
            (name, day_start(day), day_end(day))
            for name, day in (
                ("first_day", period.first),
                ("last_day", period.last),
                ("gap_day", self.gap_day),
            )
            if day is not None
        ]
        self._start, self._end = period.start, period.end
        self._block: tuple[Any, ...] = ()
        self._recorded = False
        self._ties: dict[str, Tie] = {}

    def see(self, row: Row) -> None:
        """Count one event row, and keep it where it may be a sample."""
        item = Item._make(item_of(row))
        kind, at = item.event_type, item.occurred_at
        within = self._start <= at < self._end
        if item[:3] != self._block:
            self._block = item[:3]
            self._recorded = self.evidence.closed(row) in self.evidence.period
        self._tie(kind, within, self._recorded)
        if within:
            rule = always(row)
            days = [name for name, start, end in self._days if start <= at < end]
            for frame in self._by_type.get(kind, ()):
                frame.add(item)
                if rule:
                    frame.always[item].append(rule)
                for name in days:
                    frame.days[name].add(item)
        for frame in self._severe.get(item.event_id, ()):
            frame.always[item].append("finding")
            self._unseen.discard(item.event_id)

    def _tie(self, kind: str, occurred: bool, recorded: bool) -> None:
        tie = self._ties.get(kind)
        if tie is None:
            tie = self._ties[kind] = Tie(kind)
        tie.occurred += occurred
        tie.recorded += recorded
        tie.elsewhere += recorded and not occurred
        tie.late += occurred and not recorded

    def draw(self) -> Samples:
        """The samples; every row was seen."""
        chosen = [(frame, frame.chosen()) for frame in self._frames]
        blocks = self._blocks({item[:3] for _, items in chosen for item in items})
        cited = self._cited({item.event_id for _, items in chosen for item in items})
        drawn = tuple(
            Drawn(
                frame.control,
                frame.size,
                len(frame.drawn),
                Counter(rule for why in items.values() for rule in why if rule != "drawn"),
                sum(frame in self._severe[event_id] for event_id in self._unseen),
                tuple(
                    self._row(frame.control, number, item, why, blocks[item[:3]], cited)
                    for number, (item, why) in enumerate(items.items(), 1)
                ),
            )
            for frame, items in chosen
        )
        ties = tuple(self._ties[kind] for kind in sorted(self._ties))
        return Samples(self.seed, self.chosen, self.gap_day, drawn, ties)

    def _blocks(self, wanted: Collection[tuple[Any, ...]]) -> dict[tuple[Any, ...], Row]:
        return {
            place: block
            for block in self.evidence.blocks()
            if (place := (block["lane"], block["partition"], block["last_offset"])) in wanted
        }

    def _cited(self, wanted: Collection[str]) -> dict[tuple[str, str], Row]:
        """By control and event the finding that cites it as things stood at the cut, a violation
        before what is indeterminate."""
        found: dict[tuple[str, str], Row] = {}
        for revisions in self.evidence.history.values():
            finding = revisions[-1]
            if finding["verdict"] not in ("violation", "indeterminate"):
                continue
            for event_id in finding["event_ids"]:
                if event_id in wanted:
                    place = finding["control"], event_id
                    found[place] = min(finding, found.get(place, finding), key=_worst)
        return found

    def _row(
        self,
        control: str,
        number: int,
        item: Item,
        why: Sequence[str],
        block: Row,
        cited: Mapping[tuple[str, str], Row],
    ) -> Row:
        finding = cited.get((control, item.event_id))
        books = item.lane == "books"
        return {
            "sample": f"{control}-{number:04}",
            "control": control,
            "why": list(why),
            "event_id": item.event_id,
            "event_type": item.event_type,
            "occurred_at": item.occurred_at,
            "payload_digest": item.payload_digest,
            "lane": item.lane,
            "partition": item.partition,
            "block": item.block,
            "number": block["number"],
            "line": item.line,
            "class": item.retention,
            "link": block["link"],
            "fingerprint": block["fingerprint"],
            "books_upto": block["last_offset"] if books else block["books_upto"],
            "verdict": finding["verdict"] if finding else "no finding",
            "finding_id": finding["finding_id"] if finding else None,
            "version": dict(self.catalogue.versions[control]),
        }


def _worst(finding: Row) -> tuple[bool, str]:
    return finding["verdict"] != "violation", finding["finding_id"]


def gap_day(evidence: Evidence) -> date | None:
    """The first day of the period on which a source had a declared gap; None where there is
    none."""
    stops = reported(evidence)
    days = (jst_day(each.occurred_at) for each in stops if each.declared_outage_id)
    return min((day for day in days if day_start(day) in evidence.period), default=None)


def samples(
    evidence: Evidence,
    catalogue: Catalogue,
    seed: str | None = None,
    only: Collection[str] = (),
) -> Samples:
    """The samples of some controls (all by default), for their own sake."""
    sampler = Sampler(evidence, catalogue, seed, only)
    for row in evidence.all("events"):
        sampler.see(row)
    return sampler.draw()


def proofs(evidence: Evidence, found: Samples) -> Iterator[Row]:
    """For every sample that its row is in the tree of its class in its block (RFC 6962), in the
    order of evidence."""
    wanted: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for sample in found.rows():
        wanted[sample["lane"], sample["partition"], sample["block"]].append(sample)
    for block, rows in by_block(evidence, "events", Counter()):
        asked = wanted.get((block["lane"], block["partition"], block["last_offset"]))
        if asked is None:
            continue
        values = itemgetter(*msgspec.json.decode(block["columns"])["events"])
        trees: dict[str, list[bytes]] = defaultdict(list)
        places: dict[int, int] = {}
        classes = {sample["class"] for sample in asked}
        for row in rows:
            if row["retention"] in classes:
                places[row["line"]] = len(trees[row["retention"]])
                trees[row["retention"]].append(_encode(values(row)))
        levels = {name: leaves(lines) for name, lines in trees.items()}
        for sample in sorted(asked, key=itemgetter("line", "sample")):
            level, index = levels[sample["class"]], places[sample["line"]]
            yield {
                "sample": sample["sample"],
                "table": "events",
                **{key: sample[key] for key in ("lane", "partition", "number", "line", "class")},
                "index": index,
                "size": len(level),
                "leaf": level[index].hex(),
                "proof": [node.hex() for node in inclusion(index, level)],
            }
