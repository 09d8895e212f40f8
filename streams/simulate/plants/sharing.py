"""Data that should not have gone to others, or not so (TRF)."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from streams.simulate import clients, sharing, vendors
from streams.simulate.plan import Plan
from streams.simulate.times import at, midnight, text

_D = timedelta(days=1)


def _recipient(plan: Plan, day: date, **given: Any) -> str:
    """A recipient of its own in Japan."""
    name = plan.make.short("rcp-")
    ledger = {"kind": "third_party", **given}
    plan.tell(at(day - 60 * _D, 10), vendors.recipient(plan.make, name, "JP", **ledger))
    return name


def _members(plan: Plan, to: str, day: date, count: int = 1, **given: Any) -> list[str]:
    """Members who agreed to it some days before."""
    members = [plan.make.short("mem-x") for _ in range(count)]
    for member in members:
        plan.tell(at(day - 4 * _D, 12), sharing.consent(plan.make, member, to, **given))
    return members


def _provide(
    plan: Plan, to: str, day: date, members: list[str], record: bool = True, **given: Any
) -> tuple[str, int]:
    """A provision in the afternoon, recorded an hour later: its id, and when."""
    t, fact = at(day, 15, plan.rng.randrange(50)), sharing.agreed(plan.make, to, members, **given)
    provision: str = fact["provision_id"]
    plan.tell(t, fact)
    if record:
        plan.tell(at(day, 17), sharing.recorded(plan.make, provision, day))
    return provision, t


def no_ground(plan: Plan, planted: str) -> None:
    """Somebody thought that it would be all right."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, t = _provide(plan, to, day, _members(plan, to, day), basis="none")
    plan.label(planted, "TRF-01:NO_BASIS", provision, t)


def no_consent(plan: Plan, planted: str) -> None:
    """Two of the list never agreed."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    members = [*_members(plan, to, day, 3), plan.make.short("mem-x"), plan.make.short("mem-x")]
    provision, t = _provide(plan, to, day, members)
    plan.label(planted, "TRF-01:CONSENT_MISSING", provision, t)


def withdrawn(plan: Plan, planted: str) -> None:
    """One of the list had taken his consent back; every second time by opting out."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    members = _members(plan, to, day, 2)
    name, t = plan.make.short("con-"), at(day - 2 * _D, 12)
    member = plan.make.short("mem-x")
    given = sharing.consent(plan.make, member, to, consent_id=name)
    plan.tell(at(day - 9 * _D, 12), given)
    back = sharing.consent(plan.make, member, to, consent_id=name, state="withdrawn")
    if planted.endswith(("2", "4", "6")):
        back = sharing.opted_out(plan.make, member, t)
    plan.tell(t, back)
    provision, t = _provide(plan, to, day, [*members, member])
    plan.label(planted, "TRF-01:WITHDRAWN", provision, t)


def too_many_fields(plan: Plan, planted: str) -> None:
    """They agreed to the e-mail address, the postal one went along."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, t = _provide(plan, to, day, _members(plan, to, day), fields=["email", "address"])
    plan.label(planted, "TRF-01:FIELDS_EXCEED", provision, t)


def undocumented(plan: Plan, planted: str) -> None:
    """The police asked by telephone."""
    day = plan.workday(before=12)
    to = _recipient(plan, day, kind="public_body")
    provision, t = _provide(plan, to, day, [], basis="law", recipient_kind="public_body")
    plan.label(planted, "TRF-01:BASIS_UNDOCUMENTED", provision, t)


def identifying(plan: Plan, planted: str) -> None:
    """An advertiser that was to have no identifiers gets addresses."""
    day = plan.workday(before=12)
    to = _recipient(plan, day, kind="advertiser", non_identifying_only=True)
    provision, t = _provide(plan, to, day, _members(plan, to, day))
    plan.label(planted, "TRF-01:IDENTIFYING_SENT", provision, t)


def succession(plan: Plan, planted: str) -> None:
    """The buyer of a shop wants its members for his advertising."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, t = _provide(
        plan, to, day, [], basis="succession", basis_doc_ref="doc-sale", purpose_code="marketing",
        recipient_kind="successor",
    )  # fmt: skip
    plan.label(planted, "TRF-01:SUCCESSION_PURPOSE", provision, t)


def unrecorded(plan: Plan, planted: str) -> None:
    """Nobody writes it down."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, _ = _provide(plan, to, day, _members(plan, to, day), record=False)
    plan.label(planted, "TRF-02:NO_RECORD", provision, midnight(day + 6 * _D))


def recorded_late(plan: Plan, planted: str) -> None:
    """It is written down after a week."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, _ = _provide(plan, to, day, _members(plan, to, day), record=False)
    plan.tell(at(day + 7 * _D, 17), sharing.recorded(plan.make, provision, day))
    plan.label(planted, "TRF-02:LATE", provision, at(day + 7 * _D, 17))


