"""Where the time of an event goes, as ratios in one run on the same events.

    python tests/bench [--events 100000] [--memory 1000000] [--profile] [--json]

Every part is a process of its own, one after the other, garbage of the start frozen.  Nothing
here passes or fails: machines differ, and only the ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]
STOCK = 10_000
"""Events for the plain agent at most: it is slow, and its time an event does not change."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, metavar="N")
    parser.add_argument("--memory", type=int, default=0, metavar="N",
                        help="watch the memory of the service over so many events")  # fmt: skip
    parser.add_argument("--profile", action="store_true", help="the 15 costliest functions")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--part", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.part:
        name, file, here = args.part
        print(json.dumps(PARTS[name](Path(file), Path(here), args)))
        return 0
    if not sys.platform.startswith("linux"):
        print("bench: memory is read from /proc: run this on Linux", file=sys.stderr)
        return 2
    import workload

    with tempfile.TemporaryDirectory(prefix="shoseki-bench-") as folder:
        here = Path(folder)
        say(f"making {args.events:,} events …")
        lanes = workload.write(here / "events.jsonl", args.events)
        names = ["judging", "stages", "service", "stock"] + ["profile"] * args.profile
        found: dict[str, Any] = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "events": args.events,
            "lanes": lanes,
        }
        for name in names:
            found[name] = part(name, here / "events.jsonl", here, args)
        if args.memory:
            say(f"making {args.memory:,} events …")
            workload.write(here / "events.jsonl", args.memory)
            found["memory"] = part("memory", here / "events.jsonl", here, args)
    found |= summary(found)
    print(json.dumps(found) if args.json else table(found))
    return 0


def machine() -> dict[str, Any]:
    """What it was measured on."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in info if line.startswith("model name")]
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / (1 << 30)),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def part(name: str, file: Path, here: Path, args: argparse.Namespace) -> Any:
    """One measurement in a process of its own; what it prints last is its answer."""
    say(f"{name} …")
    command = [sys.executable, str(HERE), "--part", name, str(file), str(here)]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=here, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _judging(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import judging

    return judging.measure(file, here)


def _stages(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import judging

    return judging.stages(file, here)


def _profile(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import judging

    return judging.profiled(file, here)


def _service(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import service

    return service.measure(file, here)


def _memory(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import service

    return service.memory(file, here)


def _stock(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import stock

    return stock.measure(file, here, STOCK)


PARTS = {
    "judging": _judging,
    "stages": _stages,
    "profile": _profile,
    "service": _service,
    "memory": _memory,
    "stock": _stock,
}


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Microseconds an event, and the three ratios."""
    count = found["events"]

    def each(seconds: float, events: int = count) -> float:
        return round(seconds / events * 1e6, 2)

    check, floor = found["judging"]["seconds"], sum(found["judging"]["floor"].values())
    service = found["service"]["seconds"]
    blocks = sum(found["service"]["lanes"].values())
    lanes = {  # blocks are charged to their lane, what lies between them in proportion
        lane: each(seconds / blocks * service, found["lanes"][lane])
        for lane, seconds in found["service"]["lanes"].items()
        if found["lanes"][lane]
    }
    stock = found["stock"]["seconds"] / found["stock"]["events"] * count
    return {
        "us": {
            "stages": {name: each(s) for name, s in found["stages"]["stages"].items()},
            "whole_by_stage": each(found["stages"]["seconds"]),
            "check": each(check),
            "floor": each(floor),
            "floor_decode": each(found["judging"]["floor"]["decode"]),
            "floor_insert": each(found["judging"]["floor"]["insert"]),
            "publish": each(found["service"]["publish"]),
            "service": each(service),
            "lanes": lanes,
            "stock": each(stock),
        },
        "ratios": {
            "check_to_floor": round(floor / check, 3),
            "service_to_check": round(check / service, 3),
            "service_to_stock": round(stock / service, 2),
        },
    }


def table(found: dict[str, Any]) -> str:
    us, ratios = found["us"], found["ratios"]
    lanes = ", ".join(f"{name} {n:,}" for name, n in found["lanes"].items())
    lines = [f"{found['events']:,} events ({lanes}); microseconds an event", ""]
    lines += [f"  {name:26}{value:9.2f}" for name, value in us["stages"].items()]
    lines += [
        f"  {'sum':26}{sum(us['stages'].values()):9.2f}",
        f"  {'whole, by another clock':26}{us['whole_by_stage']:9.2f}",
        "",
        f"  {'floor: msgspec decode':26}{us['floor_decode']:9.2f}",
        f"  {'floor: insert of Arrow':26}{us['floor_insert']:9.2f}",
        f"  {'floor':26}{us['floor']:9.2f}",
        f"  {'check --record, unwatched':26}{us['check']:9.2f}",
        f"  {'publish':26}{us['publish']:9.2f}",
        f"  {'service':26}{us['service']:9.2f}",
        f"  {'stock Faust agent':26}{us['stock']:9.2f}   over {found['stock']['events']:,} events",
        "",
        f"  {'check to floor':26}{ratios['check_to_floor']:9.3f}   at least 0.15 is wanted",
        f"  {'service to check':26}{ratios['service_to_check']:9.3f}   at least 0.6 is wanted",
        f"  {'service to stock agent':26}{ratios['service_to_stock']:9.2f}   at least 8 is wanted",
    ]
    of_lane = us["lanes"].items()
    lines += ["", "  the service by lane, a lane's own events"]
    lines += [f"  {'lane ' + lane:26}{value:9.2f}" for lane, value in of_lane]
    lines += ["", "  bytes an event"]
    lines += [
        f"  {name:26}{found['service']['bytes'][name]:9.1f}"
        for name in ("raw", "log", "changelog", "store")
    ]
    if "memory" in found:
        sizes = found["memory"]["rss_mib"]
        lines += ["", f"  resident memory of the service over {found['memory']['events']:,} events"]
        lines += [f"  {at + ' %':26}{sizes[at]:9.1f} MiB" for at in ("10", "50", "100")]
    if "profile" in found:
        lines += ["", found["profile"]["profile"].strip()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
