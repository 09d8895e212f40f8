"""Nothing that names a person leaves decode: planted strings are looked for in every byte written.

Every event type is sent through publish and the service, over a restart, and through
`check --record`; names and numbers stand wherever the vocabulary says that a field is direct,
coarse or dropped, a marker in every reference, both also in lines that are refused and in lines
of a web server's log.
"""

from __future__ import annotations

import json
import re
import stat
import subprocess
import sys
import zipfile
from base64 import b64encode
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import count, cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from controls.events import TYPES, Event, spec
from streams import codec
from streams.acts import SOURCE as OWN
from tests.installation import Installation, environment, stored
from tests.vocabulary import line

WHEN = "2024-11-11T09:00:00+09:00"
MARKER = "zqrefmarkerxv"
"""In every raw reference."""
PERSONAL = {
    "name": "不知火蔵之介",
    "kana": "シラヌイクラノスケ",
    "latin": "Kuranosuke Shiranui",
    "address": "東京都千代田区霞が関九丁目八番七号",
    "street": "9-8-7 Kasumigaseki, Chiyoda",
    "mail": "k.shiranui@mail.example.jp",
    "telephone": "090-9182-7364",
    "international": "+81-90-9182-7364",
    "card": "4111-1111-1111-1111",
    "card digits": "4111111111111111",
    "number": "9182 7364 5546",
    "number digits": "918273645546",
}
HEX = rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])"
BROKEN = 40
"""Lines that are refused."""
NEEDLES = {**PERSONAL, "mailbox": "k.shiranui", "reference": MARKER}
SOURCE = """
source_id = "web-crm"
org_id = "example-kk"
system_id = "sys-crm"
host = "crm.example.jp"
scheme = "https"
[[user]]
match = '.+'
kind = "staff"
[[path]]
match = '/members/.+'
class = "/members/{id}"
kind = "datastore"
operation = "export"
dataset = "ds-members"
"""
TABLES = """
import json, sys
from datetime import date
from pathlib import Path
from controls import catalogue
from streams.cli.export import order
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.pack import write_pack
from streams.settings import Settings
from streams.store.clickhouse import ClickHouse
store = ClickHouse.open(sys.argv[1])
evidence = Evidence(store, cut(store), Period(date(2024, 1, 1), date(2027, 12, 31)))
settings = Settings(store=sys.argv[1], keys=sys.argv[3], data=sys.argv[2] + ".data")
write_pack(order(settings, evidence, catalogue.load()), Path(sys.argv[2]))
query = store._client.raw_query
tables = query("SELECT database, name FROM system.tables WHERE engine LIKE '%MergeTree'",
               fmt="JSONCompactEachRow").splitlines()
for database, name in map(json.loads, tables):
    sys.stdout.buffer.write(query(f"SELECT * FROM `{database}`.`{name}`", fmt="JSONEachRow"))
store.close()
"""
"""Whatever the engine keeps, tables of its own too, in the clear: its files are compressed."""


def planted(names: Iterable[str] = TYPES) -> Iterator[dict[str, Any]]:
    """Two lines of every type, people and markers in all fields that may not be kept."""
    people, numbers = cycle(PERSONAL.values()), count(1)
    for name in names:
        for _ in range(2):
            number = next(numbers)
            said: dict[str, Any] = {}
            for field in spec(name).fields:
                if field.ev == "keep":
                    continue
                ref = f"{MARKER}-{field.name}-{number}"
                if field.ev == "count":
                    said[field.name] = [*PERSONAL.values(), ref]
                elif field.ev == "hmac" and field.pd == "indirect" and number % 2:
                    said[field.name] = ref
                else:
                    said[field.name] = next(people)
            yield line(
                name, event_id=f"e-{number}", org_id="example-kk", source_id="src-1",
                occurred_at=WHEN, observed_at=WHEN, ingested_at=WHEN, correlation_id=None,
                corrects_event_id=None, **said,
            )  # fmt: skip


