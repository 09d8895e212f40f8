"""Where the time of an event goes, as ratios in one run on the same events.

    python tests/bench [--events 100000] [--memory 1000000] [--pack 10000000] [--profile] [--json]
                       [--kafka [--backlog 1000000]]

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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

import workload  # noqa: E402

MONTHS = 200
"""People in the company by which memory is watched: so many of its events are months, longer than
any observation is held."""
STOCK = 10_000
"""Events for the plain agent at most: it is slow, and its time an event does not change."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests/bench", description=__doc__)
    parser.add_argument("--events", type=int, default=100_000, metavar="N")
    parser.add_argument("--memory", type=int, default=0, metavar="N",
                        help="watch the memory of the service over so many events")  # fmt: skip
    parser.add_argument("--pack", type=int, default=0, metavar="N",
                        help="a pack of so many rows, most of them copies")  # fmt: skip
    parser.add_argument("--kafka", action="store_true",
                        help="on a real broker too; Maven fetches it once")  # fmt: skip
    parser.add_argument("--broker", metavar="HOST:PORT",
                        help="on this broker, all of whose topics are deleted")  # fmt: skip
    parser.add_argument("--backlog", type=int, default=0, metavar="N",
                        help="on Kafka: catch up with so many raw events")  # fmt: skip
    parser.add_argument("--rate", type=float, help=argparse.SUPPRESS)
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
    with tempfile.TemporaryDirectory(prefix="shoseki-bench-") as folder:
        here = Path(folder)
        say(f"making {args.events:,} events …")
        lanes = workload.write(here / "events.jsonl", args.events)
        names = ["judging", "stages", "judging_nine", "service", "nine"]
        names += ["stock", "breadth", "proving"]
        names += ["profile"] * args.profile
        found: dict[str, Any] = {
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "machine": machine(),
            "events": args.events,
            "lanes": lanes,
        }
        for name in names:
            found[name] = part(name, here / "events.jsonl", here, args)
        if args.kafka or args.broker:
            found["kafka"] = on_kafka(here, args)
        if args.memory:
            say(f"making {args.memory:,} events …")
            workload.write(here / "events.jsonl", args.memory, MONTHS)
            found["memory"] = part("memory", here / "events.jsonl", here, args)
    found |= summary(found)
    print(json.dumps(found) if args.json else table(found))
    return 0


