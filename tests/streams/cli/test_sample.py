"""shoseki sample: drawn again, traced, refused where nothing can be drawn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from streams import wiring
from streams.cli import main
from streams.store.memory import Memory
from tests.streams.blocks import company

DAY = ("--from", "2026-05-29", "--to", "2026-05-29")


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Memory:
    made = Memory()
    company(made)

    @contextmanager
    def using(url: str, server: object = None) -> Iterator[Memory]:
        yield made

    monkeypatch.setattr(wiring, "using", using)
    return made


def drawn(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    assert main(["sample", "--json", *DAY, *words]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_same_seed_draws_the_same_and_none_follows_from_the_store(
    store: Memory, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *rows = drawn(capsys)
    assert rows and not head["chosen"] and len(head["seed"]) == 64
    assert drawn(capsys) == [head, *rows]
    assert drawn(capsys, "--seed", head["seed"])[1:] == rows
    assert drawn(capsys, "--seed", "2026")[0]["chosen"]


def test_a_sample_is_traced_to_its_block(store: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    head, *rows = drawn(capsys, "--control", "TEC-05")
    [stated] = head["controls"]
    assert stated["control"] == "TEC-05" and stated["frame"] >= stated["drawn"] > 0
    links = {(b["lane"], b["partition"], b["number"]): b["link"] for b in store.blocks()}
    for row in rows:
        assert row["link"] == links[row["lane"], row["partition"], row["number"]]
    assert main(["sample", *DAY, "--control", "TEC-05"]) == 0
    text = capsys.readouterr().out
    assert head["seed"] in text and f"{stated['drawn']} of {stated['frame']} drawn" in text
    for row in rows:
        assert row["event_id"] in text and row["link"][:16] in text
    for head_ in store.heads().values():
        assert head_.link in text


def test_what_cannot_be_drawn_is_refused(store: Memory, capsys: pytest.CaptureFixture[str]) -> None:
    for words, said in (
        (["--from", "2026-05-30", "--to", "2026-05-29"], "lies before"),
        (["--from", "yesterday", "--to", "2026-05-29"], "expected a day"),
        ([*DAY, "--control", "TEC-5"], "did you mean TEC-05?"),
    ):
        assert main(["sample", *words]) == 2
        assert said in capsys.readouterr().err
