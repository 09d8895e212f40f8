"""What is answered to each request, once it has passed the guard.

Every page needs a role.  What is read and done passes through the one thread of `reading`.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from traceback import extract_tb
from urllib.parse import quote

from aiohttp import web

from controls.kernel import Refusal
from streams.alerts.receiver import Answer, authentic, received
from streams.console import act, guard
from streams.console.access import Session, Sessions, Tokens
from streams.console.door import Door
from streams.console.frame import Frames, language, other
from streams.console.office import Office
from streams.console.pages import find, pages
from streams.console.proof import Proofs
from streams.console.reading import Read, Reading
from streams.console.render import clock, served
from streams.console.sight import DAYS, Mistaken, Sight, Unknown, number
from streams.oncall import Settled
from streams.store import StoreError

log = logging.getLogger("shoseki.console")

ASSETS: Mapping[str, tuple[str, str]] = {
    "style.css": ("streams.site", "text/css"),
    "console.css": ("streams.console", "text/css"),
    "live.js": ("streams.console", "text/javascript"),
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Handlers:
    """`names` are what `Host` may say, known once the server listens."""

    def __init__(self, office: Office, tokens: Tokens, sessions: Sessions) -> None:
        self.office = office
        self.reading = Reading(office.clock)
        self.names: frozenset[str] = frozenset()
        self._pages = pages(Proofs())
        self.frames = Frames(self._pages, office.catalogue.fingerprint)
        self.door = Door(tokens, sessions, self.frames, office.settings.alerts.console)
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
                web.get("/enter/{key}", self.door.once),
                web.post("/api/alerts", self.answered),
                web.get("/{lang:ja|en}/login", self.door.login),
                web.post("/{lang:ja|en}/login", self.door.enter),
                web.post("/{lang:ja|en}/logout", self.door.leave),
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
                return self.frames.error(request, 421)
            if request.method not in guard.METHODS:
                return self.frames.error(request, 405)
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return self.frames.error(request, error.status)
        except Unknown:
            return self.frames.error(request, 404)
        except Mistaken as mistaken:
            return self.frames.error(request, 400, str(mistaken))
        except Refusal as refusal:  # the store is away, or somebody must put something right
            log.warning("console.unavailable reason=%s", refusal)
            return self.frames.error(request, 503)
        except UnicodeError:
            return self.frames.error(request, 400)
        except Exception as error:
            at = extract_tb(error.__traceback__)[-1]  # the message may quote what it was given
            where = Path(at.filename).name, at.lineno
            log.error("console.failed kind=%s file=%s line=%s", type(error).__name__, *where)
            return self.frames.error(request, 500)

    async def root(self, request: web.Request) -> web.StreamResponse:
        raise web.HTTPSeeOther(f"/{language(request)}/")

    async def asset(self, request: web.Request) -> web.StreamResponse:
        found = self._assets.get(request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return web.Response(body=found[0], content_type=found[1], charset="utf-8")

    # --- pages -----------------------------------------------------------------------------

    async def page(self, request: web.Request) -> web.StreamResponse:
        session = self.door.session(request)
        if session is None:
            if "Authorization" in request.headers:
                raise web.HTTPUnauthorized
            after = quote(request.path_qs, safe="")
            raise web.HTTPSeeOther(f"/{language(request)}/login?next={after}")
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
        lang = language(request)
        sight = replace(self._sight, lang=lang, whole=session.acts, days=days)
        key = path, lang, session.acts, days, tuple(sorted(query.items()))
        read: Read = await self.reading.get(
            key, lambda now: page.data(replace(sight, now=now), query, **given)
        )
        asked = f"?{request.query_string}" if request.query_string else ""
        answer = self.frames.html(
            lang, page.template.replace("monitoring", f"monitoring_{lang}"), path or "index",
            session, status, as_of=read.at, now=read.at, refusal=refusal, entered=fields or {},
            whole=session.acts, period=days if page.period else None, query=query,
            done=query.get("done", ""), switch=f"/{other(lang)}/{quote(path)}{asked}", **read.value,
        )  # fmt: skip
        answer.headers["X-As-Of"] = clock(read.at)
        return _tagged(request, answer) if status == 200 else answer

    # --- acts ------------------------------------------------------------------------------

    async def act(self, request: web.Request) -> web.StreamResponse:
        """Something is done about a finding: recorded, or said why not, beside the form."""
        session = self.door.session(request)
        if session is None:
            raise web.HTTPUnauthorized
        fields = await self.door.form(request, session)
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
        to = served(language(request))("findings", id, done=name)
        return web.Response(status=303, headers={"Location": to})

    async def answered(self, request: web.Request) -> web.StreamResponse:
        """What an on-call tool says of an alert."""
        if self._secret is None:
            raise web.HTTPNotFound
        authorization = request.headers.get("Authorization")
        if not authentic(authorization, self._secret):
            raise web.HTTPUnauthorized  # before anything is read for it
        body, office, secret = await request.read(), self.office, self._secret

        def carry() -> Answer:
            return received(
                body, authorization, secret=secret, desk=office.desk(), store=office.store,
                publish=office.publish,
            )  # fmt: skip

        answer: Answer = await self.reading.do(carry)
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
