"""Alertmanager's API v2: alerts posted in small lots, each within a time.

Told directly, past any proxy of the environment, and no redirection is followed: a POST that
became a GET would be taken for told.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controls.kernel import Refusal
from streams.settings import Alerts

ANSWER = 10.0
"""Seconds that an answer may take."""
INVALID = (400, 413, 422)
"""Answers that say that what was sent is at fault, not who takes it."""


class Unreachable(Refusal):
    """Alertmanager did not take alerts now; they are told again."""


class Invalid(Refusal):
    """Alertmanager refuses what was sent, and would again."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


class Alertmanager:
    """Where alerts go."""

    def __init__(self, settings: Alerts, answer: float = ANSWER) -> None:
        self._settings, self._answer = settings, answer
        self._place = f"{(settings.url or '').rstrip('/')}/api/v2/alerts"

    def post(self, alerts: Sequence[Mapping[str, Any]]) -> None:
        """Tell some alerts; Unreachable or Invalid where they were not taken."""
        body = json.dumps(alerts, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **self._credentials()}
        request = urllib.request.Request(self._place, body, headers)
        try:
            with self._opener().open(request, timeout=self._answer) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                fault = Invalid if error.code in INVALID else Unreachable
                raise fault(f"[alerts] url = {self._place}: answers {error.code}") from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Unreachable(
                f"[alerts] url = {self._place}: does not answer ({reason}); told again soon"
            ) from None

    def _opener(self) -> urllib.request.OpenerDirector:
        handlers = [urllib.request.ProxyHandler({}), _Stay()]
        ca = self._settings.ca_file
        if ca is not None:
            try:
                trusted = ssl.create_default_context(cafile=ca)
            except OSError:
                raise Refusal(f"[alerts] ca_file = {ca}: PEM certificates are expected") from None
            handlers.append(urllib.request.HTTPSHandler(context=trusted))
        return urllib.request.build_opener(*handlers)

    def _credentials(self) -> dict[str, str]:
        """Read at each post: a secret may be renewed while the service runs."""
        settings = self._settings
        if settings.bearer_file is not None:
            return {"Authorization": f"Bearer {secret('bearer_file', settings.bearer_file)}"}
        if settings.user is not None and settings.password_file is not None:
            pair = f"{settings.user}:{secret('password_file', settings.password_file)}"
            return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return {}


def secret(name: str, file: str) -> str:
    """The first line of a secret's file; Refusal where there is none."""
    try:
        lines = Path(file).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is no text"
        raise Refusal(f"[alerts] {name} = {file}: cannot be read ({reason})") from None
    if not lines or not lines[0].strip():
        raise Refusal(f"[alerts] {name} = {file}: a secret is expected in its first line")
    return lines[0].strip()
