"""INC-06  Pマーク審査機関・委託元への報告 — the assessment body and the client are informed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from controls.books.contractors import ENTRUSTED
from controls.calendar import day_end
from controls.events import EntrustedReceived, IncidentDetected, IncidentReported, IncidentStep
from controls.examples import breach, event, fine, unknown
from controls.incident.dossier import (
    BY,
    REVISITS,
    by_incident,
    fact,
    final_day,
    in_force,
    known_at,
    reports,
    unknown_incident,
    versions,
    withdrawn,
)
from controls.kernel import HOUR, Clock, Code, Control, Judgement, Params, Text, limit, sources
from controls.registers import View
from controls.shapes import Case, Check, Fact, Look, Revisits, moment

BODY = ("privacymark_body",)


class Limits(Params):
    prelim_hours: int = limit(
        120, "h", "審査機関への速報の期限。", "Term of the preliminary report to the body."
    )
    final_days: int = limit(
        30, "d", "審査機関への確報の日数（知った日を 1 日目とする）。", "Days to the final report."
    )
    final_days_malicious: int = limit(
        60,
        "d",
        "不正の目的によるおそれがあるときの日数。",
        "The same where any version is malicious.",
    )
    final_roll_forward: bool = limit(
        True,
        "",
        "期限が休日に当たるときは翌開庁日とする。",
        "A term that ends on a closed day ends on the next open one.",
    )
    privacymark: bool = limit(
        True, "", "プライバシーマーク付与事業者である。", "The company holds the PrivacyMark."
    )
    client_hours: int = limit(
        120, "h", "委託元へ通知する時間の上限。", "Hours at most until the client is told."
    )
    my_number_persons: int = limit(
        100,
        "persons",
        "特定個人情報の人数がこれを超えれば速報の対象とする。",
        "More persons than this make a My Number incident a listed case.",
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def listed(version: Mapping[str, Any]) -> bool:
        """A case in which the body wants a preliminary report."""
        numbers = version["numbers"]
        grave = numbers and (numbers[0] or numbers[1] > limits.my_number_persons)
        return bool(version["items"] or grave)

    def by(
        facts: Sequence[Fact],
        common: dict[str, Any],
        code: str,
        start: int,
        end: int,
        filed: Sequence[Fact],
        view: View,
    ) -> Judgement:
        """Whether what had to be filed by `end` was."""
        first = filed[0][0] if filed else None
        if first is not None and first <= end:
            return Judgement("pass", at=first, **common)
        if first is not None or view.now > end:
            over = first is not None or withdrawn(facts, view.now)
            return Judgement(
                "violation", code, at=end, detected=end, since=start, closed=over,
                clock=None if over else Clock(start, end), **common,
            )  # fmt: skip
        return Judgement("not_applicable", at=start, until=end, clock=Clock(start, end), **common)

    def preliminary(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not limits.privacymark or not versions(facts):
            return
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "preliminary", "events": events}
        start = next((v[4]["known_at"] for v in versions(facts) if listed(v[4])), None)
        if start is None:
            yield Judgement("not_applicable", at=facts[0][0], **common)
            return
        end = start + limits.prelim_hours * HOUR
        at = min(view.now, end)
        version = in_force(facts, at)
        if not listed(version) or version["spared"] or withdrawn(facts, at):
            yield Judgement("not_applicable", at=start, **common)
        else:
            filed = reports(facts, BODY, ("preliminary", "single"))
            yield by(facts, common, "PM_PRELIM_LATE", start, end, filed, view)

    def final(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not limits.privacymark:
            return
        events = tuple(f[1] for f in facts)
        common: dict[str, Any] = {"subject": incident, "item": "final", "events": events}
        if not versions(facts):
            yield Judgement("indeterminate", **unknown_incident(facts, incident), **common)
            return
        start = known_at(facts)
        days = limits.final_days, limits.final_days_malicious
        day = final_day(facts, start, *days, rolled=limits.final_roll_forward)
        end = day_end(day)
        common["facts"] = {"deadline": f"{day}"}
        if withdrawn(facts, min(view.now, end)):
            yield Judgement("not_applicable", at=start, **common)
        else:
            filed = reports(facts, BODY, ("final", "single"))
            yield by(facts, common, "PM_FINAL_LATE", start, end, filed, view)

    def client(incident: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        if not versions(facts):
            return
        version = in_force(facts, view.now)
        if not version["entrusted"]:
            return
        start = known_at(facts)
        events = tuple(f[1] for f in facts)
        hours: dict[str, int] = {}
        for dataset in version["datasets"]:
            received = view.entries(ENTRUSTED, dataset, start)
            if not received:
                missing = (f"entrusted {dataset}",)
                yield Judgement(
                    "indeterminate", None, incident, start, item=f"client {dataset}",
                    events=events, missing=missing,
                )  # fmt: skip
            for entry in received:
                agreed = min(entry.incident_notice_hours, limits.client_hours)
                hours[entry.client_id] = min(agreed, hours.get(entry.client_id, agreed))
        for name, term in sorted(hours.items()):
            end = start + term * HOUR
            common: dict[str, Any] = {
                "subject": f"{incident}|{name}", "item": f"client {name}", "events": events,
            }  # fmt: skip
            if withdrawn(facts, min(view.now, end)):
                yield Judgement("not_applicable", at=start, **common)
            else:
                told = reports(facts, ("client",), ("preliminary", "final", "single"))
                yield by(facts, common, "CLIENT_LATE", start, end, told, view)

    def of_dataset(received: EntrustedReceived) -> Sequence[Look]:
        return (Look(IncidentDetected, "dataset_ids", received.dataset_id, 0),)

    def case(name: str, code: str, judge: Any, revisits: Revisits, clock: Text) -> Case:
        return Case(
            name,
            (code,),
            (IncidentDetected, IncidentStep, IncidentReported),
            by_incident,
            fact,
            judge,
            span=moment,
            by=BY,
            revisits=revisits,
            awaits=(IncidentReported,),
            clock=clock,
        )

    return (
        case(
            "preliminary", "PM_PRELIM_LATE", preliminary, REVISITS,
            Text("審査機関への速報", "preliminary report to the PrivacyMark body"),
        ),
        case(
            "final", "PM_FINAL_LATE", final, REVISITS,
            Text("審査機関への確報", "final report to the PrivacyMark body"),
        ),
        case(
            "client", "CLIENT_LATE", client, {EntrustedReceived: of_dataset},
            Text("委託元への通知", "notice to the client"),
        ),
    )  # fmt: skip


def incident(at: str, **given: Any) -> IncidentDetected:
    return event(
        IncidentDetected,
        at,
        **{
            "incident_id": "inc-1",
            "known_at": "2026-10-13 10:00:00",
            "dataset_ids": ["ds-members"],
            "principals_max": 5,
            "role": "controller",
            **given,
        },
    )


def reported(at: str, **given: Any) -> IncidentReported:
    return event(
        IncidentReported,
        at,
        **{"incident_id": "inc-1", "to": "privacymark_body", "stage": "final", **given},
    )


def entrusted(**given: Any) -> EntrustedReceived:
    return event(
        EntrustedReceived,
        "2026-04-01 10:00:00",
        **{
            "client_id": "cli-a",
            "dataset_id": "ds-members",
            "incident_notice_hours": 24,
            **given,
        },
    )


def step(at: str, name: str) -> IncidentStep:
    return event(IncidentStep, at, incident_id="inc-1", step=name)


KNOWN = "2026-10-13 12:00:00"

CONTROL = Control(
    id="INC-06",
    title=Text("Pマーク審査機関・委託元への報告", "PrivacyMark body and client informed"),
    requirement=Text(
        "Pマーク付与事業者は全事故を審査機関へ報告（確報30/60日、速報対象は3～5日）、"
        "受託時は委託元へ速やかに通知する。",
        "PrivacyMark holders report every incident to the assessment body (final 30/60 days; "
        "preliminary 3-5 days in the listed cases); as entrustee the client is told promptly.",
    ),
    sources=sources(
        seeds="",
        appi="Art.26(1) proviso",
        ppc_guideline="3-5-3-5 (Rule 9)",
        pms_guideline="PMK500; J.4.4.2",
    ),
    params=Limits(),
    codes={
        "PM_PRELIM_LATE": Code(
            "high",
            Text(
                "速報の対象であるのに、prelim_hours 以内に審査機関への速報がない。",
                "A listed case without a preliminary report to the body within prelim_hours.",
            ),
            Text(
                "{subject}：審査機関への速報が期限までにない。",
                "{subject}: no preliminary report to the assessment body in its term.",
            ),
        ),
        "PM_FINAL_LATE": Code(
            "high",
            Text(
                "期限の日の終わりまでに審査機関への確報がない（全ての事故）。",
                "No final report to the body by the end of its day, which every incident needs.",
            ),
            Text(
                "{subject}：審査機関への確報が {deadline} の終わりまでにない。",
                "{subject}: no final report to the assessment body by the end of {deadline}.",
            ),
        ),
        "CLIENT_LATE": Code(
            "critical",
            Text(
                "受託者であるのに、契約または上限の時間内に委託元へ通知していない。",
                "An entrustee that did not tell its client within the hours agreed or allowed.",
            ),
            Text(
                "{subject}：委託元へ期限までに通知していない。",
                "{subject}: the client was not told in time.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("受付番号", "Receipts"),
    response=Text("報告する。", "File."),
    false_positives=Text(
        "軽微な事故をまとめて報告する規則は未確認＊であり、既定では適用しない。",
        "Minor-incident batching rules are unverified*: off by default.",
    ),
    examples=(
        breach(
            "PM_PRELIM_LATE",
            "1,001 人の事故の速報が一秒遅れた",
            "1,001 persons, reported one second late",
            incident(KNOWN, principals_max=1_001),
            reported("2026-10-18 10:00:01", stage="preliminary"),
            reported("2026-11-01 10:00:00"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "PM_PRELIM_LATE",
            "120 時間ちょうどの速報",
            "reported at the very end",
            incident(KNOWN, principals_max=1_001),
            reported("2026-10-18 10:00:00", stage="preliminary"),
            reported("2026-11-01 10:00:00"),
        ),
        breach(
            "PM_PRELIM_LATE",
            "101 人分の特定個人情報",
            "My Numbers of 101 persons",
            incident(KNOWN, my_number=True, principals_max=101),
            reported("2026-11-01 10:00:00"),
        ),
        fine(
            "PM_PRELIM_LATE",
            "100 人ちょうどは対象でない",
            "100 exactly are no listed case",
            incident(KNOWN, my_number=True, principals_max=100),
            reported("2026-11-01 10:00:00"),
        ),
        breach(
            "PM_FINAL_LATE",
            "30 日目の翌日の最初の一秒の確報",
            "filed in the first second after the thirtieth day",
            incident(KNOWN),
            reported("2026-11-12 00:00:01"),
            subject="inc-1",
            severity="high",
        ),
        fine(
            "PM_FINAL_LATE",
            "30 日目の終わりの確報",
            "filed at the end of the thirtieth day",
            incident(KNOWN),
            reported("2026-11-12 00:00:00"),
        ),
        fine(
            "PM_FINAL_LATE",
            "事故でないと判明した",
            "found to be none",
            incident(KNOWN),
            step("2026-10-20 10:00:00", "withdrawn"),
            until="2026-11-20T00:00:00+09:00",
        ),
        breach(
            "CLIENT_LATE",
            "契約の 24 時間を一秒過ぎた通知",
            "told one second after the 24 hours agreed",
            entrusted(),
            incident(KNOWN, role="entrustee"),
            reported("2026-10-14 10:00:01", to="client", stage="preliminary"),
            reported("2026-11-01 10:00:00"),
            subject="inc-1|cli-a",
            severity="critical",
        ),
        fine(
            "CLIENT_LATE",
            "契約の時間内の通知",
            "told within the hours agreed",
            entrusted(),
            incident(KNOWN, role="entrustee"),
            reported("2026-10-14 10:00:00", to="client", stage="preliminary"),
            reported("2026-11-01 10:00:00"),
        ),
        unknown(
            "CLIENT_LATE",
            "受託の記録がないデータの事故",
            "an incident with data of which no entrustment is known",
            incident(KNOWN, role="entrustee"),
            reported("2026-11-01 10:00:00"),
        ),
    ),
)
