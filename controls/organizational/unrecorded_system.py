"""ORG-02  取扱記録の網羅 — every system that keeps personal data sends records of its handling."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from controls.books.access import SYSTEM_SOURCES
from controls.books.core import DATASETS, SOURCES
from controls.books.systems import listed
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessFileActivity,
    LogSourceStatus,
    RegisterDataset,
    RegisterSource,
)
from controls.examples import breach, event, fine
from controls.gaps import HEARD, SourceGap, SourceHeard
from controls.kernel import Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import FOREVER, View
from controls.shapes import Case, Check, Fact, gathered_only


class Limits(Params):
    new_days: int = limit(
        14,
        "d",
        "新しいシステムの記録が始まるまでの日数。",
        "Days until a new system sends records.",
    )
    unseen_days: int = limit(
        90,
        "d",
        "操作の種類ごとに記録のない日数の上限。",
        "Days that a class of operations may go unseen.",
    )
    paper_systems: tuple[str, ...] = limit(
        (),
        "",
        "紙の保管場所（台帳の様式を記録とする）。",
        "Paper stores: the form is their record.",
    )


CLASSES = ("read", "export", "delete", "login")
TAKEN_OUT = ("copy", "share_external", "print")
RECORDED = (AccessDatastoreQuery, AccessFileActivity, AccessAuthAttempt)


def class_of(event: Any) -> str:
    """The class of operations that a record shows; blank for none."""
    if isinstance(event, AccessAuthAttempt):
        return "login"
    operation = "export" if event.operation in TAKEN_OUT else event.operation
    return operation if operation in CLASSES else ""


def first_signs(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
    """When each source was first heard: an event of its own, or a heartbeat told of it."""
    firsts: dict[str, int] = {}
    for each in events:
        heard = [each.source_id]
        if isinstance(each, LogSourceStatus):
            if each.status == "heartbeat":
                heard.append(each.monitored_source_id)
            elif each.monitored_source_id == each.source_id:
                continue  # its own report of a stop or a gap
        for source in heard:
            if each.occurred_at < firsts.get(source, FOREVER):
                firsts[source] = each.occurred_at
    return {source: [[at, ""]] for source, at in firsts.items()}


def earliest(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
    return [min([*facts, *new])]


def heard(source: str, facts: Sequence[Fact]) -> Iterator[SourceHeard]:
    for at, _ in facts:
        yield SourceHeard(
            event_id=f"heard|{source}|{at}", source=source, occurred_at=at, observed_at=at
        )


def seen(events: Sequence[Any]) -> Mapping[str, list[Fact]]:
    """By system, `[first, class, last]`: within which instants a class of operations was seen."""
    spans: dict[str, dict[str, Fact]] = {}
    for each in events:
        name, at = class_of(each), each.occurred_at
        if name:
            span = spans.setdefault(each.system_id, {}).setdefault(name, [at, name, at])
            span[0], span[2] = min(span[0], at), max(span[2], at)
    return {system: sorted(found.values()) for system, found in spans.items()}


def checks(limits: Limits) -> tuple[Check, ...]:
    unseen = timedelta(days=limits.unseen_days)

    def term(day: date) -> int:
        return day_end(day + unseen)

    def joined(facts: Sequence[Fact], new: Iterable[Fact]) -> list[Fact]:
        """Spans with no more than a term between them are one."""
        spans: dict[str, list[Fact]] = {}
        for first, name, last in sorted([*facts, *new]):
            held = spans.setdefault(name, [])
            if held and first <= term(jst_day(held[-1][2])):
                held[-1] = [held[-1][0], name, max(held[-1][2], last)]
            else:
                held.append([first, name, last])
        return sorted(span for held in spans.values() for span in held)

    def recorded(system: str, view: View) -> int | None:
        """Since when a source of the system is registered that has been heard (ms)."""
        lines = view.all(SYSTEM_SOURCES, system)
        heard = [line for line in lines if view.first(HEARD, line.monitored_source_id)]
        return min((line.occurred_at for line in heard), default=None)

    def owed(system: str, name: str, view: View) -> Iterator[tuple[int, int]]:
        """The stretches of time (ms) in which a source of the system is in force that does not
        declare the class of operations absent."""
        sources = {line.monitored_source_id for line in view.all(SYSTEM_SOURCES, system)}
        lines = [line for source in sources for line in view.all(SOURCES, source)]
        turns = {line.occurred_at for line in lines}
        turns |= {day_end(line.retired_on) for line in lines if line.retired_on is not None}
        since: int | None = None
        for turn in sorted(turns):
            latest = (view.latest(SOURCES, source, turn) for source in sources)
            wanted = any(
                line is not None
                and line.system_id == system
                and (line.retired_on is None or turn < day_end(line.retired_on))
                and name not in (line.absent_operations or ())
                for line in latest
            )
            if wanted and since is None:
                since = turn
            elif since is not None and not wanted:
                yield since, turn
                since = None
        if since is not None:
            yield since, FOREVER

    def sourced(system: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        assert view.began is not None
        span = listed(system, view)
        if span is None:
            return
        begun = max(span.since, view.began)
        last = jst_day(begun) + timedelta(days=limits.new_days)
        end = day_end(last)
        common: dict[str, Any] = {"subject": system, "item": "source"}
        if system in limits.paper_systems or (span.until is not None and span.until <= end):
            yield Judgement("not_applicable", at=begun, **common)
            return
        times = []
        for line in view.all(SYSTEM_SOURCES, system):
            sign = view.first(HEARD, line.monitored_source_id)
            if sign is not None and (line.retired_on is None or line.retired_on >= last):
                times.append(max(line.occurred_at, sign.occurred_at))
        yield due_by(
            end, min(times, default=None), "NO_SOURCE", view, begun=begun,
            over=span.until is not None, **common,
        )  # fmt: skip

    def complete(system: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        span, since = listed(system, view), recorded(system, view)
        if system in limits.paper_systems or span is None or since is None:
            return  # without a source: NO_SOURCE
        assert view.began is not None  # something was registered
        for name in CLASSES:
            times = [(first, last) for first, each, last in facts if each == name]
            for begins, ends in owed(system, name, view):
                begun = max(begins, since, span.since, view.began)
                over = min(ends, span.until or FOREVER)
                if begun < over:
                    yield from terms(system, name, begun, over, times, view)

    def terms(
        system: str, name: str, begun: int, over: int, times: Sequence[tuple[int, int]], view: View
    ) -> Iterator[Judgement]:
        """A class of operations from one record to the next."""
        reached = jst_day(begun)
        for first, last in [*times, (FOREVER, FOREVER)]:
            if last < begun:
                continue
            end = term(reached)
            common: dict[str, Any] = {
                "subject": f"{system}|{name}", "item": f"{name} {reached}",
                "facts": {"last": f"{reached}"},
            }  # fmt: skip
            if first <= end:
                yield Judgement("pass", at=last, **common)
            elif over <= end:
                yield Judgement("not_applicable", at=day_end(reached), **common)
                return
            else:
                yield due_by(
                    end, None if first == FOREVER else first, "PARTIAL", view,
                    begun=day_end(reached), over=over <= view.now, **common,
                )  # fmt: skip
            if last != FOREVER:
                reached = max(reached, jst_day(last))

    def systems_of(change: Any, view: View) -> list[str]:
        """The systems that a line of a register names, or that an earlier one named."""
        if isinstance(change, RegisterDataset):
            changes = view.all(DATASETS, change.dataset_id)
            return list(dict.fromkeys(s for line in changes for s in line.storage_systems))
        source = change.source if isinstance(change, SourceHeard) else change.monitored_source_id
        return [line.system_id for line in view.all(SOURCES, source) if line.system_id]

    def hidden(gap: SourceGap, view: View) -> list[str]:
        return view.keys(SYSTEM_SOURCES)

    touches: dict[type[Any], Callable[[Any, View], Iterable[str]]] = {
        RegisterDataset: systems_of, RegisterSource: systems_of, SourceHeard: systems_of,
    }  # fmt: skip
    return (
        Case(
            "signs",
            (),
            (),
            lambda event: str(event.source_id),
            gathered_only,
            lambda source, facts, view: (),
            across=True,
            every=True,
            gather=first_signs,
            merge=earliest,
            enters=heard,
        ),
        Case(
            "source",
            ("NO_SOURCE",),
            (RegisterDataset,),
            lambda event: "",
            gathered_only,
            sourced,
            touches=touches,
            began=True,
        ),
        Case(
            "operations",
            ("PARTIAL",),
            RECORDED,
            lambda event: str(event.system_id),
            gathered_only,
            complete,
            across=True,
            gather=seen,
            merge=joined,
            touches={**touches, SourceGap: hidden},
            began=True,
            awaits=RECORDED,
        ),
    )


def dataset(at: str, *systems: str, **given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-members", "storage_systems": list(systems), "version": 1, **given}
    return event(RegisterDataset, at, **said)


def source(at: str, **given: Any) -> RegisterSource:
    said = {
        "monitored_source_id": "db-01", "kind": "datastore", "system_id": "sys-crm",
        "absent_operations": ["export", "delete", "login"], **given,
    }  # fmt: skip
    return event(RegisterSource, at, **said)


def read(at: str, **given: Any) -> AccessDatastoreQuery:
    said = {"source_id": "db-01", "system_id": "sys-crm", "operation": "read", **given}
    return event(AccessDatastoreQuery, at, **said)


def alive(at: str) -> LogSourceStatus:
    return event(LogSourceStatus, at, monitored_source_id="db-01", status="heartbeat")


LISTED = dataset("2026-11-02 09:00:00", "sys-crm")
REGISTERED = source("2026-11-03 09:00:00")
OVER = "2026-11-17T00:00:01+09:00"
"""Just after the fourteenth day."""
FIRST = read("2026-11-10 09:00:00")
LATER = read("2027-01-12 09:00:00")

CONTROL = Control(
    id="ORG-02",
    title=Text("取扱記録の網羅", "Handling records exist for every PD system"),
    requirement=Text(
        "台帳上の全システムで利用・出力・削除・ログイン記録を残す。",
        "Each system in the register produces use/export/delete/login records.",
    ),
    sources=sources(
        seeds="PYX-9.2; PER-4.3.2b; JUS-L1",
        appi="Art.23",
        ppc_guideline="10-3(2)",
        pms_guideline="J.5.1; J.9.2*",
    ),
    params=Limits(),
    codes={
        "NO_SOURCE": Code(
            "high",
            Text(
                "台帳に載ってから new_days の終わりまでに、記録を送るログ源が登録されていない。",
                "No registered source of the system had sent anything by the end of new_days after "
                "the system was first listed.",
            ),
            Text("{subject}：取扱いの記録がない。", "{subject}: no records of handling."),
        ),
        "PARTIAL": Code(
            "low",
            Text(
                "ある種類の操作の記録が unseen_days の終わりまでに一度もない。",
                "A class of operations was not seen once by the end of unseen_days.",
            ),
            Text(
                "{subject}：{last} 以来、記録がない。", "{subject}: no record since {last}."
            ),
        ),
    },
    checks=checks,
    evidence=Text(
        "データ × システム × 記録の種類の網羅表",
        "Coverage matrix dataset × system × record kind",
    ),
    response=Text("ログ源をつなぐ。", "Onboard source."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "NO_SOURCE",
            "登録されたが何も送らないログ源",
            "a registered source that sends nothing",
            LISTED,
            REGISTERED,
            subject="sys-crm",
            severity="high",
            until=OVER,
        ),
        fine(
            "NO_SOURCE",
            "14 日目の終わりまでの生存信号",
            "a heartbeat as the fourteenth day ends",
            LISTED,
            REGISTERED,
            alive("2026-11-17 00:00:00"),
            until=OVER,
        ),
        breach(
            "NO_SOURCE",
            "14 日目を一秒過ぎた生存信号",
            "a heartbeat a second after it",
            LISTED,
            REGISTERED,
            alive("2026-11-17 00:00:01"),
            until="2026-11-17 00:00:02",
        ),
        fine(
            "NO_SOURCE",
            "先に送り、後で登録されたログ源",
            "a source that was heard before it was registered",
            LISTED,
            FIRST,
            source("2026-11-12 09:00:00"),
            until=OVER,
        ),
        fine(
            "NO_SOURCE",
            "使わなくなったデータ",
            "the data is retired in that time",
            LISTED,
            dataset("2026-11-10 09:00:00", "sys-crm", status="retired", version=2),
            until=OVER,
        ),
        breach(
            "PARTIAL",
            "91 日目まで一度もない読取り",
            "nothing read by the end of the ninetieth day",
            LISTED,
            REGISTERED,
            FIRST,
            subject="sys-crm|read",
            severity="low",
            until="2027-02-09 00:00:01",
        ),
        fine(
            "PARTIAL",
            "90 日目の終わりの読取り",
            "read as the ninetieth day ends",
            LISTED,
            REGISTERED,
            FIRST,
            read("2027-02-09 00:00:00"),
            until="2027-02-09 00:00:01",
        ),
        breach(
            "PARTIAL",
            "あるはずの種類の操作",
            "a class that is not declared absent",
            LISTED,
            source("2026-11-03 09:00:00", absent_operations=["export", "login"]),
            FIRST,
            LATER,
            subject="sys-crm|delete",
            until="2027-02-09 00:00:01",
        ),
        fine(
            "PARTIAL",
            "ないと申告した種類の操作",
            "a class that is declared absent",
            LISTED,
            REGISTERED,
            FIRST,
            LATER,
            until="2027-02-09 00:00:01",
        ),
    ),
)  # fmt: skip
