"""Events made from the vocabulary itself, for tests that must hold for every type."""

from datetime import date
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from pydantic.fields import FieldInfo

from controls.events import TYPES, Event, spec
from controls.events.fields import FIRST_INSTANT, INSTANT

LATEST = 4_102_444_800_000
"""2100-01-01T00:00:00Z: nothing made here happens later."""


def events(type: str) -> st.SearchStrategy[Event]:
    """Any event of the type that a line may carry: it arrives after it happened."""
    hints = get_type_hints(TYPES[type], include_extras=True)
    parts = {field.name: _any(hints[field.name]) for field in spec(type).fields}
    parts |= {"payload_digest": st.none(), "ingested_at": st.just(LATEST)}
    return st.builds(TYPES[type], **parts)


def _any(hint: Any) -> st.SearchStrategy[Any]:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated and INSTANT in args:
        return st.integers(FIRST_INSTANT, LATEST)
    if origin is Annotated:
        bounds = [limit for mark in args if isinstance(mark, FieldInfo) for limit in mark.metadata]
        limits = {k: getattr(b, k) for b in bounds for k in ("ge", "le") if hasattr(b, k)}
        if limits:
            return st.integers(limits["ge"], limits.get("le", 2**63 - 1))
        if any(hasattr(bound, "pattern") for bound in bounds):
            return st.text("ABCXYZ", min_size=2, max_size=2)
        return _any(args[0]).filter(bool) if bounds else _any(args[0])
    if origin is Literal:
        return st.sampled_from(args)
    if origin is tuple:
        return st.lists(_any(args[0]), max_size=3).map(tuple)
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), _any(args[1]), max_size=3)
    if origin in (Union, UnionType):
        return st.one_of([_any(arg) for arg in args])
    return {
        NoneType: st.none(),
        str: st.text(max_size=12),
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
        date: st.dates(),
    }[hint]


def line(type: str, **said: Any) -> dict[str, Any]:
    """A complete line of the type as a sender writes it, with what the test says put in.

    A text is `<field>-1`, a list holds two, a number is 7; 2026-11-11 in the morning, JST.
    """
    hints = get_type_hints(TYPES[type], include_extras=True)
    whole = {field.name: _some(hints[field.name], field.name) for field in spec(type).fields}
    whole |= {"ingested_at": "2026-11-11T09:00:05+09:00"}
    del whole["payload_digest"]
    return whole | said


def _some(hint: Any, name: str) -> Any:
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        bounds = [limit for mark in args if isinstance(mark, FieldInfo) for limit in mark.metadata]
        if INSTANT in args:
            return "2026-11-11T09:00:00+09:00"
        return "JP" if any(hasattr(b, "pattern") for b in bounds) else _some(args[0], name)
    if origin in (Union, UnionType):
        return _some(args[0], name)
    if origin is Literal:
        return args[0]
    if origin is tuple:
        first = _some(args[0], name)
        return [first, first.replace("-1", "-2")] if isinstance(first, str) else [first]
    if origin is dict:
        return {"first": _some(args[1], name)}
    return {str: f"{name}-1", int: 7, bool: True, float: 7.5, date: "2026-11-11"}[hint]
