"""Judging again from a pack alone: what comes out the same, what does not, and what cannot."""

from __future__ import annotations

import json
import zipfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from controls import catalogue
from controls.events import AlertChanged
from controls.events.fields import instant
from controls.examples import event
from controls.kernel import HOUR, Control, Refusal
from streams import wiring
from streams.cli import main
from streams.cli import recheck as command
from streams.evidence.verify import Report as Verified
from streams.export import reasons
from streams.export.cut import Cut, Evidence, Period, Row
from streams.export.packed import material
from streams.export.reasons import Reasons
from streams.export.recheck import Comparison, Report, recheck
from streams.export.rejudge import Material, Named, One, Seen, parameters, rejudge
from streams.export.sample import samples
from streams.export.withheld import LISTS, NAMES, REFUSED, withheld
from streams.pipeline import Parts
from streams.pseudonyms import Pseudonyms
from streams.reading import Reader
from streams.recall import refs
from streams.rejects import Reject
from streams.replay import Replay
from streams.settings import Settings
from streams.simulate import simulate
from streams.store.memory import Memory

LAST = date(2026, 4, 8)
PARAMETERS = {"TEC-05": {"export_n": 400}}
CATALOGUE = catalogue.load(PARAMETERS)
OF_LISTS = {"CON-06", "REQ-06", "TRF-01", "TRF-04", "TRF-06", "XBR-01"}
"""Controls with a check that asks for lists of principals."""


def stated(found: catalogue.Catalogue, years: Sequence[int]) -> Row:
    """What `catalogue.json` must say, read back from it."""
    said = {
        "fingerprint": found.fingerprint,
        "years": list(years),
        "controls": [
            {"control": control.id, "version": found.versions[control.id]}
            for control in found.controls
        ],
    }
    read: Row = json.loads(msgspec.json.encode(said))
    return read


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """Eight days of 20 staff with every fault planted, two partitions, one parameter overridden."""
    place = tmp_path_factory.mktemp("recheck")
    forms, store = Pseudonyms(place / "keys", place / "data"), Memory()
    parts = wiring.parts(Settings(controls=PARAMETERS), store, forms)
    replay = Replay(parts, partitions=2, spacing=24 * HOUR)
    seen: set[str] = set()

    def items() -> Iterator[Any]:
        days = (e for e in simulate(1, 20, 1, ["all"]) if e["ingested_at"][:10] <= f"{LAST}")
        for item in Reader(forms).items(map(msgspec.json.encode, days)):
            if not isinstance(item, Reject):
                seen.update(refs(item))
            yield item

    replay.run(items())
    replay.finish()
    standing = [f for f in store.findings() if (f["code"], f["status"]) == ("UNPROTECTED", "open")]
    for step, finding in zip(("acknowledged", "resolved"), (*standing, *standing), strict=False):
        said = event(
            AlertChanged, f"{LAST} 23:59:59", org_id="PYX", alert_id=finding["finding_id"],
            control_id=finding["control"], severity=finding["severity"], step=step, by_ref="soc",
        )  # fmt: skip
        replay.feed(forms.join(said))
    replay.finish()
    evidence = Evidence(store, Cut(1, replay.now, store.heads()), Period(date(2026, 4, 1), LAST))
    years = forms.years()
    return Material(
        stated(CATALOGUE, years),
        list(evidence.blocks()),
        lambda chain: evidence.rows("events", *chain),
        list(evidence.all("findings")),
        list(samples(evidence, CATALOGUE).rows()),
        [
            (forms.veil(ref, year), forms.veil(ref, years[-1]))
            for ref in sorted(seen)
            for year in years[:-1]
        ],
    )


@pytest.fixture(scope="module", autouse=True)
def examples() -> Iterator[None]:
    """The catalogue's examples are judged once."""
    known: dict[bool, dict[str, str]] = {}

    def once(controls: Iterable[Control[Any]], named: bool) -> dict[str, str]:
        if named not in known:
            known[named] = withheld(controls, named)
        return known[named]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reasons, "withheld", once)
        yield


