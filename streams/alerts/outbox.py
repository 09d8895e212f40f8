"""What Alertmanager was told, in one file of the data directory (mode 0600).

What should be firing is derived; only this is remembered: which label sets it may believe to be
firing, so that they can be ended.  An entry is on the disk before it is told for the first time,
and goes when its end was taken.  Where the file is missing (another machine, a disk that was lost)
nothing is told twice either: labels say which alert it is, and what nobody ends is over at its
endsAt.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from controls.kernel import Refusal
from streams.alerts.alert import Alert
from streams.store import StoreError


@dataclass(slots=True)
class Entry:
    """A label set that Alertmanager may have been told.

    `told` once it has taken it; `over` when its end is owed.  `at` (ms) is its place in the order,
    `sent` when it was taken last, not kept on the disk.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts: int
    at: int
    told: bool = False
    over: bool = False
    brief: bool = False
    """Over before it was told: firing is told first, then its end."""
    sent: int = 0

    @property
    def finding(self) -> str:
        """The finding that it is of."""
        return self.labels["finding_id"]


class Outbox:
    """The entries by key of their label sets; `save` writes them whole."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.entries: dict[str, Entry] = {}
        self._saved = b""

    def load(self) -> None:
        """Read the file; without one there is nothing.  Refusal where it is no outbox."""
        try:
            self._saved = self.path.read_bytes()
            read = json.loads(self._saved)
            self.entries = {name: Entry(**entry) for name, entry in read.items()}
        except FileNotFoundError:
            self.entries = {}
        except (ValueError, TypeError, AttributeError):
            raise Refusal(
                f"{self.path}: is no outbox of alerts; remove it: what stands is told anew, and "
                "what is over ends by itself in Alertmanager"
            ) from None
        except OSError as error:
            raise Refusal(f"{self.path}: cannot be read ({error.strerror})") from None

    def save(self) -> None:
        """Write what has changed, on the disk when this returns."""
        kept = {}
        for name, entry in self.entries.items():
            kept[name] = {key: value for key, value in asdict(entry).items() if key != "sent"}
        text = json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()
        if text == self._saved:
            return
        draft = self.path.with_name(f"{self.path.name}.tmp")
        try:
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            with open(handle, "wb") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
            folder = os.open(self.path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError as error:
            raise StoreError(f"{self.path}: cannot be written ({error.strerror})") from None
        self._saved = text

    def update(self, desired: Mapping[str, Alert], up: Mapping[str, int], now: int) -> None:
        """Bring the entries to what should be firing at `now` (ms).

        `up` says of the findings that stand, silenced or not, when they were recorded: what is
        silenced before it was told is not told; what is over before it was told still is, so that
        an outage hides nothing.
        """
        for name, entry in list(self.entries.items()):
            if name in desired or entry.over:
                continue
            entry.over = True
            entry.at = up.get(entry.finding, now)
            entry.brief = not entry.told and entry.finding not in up
        for name, alert in desired.items():
            starts = min(alert.starts, now)
            known = self.entries.get(name)
            if known is None:
                self.entries[name] = Entry(alert.labels, alert.annotations, starts, alert.at)
                continue
            if known.over or known.annotations != alert.annotations:
                known.over = known.brief = False
                known.annotations, known.at, known.sent = alert.annotations, alert.at, 0

    def due(self, now: int, every: int) -> Iterator[tuple[str, bool]]:
        """What has to be told at `now` (ms), in order: (key, whether it is the end)."""
        ordered = sorted(
            self.entries.items(), key=lambda e: (e[1].at, e[1].finding, not e[1].over, e[0])
        )
        for name, entry in ordered:
            if entry.brief or (not entry.over and now - entry.sent >= every):
                yield name, False
            if entry.over:
                yield name, True

    def waiting(self) -> int:
        """Findings of which Alertmanager has not been told how they stand."""
        entries = self.entries.values()
        return len({entry.finding for entry in entries if entry.over or not entry.told})

    def taken(self, told: Collection[tuple[str, bool]], now: int) -> None:
        """Note what Alertmanager has taken at `now` (ms)."""
        for name, end in told:
            entry = self.entries[name]
            if end:
                del self.entries[name]
            else:
                entry.told, entry.brief, entry.sent = True, False, now

    def refused(self, name: str, now: int) -> None:
        """Note that Alertmanager finds fault with an alert: what stands is tried with the next
        resend, an end is given up, since endsAt ends it."""
        entry = self.entries[name]
        if entry.over:
            del self.entries[name]
        else:
            entry.sent = now
