"""Under which grants and approvals data is accessed, as of the access."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controls.books.core import (
    APPROVALS,
    DATASETS,
    GRANTS,
    OWNER_GRANTS,
    SYSTEM_DATASETS,
)
from controls.calendar import jst_day
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessPrivilegeChanged,
    RegisterSource,
)
from controls.kernel import arrival
from controls.registers import FOREVER, Register, View, field
from controls.shapes import Look

Access = AccessDatastoreQuery | AccessFileActivity
ACCESSES = (AccessDatastoreQuery, AccessFileActivity)
BY = {AccessDatastoreQuery: "account_ref", AccessFileActivity: "actor_ref"}
"""The fields under which the accesses of one grant are found."""


SYSTEM_SOURCES = Register("system_sources", (RegisterSource,), field("system_id"))
"""Log sources as registered, by the system they tell of."""

BOOKS = (SYSTEM_SOURCES,)


def holder(access: Access) -> str:
    """Whose grant is asked for: the account's, for files the actor's."""
    return access.account_ref if isinstance(access, AccessDatastoreQuery) else access.actor_ref


def unrevoked(access: Access, view: View, wait: int = FOREVER >> 1) -> list[AccessPrivilegeChanged]:
    """The latest grant of each role on the dataset or the whole system, unless revoked.

    A grant counts where it was known at the latest `wait` ms after the access.
    """
    latest = access.occurred_at + wait
    book = GRANTS if isinstance(access, AccessDatastoreQuery) else OWNER_GRANTS
    grants: dict[Any, AccessPrivilegeChanged] = {}
    for grant in view.entries(book, holder(access), access.occurred_at):
        covers = grant.dataset_id == access.dataset_id or (
            grant.dataset_id is None and grant.system_id == access.system_id
        )
        if covers and (grant.change == "revoked" or arrival(grant) <= latest):
            grants[grant.account_ref, grant.system_id, grant.dataset_id, grant.role] = grant
    return [grant for grant in grants.values() if grant.change == "granted"]


def active(grants: list[AccessPrivilegeChanged], at: int) -> list[AccessPrivilegeChanged]:
    """`valid_until` holds to the end of that day (JST)."""
    day = jst_day(at)
    return [g for g in grants if g.valid_until is None or g.valid_until >= day]


def by_grant(grant: AccessPrivilegeChanged) -> tuple[Look, ...]:
    """The accesses that a grant, or its end, may judge differently."""
    since = grant.occurred_at
    return (
        Look(AccessDatastoreQuery, "account_ref", grant.account_ref, since),
        Look(AccessFileActivity, "actor_ref", grant.owner_ref, since),
    )


def by_dataset(dataset: Any) -> tuple[Look, ...]:
    """The accesses to a dataset since an event about it."""
    since = dataset.occurred_at
    return tuple(Look(kind, "dataset_id", dataset.dataset_id, since) for kind in ACCESSES)


def permitted(
    view: View, kind: str, refs: Iterable[str | None], at: int, dataset: str | None = None
) -> bool:
    """An approval of that kind, given at or before that moment (ms) to one of these (a person, a
    ticket), that holds then, for this dataset or for any."""
    return any(
        approval.kind == kind
        and approval.dataset_id in (None, dataset)
        and approval.valid_from <= at <= approval.valid_to
        for ref in refs
        if ref
        for approval in view.entries(APPROVALS, ref, at)
    )


def approved(access: Access, view: View, kind: str) -> bool:
    """An approval of that kind for the actor or the ticket, on this dataset, at that moment."""
    refs = (access.actor_ref, getattr(access, "ticket_id", None))
    return permitted(view, kind, refs, access.occurred_at, access.dataset_id)


TOUCHED = ("read", "write", "update", "delete", "export")
OWNED = ("service", "principal")
"""Kinds of actor whose accesses no member of staff answers for."""


def pd_access(access: Access, view: View) -> bool:
    """Access to personal data: a dataset that is not anonymized, or a file with persons in it."""
    if isinstance(access, AccessFileActivity):
        if access.dataset_id is None:
            return bool(access.dlp_principals)
    elif access.operation not in TOUCHED or not access.dataset_id:
        return False
    dataset = view.latest(DATASETS, access.dataset_id, access.occurred_at)
    return dataset is None or dataset.dataset_class != "anonymized"


def exports(access: Access) -> bool:
    """Whether the access takes data out of where it is kept."""
    if isinstance(access, AccessDatastoreQuery):
        return access.operation == "export"
    return access.operation in ("copy", "share_external", "print")


def pd_system(system: str, at: int, view: View) -> bool:
    """A system that keeps an active dataset of personal data, or whose log source says so."""
    for line in view.entries(SYSTEM_DATASETS, system, at):
        now = view.latest(DATASETS, line.dataset_id, at)
        if now is None or now.status != "active" or now.dataset_class == "anonymized":
            continue
        if system in now.storage_systems:
            return True
    sources = view.entries(SYSTEM_SOURCES, system, at)
    return any(source.handles_pd for source in sources)


def by_approval(approval: Any) -> tuple[Look, ...]:
    """The accesses that an approval may excuse."""
    since = approval.occurred_at
    return (
        *(Look(kind, "actor_ref", approval.for_ref, since) for kind in ACCESSES),
        Look(AccessDatastoreQuery, "ticket_id", approval.for_ref, since),
    )
