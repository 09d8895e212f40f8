"""Things that leave the house, travel or are destroyed as they should not (PHY-05, 06, 07), and
data that nobody deletes or checks (RET-01, RET-05)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import assets
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.records import disposed, retention
from streams.simulate.times import DAY, HOUR, add_months, at, is_closed, midnight

_D = timedelta(days=1)


def _out(plan: Plan, back: int | None = 7 * HOUR, **given: Any) -> tuple[str, int, Fact]:
    """A take-out: the subject of its findings, when it went out, its line."""
    sent = plan.office(plan.workday(), 9, 11)
    out = assets.takeout(
        plan.make, plan.make.short("pc-"), plan.anyone().ref, "stf-boss", sent + 9 * HOUR
    )
    out |= given
    plan.tell(sent, out)
    if back is not None:
        plan.tell(sent + back, assets.back(plan.make, out))
    return f"{out['asset_id']}|{out['takeout_id']}", sent, out


def self_approved(plan: Plan, planted: str) -> None:
    """The holder signs his own line."""
    holder = plan.anyone().ref
    subject, sent, _ = _out(plan, holder_ref=holder, approver_ref=holder)
    plan.label(planted, "PHY-05:SELF_APPROVED", subject, sent)


def not_approved(plan: Plan, planted: str) -> None:
    """Nobody signs."""
    subject, sent, _ = _out(plan, approver_ref=None)
    plan.label(planted, "PHY-05:NO_APPROVAL", subject, sent)


def unprotected(plan: Plan, planted: str) -> None:
    """A memory stick with a password only."""
    subject, sent, _ = _out(plan, asset_kind="usb", protection=["password"])
    plan.label(planted, "PHY-05:UNPROTECTED", subject, sent)


def overdue(plan: Plan, planted: str) -> None:
    """It comes back on the next morning."""
    subject, sent, _ = _out(plan, back=24 * HOUR)
    plan.label(planted, "PHY-05:OVERDUE", subject, sent + 13 * HOUR)


def lost(plan: Plan, planted: str) -> None:
    """A telephone is left in a train."""
    asset, t = plan.make.short("ph-"), plan.office(plan.workday())
    plan.tell(
        t,
        plan.make(
            "asset.lost",
            "asset-form",
            plan.anyone().ref,
            "staff",
            asset_id=asset,
            holder_ref=plan.anyone().ref,
            has_pd=True,
            encrypted=False,
            remote_wiped=False,
            stolen=False,
            principals_count=30,
        ),
    )
    plan.label(planted, "PHY-05:LOST", asset, t)


def _sent(
    plan: Plan, received: int | None = 20 * HOUR, intact: bool = True, **given: Any
) -> tuple[str, int]:
    name, sent = plan.make.short("shp-"), plan.office(plan.workday())
    plan.tell(sent, assets.shipment(plan.make, name, sent + DAY, **given))
    if received is not None:
        plan.tell(sent + received, assets.arrival(plan.make, name, intact))
    return name, sent


def plain_shipment(plan: Plan, planted: str) -> None:
    """A backup that is not encrypted."""
    name, sent = _sent(plan, protection=["sealed", "tracked"])
    plan.label(planted, "PHY-06:UNPROTECTED", name, sent)


def untracked(plan: Plan, planted: str) -> None:
    """By ordinary mail."""
    name, sent = _sent(plan, protection=["encrypted", "sealed"])
    plan.label(planted, "PHY-06:NOT_TRACKED", name, sent)


def not_received(plan: Plan, planted: str) -> None:
    """It never arrives."""
    name, sent = _sent(plan, received=None)
    plan.label(planted, "PHY-06:NOT_RECEIVED", name, sent + 2 * DAY)


def broken(plan: Plan, planted: str) -> None:
    """Its seal is broken."""
    name, sent = _sent(plan, intact=False)
    plan.label(planted, "PHY-06:SEAL_BROKEN", name, sent + 20 * HOUR)


def _destroyed(plan: Plan, day: date, **given: Any) -> tuple[str, int]:
    asset, t = plan.make.short("hdd-"), at(day, 14, plan.rng.randrange(60))
    plan.tell(t, assets.disposal(plan.make, asset, **given))
    return asset, t


def recoverable(plan: Plan, planted: str) -> None:
    """A disk that was only formatted."""
    asset, t = _destroyed(plan, plan.workday(), method="format_only")
    plan.label(planted, "PHY-07:RECOVERABLE", asset, t)


def no_certificate(plan: Plan, planted: str) -> None:
    """The contractor never sends the certificate."""
    day = plan.company.end - plan.rng.randint(33, 50) * _D
    asset, _ = _destroyed(plan, day, outsourced_to="ctr-print", witness_ref=None)
    plan.label(planted, "PHY-07:NO_CERT", asset, midnight(day + 31 * _D))


def no_witness(plan: Plan, planted: str) -> None:
    """Nobody watches."""
    asset, t = _destroyed(plan, plan.workday(), witness_ref=None)
    plan.label(planted, "PHY-07:NO_WITNESS", asset, t)


def no_rule(plan: Plan, planted: str) -> None:
    """A new entry of the register without a retention rule."""
    dataset, day = plan.make.short("ds-new-"), plan.workday()
    t = plan.office(day)
    plan.tell(
        t,
        plan.make(
            "register.dataset",
            "register-form",
            "stf-data",
            "staff",
            dataset_id=dataset,
            name=dataset,
            items=["survey"],
            purpose_codes=["survey"],
            owner_dept="dept-legal",
            responsible_ref="stf-data",
            storage_systems=[f"sys-{dataset}"],
            countries=["JP"],
            dataset_class="general",
            is_retained_data=False,
            entrusted_by=None,
            sensitive=False,
            retention_rule="",
            access_roles=["surveyor"],
            principals_estimate=10,
            status="active",
            risk_assessed_on=(day - 30 * _D).isoformat(),
            version=1,
            channels=["web_form"],
        ),
    )
    plan.label(planted, "RET-01:NO_RULE", dataset, t)


def undeleted(plan: Plan, planted: str) -> None:
    """Rows of members who left five years ago stay."""
    limit, record = plan.workday(), plan.make.short("rec-")
    on = add_months(limit - 30 * _D, -60)
    row = retention(plan.make, record, "dataset_row_group", "contract_end", on)
    plan.tell(at(on, 17), row | {"dataset_id": "ds-members"})
    plan.label(planted, "RET-01:OVERDUE", record, midnight(add_months(on, 60) + 31 * _D))


def unverified(plan: Plan, planted: str) -> None:
    """Who shreds the papers confirms it himself."""
    day, record = plan.workday(), plan.make.short("rec-")
    on = add_months(day, -24) - 10 * _D
    line = retention(plan.make, record, "request_docs", "request_completed", on)
    plan.tell(at(on, 17), line)
    gone = disposed(plan.make, record, "request_docs", day)
    plan.tell(at(day, 11), gone | {"verified_by_ref": gone["actor_ref"]})
    plan.label(planted, "RET-01:UNVERIFIED", record, at(day, 11))


def not_checked(plan: Plan, planted: str) -> None:
    """A dataset that was last checked a year ago."""
    last = add_months(plan.workday(), -12)
    dataset = own_dataset(plan, "ds-members", last - 300 * _D, checked=False)
    plan.tell(at(last, 15), assets.quality(plan.make, dataset))
    plan.label(planted, "RET-05:NOT_CHECKED", dataset, midnight(add_months(last, 12) + _D))


def errors(plan: Plan, planted: str) -> None:
    """A tenth of a sample is wrong."""
    dataset, t = plan.make.short("ds-"), plan.office(plan.workday())
    plan.tell(t, assets.quality(plan.make, dataset, errors=40))
    plan.label(planted, "RET-05:ERROR_RATE", dataset, t)


def unsynced(plan: Plan, planted: str) -> None:
    """A correction that never reaches the copies."""
    day, request = plan.workday(before=14), plan.make.short("req-")
    dataset = plan.make.short("ds-")
    told = {"check": "correction", "copies_synced": False, "request_id": request}
    plan.tell(at(day, 11), assets.quality(plan.make, dataset, **told))
    left, last = 5, day
    while left:
        last += _D
        left -= not is_closed(last)
    plan.label(planted, "RET-05:UNSYNCED", f"{dataset}|{request}", midnight(last + _D))


PLANTS = {
    "PHY-05:SELF_APPROVED": self_approved,
    "PHY-05:NO_APPROVAL": not_approved,
    "PHY-05:UNPROTECTED": unprotected,
    "PHY-05:OVERDUE": overdue,
    "PHY-05:LOST": lost,
    "PHY-06:UNPROTECTED": plain_shipment,
    "PHY-06:NOT_TRACKED": untracked,
    "PHY-06:NOT_RECEIVED": not_received,
    "PHY-06:SEAL_BROKEN": broken,
    "PHY-07:RECOVERABLE": recoverable,
    "PHY-07:NO_CERT": no_certificate,
    "PHY-07:NO_WITNESS": no_witness,
    "RET-01:NO_RULE": no_rule,
    "RET-01:OVERDUE": undeleted,
    "RET-01:UNVERIFIED": unverified,
    "RET-05:NOT_CHECKED": not_checked,
    "RET-05:ERROR_RATE": errors,
    "RET-05:UNSYNCED": unsynced,
}
