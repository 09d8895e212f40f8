"""What stands around every page: its menu, its languages, who looks; and pages of errors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aiohttp import web

from dashboards.sql import Language
from streams.console.access import Session
from streams.console.pages import Page
from streams.console.render import Templates, served
from streams.console.words import ERROR

LANGUAGES: tuple[Language, Language] = ("ja", "en")


def other(lang: Language) -> Language:
    """The language to switch to."""
    return LANGUAGES[1 - LANGUAGES.index(lang)]


def language(request: web.Request) -> Language:
    """The language of the address; where it has none, what the browser wants."""
    first = request.path.strip("/").partition("/")[0]
    for lang in LANGUAGES:
        if lang == first:
            return lang
    wanted = request.headers.get("Accept-Language", "").lower()
    return "en" if wanted.startswith("en") else "ja"


class Frames:
    """Renders pages with their frame; `fingerprint` is that of the catalogue."""

    def __init__(self, pages: Sequence[Page], fingerprint: str) -> None:
        self._pages, self._fingerprint = pages, fingerprint
        self._templates = Templates()

    def error(self, request: web.Request, status: int, said: str = "") -> web.Response:
        """A page that says what went wrong, and nothing of how we are made."""
        status = status if status in ERROR else 400
        if request.path.startswith("/api/"):
            return web.Response(status=status, text=f"{ERROR[status].en}\n")
        lang = language(request)
        given = {"title": getattr(ERROR[status], lang), "said_why": said, "status_code": status}
        return self.html(lang, "error.html", "index", None, status, **given)

    def html(
        self,
        lang: Language,
        template: str,
        name: str,
        session: Session | None,
        status: int = 200,
        **given: Any,
    ) -> web.Response:
        """A page within its frame: menu, languages, who looks."""
        frame = {
            "up": "/",
            "assets": "/assets/",
            "static": False,
            "to": served(lang),
            "name": name,
            "fingerprint": self._fingerprint,
            "other": other(lang),
            "switch": f"/{other(lang)}/" + ("" if name == "index" else name),
            "session": session,
            "as_of": None,
            "period": None,
            "menu_paths": [
                page.path
                for page in self._pages
                if page.menu and (session is None or session.acts or not page.whole)
            ],
        }
        text = self._templates.render(template, lang, **frame | given)
        return web.Response(status=status, text=text, content_type="text/html")
