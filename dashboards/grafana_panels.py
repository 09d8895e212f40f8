"""A panel as Grafana draws it: its queries, the words and colours of its values, its links."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any
from zlib import crc32

from grafana_foundation_sdk.builders import (
    barchart,
    bargauge,
    common,
    nodegraph,
    stat,
    table,
    timeseries,
)
from grafana_foundation_sdk.cog.builder import Builder
from grafana_foundation_sdk.cog.variants import Dataquery
from grafana_foundation_sdk.models import common as settings
from grafana_foundation_sdk.models import dashboard, prometheus
from grafana_foundation_sdk.models.nodegraph import ArcOption

from controls.kernel import Text
from dashboards.panels import Column, Panel, Target, Unit
from dashboards.sql import Language, for_grafana
from dashboards.words import WORDS

PLUGIN = "grafana-clickhouse-datasource"
VERSION = "4.22.1"
"""Of the plugin: a query that does not say takes it for one of version 3 and rewrites it."""
EVIDENCE = dashboard.DataSourceRef(PLUGIN, "shoseki-clickhouse")
METRICS = dashboard.DataSourceRef("prometheus", "shoseki-prometheus")
COLOURS = {
    "good": "green", "warning": "orange", "bad": "red",
    "critical": "dark-red", "high": "red", "medium": "orange", "low": "yellow", "info": "blue",
    "pass": "green", "violation": "red", "indeterminate": "purple", "not_applicable": "gray",
    "open": "red", "acknowledged": "orange", "closed": "green", "superseded": "gray",
}  # fmt: skip
UNITS: Mapping[Unit, str] = {
    "count": "locale", "seconds": "s", "share": "percentunit", "bytes": "decbytes",
}  # fmt: skip


class Query(Dataquery):
    """A query of the ClickHouse plugin, which the SDK does not know: SQL, answered as a table."""

    def __init__(self, sql: str, ref: str) -> None:
        self.sql, self.ref = sql, ref

    def to_json(self) -> dict[str, object]:
        return {
            "refId": self.ref,
            "datasource": EVIDENCE,
            "pluginVersion": VERSION,
            "editorType": "sql",
            "queryType": "table",
            "format": 1,
            "rawSql": self.sql,
            "meta": {},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Query:
        return cls(data["rawSql"], data["refId"])


def drawn(panel: Panel, place: dashboard.GridPos, lang: Language) -> dashboard.Panel:
    """The panel with everything that Grafana must know."""
    made = _face(panel)
    made.id_val = number(panel.id)
    made.title = told(panel.title, lang)
    made.description = told(panel.note, lang) if panel.note else None
    made.datasource = EVIDENCE if panel.sql else METRICS
    made.targets = _targets(panel, lang)
    made.grid_pos = place
    config = made.field_config or dashboard.FieldConfigSource()
    config.defaults.unit = UNITS.get(panel.unit) if panel.sql else _metric_unit(panel.unit)
    if panel.thresholds:
        config.defaults.thresholds = _thresholds(panel)
    config.overrides = [
        _override(name, _properties(panel, name, column, at == 0, lang))
        for at, (name, column) in enumerate(panel.columns.items())
        if panel.kind != "graph"
    ]
    made.field_config = config
    return made


def number(panel_id: str) -> int:
    """Grafana's number of a panel: of its id alone, so addresses outlive the order."""
    return crc32(panel_id.encode()) & 0x7FFF_FFFF


def told(text: Text, lang: Language) -> str:
    return text.ja if lang == "ja" else text.en


def _metric_unit(unit: Unit) -> str:
    return "short" if unit == "count" else UNITS[unit]


def _targets(panel: Panel, lang: Language) -> list[Dataquery]:
    if panel.kind == "graph":
        return [
            Query(for_grafana(NODES.format(edges=panel.sql), lang), "nodes"),
            Query(for_grafana(EDGES.format(edges=panel.sql), lang), "edges"),
        ]
    if panel.sql:
        return [Query(for_grafana(panel.sql, lang), "A")]
    return [
        prometheus.Dataquery(
            expr=series.expr,
            legend_format=told(series.legend, lang),
            instant=panel.kind != "line",
            range_val=panel.kind == "line",
            ref_id=chr(ord("A") + place),
            datasource=METRICS,
        )
        for place, series in enumerate(panel.metric)
    ]


EDGES = """SELECT concat(source, ' ', target, ' ', what) AS id, source, target, what AS mainstat,
    state AS secondarystat FROM ({edges})"""
NODES = """SELECT id, id AS title, max(state = 'bad') AS arc__bad, 1 - arc__bad AS arc__good
FROM (SELECT arrayJoin([source, target]) AS id, state FROM ({edges})) GROUP BY id ORDER BY id"""
"""The node graph wants the nodes besides: coloured by the worst edge that they have."""


