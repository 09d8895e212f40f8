"""What the server refuses, and what every answer says of itself."""

from __future__ import annotations

import http.client
import json
import re
from threading import Event
from urllib.parse import parse_qs, urlsplit

import pytest

from streams.console import guard
from streams.local import Broker
from streams.store import StoreError
from streams.topics import topic
from tests.streams.console.conftest import Site

WALLS = ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "Cache-Control")


# --- who may look ----------------------------------------------------------------------------


def test_a_page_without_a_role_leads_to_the_login_and_back(site: Site) -> None:
    answer = site.ask("/ja/findings?severity=high&page=2")
    login = urlsplit(answer.headers["location"])
    assert (answer.status, login.path) == (303, "/ja/login")
    assert parse_qs(login.query) == {"next": ["/ja/findings?severity=high&page=2"]}


def test_a_wrong_token_is_told_and_opens_nothing(site: Site) -> None:
    answer = site.post("/en/login", {"token": "x" * 43})
    assert answer.status == 401
    assert "set-cookie" not in answer.headers


def test_a_wrong_token_in_the_header_is_401(site: Site) -> None:
    assert site.ask("/ja/", headers={"Authorization": "Bearer nothing"}).status == 401


def test_a_token_opens_a_session_by_a_cookie_that_no_script_and_no_other_site_has(
    site: Site,
) -> None:
    answer = site.post("/ja/login", {"token": site.token("soc"), "next": "/ja/findings"})
    assert (answer.status, answer.headers["location"]) == (303, "/ja/findings")
    flags = answer.headers["set-cookie"]
    assert "HttpOnly" in flags and "SameSite=Strict" in flags and "Path=/" in flags
    cookie = flags.split(";")[0]
    assert site.ask("/ja/", headers={"Cookie": cookie}).status == 200


@pytest.mark.parametrize(
    "next_", ["https://evil.example/", "//evil.example", "/\\evil.example", "/ja/\nx", "ja/"]
)
def test_a_login_leads_to_no_other_site(site: Site, next_: str) -> None:
    answer = site.post("/ja/login", {"token": site.token("soc"), "next": next_})
    assert answer.headers["location"] == "/ja/"


def test_a_link_of_the_terminal_opens_one_session(site: Site) -> None:
    path = site.console.link("soc").removeprefix(site.console.url)
    assert site.ask(path).status == 303
    assert site.ask(path).status == 404


def test_a_session_ends_with_the_logout(site: Site) -> None:
    cookie = {"Cookie": site.enter("soc")}
    word = _word(site.ask("/ja/", headers=cookie).text)
    assert site.post("/ja/logout", {"word": word}, headers=cookie).status == 303
    assert site.ask("/ja/", headers=cookie).status == 303


def test_an_auditor_sees_no_field_of_an_event(site: Site) -> None:
    event = site.store.events([site.event])[0]
    office = site.ask(f"/en/events/{site.event}", "privacy-office").text
    assert f"<code>{event.type}</code>" in office and "actor_ref" in office
    for page in (f"/en/events/{site.event}", f"/en/findings/{site.finding}"):
        text = site.ask(page, "auditor").text
        assert event.type not in text
        assert "actor_ref" not in text and "payload_digest" not in text


def test_an_auditor_sees_the_finding_and_its_proof(site: Site) -> None:
    text = site.ask(f"/en/findings/{site.finding}", "auditor").text
    assert "leads to the root of its class" in text
    assert 'class="mark-bad"' not in text


@pytest.mark.parametrize("path", ["contractors"])
def test_an_auditor_is_refused_a_page_of_events_and_is_offered_none(
    site: Site, path: str
) -> None:
    assert site.ask(f"/en/{path}", "auditor").status == 403
    assert f'href="/en/{path}"' not in site.ask("/en/", "auditor").text
    assert f'href="/en/{path}"' in site.ask("/en/", "soc").text


def test_an_auditor_is_shown_no_panel_that_asks_for_fields(site: Site) -> None:
    whole, less = (site.ask("/en/boards/outsourcing", r).text for r in ("soc", "auditor"))
    assert "withheld from this role" in less
    assert less.count('<section class="panel') < whole.count('<section class="panel')


def test_an_auditor_may_not_act(site: Site) -> None:
    cookie = {"Cookie": site.enter("auditor")}
    page = site.ask(f"/ja/findings/{site.finding}", headers=cookie).text
    assert 'id="acts"' not in page
    form = {"word": _word(page), "by": "stf-1"}
    path = f"/ja/findings/{site.finding}/acknowledge"
    assert site.post(path, form, headers=cookie).status == 403
    assert site.post(path, {"by": "stf-1"}, "auditor").status == 403


