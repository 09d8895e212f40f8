"""What the server serves: the store, the catalogue, and who may look; made before it listens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from controls import catalogue, policies
from controls.catalogue import Catalogue
from controls.events import Event
from controls.kernel import Refusal
from controls.policies import Policy
from streams import acts, wiring
from streams.alerts.alertmanager import secret
from streams.console import guard
from streams.console.access import FILE, Tokens
from streams.oncall import Desk
from streams.pseudonyms import Forms
from streams.settings import Settings
from streams.store import Store


@dataclass(frozen=True, slots=True)
class Office:
    """`clock` tells what time it is to who reads (ms); `recorded` what time acts bear."""

    settings: Settings
    store: Store
    forms: Forms
    catalogue: Catalogue
    policies: Sequence[Policy]
    clock: Callable[[], int]
    recorded: Callable[[], int]

    @classmethod
    def of(
        cls,
        settings: Settings,
        store: Store,
        forms: Forms,
        origin: str = "configuration",
        clock: Callable[[], int] = wiring.now,
    ) -> Office:
        """That of an installation; `clock` differs from now for a company that is simulated."""
        found = catalogue.load(settings.controls, origin)
        return cls(settings, store, forms, found, policies.load(), clock, wiring.now)

    @property
    def address(self) -> str:
        return self.settings.console.address or ""

    def desk(self) -> Desk:
        """Where acts of now are recorded; Refusal while no organisation is known."""
        org_id = acts.known_organisation(self.settings, self.store)
        return Desk(self.forms, org_id, self.recorded())

    def publish(self, events: Sequence[Event]) -> None:
        acts.publish(self.settings, events)

    def secret(self) -> str | None:
        """With which on-call tools answer; None where none is set."""
        file = self.settings.alerts.token_file
        if file is None:
            return None
        return secret("token_file", file)

    def tokens(self) -> Tokens:
        """The file of tokens, made where only this machine can ask; else Refusal without one."""
        given = self.settings.console.tokens
        path = Path(given) if given else Path(self.settings.keys) / FILE
        host, _ = guard.place(self.address)
        if not guard.loopback(host) and not path.exists():
            raise Refusal(
                f"[console] address = {self.address}: others can reach it, and there is no "
                f"{path}; start once on 127.0.0.1, which makes it, or write lines ROLE TOKEN "
                "into it (mode 0600)"
            )
        tokens = Tokens.made(path) if guard.loopback(host) else Tokens(path)
        if not tokens.roles():
            raise Refusal(f"{path}: holds no token; write lines ROLE TOKEN, or delete the file")
        return tokens
