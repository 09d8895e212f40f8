"""What a ClickHouse server's faults do to a service that writes to it: they hold it up, no more.

The same log as in test_faults, judged without a fault on the embedded engine, says what must be
left: nothing lost, nothing doubled, and the worker is never started anew.
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from controls.kernel import HOUR
from streams import settings as configuration
from tests.clickhouse import Server
from tests.streams.service import Left, Place, history, left
from tests.streams.test_faults import close, same

Needs = Callable[[str], Path]
BLOCKS = 3
"""So many blocks are written before anything goes wrong."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = Place(tmp_path_factory.mktemp("o") / "c")
    place.publish(history(50, seed=11), every=12 * HOUR)
    return place


@pytest.fixture(scope="module")
def undisturbed(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Left:
    place = company.copy(tmp_path_factory.mktemp("o") / "u")
    close(place)
    return left(place)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(tmp_path / "clickhouse") as started:
        yield started


def on(server: Server, company: Place, folder: Path) -> Place:
    """A copy of the installation whose store is the server."""
    place = company.copy(folder)
    text = place.config.read_text().replace(place.settings.store, server.url())
    place.config.write_text(f"{text}[clickhouse]\nretry_seconds = 120\nanswer_seconds = 2\n")
    place.settings = configuration.load(place.config)
    return place


def written(place: Place) -> int:
    return sum(step == "written" for step, *_ in place.steps(place.runs))


def held_up(place: Place, disturb: Callable[[], None]) -> Left:
    """What is left when a service has been disturbed after some blocks, and gone on by itself."""
    service = place.start()
    try:
        service.wait(lambda: written(place) >= BLOCKS)
        assert place.behind()
        disturb()
        service.wait(lambda: not place.behind())
        service.stop()
    finally:
        service.kill()
    assert "store.waiting" in place.said()
    close(place)
    return left(place)


def test_a_server_that_is_killed_and_comes_back(
    company: Place, undisturbed: Left, server: Server, tmp_path: Path
) -> None:
    def outage() -> None:
        for seconds in (2.0, 0.5):
            server.kill()
            time.sleep(seconds)
            server.start()
            time.sleep(0.5)

    same(held_up(on(server, company, tmp_path / "p"), outage), undisturbed)


def test_a_server_that_answers_nothing_for_longer_than_an_answer_may_take(
    company: Place, undisturbed: Left, server: Server, tmp_path: Path
) -> None:
    def silence() -> None:
        server.steer(latency=0.1)
        server.pause()
        time.sleep(4)
        server.resume()
        server.steer(latency=0.02)

    same(held_up(on(server, company, tmp_path / "p"), silence), undisturbed)


def test_connections_that_are_cut_in_the_middle_of_inserts(
    company: Place, undisturbed: Left, server: Server, tmp_path: Path
) -> None:
    chance = Random(3)
    cut = []

    def scissors() -> None:
        for _ in range(12):
            moment = chance.choice(("before", "during", "after"))
            if server.steer(cut=moment, cuts=1, late=0.3)["cuts"]:
                cut.append(moment)
            time.sleep(0.4)
        server.steer(cuts=0)
        time.sleep(0.5)

    same(held_up(on(server, company, tmp_path / "p"), scissors), undisturbed)
    assert len(set(cut)) == 3


def test_a_server_whose_disk_is_full_for_a_while(
    company: Place, undisturbed: Left, needs: Needs, tmp_path: Path
) -> None:
    mount, disk = needs("mount"), tmp_path / "disk"
    disk.mkdir()
    subprocess.run([mount, "-t", "tmpfs", "-o", "size=96m", "none", disk], check=True)
    ballast = disk / "ballast"

    def full() -> None:
        with open(ballast, "wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while True:
                file.write(os.urandom(1 << 14))
        time.sleep(3)
        ballast.unlink()

    try:
        with Server(disk / "clickhouse") as server:
            same(held_up(on(server, company, tmp_path / "p"), full), undisturbed)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_service_killed_while_the_server_is_away_goes_on_where_it_was(
    company: Place, undisturbed: Left, server: Server, tmp_path: Path
) -> None:
    place = on(server, company, tmp_path / "p")
    service = place.start()
    service.wait(lambda: written(place) >= BLOCKS)
    server.kill()
    service.wait(lambda: "store.waiting" in place.said())
    service.kill()
    away = place.start()
    assert away.end() == 2
    assert "default@127.0.0.1" in place.said()
    assert "no ClickHouse answers: Connection refused" in place.said()
    server.start()
    close(place)
    same(left(place), undisturbed)
