"""Every page of the console: its address, who may see it, what it is made from, its template."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from controls.events import RETENTION
from streams.console import board, clock, contractors, control, finding, overview, pipeline, sources
from streams.console.proof import Proofs
from streams.console.sight import Query, Sight, Unknown
from streams.site import watched

Data = Callable[..., Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Page:
    """`path` with `{id}` for what varies; `whole` pages show fields of events, so not to an
    auditor; `menu` ones stand in the menu, `period` ones look at the days that are chosen."""

    path: str
    template: str
    data: Data
    menu: bool = False
    whole: bool = False
    period: bool = False

    def match(self, path: str) -> Mapping[str, str] | None:
        pattern = re.escape(self.path).replace(r"\{id\}", "(?P<id>.+)")
        found = re.fullmatch(pattern, path, re.DOTALL)
        return found and found.groupdict()


def policy(sight: Sight, query: Query, id: str) -> Mapping[str, Any]:
    """A published policy and the controls that keep each of its statements."""
    found = next((each for each in sight.policies if each.id == id), None)
    if found is None:
        raise Unknown("no such policy")
    live = set(sight.ids)
    held = sum(set(each.checked_by) <= live for each in found.statements)
    return {"policy": found, "live": live, "held": held}


def monitoring(sight: Sight, query: Query) -> Mapping[str, Any]:
    """What this system sees of the people who work in the house."""
    return {"kinds": watched(), "kept": RETENTION}


def pages(proofs: Proofs) -> tuple[Page, ...]:
    """All of them, in the order of the menu."""
    return (
        Page("index", "overview.html", overview.page, menu=True, period=True),
        Page("findings", "findings.html", finding.listed, menu=True),
        Page("findings/{id}", "finding.html", partial(finding.shown, proofs)),
        Page("events/{id}", "event.html", partial(finding.event, proofs)),
        Page("controls", "controls.html", control.listed, menu=True, period=True),
        Page("controls/{id}", "one_control.html", control.shown, period=True),
        Page("clocks", "clocks.html", clock.page, menu=True),
        Page("contractors", "contractors.html", contractors.page, menu=True, whole=True),
        Page("sources", "sources.html", sources.page, menu=True, period=True),
        Page("pipeline", "pipeline.html", pipeline.page, menu=True, period=True),
        Page("boards", "boards.html", board.listed, menu=True),
        Page("boards/{id}", "board.html", board.shown, period=True),
        Page("monitoring", "monitoring.html", monitoring),
        Page("policies/{id}", "policy.html", policy),
    )


def find(known: tuple[Page, ...], path: str) -> tuple[Page, Mapping[str, str]]:
    """The page of an address below its language, and what varies in it; else Unknown."""
    path = path.strip("/").removesuffix(".html") or "index"
    for page in known:
        given = page.match(path)
        if given is not None:
            return page, given
    raise Unknown("there is no such page")
