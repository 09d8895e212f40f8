"""`shoseki run`: the service – agents, metrics, and a socket for the other commands."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path

from controls.events import LANES
from controls.kernel import Refusal
from streams import health, wiring
from streams import settings as configuration
from streams.app import Service, alone
from streams.cli import main
from streams.cli._log import shown, to_stderr
from streams.cli._socket import listening
from streams.console import Console, Office
from streams.metrics import METRICS
from streams.standing import Rewound
from streams.topics import partitions

HELP = "the service: agents on the lanes, evidence to the store"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="TOML", help="default: all under ./data")


def run(args: argparse.Namespace) -> int:
    """0 after SIGTERM or SIGINT; 2 where the worker had to give up."""
    settings = configuration.load(args.config)
    os.umask(0o077)
    to_stderr()
    try:
        return asyncio.run(serve(settings, str(args.config or "configuration")))
    except OSError as error:
        raise Refusal(
            f"{error.filename or settings.data}: cannot be used ({error.strerror}); make it "
            "writable for the user that runs shoseki, free some space or give another directory"
        ) from None


def tell(settings: configuration.Settings, service: Service) -> None:
    """State as metrics what runs, and with what."""
    lanes: dict[str, int] = {lane: partitions(settings, lane) for lane in LANES}
    session = 0 if alone(settings) else settings.session_seconds
    METRICS.started(version("shoseki"), service.parts.fingerprint, lanes, session)


async def serve(settings: configuration.Settings, origin: str) -> int:
    """Run until a signal comes or the worker fails; nothing is acknowledged after a failure."""
    wiring.demand_topics(settings)
    forms = wiring.open_forms(settings)
    log = logging.getLogger("shoseki.run")
    async with AsyncExitStack() as stack:
        store = stack.enter_context(wiring.hold(settings.store, settings.clickhouse))

        def made() -> Service:
            parts = wiring.parts(settings, store, forms, origin)
            return Service(settings, wiring.install(settings.store, parts))

        service = made()
        ended = asyncio.Event()

        def end() -> None:
            ended.set()
            service.over.set()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end)
        if settings.metrics is not None:
            # the service of the moment: one that judges its log again is another
            METRICS.lags.of = lambda: service.worker.lags()
            METRICS.figures.of = lambda: service.figures()
            tell(settings, service)
            stack.callback(
                health.serve(
                    settings.metrics,
                    METRICS.app(),
                    lambda: service.healthy,
                    lambda: service.ready,
                )
            )
        if settings.store.startswith("chdb://"):
            await stack.enter_async_context(listening(settings.socket, main))
        if settings.console.address:
            console = Console(Office.of(settings, store, forms, origin))
            console.start()
            stack.callback(console.stop)
        while not ended.is_set():
            await service.start()
            wiring.collect_seldom()
            if service.ready:
                where = shown(settings.broker), shown(settings.store)
                log.info("service.started broker=%s store=%s", *where)
            await service.over.wait()
            await service.stop()
            if service.failed is not None and not isinstance(service.failed, Rewound):
                raise Refusal(f"the worker stopped: {service.failed}") from None
            if not ended.is_set():
                service = made()
        log.info("service.stopped")
    return 0
