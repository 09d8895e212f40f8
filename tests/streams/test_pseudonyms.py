"""The three forms: what is gone, what is coarse, what joins, and with which keys."""

import dataclasses
import hmac
import json
import re
import stat
from base64 import b32encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controls.events import TYPES, Event, spec
from controls.events.coarse import coarse
from controls.kernel import Refusal
from streams.codec import Reject, canonical, decode, encode
from streams.keys import Keys
from streams.pseudonyms import Forms, Plain, Pseudonyms, jst_year
from tests.vocabulary import events, line

JOIN = re.compile(r"jn_[a-z2-7]{26}")
EVIDENCE = re.compile(r"ps2026_[a-z2-7]{26}")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "keys"


@pytest.fixture(scope="module")
def forms(directory: Path) -> Pseudonyms:
    return Pseudonyms(directory)


def event(type: str, **said: Any) -> Event:
    (made,) = decode([json.dumps(line(type, **said)).encode()])
    assert not isinstance(made, Reject), made
    return made


@pytest.mark.parametrize("type", TYPES)
def test_every_field_becomes_what_the_vocabulary_says(type: str, forms: Pseudonyms) -> None:
    raw = event(type)
    join = forms.join(raw)
    evidence = forms.evidence(join)
    assert join.__class__ is evidence.__class__ is raw.__class__
    for field in spec(type).fields:
        was, then, now = (getattr(form, field.name) for form in (raw, join, evidence))
        if field.name == "payload_digest":
            assert was is None and re.fullmatch("[0-9a-f]{64}", then) and now == then
        elif field.ev == "hmac":
            assert JOIN.fullmatch(then) and EVIDENCE.fullmatch(now)
        elif field.ev == "trunc":
            assert then == now == "other"
        elif field.ev == "drop":
            assert then == now == (None if field.nullable else "")
        elif field.ev == "count" and field.pd == "indirect":
            assert [bool(JOIN.fullmatch(one)) for one in then] == [True, True] and now == 2
        elif field.ev == "count":
            assert then == now == 2
        else:
            assert was == then == now


SECRETS = ["山田太郎", "taro.yamada", "090-1234-5678", "4111111111111111", "123456789018"]


@pytest.mark.parametrize("type", TYPES)
def test_nothing_personal_is_left_in_the_join_form(type: str, forms: Pseudonyms) -> None:
    said: dict[str, Any] = {}
    for at, field in enumerate(field for field in spec(type).fields if field.ev != "keep"):
        secret = f"{SECRETS[at % len(SECRETS)]}-{at}"
        said[field.name] = [secret, f"{secret}@example.com"] if field.ev == "count" else secret
    join = forms.join(event(type, **said))
    for written in (encode(join), encode(forms.evidence(join))):
        text = written.decode()
        assert [secret for secret in SECRETS if secret in text] == []


@settings(max_examples=60)
@given(type=st.sampled_from(list(TYPES)), data=st.data())
def test_each_form_travels_as_a_line_of_its_own(
    forms: Pseudonyms, type: str, data: st.DataObject
) -> None:
    raw = data.draw(events(type))
    join = forms.join(raw)
    evidence = forms.evidence(join)
    assert decode([encode(join), encode(evidence)], lane=True) == [join, evidence]
    assert forms.join(raw) == join and forms.evidence(join) == evidence


def test_the_forms_are_hmacs_under_the_named_keys(forms: Pseudonyms, directory: Path) -> None:
    def token(key: str, text: str) -> str:
        digest = hmac.digest(bytes.fromhex((directory / key).read_text()), text.encode(), "sha256")
        return b32encode(digest[:16]).decode().rstrip("=").lower()

    raw = event("access.web_request", actor_ref="stf-0001")
    join = forms.join(raw)
    assert join.actor_ref == forms.ref("stf-0001") == "jn_" + token("join.key", "stf-0001")
    evidence = forms.evidence(join)
    assert evidence.actor_ref == "ps2026_" + token("evidence-2026.key", join.actor_ref)
    key = bytes.fromhex((directory / "digest-2026.key").read_text())
    assert join.payload_digest == hmac.new(key, canonical(raw), sha256).hexdigest()