def on_kafka(here: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Every measurement on Kafka, the latency at half the rate that was found before it."""
    file = here / "events.jsonl"
    with broker(here, args.broker) as args.broker:
        found = {name: part(name, file, here, args) for name in KAFKA}
        args.rate = found["together"]["events"] / found["together"]["seconds"] / 2
        found["latency"] = part("latency", file, here, args)
        if args.backlog:
            say(f"making {args.backlog:,} events …")
            workload.write(here / "backlog.jsonl", args.backlog)
            found["backlog"] = part("together", here / "backlog.jsonl", here, args)
    return found


@contextmanager
def broker(here: Path, given: str | None) -> Iterator[str]:
    """The broker that is given, else one for this run."""
    if given:
        yield given
        return
    from tests.streams.kafka.broker import Kafka

    say("starting Kafka …")
    with Kafka(here / "kafka").started() as kafka:
        yield kafka.bootstrap


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
    command += ["--pack", str(args.pack)]
    if args.broker:
        command += ["--broker", args.broker, "--rate", str(args.rate or 0)]
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

    return service.measure(file, here / "service")


def _nine(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import service

    return service.measure(file, here / "nine", service.NINE)


def _judging_nine(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import judging
    import service

    return judging.measure(file, here / "judging-nine", service.NINE)


def _memory(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import service

    return service.memory(file, here)


def _breadth(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import breadth

    return breadth.measure(file)


def _proving(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import proving

    return proving.measure(file, here, args.pack)


def _stock(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import stock

    return stock.measure(file, here, STOCK)


def _packed(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import production

    return production.packed(file, here, args.broker)


def _alone(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import production

    return production.alone(file, here, args.broker)


def _together(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import production

    return production.together(file, here / file.stem, args.broker)


def _plain(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import production

    return production.plain(file, here, args.broker, STOCK)


def _latency(file: Path, here: Path, args: argparse.Namespace) -> Any:
    import production

    return production.latency(file, here, args.broker, args.rate)


KAFKA = ("packed", "alone", "together", "plain")
PARTS = {
    "judging": _judging,
    "stages": _stages,
    "profile": _profile,
    "service": _service,
    "nine": _nine,
    "judging_nine": _judging_nine,
    "memory": _memory,
    "stock": _stock,
    "breadth": _breadth,
    "proving": _proving,
    "packed": _packed,
    "alone": _alone,
    "together": _together,
    "plain": _plain,
    "latency": _latency,
}


def summary(found: dict[str, Any]) -> dict[str, Any]:
    """Microseconds an event, and the ratios."""
    count = found["events"]

    def each(seconds: float, events: int = count) -> float:
        return round(seconds / events * 1e6, 2)

    check, floor = found["judging"]["seconds"], sum(found["judging"]["floor"].values())
    nine = found["judging_nine"]
    service = found["service"]["seconds"]
    blocks = sum(found["service"]["lanes"].values())
    lanes = {  # blocks are charged to their lane, what lies between them in proportion
        lane: each(seconds / blocks * service, found["lanes"][lane])
        for lane, seconds in found["service"]["lanes"].items()
        if found["lanes"][lane]
    }
    stock = found["stock"]["seconds"] / found["stock"]["events"] * count
    us, ratios = kafka_summary(found) if "kafka" in found else ({}, {})
    return {
        "us": {
            "stages": {name: each(s) for name, s in found["stages"]["stages"].items()},
            "whole_by_stage": each(found["stages"]["seconds"]),
            "check": each(check),
            "check_nine": each(nine["seconds"]),
            "floor": each(floor),
            "floor_decode": each(found["judging"]["floor"]["decode"]),
            "floor_insert": each(found["judging"]["floor"]["insert"]),
            "publish": each(found["service"]["publish"]),
            "service": each(service),
            "service_nine": each(found["nine"]["seconds"]),
            "lanes": lanes,
            "stock": each(stock),
            **us,
        },
        "ratios": {
            "check_to_floor": round(floor / check, 3),
            "check_nine_to_floor": round(sum(nine["floor"].values()) / nine["seconds"], 3),
            "service_to_check": round(check / service, 3),
            "service_to_stock": round(stock / service, 2),
            "service_nine_to_stock": round(stock / found["nine"]["seconds"], 2),
            "proof_to_whole": round(proof(found), 3),
            **{
                f"{what}_to_reading": round(found["proving"][what] / found["proving"]["reading"], 2)
                for what in ("writing", "verifying")
            },
            **{
                f"all_to_reading {name}": round(of["all"] / of["reading"], 3)
                for name, of in found["breadth"].items()
            },
            **ratios,
        },
    }


def proof(found: dict[str, Any]) -> float:
    """What pseudonyms and ledger take of the pipeline's time."""
    stages = found["stages"]["stages"]
    return float((stages["forms"] + stages["seal"]) / found["stages"]["seconds"])


def kafka_summary(found: dict[str, Any]) -> tuple[dict[str, Any], dict[str, float]]:
    """What one core takes an event, `worker` of traffic and `intake`; all by both clocks; the
    ratios."""
    kafka, embedded = found["kafka"], found["service"]
    names = {"packed": "packed", "alone": "intake", "together": "raw", "plain": "stock"}
    us = {
        clock: {
            name: round(kafka[part][clock] / kafka[part]["events"] * 1e6, 2)
            for part, name in names.items()
        }
        for clock in ("seconds", "cpu")
    }
    blocks = kafka["packed"]["lanes"]
    traffic = blocks["access"] / sum(blocks.values()) * kafka["packed"]["cpu"]
    wall, cpu = us["seconds"], us["cpu"]
    return {
        "worker": round(traffic / found["lanes"]["access"] * 1e6, 2),
        "intake": cpu["intake"],
        "kafka": {"wall": wall, "cpu": cpu},
    }, {
        "packed_to_service": round(embedded["seconds"] / kafka["packed"]["seconds"], 3),
        "packed_to_service_cpu": round(embedded["cpu"] / kafka["packed"]["cpu"], 3),
        "intake_to_stock": round(wall["stock"] / wall["intake"], 2),
        "intake_to_stock_cpu": round(cpu["stock"] / cpu["intake"], 2),
        "raw_to_stock": round(wall["stock"] / wall["raw"], 2),
        "raw_to_stock_cpu": round(cpu["stock"] / cpu["raw"], 2),
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
        f"  {'the same, nine controls':26}{us['check_nine']:9.2f}",
        f"  {'publish':26}{us['publish']:9.2f}",
        f"  {'service':26}{us['service']:9.2f}",
        f"  {'service, nine controls':26}{us['service_nine']:9.2f}",
        f"  {'stock Faust agent':26}{us['stock']:9.2f}   over {found['stock']['events']:,} events",
        "",
        f"  {'check to floor':26}{ratios['check_to_floor']:9.3f}   at least 0.15 is wanted",
        f"  {'the same, nine controls':26}{ratios['check_nine_to_floor']:9.3f}",
        f"  {'service to check':26}{ratios['service_to_check']:9.3f}   at least 0.6 is wanted",
        f"  {'service to stock agent':26}{ratios['service_to_stock']:9.2f}   at least 8 is wanted",
        f"  {'the same, nine controls':26}{ratios['service_nine_to_stock']:9.2f}",
    ]
    proving = found["proving"]
    lines += [
        f"  {'pseudonyms and ledger':26}{ratios['proof_to_whole']:9.3f}   at most 0.2 is wanted",
        "",
        f"  a pack of all {proving['rows']:,} rows ({proving['bytes'] / 1e6:,.1f} MB)",
        f"  {'reading them once, s':26}{proving['reading']:9.2f}",
        f"  {'writing to reading':26}{ratios['writing_to_reading']:9.2f}",
        f"  {'verifying to reading':26}{ratios['verifying_to_reading']:9.2f}",
        *(f"  {'peak memory, ' + at:26}{n:9.1f} MiB" for at, n in proving["rss_mib"].items()),
    ]
    lines += ["", "  the engine over one type: its readers alone, all controls, their ratio"]
    for name, of in found["breadth"].items():
        reading, whole = (of[part] / of["events"] * 1e6 for part in ("reading", "all"))
        told = f"{of['readers']} and {of['controls']} controls, {of['events']:,} events"
        lines.append(f"  {name:26}{reading:9.2f}{whole:9.2f}{whole / reading:9.3f}   {told}")
    if "kafka" in found:
        lines += kafka_table(found)
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


def kafka_table(found: dict[str, Any]) -> list[str]:
    kafka, ratios, us = found["kafka"], found["ratios"], found["us"]["kafka"]
    names = {
        "packed": "worker, packed events",
        "intake": "intake alone",
        "raw": "raw topic to store",
        "stock": "stock agent on Kafka",
    }
    wanted = {
        "packed_to_service": ("packed to service", 0.6),
        "intake_to_stock": ("intake to stock agent", 8),
        "raw_to_stock": ("raw topic to stock agent", 3),
    }
    latency, backlog = kafka["latency"], kafka.get("backlog", kafka["together"])
    lines = ["", f"  {'on Kafka':26}{'wall':>9}{'CPU':>9}"]
    lines += [f"  {text:26}{us['wall'][n]:9.2f}{us['cpu'][n]:9.2f}" for n, text in names.items()]
    lines += [""]
    lines += [
        f"  {text:26}{ratios[name]:9.2f}{ratios[name + '_cpu']:9.2f}   at least {least} is wanted"
        for name, (text, least) in wanted.items()
    ]
    return [
        *lines,
        "",
        f"  sent until the finding is stored, {latency['findings']} findings at half the maximum "
        f"rate ({latency['rate']:,.0f}/s), ticks of 1 s included",
        f"  {'latency p50':26}{latency['p50']:9.0f} ms",
        f"  {'latency p99':26}{latency['p99']:9.0f} ms",
        f"  {'backlog caught up':26}{backlog['events'] / backlog['seconds']:9,.0f} events/s   "
        f"of {backlog['events']:,}",
    ]


if __name__ == "__main__":
    sys.exit(main())
