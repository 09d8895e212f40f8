"""TEC-01  アクセス権限に基づく利用 — access only by a current grant."""

from __future__ import annotations

from typing import Any

from controls.books.access import (
    ACCESSES,
    BY,
    Access,
    active,
    by_dataset,
    by_grant,
    holder,
    unrevoked,
)
from controls.books.anonymized import method_info
from controls.books.core import DATASETS
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessPrivilegeChanged,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    HOUR,
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
from controls.shapes import Check, Each


class Limits(Params):
    late_grant_hours: int = limit(
        24,
        "h",
        "権限付与の記録がこの時間内に届けば、利用時点に遡って有効と扱う。",
        "A grant that was in force but is recorded within this time still counts.",
    )


def own_data(access: Access) -> bool:
    """A principal at the data of at most one person looks at its own."""
    persons = (
        access.principals_count
        if isinstance(access, AccessDatastoreQuery)
        else access.dlp_principals
    )
    return access.actor_kind == "principal" and (1 if persons is None else persons) <= 1


def checks(limits: Limits) -> tuple[Check, ...]:
    wait = limits.late_grant_hours * HOUR

    def granted(access: Access, view: View) -> Judgement | None:
        if access.dataset_id is None:
            return None
        if own_data(access):
            return NOT_APPLICABLE
        grants = unrevoked(access, view, wait)
        if active(grants, access.occurred_at):
            return PASS
        if method_info(access.dataset_id, access.occurred_at, view) and not grants:
            return NOT_APPLICABLE  # ANO-01 judges it
        subject = f"{holder(access)}|{access.dataset_id}"
        if grants:
            ends = max(g.valid_until for g in grants if g.valid_until is not None)
            return Judgement(
                "violation", "EXPIRED_GRANT", subject, facts={"valid_until": f"{ends}"}
            )
        until = access.occurred_at + wait
        if view.now <= until:
            return Judgement("indeterminate", None, subject, missing=("grants",), until=until)
        return Judgement(
            "violation", "NO_GRANT", subject, detected=until, since=access.occurred_at - wait
        )

    def in_role(access: Access, view: View) -> Judgement | None:
        if access.dataset_id is None or own_data(access):
            return None
        grants = active(unrevoked(access, view, wait), access.occurred_at)
        if not grants:
            return None
        dataset = view.latest(DATASETS, access.dataset_id, access.occurred_at)
        if dataset is None:
            return Judgement("indeterminate", missing=(f"datasets {access.dataset_id}",))
        if any(grant.role in dataset.access_roles for grant in grants):
            return None
        return Judgement(
            "violation",
            "WRONG_ROLE",
            f"{holder(access)}|{access.dataset_id}",
            facts={"roles": ", ".join(sorted({g.role for g in grants}))},
        )

    return (
        Each(
            "grant",
            ("EXPIRED_GRANT", "NO_GRANT"),
            ACCESSES,
            granted,
            by=BY,
            revisits={AccessPrivilegeChanged: by_grant},
            awaits=(AccessPrivilegeChanged,),
        ),
        Each(
            "role",
            ("WRONG_ROLE",),
            ACCESSES,
            in_role,
            by=BY,
            revisits={AccessPrivilegeChanged: by_grant, RegisterDataset: by_dataset},
        ),
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        "2026-04-01 09:00:00",
        **{"dataset_id": "ds-members", "access_roles": ["crm_operator"], **given},
    )


def grant(at: str, **given: Any) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged,
        at,
        **{
            "account_ref": "acct-sato",
            "owner_ref": "sato",
            "system_id": "sys-crm",
            "dataset_id": "ds-members",
            "role": "crm_operator",
            **given,
        },
    )


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery,
        at,
        **{
            "actor_ref": "sato",
            "account_ref": "acct-sato",
            "system_id": "sys-crm",
            "dataset_id": "ds-members",
            "rows": 40,
            **given,
        },
    )


def file_read(at: str, **given: Any) -> AccessFileActivity:
    return event(
        AccessFileActivity,
        at,
        **{"actor_ref": "sato", "system_id": "sys-files", "dataset_id": "ds-members", **given},
    )


NEXT_DAY = "2026-11-12 10:30:00"