@dataclass(frozen=True)
class Judged:
    """The pack judged again, to be compared with other packs."""

    one: One
    parts: Parts
    seen: Seen

    def against(self, other: Material, seen: Seen | None = None) -> Report:
        why = Reasons(other, self.parts.engine, seen or self.seen, {})
        results = Comparison(other, self.one, self.parts.store, why, self.seen.ids).results()
        return Report(results, "", "", False)


@pytest.fixture(scope="module")
def judged(pack: Material) -> Judged:
    one = One(pack.links, {})
    taken, refused = parameters(pack.stated())
    assert refused == {}
    parts = command.parts(taken, Named(one))
    return Judged(one, parts, rejudge(pack, one, parts))


def differing(report: Report) -> set[str]:
    return {result.control for result in report.results if result.differences}


def test_everything_that_evidence_tells_comes_to_the_same(pack: Material, judged: Judged) -> None:
    report = judged.against(pack)
    assert [d for result in report.results for d in result.differences] == []
    assert report.total("findings").equal > 40
    assert report.total("population").equal > 75
    assert report.total("samples").equal > 1_500
    for what in ("samples", "findings"):
        assert report.total(what).untold.keys() <= {LISTS, NAMES, REFUSED}
    untold = {result.control for result in report.results if result.samples.untold}
    assert untold == {
        "CON-06",
        "OUT-08",
        "REQ-06",
        "TEC-05",
        "TRF-01",
        "TRF-04",
        "TRF-06",
        "XBR-01",
    }


def test_what_people_closed_is_closed_again(pack: Material, judged: Judged) -> None:
    (closed,) = {row["finding_id"] for row in pack.findings if row["code"] == "UNPROTECTED"} & {
        row["finding_id"] for row in pack.findings if row["status"] == "closed"
    }
    control = next(row["control"] for row in pack.findings if row["finding_id"] == closed)
    (again,) = [f for f in judged.parts.store.findings() if f["code"] == "UNPROTECTED"]
    assert (again["control"], again["status"], again["revision"]) == (control, "closed", 2)


def test_the_parameters_of_the_pack_are_those_by_which_it_is_judged(pack: Material) -> None:
    taken, _ = parameters(pack.stated())
    found = catalogue.load(taken)
    assert found.fingerprint == CATALOGUE.fingerprint != catalogue.load().fingerprint


def test_a_finding_that_was_changed_dropped_or_made_up_is_another_one(
    pack: Material, judged: Judged
) -> None:
    rows = list(pack.findings)
    newest = {row["finding_id"]: row for row in rows}
    grave = next(row for row in newest.values() if row["code"] == "UNPROTECTED")
    name = grave["control"]
    without = [row for row in rows if row["finding_id"] != grave["finding_id"]]
    for other in (
        without,
        [*without, grave | {"severity": "low"}],
        [*rows, grave | {"finding_id": "0" * 32, "subject": "zone-other"}],
    ):
        assert differing(judged.against(replace(pack, findings=other))) == {name}


def test_a_sample_that_says_something_else_is_different(pack: Material, judged: Judged) -> None:
    index = next(n for n, row in enumerate(pack.samples) if row["control"] == "TEC-04")
    sample = pack.samples[index]
    for change in ({"verdict": "indeterminate"}, {"event_id": "nobody's"}):
        report = judged.against(replace(pack, samples=[sample | change]))
        assert differing(report) == {"TEC-04"}
        assert report.total("samples").different == 1


def test_a_population_that_was_made_smaller_is_different(pack: Material, judged: Judged) -> None:
    *blocks, last = pack.blocks
    told = msgspec.json.decode(last["populations"])
    told["TEC-09"] = {"pass": told.get("TEC-09", {}).get("pass", 0) + 1}
    other = last | {"populations": msgspec.json.encode(told).decode()}
    report = judged.against(replace(pack, blocks=[*blocks, other]))
    assert differing(report) == {"TEC-09"}


