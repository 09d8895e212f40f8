"""What of production was run here, what was only parsed, and what was neither: the README's table.

    python tests/components.py show|check|write RAN.json

RAN.json is what a test run with SHOSEKI_RAN=RAN.json leaves behind.  A component is as its tests
came out: where one of them was skipped or failed, it was not run, whatever was meant.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN, END = "<!-- components: written by tests/components.py -->\n", "<!-- end -->"
NOT_RUN = "not run"


@dataclass(frozen=True, slots=True)
class Component:
    """Something of an installation, what its tests do with it, and what they cannot tell."""

    name: str
    how: str
    """run, or parsed only."""
    tests: tuple[str, ...]
    """Beginnings of test ids; all that begin so must pass. None: nothing here can run it."""
    note: str


COMPONENTS = (
    Component(
        "Embedded service: local log, chDB", "run",
        ("tests/streams/test_faults.py",),
        "killed at every step of a block",
    ),
    Component(
        "Kafka: publishing, topics", "run",
        ("tests/streams/kafka/test_publish.py", "tests/streams/kafka/test_topics.py"),
        "Apache Kafka 4.0.1, one broker, KRaft",
    ),
    Component(
        "Kafka: TLS, SASL/SCRAM", "run", ("tests/streams/kafka/test_security.py",),
        "against that broker",
    ),
    Component(
        "Intake of raw topics", "run", ("tests/streams/kafka/test_intake.py",),
        "killed at every step, two processes, a broker that goes away",
    ),
    Component(
        "Several workers on Kafka", "run",
        (
            "tests/streams/kafka/test_guards.py", "tests/soak/test_campaign.py",
            "tests/streams/kafka/test_workers.py::test_the_ticks",
        ),
        "killed, paused, cut off from their store and from the broker; on the bridge below",
    ),
    Component(
        "State in RocksDB", "run",
        ("tests/streams/kafka/test_workers.py::test_partitions_move_and_nothing_else_changes[rocks",),
        "moves between four workers on Kafka, every key compared",
    ),
    Component(
        "ClickHouse client", "run",
        ("tests/streams/store/test_server.py", "tests/streams/test_outages.py"),
        "over HTTP against the embedded engine behind a bridge, not against a server",
    ),
    Component(
        "ClickHouse tables on a cluster, roles, grants", "parsed only",
        ("tests/streams/store/test_grants.py",),
        "by the engine's own parser; users, grants and replication were never in force",
    ),
    Component(
        "Backup, restore, anchors", "run", ("tests/streams/test_backup.py",),
        "of the embedded installation",
    ),
    Component(
        "Health, readiness and metrics", "run", ("tests/streams/test_health.py",),
        "over HTTP, by the embedded service",
    ),
    Component(
        "`deploy/production.toml`", "parsed only", ("tests/deploy/test_production.py",),
        "by the service's own loader, every setting",
    ),
    Component(
        "`deploy/compose.yaml`", "parsed only", ("tests/deploy/test_compose.py",),
        "by docker compose; no container was ever started, no image fetched",
    ),
    Component(
        "`deploy/Dockerfile`", "parsed only", ("tests/deploy/test_image.py",),
        "by hadolint; never built",
    ),
    Component(
        "`deploy/k8s`", "parsed only", ("tests/deploy/test_kubernetes.py",),
        "against the schemas of Kubernetes 1.32 and 1.37; never applied to a cluster",
    ),
    Component(
        "Prometheus and Alertmanager", "run",
        (
            "tests/deploy/test_alerting.py", "tests/deploy/test_rules.py",
            *(f"tests/deploy/test_monitoring.py::test_{name}" for name in ("promtool", "amtool")),
        ),
        "Debian's, from an event to a webhook and the answer back; every rule by promtool",
    ),
    Component(
        "Console", "run", ("tests/streams/console/",),
        "in Chromium, asked for accessibility by axe",
    ),
    Component(
        "Grafana's boards and data sources", "parsed only",
        ("tests/dashboards/", "tests/deploy/test_monitoring.py::test_grafana"),
        "by its SDK, every query run on the embedded engine; Grafana was never started",
    ),
    Component(
        "ClickHouse server, single or replicated", NOT_RUN, (), "none is to be had in the tests"
    ),
)  # fmt: skip


def outcome(component: Component, ran: Mapping[str, str]) -> str:
    """How the component fared in a run: its `how`, or not run."""
    for prefix in component.tests:
        found = {result for name, result in ran.items() if name.startswith(prefix)}
        if found != {"passed"}:
            return NOT_RUN
    return component.how if component.tests else NOT_RUN


def table(ran: Mapping[str, str]) -> str:
    lines = ["| component | here | how far |", "|---|---|---|"]
    for component in COMPONENTS:
        lines.append(f"| {component.name} | {outcome(component, ran)} | {component.note} |")
    return "\n".join(lines) + "\n"


def committed(text: str) -> str:
    """The table that stands in a README; ValueError where there is none."""
    return text[text.index(BEGIN) + len(BEGIN) : text.index(END)]


def main(what: str, file: str) -> int:
    found = table(json.loads(Path(file).read_text()))
    text = README.read_text()
    print(found, end="")
    if what == "write":
        README.write_text(text.replace(BEGIN + committed(text), BEGIN + found))
    elif what == "check" and committed(text) != found:
        print(
            "README.md tells of other things than this run; when this run is right: "
            f"python tests/components.py write {file}",
            file=sys.stderr,
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
