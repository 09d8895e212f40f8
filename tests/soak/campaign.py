"""One campaign: a simulated company's events through broker, intake and workers, while things go
wrong; then every count, and the findings of an embedded installation that nobody disturbed."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from controls.calendar import jst_day
from controls.events import LANES
from tests.soak import accounts, company, faults
from tests.soak.house import PATIENCE, House, faketime

TRIES = 5
"""How often a file is published until the broker has acknowledged all of it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a campaign is made of; the same options and day give the same load and faults."""

    workers: int = 2
    kills: int = 100
    pauses: int = 4
    cuts: int = 4
    outages: int = 2
    outage: float = 60.0
    """Seconds for which the store is away."""
    jumps: int = 8
    events: int = 40_000
    """At most so many of the company's last days."""
    staff: int = 1_000
    seconds: float = 4.0
    """How long the load of one fault is sent for, where it does not come at once."""
    seed: int = 7
    state: str = "memory://"


@dataclass(slots=True)
class Result:
    """What was done, and where it did not come out."""

    options: Options
    plan: list[faults.Fault]
    table: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    findings: list[tuple[str, str, str, str]] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """How many lay on each lane."""


def run(options: Options, folder: Path, say: Callable[[str], None] = print) -> Result:
    """Raises Late where something hangs; `folder` must not exist."""
    began = time.monotonic()
    today = jst_day(time.time_ns() // 1_000_000)
    lines = list(company.events(options.staff, options.seed, today, options.events))
    plan = faults.plan(
        options.kills, options.pauses, options.cuts, options.outages, options.jumps,
        outage=options.outage, workers=options.workers, seed=options.seed,
    )  # fmt: skip
    parts = company.parts(lines, len(plan) + 1, options.seed)
    result = Result(options, plan)
    with House(folder, options.workers, options.state) as house:
        say(f"broker, store, intake and {options.workers} workers run; {len(lines):,} events, "
            f"{len(plan)} faults")  # fmt: skip
        load = Load(house, options)
        with load:
            through(house, load, parts, plan, say)
        say("draining …")
        house.drain()
        seconds, rebalances = time.monotonic() - began, house.rebalances()
        for worker in house.workers:
            if faketime():
                worker.set_clock(0)
        on, found, truth, result.differences = closed(house, load, say)
        result.findings = found.findings
        result.lines = {name: lane.lines for name, lane in on.items()}
        result.table = table(house, load, plan, on, found, truth, seconds, rebalances)
    return result


def closed(
    house: House, load: Load, say: Callable[[str], None] = print
) -> tuple[dict[str, accounts.Lane], accounts.Holding, accounts.Holding, list[str]]:
    """End the processes of a house that has drained; what lay on the lanes, what its store and the
    twin's hold, and where that does not come out."""
    moments = accounts.horizon(time.time_ns() // 1_000_000)
    for moment in moments:
        accounts.tick(house.settings, moment)
        house.caught_up()
    statuses = [(process.name, process.stop()) for process in house.processes]
    said = [f"{name} ended with {status} after SIGTERM" for name, status in statuses if status]
    say("the same through an embedded installation that nobody disturbs …")
    twin = accounts.twin(house, load.files, moments)
    say("counting …")
    on = accounts.lanes(house)
    held = sum(sum(house.kafka.ends(raw.topic).values()) for raw in company.RAW)
    found, truth = accounts.holding(house.intake.config), accounts.holding(twin.config)
    said += accounts.differences(
        load.sent + load.published, held + load.published, on, found, truth
    )
    return on, found, truth, said


def through(
    house: House, load: Load, parts: Sequence[company.Part], plan: Sequence[faults.Fault],
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """Part by part, with a fault in the middle of each but the last."""
    for number, part in enumerate(parts):
        fault = plan[number] if number < len(plan) else None
        sending = load.send(part, at_once=fault is None or fault.full)
        if fault is not None:
            say(f"{number + 1:>4}/{len(plan)}  {fault}")
            time.sleep(fault.after)
            faults.strike(fault, house)
        house.wait(sending.done, "a part sent", 2 * PATIENCE)
        sending.result()
        house.settle()


class Load:
    """Sends parts, one after the other, in a thread: records as third parties would, and files."""

    def __init__(self, house: House, options: Options) -> None:
        from kafka import KafkaProducer

        self.sent = self.published = 0
        """Records and lines that were acknowledged."""
        self.again = 0
        """Lines that were published once more, since the first time was not acknowledged."""
        self.files: list[Path] = []
        self._house, self._options = house, options
        self._chance = Random(f"{options.seed}|load")
        self._thread = ThreadPoolExecutor(1)
        for raw in company.RAW:
            allow(house, raw.topic)
        self._producer = KafkaProducer(
            bootstrap_servers=house.kafka.bootstrap, acks="all", enable_idempotence=True,
            max_request_size=2 * company.HUGE,
            max_block_ms=300_000, delivery_timeout_ms=300_000, request_timeout_ms=10_000,
            reconnect_backoff_max_ms=1_000,
        )  # fmt: skip

    def __enter__(self) -> Load:
        return self

    def __exit__(self, *exc: object) -> None:
        self._producer.close(timeout=10)
        self._thread.shutdown(wait=False, cancel_futures=True)

    def send(self, part: company.Part, at_once: bool) -> Future[None]:
        return self._thread.submit(self._send, part, 0.0 if at_once else self._options.seconds)

    def _send(self, part: company.Part, seconds: float) -> None:
        """Records of all topics mixed, in the order of each, over so many seconds."""
        queue = [(name, value) for name, values in part.records.items() for value in values]
        places = [(self._chance.random(), n) for n in range(len(queue))]
        mixed = in_order(queue, places)
        if part.published:
            self._publish(part.published)
        began, answers = time.monotonic(), []
        for n, (name, value) in enumerate(mixed):
            wait = began + seconds * n / len(mixed) - time.monotonic()
            if wait > 0.02:
                time.sleep(wait)
            key = b"%d" % self._chance.randrange(100) if n % 2 else None
            answers.append(self._producer.send(name, value or b"", key=key))
        for answer in answers:
            answer.get(300)
        self.sent += len(answers)

    def _publish(self, lines: Sequence[bytes]) -> None:
        """As a person would: once more, where the broker was away for too long."""
        file = self._house.folder / f"published-{len(self.files)}.jsonl"
        file.write_bytes(b"\n".join(lines) + b"\n")
        self.files.append(file)
        for _ in range(TRIES):
            said = self._house.command("publish", "--json", str(file), status=(0, 2))
            if said:
                self.published += json.loads(said)["events"]
                return
            self.again += len(lines)
        raise AssertionError(f"{file} could not be published in {TRIES} times")


def in_order(
    queue: Sequence[tuple[str, bytes]], places: Sequence[tuple[float, int]]
) -> list[tuple[str, bytes]]:
    """Shuffled by the places, but of each topic in its own order."""
    order = [queue[n][0] for _, n in sorted(places)]
    left: dict[str, Any] = {name: iter([v for k, v in queue if k == name]) for name in set(order)}
    return [(name, next(left[name])) for name in order]


def allow(house: House, name: str) -> None:
    """A raw topic that takes records as large as their producers like."""
    from kafka.admin import ConfigResource

    with house.kafka.admin() as admin:
        large = {"max.message.bytes": str(2 * company.HUGE)}
        admin.alter_configs([ConfigResource("TOPIC", name, configs=large)])


def table(
    house: House, load: Load, plan: Sequence[faults.Fault], on: dict[str, accounts.Lane],
    found: accounts.Holding, truth: accounts.Holding, seconds: float, rebalances: int,
) -> list[str]:  # fmt: skip
    """What was done and what was counted."""
    happened = ", ".join(f"{kind} {n}" for kind, n in sorted(faults.count(plan).items()))
    kinds = [end.name.partition("-")[0] for end in house.ends]
    rows = [
        f"faults        {happened or 'none'}",
        f"rebalances    {rebalances} of the workers' group, {len(house.workers)} workers",
        f"restarts      {len(kinds)} ended by themselves and were started again",
        *(f"              {end.name} {end.status}: {end.said[:150]}" for end in house.ends[:FEW]),
        f"time          {seconds:.0f} s from the first start until everything was acknowledged",
        f"memory        {max(w.peak for w in house.workers) >> 10} MiB at most in a worker, "
        f"{house.intake.peak >> 10} in intake",
        f"sent          {load.sent:,} raw records, {load.published:,} published lines, poison and "
        "repeats among them",
        "",
        f"{'':14}{'on the lane':>12}{'received':>12}{'evaluated':>12}{'rejected':>12}"
        f"{'duplicates':>12}",
    ]
    for name, one in (("", found), ("twin ", truth)):
        for lane in LANES:
            lines = f"{on[lane].lines:,}" if one is found else ""
            rows.append(
                f"{name + lane:14}{lines:>12}{one.received[lane]:>12,}{one.evaluated[lane]:>12,}"
                f"{one.rejected(lane):>12,}{one.duplicates[lane]:>12,}"
            )
    twins = sum(truth.received.values())
    rows += [
        f"{'sent again':14}{sum(lane.lines for lane in on.values()) - twins:>12,}"
        "  by intake and publish, after they or the broker were killed",
        "",
        f"findings      {len(found.findings):,} current, {len(truth.findings):,} of the twin",
        f"populations   {total(found):,} judgements of {len(found.populations)} controls, "
        f"{total(truth):,} of the twin",
        f"chains        {found.blocks:,} blocks in {len(found.verified['heads'])} chains, "
        f"{found.verified['rows']:,} rows: {'hold' if found.verified['holds'] else 'BROKEN'}",
    ]
    if not faketime():
        rows.append("not done      clock jumps: the package faketime is not here")
    return rows


FEW = 10


def total(holding: accounts.Holding) -> int:
    return sum(n for counts in holding.populations.values() for n in counts.values())


def to_stderr(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
