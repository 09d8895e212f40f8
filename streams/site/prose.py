"""Examples as a reader takes them in: what happened, in order, and what follows from it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date
from typing import Any

from controls.calendar import jst_text
from controls.events import Event
from controls.events.fields import instant
from controls.examples import event as plain
from controls.kernel import Control, Example, arrival

TIMES = ("occurred_at", "observed_at", "ingested_at", "event_id")


ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
JAPANESE: tuple[tuple[str, str | Callable[[re.Match[str]], str]], ...] = (
    (r"Telecom Business Act ", "電気通信事業法"),
    (r"Art\.(\d+)-(\d+)", r"\1条の\2"),
    (r"Art\.(\d+)", r"\1条"),
    (r"条\((\d+)\)", r"条\1項"),
    (r"項\(([ivx]+)\)", lambda found: f"項{ROMAN[found[1]]}号"),
    (r" proviso", "ただし書"),
    (r" ?\(in force ([\d-]+)\)", r"（\1 施行）"),
    (r"Rule ", "規則"),
    (r"Order ", "令"),
    (r" and note (\d+)", r"、注\1"),
    (r"statistics note", "統計情報の注"),
    (r" note (\d+)", r" 注\1"),
    (r" case (\d+)", r" 事例\1"),
    (r"anon\. vol\.", "仮名加工情報・匿名加工情報編"),
    (r"foreign vol\.", "外国にある第三者への提供編"),
)
"""How places of law, which are kept in English, read in Japanese."""


def place(text: str, lang: str) -> str:
    """A place of law or guideline as it is cited: `Art.26(1)` is 26条1項."""
    for english, japanese in JAPANESE if lang == "ja" else ():
        text = re.sub(english, japanese, text)
    return text


def kind(summary: str, lang: str) -> str:
    """What a type of event is: its name in Japanese, a sentence in English."""
    name, _, sentence = summary.partition(" — ")
    return name if lang == "ja" else sentence


def moment(at: int) -> str:
    """`2026-11-11 10:30:00`, in Japan."""
    return jst_text(at)[:19].replace("T", " ")


def until(example: Example) -> str | None:
    """As of when an example is judged, where that is not its last event."""
    return None if example.until is None else moment(instant(example.until))


def steps(example: Example) -> list[tuple[str, str, str, str | None]]:
    """Each event in order: when, its type, what it says, and when it was recorded if later."""
    found = []
    for each in sorted(example.events, key=lambda one: one.occurred_at):
        late = arrival(each) - each.occurred_at > 1_000
        recorded = moment(arrival(each)) if late else None
        found.append((moment(each.occurred_at), type(each).type, said(each), recorded))
    return found


def said(event: Event) -> str:
    """The fields that an example chose, as `name value`."""
    other = plain(type(event), moment(event.occurred_at))
    told = []
    for field in fields(event):
        chosen = getattr(event, field.name)
        if field.name not in TIMES and chosen != getattr(other, field.name):
            told.append(f"{field.name} {stated(field.name, chosen)}")
    return ", ".join(told)


def stated(name: str, chosen: Any) -> str:
    """A value as it reads; instants, which are numbers, as times."""
    if isinstance(chosen, int) and not isinstance(chosen, bool) and chosen > 10**11:
        return moment(chosen)
    return value(chosen)


def value(chosen: Any) -> str:
    """A value as it reads: lists by commas, nothing as a dash."""
    if chosen is None or chosen == () or chosen == []:
        return "–"
    if isinstance(chosen, bool):
        return "true" if chosen else "false"
    if isinstance(chosen, date):
        return chosen.isoformat()
    if isinstance(chosen, list | tuple):
        return ", ".join(value(each) for each in chosen)
    if isinstance(chosen, dict):
        return ", ".join(f"{key} = {value(each)}" for key, each in chosen.items())
    return str(chosen)


def outcome(control: Control[Any], example: Example) -> list[tuple[str | None, str, str]]:
    """What an example yields: code (None: indeterminate), severity and subject."""
    found = []
    for expected in example.expected:
        severity = "info"
        if expected.code is not None:
            severity = expected.severity or control.codes[expected.code].severity
        found.append((expected.code, severity, expected.subject or ""))
    return found


def about(control: Control[Any], code: str) -> list[Example]:
    """The examples of a code: breaches first, then what is innocent."""
    found = [example for example in control.examples if example.about == code]
    return sorted(found, key=lambda example: not example.expected)
