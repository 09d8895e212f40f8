"""Why a check of a pack cannot be judged again: what evidence cannot tell is not guessed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, groupby
from operator import itemgetter

import msgspec

from controls.engine import Engine, Rule
from controls.events import TYPES
from controls.kernel import HOUR
from controls.shapes import Case
from streams.evidence.seal import FINDING, REJECT
from streams.export.cut import Row
from streams.export.frame import reads, types
from streams.export.rejudge import Material, Seen
from streams.export.withheld import withheld


def consults(rule: Rule) -> set[str]:
    """The types of event that have a say in what a check says."""
    check = rule.check
    kinds = {*check.revisits, *(check.touches if isinstance(check, Case) else ())}
    return reads(check) | types(kinds)


class Reasons:
    """Why a check cannot be judged again, for what occurred at a moment (ms); None where it can.

    rules       the rules here are others than those of the pack, or take other parameters
    withheld    evidence keeps less than the check asks for (see `withheld`)
    unlinked    of a year whose key was gone when the pack was made pseudonyms lead nowhere
    expired     retention let events go that the check reads
    older       it lies before the pack's first traffic, or rests on what was remembered of it
    """

    def __init__(
        self, material: Material, engine: Engine, seen: Seen, other: Mapping[str, str]
    ) -> None:
        self._all = "an auditor's pack has no fields of events" if material.auditor else None
        self._other = other
        self._withheld = (
            {}
            if material.auditor
            else withheld(engine.controls.values(), "names" in material.catalogue)
        )
        self._rules: dict[str, list[Rule]] = defaultdict(list)
        for rule in engine.rules.values():
            self._rules[rule.control.id].append(rule)
        self._gone = _unlinked(material, seen) | _expired(material, seen)
        self._begins = {
            block["lane"]: block["now"] for block in first(material.blocks) if block["number"] > 1
        }

    def of(self, control: str, check: str, at: int = 0) -> str | None:
        """Of one check; `missing` is any of them."""
        named = ("missing", *(rule.check.name for rule in self._rules[control]))
        checks = named if check == "missing" else (check,)
        return self._first(
            control,
            [rule for rule in self._rules[control] if rule.check.name in checks],
            at,
            (self._withheld.get(f"{control}/{name}") for name in checks),
        )

    def of_event(self, control: str, kind: str, at: int) -> str | None:
        """Of whatever a control's checks say of one event."""
        asked = [rule for rule in self._rules[control] if kind in reads(rule.check)]
        return self._first(control, asked, at, (self._withheld.get(rule.ref) for rule in asked))

    def _first(
        self, control: str, rules: Sequence[Rule], at: int, withheld: Iterable[str | None]
    ) -> str | None:
        found = chain(
            (self._all, self._other.get(control)),
            withheld,
            (self._gone.get(kind) for rule in rules for kind in sorted(consults(rule))),
            (self._older(rule, at) for rule in rules),
        )
        return next((reason for reason in found if reason), None)

    def _older(self, rule: Rule, at: int) -> str | None:
        lanes = {TYPES[kind].lane for kind in reads(rule.check)}
        begins = [begin for lane, begin in self._begins.items() if lane in lanes]
        keep = rule.check.keep if isinstance(rule.check, Case) else 0
        if begins and (keep is None or at < max(begins) + HOUR + keep):
            return "it rests on traffic older than the pack"
        return None


def first(blocks: Iterable[Row]) -> Iterator[Row]:
    """The first block of every chain."""
    for _, following in groupby(blocks, itemgetter("lane", "partition")):
        yield next(following)


def _unlinked(material: Material, seen: Seen) -> dict[str, str]:
    """By type of event the years that lead nowhere; one year alone needs no links."""
    if len(set().union(*seen.years.values())) < 2:
        return {}
    linked = set(material.catalogue["years"])
    return {
        kind: f"the key of {min(years - linked)} was gone: its pseudonyms lead nowhere"
        for kind, years in seen.years.items()
        if years - linked
    }


def _expired(material: Material, seen: Seen) -> dict[str, str]:
    """By type of event that rows of its class are gone."""
    gone = {
        name
        for block in material.blocks
        for name, rows, _ in msgspec.json.decode(block["classes"])
        if name not in (FINDING, REJECT)
        and seen.rows[block["lane"], block["partition"], block["last_offset"], name] < rows
    }
    return {
        kind: f"events of class {TYPES[kind].retention} have expired"
        for kind in TYPES
        if TYPES[kind].retention in gone
    }