# --- what is refused -------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost:1", ""])
def test_a_name_that_is_not_ours_leads_nowhere(site: Site, host: str) -> None:
    answer = site.ask("/ja/login", headers={"Host": host})
    assert answer.status in (400, 421)
    assert "<form" not in answer.text


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT"])
def test_another_method_is_refused(site: Site, method: str) -> None:
    answer = site.ask("/ja/", "soc", method=method)
    assert answer.status in (400, 405, 421)


@pytest.mark.parametrize(
    "path",
    [
        "/assets/../access.py", "/assets/..%2faccess.py", "/assets/%2e%2e/%2e%2e/settings.py",
        "/assets//etc/passwd", "/ja/../../etc/passwd", "/ja/%2e%2e/%2e%2e/etc/passwd",
        "/ja/findings/..%2f..%2fetc%2fpasswd", "/ja/policies/..%2f..%2fpolicies%2fs1",
        "/assets/console.css%00.html", "/ja/nothing", "/fr/", "/ja/controls/TEC-99",
    ],
)  # fmt: skip
def test_a_path_that_leads_elsewhere_is_404(site: Site, path: str) -> None:
    client = http.client.HTTPConnection(site.host, timeout=30)
    client.putrequest("GET", path, skip_host=True)
    client.putheader("Host", site.host)
    client.putheader("Authorization", f"Bearer {site.token('soc')}")
    client.endheaders()
    answer = client.getresponse()
    text = answer.read().decode()
    client.close()
    assert answer.status in (303, 400, 404)
    assert "root:" not in text and "import " not in text


def test_too_large_a_form_is_refused(site: Site) -> None:
    answer = site.post("/ja/login", {"token": "x" * (guard.LARGEST + 1)})
    assert answer.status == 413


def test_too_large_a_header_is_refused(site: Site) -> None:
    assert site.ask("/ja/", headers={"X-Long": "x" * 20_000}).status == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
    ],
)
def test_a_form_of_another_site_is_refused(site: Site, headers: dict[str, str]) -> None:
    answer = site.post("/ja/login", {"token": site.token("soc")}, headers=headers)
    assert answer.status in (400, 403)
    assert "set-cookie" not in answer.headers


def test_a_browser_that_says_no_origin_is_refused_unless_it_says_the_site(site: Site) -> None:
    form = f"token={site.token('soc')}".encode()
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    for said, status in (
        ({"Origin": "null"}, 403),
        ({}, 403),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 303),
        ({"Origin": site.console.url}, 303),
    ):
        answer = site.ask("/ja/login", method="POST", body=form, headers=kind | said)
        assert answer.status == status, said


def test_an_act_without_the_word_of_the_session_is_refused(site: Site) -> None:
    cookie = {"Cookie": site.enter("soc")}
    path = f"/ja/findings/{site.finding}/acknowledge"
    for form in ({"by": "stf-1"}, {"by": "stf-1", "word": "another"}):
        assert site.post(path, form, headers=cookie).status == 403


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("severity=worst", "severity"),
        ("control=TEC-99", "control"),
        ("status=%27%20OR%201%3D1", "status"),
        ("page=0", "page"),
        ("page=1%3BDROP", "page"),
        ("measure=%3Cscript%3E", "measure"),
    ],
)
def test_a_filter_that_is_none_is_400_and_named(site: Site, query: str, field: str) -> None:
    answer = site.ask(f"/en/findings?{query}", "soc")
    assert answer.status == 400
    assert f"<bdi>{field}: " in answer.text


def test_a_period_that_is_not_offered_is_400(site: Site) -> None:
    assert site.ask("/en/?days=31", "soc").status == 400


def test_an_error_says_nothing_of_how_we_are_made_and_the_log_nothing_of_whom(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(site.store, "last_judged", broken)
    answer = site.ask("/en/controls?days=7", "soc")
    assert answer.status == 500
    assert "secret" not in answer.text and "Traceback" not in answer.text
    assert "secret" not in caplog.text and "kind=RuntimeError" in caplog.text


# --- what every answer says ------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/ja/", "/ja/login", "/", "/assets/console.css", "/nothing", "/ja/controls/X"]
)
def test_every_answer_has_its_walls(site: Site, path: str) -> None:
    answer = site.ask(path, "soc")
    assert {name.lower() for name in WALLS} <= answer.headers.keys()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'") and "unsafe" not in policy
    assert answer.headers["server"] == "shoseki"


