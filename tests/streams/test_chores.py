"""The daily chores: the chain is recomputed, and that is an event like any other."""

from __future__ import annotations

from controls import catalogue
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import Event, OwnVerified, RegisterDataset
from controls.examples import event
from controls.gaps import GAPS
from controls.registers import Registers
from streams.chores import organisation, recomputed, verified
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.store.memory import Memory

NOW = 1_794_358_800_000


def installation() -> tuple[Parts, Replay]:
    parts = Parts(
        Engine(catalogue.load().controls), Registers((*BOOKS, GAPS)), Memory(), Plain(), ""
    )
    replay = Replay(parts)
    replay.run([Plain().join(event(RegisterDataset, "2026-11-11 09:00:00", dataset_id="ds-a"))])
    replay.finish()
    return parts, replay


def put_on_record(parts: Parts) -> Event:
    org_id = organisation(parts)
    assert org_id is not None
    return verified(parts, org_id, recomputed(parts.store, NOW), NOW)


def test_an_installation_that_knows_no_organisation_has_nothing_to_verify() -> None:
    parts = Parts(Engine([]), Registers((*BOOKS, GAPS)), Memory(), Plain(), "")
    assert organisation(parts) is None


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
