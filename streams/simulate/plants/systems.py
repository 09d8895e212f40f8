"""Accounts, machines and systems not kept as they should be (TEC-02, TEC-03, TEC-06 to TEC-13)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from streams.simulate import facts, systems
from streams.simulate.company import DATASET
from streams.simulate.feed import Fact
from streams.simulate.plan import Plan
from streams.simulate.plants.datasets import own_dataset
from streams.simulate.plants.people import hire
from streams.simulate.times import DAY, HOUR, MINUTE, at, day_of, midnight, text

_D = timedelta(days=1)


def review_overdue(plan: Plan, planted: str) -> None:
    """A table of orders whose rights nobody ever went through."""
    since = plan.company.end - plan.rng.randint(103, 115) * _D
    items = ["item", "amount"]
    name = own_dataset(plan, "ds-orders", since, reviewed=False, items=items)
    entry = DATASET["ds-orders"]
    subject = f"{entry.system}|{name}|{since}"
    plan.label(planted, "TEC-02:REVIEW_OVERDUE", subject, midnight(since + 101 * _D))


def dormant(plan: Plan, planted: str) -> None:
    """A second account that its owner never uses."""
    person, since = plan.anyone(), plan.company.end - plan.rng.randint(93, 110) * _D
    name, boss = plan.make.short("acct-x"), plan.company.boss["dept-it"]
    fact = facts.account(plan.make, name, person.ref, "sys-portal", boss)
    plan.tell(at(since, 10), fact, at(since, 10))
    plan.label(planted, "TEC-02:DORMANT", f"{name}|sys-portal", midnight(since + 91 * _D))


def orphan(plan: Plan, planted: str) -> None:
    """An account for somebody whom the staff register does not know."""
    day, name = plan.workday(), plan.make.short("acct-x")
    owner, boss = plan.make.short("stf-ghost-"), plan.company.boss["dept-it"]
    plan.tell(at(day, 10), facts.account(plan.make, name, owner, "sys-portal", boss))
    plan.label(planted, "TEC-02:ORPHAN", f"{name}|sys-portal", midnight(day + _D))


def _sign_in(plan: Plan, account: str, system: str, **given: Any) -> int:
    person, t = plan.anyone(), at(plan.workday(), 20, 30 + plan.rng.randrange(20))
    fact = facts.login(
        plan.make, "idp-01", person.ref, "staff", account, system, True, person.ip, False
    )
    plan.tell(t, fact | given)
    return t


def shared_id(plan: Plan, planted: str) -> None:
    """The whole team signs in as one."""
    name = plan.make.short("team-")
    t = _sign_in(plan, name, "sys-crm", account_kind="shared")
    plan.label(planted, "TEC-03:SHARED_ID", f"{name}|sys-crm", t)


def no_factor(plan: Plan, planted: str) -> None:
    """From outside with a password alone."""
    name = plan.make.short("acct-x")
    t = _sign_in(plan, name, "sys-vpn", mfa=False, remote=True)
    plan.label(planted, "TEC-03:NO_MFA", f"{name}|sys-vpn", t)


def concurrent(plan: Plan, planted: str) -> None:
    """Two machines within five minutes."""
    name, person = plan.make.short("acct-x"), plan.anyone()
    t = at(plan.workday(), 20, plan.rng.randrange(20))
    for minutes, device in ((0, person.device), (5, plan.make.short("pc-x"))):
        fact = facts.login(
            plan.make, "idp-01", person.ref, "staff", name, "sys-idp", True, person.ip, False,
            device,
        )  # fmt: skip
        plan.tell(t + minutes * MINUTE, fact)
    plan.label(planted, "TEC-03:CONCURRENT", f"{name}|{day_of(t)}", t + 5 * MINUTE)


def offhours(plan: Plan, planted: str) -> None:
    """A reader at half past ten at night."""
    keeper = plan.company.keepers["ds-requests"]
    t = at(plan.spare("OFFHOURS"), 22, 10 + plan.rng.randrange(40))
    plan.tell(t, facts.query(plan.make, keeper, "ds-requests", "read", 1))
    plan.label(planted, "TEC-06:OFFHOURS", f"{keeper.ref}|{day_of(t)}", t)


def unregistered(plan: Plan, planted: str) -> None:
    """Work on a machine from home."""
    keeper, device = plan.company.keepers["ds-requests"], plan.make.short("byod-")
    t = at(plan.workday(), 12, 15 + plan.rng.randrange(30))
    fact = facts.query(plan.make, keeper, "ds-requests", "read", 1)
    plan.tell(t, fact | {"device_id": device})
    plan.label(planted, "TEC-07:UNREGISTERED_DEVICE", device, t)


def _posture(plan: Plan, planted: str, code: str, **given: Any) -> None:
    device, day = plan.make.short("pc-x"), plan.workday()
    t = at(day, 8, plan.rng.randrange(60))
    fact = systems.posture(plan.make, device, plan.anyone().ref, day, **given)
    plan.tell(t, fact)
    plan.label(planted, f"TEC-07:{code}", device, t)


def av_off(plan: Plan, planted: str) -> None:
    """Protection switched off."""
    _posture(plan, planted, "AV_OFF", av_running=False)


def signatures_old(plan: Plan, planted: str) -> None:
    """Signatures of last year."""
    _posture(plan, planted, "SIG_OLD", av_signature_date="2012-01-01")


def unencrypted(plan: Plan, planted: str) -> None:
    """A laptop without encryption."""
    _posture(plan, planted, "UNENCRYPTED", disk_encrypted=False, portable=True)


def os_unsupported(plan: Plan, planted: str) -> None:
    """A system of long ago."""
    _posture(plan, planted, "OS_UNSUPPORTED", os_supported=False)


def patch_late(plan: Plan, planted: str) -> None:
    """Two patches missing for six weeks."""
    late = {"missing_critical_patches": 2, "oldest_critical_patch_days": 42}
    _posture(plan, planted, "PATCH_LATE", **late)


def hole_late(plan: Plan, planted: str) -> None:
    """A hole of CVSS 9.8 that stays open."""
    seen, name = plan.company.end - plan.rng.randint(18, 40) * _D, plan.make.short("CVE-x")
    plan.tell(at(seen, 9), systems.hole(plan.make, name, "open", seen, cvss=9.8))
    plan.label(planted, "TEC-07:VULN_LATE", f"sys-crm|{name}", midnight(seen + 15 * _D))


def _threat(plan: Plan, planted: str, code: str, kind: str) -> None:
    t = at(plan.day(), 14, plan.rng.randrange(60))
    fact = systems.threat(plan.make, kind=kind, blocked=False, system_id="sys-crm")
    plan.tell(t, fact)
    plan.label(planted, code, f"sys-crm|{fact['detection_id']}", t)


def malware(plan: Plan, planted: str) -> None:
    """Malware that ran."""
    _threat(plan, planted, "TEC-07:MALWARE", "malware")


def threat_unblocked(plan: Plan, planted: str) -> None:
    """A beacon that went out."""
    _threat(plan, planted, "TEC-08:THREAT_UNBLOCKED", "c2")


def _exposed(plan: Plan, open_for: int, **given: Any) -> tuple[str, int]:
    t = at(plan.day(), 11, plan.rng.randrange(60))
    fact = systems.exposure(plan.make, t - HOUR, t + open_for, **given)
    plan.tell(t, fact | {"closed_at": None})
    plan.tell(t + open_for, fact | {"event_id": plan.make.event_id()})
    return f"{fact['system_id']}|{fact['exposure']}|{text(t - HOUR)}", t


def public_data(plan: Plan, planted: str) -> None:
    """Orders in a public bucket, closed after an hour."""
    subject, t = _exposed(
        plan, HOUR, system_id=plan.make.short("bkt-"), exposure="public_bucket",
        dataset_id="ds-orders", principals_count=300,
    )  # fmt: skip
    plan.label(planted, "TEC-08:PUBLIC_PD", subject, t)


def exposure_late(plan: Plan, planted: str) -> None:
    """The members' system open for six hours."""
    subject, t = _exposed(plan, 6 * HOUR, system_id="sys-crm")
    plan.label(planted, "TEC-08:EXPOSURE_LATE", subject, t + 4 * HOUR)


