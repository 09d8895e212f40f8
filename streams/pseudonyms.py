"""The three forms of an event: raw, join form, evidence form.

*Raw* is as sent, at the source and inside decode only. In the *join form* (lanes, state,
registers) what is dropped is gone, addresses are coarse, and every reference is `jn_` and a
keyed hash that lasts as long as the installation. In the *evidence form* (store, packs) it is
`psYYYY_` and a hash under the key of the JST year in which the event occurred: destroy that
key, and the year's pseudonyms lead nowhere while every proof still holds.

What happens to a field stands in the vocabulary; here it is only compiled, once a type.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec

from controls.events import Event, Evidence, rfc3339, spec
from controls.events.coarse import coarse
from controls.events.fields import LAST_INSTANT, Memo
from streams.codec import canonical
from streams.keys import Destroyed, Keys
from streams.slots import builder, converter, reader

_TOKEN = re.compile(r"jn_[a-z2-7]{26}", re.ASCII)
_JST: Final = 9 * 3_600_000
_DAY: Final = 86_400_000
_CACHED: Final = 200_000
"""Entries a cache may hold before it starts anew; some 40 MB for the largest."""


DESTROYED: Final = "destroyed"
"""What stands for every reference of a year whose key was destroyed before it was needed again."""
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_PAIRS: Final = [first + second for first in _LETTERS for second in _LETTERS]
_SHIFTS: Final = tuple(range(120, -1, -10))


def references(text: str) -> list[str]:
    """Every reference in join form that stands in a text."""
    return _TOKEN.findall(text)


def base32(digest: bytes) -> str:
    """The first 16 bytes in base32 (RFC 4648), small letters, no padding: 26 characters.

    Two at a time, which takes less than half of what `base64.b32encode` does.
    """
    number = int.from_bytes(digest[:16], "big") << 2
    return "".join([_PAIRS[number >> shift & 1023] for shift in _SHIFTS])


class Forms(Protocol):
    """What turns events from one form into the next: `Pseudonyms`, or `Plain` for a look."""

    def join(self, event: Event) -> Event: ...
    def evidence(self, event: Event) -> Event: ...
    def ref(self, raw: str) -> str: ...
    def veil(self, text: str, year: int) -> str: ...
    def recall(self, event: Event, known: Mapping[str, str]) -> Event: ...
    def years(self) -> Sequence[int]: ...
    def forget(self) -> None: ...
    def digest(self, line: bytes) -> str: ...
    def event_id(
        self, source_id: str, type: str, natural_key: tuple[Any, ...], occurred_at: int
    ) -> str: ...


class _Keyed:
    """HMAC-SHA256 under one key, with both pads hashed beforehand."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        block = key.ljust(64, b"\0")
        self._inner = sha256(bytes(byte ^ 0x36 for byte in block))
        self._outer = sha256(bytes(byte ^ 0x5C for byte in block))

    def __call__(self, message: bytes) -> bytes:
        inner = self._inner.copy()
        inner.update(message)
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def token(self, text: str) -> str:
        """26 characters [a-z2-7]: the first 16 bytes, enough to never meet by chance."""
        return base32(self(text.encode("utf-8", "surrogatepass")))


class _Plan:
    """One type's fields by what becomes of them, as positions in vocabulary order."""

    def __init__(self, type: str) -> None:
        of = spec(type)
        names = [field.name for field in of.fields]
        self.names, self.cls = names, of.cls
        self.values = reader(names)
        self.build = builder(of.cls, names)

        def kept(ev: Evidence) -> list[int]:
            return [at for at, field in enumerate(of.fields) if field.ev == ev]

        self.refs = kept("hmac")
        self.coarse = kept("trunc")
        self.lists = [at for at in kept("count") if of.fields[at].pd == "indirect"]
        self.counted = [at for at in kept("count") if at not in self.lists]
        self.dropped = [(at, None if of.fields[at].nullable else "") for at in kept("drop")]

    def named(self, positions: Sequence[int]) -> list[str]:
        return [self.names[at] for at in positions]


