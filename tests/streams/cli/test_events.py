"""shoseki events: the vocabulary for people and for machines."""

import json

import pytest

from controls.events import TYPES, spec
from streams.cli import main


def test_list_has_a_line_for_every_type(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "list"]) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["TYPE", "LANE", "KEPT", "FIELDS"]
    assert [row.split()[0] for row in rows] == list(TYPES)


def test_json_is_one_object_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "list", "--json"]) == 0
    rows = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    assert {row["type"]: row["fields"] for row in rows} == {t: len(spec(t).fields) for t in TYPES}
    assert main(["events", "show", "email.sent", "--json"]) == 0
    fields = [json.loads(row) for row in capsys.readouterr().out.splitlines()]
    (recipients,) = [field for field in fields if field["field"] == "recipients"]
    assert (recipients["personal"], recipients["evidence"]) == ("direct", "count")
    assert main(["events", "schema", "email.sent", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


@pytest.mark.parametrize("type", TYPES)
def test_show_names_every_field(type: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "show", type]) == 0
    text = capsys.readouterr().out
    shown = {row.split(" ")[0] for row in text.splitlines()}
    assert {field.name for field in spec(type).fields} <= shown
    assert max(len(row) for row in text.splitlines()) < 220


def test_an_unknown_type_is_refused_with_its_neighbour(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["events", "show", "email.snt"]) == 2
    caught = capsys.readouterr()
    assert caught.out == "" and "did you mean email.sent?" in caught.err
