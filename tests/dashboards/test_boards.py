"""The declarations themselves, without a store."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

import pytest

from controls import catalogue
from controls.catalogue import MEASURES
from controls.events import TYPES, spec
from controls.kernel import SEVERITIES, Refusal
from dashboards.boards import BOARDS
from dashboards.panels import Panel
from dashboards.sql import Scope, bound, for_grafana, names, quoted
from dashboards.words import WORDS
from tests.dashboards.test_panels import ASKED, SHOWS

PANELS = [(board.id, panel) for board in BOARDS for panel in board.panels]
FIELD = re.compile(r"JSONExtract\w*\(attributes, '(\w+)'")


def test_every_panel_of_the_store_has_an_expectation() -> None:
    assert SHOWS.keys() == ASKED.keys()


def test_an_id_names_one_panel() -> None:
    by_id: dict[str, list[Panel]] = defaultdict(list)
    for _, panel in PANELS:
        by_id[panel.id].append(panel)
    assert not [name for name, found in by_id.items() if any(p is not found[0] for p in found)]


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.id)
def test_a_board_has_a_screenful_of_panels_or_two(board: Any) -> None:
    assert 6 <= len(board.panels) <= 17
    assert len({panel.id for panel in board.panels}) == len(board.panels)


def test_a_panel_asks_the_store_or_the_metrics() -> None:
    assert not [panel.id for _, panel in PANELS if bool(panel.sql) == bool(panel.metric)]


def test_a_heading_is_told_in_both_languages() -> None:
    for _, panel in PANELS:
        texts = [panel.title, *(column.title for column in panel.columns.values())]
        assert all(text.ja and text.en for text in texts), panel.id


def test_thresholds_rise() -> None:
    for _, panel in PANELS:
        at = [threshold.at for threshold in panel.thresholds]
        assert at == sorted(at), panel.id


def test_a_link_starts_from_a_column() -> None:
    for _, panel in PANELS:
        assert {link.column for link in panel.links} <= panel.columns.keys(), panel.id


@pytest.mark.parametrize("panel_id", sorted(ASKED))
def test_a_query_reads_fields_that_events_have_and_evidence_keeps(panel_id: str) -> None:
    kept = {f.name for type_ in TYPES for f in spec(type_).fields if f.ev != "drop"}
    assert set(FIELD.findall(ASKED[panel_id].sql)) <= kept


def test_words_cover_every_key() -> None:
    assert WORDS["measure"].keys() == set(MEASURES)
    assert WORDS["severity"].keys() == set(SEVERITIES)
    assert WORDS["verdict"].keys() == {"pass", "violation", "not_applicable", "indeterminate"}


def test_parameters_are_those_that_the_query_has() -> None:
    scope = Scope(0, 1)
    for panel in ASKED.values():
        sql, parameters = bound(panel.sql, scope)
        assert sql == panel.sql
        assert parameters.keys() == set(names(sql))


def test_titles_and_measures_stand_in_the_order_of_the_controls() -> None:
    _, values = bound("{ids:Array(String)} {measures:Array(String)} {titles:Array(String)}",
                      Scope(0, 1, language="en"))  # fmt: skip
    known = catalogue.load()
    assert values["ids"] == [control.id for control in known.controls]
    assert values["titles"] == [control.title.en for control in known.controls]
    assert values["measures"] == [known.measures[id_] for id_ in values["ids"]]


@pytest.mark.parametrize(
    ("at", "said"),
    [
        (-1, "1970-01-01 00:00:00.000"),
        (1_774_969_200_007, "2026-03-31 15:00:00.007"),
        (1 << 60, "2299-12-31 23:59:59.999"),
    ],
)
def test_an_instant_is_one_that_the_engine_holds(at: int, said: str) -> None:
    _, values = bound("{since:DateTime64(3)}", Scope(at, at))
    assert values["since"] == said


def test_no_placeholder_is_left_for_grafana() -> None:
    for panel in ASKED.values():
        assert not re.search(r"\{\w+:[A-Z]", for_grafana(panel.sql, "ja")), panel.id


def test_a_text_is_quoted_so_that_it_ends_where_it_ends() -> None:
    assert quoted("it's \\") == "'it\\'s \\\\'"


def test_a_text_in_which_grafana_would_see_a_variable_is_refused() -> None:
    with pytest.raises(Refusal, match="variables"):
        quoted("a ${control}")

