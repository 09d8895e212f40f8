"""Commands carried out by the running service, which alone may open an embedded store.

The service listens on a Unix socket in its data directory (mode 0600).  A request is one JSON
line {argv, cwd}; the answer is JSON lines {out} and {err} with text, then {exit}.  It runs the
same functions between two blocks, so the output is the same as without a service.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from importlib import import_module
from pathlib import Path

from streams import settings as configuration
from streams import wiring
from streams.cli import commands, reads_store

Main = Callable[[Sequence[str]], int]
LIMIT = 1 << 20


def carry(args: argparse.Namespace, argv: Sequence[str]) -> int | None:
    """Have the service carry the command out where one runs for its configuration, else None."""
    settings = configuration.load(getattr(args, "config", None))
    if wiring.held(settings.store) or not settings.socket.exists():
        return None
    return ask(settings.socket, argv)


def ask(path: Path, argv: Sequence[str]) -> int | None:
    """Have the service carry out a command; None where no service listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            client.connect(str(path))
        except OSError:
            return None
        request = {"argv": list(argv), "cwd": os.getcwd()}
        client.sendall(json.dumps(request).encode() + b"\n")
        with client.makefile("rb") as answer:
            for line in answer:
                part = json.loads(line)
                if "exit" in part:
                    return int(part["exit"])
                sys.stdout.write(part.get("out", ""))
                sys.stderr.write(part.get("err", ""))
    print("shoseki: the service ended before it answered; try again", file=sys.stderr)
    return 2


@asynccontextmanager
async def listening(path: Path, main: Main) -> AsyncIterator[None]:
    """Answer requests while the block lasts."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            argv, here = asked(await reader.readline())
            for part in carried_out(argv, here, main):
                writer.write(json.dumps(part).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError, RecursionError):
            pass  # the asker is gone or asked nothing; it concerns nobody else
        finally:
            writer.close()

    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    before = os.umask(0o177)
    try:
        server = await asyncio.start_unix_server(answer, path=str(path), limit=LIMIT)
    finally:
        os.umask(before)
    try:
        yield
    finally:
        server.close()  # without waiting for askers that do not hang up
        path.unlink(missing_ok=True)


def asked(line: bytes) -> tuple[list[str], str]:
    """The command line of a request and its directory; ValueError unless it reads the store."""
    try:
        argv, here = (request := json.loads(line))["argv"], request["cwd"]
        name, *rest = argv
        file = commands().get(name)
    except (KeyError, TypeError) as error:
        raise ValueError("no request") from error
    if not (isinstance(here, str) and all(isinstance(word, str) for word in argv)):
        raise ValueError("no request")
    if file is None or not reads_store(import_module(f"streams.cli.{file.stem}"), rest):
        raise ValueError("no command that reads the store")
    return argv, here


def carried_out(argv: Sequence[str], there: str, main: Main) -> list[dict[str, object]]:
    """Run one command here, in the directory it was given in, and keep what it prints."""
    out, err = io.StringIO(), io.StringIO()
    here = os.getcwd()
    os.chdir(there)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            status = main(argv)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 2
    finally:
        os.chdir(here)
    return [{"out": out.getvalue()}, {"err": err.getvalue()}, {"exit": status}]