def _egress(plan: Plan, planted: str, code: str, place: str, **given: Any) -> None:
    person, t = plan.anyone(), at(plan.workday(), 15, plan.rng.randrange(60))
    fact = systems.egress(plan.make, person.ref, person.device, **given)
    plan.tell(t, fact)
    plan.label(planted, code, f"{person.ref}|{fact[place]}|{fact['detection_id']}", t)


def unsanctioned(plan: Plan, planted: str) -> None:
    """Members' addresses pasted into a chatbot."""
    given = {"channel": "generative_ai", "destination": "chat.example.net", "sanctioned": False}
    _egress(plan, planted, "TEC-11:UNSANCTIONED", "destination", **given)


def usb_plain(plan: Plan, planted: str) -> None:
    """A stick without encryption."""
    given = {"channel": "removable", "destination": "usb", "encrypted": False}
    _egress(plan, planted, "TEC-11:USB_PLAIN", "device_id", **given)


def shared_outside(plan: Plan, planted: str) -> None:
    """A file of the desk shared with an address outside, and no provision on record."""
    person, t = plan.anyone(), at(plan.workday(), 15, plan.rng.randrange(60))
    folder = plan.make.short("folder-")
    fact = facts.file(plan.make, person, "share_external", 40_000, persons=12)
    plan.tell(t, fact | {"path_class": folder})
    plan.follows(planted, "ORG-03:UNREGISTERED", f"sys-file|{folder}", t)
    subject = f"{person.ref}|{fact['file_ref']}"
    plan.label(planted, "TEC-11:SHARE_EXTERNAL", subject, t + DAY)


