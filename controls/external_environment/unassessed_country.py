"""EXT-01  外的環境の把握 — data is kept abroad only where the country's regime is known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from controls.books.core import DATASETS
from controls.books.transfers import COUNTRIES, DATASET_COUNTRIES
from controls.calendar import add_months, day_end, day_start, jst_day
from controls.events import (
    AccessDatastoreQuery,
    AccessFileActivity,
    CountryAssessed,
    RegisterDataset,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    DAY,
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
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told

Access = AccessDatastoreQuery | AccessFileActivity


class Limits(Params):
    valid_months: int = limit(
        12, "months", "制度の把握が有効な月数。", "Months for which an assessment holds."
    )


def checks(limits: Limits) -> tuple[Check, ...]:
    def version(event: RegisterDataset) -> Fact:
        return told(event, "version", "countries", "status")

    def assessment(event: CountryAssessed) -> Fact:
        return told(event, "assessed", "assessed_on", "valid_until", "measures")

    def known(dataset: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        lines = standing(facts)
        for place, line in enumerate(lines):
            abroad = [c for c in line[4]["countries"] if c != "JP"]
            if line[4]["status"] != "active" or not abroad:
                yield Judgement(
                    "not_applicable", None, dataset, line[0], item=line[1], events=(line[1],)
                )
            for country in abroad if line[4]["status"] == "active" else ():
                common: dict[str, Any] = {
                    "subject": f"{dataset}|{country}", "at": line[0],
                    "item": f"{line[1]}|{country}", "events": (line[1],),
                    "facts": {"country": country},
                }  # fmt: skip
                days = [a.assessed_on for a in view.all(COUNTRIES, country) if a.measures]
                if any(day <= jst_day(line[0]) for day in days):
                    yield Judgement("pass", **common)
                    continue
                moved = any(
                    country not in later[4]["countries"] or later[4]["status"] != "active"
                    for later in lines[place + 1 :]
                )
                yield Judgement(
                    "violation", "NOT_ASSESSED", closed=bool(days) or moved, since=line[0] - DAY,
                    **common,
                )  # fmt: skip

    def listed(country: str, since: int, until: int, view: View) -> list[tuple[int, int]]:
        """From when to when within a stretch an active dataset was kept in the country (ms)."""
        found = []
        for dataset in {line.dataset_id for line in view.all(DATASET_COUNTRIES, country)}:
            lines = view.all(DATASETS, dataset)
            ends = [line.occurred_at for line in lines[1:]] + [FOREVER]
            for line, end in zip(lines, ends, strict=True):
                first, last = max(line.occurred_at, since), min(end, until)
                if line.status == "active" and country in line.countries and first < last:
                    found.append((first, last))
        return sorted(found)

    def current(country: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        latest = {f[4]["assessed_on"]: f for f in standing(facts) if f[4]["measures"]}
        days = sorted(latest)
        for place, assessed_on in enumerate(days):
            line = latest[assessed_on]
            day = date.fromisoformat(assessed_on)
            last = min(
                date.fromisoformat(line[4]["valid_until"]), add_months(day, limits.valid_months)
            )
            end, until = day_end(last), FOREVER
            if place + 1 < len(days):
                until = day_start(date.fromisoformat(days[place + 1]))
            common: dict[str, Any] = {
                "subject": country, "item": line[1], "events": (line[1],),
                "facts": {"last": f"{last}"},
            }  # fmt: skip
            if view.now <= end and until > end:
                verdict: Any = "pass" if listed(country, line[0], end, view) else "not_applicable"
                yield Judgement(verdict, at=line[0], until=end, **common)
                continue
            found = listed(country, end, until, view)
            if not found:
                yield Judgement("pass", at=line[0], **common)
                continue
            over = all(to < FOREVER for _, to in found)
            at = found[0][0]
            yield Judgement(
                "violation", "EXPIRED", at=at, detected=at, since=end - DAY, closed=over, **common
            )

    def drifted(access: Access, view: View) -> Judgement | None:
        if access.region is None or not access.dataset_id:
            return None
        if access.region == "JP":
            return PASS
        line = view.latest(DATASETS, access.dataset_id, access.occurred_at)
        if line is None:
            return Judgement("indeterminate", missing=(f"datasets {access.dataset_id}",))
        if line.status != "active":
            return NOT_APPLICABLE
        if access.region in line.countries:
            return PASS
        subject = f"{access.dataset_id}|{access.region}"
        return Judgement("violation", "DRIFT", subject, facts={"country": access.region})

    def lines_in(assessed: CountryAssessed, view: View) -> Iterable[str]:
        return {line.dataset_id for line in view.all(DATASET_COUNTRIES, assessed.country)}

    def countries(line: RegisterDataset, view: View) -> Iterable[str]:
        """Also those of its other versions."""
        return {c for each in view.all(DATASETS, line.dataset_id) for c in each.countries}

    def accesses(line: RegisterDataset) -> tuple[Look, ...]:
        return tuple(
            Look(kind, "dataset_id", line.dataset_id, line.occurred_at)
            for kind in (AccessDatastoreQuery, AccessFileActivity)
        )

    on = (AccessDatastoreQuery, AccessFileActivity)
    return (
        Case(
            "assessed",
            ("NOT_ASSESSED",),
            (RegisterDataset,),
            one_key("dataset_id"),
            version,
            known,
            span=moment,
            by={RegisterDataset: "dataset_id"},
            touches={CountryAssessed: lines_in},
            awaits=(CountryAssessed,),
        ),
        Case(
            "current",
            ("EXPIRED",),
            (CountryAssessed,),
            one_key("country"),
            assessment,
            current,
            span=moment,
            by={CountryAssessed: "country"},
            touches={RegisterDataset: countries},
            awaits=(CountryAssessed,),
        ),
        Each(
            "region",
            ("DRIFT",),
            on,
            drifted,
            by=dict.fromkeys(on, "dataset_id"),
            revisits={RegisterDataset: accesses},
        ),
    )


def dataset(at: str = "2026-05-11 09:00:00", **given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        at,
        **{"dataset_id": "ds-support", "countries": ["JP", "US"], "status": "active", **given},
    )


def assessed(at: str = "2026-05-01 10:00:00", **given: Any) -> CountryAssessed:
    return event(
        CountryAssessed,
        at,
        **{
            "country": "US",
            "assessed_on": at[:10],
            "measures": ["encryption"],
            "valid_until": "2027-10-31",
            **given,
        },
    )


def query(**given: Any) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery,
        "2026-11-11 10:00:00",
        **{"dataset_id": "ds-support", "operation": "read", "region": "US", **given},
    )


CONTROL = Control(
    id="EXT-01",
    title=Text("外的環境の把握", "Foreign system assessed where PD is kept"),
    requirement=Text(
        "外国で取り扱う前に当該国の制度を把握し措置を定め、年次更新し、保存地域の変化を検知する。",
        "Before PD is handled or stored abroad the country's PI system is assessed and measures "
        "decided; refreshed yearly; location drift is found.",
    ),
    sources=sources(
        seeds="PER-4.8; MIX-M.G",
        appi="Art.23; Art.32(1)",
        ppc_guideline="10-7",
        pms_guideline="J.9.2*",
    ),
    params=Limits(),
    codes={
        "NOT_ASSESSED": Code(
            "high",
            Text(
                "台帳に載せた日までに、その国の制度の把握（措置を含む）がない。",
                "The country was not assessed, with measures, by the day on which the register "
                "names it.",
            ),
            Text(
                "{subject}：{country} の制度を把握せずに保存している。",
                "{subject}: kept in {country}, whose regime had not been assessed.",
            ),
        ),
        "EXPIRED": Code(
            "medium",
            Text(
                "最新の把握の期限が過ぎたのに、その国で保存している。",
                "The latest assessment has run out while data is kept in the country.",
            ),
            Text(
                "{subject}：制度の把握が {last} で期限切れである。",
                "{subject}: its assessment ran out on {last}.",
            ),
        ),
        "DRIFT": Code(
            "high",
            Text(
                "台帳にない国の保存地域で利用が観測された。",
                "Data was seen in a region that the register does not name.",
            ),
            Text(
                "{subject}：台帳にない国（{country}）に保存されている。",
                "{subject}: is kept in {country}, which the register does not name.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("データ、国、把握の対照", "Dataset × country × assessment"),
    response=Text("把握するか、移す。", "Assess or move."),
    false_positives=Text("バックアップの複製", "Backup replicas"),
    examples=(
        breach(
            "NOT_ASSESSED",
            "台帳の翌日の把握",
            "assessed on the day after",
            assessed(assessed_on="2026-05-12"),
            dataset(),
            subject="ds-support|US",
            severity="high",
        ),
        fine(
            "NOT_ASSESSED",
            "台帳と同日の把握",
            "assessed on that day",
            assessed(assessed_on="2026-05-11"),
            dataset(),
        ),
        breach(
            "NOT_ASSESSED",
            "措置を定めていない把握",
            "assessed without deciding on measures",
            assessed(measures=[]),
            dataset(),
        ),
        fine(
            "NOT_ASSESSED",
            "国内のみの保存",
            "kept in Japan alone",
            dataset(countries=["JP"]),
        ),
        fine(
            "NOT_ASSESSED",
            "廃止した台帳",
            "a line that is retired",
            dataset(status="retired"),
        ),
        breach(
            "EXPIRED",
            "期限の翌日",
            "on the day after it had run out",
            assessed(),
            dataset(),
            subject="US",
            severity="medium",
            until="2027-05-02T00:00:01+09:00",
        ),
        fine(
            "EXPIRED",
            "期限の終わり",
            "at the end of its last day",
            assessed(),
            dataset(),
            until="2027-05-02T00:00:00+09:00",
        ),
        breach(
            "EXPIRED",
            "票の期限が先に来る",
            "its own last day comes first",
            assessed(valid_until="2026-10-31"),
            dataset(),
            assessed("2026-11-02 10:00:00"),
        ),
        fine(
            "EXPIRED",
            "期限の翌日に更新した",
            "renewed as of the very next day",
            assessed(valid_until="2026-10-31"),
            dataset(),
            assessed("2026-11-02 10:00:00", assessed_on="2026-11-01"),
        ),
        fine(
            "EXPIRED",
            "国内に移した後の期限",
            "moved to Japan before it ran out",
            assessed(),
            dataset(),
            dataset("2027-04-01 09:00:00", countries=["JP"], version=2),
            until="2027-05-02T00:00:01+09:00",
        ),
        breach(
            "DRIFT",
            "台帳にないシンガポールの保存地域",
            "a region in Singapore, which is not declared",
            assessed(),
            dataset(),
            query(region="SG"),
            subject="ds-support|SG",
            severity="high",
        ),
        fine(
            "DRIFT",
            "台帳にある米国の保存地域",
            "a region in the US, which is declared",
            assessed(),
            dataset(),
            query(region="US"),
        ),
        breach(
            "DRIFT",
            "国内のみとする台帳",
            "the register says Japan alone",
            dataset(countries=["JP"]),
            query(),
        ),
        unknown(
            "DRIFT",
            "台帳にないデータの国外の保存地域",
            "a region abroad of data that is not registered",
            query(),
        ),
    ),
)
