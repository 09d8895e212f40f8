"""Words that people write and evidence keeps: they must name nobody."""

from __future__ import annotations

import re
import unicodedata

from controls.kernel import Refusal

LONGEST = 1_000
"""Characters."""

_MAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.\w+")
_WHEN = re.compile(r"\b\d{4}[-/]\d{1,2}[-/]\d{1,2}\b|\b\d{1,2}:\d\d(?::\d\d)?\b")
_DIGITS = re.compile(r"(?<![A-Za-z0-9_.])\+?\(?\d(?:[ ().-]{0,2}\d){8,18}(?![A-Za-z0-9_])")
_MY_NUMBER = (6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2)


def impersonal(field: str, text: str) -> str:
    """The text, trimmed; Refusal where it is empty, too long, or looks like a mail address, a
    telephone, card or My Number.  A name cannot be told: people are warned where they write."""
    said = text.strip()
    if not said:
        raise Refusal(f"{field}: a reason in words is expected, naming nobody")
    if len(said) > LONGEST:
        raise Refusal(f"{field}: at most {LONGEST} characters are expected")
    if any(unicodedata.category(char) == "Cc" for char in said.replace("\n", "")):
        raise Refusal(f"{field}: plain text without control characters is expected")
    what = personal(said)
    if what is not None:
        raise Refusal(f"{field}: looks like {what}, and would be kept as evidence; leave it out")
    return said


def personal(text: str) -> str | None:
    """What kind of personal number or address a text seems to hold."""
    plain = re.sub(r"[\u2010-\u2015\u2212\u30fc]", "-", unicodedata.normalize("NFKC", text))
    if _MAIL.search(plain):
        return "a mail address"
    for found in _DIGITS.finditer(_WHEN.sub(" / ", plain)):
        digits = re.sub(r"\D", "", found[0])
        if found[0].startswith("+") or (digits[0] == "0" and len(digits) in (10, 11)):
            return "a telephone number"
        if len(digits) == 12 and my_number(digits):
            return "a My Number"
        if len(digits) >= 13 and card(digits):
            return "a card number"
    return None


def my_number(digits: str) -> bool:
    """Whether the twelfth digit is the check digit of the others (Order of the MIC No. 85 of 2014,
    Article 5)."""
    rest = sum(int(d) * q for d, q in zip(digits, _MY_NUMBER, strict=False)) % 11
    return int(digits[11]) == (0 if rest <= 1 else 11 - rest)


def card(digits: str) -> bool:
    """Whether the digits pass the check of ISO/IEC 7812-1 (Luhn)."""
    doubled = [int(d) * (2 if at % 2 else 1) for at, d in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0
