"""Takes an event apart and puts one together, without asking pydantic a second time.

Both are straight-line functions compiled once a type, as `dataclasses` compiles its own
`__init__`: an attribute in a fixed place costs some ten nanoseconds, a call for each field
of a frozen class ten times that.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from controls.events import Event


def reader(names: Sequence[str]) -> Callable[[Event], list[Any]]:
    """A function that lists the fields of these names, in their order."""
    fields = ", ".join(f"event.{name}" for name in names)
    return _compile("read", f"def read(event): return [{fields}]", {})


def builder(cls: type[Event], names: Sequence[str]) -> Callable[[list[Any]], Event]:
    """A function that makes a `cls` of values for all its fields; they must be valid ones."""
    fields = ", ".join(f"event.{name}" for name in names)
    return _maker(cls, "values", [f"{fields} = values"], {})


NOTHING: Mapping[str, Any] = MappingProxyType({})


def converter(
    cls: type[Event],
    names: Sequence[str],
    reads: Mapping[str, Callable[[Any], Any]],
    tables: Mapping[str, Mapping[Any, Any]] = NOTHING,
    constants: Mapping[str, Any] = NOTHING,
) -> Callable[[Any], Event]:
    """A function that makes a `cls` of the attributes of another object: those in `reads` by way
    of these functions (None stays None), those in `tables` looked up there, those in `constants`
    as they are there."""
    lines = []
    for name in names:
        value = f"other.{name}"
        if name in reads:
            value = f"None if {value} is None else read_{name}({value})"
        elif name in tables:
            value = f"table_{name}[{value}]"
        elif name in constants:
            value = f"constant_{name}"
        lines.append(f"event.{name} = {value}")
    known = {f"read_{name}": read for name, read in reads.items()}
    known |= {f"table_{name}": table for name, table in tables.items()}  # type: ignore[misc]
    known |= {f"constant_{name}": constant for name, constant in constants.items()}
    return _maker(cls, "other", lines, known)


def caller(
    function: Callable[..., Any], names: Sequence[str], reads: Mapping[str, Callable[[Any], Any]]
) -> Callable[[Event], Any]:
    """A function that gives `function` the fields of these names, in their order, those in `reads`
    by way of these functions (None stays None)."""
    fields = [f"event.{name}" for name in names]
    for at, name in enumerate(names):
        if name in reads:
            fields[at] = f"None if {fields[at]} is None else read_{name}({fields[at]})"
    known = {"function": function} | {f"read_{name}": read for name, read in reads.items()}
    return _compile("call", f"def call(event): return function({', '.join(fields)})", known)


def _maker(
    cls: type[Event], given: str, lines: Sequence[str], known: Mapping[str, Any]
) -> Callable[[Any], Event]:
    """Fills a draft, a class with the same slots in the same places that is not frozen, and then
    declares it to be what it is."""
    body = {
        "__slots__": cls.__dict__["__slots__"],
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    draft = type("Draft", cls.__bases__, body)
    text = "\n    ".join(
        [
            f"def make({given}):",
            "event = new(draft)",
            *lines,
            "event.__class__ = cls",
            "return event",
        ]
    )
    return _compile("make", text, {"new": object.__new__, "draft": draft, "cls": cls, **known})


def _compile(name: str, text: str, known: dict[str, Any]) -> Callable[[Any], Any]:
    # names come from the vocabulary's own classes, never from a line
    exec(compile(text, f"<{__name__}.{name}>", "exec"), known)
    made: Callable[[Any], Any] = known[name]
    return made
