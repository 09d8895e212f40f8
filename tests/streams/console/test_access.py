"""Tokens, sessions and where the console may listen."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

import pytest

from controls import catalogue, policies
from controls.kernel import Refusal
from streams.console import Console, Office, access
from streams.console.access import ROLES, Sessions, Tokens, digest
from streams.pseudonyms import Pseudonyms
from streams.store.memory import Memory
from tests.streams.console.conftest import configured


def written(path: Path, text: str, mode: int = 0o600) -> Tokens:
    path.write_text(text)
    path.chmod(mode)
    return Tokens(path)


def office(folder: Path, address: str) -> Office:
    settings = configured(folder, address)
    forms = Pseudonyms(Path(settings.keys), Path(settings.data))
    return Office(
        settings, Memory(), forms, catalogue.load(), policies.load(), lambda: 0, lambda: 0
    )


def test_the_first_start_makes_a_token_a_role_that_nobody_else_may_read(tmp_path: Path) -> None:
    tokens = Tokens.made(tmp_path / "keys" / "console.tokens")
    assert sorted(tokens.roles().values()) == sorted(ROLES)
    assert os.stat(tokens.path).st_mode & 0o777 == 0o600


def test_a_second_start_keeps_the_tokens(tmp_path: Path) -> None:
    first = Tokens.made(tmp_path / "console.tokens").roles()
    assert Tokens.made(tmp_path / "console.tokens").roles() == first


def test_a_token_gives_its_role_and_another_none(tmp_path: Path) -> None:
    tokens = written(tmp_path / "t", f"# who may look\n\nsoc {'s' * 30}\nauditor {'a' * 30}\n")
    assert tokens.role("a" * 30) == "auditor"
    assert tokens.role("a" * 29) is None


def test_a_digest_may_stand_for_a_token(tmp_path: Path) -> None:
    tokens = written(tmp_path / "t", f"soc sha256:{sha256(b'the words').hexdigest()}\n")
    assert tokens.role("the words") == "soc"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("boss " + "x" * 40, ":1: no such role"),
        ("soc short", ":1: a token has at least 24"),
        ("soc sha256:abc", ":1: sha256: goes with 64"),
    ],
)
def test_a_wrong_line_is_refused_by_its_number(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        written(tmp_path / "t", line).roles()


def test_a_refusal_does_not_say_the_token(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        written(tmp_path / "t", "soc hunter2").roles()
    assert "hunter2" not in str(refused.value)


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="chmod 600"):
        written(tmp_path / "t", f"soc {'s' * 30}\n", 0o640).roles()


def test_a_session_ends_with_the_line_of_its_token(tmp_path: Path) -> None:
    tokens = written(tmp_path / "t", f"soc {'s' * 30}\n")
    sessions = Sessions(tokens)
    cookie = sessions.open("soc", digest("s" * 30))
    assert sessions.find(cookie) is not None
    written(tmp_path / "t", f"soc {'n' * 30}\n")
    assert sessions.find(cookie) is None


def test_a_session_that_nobody_uses_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(written(tmp_path / "t", f"soc {'s' * 30}\n"))
    cookie = sessions.open("soc", digest("s" * 30))
    monkeypatch.setattr(access, "IDLE", -1.0)
    assert sessions.find(cookie) is None


def test_the_session_that_rested_longest_makes_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(written(tmp_path / "t", f"soc {'s' * 30}\n"))
    monkeypatch.setattr(access, "MOST", 2)
    first, second, third = (sessions.open("soc", digest("s" * 30)) for _ in range(3))
    assert sessions.find(first) is None
    assert sessions.find(second) is not None
    assert sessions.find(third) is not None


def test_a_key_of_the_terminal_opens_one_session(tmp_path: Path) -> None:
    sessions = Sessions(written(tmp_path / "t", f"soc {'s' * 30}\n"))
    key = sessions.once("auditor")
    assert sessions.spend(key) == "auditor"
    assert sessions.spend(key) is None


@pytest.mark.parametrize("address", ["0.0.0.0:9466", "192.0.2.7:9466", "[::]:9466", "host:9466"])
def test_an_address_that_others_reach_is_refused_without_tokens(
    tmp_path: Path, address: str
) -> None:
    with pytest.raises(Refusal, match=r"others can reach it.*write lines ROLE TOKEN"):
        Console(office(tmp_path, address))


def test_a_file_without_a_token_is_refused(tmp_path: Path) -> None:
    here = office(tmp_path, "127.0.0.1:0")
    written(tmp_path / "keys" / "console.tokens", "# nobody\n")
    with pytest.raises(Refusal, match="holds no token"):
        Console(here)


@pytest.mark.parametrize("address", ["9466", ":9466", "127.0.0.1:http", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(Refusal, match="HOST:PORT is expected"):
        Console(office(tmp_path, address))


def test_an_address_that_is_taken_is_refused(tmp_path: Path) -> None:
    first = Console(office(tmp_path, "127.0.0.1:0"))
    first.start()
    try:
        second = Console(office(tmp_path, first.url.removeprefix("http://")))
        with pytest.raises(Refusal, match="cannot listen there"):
            second.start()
    finally:
        first.stop()
