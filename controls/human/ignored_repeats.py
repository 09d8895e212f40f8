"""HUM-05  繰返し違反への監督 — repeated violations are acted on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.duties import CAUSED
from controls.books.people import ALERTS, TRAININGS
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import AlertChanged, NonconformityChanged, TrainingCompleted
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Limits(Params):
    n: int = limit(3, "alerts", "一人についてのアラートの数。", "Alerts about one person.")
    window_days: int = limit(30, "d", "数える日数。", "Days in which they are counted.")
    act_days: int = limit(10, "d", "措置までの日数。", "Days in which something is done.")


def about(alert: AlertChanged) -> str:
    """The person, of an alert that counts."""
    counts = alert.step == "raised" and alert.severity != "info"
    return (alert.about_ref or "") if counts else ""


def checks(limits: Limits) -> tuple[Check, ...]:
    window, act = timedelta(days=limits.window_days), timedelta(days=limits.act_days)

    def dismissed(alert: Fact, view: View) -> bool:
        steps = view.all(ALERTS, alert[4]["alert_id"])
        return any(step.step == "false_positive" for step in steps)

    def acted(person: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        row: list[Fact] = []
        for alert in standing(facts):
            if dismissed(alert, view):
                continue
            day = jst_day(alert[0])
            row = [f for f in row if jst_day(f[0]) > day - window] + [alert]
            if len(row) >= limits.n:
                yield of_window(person, row[-limits.n :], view)
                row = []

    def of_window(person: str, row: Sequence[Fact], view: View) -> Judgement:
        last = row[-1]
        day, name = jst_day(last[0]), last[4]["alert_id"]
        raised = [
            nc.occurred_at
            for alert in row
            for nc in view.all(CAUSED, alert[4]["alert_id"])
            if nc.step == "raised"
        ]
        taught = [
            day_end(t.completed_on) for t in view.all(TRAININGS, person) if t.completed_on >= day
        ]
        return due_by(
            day_end(day + act), min((*raised, *taught), default=None), "IGNORED", view,
            begun=last[0], subject=f"{person}|{name}", item=name,
            events=tuple(f[1] for f in row),
        )  # fmt: skip

    def of_alert(alert: AlertChanged, view: View) -> Iterable[str]:
        steps = view.all(ALERTS, alert.alert_id)
        return {about(step) for step in (*steps, alert)} - {""}

    def of_nonconformity(change: NonconformityChanged, view: View) -> Iterable[str]:
        steps = view.all(ALERTS, change.correlation_id or "")
        return {about(step) for step in steps} - {""}

    return (
        Case(
            "repeats",
            ("IGNORED",),
            (AlertChanged,),
            about,
            lambda alert: told(alert, "alert", "alert_id"),
            acted,
            span=moment,
            by={AlertChanged: "about_ref"},
            touches={
                AlertChanged: of_alert,
                NonconformityChanged: of_nonconformity,
                TrainingCompleted: lambda done, view: (done.person_ref,),
            },
            awaits=(NonconformityChanged,),
        ),
    )


def alert(number: int, at: str, **given: Any) -> AlertChanged:
    said = {
        "alert_id": f"al-{number}", "severity": "medium", "step": "raised", "about_ref": "sato",
        **given,
    }  # fmt: skip
    return event(AlertChanged, at, **said)


def action(at: str) -> NonconformityChanged:
    return event(
        NonconformityChanged, at, nc_id="nc-1", step="raised", due="2026-12-31",
        correlation_id="al-1",
    )  # fmt: skip


TWO = (alert(1, "2026-10-13 10:00:00"), alert(2, "2026-10-20 10:00:00"))
THIRD = alert(3, "2026-11-11 10:00:00")

CONTROL = Control(
    id="HUM-05",
    title=Text("繰返し違反への監督", "Repeated violations are acted on"),
    requirement=Text(
        "同一人の違反反復を放置せず監督措置を取る。",
        "Repeated breaches by one person trigger supervision, not silence.",
    ),
    sources=sources(
        seeds="MIX-M0b", appi="Art.24", ppc_guideline="3-4-3 case 2", pms_guideline="J.9.3*"
    ),
    params=Limits(),
    codes={
        "IGNORED": Code(
            "high",
            Text(
                "window_days に n 件のアラートがあり、act_days の終わりまでに是正も教育もない。",
                "n alerts about a person in window_days, and neither action nor training by the "
                "end of act_days.",
            ),
            Text(
                "{subject}：{events} 件の繰返しへの措置がない。",
                "{subject}: {events} alerts, and nothing was done.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("アラート番号、主体の仮名、措置", "Alert ids, actor pseudonym, action"),
    response=Text("上長が面談し、権限を絞る。", "Manager interview, access cut."),
    false_positives=Text("一つの口座の共用処理。", "Shared jobs under one account."),
    examples=(
        breach(
            "IGNORED",
            "11 日目の起票",
            "raised in the first second after the tenth day",
            *TWO,
            THIRD,
            action("2026-11-22 00:00:01"),
            subject="sato|al-3",
            severity="high",
        ),
        fine(
            "IGNORED",
            "10 日目の終わりの起票",
            "raised at its end",
            *TWO,
            THIRD,
            action("2026-11-22 00:00:00"),
        ),
        fine(
            "IGNORED",
            "31 日目の三件目",
            "the third on the thirty-first day",
            *TWO,
            alert(3, "2026-11-12 10:00:00"),
            until="2026-11-23T00:00:01+09:00",
        ),
        fine(
            "IGNORED",
            "誤検知であった一件",
            "one of them was a false positive",
            *TWO,
            THIRD,
            alert(3, "2026-11-12 10:00:00", step="false_positive"),
            until="2026-11-22T00:00:01+09:00",
        ),
    ),
)
