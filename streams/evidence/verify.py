"""Verifies evidence: a pack (.zip, or the folder it was unpacked to) or a store.  証跡を検証する。

    python3 verify.py [PACK.zip | FOLDER] [--lang ja|en] [--key VERIFIER-KEY]...

Exit code 0: it holds 成立, 1: it does not 不成立, 2: it cannot be read 読めない.  Needs nothing but
Python 3.9; shares no code with what writes.  Trees are those of RFC 6962, over compact JSON arrays:
the rows of a class in a block, by line (its sub-root); a block's [class, rows, sub-root]; the log's
entries [ms, [[lane, partition, number, last_offset, link], ...]], which say where all chains end.
A link is SHA-256(previous link | ledger row but its link), checkpoints are C2SP tlog-checkpoints.
Ed25519 (RFC 8032) is checked without cofactor, [S]B = R + [k]A, as strictly as libsodium does:
refused are a public key or R that is not canonical or of low order, and S >= L.
To be read in one sitting: what is short stands close together."""
# fmt: off
from __future__ import annotations  # noqa: I001
import argparse, base64, contextlib, dataclasses, io, json, os, re, sys, time, zipfile  # noqa: E401
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import sha256, sha512
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Protocol, cast
FORMAT, MANIFEST, SIGNATURE = "shoseki-pack/2", "00_manifest.json", "00_manifest.sig"
TABLES = {"events": "evaluated", "findings": "findings", "rejects": "rejected"}
END = ("lane", "partition", "number", "last_offset", "link")
NAME = re.compile(r"(\w[\w.-]*/)*\w[\w.-]*", re.ASCII)
LONGEST, LARGEST = 8 << 20, 1 << 38  # bytes of a line or a document, of all files together
DENSEST = 200  # times that a file may grow when it is unpacked; real ones grow 3 to 20 times
P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Row = dict[str, Any]
Samples = dict[tuple[str, int, int], list[Row]]  # proofs of rows by chain and number of the block
class Unsound(Exception):
    """Something does not hold; the message says what."""
class NotAPack(Exception):
    """The file is no pack that we would read; the message says why."""
ODD = (Unsound, LookupError, TypeError, ValueError, RuntimeError, ArithmeticError, AttributeError)
class Rows(Protocol):
    """What is verified, in order: the ledger's rows, and the rows of a chain in one table."""
    def blocks(self) -> Iterator[Row]: ...
    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]: ...

@dataclasses.dataclass(frozen=True)
class Fault:
    """The first block that does not hold, and what about it differs; a file has no lane."""
    lane: str
    partition: int
    number: int
    what: str
    def __str__(self) -> str:
        return (self.lane and f"block {self.number} of {self.lane}/{self.partition}: ") + self.what
@dataclasses.dataclass
class Report:
    """What was verified; `fault` is None when everything holds."""
    blocks: int = 0
    rows: int = 0
    pending: int = 0  # rows after the end of a chain, of one block that was not sealed yet
    expired: int = 0  # rows that retention let go; `classes`: by their class
    classes: dict[str, int] = dataclasses.field(default_factory=dict)
    heads: list[Row] = dataclasses.field(default_factory=list)
    fault: Fault | None = None
    checkpoint: Row | None = None  # of a pack: {origin, size, at, root, keys, log}