def _face(panel: Panel) -> dashboard.Panel:
    """The visualization with what belongs to its kind."""
    colours = common.VizLegendOptions().show_legend(True).placement(settings.LegendPlacement.BOTTOM)
    tooltip = common.VizTooltipOptions().mode(settings.TooltipDisplayMode.MULTI)
    if panel.kind == "stat":
        newest = common.ReduceDataOptions().calcs(["lastNotNull"])
        return (
            stat.Panel()
            .reduce_options(newest)
            .text_mode(settings.BigValueTextMode.VALUE_AND_NAME)
            .color_mode(settings.BigValueColorMode.VALUE)
            .graph_mode(settings.BigValueGraphMode.NONE)
            .wide_layout(False)
            .build()
        )
    if panel.kind == "line":
        return (
            timeseries.Panel()
            .draw_style(settings.GraphDrawStyle.LINE)
            .line_interpolation(settings.LineInterpolation.STEP_AFTER)
            .fill_opacity(8)
            .show_points(settings.VisibilityMode.AUTO)
            .legend(colours)
            .tooltip(tooltip)
            .build()
        )
    if panel.kind == "bars" and panel.sql:
        return (
            barchart.Panel()
            .orientation(settings.VizOrientation.HORIZONTAL)
            .show_value(settings.VisibilityMode.AUTO)
            .fill_opacity(80)
            .line_width(1)
            .gradient_mode(settings.GraphGradientMode.NONE)
            .legend(colours)
            .tooltip(tooltip)
            .build()
        )
    if panel.kind == "bars":
        return (
            bargauge.Panel()
            .orientation(settings.VizOrientation.HORIZONTAL)
            .display_mode(settings.BarGaugeDisplayMode.BASIC)
            .build()
        )
    if panel.kind == "table":
        return (
            table.Panel()
            .show_header(True)
            .cell_height(settings.TableCellHeight.SM)
            .filterable(True)
            .build()
        )
    arcs: list[Builder[ArcOption]] = [
        nodegraph.ArcOption().field(f"arc__{state}").color(COLOURS[state])
        for state in ("good", "bad")
    ]
    return nodegraph.Panel().nodes(nodegraph.NodeOptions().arcs(arcs)).build()


def _thresholds(panel: Panel) -> dashboard.ThresholdsConfig:
    steps = [
        dashboard.Threshold(each.at if isfinite(each.at) else None, COLOURS[each.state])
        for each in panel.thresholds
    ]
    if steps[0].value is not None:
        steps.insert(0, dashboard.Threshold(None, COLOURS["good"]))
    return dashboard.ThresholdsConfig(dashboard.ThresholdsMode.ABSOLUTE, steps)


def _override(
    name: str, properties: list[dashboard.DynamicConfigValue]
) -> dashboard.DashboardFieldConfigSourceOverrides:
    matcher = dashboard.MatcherConfig("byName", name)
    return dashboard.DashboardFieldConfigSourceOverrides(matcher, properties)


def _properties(
    panel: Panel, name: str, column: Column, first: bool, lang: Language
) -> list[dashboard.DynamicConfigValue]:
    """A column's heading, how its values are written, and where they lead."""
    set_ = dashboard.DynamicConfigValue
    found = [set_("displayName", told(column.title, lang))]
    if column.unit in UNITS:
        found.append(set_("unit", UNITS[column.unit]))
    if panel.kind == "stat" and not first:
        found.append(set_("color", {"mode": "fixed", "fixedColor": "text"}))
    if panel.kind in ("line", "bars") and (colour := _series_colour(name)):
        found.append(set_("color", {"mode": "fixed", "fixedColor": colour}))
    if words := WORDS.get(column.unit):
        options = {
            key: dashboard.ValueMappingResult(told(text, lang), COLOURS.get(key), None, index)
            for index, (key, text) in enumerate(words.items())
        }
        found.append(set_("mappings", [dashboard.ValueMap(options)]))
        if panel.kind == "table" and column.unit != "measure":
            found.append(set_("custom.cellOptions", {"type": "color-text"}))
    links = [_link(link.column, link.to, lang) for link in panel.links if link.column == name]
    if links:
        found.append(set_("links", links))
    return found


def _series_colour(name: str) -> str | None:
    """Verdicts and severities have the colour that they have everywhere."""
    same = {"passed": "pass", "violations": "violation", "unknown": "indeterminate"}
    return COLOURS.get(same.get(name, name))


def _link(column: str, to: Target, lang: Language) -> dict[str, object]:
    """A data link; the value is percent-encoded into an address of ours."""
    there = f"/d/shoseki-controls-{lang}?${{__url_time_range}}"
    value = f"${{__data.fields.{column}:percentencode}}"
    where, title = {
        "measure": (
            f"{there}&var-measure={value}",
            Text("この措置の統制", "Controls of this measure"),
        ),
        "findings": (f"{there}&${{__all_variables}}", Text("検出の一覧", "The findings")),
        "control": (f"${{console}}/{lang}/controls/{value}", Text("統制のページ", "The control")),
        "finding": (f"${{console}}/{lang}/findings/{value}", Text("検出のページ", "The finding")),
    }[to]
    return {"title": told(title, lang), "url": where, "targetBlank": to in ("control", "finding")}
