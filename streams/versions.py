"""By which rules a partition's memory was made, and the stored events to make it again.

Code and parameters of every control are remembered beside what it remembers.  Where they are not
those of now, the first block after the start brings the memory forward (`controls.renewal`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from controls.block import CLOCK, Tally
from controls.catalogue import Version
from controls.events import LANES, TYPES
from controls.kernel import Control, Refusal
from controls.renewal import Renewal
from controls.shapes import Case, Check
from streams.pseudonyms import jst_year, references
from streams.recall import Familiar

if TYPE_CHECKING:
    from streams.pipeline import Partition

RULES = "rules"
"""The key under which a partition remembers its rules: {versions, layout}."""
LAYOUT = 1
"""How a memory is laid out, whatever its rules: raised when keys or values of the engine's own
(`said`, waits, findings, registers) come to mean something else.  Facts are no part of it."""


def stamp(version: Version | None) -> str:
    """A short name of a version, for facts that travel between partitions."""
    return sha256(json.dumps(version, sort_keys=True).encode()).hexdigest()[:16]


def stamped(tally: Tally, versions: Mapping[str, Version]) -> dict[str, str]:
    """By what version the facts of a tally were drawn, by check."""
    return {ref: stamp(versions.get(ref.partition("/")[0])) for ref in tally.facts}


def outdated(partition: Partition) -> Renewal | None:
    """What of the memory is to be made again; None where all rules are those that made it.

    Raises Refusal where the memory is lost and what is stored was judged by other rules.
    """
    versions, state = partition.parts.versions, partition.state
    if not versions:
        return None
    remembered = state.get(RULES)
    if remembered is None and state.get(CLOCK) is None:
        _judged_alike(partition)
        return None
    layout = remembered["layout"] if remembered else 0
    if remembered is None or layout != LAYOUT:
        raise Refusal(
            f"{partition.lane}/{partition.number}: the memory was written by another version of "
            f"shoseki (layout {layout}, this one reads {LAYOUT}); go on with that version"
        )
    held = remembered["versions"]
    before: dict[str, Control[Any] | None] = {}
    for name, version in versions.items():
        if name not in held:
            before[name] = None
        elif held[name] != version:
            same = held[name]["code"] == version["code"]
            control = partition.parts.engine.controls[name]
            before[name] = _former(control, held[name]) if same else None
    new = frozenset(versions) - frozenset(held)
    if not before and held.keys() == versions.keys():
        return None
    return Renewal(before, new, dict(state.items()), _reader(partition, {}))


def foreign(
    partition: Partition, tallies: Sequence[Tally]
) -> dict[str, dict[tuple[str, int], int]]:
    """Facts told by other rules than ours: {control: {(lane, partition): offset they reach to}}.

    They are not read: the stored events up to there give them again.
    """
    found: dict[str, dict[tuple[str, int], int]] = {}
    versions = partition.parts.versions
    for tally in tallies:
        marker = partition.state.get(f"from|{tally.lane}|{tally.partition}")
        if not versions or (marker is not None and marker["upto"] >= tally.last_offset):
            continue
        for ref in tally.facts:
            name = ref.partition("/")[0]
            if name in versions and tally.rules.get(ref) != stamp(versions[name]):
                found.setdefault(name, {})[tally.lane, tally.partition] = tally.last_offset
    return found


def ours(tally: Tally, found: Mapping[str, Any]) -> Tally:
    """The tally without the facts that were drawn by other rules."""
    if not any(ref.partition("/")[0] in found for ref in tally.facts):
        return tally
    kept = {ref: keys for ref, keys in tally.facts.items() if ref.partition("/")[0] not in found}
    return replace(tally, facts=kept)


def renewing(
    partition: Partition, renewal: Renewal | None, found: dict[str, dict[tuple[str, int], int]]
) -> Renewal | None:
    """The renewal with those rules whose facts came from strangers."""
    if not found:
        return renewal
    before: dict[str, Control[Any] | None] = dict.fromkeys(found)
    reach: dict[tuple[str, int], int] = {}
    for places in found.values():
        reach |= places
    if renewal is None:
        values = dict(partition.state.items())
        return Renewal(before, frozenset(), values, _reader(partition, reach))
    return Renewal(
        before | dict(renewal.before), renewal.new, renewal.values, _reader(partition, reach)
    )


def _former(control: Control[Any], version: Version) -> Control[Any]:
    params = type(control.params).model_validate_json(json.dumps(version["params"]))
    return replace(control, params=params)


def _judged_alike(partition: Partition) -> None:
    parts = partition.parts
    if partition.head is None:
        return
    others = parts.store.fingerprints(partition.lane, partition.number) - {parts.fingerprint}
    if others:
        raise Refusal(
            f"{partition.lane}/{partition.number}: the memory is lost, and what is stored was "
            f"judged by other rules than these (catalogue {min(others)[:12]}…): judging the log "
            "again would not come to the same. Restore a backup (`shoseki restore`)"
        )


def _reader(
    partition: Partition, reach: Mapping[tuple[str, int], int]
) -> Callable[[Check], Iterator[list[Any]]]:
    """Reads what a check judges from the store, in join form as far as references are known."""
    parts = partition.parts
    known = Familiar(parts.forms)
    for key, value in partition.state.items():
        known.add(references(key))
        known.add(references(json.dumps(value)))
    years = bool(parts.forms.years())

    def stored(check: Check) -> Iterator[list[Any]]:
        every = isinstance(check, Case) and check.every
        kinds = set(TYPES.values()) if every else {t for t in check.on if t in TYPES.values()}
        for place, upto in places(isinstance(check, Case) and check.across):
            names = sorted(kind.type for kind in kinds if kind.lane == place[0])
            for page in parts.store.history(*place, names, upto) if names else ():
                if years:
                    page = [
                        parts.forms.recall(row, known.of(jst_year(row.occurred_at))) for row in page
                    ]
                yield page

    def places(across: bool) -> Iterator[tuple[tuple[str, int], int]]:
        head = partition.head
        if head is not None:
            yield (partition.lane, partition.number), head.last_offset
        if not across:
            return
        for place in parts.store.heads():
            if place[0] == "books" or place[0] not in LANES:
                continue
            marker = partition.state.get(f"from|{place[0]}|{place[1]}")
            upto = max(marker["upto"] if marker else -1, reach.get(place, -1))
            if upto >= 0:
                yield place, upto

    return stored