def verify(source: Rows, starts: Mapping[tuple[str, int], tuple[int, str]] | None = None,
           expired: Mapping[str, int] | None = None, pending: bool = True,
           anchored: Mapping[tuple[str, int], Mapping[int, str]] | None = None,
           samples: Samples | None = None, hashed: bool = False) -> Report:
    """Recompute everything; stop at the first block that does not hold.
    `starts`: number and previous link of the first block of chains that do not begin at 1.
    `expired`: the moment (ms) by class before which rows may be gone, all of a block's or none.
    `pending`: rows after the end of a chain are no fault.  `anchored`: links by number that must be
    there.  `samples`: proofs, taken out once checked.  `hashed`: an event is but its leaf's hash.
    """
    report, key, block = Report(), ("?", 0), Row()
    left = {chain: dict(links) for chain, links in (anchored or {}).items() if links}
    try:
        for key, blocks in groupby(source.blocks(), itemgetter("lane", "partition")):
            tables = {name: _Groups(name, source.rows(name, *key), "block") for name in TABLES}
            first, link = (starts or {}).get(key, (1, ""))
            links, end, late = left.pop(key, {}), -1, set()
            for number, block in enumerate(blocks, first):
                begin = block["first_offset"]
                _same("number", block["number"], number)
                _same("previous link", block["previous"], link)
                _same("first_offset", begin, end + 1 if number > first else begin)
                _need(begin <= block["last_offset"], "it ends before it begins")
                proofs = samples.pop((*key, number), []) if samples else []
                _block(block, tables, report, expired or {}, proofs, hashed)
                link, end = block["link"], block["last_offset"]
                _same("link", link, links.pop(number, link))
            for table in tables.values():
                while table.next is not None:
                    late.add(table.next[0])
                    report.pending += sum(1 for _ in table.of(table.next[0]))
            fine = len(late) <= pending and min(late, default=end + 1) > end
            _need(fine, f"a row of block offset {min(late, default=0)} belongs nowhere")
            _need(not links, f"the chain ends here; block {min(links, default=0)} is anchored")
            report.heads.append({"lane": key[0], "partition": key[1], "first": first,
                                 "number": number, "last_offset": end, "link": link})
        for key, links in sorted(left.items()):  # noqa: B007
            block = {"number": min(links)}
            raise Unsound("anchored, and the whole chain is gone")
    except ODD as odd:
        at = block.get("number")
        report.fault = Fault(str(key[0]), key[1], at if isinstance(at, int) else 0, _said(odd))
    return report

def _block(block: Row, tables: Mapping[str, _Groups], report: Report, expired: Mapping[str, int],
           proofs: list[Row], hashed: bool) -> None:
    """Everything that must hold of one block by itself."""
    columns, stated = _decode(block["columns"]), _decode(block["classes"])
    leaves: dict[str, list[tuple[str, int, bytes]]] = {}
    counts = dict.fromkeys(TABLES, 0)
    for table in TABLES:
        values, bare, line = itemgetter(*columns[table]), hashed and table == "events", -1
        for row in tables[table].of(block["last_offset"]):
            _need(line < (line := row["line"]), f"{table}: line {line} is not where it belongs")
            leaf = _hash(row["leaf"]) if bare else _leaf(_compact(values(row)))
            name = row["retention"] if table == "events" else table[:-1]
            leaves.setdefault(name, []).append((table, line, leaf))
            counts[table] += 1
    found: Row = {name: [len(of), _tree(x[2] for x in of).hex()] for name, of in leaves.items()}
    for name, rows, top in stated:
        if name not in found:
            gone = block["recorded_at"] < expired.get(name, 0)
            _need(gone, f"its {rows} rows of class {name} are missing")
            found[name] = [rows, top]
            counts[f"{name}s" if f"{name}s" in TABLES else "events"] += rows
            report.expired += rows
            report.classes[name] = report.classes.get(name, 0) + rows
        _need(found[name] == [rows, top], f"a row of class {name} was changed, added or removed")
    tops = [[name, *found[name]] for name in sorted(found)]
    ledger = _compact([block[name] for name in columns["ledger"] if name != "link"])
    for name, value in {
        "classes": _compact(tops).decode(), "root": _tree(_leaf(_compact(t)) for t in tops).hex(),
        **{column: counts[table] for table, column in TABLES.items()},
        "received": counts["events"] + counts["rejects"] + block["duplicates"],
        "link": sha256(bytes.fromhex(block["previous"]) + ledger).hexdigest(),
    }.items():
        _same(name, block[name], value)
    for proof in proofs:
        name, index, place = proof["class"], proof["index"], (proof["table"], proof["line"])
        (size, top), leaf = found.get(name, (0, "")), _hash(proof["leaf"])
        holds = _climb(index, size, leaf, [*map(_hash, proof["proof"])])[1].hex() == top
        holds = holds and (name not in leaves or leaves[name][index] == (*place, leaf))
        _need(holds and proof["size"] == size, f"the proof of sample {proof['sample']} fails")
    report.blocks += 1
    report.rows += sum(counts.values())

