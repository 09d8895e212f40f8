"""What a partition remembers, and how it is taken up again."""

from dataclasses import replace

import msgspec

from controls.engine import Engine
from controls.kernel import arrival
from streams import wiring
from streams.blocks import Batch
from streams.pipeline import REGISTER, MemoryState, Partition
from streams.settings import Settings
from tests.controls.days import Happening, dataset, stamp

LARGE = 1 << 20
"""What Kafka takes as one message by default."""


def test_registers_of_a_large_block_are_kept_in_pieces_and_filled_in_their_order() -> None:
    """Else the memory of a block of `books` would be more than Kafka takes as one message."""
    one = Happening(what=0, minute=0, who=0, which=0, flag=True, late=0, again=False)
    events = [dataset(one, stamp(number), event_id=f"e{number:05}") for number in range(4000)]
    now = max(map(arrival, events)) + 1
    state = MemoryState()
    parts = replace(wiring.passing(Settings()), engine=Engine(()))  # what is judged is no matter
    partition = Partition("books", 0, parts, state)
    work = partition.judge(Batch(0, 99, now, now, -1, [(99, events)]))
    assert work is not None
    partition.write(work)
    partition.flush(work)
    sizes = [len(msgspec.json.encode(v)) for key, v in state.items() if key.startswith(REGISTER)]
    assert max(sizes) < LARGE < sum(sizes)

    backwards = MemoryState()
    for key, value in reversed(list(state.items())):
        backwards.put(key, value)
    again = replace(wiring.passing(Settings()), engine=Engine(()))
    Partition("books", 0, again, backwards)
    assert list(again.registers.changes(-1, 99)) == list(parts.registers.changes(-1, 99))
    assert len(again.registers.changes(-1, 99)) == len(events)
