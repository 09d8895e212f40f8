"""shoseki account: every day and source, and whether it adds up."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import AccessDatastoreQuery, Event, LogSourceStatus, RegisterSource
from controls.examples import event
from controls.kernel import arrival
from controls.registers import Registers
from streams import wiring
from streams.cli import main
from streams.export.account import Numbers
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory
from tests.streams.blocks import company

DAY = ("--from", "2026-05-29", "--to", "2026-05-29")
Answer = tuple[int, list[dict[str, Any]], str]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command on a store: its status, its JSON, its text."""

    def of(store: Memory, *words: str) -> Answer:
        @contextmanager
        def using(url: str, server: object = None) -> Iterator[Memory]:
            yield store

        monkeypatch.setattr(wiring, "using", using)
        status = main(["account", *words])
        text = capsys.readouterr().out
        assert main(["account", "--json", *words]) == status
        return status, [json.loads(line) for line in capsys.readouterr().out.splitlines()], text

    return of


@pytest.fixture
def store() -> Memory:
    made = Memory()
    company(made)
    return made


def replayed(*events: Event) -> Memory:
    made, forms = Memory(), Plain()
    books = Registers((*BOOKS, *gaps.BOOKS))
    replay = Replay(Parts(Engine(catalogue.load().controls), books, made, forms, ""))
    replay.run(forms.join(each) for each in sorted(events, key=arrival))
    replay.finish()
    return made


def test_sources_and_blocks_have_the_same_sums(ask: Any, store: Memory) -> None:
    status, lines, text = ask(store, *DAY)
    *found, result = lines
    assert (status, result) == (0, {"adds_up": True, "faults": []})
    assert text.endswith("\nadds up\n")
    ledger = list(store.blocks())
    for figure in ("received", "evaluated", "rejected", "duplicates"):
        total = sum(block[figure] for block in ledger)
        assert total == sum(line[figure] for line in found if "source" in line)
        assert total == sum(line[figure] for line in found if "lane" in line)
    chains = [line for line in found if "lane" in line]
    assert [(c["lane"], c["partition"]) for c in chains] == [
        ("access", 0), ("access", 1), ("books", 0),
    ]  # fmt: skip
    for chain in chains:
        own = [
            b for b in ledger if (b["lane"], b["partition"]) == (chain["lane"], chain["partition"])
        ]
        assert (chain["first_offset"], chain["last_offset"]) == (0, own[-1]["last_offset"])
        assert chain["contiguous"]


@pytest.mark.parametrize(
    ("column", "said"),
    [
        ("evaluated", "evaluated, "),
        ("rejected", "rejected, "),
        ("duplicates", "not the sum of what they were"),
        ("received", "not the sum of what they were"),
        ("first_offset", "begins at "),
    ],
)
def test_what_does_not_add_up_is_named_by_block(
    ask: Any, store: Memory, column: str, said: str
) -> None:
    store._chains["access", 1][1].ledger[column] += 1
    status, lines, text = ask(store, *DAY)
    assert status == 1
    assert any(f.startswith("access/1 block 2: ") and said in f for f in lines[-1]["faults"])
    assert "does not add up: access/1 block 2: " in text


def test_a_chain_that_ends_before_its_head_is_named(ask: Any, store: Memory) -> None:
    heads = store.heads()
    store._chains["books", 0].pop()
    store.heads = lambda: heads  # type: ignore[method-assign]
    status, lines, _ = ask(store, *DAY)
    assert status == 1
    assert "books/0 block 3: the chain's end; it should be block 4" in lines[-1]["faults"]


def test_rows_that_retention_let_go_still_count(ask: Any, store: Memory) -> None:
    before = {line["source"]: line for line in ask(store, *DAY)[1] if "source" in line}
    gone = store.expire("log", 1 << 60)
    status, lines, _ = ask(store, *DAY)
    after = {line["source"]: line for line in lines if "source" in line}
    assert gone and (status, after[""]["expired"]) == (0, gone)
    assert after["crm-audit"]["evaluated"] == before["crm-audit"]["evaluated"] - gone
    assert after["crm-audit"]["missing"] is None


def query(at: str, number: int | None) -> AccessDatastoreQuery:
    return event(AccessDatastoreQuery, at, source_id="db-01", source_seq=number, system_id="crm")


def status(at: str, state: str, **given: Any) -> LogSourceStatus:
    return event(
        LogSourceStatus, at, source_id="collector", monitored_source_id="db-01", status=state,
        **given,
    )  # fmt: skip


def test_numbers_heartbeats_and_gaps_stand_with_their_source_and_day(ask: Any) -> None:
    made = replayed(
        event(
            RegisterSource, "2026-11-10 08:00:00", monitored_source_id="db-01", kind="datastore",
            expects_heartbeat=True,
        ),
        status("2026-11-10 10:00:00", "heartbeat"),
        query("2026-11-10 10:10:00", 6),
        query("2026-11-10 10:20:00", 9),
        query("2026-11-11 10:20:10", 8),
        status("2026-11-11 10:30:00", "stopped", declared_outage_id="out-1"),
        query("2026-11-11 13:00:00", 12),
        status("2026-11-11 13:01:00", "heartbeat"),
    )  # fmt: skip
    code, lines, text = ask(made, "--from", "2026-11-10", "--to", "2026-11-11")
    assert code == 0
    first, second = [line for line in lines if line.get("source") == "db-01"]
    assert (first["first"], first["last"], first["missing"]) == (6, 9, 1)
    assert (second["first"], second["last"], second["missing"]) == (8, 12, 2)
    assert (first["heartbeats"], second["heartbeats"]) == (1, 1)
    reasons = {gap["reason"]: gap for gap in second["gaps"]}
    declared = reasons["stopped, declared"]
    assert declared["since"] == "2026-11-11T10:30:00.000+09:00"
    assert declared["until"] == "2026-11-11T13:00:00.000+09:00"
    assert (declared["declaration"], declared["declared_by"]) == ("out-1", "someone")
    silent = reasons["GOV-08 SILENT"]
    assert silent["since"] == "2026-11-10T10:20:00.000+09:00"
    assert silent["until"] == "2026-11-11T10:20:10.000+09:00"
    assert "stopped, declared (out-1 by someone)" in text


def test_a_source_that_is_silent_all_day_has_its_line(ask: Any) -> None:
    made = replayed(
        query("2026-11-10 10:00:00", None),
        event(AccessDatastoreQuery, "2026-11-11 10:00:00", source_id="db-02"),
    )
    _, lines, _ = ask(made, "--from", "2026-11-10", "--to", "2026-11-12")
    own = [line for line in lines if line.get("source") == "db-01"]
    assert [(line["day"], line["received"]) for line in own] == [
        ("2026-11-10", 1), ("2026-11-11", 0),
    ]  # fmt: skip
    assert own[0]["missing"] is None


def test_numbers_count_as_a_set_does() -> None:
    chance = random.Random(5)
    numbers, plain = Numbers(), set()
    for _ in range(3_000):
        number = chance.randrange(5_000) + (1 << 50) * chance.randrange(2)
        numbers.add(number)
        plain.add(number)
    for _ in range(300):
        first = chance.randrange(5_500)
        last = chance.choice((first, first + chance.randrange(5_000), (1 << 50) + first))
        assert numbers.count(first, last) == sum(first <= number <= last for number in plain)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "May", "--to", "2026-05-29"), "expected a day as 2026-04-01"),
        (("--from", "2026-05-30", "--to", "2026-05-29"), "lies before --from 2026-05-30"),
    ],
)
def test_days_that_are_none_are_refused(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["account", *words]) == 2
    assert said in capsys.readouterr().err
