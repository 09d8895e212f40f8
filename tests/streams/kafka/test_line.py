"""The line that tests cut: what it carries, holds back and breaks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from tests.streams.kafka.broker import free_ports
from tests.streams.kafka.line import Line


@pytest.fixture
def line() -> Iterator[Line]:
    """To a server that answers what it is told."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer(end: socket.socket) -> None:
            with end, suppress(ConnectionError):
                while told := end.recv(100):
                    end.sendall(told)

        def serve() -> None:
            while True:
                try:
                    end, _ = server.accept()
                except OSError:
                    return
                threading.Thread(target=answer, args=(end,), daemon=True).start()

        threading.Thread(target=serve, daemon=True).start()
        host, port = server.getsockname()
        with Line(f"{host}:{port}", free_ports(1)[0]) as opened:
            yield opened
        server.shutdown(socket.SHUT_RDWR)


def called(line: Line) -> socket.socket:
    host, _, port = line.address.partition(":")
    return socket.create_connection((host, int(port)), timeout=0.5)


def test_a_line_that_is_cut_in_silence_holds_back_what_it_is_given(line: Line) -> None:
    with called(line) as before:
        before.sendall(b"one")
        assert before.recv(9) == b"one"
        line.cut()
        before.sendall(b"two")
        with called(line) as during:
            during.sendall(b"three")
            for end in (before, during):
                with pytest.raises(TimeoutError):
                    end.recv(9)
            line.heal()
            assert before.recv(9) == b"two"
            assert during.recv(9) == b"three"


def test_a_line_that_breaks_resets_what_is_connected_and_refuses_what_connects(line: Line) -> None:
    with called(line) as before:
        before.sendall(b"one")
        assert before.recv(9) == b"one"
        line.cut(reset=True)
        with pytest.raises(ConnectionResetError):
            before.recv(9)
        with pytest.raises(ConnectionRefusedError):
            called(line)
    line.heal()
    with called(line) as after:
        after.sendall(b"two")
        assert after.recv(9) == b"two"


def test_a_line_that_was_silent_can_break(line: Line) -> None:
    with called(line) as before:
        before.sendall(b"one")
        assert before.recv(9) == b"one"
        line.cut()
        before.sendall(b"two")
        for _ in range(2):
            line.cut(reset=True)
        with pytest.raises(ConnectionResetError):
            before.recv(9)
        line.heal()
    with called(line) as after:
        after.sendall(b"three")
        assert after.recv(9) == b"three"
