"""`shoseki demo`: a simulated company through the embedded service, to a verified pack."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from heapq import merge
from pathlib import Path
from typing import Any

import msgspec

from controls import catalogue, policies
from controls.calendar import day_start, jst_day, jst_text
from controls.catalogue import Catalogue
from controls.events.fields import instant
from controls.kernel import HOUR, Refusal, arrival
from streams import settings as configuration
from streams import wiring, words
from streams.alerts.rehearsal import rehearsed
from streams.app import Service
from streams.cli.check import SHOWN
from streams.cli.export import order
from streams.console import Console, Office, write
from streams.evidence.verify import Report, verify_pack
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.pack import write_pack
from streams.local import Broker
from streams.pipeline import Parts
from streams.publish import Publisher, open_log
from streams.reading import Item, Reader
from streams.rejects import Reject
from streams.simulate import Simulation, simulate
from streams.simulate.weblog import LOGS, combined_log, source_toml
from streams.store import Store

HELP = "a simulated company, judged and sealed: writes DIR/pack.zip and serves its console"
MARK = ".shoseki-demo"
CONFIG = """\
broker = "local://{here}/data/log"
store = "chdb://{here}/data/store"
keys = "{here}/keys"
data = "{here}/data"
org_id = "{org}"
partitions = 2
metrics = "127.0.0.1:9464"
"""
ONE_DAY = timedelta(days=1)
MONTH = 31
"""Days that the pages of a month look back at most."""
STEP = 12 * HOUR
"""Simulated time between two ticks of the demo, in milliseconds."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, default=Path("demo"), help="where to write (demo)")
    parser.add_argument("--months", type=int, default=3, help="length of the period (3)")
    parser.add_argument("--staff", type=int, default=200, help="people in the company (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same company (1)")
    parser.add_argument(
        "--no-serve",
        action="store_true",
        help="write the console as files to DIR/console, as where no terminal is there to end it",
    )


def run(args: argparse.Namespace) -> int:
    """0 where the pack verifies; 2 where something kept the demo from running.

    On a terminal it ends by serving the console, until somebody ends it.
    """
    here: Path = args.dir
    clean(here)
    say(f"1/5  simulating {args.months} months of a company of {args.staff} people …")
    company = simulate(args.months, args.staff, args.seed, ["all"])
    (here / "shoseki.toml").write_text(CONFIG.format(here=here, org=company.org))
    settings = configuration.load(here / "shoseki.toml")
    sizes = write_files(company, here)
    logs = sum(number for name, number in sizes.items() if name != "events")
    say(f"     {sizes.total():,} events, {logs:,} of them as lines of two web servers' logs")
    with wiring.hold(settings.store) as store:
        return asyncio.run(played(args, settings, store, company, sizes.total()))


async def played(
    args: argparse.Namespace,
    settings: configuration.Settings,
    store: Store,
    company: Simulation,
    total: int,
) -> int:
    """Everything but the simulation, in one event loop: the embedded log belongs to it."""
    here: Path = args.dir
    moment = Moment(instant(company.until))
    directory = wiring.log_directory(settings)
    assert directory is not None
    _held = Broker.shared(directory, clock=lambda: moment.now)  # shared while it is held
    forms, found = wiring.open_forms(settings), catalogue.load()
    parts = wiring.install(settings.store, wiring.parts(settings, store, forms))
    say("2/5  publishing and judging them, half a day at a time …")
    await stream(settings, parts, company, here, total, found, moment)
    say("3/5  cutting the evidence pack: tables, report, workbook, samples, proofs …")
    pack = here / "pack.zip"
    evidence = Evidence(store, cut(store), Period(company.start, company.end - ONE_DAY))
    write_pack(order(settings, evidence, found), pack, lambda text: say(f"     {text} …"))
    findings = [f for f in store.findings() if f["verdict"] in SHOWN]
    say("4/5  verifying it, with code that shares nothing with what wrote it …")
    report = verify_pack(pack, {})
    tell(here, company, findings, store.populations(), report)
    if report.fault is not None:
        return 1
    if args.no_serve or not sys.stdout.isatty():
        say("5/5  writing the console as files …")
        until, days = instant(company.until), MONTH * args.months
        pages = write(store, found, policies.load(), until, here / "console", days)
        print(f"  {here}/console/index.html   {pages:,} pages of the console, as files")
    else:
        say("5/5  serving the console …")
        await serve(settings, wiring.parts(settings, store, forms), moment)
    return 0


