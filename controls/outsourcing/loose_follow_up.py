"""OUT-07  委託先事故・指摘の追跡 — incidents reach us in time, findings are closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from controls.books.contractors import CONTRACTOR_INCIDENTS, in_force
from controls.calendar import day_end, jst_day
from controls.deadlines import due_by
from controls.events import (
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorFindingClosed,
    IncidentDetected,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import HOUR, Code, Control, Judgement, Params, Text, limit, sources
from controls.outsourcing.dossier import by_contractor, day, fact
from controls.registers import View
from controls.shapes import Case, Check, Fact, moment, one_key, standing, told


class Limits(Params):
    notice_hours: int = limit(
        24,
        "h",
        "契約に定めがないとき、委託先が事故を報告すべき時間。",
        "Hours in which a contractor tells us of an incident where the contract says nothing.",
    )
    finding_days: int = limit(
        60, "d", "指摘に期限がないときの是正の日数。", "Days to close a finding without a due day."
    )


def version(event: IncidentDetected) -> Fact:
    names = ("version", "known_at", "role", "contractor_id", "contractor_known_at")
    return told(event, "version", *names)


def checks(limits: Limits) -> tuple[Check, ...]:
    def hours(contractor: str, at: int, view: View) -> int:
        agreed = in_force(contractor, at, view)
        stated = [limits.notice_hours if c.incident_notice_hours is None
                  else c.incident_notice_hours for c in agreed]  # fmt: skip
        return min(stated, default=limits.notice_hours)

    def told_in_time(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        versions = sorted(standing(facts), key=lambda v: (v[4]["version"] or 0, v[0], v[1]))
        if not versions:
            return
        first, last = versions[0], versions[-1]
        common: dict[str, Any] = {
            "subject": incident, "item": "notice", "at": first[0], "events": (first[1],),
        }  # fmt: skip
        contractor = last[4]["contractor_id"]
        if not contractor or last[4]["role"] != "controller":
            yield Judgement("not_applicable", **common)
            return
        learnt = next((v[4]["contractor_known_at"] for v in reversed(versions)
                       if v[4]["contractor_known_at"] is not None), None)  # fmt: skip
        if learnt is None:
            missing = (f"contractor_known_at of {incident}",)
            yield Judgement("indeterminate", missing=missing, **common)
            return
        allowed = hours(contractor, learnt, view)
        if first[4]["known_at"] - learnt <= allowed * HOUR:
            yield Judgement("pass", **common)
            return
        common["facts"] = {"contractor": contractor, "hours": allowed}
        yield Judgement("violation", "LATE_NOTICE", **common)

    def findings(facts: Sequence[Fact]) -> Iterator[tuple[Fact, str, int | None]]:
        """(audit, id, when closed) of each finding; those without an id of their own are closed
        first-in by whatever closes none that has one."""
        closed = standing(facts, "closed")
        audits = standing(facts, "audited")
        named = {name for audit in audits for name in audit[4]["finding_ids"] or ()}
        numbered = {f"{a[1]}#{n}" for a in audits for n in range(1, a[4]["findings"] + 1)}
        spare = [c for c in closed if c[4]["finding_id"] not in named | numbered]
        for audit in audits:
            names = audit[4]["finding_ids"] or [
                f"{audit[1]}#{n}" for n in range(1, audit[4]["findings"] + 1)
            ]
            for name in names:
                fits = [c for c in closed if c[4]["finding_id"] == name and c[0] >= audit[0]]
                if not fits and name in numbered:
                    fits = [c for c in spare if c[0] >= audit[0]][:1]
                    spare = [c for c in spare if c not in fits]
                yield audit, name, fits[0][0] if fits else None

    def followed(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for audit, name, done in findings(facts):
            due = day(audit[4]["finding_due"])
            last = due or jst_day(audit[0]) + timedelta(days=limits.finding_days)
            yield due_by(
                day_end(last), done, "FINDING_OVERDUE", view, begun=audit[0],
                severity="high" if audit[4]["result"] == "serious" else "medium",
                subject=f"{contractor}|{name}", item=f"{audit[1]}|{name}", events=(audit[1],),
                facts={"due": f"{last}"},
            )  # fmt: skip

    def stopped(contractor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        serious = [f for f in findings(facts) if f[0][4]["result"] == "serious"]
        good = [a[0] for a in standing(facts, "audited") if a[4]["result"] == "ok"]
        for provision in standing(facts, "entrusted"):
            at = provision[0]
            for audit, name, done in serious:
                still = audit[0] < at and (done is None or done > at)
                if still and not any(audit[0] < when <= at for when in good):
                    yield Judgement(
                        "violation", "DATA_AFTER_SERIOUS", provision[4]["provision_id"], at,
                        item=provision[1], events=(provision[1],),
                        facts={"contractor": contractor, "finding": name},
                    )  # fmt: skip
                    break

    def incidents(changed: Any, view: View) -> Iterable[str]:
        return {i.incident_id for i in view.all(CONTRACTOR_INCIDENTS, changed.contractor_id)}

    def case(name: str, code: str, judge: Any) -> Case:
        return Case(
            name,
            (code,),
            (ContractorAudited, ContractorFindingClosed, ContractorDataEntrusted),
            by_contractor,
            fact,
            judge,
            span=moment,
            by={ContractorDataEntrusted: "contractor_id"},
            awaits=(ContractorFindingClosed,),
        )

    return (
        Case(
            "notice",
            ("LATE_NOTICE",),
            (IncidentDetected,),
            one_key("incident_id"),
            version,
            told_in_time,
            span=moment,
            by={IncidentDetected: "incident_id"},
            touches={ContractorContracted: incidents, ContractorContractEnded: incidents},
        ),
        case("findings", "FINDING_OVERDUE", followed),
        case("serious", "DATA_AFTER_SERIOUS", stopped),
    )


def incident(**given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        "2026-11-11 12:00:00",
        **{
            "incident_id": "inc-1",
            "known_at": "2026-11-11 10:00:00",
            "role": "controller",
            "contractor_id": "ctr-printer",
            "contractor_known_at": "2026-11-10 10:00:00",
            **given,
        },
    )


def contracted(**given: Any) -> ContractorContracted:
    return event(
        ContractorContracted,
        "2026-04-01 10:00:00",
        **{
            "contractor_id": "ctr-printer",
            "contract_id": "con-1",
            "effective_from": "2026-04-01",
            "incident_notice_hours": 6,
            **given,
        },
    )


def audit(at: str = "2026-09-01 10:00:00", **given: Any) -> ContractorAudited:
    return event(
        ContractorAudited,
        at,
        **{
            "contractor_id": "ctr-printer",
            "result": "findings",
            "findings": 1,
            "finding_ids": ["f-1"],
            "finding_due": "2026-10-15",
            **given,
        },
    )


def closed(at: str, **given: Any) -> ContractorFindingClosed:
    return event(
        ContractorFindingClosed,
        at,
        **{"contractor_id": "ctr-printer", "finding_id": "f-1", "due": "2027-01-01", **given},
    )


def provided(at: str = "2026-10-01 10:00:00", **given: Any) -> ContractorDataEntrusted:
    return event(
        ContractorDataEntrusted,
        at,
        **{
            "contractor_id": "ctr-printer",
            "provision_id": "prov-1",
            "dataset_id": "ds-orders",
            "country": "JP",
            **given,
        },
    )


CONTROL = Control(
    id="OUT-07",
    title=Text("委託先事故・指摘の追跡", "Contractor incidents and findings followed up"),
    requirement=Text(
        "委託先の事故報告を契約時間内に受け、指摘を是正させ、不能なら提供を止める。",
        "Contractor incidents reach us in the contract time; audit findings are closed or data "
        "stops.",
    ),
    sources=sources(
        seeds="PYX-5.4; PER-4.7c; MIX-O2; JUS-5b",
        appi="Art.25; Art.26(1)",
        ppc_guideline="3-4-4; 3-5-3-5",
        pms_guideline="J.9.4*; J.7.1",
    ),
    params=Limits(),
    codes={
        "LATE_NOTICE": Code(
            "high",
            Text(
                "委託先が事故を知ってから契約の時間（なければ notice_hours）を過ぎて報告した。",
                "The contractor told us of the incident later than its contract (or notice_hours) "
                "says.",
            ),
            Text(
                "{subject}：委託先 {contractor} の事故報告が {hours} 時間を過ぎた。",
                "{subject}: {contractor} told us of the incident after more than {hours} hours.",
            ),
        ),
        "FINDING_OVERDUE": Code(
            "medium",
            Text(
                "監査の指摘が期限の終わりまでに是正されていない（重大な監査結果なら high）。",
                "A finding of an audit is not closed by the end of its due day; high where the "
                "audit's result was serious.",
            ),
            Text(
                "{subject}：監査の指摘が期限（{due}）までに是正されていない。",
                "{subject}: the finding was not closed by {due}.",
            ),
        ),
        "DATA_AFTER_SERIOUS": Code(
            "high",
            Text(
                "重大な監査結果の指摘が残るまま提供した。",
                "Data went out while a finding of a serious audit was open.",
            ),
            Text(
                "{subject}：重大な指摘（{finding}）が残る委託先 {contractor} に提供した。",
                "{subject}: went to {contractor} while its serious finding {finding} was open.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("報告の時刻、指摘の経過", "Notice times, finding chain"),
    response=Text("提供を止める。", "Suspend."),
    false_positives=Text("なし", "None"),
    examples=(
        breach(
            "LATE_NOTICE",
            "24 時間を一秒過ぎた報告",
            "a second more than twenty-four hours",
            incident(contractor_known_at="2026-11-10 09:59:59"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "LATE_NOTICE",
            "ちょうど 24 時間の報告",
            "exactly twenty-four hours",
            incident(contractor_known_at="2026-11-10 10:00:00"),
        ),
        breach(
            "LATE_NOTICE",
            "契約の 6 時間を過ぎた報告",
            "later than the six hours of the contract",
            contracted(),
            incident(contractor_known_at="2026-11-11 03:00:00"),
        ),
        fine(
            "LATE_NOTICE",
            "当社が委託先として受けた事故",
            "an incident of data that we hold as entrustee",
            incident(role="entrustee", contractor_known_at="2026-11-10 09:59:59"),
        ),
        unknown(
            "LATE_NOTICE",
            "委託先が知った時刻がわからない",
            "when the contractor knew is not stated",
            incident(contractor_known_at=None),
        ),
        breach(
            "FINDING_OVERDUE",
            "期限の翌日の最初の一秒の是正",
            "closed in the first second after the due day",
            audit(),
            closed("2026-10-16 00:00:01"),
            subject="ctr-printer|f-1",
            severity="medium",
        ),
        fine(
            "FINDING_OVERDUE",
            "期限の終わりの是正",
            "closed at the end of the due day",
            audit(),
            closed("2026-10-16 00:00:00"),
        ),
        breach(
            "FINDING_OVERDUE",
            "期限のない指摘、60 日",
            "no due day: sixty days",
            audit(finding_due=None, result="serious"),
            severity="high",
            until="2026-11-01T00:00:01+09:00",
        ),
        breach(
            "FINDING_OVERDUE",
            "番号のない二つの指摘のうち一つだけ是正",
            "two findings without ids, of which one was closed",
            audit(findings=2, finding_ids=None),
            closed("2026-10-10 10:00:00", finding_id="the first"),
            until="2026-10-16T00:00:01+09:00",
        ),
        fine(
            "FINDING_OVERDUE",
            "番号のない二つの指摘を順に是正",
            "two findings without ids, closed one after the other",
            audit(findings=2, finding_ids=None),
            closed("2026-10-10 10:00:00", finding_id="the first"),
            closed("2026-10-11 10:00:00", finding_id="the second"),
            until="2026-10-16T00:00:01+09:00",
        ),
        breach(
            "DATA_AFTER_SERIOUS",
            "重大な指摘が残るまま提供した",
            "provided while a serious finding was open",
            audit(result="serious"),
            provided(),
            closed("2026-10-10 10:00:00"),
            subject="prov-1",
            severity="high",
        ),
        fine(
            "DATA_AFTER_SERIOUS",
            "重大でない指摘",
            "the finding is not serious",
            audit(result="findings"),
            provided(),
            closed("2026-10-10 10:00:00"),
        ),
        fine(
            "DATA_AFTER_SERIOUS",
            "提供と同時の是正",
            "closed at that very moment",
            audit(result="serious"),
            closed("2026-10-01 10:00:00"),
            provided(),
        ),
        fine(
            "DATA_AFTER_SERIOUS",
            "その後の監査は良好",
            "a later audit found nothing",
            audit(result="serious"),
            audit("2026-09-20 10:00:00", result="ok", findings=0, finding_ids=[]),
            provided(),
            closed("2026-10-10 10:00:00"),
        ),
    ),
)
