"""Web requests as combined log lines, read back by the log adapter."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from streams.rejects import Reject
from streams.simulate import simulate
from streams.simulate.weblog import LOGS, combined_log, source_toml
from streams.sources import adapter

_FORM = re.compile(r'^\S+ - (-|stf-\d{4}) \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0900\] '
                   r'"(GET|POST) /\S* HTTP/1\.1" \d{3} \d+ "-" "[^"]+"$')


@pytest.fixture(scope="module")
def told() -> list[tuple[str, Any]]:
    return list(combined_log(simulate(1, 40, 7)))


def test_a_good_part_of_the_events_becomes_lines(told: list[tuple[str, Any]]) -> None:
    sources = Counter(source for source, _ in told)
    assert set(sources) == {"", *LOGS}
    assert all(_FORM.match(line) for source, line in told if source)
    assert (sources["web-01"] + sources["portal-01"]) / sources.total() > 0.05


@pytest.mark.parametrize("source", LOGS)
def test_the_adapter_reads_every_line_back(
    source: str, told: list[tuple[str, Any]], tmp_path: Path
) -> None:
    toml = tmp_path / f"{source}.toml"
    toml.write_text(source_toml(source), "utf-8")
    number = iter(range(1_000_000))
    read = adapter("combined", toml, lambda *_: str(next(number)))
    lines = [line.encode() for name, line in told if name == source]
    events = [event for event in read((line, 0) for line in lines) if not isinstance(event, Reject)]
    assert len(events) == len(lines) > 500
    kinds = Counter(event["event_type"] for event in events)
    if source == "portal-01":
        assert {event["actor_kind"] for event in events} == {"staff"}
        assert min(kinds["access.datastore_query"], kinds["access.file_activity"]) > 0
    else:
        assert set(kinds) == {"access.web_request"}
    assert all(event.get("path_class") != "other" for event in events)


def test_portal_readers_hold_the_grant_their_lines_need() -> None:
    events = list(simulate(1, 60, 9))
    granted = {e["owner_ref"] for e in events if e["event_type"] == "access.privilege_changed"
               and e["system_id"] == "sys-portal" and e["change"] == "granted"}
    readers = {e["actor_ref"] for e in events
               if e["source_id"] == "portal-01" and e["dataset_id"]}
    assert readers and readers <= granted


def test_a_log_is_that_of_the_company_that_is_simulated() -> None:
    company = simulate(1, 20, 1, ["all"])
    for source in LOGS:
        assert f'org_id = "{company.org}"\n' in source_toml(source, company.org)
