"""The console as files."""

from __future__ import annotations

import re
from os.path import normpath
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from controls import catalogue, policies
from controls.kernel import Refusal
from streams.console import write
from tests.streams.console.conftest import Site

LINK = re.compile('(?:href|src)="([^"]*)"')


@pytest.fixture(scope="module")
def folder(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("files") / "console"
    pages = write(site.store, catalogue.load(), policies.load(), site.now, out)
    assert pages == len(list(out.glob("*/**/*.html")))
    return out


@pytest.fixture(scope="module")
def texts(folder: Path) -> dict[Path, str]:
    return {file: file.read_text(encoding="utf-8") for file in folder.rglob("*.html")}


def test_every_link_leads_to_a_file_and_nowhere_else(folder: Path, texts: dict[Path, str]) -> None:
    broken = set()
    for file, text in texts.items():
        for link in set(LINK.findall(text)):
            parts = urlsplit(link)
            if link.startswith(("#", "data:,")):
                continue
            to = Path(normpath(file.parent / unquote(parts.path)))
            if parts.scheme or (to not in texts and to.parent != folder / "assets"):
                broken.add(f"{file.relative_to(folder)}: {link}")
    assert not broken, sorted(broken)[:20]


def test_files_hold_no_script_and_no_form(texts: dict[Path, str]) -> None:
    for file, text in texts.items():
        assert not re.search("<(script|form|input|button)", text), file


def test_a_finding_reads_as_the_server_shows_it(folder: Path, site: Site) -> None:
    written = (folder / "en" / "findings" / f"{site.finding}.html").read_text(encoding="utf-8")
    served = site.ask(f"/en/findings/{site.finding}", "privacy-office").text
    for text in (written, served):
        _, _, proof = text.partition('<ol class="proof">')
        assert proof
    assert written.count("<code>") == served.count("<code>")
    assert written.count('class="mark-good"') == served.count('class="mark-good"') >= 5


def test_files_say_nobody(texts: dict[Path, str], site: Site) -> None:
    for file, text in texts.items():
        assert not [person for person in site.company.people if person in text], file


def test_a_folder_that_cannot_be_written_is_refused(site: Site, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refusal, match="give a folder that can be written"):
        write(site.store, catalogue.load(), policies.load(), site.now, tmp_path / "file" / "out")