def tell(
    here: Path,
    company: Simulation,
    findings: Sequence[Mapping[str, Any]],
    populations: Mapping[str, Mapping[str, int]],
    report: Report,
) -> None:
    """What was looked at, what was found, and what to open and to try."""
    pack = here / "pack.zip"
    print(words.populations_table(populations))
    print()
    found = [f for f in findings if f["verdict"] == "violation"]
    print(words.findings_table(found))
    statuses = Counter(f["status"] for f in found)
    print(
        f"\n{len(found)} violations: {statuses['open']} open, {statuses['acknowledged']} "
        f"acknowledged, {statuses['closed']} closed by the people on call or over; "
        f"{len(findings) - len(found)} findings are indeterminate (a question nobody answered yet, "
        "never a pass)"
    )
    if report.fault is not None:
        print(f"{pack}: does not hold: {report.fault}")
        return
    print(
        f"{pack}: holds – {report.blocks:,} blocks, {report.rows:,} rows, "
        f"{len(report.heads)} chains"
    )
    me = sys.argv[0] if Path(sys.argv[0]).name == "shoseki" else "shoseki"
    print(f"""
What to open:
  {pack}             report.pdf, workbook.xlsx, 13 tables, samples, rows and proofs
  {here}/labels.jsonl         what was planted, to compare with the findings
What to try:
  unzip -o {pack} verify.py -d {here} && python3 {here}/verify.py {pack}
  {me} recheck {pack}
  {me} findings list --config {here}/shoseki.toml
  {me} controls show TEC-05
  {me} check --until {company.until} {here}/events.jsonl""")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def clean(here: Path) -> None:
    """An empty directory for the demo; one that is not an earlier demo's is left alone."""
    if here.exists() and any(here.iterdir()) and not (here / MARK).exists():
        raise Refusal(f"{here}: is not empty and no earlier demo; give another --dir")
    shutil.rmtree(here, ignore_errors=True)
    try:
        here.mkdir(parents=True, mode=0o700)
        (here / MARK).touch()
    except OSError as error:
        raise Refusal(f"{here}: cannot be written ({error.strerror}); give another --dir") from None


def write_files(company: Simulation, here: Path) -> Counter[str]:
    """The events as files: event lines, and each web server's log with what it is the log of."""
    sizes: Counter[str] = Counter()
    encode = msgspec.json.Encoder().encode
    with ExitStack() as stack:
        names = ("events", *LOGS)
        files = {
            name: stack.enter_context(open(file(here, name), "wb", buffering=1 << 20))
            for name in names
        }
        for source_id, value in combined_log(company):
            line = value.encode() if isinstance(value, str) else encode(value)
            name = source_id or "events"
            files[name].write(line + b"\n")
            sizes[name] += 1
    for source_id in LOGS:
        (here / f"{source_id}.toml").write_text(source_toml(source_id, company.org))
    with open(here / "labels.jsonl", "wb") as labels:
        labels.writelines(encode(label) + b"\n" for label in company.labels)
    return sizes


def file(here: Path, name: str) -> Path:
    return here / (f"{name}.jsonl" if name == "events" else f"{name}.log")


def items(parts: Parts, here: Path) -> Iterator[Item]:
    """Everything the company's systems wrote, in order of arrival."""
    native = Reader(parts.forms, org_id=parts.org_id)
    streams = [native.file(str(file(here, "events")))]
    for source_id in LOGS:
        reader = Reader(parts.forms, "combined", here / f"{source_id}.toml", parts.org_id)
        streams.append(reader.file(str(file(here, source_id))))
    yield from merge(*streams, key=lambda item: 0 if isinstance(item, Reject) else arrival(item))