def test_what_follows_from_the_events_is_found_whatever_the_pack_says(pack: Material) -> None:
    """Whatever was taken out was protected, say the events now."""

    def events(chain: tuple[str, int]) -> Iterator[Row]:
        for row in pack.events(chain):
            said = row["attributes"].replace(
                '"protection":["password"]', '"protection":["encrypted"]'
            )
            yield row | {"attributes": said}

    report = recheck(replace(pack, events=events), command.parts)
    [taken] = [result for result in report.results if result.control == "PHY-05"]
    assert taken.findings.different and taken.samples.different and taken.population.different
    assert taken.differences[0].endswith("in the pack, nothing again")


def test_what_rests_on_a_key_that_is_gone_or_on_expired_events_is_not_told(
    pack: Material, judged: Judged
) -> None:
    gone = judged.against(replace(pack, catalogue=pack.catalogue | {"years": [2026]}))
    assert any("was gone" in reason for reason in gone.total("population").untold)
    assert not gone.different
    rows: Counter[tuple[Any, ...]] = Counter(
        {place: n for place, n in judged.seen.rows.items() if place[-1] != "log"}
    )
    expired = judged.against(pack, Seen(rows, judged.seen.years))
    by_control = {result.control: result for result in expired.results}
    assert by_control["TEC-04"].samples.untold == {
        "events of class log have expired": by_control["TEC-04"].samples.untold.total()
    }
    assert by_control["GOV-01"].samples.equal and not by_control["GOV-01"].samples.untold


def test_what_lies_before_the_packs_traffic_is_not_told(pack: Material) -> None:
    begin = instant("2026-04-05T00:00:00+09:00")
    blocks = [b for b in pack.blocks if b["lane"] == "books" or b["now"] >= begin]
    first: dict[tuple[str, int], int] = defaultdict(lambda: 1 << 62)
    for block in blocks:
        chain = block["lane"], block["partition"]
        first[chain] = min(first[chain], block["first_offset"])

    def events(chain: tuple[str, int]) -> Iterator[Row]:
        return (row for row in pack.events(chain) if row["block"] >= first[chain])

    report = recheck(replace(pack, blocks=blocks, events=events, samples=()), command.parts)
    assert not report.different
    assert report.total("findings").untold["it rests on traffic older than the pack"]
    assert report.total("findings").equal


def test_other_rules_are_never_taken_for_the_packs_own(pack: Material, judged: Judged) -> None:
    told = pack.catalogue
    one, *rest = told["controls"]
    other = one | {"version": one["version"] | {"code": "0" * 64}}
    empty = replace(pack, blocks=(), findings=(), samples=(), events=lambda chain: ())
    sample = next(row for row in pack.samples if row["control"] == one["control"])
    changed = replace(empty, catalogue=told | {"controls": [other, *rest]}, samples=[sample])
    reason = "the rules installed here are others (digest of their code)"
    assert recheck(changed, command.parts).total("samples").untold == {reason: 1}
    assert recheck(changed, command.parts, force=True).total("samples").different == 1
    strange = one | {"version": {"code": "", "params": {"nothing": 1}}}
    refused = replace(empty, catalogue=told | {"controls": [strange, *rest]}, samples=[sample])
    untold = recheck(refused, command.parts, force=True).total("samples").untold
    assert untold == {"the control has other parameters here": 1}
    with pytest.raises(Refusal, match="for every control"):
        recheck(replace(pack, catalogue=told | {"fingerprint": "0" * 64}), command.parts)


def test_evidence_keeps_too_little_for_these_checks_alone() -> None:
    found = reasons.withheld(CATALOGUE.controls, False)
    assert {name for name, reason in found.items() if reason == NAMES} == {
        "OUT-08/passed_on", "TEC-05/export", "TEC-05/spike",
    }  # fmt: skip
    assert [name for name, reason in found.items() if reason == REFUSED] == ["GOV-08/payload"]
    assert {name.partition("/")[0] for name, why in found.items() if why == LISTS} == OF_LISTS


