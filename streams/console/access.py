"""Who may see what: roles, the file of tokens, and sessions in memory."""

from __future__ import annotations

import hmac
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal, get_args

from controls.kernel import Refusal

Role = Literal["privacy-office", "soc", "auditor"]
ROLES: tuple[Role, ...] = get_args(Role)
ACTING = frozenset({"privacy-office", "soc"})
"""Roles that see what evidence keeps of an event and take part in the on-call loop; an auditor sees
findings, pseudonyms, populations and proofs."""
FILE = "console.tokens"
"""Its name beside the keys, where nothing else is set."""
SHORTEST = 24
"""Characters of a token; those made here have 43 (256 bits)."""
IDLE = 8 * 3600.0
"""Seconds after which a session that nobody used is over."""
MOST = 500
"""Sessions at a time; with one more the one that rested longest is over."""
HEAD = """\
# Who may open the console: a line a token, ROLE TOKEN; roles: privacy-office, soc, auditor.
# Instead of a token its digest may stand here: sha256:HEX  (printf %s TOKEN | sha256sum).
# Any number of lines a role. A line that is taken away ends the sessions it opened.
"""


def digest(token: str) -> str:
    """What is compared and remembered of a token: sha256 in hex."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


class Tokens:
    """The file of tokens (0600), read anew whenever it was written; Refusal where it is wrong."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp = -1
        self._held: Mapping[str, Role] = {}

    @classmethod
    def made(cls, path: Path) -> Tokens:
        """Those of a file, which is made with one token a role where there is none."""
        lines = "".join(f"{role} {secrets.token_urlsafe(32)}\n" for role in ROLES)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            pass
        except OSError as error:
            raise Refusal(
                f"{path}: the console's tokens cannot be written ({error.strerror}); "
                "set [console] tokens = ... to a place that can"
            ) from None
        else:
            with os.fdopen(file, "w", encoding="utf-8") as out:
                out.write(HEAD + lines)
        return cls(path)

    def roles(self) -> Mapping[str, Role]:
        """The role of each token, by its digest."""
        try:
            stat = self.path.stat()
            if stat.st_mtime_ns != self._stamp:
                if stat.st_mode & 0o077:
                    raise Refusal(f"{self.path}: others may read it; chmod 600 {self.path}")
                self._held = _read(self.path)
                self._stamp = stat.st_mtime_ns
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "is no text"
            raise Refusal(f"{self.path}: the console's tokens cannot be read ({why})") from None
        return self._held

    def role(self, token: str) -> Role | None:
        """The role that a token gives; every line is compared, in constant time."""
        asked, found = digest(token), None
        for known, role in self.roles().items():
            if hmac.compare_digest(known, asked):
                found = role
        return found


def _read(path: Path) -> dict[str, Role]:
    found: dict[str, Role] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        role, _, token = line.strip().partition(" ")
        token = token.strip()
        if role not in ROLES:
            raise Refusal(f"{path}:{number}: no such role; known: {', '.join(ROLES)}")
        kind, _, given = token.partition(":")
        if kind == "sha256":
            if len(given) != 64 or set(given) - set("0123456789abcdef"):
                raise Refusal(f"{path}:{number}: sha256: goes with 64 hexadecimal digits")
            found[given] = role
        elif len(token) < SHORTEST:
            raise Refusal(f"{path}:{number}: a token has at least {SHORTEST} characters")
        else:
            found[digest(token)] = role
    return found


@dataclass(slots=True)
class Session:
    """A browser that showed a token: its role, the token's digest, and what its forms must hold."""

    role: Role
    token: str
    form: str
    used: float

    @property
    def acts(self) -> bool:
        return self.role in ACTING


class Sessions:
    """Sessions by their cookie; none outlives the process, or the line of its token."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._held: dict[str, Session] = {}
        self._once: dict[str, tuple[Role, float]] = {}

    def open(self, role: Role, token: str = "") -> str:
        """The cookie of a new session."""
        cookie = secrets.token_urlsafe(32)
        self._held[cookie] = Session(role, token, secrets.token_urlsafe(24), time.monotonic())
        while len(self._held) > MOST:
            del self._held[min(self._held, key=lambda each: self._held[each].used)]
        return cookie

    def find(self, cookie: str | None) -> Session | None:
        """The session of a cookie, used now."""
        session = self._held.get(cookie or "")
        if session is None:
            return None
        gone = session.token and self._tokens.roles().get(session.token) != session.role
        if gone or time.monotonic() - session.used > IDLE:
            self.close(cookie)
            return None
        session.used = time.monotonic()
        return session

    def close(self, cookie: str | None) -> None:
        self._held.pop(cookie or "", None)

    def once(self, role: Role, seconds: float = 600.0) -> str:
        """A key that opens one session, soon; for who started the console, on the terminal."""
        key = secrets.token_urlsafe(32)
        self._once[key] = role, time.monotonic() + seconds
        return key

    def spend(self, key: str) -> Role | None:
        """The role of such a key, which is then worth nothing."""
        role, until = self._once.pop(key, (None, 0.0))
        return role if time.monotonic() < until else None
