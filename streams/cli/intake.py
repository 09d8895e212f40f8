"""`shoseki intake`: raw topics to the lanes, any number of processes beside each other."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
from contextlib import ExitStack
from pathlib import Path

from aiokafka.errors import KafkaError

from controls.kernel import Refusal
from streams import health, topics, wiring
from streams import settings as configuration
from streams.cli._log import shown, to_stderr
from streams.intake import Intake
from streams.metrics import METRICS

HELP = "raw topics that others write to the lanes of a service"

GRACE = 20.0
"""Seconds in which the batch in hand is finished after a signal; what is not comes again."""


def options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="TOML", help="the service's configuration")
    parser.add_argument(
        "--metrics",
        metavar="HOST:PORT",
        help="instead of intake_metrics, where several processes share a machine",
    )


def run(args: argparse.Namespace) -> int:
    """0 after SIGTERM or SIGINT; 2 where it had to give up."""
    settings = configuration.load(args.config)
    os.umask(0o077)
    to_stderr()
    if args.metrics:
        settings = settings.model_copy(update={"intake_metrics": args.metrics})
    try:
        return asyncio.run(serve(settings))
    except KafkaError as error:
        raise Refusal(
            f"broker = {shown(settings.broker)}: {type(error).__name__}; nothing is lost: "
            "what was not committed is read again at the next start"
        ) from None


async def serve(settings: configuration.Settings) -> int:
    """Run until a signal comes or something fails; nothing is committed after a failure."""
    log = logging.getLogger("shoseki.intake")
    intake = Intake(settings, wiring.open_forms(settings), wiring.open_quarantine(settings))
    topics.demand(settings, [*topics.lanes(settings), *topics.raw(settings)])
    with ExitStack() as stack:
        over = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, over.set)
        wiring.collect_seldom()
        running = asyncio.create_task(intake.run())
        if settings.intake_metrics is not None:
            alive = health.serve(
                settings.intake_metrics,
                METRICS.app(),
                lambda: not running.done(),
                intake.ready.is_set,
            )
            stack.callback(alive)
        stopped = asyncio.create_task(over.wait())
        ready = asyncio.create_task(intake.ready.wait())
        await asyncio.wait({running, stopped, ready}, return_when=asyncio.FIRST_COMPLETED)
        log.info("intake.started broker=%s topics=%d", shown(settings.broker), len(settings.intake))
        await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
        intake.stop()
        await asyncio.wait({running}, timeout=GRACE)
        stopped.cancel()
        ready.cancel()
        if not running.done():
            log.warning("intake.cut_off seconds=%d", GRACE)
            running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        log.info("intake.stopped")
    return 0
