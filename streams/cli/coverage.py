"""`shoseki coverage`: every statement of the policies, its controls, and what they have seen."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controls import catalogue, policies
from controls.calendar import jst_text
from controls.kernel import Refusal
from controls.policies import Policy, Statement
from streams import settings as configuration
from streams import wiring, words

HELP = "the policies, statement by statement: which controls keep watch over it"
STORE = True
VERDICTS = ("pass", "violation", "indeterminate", "not_applicable")
JUDGED = ("pass", "violation", "indeterminate")


def options(parser: argparse.ArgumentParser) -> None:
    """[POLICY], --policies, --config, --json."""
    parser.add_argument("policy", nargs="?", metavar="POLICY", help="one policy only, by its id")
    parser.add_argument(
        "--policies", type=Path, metavar="DIR", help="a company's own policies, one TOML each"
    )
    parser.add_argument(
        "--config", type=Path, metavar="TOML", help="show what the controls saw in this store"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a store holds of the controls: verdicts, and when each last judged something (ms)."""

    verdicts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    last: Mapping[str, int] = field(default_factory=dict)


def run(args: argparse.Namespace) -> int:
    """0; an unknown policy is a Refusal."""
    every = policies.load(args.policies or policies.OURS)
    chosen = [p for p in every if args.policy in (None, p.id)]
    if not chosen:
        known = ", ".join(policy.id for policy in every)
        raise Refusal(f"{args.policy}: no such policy; there are {known}")
    settings = configuration.load(args.config)
    live = {control.id for control in catalogue.load(settings.controls).controls}
    seen = None
    if args.config is not None:
        with wiring.using(settings.store, settings.clickhouse) as store:
            seen = Seen(store.populations(), store.last_judged())
    rows = [row(policy, s, live, seen) for policy in chosen for s in policy.statements]
    if args.json:
        for each in rows:
            print(words.line(each))
    else:
        for policy in chosen:
            print(page(policy, [r for r in rows if r["policy"] == policy.id], seen))
        if len(chosen) > 1:
            print(f"{sum(r['live'] for r in rows)} of {len(rows)} statements live in all")
    return 0


def is_live(statement: Statement, live: set[str]) -> bool:
    """All that check it are in force; for a statement that events check GOV-09 does not count."""
    return set(statement.checked_by) <= live


def row(policy: Policy, statement: Statement, live: set[str], seen: Seen | None) -> dict[str, Any]:
    """A statement as plain JSON; with a store also what its controls saw."""
    found: dict[str, Any] = {
        "policy": policy.id,
        "statement": statement.id,
        "locator": statement.place,
        "text": statement.text,
        "mode": statement.mode,
        "controls": list(statement.controls),
        "live": is_live(statement, live),
        "findings": [{"id": f.id, "text": f.text} for f in policy.doubts(statement.id)],
    }
    if seen is not None:
        found["seen"] = state(statement, seen)
        found["verdicts"] = {
            name: {v: seen.verdicts.get(name, {}).get(v, 0) for v in VERDICTS}
            | {"last": jst_text(seen.last[name]) if name in seen.last else None}
            for name in statement.controls
        }
    return found


def state(statement: Statement, seen: Seen) -> str:
    """`violation`, `indeterminate`, `pass`, or `nothing`: never kept, only because nothing came."""
    counts = {
        verdict: sum(seen.verdicts.get(name, {}).get(verdict, 0) for name in statement.checked_by)
        for verdict in JUDGED
    }
    worst = [v for v in ("violation", "indeterminate", "pass") if counts[v]]
    return worst[0] if worst else "nothing"


SAYS = {
    "violation": "violations",
    "indeterminate": "not decided",
    "pass": "kept so far",
    "nothing": "nothing seen",
}


def page(policy: Policy, rows: list[dict[str, Any]], seen: Seen | None) -> str:
    """A policy for a terminal."""
    live = sum(each["live"] for each in rows)
    lines = [
        f"{policy.id}  {policy.operator}: {policy.title}",
        f"{live} of {len(rows)} statements live",
        "",
    ]
    heads: tuple[str, ...] = ("statement", "mode", "live", "controls", "text")
    table = []
    for each in rows:
        line = [each["statement"], each["mode"], "yes" if each["live"] else "no"]
        if seen is not None:
            line.append(SAYS[each["seen"]])
        table.append((*line, ", ".join(each["controls"]), each["text"]))
    if seen is not None:
        heads = ("statement", "mode", "live", "seen", "controls", "text")
    lines.append(words.table(heads, table))
    for finding in policy.findings:
        places = ", ".join(finding.statements)
        lines += ["", f"{finding.id} (about {places}; shown, never enforced): {finding.text}"]
    return "\n".join([*lines, ""])
