"""Named queries: the parts they are made of, and how their parameters are filled.

A query is text of ours with typed placeholders.  The console sends it as it stands and its
parameters beside it (`bound`); Grafana gets its macros and variables in their place
(`for_grafana`).  No text from outside becomes part of a query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from controls import catalogue
from controls.kernel import STANDING, Refusal, Text

Language = Literal["ja", "en"]

SINCE = "{since:DateTime64(3)}"
UNTIL = "{until:DateTime64(3)}"
LANGUAGE = "{language:String}"
CONTROLS = "{controls:Array(String)}"
SYSTEMS = "{systems:Array(String)}"
CONTRACTORS = "{contractors:Array(String)}"
IDS = "{ids:Array(String)}"
MEASURES = "{measures:Array(String)}"
TITLES = "{titles:Array(String)}"
_PLACEHOLDER = re.compile(r"\{(\w+):[A-Z]\w*(?:\([^()]*\))?\}")

PERIOD = f"occurred_at >= {SINCE} AND occurred_at <= {UNTIL}"
DETECTED = f"detected_at >= {SINCE} AND detected_at <= {UNTIL}"
SEALED = f"now >= {SINCE} AND now <= {UNTIL}"
"""Blocks of the period, by the time of the tick that closed them."""
OF_CONTROLS = f"(empty({CONTROLS}) OR control IN {CONTROLS})"
MEASURE = f"transform(control, {IDS}, {MEASURES}, '')"
TITLE = f"transform(control, {IDS}, {TITLES}, control)"
SEVERITY = "['info', 'low', 'medium', 'high', 'critical']"
RANK = f"indexOf({SEVERITY}, severity)"
"""Severity as a number, 1 to 5."""
CURRENT = f"""(
    SELECT finding_id, revision, control, check, ifNull(code, '') AS code, verdict, severity,
        subject, occurred_at, detected_at, recorded_at, status, event_ids, events, missing,
        if({LANGUAGE} = 'ja', text_ja, text_en) AS text,
        min(detected_at) OVER (PARTITION BY finding_id) AS opened
    FROM findings WHERE detected_at <= {UNTIL} AND {OF_CONTROLS}
    ORDER BY finding_id, revision DESC LIMIT 1 BY finding_id
)"""
"""What was current of every finding at the end of the period; `opened`: first detected."""
OPEN = f"verdict IN ('violation', 'indeterminate') AND status IN {STANDING}"
POPULATIONS = f"""(
    SELECT now, control, counted.1 AS verdict, counted.2 AS number FROM (
        SELECT now, own.1 AS control,
            arrayJoin(JSONExtractKeysAndValues(own.2, 'Int64')) AS counted
        FROM (
            SELECT now, arrayJoin(JSONExtractKeysAndValuesRaw(populations)) AS own
            FROM ledger WHERE {SEALED}
        )
    ) WHERE {OF_CONTROLS}
)"""
"""Judgements of the period: now, control, verdict, number; a revision takes back what it turns,
in the block in which it comes."""


def judged(verdict: str) -> str:
    """How many judgements of POPULATIONS came out so."""
    return f"greatest(sumIf(number, verdict = '{verdict}'), 0)"


def text(field: str) -> str:
    """A text of an event's own fields; empty where it is null."""
    return f"JSONExtractString(attributes, '{field}')"


def number(field: str) -> str:
    return f"JSONExtractInt(attributes, '{field}')"


def flag(field: str) -> str:
    return f"JSONExtractBool(attributes, '{field}')"


def texts(field: str) -> str:
    return f"JSONExtract(attributes, '{field}', 'Array(String)')"


def instant(field: str) -> str:
    """An instant of an event's own fields; null where it is null."""
    value = f"JSONExtract(attributes, '{field}', 'Nullable(Int64)')"
    return f"fromUnixTimestamp64Milli({value}, 'UTC')"


