"""ORG-03  個人情報管理台帳の整備 — nothing is handled that the register does not know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from controls.books.access import pd_system
from controls.books.core import DATASETS
from controls.books.duties import DEPT_DATASETS
from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    DataAcquired,
    LinkExecuted,
    RegisterDataset,
    RegisterReviewed,
    RegisterSource,
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
from controls.registers import FOREVER, View
from controls.shapes import (
    Case,
    Check,
    Each,
    Fact,
    Look,
    gathered_only,
    moment,
    one_key,
    standing,
    told,
)


class Limits(Params):
    months: int = limit(12, "months", "部門ごとの見直しの間隔。", "Months between two reviews.")
    register_grace_days: int = limit(
        5, "d", "最初の利用から登録までの日数。", "Days from first use to registration."
    )
    high_n: int = limit(
        1000, "persons", "一件でこの人数以上なら高。", "High if one use concerns so many persons."
    )
    synthetic_systems: tuple[str, ...] = limit(
        (), "", "合成データだけのシステム。", "Systems that hold synthetic data only."
    )


USES = (AccessDatastoreQuery, AccessFileActivity, DataAcquired, LinkExecuted)


def persons(use: Any) -> int:
    """How many persons a use says that it concerns."""
    if isinstance(use, AccessFileActivity):
        return use.dlp_principals or 0
    return use.principals_count or 0 if isinstance(use, AccessDatastoreQuery) else 0


def datasets_of(use: Any) -> tuple[str, ...]:
    if isinstance(use, LinkExecuted):
        return use.dataset_ids
    return (use.dataset_id,) if use.dataset_id else ()


def firsts(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    """Of each kind (and system) the first."""
    found: dict[tuple[str, str], Fact] = {}
    for fact in sorted([*facts, *new]):
        found.setdefault((fact[2], fact[3]), fact)
    return sorted(found.values())


def checks(limits: Limits) -> tuple[Check, ...]:
    def synthetic(use: Any) -> bool:
        return getattr(use, "system_id", None) in limits.synthetic_systems

    def used(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
        """By dataset, `[at, event_id, kind, system]`: the first use, the first of many persons,
        and for each system the first query that names nobody."""
        found: dict[str, list[Fact]] = {}
        for use in events:
            if synthetic(use):
                continue
            number, kind, system = persons(use), "use", ""
            if isinstance(use, AccessDatastoreQuery) and not number:
                kind, system = "query", use.system_id
            for dataset in datasets_of(use):
                facts = found.setdefault(dataset, [])
                facts.append([use.occurred_at, use.event_id, kind, system])
                if number >= limits.high_n:
                    facts.append([use.occurred_at, use.event_id, "many", ""])
        return {dataset: firsts((), facts) for dataset, facts in found.items()}

    def registered(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        uses = [
            fact
            for fact in facts
            if fact[2] == "use" or (fact[2] == "query" and pd_system(fact[3], fact[0], view))
        ]
        if not uses:
            return
        at, event_id = uses[0][:2]
        line = view.first(DATASETS, dataset)
        since = line.occurred_at if line is not None else None
        many = [fact for fact in facts if fact[2] == "many" and fact[0] < (since or FOREVER)]
        yield due_by(
            day_end(jst_day(at) + timedelta(days=limits.register_grace_days)), since,
            "UNREGISTERED", view, begun=at, subject=dataset, item="registered", events=(event_id,),
            severity="high" if many else "medium",
        )  # fmt: skip

    def named(use: AccessDatastoreQuery | AccessFileActivity, view: View) -> Judgement | None:
        """Personal data of which nobody says what it belongs to."""
        number = persons(use)
        query = isinstance(use, AccessDatastoreQuery)
        if use.dataset_id:
            return None
        if synthetic(use):
            return NOT_APPLICABLE
        if not number and not (query and pd_system(use.system_id, use.occurred_at, view)):
            return NOT_APPLICABLE
        subject = "|".join(filter(None, (use.system_id, getattr(use, "path_class", None))))
        many = number >= limits.high_n
        return Judgement(
            "violation", "UNREGISTERED", subject, severity="high" if many else "medium"
        )

    def in_force(use: Any, view: View) -> Judgement | None:
        names = datasets_of(use)
        lines = [view.latest(DATASETS, name, use.occurred_at) for name in names]
        if not any(lines):
            return None
        if synthetic(use):
            return NOT_APPLICABLE
        deletes = getattr(use, "operation", None) == "delete"
        retired = [line.dataset_id for line in lines if line and line.status == "retired"]
        if deletes or not retired:
            return PASS
        return Judgement("violation", "RETIRED_USED", f"{use.actor_ref}|{','.join(retired)}")

    def reviewed(dept: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        lines = view.all(DEPT_DATASETS, dept)
        if not lines:
            return
        began = max(jst_day(lines[0].occurred_at), jst_day(view.began))
        done = [fact[0] for fact in standing(facts)]
        due = partial(add_months, count=limits.months)
        yield from comes_round(
            "REVIEW_OVERDUE", began, done, due, view, prefix=f"{dept}|", gone=without(dept, view)
        )

    def without(dept: str, view: View) -> date | None:
        """Since when a department owns no active dataset any more."""
        ends = []
        for name in {line.dataset_id for line in view.all(DEPT_DATASETS, dept)}:
            lines = view.all(DATASETS, name)
            owned = [line.status == "active" and line.owner_dept == dept for line in lines]
            if owned[-1]:
                return None
            if any(owned):
                last = len(owned) - owned[::-1].index(True)
                ends.append(jst_day(lines[last].occurred_at))
        return max(ends, default=None)

    def by_dataset(line: RegisterDataset) -> tuple[Look, ...]:
        since, name = line.occurred_at, line.dataset_id
        kinds = (AccessDatastoreQuery, AccessFileActivity, DataAcquired)
        looks = (Look(kind, "dataset_id", name, since) for kind in kinds)
        return (*looks, Look(LinkExecuted, None, "", since))

    def by_systems(line: RegisterDataset) -> tuple[Look, ...]:
        since = line.occurred_at
        return tuple(
            Look(AccessDatastoreQuery, "system_id", system, since)
            for system in line.storage_systems
        )

    def by_source(line: RegisterSource) -> tuple[Look, ...]:
        if not line.system_id:
            return ()
        return (Look(AccessDatastoreQuery, "system_id", line.system_id, line.occurred_at),)

    return (
        Case(
            "registration",
            ("UNREGISTERED",),
            USES,
            lambda use: "",
            gathered_only,
            registered,
            across=True,
            gather=used,
            merge=firsts,
            touches={RegisterDataset: lambda line, view: (line.dataset_id,)},
            awaits=(RegisterDataset,),
        ),
        Each(
            "naming",
            ("UNREGISTERED",),
            (AccessDatastoreQuery, AccessFileActivity),
            named,
            revisits={RegisterDataset: by_systems, RegisterSource: by_source},
        ),
        Each(
            "retirement", ("RETIRED_USED",), USES, in_force, revisits={RegisterDataset: by_dataset}
        ),
        Case(
            "review",
            ("REVIEW_OVERDUE",),
            (RegisterReviewed,),
            one_key("dept_id"),
            lambda review: told(review, "review"),
            reviewed,
            span=moment,
            by={RegisterReviewed: "dept_id"},
            touches={
                RegisterDataset: lambda line, view: [
                    each.owner_dept for each in view.all(DATASETS, line.dataset_id)
                ]
            },
            began=True,
            awaits=(RegisterReviewed,),
        ),
    )


def line(at: str, **given: Any) -> RegisterDataset:
    said = {
        "dataset_id": "ds-members", "owner_dept": "sales", "storage_systems": ["sys-crm"],
        "version": 1, **given,
    }  # fmt: skip
    return event(RegisterDataset, at, **said)


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    said = {
        "system_id": "sys-crm", "dataset_id": "ds-members", "operation": "read",
        "principals_count": 10, **given,
    }  # fmt: skip
    return event(AccessDatastoreQuery, at, **said)


def copied(at: str, **given: Any) -> AccessFileActivity:
    said = {
        "system_id": "sys-file", "dataset_id": None, "path_class": "share", "operation": "copy",
        "dlp_principals": 10, **given,
    }  # fmt: skip
    return event(AccessFileActivity, at, **said)


def reviewed(at: str) -> RegisterReviewed:
    return event(RegisterReviewed, at, dept_id="sales", period="2026")


FIRST = query("2026-11-10 09:00:00")
OVER = "2026-11-16T00:00:01+09:00"
"""Just after the fifth day."""
LISTED = line("2026-11-02 09:00:00")
RETIRED = line("2026-11-09 09:00:00", status="retired", version=2)
YEAR = "2027-11-03T00:00:01+09:00"

CONTROL = Control(
    id="ORG-03",
    title=Text("個人情報管理台帳の整備", "Personal-information register complete"),
    requirement=Text(
        "台帳にない個人情報を取り扱わない。部門ごとに年1回以上見直す。",
        "No handling of a dataset that is not registered; register reviewed at least yearly per "
        "department.",
    ),
    sources=sources(
        seeds="PER-4.3.3; MIX-D; JUS-L2; JUS-L7",
        appi="Art.23",
        ppc_guideline="10-3(3)",
        pms_guideline="J.3.1.1",
    ),
    params=Limits(),
    codes={
        "UNREGISTERED": Code(
            "medium",
            Text(
                "最初の利用から register_grace_days の終わりまでに台帳に登録されていない"
                "（データの名のない利用は直ちに。一件で high_n 人以上なら高）。",
                "Not in the register by the end of register_grace_days after its first use (at "
                "once where no dataset is named; high from high_n persons in one use).",
            ),
            Text("{subject}：台帳にない。", "{subject}: not in the register."),
        ),
        "RETIRED_USED": Code(
            "medium",
            Text(
                "台帳で廃止したデータを、削除以外に利用した。",
                "A retired dataset was used otherwise than to delete it.",
            ),
            Text("{subject}：廃止したデータの利用。", "{subject}: a retired dataset was used."),
        ),
        "REVIEW_OVERDUE": Code(
            "medium",
            Text(
                "部門の前の見直しから months の終わりまでに、次の見直しがない。",
                "The department did not review its part by the end of months.",
            ),
            Text(
                "{subject}：{last} 以来、台帳を見直していない。",
                "{subject}: register not reviewed since {last}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "基準日の台帳の抜粋、未登録の一覧", "Register extract as of date; unregistered list"
    ),
    response=Text("登録するか削除する。", "Register or delete."),
    false_positives=Text("展開中の新しい表", "New tables in deploy window"),
    examples=(
        breach(
            "UNREGISTERED",
            "6 日目の登録",
            "registered in the first second after the fifth day",
            FIRST,
            line("2026-11-16 00:00:01"),
            subject="ds-members",
            severity="medium",
        ),
        fine(
            "UNREGISTERED",
            "5 日目の終わりの登録",
            "registered as the fifth day ends",
            FIRST,
            line("2026-11-16 00:00:00"),
            until="2026-11-16 00:00:02",
        ),
        breach(
            "UNREGISTERED",
            "一件で千人の利用",
            "a thousand persons in one use",
            query("2026-11-10 09:00:00", principals_count=1_000),
            severity="high",
            until=OVER,
        ),
        breach(
            "UNREGISTERED",
            "データの名のない個人情報の複写",
            "persons in a file that belongs to no dataset",
            copied("2026-11-10 09:00:00"),
            subject="sys-file|share",
            severity="medium",
        ),
        fine(
            "UNREGISTERED",
            "個人情報のないファイル",
            "a file with nobody in it",
            copied("2026-11-10 09:00:00", dlp_principals=0),
        ),
        fine(
            "UNREGISTERED",
            "個人データのないシステムでの問合せ",
            "a query that names nobody, in a system without personal data",
            query("2026-11-10 09:00:00", principals_count=0),
            until=OVER,
        ),
        breach(
            "RETIRED_USED",
            "廃止したデータの読取り",
            "a retired dataset is read",
            LISTED,
            RETIRED,
            query("2026-11-10 09:00:00", actor_ref="sato"),
            subject="sato|ds-members",
            severity="medium",
        ),
        fine(
            "RETIRED_USED",
            "廃止したデータの削除",
            "a retired dataset is deleted",
            LISTED,
            RETIRED,
            query("2026-11-10 09:00:00", actor_ref="sato", operation="delete"),
        ),
        fine(
            "RETIRED_USED",
            "廃止の直前の読取り",
            "read just before it was retired",
            LISTED,
            RETIRED,
            query("2026-11-09 08:59:59", actor_ref="sato"),
        ),
        breach(
            "REVIEW_OVERDUE",
            "一年を一秒過ぎた見直し",
            "reviewed a second after the year",
            LISTED,
            reviewed("2027-11-03 00:00:01"),
            subject="sales|2026-11-02",
            severity="medium",
            until="2027-11-03 00:00:02",
        ),
        fine(
            "REVIEW_OVERDUE",
            "一年の終わりの見直し",
            "reviewed as it ends",
            LISTED,
            reviewed("2027-11-03 00:00:00"),
            until="2027-11-03 00:00:02",
        ),
        fine(
            "REVIEW_OVERDUE",
            "データを持たなくなった部門",
            "a department that owns none any more",
            LISTED,
            RETIRED,
            until=YEAR,
        ),
    ),
)  # fmt: skip
