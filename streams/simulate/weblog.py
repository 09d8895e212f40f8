"""The company's web requests as lines of a combined log, and the TOML that reads them back.

Two servers write such logs: the public site, which knows no user names, and the portal, whose
users are staff numbers. What the lines cannot carry (session, host, TLS) the TOML says or is
lost, as with a real server.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple

from streams.simulate.feed import ORG, Fact
from streams.simulate.office import PORTAL
from streams.simulate.outside import SITE

__all__ = ["LOGS", "combined_log", "line", "source_toml"]


class Path(NamedTuple):
    """One class of paths of a site and what a request to it does."""

    match: str
    path_class: str
    dataset: str = ""
    operation: str = ""
    kind: str = "web"


class Log(NamedTuple):
    """One server that writes a combined log."""

    system: str
    host: str
    paths: tuple[Path, ...]
    users: str = ""
    """Matches the names of staff where the server checks a password."""


LOGS = {
    "web-01": Log(
        "sys-site",
        SITE,
        (
            Path(r"^/members/\d+/orders$", "/members/{id}/orders", "ds-orders"),
            Path(r"^/members/\d+$", "/members/{id}", "ds-members"),
            Path(r"^/inquiry$", "/inquiry", "ds-inquiries"),
            Path(r"^/items/\d+$", "/items/{id}"),
            Path(r"^/$", "/"),
            Path(r"^/help$", "/help"),
        ),
    ),
    "portal-01": Log(
        "sys-portal",
        PORTAL,
        (
            Path(r"^/members/\d+$", "/members/{id}", "ds-members", "read", "datastore"),
            Path(r"^/files/\d+$", "/files/{id}", "ds-members", "read", "file"),
            Path(r"^/workflow/\d+$", "/workflow/{id}"),
            *(Path(rf"^/{page}$", f"/{page}") for page in ("news", "schedule", "rooms")),
        ),
        r"stf-\d+",
    ),
}
"""Servers by source_id; their access.web_request events can be written as lines instead."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def line(event: Fact) -> str:
    """A web request as one line of the combined format, without the line's end."""
    when = datetime.fromisoformat(event["occurred_at"])
    stamp = f"{when.day:02d}/{_MONTHS[when.month - 1]}/{when.year}:{when:%H:%M:%S} +0900"
    user = event["actor_ref"] if event["actor_kind"] == "staff" else "-"
    number = int(event["request_id"][-6:], 16) % 48_000 + 1
    path = event["path_class"].replace("{id}", str(number))
    return (
        f'{event["src_ip"]} - {user} [{stamp}] "{event["method"]} {path} HTTP/1.1" '
        f'{event["status"]} {event["bytes_out"]} "-" "{event["user_agent"]}"'
    )


def combined_log(events: Iterable[Fact]) -> Iterator[tuple[str, str | Fact]]:
    """Tell lines from events: (source_id, line) where a log carries it, else ("", event)."""
    for event in events:
        if event["event_type"] == "access.web_request" and event["source_id"] in LOGS:
            yield event["source_id"], line(event)
        else:
            yield "", event


def source_toml(source_id: str, org: str = ORG) -> str:
    """What the log adapter has to know about a server: TOML with one table a path class."""
    log = LOGS[source_id]
    out = [
        f'source_id = "{source_id}"',
        f'org_id = "{org}"',
        f'system_id = "{log.system}"',
        f'host = "{log.host}"',
        'scheme = "https"',
        'tls_version = "TLS1.3"',
    ]
    if log.users:
        out += ["", "[[user]]", f"match = '{log.users}'", 'kind = "staff"']
    for path in log.paths:
        out += ["", "[[path]]", f"match = '{path.match}'", f'class = "{path.path_class}"']
        if path.dataset:
            out.append(f'dataset = "{path.dataset}"')
        if path.operation:
            out += [f'operation = "{path.operation}"', "persons = 1"]
        out.append(f'kind = "{path.kind}"')
    return "\n".join(out) + "\n"
