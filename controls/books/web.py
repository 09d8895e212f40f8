"""What pages send, to whom, as it was declared."""

from __future__ import annotations

from typing import Any

from controls.events import LinkExecuted, TagDeclared
from controls.registers import Register, View, field

SECOND_LEVEL = ("ac", "ad", "co", "com", "ed", "go", "gr", "lg", "ne", "net", "or", "org")
"""Second-level labels under which names are given away (JPRS and alike)."""


def base(domain: str) -> str:
    """The part of a domain under which all its relatives are found."""
    labels = domain.lower().rstrip(".").split(".")
    count = 3 if len(labels) > 2 and labels[-2] in SECOND_LEVEL and len(labels[-1]) == 2 else 2
    return ".".join(labels[-count:])


def within(domain: str, declared: str) -> bool:
    """A domain equal to the declared one or below it."""
    name, parent = domain.lower().rstrip("."), declared.lower().rstrip(".")
    return name == parent or name.endswith(f".{parent}")


DECLARED = Register(
    "declared", (TagDeclared,), field("vendor_id"), lambda declared: declared.published_at
)
"""Recipients of what pages send, by vendor_id, from published_at."""

DECLARED_DOMAINS = Register(
    "declared_domains",
    (TagDeclared,),
    lambda declared: tuple({base(domain) for domain in declared.domains}),
    lambda declared: declared.published_at,
)
"""The same, by the bases of their domains."""

VENDOR_LINKS = Register("vendor_links", (LinkExecuted,), field("vendor_id"))
"""Jobs that linked data for a vendor, by vendor_id."""


def vendors(domain: str, view: View) -> list[str]:
    """Vendors that ever declared the domain or one above it."""
    return sorted(
        {
            d.vendor_id
            for d in view.all(DECLARED_DOMAINS, base(domain))
            if any(within(domain, each) for each in d.domains)
        }
    )


def declaration(domain: str, at: int, view: View) -> Any | None:
    """The declaration in force of a domain at that moment (ms); None where there is none."""
    for vendor in vendors(domain, view):
        latest = view.latest(DECLARED, vendor, at)
        if latest is not None and any(within(domain, each) for each in latest.domains):
            return latest
    return None


BOOKS = (DECLARED, DECLARED_DOMAINS, VENDOR_LINKS)
