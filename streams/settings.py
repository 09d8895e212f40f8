"""One settings model for every way of running; a TOML file fills it.

Relative directories are those of the working directory, as on the command line.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from controls.events.retention import RETENTION, RetentionClass
from controls.kernel import Refusal, Severity
from streams.sources import FORMATS

EMBEDDED = {
    "broker": "local://./data/log",
    "state": "memory://",
    "store": "chdb://./data/store",
}
"""Where nothing is configured: one process, everything under ./data."""


class Kafka(BaseModel):
    """The table [kafka]: how a broker is reached and what it must keep; local:// uses none of it.

    A password stands in a file or in a variable of the environment, never here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    tls: bool = False
    """Whether brokers are spoken to over TLS, their names checked against their certificates."""
    ca: str | None = None
    """PEM file of the authorities that vouch for brokers; null: those that the system trusts."""
    certificate: str | None = None
    """PEM file of this client's own certificate, for brokers that ask for one."""
    key: str | None = None
    """PEM file of the certificate's private key, without a passphrase."""
    user: str | None = None
    """Who this is to the broker (SASL/SCRAM); null: nobody, or whom the certificate names."""
    mechanism: Literal["SCRAM-SHA-512", "SCRAM-SHA-256"] = "SCRAM-SHA-512"
    """How the user's password is proven."""
    password_file: str | None = None
    """File whose first line is the user's password."""
    password_variable: str | None = None
    """Variable of the environment that holds the user's password."""
    replication: int | None = Field(default=None, ge=1)
    """Copies of every topic; null: as the cluster has it by default."""
    min_insync: int | None = Field(default=None, ge=1)
    """Copies that must have a message before it is acknowledged; null: as the cluster has it."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """What belongs together is there together."""
        sources = (self.password_file, self.password_variable)
        if not self.tls and (self.ca or self.certificate or self.user):
            said = "ca, certificate and user need tls = true: nothing is proven over an open line"
        elif bool(self.certificate) != bool(self.key):
            said = "certificate and key are given together"
        elif (self.user is not None) != (sum(map(bool, sources)) == 1):
            said = "user goes with either password_file or password_variable"
        elif self.replication and self.min_insync and self.min_insync > self.replication:
            said = "min_insync is at most replication"
        else:
            return self
        raise PydanticCustomError("kafka", "{said}", {"said": said})


class ClickHouseServer(BaseModel):
    """How a ClickHouse server is reached; the password is in a file or the environment."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    password_file: str | None = None
    """File that holds the password; its last line end is no part of it."""
    password_env: str = "CLICKHOUSE_PASSWORD"
    """Variable that holds it where no file is named; unset is no password."""
    ca_file: str | None = None
    """PEM file of the authority that signed the server's certificate; null trusts the system's."""
    connect_seconds: int = Field(default=5, ge=1)
    """How long a connection may take."""
    answer_seconds: int = Field(default=60, ge=1)
    """How long an answer may take."""
    retry_seconds: int = Field(default=300, ge=0)
    """How long what fails for a while is tried again before the worker ends."""
    cluster: str | None = Field(default=None, pattern="^[A-Za-z0-9_{}-]+$")
    """Cluster on which tables are replicated, a name or a macro; null is a single server."""


class Intake(BaseModel):
    """A raw topic that a third party writes, one record a message, and how it is read."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    topic: str = Field(pattern=r"^[A-Za-z0-9._-]{1,249}$")
    """The topic; its timestamps are the broker's (message.timestamp.type=LogAppendTime)."""
    format: str = "events"
    """Format of the records, as for `publish --format`."""
    source: str | None = None
    """TOML file that says what a log is the log of, as for `publish --source`."""
    repeats: Literal["events", "duplicates"] = "events"
    """What a native line is that equals an earlier one: an event of its own, since a server may
    well answer the same twice in a second; or a duplicate, where a shipper that sends at least
    once repeats lines.  Records of the format `events` are told apart by their event_id."""

    @field_validator("format")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in FORMATS:
            raise ValueError(f"no such format; known: {', '.join(FORMATS)}")
        return value


