"""What the table [kafka] may say, and what is said where it says something else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controls.kernel import Refusal
from streams import settings as configuration
from streams.connection import Connection
from streams.settings import Kafka, Settings

URL = "kafka://a:9092,b.example:9093,[::1]:9094"


def connection(broker: str = URL, **kafka: Any) -> Connection:
    return Connection.of(Settings(broker=broker, kafka=Kafka(**kafka)))


def test_several_brokers_stand_in_one_url() -> None:
    options = connection().options
    assert options["bootstrap_servers"] == ["a:9092", "b.example:9093", "[::1]:9094"]
    assert options["security_protocol"] == "PLAINTEXT"
    assert options["ssl_context"] is None
    assert connection().credentials is None


@pytest.mark.parametrize("broker", ["kafka://", "kafka://a:b", "kafka://a:1,", "kafka://a/b"])
def test_another_url_is_refused(broker: str) -> None:
    with pytest.raises(Refusal, match=r"kafka://HOST:PORT\[,HOST:PORT...\] is expected"):
        connection(broker)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    with pytest.raises(Refusal) as refusal:
        connection("kafka://me:hunter2@a:9092")
    assert "hunter2" not in str(refusal.value)
    assert "password_file" in str(refusal.value)


@pytest.mark.parametrize("text", ["pass word\n", "pass word\r\n", "pass word", "pass word\nmore\n"])
def test_a_password_is_the_first_line_of_its_file(text: str, tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_bytes(text.encode())
    made = connection(tls=True, user="me", password_file=str(file))
    assert made.options["sasl_plain_password"] == "pass word"
    assert made.options["security_protocol"] == "SASL_SSL"


def test_a_password_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_PASSWORD", "pass word")
    made = connection(tls=True, user="me", password_variable="KAFKA_PASSWORD")
    assert made.password == "pass word"
    assert made.credentials.password == "pass word"
    assert made.credentials.mechanism.value == "SCRAM-SHA-512"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"password_file": "nowhere"}, "password_file = .*nowhere: cannot be read"),
        ({"password_file": "empty"}, "password_file = .*empty: a password is expected"),
        ({"password_file": "binary"}, "password_file = .*binary: is no UTF-8"),
        ({"password_variable": "SHOSEKI_NONE"}, "SHOSEKI_NONE: a password is expected"),
    ],
)
def test_a_password_that_is_not_there_is_named_by_its_place(
    source: dict[str, str], said: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    files = {k: str(tmp_path / v) if k == "password_file" else v for k, v in source.items()}
    with pytest.raises(Refusal, match=said):
        connection(tls=True, user="me", **files)


@pytest.mark.parametrize("name", ["ca", "certificate"])
@pytest.mark.parametrize(("content", "said"), [(None, "cannot be read"), ("x", "PEM is expected")])
def test_a_wrong_pem_file_is_named(
    name: str, content: str | None, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_text(content)
    more = {"key": str(file)} if name == "certificate" else {}
    with pytest.raises(Refusal, match=rf"\[kafka\] {name} = .*file.pem.*{said}"):
        connection(tls=True, **{name: str(file)}, **more)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('ca = "x.pem"', "need tls = true"),
        ('user = "me"\npassword_file = "x"', "need tls = true"),
        ('tls = true\ncertificate = "x.pem"', "certificate and key are given together"),
        ('tls = true\nuser = "me"', "user goes with either password_file or password_variable"),
        ('tls = true\npassword_file = "x"', "user goes with either"),
        ('tls = true\nuser = "me"\npassword_file = "x"\npassword_variable = "X"', "goes with"),
        ("replication = 2\nmin_insync = 3", "min_insync is at most replication"),
        ("tls = true\nmechanism = 'PLAIN'", "mechanism"),
        ('password = "hunter2"', "kafka.password: Extra inputs are not permitted"),
    ],
)
def test_a_table_that_does_not_fit_together_is_refused(
    table: str, said: str, tmp_path: Path
) -> None:
    file = tmp_path / "shoseki.toml"
    file.write_text(f'broker = "kafka://a:9092"\n[kafka]\n{table}\n')
    with pytest.raises(Refusal, match=said) as refusal:
        configuration.load(file)
    assert "hunter2" not in str(refusal.value)
    assert str(file) in str(refusal.value)
