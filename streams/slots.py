"""Takes an event apart and puts one together, without asking pydantic a second time.

Both are straight-line functions compiled once a type, as `dataclasses` compiles its own
`__init__`: an attribute in a fixed place costs some ten nanoseconds, a call for each field
of a frozen class ten times that.
"""

from collections.abc import Callable, Sequence
from typing import Any

from controls.events import Event


def reader(names: Sequence[str]) -> Callable[[Event], list[Any]]:
    """A function that lists the fields of these names, in their order."""
    fields = ", ".join(f"event.{name}" for name in names)
    return _compile("read", f"def read(event): return [{fields}]", {})


def builder(cls: type[Event], names: Sequence[str]) -> Callable[[list[Any]], Event]:
    """A function that makes a `cls` of values for all its fields; they must be valid ones.

    It fills a draft, a class with the same slots in the same places that is not frozen, and
    then declares it to be what it is.
    """
    body = {
        "__slots__": cls.__dict__["__slots__"],
        "__setattr__": object.__setattr__,
        "__delattr__": object.__delattr__,
    }
    draft = type("Draft", cls.__bases__, body)
    fields = ", ".join(f"event.{name}" for name in names)
    text = (
        "def build(values):\n"
        "    event = new(draft)\n"
        f"    {fields} = values\n"
        "    event.__class__ = cls\n"
        "    return event"
    )
    return _compile("build", text, {"new": object.__new__, "draft": draft, "cls": cls})


def _compile(name: str, text: str, known: dict[str, Any]) -> Callable[[Any], Any]:
    # names come from the vocabulary's own classes, never from a line
    exec(compile(text, f"<{__name__}.{name}>", "exec"), known)
    made: Callable[[Any], Any] = known[name]
    return made
