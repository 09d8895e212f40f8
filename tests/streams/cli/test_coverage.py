"""shoseki coverage: every statement of the policies, and what the controls saw of it."""

import json
from pathlib import Path

import pytest

from controls import catalogue, policies
from streams.cli import main
from streams.cli.coverage import Seen, state


def rows(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, object]]:
    assert main(["coverage", "--json", *words]) == 0
    return [json.loads(row) for row in capsys.readouterr().out.splitlines()]


def test_every_statement_has_a_row_and_is_live_where_all_that_checks_it_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    live = {control.id for control in catalogue.load().controls}
    statements = [s for policy in policies.load(policies.OURS) for s in policy.statements]
    found = rows(capsys)
    assert [row["statement"] for row in found] == [s.id for s in statements]
    for row, statement in zip(found, statements, strict=True):
        assert row["controls"] == list(statement.controls)
        assert row["live"] == (set(statement.checked_by) <= live)


def test_a_policy_is_shown_alone_and_says_how_much_of_it_is_live(
    capsys: pytest.CaptureFixture[str],
) -> None:
    first, *_ = policies.load(policies.OURS)
    own = rows(capsys, first.id)
    assert {row["policy"] for row in own} == {first.id}
    assert main(["coverage", first.id]) == 0
    said = capsys.readouterr().out
    live = sum(bool(row["live"]) for row in own)
    assert f"{live} of {len(first.statements)} statements live" in said


def test_an_unknown_policy_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["coverage", "NONE"]) == 2
    assert policies.load(policies.OURS)[0].id in capsys.readouterr().err


def test_what_nothing_came_for_is_not_called_kept() -> None:
    statement = next(s for policy in policies.load(policies.OURS) for s in policy.statements
                     if s.checked_by)
    name = statement.checked_by[0]
    assert state(statement, Seen()) == "nothing"
    assert state(statement, Seen({name: {"not_applicable": 3}})) == "nothing"
    assert state(statement, Seen({name: {"pass": 3}})) == "pass"
    assert state(statement, Seen({name: {"pass": 3, "indeterminate": 1}})) == "indeterminate"
    assert state(statement, Seen({name: {"indeterminate": 1, "violation": 1}})) == "violation"


def test_a_store_says_what_was_seen(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    settings = tmp_path / "here.toml"
    settings.write_text(f'broker = "local://{tmp_path}/log"\nstore = "chdb://{tmp_path}/store"\n')
    assert main(["migrate", "--config", str(settings)]) == 0
    capsys.readouterr()
    found = rows(capsys, "--config", str(settings))
    assert {row["seen"] for row in found} == {"nothing"}


def test_all_statements_of_the_five_policies_are_live(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["coverage"]) == 0
    assert capsys.readouterr().out.endswith("410 of 410 statements live in all\n")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('mode = "rumour"', "statements ACME-1 mode: Input should be 'event' or 'attestation'"),
        ("controls = []", "statements ACME-1 controls: "),
        ('id = ""', "statements, the 1. entry id: "),
    ],
)
def test_a_wrong_policy_of_a_company_is_refused_by_file_and_statement(
    line: str, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name, _, _ = line.partition(" ")
    good = {
        "id": '"ACME-1"', "place": '"1"', "text": '"Kept"', "mode": '"event"',
        "controls": '["TEC-01"]',
    }  # fmt: skip
    told = [line if each == name else f"{each} = {value}" for each, value in good.items()]
    head = ['id = "ACME"', 'operator = "ACME K.K."', 'title = "Policy"', "[[statements]]"]
    (tmp_path / "acme.toml").write_text("\n".join([*head, *told]))
    assert main(["coverage", "--policies", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert "acme.toml: " in said and words in said
