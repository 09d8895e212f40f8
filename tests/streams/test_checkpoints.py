"""Checkpoints of a running installation: signed, kept outside, never taken back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from controls.events import rfc3339
from controls.kernel import Refusal
from streams.checkpoints import Checkpoints
from streams.cli.restore import continue_log
from streams.evidence.note import opened
from streams.keys import Keys
from streams.settings import Settings
from streams.store.memory import Memory
from tests.streams.blocks import T0, block

Sent = list[str]


@pytest.fixture
def outside() -> Iterator[tuple[str, Sent]]:
    """A place that takes checkpoints, and what it took; it refuses the first."""
    sent: Sent = []
    refuse = [True]

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if not refuse[0]:
                sent.append(body)
            self.send_response(503 if refuse[0] else 204)
            refuse[0] = False
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Nothing is told."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/checkpoints", sent
        server.shutdown()
        thread.join()


def installation(folder: Path, url: str | None = None, store: Memory | None = None) -> Checkpoints:
    settings = Settings(
        keys=str(folder / "keys"), data=str(folder / "data"), org_id="Example K+K", anchor_url=url
    )
    return Checkpoints(settings, store or Memory())


def test_an_entry_is_made_where_a_chain_has_grown_and_only_there(tmp_path: Path) -> None:
    store = Memory()
    checkpoints = installation(tmp_path, store=store)
    assert checkpoints.write(1) is None
    first = block()
    store.write(first)
    entry = checkpoints.write(2)
    assert entry is not None
    assert checkpoints.write(3) == entry
    store.write(block(first.head))
    other = checkpoints.write(4)
    assert other is not None
    assert (other.index, other.heads[0][2]) == (1, 2)
    verifier = Keys(tmp_path / "keys").verifiers()["log-1"]
    assert opened(other.note, [verifier]).startswith("shoseki/Example-K-K\n2\n")


def test_keys_overlap_when_they_are_rotated(tmp_path: Path) -> None:
    store = Memory()
    checkpoints = installation(tmp_path, store=store)
    keys = Keys(tmp_path / "keys")
    first = block()
    store.write(first)
    entry = checkpoints.write(1)
    assert entry is not None
    keys.sign_anew("shoseki/Example-K-K")
    second = block(first.head)
    store.write(second)
    both = checkpoints.write(2)
    assert both is not None
    old, new = keys.verifiers().values()
    assert opened(both.note, [old]) == opened(both.note, [new])
    keys.retire("log-1")
    store.write(block(second.head))
    last = checkpoints.write(3)
    assert last is not None
    opened(last.note, [new])
    with pytest.raises(Refusal, match="no known key"):
        opened(last.note, [old])
    opened(entry.note, list(keys.verifiers().values()))  # what it signed holds as before
    with pytest.raises(Refusal, match="only key that signs"):
        keys.retire("log-2")


def test_a_checkpoint_is_sent_until_it_is_taken_and_once(
    tmp_path: Path, outside: tuple[str, Sent]
) -> None:
    url, sent = outside
    store = Memory()
    checkpoints = installation(tmp_path, url, store)
    store.write(block())
    entry = checkpoints.write(1)
    assert entry is not None
    with pytest.raises(Refusal, match="did not take checkpoint 1"):
        checkpoints.send(entry)
    checkpoints.send(entry)
    checkpoints.send(entry)
    assert sent == [entry.note]


def test_a_log_that_was_set_back_is_given_its_entries_again(tmp_path: Path) -> None:
    store = Memory()
    checkpoints = installation(tmp_path, store=store)
    head = None
    for now in range(4):
        made = block(head)
        store.write(made)
        head = made.head
        entry = checkpoints.write(T0 + now)
        assert entry is not None
        checkpoints.anchors.append(entry)
    lost = Memory()
    for kept in list(store.log())[:2]:
        lost.append(kept)
    assert checkpoints.anchors.fault(lost) == "entry 3 of the log, anchored at " + (
        f"{rfc3339(T0 + 3)}, is gone"
    )
    settings = Settings(keys=str(tmp_path / "keys"), data=str(tmp_path / "data"))
    continue_log(settings, checkpoints.anchors, lost)
    assert list(lost.log()) == list(store.log())


def test_a_log_is_not_continued_from_anchors_that_nobody_here_has_signed(tmp_path: Path) -> None:
    stores = {"ours": Memory(), "others": Memory()}
    places = {name: installation(tmp_path / name, store=store) for name, store in stores.items()}
    for name, place in places.items():
        stores[name].write(block())
        entry = place.write(T0)
        assert entry is not None
        place.anchors.append(entry)
    settings = Settings(keys=str(tmp_path / "ours/keys"), data=str(tmp_path / "ours/data"))
    back = Memory()
    with pytest.raises(Refusal, match=r"entry 0: note: no known key has signed it"):
        continue_log(settings, places["others"].anchors, back)
    assert back.last_entry() is None
    continue_log(settings, places["ours"].anchors, back)
    assert list(back.log()) == list(stores["ours"].log())
