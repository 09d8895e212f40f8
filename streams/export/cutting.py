"""Where a pack is cut: at a checkpoint of the store's log, and which references it can link."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

from controls.calendar import day_start
from controls.events import Event
from controls.kernel import Refusal
from controls.registers import FOREVER, Registers
from streams.evidence.block import Head
from streams.evidence.log import Entry
from streams.export.cut import Cut
from streams.pseudonyms import Forms
from streams.recall import refs
from streams.store import Store


def cut(store: Store, size: int | None = None, known: date | None = None) -> Cut:
    """The cut at the checkpoint of this size, or the last one that was made by the end of a day in
    Japan, or the last of all.  Refusal where there is none."""
    if size is not None:
        entry = next(store.log(size - 1), None) if size > 0 else None
        if entry is None:
            last = store.last_entry()
            raise Refusal(
                f"--at {size}: the log has no such checkpoint; it has {last.size if last else 0}"
            )
    elif known is not None:
        end = day_start(known + timedelta(days=1))
        entry = None
        for each in store.log():
            if each.at > end:
                break
            entry = each
        if entry is None:
            raise Refusal(f"{known}: the log begins later; take a later day")
    else:
        entry = store.last_entry()
        if entry is None:
            raise Refusal(
                "the log has no checkpoint yet: `shoseki run` makes one every minute, and "
                "`check --record` one at its end"
            )
    return cut_at(store, entry)


def cut_at(store: Store, entry: Entry) -> Cut:
    """The cut that an entry of the log makes."""
    heads: dict[tuple[str, int], Head] = {}
    for lane, partition, number, _, link in entry.heads:
        head = store.block(lane, partition, number)
        if head is None or head.link != link:
            raise Refusal(
                f"block {number} of {lane}/{partition} is not what the log states; "
                "`shoseki verify` says where the store differs"
            )
        heads[lane, partition] = head
    return Cut(entry.size, entry.at, heads, entry.note)


def linked(forms: Forms, registers: Registers) -> list[tuple[str, str]]:
    """Pairs of pseudonyms of the references that the registers hold, year by year, while the keys
    of both years live."""
    years = forms.years()
    known = {
        ref
        for event in registers.changes(-1, FOREVER)
        if isinstance(event, Event)
        for ref in refs(event)
    }
    return sorted(
        (forms.veil(ref, one), forms.veil(ref, other))
        for one, other in pairwise(years)
        for ref in known
    )
