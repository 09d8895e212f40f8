"""The console of a small company, served as `run` serves it, over a real engine."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa
import pytest

from controls import catalogue, policies
from dashboards.boards import BOARDS
from streams import settings as configuration
from streams.console import Console, Office
from streams.console.access import Role
from streams.pseudonyms import Pseudonyms
from streams.store.clickhouse import ClickHouse
from streams.store.sql import SCHEMAS
from tests.company import Company, fill

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "\u202egnp.evil\u2066",
    "w" * 3_000,
    "nul\x00\x1b[31m",
    "javascript:alert(1)//{{ 7 * 7 }}",
    "' OR 1 = 1 -- {id:String}",
)
"""Texts that others may send: markup, marks of direction, length, control characters, queries."""
ORG = "example-kk"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass
class Site:
    """The console and what is needed to ask it."""

    console: Console
    store: ClickHouse
    company: Company
    folder: Path
    now: int
    finding: str
    other: str
    """A second finding, for who changes one."""
    event: str
    added: int = 0

    @property
    def host(self) -> str:
        return self.console.url.removeprefix("http://")

    def token(self, role: Role) -> str:
        lines = self.console.tokens.path.read_text().splitlines()
        return next(line.split()[1] for line in lines if line.startswith(f"{role} "))

    def ask(
        self, path: str, role: Role | None = None, *, method: str = "GET",
        body: bytes | None = None, headers: Mapping[str, str] | None = None,
    ) -> Reply:  # fmt: skip
        """One request; a role shows its token in the header."""
        given = dict(headers or {})
        if role is not None:
            given["Authorization"] = f"Bearer {self.token(role)}"
        client = http.client.HTTPConnection(self.host, timeout=60)
        try:
            client.request(method, path, body, given)
            answer = client.getresponse()
            text = answer.read().decode()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, text)
        finally:
            client.close()

    def post(
        self, path: str, fields: Mapping[str, str], role: Role | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:  # fmt: skip
        """A form, as a browser sends it from a page of ours unless `headers` say otherwise."""
        given = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": self.console.url,
            "Sec-Fetch-Site": "same-origin",
        }
        body = urlencode(fields).encode()
        return self.ask(path, role, method="POST", body=body, headers=given | dict(headers or {}))

    def enter(self, role: Role) -> str:
        """The cookie of a new session."""
        answer = self.post("/ja/login", {"token": self.token(role)})
        assert answer.status == 303
        return answer.headers["set-cookie"].split(";")[0]

    def paths(self) -> dict[str, str]:
        """Every kind of page with an address of it, below its language."""
        found = {
            "overview": "",
            "findings": "findings?severity=high&status=all",
            "finding": f"findings/{self.finding}",
            "event": f"events/{quote(self.event, safe='')}",
            "controls": "controls?measure=technical",
            "control": "controls/TEC-05?days=90",
            "clocks": "clocks",
            "contractors": "contractors",
            "sources": "sources",
            "pipeline": "pipeline",
            "boards": "boards",
            "monitoring": "monitoring",
            "policy": f"policies/{policies.load()[0].id}",
        }
        return found | {f"board {each.id}": f"boards/{each.id}" for each in BOARDS}

    def add(
        self, table: str, type: str = "", own: Mapping[str, Any] | None = None, **values: Any
    ) -> None:
        """One more row, like one of its table (of events: of this type, with these own fields)."""
        rows = (
            row
            for place in sorted(self.company.evidence.cut.heads)
            for row in self.company.evidence.rows(table, *place)
            if not type or row["event_type"] == type
        )
        row = dict(next(rows)) | values
        if own:
            row["attributes"] = json.dumps(json.loads(row["attributes"]) | dict(own))
        self.added += 1
        made = pa.Table.from_pylist([row | {"line": 1_000_000 + self.added}], SCHEMAS[table])
        self.store.load(table, made, f"more/{self.added}")


def configured(folder: Path, address: str = "127.0.0.1:0", more: str = "") -> Any:
    """The settings of an installation in a folder."""
    file = folder / "shoseki.toml"
    file.write_text(
        f'broker = "local://{folder}/data/log"\nstore = "chdb://{folder}/data/store"\n'
        f'keys = "{folder}/keys"\ndata = "{folder}/data"\norg_id = "{ORG}"\npartitions = 2\n'
        f'console.address = "{address}"\n{more}'
    )
    return configuration.load(file)


@pytest.fixture(scope="package")
def site(
    recorded_company: Company, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("console")
    secret = folder / "oncall"
    secret.write_text("a secret of the on-call tool\n")
    settings = configured(folder, more=f'alerts.token_file = "{secret}"\n')
    store = ClickHouse.open(settings.store)
    fill(store, recorded_company)
    now = recorded_company.evidence.cut.at
    forms = Pseudonyms(Path(settings.keys), Path(settings.data))
    office = Office(
        settings, store, forms, catalogue.load(), policies.load(), lambda: now, lambda: now
    )
    console = Console(office)
    console.start()
    made, other, *_ = (
        each
        for each in store.findings()
        if each["verdict"] == "violation" and each["status"] == "open" and each["event_ids"]
        and each["control"] == "TEC-05"
    )  # fmt: skip
    site = Site(
        console, store, recorded_company, folder, now,
        made["finding_id"], other["finding_id"], made["event_ids"][0],
    )  # fmt: skip
    try:
        yield site
    finally:
        console.stop()
        store.close()
