"""The pack as OSCAL: the published schema takes it, and refuses it broken."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from controls import catalogue
from streams.export import oscal
from streams.export.cut import Evidence
from streams.export.oscal import assessment_results
from streams.export.sample import samples

CATALOGUE = catalogue.load()
Document = dict[str, Any]


@pytest.fixture(scope="module")
def schema(needs: Callable[[str], Path]) -> Any:
    place = needs("corpus") / "oscal/schema/oscal_assessment-results_schema.json"
    text = place.read_text(encoding="utf-8")
    return jsonschema_rs.validator_for(json.loads(text), validate_formats=True)


@pytest.fixture(scope="module")
def document(evidence: Evidence) -> Document:
    made = assessment_results(evidence, CATALOGUE, samples(evidence, CATALOGUE))
    read: Document = json.loads(json.dumps(made))
    return read


def test_the_published_schema_takes_it(schema: Any, document: Document) -> None:
    assert [f"{e.instance_path}: {e.message}" for e in schema.iter_errors(document)] == []


def _without_uuid(whole: Document) -> None:
    del whole["assessment-results"]["results"][0]["findings"][0]["uuid"]


def _with_a_key_too_many(whole: Document) -> None:
    whole["assessment-results"]["results"][0]["observations"][0]["verdict"] = "pass"


def _with_a_state_that_is_none(whole: Document) -> None:
    target = whole["assessment-results"]["results"][0]["findings"][0]["target"]
    target["status"]["state"] = "open"


def _with_a_time_without_zone(whole: Document) -> None:
    whole["assessment-results"]["metadata"]["last-modified"] = "2026-05-12T23:59:59"


@pytest.mark.parametrize(
    "broken",
    [_without_uuid, _with_a_key_too_many, _with_a_state_that_is_none, _with_a_time_without_zone],
)
def test_a_broken_one_is_refused(
    schema: Any, document: Document, broken: Callable[[Document], None]
) -> None:
    whole = copy.deepcopy(document)
    broken(whole)
    assert not schema.is_valid(whole)


def test_every_control_is_observed_and_every_open_finding_found(
    document: Document, evidence: Evidence
) -> None:
    [result] = document["assessment-results"]["results"]
    observed = {each["uuid"]: _props(each) for each in result["observations"]}
    assert len(observed) == len(CATALOGUE.controls)
    for one, control in zip(result["observations"], CATALOGUE.controls, strict=True):
        counts = evidence.populations.get(control.id)
        assert observed[one["uuid"]]["population"] == str(counts.total() if counts else 0)
    open_ = {f["finding_id"]: f for f in evidence.findings if f["status"] == "open"}
    assert {_props(each)["finding-id"] for each in result["findings"]} == open_.keys()
    links = {f"{block['number']} {block['link']}" for block in evidence.blocks()}
    risks = {each["uuid"] for each in result["risks"]}
    for each in result["findings"]:
        mine = open_[_props(each)["finding-id"]]
        assert each["target"]["target-id"] == mine["control"]
        assert each["target"]["status"]["state"] == "not-satisfied"
        assert each["related-observations"][0]["observation-uuid"] in observed
        assert _props(each)["block"].split(" ", 1)[1] in links
        for risk in each.get("related-risks", ()):
            risks.discard(risk["risk-uuid"])
    assert not risks


def test_every_reference_leads_somewhere_and_no_uuid_comes_twice(document: Document) -> None:
    text = json.dumps(document)
    whole = document["assessment-results"]
    resources = {each["uuid"] for each in whole["back-matter"]["resources"]}
    assert whole["import-ap"]["href"].removeprefix("#") in resources
    assert {part.split('"')[0] for part in text.split('"href": "#')[1:]} <= resources
    made = [part.split('"')[0] for part in text.split('"uuid": "')[1:]]
    assert len(made) == len(set(made))


def test_the_same_evidence_gives_the_same_document_and_nobodys_name(
    document: Document, company: Any
) -> None:
    old = company.evidence
    again = Evidence(old.store, old.cut, old.period)
    made = json.dumps(assessment_results(again, CATALOGUE, samples(again, CATALOGUE)))
    assert made == json.dumps(document)
    assert not [person for person in company.people if person in made]


def test_what_is_too_much_is_left_out_and_counted_and_the_gravest_stay(
    schema: Any, evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oscal, "FINDINGS", 3)
    made = assessment_results(evidence, CATALOGUE, samples(evidence, CATALOGUE, only=["TEC-05"]))
    [result] = made["assessment-results"]["results"]
    assert schema.is_valid(made)
    assert {_props(each)["severity"] for each in result["findings"]} == {"critical"}
    open_ = [finding for finding in evidence.findings if finding["status"] == "open"]
    assert _props(result)["findings-left-out"] == str(len(open_) - 3)


def _props(part: Document) -> dict[str, str]:
    return {each["name"]: each["value"] for each in part["props"]}
