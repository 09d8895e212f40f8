"""deploy/production.toml against the settings model: nothing missing, nothing unexplained."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest
from pydantic import BaseModel

from streams.settings import Settings, load

FILE = Path(__file__).parents[2] / "deploy" / "production.toml"
TEXT = FILE.read_text()
SETTING = re.compile(r'^(?:# (or: )?)?(\[[\w."-]+\]|[a-z_]+ = .+)$')
"""A line that sets something, or would without its comment sign; `or:` replaces the one above."""


def everything(*, alternatives: bool = True) -> dict[str, Any]:
    """The file with all that is commented out switched on."""
    found = filter(None, map(SETTING.match, TEXT.splitlines()))
    return tomllib.loads("\n".join(line[2] for line in found if alternatives or not line[1]))


def models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models in an annotation such as `Server | None` or `dict[str, Source]`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def missing(model: type[BaseModel], values: Any, at: str = "") -> Iterator[str]:
    """Settings of a model, nested ones too, that a table does not have."""
    for name, field in model.model_fields.items():
        place = f"{at}{field.alias or name}"
        value = values.get(field.alias or name) if isinstance(values, dict) else None
        if value is None:
            yield place
            continue
        named = get_origin(field.annotation) is dict
        for inner in models(field.annotation):
            if named:
                found = {key: v for table in value.values() for key, v in table.items()}
                yield from missing(inner, found, f"{place}.NAME.")
            else:
                yield from missing(inner, value, f"{place}.")


def test_it_is_what_the_service_loads() -> None:
    settings = load(FILE)
    assert settings.broker.startswith("kafka://")
    assert settings.state == "rocksdb://"
    assert settings.store.startswith("clickhouse")


def test_no_setting_is_missing() -> None:
    assert not list(missing(Settings, everything()))


def test_what_is_commented_out_is_valid_too() -> None:
    values = everything(alternatives=False)
    if "kafka" in values:
        values["kafka"]["tls"] = True  # what is proven to a broker is proven over TLS only
    assert Settings(**values)


def test_every_setting_is_explained() -> None:
    """By a comment above it, or above the settings that it follows without a gap."""
    explained = False
    for line in TEXT.splitlines():
        if SETTING.match(line):
            assert explained or line.startswith("["), line
        else:
            explained = line.startswith("# ") and not line.startswith("# --")


class Inner(BaseModel):
    far: int = 1


class Outer(BaseModel):
    near: int = 1
    one: Inner | None = None
    many: dict[str, Inner] = {}


@pytest.mark.parametrize(
    ("values", "lacks"),
    [
        ({}, ["near", "one", "many"]),
        ({"near": 1, "one": {}, "many": {"a": {}}}, ["one.far", "many.NAME.far"]),
        ({"near": 1, "one": {"far": 1}, "many": {"a": {"far": 1}}}, []),
    ],
)
def test_a_missing_setting_is_seen_however_deep(values: Any, lacks: list[str]) -> None:
    assert list(missing(Outer, values)) == lacks
