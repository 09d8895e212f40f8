"""Copies, losses and what is made of them: nothing is skipped, doubled or passed over."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controls.events import LANES
from streams import wiring
from streams.cli import main
from streams.evidence.anchor import Anchors
from streams.evidence.log import Entry
from streams.local import Broker
from tests.streams.service import Left, Place, history, left

UNTIL = 1_798_000_000_000
HALF = 12 * 3_600_000
EVENTS = history(60, seed=23)
FIRST, SECOND = EVENTS[: len(EVENTS) // 2], EVENTS[len(EVENTS) // 2 :]


def go_on(place: Place) -> None:
    """The second half of the events, judged, and everything fallen due."""
    place.publish(SECOND, every=HALF)
    place.follow()
    for _ in range(2):
        place.publish([], UNTIL)
        place.follow()


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An installation that has judged the first half of the events; to be copied, never run."""
    place = Place(tmp_path_factory.mktemp("b") / "h")
    place.publish(FIRST, every=HALF)
    forms = wiring.open_forms(place.settings)
    for event in SECOND:
        forms.evidence(forms.join(event))  # makes the keys of its year, so that copies share them
    place.follow()
    return place


@pytest.fixture(scope="module")
def whole(half: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The same after the second half, undisturbed; to be copied, never run."""
    place = half.copy(tmp_path_factory.mktemp("b") / "w")
    go_on(place)
    return place


@pytest.fixture(scope="module")
def undisturbed(whole: Place) -> Left:
    found = left(whole)
    assert found.report.fault is None
    return found


def links(place: Place) -> list[str]:
    store = wiring.open_store(place.settings.store)
    try:
        return [block["link"] for block in store.blocks()]
    finally:
        store.close()


def same_but_for_the_record(found: Left, expected: Left) -> None:
    """Equal, apart from the event that says that the store was restored, and GOV-08 on it."""
    assert found.report.fault is None
    own = [row for row in found.events if "'own.verified'" in row]
    assert len(own) == 1, own
    assert [row for row in found.events if row not in own] == expected.events
    assert [row for row in found.findings if "CHAIN_BREAK" not in row] == expected.findings
    assert found.rejects == expected.rejects
    assert found.blocks == expected.blocks
    counted = [
        {control: counts for control, counts in each.populations.items() if control != "GOV-08"}
        for each in (found, expected)
    ]
    assert counted[0] == counted[1]


def config(place: Place) -> list[str]:
    return ["--config", str(place.config)]


def destroyed(place: Place) -> None:
    shutil.rmtree(place.folder / "data")


# --- backup and restore ----------------------------------------------------------------------


def test_what_was_backed_up_while_it_ran_and_destroyed_goes_on_as_if_nothing_had_been(
    half: Place, undisturbed: Left, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    with place.served():
        assert main(["backup", str(backup), *config(place)]) == 0
        assert "Keys are not in it" in capsys.readouterr().out
        place.publish(SECOND, every=HALF)
    destroyed(place)
    assert main(["restore", str(backup), *config(place)]) == 0
    assert "chains hold" in capsys.readouterr().out
    go_on(place)
    same_but_for_the_record(left(place), undisturbed)
    assert main(["verify", *config(place)]) == 0


def test_a_backup_of_an_installation_behind_its_log_judges_the_rest_after_it_is_restored(
    half: Place, undisturbed: Left, tmp_path: Path
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    place.publish(SECOND, every=HALF)
    assert main(["backup", str(backup), *config(place)]) == 0
    destroyed(place)
    assert main(["restore", str(backup), *config(place)]) == 0
    place.follow()
    for _ in range(2):
        place.publish([], UNTIL)
        place.follow()
    same_but_for_the_record(left(place), undisturbed)


def test_a_backup_holds_no_key_and_overwrites_nothing(
    half: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    assert main(["backup", str(backup), "--json", *config(place)]) == 0
    manifest = json.loads(capsys.readouterr().out)
    assert manifest == json.loads((backup / "manifest.json").read_text())
    assert {head["lane"] for head in manifest["heads"]} == set(LANES)
    keys = [file.read_bytes().strip() for file in (place.folder / "keys").glob("*.key")]
    assert len(keys) > 2
    for file in backup.rglob("*"):
        assert not file.is_file() or not any(key in file.read_bytes() for key in keys), file
        assert file.stat().st_mode & 0o077 == 0, file
    assert main(["backup", str(backup), *config(place)]) == 2
    assert "overwrites nothing" in capsys.readouterr().err


def damage(backup: Path) -> str:
    file = next(backup.glob("log/topics/shoseki-books/0/*.log"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    return "is damaged"


def lose(backup: Path) -> str:
    next(backup.glob("store/events-books-*")).unlink()
    return "is missing"


def add(backup: Path) -> str:
    (backup / "store" / "events-zz-0.arrow").write_bytes(b"")
    return "too many"


@pytest.mark.parametrize("harm", [damage, lose, add])
def test_a_backup_that_is_not_as_it_was_written_is_refused(
    harm: Callable[[Path], str],
    half: Place,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    assert main(["backup", str(backup), *config(place)]) == 0
    destroyed(place)
    said = harm(backup)
    assert main(["restore", str(backup), *config(place)]) == 2
    assert said in capsys.readouterr().err
    assert not (place.folder / "data" / "store").exists()


def test_a_forged_backup_whose_digests_fit_does_not_verify(
    half: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    assert main(["backup", str(backup), *config(place)]) == 0
    destroyed(place)
    manifest = json.loads((backup / "manifest.json").read_text())
    books = next(head for head in manifest["heads"] if head["lane"] == "books")
    books["link"] = "0" * 64
    (backup / "manifest.json").write_text(json.dumps(manifest))
    assert main(["restore", str(backup), *config(place)]) == 1
    assert "does not hold" in capsys.readouterr().err
    assert not (place.folder / "data" / "store").exists()


def test_nothing_is_restored_over_something_or_without_keys(
    half: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, backup = half.copy(tmp_path / "p"), tmp_path / "backup"
    assert main(["backup", str(backup), *config(place)]) == 0
    assert main(["restore", str(backup), *config(place)]) == 2
    assert "is not empty" in capsys.readouterr().err
    destroyed(place)
    shutil.rmtree(place.folder / "keys")
    assert main(["restore", str(backup), *config(place)]) == 2
    assert "no keys are here" in capsys.readouterr().err


# --- memory, store and log apart -------------------------------------------------------------


def exchanged(place: Place, part: str, other: Place) -> None:
    """Part of an installation's data as another has it."""
    shutil.rmtree(place.folder / "data" / part)
    shutil.copytree(other.folder / "data" / part, place.folder / "data" / part, symlinks=True)


def forget(place: Place) -> None:
    """Lose all memory, as a lost changelog does."""
    for topic in (place.folder / "data" / "log" / "topics").glob("*-changelog"):
        shutil.rmtree(topic)


def trim(place: Place, lane: str) -> None:
    """Let the log of a lane begin later, as retention does."""
    broker = Broker(place.folder / "data" / "log", segment_bytes=1)
    topic = f"shoseki-{lane}"
    for partition in range(broker.partitions(topic)):
        end = broker.end(topic, partition)
        broker.append(topic, partition, b'{"tick":[1,-1]}')
        broker.append(topic, partition, b'{"tick":[2,-1]}')
        broker.log(topic, partition).drop(1 << 62, end)
        earliest = broker.earliest(topic, partition)
        assert earliest > 0
        if (broker.committed(topic, partition) or 0) < earliest:  # tallies behind the last tick
            broker.commit({(topic, partition): earliest})
    broker.close()


def test_a_store_set_back_is_refused_and_once_accepted_sealed_again_as_it_was(
    half: Place, whole: Place, undisturbed: Left, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    place, expected = whole.copy(tmp_path / "p"), links(whole)
    exchanged(place, "store", half)
    assert main(["verify", *config(place)]) == 1
    assert "anchored" in capsys.readouterr().out
    assert place.start().end() == 2
    assert "this store was set back or exchanged" in place.said()
    assert "--accept" in place.said()
    assert len(links(place)) < len(expected)
    assert main(["restore", "--accept", "the disk died", *config(place)]) == 0
    assert "behind its anchor" in capsys.readouterr().out
    for _ in range(2):
        place.publish([], UNTIL + 1)
        place.follow()
    assert "with an empty memory" in place.said()
    assert set(expected) <= set(links(place))
    found_left = left(place)
    same_but_for_the_record(found_left, undisturbed)
    assert [row for row in found_left.findings if "CHAIN_BREAK" in row]
    assert main(["verify", *config(place)]) == 0


def test_a_memory_that_was_lost_is_made_again_from_the_log(
    half: Place, undisturbed: Left, tmp_path: Path
) -> None:
    place, before = half.copy(tmp_path / "p"), links(half)
    forget(place)
    go_on(place)
    assert "judging again from offset 0" in place.said()
    assert set(before) <= set(links(place))
    assert left(place) == undisturbed


@pytest.mark.parametrize("lane", LANES)
def test_what_the_log_cannot_give_again_is_refused_by_name(
    half: Place, tmp_path: Path, lane: str
) -> None:
    place = half.copy(tmp_path / "p")
    forget(place)
    trim(place, lane)
    assert place.start().end() == 2
    assert f"shoseki run: the worker stopped: {lane}/" in place.said()
    assert "cannot be judged again" in place.said()


def test_a_store_set_back_under_a_log_without_its_beginning_is_refused(
    half: Place, whole: Place, tmp_path: Path
) -> None:
    place = whole.copy(tmp_path / "p")
    exchanged(place, "store", half)
    trim(place, "books")
    assert main(["restore", "--accept", "the disk died", *config(place)]) == 0
    assert place.start().end() == 2
    assert "cannot give all of it again" in place.said()


def test_a_store_of_another_installation_is_refused(half: Place, tmp_path: Path) -> None:
    other = Place(tmp_path / "o")
    other.publish(FIRST, every=HALF)
    other.follow()
    place = half.copy(tmp_path / "p")
    exchanged(place, "store", other)
    assert place.start().end() == 2
    assert "of the log is another one than at" in place.said()
    assert main(["restore", "--accept", "a mistake", *config(place)]) == 0
    assert place.start().end() == 2
    assert "is another one than the memory includes" in place.said()


def test_a_log_that_lost_what_was_never_judged_is_refused(half: Place, tmp_path: Path) -> None:
    place = half.copy(tmp_path / "p")
    trim(place, "access")
    broker = Broker(place.folder / "data" / "log")
    earliest = broker.earliest("shoseki-access", 0)
    broker.commit({("shoseki-access", 0): earliest - 1})
    broker.close()
    assert place.start().end() == 2
    assert "never judged" in place.said()


# --- anchors ---------------------------------------------------------------------------------

HEAD = {"lane": "books", "partition": 0, "number": 1, "last_offset": 7, "link": "a" * 64}
THEN = 1_780_000_000_000


def entry(index: int, **facts: Any) -> Entry:
    """An entry that stands at an index and states one head."""
    head = list((HEAD | {"number": index + 1} | facts).values())
    return Entry(index, THEN + index, [head], (), f"note {index}")


def test_anchors_are_written_where_something_has_changed_and_a_torn_line_is_none(
    tmp_path: Path,
) -> None:
    anchors = Anchors(tmp_path / "anchors.jsonl")
    assert anchors.last() is None
    for index in (0, 0, 1):
        anchors.append(entry(index))
    with open(anchors.path, "ab") as file:
        file.write(b'{"at":"torn')
    assert [anchor.note for anchor in anchors.all()] == ["note 0", "note 1"]
    last = anchors.last()
    assert last is not None
    assert (last.index, last.note) == (1, "note 1")
    anchors.append(entry(2))
    assert [anchor.index for anchor in anchors.all()] == [0, 1, 2]
    assert anchors.path.stat().st_mode & 0o077 == 0


def test_an_accepted_loss_is_expected_no_longer_and_what_remained_is(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "anchors.jsonl")
    for index in (0, 1, 2):
        anchors.append(entry(index, link=f"{index + 1}" * 64))
    anchors.accept("now", [HEAD | {"number": 1, "link": "1" * 64}], "a fire", "block 3")
    anchors.append(entry(3, number=2, link="9" * 64))
    assert anchors.expected() == {("books", 0): {1: "1" * 64, 2: "9" * 64}}


def test_a_store_without_a_chain_that_was_anchored_does_not_verify(
    half: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, file = half.copy(tmp_path / "p"), tmp_path / "anchors.jsonl"
    argv = ["verify", place.settings.store, "--anchor", str(file)]
    Anchors(file).append(entry(0, partition=9))
    assert main(argv) == 1
    assert "the whole chain is gone" in capsys.readouterr().out
    file.unlink()
    Anchors(file).append(entry(0))
    assert main(argv) == 1
    assert "link is" in capsys.readouterr().out


def test_anchors_do_not_lie_where_they_would_be_set_back_too(
    half: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = half.copy(tmp_path / "p")
    place.config.write_text(
        f'anchor = "{place.folder}/data/anchors.jsonl"\n' + place.config.read_text()
    )
    assert main(["verify", *config(place)]) == 2
    assert "must not lie inside the data directory" in capsys.readouterr().err
