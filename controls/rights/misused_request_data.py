"""REQ-08  請求関連情報の目的限定 — what came with a request serves the request alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.access import (
    ACCESSES,
    BY,
    Access,
    active,
    approved,
    by_approval,
    by_dataset,
    by_grant,
    unrevoked,
)
from controls.books.core import DATASETS
from controls.books.transfers import DATASET_LINKS
from controls.calendar import jst_day
from controls.events import (
    AccessDatastoreQuery,
    AccessPrivilegeChanged,
    ApprovalGranted,
    LinkExecuted,
    MarketingSent,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, standing, told


class Limits(Params):
    desk_roles: tuple[str, ...] = limit(
        ("privacy_desk", "protection_manager"), "", "窓口の役割。", "Roles of the desk."
    )
    purposes: tuple[str, ...] = limit(
        ("request_handling",), "", "請求対応の利用目的。", "Purposes of handling a request."
    )


def papers(dataset_id: str | None, at: int, view: View) -> bool | None:
    """Whether a dataset holds what came with requests; None where nobody registered it."""
    dataset = view.latest(DATASETS, dataset_id, at) if dataset_id else None
    return None if dataset is None else dataset.dataset_class == "request_docs"


def checks(limits: Limits) -> tuple[Check, ...]:
    def in_role(access: Access, view: View) -> Judgement | None:
        if access.dataset_id is None:
            return None
        ours = papers(access.dataset_id, access.occurred_at, view)
        if ours is None:
            return Judgement("indeterminate", missing=(f"datasets {access.dataset_id}",))
        if not ours or approved(access, view, "purpose_exception"):
            return NOT_APPLICABLE
        roles = {g.role for g in active(unrevoked(access, view), access.occurred_at)}
        if not roles or roles & set(limits.desk_roles):
            return PASS  # without any grant TEC-01 speaks
        day = jst_day(access.occurred_at)
        subject = f"{access.actor_ref}|{access.dataset_id}|{day}"
        return Judgement(
            "violation", "OTHER_ROLE", subject, facts={"roles": ", ".join(sorted(roles))}
        )

    def in_purpose(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        if query.purpose_code is None or not papers(query.dataset_id, query.occurred_at, view):
            return None
        excused = approved(query, view, "purpose_exception")
        if excused or query.purpose_code in limits.purposes:
            return None
        return Judgement("violation", "OTHER_PURPOSE", query.event_id)

    def mailed(mailing: MarketingSent, view: View) -> Judgement | None:
        if not papers(mailing.dataset_id, mailing.occurred_at, view):
            return None
        return Judgement("violation", "OTHER_PURPOSE", mailing.event_id)

    def linked(link: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for job in standing(facts):
            if any(papers(each, job[0], view) for each in job[4]["dataset_ids"]):
                yield Judgement(
                    "violation", "OTHER_PURPOSE", job[1], job[0], item=job[1], events=(job[1],)
                )

    def mailings(dataset: RegisterDataset) -> tuple[Look, ...]:
        return (Look(MarketingSent, "dataset_id", dataset.dataset_id, dataset.occurred_at),)

    def jobs(dataset: RegisterDataset, view: View) -> Iterable[str]:
        return [job.job_id for job in view.all(DATASET_LINKS, dataset.dataset_id)]

    books = {
        AccessPrivilegeChanged: by_grant,
        RegisterDataset: by_dataset,
        ApprovalGranted: by_approval,
    }
    return (
        Each("role", ("OTHER_ROLE",), ACCESSES, in_role, by=BY, revisits=books),
        Each(
            "purpose", ("OTHER_PURPOSE",), (AccessDatastoreQuery,), in_purpose, by=BY,
            revisits=books,
        ),
        Each(
            "mailing", ("OTHER_PURPOSE",), (MarketingSent,), mailed,
            by={MarketingSent: "principal_ref"}, revisits={RegisterDataset: mailings},
        ),
        Case(
            "link",
            ("OTHER_PURPOSE",),
            (LinkExecuted,),
            lambda job: job.job_id or "",
            lambda job: told(job, "link", "dataset_ids"),
            linked,
            span=moment,
            by={LinkExecuted: "job_id"},
            touches={RegisterDataset: jobs},
        ),
    )  # fmt: skip


def dataset(**given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-requests", "dataset_class": "request_docs", **given}
    return event(RegisterDataset, "2026-04-01 09:00:00", **said)


def grant(role: str) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, "2026-04-02 09:00:00", account_ref="acct-sato", owner_ref="sato",
        system_id="sys-desk", dataset_id="ds-requests", role=role,
    )  # fmt: skip


def query(**given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "account_ref": "acct-sato", "system_id": "sys-desk", **given}
    return event(
        AccessDatastoreQuery, "2026-11-11 10:00:00", **{"dataset_id": "ds-requests", **said}
    )


def approval(**given: Any) -> ApprovalGranted:
    said = {
        "kind": "purpose_exception", "for_ref": "sato", "dataset_id": "ds-requests",
        "valid_from": "2026-11-11 00:00:00", "valid_to": "2026-11-11 10:00:00", **given,
    }  # fmt: skip
    return event(ApprovalGranted, "2026-11-10 09:00:00", approval_id="apr-1", **said)


def mailing(source: str) -> MarketingSent:
    return event(
        MarketingSent, "2026-11-11 10:00:00", campaign_id="autumn", principal_ref="mem-1",
        dataset_id=source,
    )  # fmt: skip


def link(*datasets: str) -> LinkExecuted:
    return event(LinkExecuted, "2026-11-11 10:00:00", job_id="job-1", dataset_ids=list(datasets))


MEMBERS = event(RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members")
DESK = grant("privacy_desk")

CONTROL = Control(
    id="REQ-08",
    title=Text("請求関連情報の目的限定", "Request data used only for the request"),
    requirement=Text(
        "請求で得た情報・書類は窓口が当該対応のみに使う。",
        "Data and documents from a request are read only by the desk and only for that request.",
    ),
    sources=sources(seeds="JUS-R6a", appi="Art.18", ppc_guideline="3-1-3", pms_guideline="J.8.6"),
    params=Limits(),
    codes={
        "OTHER_ROLE": Code(
            "high",
            Text(
                "窓口以外の役割の者が請求関連情報を閲覧した。",
                "Read under a grant whose role is not the desk's.",
            ),
            Text(
                "{subject}：窓口以外（{roles}）が請求関連情報を {events} 件閲覧した。",
                "{subject}: {events} reads of request data as {roles}.",
            ),
        ),
        "OTHER_PURPOSE": Code(
            "high",
            Text(
                "請求対応以外の目的に用いた。",
                "Used for something else than handling requests: a query, a mailing or a link.",
            ),
            Text(
                "{subject}：請求関連情報を請求対応以外に用いた。",
                "{subject}: request data was used for something else.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("閲覧の記録", "Reads"),
    response=Text("権限を取り消す。", "Revoke."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OTHER_ROLE",
            "窓口でない役割での閲覧",
            "read in another role",
            dataset(),
            grant("crm_operator"),
            query(),
            subject="sato|ds-requests|2026-11-11",
            severity="high",
        ),
        fine("OTHER_ROLE", "窓口の役割", "read as the desk", dataset(), DESK, query()),
        fine(
            "OTHER_ROLE",
            "別の種類のデータ",
            "data of another class",
            dataset(dataset_class="general"),
            grant("crm_operator"),
            query(),
        ),
        fine(
            "OTHER_ROLE",
            "承認の期限の時の閲覧",
            "an exception approved to that very second",
            dataset(),
            grant("crm_operator"),
            approval(),
            query(),
        ),
        breach(
            "OTHER_ROLE",
            "承認の期限を一秒過ぎた閲覧",
            "an exception that ended one second before",
            dataset(),
            grant("crm_operator"),
            approval(valid_to="2026-11-11 09:59:59"),
            query(),
        ),
        breach(
            "OTHER_PURPOSE",
            "販売促進のための閲覧",
            "read for marketing",
            dataset(),
            DESK,
            query(purpose_code="marketing"),
            severity="high",
        ),
        fine(
            "OTHER_PURPOSE",
            "請求対応のための閲覧",
            "read to handle the request",
            dataset(),
            DESK,
            query(purpose_code="request_handling"),
        ),
        breach(
            "OTHER_PURPOSE",
            "請求関連情報による配信",
            "a mailing from request data",
            dataset(),
            mailing("ds-requests"),
        ),
        fine(
            "OTHER_PURPOSE",
            "会員情報による配信",
            "a mailing from members' data",
            dataset(),
            mailing("ds-members"),
        ),
        breach(
            "OTHER_PURPOSE",
            "請求関連情報との突合",
            "linked with request data",
            dataset(),
            MEMBERS,
            link("ds-members", "ds-requests"),
        ),
        fine(
            "OTHER_PURPOSE",
            "会員情報だけの突合",
            "linked without it",
            dataset(),
            MEMBERS,
            link("ds-members"),
        ),
        unknown("OTHER_ROLE", "台帳にないデータ", "a dataset nobody registered", query()),
    ),
)
