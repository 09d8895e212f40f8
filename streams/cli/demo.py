"""`shoseki demo`: a simulated company through the embedded service, to a verified pack."""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from heapq import merge
from pathlib import Path

import msgspec

from controls import catalogue
from controls.calendar import jst_day, jst_text
from controls.events.fields import instant
from controls.kernel import HOUR, Refusal, arrival
from streams import settings as configuration
from streams import wiring, words
from streams.app import Service
from streams.cli.check import SHOWN
from streams.cli.export import order
from streams.evidence.verify import verify_pack
from streams.export.cut import Evidence, Period
from streams.export.cutting import cut
from streams.export.pack import write_pack
from streams.pipeline import Parts
from streams.publish import Publisher, open_log
from streams.reading import Item, Reader
from streams.rejects import Reject
from streams.simulate import Simulation, simulate
from streams.simulate.weblog import LOGS, combined_log, source_toml

HELP = "a simulated company, judged and sealed by the embedded service: writes DIR/pack.zip"
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
STEP = 12 * HOUR
"""Simulated time between two ticks of the demo, in milliseconds."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dir", type=Path, default=Path("demo"), help="where to write (demo)")
    parser.add_argument("--months", type=int, default=3, help="length of the period (3)")
    parser.add_argument("--staff", type=int, default=200, help="people in the company (200)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed, the same company (1)")


def run(args: argparse.Namespace) -> int:
    """0 where the pack verifies; 2 where something kept the demo from running."""
    here: Path = args.dir
    clean(here)
    say(f"1/4  simulating {args.months} months of a company of {args.staff} people …")
    company = simulate(args.months, args.staff, args.seed, ["all"])
    (here / "shoseki.toml").write_text(CONFIG.format(here=here, org=company.org))
    settings = configuration.load(here / "shoseki.toml")
    sizes = write_files(company, here)
    logs = sum(number for name, number in sizes.items() if name != "events")
    say(f"     {sizes.total():,} events, {logs:,} of them as lines of two web servers' logs")
    with wiring.hold(settings.store) as store:
        parts = wiring.parts(settings, store, wiring.open_forms(settings))
        wiring.install(settings.store, parts)
        say("2/4  publishing and judging them, half a day at a time …")
        asyncio.run(stream(settings, parts, company, here, sizes.total()))
        found = catalogue.load()
        say("3/4  cutting the evidence pack: tables, report, workbook, samples, proofs …")
        pack = here / "pack.zip"
        evidence = Evidence(store, cut(store), Period(company.start, company.end - ONE_DAY))
        write_pack(order(settings, evidence, found), pack, lambda text: say(f"     {text} …"))
        findings = [f for f in store.findings() if f["verdict"] in SHOWN]
        populations = store.populations()
    say("4/4  verifying it, with code that shares nothing with what wrote it …")
    report = verify_pack(pack, {})
    print(words.populations_table(populations))
    print()
    print(words.findings_table(f for f in findings if f["verdict"] == "violation"))
    open_questions = sum(f["verdict"] == "indeterminate" for f in findings)
    print(
        f"\n{len(findings) - open_questions} violations stand, {open_questions} findings are "
        "indeterminate (a question nobody answered yet, never a pass)"
    )
    if report.fault is not None:
        print(f"{pack}: does not hold: {report.fault}")
        return 1
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
    return 0


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
) -> None:
    """Publish step by step, with a tick after each, and let the service follow."""
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
    publisher.publish(pending)
    until = instant(company.until)
    for moment in (until, until + 1, until + 2):  # twice more: what traffic told, what that hides
        publisher.tick(moment)
        await caught_up(service, moment)
    entry = service.checkpoints.write(until)
    assert entry is not None
    service.anchors.append(entry)
    await service.stop()
    seconds = time.monotonic() - began
    say(
        f"     {publisher.events:,} events and {publisher.rejects} refused lines up to "
        f"{jst_text(until)[:16]} in {seconds:.0f} s"
    )


async def caught_up(service: Service, now: int) -> None:
    """Wait until every partition has judged the tick of `now`."""
    while service.failed is None and service.judged() < now:
        await asyncio.sleep(0.005)
    if service.failed is not None:
        await service.stop()
        raise Refusal(f"the worker stopped: {service.failed}")
