"""Texts of others as they may be shown: nothing in them directs the page, or the reader's eye."""

from __future__ import annotations

import re
from typing import Any

from markupsafe import Markup, escape

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\uffff\ud800-\udfff]"
)
"""Control characters, marks that turn the direction of writing, and halves of characters."""
_REF = re.compile(r"\b(ps\d{4}_[a-z2-7]{6})[a-z2-7]{20}\b")


def plain(value: Any) -> Any:
    """A text with U+FFFD for what cannot be seen; other values, and markup of ours, as they are."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return _UNSEEN.sub("\ufffd", value)
    return value


def safe(text: object) -> Markup:
    """A text for the inside of markup that is put together by hand."""
    return escape(plain(str(text)))


def brief(text: str) -> Markup:
    """A text with its pseudonyms cut short; all of one stands behind it as its title."""
    return Markup(_REF.sub(r'<abbr title="\g<0>">\1…</abbr>', str(safe(text))))