CONTROL = Control(
    id="TEC-01",
    title=Text("アクセス権限に基づく利用", "Access only by current grant"),
    requirement=Text(
        "権限を付与された担当者・範囲に限りアクセスさせる。",
        "Each access to personal data matches an active grant for account, dataset and operation.",
    ),
    sources=sources(
        seeds="PYX-9.3; PYX-9.4; PER-4.3.2a; PER-4.6.1a; PER-4.6.1b; MIX-P1c; MIX-P4; MIX-M0a; "
        "MIX-M.F1; PIC-B3; JUS-4b",
        appi="Art.23",
        ppc_guideline="10-6(1); 10-3(1)",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "NO_GRANT": Code(
            "high",
            Text(
                "利用時点で有効な権限付与がなく、猶予時間内にもその記録が届かない。",
                "No grant was in force at the access, and none that was arrives within the wait.",
            ),
            Text(
                "{subject}：権限付与のない利用が {events} 件ある。",
                "{subject}: {events} accesses without any grant.",
            ),
        ),
        "EXPIRED_GRANT": Code(
            "high",
            Text(
                "取り消されていない権限付与はあるが、いずれも有効期限が切れている。",
                "Every grant that was not revoked had expired on the day of the access.",
            ),
            Text(
                "{subject}：期限（{valid_until}）の切れた権限による利用が {events} 件ある。",
                "{subject}: {events} accesses on a grant that expired on {valid_until}.",
            ),
        ),
        "WRONG_ROLE": Code(
            "medium",
            Text(
                "権限は有効だが、その役割は台帳の利用可能な役割に含まれない。",
                "A grant is active, but none of its roles may use the dataset.",
            ),
            Text(
                "{subject}：台帳にない役割（{roles}）による利用が {events} 件ある。",
                "{subject}: {events} accesses in a role ({roles}) the register does not allow.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "利用記録と、その時点の権限付与（または不存在）",
        "The access row and the grant row (or its absence) as of the time",
    ),
    response=Text("アカウントを停止し、所有者に確認する。", "Block the account, ask the owner."),
    false_positives=Text(
        "権限付与の記録の遅延・前後：暫定判定とし、猶予時間の後に確定する。",
        "Grants recorded late or out of order: provisional until the wait is over.",
    ),
    examples=(
        breach(
            "NO_GRANT",
            "権限付与の記録が 24 時間たっても届かない",
            "no grant arrives within 24 hours",
            dataset(),
            query("2026-11-11 10:00:00"),
            subject="acct-sato|ds-members",
            severity="high",
            until=NEXT_DAY,
        ),
        breach(
            "NO_GRANT",
            "利用の一秒後の付与は遡らない",
            "a grant one second after the use does not reach back",
            dataset(),
            grant("2026-11-11 10:00:01"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        fine(
            "NO_GRANT",
            "利用と同時の付与は有効",
            "a grant in the second of the use counts",
            dataset(),
            grant("2026-11-11 10:00:00"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "NO_GRANT",
            "取り消された権限は権限でない",
            "a revoked grant is none",
            dataset(),
            grant("2026-11-01 09:00:00"),
            grant("2026-11-11 09:59:59", change="revoked"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        fine(
            "NO_GRANT",
            "利用の後の取消しは利用に影響しない",
            "a revocation after the use changes nothing",
            dataset(),
            grant("2026-11-01 09:00:00"),
            grant("2026-11-11 10:00:01", change="revoked"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        fine(
            "NO_GRANT",
            "付与の記録が 24 時間以内に届けば適合",
            "a grant recorded within 24 hours counts",
            dataset(),
            grant("2026-11-11 09:50:00", arrived="2026-11-12 10:00:00"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "NO_GRANT",
            "猶予時間の一秒後に届いた記録では遡らない",
            "a grant recorded one second after the wait does not",
            dataset(),
            grant("2026-11-11 09:50:00", arrived="2026-11-12 10:00:01"),
            query("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        unknown(
            "NO_GRANT",
            "猶予時間のうちは暫定",
            "provisional while the wait runs",
            dataset(),
            query("2026-11-11 10:00:00"),
            until="2026-11-12 10:00:00",
        ),
        fine(
            "NO_GRANT",
            "本人が自分一人のデータを見る",
            "a principal at the data of one person",
            dataset(),
            query("2026-11-11 10:00:00", actor_kind="principal", principals_count=1),
            until=NEXT_DAY,
        ),
        breach(
            "NO_GRANT",
            "本人でも二人分は自分のデータでない",
            "two persons' data are not one's own",
            dataset(),
            query("2026-11-11 10:00:00", actor_kind="principal", principals_count=2),
            until=NEXT_DAY,
        ),
        breach(
            "NO_GRANT",
            "ファイルは行為者の権限で見る",
            "files are matched by the actor's own grants",
            dataset(),
            grant("2026-11-01 09:00:00", owner_ref="abe"),
            file_read("2026-11-11 10:00:00"),
            subject="sato|ds-members",
            until=NEXT_DAY,
        ),
        fine(
            "NO_GRANT",
            "行為者自身に付与されたファイル",
            "a file granted to the actor",
            dataset(),
            grant("2026-11-01 09:00:00", owner_ref="sato"),
            file_read("2026-11-11 10:00:00"),
            until=NEXT_DAY,
        ),
        breach(
            "EXPIRED_GRANT",
            "期限の翌日の利用",
            "used on the day after the grant ended",
            dataset(),
            grant("2026-11-01 09:00:00", valid_until="2026-11-10"),
            query("2026-11-11 00:00:00"),
            subject="acct-sato|ds-members",
            severity="high",
        ),
        fine(
            "EXPIRED_GRANT",
            "期限当日の最後の一秒は有効",
            "the last second of the last day still counts",
            dataset(),
            grant("2026-11-01 09:00:00", valid_until="2026-11-10"),
            query("2026-11-10 23:59:59"),
        ),
        breach(
            "WRONG_ROLE",
            "台帳にない役割での利用",
            "used in a role that the register does not name",
            dataset(),
            grant("2026-11-01 09:00:00", role="billing"),
            query("2026-11-11 10:00:00"),
            subject="acct-sato|ds-members",
            severity="medium",
        ),
        fine(
            "WRONG_ROLE",
            "台帳にある役割での利用",
            "used in a role that the register names",
            dataset(),
            grant("2026-11-01 09:00:00", role="crm_operator"),
            query("2026-11-11 10:00:00"),
        ),
        unknown(
            "WRONG_ROLE",
            "台帳にないデータは判定できない",
            "a dataset that is in no register cannot be judged",
            dataset(dataset_id="ds-other"),
            grant("2026-11-01 09:00:00"),
            query("2026-11-11 10:00:00"),
        ),
    ),
)
