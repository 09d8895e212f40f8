"""Statutory clocks: the terms of the law that run, as `shoseki clocks` lists them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controls.kernel import REPORT_ITEMS
from streams import clocks
from streams.console import queries
from streams.console.sight import Query, Sight


def page(sight: Sight, query: Query) -> Mapping[str, Any]:
    """Open terms by their end, and what may yet start one."""
    terms = clocks.running(sight.catalogue.controls, sight.store, sight.now)
    return {
        "terms": terms,
        "over": sum(term.over(sight.now) for term in terms),
        "soon": sum(
            term.due is not None and 0 <= term.due - sight.now < 3 * 86_400_000 for term in terms
        ),
        "still": sum(term.due is None for term in terms),
        "items": REPORT_ITEMS,
        "candidates": sight.ask(
            queries.FINDINGS, severities=["critical"], statuses=["open"], verdicts=["violation"],
            limit=50, offset=0,
        ),
    }  # fmt: skip