async def stream(
    settings: configuration.Settings,
    parts: Parts,
    company: Simulation,
    here: Path,
    total: int,
    found: Catalogue,
    moment: Moment,
) -> None:
    """Publish step by step, with a tick after each, and let the service follow; at last what the
    people on call did about it."""
    moment.now = day_start(company.start)
    service = Service(settings, parts, ticks=False)
    log = open_log(settings)
    publisher = Publisher(log, settings.partitions)
    await service.start()
    wiring.collect_seldom()
    began = time.monotonic()
    pending: list[Item] = []
    edge, month = 0, ""
    for item in items(parts, here):
        at = edge if isinstance(item, Reject) else arrival(item)
        if at > edge:
            if pending:
                moment.now = edge
                publisher.publish(pending)
                publisher.tick(edge)
                pending = []
                await caught_up(service, edge)
                if f"{jst_day(edge):%Y-%m}" != month:
                    month = f"{jst_day(edge):%Y-%m}"
                    say(
                        f"     {month}  {publisher.events:>9,} of {total:,} events, "
                        f"{time.monotonic() - began:.0f} s"
                    )
            edge = (at // STEP + 1) * STEP
        pending.append(item)
    until = moment.now = instant(company.until)
    publisher.publish(pending)
    await settled(service, publisher, until)
    assert parts.org_id is not None
    controls = {control.id: control for control in found.controls}
    publisher.publish(rehearsed(parts.store, parts.forms, parts.org_id, until, controls))
    await settled(service, publisher, until + TWICE)
    entry = service.checkpoints.write(until)
    assert entry is not None
    service.anchors.append(entry)
    await service.stop()
    seconds = time.monotonic() - began
    say(
        f"     {publisher.events:,} events and {publisher.rejects} refused lines up to "
        f"{jst_text(until)[:16]} in {seconds:.0f} s"
    )


@dataclass(slots=True)
class Moment:
    """What time it is in the simulation (ms): by that clock the log appends."""

    now: int


TWICE = 3
"""Ticks after which nothing is open: twice more for what traffic told and for what that hides."""


async def settled(service: Service, publisher: Publisher, now: int) -> None:
    """Close all that is open at `now` (ms), and what follows from it in the milliseconds after."""
    for moment in range(now, now + TWICE):
        publisher.tick(moment)
        await caught_up(service, moment)


async def serve(settings: configuration.Settings, parts: Parts, moment: Moment) -> None:
    """The console, as of the end of the period, until SIGINT or SIGTERM; time stands still there
    but for the moments at which somebody acts."""
    service = Service(settings, parts, ticks=False)
    await service.start()
    ended, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    log = open_log(settings)
    publisher = Publisher(log, settings.partitions)
    moment.now += 2 * TWICE
    await settled(service, publisher, moment.now)
    office = Office.of(settings, parts.store, parts.forms, clock=lambda: moment.now)
    console = Console(replace(office, recorded=lambda: moment.now))
    console.start()
    print(f"\nThe console of the company, as of {jst_text(moment.now)[:16]}:")
    print(f"  {console.link('privacy-office')}\n  (opens once; Ctrl-C ends)", flush=True)
    while not ended.is_set() and service.failed is None:
        with suppress(TimeoutError):
            await asyncio.wait_for(ended.wait(), 0.5)
        if any(lag.messages for lag in service.worker.lags()):
            moment.now += TWICE
            await settled(service, publisher, moment.now)
    console.stop()
    log.close()
    await service.stop()


async def caught_up(service: Service, now: int) -> None:
    """Wait until every partition has judged the tick of `now`."""
    while service.failed is None and service.judged() < now:
        await asyncio.sleep(0.005)
    if service.failed is not None:
        await service.stop()
        raise Refusal(f"the worker stopped: {service.failed}")
