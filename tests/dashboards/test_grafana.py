"""The dashboards in deploy/grafana: generated, read back by the SDK, asked of a store."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog import runtime
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards import grafana
from dashboards.boards import BOARDS
from dashboards.grafana_panels import EVIDENCE, METRICS, PLUGIN, VERSION, Query, number
from dashboards.panels import Series
from streams.metrics import METRICS as DECLARED
from tests.dashboards.conftest import Boards
from tests.dashboards.grafana import FILES, board, expanded, queries

ALL = sorted(FILES.rglob("*.json"))
GRAFANA = FILES.parent
EXPRESSIONS = [series for board in BOARDS for panel in board.panels for series in panel.metric]


@pytest.fixture(scope="module", autouse=True)
def sdk() -> Iterator[None]:
    """The SDK knows every kind of panel, and our query besides."""
    register_default_plugins()
    runtime.register_dataquery_variant(runtime.DataqueryConfig(PLUGIN, Query.from_json))
    yield
    runtime.Runtime().dataquery_variants.pop(PLUGIN)


def test_the_dashboards_in_deploy_are_those_that_are_declared() -> None:
    stale = grafana.stale(dict(grafana.generated()), FILES)
    assert not stale, "run: python -m dashboards.grafana"


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_the_sdk_reads_a_dashboard_back_without_loss(file: Path) -> None:
    raw = json.loads(file.read_text("utf-8"))
    read = Dashboard.from_json(raw)
    assert json.loads(json.dumps(read, cls=JSONEncoder)) == raw


@pytest.mark.parametrize("lang", grafana.LANGUAGES)
def test_every_board_is_there_in_the_language(lang: str) -> None:
    uids = {json.loads(file.read_text("utf-8"))["uid"] for file in FILES.glob(f"{lang}/*.json")}
    assert uids == {f"shoseki-{board.id}-{lang}" for board in BOARDS}
    assert all(len(uid) <= 40 for uid in uids)


def test_a_panel_keeps_its_number_in_both_languages_and_shares_it_with_none() -> None:
    for each in BOARDS:
        ja, en = (
            [panel["id"] for panel in board(each.id, lang)["panels"]]
            for lang in grafana.LANGUAGES
        )
        assert ja == en
        assert len(set(ja)) == len(ja)


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_panels_lie_beside_one_another(file: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(file.read_text("utf-8"))["panels"]:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert at["x"] + at["w"] <= grafana.WIDTH
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_a_dashboard_asks_sources_that_are_provisioned(file: Path) -> None:
    sources = yaml.safe_load(
        (GRAFANA / "provisioning" / "datasources" / "shoseki.yaml").read_text("utf-8")
    )["datasources"]
    known = {(source["type"], source["uid"]) for source in sources}
    made = json.loads(file.read_text("utf-8"))
    asked = {
        (target["datasource"]["type"], target["datasource"]["uid"])
        for panel in made["panels"]
        for target in panel["targets"]
    }
    assert asked <= known
    assert known >= {(source.type_val, source.uid) for source in (EVIDENCE, METRICS)}


def test_a_query_says_the_version_of_the_plugin_that_is_installed() -> None:
    compose = (GRAFANA.parent / "compose.yaml").read_text("utf-8")
    assert f"GF_PLUGINS_PREINSTALL_SYNC: {PLUGIN}@{VERSION}" in compose


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.stem)
def test_nothing_renders_markup_and_links_lead_to_us(file: Path) -> None:
    made = json.loads(file.read_text("utf-8"))
    kinds = {panel["type"] for panel in made["panels"]}
    assert kinds <= {"stat", "timeseries", "barchart", "bargauge", "table", "nodeGraph"}
    text = json.dumps(made)
    assert not re.search(r'"(markdown|html|image)"', text)
    for url in re.findall(r'"url": "([^"]+)"', text):
        assert url.startswith(("/d/shoseki-", "${console}/", grafana.CONSOLE)), url


def test_a_clock_that_has_run_out_is_red_and_no_open_violation_is_green() -> None:
    first = {
        panel["id"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][0]
        for name in ("clocks", "overview")
        for panel in board(name, "ja")["panels"]
        if panel["type"] in ("bargauge", "stat")
    }
    assert first[number("clock-seconds-left")] == {"value": None, "color": "red"}
    assert first[number("open-violations")] == {"value": None, "color": "green"}


@pytest.mark.parametrize("lang", grafana.LANGUAGES)
@pytest.mark.parametrize("board_id", [each.id for each in BOARDS if each.panels[0].sql])
def test_every_query_of_a_dashboard_is_answered(board_id: str, lang: str, boards: Boards) -> None:
    empty = {"unwatched-controls", "taken-out"}
    silent = [each.title for one in BOARDS for each in one.panels if each.id in empty]
    quiet = {getattr(title, lang) for title in silent}
    for title, ref, sql in queries(board(board_id, lang)):
        rows = boards.ask(expanded(sql, boards.scope), {})
        assert rows or title in quiet, (title, ref)


def test_the_node_graph_has_the_nodes_that_its_edges_join(boards: Boards) -> None:
    asked = {ref: sql for _, ref, sql in queries(board("outsourcing", "ja"))}
    nodes, edges = (
        boards.ask(expanded(asked[ref], boards.scope), {}) for ref in ("nodes", "edges")
    )
    ids = {node["id"] for node in nodes}
    assert {edge[end] for edge in edges for end in ("source", "target")} == ids
    assert len({edge["id"] for edge in edges}) == len(edges)
    assert {node["arc__bad"] + node["arc__good"] for node in nodes} == {1}


def variable(board_id: str, name: str) -> str:
    listed = board(board_id, "ja")["templating"]["list"]
    (sql,) = (each["query"]["rawSql"] for each in listed if each["name"] == name)
    return str(sql)


def test_controls_are_chosen_among_those_of_the_chosen_measures(boards: Boards) -> None:
    sql = variable("controls", "control")
    rows = boards.ask(expanded(sql, boards.scope, {"measure": ["outsourcing", "web"]}), {})
    assert {next(iter(row.values()))[:3] for row in rows} == {"OUT", "WEB"}


def test_all_measures_offer_all_controls(boards: Boards) -> None:
    rows = boards.ask(expanded(variable("controls", "control"), boards.scope), {})
    assert len(rows) == 93


@pytest.mark.parametrize(
    ("board_id", "name", "value"),
    [("access", "system", "sys-vpn"), ("outsourcing", "contractor", "ctr-out-01-failed-1")],
)
def test_a_variable_offers_what_was_planted(
    board_id: str, name: str, value: str, boards: Boards
) -> None:
    rows = boards.ask(expanded(variable(board_id, name), boards.scope), {})
    assert {"value": value} in rows


def test_the_providers_read_the_folders_that_are_mounted() -> None:
    file = GRAFANA / "provisioning" / "dashboards" / "shoseki.yaml"
    providers = yaml.safe_load(file.read_text("utf-8"))["providers"]
    paths = {provider["options"]["path"] for provider in providers}
    assert paths == {f"/etc/grafana/dashboards/{lang}" for lang in grafana.LANGUAGES}
    compose = (GRAFANA.parent / "compose.yaml").read_text("utf-8")
    assert "- ./grafana/dashboards:/etc/grafana/dashboards:ro" in compose


# --- metrics -------------------------------------------------------------------------------------


def sampled() -> set[str]:
    """Names under which Prometheus has what is declared."""
    suffixes = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}
    return {
        f"{metric.name}{suffix}"
        for metric in DECLARED.declared
        for suffix in suffixes.get(metric.kind, [""])
    }


@pytest.mark.parametrize("series", EXPRESSIONS, ids=lambda series: series.expr[:60])
def test_an_expression_names_metrics_and_labels_that_there_are(series: Series) -> None:
    named = set(re.findall(r"shoseki_\w+", series.expr))
    assert named
    assert named <= sampled()
    stems = {re.sub("_(total|bucket)$", "", name) for name in named}
    labels = {label for each in DECLARED.declared if each.name in stems for label in each.labels}
    assert set(re.findall(r"\{\{(\w+)\}\}", series.legend.ja)) <= labels


def test_promtool_accepts_every_expression(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    rules: list[dict[str, Any]] = [
        {"record": f"panel:{number}", "expr": each.expr.replace("$__rate_interval", "5m")}
        for number, each in enumerate(EXPRESSIONS)
    ]
    file = tmp_path / "rules.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    done = subprocess.run(
        [needs("promtool"), "check", "rules", file], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert f"{len(rules)} rules found" in done.stdout


# --- the command ---------------------------------------------------------------------------------


def test_the_command_writes_what_is_stale_and_takes_away_what_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert grafana.main(["--out", str(tmp_path)]) == 0
    (tmp_path / "ja" / "old.json").write_text("{}")
    (tmp_path / "en" / "shoseki-overview-en.json").write_text("{}")
    capsys.readouterr()
    assert grafana.main(["--out", str(tmp_path), "--check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0].rpartition("/")[2] for line in said] == [
        "shoseki-overview-en.json", "old.json",
    ]  # fmt: skip
    assert grafana.main(["--out", str(tmp_path)]) == 0
    assert grafana.main(["--out", str(tmp_path), "--check"]) == 0


def test_the_consoles_address_is_the_companys(tmp_path: Path) -> None:
    assert grafana.main(["--out", str(tmp_path), "--console", "https://shoseki.example/"]) == 0
    text = (tmp_path / "ja" / "shoseki-overview-ja.json").read_text("utf-8")
    assert "https://shoseki.example/ja/" in text
    assert grafana.CONSOLE not in text
