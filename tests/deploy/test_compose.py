"""deploy/compose.yaml through docker compose itself, which needs no daemon to read it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.files import CONFIG, DEPLOY, ROOT, composed, understood

OURS = {"topics", "migrate", "intake", "workers"}
SERVICES = OURS | {"kafka", "clickhouse", "prometheus", "alertmanager", "grafana"}


@pytest.fixture(scope="module")
def compose(needs: Callable[[str], Path]) -> Any:
    return composed(needs("docker-compose"))


@pytest.fixture(scope="module")
def services(compose: Any) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]
    return found


def test_docker_compose_reads_it(services: dict[str, Any]) -> None:
    assert services.keys() == SERVICES
    assert services["workers"]["deploy"]["replicas"] == 2


def test_docker_compose_refuses_what_it_does_not_know(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    file = tmp_path / "compose.yaml"
    file.write_text((DEPLOY / "compose.yaml").read_text().replace("read_only:", "readonly:"))
    with pytest.raises(subprocess.CalledProcessError) as refused:
        composed(needs("docker-compose"), file)
    assert b"readonly" in refused.value.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_a_service_is_closed_bounded_and_watched(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) is (name != "kafka")
    assert service["deploy"]["resources"]["limits"].keys() >= {"cpus", "memory", "pids"}
    assert all(port["host_ip"] == "127.0.0.1" for port in service.get("ports", ()))
    assert service.get("healthcheck") or name in OURS  # ours stands in the image
    assert not service.get("privileged")
    named = [volume.get("source") for volume in service.get("volumes", ())]
    bound = [volume for volume in service.get("volumes", ()) if volume["type"] == "bind"]
    assert all(volume["read_only"] for volume in bound)
    assert all(named) or name == "workers"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_stands_in_the_file(services: dict[str, Any], name: str) -> None:
    for key in services[name].get("environment", {}):
        assert not re.search("PASSWORD|SECRET|TOKEN", key) or key.endswith("_FILE"), key


def test_secrets_are_files_that_git_does_not_take(compose: Any) -> None:
    used = {s["source"] for each in compose["services"].values() for s in each.get("secrets", ())}
    assert used == compose["secrets"].keys()
    places = {Path(secret["file"]).parent for secret in compose["secrets"].values()}
    assert places == {DEPLOY / "secrets"}
    assert "/deploy/secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_every_file_that_is_mounted_is_there(compose: Any) -> None:
    services = compose["services"].values()
    mounts = [v for each in services for v in each.get("volumes", ()) if v["type"] == "bind"]
    files = [v["source"] for v in mounts] + [each["file"] for each in compose["configs"].values()]
    assert not [file for file in files if not Path(file).exists()]


PARSED = """
import sys, chdb
for statement in filter(str.strip, sys.stdin.read().split(";")):
    quoted = statement.replace("\\\\", "\\\\\\\\").replace("'", "\\\\'")
    print(str(chdb.query(f"SELECT formatQuerySingleLine('{quoted}')", "TabSeparatedRaw")), end="")
"""
"""ClickHouse's own parser over statements that the embedded engine cannot carry out."""


def test_users_get_their_roles_and_no_password_but_its_hash(tmp_path: Path) -> None:
    """The script of the ClickHouse image, with a client that keeps what it is told."""
    roles = ("owner", "writer", "dashboards", "exporter")
    for role in roles:
        (tmp_path / f"clickhouse_{role}").write_text(f"secret of {role}\n")
    client = tmp_path / "clickhouse-client"
    client.write_text(f"#!/bin/sh\nexec cat >> {tmp_path}/told\n")
    client.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SECRETS": str(tmp_path)}
    subprocess.run([DEPLOY / "clickhouse" / "users.sh"], env=path, check=True)
    told = (tmp_path / "told").read_text()
    parsed = subprocess.run(
        [sys.executable, "-c", PARSED], input=told, capture_output=True, check=True, text=True
    ).stdout.splitlines()
    hashes = [sha256(f"secret of {role}".encode()).hexdigest() for role in roles]
    assert len(parsed) == 2 * len(roles)
    for number, role in enumerate(roles):
        made, granted = parsed[2 * number : 2 * number + 2]
        assert re.fullmatch(f"CREATE USER IF NOT EXISTS {role} .* '{hashes[number]}'", made, re.I)
        assert granted == f"GRANT shoseki_{role} TO {role}"
    assert "secret of" not in told


def test_every_image_has_its_version(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert re.search(r":v?\d+\.\d+", service["image"]), name
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert {services[name]["image"] for name in OURS} == {f"shoseki:{version}"}


def test_kafka_is_the_version_that_the_tests_run(services: dict[str, Any]) -> None:
    pom = (ROOT / "tests/streams/kafka/pom.xml").read_text()
    found = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>(.+)</version>", pom)
    assert found
    assert services["kafka"]["image"] == f"apache/kafka:{found[1]}"


def test_clickhouse_is_the_version_of_the_engine_that_the_tests_run(
    services: dict[str, Any],
) -> None:
    code = "import chdb; print(chdb.query('SELECT version()', 'TabSeparatedRaw'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    major, minor, *_ = done.stdout.split(".")
    assert services["clickhouse"]["image"] == f"clickhouse/clickhouse-server:{major}.{minor}"


@pytest.mark.parametrize("name", sorted(OURS))
def test_a_command_is_one_that_there_is(services: dict[str, Any], name: str) -> None:
    assert understood(services[name]["command"]).config == Path(CONFIG)
    assert {c["target"] for c in services[name]["configs"]} == {CONFIG}


def test_what_works_together_shares_the_keys_and_nothing_else(services: dict[str, Any]) -> None:
    places = {
        name: {v["target"]: v.get("source") for v in services[name]["volumes"]}
        for name in ("intake", "workers")
    }
    assert {place["/var/lib/shoseki/keys"] for place in places.values()} == {"keys"}
    assert len({place["/var/lib/shoseki/data"] for place in places.values()}) == 2
    assert places["workers"]["/var/lib/shoseki/data"] is None  # one for each of them
