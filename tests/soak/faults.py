"""What goes wrong in a campaign, in the order that a seed gives."""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.soak.house import SESSION, House, Process, faketime

KILLED = {"worker": 6, "intake": 2, "broker": 2}
"""How often who is killed, among ten kills."""
ASLEEP = 2.5 * SESSION
"""Seconds of a pause: the group has long given the sleeper's partitions to others."""
JUMPS = (45 * 60, -3 * 3600, -20 * 60, 0)
"""By how many seconds a worker's wall clock may come to be wrong.  Not more than an hour ahead:
from there on the broker refuses what the worker remembers (InvalidTimestampError), and it stops."""


OF_WORKER = ("kill worker", "pause", "line silent", "line broken", "clock")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong: its kind, which worker it concerns, when it begins after the
    load did, and how long it lasts (seconds; for a jump, by how much)."""

    kind: str
    worker: int
    after: float
    lasts: float

    @property
    def full(self) -> bool:
        """Whether the load comes at once, and not at its rate."""
        return self.kind.startswith("store")

    def __str__(self) -> str:
        who = f" {self.worker}" if self.kind in OF_WORKER else ""
        return f"{self.kind}{who} ({self.lasts:+.0f} s)"


def plan(
    kills: int, pauses: int, cuts: int, outages: int, jumps: int, *, outage: float, workers: int,
    seed: int,
) -> list[Fault]:  # fmt: skip
    """So many faults of each kind in an order of the seed's; kills are shared out by `KILLED`."""
    chance = Random(f"{seed}|faults")
    kinds = [f"kill {who}" for who in shares(kills)]
    kinds += ["pause"] * pauses
    kinds += [("line silent", "line broken")[n % 2] for n in range(cuts)]
    kinds += [("store down", "store refuses")[n % 2] for n in range(outages)]
    kinds += ["clock"] * (jumps if faketime() else 0)
    chance.shuffle(kinds)
    lasts: dict[str, Callable[[], float]] = {
        "pause": lambda: ASLEEP,
        "line silent": lambda: ASLEEP,
        "line broken": lambda: ASLEEP,
        "store down": lambda: outage,
        "store refuses": lambda: outage,
        "clock": lambda: chance.choice(JUMPS),
    }
    return [
        Fault(
            kind, chance.randrange(workers), round(chance.uniform(0, 2), 2),
            round(lasts.get(kind, lambda: chance.uniform(0, 2))(), 2),
        )
        for kind in kinds
    ]  # fmt: skip


def shares(kills: int) -> list[str]:
    """Who is killed: as `KILLED` has it, and everybody once before anybody twice."""
    order = sorted((place / share, who) for who, share in KILLED.items() for place in range(share))
    return [order[n % len(order)][1] for n in range(kills)]


def strike(fault: Fault, house: House) -> None:
    """Have it happen, and end."""
    worker = house.workers[fault.worker]
    if fault.kind == "kill worker":
        killed(worker, fault.lasts)
    elif fault.kind == "kill intake":
        killed(house.intake, fault.lasts)
    elif fault.kind == "kill broker":
        house.kafka.kill()
        time.sleep(fault.lasts)
        house.kafka.start()
    elif fault.kind == "pause":
        worker.signal(signal.SIGSTOP)
        time.sleep(fault.lasts)
        worker.signal(signal.SIGCONT)
    elif fault.kind in ("line silent", "line broken"):
        line = house.lines[fault.worker]
        line.cut(reset=fault.kind == "line broken")
        time.sleep(fault.lasts)
        line.heal()
    elif fault.kind == "store down":
        house.server.kill()
        time.sleep(fault.lasts)
        house.server.start()
    elif fault.kind == "store refuses":
        house.server.steer(refuse=True)
        time.sleep(fault.lasts)
        house.server.steer(refuse=False)
    else:
        worker.set_clock(round(fault.lasts))


def killed(process: Process, seconds: float) -> None:
    process.kill()
    time.sleep(seconds)
    process.start()


def count(faults: Sequence[Fault]) -> Counter[str]:
    return Counter(fault.kind for fault in faults)