def hoard(plan: Plan, planted: str) -> None:
    """Three uploads in the last week before leaving."""
    last = plan.workday(after=8)
    person = hire(plan, last - 40 * _D, last)
    t = 0
    for days in (5, 3, 2):
        t = at(last - days * _D, 14, plan.rng.randrange(60))
        plan.tell(t, systems.egress(plan.make, person, None))
    plan.label(planted, "TEC-11:LEAVER_HOARD", f"{person}|{last}", t)


def _right(plan: Plan, **given: Any) -> tuple[Fact, int]:
    person, t = plan.anyone(), at(plan.workday(), 10, plan.rng.randrange(60))
    fact = facts.privilege(
        plan.make, person.account, person.ref, "sys-wiki", None, "editor",
        plan.company.boss["dept-it"],
    )  # fmt: skip
    fact |= {name: person.ref if value == "self" else value for name, value in given.items()}
    plan.tell(t, fact)
    return fact, t


def _change(plan: Plan, planted: str, code: str, **given: Any) -> None:
    fact, t = _right(plan, **given)
    subject = f"{fact['account_ref']}|sys-wiki|{fact['change_id']}"
    plan.label(planted, f"TEC-12:{code}", subject, t)


def self_grant(plan: Plan, planted: str) -> None:
    """A right that somebody gave to himself."""
    _change(plan, planted, "SELF_GRANT", actor_ref="self", actor_kind="staff")


def self_approved(plan: Plan, planted: str) -> None:
    """A right that who gets it approved."""
    _change(plan, planted, "SELF_APPROVED", approver_ref="self")


def no_ticket(plan: Plan, planted: str) -> None:
    """A right on a word in the corridor."""
    _change(plan, planted, "NO_TICKET", ticket_id=None)


def not_expired(plan: Plan, planted: str) -> None:
    """A right for a week that nobody takes away."""
    until = plan.workday(after=12)
    fact, _ = _right(plan, valid_until=until.isoformat(), dataset_id=None)
    subject = f"{fact['account_ref']}|sys-wiki|{fact['event_id']}|editor"
    plan.label(planted, "TEC-12:NOT_EXPIRED", subject, midnight(until + 2 * _D))


