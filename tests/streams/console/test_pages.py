"""What stands on the pages, and what can never stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from controls import catalogue
from streams.console import plain
from tests.streams.console.conftest import HOSTILE, Site

LANGUAGES = ("ja", "en")
UNSEEN = re.compile("[\x00\x1b\u202a-\u202e\u2066-\u2069]")


class Parts(HTMLParser):
    """The tags of a page with their attributes, and what stands inside scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inside: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.tags and self.tags[-1][0] in ("script", "style") and data.strip():
            self.inside.append(data)


def pages(site: Site) -> Iterator[tuple[str, str]]:
    for lang in LANGUAGES:
        for name, path in site.paths().items():
            if lang == "en" and name.startswith("board "):
                continue  # one template makes them all
            answer = site.ask(f"/{lang}/{path}", "soc")
            assert answer.status == 200, f"{lang} {name}: {answer.status}"
            yield f"{lang} {name}", answer.text


@pytest.fixture(scope="module")
def shown(site: Site) -> dict[str, str]:
    """Every kind of page in both languages."""
    return dict(pages(site))


@pytest.fixture(scope="module")
def hostile(site: Site, shown: dict[str, str]) -> Site:
    """The same evidence, with hostile texts wherever somebody else writes."""
    for number, text in enumerate(HOSTILE):
        site.add(
            "findings", finding_id=f"hostile-{number}", revision=1, control="OUT-01", code="FAILED",
            verdict="violation", severity="critical", status="open", subject=f"{text}|{text}",
            text_ja=text, text_en=text, missing=[text], event_ids=[text], events=1,
            more='{"fact": "<b>' + "x" * 2_000 + '"}', occurred_at=site.now, detected_at=site.now,
            recorded_at=site.now,
        )  # fmt: skip
        site.add(
            "events", "contractor.contracted", {"contractor_id": text, "contract_id": text},
            event_id=text,
        )  # fmt: skip
        site.add(
            "events", "contractor.reentrusted", {"contractor_id": text, "subcontractor_id": text},
            event_id=f"sub-{number}",
        )  # fmt: skip
        site.add(
            "events", "register.source", {"monitored_source_id": text}, event_id=f"src-{number}",
            source_id=text,
        )  # fmt: skip
        site.add("rejects", reason=text, source_id=text)
    return site


def test_no_page_has_a_script_or_a_style_of_its_own(shown: dict[str, str]) -> None:
    for name, text in shown.items():
        parts = Parts(text)
        assert not parts.inside, name
        for tag, given in parts.tags:
            assert "style" not in given, name
            assert not [each for each in given if each.startswith("on")], name
            assert tag != "script" or given["src"] == "/assets/live.js", name


def test_no_page_asks_anybody_else(shown: dict[str, str]) -> None:
    for name, text in shown.items():
        for _, given in Parts(text).tags:
            for each in ("href", "src", "action", "srcset", "data"):
                address = given.get(each) or "/"
                assert address.startswith(("/", "#", "?", "data:,")), f"{name}: {address}"
                assert not address.startswith("//"), name


def test_no_page_says_whom_it_is_about(site: Site, shown: dict[str, str]) -> None:
    for name, text in shown.items():
        assert not [person for person in site.company.people if person in text], name


def test_the_overview_says_how_many_violations_stand(site: Site, shown: dict[str, str]) -> None:
    standing = [
        f for f in site.store.findings() if f["verdict"] == "violation" and f["status"] == "open"
    ]
    assert f"<dd><a href=\"/ja/findings?verdict=violation\">{len(standing)}" in shown["ja overview"]


def test_a_population_stands_beside_the_findings_of_every_measure(shown: dict[str, str]) -> None:
    for measure in set(catalogue.load().measures.values()):
        row = re.search(f'<tr id="{measure}">.*?</tr>', shown["ja overview"], re.DOTALL)
        assert row is not None and '<td data-label="母集団" class="num">' in row[0]


def test_the_page_of_a_control_has_its_law_and_what_it_found(shown: dict[str, str]) -> None:
    text = shown["ja control"]
    for part in ("個人情報保護法", "パラメータ", "判定の数の推移", "いまの状態", "守られている"):
        assert part in text


