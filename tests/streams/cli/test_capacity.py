"""The capacity page: computed from the committed figures, and by arithmetic anybody can redo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from streams.capacity import Measured, load, page, plan
from streams.cli import main

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"

ROUND: dict[str, Any] = {
    "date": "2026-11-25",
    "machine": {"cpu": "x", "cores": 2, "memory_gib": 8, "system": "Linux", "python": "3.11"},
    "events": 1000,
    "us": {"lanes": {"access": 100.0, "books": 200.0}, "publish": 50.0},
    "service": {"bytes": {"raw": 500.0, "log": 400.0, "changelog": 10.0, "store": 100.0}},
}


def figures(**us: float) -> Measured:
    return Measured.model_validate({**ROUND, "us": ROUND["us"] | us})


def test_the_page_is_what_the_committed_figures_come_to() -> None:
    assert (DEPLOY / "capacity.md").read_text() == page(load(DEPLOY / "measurements.json")), (
        "run: .venv/bin/shoseki capacity deploy/measurements.json > deploy/capacity.md"
    )


def test_a_rate_takes_what_can_be_reckoned_by_hand() -> None:
    found = plan(figures(), 20_000)  # 10,000 events/s a core, half of it planned for
    assert found.workers == 4
    assert found.partitions == 4
    assert found.installations == 1
    assert found.intake == 2  # 20,000 events/s a core
    assert found.raw_gb_a_day == pytest.approx(20_000 * 86_400 * 500 / 1e9)
    assert found.log_gb_a_day == pytest.approx(691.2)
    assert found.changelog_gb_a_day == pytest.approx(17.28)
    assert found.store_gb_a_day == pytest.approx(172.8)
    assert found.store_tb_a_year == pytest.approx(0.1728 * 365)


def test_partitions_are_at_least_workers_until_there_may_be_no_more() -> None:
    assert plan(figures(), 20_001).workers == 5
    assert plan(figures(), 20_001).partitions == 8
    most = plan(figures(), 256 * 5_000)
    assert (most.workers, most.partitions, most.installations) == (256, 256, 1)
    beyond = plan(figures(), 256 * 5_000 + 1)
    assert (beyond.workers, beyond.partitions, beyond.installations) == (257, 256, 2)


def test_figures_through_kafka_go_before_those_of_the_embedded_service() -> None:
    assert plan(figures(worker=400.0), 20_000).workers == 16
    assert plan(figures(intake=500.0), 20_000).intake == 20
    assert "through the embedded log, not Kafka" in page(figures())
    assert "through Kafka |" in page(figures(worker=400.0))
    assert "by `publish`, not the intake service" in page(figures())
    assert "by the intake service |" in page(figures(intake=500.0))


def test_the_command_prints_the_page_or_one_object_a_rate(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "figures.json"
    file.write_text(json.dumps(ROUND))
    assert main(["capacity", str(file)]) == 0
    assert capsys.readouterr().out == page(figures())
    assert main(["capacity", "--json", "--rate", "20000", "--rate", "5000", str(file)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["events_per_second"], row["workers"]) for row in rows] == [(20000, 4), (5000, 1)]
    assert main(["capacity", "--rate", "0", str(file)]) == 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        (json.dumps({**ROUND, "us": {"lanes": {"access": 1, "books": 1}}}), "us.publish"),
        (json.dumps({**ROUND, "us": ROUND["us"] | {"publish": 0}}), "us.publish"),
    ],
)
def test_figures_that_are_none_are_refused_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, says: str
) -> None:
    file = tmp_path / "figures.json"
    if content is not None:
        file.write_text(content)
    assert main(["capacity", str(file)]) == 2
    said = capsys.readouterr().err
    assert str(file) in said
    assert says in said