def test_one_reference_joins_over_fields_types_and_years(forms: Pseudonyms) -> None:
    made = event(
        "access.account_changed",
        actor_ref="stf-1",
        owner_ref="stf-1",
        occurred_at="2025-01-01T00:00:00Z",
    )
    join = forms.join(made)
    other = forms.join(event("badge.read", holder_ref="stf-1"))
    assert join.actor_ref == join.owner_ref == other.holder_ref  # type: ignore[attr-defined]
    assert forms.evidence(join).actor_ref[:7] == "ps2025_"
    assert forms.evidence(join).actor_ref[7:] != forms.evidence(other).holder_ref[7:]  # type: ignore[attr-defined]


@pytest.mark.parametrize("blank", ["", " ", "\u3000"])
def test_nobody_stays_nobody(forms: Pseudonyms, blank: str) -> None:
    join = forms.join(event("access.web_request", actor_ref=blank))
    assert join.actor_ref == forms.evidence(join).actor_ref == forms.ref(blank) == ""
    absent = forms.join(event("access.auth_attempt", device_id=None))
    assert absent.device_id is None and forms.evidence(absent).device_id is None  # type: ignore[attr-defined]


def test_a_number_that_stands_for_a_list_stays(forms: Pseudonyms) -> None:
    mail = forms.join(event("email.sent", recipients=12))
    sent = forms.join(event("transfer.provided", principal_refs=3000))
    assert mail.recipients == 12 and sent.principal_refs == 3000  # type: ignore[attr-defined]
    assert forms.evidence(sent).principal_refs == 3000  # type: ignore[attr-defined]


def test_addresses_keep_their_network(forms: Pseudonyms) -> None:
    join = forms.join(event("access.web_request", src_ip="2001:db8:1:2::7"))
    assert join.src_ip == "2001:db8:1::/48"  # type: ignore[attr-defined]


def test_the_year_is_japans(forms: Pseudonyms, directory: Path) -> None:
    assert [jst_year(ms) for ms in (1_798_729_199_999, 1_798_729_200_000)] == [2026, 2027]
    join = forms.join(
        event(
            "badge.read",
            occurred_at="2026-12-31T15:00:00Z",
            observed_at="2026-12-31T15:00:00Z",
            ingested_at="2026-12-31T15:00:00Z",
        )
    )
    assert forms.evidence(join).actor_ref.startswith("ps2027_")
    assert (directory / "evidence-2027.key").exists()


def test_a_text_is_veiled_wherever_a_reference_stands(forms: Pseudonyms) -> None:
    ref = forms.ref("stf-1")
    veiled = forms.veil(f"{ref}が {ref}|sys-1 を閲覧した", 2026)
    assert "jn_" not in veiled and len(EVIDENCE.findall(veiled)) == 2
    join = forms.join(event("badge.read", holder_ref="stf-1"))
    assert forms.evidence(join).holder_ref in veiled  # type: ignore[attr-defined]


@pytest.mark.parametrize("type", ["badge.read", "transfer.provided", "access.web_request"])
def test_recall_undoes_what_is_known_and_leaves_the_rest(type: str, forms: Pseudonyms) -> None:
    join = forms.join(event(type))
    evidence = forms.evidence(join)
    assert forms.recall(evidence, {}) == evidence
    known = {
        getattr(evidence, field.name): getattr(join, field.name)
        for field in spec(type).fields
        if field.ev == "hmac"
    }
    back = forms.recall(evidence, known)
    counted = {f.name: getattr(evidence, f.name) for f in spec(type).fields if f.ev == "count"}
    assert back == dataclasses.replace(join, **counted)


