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
_SECOND = re.compile(r":([0-5]\d)\Z", re.ASCII)
_REST = re.compile(r"(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))\Z", re.ASCII)
_DATE = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_INSTANT: Final = 946_684_800_000
"""2000-01-01T00:00:00Z; nothing earlier is a plausible moment of an audit trail."""
LAST_INSTANT: Final = 253_402_300_799_999


class Memo(dict[K, V]):
    """What a function gave for each value so far; starts anew at `most` of them."""

    __slots__ = ("_make", "_most")

    def __init__(self, make: Callable[[K], V], most: int = 65_536) -> None:
        super().__init__()
        self._make, self._most = make, most

    def __missing__(self, key: K) -> V:
        if len(self) >= self._most:
            self.clear()
        value = self[key] = self._make(key)
        return value


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


def _second(text: str) -> int:
    """Milliseconds of the second, `:05`."""
    found = _SECOND.match(text)
    if found is None:
        raise _NO_OFFSET
    return int(found[1]) * 1_000


def _rest(text: str) -> int:
    """Milliseconds of what follows the second, `.120+09:00`, less the offset."""
    found = _REST.match(text)
    if found is None:
        raise _NO_OFFSET
    fraction, sign, off_hour, off_minute = found.groups()
    offset = 0
    if sign is not None:
        hours, minutes = int(off_hour), int(off_minute)
        if hours > 23 or minutes > 59:
            raise _NO_OFFSET
        offset = (hours * 60 + minutes) * (60_000 if sign == "+" else -60_000)
    return int((fraction or "0")[:3].ljust(3, "0")) - offset


_minutes = Memo(_minute)
_seconds = Memo(_second)
_rests = Memo(_rest)


def instant(value: Any) -> int:
    """Milliseconds since the epoch (UTC) of an RFC 3339 text; finer digits are cut off.

    A leap second (:60) and a day that is none (02-30) are refused. Remembers the minutes, the
    seconds and what follows them apart: there are few of each.
    """
    if value.__class__ is not str:
        raise _NO_OFFSET
    ms: int = _minutes[value[:16]] + _seconds[value[16:19]] + _rests[value[19:]]
    if not FIRST_INSTANT <= ms <= LAST_INSTANT:
        raise _TOO_EARLY
    return ms


def _instant_or_ms(value: object) -> int:
    """In code milliseconds are welcome too; in a line they are not."""
    if value.__class__ is not int:
        return instant(value)
    assert isinstance(value, int)
    if not FIRST_INSTANT <= value <= LAST_INSTANT:
        raise _TOO_EARLY
    return value


_minutes_written: Memo[int, str] = Memo(
    lambda minute: (_EPOCH + timedelta(minutes=minute)).isoformat()[:16]
)
_SECONDS_WRITTEN: Final = tuple(f":{second:02d}" for second in range(60))
_MILLISECONDS_WRITTEN: Final = tuple(f".{ms:03d}Z" for ms in range(1_000))


def rfc3339(ms: int) -> str:
    """The one way an instant is written: UTC, milliseconds, Z.

    Remembers the minutes, of which there are few even where no second comes twice.
    """
    rest = ms % 60_000
    minute, second = _minutes_written[ms // 60_000], _SECONDS_WRITTEN[rest // 1_000]
    return f"{minute}{second}{_MILLISECONDS_WRITTEN[rest % 1_000]}"


def _day(text: str) -> date:
    if _DATE.match(text) is None:
        raise _NO_DAY
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise _NO_DAY from None


_days = Memo(_day)


def day(value: object) -> date:
    """A calendar date (JST wherever days are counted) of `YYYY-MM-DD` and nothing else."""
    if not isinstance(value, str):
        raise _NO_DAY
    return _days[value]


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
