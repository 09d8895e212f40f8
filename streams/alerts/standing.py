"""What stands, and what was said of it: read from the store once, then kept by each block of
`books`.

Every finding, every step of an alert and every silence passes through `books`, so the worker that
writes that chain knows all of them.  What should be firing follows from this and from the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from controls.events import AlertChanged, Event, NonconformityChanged, OwnSilenced
from controls.kernel import SEVERITIES, STANDING, Severity
from streams.acts import SOURCE
from streams.alerts.alert import Alert, alert_of
from streams.oncall import ASSIGNING, DISPOSITIONS, Finding
from streams.pseudonyms import Forms, jst_year
from streams.recall import EVER
from streams.store import Ask, Store

TYPES: tuple[type[Event], ...] = (AlertChanged, NonconformityChanged, OwnSilenced)


def stands(finding: Finding) -> bool:
    """Whether it is a violation that nobody has closed and that is not over."""
    return finding["verdict"] == "violation" and finding["status"] in STANDING


class Standing:
    """Findings that stand, steps of their alerts, their owners, and silences, in evidence form."""

    def __init__(self, forms: Forms, measures: Mapping[str, str]) -> None:
        self._forms, self._measures = forms, measures
        self.findings: dict[str, dict[str, Any]] = {}
        self.raised: dict[str, str] = {}
        """What became of the alerts that the service raised: open, over (it says), closed (a
        person says)."""
        self.closed: set[str] = set()
        """The alerts that a person has closed, whoever raised them."""
        self._owners: dict[str, str] = {}
        self._silences: dict[str, OwnSilenced] = {}
        self._corrected: set[str] = set()

    @classmethod
    def read(cls, store: Store, forms: Forms, measures: Mapping[str, str]) -> Standing:
        """All that the store holds now."""
        made = cls(forms, measures)
        head = store.head("books", 0)
        asks = [Ask(kind.type, None, frozenset(), 0, EVER) for kind in TYPES]
        if head is not None:
            made.add(store.recall("books", 0, head.last_offset + 1, asks), ())
        made.add((), store.findings())
        return made

    def add(self, events: Iterable[Event], findings: Iterable[Mapping[str, Any]]) -> None:
        """Learn what a block holds, in its order; the same again changes nothing."""
        for event in events:
            if isinstance(event, AlertChanged):
                self._step(event)
            elif isinstance(event, OwnSilenced):
                self._silences[event.event_id] = event
                if event.corrects_event_id:
                    self._corrected.add(event.corrects_event_id)
            elif isinstance(event, NonconformityChanged) and event.step in ASSIGNING:
                self._owners[event.correlation_id or ""] = event.actor_ref
        for finding in findings:
            name = finding["finding_id"]
            known = self.findings.get(name)
            if known is not None and known["revision"] >= finding["revision"]:
                continue
            if stands(finding):
                self.findings[name] = dict(finding)
            else:
                self.findings.pop(name, None)

    def _step(self, event: AlertChanged) -> None:
        name = event.alert_id
        service = event.source_id == SOURCE and event.actor_kind == "service"
        if event.step in DISPOSITIONS and not service:
            self.closed.add(name)
        if event.step == "raised" and service:
            self.raised[name] = "open"
        elif event.step in DISPOSITIONS and name in self.raised:
            self.raised[name] = "over"
        if name in self.closed and name in self.raised:
            self.raised[name] = "closed"

    def desired(self, now: int, least: Severity, console: str) -> dict[str, Alert]:
        """What should be firing at `now` (ms), by the key of its label set."""
        lowest = SEVERITIES.index(least)
        silences = self._active(now)
        alerts = (
            alert_of(
                finding,
                self._measures.get(finding["control"], ""),
                console,
                self._owners.get(name),
            )
            for name, finding in self.findings.items()
            if SEVERITIES.index(finding["severity"]) >= lowest
            and name not in self.closed
            and not self._silenced(finding, silences)
        )
        return {alert.key: alert for alert in alerts}

    def border(self, now: int) -> int | None:
        """When (ms) a silence begins or ends next."""
        borders = (b for s in self._standing() for b in (s.starts_at, s.ends_at) if b > now)
        return min(borders, default=None)

    def silences(self) -> list[OwnSilenced]:
        """Every silence that was not corrected, by its beginning."""
        return sorted(self._standing(), key=lambda s: (s.starts_at, s.silence_id))

    def _standing(self) -> Iterator[OwnSilenced]:
        for name, silence in self._silences.items():
            if name not in self._corrected:
                yield silence

    def _active(self, now: int) -> list[OwnSilenced]:
        return [s for s in self._standing() if s.starts_at <= now < s.ends_at]

    def _silenced(self, finding: Finding, silences: Sequence[OwnSilenced]) -> bool:
        return any(covers(silence, finding, self._forms) for silence in silences)


def covers(silence: OwnSilenced, finding: Finding, forms: Forms) -> bool:
    """Whether a silence is of this finding; one that names neither control nor subject is of none.

    Its subject was given as findings show it, or as the sources send it; the latter is known again
    in findings of the same year (JST) only, whose pseudonyms are its own.
    """
    if silence.control_id and silence.control_id != finding["control"]:
        return False
    if silence.subject_ref:
        shown = finding["subject"]
        year = jst_year(silence.occurred_at)
        return silence.subject_ref in (shown, forms.veil(forms.ref(shown), year))
    return bool(silence.control_id)
