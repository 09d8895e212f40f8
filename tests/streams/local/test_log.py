"""The log of one partition: what it keeps, what it cuts, what it refuses."""

import errno
import logging
import os
import resource
import stat
from pathlib import Path

import pytest

from controls.kernel import Refusal
from streams.local import Entry, PartitionLog
from streams.local import compaction as compacting
from streams.local import log as logs


def values(log: PartitionLog, start: int = 0) -> list[bytes | None]:
    found, offset = [], start
    while records := log.read(offset):
        found += [record.value for record in records]
        offset = records[-1].offset + 1
    return found


def fill(log: PartitionLog, count: int, size: int = 10) -> None:
    for _ in range(count):
        log.append([Entry(b"%0*d" % (size, log.end), b"k")])


def tail_file(folder: Path) -> Path:
    return max(folder.glob("*.log"))


def test_a_record_comes_back_as_it_was_given(tmp_path: Path) -> None:
    log = PartitionLog(str(tmp_path), clock=lambda: 1_700_000_000_123)
    entries = [
        Entry(b"v", b"k", (("trace", b"1"), ("none", None), ("empty", b""), ("trace", b"2"))),
        Entry(None, b"", ()),
        Entry(b"", None, ()),
    ]
    log.append(entries)
    for each in (log, PartitionLog(str(tmp_path))):
        records = each.read(0)
        assert [(r.value, r.key, r.headers) for r in records] == [tuple(e) for e in entries]
        assert [r.offset for r in records] == [0, 1, 2]
        assert {r.timestamp for r in records} == {1_700_000_000_123}


def test_segments_are_named_by_their_first_offset_and_offsets_run_on(tmp_path: Path) -> None:
    log = PartitionLog(str(tmp_path), segment_bytes=200)
    fill(log, 50)
    assert len(log.segments) > 5
    assert [int(path.stem) for path in sorted(tmp_path.glob("*.log"))] == list(log.segments)
    again = PartitionLog(str(tmp_path), segment_bytes=200)
    assert values(again) == [b"%010d" % at for at in range(50)]
    assert [r.offset for r in again.read(17, 3)] == [17, 18, 19][: len(again.read(17, 3))]
    assert again.append([Entry(b"next")]).first == 50


def test_append_times_never_go_back(tmp_path: Path) -> None:
    times = iter([100, 90, 110, 50])
    log = PartitionLog(str(tmp_path), clock=lambda: next(times), segment_bytes=1)
    fill(log, 3)
    again = PartitionLog(str(tmp_path), clock=lambda: next(times), segment_bytes=1)
    fill(again, 1)
    assert [again.read(at, 1)[0].timestamp for at in range(4)] == [100, 100, 110, 110]


def test_a_read_gives_at_least_one_record_and_no_more_bytes_than_asked(tmp_path: Path) -> None:
    log = PartitionLog(str(tmp_path))
    fill(log, 10, size=1000)
    assert len(log.read(0, 10, 1)) == 1
    assert len(log.read(0, 10, 3500)) == 3
    assert len(log.read(0, 4)) == 4
    assert log.read(10) == []


