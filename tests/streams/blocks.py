"""Blocks for the tests of store and evidence: small, repeatable, of every kind of row."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from typing import Any

from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    Event,
    PolicyChanged,
    StaffChanged,
    VulnerabilityStatus,
)
from streams.evidence.block import Head, Header, Sealed
from streams.evidence.seal import seal
from streams.store import Store

T0 = 1_780_000_000_000


def ref(number: int) -> str:
    return f"ps2026_{number:026d}"


def _envelope(number: int) -> dict[str, Any]:
    return {
        "event_id": f"e{number:06d}",
        "schema_version": 1,
        "org_id": "example-kk",
        "source_id": "crm-audit",
        "source_seq": number if number % 3 else None,
        "occurred_at": T0 + number * 1000,
        "observed_at": T0 + number * 1000 + 7,
        "ingested_at": T0 + number * 1000 + 9 if number % 2 else None,
        "actor_ref": ref(number % 5) if number % 7 else "",
        "actor_kind": "staff",
        "payload_digest": f"{number:064x}",
    }


def query(number: int, **fields: Any) -> AccessDatastoreQuery:
    values: dict[str, Any] = _envelope(number) | {
        "account_ref": ref(number % 4),
        "system_id": "crm",
        "dataset_id": ("customers", "staff", "お客様\u2028'\\\"台帳")[number % 3],
        "operation": "read",
        "rows": number,
        "fields": ("name", "mail"),
        "statement_digest": "0" * 64,
        "joins_dataset_ids": ("orders", "staff")[: number % 3],
        "query_id": f"q{number}",
    }
    return AccessDatastoreQuery(**values | fields)


def attempt(number: int, **fields: Any) -> AccessAuthAttempt:
    values: dict[str, Any] = _envelope(number) | {
        "account_ref": ref(number % 4),
        "system_id": "vpn",
        "outcome": "success" if number % 2 else "failure",
        "mfa": bool(number % 2),
        "auth_method": "password",
        "src_ip": "203.0.113.0/24",
        "remote": True,
        "account_kind": "personal",
    }
    return AccessAuthAttempt(**values | fields)


def books(number: int) -> Event:
    """Events of other retention classes, with dates and decimals in them."""
    if number % 3 == 0:
        return StaffChanged(
            **_envelope(number), person_ref=ref(1), kind="employee", change="joined",
            dept_id="sales", effective_on=date(2026, 4, 1),
        )  # fmt: skip
    if number % 3 == 1:
        return VulnerabilityStatus(
            **_envelope(number), system_id="crm", vuln_id="CVE-2026-1", cvss=9.8, state="open",
            first_seen=date(2026, 5, 1), handles_pd=True,
        )  # fmt: skip
    return PolicyChanged(
        **_envelope(number), policy_id="pp", version="3", step="approved", representative="代表",
        approver_ref=ref(2), effective_on=date(2026, 6, 1), content_sha256="1" * 64,
        required_items=("purpose",), notice_channels=(), published_fees=(300,),
    )  # fmt: skip


def finding(number: int, revision: int = 1, **keys: Any) -> dict[str, Any]:
    return {
        "finding_id": f"f{number:03d}",
        "revision": revision,
        "control": "TEC-05",
        "check": "bulk",
        "code": "BULK_READ" if number % 2 else None,
        "verdict": "violation" if number % 2 else "indeterminate",
        "missing": [] if number % 2 else ["dataset:台帳"],
        "retroactive": revision > 1,
        "severity": "high",
        "subject": f"actor={ref(number)}",
        "occurred_at": T0 + number,
        "detected_at": T0 + number + 10,
        "recorded_at": T0 + 20 + revision,
        "status": "open",
        "event_ids": [f"e{number:06d}"],
        "events": 1 + revision,
        "text": {"ja": "件数が多い\n", "en": "too many \x00"},
        **keys,
    }


def reject(number: int) -> dict[str, Any]:
    return {
        "offset": number,
        "origin": "raw-web/3" if number % 2 else "",
        "position": number,
        "source_id": "crm-audit" if number % 2 else "",
        "reason": "occurred_at: a timestamp with offset is expected",
        "digest": f"{number:064x}",
    }


def block(
    head: Head | None = None, size: int = 6, lane: str = "access", partition: int = 0,
    events: Sequence[Event] | None = None, findings: Sequence[dict[str, Any]] = (),
    rejects: Sequence[dict[str, Any]] = (), duplicates: int = 0, **header: Any,
) -> Sealed:  # fmt: skip
    """The block after `head`; its events have consecutive offsets."""
    first = head.last_offset + 1 if head else 0
    if events is None:
        kinds = (books,) if lane == "books" else (query, attempt)
        base = first + partition * 10_000 + (50_000 if lane == "books" else 0)
        events = [kinds[i % len(kinds)](base + i) for i in range(size)]
    offsets = list(range(first, first + len(events)))
    last = first + max(len(events), 1)
    values: dict[str, Any] = {
        "lane": lane,
        "partition": partition,
        "first_offset": first,
        "last_offset": last,
        "recorded_at": T0 + last * 1000,
        "now": T0 + last * 1000,
        "books_upto": last - 2 if lane != "books" else -1,
        "received": len(events) + len(rejects) + duplicates,
        "repeats": {"crm-audit": duplicates} if duplicates else {},
        "fingerprint": "f" * 64,
        "populations": {"TEC-05": {"pass": len(events), "violation": 1}, "TEC-04": {"pass": 2}},
    }
    made = Header(**values | header)
    return seal(made, events, list(findings), list(rejects), head, offsets)


def company(store: Store, rounds: int = 4) -> list[Sealed]:
    """Three chains of blocks with rows of every table, written to the store."""
    written = []
    for lane, partition in (("access", 0), ("access", 1), ("books", 0)):
        head = None
        for number in range(1, rounds + 1):
            # sizes away from powers of two; one block with nothing but duplicates
            sealed = block(
                head,
                size=0 if number == 3 else number * 3 + partition,
                lane=lane,
                partition=partition,
                findings=[finding(partition * 10 + number), finding(1, number)]
                if lane == "access" and number % 2
                else [],
                rejects=[reject(number), reject(number + 1)] if number == 2 else [],
                duplicates=2,
            )
            store.write(sealed)
            written.append(sealed)
            head = sealed.head
    return written


def shuffled(items: Sequence[Any], seed: int = 7) -> list[Any]:
    order = list(items)
    random.Random(seed).shuffle(order)
    return order
