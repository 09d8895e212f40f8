"""What the producers of a simulated company send: good lines, repeats, and poison between them.

A company's month as an installation meets it: two web servers' logs as native lines, one of them
by a shipper that repeats; forms and systems that write event lines, some of them by a producer
that repeats everything three times; and files that are published.  Cut into parts, one for every
fault of a campaign, so that there is always something under way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice, takewhile
from random import Random

import msgspec

from streams.simulate import simulate
from streams.simulate.times import midnight, text
from streams.simulate.weblog import combined_log, source_toml

ORG = "PYX"
"""The company of whom every fault can be planted, one of its policy's fees among them."""
DAYS = 2
"""Whole days of the company that are sent, the last ones."""
TIMES = 3
"""How often a producer that repeats sends everything."""
REPEATED = 50
"""Lines that such a producer has in hand, and sends again together."""
HUGE = 10 << 20
POISON: dict[str, bytes] = {
    "encoding": '{"event_id":"東京"}'.encode("shift_jis"),
    "nul": b'{"event_id":"a\x00b"}',
    "deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "list": b"[1,2]",
    "two lines": b'{"a":1}\n{"b":2}',
    "type": b'{"event_type":"access.nothing"}',
    "no line": "漢字".encode(),
    "empty": b"",
}


@dataclass(frozen=True, slots=True)
class Raw:
    """A raw topic, how intake reads it, and how its producer behaves."""

    topic: str
    format: str = "events"
    source: str | None = None
    """The web server whose log it is."""
    times: int = 1

    def toml(self, folder: str) -> str:
        """Its table in the configuration; TOML files of sources lie in `folder`."""
        lines = [f'[intake.{self.topic}]\ntopic = "{self.topic}"\nformat = "{self.format}"']
        if self.source is not None:
            lines.append(f'source = "{folder}/{self.source}.toml"')
        if self.times > 1 and self.format != "events":
            lines.append('repeats = "duplicates"')
        return "\n".join(lines) + "\n"


RAW = (
    Raw("raw-site", "combined", "web-01"),
    Raw("raw-portal", "combined", "portal-01", TIMES),
    Raw("raw-forms"),
    Raw("raw-systems", times=TIMES),
)
LOGS = {raw.source: raw.topic for raw in RAW if raw.source}
SYSTEMS = {"file-01", "mail-01", "badge-01", "idp-01"}
"""Sources whose collector repeats everything."""
PUBLISHED = {"db-01", "register-form", "consent-form", "tls-01"}
"""Sources whose files are published."""


@dataclass(slots=True)
class Part:
    """What is sent while one fault happens: records by raw topic, and lines of a file."""

    records: dict[str, list[bytes]] = field(default_factory=dict)
    published: list[bytes] = field(default_factory=list)


def sources() -> dict[str, str]:
    """Files by name that say what each log is the log of."""
    return {f"{raw.source}.toml": source_toml(raw.source) for raw in RAW if raw.source}


def events(staff: int, seed: int, today: date, most: int) -> Iterator[tuple[str, bytes]]:
    """(raw topic, or none where it is published; line) of the last `DAYS` whole days and what was
    before them, in order of arrival.

    Everything is late, and nothing later than what workers promise to take into account.
    """
    company = simulate(1, staff, seed, ["all"], today - timedelta(days=DAYS))
    over = text(midnight(today))
    encode = msgspec.json.encode
    told = takewhile(lambda event: event["ingested_at"] < over, company)
    for log, value in islice(combined_log(told), most):
        if isinstance(value, str):
            yield LOGS[log], value.encode()
        elif value["source_id"] in PUBLISHED:
            yield "", encode(value)
        else:
            yield "raw-systems" if value["source_id"] in SYSTEMS else "raw-forms", encode(value)


def parts(lines: Sequence[tuple[str, bytes]], number: int, seed: int) -> list[Part]:
    """The lines in so many parts, with repeats and poison; the same seed gives the same."""
    chance = Random(f"{seed}|poison")
    size = -(-len(lines) // number)
    made = []
    for at in range(0, len(lines), size):
        part = Part()
        for topic, line in lines[at : at + size]:
            if topic:
                part.records.setdefault(topic, []).append(line)
            else:
                part.published.append(line)
        for raw in RAW:
            good = part.records.get(raw.topic, [])
            part.records[raw.topic] = repeated(poisoned(good, chance), raw.times)
        if not at:
            records = part.records["raw-forms"]
            records.insert(len(records) // 2, b'{"event_id":"' + b"x" * HUGE + b'"}')
        made.append(part)
    return made


def poisoned(lines: Sequence[bytes], chance: Random) -> list[bytes]:
    """One poison of each kind anywhere between the lines."""
    made = list(lines)
    for poison in POISON.values():
        made.insert(chance.randint(0, len(made)), poison)
    return made


def repeated(lines: Sequence[bytes], times: int) -> list[bytes]:
    if times == 1:
        return list(lines)
    hands = [lines[at : at + REPEATED] for at in range(0, len(lines), REPEATED)]
    return [line for hand in hands for _ in range(times) for line in hand]
