"""Writes an evidence pack, format 2: whatever it holds follows from the cut, the period, the key
and the parameters, so that the same ones give the same bytes."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import metadata, resources
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from controls.calendar import jst_day
from controls.catalogue import Catalogue
from streams.evidence import merkle, seal
from streams.evidence.log import Entry, read_checkpoint
from streams.evidence.note import Signer, signed
from streams.export import tables as made
from streams.export.cut import Evidence, Row
from streams.export.oscal import assessment_results
from streams.export.report import report
from streams.export.sample import Sampler, Samples, proofs
from streams.export.workbook import workbook
from streams.store import StoreError
from streams.store.columns import TABLES, names

FORMAT = "shoseki-pack/2"
MANIFEST, SIGNATURE = "00_manifest.json", "00_manifest.sig"
PLACE = ("lane", "partition", "block", "line", "retention")
"""What an auditor is told of an event besides its leaf hash."""
Said = Callable[[str], None]
_encode = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class Order:
    """What a pack is to hold and who vouches for it.

    `expired` tells for each retention class before which moment (ms) its rows may be gone;
    `described` the controls as plain JSON; `links` pairs of pseudonyms that are one reference, in
    the `years` whose keys could still tell them.
    """

    evidence: Evidence
    catalogue: Catalogue
    described: Mapping[str, Any]
    signers: Sequence[Signer]
    verifiers: Sequence[str]
    years: Sequence[int] = ()
    links: Sequence[tuple[str, str]] = ()
    expired: Mapping[str, int] = field(default_factory=dict)
    auditor: bool = False
    seed: str | None = None


def write_pack(order: Order, out: Path, say: Said = lambda text: None) -> dict[str, Any]:
    """Write the pack to `out` and return its manifest; it appears whole or not at all.

    Event rows are read in passes and never held.  Raises StoreError.
    """
    partial = out.with_name(f".{out.name}.partial")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as pack:
            manifest = _Writer(order, pack, say).write()
        with open(partial, "rb") as written:
            os.fsync(written.fileno())
        os.replace(partial, out)
    except OSError as error:
        raise StoreError(f"{out}: the pack cannot be written: {error.strerror}") from None
    finally:
        partial.unlink(missing_ok=True)
    return manifest


class _Writer:
    """One pack while it is written."""

    def __init__(self, order: Order, pack: zipfile.ZipFile, say: Said) -> None:
        self.order, self.evidence, self.pack, self.say = order, order.evidence, pack, say
        self.files: dict[str, dict[str, Any]] = {}

    def write(self) -> dict[str, Any]:
        order, evidence = self.order, self.evidence
        package = resources.files("streams")
        self.add("README.txt", package.joinpath("export/README.txt").read_bytes())
        self.add("verify.py", package.joinpath("evidence/verify.py").read_bytes())
        self.say("rows and samples")
        sampler = Sampler(evidence, order.catalogue, order.seed)
        self.lines("evidence/blocks.jsonl", evidence.blocks(), "ledger rows of the blocks")
        self.lines("evidence/events.jsonl", self.events(sampler), "events of those blocks")
        for kind in ("findings", "rejects"):
            self.lines(f"evidence/{kind}.jsonl", evidence.all(kind), f"{kind} of those blocks")
        samples = sampler.draw()
        self.lines("samples.jsonl", [samples.head, *samples.rows()], "see its first line")
        self.lines("evidence/proofs.jsonl", proofs(evidence, samples), "inclusion of the samples")
        self.say("tables")
        tables = made.tables(evidence, order.catalogue, order.links)
        for table in tables:
            self.stream(f"{table.name}.csv", made.csv(table), len(table.rows), table.query)
            self.stream(f"{table.name}.jsonl", made.jsonl(table), len(table.rows), table.query)
        self.say("workbook, report and OSCAL")
        self.documents(tables, samples)
        self.links()
        self.log()
        stated = {"fingerprint": order.catalogue.fingerprint, "years": list(order.years)}
        catalogue = stated | dict(order.described)
        self.document("catalogue.json", catalogue)
        return self.manifest()

    def events(self, sampler: Sampler) -> Iterator[Row]:
        """Event rows, each seen by the sampler; of an auditor's pack the hashes alone."""
        for row in self.evidence.all("events"):
            sampler.see(row)
            if self.order.auditor:
                leaf = merkle.leaves([_encode([row[name] for name in names(TABLES["events"])])])
                yield {name: row[name] for name in PLACE} | {"leaf": leaf[0].hex()}
            else:
                yield row

    def documents(self, tables: Sequence[made.Table], samples: Samples) -> None:
        evidence, catalogue = self.evidence, self.order.catalogue
        file = BytesIO()
        workbook(file, tables, evidence.cut.at)
        self.add("workbook.xlsx", file.getvalue())
        file = BytesIO()
        report(file, evidence, catalogue, tables, samples.controls, samples.seed)
        self.add("report.pdf", file.getvalue())
        self.document("oscal.json", assessment_results(evidence, catalogue, samples))

    def links(self) -> None:
        lines = [b"year,pseudonym,year,pseudonym\r\n"]
        for one, other in self.order.links:
            lines.append(f"{one[2:6]},{one},{other[2:6]},{other}\r\n".encode())
        self.stream("links.csv", lines, len(lines) - 1, "the same reference in two years")

    def log(self) -> None:
        """The entry of the cut with its proof, and the last checkpoint of each month before it."""
        cut, period = self.evidence.cut, self.evidence.period
        leaves: list[bytes] = []
        months: dict[str, Entry] = {}
        last: Entry | None = None
        for last in islice(self.evidence.store.log(), cut.size):
            leaves.append(last.leaf)
            if last.at in period and last.size < cut.size:
                months[f"{jst_day(last.at):%Y-%m}"] = last
        assert last is not None
        proof = [node.hex() for node in merkle.inclusion(last.index, leaves)]
        entry = {"index": last.index, "at": last.at, "heads": last.heads, "proof": proof}
        self.add("evidence/entry.json", _encode(entry) + b"\n")
        checkpoints = [
            {
                "size": each.size,
                "at": each.at,
                "note": each.note,
                "consistency": [node.hex() for node in merkle.consistency(each.size, leaves)],
            }
            for each in (*months.values(), last)
        ]
        self.lines("evidence/checkpoints.jsonl", checkpoints, "the last of each month, and the cut")
        keys = "".join(f"{verifier}\n" for verifier in self.order.verifiers)
        self.add("evidence/keys.txt", keys.encode())

    def manifest(self) -> dict[str, Any]:
        """The manifest, signed; the last of all."""
        order, evidence = self.order, self.evidence
        origin, size, root = read_checkpoint(evidence.cut.note)
        period = evidence.period
        manifest = {
            "format": FORMAT,
            "generator": f"shoseki {_version()}",
            "timezone": "Asia/Tokyo",
            "period": [f"{period.first}", f"{period.last}"],
            "auditor": order.auditor,
            "origin": origin,
            "cut": {"size": size, "at": evidence.cut.at, "root": root.hex()},
            "fingerprints": evidence.fingerprints,
            "files": self.files,
            "columns": msgspec.json.decode(seal.COLUMNS),
            "chains": [*self.chains()],
            "expired": dict(order.expired),
        }
        text = msgspec.json.format(_encode(manifest), indent=2) + b"\n"
        said = f"{FORMAT}\n{sha256(text).hexdigest()}\n{size}\n"
        self.member(MANIFEST, [text])
        self.member(SIGNATURE, [signed(said, order.signers).encode()])
        return manifest

    def chains(self) -> Iterator[Row]:
        """Where each chain of the cut begins and ends here; one that begins after its end had
        nothing to tell."""
        for (lane, partition), head in sorted(self.evidence.cut.heads.items()):
            end = {"number": head.number, "last_offset": head.last_offset, "link": head.link}
            first, previous = head.number + 1, head.link
            if (lane, partition) in self.evidence.chains:
                block, _ = self.evidence.chains[lane, partition]
                first, previous = block["number"], block["previous"]
            place = {"lane": lane, "partition": partition}
            yield place | {"first": first, "previous": previous} | end

    def add(self, name: str, content: bytes) -> None:
        self.files[name] = self.member(name, [content])

    def document(self, name: str, value: Any) -> None:
        self.add(name, msgspec.json.format(_encode(value), indent=2) + b"\n")

    def lines(self, name: str, rows: Iterable[Mapping[str, Any]], query: str) -> None:
        count = 0

        def encoded() -> Iterator[bytes]:
            nonlocal count
            for row in rows:
                count += 1
                yield _encode(row) + b"\n"

        self.stream(name, encoded(), 0, query)
        self.files[name]["rows"] = count

    def stream(self, name: str, content: Iterable[bytes], rows: int, query: str) -> None:
        self.files[name] = self.member(name, content) | {"query": query, "rows": rows}

    def member(self, name: str, content: Iterable[bytes]) -> dict[str, Any]:
        """Write a member and say what it is; nothing in it depends on when it is written."""
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr = 3, 0o100644 << 16
        digest, size, buffer = sha256(), 0, bytearray()
        with self.pack.open(info, "w", force_zip64=True) as file:
            for part in content:
                buffer += part
                if len(buffer) > 1 << 18:
                    digest.update(buffer)
                    size += file.write(buffer)
                    buffer = bytearray()
            digest.update(buffer)
            size += file.write(buffer)
        return {"bytes": size, "sha256": digest.hexdigest()}


def _version() -> str:
    try:
        return metadata.version("shoseki")
    except metadata.PackageNotFoundError:
        return "0"
