import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controls.events import Event
from streams.codec import decode
from streams.pseudonyms import Plain
from streams.reading import Repeats
from streams.rejects import Reject
from streams.sources import adapter
from streams.sources.combined import UNKNOWN_BYTES, combined
from streams.sources.source import Source, read_source

SOURCE = Source.model_validate(
    {
        "source_id": "web-crm",
        "org_id": "example-kk",
        "system_id": "crm",
        "host": "crm.example.jp",
        "scheme": "https",
        "dataset": "customers",
        "user": [{"match": "([a-z]+)@example[.]jp", "ref": r"\1", "kind": "staff"}],
        "path": [
            {
                "match": "/customers/(?P<id>[0-9]+)",
                "class": "/customers/{id}",
                "kind": "datastore",
                "operation": "read",
            },
            {
                "match": "/customers[.]csv",
                "query": "(?:^|&)limit=(?P<n>[0-9]+)",
                "class": "/customers.csv",
                "kind": "datastore",
                "operation": "export",
                "rows": "n",
                "persons": "n",
                "target": "laptop",
            },
            {
                "match": "/customers",
                "methods": ["POST"],
                "class": "/customers",
                "kind": "datastore",
                "operation": "write",
            },
            {"match": "/files/.+", "class": "/files/{name}", "kind": "file", "operation": "copy"},
            {"match": "/login", "class": "/login"},
        ],
    }
)
TIME = "17/May/2026:10:05:03 +0900"


def read(lines: Iterable[bytes], source: Source = SOURCE) -> list[Any]:
    return list(combined(source, Plain().event_id)(marked(lines)))


def marked(lines: Iterable[bytes]) -> list[tuple[bytes, Any]]:
    """Lines of a file with what tells equal ones apart."""
    repeats = Repeats()
    return [(line, repeats(line)) for line in lines]


def line(
    request: str = "GET /login HTTP/1.1",
    user: str = "-",
    time: str = TIME,
    status: object = 200,
    size: object = 5,
    agent: str = "-",
) -> bytes:
    return f'192.0.2.7 - {user} [{time}] "{request}" {status} {size} "-" "{agent}"\n'.encode()


def one(**parts: Any) -> dict[str, Any]:
    (event,) = read([line(**parts)])
    assert isinstance(event, dict), event
    (decoded,) = decode([json.dumps(event).encode()])
    assert isinstance(decoded, Event), decoded
    return event


def refused(**parts: Any) -> str:
    (reject,) = read([line(**parts)])
    assert isinstance(reject, Reject)
    return reject.reason


def test_a_read_of_a_dataset_by_a_known_user() -> None:
    event = one(request="GET /customers/17 HTTP/1.1", user="sato@example.jp")
    assert event["event_type"] == "access.datastore_query"
    assert (event["actor_ref"], event["actor_kind"]) == ("sato", "staff")
    assert event["account_ref"] == "sato@example.jp"
    assert (event["dataset_id"], event["operation"], event["rows"]) == ("customers", "read", 1)
    assert event["occurred_at"] == "2026-05-17T10:05:03+09:00"
    assert "17" not in json.dumps({**event, "occurred_at": "", "observed_at": "", "event_id": ""})


def test_an_export_counts_what_the_query_asked_for() -> None:
    event = one(request="GET /customers.csv?a=b&limit=500 HTTP/1.1")
    assert (event["rows"], event["principals_count"], event["target_system_id"]) == (
        500,
        500,
        "laptop",
    )
    assert one(request="GET /customers.csv HTTP/1.1")["rows"] == 1
    assert one(request=f"GET /customers.csv?limit={'9' * 40} HTTP/1.1")["rows"] == 1


def test_a_file_keeps_no_path() -> None:
    event = one(request="GET /files/%E5%B1%B1%E7%94%B0.pdf?k=v HTTP/1.1", size=70)
    assert event["event_type"] == "access.file_activity"
    assert (event["path_class"], event["file_ref"], event["bytes"]) == ("/files/{name}", "", 70)


def test_a_line_without_a_user_has_an_unknown_actor() -> None:
    for user in ("-", '""', "   "):
        event = one(user=user)
        assert (event["actor_ref"], event["actor_kind"], event["session_ref"]) == (
            "",
            "unknown",
            "",
        )


