"""The simulated company: the same from the same seed, in order, at human hours, inside limits."""

from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from streams.codec import decode
from streams.rejects import Reject
from streams.simulate import simulate

Events = list[dict[str, Any]]


@pytest.fixture(scope="module")
def month() -> Events:
    return list(simulate(1, 40, 5))


@pytest.fixture(scope="module")
def faulty() -> tuple[Events, list[dict[str, str]], str]:
    company = simulate(2, 60, 6, ["all"])
    events = list(company)
    return events, company.labels, company.until


def _day(event: dict[str, Any]) -> date:
    return datetime.fromisoformat(event["occurred_at"]).date()


def _unique(events: Events) -> Events:
    return list({event["event_id"]: event for event in events}.values())


def test_the_same_seed_gives_the_same_bytes() -> None:
    def run() -> list[bytes]:
        company = simulate(1, 25, 8, ["all"])
        lines = [msgspec.json.encode(event) for event in company]
        return lines + [msgspec.json.encode(label) for label in company.labels]

    assert run() == run()


def test_a_simulation_tells_its_story_again_when_iterated_again() -> None:
    company = simulate(1, 25, 8, ["GOV-08"])
    first = (list(company), company.labels)
    assert (list(company), company.labels) == first


def test_another_seed_gives_another_company() -> None:
    assert next(iter(simulate(1, 25, 1)))["event_id"] != next(iter(simulate(1, 25, 2)))["event_id"]


def test_what_is_planted_leaves_ordinary_days_as_they_were() -> None:
    def told(plant: list[str]) -> tuple[set[tuple[str, str]], set[str]]:
        company = simulate(1, 25, 3, plant)
        seen = {(e["account_ref"], e["occurred_at"]) for e in company
                if e["event_type"] == "access.auth_attempt"}
        return seen, {subject for label in company.labels
                      for subject in label["subject"].split("|")}

    (quiet, _), (planted, touched) = told([]), told(["PHY-02:NO_EXIT", "TEC-05:BULK_EXPORT"])
    changed = {account.replace("acct", "stf") for account, _ in quiet ^ planted
               if not account.startswith("mem-")}  # numbered as they come
    assert changed <= touched


def test_events_stand_in_order_of_arrival_and_arrive_after_they_happened(
    faulty: tuple[Events, list[dict[str, str]], str],
) -> None:
    events, _, until = faulty
    arrivals = [event["ingested_at"] for event in events]
    assert arrivals == sorted(arrivals)
    assert arrivals[-1] < until
    assert all(event["occurred_at"] <= event["observed_at"] <= event["ingested_at"]
               for event in events)


def test_every_line_is_an_event_of_the_vocabulary(
    faulty: tuple[Events, list[dict[str, str]], str],
) -> None:
    events, _, _ = faulty
    rare = {event["event_type"]: event for event in events}
    sample = [*rare.values(), *events[:600], *events[::23]]
    read = decode([msgspec.json.encode(event) for event in sample])
    assert [str(one) for one in read if isinstance(one, Reject)] == []


def test_ids_repeat_only_where_the_same_event_is_sent_twice(month: Events) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for event in month:
        payload = {name: value for name, value in event.items() if name != "ingested_at"}
        assert seen.setdefault(event["event_id"], payload) == payload


def test_weekends_and_holidays_are_quiet(month: Events) -> None:
    work = Counter(_day(event) for event in month if event["event_type"] == "badge.read")
    saturdays = [work[date(2026, 4, day)] for day in (4, 11, 18, 25)]
    assert max(saturdays) < 15 < 60 < work[date(2026, 4, 8)]
    assert work[date(2026, 4, 29)] < 15  # Showa Day, a Wednesday


def test_the_office_sleeps_at_night_and_eats_at_noon(month: Events) -> None:
    hours = Counter(int(event["occurred_at"][11:13]) for event in month
                    if event["event_type"] == "access.datastore_query"
                    and event["actor_kind"] == "staff")
    assert sum(hours[hour] for hour in (22, 23, *range(8))) == 0
    assert hours[12] == 0
    assert min(hours[10], hours[15]) > 0


def test_the_nightly_batch_runs_under_a_standing_approval(month: Events) -> None:
    batch = [e for e in month if e["actor_ref"] == "svc-batch"]
    approval = next(e for e in month if e.get("approval_id") == "apr-batch")
    assert {int(e["occurred_at"][11:13]) for e in batch} == {2}
    assert approval["for_ref"] == "svc-batch"
    assert approval["valid_from"] < batch[0]["occurred_at"] < approval["valid_to"]


def test_nobody_reads_near_the_daily_limits(month: Events) -> None:
    approved = {e["for_ref"] for e in month if e["event_type"] == "approval.granted"}
    sums: Counter[tuple[str, date]] = Counter()
    for event in _unique(month):
        persons = event.get("principals_count") or event.get("dlp_principals") or 0
        kind = event["event_type"]
        if kind in ("access.datastore_query", "access.file_activity") \
                and event["actor_ref"] not in approved:
            sums[event["actor_ref"], _day(event)] += persons
    assert 0 < max(sums.values()) < 200


def test_every_door_is_left_as_it_was_entered(month: Events) -> None:
    reads: dict[tuple[str, str], list[str]] = defaultdict(list)
    for event in sorted(_unique(month), key=lambda e: str(e["occurred_at"])):
        if event["event_type"] == "badge.read" and event["result"] == "granted":
            reads[event["holder_ref"], event["zone_id"]].append(event["direction"])
            assert event["occurred_at"][11:13] < "22"
    assert reads
    assert all(ways == ["in", "out"] * (len(ways) // 2) for ways in reads.values())


def test_sources_number_without_gaps_and_are_never_silent_for_an_hour(month: Events) -> None:
    numbers: dict[str, set[int]] = defaultdict(set)
    signs: dict[str, list[datetime]] = defaultdict(list)
    for event in month:
        if event.get("source_seq"):
            numbers[event["source_id"]].add(event["source_seq"])
        if event["event_type"] == "log.source_status" and event["status"] == "heartbeat":
            signs[event["monitored_source_id"]].append(
                datetime.fromisoformat(event["occurred_at"]))
    assert len(numbers) >= 5
    for seen in numbers.values():
        assert seen == set(range(1, len(seen) + 1))
    outage = [e for e in month if e.get("declared_outage_id")]
    for source, moments in signs.items():
        moments.sort()
        gaps = [(b - a).total_seconds() for a, b in pairwise(moments)]
        if source not in {e["monitored_source_id"] for e in outage}:
            assert max(gaps, default=0) < 3_600  # a recorder is told of once


def test_memory_holds_a_day_not_the_period() -> None:
    company = iter(simulate(24, 25, 4))
    day = None
    for _ in range(5_000):
        day = next(company)["ingested_at"][:10]
    assert day is not None and day < "2026-04-20"  # told as it goes, not collected first


def test_members_read_their_own_entry_and_no_more(month: Events) -> None:
    own = [e for e in month if e["event_type"] == "access.datastore_query"
           and e["actor_kind"] == "principal"]
    assert own and {e["principals_count"] for e in own} == {1}


@pytest.mark.parametrize(("months", "staff"), [(0, 100), (3, 5)])
def test_an_impossible_company_is_refused(months: int, staff: int) -> None:
    with pytest.raises(ValueError, match=r"--(months|staff)"):
        simulate(months, staff, 1)
