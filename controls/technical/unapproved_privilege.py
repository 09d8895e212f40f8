"""TEC-12  権限変更の承認と職務分離 — privilege changes are approved by another person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from controls.books.people import APPROVAL_IDS
from controls.books.systems import TICKET_CHANGES
from controls.calendar import day_end
from controls.deadlines import due_by
from controls.events import AccessAccountChanged, AccessPrivilegeChanged, ApprovalGranted
from controls.examples import breach, event, fine
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    revoke_hours: int = limit(
        24,
        "h",
        "期限の日の終わりから取消しまでの時間。",
        "Hours after the last day of a right in which it is taken away.",
    )


GIVEN = ("granted", "created", "enabled")
Change = AccessPrivilegeChanged | AccessAccountChanged


def by_change(change: Change) -> str:
    return f"{change.account_ref}|{change.system_id}|{change.change_id or change.event_id}"


def fact(change: Change) -> Fact:
    said = told(
        change, "change", "change", "actor_ref", "actor_kind", "owner_ref", "ticket_id",
        "approver_ref",
    )  # fmt: skip
    high = (
        change.privileged
        if isinstance(change, AccessPrivilegeChanged)
        else change.account_kind == "admin"
    )
    said[4]["high"] = high
    return said


def by_right(right: AccessPrivilegeChanged) -> str:
    return f"{right.account_ref}|{right.system_id}|{right.dataset_id or ''}|{right.role}"


def subject_of(key: str, right: Fact) -> str:
    """The right in words; one to no one dataset is told apart by the event that gave it."""
    return "|".join(part or right[1] for part in key.split("|"))


def right_fact(right: AccessPrivilegeChanged) -> Fact:
    return told(right, right.change, "valid_until")


def checks(limits: Limits) -> tuple[Check, ...]:
    def approver(change: Fact, view: View) -> str | None:
        """Who approved it: on the change itself, else the approval that its ticket names."""
        said = change[4]
        if said["approver_ref"]:
            return str(said["approver_ref"])
        found = view.latest(APPROVAL_IDS, said["ticket_id"] or "", change[0])
        return None if found is None else str(found.approver_ref)

    def broken(change: Fact, view: View) -> str | None:
        said = change[4]
        if said["actor_ref"] == said["owner_ref"] and said["actor_kind"] != "service":
            return "SELF_GRANT"
        who = approver(change, view)
        if who is not None and who in (said["actor_ref"], said["owner_ref"]):
            return "SELF_APPROVED"
        return "NO_TICKET" if not said["ticket_id"] or who is None else None

    def approved(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for change in standing(facts):
            common: dict[str, Any] = {
                "subject": key, "item": change[1], "at": change[0], "events": (change[1],),
            }  # fmt: skip
            if change[4]["change"] not in GIVEN or change[4]["actor_kind"] == "principal":
                yield Judgement("not_applicable", **common)
                continue
            code = broken(change, view)
            if code is None:
                yield Judgement("pass", **common)
            else:
                high = code == "NO_TICKET" and change[4]["high"]
                severity: Any = "high" if high else None
                yield Judgement("violation", code, severity=severity, **common)

    def ended(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        for place, right in enumerate(lines):
            until = right[4]["valid_until"]
            if right[3] != "granted" or until is None:
                continue
            end = day_end(date.fromisoformat(until)) + limits.revoke_hours * HOUR
            later = [f[0] for f in lines[place + 1 :]]
            yield due_by(
                end, min(later, default=None), "NOT_EXPIRED", view, begun=right[0],
                subject=subject_of(key, right), item=right[1], events=(right[1],),
                facts={"until": until},
            )  # fmt: skip

    def of_ticket(approval: ApprovalGranted, view: View) -> Iterable[str]:
        return [by_change(change) for change in view.all(TICKET_CHANGES, approval.approval_id)]

    kinds = (AccessPrivilegeChanged, AccessAccountChanged)
    return (
        Case(
            "approval",
            ("SELF_GRANT", "SELF_APPROVED", "NO_TICKET"),
            kinds,
            by_change,
            fact,
            approved,
            span=moment,
            by=dict.fromkeys(kinds, "account_ref"),
            touches={ApprovalGranted: of_ticket},
        ),
        Case(
            "expiry",
            ("NOT_EXPIRED",),
            (AccessPrivilegeChanged,),
            by_right,
            right_fact,
            ended,
            span=moment,
            by={AccessPrivilegeChanged: "account_ref"},
            awaits=(AccessPrivilegeChanged,),
        ),
    )


def right(at: str = "2026-11-02 10:00:00", **given: Any) -> AccessPrivilegeChanged:
    said = {
        "account_ref": "acct-sato", "owner_ref": "sato", "system_id": "sys-crm",
        "dataset_id": "ds-members", "role": "crm_operator", "ticket_id": "tck-1",
        "approver_ref": "boss", "actor_ref": "admin", "change_id": "chg-1", **given,
    }  # fmt: skip
    return event(AccessPrivilegeChanged, at, **said)


def account(**given: Any) -> AccessAccountChanged:
    said = {
        "account_ref": "acct-sato", "owner_ref": "sato", "system_id": "sys-crm",
        "ticket_id": "tck-1", "approver_ref": "boss", "actor_ref": "admin", "change_id": "chg-2",
        **given,
    }  # fmt: skip
    return event(AccessAccountChanged, "2026-11-02 09:00:00", **said)


def approval(at: str) -> ApprovalGranted:
    return event(ApprovalGranted, at, approval_id="tck-1", approver_ref="boss")


CONTROL = Control(
    id="TEC-12",
    title=Text("権限変更の承認と職務分離", "Privilege changes approved by another person"),
    requirement=Text(
        "権限付与・特権変更は別人承認の申請に基づき、期限で失効させる。",
        "Grants, role and admin changes trace to a ticket approved by someone else; time-limited "
        "privileges end.",
    ),
    sources=sources(
        seeds="PER-4.6.1b", appi="Art.23", ppc_guideline="10-6(1)", pms_guideline="J.9.2*"
    ),
    params=Limits(),
    codes={
        "SELF_GRANT": Code(
            "critical",
            Text("自分に権限を与えた。", "Somebody gave a right to themselves."),
            Text("{subject}：自分に与えた権限。", "{subject}: given to oneself."),
        ),
        "SELF_APPROVED": Code(
            "high",
            Text(
                "承認者が実施者又は権限を得る者である。",
                "The approver is who made the change, or who gains by it.",
            ),
            Text("{subject}：自己承認の変更。", "{subject}: approved by oneself."),
        ),
        "NO_TICKET": Code(
            "medium",
            Text(
                "申請又は承認者のない変更（特権・管理者は high）。",
                "A change without a ticket or an approver; high for privileges.",
            ),
            Text("{subject}：承認のない変更。", "{subject}: changed without approval."),
        ),
        "NOT_EXPIRED": Code(
            "medium",
            Text(
                "期限の日の終わりから revoke_hours までに取り消していない。",
                "Not taken away within revoke_hours after its last day.",
            ),
            Text(
                "{subject}：{until} までの権限が残る。",
                "{subject}: was to end on {until}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("変更、申請、承認者", "Change + ticket + approver"),
    response=Text("元に戻す。", "Revert."),
    false_positives=Text("申請番号の入力誤り。", "Ticket id typed wrong."),
    examples=(
        breach(
            "SELF_GRANT",
            "自分への付与",
            "a right given to oneself",
            right(actor_ref="sato"),
            subject="acct-sato|sys-crm|chg-1",
            severity="critical",
        ),
        fine("SELF_GRANT", "他人への付与", "given by somebody else", right(actor_ref="admin")),
        fine(
            "SELF_GRANT",
            "自動処理による付与",
            "given by the provisioning service",
            right(actor_ref="sato", actor_kind="service"),
        ),
        breach(
            "SELF_APPROVED",
            "本人による承認",
            "approved by who gains by it",
            right(approver_ref="sato"),
            severity="high",
        ),
        fine("SELF_APPROVED", "上長の承認", "approved by the boss", right(approver_ref="boss")),
        breach(
            "NO_TICKET",
            "申請のない口座",
            "an account without a ticket",
            account(change="created", ticket_id=None),
            subject="acct-sato|sys-crm|chg-2",
            severity="medium",
        ),
        fine("NO_TICKET", "申請のある口座", "with its ticket", account(change="created")),
        breach(
            "NO_TICKET",
            "申請のない特権",
            "a privilege without a ticket",
            right(ticket_id=None, privileged=True),
            severity="high",
        ),
        breach(
            "NO_TICKET",
            "後からの承認",
            "approved a second later",
            right(approver_ref=None),
            approval("2026-11-02 10:00:01"),
        ),
        fine(
            "NO_TICKET",
            "付与の時の承認",
            "approved in that very second",
            right(approver_ref=None),
            approval("2026-11-02 10:00:00"),
        ),
        fine("NO_TICKET", "取消し", "a right taken away", right(change="revoked", ticket_id=None)),
        breach(
            "NOT_EXPIRED",
            "期限から 24 時間を過ぎた取消し",
            "taken away a second too late",
            right(valid_until="2026-11-10"),
            right("2026-11-12 00:00:01", change="revoked", change_id="chg-3"),
            subject="acct-sato|sys-crm|ds-members|crm_operator",
            severity="medium",
        ),
        fine(
            "NOT_EXPIRED",
            "24 時間での取消し",
            "taken away in time",
            right(valid_until="2026-11-10"),
            right("2026-11-12 00:00:00", change="revoked", change_id="chg-3"),
        ),
    ),
)