def items_missing(plan: Plan, planted: str) -> None:
    """The record does not say who the recipient's representative is."""
    day = plan.workday(before=12)
    to = _recipient(plan, day)
    provision, _ = _provide(plan, to, day, _members(plan, to, day), record=False)
    items = [item for item in sharing.ITEMS if item != "recipient_representative"]
    plan.tell(at(day, 17), sharing.recorded(plan.make, provision, day, items_present=items))
    plan.label(planted, "TRF-02:ITEMS_MISSING", provision, at(day, 17))


def _list(plan: Plan) -> tuple[str, str]:
    """A dataset of its own for leads, and the id under which its list comes."""
    name, provision = plan.make.short("ds-leads-"), plan.make.short("in-")
    since = plan.company.start - 100 * _D
    plan.tell(at(since, 9), clients.dataset(plan.make, plan.company, name, None, since))
    plan.tell(at(since, 10), sharing.notice(plan.make, plan.company, name))
    return name, provision


def _take_in(plan: Plan, name: str, provision: str, day: date) -> int:
    for n in range(4):
        plan.tell(at(day, 11, n), sharing.acquired(plan.make, name, provision))
    return at(day, 11)


def list_unchecked(plan: Plan, planted: str) -> None:
    """A list is taken in as it comes."""
    day = plan.workday(before=12)
    name, provision = _list(plan)
    t = _take_in(plan, name, provision, day)
    plan.tell(at(day + _D, 14), sharing.kept(plan.make, provision, day))
    plan.label(planted, "TRF-03:NOT_CHECKED", provision, t)


def list_unrecorded(plan: Plan, planted: str) -> None:
    """Checked, taken in, and never written down."""
    day = plan.workday(before=12)
    name, provision = _list(plan)
    plan.tell(at(day - _D, 9), sharing.received(plan.make, name, provision))
    _take_in(plan, name, provision, day)
    plan.label(planted, "TRF-03:NO_RECORD", provision, midnight(day + 6 * _D))


def list_misused(plan: Plan, planted: str) -> None:
    """How the broker got it could not be shown, and it is exported all the same."""
    day = plan.workday(before=12)
    name, provision = _list(plan)
    check = sharing.received(plan.make, name, provision, acquisition_history_checked=False)
    plan.tell(at(day - _D, 9), check)
    _take_in(plan, name, provision, day)
    plan.tell(at(day + _D, 14), sharing.kept(plan.make, provision, day))
    t = at(day + 2 * _D, 13)
    plan.tell(t, clients.query(plan.make, name, operation="export"))
    plan.label(planted, "TRF-03:ILLEGAL_HISTORY", provision, t)


def _share(plan: Plan, code: str, planted: str, given: dict[str, Any], **said: Any) -> None:
    """A scheme of its own, announced a month ago, and data shared under it."""
    day, scheme = plan.workday(before=12), plan.make.short("scheme-")
    plan.tell(at(day - 30 * _D, 10), sharing.announced(plan.make, scheme, day - 30 * _D, **said))
    t, fact = at(day, 5, plan.rng.randrange(50)), sharing.shared(plan.make, scheme, **given)
    plan.tell(t, fact)
    plan.label(planted, code, fact["provision_id"], t)


def unannounced(plan: Plan, planted: str) -> None:
    """The announcement forgets who is responsible."""
    _share(plan, "TRF-04:NOT_ANNOUNCED", planted, {}, responsible_name_addr_rep=False)


def stranger(plan: Plan, planted: str) -> None:
    """A company that joined the group later, and not the scheme."""
    _share(plan, "TRF-04:MEMBER_OUT", planted, {"to_id": plan.make.short("new-kk-")})


def items_out(plan: Plan, planted: str) -> None:
    """Addresses along with the rest."""
    given = {"fields": ["email", "address"]}
    _share(plan, "TRF-04:ITEMS_OUT", planted, given)


def purpose_out(plan: Plan, planted: str) -> None:
    """The sister's advertising."""
    _share(plan, "TRF-04:PURPOSE_OUT", planted, {"purpose_code": "marketing"})


def no_agreement(plan: Plan, planted: str) -> None:
    """Announced, and never agreed among the members."""
    _share(plan, "TRF-04:NO_AGREEMENT", planted, {}, agreement_ref=None)


def member_abroad(plan: Plan, planted: str) -> None:
    """The sister in Singapore, by consents that nobody can show."""
    sister = plan.make.short("sister-sg-")
    given = {"to_id": sister, "to_country": "SG", "xborder_basis": "consent"}
    said = {"member_ids": [sharing.US, sister]}
    _share(plan, "TRF-04:FOREIGN_MEMBER", planted, given, **said)


def cookies_unconfirmed(plan: Plan, planted: str) -> None:
    """A new network gets cookies before anybody asked how it comes by consents."""
    day = plan.day(before=12)
    fact = sharing.related(plan.make, plan.make.short("net-"), confirm_method=None)
    plan.tell(at(day, 4), fact)
    plan.label(planted, "TRF-05:NOT_CONFIRMED", fact["provision_id"], at(day, 4))


def cookies_unrecorded(plan: Plan, planted: str) -> None:
    """Consent was confirmed, and not written down."""
    day = plan.day(before=12)
    fact = sharing.related(plan.make, plan.make.short("net-"), record_id=None)
    plan.tell(at(day, 4), fact)
    plan.label(planted, "TRF-05:NO_RECORD", fact["provision_id"], midnight(day + 6 * _D))


