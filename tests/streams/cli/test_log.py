"""What a service says on stderr."""

from __future__ import annotations

import logging

from streams.cli._log import OneLine, Seldom


def test_a_library_that_says_the_same_again_and_again_is_heard_seldom() -> None:
    said: list[str] = []
    now = 0.0
    seldom, line = Seldom(10, lambda: now), OneLine("%(message)s")

    def say(name: str, number: int, *args: object) -> None:
        text = "cannot connect to %s"
        record = logging.LogRecord(name, logging.WARNING, "client.py", number, text, args, None)
        if seldom.filter(record):
            said.append(line.format(record))

    for tenth in range(300):
        now = tenth / 10
        say("aiokafka.client", 1, f"node {tenth}")
    say("aiokafka.client", 2, "another place")
    for _ in range(2):
        say("shoseki.app", 3, "the service itself")
    assert said == [
        "cannot connect to node 0",
        "cannot connect to node 100 (and 99 like it)",
        "cannot connect to node 200 (and 99 like it)",
        "cannot connect to another place",
        *["cannot connect to the service itself"] * 2,
    ]
