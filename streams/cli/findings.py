"""`shoseki findings`: what stands and what stood, and what is done about it.

An act is an event for `books`: it counts once the service has judged it, at once where one runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from controls import catalogue
from controls.calendar import jst_text
from controls.events import Event
from controls.kernel import Refusal
from streams import acts, oncall, wiring, words
from streams import settings as configuration
from streams.alerts.standing import Standing
from streams.cli._period import day
from streams.cli.check import SHOWN, moment, show
from streams.oncall import DISPOSITIONS, Course, Desk, Finding
from streams.settings import Settings
from streams.store import Store

HELP = "findings in the store: list, show, acknowledge, assign, close, silence ..."
STORE = True
KEPT = "kept as evidence: name nobody, no address, no number"

Act = Callable[[argparse.Namespace, Desk, Finding, Course], list[Event]]


def options(parser: argparse.ArgumentParser) -> None:
    """The parts, each with --config and --json."""
    parts = parser.add_subparsers(dest="part", required=True, metavar="PART")
    made: list[argparse.ArgumentParser] = []

    def part(name: str, text: str, *, finding: bool = False, by: bool = False) -> Any:
        made.append(parts.add_parser(name, help=text, description=text))
        if finding:
            made[-1].add_argument("finding", metavar="ID", help="finding_id, or its first digits")
        if by:
            made[-1].add_argument(
                "--by", required=True, metavar="PERSON", help="who does it, as the sources say"
            )
        return made[-1]

    listed = part("list", "the current findings")
    listed.add_argument("--history", action="store_true", help="every revision, superseded too")
    listed.add_argument("--control", metavar="ID", help="of this control only")
    part("show", "one finding with its revisions", finding=True)
    part("acknowledge", "somebody has seen it and is at it", finding=True, by=True)
    escalated = part("escalate", "it goes to the next level", finding=True, by=True)
    escalated.add_argument("--reason", default="", metavar="TEXT", help=f"why; {KEPT}")
    said = part("comment", "words on one that is acknowledged", finding=True, by=True)
    said.add_argument("--text", default="", metavar="TEXT", help=KEPT)
    assigned = part("assign", "who has to act, and by when", finding=True, by=True)
    assigned.add_argument("--owner", required=True, metavar="PERSON", help="who has to")
    assigned.add_argument("--due", required=True, metavar="DAY", help="the last day, in Japan")
    closed = part("close", "it is resolved, a false positive or accepted", finding=True, by=True)
    closed.add_argument("--disposition", required=True, choices=DISPOSITIONS)
    closed.add_argument("--approved-by", metavar="PERSON", help="another person")
    closed.add_argument("--cause", default="", metavar="TEXT", help=f"why it arose; {KEPT}")
    closed.add_argument("--action", metavar="TEXT", help=f"resolved: 是正処置; {KEPT}")
    quiet = part("silence", "no alerts for a time; the finding stays", by=True)
    quiet.add_argument("finding", nargs="?", metavar="ID", help="of this finding's subject")
    quiet.add_argument("--control", metavar="ID", help="of this control")
    quiet.add_argument("--subject", metavar="TEXT", help="of this subject, as findings show it")
    quiet.add_argument("--until", required=True, metavar="TIME", help="RFC 3339")
    quiet.add_argument("--approved-by", required=True, metavar="PERSON", help="another person")
    quiet.add_argument("--reason", default="", metavar="TEXT", help=f"why; {KEPT}")
    quiet.add_argument(
        "--exception", action="store_true", help="例外承認: for as long as a year, not a month"
    )
    loud = part("unsilence", "a silence ends now", by=True)
    loud.add_argument("silence", metavar="SILENCE", help="its id, as `silences` shows it")
    loud.add_argument("--reason", default="", metavar="TEXT", help=f"why; {KEPT}")
    part("silences", "silences and exceptions, past ones too")
    for each in made:
        each.add_argument("--config", type=Path, metavar="TOML", help="the configuration")
        each.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """list, show: 1 where a violation is shown, else 0; acts: 0."""
    settings = configuration.load(args.config)
    with wiring.using(settings.store, settings.clickhouse) as store:
        if args.part in ACTS:
            return _act(args, settings, store)
        if args.part == "silence":
            return _silence(args, settings, store)
        if args.part == "unsilence":
            return _unsilence(args, settings, store)
        if args.part == "silences":
            return _silences(args, settings, store)
        if args.part == "show":
            found = one(store, args.finding)
        else:
            found = store.findings(history=args.history)
            if not args.history:
                found = [f for f in found if f["verdict"] in SHOWN]
            if args.control:
                found = [f for f in found if f["control"] == args.control]
    if args.part == "show" and not args.json:
        for finding in found:
            for name, value in words.contract(finding).items():
                print(f"{name:14} {words.line(value) if isinstance(value, dict) else value}")
            print()
    else:
        show(found, args.json)
    return 1 if any(f["verdict"] == "violation" for f in found) else 0


def one(store: Store, digits: str) -> list[dict[str, Any]]:
    """The revisions of the one finding whose id begins so; Refusal where that is not one."""
    found = store.finding(digits)
    if found:
        return found
    ids = sorted({f["finding_id"] for f in store.findings() if f["finding_id"].startswith(digits)})
    if len(ids) != 1:
        raise Refusal(f"{digits}: {len(ids) or 'no'} findings have this id")
    return store.finding(ids[0])


ACTS: dict[str, Act] = {
    "acknowledge": lambda args, desk, finding, course: oncall.acknowledge(
        desk, finding, course, args.by
    ),
    "escalate": lambda args, desk, finding, course: oncall.escalate(
        desk, finding, course, args.by, args.reason
    ),
    "comment": lambda args, desk, finding, course: oncall.comment(
        desk, finding, course, args.by, args.text
    ),
    "assign": lambda args, desk, finding, course: oncall.assign(
        desk, finding, course, args.by, args.owner, day("--due", args.due)
    ),
    "close": lambda args, desk, finding, course: oncall.close(
        desk, finding, course, args.disposition, args.by, args.cause,
        approver=args.approved_by, action=args.action,
    ),
}  # fmt: skip


def desk(settings: Settings, store: Store) -> Desk:
    """Where an act of now is recorded."""
    org_id = acts.known_organisation(settings, store)
    return Desk(wiring.open_forms(settings), org_id, wiring.now())


def _act(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    finding = one(store, args.finding)[-1]
    course = oncall.course(store, finding["finding_id"])
    events = ACTS[args.part](args, desk(settings, store), finding, course)
    acts.publish(settings, events)
    _recorded(args, events, f"{finding['control']} {finding['finding_id']}")
    return 0


def _silence(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    control, subject = args.control, args.subject
    if args.finding:
        if control or subject:
            raise Refusal("ID: names control and subject by itself; leave --control and --subject")
        finding = one(store, args.finding)[-1]
        control, subject = finding["control"], finding["subject"]
    elif control:
        control = catalogue.load(settings.controls)[control].id
    events = oncall.silence(
        desk(settings, store), moment(args.until), args.by, args.approved_by, args.reason,
        control=control, subject=subject, kind="exception" if args.exception else "silence",
    )  # fmt: skip
    acts.publish(settings, events)
    _recorded(args, events, " ".join(filter(None, (control, subject))))
    return 0


def _unsilence(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    standing = Standing.read(store, wiring.open_forms(settings), {})
    found = [each for each in standing.silences() if each.silence_id == args.silence]
    if not found:
        raise Refusal(f"{args.silence}: no such silence; `shoseki findings silences` lists them")
    events = oncall.unsilence(desk(settings, store), found[-1], args.by, args.reason)
    acts.publish(settings, events)
    _recorded(args, events, args.silence)
    return 0


def _silences(args: argparse.Namespace, settings: Settings, store: Store) -> int:
    standing = Standing.read(store, wiring.open_forms(settings), {})
    now = wiring.now()
    rows = [
        {
            "silence_id": silence.silence_id,
            "kind": silence.kind,
            "control": silence.control_id,
            "subject": silence.subject_ref,
            "starts_at": jst_text(silence.starts_at),
            "ends_at": jst_text(silence.ends_at),
            "active": silence.starts_at <= now < silence.ends_at,
            "by": silence.by_ref,
            "approver": silence.approver_ref,
            "reason": silence.reason,
        }
        for silence in standing.silences()
    ]
    if args.json:
        for row in rows:
            print(words.line(row))
    elif rows:
        print(words.table(list(rows[0]), [list(row.values()) for row in rows]))
    else:
        print("no silences")
    return 0


def _recorded(args: argparse.Namespace, events: Sequence[Event], what: str) -> None:
    """Say what was put on record."""
    for event in events:
        step = getattr(event, "step", None) or getattr(event, "kind", "")
        row = {"event_id": event.event_id, "event_type": event.type, "step": step}
        print(words.line(row) if args.json else f"{event.type} {step}: recorded for {what}")
