"""Listeners with TLS and passwords for a test broker: a certificate authority made by openssl.

`SECURE` asks for a user and a password (SASL/SCRAM-SHA-512 or -256) over TLS, `MUTUAL` for a
client certificate.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = "subjectAltName=DNS:localhost,IP:127.0.0.1"


@dataclass(frozen=True)
class User:
    """A user that the storage tool creates, for both mechanisms."""

    name: str
    password: str

    @property
    def scram(self) -> list[str]:
        words = []
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512"):
            value = f"{mechanism}=[name={self.name},password={self.password}]"
            words += ["--add-scram", value]
        return words


class Security:
    """Certificates in a folder, and what the broker must be told of them."""

    listeners = {"SECURE": "SASL_SSL", "MUTUAL": "SSL"}  # noqa: RUF012

    def __init__(self, folder: Path, *users: User) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.users = folder, users
        self.ca = self._authority("ca")
        self.stranger = self._authority("stranger")
        """An authority that signed nothing here."""
        self.server = self._certificate("server")
        self.client = self._certificate("client")
        self.client_key = self._key("client")

    @property
    def properties(self) -> dict[str, str]:
        pair = self.folder / "server-pair.pem"
        pair.write_text(self._key("server").read_text() + self.server.read_text())
        return {
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(pair),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.ca),
            "listener.name.mutual.ssl.client.auth": "required",
            "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512",
            **{
                f"listener.name.secure.scram-sha-{size}.sasl.jaas.config": (
                    "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                )
                for size in (256, 512)
            },
        }

    def _key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def _authority(self, name: str) -> Path:
        certificate = self.folder / f"{name}.pem"
        self._openssl("req", "-x509", "-days", "2", "-subj", f"/CN=shoseki test {name}",
                      *self._new(name), "-out", str(certificate))  # fmt: skip
        return certificate

    def _certificate(self, name: str) -> Path:
        certificate = self.folder / f"{name}.pem"
        self._openssl("req", "-x509", "-days", "2", "-subj", f"/CN={name}", *self._new(name),
                      "-CA", str(self.ca), "-CAkey", str(self._key("ca")),
                      "-addext", EXTENSIONS, "-addext", "basicConstraints=critical,CA:FALSE",
                      "-out", str(certificate))  # fmt: skip
        return certificate

    def _new(self, name: str) -> tuple[str, ...]:
        key = str(self._key(name))
        return "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", key

    def _openssl(self, *words: str) -> None:
        done = subprocess.run(["openssl", *words], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
