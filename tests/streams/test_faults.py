"""What may go wrong around the embedded service, and what it leaves: the same evidence."""

from __future__ import annotations

import json
import socket
import stat
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import TypeVar

import pytest

from controls.events import LANES, AccessDatastoreQuery
from controls.examples import event
from controls.kernel import DAY, HOUR
from streams import codec, wiring
from streams.agents import STEPS
from streams.cli import main
from streams.evidence.verify import verify
from streams.topics import topic
from tests.streams.service import (
    POINTS,
    ROWS,
    TORN,
    Fault,
    Left,
    Place,
    Point,
    history,
    left,
)

UNTIL = 1_798_000_000_000
"""2026-12-23, after every deadline that the history can set."""
SHORT = tuple(step for step in STEPS if step not in ("written", "told", "remembered"))
"""The steps of a block that was remembered before the process died."""

Needs = Callable[[str], Path]
T = TypeVar("T")


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A log of all lanes that no service has read yet; to be copied, never run."""
    place = Place(tmp_path_factory.mktemp("f") / "c")
    place.publish(history(80, seed=5), every=12 * HOUR)
    return place


@pytest.fixture(scope="module")
def undisturbed(company: Place, tmp_path_factory: pytest.TempPathFactory) -> Left:
    place = company.copy(tmp_path_factory.mktemp("f") / "u")
    close(place)
    found = left(place)
    assert found.report.fault is None
    assert found.events and found.findings and {row[0] for row in found.blocks} == {
        "access", "principals"
    }  # fmt: skip
    return found


def close(place: Place) -> None:
    """Read the log to its end, then let the tallies in it count and everything fall due."""
    place.follow()
    for at in (UNTIL - 20 * DAY, UNTIL):
        place.publish([], at)
    place.follow()


def same(found: Left, expected: Left) -> None:
    """Compared part by part, so that a failure shows which one differs."""
    assert found.report.fault is None
    assert found.report.pending == 0
    assert found.events == expected.events
    assert found.findings == expected.findings
    assert found.rejects == expected.rejects
    assert found.populations == expected.populations
    assert found.blocks == expected.blocks


# --- kill -9 ---------------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_kill_between_any_two_steps_of_a_block_leaves_what_no_kill_leaves(
    company: Place, undisturbed: Left, tmp_path: Path
) -> None:
    """In every lane; the last thing on record is the step, and the block comes again whole."""
    places: dict[str, Place] = {lane: company.copy(tmp_path / lane) for lane in LANES}

    def killed(lane: str) -> None:
        place = places[lane]
        for point in POINTS:
            at = Point(point, lane, 1 if point in ("remembered", "acknowledged") else 2)
            assert place.start(Fault(at)).end() == -9, place.said()
            assert place.steps(place.runs)[-1][:2] == [point, lane]
        close(place)

    together(killed, *places)
    for place in places.values():
        runs = [place.steps(run) for run in range(1, place.runs + 1)]
        for number, steps in enumerate(runs):
            in_order(steps, ended=number >= len(POINTS))
        for number in range(len(POINTS)):
            resumed(runs[number][-1], runs[number + 1 :])
        same(left(place), undisturbed)


def together(do: Callable[[T], None], *things: T) -> None:
    """The same with each of several things, at the same time."""
    with ThreadPoolExecutor() as pool:
        list(pool.map(do, things))


def in_order(steps: list[list[str]], *, ended: bool) -> None:
    """Every block went through the steps in their order; a run that was cut off left some open."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for step, *where in steps:
        blocks.setdefault(tuple(where), []).append(step)
    last = {block[:2]: block for block in blocks}
    for block, taken in blocks.items():
        whole = [step for step in taken if step != ROWS]
        if not ended and block == last[block[:2]]:
            assert tuple(whole) in (STEPS[: len(whole)], SHORT[: len(whole)]), (block, taken)
        else:
            assert tuple(whole) in (STEPS, SHORT), (block, taken)
        if ROWS in taken:
            assert taken[: taken.index(ROWS)] == ["gathered", "judged"], (block, taken)


