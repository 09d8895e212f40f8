"""On a real Kafka: packed events, intake, both together, how long a finding takes.

The broker is one of its own on this machine, so it takes its share of the cores; intake and the
worker are processes of their own.  What is measured lies in the topics before the clock starts,
except for the latency, which is of a stream.  CPU is that of the process itself, all its threads.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from statistics import quantiles
from typing import Any

import msgspec
import stock
import workload
from aiokafka import AIOKafkaProducer
from prometheus_client import Counter
from service import spent

from controls.events import LANES, rfc3339
from streams import settings, topics, wiring
from streams.app import Service
from streams.cli.demo import caught_up
from streams.intake import Intake
from streams.metrics import METRICS
from streams.publish import Publisher, open_log
from streams.reading import Reader
from tests.streams.kafka.broker import Cluster

RAW = "raw-events"
SPAN = 30 * 60_000
"""Milliseconds over which the traffic of a raw topic is spread: less than counts as late."""
SECONDS = 10.0
"""How long the latency is watched, at most."""
PROBES = 20.0
"""Findings a second whose latency is measured."""
SLICE = 0.02
"""Seconds between two portions of the stream."""


def installation(here: Path, broker: str) -> settings.Settings:
    """One partition a lane and one raw topic, on a broker without any other topic."""
    Cluster(broker).clear()
    here.mkdir(parents=True)
    config = settings.Settings(
        broker=f"kafka://{broker}",
        store=f"chdb://{here}/store",
        data=str(here),
        keys=f"{here}.keys",
        org_id=workload.ORG,
        partitions=1,
        metrics=None,
        intake={"events": settings.Intake(topic=RAW)},
    )
    topics.apply(config)
    return config


class Watch:
    """Seconds and CPU seconds of this process from the first time something happens."""

    def __init__(self, step: str) -> None:
        self._step = step
        self.began = 0.0

    def __call__(self, name: str, *place: Any) -> None:
        if name == self._step and not self.began:
            self.began, self._cpu = time.time(), time.process_time()

    def again(self) -> None:
        self.began = 0.0

    def read(self) -> dict[str, float]:
        now, cpu = time.time(), time.process_time()
        return {
            "began": self.began,
            "ended": now,
            "seconds": now - self.began,
            "cpu": cpu - self._cpu,
        }


# --- packed events -------------------------------------------------------------------------


def packed(file: Path, here: Path, broker: str) -> dict[str, Any]:
    """One worker drains what was packed and published, block for block as the embedded service."""
    return asyncio.run(drained(file, installation(here / "packed", broker)))


async def drained(file: Path, config: settings.Settings) -> dict[str, Any]:
    forms = wiring.open_forms(config)
    log = open_log(config)
    publisher = Publisher(log, 1)
    now = 0
    for items, now in workload.blocks(Reader(forms).file(str(file))):
        publisher.publish(items)
        publisher.tick(now)
    publisher.tick(now + 1)  # for the tallies of the last blocks
    log.close()
    watch = Watch("gathered")
    with wiring.hold(config.store) as store:
        service = Service(config, wiring.parts(config, store, forms), ticks=False, step=watch)
        wiring.collect_seldom()
        await service.start()
        await caught_up(service, now + 1)
        found = watch.read()
        await service.stop()
        return found | {
            "events": sum(b["evaluated"] + b["duplicates"] for b in store.blocks()),
            "lanes": {lane: spent(lane) for lane in LANES},
        }


# --- raw topics ----------------------------------------------------------------------------


def alone(file: Path, here: Path, broker: str) -> dict[str, Any]:
    """Intake, one process, from the raw topic to the lanes."""
    config = installation(here / "alone", broker)
    total = asyncio.run(send(broker, RAW, workload.present(list(lines(file)), SPAN)))
    return intake(config, total)


def together(file: Path, here: Path, broker: str) -> dict[str, Any]:
    """Intake and one worker beside each other, from the raw topic to the store."""
    config = installation(here / "together", broker)
    sent = list(lines(file))
    known = introduced(config, sent)
    total = asyncio.run(send(broker, RAW, workload.present(sent[known:], SPAN)))
    with processes() as start:
        judging = start(worker, config, known, known + total)
        begun(config, worker, judging)
        taken, judged = told(start(intake, config, total), judging)
    return {
        "seconds": judged["ended"] - taken["began"],
        "cpu": taken["cpu"] + judged["cpu"],
        "intake": taken,
        "worker": judged,
        "events": taken["events"],
    }


def introduced(config: settings.Settings, sent: Sequence[bytes]) -> int:
    """Publish the books from before the first traffic, or the worker would judge all traffic again
    as it comes to know them; how many they are."""
    forms = wiring.open_forms(config)
    known = workload.opening(sent)
    log = open_log(config)
    Publisher(log, 1).publish(Reader(forms, org_id=config.org_id).items(sent[:known]))
    log.close()
    return known


def latency(file: Path, here: Path, broker: str, rate: float) -> dict[str, Any]:
    """Milliseconds from sending a plaintext request (TEC-09) until its finding is in the store,
    while `rate` events a second come: ticks, of which there is one a second, are a part of it."""
    config = installation(here / "latency", broker)
    sent = list(lines(file))
    known = introduced(config, sent)
    load = sent[known : known + int(rate * SECONDS)]
    probes = max(2, int(len(load) / rate * PROBES))
    total = len(load) + probes
    with processes() as start:
        running = start(intake, config, total), start(worker, config, known, known + total, probes)
        for part, out in zip((intake, worker), running, strict=True):
            begun(config, part, out)
        asyncio.run(stream(broker, load, probes, rate))
        _, judged = told(*running)
    found = judged["latencies"]
    assert len(found) == probes, f"{len(found)} findings of {probes}"
    percent = quantiles(found, n=100, method="inclusive")
    return {"rate": rate, "findings": probes, "p50": percent[49], "p99": percent[98]}


def intake(config: settings.Settings, total: int) -> dict[str, Any]:
    """The intake service until it has taken so many records."""
    return asyncio.run(_intake(config, total))


async def _intake(config: settings.Settings, total: int) -> dict[str, Any]:
    watch = Watch("fetched")
    service = Intake(config, wiring.open_forms(config), step=watch)
    wiring.collect_seldom()
    running = asyncio.create_task(service.run())
    await service.ready.wait()
    ready(config, intake).touch()
    await counted(lambda: running.done(), total, METRICS.intake)
    found = watch.read()
    service.stop()
    await running
    rejects = number(METRICS.intake, result="reject")
    assert not rejects, f"{rejects} records were refused"
    return found | {"events": number(METRICS.intake)}


def worker(config: settings.Settings, known: int, total: int, probes: int = 0) -> dict[str, Any]:
    """A worker until it has judged so many events and found so many probes; the clock starts after
    those that it has to know before."""
    return asyncio.run(_worker(config, known, total, probes))


def probed(finding: dict[str, Any]) -> bool:
    """Whether it is a probe's: of hosts, which are of no one partition, so it is in `books`."""
    found: bool = finding["code"] == "PLAINTEXT" and finding["subject"].startswith("probe-")
    return found


