"""What is read of a real store from time to time, and who tells it."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from faust.types import TP

from controls import catalogue, gaps
from controls.books import BOOKS
from controls.engine import Engine
from controls.events import (
    AccessWebRequest,
    Event,
    IncidentDetected,
    LogConfigChanged,
    LogSourceStatus,
    RegisterDataset,
    RegisterSource,
)
from controls.events.fields import instant
from controls.examples import event
from controls.kernel import DAY, HOUR, SEVERITIES, arrival
from controls.registers import Registers
from streams import codec, metrics, wiring
from streams.app import Service
from streams.checkpoints import Checkpoints
from streams.gauges import Figures, Gauges
from streams.metrics import AGES, METRICS
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.replay import Replay
from streams.settings import Settings
from streams.topics import topic
from tests.installation import Installation, wait

NOON = "2026-11-11 12:00:00"


def at(text: str) -> int:
    return instant(f"{text.replace(' ', 'T')}+09:00")


@dataclass
class Company:
    """A store that grows, and the gauges that look at it."""

    parts: Parts
    replay: Replay
    now: int = 0
    gauges: Gauges = field(init=False)

    def __post_init__(self) -> None:
        self.gauges = Gauges(self.parts, lambda: self.now)

    def happen(self, *events: Event) -> None:
        self.replay.run(Plain().join(each) for each in sorted(events, key=arrival))
        self.replay.finish()

    def read(self, when: str) -> Figures:
        self.now = at(when)
        return self.gauges.read(self.gauges.sources())

    def told(self, figures: Figures) -> dict[tuple[str, ...], float]:
        return {(name, *labels): value for name, labels, value in figures.samples()}

    def seen(self, when: str) -> dict[tuple[str, ...], float]:
        return self.told(self.read(when))


def registered(source: str, when: str = "2026-11-01 09:00:00", **given: Any) -> RegisterSource:
    said = {"expects_heartbeat": True, "silence_minutes": 60, "kind": "datastore", **given}
    return event(RegisterSource, when, monitored_source_id=source, **said)


def status(source: str, when: str, said: str = "heartbeat", **given: Any) -> LogSourceStatus:
    given = {"source_id": "collector", "monitored_source_id": source, "status": said} | given
    return event(LogSourceStatus, when, **given)


HISTORY: Sequence[Event] = (
    event(RegisterDataset, "2026-11-01 09:00:00", dataset_id="ds-members"),
    *(registered(name) for name in ("db-01", "db-02", "db-03", "db-04", "db-05")),
    registered("form-01", expects_heartbeat=False, silence_minutes=None),
    registered("old-01", retired_on="2026-11-10"),
    event(AccessWebRequest, "2026-11-11 09:00:00", source_id="db-01"),
    status("db-02", "2026-11-11 10:00:00"),
    status("db-03", "2026-11-11 08:00:00"),
    status("db-03", "2026-11-11 10:00:00", "stopped", source_id="db-03"),
    status("db-04", "2026-11-11 09:30:00"),
    status("db-04", "2026-11-11 09:31:00", "stopped", declared_outage_id="out-1"),
    event(AccessWebRequest, "2026-11-11 09:00:00", source_id="stranger"),
    # open and critical; begun again, so closed; a term of the law that runs
    event(LogConfigChanged, "2026-11-11 11:00:00", monitored_source_id="db-01", change_id="chg-1",
          change="cleared", ticket_id=None),
    event(LogConfigChanged, "2026-11-11 11:10:00", monitored_source_id="db-02", change_id="chg-2",
          change="disabled", ticket_id=None),
    event(LogConfigChanged, "2026-11-11 11:20:00", monitored_source_id="db-02", change_id="chg-3",
          change="enabled", ticket_id=None),
    event(IncidentDetected, "2026-11-11 11:00:00", incident_id="inc-1",
          known_at="2026-11-11 10:00:00", dataset_ids=["ds-members"], principals_max=1_001,
          role="controller"),
)  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    store = wiring.open_store(f"chdb://{tmp_path_factory.mktemp('gauges') / 'store'}")
    controls = catalogue.load().controls
    parts = Parts(Engine(controls), Registers((*BOOKS, *gaps.BOOKS)), store, Plain(), "")
    made = Company(parts, Replay(parts))
    made.happen(*HISTORY)
    yield made
    store.close()


@pytest.mark.parametrize(
    "when", [NOON, "2026-11-13 12:00:00", "2026-11-25 12:00:00", "2027-01-11 12:00:00"]
)
def test_open_findings_are_counted_by_severity_and_age(company: Company, when: str) -> None:
    since: dict[str, int] = {}
    for each in company.parts.store.findings(history=True):
        if each["verdict"] == "violation":
            name, known = each["finding_id"], each["detected_at"]
            since[name] = min(since.get(name, known), known)
    wanted = Counter(
        (each["severity"], age(at(when) - since[each["finding_id"]]))
        for each in company.parts.store.findings()
        if each["verdict"] == "violation" and each["status"] == "open"
    )
    assert any(severity == "critical" for severity, _ in wanted)
    seen = company.seen(when)
    for severity in SEVERITIES:
        for label in AGES:
            number = seen["shoseki_findings_open", severity, label]
            assert number == wanted[severity, label], (severity, label)


def age(passed: int) -> str:
    days = passed / DAY
    return "lt_1d" if days < 1 else "lt_7d" if days < 7 else "lt_30d" if days < 30 else "ge_30d"


def test_a_finding_that_was_put_right_is_not_open(company: Company) -> None:
    (over,) = [
        each
        for each in company.parts.store.findings()
        if each["control"] == "TEC-13" and "chg-2" in each["subject"]
    ]
    assert over["status"] == "closed"
    cleared = company.seen(NOON)["shoseki_findings_open", "critical", "lt_1d"]
    found = [(f["severity"], f["status"]) for f in company.parts.store.findings()]
    assert cleared == found.count(("critical", "open"))


def test_the_log_is_told_by_its_last_entry(company: Company, tmp_path: Path) -> None:
    assert ("shoseki_checkpoint_last_seconds",) not in company.seen(NOON)
    settings = Settings(keys=str(tmp_path / "keys"), data=str(tmp_path / "data"), org_id="ex")
    Checkpoints(settings, company.parts.store).write(at(NOON))
    seen = company.seen("2026-11-11 12:10:00")
    assert seen["shoseki_checkpoint_last_seconds",] == at(NOON) / 1000
    assert seen["shoseki_checkpoint_entries",] == 1


def test_a_term_of_the_law_runs_on_between_two_readings(company: Company) -> None:
    figures = company.read(NOON)
    before = company.told(figures)["shoseki_clock_seconds_left", "INC-03"]
    company.now += DAY
    after = company.told(figures)
    assert after["shoseki_clock_seconds_left", "INC-03"] == before - 86_400
    assert after["shoseki_clocks_open", "INC-03"] == 1
    assert after["shoseki_clocks_open", "REQ-02"] == 0
    assert ("shoseki_clock_seconds_left", "REQ-02") not in after


def test_terms_are_read_seldom_where_that_takes_long(company: Company) -> None:
    """The clock goes on by a second whenever it is looked at."""
    times = iter(range(at(NOON), at(NOON) + HOUR, 1000))
    gauges = Gauges(company.parts, lambda: next(times))
    first = gauges.read([]).terms
    assert any(first.values())
    assert gauges.read([]).terms is first
    for _ in range(60):
        next(times)
    assert gauges.read([]).terms is not first


def test_a_term_that_is_over_is_told_as_negative(company: Company) -> None:
    assert company.seen("2026-12-11 12:00:00")["shoseki_clock_seconds_left", "INC-03"] < 0


@pytest.mark.parametrize(
    ("source", "last"),
    [
        ("db-01", "2026-11-11 09:00:00"),  # an event of its own
        ("db-02", "2026-11-11 10:00:00"),  # what another reports of it
        ("db-03", "2026-11-11 08:00:00"),  # its own report of a stop is no sign of life
        ("db-05", "2026-11-01 09:00:00"),  # never heard: since it is registered
    ],
)
def test_a_source_was_last_heard(company: Company, source: str, last: str) -> None:
    seen = company.seen(NOON)
    assert seen["shoseki_source_last_event_seconds", source] == at(last) / 1000
    assert seen["shoseki_source_silence_seconds", source] == 3600


def test_no_sign_of_life_is_expected_in_a_declared_outage_or_of_a_form(company: Company) -> None:
    seen = company.seen(NOON)
    for source in ("db-04", "form-01"):
        assert ("shoseki_source_last_event_seconds", source) in seen
        assert ("shoseki_source_silence_seconds", source) not in seen


def test_only_registered_sources_in_use_have_series(company: Company) -> None:
    seen = company.seen(NOON)
    names = {key[1] for key in seen if key[0] == "shoseki_source_last_event_seconds"}
    assert names == {"db-01", "db-02", "db-03", "db-04", "db-05", "form-01"}


def test_there_are_no_more_sources_than_the_bound(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "SOURCES", 2)
    seen = company.seen(NOON)
    assert sum(key[0] == "shoseki_source_last_event_seconds" for key in seen) == 2
    assert seen["shoseki_sources_unlisted",] == 4


def test_the_next_reading_learns_what_was_sealed_since(company: Company) -> None:
    company.read(NOON)
    company.happen(event(AccessWebRequest, "2026-11-11 12:30:00", source_id="db-05"))
    seen = company.seen("2026-11-11 13:00:00")
    assert seen["shoseki_source_last_event_seconds", "db-05"] == at("2026-11-11 12:30:00") / 1000
    assert seen["shoseki_ledger_last_block_seconds", "access"] >= at("2026-11-11 12:30:00") / 1000
    assert seen["shoseki_heartbeat_seconds",] == at("2026-11-11 13:00:00") / 1000


def test_every_sample_has_the_labels_that_are_declared(company: Company) -> None:
    declared = {metric.name: metric.labels for metric in METRICS.declared}
    for name, labels, _ in company.read(NOON).samples():
        assert len(labels) == len(declared[name]), name


# --- the service ---------------------------------------------------------------------------------


def passing(folder: Path) -> Service:
    """A service that is not started and keeps nothing."""
    config = Settings(
        broker=f"local://{folder}/log", store=f"chdb://{folder}/store", data=str(folder),
        keys=f"{folder}.keys", partitions=1, metrics=None,
    )  # fmt: skip
    return Service(config, wiring.passing(config), ticks=False)


@pytest.fixture(scope="module")
def scrape(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The metrics of a service that has taken the history."""
    here = Installation(tmp_path_factory.mktemp("service"))
    file = here.folder / "events.jsonl"
    file.write_bytes(b"".join(codec.encode(each) + b"\n" for each in HISTORY))
    with here.running():
        here.publish(file)

        def read() -> bool:
            return 'source="db-02"' in here.metrics()

        wait(read, here._service, here._log)
        return here.metrics()


