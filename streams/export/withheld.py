"""Which checks ask for more than evidence keeps, told by the catalogue's own examples.

Every example of every control is judged twice: with all that its events say, and with what evidence
keeps of them.  A check that finds something else the second time cannot be judged from evidence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from controls import gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event, spec
from controls.events.fields import Memo, instant
from controls.kernel import Control, Example, arrival
from controls.registers import Registers
from controls.shapes import Check
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.slots import converter
from streams.store.memory import Memory

LISTS = "evidence keeps the number of principals, not the list that is asked for"
REFUSED = "of a line that was refused evidence keeps a digest, not the id that it repeats"
NAMES = "evidence has a pseudonym where a plain word is compared with it"


class Asked(Plain):
    """Events as they are; knows whether anybody asked for the reference of a plain word."""

    def __init__(self) -> None:
        self.asked = False

    def ref(self, raw: str) -> str:
        self.asked = True
        return super().ref(raw)


def withheld(controls: Iterable[Control[Any]], named: bool) -> dict[str, str]:
    """Why a check (`TRF-01/consent`) cannot be judged from evidence; `named` says that the words
    which are compared with references are known with those."""
    found: dict[str, str] = {}
    for control in controls:
        for example in control.examples:
            forms = Asked()
            events = [forms.join(event) for event in sorted(example.events, key=arrival)]
            whole = judged(control, example, events, forms)
            for reason, form in FORMS.items():
                kept = form(events)
                if kept != events:
                    other = judged(control, example, kept, forms)
                    for check, _, _ in (whole - other) + (other - whole):
                        found.setdefault(f"{control.id}/{check}", reason)
            if forms.asked and not named:
                for check in asking(control, example, events):
                    found.setdefault(f"{control.id}/{check}", NAMES)
    return found


def asking(control: Control[Any], example: Example, events: Sequence[Event]) -> Iterator[str]:
    """The checks that compare a plain word with a reference in these events."""
    for check in control.checks(control.params):
        forms, alone = Asked(), partial(_alone, check)
        judged(replace(control, checks=alone), example, events, forms)
        if forms.asked:
            yield check.name


def _alone(check: Check, _: Any) -> tuple[Check]:
    return (check,)


def judged(
    control: Control[Any], example: Example, events: Sequence[Event], forms: Plain
) -> Counter[tuple[str, str, str | None]]:
    """What is found in these events: check, verdict and code."""
    store, registers = Memory(), Registers((*BOOKS, *gaps.BOOKS), forms.ref)
    replay = Replay(Parts(Engine([control]), registers, store, forms, ""))
    replay.run(events)
    replay.finish(None if example.until is None else instant(example.until))
    return Counter((f["check"], f["verdict"], f["code"]) for f in store.findings())


def counted(events: Sequence[Event]) -> list[Event]:
    """Lists of principals as their number."""
    return [_counted[event.type](event) for event in events]


def once(events: Sequence[Event]) -> list[Event]:
    """Each id once."""
    return list({event.event_id: event for event in reversed(events)}.values())[::-1]


def _counting(type: str) -> Callable[[Event], Event]:
    of = spec(type)
    lists = [field.name for field in of.fields if (field.ev, field.pd) == ("count", "indirect")]
    return converter(of.cls, [f.name for f in of.fields], dict.fromkeys(lists, _number))


def _number(value: Any) -> Any:
    return len(value) if isinstance(value, tuple) else value


_counted = Memo(_counting)
FORMS: Mapping[str, Callable[[Sequence[Event]], Sequence[Event]]] = {LISTS: counted, REFUSED: once}
"""What evidence keeps, one loss at a time, by its reason."""