def refused(lines: list[dict[str, Any]]) -> Iterator[bytes]:
    """Lines that break in different ways, with the same people in them."""
    people = cycle(PERSONAL.values())
    for number, whole in enumerate(lines):
        person = next(people)
        text = json.dumps(whole, ensure_ascii=False)
        match number % 8:
            case 0:
                yield json.dumps(whole | {"event_type": person}).encode()
            case 1:
                yield json.dumps(whole | {"occurred_at": person}).encode()
            case 2:
                yield json.dumps(whole | {person: person, "note": person}).encode()
            case 3:
                yield text[: len(text) // 2].encode()
            case 4:
                yield text.encode("utf-16-le")
            case 5:
                yield json.dumps(whole | {"actor_kind": person, "schema_version": person}).encode()
            case 6:
                yield json.dumps(whole | {"source_id": f"{person} "}).encode()[:-1] + b"\0}"
            case _:
                yield json.dumps([whole]).encode()


def logged() -> Iterator[str]:
    """Lines of a combined log: users, paths, query strings, referers and agents."""
    for second, person in enumerate(PERSONAL.values()):
        raw = "".join(
            chr(b) if 32 <= b < 127 else f"\\x{b:02x}" for b in person.encode()
        )
        for path in ("/members/", "/x/"):
            yield (
                f'203.0.113.9 - {raw} [11/Nov/2024:09:00:{second:02} +0900] '
                f'"GET {path}{quote(person)}?q={quote(person)}&ref={MARKER} HTTP/1.1" 200 17 '
                f'"https://example.jp/?name={quote(person)}" "{raw} {MARKER}"'
            )
    yield f"{PERSONAL['telephone']} {MARKER} is no line of a log"


def spelled(text: str) -> set[bytes]:
    """The ways in which a text may stand in a file."""
    plain = text.encode()
    ways = {
        plain,
        text.encode("utf-16-le"),
        text.encode("utf-16-be"),
        text.encode("shift_jis"),
        quote(text).encode(),
        quote(text, safe="").lower().encode(),
        json.dumps(text)[1:-1].encode(),
        plain.hex().encode(),
        "".join(chr(b) if b < 128 else f"\\x{b:02x}" for b in plain).encode(),
    }
    for before in range(3):  # base64 looks different at each of three places
        whole = b64encode(b"\0" * before + plain)
        first = -(-before * 8 // 6)
        last = (before + len(plain)) * 8 // 6
        ways.add(whole[first:last])
        ways.add(whole[first:last].replace(b"+", b"-").replace(b"/", b"_"))
    return ways


SPELLED = {name: spelled(text) for name, text in NEEDLES.items()}


def seen(content: bytes) -> set[str]:
    """Which of the planted strings stand in the content."""
    return {name for name, ways in SPELLED.items() if any(way in content for way in ways)}


def files(*folders: Path) -> Iterator[tuple[str, bytes]]:
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            try:
                if path.is_file():
                    yield str(path), path.read_bytes()
            except FileNotFoundError:
                pass  # gone since it was listed: the service is at work


def members(pack: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(pack) as opened:
        for name in opened.namelist():
            yield f"{pack}/{name}", opened.read(name)


def bare(lines: Iterable[bytes]) -> set[bytes]:
    """Digests that anybody who guesses the content could make again."""
    contents: set[bytes] = set()
    for raw in lines:
        contents |= {raw, raw + b"\n"}
        (event,) = codec.decode([raw])
        if isinstance(event, Event):
            contents |= {codec.canonical(event), codec.encode(event)}
            values = (getattr(event, f.name) for f in spec(event.type).fields if f.ev != "keep")
            contents |= {value.encode() for value in values if isinstance(value, str) and value}
    return {sha256(content).digest() for content in contents}


@pytest.fixture(scope="module")
def trail(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, list[bytes], Path]:
    """An installation through which everything went, with what it was given and the record."""
    folder = tmp_path_factory.mktemp("privacy")
    good = list(planted())
    lines = [json.dumps(each, ensure_ascii=number % 2 == 0).encode()
             for number, each in enumerate(good)]  # fmt: skip
    bad = list(refused(good[:BROKEN]))
    halves = folder / "first.jsonl", folder / "second.jsonl"
    halves[0].write_bytes(b"\n".join([*lines[::2], *bad[::2]]) + b"\n")
    halves[1].write_bytes(b"\n".join([*lines[1::2], *bad[1::2]]) + b"\n")
    (folder / "web.log").write_text("\n".join(logged()) + "\n")
    (folder / "web.toml").write_text(SOURCE)
    web: list[str | Path] = ["--format", "nginx", "--source", folder / "web.toml"]
    web.append(folder / "web.log")

    here = Installation(folder / "here")
    sent = [here.publish(halves[0]), here.publish(*web)]
    with here.running():
        (here.logs / "first.metrics").write_text(here.settled(number_of(sent)))
        unfound(files(here.data))
    again = [here.publish(halves[1])]
    with here.running():
        again.append(here.publish(*web))  # once more: repeats
        (here.logs / "second.metrics").write_text(here.settled(number_of(again)))
        unfound(files(here.data))
        for shown in ("--history", "--json"):
            here.command("findings", "list", shown, "--config", here.config, status=(0, 1))
    record = here.folder / "record"
    for name, lines_of in (("record", list[str | Path](halves)), ("web", web)):
        to: list[str | Path] = ["--record", record / name, "--json", "--history"]
        here.command("check", *to, *lines_of, status=(0, 1))
    return here, [*lines, *bad, *(text.encode() for text in logged())], record


def number_of(answers: list[str]) -> int:
    return sum(sum(json.loads(answer).values()) for answer in answers)


def unfound(contents: Iterable[tuple[str, bytes]]) -> None:
    """Nothing planted stands in any of these; what does is named, never shown."""
    found = {name: what for name, content in contents if (what := seen(content))}
    assert not found


def test_the_search_finds_what_is_planted(
    trail: tuple[Installation, list[bytes], Path]
) -> None:
    _, given, _ = trail
    assert seen(b"\n".join(given)) == set(NEEDLES)
    for name, ways in SPELLED.items():
        assert all(seen(b"x" + way + b"y") >= {name} for way in ways)
    assert {json.loads(raw)["event_type"] for raw in given[: 2 * len(TYPES)]} == set(TYPES)


def test_nothing_that_names_a_person_is_written(
    trail: tuple[Installation, list[bytes], Path], tmp_path: Path
) -> None:
    here, given, record = trail
    digests = bare(given)
    hexes = {digest.hex().encode() for digest in digests}
    kept = {
        here.data / "store": here.keys,
        record / "record" / "store": record / "record.keys",
        record / "web" / "store": record / "web.keys",
    }
    contents = list(files(here.data, here.logs, record))
    assert {Path(name).suffix for name, _ in contents} >= {".metrics", ".err", ".bin"}
    for number, (store, keys) in enumerate(kept.items()):
        pack = tmp_path / f"{number}.zip"
        done = subprocess.run(
            [sys.executable, "-c", TABLES, f"chdb://{store}", str(pack), str(keys)],
            env=environment(), capture_output=True, check=True,
        )  # fmt: skip
        assert done.stdout.count(b'"event_id"') > 20
        contents += [(f"rows of {store}", done.stdout), *members(pack)]
    unfound(contents)
    for name, content in contents:
        assert hexes.isdisjoint(re.findall(HEX, content)), name
        assert not any(digest in content for digest in digests), name


def test_what_was_searched_is_the_whole_trail(
    trail: tuple[Installation, list[bytes], Path]
) -> None:
    here, _, _ = trail
    rows = stored(here.store)
    given = [row for row in rows["events"] if row["source_id"] != OWN]
    assert {row["event_type"] for row in given} == set(TYPES)
    assert len(given) == 2 * len(TYPES) + 2 * len(PERSONAL)
    own = [row for row in rows["events"] if row["source_id"] == OWN]
    assert {row["event_type"] for row in own} == {"alert.changed"}  # grave findings are raised
    assert len(rows["rejects"]) == BROKEN + 2  # the log's one line came twice
    shown = json.dumps(rows["current"])
    assert re.search(r"ps2024_[a-z2-7]{26}", shown)
    assert "jn_" not in json.dumps(rows["events"]) + shown + json.dumps(rows["rejects"])


def test_keys_are_closed_and_outside_the_data_directory(
    trail: tuple[Installation, list[bytes], Path]
) -> None:
    here, _, record = trail
    for keys in (here.keys, record / "record.keys"):
        assert stat.S_IMODE(keys.stat().st_mode) == 0o700
        found = list(keys.iterdir())
        assert {key.name for key in found} >= {"join.key", "id.key", "digest-2024.key"}
        assert {stat.S_IMODE(key.stat().st_mode) for key in found} == {0o600}
        secrets = [key.read_bytes().strip() for key in found if key.suffix == ".key"]
        for name, content in files(here.data, record / "record", record / "web", here.logs):
            for secret in secrets:
                assert secret not in content and bytes.fromhex(secret.decode()) not in content, name