def resumed(died: list[str], later: list[list[list[str]]]) -> None:
    """The block in which a run died comes again, unless it was remembered before; none is skipped.

    Blocks before it come again where their acknowledgements were not committed yet.
    """
    step, lane, partition, offset = died
    if step in ("remembered", "acknowledged"):
        return
    first = next(int(s[3]) for run in later for s in run if s[:3] == ["gathered", lane, partition])
    assert first <= int(offset)
    again = [[s[0] for s in run if s[1:] == died[1:]] for run in later]
    assert any(tuple(s for s in taken if s != ROWS) == STEPS for taken in again)
    if step in ("written", "told"):
        assert not any(ROWS in taken for taken in again)  # sealed once, for good


@pytest.mark.timeout(900)
def test_a_kill_in_the_middle_of_remembering_leaves_what_no_kill_leaves(
    company: Place, undisturbed: Left, tmp_path: Path
) -> None:
    places = {lane: company.copy(tmp_path / lane) for lane in ("books", "access")}

    def killed(lane: str) -> None:
        for number in (1, 2, 3, 2, 3, 4):
            service = places[lane].start(Fault(Point(TORN, lane, number)))
            assert service.end() == -9, places[lane].said()
        close(places[lane])

    together(killed, *places)
    for place in places.values():
        same(left(place), undisturbed)


