"""GOV-02  法令・指針等の特定と見直し — the register of laws is reviewed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from pydantic import BaseModel, ConfigDict

from controls.calendar import add_months, day_end, jst_day
from controls.deadlines import comes_round, due_by
from controls.events import PmsActivity
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, standing, told


class Watch(BaseModel):
    """A change of law that is watched; the duty begins once somebody confirmed it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    law: str
    promulgated: str
    confirmed: bool


class Limits(Params):
    months: int = limit(12, "months", "見直しの間隔。", "Months between two reviews.")
    watch: tuple[Watch, ...] = limit(
        (
            Watch(
                law="Amending Act of APPI (secondary source; not yet in force)",
                promulgated="2026-07-17",
                confirmed=False,
            ),
        ),
        "",
        "改正の見張り（確認したものだけが見直しを求める）。",
        "Changes of law that are watched; only a confirmed one calls for a review.",
    )
    watch_days: int = limit(
        90, "d", "公布から見直しまでの日数。", "Days from promulgation to the review."
    )


REVIEW = "law_register_review"


def checks(limits: Limits) -> tuple[Check, ...]:
    def reviewed(key: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        done = [f[0] for f in standing(facts)]
        due = partial(add_months, count=limits.months)
        yield from comes_round("OVERDUE", jst_day(view.began), done, due, view, prefix=f"{REVIEW}|")
        for change in limits.watch:
            if change.confirmed:
                yield changed(date.fromisoformat(change.promulgated), facts, view)

    def changed(day: date, facts: Sequence[Fact], view: View) -> Judgement:
        end = day_end(day + timedelta(days=limits.watch_days))
        done = [f[0] for f in standing(facts) if jst_day(f[0]) >= day]
        return due_by(
            end, min(done, default=None), "OVERDUE", view, begun=day_end(day),
            subject=f"{REVIEW}|{day}", item=f"law {day}", facts={"last": f"{day}"},
        )  # fmt: skip

    return (
        Case(
            "review",
            ("OVERDUE",),
            (PmsActivity,),
            lambda activity: REVIEW if activity.activity == REVIEW else "",
            lambda activity: told(activity, "review"),
            reviewed,
            span=moment,
            awaits=(PmsActivity,),
            periodic=(REVIEW,),
            began=True,
        ),
    )


def review(at: str, **given: Any) -> PmsActivity:
    said = {"activity": REVIEW, "period": "2026", "next_due": "2027-11-10", **given}
    return event(PmsActivity, at, **said)


FIRST = review("2025-11-10 10:00:00")

CONTROL = Control(
    id="GOV-02",
    title=Text("法令・指針等の特定と見直し", "Laws and guidelines register reviewed"),
    requirement=Text(
        "適用法令・指針を特定し、年1回以上及び改正時に見直す。",
        "Applicable laws, PPC guidelines and norms are listed and reviewed at least yearly and "
        "when a law changes.",
    ),
    sources=sources(
        seeds="PYX-00.1; MIX-P6a; PIC-B2; PIC-H0; JUS-8a",
        appi="Art.3",
        ppc_guideline="10-1",
        pms_guideline="J.1.3",
    ),
    params=Limits(),
    codes={
        "OVERDUE": Code(
            "medium",
            Text(
                "前の見直しから months が、又は確認した改正から watch_days が過ぎた。",
                "months since the last review, or watch_days since a confirmed change of law.",
            ),
            Text(
                "{subject}：{last} 以来、法令の見直しがない。",
                "{subject}: laws not reviewed since {last}.",
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "見直しの記録、一覧の版、変わった点、改めた規程",
        "Review record, list version, changes found, rules touched",
    ),
    response=Text("見直しを割り当てる。", "Assign review."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "OVERDUE",
            "一年を一秒過ぎた見直し",
            "reviewed a second after the year",
            FIRST,
            review("2026-11-11 00:00:01"),
            subject="law_register_review|2025-11-10",
            severity="medium",
        ),
        fine(
            "OVERDUE",
            "一年の終わりの見直し",
            "reviewed as it ends",
            FIRST,
            review("2026-11-11 00:00:00"),
        ),
        breach(
            "OVERDUE",
            "見直しの記録が一度もない",
            "never, since the first event",
            review("2025-11-10 10:00:00", activity="self_inspection"),
            until="2026-11-11T00:00:01+09:00",
        ),
    ),
)
