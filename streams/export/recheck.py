"""Compares what a pack says of its events with what comes out when they are judged again.

What evidence cannot tell is not guessed: a check that cannot be judged again is named with the
reason, and nothing of it counts as equal (see `reasons`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import msgspec

from controls import catalogue
from controls.catalogue import Catalogue, Overrides
from controls.kernel import Refusal
from streams.export.cut import Row
from streams.export.reasons import Reasons
from streams.export.rejudge import Material, Named, One, Seen, newest, parameters, rejudge, renamed
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.store import Store

SHOWN = ("violation", "indeterminate")
Key = tuple[str, str, str, int]
"""Control, check and subject of a finding, pseudonyms of one year, and its number among those of
the subject: a closing ends one, and the next begins."""


@dataclass(slots=True)
class Tally:
    """How many were judged again and came out equal or not, and how many could not be, by
    reason."""

    equal: int = 0
    different: int = 0
    untold: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: bool | str) -> None:
        if isinstance(outcome, str):
            self.untold[outcome] += 1
        elif outcome:
            self.equal += 1
        else:
            self.different += 1

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.equal + other.equal,
            self.different + other.different,
            self.untold + other.untold,
        )


@dataclass(slots=True)
class Result:
    """What was compared of one control, and each difference in words."""

    control: str
    samples: Tally = field(default_factory=Tally)
    findings: Tally = field(default_factory=Tally)
    population: Tally = field(default_factory=Tally)
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Report:
    """Every control, and the fingerprints of the pack's rules and of those installed here."""

    results: tuple[Result, ...]
    stated: str
    installed: str
    forced: bool

    def total(self, what: str) -> Tally:
        """The sum over all controls of `samples`, `findings` or `population`."""
        return sum((getattr(result, what) for result in self.results), Tally())

    @property
    def different(self) -> bool:
        return any(result.differences for result in self.results)


def recheck(
    material: Material, parts: Callable[[Overrides, Plain], Parts], force: bool = False
) -> Report:
    """Judge the material again in parts made of its parameters and forms, and compare.

    Refusal where no control is the same here as in the pack.  With `force` controls are judged by
    the rules that are installed, as if those were the pack's; not without its parameters, though.
    """
    stated = material.stated()
    taken, refused = parameters(stated)
    found = catalogue.load(taken, "catalogue.json")
    other = refused | ({} if force else _other_rules(material, found))
    if stated and len(other) >= len(stated):
        raise Refusal(
            "the rules installed here are others than those of the pack, for every control: "
            "install the version that its manifest names, or judge by these with --force"
        )
    one = One(material.links, material.catalogue.get("names", {}))
    made = parts(taken, Named(one))
    seen = Seen() if material.auditor else rejudge(material, one, made)
    why = Reasons(material, made.engine, seen, other)
    results = Comparison(material, one, made.store, why, seen.ids).results()
    return Report(results, material.catalogue["fingerprint"], found.fingerprint, force)


def _other_rules(material: Material, found: Catalogue) -> dict[str, str]:
    """Why controls are not those that judged last: the code is another one here, or was there."""
    judged = [block["fingerprint"] for block in material.blocks if block["lane"] == "books"]
    if judged and judged[-1] != material.catalogue["fingerprint"]:
        why = "the pack states other rules than those by which its last block was judged"
        return dict.fromkeys(material.stated(), why)
    return {
        name: "the rules installed here are others (digest of their code)"
        for name, control in material.stated().items()
        if name in found.versions and control["version"]["code"] != found.versions[name]["code"]
    }


