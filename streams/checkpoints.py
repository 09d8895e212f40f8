"""Keeps the log: an entry whenever the chains have grown, signed, and put where nobody here can
take it back."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

from controls.kernel import Refusal
from streams.acts import organisation
from streams.evidence.anchor import Anchors
from streams.evidence.log import Entry, following, stated
from streams.keys import Keys
from streams.settings import Settings
from streams.store import Store, unquestioned

ANSWER = 10.0
"""Seconds after which who was sent a checkpoint should have answered."""


class Checkpoints:
    """The log of one installation; of several workers the one that has `books` writes it."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self.anchors = Anchors(settings.anchors)
        self._settings, self._store = settings, store
        self._keys = Keys(Path(settings.keys), Path(settings.data))
        self._sent = ""

    def write(self, now: int, held: Callable[[], None] = unquestioned) -> Entry | None:
        """Add an entry of `now` (ms) if any chain has grown; the last entry there is, None while
        nothing is sealed.  Raises StoreError."""
        store = self._store
        last = store.last_entry()
        heads = stated(store.heads())
        if not heads or (last is not None and list(last.heads) == heads):
            return last
        origin = self.origin(last)
        if origin is None:
            return last
        entry = following(last, now, heads, origin, self._keys.signers(origin))
        store.append(entry, held)
        return entry

    def send(self, entry: Entry) -> None:
        """Send a checkpoint to the URL that is configured, once; Refusal where it is not taken."""
        url = self._settings.anchor_url
        if url is None or self._sent == entry.note:
            return
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        request = urllib.request.Request(url, entry.note.encode(), headers)
        try:
            urllib.request.urlopen(request, timeout=ANSWER).close()
        except (OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or type(error).__name__
            raise Refusal(
                f"anchor_url = {url}: did not take checkpoint {entry.size} ({reason}); "
                "it is sent again with the next"
            ) from None
        self._sent = entry.note

    def origin(self, last: Entry | None = None) -> str | None:
        """The log's name: what its last entry says, or what is configured, or the organisation's;
        None while that is unknown."""
        last = last or self._store.last_entry()
        if last is not None:
            return last.note.partition("\n")[0]
        if self._settings.origin is not None:
            return self._settings.origin
        org_id = self._settings.org_id or organisation(self._store)
        return org_id and "shoseki/" + re.sub(r"[\s+]+", "-", org_id)