def test_a_name_that_was_only_claimed_is_nobodys() -> None:
    event = one(request="GET /customers/17 HTTP/1.1", user="sato@example.jp", status=401)
    assert event["event_type"] == "access.web_request"
    assert (event["actor_ref"], event["dataset_id"]) == ("", "customers")


@pytest.mark.parametrize(
    ("request_line", "status", "worked"),
    [
        ("GET /customers/17 HTTP/1.1", 206, True),
        ("GET /customers/17 HTTP/1.1", 304, True),
        ("GET /customers/17 HTTP/1.1", 302, False),
        ("GET /customers/17 HTTP/1.1", 403, False),
        ("GET /customers/17 HTTP/1.1", 500, False),
        ("HEAD /customers/17 HTTP/1.1", 200, False),
        ("POST /customers HTTP/1.1", 303, True),
        ("POST /customers HTTP/1.1", 422, False),
        ("GET /customers HTTP/1.1", 200, False),
    ],
)
def test_only_what_succeeded_is_work_on_a_dataset(
    request_line: str, status: int, worked: bool
) -> None:
    kind = one(request=request_line, status=status)["event_type"]
    assert kind == ("access.datastore_query" if worked else "access.web_request")


@pytest.mark.parametrize(
    "target",
    [
        "/customers/%31%37",
        "//customers//17",
        "/x/../customers/17",
        "/x/%2e%2e/customers/./17",
        "http://crm.example.jp/customers/17",
        "HTTPS://crm.example.jp:443/customers/17?q=1#f",
        "/customers/17?/login",
    ],
)
def test_a_path_is_read_as_the_server_resolves_it(target: str) -> None:
    assert one(request=f"GET {target} HTTP/1.1")["event_type"] == "access.datastore_query"


def test_bytes_that_were_not_counted_are_not_zero() -> None:
    assert one(size="-")["bytes_out"] == UNKNOWN_BYTES != 0
    assert one(size=0)["bytes_out"] == 0


def test_the_offset_is_kept_and_moments_that_do_not_exist_are_refused() -> None:
    assert one(time="28/Feb/2026:23:59:59 -0730")["occurred_at"] == "2026-02-28T23:59:59-07:30"
    for wrong in (
        "30/Feb/2026:10:05:03 +0900",
        "17/Mai/2026:10:05:03 +0900",
        "17/May/2026:10:05:60 +0900",
        "17/May/2026:10:05:03",
        "17/May/2026:10:05:03 +9900",
    ):
        assert refused(time=wrong).startswith("time: "), wrong


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b"", "host"),
        (b"\n", "host"),
        (b"hello", "user and time"),
        (b'{"version": 6}', "JSON"),
        (line()[:-8], "referer"),
        (line().replace(b" 200 ", b" 999 "), "status"),
        (line().replace(b" 5 ", b" -5 "), "bytes"),
        (line().rstrip() + b' "203.0.113.9"\n', "end of line"),
        (line(request='GET "/ HTTP/1.1'), "status"),
        (line(agent="\\"), "user agent"),
        (line(agent="é"), "ASCII"),
        (line(agent="\0"), "ASCII"),
        (line(user='a" 200 5 "-" "-'), "user and time"),
        (b"x" * (1 << 20) + b"x", "1 MiB"),
    ],
)
def test_what_is_no_combined_line_is_refused_and_the_reason_names_the_field(
    raw: bytes, names: str
) -> None:
    (reject,) = read([raw])
    assert isinstance(reject, Reject)
    assert names in reject.reason
    assert reject.source_id == "web-crm"


def test_hostile_requests_stay_one_event_and_give_nothing_away() -> None:
    secret = "SUZUKI-090-1234-5678"
    for request in (
        f"{secret} / HTTP/1.1",
        f"GET /{secret} HTTP/1.1",
        f"GET /login?name={secret} HTTP/1.1",
        rf"\x16\x03\x01{secret}",
        rf"GET /\x22] \x22 {secret} HTTP/1.1",
        rf"GET /\"{secret}\" HTTP/1.1",
        f"GET {secret}",
        "-",
        "",
    ):
        event = one(request=request, status=400, agent="")
        assert event["event_type"] == "access.web_request"
        assert secret not in json.dumps(event)