def test_generated_ids_depend_on_every_fact_and_on_the_key(
    forms: Pseudonyms, tmp_path: Path
) -> None:
    facts = ("door-1", "badge.read", ("d", "7"), 1_794_355_200_000)
    same = forms.event_id(*facts)
    others = {
        forms.event_id("door-2", *facts[1:]),
        forms.event_id("door-1", "badge.reads", *facts[2:]),
        forms.event_id("door-1", "badge.read", ("d7",), facts[3]),
        forms.event_id(*facts[:3], facts[3] + 1),
        Pseudonyms(tmp_path / "keys").event_id(*facts),
        Plain().event_id(*facts),
    }
    assert forms.event_id(*facts) == same and len(others | {same}) == 7


def test_plain_keeps_references_and_is_judged_as_the_lanes_are() -> None:
    forms: Forms = Plain()
    raw = event("access.web_request")
    join = forms.join(raw)
    assert join == dataclasses.replace(
        raw,
        payload_digest=sha256(canonical(raw)).hexdigest(),
        src_ip=coarse(raw.src_ip),  # type: ignore[attr-defined]
        user_agent="",
    )
    assert forms.evidence(join) == forms.recall(join, {}) == join
    assert forms.veil("jn_x", 2026) == "jn_x" and forms.ref("stf-1") == "stf-1"


def test_keys_are_made_once_closed_and_of_32_bytes(tmp_path: Path) -> None:
    first = Pseudonyms(tmp_path / "keys")
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700
    first.evidence(first.join(event("badge.read")))
    files = sorted((tmp_path / "keys").iterdir())
    names = ["digest-2026.key", "evidence-2026.key", "id.key", "join.key"]
    assert [file.name for file in files] == names
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in files)
    assert len({bytes.fromhex(file.read_text()) for file in files}) == 4
    assert Pseudonyms(tmp_path / "keys").ref("stf-1") == first.ref("stf-1")


def test_keys_inside_the_data_directory_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")
    for place in ("data/keys", "data", "link/keys", "x/../data/keys"):
        with pytest.raises(Refusal, match="inside the data directory"):
            Pseudonyms(tmp_path / place, tmp_path / "data")
    assert list((tmp_path / "data").iterdir()) == []


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o644])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    Pseudonyms(tmp_path / "keys")
    (tmp_path / "keys/join.key").chmod(mode)
    with pytest.raises(Refusal, match=r"join\.key.*chmod"):
        Pseudonyms(tmp_path / "keys")


def test_an_open_key_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys").chmod(0o755)
    with pytest.raises(Refusal, match="chmod"):
        Pseudonyms(tmp_path / "keys")


def test_a_year_whose_key_was_destroyed_has_one_word_for_everybody(tmp_path: Path) -> None:
    forms = Pseudonyms(tmp_path / "keys")
    join = forms.join(event("badge.read"))
    before = forms.evidence(join).actor_ref
    Keys(tmp_path / "keys").destroy("evidence-2026")
    assert forms.evidence(join).actor_ref == before  # what it still holds it forgets when told
    forms.forget()
    again = Pseudonyms(tmp_path / "keys")
    for each in (forms, again):
        assert each.evidence(join).actor_ref == "ps2026_destroyed"
        assert each.years() == []
        assert each.veil(f"by {join.actor_ref}", 2026) == "by ps2026_destroyed"
    assert not (tmp_path / "keys/evidence-2026.key").exists()


def test_a_broken_or_destroyed_key_is_refused_not_replaced(tmp_path: Path) -> None:
    forms = Pseudonyms(tmp_path / "keys")
    forms.join(event("badge.read"))
    Keys(tmp_path / "keys").destroy("digest-2026")
    forms.forget()
    with pytest.raises(Refusal, match="destroyed"):
        forms.join(event("badge.read"))
    assert not (tmp_path / "keys/digest-2026.key").exists()
    (tmp_path / "keys/join.key").write_text("beef\n")
    with pytest.raises(Refusal, match="64 hexadecimal digits"):
        Pseudonyms(tmp_path / "keys")
