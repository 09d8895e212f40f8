"""ANO-03  識別行為の禁止 — nobody is identified again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.access import by_approval, permitted
from controls.books.anonymized import ANON_DATASETS, anonymous, identifiable
from controls.books.core import DATASETS, SYSTEM_DATASETS
from controls.books.transfers import DATASET_LINKS
from controls.events import (
    AccessDatastoreQuery,
    AnonCreated,
    ApprovalGranted,
    LinkExecuted,
    RegisterDataset,
)
from controls.examples import breach, event, fine
from controls.kernel import NOT_APPLICABLE, PASS, Code, Control, Judgement, Params, Text, sources
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, standing, told


class Limits(Params):
    pass


def checks(limits: Limits) -> tuple[Check, ...]:
    def names_people(name: str, at: int, view: View) -> bool:
        line = view.latest(DATASETS, name, at)
        return line is not None and not anonymous(name, at, view) and identifiable(line)

    def joined(names: Sequence[str], at: int, view: View) -> bool | None:
        """Whether an anonymous dataset meets one of persons; None where none is anonymous."""
        if not any(anonymous(name, at, view) for name in names):
            return None
        return any(names_people(name, at, view) for name in names)

    def tested(refs: Iterable[str | None], names: Sequence[str], at: int, view: View) -> bool:
        """An approved test of whether somebody could be identified."""
        return any(
            permitted(view, "purpose_exception", refs, at, name)
            for name in names
            if anonymous(name, at, view)
        )

    def queried(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        at = query.occurred_at
        names = (query.dataset_id, *query.joins_dataset_ids)
        found = joined(names, at, view)
        if found is None:
            return NOT_APPLICABLE
        if tested((query.actor_ref, query.ticket_id), names, at, view):
            return NOT_APPLICABLE
        if found:
            return Judgement("violation", "JOIN", query.event_id)
        out = query.target_system_id if query.operation == "export" else None
        if out and in_zone(out, at, view):
            return Judgement("violation", "EXPORT_TO_PD_ZONE", query.event_id)
        return PASS

    def in_zone(system: str, at: int, view: View) -> bool:
        """A system that stores a dataset by which persons are identified."""
        lines = view.entries(SYSTEM_DATASETS, system, at)
        current = (view.latest(DATASETS, line.dataset_id, at) for line in lines)
        return any(
            line is not None
            and system in line.storage_systems
            and names_people(line.dataset_id, at, view)
            for line in current
        )

    def linked(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for job in standing(facts):
            at, names = job[0], job[4]["dataset_ids"]
            found = joined(names, at, view)
            common: dict[str, Any] = {
                "subject": job[1], "item": job[1], "at": at, "events": (job[1],),
            }  # fmt: skip
            refs = (job[4]["actor_ref"], job[4]["job_id"])
            if found is None or tested(refs, names, at, view):
                yield Judgement("not_applicable", **common)
            elif found:
                yield Judgement("violation", "JOIN", **common)
            else:
                yield Judgement("pass", **common)

    def by_line(line: RegisterDataset) -> tuple[Look, ...]:
        systems = (
            Look(AccessDatastoreQuery, "target_system_id", system, line.occurred_at)
            for system in line.storage_systems
        )
        return (
            Look(AccessDatastoreQuery, "dataset_id", line.dataset_id, line.occurred_at),
            *systems,
        )

    def by_set(made: AnonCreated) -> tuple[Look, ...]:
        name = made.dataset_id or made.anon_id
        return (Look(AccessDatastoreQuery, "dataset_id", name, made.occurred_at),)

    def of_dataset(line: Any, view: View) -> Iterable[str]:
        name = line.dataset_id or line.anon_id
        return [job.event_id for job in view.all(DATASET_LINKS, name)]

    def of_approval(approval: ApprovalGranted, view: View) -> Iterable[str]:
        names = view.keys(ANON_DATASETS) if approval.kind == "purpose_exception" else ()
        return [job.event_id for name in names for job in view.all(DATASET_LINKS, name)]

    return (
        Each(
            "query",
            ("JOIN", "EXPORT_TO_PD_ZONE"),
            (AccessDatastoreQuery,),
            queried,
            by={AccessDatastoreQuery: "account_ref"},
            revisits={
                RegisterDataset: by_line,
                AnonCreated: by_set,
                ApprovalGranted: lambda a: tuple(
                    look for look in by_approval(a) if look.type is AccessDatastoreQuery
                ),
            },
        ),
        Case(
            "link",
            ("JOIN",),
            (LinkExecuted,),
            lambda job: job.event_id,
            lambda job: told(job, "link", "dataset_ids", "actor_ref", "job_id"),
            linked,
            span=moment,
            touches={
                RegisterDataset: of_dataset,
                AnonCreated: of_dataset,
                ApprovalGranted: of_approval,
            },
        ),
    )


def dataset(name: str, **given: Any) -> RegisterDataset:
    said = {"dataset_id": name, "principals_estimate": 900, **given}
    return event(RegisterDataset, "2026-04-01 09:00:00", **said)


def query(**given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "dataset_id": "ds-anon", **given}
    return event(AccessDatastoreQuery, "2026-11-11 10:00:00", **said)


def approval(until: str) -> ApprovalGranted:
    return event(
        ApprovalGranted, "2026-11-10 09:00:00", kind="purpose_exception", for_ref="sato",
        dataset_id="ds-anon", valid_from="2026-11-10 09:00:00", valid_to=until,
    )  # fmt: skip


ANON = dataset("ds-anon", dataset_class="anonymized", principals_estimate=0)
MEMBERS = dataset("ds-members", storage_systems=["sys-crm"])
AREAS = dataset("ds-areas", principals_estimate=0)
JOINED = query(joins_dataset_ids=["ds-members"])

CONTROL = Control(
    id="ANO-03",
    title=Text("識別行為の禁止", "No re-identification"),
    requirement=Text(
        "匿名・仮名加工情報を本人識別のため他情報と照合しない。",
        "Anonymized (or pseudonymized) data is not joined with other data to identify persons.",
    ),
    sources=sources(
        seeds="PYX-8.a.iv",
        appi="Art.43(5); Art.45; Art.41(7)",
        ppc_guideline="anon. vol. 3-2-6, 2-2",
        pms_guideline="J.8.9; J.8.10",
    ),
    params=Limits(),
    codes={
        "JOIN": Code(
            "high",
            Text(
                "匿名・仮名加工情報を本人の分かるデータと照合した。",
                "Joined with data by which persons are identified.",
            ),
            Text("{subject}：識別につながる照合。", "{subject}: joined with identifiable data."),
        ),
        "EXPORT_TO_PD_ZONE": Code(
            "medium",
            Text(
                "本人の分かるデータのあるシステムへ出力した。",
                "Exported to a system that keeps identifiable data.",
            ),
            Text(
                "{subject}：個人データのあるシステムへの出力。",
                "{subject}: exported to where identifiable data is.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("問合せのダイジェスト、データの番号", "Query digest, dataset ids"),
    response=Text("止める。", "Stop."),
    false_positives=Text("人を含まない次元表。", "Dimension tables without persons."),
    examples=(
        breach(
            "JOIN",
            "会員情報との照合",
            "joined with members' data",
            ANON,
            MEMBERS,
            JOINED,
            severity="high",
        ),
        fine(
            "JOIN",
            "地域表との照合",
            "joined with a table of areas",
            ANON,
            AREAS,
            MEMBERS,
            query(joins_dataset_ids=["ds-areas"]),
        ),
        breach(
            "JOIN",
            "試験の承認の一秒後",
            "a second after an approved test ended",
            ANON,
            MEMBERS,
            approval("2026-11-11 09:59:59"),
            JOINED,
        ),
        fine(
            "JOIN",
            "承認された識別可能性の試験",
            "an approved test",
            ANON,
            MEMBERS,
            approval("2026-11-11 10:00:00"),
            JOINED,
        ),
        breach(
            "EXPORT_TO_PD_ZONE",
            "顧客システムへの出力",
            "exported to the members' system",
            ANON,
            MEMBERS,
            query(operation="export", target_system_id="sys-crm"),
            severity="medium",
        ),
        fine(
            "EXPORT_TO_PD_ZONE",
            "分析システムへの出力",
            "exported to the laboratory",
            ANON,
            MEMBERS,
            query(operation="export", target_system_id="sys-lab"),
        ),
    ),
)
