"""RET-05  正確性・最新性 — data is accurate and current."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from controls.calendar import add_business_days, add_months, day_end, jst_day, terms
from controls.deadlines import due_by
from controls.events import DataQuality, RegisterDataset
from controls.examples import breach, event, fine
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    months: int = limit(12, "months", "点検の間隔。", "Months between two checks.")
    max_error: float = limit(
        0.05, "ratio", "許容する誤りの割合。", "Share of errors that is tolerated."
    )
    contact_items: tuple[str, ...] = limit(
        ("email", "address", "phone"),
        "",
        "点検を要する連絡先の項目。",
        "Items of contact that need the check.",
    )
    sync_bd: int = limit(
        5, "bd", "複製を同期するまでの営業日数。", "Business days until copies are in step."
    )


def fact(event: Any) -> Fact:
    if isinstance(event, RegisterDataset):
        return told(event, "version", "items", "status", "version")
    return told(event, "check", "check", "sample", "errors", "copies_synced", "request_id")


def checks(limits: Limits) -> tuple[Check, ...]:
    contact = frozenset(limits.contact_items)

    def checked(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts, "version")
        if not lines or view.began is None:
            return
        latest = lines[-1][4]
        if latest["status"] != "active" or not contact.intersection(latest["items"]):
            yield Judgement("not_applicable", None, dataset, lines[-1][0], item="checked")
            return
        began = max(jst_day(view.began), jst_day(lines[0][0]))
        done = [jst_day(f[0]) for f in standing(facts, "check") if f[4]["sample"] > 0]
        for start, last, next_one in terms(began, done, partial(add_months, count=limits.months)):
            common: dict[str, Any] = {"subject": dataset, "item": f"checked {start}"}
            when = None if next_one is None else day_end(next_one)
            yield due_by(
                day_end(last), when, "NOT_CHECKED", view, begun=day_end(start),
                facts={"last": f"{start}"}, **common,
            )  # fmt: skip

    def errors(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for check in standing(facts, "check"):
            sample, wrong = check[4]["sample"], check[4]["errors"]
            common: dict[str, Any] = {
                "subject": dataset, "item": check[1], "at": check[0], "events": (check[1],),
            }  # fmt: skip
            if sample <= 0:
                yield Judgement("not_applicable", **common)
            elif wrong / sample > limits.max_error:
                told = {"errors": wrong, "sample": sample}
                yield Judgement("violation", "ERROR_RATE", facts=told, **common)
            else:
                yield Judgement("pass", **common)

    def synced(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        steps = standing(facts, "check")
        for step in steps:
            if step[4]["check"] not in ("correction", "sync"):
                continue
            request = step[4]["request_id"]
            common: dict[str, Any] = {
                "subject": f"{dataset}|{request or step[1]}", "item": step[1],
                "events": (step[1],),
            }  # fmt: skip
            if step[4]["copies_synced"]:
                yield Judgement("pass", at=step[0], **common)
                continue
            later = next(
                (
                    s[0]
                    for s in steps
                    if s[0] > step[0] and s[4]["copies_synced"] and s[4]["request_id"] == request
                ),
                None,
            )
            end = day_end(add_business_days(jst_day(step[0]), limits.sync_bd))
            yield due_by(end, later, "UNSYNCED", view, begun=step[0], **common)

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (RegisterDataset, DataQuality),
            one_key("dataset_id"),
            fact,
            judge,
            span=moment,
            by={RegisterDataset: "dataset_id"},
            awaits=(DataQuality,),
            began=True,
        )

    return (
        case("checked", "NOT_CHECKED", checked),
        case("errors", "ERROR_RATE", errors),
        case("copies", "UNSYNCED", synced),
    )


def dataset(at: str, **given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        at,
        **{"dataset_id": "ds-members", "status": "active", "items": ["name", "email"], **given},
    )


def quality(at: str, **given: Any) -> DataQuality:
    return event(
        DataQuality,
        at,
        **{
            "dataset_id": "ds-members",
            "check": "bounce",
            "sample": 100,
            "errors": 5,
            "copies_synced": True,
            **given,
        },
    )


REGISTERED = "2026-04-10 09:00:00"

CONTROL = Control(
    id="RET-05",
    title=Text("正確性・最新性", "Data accurate and current"),
    requirement=Text(
        "誤りを訂正し複製を同期し、目的に必要な範囲で最新に保つ。",
        "Errors are corrected, copies synchronised and quality checked as the purpose needs.",
    ),
    sources=sources(
        seeds="PYX-9.1; MIX-P5b; MIX-AC1; JUS-4a",
        appi="Art.22; Art.34",
        ppc_guideline="3-4-1",
        pms_guideline="J.9.1",
    ),
    params=Limits(),
    codes={
        "NOT_CHECKED": Code(
            "low",
            Text(
                "前の点検（なければ登録）から months が過ぎた。",
                "months have passed since the last check, or since it was registered.",
            ),
            Text(
                "{subject}：{last} 以来、正確性を点検していない。",
                "{subject}: its accuracy has not been checked since {last}.",
            ),
        ),
        "ERROR_RATE": Code(
            "medium",
            Text("誤りの割合が max_error を超えた。", "More errors than max_error allows."),
            Text(
                "{subject}：{sample} 件中 {errors} 件に誤りがあった。",
                "{subject}: {errors} of {sample} were wrong.",
            ),
        ),
        "UNSYNCED": Code(
            "medium",
            Text(
                "訂正後、sync_bd 営業日の終わりまでに複製を同期していない。",
                "Copies were not in step sync_bd business days after the correction.",
            ),
            Text(
                "{subject}：訂正が複製に反映されていない。",
                "{subject}: the correction has not reached the copies.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("点検の結果", "Check results"),
    response=Text("データを整える。", "Cleanse."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NOT_CHECKED",
            "登録から一年を過ぎた",
            "a year and a second after it was registered",
            dataset(REGISTERED),
            subject="ds-members",
            severity="low",
            until="2027-04-11T00:00:01+09:00",
        ),
        fine(
            "NOT_CHECKED",
            "一年目の終わり",
            "at the end of the year",
            dataset(REGISTERED),
            until="2027-04-11T00:00:00+09:00",
        ),
        fine(
            "NOT_CHECKED",
            "連絡先のないデータ",
            "data without an item of contact",
            dataset(REGISTERED, items=["name"]),
            until="2027-04-11T00:00:01+09:00",
        ),
        breach(
            "NOT_CHECKED",
            "連絡先のあるデータ",
            "the same with one",
            dataset(REGISTERED, items=["email"]),
            until="2027-04-11T00:00:01+09:00",
        ),
        breach(
            "ERROR_RATE",
            "100 件中 6 件の誤り",
            "six of a hundred are wrong",
            quality("2026-05-10 10:00:00", errors=6),
            subject="ds-members",
            severity="medium",
        ),
        fine(
            "ERROR_RATE",
            "ちょうど 5 % は許容",
            "five are tolerated",
            quality("2026-05-10 10:00:00", errors=5),
        ),
        breach(
            "UNSYNCED",
            "五営業日を一秒過ぎた同期",
            "in step one second after five business days",
            quality(
                "2026-11-09 10:00:00", check="correction", copies_synced=False, request_id="req-1"
            ),
            quality("2026-11-17 00:00:01", check="sync", request_id="req-1"),
            subject="ds-members|req-1",
            severity="medium",
        ),
        fine(
            "UNSYNCED",
            "五営業日目の終わりの同期",
            "in step at the end of the fifth business day",
            quality(
                "2026-11-09 10:00:00", check="correction", copies_synced=False, request_id="req-1"
            ),
            quality("2026-11-17 00:00:00", check="sync", request_id="req-1"),
        ),
    ),
)
