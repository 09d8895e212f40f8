"""Refused lines read again, after what made them refused was put right.

What is an event now goes to its lane under the id and with the arrival that it would have had.
What is refused again stands on record already, so it is counted and goes nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from controls.kernel import Refusal
from streams.intake import reader, reread
from streams.pseudonyms import Forms
from streams.publish import Publisher, open_log
from streams.reading import Item, Lines, Reader
from streams.rejects import Refused, Reject
from streams.settings import Settings


def publish(items: Iterable[Item], settings: Settings) -> tuple[int, int]:
    """Send the events among the items to their lanes; how many there were, and how many rejects."""
    log = open_log(settings)
    publisher = Publisher(log, settings.partitions)
    refused = 0

    def events() -> Iterator[Item]:
        nonlocal refused
        for item in items:
            if isinstance(item, Reject):
                refused += 1
            else:
                yield item

    try:
        publisher.publish(events())
    finally:
        log.close()
    return publisher.events, refused


def sealed(
    lines: Iterable[Refused],
    settings: Settings,
    forms: Forms,
    format: str | None = None,
    source: Path | None = None,
) -> Iterator[Item]:
    """Lines of a quarantine: those of a raw topic as the settings read it now, those of a file as
    it was read then, unless `format` and `source` say otherwise."""
    topics = {raw.topic: raw for raw in settings.intake.values()}
    readers: dict[tuple[str, str | None], Reader] = {}

    def way(line: Refused) -> tuple[str, str | None]:
        raw = topics.get(line.reject.origin.rpartition("/")[0])
        if raw is not None:
            return raw.format, raw.source
        return format or line.format, str(source) if source else line.source

    def alike(line: Refused) -> tuple[tuple[str, str | None], str, int | None]:
        origin = line.reject.origin
        return way(line), origin, None if origin else line.arrived

    for (chosen, origin, arrived), some in groupby(lines, key=alike):
        if chosen not in readers:
            name, toml = chosen
            readers[chosen] = Reader(forms, name, Path(toml) if toml else None, settings.org_id)
        together = list(some)
        yield from readers[chosen].read(
            Lines(
                [line.line for line in together],
                [line.reject.position for line in together],
                [line.mark for line in together],
                [line.arrived or 0 for line in together] if origin else arrived,
                origin,
            )
        )


def of_topic(
    topic: str,
    partition: int,
    first: int,
    last: int | None,
    settings: Settings,
    forms: Forms,
) -> Iterator[Item]:
    """The records of a raw topic from offset `first` to `last`, or to its end."""
    raw = next((raw for raw in settings.intake.values() if raw.topic == topic), None)
    if raw is None:
        raise Refusal(f"{topic}: no [intake.NAME] of the configuration reads this topic")
    read = reader(forms, raw, settings.org_id).read
    batches = reread(settings, raw, partition, first, last)

    async def following() -> Lines | None:
        return await anext(batches, None)

    with asyncio.Runner() as loop:
        while (lines := loop.run(following())) is not None:
            yield from read(lines)
