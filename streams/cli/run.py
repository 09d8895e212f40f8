"""`shoseki run`: the service – agents, metrics, and a socket for the other commands."""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from controls.kernel import Refusal
from streams import health, wiring
from streams import settings as configuration
from streams.app import Service
from streams.cli import main
from streams.cli._socket import listening
from streams.metrics import METRICS

HELP = "the service: agents on the lanes, evidence to the store"


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="TOML", help="default: all under ./data")


def run(args: argparse.Namespace) -> int:
    """0 after SIGTERM or SIGINT; 2 where the worker had to give up."""
    settings = configuration.load(args.config)
    os.umask(0o077)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(OneLine("%(asctime)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    for name in ("faust", "mode", "aiokafka"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        return asyncio.run(serve(settings, str(args.config or "configuration")))
    except OSError as error:
        raise Refusal(
            f"{error.filename or settings.data}: cannot be used ({error.strerror}); make it "
            "writable for the user that runs shoseki, free some space or give another directory"
        ) from None


async def serve(settings: configuration.Settings, origin: str) -> int:
    """Run until a signal comes or the worker fails; nothing is acknowledged after a failure."""
    forms = wiring.open_forms(settings)
    async with AsyncExitStack() as stack:
        store = stack.enter_context(wiring.hold(settings.store))
        parts = wiring.parts(settings, store, forms, origin)
        service = Service(settings, parts)
        if settings.metrics is not None:
            METRICS.lags.of = service.worker.lags
            stack.callback(
                health.serve(settings.metrics, METRICS.app(), service.healthy, service.ready)
            )
        if settings.store.startswith("chdb://"):
            await stack.enter_async_context(listening(settings.socket, main))
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, service.over.set)
        await service.start()
        wiring.collect_seldom()
        log = logging.getLogger("shoseki.run")
        log.info("service.started broker=%s store=%s", settings.broker, shown(settings.store))
        await service.over.wait()
        await service.stop()
        if service.failed is not None:
            raise Refusal(f"the worker stopped: {service.failed}") from None
        log.info("service.stopped")
    return 0


class OneLine(logging.Formatter):
    """One line an occurrence: of an exception only its kind, since a trace shows what it met."""

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", " ")

    def formatException(self, ei: Any) -> str:
        return f"({ei[0].__name__})"


def shown(url: str) -> str:
    """A URL without the password that it may carry."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"
