"""Reads an evidence pack for verification; like `verify`, it shares no code with writing.

A pack comes from elsewhere: what is too large, too dense or not what it says is refused before
it is read.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import IO, Any, cast

from streams.evidence.verify import Fault, Report, Row, Unreadable, verify

FORMAT = "shoseki-pack/1"
FILES = {"events": "events.jsonl", "findings": "findings.jsonl", "rejects": "rejects.jsonl"}
BLOCKS, CATALOGUE, MANIFEST = "blocks.jsonl", "catalogue.json", "manifest.json"
MEMBERS = frozenset({*FILES.values(), BLOCKS, CATALOGUE, MANIFEST})

LONGEST_LINE = 8 << 20
"""Bytes; an event line has at most 1 MiB, a packed row at most a few times that."""
LARGEST_DOCUMENT = 64 << 20
"""Bytes of the catalogue or the manifest."""
DENSEST = 200
"""Times that a member may grow when it is unpacked; real ones grow 3 to 20 times."""
LARGEST = 1 << 38
"""Bytes of all members together."""


class NotAPack(Exception):
    """The file is no pack that we would read; the message says why."""


class Pack:
    """An open pack, as the `Rows` that `verify` walks through."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = open(path, "rb")  # noqa: SIM115
        except OSError as error:
            raise NotAPack(f"{path}: cannot be opened ({error.strerror})") from None
        self._path = path
        try:
            self._zip = zipfile.ZipFile(self._file)
            self._guard()
            self.manifest: dict[str, Any] = self._document(MANIFEST)
            if self.manifest.get("format") != FORMAT:
                raise NotAPack(f"{path}: {MANIFEST} does not say format {FORMAT!r}")
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            self.close()
            raise NotAPack(f"{path}: not a readable zip file ({error})") from None
        except BaseException:
            self.close()
            raise
        self._files = {table: _File(self._zip, name) for table, name in FILES.items()}

    def close(self) -> None:
        """Close the file, members still being read included."""
        self._file.close()

    def _guard(self) -> None:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if len(set(names)) != len(names) or set(names) != MEMBERS:
            odd = sorted(set(names) ^ MEMBERS) or sorted({n for n in names if names.count(n) > 1})
            raise NotAPack(
                f"{self._path}: holds other files than a pack does: {', '.join(odd)[:200]}"
            )
        for info in infos:
            limit = max(info.compress_size * DENSEST, 1 << 20)
            if info.flag_bits & 1:
                raise NotAPack(f"{self._path}: {info.filename} is encrypted")
            if info.file_size > limit:
                raise NotAPack(
                    f"{self._path}: {info.filename} would grow from {info.compress_size:,} to "
                    f"{info.file_size:,} bytes; no pack does"
                )
        if sum(info.file_size for info in infos) > LARGEST:
            raise NotAPack(f"{self._path}: more than {LARGEST:,} bytes when unpacked")

    def _document(self, name: str) -> dict[str, Any]:
        if self._zip.getinfo(name).file_size > LARGEST_DOCUMENT:
            raise NotAPack(f"{self._path}: {name} has more than {LARGEST_DOCUMENT:,} bytes")
        try:
            document = _object(self._zip.read(name))
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RecursionError):
            raise NotAPack(f"{self._path}: {name} cannot be read") from None
        return document

    def blocks(self) -> Iterator[Row]:
        return _File(self._zip, BLOCKS).rest()

    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]:
        return self._files[table].of((lane, partition))

    def starts(self) -> dict[tuple[str, int], tuple[int, str]]:
        """Where each chain of the pack begins, as the manifest says."""
        return {
            (chain["lane"], chain["partition"]): (chain["first"], chain["previous"])
            for chain in self.manifest["chains"]
        }

    def differs(self, report: Report) -> str | None:
        """What else does not hold once every block does: the ends, the files, the rest."""
        for table, file in self._files.items():
            if next(file.rest(), None) is not None:
                return f"{FILES[table]}: rows of a partition without blocks"
        for key in ("lane", "partition", "first", "number", "last_offset", "link"):
            stated = [chain[key] for chain in self.manifest["chains"]]
            if stated != [head[key] for head in report.heads]:
                return f"{MANIFEST}: the chains end elsewhere ({key} differs)"
        for name, said in self.manifest["files"].items():
            digest, lines = sha256(), 0
            with self._zip.open(name) as member:
                while chunk := member.read(1 << 18):
                    digest.update(chunk)
                    lines += chunk.count(b"\n")
            if digest.hexdigest() != said["sha256"]:
                return f"{name}: the file is not the one that {MANIFEST} names"
            if said.get("rows", lines) != lines:
                return f"{name}: {lines} rows, {MANIFEST} says {said['rows']}"
        if set(self.manifest["files"]) != MEMBERS - {MANIFEST}:
            return f"{MANIFEST}: does not name every file"
        return None


def verify_pack(path: Path, expired: Mapping[str, int] | None = None) -> Report:
    """Verify a pack; raises NotAPack for a file that is none."""
    pack = Pack(path)
    try:
        report = verify(pack, pack.starts(), expired, pending=False)
        if report.fault is None and (what := pack.differs(report)) is not None:
            report.fault = Fault("pack", 0, 0, what)
        return report
    except Unreadable as unreadable:
        report.fault = Fault("pack", 0, 0, str(unreadable))
        return report
    except (KeyError, TypeError, AttributeError):
        raise NotAPack(f"{path}: {MANIFEST} lacks what a pack's manifest says") from None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise NotAPack(f"{path}: a file in it is damaged") from None
    finally:
        pack.close()


class _File:
    """The rows of one member, read forward only."""

    def __init__(self, pack: zipfile.ZipFile, name: str) -> None:
        self._pack, self._name = pack, name
        self._lines: Iterator[Row] | None = None
        self._next: Row | None = None

    def _peek(self) -> Row | None:
        if self._lines is None:
            self._lines = self._read()
            self._next = next(self._lines, None)
        return self._next

    def _step(self) -> None:
        assert self._lines is not None
        self._next = next(self._lines, None)

    def rest(self) -> Iterator[Row]:
        while (row := self._peek()) is not None:
            yield row
            self._step()

    def of(self, key: tuple[str, int]) -> Iterator[Row]:
        while (row := self._peek()) is not None:
            try:
                place = (row["lane"], row["partition"])
                if place < key:
                    raise Unreadable(f"{self._name}: a row of {place[0]}/{place[1]} out of order")
            except (KeyError, TypeError):
                raise Unreadable(f"{self._name}: a row does not say where it belongs") from None
            if place != key:
                return
            yield row
            self._step()

    def _read(self) -> Iterator[Row]:
        number = 0
        try:
            with io.BufferedReader(_raw(self._pack, self._name), 1 << 18) as file:
                while line := self._line(file, number + 1):
                    number += 1
                    yield _object(line)
        except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RecursionError):
            raise Unreadable(f"{self._name}: line {number + 1} cannot be read") from None

    def _line(self, file: IO[bytes], number: int) -> bytes:
        line = file.readline(LONGEST_LINE + 1)
        if len(line) > LONGEST_LINE:
            raise Unreadable(f"{self._name}: line {number} has more than {LONGEST_LINE:,} bytes")
        return line


def _raw(pack: zipfile.ZipFile, name: str) -> io.RawIOBase:
    return cast(io.RawIOBase, pack.open(name))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name twice")
    return found


_decode = json.JSONDecoder(object_pairs_hook=_once).decode


def _object(text: bytes) -> dict[str, Any]:
    """One JSON object in which no name comes twice."""
    value = _decode(text.decode())
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value
