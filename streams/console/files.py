"""The same pages as files: nothing to fetch, no script, no acts; a folder that opens from disk."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from controls.catalogue import Catalogue
from controls.kernel import Refusal
from controls.policies import Policy
from dashboards.boards import BOARDS
from streams.console import finding
from streams.console.frame import LANGUAGES, other
from streams.console.handlers import ASSETS
from streams.console.pages import Page, pages
from streams.console.proof import Proofs
from streams.console.render import Templates, file, written
from streams.console.sight import ROWS, Sight
from streams.console.still import held_still
from streams.store import Store


def write(
    store: Store,
    catalogue: Catalogue,
    policies: Sequence[Policy],
    now: int,
    out: Path,
    days: int = 30,
) -> int:
    """Write every page as of `now` (ms) under `out`; the number of pages.  Refusal where that
    cannot be written."""
    sight = Sight(store, catalogue, policies, "ja", now, days=days)
    count = 0
    try:
        for name in ("style.css", "console.css"):
            put(out / "assets" / name, files(ASSETS[name][0]).joinpath(name).read_bytes())
        put(out / "index.html", Templates().render("begin.html", "ja").encode())
        for name, text in _pages(sight):
            put(out / name, text.encode())
            count += 1
    except OSError as error:
        raise Refusal(f"{out}: {error.strerror}; give a folder that can be written") from None
    return count


def put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def _pages(sight: Sight) -> Iterator[tuple[str, str]]:
    still, findings, cited = held_still(sight)
    proofs = Proofs(ROWS * ROWS)
    held = still.held
    revisions = [row for rows in held.places.values() for row in rows]
    for table, rows in (("findings", revisions), ("events", held.event_places.values())):
        places = {(row["lane"], row["partition"], row["block"]) for row in rows}
        proofs.learn(still, table, {p: held.blocks[p] for p in places if p in held.blocks})
    known = pages(proofs)
    templates = Templates()
    ids: Mapping[str, Iterable[str]] = {
        "findings/{id}": findings,
        "events/{id}": cited,
        "controls/{id}": sight.ids,
        "boards/{id}": [board.id for board in BOARDS],
        "policies/{id}": [policy.id for policy in sight.policies],
    }
    for lang in LANGUAGES:
        here = replace(still, lang=lang)
        for page in known:
            if page.path == "findings":
                page = replace(page, data=partial(finding.listed, size=ROWS))
            for id in ids.get(page.path, ("",)):
                yield _page(page, id, here, templates, known)


def _page(
    page: Page, id: str, sight: Sight, templates: Templates, known: Sequence[Page]
) -> tuple[str, str]:
    lang = sight.lang
    path = page.path.removesuffix("/{id}")
    name = file(path, id)
    up = "../" * (name.count("/") + 1)
    given: dict[str, Any] = {"id": id} if id else {}
    query = {"status": "all"} if page.path == "findings" else {}
    frame = {
        "up": up,
        "assets": f"{up}assets/",
        "static": True,
        "to": written(lang, up),
        "name": f"{path}/{id}" if id else path,
        "fingerprint": sight.catalogue.fingerprint,
        "other": other(lang),
        "switch": f"{up}{other(lang)}/{name}",
        "session": None,
        "as_of": sight.now,
        "now": sight.now,
        "refusal": "",
        "entered": {},
        "done": "",
        "whole": True,
        "period": sight.days if page.period else None,
        "query": query,
        "menu_paths": [each.path for each in known if each.menu],
    }
    template = page.template.replace("monitoring", f"monitoring_{lang}")
    data = page.data(sight, query, **given)
    return f"{lang}/{name}", templates.render(template, lang, **frame, **data)