def test_a_user_cannot_forge_the_rest_of_the_line() -> None:
    forged = "evil [01/Jan/2020:00:00:00 +0000] \\x22GET /login HTTP/1.1\\x22 200 1"
    event = one(request="GET /customers/17 HTTP/1.1", user=forged)
    assert event["occurred_at"] == "2026-05-17T10:05:03+09:00"
    assert event["actor_kind"] == "unknown"
    assert event["actor_ref"].startswith("evil [01/Jan/2020")


def test_cut_off_escapes_take_no_time() -> None:
    started = time.process_time()
    (reject,) = read([line()[:40] + b"\\x41" * 200_000])
    assert isinstance(reject, Reject)
    assert time.process_time() - started < 5


def test_equal_lines_of_one_second_are_all_kept_and_a_replay_gives_the_same_ids() -> None:
    lines = [line(), line(), line(status=404), line()]
    ids = [event["event_id"] for event in read(lines)]
    assert len(set(ids)) == 4
    assert ids == [event["event_id"] for event in read(lines)]
    assert ids[2] == read(lines[2:])[0]["event_id"]


@given(st.lists(st.binary(max_size=80) | st.sampled_from([line(), line(status=404)]), max_size=8))
def test_every_line_is_one_event_or_one_reject(lines: list[bytes]) -> None:
    assert len(read(lines)) == len(lines)


@given(
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\')),
    st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\')),
)
def test_whatever_a_client_sends_the_line_is_read_to_the_same_fields(
    request: str, agent: str
) -> None:
    event = one(request=request, agent=agent, status=404)
    assert (event["status"], event["bytes_out"], event["actor_kind"]) == (404, 5, "unknown")
    assert event["occurred_at"] == "2026-05-17T10:05:03+09:00"


CORPUS_TOML = """
source_id = "web-blog"
org_id = "example-kk"
system_id = "blog"
host = "blog.example.jp"
[[path]]
match = '/presentations/.*'
class = "/presentations/{name}"
kind = "file"
operation = "read"
dataset = "talks"
[[path]]
match = '/blog/tags/[^/]+'
class = "/blog/tags/{tag}"
kind = "datastore"
operation = "read"
dataset = "articles"
"""


def test_five_thousand_real_lines_are_events_or_rejects(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    lines = (needs("corpus") / "access" / "apache_combined.log").read_bytes().splitlines(True)
    (tmp_path / "blog.toml").write_text(CORPUS_TOML)
    read = adapter("apache", tmp_path / "blog.toml", Plain().event_id)
    assert read is not None
    out = list(read(marked(lines)))
    events = [event for event in out if isinstance(event, dict)]
    rejects = [reject for reject in out if isinstance(reject, Reject)]
    assert len(events) + len(rejects) == len(lines) == 5000
    assert not rejects
    assert len({event["event_id"] for event in events}) == 5000
    assert [event["event_id"] for event in read(marked(lines))] == [e["event_id"] for e in events]
    assert Counter(event["event_type"] for event in events) == {
        "access.web_request": 3444,
        "access.file_activity": 971,
        "access.datastore_query": 585,
    }
    assert {event["actor_kind"] for event in events} == {"unknown"}
    assert all(event["occurred_at"].endswith("+00:00") for event in events)
    uncounted = sum(line.split(b'" ')[1].split()[1] == b"-" for line in lines)
    assert uncounted
    assert uncounted == sum(
        UNKNOWN_BYTES in (event.get("bytes"), event.get("bytes_out")) for event in events
    )
    decoded = decode([json.dumps(event).encode() for event in events])
    assert all(isinstance(event, Event) for event in decoded)


def test_status_snapshots_are_no_access_records(
    needs: Callable[[str], Path], tmp_path: Path
) -> None:
    lines = (needs("corpus") / "access" / "nginx_plus.ndjson").read_bytes().splitlines(True)
    (tmp_path / "blog.toml").write_text(CORPUS_TOML)
    out = list(combined(read_source(tmp_path / "blog.toml"), Plain().event_id)(marked(lines)))
    assert len(out) == 250
    assert {type(reject) for reject in out} == {Reject}
    assert {reject.reason for reject in out if isinstance(reject, Reject)} == {
        "line: a combined log line is expected, not JSON"
    }
