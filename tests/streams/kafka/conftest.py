"""Installations on a broker: their settings, on lanes that no other test has used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.settings import Settings
from tests.streams.kafka.broker import Cluster, Kafka
from tests.streams.kafka.security import Security, User

Install = Callable[..., Settings]

USER = User("shoseki", "correct-horse-battery")


@pytest.fixture
def install(kafka: Cluster, tmp_path: Path) -> Install:
    """install(**settings) -> Settings of an installation on a broker without any topic."""
    kafka.clear()
    return lambda **values: Settings(**({"broker": kafka.url} | places(tmp_path) | values))


def places(folder: Path) -> dict[str, Any]:
    """Where an installation writes, in a test's folder."""
    return {
        "data": str(folder / "data"),
        "keys": str(folder / "keys"),
        "store": f"chdb://{folder}/data/store",
        "metrics": None,
        "partitions": 2,
    }


@pytest.fixture(scope="module")
def secure_kafka(
    needs: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Kafka]:
    """A broker with TLS, USER's password and client certificates."""
    for name in ("java", "kafka", "openssl"):
        needs(name)
    folder = tmp_path_factory.mktemp("secure")
    with Kafka(folder / "kafka", security=Security(folder / "tls", USER)).started() as broker:
        yield broker
