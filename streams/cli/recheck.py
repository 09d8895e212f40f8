"""`shoseki recheck`: judge the events of a pack again, from the pack alone."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from controls.catalogue import Overrides
from controls.kernel import Refusal
from streams import wiring, words
from streams.evidence.verify import NotAPack, verify_pack
from streams.export.packed import material
from streams.export.recheck import Report, Tally, recheck
from streams.pipeline import Parts
from streams.pseudonyms import Plain
from streams.settings import Settings
from streams.store.memory import Memory

HELP = "judge the events of an evidence pack again, from the pack alone, and compare"
COMPARED = ("samples", "findings", "population")


def options(parser: argparse.ArgumentParser) -> None:
    """PACK.zip, --force, --json."""
    parser.add_argument("pack", type=Path, metavar="PACK.zip", help="an evidence pack")
    parser.add_argument(
        "--force", action="store_true", help="judge by the rules installed here, whatever they are"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object a line")


def run(args: argparse.Namespace) -> int:
    """0 where whatever can be judged again comes to the same, 1 where something does not, or where
    the pack does not hold; a file that is no pack is a Refusal."""
    try:
        fault = verify_pack(args.pack).fault
    except NotAPack as refused:
        raise Refusal(str(refused)) from None
    if fault is not None:
        said = f"{args.pack}: does not hold, so nothing is judged: {fault}"
        print(words.line({"equal": False, "fault": f"{fault}"}) if args.json else said)
        return 1
    wiring.collect_seldom()
    with material(args.pack) as held:
        report = recheck(held, parts, args.force)
    for text in lines(report) if args.json else page(report):
        print(text)
    return 1 if report.different else 0


def parts(controls: Overrides, forms: Plain) -> Parts:
    """Parts that keep nothing, under the parameters of a pack."""
    return wiring.parts(
        Settings(controls={name: dict(values) for name, values in controls.items()}),
        Memory(),
        forms,
        "catalogue.json",
    )


def lines(report: Report) -> Iterator[str]:
    """An object a control, and one for all."""
    for result in report.results:
        compared = {what: shown(getattr(result, what)) for what in COMPARED}
        differences = {"differences": result.differences}
        yield words.line({"control": result.control, **compared, **differences})
    yield words.line(
        {
            "equal": not report.different,
            **{what: shown(report.total(what)) for what in COMPARED},
            "stated": report.stated,
            "installed": report.installed,
            "forced": report.forced,
        }
    )


def shown(tally: Tally) -> dict[str, Any]:
    return {
        "equal": tally.equal,
        "different": tally.different,
        "not_rejudgeable": dict(sorted(tally.untold.items())),
    }


def page(report: Report) -> Iterator[str]:
    """The report for a terminal."""
    if report.stated != report.installed:
        yield f"rules of the pack   {report.stated}"
        yield f"rules installed     {report.installed}"
        if report.forced:
            yield "judged by the installed ones"
        else:
            yield "not judged: controls whose code differs; --force judges them by these rules"
        yield ""
    rows = [
        (
            result.control,
            *(number for what in COMPARED for number in _numbers(getattr(result, what))),
            "; ".join(sorted({why for what in COMPARED for why in getattr(result, what).untold})),
        )
        for result in report.results
    ]
    heads = [f"{what} {each}" for what in COMPARED for each in ("=", "≠", "?")]
    yield words.table(("control", *heads, "not re-judgeable: why"), rows, right=range(1, 10))
    yield ""
    for result in report.results:
        for difference in result.differences:
            yield f"{result.control}: {difference}"
    for what in COMPARED:
        equal, different, untold = _numbers(report.total(what))
        yield f"{what}: {equal} equal, {different} different, {untold} not re-judgeable"


def _numbers(tally: Tally) -> tuple[int, int, int]:
    return tally.equal, tally.different, tally.untold.total()
