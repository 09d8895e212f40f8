"""Production on this machine, undisturbed or with faults; it ends with equal counts.

    make cluster                                  broker, intake, two workers and a company
    make soak                                     the same with 100 kills, at 1, 2 and 3 workers
    make soak ARGS="--workers 2 --kills 20 --seed 8"

Needs java and mvn; with Debian's `faketime` clocks go wrong, too.  Exit status 0 where everything
is equal, 1 at any difference, 2 where it could not be done; the folder is kept then.
"""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
import tempfile
from dataclasses import fields, replace
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.soak.campaign import Options, run, to_stderr  # noqa: E402
from tests.soak.house import Late  # noqa: E402

HELP = {
    "kills": "kill -9 of workers, intake and broker",
    "pauses": "SIGSTOP of a worker, longer than its session",
    "cuts": "nothing passes between the broker and a worker, longer than its session",
    "outages": "the store is down, or refuses, under full load",
    "outage": "seconds for which it does",
    "jumps": "a worker's wall clock goes wrong",
    "events": "events of the company at most",
    "staff": "people in the company",
    "seconds": "how long the load of one fault is sent for",
    "seed": "the same seed, the same company and faults",
    "state": "memory:// or rocksdb://",
}
CALM = {"kills": 0, "pauses": 0, "cuts": 0, "outages": 0, "jumps": 0}


def main() -> int:
    args = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    missing = [name for name in ("java", "mvn") if shutil.which(name) is None]
    if missing:
        to_stderr(f"{' and '.join(missing)}: not here; on Debian: default-jre-headless, maven")
        return 2
    options = Options(**{name: getattr(args, name) for name in HELP})
    if args.calm:
        options = replace(options, **CALM)
    folder = Path(tempfile.mkdtemp(prefix="shoseki-soak-", dir=args.dir))
    status, findings = 0, {}
    for workers in args.workers:
        said = f"{workers} workers, {'undisturbed' if args.calm else f'seed {options.seed}'}"
        to_stderr(f"== {said}: {folder}/{workers}")
        try:
            result = run(replace(options, workers=workers), folder / str(workers), to_stderr)
        except (Late, KeyboardInterrupt) as error:
            to_stderr(f"{error or 'interrupted'}\nkept: {folder}")
            return 2
        print(f"\n== {said}\n\n" + "\n".join(result.table) + "\n")
        for difference in result.differences:
            print(f"DIFFERENT  {difference}")
        findings[workers] = result.findings
        status |= bool(result.differences)
    if len({tuple(found) for found in findings.values()}) > 1:
        print(f"DIFFERENT  findings at {', '.join(map(str, findings))} workers")
        status = 1
    print("not equal" if status else "everything is equal")
    if status or args.keep:
        to_stderr(f"kept: {folder}")
    else:
        shutil.rmtree(folder)
    return status


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tests/soak", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument(
        "--workers", type=int, nargs="+", default=[1, 2, 3], metavar="N",
        help="one campaign for each number of workers (1 2 3)",
    )  # fmt: skip
    for field in fields(Options):
        if field.name in HELP:
            kind = type(field.default)
            parser.add_argument(
                f"--{field.name}", type=kind, default=field.default, metavar=kind.__name__.upper(),
                help=f"{HELP[field.name]} ({field.default})",
            )  # fmt: skip
    parser.add_argument("--calm", action="store_true", help="nothing goes wrong")
    parser.add_argument("--dir", type=Path, help="where the folder is made (the system's)")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    return parser.parse_args()


def interrupted(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
