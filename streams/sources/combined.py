"""nginx and Apache combined logs: every line becomes one event or one reject.

What a line does not say stays unsaid: no user, or a 401 (a name that was only claimed), gives an
actor of kind unknown with an empty ref; bytes `-` gives UNKNOWN_BYTES and never 0. A line counts
as work on a dataset only where it succeeded: reads and exports with 2xx or 304, changes with 2xx
or 3xx, and never HEAD, OPTIONS or TRACE; otherwise it stays an access.web_request.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from posixpath import normpath
from typing import Any, Final
from urllib.parse import unquote

from controls.events import ActorKind
from streams.rejects import Reject
from streams.sources.line import Line, read_line
from streams.sources.source import OTHER, PathRule, Source

__all__ = ["UNKNOWN_BYTES", "EventId", "combined"]

EventId = Callable[[str, str, tuple[Any, ...], int], str]
"""(source_id, event type, key values, occurred_at in ms) -> id; keyed by the caller."""

UNKNOWN_BYTES: Final = -1
"""bytes and bytes_out where the log writes `-`: the vocabulary wants a number, and 0 would say
that the server had counted."""

_METHODS: Final = frozenset(
    "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PROPPATCH MKCOL COPY MOVE LOCK "
    "UNLOCK REPORT SEARCH".split()
)
_BODILESS: Final = frozenset({"HEAD", "OPTIONS", "TRACE"})
_TAKING: Final = frozenset({"read", "export", "copy", "print", "share_external"})
_ABSOLUTE: Final = re.compile(r"(?i)https?://[^/?#]*")
_CACHED: Final = 65_536


def combined(
    source: Source, event_id: EventId
) -> Callable[[Iterable[tuple[bytes, Any]]], Iterator[dict[str, Any] | Reject]]:
    """The adapter of one log. An id is made of the line's text and its mark."""
    places = _Places(source)
    people = _People(source)

    def read(lines: Iterable[tuple[bytes, Any]]) -> Iterator[dict[str, Any] | Reject]:
        for raw, mark in lines:
            line = read_line(raw)
            if isinstance(line, str):
                yield Reject(0, line, source.source_id)
                continue
            event = _event(source, places, people, line)
            key = (line.text, mark)
            event["event_id"] = event_id(source.source_id, event["event_type"], key, line.ms)
            yield event

    return read


class _People:
    """Who a user of the log is, remembered: templates are filled in once a user."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[str, tuple[str, str, ActorKind]] = {}

    def __call__(self, user: str) -> tuple[str, str, ActorKind]:
        """(actor_ref, account_ref, kind)."""
        known = self._known.get(user)
        if known is None:
            known = self._source.person(user)
            if len(user) <= 256:
                if len(self._known) >= _CACHED:
                    self._known.clear()
                self._known[user] = known
        return known


class _Places:
    """The rule for a request target, remembered: a log asks for the same few again and again."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._known: dict[tuple[str, str], tuple[PathRule | None, str, str]] = {}

    def __call__(self, method: str, target: str) -> tuple[PathRule | None, str, str]:
        """(rule, path, query string); the path decoded as the server resolves it."""
        known = self._known.get((method, target))
        if known is None:
            path, query = _resolved(target)
            known = self._source.rule(method, path), path, query
            if len(target) <= 256:
                if len(self._known) >= _CACHED:
                    self._known.clear()
                self._known[method, target] = known
        return known


def _resolved(target: str) -> tuple[str, str]:
    """Percent escapes, doubled slashes and dot segments undone: `/a/%2e%2e/b` asks for `/b`."""
    if not target.startswith("/"):  # a proxy's absolute form: scheme and host are not the path
        target = _ABSOLUTE.sub("", target, count=1)
    path, _, query = target.partition("#")[0].partition("?")
    path = unquote(path, errors="backslashreplace")
    tail = "/" if path.endswith(("/", "/.", "/..")) else ""
    clean = normpath("/" + path.lstrip("/"))
    return (clean if clean == "/" else clean + tail), query


def _event(source: Source, places: _Places, people: _People, line: Line) -> dict[str, Any]:
    method, _, target = line.request.partition(" ")
    rule: PathRule | None = None
    path = query = ""
    if method in _METHODS:
        rule, path, query = places(method, target.rpartition(" HTTP/")[0] or target)
    else:
        method = OTHER
    user = (line.user or "").strip() if line.status != 401 else ""
    actor, account, kind = people(user) if user else ("", "", "unknown")
    size = UNKNOWN_BYTES if line.size is None else line.size
    dataset = (rule.dataset or source.dataset) if rule else None
    event: dict[str, Any] = {
        "event_id": "",
        "event_type": "access.web_request",
        "schema_version": 1,
        "org_id": source.org_id,
        "source_id": source.source_id,
        "occurred_at": line.moment,
        "observed_at": line.moment,
        "actor_ref": actor,
        "actor_kind": kind,
    }
    if rule is None or rule.kind == "web" or not _worked(rule, method, line.status):
        return event | {
            "src_ip": line.host,
            "host": source.host,
            "path_class": rule.path_class if rule else OTHER,
            "method": method,
            "status": line.status,
            "tls_version": source.tls_version,
            "dataset_id": dataset,
            "bytes_out": size,
            "session_ref": "",
            "user_agent": line.agent or "",
            "scheme": source.scheme,
        }
    if rule.kind == "datastore":
        return event | {
            "event_type": "access.datastore_query",
            "account_ref": account,
            "system_id": source.system_id,
            "dataset_id": dataset,
            "operation": rule.operation,
            "purpose_code": rule.purpose,
            "rows": _number(rule.rows, rule, path, query),
            "principals_count": _number(rule.persons, rule, path, query),
            "fields": list(rule.fields),
            "statement_digest": "",
            "joins_dataset_ids": [],
            "target_system_id": rule.target,
        }
    return event | {
        "event_type": "access.file_activity",
        "system_id": source.system_id,
        "path_class": rule.path_class,
        "file_ref": "",  # the path is all the log has, and a path may hold anybody's data
        "dataset_id": dataset,
        "operation": rule.operation,
        "bytes": size,
        "dlp_principals": _number(rule.persons, rule, path, query),
    }


def _worked(rule: PathRule, method: str, status: int) -> bool:
    """Whether the request did what its path stands for."""
    if method in _BODILESS:
        return False
    if rule.operation in _TAKING:
        return 200 <= status < 300 or status == 304
    return 200 <= status < 400


def _number(count: int | str | None, rule: PathRule, path: str, query: str) -> int | None:
    """A count the rule gives outright, or the digits of its group; 1 where the group has none."""
    if not isinstance(count, str):
        return count
    for found in (rule.match.fullmatch(path), rule.query and rule.query.search(query)):
        digits = found.groupdict().get(count) if found else None
        if digits and digits.isascii() and digits.isdigit() and len(digits) <= 15:
            return int(digits)
    return 1