def test_a_page_that_did_not_change_is_not_sent_again(site: Site) -> None:
    first = site.ask("/ja/findings", "soc")
    again = site.ask("/ja/findings", "soc", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status, again.text) == (304, "")
    assert re.fullmatch(r"\d\d:\d\d:\d\d", again.headers["x-as-of"])


def test_the_language_is_that_of_the_browser_where_the_address_has_none(site: Site) -> None:
    answer = site.ask("/", headers={"Accept-Language": "en-GB,en;q=0.9"})
    assert answer.headers["location"] == "/en/"
    assert site.ask("/").headers["location"] == "/ja/"


# --- acts ------------------------------------------------------------------------------------


def test_an_act_becomes_an_event_of_books(site: Site) -> None:
    before = _told(site)
    cookie = {"Cookie": site.enter("soc")}
    page = site.ask(f"/ja/findings/{site.finding}", headers=cookie).text
    form = {"word": _word(page), "act_": "acknowledge", "by": "stf-oncall"}
    answer = site.post(f"/ja/findings/{site.finding}/acknowledge", form, headers=cookie)
    assert answer.headers["location"] == f"/ja/findings/{site.finding}?done=acknowledge"
    (event,) = _told(site)[len(before) :]
    assert (event["event_type"], event["step"]) == ("alert.changed", "acknowledged")
    assert event["alert_id"] == site.finding
    assert "stf-oncall" not in json.dumps(event)


def test_an_act_that_is_refused_says_why_and_keeps_what_was_typed(site: Site) -> None:
    cookie = {"Cookie": site.enter("privacy-office")}
    page = site.ask(f"/en/findings/{site.finding}", headers=cookie).text
    form = {
        "word": _word(page), "act_": "close", "by": "stf-1", "disposition": "false_positive",
        "cause": "a known <batch> job", "approver": "stf-1",
    }  # fmt: skip
    answer = site.post(f"/en/findings/{site.finding}/close", form, headers=cookie)
    assert answer.status == 400
    assert "approver: somebody else than who closes it must approve" in answer.text
    assert "a known &lt;batch&gt; job" in answer.text


def test_words_that_name_a_person_are_refused(site: Site) -> None:
    form = {"by": "stf-1", "reason": "ask taro@example.com", "act_": "escalate"}
    answer = site.post(f"/en/findings/{site.finding}/escalate", form, "soc")
    assert answer.status == 400
    assert "looks like a mail address" in answer.text


def test_an_act_on_a_finding_that_is_none_is_404(site: Site) -> None:
    assert site.post("/en/findings/none/acknowledge", {"by": "stf-1"}, "soc").status == 404
    assert site.post(f"/en/findings/{site.finding}/paint", {"by": "stf-1"}, "soc").status == 404


def test_a_store_that_is_away_is_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> None:
        raise StoreError("store: query failed: no answer in time")

    monkeypatch.setattr(site.store, "query", away)
    assert site.ask("/en/findings?severity=low&page=7", "soc").status == 503


def test_a_store_that_is_slow_is_503(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Event()
    monkeypatch.setattr(site.console._handlers.reading, "_seconds", 0.2)
    monkeypatch.setattr(site.store, "query", lambda *_, **__: asked.wait(30) and [])
    try:
        assert site.ask("/en/findings?severity=low&page=8", "soc").status == 503
    finally:
        asked.set()


@pytest.mark.parametrize(
    ("secret", "status"), [("a secret of the on-call tool", 200), ("another", 401)]
)
def test_an_on_call_tool_answers_by_its_own_secret(site: Site, secret: str, status: int) -> None:
    said = {"finding_id": site.finding, "step": "acknowledged", "by": f"stf-{secret[0]}"}
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    body = json.dumps(said).encode()
    answer = site.ask("/api/alerts", method="POST", body=body, headers=headers)
    assert answer.status == status


def test_too_large_an_answer_of_an_on_call_tool_is_refused(site: Site) -> None:
    headers = {"Authorization": "Bearer a secret of the on-call tool"}
    body = b"x" * (guard.LARGEST + 1)
    assert site.ask("/api/alerts", method="POST", body=body, headers=headers).status == 413


def _word(page: str) -> str:
    found = re.search(r'name="word" value="([^"]+)"', page)
    assert found is not None
    return found[1]


def _told(site: Site) -> list[dict[str, str]]:
    """The events in `books` of the log to which acts go."""
    path = site.folder / "data" / "log"
    if not path.exists():
        return []
    broker = Broker(path)
    try:
        messages = broker.read(topic("books"), 0, 0, 10_000, 1 << 24)
        return [
            json.loads(line)
            for message in messages
            for line in bytes(message.value).splitlines()
            if line.startswith(b"{") and b'"event_type"' in line
        ]
    finally:
        broker.close()
