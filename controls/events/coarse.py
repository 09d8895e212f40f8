"""What of an address evidence may keep: the network, or the domain of a mail address."""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

UNREADABLE: Final = "other"
"""Stands for an address that is neither a network nor a mail address."""

_MAIL = re.compile(r"[^\s@<>]+@([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?)", re.ASCII)


def coarse(text: str) -> str:
    """`203.0.113.9` → `203.0.113.0/24`, `2001:db8:1::7` → `2001:db8:1::/48`, mail → domain.

    Blank stays empty; what is already coarse stays as it is; the rest is `other`.
    """
    text = text.strip()
    if not text:
        return ""
    mail = _MAIL.fullmatch(text)
    if mail is not None:
        return mail[1].lower()
    host, slash, length = text.partition("/")
    try:
        address = ip_address(host)
    except ValueError:
        return UNREADABLE
    if slash and length != ("24" if address.version == 4 else "48"):
        return UNREADABLE
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    number = int(address)
    if isinstance(address, IPv4Address):
        return f"{IPv4Address(number >> 8 << 8)}/24"
    return f"{IPv6Address(number >> 80 << 80)}/48"
