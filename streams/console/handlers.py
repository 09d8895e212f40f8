"""What is answered to each request, once it has passed the guard.

Every page needs a role.  Whatever changes something is a POST from a page of ours that holds the
session's own word; who sends a token in the header needs no word, since no page can send that.
"""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from hashlib import sha256
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from aiohttp import web

from controls.kernel import Refusal
from dashboards.sql import Language
from streams.alerts.receiver import Answer, received
from streams.console import act, guard
from streams.console.access import Session, Sessions, Tokens, digest
from streams.console.office import Office
from streams.console.pages import find, pages
from streams.console.proof import Proofs
from streams.console.reading import Read, Reading
from streams.console.render import Templates, clock, served
from streams.console.sight import DAYS, Mistaken, Sight, Unknown, number
from streams.console.words import ERROR
from streams.oncall import Settled
from streams.store import StoreError

log = logging.getLogger("shoseki.console")

COOKIE = "shoseki"
LANGUAGES: tuple[Language, Language] = ("ja", "en")
ASSETS: Mapping[str, tuple[str, str]] = {
    "style.css": ("streams.site", "text/css"),
    "console.css": ("streams.console", "text/css"),
    "live.js": ("streams.console", "text/javascript"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Handlers:
    """`names` are what `Host` may say, known once the server listens."""

    def __init__(self, office: Office, tokens: Tokens, sessions: Sessions) -> None:
        self.office, self.tokens, self.sessions = office, tokens, sessions
        self.reading = Reading(office.clock)
        self.names: frozenset[str] = frozenset()
        self._pages, self._templates = pages(Proofs()), Templates()
        self._sight = Sight(
            office.store, office.catalogue, office.policies, "ja", 0, forms=office.forms
        )
        self._assets = {
            name: (files(package).joinpath(name).read_bytes(), kind)
            for name, (package, kind) in ASSETS.items()
        }
        self._secret = office.secret()

    def app(self) -> web.Application:
        app = web.Application(middlewares=[self.guarded], client_max_size=guard.LARGEST)
        app.on_response_prepare.append(_sign)
        app.add_routes(
            [
                web.get("/", self.root),
                web.get("/{lang:ja|en}", self.root),
                web.get("/assets/{name}", self.asset),
                web.get("/enter/{key}", self.once),
                web.post("/api/alerts", self.answered),
                web.get("/{lang:ja|en}/login", self.login),
                web.post("/{lang:ja|en}/login", self.enter),
                web.post("/{lang:ja|en}/logout", self.leave),
                web.post("/{lang:ja|en}/findings/{id}/{act}", self.act),
                web.get("/{lang:ja|en}/{path:.*}", self.page),
            ]
        )
        return app

    # --- around every request --------------------------------------------------------------

    @web.middleware
    async def guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Refuse what is none of ours; turn what goes wrong into a page without internals."""
        try:
            if request.path != "/api/alerts" and request.host.lower() not in self.names:
                return self.error(request, 421)
            if request.method not in guard.METHODS:
                return self.error(request, 405)
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self.error(request, error.status)
        except Unknown:
            return self.error(request, 404)
        except Mistaken as mistaken:
            return self.error(request, 400, str(mistaken))
        except StoreError as error:
            log.warning("console.store reason=%s", error)
            return self.error(request, 503)
        except UnicodeError:
            return self.error(request, 400)
        except Exception as error:
            log.error("console.failed kind=%s", type(error).__name__, exc_info=error)
            return self.error(request, 500)

    def error(self, request: web.Request, status: int, said: str = "") -> web.Response:
        status = status if status in ERROR else 400
        if request.path.startswith("/api/"):
            return web.Response(status=status, text=f"{ERROR[status].en}\n")
        lang = self._lang(request)
        given = {"title": getattr(ERROR[status], lang), "said_why": said, "status_code": status}
        return self._html(lang, "error.html", "index", None, status, **given)

    def _html(
        self,
        lang: Language,
        template: str,
        name: str,
        session: Session | None,
        status: int = 200,
        **given: Any,
    ) -> web.Response:
        """A page within its frame: menu, languages, who looks."""
        other = LANGUAGES[1 - LANGUAGES.index(lang)]
        frame = {
            "up": "/",
            "assets": "/assets/",
            "static": False,
            "to": served(lang),
            "name": name,
            "fingerprint": self.office.catalogue.fingerprint,
            "other": other,
            "switch": f"/{other}/" + ("" if name == "index" else name),
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

    def _lang(self, request: web.Request) -> Language:
        """The language of the address; where it has none, what the browser wants."""
        first = request.path.strip("/").partition("/")[0]
        for lang in LANGUAGES:
            if lang == first:
                return lang
        wanted = request.headers.get("Accept-Language", "").lower()
        return "en" if wanted.startswith("en") else "ja"

    def _session(self, request: web.Request) -> Session | None:
        """Who asks: by a token in the header, or by cookie."""
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            role = self.tokens.role(token.strip())
            return Session(role, digest(token.strip()), "", 0.0) if role else None
        return self.sessions.find(request.cookies.get(COOKIE))

    async def _form(self, request: web.Request, session: Session | None) -> dict[str, str]:
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

    # --- entering --------------------------------------------------------------------------

    async def root(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(f"/{self._lang(request)}/")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        found = self._assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1], charset="utf-8")

    async def login(self, request: web.Request) -> web.StreamResponse:
        return self._ask(request)

    def _ask(self, request: web.Request, wrong: bool = False) -> web.Response:
        lang = self._lang(request)
        after = _local(request.query.get("next", ""))
        given = {"wrong": wrong, "after": after}
        return self._html(lang, "login.html", "login", None, 401 if wrong else 200, **given)

    async def enter(self, request: web.Request) -> web.StreamResponse:
        """A token for a session."""
        fields = await self._form(request, None)
        token = fields.get("token", "").strip()
        role = self.tokens.role(token) if token else None
        if role is None:
            log.warning("console.refused")
            return self._ask(request, wrong=True)
        log.info("console.entered role=%s", role)
        cookie = self.sessions.open(role, digest(token))
        return self._let_in(request, cookie, _local(fields.get("next", "")))

    async def once(self, request: web.Request) -> web.StreamResponse:
        """The link that was printed where the console was started."""
        role = self.sessions.spend(request.match_info["key"])
        if role is None:
            raise web.HTTPNotFound
        log.info("console.entered role=%s", role)
        return self._let_in(request, self.sessions.open(role), "")

    def _let_in(self, request: web.Request, cookie: str, after: str) -> web.Response:
        base = self.office.settings.alerts.console
        answer = web.Response(status=303)
        answer.headers["Location"] = after or f"/{self._lang(request)}/"
        answer.set_cookie(
            COOKIE, cookie, httponly=True, samesite="Strict", path="/",
            secure=base.startswith("https://") and request.host.lower() in base.lower(),
        )  # fmt: skip
        return answer

    async def leave(self, request: web.Request) -> web.StreamResponse:
        await self._form(request, self._session(request))
        self.sessions.close(request.cookies.get(COOKIE))
        answer = web.Response(status=303, headers={"Location": f"/{self._lang(request)}/login"})
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")
        return answer

    # --- pages -----------------------------------------------------------------------------

    async def page(self, request: web.Request) -> web.StreamResponse:
        session = self._session(request)
        if session is None:
            if "Authorization" in request.headers:
                raise web.HTTPUnauthorized
            after = quote(request.path_qs, safe="")
            raise web.HTTPSeeOther(f"/{self._lang(request)}/login?next={after}")
        return await self._shown(request, session, request.match_info["path"])

    async def _shown(
        self, request: web.Request, session: Session, path: str, refusal: str = "",
        status: int = 200, fields: Mapping[str, str] | None = None,
    ) -> web.Response:  # fmt: skip
        page, given = find(self._pages, path)
        if page.whole and not session.acts:
            raise web.HTTPForbidden
        query = dict(request.query)
        days = number(query, "days", 30, DAYS[-1])
        if days not in DAYS:
            raise Mistaken(f"days: one of {', '.join(map(str, DAYS))} is expected")
        lang = self._lang(request)
        sight = replace(self._sight, lang=lang, whole=session.acts, days=days)
        key = path, lang, session.acts, days, tuple(sorted(query.items()))
        read: Read = await self.reading.get(
            key, lambda now: page.data(replace(sight, now=now), query, **given)
        )
        asked = f"?{request.query_string}" if request.query_string else ""
        other = LANGUAGES[1 - LANGUAGES.index(lang)]
        answer = self._html(
            lang, page.template.replace("monitoring", f"monitoring_{lang}"), path or "index",
            session, status, as_of=read.at, now=read.at, refusal=refusal, entered=fields or {},
            whole=session.acts, period=days if page.period else None, query=query,
            done=query.get("done", ""), switch=f"/{other}/{quote(path)}{asked}", **read.value,
        )  # fmt: skip
        answer.headers["X-As-Of"] = clock(read.at)
        return _tagged(request, answer) if status == 200 else answer

    # --- acts ------------------------------------------------------------------------------

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Something is done about a finding: recorded, or said why not, beside the form."""
        session = self._session(request)
        if session is None:
            raise web.HTTPUnauthorized
        fields = await self._form(request, session)
        if not session.acts:
            raise web.HTTPForbidden
        name, id = request.match_info["act"], request.match_info["id"]
        office = self.office

        def carry() -> None:
            office.publish(act.carried_out(name, id, fields, office.store, office.desk()))

        try:
            await self.reading.do(carry)
        except (Unknown, StoreError):
            raise
        except Settled as settled:
            return await self._shown(request, session, f"findings/{id}", str(settled), 409, fields)
        except Refusal as refusal:
            return await self._shown(request, session, f"findings/{id}", str(refusal), 400, fields)
        log.info("console.act act=%s role=%s", name, session.role)
        to = served(self._lang(request))("findings", id, done=name)
        return web.Response(status=303, headers={"Location": to})

    async def answered(self, request: web.Request) -> web.StreamResponse:
        """What an on-call tool says of an alert."""
        if self._secret is None:
            raise web.HTTPNotFound
        body = await request.read()
        office = self.office
        call = partial(
            received, body, request.headers.get("Authorization"), secret=self._secret,
            desk=office.desk(), store=office.store, publish=office.publish,
        )  # fmt: skip
        answer: Answer = await self.reading.do(call)
        return web.Response(status=answer.status, text=f"{answer.text}\n")


async def _sign(request: web.Request, answer: web.StreamResponse) -> None:
    answer.headers.update(guard.HEADERS)


def _tagged(request: web.Request, answer: web.Response) -> web.Response:
    """304 where the main part is the one that the browser has."""
    text = answer.text or ""
    main = text[text.index("<main") : text.index("</main>")]
    tag = f'"{sha256(main.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == tag:
        answer = web.Response(status=304, headers={"X-As-Of": answer.headers["X-As-Of"]})
    answer.headers["ETag"] = tag
    return answer


def _local(path: str) -> str:
    """An address of ours to go on to; '' for any other."""
    fine = path.startswith(("/ja/", "/en/")) and not set(path) & set("\\\r\n\t")
    return path if fine and len(path) < 500 else ""