def cookies_linked(plan: Plan, planted: str) -> None:
    """Behaviour that came as anonymous is linked to members."""
    day, source = plan.day(before=12), plan.make.short("net-")
    came = sharing.related(
        plan.make, source, direction="received", becomes_personal_data=False,
        consent_confirmed=False, confirm_method=None, record_id=None,
    )  # fmt: skip
    plan.tell(at(day, 4), came)
    job = sharing.linked(
        plan.make, source, identifiable_output=True, output_dataset_id="ds-members"
    )
    plan.tell(at(day, 6), job)
    plan.label(planted, "TRF-05:LINK_WITHOUT_CONSENT", job["job_id"], at(day, 6))


def _directory(
    plan: Plan, day: date, persons: list[str] | None = None, sensitive: bool = False, **said: Any
) -> tuple[str, str, int]:
    """A directory of its own with its filing, sold that day: (dataset, provision, when)."""
    name, scheme = plan.make.short("ds-dir-"), plan.make.short("filing-")
    since = day - 60 * _D
    line = clients.dataset(plan.make, plan.company, name, None, since, sensitive=sensitive)
    plan.tell(at(since, 9), line)
    plan.tell(at(since, 10), sharing.filed(plan.make, scheme, since, **said))
    fact = sharing.by_optout(plan.make, name, scheme, persons or [plan.make.short("shop-")])
    t = at(day, 13, plan.rng.randrange(50))
    plan.tell(t, fact)
    plan.tell(at(day, 17), sharing.recorded(plan.make, fact["provision_id"], day))
    return name, fact["provision_id"], t


def not_filed(plan: Plan, planted: str) -> None:
    """The commission heard of it a week later."""
    day = plan.workday(before=12)
    late = text(at(day + 7 * _D, 10))
    _, provision, t = _directory(plan, day, filed_to_ppc_at=late)
    plan.label(planted, "TRF-06:NOT_FILED", provision, t)


def sensitive(plan: Plan, planted: str) -> None:
    """A directory of patients."""
    _, provision, t = _directory(plan, plan.workday(before=12), sensitive=True)
    plan.label(planted, "TRF-06:SENSITIVE", provision, t)


def improper(plan: Plan, planted: str) -> None:
    """It holds what another directory had sold by opt-out."""
    day = plan.workday(before=12)
    name, provision, t = _directory(plan, day)
    inward = plan.make.short("in-")
    before = day - 2 * _D
    plan.tell(at(before, 9), sharing.received(plan.make, name, inward))
    came = sharing.acquired(plan.make, name, inward, acquired_basis="opt_out")
    plan.tell(at(before, 11), came)
    plan.tell(at(before, 14), sharing.kept(plan.make, inward, before))
    plan.label(planted, "TRF-06:IMPROPER_SOURCE", provision, t)


def stop_ignored(plan: Plan, planted: str) -> None:
    """A shop had asked not to be in it."""
    day, shop = plan.workday(before=12), plan.make.short("shop-")
    stopped = at(day - 3 * _D, 15)
    plan.tell(stopped, sharing.opted_out(plan.make, shop, stopped))
    _, provision, t = _directory(plan, day, [shop, plan.make.short("shop-")])
    plan.label(planted, "TRF-06:STOP_IGNORED", provision, t)


PLANTS = {
    "TRF-01:NO_BASIS": no_ground,
    "TRF-01:CONSENT_MISSING": no_consent,
    "TRF-01:WITHDRAWN": withdrawn,
    "TRF-01:FIELDS_EXCEED": too_many_fields,
    "TRF-01:BASIS_UNDOCUMENTED": undocumented,
    "TRF-01:IDENTIFYING_SENT": identifying,
    "TRF-01:SUCCESSION_PURPOSE": succession,
    "TRF-02:NO_RECORD": unrecorded,
    "TRF-02:LATE": recorded_late,
    "TRF-02:ITEMS_MISSING": items_missing,
    "TRF-03:NOT_CHECKED": list_unchecked,
    "TRF-03:NO_RECORD": list_unrecorded,
    "TRF-03:ILLEGAL_HISTORY": list_misused,
    "TRF-04:NOT_ANNOUNCED": unannounced,
    "TRF-04:MEMBER_OUT": stranger,
    "TRF-04:ITEMS_OUT": items_out,
    "TRF-04:PURPOSE_OUT": purpose_out,
    "TRF-04:NO_AGREEMENT": no_agreement,
    "TRF-04:FOREIGN_MEMBER": member_abroad,
    "TRF-05:NOT_CONFIRMED": cookies_unconfirmed,
    "TRF-05:NO_RECORD": cookies_unrecorded,
    "TRF-05:LINK_WITHOUT_CONSENT": cookies_linked,
    "TRF-06:NOT_FILED": not_filed,
    "TRF-06:SENSITIVE": sensitive,
    "TRF-06:IMPROPER_SOURCE": improper,
    "TRF-06:STOP_IGNORED": stop_ignored,
}
