"""What sealing promises: the same block, the same bytes; nothing that does not add up."""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evidence import verify
from tests.streams.blocks import block, books, finding, query, reject


def test_the_same_block_gives_the_same_bytes() -> None:
    first = block(findings=[finding(1)], rejects=[reject(1)])
    assert first.ledger == block(findings=[finding(1)], rejects=[reject(1)]).ledger


def test_a_block_is_chained_to_the_one_before() -> None:
    first = block()
    second = block(first.head)
    assert second.ledger["previous"] == first.ledger["link"]
    assert (second.number, second.head.last_offset) == (2, second.header.last_offset)


def test_each_retention_class_has_its_own_root() -> None:
    events = [books(number) for number in range(6)]
    sealed = block(events=events, findings=[finding(1)], rejects=[reject(1)])
    classes = json.loads(sealed.ledger["classes"])
    assert [(name, rows) for name, rows, _ in classes] == [
        ("finding", 1), ("log", 2), ("register", 4), ("reject", 1)
    ]  # fmt: skip


def test_a_block_of_duplicates_has_the_empty_root() -> None:
    sealed = block(size=0, duplicates=3)
    assert sealed.ledger["root"] == verify._tree(()).hex()


def test_lines_that_are_not_accounted_for_are_not_sealed() -> None:
    with pytest.raises(ValueError, match="7 lines received, 6 accounted for"):
        block(received=7)


def test_a_block_that_leaves_a_hole_is_not_sealed() -> None:
    first = block()
    with pytest.raises(ValueError, match="begins at 9; block 1 ended at 6"):
        block(first.head, first_offset=9, last_offset=20)


def test_a_finding_without_a_key_of_the_contract_is_not_sealed() -> None:
    broken = finding(1)
    del broken["severity"]
    with pytest.raises(KeyError, match="severity"):
        block(findings=[broken])


@given(st.text(), st.integers(-(2**63), 2**63 - 1), st.lists(st.text(), max_size=2))
def test_writer_and_verifier_write_a_row_alike(text: str, number: int, texts: list[str]) -> None:
    row = [text, number, None, True, texts]
    try:
        written = msgspec.json.encode(row)
    except UnicodeEncodeError:  # lone surrogates: no event holds them
        return
    assert written == verify._compact(row)


def test_a_line_separator_in_a_field_does_not_split_a_row() -> None:
    sealed = block(events=[query(1, dataset_id="a\u2028b\u2029c\x85d\x0be\nf"), query(2)])
    assert len(sealed.tables["events"]["attributes"]) == 2
    assert json.loads(sealed.ledger["classes"])[0][1] == 2


def test_verification_shares_no_code_with_writing() -> None:
    for node in ast.walk(ast.parse(Path(verify.__file__).read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        else:
            continue
        for name in names:
            assert name.partition(".")[0] in sys.stdlib_module_names, name
