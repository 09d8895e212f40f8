"""Findings as `books` keeps them: one (control, check, subject), amended by counts.

The one mechanism that amends.  A finding's verdict is the worst of what it holds; when nothing
is held any more it is superseded.  Its id comes from its content, so a second run or a second
worker gives it the same.

People answer a finding with `alert.changed` events whose alert_id is its finding_id.  Once they
have closed it, what is found of the same subject begins the next one; what it holds itself can
still be recoded or dropped, and it is amended then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from controls.block import Block, Memory, Outcome, Tally
from controls.changes import SHOWN
from controls.events import AlertChanged
from controls.kernel import SEVERITIES, Text
from controls.shapes import Case

if TYPE_CHECKING:
    from controls.engine import Engine

INDETERMINATE = Text(
    "{subject}：判定に必要な情報がない（{missing}、{events} 件）",
    "{subject}: what the verdict needs is missing ({missing}; {events} judged)",
)
SUPERSEDED = Text("{subject}：後に届いた記録により解消", "{subject}: superseded by later records")

ANSWERS: dict[str, Literal["acknowledged", "closed"]] = {
    "acknowledged": "acknowledged",
    "resolved": "closed",
    "false_positive": "closed",
    "risk_accepted": "closed",
}
"""What a person's step of an alert makes of the finding that is still open."""


def finding_id(control: str, check: str, subject: str, closing: str = "") -> str:
    """32 hex digits of sha256 over what the finding is about and the closing before it."""
    return sha256("\x1f".join((control, check, subject, closing)).encode()).hexdigest()[:32]


def unfolded(block: Block, memory: Memory) -> tuple[list[Tally], Memory]:
    """The tallies of a block that were not folded before, and what to remember of them; by the
    partition that tells, since it is chance which of two partitions tells first.

    A worker that died between telling and remembering tells again; what it tells is known by the
    end of the block that it was told of.  What is remembered is to be written last of all: where
    it includes this block, so does everything else.
    """
    markers: dict[str, Any] = {}
    tallies = []
    for tally in block.tallies:
        source = f"from|{tally.lane}|{tally.partition}"
        marker = markers.get(source) or memory.get(source)
        if marker is not None and marker.get("applied", -1) >= block.last_offset:
            marker = None  # this block is here again
        if marker is None or marker["upto"] < tally.last_offset:
            markers[source] = {"upto": tally.last_offset}
            tallies.append(tally)
    tallies.sort(key=lambda tally: (tally.lane, tally.partition, tally.last_offset))
    return tallies, markers


def fold(block: Block, tally: Tally, memory: Memory, outcome: Outcome) -> None:
    """Fold one tally into the findings, those apart that include this block already."""
    for ref, subjects in tally.changes.items():
        for subject, change in subjects.items():
            key = f"finding|{ref}|{subject}"
            held = outcome.memory.get(key)
            late = held is not None and held["late"]
            if held is None:
                held = memory.get(key)
                if held is not None and held["applied"] >= block.last_offset:
                    continue
            outcome.memory[key] = amended(held, change, late)


def amended(held: Any, change: Mapping[str, Any], late: bool) -> dict[str, Any]:
    """What a finding holds after a change: entries dropped first, then added; late where an
    earlier change of the same block was.

    `past` are the findings of the subject that people have closed, oldest first.  What was closed
    is dropped from there; more than was dropped of them is news, and begins the next finding.
    """
    known = dict(held or FRESH)
    known.pop("applied", None)
    line = [*known.pop("past", ()), known]
    *past, now = _dropped(line, change["drop"])
    said = {"after": change["after"], "late": late or change["late"]}
    amends = [one is not other for one, other in zip(past, line, strict=False)]
    past = [one | said if amended else one for one, amended in zip(past, amends, strict=True)]
    dropped = sum(less["items"] for less in change["drop"].values())
    if _closed(now) and sum(more["items"] for more in change["add"].values()) > dropped:
        past.append(now if now is line[-1] else now | said)
        now = {**FRESH, **said, "closing": now["answered"]}
    now = {**now, "entries": _added(now["entries"], change["add"])}
    if not any(amends) or now["entries"] != line[-1]["entries"]:
        now |= said
    return now | {"past": past} if past else now


