"""TLS, SASL/SCRAM and client certificates against a real broker that insists on them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controls.kernel import Refusal
from streams import connection, topics
from streams.app import application
from streams.connection import Connection
from streams.publish import open_log
from streams.settings import Settings
from tests.installation import environment
from tests.streams.kafka.broker import Kafka
from tests.streams.kafka.conftest import USER, places
from tests.streams.kafka.security import Security

WRONG = "tr0ub4dor-and-three"
BOOKS = topics.topic("books")


@pytest.fixture
def security(secure_kafka: Kafka) -> Security:
    secure_kafka.clear()
    assert secure_kafka.security is not None
    return secure_kafka.security


@pytest.fixture
def by_password(secure_kafka: Kafka, security: Security, tmp_path: Path) -> dict[str, Any]:
    """The settings of an installation that proves itself by a password in a file."""
    file = tmp_path / "password"
    file.write_text(f"{USER.password}\n")
    return places(tmp_path) | {
        "broker": f"kafka://{secure_kafka.address('SECURE')}",
        "kafka": {
            "tls": True, "ca": str(security.ca), "user": USER.name, "password_file": str(file),
        },
    }  # fmt: skip


@pytest.fixture
def by_certificate(secure_kafka: Kafka, security: Security, tmp_path: Path) -> dict[str, Any]:
    """The settings of an installation that proves itself by its certificate."""
    return places(tmp_path) | {
        "broker": f"kafka://{secure_kafka.address('MUTUAL')}",
        "kafka": {
            "tls": True,
            "ca": str(security.ca),
            "certificate": str(security.client),
            "key": str(security.client_key),
        },
    }


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nobody waits long for a broker that will not let us in."""
    monkeypatch.setattr(connection, "PATIENCE", 5.0)
    yield


def altered(values: dict[str, Any], **kafka: Any) -> Settings:
    return Settings(**(values | {"kafka": values["kafka"] | kafka}))


def test_the_broker_of_the_tests_listens_on_loopback_alone(secure_kafka: Kafka) -> None:
    names = ("PLAIN", "CONTROLLER", "SECURE", "MUTUAL")
    assert listening(secure_kafka.process.pid) == {secure_kafka.address(name) for name in names}


@pytest.mark.parametrize("mechanism", ["SCRAM-SHA-512", "SCRAM-SHA-256"])
def test_topics_and_messages_pass_with_a_password(
    mechanism: str, by_password: dict[str, Any], secure_kafka: Kafka
) -> None:
    publishes(altered(by_password, mechanism=mechanism), secure_kafka)


def test_topics_and_messages_pass_with_a_certificate(
    by_certificate: dict[str, Any], secure_kafka: Kafka
) -> None:
    publishes(Settings(**by_certificate), secure_kafka)


def publishes(settings: Settings, kafka: Kafka) -> None:
    topics.apply(settings)
    assert topics.check(settings) == []
    log = open_log(settings)
    log.append(BOOKS, 0, [b"one", b"two"])
    log.close()
    assert [record.value for record in kafka.records(BOOKS)] == [b"one", b"two"]


@pytest.mark.parametrize("way", ["by_password", "by_certificate"])
def test_a_faust_app_consumes(way: str, request: pytest.FixtureRequest) -> None:
    settings = Settings(**request.getfixturevalue(way))
    Path(settings.data).mkdir()
    topics.apply(settings)
    log = open_log(settings)
    log.append(BOOKS, 0, [b"for the agent"])
    log.close()

    async def consumed() -> bytes:
        app = application(settings)
        channel = app.topic(BOOKS, value_type=bytes, value_serializer="raw", key_serializer="raw")
        seen: asyncio.Queue[bytes] = asyncio.Queue()

        async def read(stream: Any) -> None:
            async for event in stream.events():
                seen.put_nowait(event.value)

        app.agent(channel, name="read")(read)
        await app.start()
        try:
            return await asyncio.wait_for(seen.get(), 60)
        finally:
            await app.stop()

    assert asyncio.run(consumed()) == b"for the agent"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password_file": "wrong"}, "user shoseki"),
        ({"user": "nobody"}, "user nobody"),
        ({"ca": "stranger"}, r"of an authority that is not trusted here.*\[kafka\] ca"),
        ({"tls": False, "ca": None, "user": None, "password_file": None}, r"\[kafka\] tls"),
    ],
    ids=["password", "user", "authority", "no TLS"],
)
def test_what_is_wrong_is_said(
    wrong: dict[str, Any],
    said: str,
    by_password: dict[str, Any],
    security: Security,
    tmp_path: Path,
    hasty: None,
) -> None:
    (tmp_path / "wrong").write_text(WRONG)
    named = {"wrong": str(tmp_path / "wrong"), "stranger": str(security.stranger)}
    settings = altered(by_password, **{k: named.get(v, v) for k, v in wrong.items()})
    with pytest.raises(Refusal, match=said):
        topics.check(settings)


def test_a_certificate_that_is_wanted_and_not_given_is_said(
    by_certificate: dict[str, Any], hasty: None
) -> None:
    with pytest.raises(Refusal, match=r"wants a certificate .*\[kafka\] certificate and key"):
        topics.check(altered(by_certificate, certificate=None, key=None))


def test_tls_where_none_is_spoken_is_said(
    by_certificate: dict[str, Any], secure_kafka: Kafka, hasty: None
) -> None:
    settings = Settings(**(by_certificate | {"broker": secure_kafka.url}))
    with pytest.raises(Refusal, match=r"TLS is not spoken there; see \[kafka\] tls and the port"):
        topics.check(settings)


@pytest.mark.parametrize("password", [USER.password, WRONG], ids=["right", "wrong"])
def test_no_command_says_the_password(
    password: str, by_password: dict[str, Any], tmp_path: Path
) -> None:
    """Neither in what it prints nor on its command line, also where it fails."""
    config = tmp_path / "shoseki.toml"
    kafka = by_password["kafka"] | {"password_variable": "SHOSEKI_KAFKA_PASSWORD"}
    del kafka["password_file"]
    lines = [f"broker = {json.dumps(by_password['broker'])}", "partitions = 2", "[kafka]"]
    lines += [f"{name} = {json.dumps(value)}" for name, value in kafka.items()]
    config.write_text("\n".join(lines))
    done = subprocess.run(
        [sys.executable, "-m", "streams.cli", "topics", "apply", "--config", str(config)],
        env=environment() | {"SHOSEKI_KAFKA_PASSWORD": password},
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == (0 if password == USER.password else 2), done.stderr
    assert password not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_password_is_not_part_of_what_a_connection_shows(by_password: dict[str, Any]) -> None:
    made = Connection.of(Settings(**by_password))
    assert made.password == USER.password
    assert USER.password not in repr(made)
    assert USER.password not in repr(made.credentials)


def listening(process: int) -> set[str]:
    """The addresses on which a process listens, from /proc."""
    sockets = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        try:
            sockets.add(os.readlink(entry))
        except FileNotFoundError:
            continue
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and f"socket:[{words[9]}]" in sockets:
                host, port = words[1].split(":")
                # the last four bytes of an IPv4 address, also of one mapped into IPv6
                numbers = [str(b) for b in reversed(bytes.fromhex(host[-8:]))]
                found.add(f"{'.'.join(numbers)}:{int(port, 16)}")
    return found
