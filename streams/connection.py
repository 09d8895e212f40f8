"""How a Kafka broker is reached: one reading of the settings for all three of its clients.

kafka-python and aiokafka take `options`, Faust takes `credentials`.  A password is read when the
connection is made, from a file or the environment, and stands in no text that this module makes.
"""

from __future__ import annotations

import logging
import os
import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from controls.kernel import Refusal
from streams.settings import Kafka, Settings

Client = TypeVar("Client")

PATIENCE = 15.0
"""Seconds in which some broker must have answered and let us in."""
LARGEST = 8 << 20
"""Bytes of the largest message, with what Kafka puts around it: packs are kept to half a mebibyte,
but one line, a tally or a remembered value is never cut."""

REASONS = (
    (
        "SaslAuthenticationFailed",
        "the broker does not take {who} with this password and {mechanism}; see [kafka] "
        "user, password_file and password_variable",
    ),
    (
        "CERTIFICATE_VERIFY_FAILED",
        "the broker's certificate is of an authority that is not trusted here, or for another "
        "name; see [kafka] ca",
    ),
    (
        "ALERT.*CERTIFICATE",
        "the broker wants a certificate that it trusts; see [kafka] certificate and key",
    ),
    (r"\[SSL:|Handshake failed", "TLS is not spoken there; see [kafka] tls and the port"),
    (
        # its own words on a failed authentication may be lost when it hangs up
        "socket disconnected",
        "the broker hangs up on {who}; see [kafka] tls, user, password_file and "
        "password_variable, and the port",
    ),
)
"""What kafka-python logs where it fails, and what to say of it."""

_SERVER = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Connection:
    """The brokers to begin with, and how they and we prove who we are."""

    servers: tuple[str, ...]
    tls: ssl.SSLContext | None = None
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    mechanism: str = "SCRAM-SHA-512"

    @classmethod
    def of(cls, settings: Settings) -> Connection:
        """The connection that settings describe; Refusal for a wrong URL, file or variable."""
        kafka = settings.kafka
        return cls(
            servers(settings.broker),
            context(kafka) if kafka.tls else None,
            kafka.user,
            password(kafka) if kafka.user is not None else None,
            kafka.mechanism,
        )

    @property
    def options(self) -> dict[str, Any]:
        """Keyword arguments that kafka-python and aiokafka understand alike."""
        protocol = "SSL" if self.tls else "PLAINTEXT"
        options: dict[str, Any] = {"bootstrap_servers": list(self.servers)}
        if self.user is not None:
            protocol = f"SASL_{protocol}"
            options |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options | {"security_protocol": protocol, "ssl_context": self.tls}

    @property
    def credentials(self) -> Any:
        """Faust's `broker_credentials`; None where nothing is encrypted and nobody is named."""
        from faust import SASLCredentials, SSLCredentials

        if self.user is not None:
            return SASLCredentials(
                username=self.user,
                password=self.password,
                ssl_context=self.tls,
                mechanism=self.mechanism,
            )
        return None if self.tls is None else SSLCredentials(self.tls)

    def open(self, client: Callable[..., Client], **more: Any) -> Client:
        """A client of kafka-python, connected; Refusal that says why no broker let us in."""
        from kafka.errors import KafkaError

        with overheard() as said:
            try:
                return client(**self.options, bootstrap_timeout_ms=PATIENCE * 1000, **more)
            except KafkaError:
                raise Refusal(
                    f"broker = kafka://{','.join(self.servers)}: {self._reason(said)}"
                ) from None

    def _reason(self, said: list[str]) -> str:
        text = "\n".join(said)
        for sign, reason in REASONS:
            if re.search(sign, text):
                who = "us" if self.user is None else f"user {self.user}"
                return reason.format(who=who, mechanism=self.mechanism)
        tried = [line for line in said if line.startswith("Connection failed")]
        why = tried[-1] if tried else "nothing was heard"
        return f"no broker answers as expected within {PATIENCE:.0f} s ({why})"


def servers(broker: str) -> tuple[str, ...]:
    """HOST:PORT of every broker in a URL; a Refusal repeats nothing that might be a password."""
    scheme, _, rest = broker.partition("://")
    if scheme != "kafka":
        raise Refusal(f"broker = {broker}: kafka://HOST:PORT is expected")
    if "@" in rest:
        raise Refusal(
            f"broker = kafka://...@{rest.rpartition('@')[2]}: no user or password stands in the "
            "URL; [kafka] has user, and password_file or password_variable"
        )
    found = tuple(rest.split(","))
    if not all(_SERVER.fullmatch(server) for server in found):
        raise Refusal(f"broker = {broker}: kafka://HOST:PORT[,HOST:PORT...] is expected")
    return found


def context(kafka: Kafka) -> ssl.SSLContext:
    """TLS as the settings want it; the broker's name is always checked."""
    try:
        made = ssl.create_default_context(cafile=kafka.ca)
    except (OSError, ssl.SSLError) as error:
        raise Refusal(f"[kafka] ca = {kafka.ca}: {_unreadable(error)}") from None
    if kafka.certificate is not None and kafka.key is not None:
        try:
            made.load_cert_chain(kafka.certificate, kafka.key, password=_no_passphrase)
        except (OSError, ssl.SSLError) as error:
            raise Refusal(
                f"[kafka] certificate = {kafka.certificate}, key = {kafka.key}: "
                f"{_unreadable(error)}, the key without a passphrase and the certificate's own"
            ) from None
    return made


def password(kafka: Kafka) -> str:
    """The user's password: the first line of its file, or the variable's value."""
    if kafka.password_variable is not None:
        place = f"[kafka] password_variable = {kafka.password_variable}"
        found = os.environ.get(kafka.password_variable, "")
    else:
        place = f"[kafka] password_file = {kafka.password_file}"
        try:
            text = Path(str(kafka.password_file)).read_text(encoding="utf-8")
        except OSError as error:
            raise Refusal(f"{place}: cannot be read ({error.strerror})") from None
        except UnicodeDecodeError:
            raise Refusal(f"{place}: is no UTF-8 text") from None
        found = text.partition("\n")[0].rstrip("\r")
    if not found:
        raise Refusal(f"{place}: a password is expected there, and there is none")
    return found


@contextmanager
def overheard() -> Iterator[list[str]]:
    """What kafka-python logs meanwhile, kept from the terminal.

    It tries until its time is over, and then says only that; the reason is in its log.
    """
    said: list[str] = []

    class Ear(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    ear, log = Ear(logging.WARNING), logging.getLogger("kafka")
    propagates, log.propagate = log.propagate, False
    log.addHandler(ear)
    try:
        yield said
    finally:
        log.removeHandler(ear)
        log.propagate = propagates


def _unreadable(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) or error.strerror is None:
        return "PEM is expected"
    return f"cannot be read ({error.strerror})"


def _no_passphrase() -> str:
    """Instead of OpenSSL's question on the terminal."""
    return ""
