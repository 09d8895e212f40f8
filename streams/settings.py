"""One settings model for every way of running; a TOML file fills it.

Relative directories are those of the working directory, as on the command line.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from controls.kernel import Refusal

EMBEDDED = {
    "broker": "local://./data/log",
    "state": "memory://",
    "store": "chdb://./data/store",
}
"""Where nothing is configured: one process, everything under ./data."""


class Settings(BaseModel):
    """What an installation decides; every value has a default that runs on one machine."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    broker: str = EMBEDDED["broker"]
    """local://DIRECTORY, or kafka://HOST:PORT."""
    state: str = EMBEDDED["state"]
    """memory:// (recovered from its changelog) or rocksdb://."""
    store: str = EMBEDDED["store"]
    """chdb://DIRECTORY, or clickhouse://USER@HOST:PORT/DATABASE."""
    keys: str = "./keys"
    """Directory of the key files, outside the data directory."""
    anchor: str | None = None
    """File to which the heads of all chains are written every minute, best on another machine's
    disk; unset: anchors.jsonl beside the keys. A store set back behind it is refused."""
    data: str = "./data"
    """Directory of everything that this process writes."""
    org_id: str | None = None
    """The one organisation of this installation; another is refused."""
    partitions: int = Field(default=4, ge=1, le=256)
    """Partitions of the lanes access and principals; fixed when the installation is made."""
    tick_ms: int = Field(default=1000, ge=50, le=60_000)
    """How often the leader closes blocks, in milliseconds."""
    dedup_hours: int = Field(default=96, ge=1)
    """How long ids of traffic are remembered; ids of books are for ever."""
    log_days: int | None = Field(default=90, ge=1)
    """How long the embedded log keeps what is judged; null keeps all."""
    verify_hour: int | None = Field(default=3, ge=0, le=23)
    """From this hour (JST) the embedded store is verified once a day; null never."""
    metrics: str | None = "127.0.0.1:9464"
    """HOST:PORT on which metrics are served; null serves none."""
    controls: dict[str, dict[str, Any]] = {}
    """Parameters of controls: [controls.TEC-05] export_n = 500."""

    @property
    def anchors(self) -> Path:
        """The file of anchors."""
        return Path(self.anchor) if self.anchor else Path(self.keys) / "anchors.jsonl"

    @property
    def socket(self) -> Path:
        """Where `run` listens for the other commands while it holds the store."""
        return Path(self.data) / "shoseki.sock"


def load(file: Path | None) -> Settings:
    """The settings of a TOML file; without one, those of the embedded default.

    Raises Refusal that names the file, the setting and what was expected.
    """
    if file is None:
        return placed(Settings())
    try:
        values = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refusal(f"{file}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refusal(f"{file}: is no TOML: {error}") from None
    try:
        return placed(Settings(**values))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise Refusal(f"{file}: {name}: {first['msg']}") from None


def placed(settings: Settings) -> Settings:
    """The settings with their directories made absolute, so that two commands that mean the same
    place say the same."""
    named = [name for name in ("keys", "data", "anchor") if getattr(settings, name)]
    moved = {name: str(Path(getattr(settings, name)).absolute()) for name in named}
    if settings.anchor and Path(moved["anchor"]).is_relative_to(moved["data"]):
        raise Refusal(
            f"anchor = {settings.anchor}: must not lie inside the data directory "
            f"{settings.data}, with which it would be set back; choose another place"
        )
    for name in ("broker", "store"):
        scheme, _, rest = getattr(settings, name).partition("://")
        if scheme in ("local", "chdb"):
            moved[name] = f"{scheme}://{Path(rest).absolute()}"
    return settings.model_copy(update=moved)
