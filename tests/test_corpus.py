"""Real logs that nobody here wrote: 5,000 lines of Apache, and 250 that are no access log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from streams.acts import SOURCE as OWN
from streams.cli.check import SHOWN
from tests.installation import Installation, stored
from tests.vocabulary import line

LINES = 5_000
SOURCE = """
source_id = "www-01"
org_id = "example-kk"
system_id = "sys-www"
host = "www.example.jp"
scheme = "http"

[[path]]
match = '/files/.+'
class = "/files/{name}"
kind = "file"
operation = "read"
dataset = "ds-files"

[[path]]
match = '/presentations/.+[.](pdf|html)'
class = "/presentations/{name}"
kind = "datastore"
operation = "export"
dataset = "ds-talks"
rows = 2

[[path]]
match = '/articles/.*'
class = "/articles/{name}"
kind = "datastore"
operation = "read"
dataset = "ds-articles"

[[path]]
match = '/blog/.*'
class = "/blog/{name}"
dataset = "ds-blog"

[[path]]
match = '/'
class = "/"
"""
MAY = "2015-05-01T09:00:00+09:00"
BOOKS = [
    *(
        line(
            "register.dataset", event_id=f"d-{name}", dataset_id=name, occurred_at=MAY,
            observed_at=MAY, ingested_at=MAY, org_id="example-kk",
        )
        for name in ("ds-files", "ds-talks", "ds-articles", "ds-blog")
    ),
    line(
        "access.privilege_changed", event_id="g-1", account_ref="acct-sato", owner_ref="sato",
        system_id="sys-www", dataset_id="ds-talks", change="granted", occurred_at=MAY,
        observed_at=MAY, ingested_at=MAY, org_id="example-kk",
    ),
]  # fmt: skip
READ = {"TEC-01", "TEC-05", "TEC-09"}
"""What judges accesses of persons' data and the transport under them."""
FEW = 60
"""Findings that somebody can still read: what is missing is one a control, item and day."""
YEARLY = ("GOV-04", "GOV-09", "HUM-01")
"""Duties of a year or a policy: an old log brings all the years in which nothing was recorded."""


@pytest.fixture
def access(needs: Callable[[str], Path], tmp_path: Path) -> Path:
    (tmp_path / "source.toml").write_text(SOURCE)
    return needs("corpus") / "access"


def judged(populations: dict[str, dict[str, int]]) -> set[str]:
    return {control for control, counts in populations.items() if sum(counts.values()) > 0}


def test_every_line_of_a_real_log_is_an_event_or_a_reject(access: Path, tmp_path: Path) -> None:
    log, record = str(access / "apache_combined.log"), tmp_path / "record"
    source: list[str | Path] = ["--format", "apache", "--source", str(tmp_path / "source.toml")]
    here = Installation(tmp_path / "here")
    here.command("check", *source, "--record", record, log, log, status=(0, 1))
    kept = stored(f"chdb://{record / 'store'}")
    sums: Counter[str] = Counter()
    for block in kept["blocks"]:
        sums.update({k: block[k] for k in ("received", "evaluated", "rejected", "duplicates")})
    rejected = sums["rejected"] // 2  # given twice, a line is refused twice
    assert sums["evaluated"] + rejected == LINES
    assert sums["duplicates"] == sums["evaluated"]
    assert sums["received"] == 2 * LINES
    assert judged(kept["populations"]) >= READ
    shown = shown_of(kept)
    assert shown.total() <= FEW, shown


def test_a_log_published_twice_adds_nothing(access: Path, tmp_path: Path) -> None:
    here = Installation(tmp_path / "here")
    books = tmp_path / "books.jsonl"
    books.write_text("".join(json.dumps(each) + "\n" for each in BOOKS))
    source: list[str | Path] = ["--format", "apache", "--source", tmp_path / "source.toml"]
    assert json.loads(here.publish(books)) == {"events": len(BOOKS), "rejects": 0}
    said = json.loads(here.publish(*source, access / "apache_combined.log"))
    assert said["events"] + said["rejects"] == LINES
    with here.running():
        here.settled(LINES + len(BOOKS))
        first = state(here)
        here.publish(*source, access / "apache_combined.log")
        here.settled(2 * LINES + len(BOOKS))
        again = state(here)
    assert again == first
    kept = stored(here.store)
    own = sum(row["source_id"] == OWN for row in kept["events"])  # grave findings are raised
    evaluated = sum(block["evaluated"] for block in kept["blocks"]) - own
    assert evaluated == said["events"] + len(BOOKS)
    assert sum(block["duplicates"] for block in kept["blocks"]) == said["events"]
    assert judged(kept["populations"]) >= READ
    shown = shown_of(kept)
    assert shown.total() <= FEW, shown


def shown_of(kept: dict[str, Any]) -> Counter[tuple[str, str]]:
    """How many findings anybody sees of what happened, by control and verdict."""
    found = ((f["control"], f["verdict"]) for f in kept["current"]
             if f["verdict"] in SHOWN and f["control"] not in YEARLY)
    return Counter(found)


def state(here: Installation) -> list[str]:
    """The findings that stand, asked of the service."""
    listed = here.command(
        "findings", "list", "--json", "--config", here.config, status=(0, 1)
    )
    return sorted(listed.splitlines())


def test_snapshots_of_a_server_are_no_accesses(access: Path, tmp_path: Path) -> None:
    snapshots = access / "nginx_plus.ndjson"
    number = len(snapshots.read_bytes().splitlines())
    record = tmp_path / "record"
    words: list[str | Path] = ["check", "--format", "nginx", "--source", tmp_path / "source.toml"]
    Installation(tmp_path / "here").command(*words, "--record", record, snapshots)
    kept = stored(f"chdb://{record / 'store'}")
    refused = kept["rejects"]
    assert (len(refused), kept["events"]) == (number, [])
    assert sorted(row["position"] for row in refused) == list(range(number))
    assert {row["reason"] for row in refused} == {
        "line: a combined log line is expected, not JSON"
    }
