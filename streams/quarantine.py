"""Refused lines, sealed for whoever holds the private key: a file a day, for some thirty days.

A reject says where a line stood and why it is no event, never what it said.  Where a public key
is configured the lines themselves are kept here as well, outside store, ledger and packs, in
libsodium's sealed boxes: this machine can put lines in and cannot take them out.

DIRECTORY/2026-11-25.sealed   one box a line, in base64; a box holds lines refused together
"""

from __future__ import annotations

import binascii
import fcntl
import os
from base64 import b64encode
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, PublicKey, SealedBox

from controls.kernel import Refusal
from streams.keys import closed
from streams.metrics import METRICS
from streams.rejects import Refused

BOX = 1 << 20
"""Bytes of lines that are held in memory before they are sealed."""
SUFFIX = ".sealed"

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Refused]).decode


class Quarantine:
    """Takes refused lines in with `keep`; they are on the disk when `sync` has returned.

    Several processes may share the directory.  A day's file grows to `limit` bytes at most, so
    that a flood of rubbish costs the lines of one day; lines beyond that are counted and not
    kept.  `clock` gives milliseconds since the epoch.
    """

    def __init__(
        self, directory: Path, key: Path, *, days: int, limit: int, clock: Callable[[], int]
    ) -> None:
        self._directory, self._days, self._limit, self._clock = directory, days, limit, clock
        self._box = SealedBox(PublicKey(_key(key)))
        self._lines: list[Refused] = []
        self._held = 0
        self._boxes: list[tuple[int, bytes]] = []
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise _unusable(directory, error) from None
        closed(directory)

    def keep(self, refused: Refused) -> None:
        """Take a line in; an empty one says all in its reject."""
        if not refused.line:
            return
        self._lines.append(refused)
        self._held += len(refused.line)
        if self._held >= BOX:
            self._seal()

    def sync(self) -> None:
        """Everything that was kept is on the disk when this returns; Refusal if it cannot be."""
        self._seal()
        if not self._boxes:
            return
        path = self._directory / f"{self._today()}{SUFFIX}"
        try:
            self._append(path, self._boxes)
        except OSError as error:
            raise _unusable(path, error) from None
        self._boxes = []

    def purge(self) -> int:
        """Remove the files of days that are over `days` ago; how many went."""
        oldest = self._today() - timedelta(days=self._days)
        gone = [path for path, day in _files(self._directory) if day < oldest]
        for path in gone:
            path.unlink(missing_ok=True)  # another process may have been first
        return len(gone)

    def _seal(self) -> None:
        if self._lines:
            box = b64encode(self._box.encrypt(_pack(self._lines))) + b"\n"
            self._boxes.append((len(self._lines), box))
        self._lines, self._held = [], 0

    def _append(self, path: Path, boxes: list[tuple[int, bytes]]) -> None:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            size = os.fstat(handle).st_size
            # a writer that was killed midway spoils its own box and not the next one
            start = b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""
            room = self._limit - size
            fitting, counts = b"", {"kept": 0, "full": 0}
            for lines, box in boxes:
                fits = len(fitting) + len(box) <= room
                counts["kept" if fits else "full"] += lines
                fitting += box if fits else b""
            if fitting:
                _write(handle, start + fitting)
                os.fsync(handle)
            for result, lines in counts.items():
                METRICS.quarantined.labels(result).inc(lines)
        finally:
            os.close(handle)
        folder = os.open(self._directory, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock() / 1000, UTC).date()


class Opened:
    """The lines of a quarantine, for who has the private key; `damaged` counts unreadable boxes.

    Each line once, though it was read and refused again after a crash.
    """

    def __init__(self, directory: Path, key: Path) -> None:
        closed(key)
        self._directory, self._key = directory, key
        self._box = SealedBox(PrivateKey(_key(key)))
        self.damaged = 0

    def lines(self, day: date | None = None) -> Iterator[Refused]:
        """In order of arrival here, of all days or of one; Refusal where the key opens nothing."""
        known: set[tuple[str, int, str]] = set()
        boxes = 0
        for path, made in _files(self._directory):
            if day is not None and made != day:
                continue
            for line in path.read_bytes().splitlines():
                boxes += 1
                for refused in self._opened(line):
                    reject = refused.reject
                    place = reject.origin, reject.position, reject.digest
                    if reject.origin and place in known:
                        continue
                    known.add(place)
                    yield refused
        if boxes and self.damaged == boxes:
            raise Refusal(
                f"{self._key}: opens none of the {boxes} boxes in {self._directory}; give the "
                "private key that belongs to the public key they were sealed with"
            )

    def _opened(self, line: bytes) -> list[Refused]:
        try:
            return _unpack(self._box.decrypt(binascii.a2b_base64(line, strict_mode=True)))
        except (binascii.Error, CryptoError, msgspec.MsgspecError):
            self.damaged += 1  # said at the end by whoever reads
            return []


def make_keys(name: Path) -> tuple[Path, Path]:
    """Make NAME.key (private, mode 0600) and NAME.pub; Refusal where one of them is there."""
    private = PrivateKey.generate()
    made = []
    for suffix, mode, key in ((".key", 0o600, private), (".pub", 0o644, private.public_key)):
        path = name.with_name(name.name + suffix)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError:
            raise Refusal(
                f"{path}: is there already; a key is never written over, give another --out"
            ) from None
        except OSError as error:
            raise _unusable(path, error) from None
        with open(handle, "wb") as file:
            file.write(bytes(key).hex().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        made.append(path)
    return made[0], made[1]


def _key(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except OSError as error:
        raise Refusal(
            f"{path}: the key cannot be read ({error.strerror}); "
            "`shoseki rejects keygen` makes a pair"
        ) from None
    except ValueError:
        key = b""
    if len(key) != 32:
        raise Refusal(f"{path}: 64 hexadecimal digits are expected, as rejects keygen writes them")
    return key


def _files(directory: Path) -> list[tuple[Path, date]]:
    """The day files with their days, oldest first; other files are nobody's business here."""
    found = []
    for path in directory.glob(f"*{SUFFIX}"):
        try:
            found.append((path, date.fromisoformat(path.stem)))
        except ValueError:
            continue
    return sorted(found)


def _write(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _unusable(path: Path, error: OSError) -> Refusal:
    return Refusal(
        f"{path}: the quarantine cannot be written ({error.strerror}); free some space, make it "
        "writable for the user that runs shoseki or give another directory"
    )
