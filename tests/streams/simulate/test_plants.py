"""What is planted: every code, each with its events in the file and its label."""

import json
import re
from collections import Counter, defaultdict
from datetime import date
from typing import Any

import pytest

from controls import catalogue
from controls.events import TYPES
from streams.simulate import simulate
from streams.simulate.company import Company
from streams.simulate.plan import Plan
from streams.simulate.plants import ONCE, PLANTS, chosen, sow

DAY = re.compile(r"\d{4}-\d\d-\d\d")
"""A day in a subject: the end of a term or of a period, no event needs to name it."""
OURS = {"clear_desk", "procedure", "fee", "disposal"}
"""Items of a law or of a check list, in a subject because no event names them."""

Told = tuple[list[dict[str, Any]], list[dict[str, str]]]


@pytest.fixture(scope="module")
def told() -> Told:
    company = simulate(3, 80, 12, ["all"])
    return list(company), company.labels


def test_every_code_can_be_planted_and_gets_a_label(told: Told) -> None:
    _, labels = told
    assert {f"{label['control']}:{label['code']}" for label in labels} == set(PLANTS)


def test_every_code_of_the_catalogue_can_be_planted() -> None:
    live = {f"{control.id}:{code}" for control in catalogue.load().controls
            for code in control.codes}
    assert set(PLANTS) == live


def test_every_type_of_the_vocabulary_is_told(told: Told) -> None:
    events, _ = told
    assert {event["event_type"] for event in events} == set(TYPES)


def test_one_label_stands_for_one_finding(told: Told) -> None:
    _, labels = told
    names = [(label["control"], label["code"], label["subject"]) for label in labels]
    assert Counter(names).most_common(1)[0][1] == 1


def test_a_label_has_the_contracts_keys_and_a_known_cause(told: Told) -> None:
    _, labels = told
    planted = {label["planted"] for label in labels if label["cause"] == "planted"}
    for label in labels:
        assert list(label) == ["control", "code", "subject", "occurred_at", "planted", "cause"]
        assert label["subject"] and "||" not in label["subject"]
        assert label["cause"] in ("planted", f"consequence of {label['planted']}")
        assert label["planted"] in planted


def test_a_large_export_brings_its_consequences(told: Told) -> None:
    _, labels = told
    codes: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        codes[label["planted"]].append(label["code"])
    assert codes["TEC-05:BULK_EXPORT#1"] == ["BULK_EXPORT"]
    assert sorted(codes["TEC-05:BULK_EXPORT#2"]) == ["BULK_EXPORT", "CUMULATIVE"]


def test_what_a_label_names_is_in_the_file(told: Told) -> None:
    events, labels = told
    values: set[str] = set()
    for event in events:
        for value in event.values():
            listed = value if isinstance(value, list) else [value]
            values.update(str(each) for each in listed if isinstance(each, str | int))
    for label in labels:
        parts = [part for part in label["subject"].split("|") if not DAY.match(part)]
        if label["code"] in ("ITEM_MISSING", "NG", "NO_RULE"):
            parts = [part for part in parts if not set(part.split(",")) <= OURS]
        elif label["code"] == "SPRAY":
            parts = parts[1:]
        elif label["code"] == "SEQ_GAP":
            source, number = parts
            seen = {e["source_seq"] for e in events
                    if e["source_id"] == source and "source_seq" in e}
            assert int(number) not in seen and int(number) + 1 in seen
            parts = [source]
        assert [part for part in parts if part not in values] == [], label


def test_a_silent_source_gives_no_sign_for_more_than_its_hour(told: Told) -> None:
    events, labels = told
    for label in (one for one in labels if one["code"] == "SILENT"):
        source = label["subject"].partition("|")[0]
        signs = sorted(
            e["occurred_at"] for e in events
            if e["source_id"] == source or (e["event_type"] == "log.source_status"
                                            and e["monitored_source_id"] == source))
        last = max(sign for sign in signs if sign < label["occurred_at"])
        # the limit of sixty minutes after the last sign is the label's own instant
        assert f"{int(last[11:13]) + 1:02d}{last[13:]}" == label["occurred_at"][11:]


def test_two_payloads_under_one_id_are_planted_first_one_first(told: Told) -> None:
    events, labels = told
    for label in (one for one in labels if one["code"] == "PAYLOAD_CONFLICT"):
        first, second = [e for e in events if e["event_id"] == label["subject"]][:2]
        assert first["attachments"] != second["attachments"]
        assert first["ingested_at"] < second["ingested_at"]


def test_nothing_is_planted_unasked() -> None:
    company = simulate(1, 25, 2)
    assert sum(1 for _ in company) > 5_000
    assert company.labels == []


def test_labels_are_not_told_before_the_events() -> None:
    with pytest.raises(ValueError, match="iterate"):
        _ = simulate(1, 25, 2, ["all"]).labels


def test_a_control_or_a_code_can_be_chosen() -> None:
    assert chosen(["TEC-04:BRUTE", "INC-04"]) == \
        ["TEC-04:BRUTE", "INC-04:DUE_SOON", "INC-04:LATE", "INC-04:ITEMS_OPEN"]
    assert chosen(["all"]) == list(PLANTS)
    with pytest.raises(ValueError, match=r"TEC-99.*known: all.*TEC-01"):
        chosen(["TEC-99"])


@pytest.mark.parametrize("start", [date(2026, 1, 31), date(2026, 12, 1), date(2026, 12, 29)])
@pytest.mark.parametrize(("months", "staff"), [(1, 20), (2, 60), (12, 100)])
def test_any_period_has_room_for_every_fault(start: date, months: int, staff: int) -> None:
    for seed in range(5):
        plan = Plan(Company(seed, staff, start, months), seed)
        sow(plan, ["all"])
        planted = {label["planted"] for label in plan.labels}
        # a term may be unable to end in the New Year's closing: that one fault is left out
        assert len(planted) >= plan.rounds * (len(PLANTS) - len(ONCE) - 1) + len(ONCE)
        assert json.dumps(plan.labels)