def _log(plan: Plan, planted: str, code: str, change: str, **given: Any) -> None:
    source, t = plan.make.short("log-x"), at(plan.workday(), 13, plan.rng.randrange(60))
    fact = systems.log_change(plan.make, source, change, **given)
    plan.tell(t, fact)
    plan.label(planted, f"TEC-13:{code}", f"{source}|{fact['change_id']}", t)


def log_cleared(plan: Plan, planted: str) -> None:
    """A log emptied without a word."""
    _log(plan, planted, "CLEARED", "cleared", ticket_id=None, approver_ref=None)


def log_disabled(plan: Plan, planted: str) -> None:
    """A log stopped with leave, and never begun again."""
    source, t = plan.make.short("log-x"), at(plan.workday(), 13, plan.rng.randrange(60))
    fact = systems.log_change(plan.make, source, "disabled")
    plan.tell(t, fact)
    plan.label(planted, "TEC-13:DISABLED", f"{source}|{fact['change_id']}", t + 4 * HOUR)


def retention_cut(plan: Plan, planted: str) -> None:
    """A log that keeps a week instead of a year."""
    _log(plan, planted, "RETENTION_CUT", "retention_reduced", approver_ref=None)


def direct_write(plan: Plan, planted: str) -> None:
    """A correction at the database itself, without a ticket."""
    keeper = plan.company.keepers["ds-cards"]
    t = at(plan.workday(), 16, plan.rng.randrange(60))
    known = at(plan.company.start - 30 * _D, 9)
    boss = plan.company.boss["dept-it"]
    account = facts.account(plan.make, keeper.account, keeper.ref, "sys-payment", boss)
    plan.tell(known, account)
    closed = facts.account(plan.make, keeper.account, keeper.ref, "sys-payment", boss, "disabled")
    plan.tell(at(plan.company.start + 50 * _D, 9), closed)
    plan.label(planted, "TEC-13:DIRECT_WRITE", f"{keeper.ref}|ds-cards", t)
    plan.tell(t, facts.query(plan.make, keeper, "ds-cards", "update", 1))


PLANTS = {
    "TEC-02:REVIEW_OVERDUE": review_overdue,
    "TEC-02:DORMANT": dormant,
    "TEC-02:ORPHAN": orphan,
    "TEC-03:SHARED_ID": shared_id,
    "TEC-03:NO_MFA": no_factor,
    "TEC-03:CONCURRENT": concurrent,
    "TEC-06:OFFHOURS": offhours,
    "TEC-07:UNREGISTERED_DEVICE": unregistered,
    "TEC-07:AV_OFF": av_off,
    "TEC-07:SIG_OLD": signatures_old,
    "TEC-07:UNENCRYPTED": unencrypted,
    "TEC-07:OS_UNSUPPORTED": os_unsupported,
    "TEC-07:PATCH_LATE": patch_late,
    "TEC-07:VULN_LATE": hole_late,
    "TEC-07:MALWARE": malware,
    "TEC-08:PUBLIC_PD": public_data,
    "TEC-08:THREAT_UNBLOCKED": threat_unblocked,
    "TEC-08:EXPOSURE_LATE": exposure_late,
    "TEC-11:UNSANCTIONED": unsanctioned,
    "TEC-11:USB_PLAIN": usb_plain,
    "TEC-11:SHARE_EXTERNAL": shared_outside,
    "TEC-11:LEAVER_HOARD": hoard,
    "TEC-12:SELF_GRANT": self_grant,
    "TEC-12:SELF_APPROVED": self_approved,
    "TEC-12:NO_TICKET": no_ticket,
    "TEC-12:NOT_EXPIRED": not_expired,
    "TEC-13:CLEARED": log_cleared,
    "TEC-13:DISABLED": log_disabled,
    "TEC-13:RETENTION_CUT": retention_cut,
    "TEC-13:DIRECT_WRITE": direct_write,
}
ONCE = frozenset({"TEC-13:DIRECT_WRITE"})
