"""Samples: what is always in, what anyone can draw again, and that frames tie to coverage."""

from __future__ import annotations

from collections import Counter
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from controls import catalogue
from controls.calendar import jst_day
from streams.evidence.merkle import included
from streams.export.cut import Evidence, Row
from streams.export.frame import ALL, MOST, SEVERE, SOME, Frame, Item, reads
from streams.export.gaps import event_of
from streams.export.sample import Samples, proofs, samples

CATALOGUE = catalogue.load()


@pytest.fixture(scope="module")
def drawn(evidence: Evidence) -> Samples:
    return samples(evidence, CATALOGUE)


@pytest.fixture(scope="module")
def frames(evidence: Evidence) -> dict[str, list[Row]]:
    """Rows that occurred in the period, by type."""
    found: dict[str, list[Row]] = {}
    for row in evidence.all("events"):
        if row["occurred_at"] in evidence.period:
            found.setdefault(row["event_type"], []).append(row)
    return found


def framed(control: str, frames: dict[str, list[Row]]) -> list[Row]:
    checks = CATALOGUE[control].checks(CATALOGUE[control].params)
    kinds = set().union(*map(reads, checks))
    return [row for kind in kinds for row in frames.get(kind, ())]


def test_frames_tie_to_coverage(drawn: Samples, evidence: Evidence) -> None:
    for tie in drawn.ties:
        assert tie.occurred == tie.recorded - tie.elsewhere + tie.late, tie
    evaluated = sum(b["evaluated"] for b in evidence.blocks() if b["now"] in evidence.period)
    assert sum(tie.recorded for tie in drawn.ties) == evaluated
    occurred = {tie.type: tie.occurred for tie in drawn.ties}
    for each in drawn.controls:
        checks = CATALOGUE[each.control].checks(CATALOGUE[each.control].params)
        kinds = set().union(*map(reads, checks))
        assert each.frame == sum(occurred.get(kind, 0) for kind in kinds), each.control


def test_whoever_has_seed_and_frame_draws_the_same(
    drawn: Samples, frames: dict[str, list[Row]]
) -> None:
    sizes = set()
    for each in drawn.controls:
        frame = framed(each.control, frames)
        size = len(frame) if len(frame) <= 25 else 25 if len(frame) <= 250 else 40
        prefix = f"{drawn.seed}|{each.control}|"
        ranked = sorted(
            frame, key=lambda row: sha256(f"{prefix}{row['event_id']}".encode()).hexdigest()
        )
        mine = {row["event_id"] for row in each.rows if "drawn" in row["why"]}
        assert mine == {row["event_id"] for row in ranked[:size]}, each.control
        assert (each.frame, each.drawn) == (len(frame), size)
        sizes.add(size)
    assert {25, 40} < sizes


def test_another_seed_draws_others_and_what_is_always_in_stays(
    drawn: Samples, evidence: Evidence
) -> None:
    again = samples(evidence, CATALOGUE, "2026", ["TEC-05"])
    [one] = again.controls
    other = next(each for each in drawn.controls if each.control == "TEC-05")
    assert (again.chosen, drawn.chosen, again.seed) == (True, False, "2026")
    mine, its = ({r["event_id"] for r in d.rows if "drawn" in r["why"]} for d in (one, other))
    assert len(mine & its) < 5
    kept, held = ({r["event_id"] for r in d.rows if r["why"] != ["drawn"]} for d in (one, other))
    assert kept >= held - mine - its and one.always.keys() == other.always.keys()