class _Groups:
    """Rows that come group by group in ascending order of a key, taken one group at a time."""
    def __init__(self, name: str, rows: Iterator[Row], *key: str) -> None:
        self.name, self.groups = name, groupby(rows, itemgetter(*key))
        self.next: tuple[Any, Iterator[Row]] | None = next(self.groups, None)
    def of(self, key: Any) -> Iterator[Row]:
        """The rows of this group, if there are any; those of one before it belong nowhere."""
        while self.next is not None and self.next[0] <= key:
            _need(self.next[0] == key, f"{self.name}: a row of {self.next[0]} belongs nowhere")
            yield from self.next[1]
            self.next = next(self.groups, None)
def _need(holds: object, what: str) -> None:
    if not holds:
        raise Unsound(what)
def _same(what: str, found: object, expected: object) -> None:
    alike = type(found) is type(expected) and found == expected
    _need(alike, f"{what} is {found!r}, expected {expected!r}")
def _said(odd: Exception) -> str: return str(odd) if isinstance(odd, Unsound) else repr(odd)
def _once(pairs: list[tuple[str, Any]]) -> Row:
    if len(found := dict(pairs)) != len(pairs):
        raise Unsound("a name comes twice")
    return found
_decode = json.JSONDecoder(object_pairs_hook=_once).decode
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
def _compact(row: Sequence[Any]) -> bytes: return _encode(row).encode("utf-8", "surrogatepass")
def _hash(text: str) -> bytes: return int(text, 16).to_bytes(32, "big")
def _leaf(row: bytes) -> bytes: return sha256(b"\x00" + row).digest()
def _node(left: bytes, right: bytes) -> bytes: return sha256(b"\x01" + left + right).digest()
def _tree(leaves: Iterable[bytes]) -> bytes:
    """The root over leaves (RFC 6962, 2.1): pairs are joined, a lone last one moves up."""
    level = list(leaves) or [sha256(b"").digest()]
    while len(level) > 1:
        pairs = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = pairs + level[len(level) & ~1:]
    return level[0]
def _climb(index: int, size: int, leaf: bytes, proof: list[bytes]) -> tuple[bytes, bytes]:
    """The roots over all up to a leaf, and over all, to which its proof leads (RFC 6962, 2.1.1)."""
    if size == 1 or not proof:
        _need((index, size, proof) == (0, 1, []), "a proof leads nowhere")
        return leaf, leaf
    *below, beside = proof
    half = 1 << ((size - 1).bit_length() - 1)
    if index < half:
        left, top = _climb(index, half, leaf, below)
        return left, _node(top, beside)
    left, top = _climb(index - half, size - half, leaf, below)
    return _node(beside, left), _node(beside, top)