_plans = Memo(_Plan)


def _plan(event: Event) -> _Plan:
    return _plans[event.type]


def _count(value: Any) -> Any:
    return len(value) if value.__class__ is tuple else value


def _joining(
    type: str, networks: Mapping[Any, Any], refs: Mapping[Any, Any] | None = None
) -> Callable[[Event], Event]:
    """What turns events of a type into join form, but for their digest; without `refs` references
    stay as they are."""
    plan = _plans[type]
    reads: dict[str, Callable[[Any], Any]] = dict.fromkeys(plan.named(plan.counted), _count)
    tables = dict.fromkeys(plan.named(plan.coarse), networks)
    if refs is not None:

        def people(value: Any) -> Any:
            return tuple([refs[raw] for raw in value]) if value.__class__ is tuple else value

        reads |= dict.fromkeys(plan.named(plan.lists), people)
        tables |= dict.fromkeys(plan.named(plan.refs), refs)
    dropped = {plan.names[at]: nothing for at, nothing in plan.dropped}
    return converter(plan.cls, plan.names, reads, tables, dropped)


def _network(address: str | None) -> str | None:
    return None if address is None else coarse(address)


def _signed(event: Event, digest: str) -> Event:
    object.__setattr__(event, "payload_digest", digest)
    return event


def jst_year(ms: int) -> int:
    """The year in Japan at that instant; the last hours of 9999, UTC, stay in 9999."""
    return int(rfc3339(min(ms + _JST, LAST_INSTANT))[:4])


