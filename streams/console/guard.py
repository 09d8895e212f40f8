"""What every request must be before it is looked at, and what every answer says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from controls.kernel import Refusal

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Server": "shoseki",
}
METHODS = ("GET", "HEAD", "POST")
LARGEST = 64 << 10
"""Bytes of a body."""


def place(address: str) -> tuple[str, int]:
    """Host and port of HOST:PORT; Refusal where it is none."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65_535:
        raise Refusal(f"[console] address = {address}: HOST:PORT is expected, 127.0.0.1:9466")
    return host.strip("[]"), int(port)


def loopback(host: str) -> bool:
    """Whether nobody else's machine reaches an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def names(host: str, port: int, base: str) -> frozenset[str]:
    """What `Host` may say: the address served, and that under which people reach it."""
    found = {_named(host, port), urlsplit(base).netloc.rpartition("@")[2].lower()}
    if loopback(host):
        found |= {_named(each, port) for each in ("127.0.0.1", "localhost", "::1")}
    return frozenset(found)


def _named(host: str, port: int) -> str:
    return f"[{host}]:{port}".lower() if ":" in host else f"{host}:{port}".lower()


def ours(origin: str | None, site: str | None, host: str) -> bool:
    """Whether a form came from a page of ours, by what no page can forge: `Sec-Fetch-Site`, or
    `Origin` where a browser does not send that.

    A page that sends no referrer, like ours, has the origin `null`.  The scheme is that of a proxy
    in front of us, if there is one.
    """
    known = origin is not None and origin.lower() in (f"http://{host}", f"https://{host}")
    if site is None:
        return known
    return site == "same-origin" and (known or origin == "null")
