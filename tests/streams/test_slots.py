"""Taken apart and put together, an event is the same event."""

import dataclasses
import json
import pickle

import pytest

from controls.events import TYPES, Event, spec
from streams.codec import decode
from streams.slots import builder, reader
from tests.vocabulary import line


@pytest.mark.parametrize("type", TYPES)
def test_an_event_put_together_is_equal_and_frozen(type: str) -> None:
    names = [field.name for field in spec(type).fields]
    (event,) = decode([json.dumps(line(type)).encode()])
    assert isinstance(event, Event)
    values = reader(names)(event)
    assert values == [getattr(event, name) for name in names]
    made = builder(TYPES[type], names)(values)
    assert made == event and made.__class__ is TYPES[type]
    assert pickle.loads(pickle.dumps(made)) == event
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.event_id = "another"  # type: ignore[misc]