@pytest.mark.timeout(900)
def test_fifty_kills_at_random_moments_leave_what_no_kill_leaves(tmp_path: Path) -> None:
    """A kill falls on starting, recovering, judging, writing, committing: wherever it falls."""
    events = history(200, seed=11)
    size = -(-len(events) // 5)
    place = Place(tmp_path / "k")
    place.publish(events[:size], every=12 * HOUR)
    calm = place.copy(tmp_path / "u")
    chance = Random(2026)

    def killed() -> None:
        for _ in range(10):
            service = place.start()
            service.process.join(chance.uniform(0.05, 3))
            assert service.ended is None, place.said()
            service.kill()
            assert service.ended == -9
        place.follow()

    for at in range(0, len(events), size):
        if at:
            for each in (place, calm):
                each.publish(events[at : at + size], every=12 * HOUR)
        together(lambda follow: follow(), killed, calm.follow)
    assert place.runs == 55
    together(close, place, calm)
    same(left(place), left(calm))


# --- SIGTERM ---------------------------------------------------------------------------------


def test_sigterm_ends_with_0_and_everything_acknowledged(
    company: Place, undisturbed: Left, tmp_path: Path
) -> None:
    place = company.copy(tmp_path / "p")
    service = place.start()
    service.wait(lambda: len(place.steps(1)) > 60)
    service.stop()
    steps = place.steps(1)
    in_order(steps, ended=False)
    acknowledged = {
        (topic(lane), int(partition)): int(offset) + 1
        for step, lane, partition, offset in steps
        if step == "acknowledged"
    }
    committed = place.committed()
    assert acknowledged == {part: end for part, end in committed.items() if end}
    assert not place.settings.socket.exists()
    close(place)
    for _, lane, partition, offset in place.steps(2):
        assert int(offset) >= acknowledged.get((topic(lane), int(partition)), 0)
    same(left(place), undisturbed)


# --- no room, no right -----------------------------------------------------------------------


def sentence(place: Place) -> str:
    """The one sentence with which the command gave up, which is the last thing it says."""
    said = [line for line in place.said().splitlines() if line.startswith("shoseki run: ")]
    assert len(said) == 1, place.said()
    assert "Traceback" not in place.said(), place.said()
    return said[0]


def test_where_files_may_not_grow_the_service_stops_before_it_acknowledges(
    company: Place, undisturbed: Left, tmp_path: Path
) -> None:
    places = {step: company.copy(tmp_path / step) for step in ("gathered", ROWS, "written")}

    def limited(step: str) -> None:
        place = places[step]
        service = place.start(Fault(Point(step, "access", 2), "full"))
        assert service.end() == 2, place.said()
        assert "File too large" in sentence(place)
        unharmed(place)
        close(place)

    together(limited, *places)
    for place in places.values():
        same(left(place), undisturbed)


def test_a_full_disk_stops_the_service_and_room_lets_it_go_on(
    company: Place, undisturbed: Left, tmp_path: Path, needs: Needs
) -> None:
    needs("mount")
    folder = tmp_path / "p"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m,mode=700", "none", folder], check=True)
    try:
        place = company.copy(folder)
        service = place.start(Fault(Point("judged", "access", 2), "fill"))
        assert service.end() == 2
        assert "No space left" in sentence(place)
        (folder / "ballast").unlink()
        unharmed(place)
        close(place)
        same(left(place), undisturbed)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def unharmed(place: Place) -> None:
    """The block in which it broke down is not acknowledged for good."""
    run = place.steps(place.runs)
    done = {(s[1], s[2], s[3]) for s in run if s[0] == "remembered"}
    open_ = {(s[1], s[2], s[3]) for s in run} - done
    committed = place.committed()
    for lane, partition, offset in open_:
        assert committed[topic(lane), int(partition)] <= int(offset)


@pytest.mark.parametrize("closed", ["data", "data/store", "data/log", "data/faust"])
def test_a_directory_that_cannot_be_written_is_named_and_nothing_is_acknowledged(
    company: Place, undisturbed: Left, tmp_path: Path, closed: str
) -> None:
    place = company.copy(tmp_path / "p")
    folder = place.folder / closed
    folder.mkdir(exist_ok=True)
    folder.chmod(0o500)
    try:
        assert place.start().end() == 2, place.said()
    finally:
        folder.chmod(0o700)
    assert str(folder) in sentence(place)
    assert not any(place.committed().values())
    place.output.unlink()
    assert place.start(Fault(Point("acknowledged", "books"))).end() == -9, place.said()


def test_a_second_owner_of_store_or_log_is_refused_by_the_name_of_the_first(
    company: Place, tmp_path: Path
) -> None:
    place = company.copy(tmp_path / "p")
    other = Place(tmp_path / "o")
    text = other.config.read_text()
    with place.served() as service:
        pid = str(service.process.pid)
        for setting in ("store", "broker"):
            mine, theirs = (getattr(each.settings, setting) for each in (other, place))
            other.config.write_text(text.replace(mine, theirs))
            assert other.start().end() == 2
            said = sentence(other)
            assert pid in said
            assert str(place.folder) in said
            other.output.unlink()


# --- broken input ----------------------------------------------------------------------------

MARK = "planted-4711"
"""Stands in every broken line, and so may stand nowhere afterwards."""


def good(number: int) -> bytes:
    made = event(
        AccessDatastoreQuery, f"2025-11-10 09:{number:02d}:00", actor_ref="sato",
        account_ref="acct-sato", system_id="crm", dataset_id="members", rows=number,
    )  # fmt: skip
    return codec.encode(made)


def whole(**changed: object) -> bytes:
    return json.dumps({**json.loads(good(59)), "query_id": MARK, **changed}).encode()


TICK = b'{"tick":[1,2]}'
BROKEN = {
    "json": whole()[:-9],
    "encoding": whole(query_id=f"{MARK} 佐藤").decode("unicode_escape").encode("shift_jis"),
    "long": whole(query_id=MARK * (10 * (1 << 20) // len(MARK))),
    "deep": b'{"' + MARK.encode() + b'":' + b"[" * 200_000,
    "nested": b'{"a":' * 5_000 + b'"' + MARK.encode() + b'"' + b"}" * 5_000,
    "nul": whole().replace(b'"crm"', b'"c\x00rm"'),
    "type": whole(event_type="access.nothing"),
    "field": whole(**{MARK: 1}),
    "two": whole() + b"," + whole(),
    "list": b"[" + whole() + b"]",
    "tick": TICK,
    "tick with more": b'{"tick":[99999999999999,99999999],"by":"' + MARK.encode() + b'"}',
    "tally": b'{"tally":{"lane":"access","partition":0,"last_offset":99,"changes":{},"facts":{}}}',
    "rejects": b'{"rejects":[[1,"' + MARK.encode() + b'",null,""]]}',
}  # fmt: skip


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten events, the second of them twice, with a broken line after each and at the end."""
    lines = [good(number) for number in range(10)]
    lines.insert(2, lines[1])
    rest = list(BROKEN.values())
    mixed = [line for pair in zip(lines, rest, strict=False) for line in pair]
    file = tmp_path_factory.mktemp("f") / "broken.jsonl"
    file.write_bytes(b"\n".join([*mixed, *rest[len(lines) :]]) + b"\n")
    return file


def accounted(place: Place) -> None:
    """Every line is an event, a repeat or a reject, and of the broken ones nothing is kept."""
    store = wiring.open_store(place.settings.store)
    try:
        blocks = list(store.blocks())
        rejects = store.rejects(1000)
        chains = sorted({(row["lane"], row["partition"]) for row in blocks})
        events = [row for chain in chains for row in store.rows("events", *chain)]
        assert verify(store).fault is None
        assert store.populations()["TEC-01"]
    finally:
        store.close()
    received = sum(row["received"] for row in blocks)
    duplicates = sum(row["duplicates"] for row in blocks)
    assert (len(events), duplicates, len(rejects)) == (10, 1, len(BROKEN))
    assert received == len(events) + duplicates + len(rejects)
    assert len({row["position"] for row in rejects}) == len(BROKEN)
    assert all(row["reason"] and len(row["reason"]) < 200 for row in rejects)
    assert MARK not in repr((events, rejects, blocks))
    for file in place.folder.rglob("*"):
        if file.is_file():
            assert MARK.encode() not in file.read_bytes(), file


def test_broken_lines_that_are_published_become_rejects_and_the_rest_is_judged(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "p")
    assert main(["publish", "--json", "--config", str(place.config), str(broken)]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out) == {"events": 11, "rejects": len(BROKEN)}
    assert MARK not in captured.err
    place.publish([], UNTIL)
    place.follow()
    accounted(place)


def test_broken_lines_that_are_checked_become_rejects_and_the_rest_is_judged(
    broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = Place(tmp_path / "p")
    statuses = []
    for record in ([], ["--record", str(place.folder / "data")]):
        statuses.append(main(["check", "--json", *record, str(broken)]))
        captured = capsys.readouterr()
        reasons = [line for line in captured.err.splitlines() if line.startswith("line ")]
        assert len(reasons) == len(BROKEN)
        assert all(line.split(": ", 1)[1] for line in reasons)
        assert MARK not in captured.out + captured.err
    assert statuses[0] == statuses[1] != 2
    accounted(place)


# --- the other commands ----------------------------------------------------------------------


def test_every_command_says_the_same_with_and_without_a_running_service(
    company: Place, broken: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = company.copy(tmp_path / "p")
    place.follow()

    def said(*argv: str) -> tuple[int, str]:
        status = main(argv)
        return status, capsys.readouterr().out

    config = ["--config", str(place.config)]
    _, listed = said("findings", "list", "--json", *config)
    first = json.loads(listed.splitlines()[0])["finding_id"]
    commands = [
        ["findings", "list", *config],
        ["findings", "list", "--history", *config],
        ["findings", "list", "--control", "GOV-08", *config],
        ["findings", "show", first, *config],
        ["findings", "show", "none", *config],
        ["verify", *config],
        ["controls", "list", *config],
        ["controls", "show", "TEC-05", *config],
        ["check", str(broken), *config],
        ["events", "list"],
        ["publish", str(broken), *config],
    ]
    commands = [[*command, *more] for command in commands for more in ([], ["--json"])]
    without = {tuple(command): said(*command) for command in commands}
    with place.served():
        assert stat.S_IMODE(place.settings.socket.stat().st_mode) == 0o600
        for command in commands:
            assert said(*command) == without[tuple(command)], command
    assert without["findings", "list", *config, "--json"][1] == listed
    assert {status for status, _ in without.values()} == {0, 1, 2}
    assert all(out for status, out in without.values() if status != 2)


GARBAGE = (
    b"",
    b"\n",
    b"\x00\xff\n",
    b"{",
    b"[]\n",
    b"7\n",
    b'{"argv":7,"cwd":"/"}\n',
    b'{"argv":["findings","list"]}\n',
    b'{"argv":["findings","list"],"cwd":"/none"}\n',
    b'{"argv":[],"cwd":"/"}\n',
    b'{"argv":["run"],"cwd":"/"}\n',
    b'{"argv":["demo","--dir","/"],"cwd":"/"}\n',
    b'{"argv":["findings","list","--config","/none"],"cwd":"/"}\n',
    b"[" * 100_000 + b"\n",
    b"x" * (3 << 20),
)


def test_garbage_on_the_socket_hurts_nobody(
    company: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = company.copy(tmp_path / "p")
    with place.served() as service:
        idle = knock(place)
        for sent in GARBAGE:
            with knock(place) as client:
                try:
                    client.sendall(sent)
                    client.shutdown(socket.SHUT_WR)
                    client.recv(1 << 16)
                except OSError:
                    pass  # it hung up
        service.wait(lambda: not place.behind())
        assert main(["verify", "--config", str(place.config)]) == 0
        assert "holds" in capsys.readouterr().out
        assert "Traceback" not in place.said(), place.said()
    idle.close()


def knock(place: Place) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(30)
    client.connect(str(place.settings.socket))
    return client
