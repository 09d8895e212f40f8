"""Pages as HTML: one environment over our templates and those of the catalogue's pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from hashlib import sha256
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from controls.calendar import jst_text
from controls.kernel import SEVERITIES, Text
from dashboards.words import MEASURE, SEVERITY, STATE, STATUS, VERDICT
from streams.console import board, chart, graph, words
from streams.console.plain import brief, plain
from streams.site import prose
from streams.site.words import SOURCE

To = Callable[..., str]
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")
"""What may be the name of a file as it is."""


def moment(at: int | None) -> str:
    """`2026-11-11 10:30`, in Japan."""
    return "–" if at is None else jst_text(at)[:16].replace("T", " ")


def clock(at: int) -> str:
    """`10:30:05`, in Japan."""
    return jst_text(at)[11:19]


def pieces(hexadecimal: str) -> Markup:
    """A hash that may break every eight digits."""
    parts = re.findall(".{1,8}", hexadecimal)
    return Markup("<wbr>").join(parts)


class Templates:
    """Renders a page in one of the languages."""

    def __init__(self) -> None:
        self._environment = Environment(
            loader=ChoiceLoader([PackageLoader(__package__), PackageLoader("streams.site")]),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=plain,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters |= {
            "moment": moment, "clock": clock, "pieces": pieces, "brief": brief,
        }  # fmt: skip
        self._words = {lang: vocabulary(lang) for lang in ("ja", "en")}

    def render(self, template: str, lang: str, **given: Any) -> str:
        """StrictUndefined: what a template asks and is not given is an error."""
        return self._environment.get_template(template).render(**self._words[lang], **given)


def vocabulary(lang: str) -> dict[str, Any]:
    """What every page of a language is made with."""

    def own(texts: Mapping[Any, Text]) -> dict[Any, str]:
        return {name: getattr(text, lang) for name, text in texts.items()}

    return {
        "lang": lang,
        "w": own(words.WORDS),
        "menu": own(words.MENU),
        "role_words": own(words.ROLE),
        "age": own(words.AGE),
        "step": own(words.STEP),
        "lane": own(words.LANE),
        "form": own(words.FORM),
        "item": own(words.REPORT),
        "sub": own(words.SUB),
        "severity": own(SEVERITY),
        "severities": list(reversed(SEVERITIES)),
        "status": own(STATUS),
        "verdict": own(VERDICT),
        "state": own(STATE),
        "measure": own(MEASURE),
        "sources": own(SOURCE),
        "say": lambda text: getattr(text, lang),
        "said": partial(board.said, lang=lang),
        "lasting": partial(board.lasting, lang=lang),
        "prose": prose,
        "chart": chart,
        "graph": graph,
        "board_": board,
        "verdicts": chart.VERDICTS,
    }


def served(lang: str) -> To:
    """Addresses of pages as the server has them."""

    def to(path: str, id: str = "", **query: Any) -> str:
        asked = {name: value for name, value in query.items() if value not in ("", None)}
        path = "" if path == "index" else path
        tail = f"{path}/{quote(id, safe='')}" if id else path
        return f"/{lang}/{tail}" + (f"?{urlencode(asked)}" if asked else "")

    return to


def written(lang: str, up: str) -> To:
    """Addresses of pages as files have them, from a file `up` leads out of; files know no
    queries."""

    def to(path: str, id: str = "", **query: Any) -> str:
        return f"{up}{lang}/{file(path, id)}"

    return to


def file(path: str, id: str = "") -> str:
    """The file of a page below its language; a name that may be none is told by its digest."""
    if not id:
        return f"{path}.html"
    known = id if NAME.fullmatch(id) else sha256(id.encode("utf-8", "replace")).hexdigest()[:32]
    return f"{path}/{known}.html"
