"""A copy of an installation, and an installation from a copy.

A backup is a directory: `store/` the rows of all chains as Arrow files, up to the heads that
`manifest.json` names; `log/`, where the log is embedded, its segments and what was committed;
and in the manifest the digest of every file.  It is written under another name and gets its own
when it is whole and on the disk.  Keys are never in it: evidence and the keys that lead back to
persons must not travel together.

Nothing in it is newer than what follows from it: commits, then changelogs, then lanes, and the
store, which no block enters meanwhile.  So a restored installation is one that was killed, and
goes on like one.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from controls.kernel import Refusal
from streams.evidence.anchor import ends
from streams.evidence.verify import Report, verify
from streams.local.broker import folder
from streams.local.segment import sync_folder
from streams.store.columns import EVERY, TABLES
from streams.store.sql import SCHEMAS

if TYPE_CHECKING:
    from streams.local import Broker
    from streams.store.clickhouse import ClickHouse

FORMAT = "shoseki-backup/1"
MANIFEST = "manifest.json"
CHUNK = 1 << 20


def back_up(store: ClickHouse, broker: Broker | None, out: Path, at: str) -> dict[str, Any]:
    """Write a backup of the store, and of the log where it is embedded; return its manifest."""
    if out.exists():
        raise Refusal(f"{out}: exists already; a backup overwrites nothing: give another name")
    draft = out.with_name(f".{out.name}.partial")
    with _told(out):
        shutil.rmtree(draft, ignore_errors=True)
        folder(str(draft))
        try:
            files = dict(_log(broker, draft)) if broker is not None else {}
            last = store.last_entry()  # read before the heads: it states nothing that is not there
            heads = ends(store.heads())
            files |= dict(_store(store, heads, last.size if last else 0, draft))
            manifest = {
                "format": FORMAT,
                "at": at,
                "log": broker is not None,
                "heads": heads,
                "files": files,
            }
            text = json.dumps(manifest, ensure_ascii=False, indent=2).encode()
            _write(draft / MANIFEST, [text + b"\n"])
            _sync_all(draft)
            os.rename(draft, out)
            sync_folder(str(out.absolute().parent))
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    return manifest


def read_manifest(backup: Path) -> dict[str, Any]:
    """The manifest of a backup, all of whose files are as it says; else Refusal."""
    try:
        manifest = json.loads((backup / MANIFEST).read_bytes())
    except OSError as error:
        raise Refusal(f"{backup}: no backup ({error.strerror}: {MANIFEST})") from None
    except ValueError:
        raise Refusal(f"{backup}: {MANIFEST} cannot be read; take another backup") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise Refusal(f"{backup}: {MANIFEST} does not say format {FORMAT!r}")
    with _told(backup):
        there = {
            str(file.relative_to(backup)) for file in backup.rglob("*") if not file.is_dir()
        } - {MANIFEST}
        if odd := sorted(there ^ set(manifest["files"])):
            raise Refusal(f"{backup}: {odd[0]} is missing or too many; take another backup")
        for name, said in manifest["files"].items():
            digest = sha256()
            with open(backup / name, "rb") as file:
                while chunk := file.read(CHUNK):
                    digest.update(chunk)
            if digest.hexdigest() != said["sha256"]:
                raise Refusal(f"{backup}: {name} is damaged (its digest differs); take another")
    return manifest


def fill(store: ClickHouse, backup: Path, manifest: Mapping[str, Any]) -> Report:
    """Load the rows of a backup into an empty store, ledger last, and verify every chain.

    The report's fault says what does not hold; the heads must be those of the manifest.
    """
    if not store.empty():
        raise Refusal("store: is not empty; restore into a new one")
    for table in EVERY:
        for name in sorted(n for n in manifest["files"] if n.startswith(f"store/{table}-")):
            with pa.OSFile(str(backup / name)) as file, pa.ipc.open_file(file) as rows:
                for at in range(rows.num_record_batches):
                    batch = pa.Table.from_batches([rows.get_batch(at)])
                    store.load(table, batch, f"restore/{name}/{at}")
    anchored: dict[tuple[str, int], dict[int, str]] = {}
    for head in manifest["heads"]:
        anchored[head["lane"], head["partition"]] = {head["number"]: head["link"]}
    return verify(store, pending=False, anchored=anchored)


def copy_log(backup: Path, manifest: Mapping[str, Any], to: Path) -> None:
    """Put the embedded log of a backup into a directory, on the disk when this returns."""
    with _told(to):
        for name in manifest["files"]:
            if name.startswith("log/"):
                target = to / name.removeprefix("log/")
                with open(backup / name, "rb") as file:
                    _write(target, iter(lambda: file.read(CHUNK), b""))
        _sync_all(to)


def _log(broker: Broker, draft: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, size in broker.files():
        name = f"log/{path}"
        with open(os.path.join(broker.path, path), "rb") as file:
            yield name, _write(draft / name, _portions(file.read, size))


def _portions(read: Callable[[int], bytes], size: int) -> Iterator[bytes]:
    while size and (chunk := read(min(size, CHUNK))):
        size -= len(chunk)
        yield chunk


def _store(
    store: ClickHouse, heads: list[dict[str, Any]], entries: int, draft: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    (draft / "store").mkdir(mode=0o700)
    for table in TABLES:
        for head in heads:
            place = head["lane"], head["partition"]
            name = f"store/{table}-{place[0]}-{place[1]}.arrow"
            rows = store.export(table, *place, head["last_offset"])
            yield name, _arrow(draft / name, table, rows)
    yield "store/log-.arrow", _arrow(draft / "store/log-.arrow", "log", store.export_log(entries))


def _arrow(path: Path, table: str, portions: Iterator[pa.Table]) -> dict[str, Any]:
    """Write rows as an Arrow file, and say what it is."""
    options = pa.ipc.IpcWriteOptions(compression="zstd")
    rows = 0
    with (
        _created(path) as file,
        pa.ipc.new_file(file, SCHEMAS[table], options=options) as writer,
    ):
        for some in portions:
            writer.write_table(some)
            rows += some.num_rows
    return _digest(path) | {"rows": rows}


def _write(path: Path, portions: Iterator[bytes] | list[bytes]) -> dict[str, Any]:
    """Write a file, sync it, and say what it is."""
    folder(str(path.parent))
    digest, size = sha256(), 0
    with _created(path) as file:
        for portion in portions:
            digest.update(portion)
            size += file.write(portion)
        file.flush()
        os.fsync(file.fileno())
    return {"bytes": size, "sha256": digest.hexdigest()}


def _created(path: Path) -> IO[bytes]:
    """A new file for the owner alone."""
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _digest(path: Path) -> dict[str, Any]:
    """What a written file is, once it is on the disk."""
    digest = sha256()
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _sync_all(top: Path) -> None:
    for each, _, _ in os.walk(top):
        sync_folder(each)


@contextmanager
def _told(place: Path) -> Iterator[None]:
    """What the disk refuses, as ours."""
    try:
        yield
    except OSError as error:
        raise Refusal(
            f"{error.filename or place}: {error.strerror}; make room or give another directory"
        ) from None