def chosen(value: str, parameter: str) -> str:
    """The condition that a value is among those chosen; nothing chosen is everything."""
    return f"(empty({parameter}) OR {value} IN {parameter})"


def bucket(time: str) -> str:
    """The start of the hour of a period of up to two days, of the day in JST of a longer one."""
    span = f"if(dateDiff('hour', {SINCE}, {UNTIL}) <= 48, 3600, 86400)"
    return f"toDateTime(intDiv(toUnixTimestamp({time}) + 32400, {span}) * {span} - 32400, 'UTC')"


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: a period (ms, both ends included) and what is chosen; empty is all."""

    since: int
    until: int
    measures: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    contractors: tuple[str, ...] = ()
    language: Language = "ja"


def bound(sql: str, scope: Scope) -> tuple[str, dict[str, Any]]:
    """The query as it stands and the values of its parameters, for binding by the server."""
    known = _catalogue()
    values: dict[str, Any] = {
        "since": _instant(scope.since),
        "until": _instant(scope.until),
        "language": scope.language,
        "controls": _controls(scope, known),
        "systems": list(scope.systems),
        "contractors": list(scope.contractors),
        "ids": list(known),
        "measures": [measure for measure, _ in known.values()],
        "titles": [getattr(title, scope.language) for _, title in known.values()],
    }
    return sql, {name: values[name] for name in names(sql)}


def for_grafana(sql: str, language: Language) -> str:
    """The query with Grafana's macros and variables for its parameters, for one language."""
    known = _catalogue()
    values: dict[str, Callable[[], str]] = {
        "since": lambda: "$__fromTime_ms",
        "until": lambda: "$__toTime_ms",
        "language": lambda: quoted(language),
        "controls": lambda: variable("control"),
        "systems": lambda: variable("system"),
        "contractors": lambda: variable("contractor"),
        "ids": lambda: array(known),
        "measures": lambda: array([measure for measure, _ in known.values()]),
        "titles": lambda: array([getattr(title, language) for _, title in known.values()]),
    }
    return _PLACEHOLDER.sub(lambda found: values[found[1]](), sql)


def names(sql: str) -> list[str]:
    """The parameters that a query has, each once."""
    return list(dict.fromkeys(found[1] for found in _PLACEHOLDER.finditer(sql)))


def variable(name: str) -> str:
    """A variable of several values as an array; no character of a value can end the literal.

    Percent-encoded they come as `{a,b}` or `a`; `{}` stands for all.
    """
    given = f"decodeURLComponent('${{{name}:percentencode}}')"
    return f"arrayFilter(v -> v != '', splitByChar(',', trim(BOTH '{{}}' FROM {given})))"


def array(values: Sequence[str] | Mapping[str, Any]) -> str:
    return f"[{', '.join(map(quoted, values))}]"


def quoted(value: str) -> str:
    """A text of ours as a literal; Refusal for one in which Grafana would see a variable."""
    if re.search(r"\$[\w{]|\[\[", value):
        raise Refusal(f"{value!r}: Grafana reads $name, ${{name}} and [[name]] as its variables")
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _instant(milliseconds: int) -> str:
    """As the engine reads a DateTime64(3): of the years that it can hold."""
    last = 10_413_791_999_999
    at = datetime.fromtimestamp(min(max(milliseconds, 0), last) / 1000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03}"


def _controls(scope: Scope, known: Mapping[str, Any]) -> list[str]:
    """The controls chosen by measure and by id; one that there is not where nothing is left."""
    if not scope.measures:
        return list(scope.controls)
    own = [id_ for id_, (measure, _) in known.items() if measure in scope.measures]
    return [id_ for id_ in own if not scope.controls or id_ in scope.controls] or [""]


@cache
def _catalogue() -> dict[str, tuple[str, Text]]:
    """Measure and title of every control."""
    known = catalogue.load()
    return {c.id: (known.measures[c.id], c.title) for c in known.controls}