FRESH: Mapping[str, Any] = {"entries": {}, "revision": 0, "shown": None, "first": 0}


def _closed(held: Mapping[str, Any]) -> bool:
    return bool(held.get("answer") == "closed")


def _dropped(
    line: Sequence[dict[str, Any]], drop: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """The findings of a subject without what is dropped: from the one that shows its events, else
    from the newest that holds it."""
    found = list(line)
    for entry, less in drop.items():
        left, events, ids = less["items"], less["events"], set(less["ids"])
        holders = [n for n, held in enumerate(found) if entry in held["entries"]]
        holders.sort(key=lambda n: not ids.isdisjoint(found[n]["entries"][entry]["ids"]))
        for n in reversed(holders):
            entries = dict(found[n]["entries"])
            value = entries.pop(entry)
            items = min(left, value["items"])
            if not items:
                break
            gone = events if items == left else min(events, value["events"])
            left, events = left - items, events - gone
            if items < value["items"]:
                entries[entry] = value | {
                    "items": value["items"] - items,
                    "events": value["events"] - gone,
                    "ids": [i for i in value["ids"] if i not in ids],
                }
            found[n] = {**found[n], "entries": entries}
    return found


def _added(entries: Mapping[str, Any], add: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    found = dict(entries)
    for entry, more in add.items():
        value = found.get(entry)
        found[entry] = dict(more) if value is None else {
            **value,
            "items": value["items"] + more["items"],
            "events": value["events"] + more["events"],
            "at": min(value["at"], more["at"]),
            "detected": min(value["detected"], more["detected"]),
            "ids": list(dict.fromkeys([*value["ids"], *more["ids"]]))[:SHOWN],
            "facts": more["facts"] or value["facts"],
        }  # fmt: skip
    return found


def answers(event: Any) -> Literal["acknowledged", "closed"] | None:
    """What an event makes of the finding that it is about: a step that a person takes.  What the
    service says of an alert follows from its finding, and nothing follows from that."""
    if type(event) is not AlertChanged or event.actor_kind == "service":
        return None
    return ANSWERS.get(event.step)


def answer(block: Block, memory: Memory, outcome: Outcome) -> bool:
    """Let the findings that people answered in this block know, and say whether there are any; an
    answer to one that is closed, or that does not exist, changes nothing."""
    answered = False
    for event in block.events:
        said = answers(event)
        if said is None:
            continue
        name = f"answer|{event.alert_id}"
        known = outcome.memory.get(name) or memory.get(name)
        if known is None:
            continue
        key = known["finding"]
        held = outcome.memory.get(key)
        if held is None:
            held = memory.get(key)
            if held is None or held["applied"] >= block.last_offset:
                continue
        if _closed(held) or finding_id(*_about(key), held.get("closing", "")) != event.alert_id:
            continue
        outcome.memory[key] = {**held, "answer": said, "answered": event.event_id}
        answered = True
    return answered


def _about(key: str) -> tuple[str, str, str]:
    """Control, check and subject of a finding's key."""
    _, ref, subject = key.split("|", 2)
    control, check = ref.split("/")
    return control, check, subject


def publish(engine: Engine, block: Block, outcome: Outcome) -> None:
    """A revision for every finding that shows something else than before this block."""
    answerable: dict[str, Any] = {}
    for key, value in outcome.memory.items():
        if not key.startswith("finding|"):
            continue
        _, ref, subject = key.split("|", 2)
        for held in (*value.get("past", ()), value):
            entry = worst(engine, ref, held["entries"])
            shown = _shown(entry, held)
            if shown == held["shown"] or (held["shown"] is None and entry is None):
                continue
            held["revision"] += 1
            held["shown"] = shown
            finding = _revision(engine, block, ref, subject, entry, held)
            outcome.findings.append(finding)
            if finding["verdict"] == "violation":
                answerable[f"answer|{finding['finding_id']}"] = {"finding": key}
    outcome.memory |= answerable


def worst(engine: Engine, ref: str, entries: Mapping[str, Any]) -> str | None:
    """The entry that speaks for the finding: violation before indeterminate, then open before
    closed, then severity, then the order of the check's codes."""
    if not entries:
        return None
    rule = engine.rules.get(ref)
    codes = rule.check.codes if rule else ()

    def rank(entry: str) -> tuple[bool, int, bool, int, str]:
        verdict, code, severity, closed = entry.split("|")
        order = -codes.index(code) if code in codes else 0
        return (
            verdict == "violation",
            SEVERITIES.index(severity),
            not closed,
            order,
            entry,
        )

    return max(entries, key=rank)


def _shown(entry: str | None, held: Mapping[str, Any]) -> list[Any]:
    if entry is None:
        return [held["after"]]
    value = held["entries"][entry]
    events = sum(other["events"] for other in held["entries"].values())
    answer = [held["answer"]] if "answer" in held else []
    return [entry, value["at"], value["detected"], events, _open(held), *answer]


def risen(engine: Engine, ref: str, entry: str, held: Mapping[str, Any]) -> str:
    """The severity of a finding: that of its entry, or more where it holds many of the code."""
    _, code, severity, _ = entry.split("|")
    rule = engine.rules.get(ref)
    rises = rule.check.rises if rule and isinstance(rule.check, Case) else {}
    number, graver = rises.get(code, (0, severity))
    held_so = (v["items"] for e, v in held["entries"].items() if e.split("|")[1] == code)
    return max(severity, graver, key=SEVERITIES.index) if sum(held_so) >= number else severity


def _open(held: Mapping[str, Any]) -> bool:
    return any(not entry.endswith("|closed") for entry in held["entries"])


def _status(held: Mapping[str, Any]) -> str:
    """Closed is what people have closed and what is over; acknowledged, what they know of."""
    if _closed(held) or not _open(held):
        return "closed"
    return held.get("answer", "open")  # type: ignore[no-any-return]


def _revision(
    engine: Engine,
    block: Block,
    ref: str,
    subject: str,
    entry: str | None,
    held: dict[str, Any],
) -> dict[str, Any]:
    control_id, check = ref.split("/")
    control = engine.controls[control_id]
    verdict, code, severity, value = held["after"], None, "info", {}
    status = "superseded"
    if entry is not None:
        verdict, code_text, _, _ = entry.split("|")
        code, severity = code_text or None, risen(engine, ref, entry, held)
        value = held["entries"][entry]
        status = _status(held)
        held["first"] = value["at"]
    events = sum(other["events"] for other in held["entries"].values())
    missing = ", ".join(value.get("missing", ()))
    words = {"missing": missing, **value.get("facts", {}), "subject": subject, "events": events}
    template = SUPERSEDED if entry is None else INDETERMINATE
    if code is not None:
        template = control.codes[code].finding
    at = value.get("at", held["first"])
    return {
        "finding_id": finding_id(control_id, check, subject, held.get("closing", "")),
        "revision": held["revision"],
        "control": control_id,
        "check": check,
        "code": code,
        "verdict": verdict,
        "missing": list(value.get("missing", ())),
        "retroactive": held["late"],
        "severity": severity,
        "subject": subject,
        "occurred_at": at,
        "detected_at": value.get("detected", at),
        "recorded_at": block.recorded_at,
        "status": status,
        "event_ids": list(value.get("ids", ())),
        "events": events,
        "text": {"ja": template.ja.format_map(words), "en": template.en.format_map(words)},
    }