class Quarantine(BaseModel):
    """Where refused lines are kept, sealed; without it only their reasons and positions are."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    key: str
    """File of the public key; `shoseki rejects keygen` makes a pair."""
    directory: str = "./quarantine"
    """Directory of the sealed files, outside the data directory."""
    days: int = Field(default=30, ge=1, le=366)
    """How long they are kept."""
    megabytes: int = Field(default=64, ge=1)
    """How large a day's file may grow; what comes after that is not kept."""


class Alerts(BaseModel):
    """How findings reach the people on call; secrets are in files."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    url: str | None = Field(default=None, pattern=r"^https?://[^\s@]+$")
    """Alertmanager; unset: nothing is sent, the register of alerts is kept all the same."""
    user: str | None = Field(default=None, pattern="^[^:]+$")
    """Who this is to a proxy in front of it (basic authentication); goes with password_file."""
    password_file: str | None = None
    """File whose first line is the user's password."""
    bearer_file: str | None = None
    """File whose first line is a bearer token, instead of user and password."""
    ca_file: str | None = None
    """PEM file of the authority that signed the certificate; null trusts the system's."""
    severity: Severity = "medium"
    """The least severity that is sent."""
    raised: bool = True
    """Whether high and critical findings are raised as alert.changed here; false where the tool
    that is told of them sends these events itself."""
    resend_seconds: int = Field(default=60, ge=1, le=3600)
    """How often what stands is sent again; Alertmanager takes an alert for over after four times
    as long without."""
    console: str = Field(default="http://127.0.0.1:9466", pattern=r"^https?://\S+$")
    """Base of the links in alerts: where people reach the console."""
    token_file: str | None = None
    """File whose first line is the secret with which on-call tools answer (POST /api/alerts);
    unset: no answers are taken."""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        """Who this is is said once, and whole."""
        if (self.user is None) != (self.password_file is None):
            said = "user and password_file are given together"
        elif self.user is not None and self.bearer_file is not None:
            said = "either bearer_file or user with password_file is expected"
        else:
            return self
        raise PydanticCustomError("alerts", "{said}", {"said": said})