def test_a_torn_tail_is_cut_wherever_it_tore(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    log = PartitionLog(str(tmp_path))
    fill(log, 3)
    path, whole = tail_file(tmp_path), os.path.getsize(tail_file(tmp_path))
    log.append([Entry(b"the last one", b"k", (("h", b"v"),))])
    data = path.read_bytes()
    for size in range(whole + 1, len(data)):
        path.write_bytes(data[:size])
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            again = PartitionLog(str(tmp_path))
        assert again.end == 3
        assert os.path.getsize(path) == whole
        assert f"at={whole} bytes={size - whole}" in caplog.text
    path.write_bytes(data[:whole] + b"\0" * 500)  # what a power cut may leave
    assert values(PartitionLog(str(tmp_path))) == [b"%010d" % at for at in range(3)]


def test_a_flipped_byte_in_the_last_record_cuts_it(tmp_path: Path) -> None:
    fill(PartitionLog(str(tmp_path)), 3)
    path = tail_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert PartitionLog(str(tmp_path)).end == 2


def test_damage_before_acknowledged_records_is_refused_not_cut(tmp_path: Path) -> None:
    fill(PartitionLog(str(tmp_path)), 5)
    path = tail_file(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 5 + 20] ^= 1
    path.write_bytes(data)
    with pytest.raises(Refusal, match="is damaged and whole ones follow it"):
        PartitionLog(str(tmp_path))
    assert path.read_bytes() == data


def test_damage_in_an_older_segment_is_refused_when_read(tmp_path: Path) -> None:
    fill(PartitionLog(str(tmp_path), segment_bytes=100), 10)
    path = min(tmp_path.glob("*.log"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    log = PartitionLog(str(tmp_path), segment_bytes=100)
    with pytest.raises(Refusal, match="does not match its checksum: restore this file"):
        values(log)


def test_a_full_disk_refuses_and_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    log = PartitionLog(str(tmp_path))
    fill(log, 20, size=1000)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(tail_file(tmp_path)) + 500, hard))
    try:
        with pytest.raises(Refusal, match=r"could not append \d+ bytes .*make room on the disk"):
            log.append([Entry(b"x" * 1000)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert log.end == 20
    assert log.append([Entry(b"after")]).first == 20
    assert values(PartitionLog(str(tmp_path))) == [b"%01000d" % at for at in range(20)] + [b"after"]


def test_after_a_sync_that_failed_nothing_more_is_acknowledged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = PartitionLog(str(tmp_path))
    fill(log, 2)

    def broken(fd: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        with pytest.raises(Refusal, match="did not confirm a write"):
            fill(log, 1)
    with pytest.raises(Refusal, match="check the disk and start again"):
        fill(log, 1)
    assert PartitionLog(str(tmp_path)).end == 2


def test_nothing_is_readable_before_it_is_synced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = PartitionLog(str(tmp_path)), PartitionLog(str(tmp_path))
    seen: list[tuple[int, bool, int]] = []
    real = os.fdatasync

    def watching(fd: int) -> None:
        seen.append((writer.end, reader.refresh(), reader.end))
        real(fd)

    monkeypatch.setattr(os, "fdatasync", watching)
    fill(writer, 1)
    assert seen == [(0, True, 0)]  # more is coming, but not there yet
    assert reader.refresh()
    assert reader.end == 1


def test_two_handles_append_in_turn_without_a_gap(tmp_path: Path) -> None:
    one = PartitionLog(str(tmp_path), segment_bytes=150)
    two = PartitionLog(str(tmp_path), segment_bytes=150)
    for _ in range(20):
        assert two.append([Entry(b"b")]).first == one.append([Entry(b"a")]).first - 1
    two.refresh()
    assert values(two) == values(one) == [b"b", b"a"] * 20


def test_retention_drops_whole_old_segments_below_the_offset_only(tmp_path: Path) -> None:
    now = iter(range(0, 1000, 10))
    log = PartitionLog(str(tmp_path), segment_bytes=1, clock=lambda: next(now))
    other = PartitionLog(str(tmp_path), segment_bytes=1)
    fill(log, 10)
    assert log.drop(before=1000, below=3) == 3
    assert log.earliest == 3
    assert log.drop(before=60, below=100) == 3
    assert [r.offset for r in log.read(0)] == [6]
    assert log.drop(before=10**12, below=100) == 3  # the newest stays
    assert (log.earliest, log.end) == (9, 10)
    other.refresh()
    assert other.read(0)[0].offset == 9
    assert PartitionLog(str(tmp_path)).append([Entry(b"x")]).first == 10


def test_compaction_keeps_the_last_of_each_key_at_its_offset(tmp_path: Path) -> None:
    log = PartitionLog(str(tmp_path), segment_bytes=300)
    for at in range(40):
        log.append([Entry(b"%d" % at, b"key%d" % (at % 3))])
    log.append([Entry(None, b"key1"), Entry(b"no key"), Entry(None, b"key2")])
    before = log.read(42)[0]
    assert log.compact() == 40
    kept = [(r.offset, r.key, r.value) for r in log.read(0)]
    assert kept == [(39, b"key0", b"39"), (41, None, b"no key"), (42, b"key2", None)]
    assert log.read(42)[0] == before
    assert log.compact() == 0
    assert (log.earliest, log.end) == (39, 43)
    again = PartitionLog(str(tmp_path), segment_bytes=300)
    assert again.append([Entry(b"on")]).first == 43


def test_a_handle_from_before_a_compaction_goes_on_in_the_new_file(tmp_path: Path) -> None:
    log, other = PartitionLog(str(tmp_path)), PartitionLog(str(tmp_path))
    fill(log, 10)
    other.refresh()
    log.compact()
    assert other.append([Entry(b"other", b"o")]).first == 10
    log.refresh()
    assert values(log) == values(other) == [b"0000000009", b"other"]


@pytest.mark.parametrize("stop", ["before the old segments go", "after they went"])
def test_a_compaction_that_was_killed_is_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    log = PartitionLog(str(tmp_path), segment_bytes=100)
    other = PartitionLog(str(tmp_path), segment_bytes=100)
    fill(log, 10)

    def killed(folder: str) -> None:
        if stop == "after they went":
            for path in tmp_path.glob("*.log"):
                path.unlink()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(compacting, "finish", killed)
        with pytest.raises(KeyboardInterrupt):
            log.compact()
    assert other.append([Entry(b"next", b"n")]).first == 10
    assert values(PartitionLog(str(tmp_path))) == [b"0000000009", b"next"]


def test_files_belong_to_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        fill(PartitionLog(str(tmp_path), segment_bytes=100), 10)
    finally:
        os.umask(old)
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}


def test_an_append_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LARGEST", 1000)
    log = PartitionLog(str(tmp_path))
    with pytest.raises(Refusal, match="at most 1000: send less"):
        log.append([Entry(b"x" * 2000)])
    assert log.end == 0
