"""項目の型 — what the fields of an event are made of, and what evidence keeps of each.

Every annotation of the vocabulary carries a `Personal` marker. Pseudonyms, JSON Schema,
documentation and the columns of the store are derived from it and repeat nothing.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

__all__ = ["Evidence", "Personal", "PersonalData", "rfc3339"]

T = TypeVar("T")
K = TypeVar("K")
V = TypeVar("V")
PersonalData = Literal["none", "indirect", "direct", "sensitive"]
Evidence = Literal["keep", "hmac", "trunc", "count", "drop"]


@dataclass(frozen=True, slots=True)
class Personal:
    """Says how personal a field is (`pd`) and what evidence keeps of it (`ev`).

    pd: none | indirect (identifies only with a register: staff id, badge, address)
        | direct (name, mail or postal address) | sensitive (要配慮個人情報, finances).
    ev: keep | hmac (keyed pseudonym) | trunc (IPv4 /24, IPv6 /48, mail to its domain)
        | count (number of elements) | drop (never leaves the normaliser).
    """

    pd: PersonalData
    ev: Evidence


NOTHING_PERSONAL: Final = Personal("none", "keep")

Kept = Annotated[T, NOTHING_PERSONAL]
"""Not personal; evidence keeps it as it is."""
Ref = Annotated[str, Personal("indirect", "hmac")]
"""An opaque id of a person, a thing or a paper; empty where the source knows none."""
DirectRef = Annotated[str, Personal("direct", "hmac")]
"""An id that is, or may be, somebody's name; treated like a `Ref`."""
Public = Annotated[str, Personal("direct", "keep")]
"""A name that is published anyway."""
Place = Annotated[str, Personal("indirect", "trunc")]
"""A network, mail or postal address, of which only the coarse part goes on."""
Dropped = Annotated[str, Personal("indirect", "drop")]
"""Seen while the line is read, gone afterwards."""