def test_what_is_always_in_is_in(
    drawn: Samples, evidence: Evidence, frames: dict[str, list[Row]]
) -> None:
    days = {
        "first_day": evidence.period.first,
        "last_day": evidence.period.last,
        "gap_day": drawn.gap_day,
    }
    assert f"{drawn.gap_day}" == "2026-05-11"
    met: Counter[str] = Counter()
    for each in drawn.controls:
        why = {row["event_id"]: row["why"] for row in each.rows}
        for row in framed(each.control, frames):
            kind, name = row["event_type"], None
            if kind == "contractor.contract_ended":
                name = "contract_ended"
            elif kind == "incident.detected":
                name = "incident"
            elif kind == "staff.changed" and event_of(row).change == "left":
                name = "leaver"
            if name:
                assert name in why[row["event_id"]]
                met[name] += 1
        for name, day in days.items():
            of_day = [r for r in framed(each.control, frames) if jst_day(r["occurred_at"]) == day]
            of_day.sort(key=lambda row: (row["occurred_at"], row["event_id"]))
            expected = of_day if len(of_day) <= ALL else [of_day[0], of_day[-1]]
            assert {r["event_id"] for r in expected} == {e for e, w in why.items() if name in w}
            met[name] += len(expected)
        for finding in evidence.findings:
            if finding["control"] == each.control and finding["severity"] in SEVERE:
                assert set(finding["event_ids"]) <= why.keys() and not each.absent
                met["finding"] += 1
    assert met.keys() == {"contract_ended", "incident", "leaver", "finding", *days}


def test_a_sample_says_what_was_found_of_it_and_where_it_stands(
    drawn: Samples, evidence: Evidence
) -> None:
    blocks = {(b["lane"], b["partition"], b["number"]): b for b in evidence.blocks()}
    rows = list(drawn.rows())
    assert len({row["sample"] for row in rows}) == len(rows)
    verdicts = Counter(row["verdict"] for row in rows)
    assert verdicts["violation"] > 100 and verdicts["no finding"] > 1_000
    for row in rows:
        block = blocks[row["lane"], row["partition"], row["number"]]
        assert (block["last_offset"], block["link"]) == (row["block"], row["link"])
        assert row["version"] == CATALOGUE.versions[row["control"]]
        if row["finding_id"]:
            finding = evidence.history[row["finding_id"]][-1]
            assert finding["control"] == row["control"]
            assert row["event_id"] in finding["event_ids"]
            assert finding["verdict"] == row["verdict"]


def test_every_sample_is_proven_to_be_in_its_block(drawn: Samples, evidence: Evidence) -> None:
    roots = {
        (block["lane"], block["partition"], block["number"], name): (rows, bytes.fromhex(root))
        for block in evidence.blocks()
        for name, rows, root in msgspec.json.decode(block["classes"])
    }
    found = {proof["sample"]: proof for proof in proofs(evidence, drawn)}
    assert found.keys() == {row["sample"] for row in drawn.rows()}
    for row in drawn.rows():
        proof = found[row["sample"]]
        place = ("lane", "partition", "number", "line", "class")
        assert [proof[key] for key in place] == [row[key] for key in place]
        size, root = roots[row["lane"], row["partition"], row["number"], row["class"]]
        leaf, nodes = bytes.fromhex(proof["leaf"]), [bytes.fromhex(n) for n in proof["proof"]]
        assert size == proof["size"] and included(proof["index"], size, leaf, nodes, root)


def test_the_same_cut_gives_the_same_bytes_and_nobodys_name(drawn: Samples, company: Any) -> None:
    evidence = company.evidence
    again = samples(Evidence(evidence.store, evidence.cut, evidence.period), CATALOGUE)
    text = msgspec.json.encode([drawn.head, *drawn.rows()])
    assert text == msgspec.json.encode([again.head, *again.rows()])
    assert not [person for person in company.people if person.encode() in text]


@pytest.mark.parametrize(
    ("size", "number"), [(0, 0), (25, ALL), (26, SOME), (250, SOME), (251, MOST), (5_000, MOST)]
)
def test_a_frame_is_drawn_by_its_size_whatever_its_order(size: int, number: int) -> None:
    items = [Item("books", 0, n, 0, f"e{n}", "t", "log", None, n) for n in range(size)]
    chosen = []
    for order in (items, items[::-1]):
        frame = Frame("TEC-05", "seed")
        for item in order:
            frame.add(item)
            frame.days["last_day"].add(item)
        assert (frame.size, len(frame.drawn)) == (size, number)
        chosen.append(frame.chosen())
    assert chosen[0] == chosen[1] and list(chosen[0]) == sorted(chosen[0])
    days = [item for item, why in chosen[0].items() if "last_day" in why]
    assert days == (items if size <= ALL else [items[0], items[-1]])
