"""Bursts of failed sign-ins: chains that end in silence or at a success.

Facts are `[at, event_id, who, actor, weight, first, reached_at, reached_id]`; all after `actor`
may be missing.  `weight` counts failures that a thinned fact stands for; `first` and `reached_*`
tell of the part of a burst that was forgotten.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from controls.kernel import Judgement
from controls.shapes import Fact

SHOWN = 20
"""As many event ids a judgement names at most."""

SUCCESS = ""
"""The `who` of a success; a failure has a name there, of its account."""


@dataclass(slots=True)
class Burst:
    """Failures of which each came at most a window after the one before."""

    begin: Fact
    first: str
    """event_id of its first failure."""
    last: int
    """Instant of its last failure (ms)."""
    reached: tuple[int, str] | None = None
    """The failure that made it an attack: (at, event_id)."""
    enough: list[Fact] = field(default_factory=list)
    """The failures within the window that ends there."""
    before: list[Fact] = field(default_factory=list)
    after: list[Fact] = field(default_factory=list)
    """Those before and after it was an attack."""
    success: Fact | None = None


def weight(fact: Fact) -> int:
    return fact[4] if len(fact) > 4 else 1


def bursts(facts: Sequence[Fact], window: int, limit: int, distinct: bool) -> list[Burst]:
    """The bursts of `facts` (sorted), oldest first.

    An attack is `limit` failures within `window` (ms), or of `limit` distinct `who`.
    """
    found: list[Burst] = []
    burst: Burst | None = None
    recent: deque[Fact] = deque()
    names: Counter[str] = Counter()
    for fact in facts:
        at, event_id, who = fact[:3]
        if burst is not None and at - burst.last > window:
            burst = None
        if who == SUCCESS:
            if burst is not None:
                burst.success, burst = fact, None
            continue
        if burst is None:
            burst = Burst(fact, event_id, at)
            if len(fact) > 5:
                burst.first, attacked, name = fact[5:]
                burst.reached = (attacked, name) if attacked else None
            found.append(burst)
            recent.clear()
            names.clear()
        burst.last = at
        if burst.reached is not None:
            if (at, event_id) > burst.reached:
                burst.after.append(fact)
            continue
        burst.before.append(fact)
        recent.append(fact)
        names[who] += weight(fact)
        while recent[0][0] < at - window:
            gone = recent.popleft()
            names[gone[2]] -= weight(gone)
            if not names[gone[2]]:
                del names[gone[2]]
        if (len(names) if distinct else names.total()) >= limit:
            burst.reached, burst.enough = (at, event_id), list(recent)
            if distinct:
                one_each = {fact[2]: fact[:4] for fact in reversed(recent)}
                burst.enough = sorted(one_each.values())
    return found


def attack(code: str, key: str, burst: Burst, window: int) -> Iterator[Judgement]:
    """A burst as judgements of one subject: what made it an attack, then what followed, a
    stretch of `window` (ms) each, so that a long one grows without being told anew."""
    if burst.reached is None:
        return
    subject, (reached, name) = f"{key}|{burst.first}", burst.reached
    stretches = groupby(burst.after, key=lambda fact: fact[0] // window)
    parts = [(f"{burst.first}|{name}", reached, burst.enough)] if burst.enough else []
    for number, group in stretches:
        failures = list(group)
        parts.append((f"{burst.first}|{number}", failures[-1][0], failures))
    for item, at, failures in parts:
        yield Judgement(
            "violation",
            code,
            subject,
            at,
            reached,
            events=tuple(f[1] for f in failures[:SHOWN]),
            count=sum(map(weight, failures)),
            item=item,
        )


def forgotten(found: Sequence[Burst], facts: Sequence[Fact], window: int, floor: int) -> list[Fact]:
    """What must be known of `facts` to judge, exactly, all that happens from `floor` on.

    Facts from a window (and its stretch) before it stay; of a burst that reaches across stays
    its latest failure before, with its first one and whether it was an attack.
    """
    cut = (floor // window - 1) * window
    kept = [fact for fact in facts if fact[0] >= cut]
    edge = facts[len(facts) - len(kept) - 1] if len(kept) < len(facts) else None
    if edge is None or edge[2] == SUCCESS or edge[0] < cut - window:
        return kept
    burst = next(b for b in reversed(found) if b.begin[:2] <= edge[:2])
    was = burst.reached if burst.reached is not None and burst.reached[0] < floor else (None, None)
    return [[*edge[:4], 1, burst.first, *was], *kept]


def thinned(
    facts: Iterable[Fact],
    crowds: Iterable[Sequence[Fact]],
    place: Callable[[Fact], Hashable],
    most: int,
) -> list[Fact]:
    """`facts` with at most `most` of `crowds` in one place: else its first, which counts for the
    others, and its last."""
    groups: dict[Hashable, list[Fact]] = {}
    for number, crowd in enumerate(crowds):
        for fact in crowd:
            if len(fact) <= 5:
                groups.setdefault((number, place(fact)), []).append(fact)
    instead: dict[str, Fact | None] = {}
    for group in groups.values():
        if len(group) > most:
            head, *middle, last = group
            instead |= {fact[1]: None for fact in middle}
            instead[head[1]] = [*head[:4], sum(map(weight, group)) - weight(last)]
    changed = (instead.get(fact[1], fact) for fact in facts)
    return [fact for fact in changed if fact is not None]