def test_a_service_reads_its_store_by_itself(scrape: str) -> None:
    found = set(re.findall(r"^(shoseki_\w+)", scrape, re.M))
    asked = {"shoseki_heartbeat_seconds", "shoseki_findings_open", "shoseki_clock_seconds_left",
             "shoseki_source_last_event_seconds", "shoseki_ledger_last_block_seconds",
             "shoseki_build_info", "shoseki_partitions"}  # fmt: skip
    assert asked <= found
    assert re.search(r'^shoseki_findings_open{age="\w+",severity="critical"} [1-9]', scrape, re.M)
    assert re.search(r'^shoseki_build_info{[^}]*ruleset="[0-9a-f]{12}"', scrape, re.M)
    assert "process_start_time_seconds" in scrape


def test_no_person_stands_in_the_metrics(scrape: str) -> None:
    for each in HISTORY:
        assert each.actor_ref not in scrape
    assert not re.search(r"(jn|ps\d{4})_", scrape)


def test_a_store_that_does_not_answer_leaves_the_service_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def read() -> Service:
        service = passing(tmp_path)  # its store is one that answers no questions
        await service._read()
        return service

    service = asyncio.run(read())
    assert service.healthy
    assert service._figures is None
    assert "gauges.missed" in caplog.text


def test_who_has_lost_books_tells_nothing_of_the_store(tmp_path: Path) -> None:
    async def told() -> list[int]:
        service = passing(tmp_path)
        service._figures = Figures(0, {}, {}, [], 0, {}, {}, None, lambda: HOUR)
        found = [len(service.figures())]
        service.worker.readers[TP(topic("books"), 0)] = object()  # type: ignore[assignment]
        found.append(len(service.figures()))
        service.worker.revoked()
        return [*found, len(service.figures())]

    assert asyncio.run(told()) == [0, 1, 0]
