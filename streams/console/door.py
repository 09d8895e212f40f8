"""The door: who asks, whether a form is one of ours, and how a browser comes in and leaves.

Whatever changes something is a POST from a page of ours that holds the session's own word; who
sends a token in the header needs no word, since no page can send that.
"""

from __future__ import annotations

import hmac
import logging
from urllib.parse import urlsplit

from aiohttp import web

from streams.console import guard
from streams.console.access import Session, Sessions, Tokens, digest
from streams.console.frame import Frames, language

log = logging.getLogger("shoseki.console")

COOKIE = "shoseki"


class Door:
    """`base` is where people reach the console: a cookie given there over TLS stays with TLS."""

    def __init__(self, tokens: Tokens, sessions: Sessions, frames: Frames, base: str) -> None:
        self._tokens, self._sessions, self._frames = tokens, sessions, frames
        self._base = urlsplit(base)

    def session(self, request: web.Request) -> Session | None:
        """Who asks: by a token in the header, or by cookie."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            role = self._tokens.role(token.strip())
            return Session(role, digest(token.strip()), "", 0.0) if role else None
        return self._sessions.find(request.cookies.get(COOKIE))

    async def form(self, request: web.Request, session: Session | None) -> dict[str, str]:
        """The fields of a form of ours; else 403."""
        asked = request.headers
        ours = guard.ours(
            asked.get("Origin"), asked.get("Sec-Fetch-Site"), request.host.lower()
        )
        by_token = session is not None and not session.form
        if not (ours or by_token):
            raise web.HTTPForbidden
        if request.content_type != "application/x-www-form-urlencoded":
            raise web.HTTPBadRequest
        fields = {k: v for k, v in (await request.post()).items() if isinstance(v, str)}
        word = fields.pop("word", "")
        expected = session.form if session else ""
        if expected and not hmac.compare_digest(word.encode(), expected.encode()):
            raise web.HTTPForbidden
        return fields

    async def login(self, request: web.Request) -> web.StreamResponse:
        return self._ask(request)

    def _ask(self, request: web.Request, wrong: bool = False) -> web.Response:
        lang = language(request)
        after = _local(request.query.get("next", ""))
        given = {"wrong": wrong, "after": after}
        return self._frames.html(lang, "login.html", "login", None, 401 if wrong else 200, **given)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """A token for a session."""
        fields = await self.form(request, None)
        token = fields.get("token", "").strip()
        role = self._tokens.role(token) if token else None
        if role is None:
            log.warning("console.refused")
            return self._ask(request, wrong=True)
        log.info("console.entered role=%s", role)
        cookie = self._sessions.open(role, digest(token))
        return self._let_in(request, cookie, _local(fields.get("next", "")))

    async def once(self, request: web.Request) -> web.StreamResponse:
        """The link that was printed where the console was started."""
        role = self._sessions.spend(request.match_info["key"])
        if role is None:
            raise web.HTTPNotFound
        log.info("console.entered role=%s", role)
        return self._let_in(request, self._sessions.open(role), "")

    def _let_in(self, request: web.Request, cookie: str, after: str) -> web.Response:
        base = self._base
        answer = web.Response(status=303)
        answer.headers["Location"] = after or f"/{language(request)}/"
        answer.set_cookie(
            COOKIE, cookie, httponly=True, samesite="Strict", path="/",
            secure=base.scheme == "https" and request.host.lower() == base.netloc.lower(),
        )  # fmt: skip
        return answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        await self.form(request, self.session(request))
        self._sessions.close(request.cookies.get(COOKIE))
        answer = web.Response(status=303, headers={"Location": f"/{language(request)}/login"})
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer


def _local(path: str) -> str:
    """An address of ours to go on to; '' for any other."""
    fine = path.startswith(("/ja/", "/en/")) and not set(path) & set("\\\r\n\t")
    return path if fine and len(path) < 500 else ""
