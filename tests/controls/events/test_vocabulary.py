"""The vocabulary: complete, strict, and the same as the domain's own list of it."""

import dataclasses
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import ValidationError

from controls.events import LANES, RETENTION, TYPES, AccessWebRequest, lane_value, spec
from controls.events.schema import DIALECT, schema
from streams.codec import decode
from tests.vocabulary import line


def test_there_are_ninety_six_types_each_named_after_itself() -> None:
    assert len(TYPES) == 96
    for type, cls in TYPES.items():
        assert cls.__name__ == "".join(part.capitalize() for part in re.split("[._]", type))
        assert cls.__doc__ and " — " in cls.__doc__


@pytest.mark.parametrize("type", TYPES)
def test_a_type_says_lane_key_and_retention_of_fields_it_has(type: str) -> None:
    of = spec(type)
    names = [field.name for field in of.fields]
    assert of.lane in LANES
    assert (of.lane_key is None) == (of.lane == "books")
    assert {*of.natural_key, of.lane_key or "event_id"} <= set(names)
    assert of.retention in RETENTION
    assert names == [field.name for field in dataclasses.fields(of.cls)]


@pytest.mark.parametrize("type", TYPES)
def test_every_reference_is_personal_and_keyed(type: str) -> None:
    for field in spec(type).fields:
        if field.name.endswith("_ref"):
            assert field.ev == "hmac"
        if field.name.endswith("_refs"):
            assert field.ev == "count"
        assert (field.pd == "none") <= (field.ev == "keep")


def _web(**said: Any) -> AccessWebRequest:
    (event,) = decode([_json(line("access.web_request", **said))])
    assert isinstance(event, AccessWebRequest)
    return event


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ({}, "actor_ref-1"),
        ({"actor_ref": "\u3000"}, "session_ref-1"),
        ({"actor_ref": "", "session_ref": " ", "src_ip": "203.0.113.9"}, "203.0.113.0/24"),
        ({"actor_ref": "", "session_ref": "", "src_ip": "unreadable"}, "event_id-1"),
        ({"actor_ref": "", "session_ref": "", "src_ip": ""}, "event_id-1"),
    ],
)
def test_strangers_do_not_share_one_partition(said: dict[str, Any], value: str) -> None:
    assert lane_value(_web(**said)) == value


def test_an_event_is_made_in_code_as_strictly_as_from_a_line() -> None:
    event = _web()
    whole = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    assert AccessWebRequest(**whole) == event
    for wrong in (
        {"status": "200"},
        {"status": True},
        {"bytes_out": 1.0},
        {"country": "jp"},
        {"host": None},
        {"scheme": "ftp"},
        {"occurred_at": "2026-11-11T09:00:00"},
        {"event_type": "access.auth_attempt"},
    ):
        with pytest.raises(ValidationError) as caught:
            AccessWebRequest(**{**whole, **wrong})
        assert next(iter(wrong)) in str(caught.value)
    with pytest.raises(ValidationError):
        AccessWebRequest(**whole, colour="red")  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        event.status = 500  # type: ignore[misc]


def test_a_schema_asks_for_the_type_and_for_nothing_unlisted() -> None:
    one = schema("access.web_request")
    assert one["$schema"] == DIALECT
    assert "event_type" in one["required"] and "tls_version" not in one["required"]
    assert one["additionalProperties"] is False
    assert one["properties"]["occurred_at"]["format"] == "date-time"
    assert one["properties"]["user_agent"]["x-evidence"] == "drop"
    assert "query string" in one["properties"]["path_class"]["description"]
    assert len(schema()["oneOf"]) == len(TYPES)


def test_the_vocabulary_is_the_domains(needs: Callable[[str], Path]) -> None:
    listed = yaml.safe_load((needs("shared") / "domain/events.yaml").read_text("utf-8"))["events"]
    assert set(TYPES) == set(listed)
    envelope = {field.name for field in spec("own.verified").fields[:17]}
    for type, entry in listed.items():
        of = spec(type)
        assert (of.lane, of.lane_key) == (entry["lane"], entry.get("lane_key"))
        assert list(of.natural_key) == entry["key"]
        own = [field.name for field in of.fields if field.name not in envelope]
        assert own == [name for name in entry["fields"] if name not in envelope]
        for name, text in entry["fields"].items():
            _same(f"{type}.{name}", of[name], text)


def _same(place: str, field: Any, text: str) -> None:
    text = re.sub(r"\s+\(.*", "", text)
    inner, *said = re.split(r"\|(?=null|pd=|ev=)", text)
    marks = dict(part.split("=") for part in said if "=" in part)
    default = {"pd": "indirect", "ev": "hmac"} if field.name.endswith("_ref") else {}
    marks = {"pd": "none", "ev": "keep", **default, **marks}
    assert {"pd": field.pd, "ev": field.ev} == marks, place
    assert field.nullable == ("null" in said), place
    counted = " or number" if field.ev == "count" else ""
    assert field.kind == _kind(inner) + counted, place
    if inner.startswith("enum"):
        assert list(get_args(field.annotation)) == inner[5:-1].split(","), place


def _kind(text: str) -> str:
    if text.startswith("list["):
        return f"list of {_kind(text[5:-1])}"
    if text.startswith("enum("):
        return text[5:-1].replace(",", " | ")
    simple = {"s": "text", "string": "text", "ISO2": "text", "int": "number", "int 1..9": "number"}
    other = {
        "bool": "yes/no", "float": "decimal", "date": "date", "datetime": "instant",
        "map[item->ok|ng]": "map to ok | ng", "map[i..v -> bool]": "map to yes/no",
    }  # fmt: skip
    return (simple | other)[text]
