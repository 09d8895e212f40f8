"""Probes and metrics over real HTTP: of a service that lives, fails, is not ready yet, or hangs."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest

from controls.kernel import Refusal
from streams import health, messages, wiring
from streams import settings as configuration
from streams.app import Service
from streams.local import Broker, Entry
from streams.metrics import METRICS, Lag, Metrics
from tests.installation import Installation

PATHS = ("/-/healthy", "/-/ready", "/metrics", "/other")


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def asked(address: str, path: str) -> int:
    try:
        with urlopen(f"http://{address}{path}", timeout=10) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def statuses(
    healthy: Callable[[], bool] = lambda: True,
    ready: Callable[[], bool] = lambda: True,
    host: str = "127.0.0.1",
) -> list[int]:
    """What a server says on every path."""

    async def served() -> list[int]:
        address = f"{host}:{port()}"
        stop = health.serve(address, Metrics().app(), healthy, ready)
        try:
            return [await asyncio.to_thread(asked, address, path) for path in PATHS]
        finally:
            stop()

    return asyncio.run(served())


def test_what_lives_and_has_its_partitions_is_healthy_and_ready() -> None:
    assert statuses() == [200, 200, 200, 404]


def test_what_has_no_partitions_yet_is_healthy_and_not_ready() -> None:
    assert statuses(ready=lambda: False) == [200, 503, 200, 404]


def test_what_failed_is_neither_and_still_counts() -> None:
    assert statuses(healthy=lambda: False) == [503, 503, 200, 404]


def test_an_event_loop_that_hangs_is_told_from_another_thread() -> None:
    async def hanging() -> list[int]:
        address = f"127.0.0.1:{port()}"
        stop = health.serve(address, Metrics().app(), lambda: True, lambda: True, hung=0.6)
        loop = asyncio.get_running_loop()
        found = [await asyncio.to_thread(asked, address, "/-/healthy")]
        question = loop.run_in_executor(None, later, address)
        time.sleep(2)  # the loop stands
        found.append(await question)
        await asyncio.sleep(0.1)
        found.append(await asyncio.to_thread(asked, address, "/-/healthy"))
        stop()
        return found

    def later(address: str) -> int:
        time.sleep(1.2)
        return asked(address, "/-/healthy")

    assert asyncio.run(hanging()) == [200, 503, 200]


def test_ipv6_is_an_address_like_another() -> None:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        pytest.skip("needs IPv6 on loopback")
    assert statuses(host="[::1]") == [200, 200, 200, 404]


@pytest.mark.parametrize("address", ["127.0.0.1", "nowhere.invalid:1", "127.0.0.1:x"])
def test_an_address_that_cannot_be_is_refused_by_name(address: str) -> None:
    async def serving() -> None:
        health.serve(address, Metrics().app(), lambda: True, lambda: True)

    with pytest.raises(Refusal, match=f"metrics = {re.escape(address)}"):
        asyncio.run(serving())


def test_lag_is_asked_for_and_not_remembered() -> None:
    """A partition that moved away leaves no stale figure behind."""
    metrics = Metrics()
    metrics.lags.of = lambda: [Lag("access", 3, 42, 1.5)]
    labels = {"lane": "access", "partition": "3"}
    assert metrics.registry.get_sample_value("shoseki_lag_messages", labels) == 42
    assert metrics.registry.get_sample_value("shoseki_lag_seconds", labels) == 1.5
    metrics.lags.of = tuple
    assert metrics.registry.get_sample_value("shoseki_lag_messages", labels) is None


def test_the_service_says_when_it_is_ready_and_how_far_it_is_behind(tmp_path: Path) -> None:
    here = Installation(tmp_path)
    with here.running():
        assert asked(here.address, "/-/healthy") == 200
        here.settled(0)
        assert asked(here.address, "/-/ready") == 200
        text = here.metrics()
    places = {("access", "0"), ("access", "1"), ("books", "0"), ("principals", "0"),
              ("principals", "1")}  # fmt: skip
    for name in ("messages", "seconds"):
        found = re.findall(
            rf'^shoseki_lag_{name}{{lane="(\w+)",partition="(\d+)"}} (\S+)$', text, re.M
        )
        assert {(lane, partition) for lane, partition, _ in found} == places
        assert all(0 <= float(value) < 30 for *_, value in found), found


def timed() -> list[float]:
    """How many blocks of the lane access were timed, whole and while they were stored."""
    values = (
        METRICS.registry.get_sample_value(f"shoseki_{name}_seconds_count", {"lane": "access"})
        for name in ("block", "store")
    )
    return [value or 0.0 for value in values]


def test_lag_counts_what_nobody_fetched_yet_and_a_block_is_timed(tmp_path: Path) -> None:
    """A partition that is paused still grows, and its worker says so."""
    before = timed()
    config = configuration.Settings(
        broker=f"local://{tmp_path}/log", store=f"chdb://{tmp_path}/store", data=str(tmp_path),
        keys=f"{tmp_path}.keys", partitions=1, metrics=None,
    )  # fmt: skip

    async def measured() -> list[int]:
        parts = wiring.passing(config)
        service = Service(config, parts, ticks=False)
        await service.start()
        log = Broker.shared(f"{tmp_path}/log")
        lane = next(name for name, lane in service.worker.lanes.items() if lane == "access")
        now = int(time.time() * 1000)

        def behind() -> int:
            return sum(lag.messages for lag in service.worker.lags() if lag.lane == "access")

        async def until(number: int) -> int:
            for _ in range(200):
                if behind() == number and service.worker.readers:
                    break
                await asyncio.sleep(0.05)
            return behind()

        log.append_many(lane, 0, [Entry(b"{}")] * 3)
        found = [await until(3)]  # taken, and waiting for the tick that closes their block
        log.append_many(lane, 0, [Entry(messages.tick(now, -1))])
        found.append(await until(0))
        service.app.flow_control.suspend()
        await asyncio.sleep(0.5)
        log.append_many(lane, 0, [Entry(b"{}")] * 5)
        await service.worker.measure()
        found.append(behind())
        service.app.flow_control.resume()
        await service.stop()
        return found

    assert asyncio.run(measured()) == [3, 0, 5]
    assert timed() == [count + 1 for count in before]
