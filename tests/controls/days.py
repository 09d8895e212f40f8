"""Generated days of a small company: what happens, how late it arrives, what comes twice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from controls.calendar import JST
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessPrivilegeChanged,
    AccessWebRequest,
    ApprovalGranted,
    BadgeRead,
    ContractorContracted,
    ContractorDataEntrusted,
    Event,
    IncidentDetected,
    IncidentReported,
    LogSourceStatus,
    MarketingSent,
    RegisterDataset,
    RegisterSource,
    RequestReceived,
    RequestResponded,
    TlsSessionObserved,
)
from controls.examples import event

START = datetime(2026, 11, 9, 6, tzinfo=JST)
SPAN = 3 * 24 * 60
"""Minutes over which things happen: three days from Monday morning."""

PEOPLE = ("sato", "abe", "mori")
DATA = ("ds-members", "ds-orders")


@dataclass(frozen=True)
class Happening:
    """One thing that happens at a minute, is recorded late by minutes, and may come again."""

    what: int
    minute: int
    who: int
    which: int
    flag: bool
    late: int
    again: bool


def stamp(minute: int, second: int = 0) -> str:
    return (START + timedelta(minutes=minute, seconds=second)).isoformat()


def grant(h: Happening, at: str, **when: Any) -> Event:
    who = PEOPLE[h.who]
    return event(
        AccessPrivilegeChanged, at, account_ref=f"acct-{who}", owner_ref=who, system_id="sys-crm",
        dataset_id=DATA[h.which], role="operator" if h.flag else "clerk", **when,
    )  # fmt: skip


def dataset(h: Happening, at: str, **when: Any) -> Event:
    roles = ["operator"] if h.flag else ["operator", "clerk"]
    return event(RegisterDataset, at, dataset_id=DATA[h.which], access_roles=roles, **when)


def query(h: Happening, at: str, **when: Any) -> Event:
    who = PEOPLE[h.who]
    return event(
        AccessDatastoreQuery, at, actor_ref=who, account_ref=f"acct-{who}", system_id="sys-crm",
        dataset_id=DATA[h.which], operation="export" if h.flag else "read",
        rows=1100 if h.flag else 900, **when,
    )  # fmt: skip


def file_copy(h: Happening, at: str, **when: Any) -> Event:
    return event(
        AccessFileActivity, at, actor_ref=PEOPLE[h.who], dataset_id=DATA[h.which],
        operation="copy" if h.flag else "read", dlp_principals=1200, **when,
    )  # fmt: skip


def logon(h: Happening, at: str, **when: Any) -> Event:
    who = PEOPLE[h.who]
    return event(
        AccessAuthAttempt, at, actor_ref=who, account_ref=f"acct-{who}", system_id="zone-a",
        outcome="success" if h.flag else "failure", src_ip="203.0.113.0/24", **when,
    )  # fmt: skip


def stranger(h: Happening, at: str, **when: Any) -> Event:
    return event(
        AccessAuthAttempt, at, actor_ref="", account_ref=f"acct-{h.who}{h.which}{h.minute % 9}",
        outcome="failure", src_ip="198.51.100.0/24", remote=True, **when,
    )  # fmt: skip


def web(h: Happening, at: str, **when: Any) -> Event:
    return event(
        AccessWebRequest, at, actor_ref=PEOPLE[h.who], host="www", dataset_id=DATA[h.which],
        status=200, scheme="http" if h.flag else "https", tls_version="TLS1.2",
        source_id="web", **when,
    )  # fmt: skip


def tls(h: Happening, at: str, **when: Any) -> Event:
    return event(
        TlsSessionObserved, at, host=f"host-{h.which}", form_with_pd=True, scheme="https",
        tls_version="TLS1.0" if h.flag else "TLS1.3", cert_not_after="2026-11-20", **when,
    )  # fmt: skip


def badge(h: Happening, at: str, **when: Any) -> Event:
    return event(
        BadgeRead, at, holder_ref=PEOPLE[h.who], zone_id="zone-a", result="granted",
        direction="in" if h.flag else "out", **when,
    )  # fmt: skip


def approval(h: Happening, at: str, **when: Any) -> Event:
    return event(
        ApprovalGranted, at, kind="bulk_export", for_ref=PEOPLE[h.who], valid_from=at,
        valid_to="2026-12-01 00:00:00", max_rows=1150 if h.flag else None, **when,
    )  # fmt: skip


def contract(h: Happening, at: str, **when: Any) -> Event:
    return event(
        ContractorContracted, at, contractor_id=f"ctr-{h.which}", contract_id=f"con-{h.which}",
        effective_from="2026-11-10" if h.flag else "2026-11-01", nda=True, **when,
    )  # fmt: skip


def entrusted(h: Happening, at: str, **when: Any) -> Event:
    return event(
        ContractorDataEntrusted, at, contractor_id=f"ctr-{h.which}", encrypted=h.flag,
        method="sftp", provision_id=f"prov-{h.minute}", **when,
    )  # fmt: skip


def request(h: Happening, at: str, **when: Any) -> Event:
    return event(
        RequestReceived, at, request_id=f"req-{h.who}", arrived_on=at[:10], **when
    )


def answer(h: Happening, at: str, **when: Any) -> Event:
    return event(RequestResponded, at, request_id=f"req-{h.who}", **when)


def incident(h: Happening, at: str, **when: Any) -> Event:
    return event(
        IncidentDetected, at, incident_id=f"inc-{h.which}", known_at=at, kind="leak",
        principals_max=2000, malicious=h.flag, version=1, **when,
    )  # fmt: skip


def report(h: Happening, at: str, **when: Any) -> Event:
    return event(
        IncidentReported, at, incident_id=f"inc-{h.which}", to="ppc", stage="final",
        items_filled=[1, 2, 3, 4, 5, 6, 7, 8, 9], **when,
    )  # fmt: skip


def heartbeat(h: Happening, at: str, **when: Any) -> Event:
    return event(
        LogSourceStatus, at, monitored_source_id="web", status="heartbeat",
        clock_skew_ms=90_000 if h.flag else 0, **when,
    )  # fmt: skip


def source(h: Happening, at: str, **when: Any) -> Event:
    return event(
        RegisterSource, at, monitored_source_id="web", kind="web", expects_heartbeat=True,
        silence_minutes=240, **when,
    )  # fmt: skip


def numbered(h: Happening, at: str, **when: Any) -> Event:
    number = h.minute + (2 if h.flag else 0)
    return event(
        MarketingSent, at, principal_ref=f"member-{h.who}", source_id="mailer",
        source_seq=number, campaign_id=f"c{h.which}", **when,
    )  # fmt: skip


MAKERS = (
    grant, dataset, query, file_copy, logon, stranger, web, tls, badge, approval, contract,
    entrusted, request, answer, incident, report, heartbeat, source, numbered,
)  # fmt: skip

happenings = st.builds(
    Happening,
    what=st.integers(0, len(MAKERS) - 1),
    minute=st.integers(0, SPAN),
    who=st.integers(0, len(PEOPLE) - 1),
    which=st.integers(0, len(DATA) - 1),
    flag=st.booleans(),
    late=st.sampled_from((0, 0, 0, 1, 7, 45, 300, 1500, 72 * 60)),
    again=st.sampled_from((False, False, False, True)),
)
days = st.lists(happenings, min_size=20, max_size=90)
"""Some dozens of happenings; every lane, every register, every control of the catalogue."""


def made(happening: Happening) -> Event:
    """The event of a happening, with its arrival."""
    second = hash_of(happening) % 60
    at = stamp(happening.minute, second)
    return MAKERS[happening.what](
        happening, at, arrived=stamp(happening.minute + happening.late, second)
    )


def hash_of(happening: Happening) -> int:
    return sum(
        n * value for n, value in enumerate((happening.what, happening.who, happening.which), 7)
    )


def arriving(day: list[Happening]) -> list[Event]:
    """The events of a day in order of arrival; what comes twice comes again an hour later."""
    events = [(made(h), made(h).ingested_at or 0) for h in day]
    events += [(made(h), (made(h).ingested_at or 0) + 3_600_000) for h in day if h.again]
    return [e for e, _ in sorted(events, key=lambda pair: pair[1])]


def on_time(day: list[Happening]) -> list[Event]:
    """The same day with nothing late."""
    return arriving([replace(happening, late=0) for happening in day])
