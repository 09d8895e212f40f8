"""The catalogue as static pages, in Japanese and English: one a control, one a policy, and one
on this system itself, which watches the people who work in the house.

`ja/` and `en/` hold the same pages; nothing is fetched and no script runs, so the folder can be
opened from disk, put on an intranet or handed to an assessor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from controls.catalogue import MEASURES, Catalogue
from controls.events import RETENTION, TYPES, spec
from controls.events.retention import RetentionClass
from controls.events.spec import Field
from controls.kernel import Control, Refusal, Text
from controls.policies import Policy
from dashboards.words import MEASURE
from streams.site import prose
from streams.site.words import LANGUAGES, SOURCE, WORDS

COMMON = ("actor_ref", "recorded_by_ref", "document_ref")
"""Personal fields that every event has."""


def build(catalogue: Catalogue, policies: Sequence[Policy], out: Path) -> int:
    """Write every page under `out`; the number of pages.  Refusal where that cannot be written."""
    pages = dict(_pages(catalogue, policies))
    try:
        for name, text in pages.items():
            file = out / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Refusal(f"{out}: {error.strerror}; give --out a folder that can be written") from None
    return sum(name.endswith(".html") for name in pages)


def _pages(catalogue: Catalogue, policies: Sequence[Policy]) -> Iterator[tuple[str, str]]:
    yield "style.css", (files(__name__) / "style.css").read_text(encoding="utf-8")
    environment = Environment(
        loader=PackageLoader(__name__),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    yield "index.html", environment.get_template("start.html").render()
    led = statements(policies)
    for lang in LANGUAGES:
        words = {name: getattr(text, lang) for name, text in WORDS.items()}
        here: dict[str, Any] = {
            "lang": lang,
            "w": words,
            "say": lambda text, lang=lang: getattr(text, lang),
            "measure": {name: getattr(text, lang) for name, text in MEASURE.items()},
            "sources": {name: getattr(text, lang) for name, text in SOURCE.items()},
            "prose": prose,
            "fingerprint": catalogue.fingerprint,
        }

        def page(
            name: str, template: str, depth: int, lang: str = lang, here: Any = here, **given: Any
        ) -> tuple[str, str]:
            where = {"up": "../" * depth, "name": name}
            return f"{lang}/{name}", environment.get_template(template).render(
                **here, **where, **given
            )

        grouped = {
            measure: [c for c in catalogue.controls if catalogue.measures[c.id] == measure]
            for measure in MEASURES
        }
        yield page("index.html", "index.html", 1, grouped=grouped, policies=policies)
        for control in catalogue.controls:
            yield page(
                f"controls/{control.id}.html",
                "control.html",
                2,
                control=control,
                group=catalogue.measures[control.id],
                limits=limits(control),
                read=read_by(control),
                led=led.get(control.id, ()),
            )
        live = {control.id for control in catalogue.controls}
        for policy in policies:
            yield page(
                f"policies/{policy.id}.html",
                "policy.html",
                2,
                policy=policy,
                live=live,
                held=sum(set(s.checked_by) <= live for s in policy.statements),
            )
        yield page("monitoring.html", f"monitoring_{lang}.html", 1, kinds=watched(), kept=RETENTION)


def statements(policies: Sequence[Policy]) -> dict[str, list[tuple[Policy, Any]]]:
    """The statements that lead to each control, with their policy."""
    led: dict[str, list[tuple[Policy, Any]]] = {}
    for policy in policies:
        for statement in policy.statements:
            for name in statement.controls:
                led.setdefault(name, []).append((policy, statement))
    return led


def limits(control: Control[Any]) -> list[Mapping[str, Any]]:
    """The parameters of a control: name, value, default, unit and meaning."""
    fields = type(control.params).model_fields
    defaults = type(control.params)().model_dump(mode="json")
    found: list[Mapping[str, Any]] = []
    for name, value in control.params.model_dump(mode="json").items():
        extra: Any = fields[name].json_schema_extra or {}
        meaning = Text(str(extra.get("ja", "")), fields[name].description or "")
        found.append(
            {
                "name": name,
                "value": prose.value(value),
                "default": prose.value(defaults[name]),
                "set": value != defaults[name],
                "unit": extra.get("unit", ""),
                "meaning": meaning,
            }
        )
    return found


def read_by(control: Control[Any]) -> list[tuple[str, str]]:
    """The event types that a control reads, each with what it is."""
    kinds = {
        kind.type
        for check in control.checks(control.params)
        for kind in (*check.on, *check.revisits, *getattr(check, "touches", {}))
        if getattr(kind, "type", None) in TYPES
    }
    return [(kind, spec(kind).summary) for kind in sorted(kinds)]


def watched() -> list[tuple[str, str, RetentionClass, list[Field]]]:
    """Every type of event that says something of a person: type, what it is, retention class and
    its personal fields beside those of every event."""
    found: list[tuple[str, str, RetentionClass, list[Field]]] = []
    for kind in TYPES:
        of = spec(kind)
        fields = [f for f in of.fields if f.pd != "none" and f.name not in COMMON]
        if fields:
            found.append((kind, of.summary, of.retention, fields))
    return found
