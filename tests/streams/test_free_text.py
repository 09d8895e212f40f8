"""Words that evidence keeps: what gives a person away is refused, what does not is not."""

from __future__ import annotations

import pytest

from controls.kernel import Refusal
from streams.free_text import impersonal


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("連絡先は sato@example.co.jp です", "mail"),
        ("ｓａｔｏ＠ｅｘａｍｐｌｅ．ｊｐ へ連絡", "mail"),
        ("電話03-1234-5678へ", "telephone"),
        ("０９０ー１２３４ー５６７８", "telephone"),
        ("call +81 90 1234 5678", "telephone"),
        ("(03) 1234-5678", "telephone"),
        ("番号 123456789018", "My Number"),
        ("card 4111 1111 1111 1111", "card"),
    ],
)
def test_what_gives_a_person_away_is_refused_by_its_kind(text: str, what: str) -> None:
    with pytest.raises(Refusal, match=f"^cause: looks like a {what}"):
        impersonal("cause", text)


@pytest.mark.parametrize(
    "text",
    [
        "登録の遅れ。2026-11-27 10:30 に気付き、2026-11-28 に直した",
        "500 件を超えた（上限 500 件）",
        "ticket 20261127-0042, change 1234567890",
        "nc-0e913d635ecfab8aa0a0c5591fb49047 を参照",
        "サーバーの版 1.2.3.4 を上げた",
        "一行目\n二行目",
    ],
)
def test_words_numbers_and_dates_of_daily_work_are_taken(text: str) -> None:
    assert impersonal("cause", f"  {text} ") == text


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "expected"), (" \u3000", "expected"), ("a" * 1_001, "at most"), ("a\x00b", "control")],
)
def test_no_words_too_many_and_unreadable_ones_are_refused(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        impersonal("cause", text)