async def _worker(config: settings.Settings, known: int, total: int, probes: int) -> dict[str, Any]:
    watch = Watch("gathered")
    written: dict[tuple[str, int, int], float] = {}

    def step(name: str, *place: Any) -> None:
        watch(name)
        if name == "written":
            written[place] = time.time()

    with wiring.hold(config.store) as store:
        parts = wiring.parts(config, store, wiring.open_forms(config))
        service = Service(config, parts, step=step)
        wiring.collect_seldom()
        await service.start()
        judged = METRICS.events, METRICS.duplicates, METRICS.rejects
        await counted(lambda: service.failed is not None, known, *judged)
        watch.again()
        ready(config, worker).touch()
        await counted(lambda: service.failed is not None, total, *judged)
        findings = list(store.rows("findings", "books", 0))
        while probes and sum(map(probed, findings)) < probes:  # told to books by a tally
            assert service.failed is None, service.failed
            await asyncio.sleep(0.5)
            findings = list(store.rows("findings", "books", 0))
        found = watch.read()
        await service.stop()
        assert service.failed is None, service.failed
        return found | {
            "events": sum(map(number, judged)),
            "latencies": [
                written[row["lane"], row["partition"], row["block"]] * 1000 - row["occurred_at"]
                for row in filter(probed, findings)
            ],
        }


def ready(config: settings.Settings, part: Callable[..., Any]) -> Path:
    """The file that says that a process can be given work."""
    return Path(config.data) / f"{part.__name__}.ready"