class Comparison:
    """The pack's findings beside those of the second judging."""

    def __init__(
        self, material: Material, one: One, store: Store, why: Reasons, ids: Mapping[str, str]
    ) -> None:
        self._material, self._one, self._store, self._why = material, one, store, why
        again = store.rows("findings", "books", 0)
        self._pack, self._again = (
            {key: f for key, f in self._keyed(newest(rows), known) if f["verdict"] in SHOWN}
            for rows, known in ((material.findings, ids), (again, {}))
        )
        self._cited: dict[tuple[str, str], dict[Key, None]] = defaultdict(dict)
        for side in (self._pack, self._again):
            for key, finding in side.items():
                for event_id in finding["event_ids"]:
                    self._cited[finding["control"], event_id][key] = None
        self._results = {name: Result(name) for name in sorted(material.stated())}

    def results(self) -> tuple[Result, ...]:
        """Every control of the pack with all that was compared."""
        for key in sorted(self._pack.keys() | self._again.keys()):
            self._finding(key)
        for sample in self._material.samples:
            self._sample(sample)
        self._populations()
        return tuple(self._results.values())

    def _keyed(
        self, findings: Iterable[Row], ids: Mapping[str, str]
    ) -> Iterator[tuple[Key, Row]]:
        """Findings by their keys; a subject may name the alert of another finding, by its id."""
        numbers: Counter[tuple[str, str, str]] = Counter()
        for f in findings:
            subject = self._one.text(renamed(f["subject"], ids))
            about = f["control"], f["check"], subject
            yield (*about, numbers[about]), f
            numbers[about] += 1

    def _finding(self, key: Key) -> None:
        result = self._result(key[0])
        reason = self._reason(key)
        result.findings.count(reason or self._same(key))
        if reason is None and not self._same(key):
            sides = (said(side.get(key)) for side in (self._pack, self._again))
            said_so = "{}: {} in the pack, {} again".format("|".join(key[:3]), *sides)
            result.differences.append(said_so)

    def _sample(self, sample: Row) -> None:
        control, event_id = sample["control"], sample["event_id"]
        result = self._result(control)
        reason = self._why.of_event(control, sample["event_type"], sample["occurred_at"])
        if reason is not None:
            result.samples.count(reason)
            return
        fault, reason = self._judged(sample, self._cited.get((control, event_id), {}))
        result.samples.count(reason or not fault)
        if fault:
            result.differences.append(f"{sample['sample']} ({event_id}): {fault}")

    def _judged(self, sample: Row, cited: Iterable[Key]) -> tuple[str, str | None]:
        """What is wrong with a sample, and why that cannot be told."""
        if not self._store.events([sample["event_id"]]):
            return "the event is not in the pack", None
        held = [self._pack[key] for key in cited if _cites(self._pack.get(key), sample)]
        verdicts = {finding["verdict"] for finding in held}
        verdict = next((each for each in SHOWN if each in verdicts), "no finding")
        if verdict != sample["verdict"]:
            return f"{sample['verdict']} as a sample, {verdict} by the findings", None
        for key in cited:
            if reason := self._reason(key):
                return "", reason
            both = {_cites(side.get(key), sample) for side in (self._pack, self._again)}
            if not self._same(key) or (len(both) > 1 and not _more(self._pack[key])):
                return f"{'|'.join(key[:3])} is another one again", None
        return "", None

    def _populations(self) -> None:
        stated: dict[str, Counter[str]] = defaultdict(Counter)
        for block in self._material.blocks:
            for control, counts in msgspec.json.decode(block["populations"]).items():
                stated[control].update(counts)
        again = self._store.populations()
        for control in sorted(stated.keys() | again.keys()):
            result = self._result(control)
            before = {verdict: n for verdict, n in stated[control].items() if n}
            after = {verdict: n for verdict, n in again.get(control, {}).items() if n}
            reason = self._why.of(control, "missing")
            result.population.count(reason or before == after)
            if reason is None and before != after:
                result.differences.append(f"population: {before} in the pack, {after} again")

    def _result(self, control: str) -> Result:
        return self._results.setdefault(control, Result(control))

    def _reason(self, key: Key) -> str | None:
        at = min(side[key]["occurred_at"] for side in (self._pack, self._again) if key in side)
        return self._why.of(key[0], key[1], at)

    def _same(self, key: Key) -> bool:
        return said(self._pack.get(key)) == said(self._again.get(key))


def said(finding: Row | None) -> str:
    """What of a finding must be the same again."""
    if finding is None:
        return "nothing"
    stands = [finding[name] for name in ("verdict", "code", "severity", "status", "events")]
    return " ".join(f"{word}" for word in stands if word is not None)


def _cites(finding: Row | None, sample: Row) -> bool:
    return finding is not None and sample["event_id"] in finding["event_ids"]


def _more(finding: Row) -> bool:
    """Whether a finding holds more events than it cites."""
    return bool(finding["events"] > len(finding["event_ids"]))
