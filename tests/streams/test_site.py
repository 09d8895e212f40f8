"""The pages of the catalogue: all there, all linked, in both languages, nothing from outside."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from controls import catalogue, policies
from controls.events import TYPES, spec
from controls.kernel import Refusal
from streams.cli import main
from streams.site import COMMON, build, prose

FOUND = catalogue.load()
OURS = policies.load(policies.OURS)
JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


class Page(HTMLParser):
    """What a page links to, its anchors and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.lang = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.links += [given[name] or "" for name in ("href", "src") if name in given]
        if given.get("id"):
            self.ids.add(given["id"] or "")
        if tag == "html":
            self.lang = given.get("lang") or ""
        assert tag not in ("script", "iframe", "img"), tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    out = tmp_path_factory.mktemp("site")
    build(FOUND, OURS, out)
    return {file: Page(file.read_text(encoding="utf-8")) for file in out.rglob("*.html")}


def found(site: dict[Path, Page], name: str) -> Page:
    (page,) = [page for file, page in site.items() if file.as_posix().endswith(f"/{name}")]
    return page


def test_there_is_a_page_for_every_control_and_policy_in_both_languages(
    site: dict[Path, Page],
) -> None:
    for lang in ("ja", "en"):
        for control in FOUND.controls:
            page = found(site, f"{lang}/controls/{control.id}.html")
            assert page.lang == lang
            assert getattr(control.requirement, lang) in page.text
            assert set(control.codes) <= page.ids
            for example in control.examples:
                assert getattr(example.title, lang) in page.text
        for policy in OURS:
            page = found(site, f"{lang}/policies/{policy.id}.html")
            assert {s.id for s in policy.statements} <= page.ids
            for finding in policy.findings:
                assert finding.text in page.text


def test_every_link_leads_to_a_page_and_a_place_of_this_folder(site: dict[Path, Page]) -> None:
    for file, page in site.items():
        for link in page.links:
            assert "://" not in link, (file, link)
            name, _, anchor = link.partition("#")
            target = (file.parent / name).resolve() if name else file
            assert target.exists(), (file, link)
            if anchor:
                assert anchor in site[target].ids, (file, link)


def test_english_pages_speak_no_japanese_but_names(site: dict[Path, Page]) -> None:
    names = ("証跡", "日本語", "資格確認書")
    for control in FOUND.controls:
        text = found(site, f"en/controls/{control.id}.html").text
        for name in names:
            text = text.replace(name, "")
        assert not JAPANESE.search(text), (control.id, JAPANESE.findall(text))


def test_what_was_not_verified_says_so(site: dict[Path, Page]) -> None:
    for control in FOUND.controls:
        page = found(site, f"en/controls/{control.id}.html")
        starred = not all(source.verified for source in control.sources)
        assert ("was not verified against the text" in page.text) == starred


def test_the_page_on_this_system_names_every_personal_field_of_the_vocabulary(
    site: dict[Path, Page],
) -> None:
    for lang in ("ja", "en"):
        text = found(site, f"{lang}/monitoring.html").text
        for kind in TYPES:
            fields = [f.name for f in spec(kind).fields if f.pd != "none"]
            for name in set(fields) - set(COMMON):
                assert kind in text and name in text, (kind, name)


@pytest.mark.parametrize(
    ("english", "japanese"),
    [
        ("Art.23", "23条"),
        ("Art.26(1) proviso", "26条1項ただし書"),
        ("Art.27(5)(iii)", "27条5項3号"),
        ("3-5-3-4 (Rule 8(2))", "3-5-3-4 (規則8(2))"),
        ("Telecom Business Act Art.27-12 (in force 2023-06-16)",
         "電気通信事業法27条の12（2023-06-16 施行）"),
        ("3-5-1-2 case 2", "3-5-1-2 事例2"),
    ],
)  # fmt: skip
def test_places_of_law_are_cited_as_in_their_language(english: str, japanese: str) -> None:
    assert prose.place(english, "ja") == japanese
    assert prose.place(english, "en") == english


def test_no_place_of_the_catalogue_stays_half_english_in_japanese() -> None:
    for control in FOUND.controls:
        for source in control.sources:
            if source.kind in ("appi", "ppc_guideline"):
                assert not re.search(r"[A-Za-z]{3}", prose.place(source.place, "ja")), source


def test_what_a_company_set_is_shown_beside_the_default(tmp_path: Path) -> None:
    build(catalogue.load({"TEC-05": {"export_n": 500}}), OURS, tmp_path)
    text = Page((tmp_path / "en/controls/TEC-05.html").read_text(encoding="utf-8")).text
    assert re.search(r"500\s+set by the company \(default 1000\)", text)


def test_the_command_says_how_many_pages_and_refuses_a_folder_it_cannot_write(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["controls", "site", "--out", str(tmp_path / "site")]) == 0
    expected = 1 + 2 * (2 + len(FOUND.controls) + len(OURS))
    assert f"{expected} pages" in capsys.readouterr().out
    (tmp_path / "file").touch()
    with pytest.raises(Refusal, match="a folder that can be written"):
        build(FOUND, OURS, tmp_path / "file")