def _begins(old: int, new: int, first: bytes, last: bytes, proof: list[bytes]) -> bool:
    """Whether one tree begins with another, by their roots (RFC 6962, 2.1.2): the proof is that of
    the last whole subtree of the older one, and begins with it."""
    if old == new or old < 1 or not proof:
        return old == new > 0 and first == last and not proof
    whole = old & -old
    node, *above = [first, *proof] if old == whole else proof
    return _climb(old // whole - 1, -(-new // whole), node, above) == (first, last)
def _add(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    """The sum on -x² + y² = 1 + Dx²y²; points are (X, Y, Z, T): x = X/Z, y = Y/Z, xy = T/Z."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]), (a[1] + a[0]) * (b[1] + b[0])
    t, z = 2 * D * a[3] * b[3], 2 * a[2] * b[2]
    e, f, g, h = (n - m) % P, (z - t) % P, (z + t) % P, (n + m) % P
    return e * f % P, g * h % P, f * g % P, e * h % P
def _times(number: int, point: tuple[int, ...]) -> tuple[int, ...]:
    if number < 2:
        return point if number else (0, 1, 1, 0)
    rest = _times(number >> 1, _add(point, point))
    return _add(rest, point) if number & 1 else rest
def _point(data: bytes) -> tuple[int, ...]:
    """The point that is encoded so; Unsound where it is not canonical, or of low order."""
    y, sign = int.from_bytes(data, "little") % 2**255, data[31] >> 7
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    x = x if x * x % P == square else x * pow(2, (P - 1) // 4, P) % P
    point = (x, y, 1, x * y % P) if x % 2 == sign else (P - x, y, 1, (P - x) * y % P)
    good = len(data) == 32 and y < P and x * x % P == square and _times(8, point)[0] != 0
    _need(good, "a point that is not canonical, or of low order")
    return point
BASE = _point(bytes.fromhex("58" + "66" * 31))
def _signed(public: bytes, text: bytes, signature: bytes) -> bool:
    """Whether the key has signed the text; Unsound where it or R is not as the profile wants."""
    r, a, s = _point(signature[:32]), _point(public), int.from_bytes(signature[32:], "little")
    k = int.from_bytes(sha512(signature[:32] + public + text).digest(), "little") % L
    left, right = _times(s % L, BASE), _add(r, _times(k, a))
    equal = all((left[i] * right[2] - right[i] * left[2]) % P == 0 for i in (0, 1))
    return equal and s < L and len(signature) == 64

def _verifier(text: str) -> Row:
    """A verifier key, NAME+HASH+KEY (C2SP signed-note)."""
    name, stated, encoded = text.split("+", 2)
    key = base64.b64decode(encoded)
    short = sha256(f"{name}\n".encode() + key).digest()[:4]
    _same("the verifier key", [stated, key[:1], len(key)], [short.hex(), b"\x01", 33])
    return {"text": text, "signer": (name, short), "public": key[1:]}
def _note(note: str, keys: list[Row]) -> tuple[list[str], list[str]]:
    """The lines of a note, and which of the keys have signed it: one at least, and none wrongly."""
    (text, _, lines), by = note.rpartition("\n\n"), []
    for line in lines.split("\n")[:-1]:
        _, name, encoded = line.split(" ")
        signature = base64.b64decode(encoded)
        _same("a line", line, f"— {name} {base64.b64encode(signature).decode()}")
        for key in keys:
            if (name, signature[:4]) == key["signer"]:
                good = _signed(key["public"], f"{text}\n".encode(), signature[4:])
                _need(good, f"the signature by {key['text']} does not hold")
                by.append(key["text"])
    _need(by and lines.endswith("\n"), "no known key has signed it")
    return text.split("\n"), by

class _Pack:
    """An open pack as the `Rows` that `verify` walks through; `at` is what is being looked at."""
    def __init__(self, path: Path, opened: contextlib.ExitStack) -> None:
        self.opened, self.sizes, self.tables = opened, dict[str, int](), dict[str, _Groups]()
        if path.is_dir():
            found = [(file.relative_to(path).as_posix(), file.lstat().st_size, LARGEST,
                      file.is_file() and not file.is_symlink())
                     for file in path.rglob("*") if file.is_symlink() or not file.is_dir()]
            self.get: Callable[[str], IO[bytes]] = lambda name: (path / name).open("rb")
        else:
            pack = opened.enter_context(zipfile.ZipFile(path))
            found = [(file.orig_filename, file.file_size, (1 << 20) + file.compress_size * DENSEST,
                      file.compress_type in (0, 8) and not file.flag_bits & 1
                      and file.external_attr >> 28 != 0o12) for file in pack.infolist()]
            self.get = lambda name: io.BufferedReader(cast(Any, pack.open(name)), 1 << 18)
        for name, size, limit, plain in found:
            good = plain and NAME.fullmatch(name) and name not in self.sizes
            _need(good, f"{name!r} is a link, encrypted, twice there, or no name in a pack")
            _need(size <= limit, f"{name} would grow to {size:,} bytes; no pack does")
            self.sizes[name] = size
        _need(sum(self.sizes.values()) <= LARGEST, f"more than {LARGEST:,} bytes")
        self.manifest = _decode(self.read(MANIFEST).decode())
        _same("format", self.manifest["format"], FORMAT)
    def open(self, name: str) -> IO[bytes]:
        self.at = name
        _need(name in self.sizes, "missing")
        return self.opened.enter_context(self.get(name))
    def read(self, name: str) -> bytes: return self.open(name).read(LONGEST)
    def lines(self, name: str) -> Iterator[Row]:
        """The objects of a file, one a line; a line that is too long is read in part: no object."""
        file = self.open(f"evidence/{name}.jsonl")
        for number, line in enumerate(iter(lambda: file.readline(LONGEST), b""), 1):
            self.at = f"evidence/{name}.jsonl, line {number}"
            yield _decode(line.decode())
    def blocks(self) -> Iterator[Row]: return self.lines("blocks")
    def rows(self, table: str, lane: str, partition: int) -> Iterator[Row]:
        return self.tables[table].of((lane, partition))
    def log(self, given: list[Row]) -> Row:
        """Signatures, checkpoints and the entry of the cut; what a report says of them."""
        cut, signed = self.manifest["cut"], sha256(self.read(MANIFEST)).hexdigest()
        listed = [_verifier(line) for line in self.read("evidence/keys.txt").decode().splitlines()]
        text, keys = _note(self.read(SIGNATURE).decode(), given or listed)
        _same("what is signed", text, [FORMAT, signed, str(cut["size"])])
        log: list[list[Any]] = [[0, 0, ""]]
        for row in self.lines("checkpoints"):
            (origin, size, root), _ = _note(row["note"], listed + given)
            _same("the checkpoint", [origin, size], [self.manifest["origin"], str(row["size"])])
            top, proof = base64.b64decode(root), [*map(_hash, row["consistency"])]
            good = _begins(row["size"], cut["size"], top, _hash(cut["root"]), proof)
            _need(good and log[-1][0] < row["size"], "the log at the cut does not begin with it")
            log.append([row["size"], row["at"], top.hex()])
        _same("the last one", log[-1], [cut["size"], cut["at"], cut["root"]])
        entry = _decode(self.read("evidence/entry.json").decode())
        _same("its place", [entry["index"] + 1, entry["at"]], [cut["size"], cut["at"]])
        leaf, proof = _leaf(_compact([entry["at"], entry["heads"]])), [*map(_hash, entry["proof"])]
        _same("its root", _climb(entry["index"], cut["size"], leaf, proof)[1].hex(), cut["root"])
        self.heads = entry["heads"]
        return {"origin": self.manifest["origin"], **cut, "keys": keys, "log": log[1:]}
    def check(self, name: str, said: Row) -> None:
        """The file is the one that the manifest names."""
        digest, size, quoted, table = sha256(), 0, 0, name.endswith(".csv")
        rows, file = -1 if table else 0, self.open(name)  # a table's heading is no row
        while chunk := file.read(1 << 18):
            digest.update(chunk)
            parts = chunk.split(b'"') if table else [chunk]  # a line end in quotes ends no row
            size, rows = size + len(chunk), rows + sum(x.count(b"\n") for x in parts[quoted::2])
            quoted ^= 1 - len(parts) % 2
        stated = [said["bytes"], said["sha256"], said.get("rows", rows)]
        _same("what the manifest says of it", stated, [size, digest.hexdigest(), rows])

def verify_pack(path: Path, expired: Mapping[str, int] | None = None,
                keys: Sequence[str] = ()) -> Report:
    """Verify a pack, signed by one of `keys` (verifier keys) if given any; or raise NotAPack."""
    with contextlib.ExitStack() as opened:
        try:
            given, pack = [_verifier(key) for key in keys], _Pack(path, opened)
        except Exception as error:
            raise NotAPack(f"{path}: {_said(error)}") from None
        report, samples, manifest = Report(), Samples(), pack.manifest
        try:
            checkpoint, named, chains = pack.log(given), manifest["files"], manifest["chains"]
            pack.at, odd = "files", sorted({*named, MANIFEST, SIGNATURE} ^ {*pack.sizes})
            _need(not odd, f"missing, or not named in the manifest: {odd[:1]}")
            for row in pack.lines("proofs"):
                samples.setdefault((row["lane"], row["partition"], row["number"]), []).append(row)
            pack.tables = {t: _Groups(t, pack.lines(t), "lane", "partition") for t in TABLES}
            starts = {(c["lane"], c["partition"]): (c["first"], c["previous"]) for c in chains}
            report = verify(pack, starts, {**manifest["expired"], **(expired or {})}, False,
                            samples=samples, hashed=manifest["auditor"] is True)
            if report.fault:
                at = f"{report.fault.what} ({pack.at})"
                return dataclasses.replace(report, fault=dataclasses.replace(report.fault, what=at))
            idle = [c for c in chains if c["first"] > c["number"] and c["previous"] == c["link"]]
            ends = sorted([head[key] for key in END] for head in report.heads + idle)
            pack.at = "evidence"
            _same("where chains end (manifest)", [[c[key] for key in END] for c in chains], ends)
            _same("where chains end (log)", pack.heads, ends)
            left = [*samples, *(table.next for table in pack.tables.values() if table.next)]
            _need(not left, f"samples or rows of blocks that are not there: {left[:1]}")
            for name, said in named.items():
                pack.check(name, said)
            report.checkpoint = checkpoint
        except Exception as error:
            report.fault = Fault("", 0, 0, f"{pack.at}: {_said(error)}")
        return report
WORDS = {"en": ("{}: does not hold\n  first {}", "{}: holds\n  {:,} blocks, {:,} rows, {:,} chains",
    "{:,} rows have expired under class {}; their roots and counts hold", """\
Proves: files, rows, blocks and chains are those that were signed and logged, in order and complete;
earlier checkpoints are the log's beginning; samples are in their blocks.  Does not prove: that the
sources sent everything; that the key is the company's (compare it and the roots with the printed
minutes, or use --key); that verdicts are right (`shoseki recheck`); an independent audit."""),
    "ja": ("{}: 成り立たない\n  最初の箇所：{}", "{}: 成り立つ\n  ブロック {:,}、行 {:,}、鎖 {:,}",
    "{:,} 行は区分 {} の保存期間満了により消去済み（expired）。ルートと件数は成り立つ", """\
証明すること：ファイル・行・ブロック・鎖は署名・記録されたもので、順序どおりであり、欠けがない。
以前のチェックポイントは記録の始まりである。標本はそのブロックにある。
証明しないこと：ログ源が全件を送ったこと。鍵が会社のものであること（鍵とルートを印刷した議事録と
照合するか、--key で渡す）。判定の正しさ（`shoseki recheck`）。内部監査の独立性。""")}
def tell(target: str, report: Report, lang: str) -> Iterator[str]:
    """What people read, in Japanese ("ja") or English."""
    fails, holds, gone, proof = WORDS["ja" if lang == "ja" else "en"]
    counts = report.blocks, report.rows, len(report.heads)
    yield fails.format(target, report.fault) if report.fault else holds.format(target, *counts)
    for name, rows in sorted(report.classes.items()):
        yield "  " + gone.format(rows, name)
    for size, at, root in report.checkpoint["log"] if report.checkpoint else ():
        at = time.strftime("%Y-%m-%d %H:%M JST", time.gmtime(at // 1000 + 9 * 3600))
        yield f"  {size} / {at} / {root}"
    yield from [*report.checkpoint["keys"], proof] if report.checkpoint else ()
def main() -> int:
    parser = argparse.ArgumentParser(description="証跡パックの検証 / verifies an evidence pack")
    parser.add_argument("pack", nargs="?", default=os.path.dirname(os.path.abspath(__file__)))
    parser.add_argument("--lang", choices=["ja", "en"], default=os.environ.get("LANG", "")[:2])
    parser.add_argument("--key", action="append", default=[], help="NAME+HASH+KEY")
    args = parser.parse_args()
    try:
        report = verify_pack(Path(args.pack), keys=args.key)
    except NotAPack as refused:
        parser.error(str(refused))
    for line in "\n".join(tell(args.pack, report, args.lang)).split("\n"):
        plain = "".join(sign if sign.isprintable() else "?" for sign in line)
        print(plain.encode(sys.stdout.encoding, "replace").decode(sys.stdout.encoding))
    return 1 if report.fault else 0
if __name__ == "__main__":
    sys.exit(main())
