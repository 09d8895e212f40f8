"""HUM-02  アクセス前の導入教育 — nobody handles personal data before being trained."""

from __future__ import annotations

from typing import Any

from controls.books.access import (
    ACCESSES,
    BY,
    Access,
    by_dataset,
    exports,
    pd_access,
)
from controls.books.core import STAFF
from controls.books.people import TRAININGS, passed
from controls.calendar import day_end, day_start, jst_day
from controls.events import AccessDatastoreQuery, RegisterDataset, StaffChanged, TrainingCompleted
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
    HOUR,
    NOT_APPLICABLE,
    PASS,
    Code,
    Control,
    Judgement,
    Params,
    Text,
    arrival,
    limit,
    sources,
)
from controls.registers import View
from controls.shapes import Check, Each, Look


class Limits(Params):
    late_evidence_hours: int = limit(
        72, "h", "受講の記録を待つ時間。", "How long the record of a training is waited for."
    )


OUTSIDE = ("service", "principal", "contractor")
LOADED = 30 * DAY
"""Who is recorded so long (ms) after joining had joined before the monitoring began."""


def checks(limits: Limits) -> tuple[Check, ...]:
    wait = limits.late_evidence_hours * HOUR

    def trained(access: Access, view: View) -> Judgement | None:
        if access.actor_kind in OUTSIDE or not pd_access(access, view):
            return NOT_APPLICABLE
        at, person = access.occurred_at, access.actor_ref
        day, until = jst_day(at), access.occurred_at + wait
        every = view.all(TRAININGS, person)
        if any(passed(t) and t.completed_on <= day and arrival(t) <= until for t in every):
            return PASS
        joined = [c for c in view.all(STAFF, person) if c.change == "joined"]
        if not joined:
            return Judgement("indeterminate", missing=(f"staff {person}",))
        loaded = arrival(joined[-1]) > day_end(joined[-1].effective_on) + LOADED
        if loaded and not every:
            return Judgement("indeterminate", missing=(f"trainings {person}",))
        if view.now <= until:
            missing = ("training.completed",)
            return Judgement("indeterminate", None, person, missing=missing, until=until)
        severity: Any = "high" if exports(access) else "medium"
        return Judgement(
            "violation", "UNTRAINED_ACCESS", person, detected=until, since=at, severity=severity
        )

    def by_training(done: TrainingCompleted) -> tuple[Look, ...]:
        since = day_start(done.completed_on)
        return tuple(Look(kind, "actor_ref", done.person_ref, since) for kind in ACCESSES)

    def by_change(change: StaffChanged) -> tuple[Look, ...]:
        since = day_start(change.effective_on)
        return tuple(Look(kind, "actor_ref", change.person_ref, since) for kind in ACCESSES)

    return (
        Each(
            "training",
            ("UNTRAINED_ACCESS",),
            ACCESSES,
            trained,
            by=BY,
            revisits={
                TrainingCompleted: by_training,
                StaffChanged: by_change,
                RegisterDataset: by_dataset,
            },
            awaits=(TrainingCompleted,),
        ),
    )


def joined(at: str = "2026-11-02 09:00:00") -> StaffChanged:
    return event(
        StaffChanged, at, person_ref="sato", kind="employee", change="joined",
        effective_on="2026-11-02",
    )  # fmt: skip


def completed(at: str, on: str, **given: Any) -> TrainingCompleted:
    said = {"person_ref": "sato", "course_id": "intro", "passed": True, **given}
    return event(TrainingCompleted, at, completed_on=on, **said)


def query(**given: Any) -> AccessDatastoreQuery:
    said = {"actor_ref": "sato", "dataset_id": "ds-members", "operation": "read", **given}
    return event(AccessDatastoreQuery, "2026-11-04 10:00:00", **said)


LATER = "2026-11-07T10:00:01+09:00"

CONTROL = Control(
    id="HUM-02",
    title=Text("アクセス前の導入教育", "Training before first access"),
    requirement=Text(
        "導入教育前に個人データを扱わせない。",
        "Nobody reads personal data before introductory training.",
    ),
    sources=sources(
        seeds="PER-4.4a", appi="Art.24", ppc_guideline="10-4", pms_guideline="J.4.3*"
    ),
    params=Limits(),
    codes={
        "UNTRAINED_ACCESS": Code(
            "medium",
            Text(
                "教育に合格する前に個人データに触れた（出力は high）。",
                "Personal data before a passed training; an export: high.",
            ),
            Text(
                "{subject}：教育の前に {events} 件のアクセス。",
                "{subject}: {events} accesses before being trained.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("入社日、受講日、最初のアクセス", "Join date, course date, first access"),
    response=Text("権限を止め、教育する。", "Suspend grant, train."),
    false_positives=Text(
        "LMS の同期の遅れ：late_evidence_hours 待って改める。",
        "LMS sync delay: hold verdict late_evidence_hours, then amend.",
    ),
    examples=(
        breach(
            "UNTRAINED_ACCESS",
            "翌日の受講",
            "trained on the day after",
            joined(),
            query(),
            completed("2026-11-05 10:00:00", "2026-11-05"),
            subject="sato",
            severity="medium",
            until=LATER,
        ),
        fine(
            "UNTRAINED_ACCESS",
            "その日の受講",
            "trained on that day",
            joined(),
            query(),
            completed("2026-11-05 10:00:00", "2026-11-04"),
            until=LATER,
        ),
        breach(
            "UNTRAINED_ACCESS",
            "72 時間と一秒後の記録",
            "recorded a second too late",
            joined(),
            query(),
            completed("2026-11-07 10:00:01", "2026-11-03"),
        ),
        breach(
            "UNTRAINED_ACCESS",
            "教育の前の出力",
            "an export before it",
            joined(),
            query(operation="export"),
            severity="high",
            until=LATER,
        ),
        breach(
            "UNTRAINED_ACCESS",
            "不合格の受講",
            "a course that was not passed",
            joined(),
            completed("2026-11-03 10:00:00", "2026-11-03", score=79),
            query(),
            until=LATER,
        ),
        unknown("UNTRAINED_ACCESS", "名簿にない者", "somebody nobody registered", query(),
                until=LATER),
    ),
)  # fmt: skip