class Console(BaseModel):
    """The console that `run` serves: pages for the privacy office, the SOC and auditors."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    address: str | None = "127.0.0.1:9466"
    """HOST:PORT on which it is served; null or the empty text serves none. An address that others
    reach is refused while there is no file of tokens; put a proxy that speaks TLS in front of it,
    and say under [alerts] console how people then reach it."""
    tokens: str | None = None
    """File of who may look (mode 0600): a line a token, ROLE TOKEN or ROLE sha256:HEX; roles:
    privacy-office, soc, auditor. Unset: console.tokens beside the keys. On loopback it is made with
    a token a role: whoever may not read it, though a user of the same machine, sees nothing."""


class Settings(BaseModel):
    """What an installation decides; every value has a default that runs on one machine."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    broker: str = EMBEDDED["broker"]
    """local://DIRECTORY, or kafka://HOST:PORT[,HOST:PORT...]."""
    state: str = EMBEDDED["state"]
    """memory:// (recovered from its changelog) or rocksdb://."""
    store: str = EMBEDDED["store"]
    """chdb://DIRECTORY, or clickhouse://USER@HOST:PORT/DATABASE (clickhouses:// for TLS)."""
    clickhouse: ClickHouseServer = ClickHouseServer()
    """How the server of a clickhouse:// store is reached: [clickhouse] ca_file = ..."""
    keys: str = "./keys"
    """Directory of the key files, outside the data directory."""
    anchor: str | None = None
    """File to which the heads of all chains are written every minute, best on another machine's
    disk; unset: anchors.jsonl beside the keys. A store set back behind it is refused."""
    anchor_url: str | None = Field(default=None, pattern="^https?://")
    """URL to which every new checkpoint is sent (POST, text/plain), on somebody else's machine."""
    origin: str | None = Field(default=None, pattern=r"^[^\s+]+$")
    """The log's name in its checkpoints, best below a domain of one's own, fixed with the first;
    unset: shoseki/ and the organisation."""
    data: str = "./data"
    """Directory of everything that this process writes."""
    org_id: str | None = None
    """The one organisation of this installation; another is refused."""
    partitions: int = Field(default=4, ge=1, le=256)
    """Partitions of the lanes access and principals; fixed when the installation is made."""
    tick_ms: int = Field(default=1000, ge=50, le=60_000)
    """How often the leader closes blocks, in milliseconds."""
    session_seconds: int = Field(default=30, ge=1, le=90)
    """Kafka gives a silent worker's partitions to others after this many seconds."""
    dedup_hours: int = Field(default=96, ge=1)
    """How long ids of traffic are remembered; ids of books are for ever."""
    log_days: int | None = Field(default=90, ge=1)
    """How long lanes keep messages, the embedded log only what is judged; null keeps all."""
    verify_hour: int | None = Field(default=3, ge=0, le=23)
    """From this hour (JST) the day's chores are done: verify the store, let expired rows and old
    segments go; null never."""
    retention: dict[RetentionClass, int] = {}
    """Years for which a class is kept where that is longer than the house rule: log = 5."""
    metrics: str | None = "127.0.0.1:9464"
    """HOST:PORT on which metrics are served; null serves none."""
    intake: dict[str, Intake] = {}
    """Raw topics: [intake.crm-web] topic = "raw-crm-web", format = "nginx", source = "crm.toml"."""
    intake_metrics: str | None = "127.0.0.1:9465"
    """HOST:PORT on which `shoseki intake` serves metrics; null serves none."""
    quarantine: Quarantine | None = None
    """Where refused lines are kept: [quarantine] key = "./rejects.pub"."""
    kafka: Kafka = Kafka()
    """How a broker is reached and what it must keep."""
    alerts: Alerts = Alerts()
    """Where findings are alerted: [alerts] url = "http://127.0.0.1:9093"."""
    console: Console = Console()
    """Where findings are shown: [console] address = "127.0.0.1:9466"."""
    controls: dict[str, dict[str, Any]] = {}
    """Parameters of controls: [controls.TEC-05] export_n = 500."""

    @field_validator("retention")
    @classmethod
    def _longer(cls, years: dict[RetentionClass, int]) -> dict[RetentionClass, int]:
        for name, wanted in years.items():
            if wanted < RETENTION[name].years:
                raise ValueError(
                    f"{name} = {wanted}: is kept for {RETENTION[name].years} years "
                    f"({RETENTION[name].basis}); a company may only lengthen that"
                )
        return years

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
    moved: dict[str, Any] = {name: str(Path(getattr(settings, name)).absolute()) for name in named}
    if settings.anchor and Path(moved["anchor"]).is_relative_to(moved["data"]):
        raise Refusal(
            f"anchor = {settings.anchor}: must not lie inside the data directory "
            f"{settings.data}, with which it would be set back; choose another place"
        )
    for name in ("broker", "store"):
        scheme, _, rest = getattr(settings, name).partition("://")
        if scheme in ("local", "chdb"):
            moved[name] = f"{scheme}://{Path(rest).absolute()}"
    moved["intake"] = {
        name: intake.model_copy(update={"source": str(Path(intake.source).absolute())})
        if intake.source
        else intake
        for name, intake in settings.intake.items()
    }
    if settings.console.tokens:
        tokens = str(Path(settings.console.tokens).absolute())
        moved["console"] = settings.console.model_copy(update={"tokens": tokens})
    if settings.quarantine is not None:
        places = {
            name: str(Path(getattr(settings.quarantine, name)).absolute())
            for name in ("key", "directory")
        }
        moved["quarantine"] = settings.quarantine.model_copy(update=places)
    return settings.model_copy(update=moved)
