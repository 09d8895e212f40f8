"""The bench itself: that it runs, that its stages are the whole, that every line is there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from streams.capacity import load
from tests.streams.kafka.broker import Cluster

ROOT = Path(__file__).resolve().parents[2]
STAGES = "decode forms registers evaluate recall seal columns insert flush other".split()


def run(*options: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "tests/bench", "--json", *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    if "SHOSEKI_LONG" not in os.environ:
        pytest.skip("SHOSEKI_LONG is not set: takes a minute")
    return run("--events", "2000", "--memory", "2000")


@pytest.fixture(scope="module")
def on_kafka(request: pytest.FixtureRequest) -> dict[str, Any]:
    if "SHOSEKI_LONG" not in os.environ:
        pytest.skip("SHOSEKI_LONG is not set: takes minutes")
    kafka: Cluster = request.getfixturevalue("kafka")
    return run("--events", "4000", "--backlog", "4800", "--broker", kafka.bootstrap)


def test_the_stages_are_the_whole(found: dict[str, Any]) -> None:
    stages, whole = found["stages"]["stages"], found["stages"]["seconds"]
    assert list(stages) == STAGES
    assert sum(stages.values()) == pytest.approx(whole, rel=0.01)
    assert all(stages[name] > 0 for name in STAGES if name != "recall")


def test_every_event_went_through_every_way(found: dict[str, Any]) -> None:
    assert found["lanes"]["access"] > 0
    assert sum(found["lanes"].values()) == 2000
    assert found["judging"]["events"] == found["service"]["events"] == 2000
    assert found["stock"]["events"] == 2000
    assert all(value > 0 for value in found["ratios"].values())


def test_every_event_went_through_kafka(on_kafka: dict[str, Any]) -> None:
    kafka = on_kafka["kafka"]
    assert kafka["packed"]["events"] == kafka["alone"]["events"] == kafka["plain"]["events"] == 4000
    assert 0 < kafka["together"]["events"] < 4000  # the first books were there before
    assert 0 < kafka["backlog"]["events"] < 4800
    latency = kafka["latency"]
    assert latency["findings"] >= 2
    assert 0 < latency["p50"] <= latency["p99"]
    assert all(value > 0 for value in on_kafka["ratios"].values())


def test_the_figures_are_those_that_capacity_takes(
    on_kafka: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "measurements.json"
    file.write_text(json.dumps(on_kafka))
    measured = load(file)
    assert measured.us.worker == on_kafka["us"]["worker"] > 0
    assert measured.us.intake == on_kafka["us"]["intake"] > 0


def test_the_table_has_a_line_for_each(found: dict[str, Any]) -> None:
    text = table(found)
    for name in (
        *STAGES,
        "sum",
        "floor",
        "check --record",
        "publish",
        "service",
        "stock Faust",
        "check to floor",
        "service to check",
        "service to stock",
        "the engine over one type",
        "10 %",
        "50 %",
        "100 %",
    ):
        assert f"  {name}" in text  # fmt: skip


def test_the_table_says_what_was_measured_on_kafka(on_kafka: dict[str, Any]) -> None:
    text = table(on_kafka)
    for name in (
        "worker, packed",
        "intake alone",
        "raw topic to store",
        "stock agent on Kafka",
        "packed to service",
        "intake to stock",
        "raw topic to stock",
        "latency p50",
        "latency p99",
        "backlog caught up",
    ):
        assert f"  {name}" in text  # fmt: skip


def table(found: dict[str, Any]) -> str:
    code = (
        "import json, sys; sys.path.insert(0, 'tests/bench'); "
        "import __main__, runpy; print(runpy.run_path('tests/bench/__main__.py')['table']"
        "(json.load(sys.stdin)))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, input=json.dumps(found).encode(),
        capture_output=True, check=True,
    ).stdout.decode()  # fmt: skip
