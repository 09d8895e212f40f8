"""The outbox alone: whatever stands, fails and restarts, Alertmanager comes to believe what is."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.alerts.alert import Alert
from streams.alerts.outbox import Outbox

NAMES = ("a", "b", "c")
State = tuple[str, bool]
"""A severity, and whether it is silenced."""
STATES = st.none() | st.tuples(st.sampled_from(("medium", "high")), st.booleans())
ROUNDS = st.lists(
    st.tuples(st.fixed_dictionaries(dict.fromkeys(NAMES, STATES)), st.integers(0, 4),
              st.booleans()),
    max_size=8,
)  # fmt: skip
"""What stands in each round, how many posts get through, and whether a restart follows."""


def alert(name: str, severity: str, at: int) -> Alert:
    return Alert({"finding_id": name, "severity": severity}, {}, at, at)


@settings(max_examples=60)
@given(ROUNDS)
def test_alertmanager_comes_to_believe_what_stands(
    rounds: list[tuple[dict[str, State | None], int, bool]]
) -> None:
    believed: set[str] = set()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "alerts.json"
        outbox = Outbox(path)
        last = rounds[-1][0] if rounds else dict.fromkeys(NAMES)
        for now, (stands, posts, restart) in enumerate([*rounds, (last, 99, False)], 1):
            up = {name: now for name, state in stands.items() if state}
            alerts = [
                alert(name, state[0], now)
                for name, state in stands.items()
                if state and not state[1]
            ]
            desired = {each.key: each for each in alerts}
            outbox.update(desired, up, now)
            outbox.save()
            for name, end in list(outbox.due(now, 1))[:posts]:
                finding = name.split("/")[0]
                if end:
                    believed.discard(name)
                else:
                    assert not [n for n in believed if n != name and n.startswith(finding)]
                    believed.add(name)
                outbox.save()  # what was taken last may not be on the disk
                outbox.taken([(name, end)], now)
            if restart:
                outbox = Outbox(path)
                outbox.load()
        assert believed == set(desired)
        assert not outbox.waiting()
