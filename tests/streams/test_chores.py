"""The daily chores: the chain is recomputed, and that is an event like any other."""

from __future__ import annotations

import asyncio
from pathlib import Path

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event, OwnVerified, RegisterDataset
from controls.examples import event
from controls.kernel import DAY
from controls.registers import Registers
from streams import wiring
from streams.app import Service
from streams.chores import recomputed, unaccounted, verified
from streams.evidence.verify import Report
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.publish import Publisher, open_log
from streams.replay import Replay
from streams.settings import Settings, placed
from streams.store.memory import Memory
from tests.clickhouse import Server

NOW = 1_794_358_800_000


def installation() -> tuple[Parts, Replay]:
    parts = Parts(
        Engine(catalogue.load().controls), Registers((*BOOKS, *gaps.BOOKS)), Memory(), Plain(), ""
    )
    replay = Replay(parts)
    replay.run([Plain().join(event(RegisterDataset, "2026-11-11 09:00:00", dataset_id="ds-a"))])
    replay.finish()
    return parts, replay


def put_on_record(parts: Parts) -> Event:
    found = verified(parts, recomputed(parts.store, NOW), NOW, anchored=False)
    assert found is not None
    return found


def test_an_installation_that_knows_no_organisation_has_nothing_to_verify() -> None:
    parts = Parts(Engine([]), Registers((*BOOKS, *gaps.BOOKS)), Memory(), Plain(), "")
    assert verified(parts, recomputed(parts.store, NOW), NOW, anchored=False) is None


def test_a_chain_that_holds_is_a_pass_of_gov_08() -> None:
    parts, replay = installation()
    found = put_on_record(parts)
    assert isinstance(found, OwnVerified)
    assert found.ok
    replay.feed(found)
    replay.finish()
    assert not [f for f in parts.store.findings() if f["code"] == "CHAIN_BREAK"]


def test_a_chain_that_was_tampered_with_becomes_a_finding() -> None:
    parts, replay = installation()
    (chain,) = parts.store._chains.values()  # type: ignore[attr-defined]
    chain[0].tables["events"]["org_id"] = ("somebody-else",)
    found = put_on_record(parts)
    assert isinstance(found, OwnVerified)
    assert not found.ok
    assert found.first_bad
    replay.feed(found)
    replay.finish()
    broken = [f for f in parts.store.findings() if f["code"] == "CHAIN_BREAK"]
    assert [f["severity"] for f in broken] == ["critical"]


def test_a_day_that_does_not_add_up_becomes_a_finding() -> None:
    parts, replay = installation()
    morning = replay.now + DAY
    assert unaccounted(parts.store, morning) is None
    (chain,) = parts.store._chains.values()  # type: ignore[attr-defined]
    chain[0].ledger["received"] += 1
    said = unaccounted(parts.store, morning)
    assert said is not None
    assert said.startswith("does not add up: books/0 block 1: 2 received")
    found = verified(parts, Report(), morning, False, said)
    assert isinstance(found, OwnVerified)
    replay.feed(found)
    replay.finish()
    broken = [f for f in parts.store.findings() if f["code"] == "CHAIN_BREAK"]
    assert [f["severity"] for f in broken] == ["critical"]


def test_a_service_verifies_its_server_and_lets_rows_expire(tmp_path: Path) -> None:
    """After ten years only the verification of that day is left, and its chain holds."""
    with Server(tmp_path / "clickhouse") as server:
        settings = placed(
            Settings(
                broker=f"local://{tmp_path / 'log'}", store=server.url(), data=str(tmp_path),
                keys=str(tmp_path.with_name(f"{tmp_path.name}.keys")), partitions=1, metrics=None,
            )
        )  # fmt: skip
        told = asyncio.run(a_day(settings, NOW))
    (left,) = told
    assert isinstance(left, OwnVerified)
    assert left.ok
    assert left.to_size == 2  # the register's block, and that of the first verification


async def a_day(settings: Settings, now: int) -> list[Event]:
    """The events that are left after the chores of a day and of one ten years later."""
    forms = wiring.open_forms(settings)
    with wiring.hold(settings.store, settings.clickhouse) as store:
        service = Service(settings, wiring.parts(settings, store, forms), ticks=False)
        await service.start()
        known = event(RegisterDataset, "2026-11-11 09:00:00", dataset_id="ds-a")
        publisher = Publisher(open_log(settings), 1)
        publisher.publish([forms.join(known)])
        for day in (now, now + 3653 * DAY):
            await service.send_tick(day)
            while service.judged() < day:
                assert service.failed is None
                await asyncio.sleep(0.05)
            await service._daily(day)
        last = now + 3654 * DAY
        await service.send_tick(last)
        while service.judged() < last:
            assert service.failed is None
            await asyncio.sleep(0.05)
        await service.stop()
        ids = [row["event_id"] for row in store.rows("events", "books", 0)]
        return store.events(ids)
