"""What Grafana makes of a query before the store sees it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from dashboards.grafana import ALL
from dashboards.sql import Scope

FILES = Path(__file__).parents[2] / "deploy" / "grafana" / "dashboards"
_VARIABLE = re.compile(r"\$\{(\w+):percentencode\}")


def board(board_id: str, lang: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (FILES / lang / f"shoseki-{board_id}-{lang}.json").read_text("utf-8")
    )
    return found


def expanded(sql: str, scope: Scope, chosen: Mapping[str, Sequence[str]] = {}) -> str:
    """The variables as Grafana's front end fills them, then the macros of the plugin's back end.

    A variable of several values is `{a,b}` under `percentencode`, which leaves letters, digits
    and -_.~ as they are; one that is not in `chosen` is at its "All".
    """

    def filled(found: re.Match[str]) -> str:
        values = chosen.get(found[1])
        return quote(f"{{{','.join(values)}}}" if values else ALL, safe="-_.~")

    sql = _VARIABLE.sub(filled, sql)
    for macro, at in (("fromTime_ms", scope.since), ("toTime_ms", scope.until)):
        sql = re.sub(rf"\$__{macro}\b", f"fromUnixTimestamp64Milli({at})", sql)
    assert "$" not in sql, sql
    return sql


def queries(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Every query of the store on it: the panel's title, the reference, the text."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            if "rawSql" in target:
                yield panel["title"], target["refId"], target["rawSql"]