class Pseudonyms:
    """The forms under the installation's keys; caches are bounded and never written."""

    def __init__(self, directory: Path, data: Path | None = None) -> None:
        self._keys = Keys(directory, data)
        self._join = _Keyed(self._keys.get("join"))
        self._id = _Keyed(self._keys.get("id"))
        self._digests: Memo[int, _Keyed] = Memo(
            lambda year: _Keyed(self._keys.get(f"digest-{year}"))
        )
        self._evidence: Memo[tuple[str, int], Callable[[Event], Event]] = Memo(self._to_evidence)
        refs: Memo[Any, Any] = Memo(self._ref, _CACHED)
        networks = Memo(_network, _CACHED)
        self._refs = refs
        self._joins: Memo[str, Callable[[Event], Event]] = Memo(
            lambda type: _joining(type, networks, refs)
        )
        self._years: Memo[int, int] = Memo(lambda day: jst_year(day * _DAY - _JST), _CACHED)
        self._pseudonyms = Memo(self._of_year)
        """{reference: pseudonym} by year."""

    def join(self, event: Event) -> Event:
        """Raw to join form, with `payload_digest` over the raw event under its year's key."""
        digest = self._digests[self._years[(event.occurred_at + _JST) // _DAY]]
        return _signed(self._joins[event.type](event), digest(canonical(event)).hex())

    def evidence(self, event: Event) -> Event:
        """Join form to evidence form; lists of principals become their number."""
        year = self._years[(event.occurred_at + _JST) // _DAY]
        return self._evidence[event.type, year](event)

    def _to_evidence(self, of: tuple[str, int]) -> Callable[[Event], Event]:
        """What turns events of a type and a year (JST) into evidence form."""
        type, year = of
        plan = _plans[type]
        refs = dict.fromkeys(plan.named(plan.refs), self._pseudonyms[year])
        counts = dict.fromkeys(plan.named(plan.lists), _count)
        return converter(plan.cls, plan.names, counts, refs)

    def ref(self, raw: str) -> str:
        """The join form of one reference; blank (full-width blank too) stays empty."""
        ref: str = self._refs[raw]
        return ref

    def _ref(self, raw: str | None) -> str | None:
        if raw is None:
            return None
        return "jn_" + self._join.token(raw) if raw.strip() else ""

    def veil(self, text: str, year: int) -> str:
        """The text with every reference in it turned into its pseudonym of that year."""
        known = self._pseudonyms[year]
        return _TOKEN.sub(lambda found: known[found[0]], text)

    def recall(self, event: Event, known: Mapping[str, str]) -> Event:
        """Evidence form to join form where `known` {pseudonym: reference} says so."""
        plan = _plan(event)
        values = plan.values(event)
        for at in plan.refs:
            values[at] = known.get(values[at], values[at])
        return plan.build(values)

    def event_id(
        self, source_id: str, type: str, natural_key: tuple[Any, ...], occurred_at: int
    ) -> str:
        """An id for an event whose source gives none: the same facts, the same id."""
        facts = msgspec.json.encode([source_id, type, natural_key, occurred_at])
        return "ev_" + self._id.token(facts.decode())

    def years(self) -> Sequence[int]:
        """The years whose evidence this installation can still tell the pseudonyms of."""
        return sorted(int(name.removeprefix("evidence-")) for name in self._keys.names("evidence-"))

    def pseudonyms(self, raw: str) -> dict[int, str]:
        """What a reference is called in the evidence of each such year."""
        ref = self.ref(raw)
        return {year: self._pseudonyms[year][ref] for year in self.years()}

    def forget(self) -> None:
        """Let go of keys that were destroyed meanwhile, and of what was derived with them."""
        for year in [year for year in self._pseudonyms if self._keys.destroyed(f"evidence-{year}")]:
            del self._pseudonyms[year]
            for of in [of for of in self._evidence if of[1] == year]:
                del self._evidence[of]
        for year in [year for year in self._digests if self._keys.destroyed(f"digest-{year}")]:
            del self._digests[year]

    def digest(self, line: bytes) -> str:
        """What a refused line leaves behind: HMAC-SHA256 in hex under the id key."""
        return self._id(line).hex()

    def _of_year(self, year: int) -> Memo[Any, Any]:
        """{reference: pseudonym}; where the year's key is gone, one word for all of them."""

        def pseudonym(ref: str | None) -> str | None:
            return f"ps{year}_{key.token(ref)}" if ref else ref

        def unknown(ref: str | None) -> str | None:
            return f"ps{year}_{DESTROYED}" if ref else ref

        try:
            key = _Keyed(self._keys.get(f"evidence-{year}"))
        except Destroyed:
            return Memo(unknown, _CACHED)
        return Memo(pseudonym, _CACHED)


_plain_joins: Memo[str, Callable[[Event], Event]] = Memo(
    lambda type: _joining(type, Memo(_network, _CACHED))
)


class Plain:
    """References stay as in the file. For a look that keeps nothing."""

    def join(self, event: Event) -> Event:
        """The event with a plain digest, its refs as they are; what is dropped, counted or made
        coarse in the lanes is so here, or the two would be judged differently."""
        return _signed(_plain_joins[event.type](event), sha256(canonical(event)).hexdigest())

    def evidence(self, event: Event) -> Event:
        """The event itself."""
        return event

    def ref(self, raw: str) -> str:
        """The reference itself; blank becomes empty."""
        return raw if raw.strip() else ""

    def veil(self, text: str, year: int) -> str:
        """The text itself."""
        return text

    def years(self) -> Sequence[int]:
        """None: there are no pseudonyms."""
        return ()

    def forget(self) -> None:
        """There are no keys."""

    def recall(self, event: Event, known: Mapping[str, str]) -> Event:
        """The event itself."""
        return event

    def digest(self, line: bytes) -> str:
        """SHA-256 in hex."""
        return sha256(line).hexdigest()

    def event_id(
        self, source_id: str, type: str, natural_key: tuple[Any, ...], occurred_at: int
    ) -> str:
        """An id over the same facts, without a key."""
        facts = msgspec.json.encode([source_id, type, natural_key, occurred_at])
        return "ev_" + base32(sha256(facts).digest())
