"""Machines and systems: postures, detections, holes, log settings, reviews of access."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from streams.simulate.company import DATASETS, Company
from streams.simulate.feed import Day, Fact, Maker
from streams.simulate.times import HOUR, at, is_closed, text

_D = timedelta(days=1)


def posture(make: Maker, device: str, owner: str, today: date, **given: Any) -> Fact:
    """The state of a machine as it reports it in the morning."""
    return make(
        "endpoint.posture",
        "endpoint-01",
        owner,
        "staff",
        **{
            "device_id": device,
            "owner_ref": owner,
            "registered_for_pd": True,
            "av_running": True,
            "av_signature_date": today.isoformat(),
            "disk_encrypted": True,
            "os_supported": True,
            "missing_critical_patches": 0,
            "oldest_critical_patch_days": 0,
            "portable": False,
            **given,
        },
    )


def postures(company: Company, today: date, day: Day, rng: Random) -> None:
    """Every machine reports before its owner begins."""
    if is_closed(today):
        return
    for person in company.staff:
        if person.dept(today):
            t = at(today, 7, 30 + int(rng.random() * 25))
            day.add(t, posture(day.make, person.device, person.ref, today))


def egress(make: Maker, person: str, device: str | None, **given: Any) -> Fact:
    """What the endpoint agent saw leave: here to the sanctioned cloud."""
    return make(
        "dlp.egress_detected",
        "endpoint-01",
        person,
        "staff",
        **{
            "channel": "cloud_upload",
            "destination": "drive.example.com",
            "sanctioned": True,
            "dataset_id": None,
            "principals_count": 3,
            "encrypted": True,
            "approval_id": None,
            "blocked": False,
            "country": "JP",
            "device_id": device,
            "detection_id": make.short("dlp-"),
            **given,
        },
    )


def threat(make: Maker, **given: Any) -> Fact:
    """An attack that was blocked."""
    return make(
        "security.threat_detected",
        "tls-01",
        "svc-sensor",
        "service",
        **{
            "system_id": "sys-site",
            "kind": "waf",
            "blocked": True,
            "device_id": None,
            "handles_pd": True,
            "dataset_id": None,
            "detection_id": make.short("thr-"),
            **given,
        },
    )


def exposure(make: Maker, since: int, closed: int | None, **given: Any) -> Fact:
    """Something that could be reached from outside."""
    return make(
        "exposure.detected",
        "soc-form",
        "stf-soc",
        "staff",
        **{
            "system_id": "sys-cdn",
            "dataset_id": None,
            "exposure": "open_port",
            "since": text(since),
            "closed_at": None if closed is None else text(closed),
            "principals_count": None,
            **given,
        },
    )


def hole(make: Maker, name: str, state: str, seen: date, **given: Any) -> Fact:
    """What the scanner or the team says of a vulnerability."""
    return make(
        "vulnerability.status",
        "soc-form",
        "stf-soc",
        "staff",
        **{
            "system_id": "sys-crm",
            "vuln_id": name,
            "cvss": 7.8,
            "state": state,
            "first_seen": seen.isoformat(),
            "accepted_until": None,
            "handles_pd": True,
            "approver_ref": None,
            **given,
        },
    )


def log_change(make: Maker, source: str, change: str, **given: Any) -> Fact:
    """A log is stopped, begun again or set otherwise."""
    return make(
        "log.config_changed",
        "soc-form",
        "stf-soc",
        "staff",
        **{
            "monitored_source_id": source,
            "change": change,
            "ticket_id": make.short("TCK-"),
            "approver_ref": "stf-ciso",
            "change_id": make.short("chg-"),
            **given,
        },
    )


def soc_day(company: Company, today: date, day: Day, rng: Random) -> None:
    """What the security desk sees and does on a day."""
    make = day.make
    for _ in range(int(rng.random() * 4)):
        t = at(today, int(rng.random() * 23), int(rng.random() * 59))
        day.add(t, threat(make, kind=rng.choice(("waf", "ips", "malware"))))
    fixed = today - 9 * _D
    if fixed.weekday() == 0 and fixed >= company.start and not is_closed(fixed):
        day.add(at(today, 16), hole(make, f"CVE-{fixed:%Y-%m%d}", "fixed", fixed))
    if is_closed(today):
        return
    if rng.random() < 0.3:
        person = rng.choice([p for p in company.staff if p.dept(today)])
        blocked = rng.random() < 0.5
        fact = egress(make, person.ref, person.device, sanctioned=not blocked, blocked=blocked)
        day.add(at(today, 11, int(rng.random() * 59)), fact)
    if today.day in (8, 9, 10) and today.weekday() == 2:
        t = at(today, 13)
        day.add(t, exposure(make, t - HOUR, t + HOUR))
        day.add(at(today, 20), log_change(make, "file-01", "disabled"))
        day.add(at(today, 21), log_change(make, "file-01", "enabled"))
    if today.weekday() == 0:
        name = f"CVE-{today:%Y-%m%d}"
        day.add(at(today, 9, 15), hole(make, name, "open", today))


def review(make: Maker, system: str, dataset: str, on: date) -> Fact:
    """The rights to a dataset in a system were gone through."""
    return make(
        "access.reviewed",
        "iga-form",
        "stf-iga",
        "staff",
        system_id=system,
        dataset_id=dataset,
        period_end=on.isoformat(),
        accounts_reviewed=40,
        revoked=1,
        reviewer_ref="stf-iga",
        complete=True,
    )


def reviews(
    make: Maker, system: str, dataset: str, since: date, until: date
) -> Iterator[tuple[int, Fact]]:
    """Every ninety days."""
    day = since
    while day < until:
        yield at(day, 15, 30), review(make, system, dataset, day)
        day += 90 * _D


def years(company: Company, make: Maker) -> Iterator[tuple[int, Fact]]:
    """Reviews of access from before the monitoring on; postures of the day before the first."""
    for entry in DATASETS:
        yield from reviews(make, entry.system, entry.id, company.start - 430 * _D, company.end)
    for person in company.staff:
        if person.joined < company.start:
            eve = company.start - _D
            yield at(eve, 7, 30), posture(make, person.device, person.ref, eve)
