"""What every store does, whatever it is made of."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from controls.events import TYPES
from streams.evidence import merkle
from streams.evidence.log import Entry, again
from streams.evidence.verify import verify
from streams.store import Ask, Store, StoreError, clickhouse
from streams.store.memory import Memory
from tests.streams.blocks import block, company, finding, query, ref, reject

ALWAYS = (0, 1 << 60)


def test_a_block_comes_back_as_it_was_written(store: Store) -> None:
    written = company(store)
    assert list(store.blocks()) == [sealed.ledger for sealed in written]
    for sealed in written:
        events = [event.event_id for event in sealed.events]
        assert store.events(events) == list(sealed.events)


def test_writing_a_block_again_changes_nothing(store: Store) -> None:
    written = company(store)
    before = [list(store.rows(t, "access", 0)) for t in ("events", "findings", "rejects")]
    for sealed in written:
        store.write(sealed)
    assert [list(store.rows(t, "access", 0)) for t in ("events", "findings", "rejects")] == before
    assert len(list(store.blocks())) == len(written)
    assert verify(store).fault is None


def test_the_head_is_the_last_block_of_its_own_partition(store: Store) -> None:
    assert store.head("access", 0) is None
    written = company(store)
    assert store.head("access", 1) == written[7].head
    assert store.head("access", 2) is None
    first, second = written[0].head, written[1].head
    assert store.block("access", 0, 1) == store.ending("access", 0, first.last_offset) == first
    assert store.ending("access", 0, second.last_offset - 1) == first
    assert store.ending("access", 0, first.last_offset - 1) is None
    assert store.block("access", 0, len(written) + 1) is None


def test_a_block_that_does_not_follow_is_refused(store: Store) -> None:
    first = block()
    store.write(first)
    stranger = block(block(size=2).head)
    with pytest.raises(StoreError, match="follow"):
        store.write(stranger)


def test_another_block_in_the_place_of_the_last_is_refused(store: Store) -> None:
    store.write(block())
    with pytest.raises(StoreError, match="other contents"):
        store.write(block(fingerprint="0" * 64))


@pytest.mark.parametrize(
    ("type_", "field", "values"),
    [
        ("access.datastore_query", None, set()),
        ("access.datastore_query", "actor_ref", {ref(1), ref(2)}),
        ("access.datastore_query", "actor_ref", {""}),
        ("access.datastore_query", "dataset_id", {"お客様\u2028'\\\"台帳"}),
        ("access.datastore_query", "joins_dataset_ids", {"staff", "orders"}),
        ("access.datastore_query", "ticket_id", {"", "T-1"}),
        ("access.datastore_query", "rows", {"4", "6"}),
        ("access.auth_attempt", "mfa", {"true"}),
        ("access.auth_attempt", "outcome", {"failure"}),
        ("access.auth_attempt", "account_ref", set()),
    ],
)
def test_recall_gives_what_a_plain_search_gives(
    store: Store, type_: str, field: str | None, values: set[str]
) -> None:
    written = [sealed for sealed in company(store) if sealed.header.lane == "access"]
    here = [e for sealed in written if sealed.header.partition == 0 for e in sealed.events]

    def wanted(event: object) -> bool:
        if field is None:
            return True
        value = getattr(event, field)
        if isinstance(value, tuple):
            return bool(values & set(value))
        return {True: "true", False: "false"}.get(value, str(value)) in values and value is not None

    expected = [e for e in here if e.type == type_ and wanted(e)]
    ask = Ask(type_, field, frozenset(values), *ALWAYS)
    assert list(store.recall("access", 0, 1 << 40, [ask])) == expected
    if expected:
        at = expected[len(expected) // 2].occurred_at
        bounded = Ask(type_, field, frozenset(values), at, at)
        assert list(store.recall("access", 0, 1 << 40, [bounded])) == [
            e for e in expected if e.occurred_at == at
        ]


@pytest.mark.parametrize("rows", [1, 3, clickhouse.PAGE])
def test_recall_gives_an_event_once_in_the_order_of_the_lane(
    store: Store, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """However few rows are held at a time."""
    monkeypatch.setattr(clickhouse, "PAGE", rows)
    written = [e for sealed in company(store) for e in sealed.events]
    asks = [
        Ask("access.auth_attempt", "outcome", frozenset({"failure"}), *ALWAYS),
        Ask("access.datastore_query", "actor_ref", frozenset({ref(2)}), *ALWAYS),
        Ask("access.datastore_query", None, frozenset(), *ALWAYS),
        Ask("access.datastore_query", "actor_ref", frozenset({ref(2), ref(3)}), *ALWAYS),
    ]
    found = list(store.recall("access", 0, 1 << 40, asks))
    times = [event.occurred_at for event in found]
    assert times == sorted(times)
    every = {e.event_id for e in written if e.type == "access.datastore_query"}
    assert len(every & {event.event_id for event in found}) > 3
    assert set(Counter(event.event_id for event in found).values()) == {1}


def test_recall_sees_nothing_from_the_offset_on_nor_what_comes_later(store: Store) -> None:
    first = block()
    store.write(first)
    ask = [Ask("access.datastore_query", "system_id", frozenset({"crm"}), *ALWAYS)]
    assert len(list(store.recall("access", 0, 3, ask))) == 2
    second = block(first.head, events=[query(100)])
    store.write(second)
    assert len(list(store.recall("access", 0, second.header.first_offset, ask))) == 3
    assert list(store.recall("access", 0, 1 << 40, ask))[-1] == query(100)
    assert list(store.recall("access", 1, 1 << 40, ask)) == []


def test_recall_by_a_date(store: Store) -> None:
    company(store)
    ask = Ask("staff.changed", "effective_on", frozenset({"2026-04-01"}), *ALWAYS)
    found = list(store.recall("books", 0, 1 << 40, [ask]))
    assert found
    assert {str(getattr(event, "effective_on")) for event in found} == {"2026-04-01"}  # noqa: B009


def test_ids_are_those_recorded_since_and_below(store: Store) -> None:
    written = company(store)
    last = written[3]
    found = list(store.ids("access", 0, 1 << 40, last.header.recorded_at))
    assert found == [(e.event_id, e.payload_digest) for e in last.events]
    first = list(store.ids("access", 0, written[1].header.first_offset, 0))
    assert first == [(e.event_id, e.payload_digest) for e in written[0].events]


def test_digests_are_those_of_the_ids_below(store: Store) -> None:
    written = company(store)
    first, last = written[0].events[0], written[3].events[0]
    wanted = [first.event_id, last.event_id, "never"]
    below = written[1].header.first_offset
    assert store.digests("access", 0, below, wanted) == {first.event_id: first.payload_digest}
    assert store.digests("access", 0, 1 << 40, wanted) == {
        first.event_id: first.payload_digest, last.event_id: last.payload_digest,
    }  # fmt: skip
    assert store.digests("access", 0, 1 << 40, []) == {}


def test_the_current_finding_is_its_newest_revision(store: Store) -> None:
    first = block(findings=[finding(1), finding(2)])
    store.write(first)
    more = finding(1, 2, verdict="pass", code=None, incident_candidate=True, status="superseded")
    store.write(block(first.head, findings=[more]))
    assert store.findings() == [more, finding(2)]
    assert store.findings(history=True) == [finding(1), more, finding(2)]
    assert store.finding("f001") == [finding(1), more]
    assert store.finding("nothing") == []


def test_populations_are_summed_over_all_blocks(store: Store) -> None:
    written = company(store)
    judged = sum(len(sealed.events) for sealed in written)
    assert store.populations() == {
        "TEC-04": {"pass": 2 * len(written)},
        "TEC-05": {"pass": judged, "violation": len(written)},
    }


def test_each_control_last_judged_when_its_last_block_was_recorded(store: Store) -> None:
    last = max(sealed.header.recorded_at for sealed in company(store))
    assert store.last_judged() == {"TEC-04": last, "TEC-05": last}


def test_rejects_come_newest_first(store: Store) -> None:
    company(store)
    found = store.rejects(limit=3)
    assert len(found) == 3
    assert found[0]["recorded_at"] >= found[1]["recorded_at"] >= found[2]["recorded_at"]
    assert found[0]["reason"] == reject(1)["reason"]


def test_stores_know_which_rejects_they_have(store: Store) -> None:
    first = block(rejects=[reject(1), reject(2), reject(3)])
    store.write(first)
    places = {(row["origin"], row["position"], row["digest"]) for row in store.rejects()}
    assert len(places) == 3
    asked = places | {("raw-web/3", 1, "f" * 64), ("raw-web/4", 1, reject(1)["digest"])}
    assert store.rejected("access", 0, 1 << 40, asked) == places
    assert store.rejected("access", 0, 2, asked) == {
        ("raw-web/3", 1, reject(1)["digest"])
    }  # fmt: skip
    assert store.rejected("access", 1, 1 << 40, asked) == set()
    counts = store.reject_counts()
    assert sum(row["count"] for row in counts) == 3
    assert {row["origin"] for row in counts} == {"", "raw-web/3"}


def test_a_moment_far_away_is_kept_to_the_millisecond(store: Store) -> None:
    event = query(1, observed_at=253_402_300_799_999)
    store.write(block(events=[event]))
    assert store.events(["e000001"]) == [event]


def test_every_type_of_the_vocabulary_has_columns() -> None:
    from streams.store.columns import own

    for name in TYPES:
        assert own(name).names


def test_memory_and_engine_hold_the_same_rows(kept: Store) -> None:
    memory = Memory()
    company(memory)
    company(kept)
    for lane, partition in (("access", 0), ("access", 1), ("books", 0)):
        for table in ("events", "findings", "rejects"):
            assert list(kept.rows(table, lane, partition)) == list(
                memory.rows(table, lane, partition)
            )


def test_the_heads_are_those_of_every_chain(store: Store) -> None:
    assert store.heads() == {}
    company(store)
    heads = store.heads()
    assert list(heads) == [("access", 0), ("access", 1), ("books", 0)]
    assert all(store.head(*place) == head for place, head in heads.items())


def test_a_class_expires_by_whole_blocks_and_is_told_from_what_is_missing(store: Store) -> None:
    written = company(store)
    first, second, *_ = [s for s in written if s.header.lane == "books"]
    before = second.header.recorded_at  # the first block's rows have expired, the second's not
    wanted = sum(
        event.retention == "register" and sealed.header.recorded_at < before
        for sealed in written
        for event in sealed.events
    )
    assert wanted
    assert store.expire("register", before) == wanted
    assert store.expire("register", before) == 0
    report = verify(store, expired={"register": before})
    assert report.fault is None
    assert report.classes == {"register": wanted}
    assert len(list(store.blocks())) == len(written)
    fault = verify(store).fault
    assert fault is not None
    assert fault.number == first.number
    assert store.expire("register", before + 1) > 0  # not expired, and gone: as if by hand
    fault = verify(store, expired={"register": before}).fault
    assert fault is not None
    assert fault.number == second.number


def test_expired_events_are_no_longer_recalled(store: Store) -> None:
    company(store)
    ask = Ask("access.datastore_query", None, frozenset(), *ALWAYS)
    assert list(store.recall("access", 0, 1 << 40, [ask]))
    store.expire("log", 1 << 45)
    assert list(store.recall("access", 0, 1 << 40, [ask])) == []
    assert store.latest("access", 0) == {}


def test_pages_are_cut_between_blocks_and_leave_none_out(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.store.clickhouse.PAGE", 7)
    monkeypatch.setattr("streams.store.clickhouse.BLOCKS", 2)
    written = [s for s in company(store, rounds=7) if s.header.lane == "access"]
    here = [e.event_id for s in written if s.header.partition == 0 for e in s.events]
    assert [row["event_id"] for row in store.rows("events", "access", 0)] == here
    assert verify(store).fault is None


def entries(number: int) -> list[Entry]:
    made: list[Entry] = []
    for at in range(number):
        heads = [["books", 0, at + 1, at * 7, f"{at:064x}"]]
        made.append(again(made[-1] if made else None, 1_780_000_000_000 + at, heads, f"note {at}"))
    return made


def test_the_log_grows_at_its_end_alone(store: Store) -> None:
    assert store.last_entry() is None
    made = entries(5)
    for entry in made[:4]:
        store.append(entry)
        store.append(entry)  # the same again
    assert list(store.log()) == made[:4]
    assert list(store.log(2)) == made[2:4]
    assert store.last_entry() == made[3]
    for stranger in (replace(made[3], note="another"), replace(made[4], index=7)):
        with pytest.raises(StoreError, match="does not follow its end"):
            store.append(stranger)
    assert list(store.log()) == made[:4]
    assert made[3].root == merkle.root([entry.leaf for entry in made[:4]])
