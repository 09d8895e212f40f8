"""Grafana's dashboards, generated: `python -m dashboards.grafana` writes them, `--check` compares.

Every board twice, in Japanese and in English, each language a folder of its own.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import dashboard

from controls.kernel import Text
from dashboards.boards import BOARDS
from dashboards.grafana_panels import EVIDENCE, drawn, told
from dashboards.panels import Board, Panel
from dashboards.sql import (
    IDS,
    MEASURES,
    PERIOD,
    TITLES,
    UNTIL,
    Language,
    array,
    for_grafana,
    names,
    text,
    variable,
)
from dashboards.words import WORDS

OUT = Path(__file__).parents[1] / "deploy" / "grafana" / "dashboards"
CONSOLE = "http://127.0.0.1:9466"
LANGUAGES: tuple[Language, ...] = ("ja", "en")
WIDTH = 24
HEIGHT = {"stat": 5, "line": 8, "bars": 9, "table": 10, "graph": 12}
ALL = "{}"
"""What a variable is when everything is chosen (`sql.variable` reads it so)."""
_CONTROL = f"""SELECT id.1, concat(id.1, ' ', id.3) FROM (
    SELECT arrayJoin(arrayZip({IDS}, {MEASURES}, {TITLES})) AS id
) WHERE empty({variable("measure")}) OR id.2 IN {variable("measure")} ORDER BY id.1"""
_SYSTEM_TYPES = (
    "access.account_changed", "access.auth_attempt", "access.datastore_query",
    "access.privilege_changed", "security.threat_detected", "vulnerability.status",
)  # fmt: skip
_CONTRACTOR_TYPES = (
    "contractor.assessed", "contractor.audited", "contractor.contracted",
    "contractor.data_entrusted", "contractor.reentrusted",
)  # fmt: skip


def generated(console: str = CONSOLE) -> Iterator[tuple[str, str]]:
    """Every file, as its path under OUT and its text."""
    for lang in LANGUAGES:
        for board in BOARDS:
            made = dashboard_of(board, lang, console)
            shown = json.dumps(made, cls=JSONEncoder, ensure_ascii=False, indent=1)
            yield f"{lang}/{made.uid}.json", f"{shown}\n"


def dashboard_of(board: Board, lang: Language, console: str) -> dashboard.Dashboard:
    live = not any(panel.sql for panel in board.panels)
    made = (
        build.Dashboard(told(board.title, lang))
        .uid(f"shoseki-{board.id}-{lang}")
        .description(told(board.about, lang))
        .tags([f"shoseki-{lang}"])
        .timezone("Asia/Tokyo")
        .week_start("monday")
        .time("now-6h" if live else "now-30d", "now")
        .refresh("30s" if live else "5m")
        .tooltip(dashboard.DashboardCursorSync.CROSSHAIR)
        .readonly()
    )
    for each in variables(board, lang, console):
        made.with_variable(each)
    for link in _links(board, lang, console):
        made.link(link)
    built = made.build()
    built.panels = [drawn(panel, place, lang) for panel, place in placed(board.panels)]
    return built


def placed(panels: Sequence[Panel]) -> Iterator[tuple[Panel, dashboard.GridPos]]:
    """Panels in their order: stats share a row, charts stand two by two, tables alone."""
    y = 0
    for per_row, run in groupby(panels, _per_row):
        group = list(run)
        for start in range(0, len(group), per_row):
            row = group[start : start + per_row]
            width = WIDTH // len(row)
            height = max(HEIGHT[panel.kind] for panel in row)
            for column, panel in enumerate(row):
                yield panel, dashboard.GridPos(h=height, w=width, x=column * width, y=y)
            y += height


def _per_row(panel: Panel) -> int:
    return {"stat": 6, "line": 2, "bars": 2}.get(panel.kind, 1)


def variables(
    board: Board, lang: Language, console: str
) -> Iterator[build.ConstantVariable | build.CustomVariable | build.QueryVariable]:
    """The console's address, and of the others those that a query of the board reads."""
    used = {name for panel in board.panels for name in names(panel.sql)}
    yield build.ConstantVariable("console").value(console)
    everything = dashboard.VariableOption(True, ["All"], ["$__all"])
    if "controls" in used:
        words = ", ".join(f"{told(word, lang)} : {key}" for key, word in WORDS["measure"].items())
        yield (
            build.CustomVariable("measure")
            .label(told(Text("措置", "Measure"), lang))
            .values(words)
            .multi(True)
            .include_all(True)
            .all_value(ALL)
            .current(everything)
        )
    for name, parameter, label, query in (
        ("control", "controls", Text("統制", "Control"), _CONTROL),
        (
            "system", "systems", Text("システム", "System"),
            _values("system_id", _SYSTEM_TYPES, PERIOD),
        ),
        (
            "contractor", "contractors", Text("委託先", "Contractor"),
            _values("contractor_id", _CONTRACTOR_TYPES, f"occurred_at <= {UNTIL}"),
        ),
    ):  # fmt: skip
        if parameter in used:
            asked: dict[str, object] = {
                "refId": name, "queryType": "sql", "rawSql": for_grafana(query, lang),
            }  # fmt: skip
            made = (
                build.QueryVariable(name)
                .label(told(label, lang))
                .datasource(EVIDENCE)
                .query(asked)
                .refresh(dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED)
                .multi(True)
                .include_all(True)
                .allow_custom_value(False)
                .current(everything)
            )
            # all controls are those of the measures chosen, so they are named one by one
            yield made if name == "control" else made.all_value(ALL)


