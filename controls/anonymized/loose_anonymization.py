"""ANO-01  匿名加工の基準と加工方法等情報の管理 — anonymized to standard, its method secured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from controls.books.access import ACCESSES, BY, Access, active, by_dataset, by_grant, unrevoked
from controls.books.anonymized import method_info
from controls.calendar import jst_day
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessPrivilegeChanged,
    AnonCreated,
    RegisterDataset,
)
from controls.examples import breach, event, fine
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
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    rule34: tuple[str, ...] = limit(
        ("i", "ii", "iii", "iv", "v"),
        "",
        "施行規則 34 条の各号。",
        "The items of Rule 34 of the Enforcement Rules.",
    )


def fact(made: AnonCreated) -> Fact:
    return told(made, made.kind, "rule_checks", "approver_ref", "actor_ref")


def checks(limits: Limits) -> tuple[Check, ...]:
    def checked(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for made in standing(facts):
            common: dict[str, Any] = {
                "subject": anon, "item": made[1], "at": made[0], "events": (made[1],),
            }  # fmt: skip
            if made[3] != "anonymized":
                yield Judgement("not_applicable", **common)
                continue
            missing = [key for key in limits.rule34 if made[4]["rule_checks"].get(key) is not True]
            if missing:
                said = {"missing": ", ".join(missing)}
                yield Judgement("violation", "CHECK_MISSING", facts=said, **common)
            else:
                yield Judgement("pass", **common)

    def approved(anon: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for made in standing(facts):
            if made[4]["approver_ref"] == made[4]["actor_ref"]:
                yield Judgement(
                    "violation", "SELF_APPROVED", anon, made[0], item=made[1], events=(made[1],)
                )

    def read(access: Access, view: View) -> Judgement | None:
        if not access.dataset_id or not method_info(access.dataset_id, access.occurred_at, view):
            return NOT_APPLICABLE
        grants = active(unrevoked(access, view), access.occurred_at)
        if any(grant.dataset_id == access.dataset_id for grant in grants):
            return PASS
        day = jst_day(access.occurred_at)
        subject = f"{access.actor_ref}|{access.dataset_id}|{day}"
        return Judgement("violation", "METHOD_INFO_READ", subject)

    def by_set(made: AnonCreated) -> tuple[Look, ...]:
        name, since = made.method_info_dataset_id, made.occurred_at
        kinds = (AccessDatastoreQuery, AccessFileActivity)
        return tuple(Look(kind, "dataset_id", name, since) for kind in kinds)

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (AnonCreated,),
            one_key("anon_id"),
            fact,
            judge,
            span=moment,
            by={AnonCreated: "anon_id"},
        )

    return (
        case("standard", "CHECK_MISSING", checked),
        case("approval", "SELF_APPROVED", approved),
        Each(
            "method",
            ("METHOD_INFO_READ",),
            ACCESSES,
            read,
            by=BY,
            revisits={
                AnonCreated: by_set,
                RegisterDataset: by_dataset,
                AccessPrivilegeChanged: by_grant,
            },
        ),
    )


def made(**given: Any) -> AnonCreated:
    said = {
        "anon_id": "anon-1", "kind": "anonymized", "method_info_dataset_id": "ds-method",
        "rule_checks": dict.fromkeys(("i", "ii", "iii", "iv", "v"), True),
        "approver_ref": "boss", "actor_ref": "sato", **given,
    }  # fmt: skip
    return event(AnonCreated, "2026-11-02 10:00:00", **said)


def query() -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery, "2026-11-11 10:00:00", actor_ref="sato", account_ref="acct-sato",
        system_id="sys-lab", dataset_id="ds-method",
    )  # fmt: skip


def grant(dataset: str | None) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, "2026-11-03 10:00:00", account_ref="acct-sato", owner_ref="sato",
        system_id="sys-lab", dataset_id=dataset, role="analyst",
    )  # fmt: skip


CONTROL = Control(
    id="ANO-01",
    title=Text(
        "匿名加工の基準と加工方法等情報の管理",
        "Anonymization to standard; method data secured",
    ),
    requirement=Text(
        "規則34条の基準を確認・承認し、加工方法等情報を限定管理する。",
        "Rule 34 points are checked and approved; only named persons reach removed data and "
        "method information.",
    ),
    sources=sources(
        seeds="PYX-8.a.i; PYX-8.a.ii",
        appi="Art.43(1); Art.43(2)",
        ppc_guideline="anon. vol. 3-2-2, 3-2-3 (Rule 34, 35)",
        pms_guideline="J.8.9",
    ),
    params=Limits(),
    codes={
        "CHECK_MISSING": Code(
            "high",
            Text(
                "規則 34 条の基準を確認していない。",
                "Items of Rule 34 were not checked, or not met.",
            ),
            Text("{subject}：基準の確認がない（{missing}）。", "{subject}: unchecked ({missing})."),
        ),
        "SELF_APPROVED": Code(
            "medium",
            Text("加工した者が承認した。", "Approved by who made it."),
            Text("{subject}：自己承認。", "{subject}: approved by its maker."),
        ),
        "METHOD_INFO_READ": Code(
            "high",
            Text(
                "そのデータを名指しする権限なしに加工方法等情報を見た。",
                "Method information was read without a right that names it.",
            ),
            Text(
                "{subject}：加工方法等情報を {events} 件閲覧した。",
                "{subject}: read method information {events} times.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("確認票", "Check sheet"),
    response=Text("データを取り下げる。", "Withdraw set."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "CHECK_MISSING",
            "五号の確認がない",
            "item v was not checked",
            made(rule_checks=dict.fromkeys(("i", "ii", "iii", "iv"), True)),
            subject="anon-1",
            severity="high",
        ),
        fine("CHECK_MISSING", "すべての号", "every item was", made()),
        breach(
            "SELF_APPROVED",
            "自分で承認した",
            "approved by its maker",
            made(approver_ref="sato"),
            subject="anon-1",
            severity="medium",
        ),
        fine("SELF_APPROVED", "上長の承認", "approved by the boss", made(approver_ref="boss")),
        breach(
            "METHOD_INFO_READ",
            "システム全体の権限による閲覧",
            "read under a right to the whole system",
            made(),
            grant(None),
            query(),
            subject="sato|ds-method|2026-11-11",
            severity="high",
        ),
        fine(
            "METHOD_INFO_READ",
            "名指しの権限による閲覧",
            "under a right that names it",
            made(),
            grant("ds-method"),
            query(),
        ),
    ),
)