def test_linked_pseudonyms_are_one_and_words_are_known_by_theirs() -> None:
    old, mid, new = (f"ps{year}_{letter * 26}" for year, letter in
                     ((2024, "c"), (2025, "b"), (2026, "a")))  # fmt: skip
    other = f"ps2025_{'d' * 26}"
    one = One([(old, mid), (mid, new)], {"CHG-1": [other]})
    assert {one(each) for each in (old, mid, new)} == {new}
    assert one.text(f"{old}|zone {other}") == f"{new}|zone {other}"
    assert Named(one).ref("CHG-1") == other
    assert Named(one).ref("CHG-2") == "CHG-2"


def written(pack: Material, path: Path, **manifest: Any) -> Path:
    """The members of a pack that are judged again."""

    def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
        return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)

    chains = dict.fromkeys((block["lane"], block["partition"]) for block in pack.blocks)
    links = [f"{a[2:6]},{a},{b[2:6]},{b}" for a, b in pack.links]
    members = {
        "00_manifest.json": msgspec.json.encode({"auditor": False} | manifest),
        "catalogue.json": msgspec.json.encode(pack.catalogue),
        "links.csv": "\r\n".join(["year,pseudonym,year,pseudonym", *links, ""]).encode(),
        "samples.jsonl": lines([{"seed": "s"}, *pack.samples]),
        "evidence/blocks.jsonl": lines(pack.blocks),
        "evidence/events.jsonl": lines(row for chain in chains for row in pack.events(chain)),
        "evidence/findings.jsonl": lines(pack.findings),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def test_a_pack_is_read_back_as_it_was_written(pack: Material, tmp_path: Path) -> None:
    with material(written(pack, tmp_path / "pack.zip")) as read:
        plain = Callable[[Any], Any]
        as_json: plain = lambda value: json.loads(msgspec.json.encode(value))  # noqa: E731
        for name in ("catalogue", "blocks", "samples", "links"):
            assert as_json(getattr(read, name)) == as_json(getattr(pack, name)), name
        assert as_json(list(read.findings)) == as_json(pack.findings)
        for chain in dict.fromkeys((b["lane"], b["partition"]) for b in pack.blocks):
            assert as_json(list(read.events(chain))) == as_json(list(pack.events(chain)))
        assert list(read.events(("access", 7))) == []


def test_the_command_says_what_is_equal_and_what_cannot_be_judged(
    pack: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "verify_pack", lambda path: Verified())
    monkeypatch.setattr(wiring, "collect_seldom", lambda: None)
    path = written(pack, tmp_path / "pack.zip")
    assert main(["recheck", str(path), "--json"]) == 0
    *controls, total = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert total["equal"] and total["stated"] == total["installed"]
    assert [each["control"] for each in controls] == [c.id for c in CATALOGUE.controls]
    assert total["samples"]["equal"] == sum(each["samples"]["equal"] for each in controls) > 1_500
    assert total["findings"]["different"] == 0
    assert LISTS in total["findings"]["not_rejudgeable"]


def test_an_auditors_pack_is_judged_by_nobody(
    pack: Material,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(command, "verify_pack", lambda path: Verified())
    monkeypatch.setattr(wiring, "collect_seldom", lambda: None)
    assert main(["recheck", str(written(pack, tmp_path / "pack.zip", auditor=True))]) == 0
    text = capsys.readouterr().out
    assert "an auditor's pack has no fields of events" in text
    assert "samples: 0 equal, 0 different" in text


def test_what_is_no_pack_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "pack.zip"
    for data in (None, b"no zip"):
        if data:
            path.write_bytes(data)
        assert main(["recheck", str(path)]) == 2
        assert "pack.zip" in capsys.readouterr().err
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("00_manifest.json", b"{}")
    with pytest.raises(Refusal, match="no pack that can be judged again"), material(path):
        pass
