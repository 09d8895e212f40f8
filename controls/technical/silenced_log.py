"""TEC-13  ログの改ざん・停止防止 — logs are not disabled, cleared or shortened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.access import by_dataset
from controls.books.core import ACCOUNTS, DATASETS, SOURCES
from controls.deadlines import due_by
from controls.events import (
    AccessAccountChanged,
    AccessDatastoreQuery,
    LogConfigChanged,
    RegisterDataset,
    RegisterSource,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import HOUR, PASS, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    max_off_hours: int = limit(
        4, "h", "承認した停止が続いてよい時間。", "Hours for which an approved stop may last."
    )


CODES = {
    "cleared": "CLEARED",
    "deleted": "CLEARED",
    "disabled": "DISABLED",
    "retention_reduced": "RETENTION_CUT",
    "level_reduced": "RETENTION_CUT",
}
PEOPLE = ("staff", "dispatched", "officer", "contractor")
ALTERING = ("write", "update", "delete", "ddl")


def fact(change: LogConfigChanged) -> Fact:
    return told(change, change.change, "change_id", "ticket_id", "approver_ref", "actor_ref")


def checks(limits: Limits) -> tuple[Check, ...]:
    def approved(change: Fact) -> bool:
        said = change[4]
        return bool(said["ticket_id"]) and said["approver_ref"] not in (None, "", said["actor_ref"])

    def kept_on(code: str) -> Any:
        def judge(source: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
            lines = standing(facts)
            for place, change in enumerate(lines):
                if CODES.get(change[3]) != code:
                    continue
                subject = f"{source}|{change[4]['change_id'] or change[1]}"
                common: dict[str, Any] = {
                    "subject": subject, "item": change[1], "events": (change[1],),
                }  # fmt: skip
                on_again = next((f[0] for f in lines[place + 1 :] if f[3] == "enabled"), None)
                if not approved(change):
                    closed = code == "DISABLED" and on_again is not None
                    yield Judgement("violation", code, at=change[0], closed=closed, **common)
                elif code == "DISABLED":
                    end = change[0] + limits.max_off_hours * HOUR
                    judged = due_by(end, on_again, code, view, begun=change[0], **common)
                    yield judged if judged.code is None else high(judged)
                else:
                    yield Judgement("pass", at=change[0], **common)

        return judge

    def high(judged: Judgement) -> Judgement:
        return Judgement(
            judged.verdict, judged.code, judged.subject, judged.at, judged.detected, "high",
            judged.events, item=judged.item, closed=judged.closed, since=judged.since,
        )  # fmt: skip

    def written(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        direct = query.operation in ALTERING and query.ticket_id is None
        if not direct or query.actor_kind not in PEOPLE:
            return None
        at = query.occurred_at
        if view.latest(DATASETS, query.dataset_id, at) is None:
            return None
        source = view.latest(SOURCES, query.source_id, at)
        account = view.latest(
            ACCOUNTS, query.account_ref, at, lambda a: a.system_id == query.system_id
        )
        if source is None:
            return Judgement("indeterminate", missing=(f"sources {query.source_id}",))
        if source.kind != "datastore":
            return PASS
        if account is None:
            missing = (f"accounts {query.account_ref} {query.system_id}",)
            return Judgement("indeterminate", missing=missing)
        if account.account_kind == "service":
            return PASS
        return Judgement("violation", "DIRECT_WRITE", f"{query.actor_ref}|{query.dataset_id}")

    def by_account(change: AccessAccountChanged) -> tuple[Look, ...]:
        since = change.occurred_at
        return (Look(AccessDatastoreQuery, "account_ref", change.account_ref, since),)

    def by_source(source: RegisterSource) -> tuple[Look, ...]:
        name, since = source.monitored_source_id, source.occurred_at
        return (Look(AccessDatastoreQuery, "source_id", name, since),)

    def case(name: str, code: str, **more: Any) -> Case:
        return Case(
            name,
            (code,),
            (LogConfigChanged,),
            one_key("monitored_source_id"),
            fact,
            kept_on(code),
            span=moment,
            by={LogConfigChanged: "monitored_source_id"},
            **more,
        )

    return (
        case("cleared", "CLEARED"),
        case("disabled", "DISABLED", awaits=(LogConfigChanged,)),
        case("retention", "RETENTION_CUT"),
        Each(
            "write",
            ("DIRECT_WRITE",),
            (AccessDatastoreQuery,),
            written,
            by={AccessDatastoreQuery: "account_ref"},
            revisits={
                AccessAccountChanged: by_account,
                RegisterSource: by_source,
                RegisterDataset: lambda line: by_dataset(line)[:1],
            },
        ),
    )


def changed(at: str, change: str, **given: Any) -> LogConfigChanged:
    said = {
        "monitored_source_id": "db-01", "change_id": f"chg-{change}", "actor_ref": "admin",
        "change": change, **given,
    }  # fmt: skip
    return event(LogConfigChanged, at, **said)


APPROVED = {"ticket_id": "tck-1", "approver_ref": "boss"}
NOON = "2026-11-11 12:00:00"
BOOKS = (
    event(RegisterDataset, "2026-04-01 09:00:00", dataset_id="ds-members"),
    event(RegisterSource, "2026-04-01 09:00:00", monitored_source_id="db-01", kind="datastore"),
)
ACCOUNT = event(
    AccessAccountChanged, "2026-04-01 09:00:00", account_ref="acct-sato", system_id="sys-crm",
    account_kind="personal",
)  # fmt: skip


def update(**given: Any) -> AccessDatastoreQuery:
    said = {
        "source_id": "db-01", "actor_ref": "sato", "account_ref": "acct-sato",
        "system_id": "sys-crm", "dataset_id": "ds-members", "operation": "update", **given,
    }  # fmt: skip
    return event(AccessDatastoreQuery, NOON, **said)


CONTROL = Control(
    id="TEC-13",
    title=Text("ログの改ざん・停止防止", "Logs not disabled, cleared or shortened"),
    requirement=Text(
        "監査ログの停止・消去・短縮を無断で行わせず、アプリ外の改変を検知する。",
        "Audit logging is not stopped, cleared or reduced without approval; alteration of PD "
        "outside the application is detected.",
    ),
    sources=sources(
        seeds="PYX-9.4; PIC-B3; JUS-4b",
        appi="Art.23",
        ppc_guideline="10-3(2); 10-6(3)",
        pms_guideline="J.4.5.5; J.9.2*",
    ),
    params=Limits(),
    codes={
        "CLEARED": Code(
            "critical",
            Text("承認なくログを消去した。", "A log was cleared or deleted without approval."),
            Text("{subject}：ログを消去した。", "{subject}: the log was cleared."),
        ),
        "DISABLED": Code(
            "critical",
            Text(
                "承認なくログを止めた。承認があっても max_off_hours に再開しなければ high。",
                "A log was stopped without approval; or with it, and not begun again within "
                "max_off_hours: high.",
            ),
            Text("{subject}：ログを止めた。", "{subject}: the log was stopped."),
        ),
        "RETENTION_CUT": Code(
            "high",
            Text(
                "承認なく保存期間又は記録水準を下げた。",
                "Retention or level was reduced without approval.",
            ),
            Text(
                "{subject}：ログの保存又は水準を下げた。",
                "{subject}: the log keeps less than before.",
            ),
        ),
        "DIRECT_WRITE": Code(
            "high",
            Text(
                "申請なく、アプリを通さずに個人データを改変した。",
                "Personal data was altered outside the application, without a ticket.",
            ),
            Text(
                "{subject}：アプリ外で {events} 件改変した。",
                "{subject}: altered {events} times outside the application.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("変更の記録と前後のログの欠落", "Change event + surrounding log coverage"),
    response=Text("復旧し、実施者を調べる。", "Restore, investigate actor."),
    false_positives=Text("ローテーションが消去として記録された。", "Rotation recorded as delete."),
    examples=(
        breach(
            "CLEARED",
            "自分で承認した消去",
            "cleared with one's own approval",
            changed(NOON, "cleared", ticket_id="tck-1", approver_ref="admin"),
            subject="db-01|chg-cleared",
            severity="critical",
        ),
        fine(
            "CLEARED",
            "他人が承認した消去",
            "cleared with another's",
            changed(NOON, "cleared", ticket_id="tck-1", approver_ref="boss"),
        ),
        breach(
            "DISABLED",
            "四時間を一秒過ぎた再開",
            "approved, and begun again a second after four hours",
            changed(NOON, "disabled", **APPROVED),
            changed("2026-11-11 16:00:01", "enabled"),
            subject="db-01|chg-disabled",
            severity="high",
        ),
        fine(
            "DISABLED",
            "四時間での再開",
            "begun again after four hours",
            changed(NOON, "disabled", **APPROVED),
            changed("2026-11-11 16:00:00", "enabled"),
        ),
        breach(
            "DISABLED",
            "承認のない停止",
            "stopped without approval",
            changed(NOON, "disabled"),
            changed("2026-11-11 12:30:00", "enabled"),
            severity="critical",
        ),
        breach(
            "RETENTION_CUT",
            "承認のない短縮",
            "kept for a shorter time without approval",
            changed(NOON, "retention_reduced", ticket_id="tck-1", approver_ref=None),
            severity="high",
        ),
        fine(
            "RETENTION_CUT",
            "承認した短縮",
            "the same, approved",
            changed(NOON, "retention_reduced", ticket_id="tck-1", approver_ref="boss"),
        ),
        breach(
            "DIRECT_WRITE",
            "申請のない更新",
            "an update without a ticket",
            *BOOKS,
            ACCOUNT,
            update(),
            subject="sato|ds-members",
            severity="high",
        ),
        fine(
            "DIRECT_WRITE",
            "申請のある更新",
            "with its ticket",
            *BOOKS,
            ACCOUNT,
            update(ticket_id="tck-1"),
        ),
        fine(
            "DIRECT_WRITE",
            "アプリによる更新",
            "made by the application",
            *BOOKS,
            ACCOUNT,
            update(actor_kind="service"),
        ),
        unknown("DIRECT_WRITE", "台帳にない口座", "an account nobody registered", *BOOKS, update()),
    ),
)
