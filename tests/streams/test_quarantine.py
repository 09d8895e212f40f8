"""Refused lines under a seal: who has only the machine cannot read them, who has the key can."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from controls.kernel import DAY, Refusal
from streams import settings as configuration
from streams import wiring
from streams.metrics import METRICS
from streams.quarantine import BOX, Opened, Quarantine, make_keys
from streams.rejects import Refused, Reject

NOON = 1_795_600_800_000
"""2026-11-25, noon in UTC."""


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    return make_keys(tmp_path / "rejects")


class Clock:
    now = NOON

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quarantine(tmp_path: Path, keys: tuple[Path, Path], clock: Clock) -> Quarantine:
    return Quarantine(tmp_path / "sealed", keys[1], days=30, limit=64 << 20, clock=clock)


def refused(position: int, line: bytes = b"secret of \xff sato", origin: str = "raw/0") -> Refused:
    reject = Reject(position, "line: UTF-8 is expected", "web", f"{position:064x}", origin)
    return Refused(reject, line, f"{origin}/{position}", NOON, "nginx", "/etc/web.toml")


def lines(folder: Path, private: Path) -> list[Refused]:
    return list(Opened(folder, private).lines())


def test_what_is_kept_comes_back_whole(
    quarantine: Quarantine, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    kept = [refused(at, b"%d \x00 \n sato" % at) for at in range(5)]
    for line in kept[:3]:
        quarantine.keep(line)
    quarantine.sync()
    for line in kept[3:]:
        quarantine.keep(line)
    quarantine.sync()
    assert lines(tmp_path / "sealed", keys[0]) == kept


def test_nothing_of_it_can_be_read_without_the_private_key(
    quarantine: Quarantine, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    quarantine.keep(refused(1))
    quarantine.sync()
    (file,) = (tmp_path / "sealed").iterdir()
    for word in (b"sato", b"UTF-8", b"raw/0", b"nginx"):
        assert word not in file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    other, _ = make_keys(tmp_path / "other")
    with pytest.raises(Refusal, match="opens none of the 1 boxes"):
        lines(tmp_path / "sealed", other)


def test_nothing_is_written_before_sync_and_nothing_for_an_empty_line(
    quarantine: Quarantine, tmp_path: Path
) -> None:
    quarantine.keep(refused(1, b""))
    quarantine.sync()
    quarantine.keep(refused(2))
    assert not list((tmp_path / "sealed").iterdir())


def test_memory_holds_no_more_than_a_box(quarantine: Quarantine) -> None:
    for at in range(40):
        quarantine.keep(refused(at, os.urandom(BOX // 10)))
    assert quarantine._held < BOX
    assert len(quarantine._lines) < 10


def test_what_is_on_the_disk_is_there_when_sync_returns(
    quarantine: Quarantine, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (synced.append(handle), fsync(handle)))
    quarantine.keep(refused(1))
    quarantine.sync()
    assert len(synced) == 2  # the file, and the directory that names it


def test_a_writer_that_was_cut_off_spoils_its_own_box_only(
    quarantine: Quarantine, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    for at in (1, 2):
        quarantine.keep(refused(at))
        quarantine.sync()
    (file,) = (tmp_path / "sealed").iterdir()
    os.truncate(file, file.stat().st_size - 30)
    quarantine.keep(refused(3))
    quarantine.sync()
    opened = Opened(tmp_path / "sealed", keys[0])
    assert [line.reject.position for line in opened.lines()] == [1, 3]
    assert opened.damaged == 1


def test_a_line_that_was_refused_again_after_a_crash_is_one_line(
    quarantine: Quarantine, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    for line in (refused(1), refused(1), refused(2), refused(1, origin="raw/1")):
        quarantine.keep(line)
    quarantine.sync()
    assert len(lines(tmp_path / "sealed", keys[0])) == 3


def test_a_flood_costs_the_lines_of_one_day(
    keys: tuple[Path, Path], clock: Clock, tmp_path: Path
) -> None:
    small = Quarantine(tmp_path / "sealed", keys[1], days=30, limit=5_000, clock=clock)
    before = METRICS.quarantined.labels("full")._value.get()
    for at in range(100):
        small.keep(refused(at, os.urandom(1_000)))
        small.sync()
    clock.now += DAY
    small.keep(refused(100))
    small.sync()
    files = sorted((tmp_path / "sealed").iterdir())
    assert [file.name for file in files] == ["2026-11-25.sealed", "2026-11-26.sealed"]
    assert files[0].stat().st_size <= 5_000
    kept = [line.reject.position for line in lines(tmp_path / "sealed", keys[0])]
    assert kept == [0, 1, 100]
    assert METRICS.quarantined.labels("full")._value.get() - before == 98


def test_days_beyond_their_time_are_purged(
    quarantine: Quarantine, clock: Clock, tmp_path: Path
) -> None:
    (tmp_path / "sealed" / "notes.sealed").write_text("not ours")
    for _ in range(4):
        quarantine.keep(refused(1))
        quarantine.sync()
        clock.now += DAY
    clock.now = NOON + 31 * DAY
    assert quarantine.purge() == 1
    assert sorted(file.name for file in (tmp_path / "sealed").iterdir()) == [
        "2026-11-26.sealed", "2026-11-27.sealed", "2026-11-28.sealed", "notes.sealed"
    ]  # fmt: skip


def test_keys_are_never_written_over(keys: tuple[Path, Path], tmp_path: Path) -> None:
    private, public = keys
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    before = private.read_bytes(), public.read_bytes()
    with pytest.raises(Refusal, match="never written over"):
        make_keys(tmp_path / "rejects")
    assert (private.read_bytes(), public.read_bytes()) == before


def test_a_private_key_that_others_may_read_is_refused(
    keys: tuple[Path, Path], tmp_path: Path
) -> None:
    keys[0].chmod(0o644)
    with pytest.raises(Refusal, match="others may reach it"):
        Opened(tmp_path, keys[0])


def test_a_quarantine_among_the_evidence_is_refused(
    keys: tuple[Path, Path], tmp_path: Path
) -> None:
    config = tmp_path / "shoseki.toml"
    config.write_text(
        f'data = "{tmp_path}/data"\n'
        f'[quarantine]\nkey = "{keys[1]}"\ndirectory = "{tmp_path}/data/sealed"\n'
    )
    with pytest.raises(Refusal, match="must not lie inside the data directory"):
        wiring.open_quarantine(configuration.load(config))


def test_a_full_disk_is_said_and_nothing_is_dropped(
    quarantine: Quarantine, keys: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    quarantine.keep(refused(1))
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", full)
        with pytest.raises(Refusal, match="No space left"):
            quarantine.sync()
    quarantine.sync()
    assert len(lines(tmp_path / "sealed", keys[0])) == 1
