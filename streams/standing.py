"""Where a partition goes on after a start: its memory, the store and the log are compared.

All three are written at different moments and may be copied, restored or lost apart.  Each way
in which they can disagree has one outcome:

    memory and store agree                            go on
    the memory lacks blocks, the log brings them      go on: they are judged again, written never
    it lacks them, the log went past them             rewind to the end of the memory
    it lacks them, the log keeps them no longer       refuse
    the memory has blocks that the store lacks        forget it, rewind to the beginning; what is
                                                      lost is judged and sealed again as it was
    the same, and the log has lost its beginning      refuse
    a block of the store is another one               refuse
    the log lost what was never judged                refuse
"""

from __future__ import annotations

from dataclasses import dataclass

from controls.block import CLOCK
from controls.kernel import Refusal
from streams.pipeline import Partition

RESTORE = "stop all workers and restore a backup in which they belong together (`shoseki restore`)"


class Rewound(Exception):
    """The log is to be read anew from an earlier offset: start again."""


@dataclass(frozen=True, slots=True)
class Log:
    """What the log of a partition offers: its first kept offset, the one after the last that was
    acknowledged (None: none was), and the one that it delivers next."""

    earliest: int
    committed: int | None
    next: int


@dataclass(frozen=True, slots=True)
class Rewind:
    """Read the log again from `offset`; where `forget` is set, with an empty memory."""

    offset: int
    forget: bool = False


def compared(partition: Partition, log: Log) -> Rewind | None:
    """None where the partition goes on; else how to rewind.  Raises Refusal where neither helps."""
    name = f"{partition.lane}/{partition.number}"
    if log.committed is not None and log.earliest > log.committed:
        raise Refusal(
            f"{name}: the log begins at offset {log.earliest}, and what comes from "
            f"{log.committed} on was never judged: it is gone. Publish it again from its source, "
            "and set the group's offset to the log's beginning so that this is no accident"
        )
    expected = log.earliest if log.committed is None else log.committed
    if log.next > expected:
        raise RuntimeError(
            f"{name}: offset {expected} was expected, {log.next} came: messages are missing; "
            "the worker stops and reads anew"
        )
    clock = partition.state.get(CLOCK)
    number, link = (clock.get("sealed") if clock else None) or (0, "")
    store, here = partition.parts.store, (partition.lane, partition.number)
    if number:
        block = store.block(*here, number)
        if block is None:
            return _again(name, number, log)
        if block.link != link:
            raise Refusal(
                f"{name}: block {number} of the store is another one than the memory includes: "
                f"they are of two installations, or the store was changed; {RESTORE}"
            )
    following = store.block(*here, number + 1)
    if following is None or log.next <= following.last_offset:
        return None
    if log.earliest > partition.applied + 1:
        raise Refusal(
            f"{name}: the memory ends at offset {partition.applied}, the store has block "
            f"{number + 1} after that, and the log begins only at {log.earliest}: what lies "
            f"between cannot be judged again; {RESTORE}"
        )
    return Rewind(partition.applied + 1)


def _again(name: str, number: int, log: Log) -> Rewind:
    if log.earliest > 0:
        raise Refusal(
            f"{name}: the store ends before block {number}, which the memory includes: it was set "
            f"back, and the log, which begins at offset {log.earliest}, cannot give all of it "
            f"again; {RESTORE}"
        )
    return Rewind(0, forget=True)
