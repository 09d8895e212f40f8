"""Lines in, events or reasons out; events in, the same events out."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controls.events import TYPES, AccessWebRequest, Event, rfc3339
from streams.codec import CHUNK, LINE_LIMIT, Reject, canonical, decode, encode
from streams.pseudonyms import Plain
from tests.vocabulary import events, line

ARRIVAL = 1_794_355_200_000  # 2026-11-11T00:00:00Z, nine in the morning in Tokyo
HOUR = 3_600_000


def web(**said: Any) -> bytes:
    return json.dumps(line("access.web_request", **said)).encode()


def reason(raw: bytes, **how: Any) -> str:
    (reject,) = decode([raw], **how)
    assert isinstance(reject, Reject), reject
    return reject.reason


@pytest.mark.parametrize("type", TYPES)
@settings(max_examples=3)
@given(data=st.data())
def test_what_is_encoded_decodes_to_an_equal_event(type: str, data: st.DataObject) -> None:
    event = data.draw(events(type))
    written = encode(event)
    assert decode([written]) == [event]
    assert encode(event) == written and b"\n" not in written


@pytest.mark.parametrize("type", TYPES)
def test_a_complete_line_of_every_type_is_an_event(type: str) -> None:
    (event,) = decode([json.dumps(line(type)).encode()])
    assert isinstance(event, TYPES[type])


def test_an_encoded_line_is_compact_in_order_and_without_nulls() -> None:
    (event,) = decode([web(tls_version=None, occurred_at="2026-11-11T09:00:00.5+09:00")])
    assert isinstance(event, Event)
    text = encode(event).decode()
    assert text.startswith('{"event_id":"event_id-1","event_type":"access.web_request",')
    assert '"occurred_at":"2026-11-11T00:00:00.500Z"' in text
    assert "null" not in text and "tls_version" not in text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"status": "200"}, "status: a whole number is expected"),
        ({"status": True}, "status: a whole number is expected"),
        ({"status": 200.0}, "status: a whole number is expected"),
        ({"status": 2**63}, "status: a whole number within its bounds is expected"),
        ({"status": 10**40}, "status: a whole number within its bounds is expected"),
        ({"host": 5}, "host: text is expected"),
        ({"actor_ref": None}, "actor_ref: text is expected"),
        ({"event_id": ""}, "event_id: a text that is not empty is expected"),
        ({"country": "jp"}, "country: two capital letters (ISO 3166-1) are expected"),
        ({"country": "JP\n"}, "country: two capital letters (ISO 3166-1) are expected"),
        ({"scheme": "gopher"}, "scheme: 'http' or 'https' is expected"),
        ({"yamada": 1}, "yamada: access.web_request has no such field"),
        ({"山田太郎": 1}, "an unlisted field: access.web_request has no such field"),
        ({"090-1234-5678": 1}, "an unlisted field: access.web_request has no such field"),
        (
            {"event_type": "access.webrequest"},
            "event_type: a type of the vocabulary is expected (see: shoseki events list)",
        ),
        (
            {"event_type": None},
            "event_type: a type of the vocabulary is expected (see: shoseki events list)",
        ),
        (
            {"occurred_at": "2026-11-11T09:00:00"},
            "occurred_at: a timestamp with offset is expected, such as 2026-11-11T09:00:00+09:00",
        ),
        (
            {"observed_at": ARRIVAL},
            "observed_at: a timestamp with offset is expected, such as 2026-11-11T09:00:00+09:00",
        ),
        (
            {"occurred_at": "1999-12-31T23:59:59Z"},
            "occurred_at: a moment in 2000 or later is expected",
        ),
        (
            {"occurred_at": "2026-11-12T09:00:06+09:00"},
            "occurred_at: a moment at most 24 hours after arrival is expected",
        ),
        (
            {"observed_at": "2026-11-12T09:00:06+09:00"},
            "observed_at: a moment at most 24 hours after arrival is expected",
        ),
        (
            {"payload_digest": "0" * 64},
            "payload_digest: the SHA-256 of the canonical event is expected",
        ),
        (
            {"host": 1, "status": "x", "method": [], "scheme": "y"},
            "host: text is expected; method: text is expected; "
            "status: a whole number is expected; 1 more",
        ),
    ],
)
def test_a_bad_field_is_refused_by_name(said: dict[str, Any], expected: str) -> None:
    assert reason(web(**said)) == expected


def test_a_missing_field_is_refused_by_name() -> None:
    whole = line("access.web_request")
    del whole["bytes_out"]
    assert (
        reason(json.dumps(whole).encode())
        == "bytes_out: missing, and access.web_request requires it"
    )
    del whole["event_type"]
    assert reason(json.dumps(whole).encode()).startswith("event_type: ")


@pytest.mark.parametrize(
    ("type", "said", "expected"),
    [
        ("email.sent", {"recipients": ["a", 1]}, "recipients[1]: text is expected"),
        ("email.sent", {"recipients": "a@example.com"}, "recipients: a list is expected"),
        ("email.sent", {"recipient_countries": ["JP", "j"]}, "recipient_countries[1]: two capital"),
        ("incident.reported", {"items_filled": [0]}, "items_filled[0]: a whole number within"),
        ("area.inspected", {"items": {"山田": "so-so"}}, "items: 'ok' or 'ng' is expected"),
        ("vulnerability.status", {"cvss": "9.8"}, "cvss: a number is expected"),
        ("vulnerability.status", {"first_seen": "2026-02-30"}, "first_seen: a date is expected"),
        ("link.executed", {"hashed": 1}, "hashed: true or false is expected"),
    ],
)
def test_a_bad_element_is_refused_by_name(type: str, said: dict[str, Any], expected: str) -> None:
    assert reason(json.dumps(line(type, **said)).encode()).startswith(expected)


def test_a_whole_number_will_do_where_a_decimal_is_asked() -> None:
    (event,) = decode([json.dumps(line("vulnerability.status", cvss=9)).encode()])
    assert not isinstance(event, Reject)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", "line: a JSON object is expected"),
        (b"[]", "line: a JSON object is expected"),
        (b'"access"', "line: a JSON object is expected"),
        (b'{"a":1', "line: one JSON object is expected"),
        (b'{"a":1}{"a":2}', "line: one JSON object is expected"),
        (b'{"a":1},{"a":2}', "line: one JSON object is expected"),
        (web() + b"," + web(), "line: one JSON object is expected"),
        (b'{"a":"\xe9"}', "line: UTF-8 is expected"),
        (web().decode().encode("utf-16"), "line: JSON without NUL bytes is expected"),
        (b'{"a":"\0"}', "line: JSON without NUL bytes is expected"),
        (b'{"a":"\\ud800"}', "line: one JSON object is expected"),
        (b'{"a":' * 100_000, "line: a flat JSON object is expected"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "line: a flat JSON object is expected"),
        (b"{" + b" " * LINE_LIMIT + b"}", "line: at most 1 MiB is expected"),
        (b"x" * (10 << 20), "line: at most 1 MiB is expected"),
    ],
    ids=range(15),
)
def test_a_line_that_is_no_object_is_refused(raw: bytes, expected: str) -> None:
    assert reason(raw).startswith(expected)


SECRETS = ["山田太郎", "taro@example.com", "090-1234-5678", "4111111111111111", "123456789018"]


@settings(max_examples=80)
@given(
    secret=st.sampled_from(SECRETS),
    key=st.sampled_from([*line("access.web_request"), None]),
    wrap=st.sampled_from([str, lambda s: [s], lambda s: {s: s}, lambda s: f"{s}\0"]),
)
def test_a_reason_never_quotes_the_line(
    secret: str, key: str | None, wrap: Callable[[str], Any]
) -> None:
    for out in decode([web(**{key or secret: wrap(secret)}), web()[:-1] + secret.encode()]):
        if isinstance(out, Reject):
            assert secret not in f"{out.reason}{out.source_id if key != 'source_id' else ''}"


def test_one_bad_line_costs_its_neighbours_nothing() -> None:
    lines = [web(event_id=f"e{n}") for n in range(3 * CHUNK + 7)]
    lines[CHUNK + 3] = b'{"event_id":'
    lines[2 * CHUNK] += b"\r\n"
    out = decode(lines)
    assert [at for at, one in enumerate(out) if isinstance(one, Reject)] == [CHUNK + 3]
    bad = out[CHUNK + 3]
    assert isinstance(bad, Reject) and bad.position == CHUNK + 3
    ids = [one.event_id for one in out if isinstance(one, Event)]
    assert ids == [f"e{n}" for n in range(len(lines)) if n != CHUNK + 3]


@pytest.mark.parametrize(
    "lines",
    [
        [b'{"host":"}', b'{"}', web()],  # one text over two lines
        [web()[:-1] + b',"x":[{}', b"{}]}", web() + b"," + web()],  # counts agree, borders do not
        [web() + b"," + web(), b'{"a":[{}', b"{}]}"],
    ],
)
def test_a_value_never_reaches_over_a_line_border(lines: list[bytes]) -> None:
    alone = [decode([one])[0].__class__ for one in lines]
    assert [out.__class__ for out in decode(lines)] == alone
    assert Reject in alone


@settings(max_examples=40)
@given(st.lists(st.binary(max_size=40) | st.just(web()) | st.just(web()[:-1]), max_size=12))
def test_lines_together_decode_as_each_alone(lines: list[bytes]) -> None:
    together = decode(lines)
    assert len(together) == len(lines)
    for at, (out, one) in enumerate(zip(together, lines, strict=True)):
        (alone,) = decode([one])
        if isinstance(alone, Reject):
            alone = Reject(at, alone.reason, alone.source_id)
        assert out == alone


def test_a_reject_names_its_source_where_it_can() -> None:
    out = decode([web(status="x"), web(source_id="山田 太郎", status="x"), b"{"])
    assert [one.source_id for one in out if isinstance(one, Reject)] == ["source_id-1", None, None]


def test_arrival_is_the_lines_own_only_in_a_file() -> None:
    raw = web(ingested_at="2027-01-01T00:00:00Z", occurred_at="2026-11-12T09:00:00.001+09:00")
    assert not isinstance(decode([raw])[0], Reject)
    assert reason(raw, arrived=ARRIVAL).startswith("occurred_at")
    assert reason(raw, arrived=[ARRIVAL]).startswith("occurred_at")
    assert not isinstance(decode([raw], arrived=ARRIVAL + 1)[0], Reject)
    late = {k: v for k, v in json.loads(raw).items() if k != "ingested_at"}
    assert reason(json.dumps(late).encode()).startswith("occurred_at")


def test_another_organisation_is_refused() -> None:
    assert not isinstance(decode([web()], org_id="org_id-1")[0], Reject)
    assert reason(web(), org_id="other").startswith("org_id: ")


def test_a_senders_digest_is_compared_and_a_lanes_is_not() -> None:
    (event,) = decode([web()])
    assert isinstance(event, AccessWebRequest)
    told = web(payload_digest=sha256(canonical(event)).hexdigest())
    assert isinstance(decode([told])[0], AccessWebRequest)
    lane = web(payload_digest="f" * 64)
    assert reason(lane).startswith("payload_digest")
    assert isinstance(decode([lane], lane=True)[0], AccessWebRequest)


def test_the_canonical_event_leaves_out_arrival_and_digest() -> None:
    (event,) = decode([web()])
    assert isinstance(event, Event) and event.ingested_at is not None
    kept = json.loads(encode(event))
    del kept["ingested_at"]
    assert json.loads(canonical(event)) == kept
    assert kept["occurred_at"] == rfc3339(event.occurred_at)


def test_the_digest_of_an_event_stays_what_it_was() -> None:
    """Senders' digests and those in sealed rows were made over exactly these bytes."""
    moments = {
        "occurred_at": "2026-11-11T09:00:00.5+09:00",
        "observed_at": "2026-11-11T00:00:07.099Z",
    }
    (event,) = decode([web(**moments)])
    assert isinstance(event, Event)
    digest = "85373e9d187f0613bb40c2f9fca6f4851c85e8629dc641eda5bfdb9e29869807"
    assert sha256(canonical(event)).hexdigest() == digest
    assert Plain().join(event).payload_digest == digest


def test_every_line_of_the_acceptance_cases_is_an_event(needs: Callable[[str], Path]) -> None:
    files = sorted((needs("shared") / "scenarios").glob("*/events.ndjson"))
    assert files
    for file in files:
        lines = file.read_bytes().splitlines()
        assert not [out for out in decode(lines) if isinstance(out, Reject)], file
