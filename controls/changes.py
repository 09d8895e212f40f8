"""What a block changes: judgements before and after, as counts that `books` can fold.

A finding holds entries, one for each (verdict, code, severity, closed) with the number of
judgements that came out so.  A change adds to entries and drops from them; so a late register
event that turns forty violations into passes is one small message, and no list of them is kept.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from controls.block import Block, Memory, Populations, Tally
from controls.calendar import jst_day
from controls.gaps import Derived, hiding
from controls.kernel import ALLOWED_LATENESS, Judgement, Verdict
from controls.registers import View
from controls.shapes import Check, Fact

if TYPE_CHECKING:
    from controls.engine import Rule

SHOWN = 20
"""At most this many event ids stand in a finding; `events` says how many there are."""

SHOWABLE: tuple[Verdict, ...] = ("violation", "indeterminate")


def settled(check: Check, judgement: Judgement, view: View) -> Judgement:
    """`judgement`, or indeterminate where it rests on an event that a gap may have swallowed."""
    if judgement.since is None or judgement.verdict != "violation":
        return judgement
    until = max(judgement.since, judgement.detected or judgement.at)
    gap = hiding(view, check.awaits, judgement.since, until)
    if gap is None:
        return judgement
    return replace(judgement, verdict="indeterminate", code=None, missing=(gap,), until=None)


class Changes:
    """Collects what one block changes: populations, entries of findings, memory."""

    def __init__(self, block: Block, memory: Memory) -> None:
        self.populations: Populations = {}
        self.memory: dict[str, Any] = {}
        self.facts: dict[str, Mapping[str, list[Fact]]] = {}
        self.derived: list[Derived] = []
        self.renewed: set[str] = set()
        """Checks all of whose stored events have been judged anew in this block."""
        self._last = block.last_offset
        self._remembered = memory
        self._changes: dict[str, dict[str, Any]] = {}

    def load(self, key: str) -> tuple[Any, bool]:
        """The value under `key`, and whether it already includes this block (it was written
        before the block was acknowledged, and the block is here again)."""
        if key in self.memory:
            return self.memory[key], False
        value = self._remembered.get(key)
        return value, value is not None and value["applied"] >= self._last

    def count(self, control: str, verdict: Verdict, n: int) -> None:
        if not n:
            return
        counts = self.populations.setdefault(control, {})
        counts[verdict] = counts.get(verdict, 0) + n

    def add(self, rule: Rule, judgement: Judgement, late: bool) -> None:
        """A judgement stands that did not stand before."""
        change, entry = self._change(rule, judgement, late)
        if entry is None:
            return
        number = judgement.count or len(judgement.events)
        held = change["add"].setdefault(
            entry,
            {
                "items": 0,
                "events": 0,
                "at": judgement.at,
                "detected": judgement.detected or judgement.at,
                "ids": [],
                "facts": dict(judgement.facts),
                "missing": list(judgement.missing),
            },
        )
        held["items"] += 1
        held["events"] += number
        held["at"] = min(held["at"], judgement.at)
        held["detected"] = min(held["detected"], judgement.detected or judgement.at)
        if len(held["ids"]) < SHOWN:
            held["ids"] = list(dict.fromkeys([*held["ids"], *judgement.events]))[:SHOWN]

    def drop(self, rule: Rule, judgement: Judgement, late: bool) -> None:
        """A judgement that stood stands no longer."""
        change, entry = self._change(rule, judgement, late)
        if entry is None:
            return
        held = change["drop"].setdefault(entry, {"items": 0, "events": 0, "ids": []})
        held["items"] += 1
        held["events"] += judgement.count or len(judgement.events)
        held["ids"] = [*held["ids"], *judgement.events][:SHOWN]

    def _change(
        self, rule: Rule, judgement: Judgement, late: bool
    ) -> tuple[dict[str, Any], str | None]:
        ref, subject = place(rule, judgement)
        change = self._changes.setdefault(ref, {}).setdefault(
            subject, {"add": {}, "drop": {}, "after": "pass", "late": False}
        )
        change["late"] = change["late"] or late
        if judgement.verdict not in SHOWABLE:
            return change, None
        return change, entry_of(rule, judgement)

    def settle(
        self, rule: Rule, before: Judgement | None, after: Judgement | None, late: bool
    ) -> None:
        """`before` gives way to `after`: nothing happens where both say the same."""
        if same(rule, before, after):
            return
        if before is not None and before.verdict in SHOWABLE:
            self.drop(rule, before, late)
            if after is not None and after.verdict not in SHOWABLE:
                ref, subject = place(rule, before)
                self._changes[ref][subject]["after"] = after.verdict
        if after is not None and after.verdict in SHOWABLE:
            self.add(rule, after, late)

    def tally(self, block: Block) -> Tally | None:
        """The tally of the block; None where there is nothing to tell."""
        if not self._changes and not self.facts:
            return None
        return Tally(block.lane, block.partition, block.last_offset, self._changes, self.facts)


def same(rule: Rule, before: Judgement | None, after: Judgement | None) -> bool:
    if before is None or after is None:
        return before is after
    if before.verdict not in SHOWABLE or after.verdict not in SHOWABLE:
        return before.verdict not in SHOWABLE and after.verdict not in SHOWABLE
    return (
        place(rule, before) == place(rule, after)
        and entry_of(rule, before) == entry_of(rule, after)
        and (before.count or len(before.events)) == (after.count or len(after.events))
    )


def place(rule: Rule, judgement: Judgement) -> tuple[str, str]:
    """Which finding a judgement belongs to: the check and the subject.

    What is indeterminate for want of an entry is one finding a control, missing item and JST
    day; a pending wait stays with its subject (decisions.md).
    """
    if judgement.verdict == "indeterminate" and judgement.until is None:
        subject = "; ".join(judgement.missing)
        return f"{rule.control.id}/missing", f"{subject}|{jst_day(judgement.at)}"
    return rule.ref, judgement.subject


def entry_of(rule: Rule, judgement: Judgement) -> str:
    """`verdict|code|severity|closed`, the kind of judgement that a finding counts."""
    if judgement.code is None:
        return f"{judgement.verdict}||info|{'closed' if judgement.closed else ''}"
    severity = judgement.severity or rule.control.codes[judgement.code].severity
    closed = "closed" if judgement.closed else ""
    return f"{judgement.verdict}|{judgement.code}|{severity}|{closed}"


def is_late(arrived: int, took_effect: int, judged: int) -> bool:
    """An event that came more than the allowed lateness after it took effect, and after the
    judged moment (decisions.md, `retroactive`)."""
    return arrived - took_effect > ALLOWED_LATENESS and arrived - judged > ALLOWED_LATENESS
