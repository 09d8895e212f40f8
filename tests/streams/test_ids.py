"""Which events were seen: all of the last days, and lines of the books for ever."""

from __future__ import annotations

from random import Random

import pytest

from controls.kernel import DAY, HOUR
from streams.ids import Ids, Prints
from streams.store.memory import Memory

DEDUP = 4 * DAY


class Asked(Memory):
    """A store that holds some ids, and counts the questions."""

    def __init__(self, held: dict[str, str]) -> None:
        super().__init__()
        self.held, self.questions = held, 0

    def digests(self, lane: str, partition: int, below: int, ids: object) -> dict[str, str]:
        self.questions += 1
        return {each: self.held[each] for each in ids if each in self.held}  # type: ignore[attr-defined]


def test_prints_know_all_that_were_added_and_nothing_else() -> None:
    chance = Random(7)
    ids = [f"e{chance.getrandbits(64):x}" for _ in range(5_000)]
    prints, done = Prints(), 0
    while done < 4_000:
        portion = chance.randrange(1, 60)
        prints.add(ids[done : min(done + portion, 4_000)])
        done += portion
    assert all(each in prints for each in ids[:4_000])
    assert not any(each in prints for each in ids[4_000:])
    assert len(prints._runs) < 14


@pytest.mark.parametrize("lane", ["books", "access"])
def test_what_is_old_is_known_of_the_books_alone(lane: str) -> None:
    store = Asked({"old": "d1"})
    ids = Ids(store, lane, 0, 0, 0, DEDUP)
    ids.keep({"old": "d1"}, HOUR, HOUR)
    assert ids.known({"old": "", "new": ""}.keys(), 9) == {"old": "d1"}
    ids.keep({"recent": "d2"}, 400 * DAY, 400 * DAY)
    assert store.questions == 0
    found = ids.known({"old": "", "recent": "", "new": ""}.keys(), 9)
    assert found == {"recent": "d2"} | ({"old": "d1"} if lane == "books" else {})
    assert store.questions == (lane == "books")
    assert ids.known({"new": "", "newer": ""}.keys(), 9) == {}
    assert store.questions == (lane == "books")


def test_old_ids_take_eight_bytes_each() -> None:
    prints = Prints()
    for day in range(50):
        prints.add(f"{day}|{n}" for n in range(1_000))
    assert sum(len(run) * run.itemsize for run in prints._runs) == 8 * 50_000