def _values(field: str, types: Sequence[str], when: str) -> str:
    return f"""SELECT DISTINCT {text(field)} AS value FROM events
WHERE event_type IN {array(types)} AND {when} AND value != ''
ORDER BY value LIMIT 1000"""


def _links(board: Board, lang: Language, console: str) -> Iterator[build.DashboardLink]:
    other: Language = "en" if lang == "ja" else "ja"
    yield (
        build.DashboardLink(told(Text("ほかの画面", "Other boards"), lang))
        .type(dashboard.DashboardLinkType.DASHBOARDS)
        .tags([f"shoseki-{lang}"])
        .as_dropdown(True)
        .keep_time(True)
        .include_vars(True)
    )
    yield (
        build.DashboardLink(told(Text("English", "日本語"), lang))
        .type(dashboard.DashboardLinkType.LINK)
        .url(f"/d/shoseki-{board.id}-{other}")
        .keep_time(True)
        .include_vars(True)
    )
    yield (
        build.DashboardLink(told(Text("コンソール", "Console"), lang))
        .type(dashboard.DashboardLinkType.LINK)
        .url(f"{console}/{lang}/")
        .target_blank(True)
    )


def stale(files: dict[str, str], out: Path) -> list[str]:
    """Paths under `out` that are not as generated: changed, missing, or left from before."""
    there = {path.relative_to(out).as_posix() for path in out.rglob("*.json")}
    changed = [
        name
        for name, text in files.items()
        if name not in there or (out / name).read_text("utf-8") != text
    ]
    return sorted(changed + list(there - files.keys()))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m dashboards.grafana", description="Write Grafana's dashboards."
    )
    parser.add_argument("--check", action="store_true", help="write nothing, say what is stale")
    parser.add_argument("--console", default=CONSOLE, help="where browsers find the console")
    parser.add_argument("--out", type=Path, default=OUT, help="the folder they are written to")
    options = parser.parse_args(arguments)
    files = dict(generated(options.console.rstrip("/")))
    old = stale(files, options.out)
    if options.check:
        for name in old:
            print(f"{options.out / name}: stale; run: python -m dashboards.grafana")
        return 1 if old else 0
    for name in old:
        file = options.out / name
        if name not in files:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(files[name], "utf-8")
    print(f"{len(files)} dashboards in {options.out}, {len(old)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