def test_a_finding_shows_its_event_its_reason_and_a_proof_that_holds(
    site: Site, shown: dict[str, str]
) -> None:
    text = shown["en finding"]
    code = catalogue.load()["TEC-05"].codes[site.store.finding(site.finding)[-1]["code"]]
    assert code.condition.en in text
    assert site.event in text
    assert text.count('class="mark-good"') >= 5 and 'class="mark-bad"' not in text


def test_a_row_that_was_changed_has_a_proof_that_does_not_hold(site: Site) -> None:
    row = next(
        row
        for row in site.store.rows("findings", "books", 0)
        if row["verdict"] == "violation"
        and row["status"] == "open"
        and row["finding_id"] not in (site.finding, site.other)
        and len(site.store.finding(row["finding_id"])) == 1
    )
    site.add("findings", **row | {"severity": "info", "revision": row["revision"] + 1})
    text = site.ask(f"/en/findings/{row['finding_id']}", "soc").text
    assert 'class="mark-bad"' in text


def test_the_sums_by_source_are_those_of_the_ledger(shown: dict[str, str]) -> None:
    assert "合っている" in shown["ja sources"]


def test_every_list_is_the_same_in_both_languages(shown: dict[str, str]) -> None:
    for name in ("findings", "controls", "clocks", "contractors", "sources", "pipeline"):
        rows = [shown[f"{lang} {name}"].count("<tr") for lang in LANGUAGES]
        assert rows[0] == rows[1] > 1, name


def test_filters_narrow_the_list(site: Site) -> None:
    text = site.ask("/en/findings?severity=high&control=TEC-05&status=all", "soc").text
    assert re.findall(r'<a href="/en/controls/([A-Z]+-\d+)">', text).count("TEC-05") == len(
        re.findall(r'class="badge high"', text)
    )


# --- hostile texts ---------------------------------------------------------------------------

PLACES = (
    "findings", "findings/hostile-0", "findings/hostile-1", "findings/hostile-2",
    "findings/hostile-3", "findings/hostile-4", "findings/hostile-5", "findings/hostile-6", "",
    "controls/OUT-01", "contractors", "sources", "pipeline", "clocks", "boards/outsourcing",
    "boards/overview", "boards/evidence",
)  # fmt: skip


@pytest.mark.parametrize("path", PLACES)
def test_a_hostile_text_is_shown_as_text(hostile: Site, path: str) -> None:
    answer = hostile.ask(f"/en/{path}?days=365", "soc")
    assert answer.status == 200
    parts = Parts(answer.text)
    assert not [tag for tag, _ in parts.tags if tag == "img"]
    assert [given for tag, given in parts.tags if tag == "script"] == [
        {"src": "/assets/live.js", "defer": None}
    ]
    assert not UNSEEN.search(answer.text)
    assert not [given for _, given in parts.tags if "onerror" in given]
    assert not [g for _, g in parts.tags if (g.get("href") or "").startswith("javascript:")]


@pytest.mark.parametrize("path", ["findings", "contractors", "sources", "pipeline"])
def test_a_hostile_text_is_not_hidden(hostile: Site, path: str) -> None:
    text = hostile.ask(f"/ja/{path}", "soc").text
    for said in ("&lt;script&gt;alert(1)&lt;/script&gt;", "�gnp.evil�", "{{ 7 * 7 }}"):
        assert said in text


@pytest.mark.parametrize("text", HOSTILE)
def test_an_event_with_a_hostile_id_is_found_by_it_alone(hostile: Site, text: str) -> None:
    answer = hostile.ask(f"/en/events/{quote(text, safe='')}", "soc")
    assert answer.status == 200
    assert str(plain.safe(text)) in answer.text
    assert not UNSEEN.search(answer.text)


def test_a_query_in_the_address_is_a_text_that_is_not_found(hostile: Site) -> None:
    asked = quote("x' OR 1 = 1 --", safe="")
    assert hostile.ask(f"/en/findings/{asked}", "soc").status == 404
    assert hostile.ask(f"/en/events/{asked}", "soc").status == 404
