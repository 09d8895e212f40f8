"""The console in Chromium: readable for everybody, at every width, by keyboard, and live."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from tests.streams.console.conftest import HOSTILE, Site

LOOKS = (
    ("ja", "light", 1440, "board physical"),
    ("en", "dark", 390, "board principals"),
)
"""Language, colours and width, each with every page; of the boards, which are all made by one
template, two that have every kind of panel between them."""


@pytest.fixture(scope="module")
def browser(needs: Callable[[str], Path]) -> Iterator[Browser]:
    chromium = needs("chromium")
    with sync_playwright() as driver:
        args = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = driver.chromium.launch(executable_path=chromium, args=args)
        yield browser
        browser.close()


def opened(browser: Browser, site: Site, colours: str = "light", width: int = 1440) -> Page:
    """A page that has entered as the privacy office, and where an error of the page is one."""
    context = browser.new_context(
        color_scheme=colours, viewport={"width": width, "height": 900},  # type: ignore[arg-type]
    )  # fmt: skip
    page = context.new_page()
    page.goto(site.console.link("privacy-office"))
    return page


@pytest.mark.parametrize(("lang", "colours", "width", "board"), LOOKS)
def test_axe_finds_nothing_and_nothing_is_wider_than_the_window(
    browser: Browser, site: Site, lang: str, colours: str, width: int, board: str
) -> None:
    page = opened(browser, site, colours, width)
    errors: list[str] = []
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    axe, found = Axe(), []
    for name, path in site.paths().items():
        if name.startswith("board ") and name != board:
            continue
        page.goto(f"{site.console.url}/{lang}/{path}")
        wide = page.evaluate(
            "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        )
        if wide:
            found.append(f"{name}: wider than {width}")
        for violation in axe.run(page).response["violations"]:
            nodes = [node["html"][:200] for node in violation["nodes"][:3]]
            found.append(f"{name}: {violation['id']}: {nodes}")
    page.context.close()
    assert not found, "\n".join(found)
    assert not errors, errors


def test_axe_finds_nothing_at_the_login_and_where_nothing_is(browser: Browser, site: Site) -> None:
    page = browser.new_context().new_page()
    for path in ("ja/login", "en/login?next=/en/clocks"):
        page.goto(f"{site.console.url}/{path}")
        assert not axe_of(page)
    page.get_by_label("Token").fill(site.token("auditor"))
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(lambda url: urlsplit(url).path == "/en/clocks")
    page.goto(f"{site.console.url}/en/nothing")
    assert not axe_of(page)
    page.context.close()


def look(page: Page) -> None:
    """Have the page look for what is new now, as when somebody comes back to it."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def axe_of(page: Page) -> list[str]:
    return [violation["id"] for violation in Axe().run(page).response["violations"]]


def test_the_keyboard_reaches_the_menu_and_skips_it(browser: Browser, site: Site) -> None:
    page = opened(browser, site)
    page.goto(f"{site.console.url}/en/findings")
    reached = []
    for _ in range(16):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.textContent.trim()"))
    assert reached[0] == "Skip to content"
    for name in ("Overview", "Findings", "Controls", "Statutory clocks", "Boards"):
        assert name in reached
    page.reload()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.context.close()


def test_the_switch_of_language_keeps_the_page(browser: Browser, site: Site) -> None:
    page = opened(browser, site)
    page.goto(f"{site.console.url}/ja/controls/TEC-05?days=7")
    page.get_by_role("link", name="English").click()
    assert page.url.endswith("/en/controls/TEC-05?days=7")
    page.context.close()


def test_every_page_works_without_a_script(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(site.console.link("soc"))
    page.locator("nav.menu a").nth(1).click()
    assert page.locator("table.list tbody tr").count() > 10
    context.close()


def test_a_new_finding_appears_by_itself_and_a_form_that_is_open_stays(
    browser: Browser, site: Site
) -> None:
    page = opened(browser, site)
    page.goto(f"{site.console.url}/en/findings/{site.other}")
    page.locator("#act-escalate > summary").click()
    page.locator("#escalate-reason").fill("half a sentence")
    listed = page.context.new_page()
    listed.goto(f"{site.console.url}/en/findings")
    site.add(
        "findings", finding_id="fresh", revision=1, control="TEC-05", code=None,
        severity="critical", verdict="violation", status="open", text_en="quite fresh",
        text_ja="新着", events=0,
        event_ids=[], subject="fresh", missing=[], more="{}", occurred_at=site.now,
        detected_at=site.now, recorded_at=site.now,
    )  # fmt: skip
    listed.get_by_text("quite fresh").wait_for(timeout=60_000)
    site.add(
        "findings", finding_id=site.other, revision=99, control="TEC-05", code=None,
        severity="critical", verdict="violation", status="open", text_en="said anew",
        text_ja="改めて", events=0, event_ids=[], subject="fresh", missing=[], more="{}",
        occurred_at=site.now, detected_at=site.now, recorded_at=site.now,
    )  # fmt: skip
    page.bring_to_front()
    while "said anew" not in page.locator("h1").inner_text():
        look(page)
        page.wait_for_timeout(500)
    assert page.locator("#escalate-reason").input_value() == "half a sentence"
    assert page.evaluate("document.activeElement.id") == "escalate-reason"
    page.context.close()


def test_an_act_is_recorded_from_its_page_and_a_wrong_one_is_told_there(
    browser: Browser, site: Site
) -> None:
    page = opened(browser, site)
    page.goto(f"{site.console.url}/en/findings/{site.finding}")
    page.locator("#act-acknowledge > summary").click()
    page.locator("#acknowledge-by").fill("stf-oncall")
    page.locator("#form-acknowledge button").click()
    page.get_by_text("Recorded; it shows within seconds.").wait_for()
    page.locator("#act-close > summary").click()
    page.locator("#close-disposition").select_option("risk_accepted")
    page.locator("#close-cause").fill("a window that was agreed")
    page.locator("#close-by").fill("stf-1")
    page.locator("#form-close button").click()
    page.get_by_text("approver: another person must approve risk_accepted").wait_for()
    assert page.locator("#close-cause").input_value() == "a window that was agreed"
    assert not axe_of(page)
    page.context.close()


def test_a_connection_that_is_lost_is_told(browser: Browser, site: Site) -> None:
    page = opened(browser, site)
    page.goto(f"{site.console.url}/en/controls/TEC-01")
    page.context.set_offline(True)
    look(page)
    page.get_by_text("Connection lost").wait_for(timeout=60_000)
    page.context.set_offline(False)
    look(page)
    page.get_by_text("Connection lost").wait_for(state="hidden", timeout=60_000)
    page.context.close()


@pytest.mark.parametrize("text", HOSTILE[1:4:2])
def test_a_hostile_text_neither_runs_nor_breaks_the_page(
    browser: Browser, site: Site, text: str
) -> None:
    number = HOSTILE.index(text)
    site.add(
        "findings", finding_id=f"evil-{number}", revision=1, control="TEC-05", code=None,
        verdict="violation", severity="high", status="open", subject=text, text_ja=text,
        text_en=text, missing=[text], event_ids=[text], events=1, more="{}",
        occurred_at=site.now, detected_at=site.now, recorded_at=site.now,
    )  # fmt: skip
    page = opened(browser, site, width=390)
    asked: list[str] = []
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    page.goto(f"{site.console.url}/ja/findings/evil-{number}")
    assert page.evaluate("document.querySelectorAll('main img, main script').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert not asked
    page.context.close()