def begun(config: settings.Settings, part: Callable[..., Any], out: Connection) -> None:
    """Wait until a process can be given work."""
    while not ready(config, part).exists():
        assert not wait([out], 0.05), f"{part.__name__} ended before it began"


async def counted(failed: Callable[[], bool], total: int, *metrics: Counter) -> None:
    """Wait until the metrics have counted so many."""
    while sum(map(number, metrics)) < total:
        assert not failed(), f"{sum(map(number, metrics))} of {total}, and then it gave up"
        await asyncio.sleep(0.02)


def number(metric: Counter, **labels: str) -> int:
    """What a metric has counted, over all labels but these."""
    return sum(
        int(sample.value)
        for family in metric.collect()
        for sample in family.samples
        if sample.name.endswith("_total") and labels.items() <= sample.labels.items()
    )


@contextmanager
def processes() -> Iterator[Callable[..., Connection]]:
    """Starts processes; what comes out of one is read with `told`.  None outlives the block."""
    spawn = multiprocessing.get_context("spawn")
    with ExitStack() as stack:

        def start(body: Callable[..., Any], *given: Any) -> Connection:
            ours, theirs = spawn.Pipe(duplex=False)
            process = spawn.Process(target=_body, args=(theirs, body, *given))
            process.start()
            theirs.close()
            stack.callback(process.join)
            stack.callback(process.kill)
            return ours

        yield start


def _body(out: Connection, body: Callable[..., Any], *given: Any) -> None:
    out.send(body(*given))


def told(*running: Connection) -> list[Any]:
    """What each process came to, when all have; EOFError as soon as one failed."""
    found: dict[Any, Any] = {}
    while left := [each for each in running if each not in found]:
        for each in wait(left):
            found[each] = each.recv()  # type: ignore[union-attr]
    return [found[each] for each in running]


# --- the stock agent -----------------------------------------------------------------------


def plain(file: Path, here: Path, broker: str, events: int) -> dict[str, Any]:
    """The plain Faust agent on the same broker, one event a message."""
    Cluster(broker).clear()
    Cluster(broker).create(stock.TOPIC)
    total = asyncio.run(send(broker, stock.TOPIC, islice(lines(file), events)))
    return asyncio.run(stock.counted(f"kafka://{broker}", here / "plain", total))


# --- senders -------------------------------------------------------------------------------


def lines(file: Path) -> Iterator[bytes]:
    with open(file, "rb") as stream:
        for line in stream:
            yield line.rstrip(b"\n")


@asynccontextmanager
async def producer(broker: str) -> Any:
    async with AIOKafkaProducer(
        bootstrap_servers=broker, linger_ms=5, max_batch_size=1 << 18
    ) as opened:
        yield opened


async def send(broker: str, topic: str, values: Iterable[bytes]) -> int:
    """One message a value, all acknowledged; how many there were."""
    total, last = 0, None
    async with producer(broker) as opened:
        for value in values:
            last = await opened.send(topic, value, partition=0)
            total += 1
        if last is not None:
            await last
    return total


async def stream(broker: str, load: Sequence[bytes], probes: int, rate: float) -> None:
    """The load at so many events a second, and `probes` spread over it."""
    began, sent, probed = time.monotonic(), 0, 0
    async with producer(broker) as opened:
        while sent < len(load) or probed < probes:
            due = min(len(load), int((time.monotonic() - began) * rate))
            for value in workload.present(load[sent:due], 0):
                await opened.send(RAW, value, partition=0)
            sent = due
            while probed < probes and probed * len(load) <= sent * probes:
                await opened.send(RAW, probe(probed), partition=0)
                probed += 1
            await asyncio.sleep(SLICE)


def probe(nth: int) -> bytes:
    """A request for personal data in plain http, of now."""
    now = rfc3339(time.time_ns() // 1_000_000)
    return msgspec.json.encode(
        {
            "event_type": "access.web_request",
            "event_id": f"probe-{nth}",
            "schema_version": 1,
            "org_id": workload.ORG,
            "source_id": "probe",
            "occurred_at": now,
            "observed_at": now,
            "actor_ref": "probe",
            "actor_kind": "service",
            "src_ip": "192.0.2.1",
            "session_ref": "probe",
            "user_agent": "probe",
            "bytes_out": 1,
            "host": f"probe-{nth}.example.jp",
            "path_class": "/",
            "method": "POST",
            "status": 200,
            "scheme": "http",
            "dataset_id": "customers",
        }
    )
