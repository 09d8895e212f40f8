"""The catalogue: what it refuses, what a company may set, what its fingerprint covers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controls import catalogue
from controls.kernel import Code, Refusal, Text

FOUND = catalogue.load()


def test_controls_come_in_order_of_their_ids_with_their_measure() -> None:
    ids = [control.id for control in FOUND.controls]
    assert ids == sorted(ids)
    assert FOUND.measures["TEC-05"] == "technical"


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"TEC-99": {}}, r"company.toml: \[TEC-99\]: no such control"),
        ({"TEC-05": {"export": 5}}, r"export: no such parameter; did you mean .export_n"),
        ({"TEC-05": {"export_n": "many"}}, r"\[TEC-05\] export_n: Input should be a valid integer"),
        ({"TEC-05": {"export_n": True}}, r"\[TEC-05\] export_n: Input should be a valid integer"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_refused_by_name(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(Refusal, match=words):
        catalogue.load(overrides, "company.toml")


def test_a_company_may_set_numbers_and_lists() -> None:
    found = catalogue.load(
        {
            "TEC-05": {"export_n": 500, "registered_jobs": ["svc-batch"]},
            "OUT-02": {"clauses": ["scope"]},
        }
    )
    assert found["TEC-05"].params.export_n == 500
    assert found["TEC-05"].params.registered_jobs == ["svc-batch"]
    assert found["OUT-02"].params.clauses == ("scope",)


def test_the_fingerprint_covers_parameters() -> None:
    assert catalogue.load().fingerprint == FOUND.fingerprint
    assert catalogue.load({"TEC-05": {"export_n": 500}}).fingerprint != FOUND.fingerprint


def test_a_code_without_examples_is_refused_by_file_and_line() -> None:
    control = FOUND["TEC-01"]
    kept = tuple(e for e in control.examples if e.about != "WRONG_ROLE")
    with pytest.raises(Refusal, match=r"here.py:7: TEC-01: WRONG_ROLE has no violating example"):
        catalogue.examine(replace(control, examples=kept), "here.py:7")


def test_a_code_that_no_check_can_find_is_refused() -> None:
    control = FOUND["TEC-01"]
    text = Text("", "")
    codes = {**control.codes, "NEVER": Code("low", text, text)}
    with pytest.raises(Refusal, match="no check can find NEVER"):
        catalogue.examine(replace(control, codes=codes), "here.py:7")


def test_a_place_that_was_not_verified_keeps_its_mark() -> None:
    places = [s for s in FOUND["TEC-01"].sources if s.kind == "pms_guideline"]
    assert [(s.place, s.verified) for s in places] == [("J.9.2*", False)]


def test_an_unknown_control_is_refused_with_a_hint() -> None:
    with pytest.raises(Refusal, match="did you mean GOV-08"):
        FOUND["GOV-8"]
