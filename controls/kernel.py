"""What a control is made of, and what judging yields: plain values, no behaviour of their own.

A control says which promise it keeps (title, requirement, sources), how (checks with typed
limits), and proves itself by examples.  A check yields judgements; the engine turns judgements
into findings, populations and revisions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from controls.events import Event
    from controls.shapes import Check

Verdict = Literal["pass", "violation", "not_applicable", "indeterminate"]
Severity = Literal["info", "low", "medium", "high", "critical"]
Kind = Literal["seed", "appi", "ppc_guideline", "pms_guideline"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
STANDING = ("open", "acknowledged")
"""Statuses of a finding that still holds and that nobody has closed."""

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
"""Milliseconds: every instant in controls/ is an int of milliseconds since the epoch, UTC."""

ALLOWED_LATENESS = 24 * HOUR
"""An event that arrives later than this after a judged moment makes the revision retroactive
(controls.yaml, allowed_lateness_default)."""


def arrival(event: Any) -> int:
    """When an event arrived (ms): ingested, else observed."""
    ingested = event.ingested_at
    return int(event.observed_at if ingested is None else ingested)


class Refusal(Exception):
    """Something a person can put right; the message says what, where and how."""


@dataclass(frozen=True, slots=True)
class Text:
    """One text in the two languages of the product."""

    ja: str
    en: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where a requirement comes from.

    `kind` is seed (a statement of a published policy), appi, ppc_guideline or pms_guideline
    (JIS Q 15001 as JIPDEC's guideline numbers it).  A place whose number was not verified
    against a text keeps its trailing `*`.
    """

    kind: Kind
    place: str

    @property
    def verified(self) -> bool:
        return not self.place.endswith("*")


class Params(BaseModel):
    """What the company decides: overridable in its configuration, recorded with the evidence."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


CLOCK = r"([01][0-9]|2[0-3]):[0-5][0-9]"
ClockTime = Annotated[str, StringConstraints(pattern=f"^{CLOCK}$")]
"""HH:MM, in JST."""
Hours = Annotated[str, StringConstraints(pattern=f"^{CLOCK}-{CLOCK}$")]
"""HH:MM-HH:MM, in JST, the end exclusive."""


def limit(default: Any, unit: str, ja: str, en: str) -> Any:
    """A parameter: its default, its unit (`h`, `min`, `s`, `d`, `bd`, `persons`, ...) and its
    meaning in both languages."""
    extra: dict[str, Any] = {"unit": unit, "ja": ja}
    return Field(default, description=en, json_schema_extra=extra)


@dataclass(frozen=True, slots=True)
class Code:
    """One way to break a control.

    `finding` is a template of the words shown for it: `{subject}`, `{events}` and the facts the
    check gives.  `severity` holds unless the judgement names another.
    """

    severity: Severity
    condition: Text
    finding: Text


REPORT_ITEMS = tuple(range(1, 10))
"""The nine items of a report on an incident (Rule 8(1) of the Enforcement Rules of the APPI)."""


@dataclass(frozen=True, slots=True)
class Clock:
    """A term of the law that runs: since when and until when (ms), None while it stands still.

    `filled` are the REPORT_ITEMS that were reported and are known; None where no report is owed.
    """

    begun: int
    due: int | None
    filled: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a check says of one thing at one time.

    `subject` names the finding it belongs to; `item` tells judgements of one subject apart
    (the event's id by default).  `at` is when it happened, `detected` when it could be known
    (milliseconds; `at` by default).  `events` are the first of them, `count` all of them where
    that is more.  `until` marks a provisional verdict: judge again when time
    has passed it.  `missing` lists what could not be known.  `awaits` names event types whose
    absence the verdict rests on, since `since`: while a source of them has a gap there, the
    verdict is indeterminate.  `closed` is true when the fact stands but is over.  `clock` is the
    term of the law that is open with it.
    """

    verdict: Verdict
    code: str | None = None
    subject: str = ""
    at: int = 0
    detected: int | None = None
    severity: Severity | None = None
    events: tuple[str, ...] = ()
    count: int | None = None
    item: str = ""
    missing: tuple[str, ...] = ()
    until: int | None = None
    closed: bool = False
    facts: Mapping[str, Any] = field(default_factory=dict)
    since: int | None = None
    gap: tuple[str, int, int] | None = None
    clock: Clock | None = None


PASS = Judgement("pass")
NOT_APPLICABLE = Judgement("not_applicable")


@dataclass(frozen=True, slots=True)
class Expected:
    """A finding that an example must yield: its code (None: indeterminate) and its subject."""

    code: str | None
    subject: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """Events in, findings out: a test and a line of the documentation at once.

    `about` is the code it explains.  `until` (RFC 3339) moves the clock on after the last event.
    A compliant example expects nothing; its events differ from a breach of the same code in one
    field or one second.
    """

    about: str
    title: Text
    events: tuple[Event, ...]
    expected: tuple[Expected, ...] = ()
    until: str | None = None


P = TypeVar("P", bound=Params)


@dataclass(frozen=True, slots=True)
class Control(Generic[P]):
    """A promise, the law behind it, how it is checked and the proof that the check works."""

    id: str
    title: Text
    requirement: Text
    sources: tuple[Source, ...]
    params: P
    codes: Mapping[str, Code]
    checks: Callable[[P], Sequence[Check]]
    evidence: Text
    response: Text
    false_positives: Text
    examples: tuple[Example, ...]
    effective_from: date = date(2022, 4, 1)
    effective_to: date | None = None


def sources(
    *, seeds: str, appi: str = "", ppc_guideline: str = "", pms_guideline: str = ""
) -> tuple[Source, ...]:
    """Sources from lists separated by `;`, in the order statements, law, guideline, JIS."""
    named: tuple[tuple[Kind, str], ...] = (
        ("seed", seeds),
        ("appi", appi),
        ("ppc_guideline", ppc_guideline),
        ("pms_guideline", pms_guideline),
    )
    return tuple(
        Source(kind, place.strip())
        for kind, places in named
        for place in places.split(";")
        if place.strip()
    )