Id = Annotated[str, Field(min_length=1)]
"""An id that must be there."""
Int = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""A whole number that a 64-bit column holds."""
_Elements = Annotated[int, Field(ge=0, le=2**63 - 1)]
Refs = Annotated[tuple[str, ...] | _Elements, Personal("indirect", "count")]
"""Ids of principals; evidence keeps how many there were."""
Addresses = Annotated[tuple[str, ...] | _Elements, Personal("direct", "count")]
"""Addresses of persons; only how many there were leaves the normaliser."""
ReportItem = Annotated[int, Field(ge=1, le=9)]
"""One of the nine matters of a report (Enforcement Rule 8)."""
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]
"""ISO 3166-1 alpha-2."""

_MINUTE = re.compile(r"(\d{4}-\d\d-\d\d)[Tt](\d\d):(\d\d)\Z", re.ASCII)
_REST = re.compile(r":(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT: Final = 946_684_800_000
"""2000-01-01T00:00:00Z; nothing earlier is a plausible moment of an audit trail."""
LAST_INSTANT: Final = 253_402_300_799_999
_CACHED: Final = 65_536

_NO_OFFSET: Final = PydanticCustomError(
    "instant", "a timestamp with offset is expected, such as 2026-11-11T09:00:00+09:00"
)
_TOO_EARLY: Final = PydanticCustomError("instant_early", "a moment in 2000 or later is expected")
_NO_DAY: Final = PydanticCustomError("day", "a date is expected, such as 2026-11-11")


def _minute(text: str) -> int:
    """Milliseconds up to a minute, `2026-11-11T09:00`, as if it were UTC."""
    found = _MINUTE.match(text)
    if found is None:
        raise _NO_OFFSET
    try:
        days = date.fromisoformat(found[1]).toordinal() - 719_163
    except ValueError:
        raise _NO_OFFSET from None
    hour, minute = int(found[2]), int(found[3])
    if hour > 23 or minute > 59:
        raise _NO_OFFSET
    return (days * 1_440 + hour * 60 + minute) * 60_000


def _rest(text: str) -> int:
    """Milliseconds of what follows the minute, `:05.120+09:00`, less the offset."""
    found = _REST.match(text)
    if found is None:
        raise _NO_OFFSET
    second, fraction, sign, off_hour, off_minute = found.groups()
    offset = 0
    if sign is not None:
        hours, minutes = int(off_hour), int(off_minute)
        if hours > 23 or minutes > 59:
            raise _NO_OFFSET
        offset = (hours * 60 + minutes) * (60_000 if sign == "+" else -60_000)
    if int(second) > 59:
        raise _NO_OFFSET
    return int(second) * 1_000 + int((fraction or "0")[:3].ljust(3, "0")) - offset


_minutes: dict[str, int] = {}
_rests: dict[str, int] = {}


def instant(value: object) -> int:
    """Milliseconds since the epoch (UTC) of an RFC 3339 text; finer digits are cut off.

    A leap second (:60) and a day that is none (02-30) are refused. Remembers the minutes and
    what follows them apart: the stamps of one log share the first and repeat the second.
    """
    if value.__class__ is not str:
        raise _NO_OFFSET
    assert isinstance(value, str)
    first, second = value[:16], value[16:]
    minute = _minutes.get(first)
    if minute is None:
        minute = _remember(_minutes, first, _minute(first))
    rest = _rests.get(second)
    if rest is None:
        rest = _remember(_rests, second, _rest(second))
    ms = minute + rest
    if not FIRST_INSTANT <= ms <= LAST_INSTANT:
        raise _TOO_EARLY
    return ms


def _remember(known: dict[K, V], key: K, value: V) -> V:
    if len(known) >= _CACHED:
        known.clear()
    known[key] = value
    return value


def _instant_or_ms(value: object) -> int:
    """In code milliseconds are welcome too; in a line they are not."""
    if value.__class__ is not int:
        return instant(value)
    assert isinstance(value, int)
    if not FIRST_INSTANT <= value <= LAST_INSTANT:
        raise _TOO_EARLY
    return value


_texts: dict[int, str] = {}


def rfc3339(ms: int) -> str:
    """The one way an instant is written: UTC, milliseconds, Z."""
    minute, rest = divmod(ms, 60_000)
    text = _texts.get(minute)
    if text is None:
        moment = _EPOCH + timedelta(minutes=minute)
        text = _remember(_texts, minute, f"{moment.isoformat()[:16]}:")
    return f"{text}{rest // 1_000:02d}.{rest % 1_000:03d}Z"


_days: dict[str, date] = {}


def day(value: object) -> date:
    """A calendar date (JST wherever days are counted) of `YYYY-MM-DD` and nothing else."""
    if not isinstance(value, str):
        raise _NO_DAY
    known = _days.get(value)
    if known is None:
        if _DATE.match(value) is None:
            raise _NO_DAY
        try:
            known = date.fromisoformat(value)
        except ValueError:
            raise _NO_DAY from None
        if len(_days) >= _CACHED:
            _days.clear()
        _days[value] = known
    return known


def _day_or_date(value: object) -> date:
    return value if value.__class__ is date else day(value)


@dataclass(frozen=True, slots=True)
class Written:
    """A value that a line writes as text; in code the value itself is welcome too."""

    format: Literal["date-time", "date"]
    line: Callable[[object], Any]
    code: Callable[[object], Any]

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.json_or_python_schema(
            json_schema=core_schema.no_info_plain_validator_function(self.line),
            python_schema=core_schema.no_info_plain_validator_function(self.code),
        )

    def __get_pydantic_json_schema__(
        self, _: CoreSchema, __: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "string", "format": self.format}


INSTANT: Final = Written("date-time", instant, _instant_or_ms)
Instant = Annotated[int, INSTANT]
"""A moment as milliseconds since the epoch, UTC; a line writes it as RFC 3339 with offset."""
Day = Annotated[date, Written("date", day, _day_or_date)]
"""A calendar date; a line writes it as `YYYY-MM-DD`."""
