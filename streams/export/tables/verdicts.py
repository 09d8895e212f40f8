"""02 and 03: what every control looked at, and what was found."""

from __future__ import annotations

from collections import Counter, defaultdict
from statistics import fmean

from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, listed, moment
from streams.export.tables.told import Told
from streams.export.tables.treatment import Treatments, hours

VERDICTS = ("pass", "violation", "not_applicable", "indeterminate")
NONE: Counter[str] = Counter()

CONTROLS = columns(
    "control | 管理策ID",
    "title | 名称",
    "title_en | 名称（英語） | title (en)",
    "basis | 根拠（J・法） | basis",
    "period | 期間",
    "population | 対象件数",
    "pass | 適合",
    "violation | 違反",
    "na | 対象外",
    "indeterminate | 判定不能",
    "open | 未処置",
    "open_indeterminate | 未決（判定不能） | open, indeterminate",
    "mttr | 平均処置時間（時間） | mttr (h)",
)


def verdicts(told: Told) -> Table:
    treat = Treatments(told)
    times: dict[str, list[float]] = defaultdict(list)
    left: dict[tuple[str, str], int] = defaultdict(int)
    for finding in told.evidence.findings:
        control, taken = finding["control"], hours(finding, treat(finding))
        if taken is None:
            left[control, finding["verdict"]] += 1
        elif finding["verdict"] == "violation":
            times[control].append(taken)
    populations = told.evidence.populations
    rows: list[Cells] = []
    for control in told.catalogue.controls:
        judged = [populations.get(control.id, NONE)[verdict] for verdict in VERDICTS]
        spent = times[control.id]
        rows.append(
            (
                control.id,
                control.title.ja,
                control.title.en,
                listed(source.place for source in control.sources if source.kind != "seed"),
                f"{told.period.first}/{told.period.last}",
                sum(judged),
                *judged,
                left[control.id, "violation"],
                left[control.id, "indeterminate"],
                round(fmean(spent), 1) if spent else None,
            )
        )
    return Table(
        "02_controls",
        Text("管理策", "Controls"),
        CONTROLS,
        rows,
        "the ledger's populations of the period's blocks, one judgement each time something was "
        "judged; findings as they stood at the cut; a basis that ends in * was not verified "
        "against a text; mean time from detection until a violation held no more, its alert was "
        "disposed of or its corrective action done",
    )


FINDINGS = columns(
    "verdict_id | 判定ID",
    "occurred_at | 発生日時",
    "evaluated_at | 判定日時",
    "control | 管理策",
    "verdict | 判定",
    "code | コード",
    "severity | 重大度",
    "actor | 主体（仮名）",
    "subject | 対象",
    "finding | 内容",
    "missing | 不足情報",
    "event_ids | 証拠ID",
    "events | 証拠件数",
    "revision | 版",
    "retroactive | 遡及",
    "status | 状態",
    "action | 処置",
    "nc_id | 是正番号",
    "closed_at | 完了",
)


def violations(told: Told) -> Table:
    treat = Treatments(told)
    rows: list[Cells] = []
    for finding in told.evidence.findings:
        treatment = treat(finding)
        rows.append(
            (
                finding["finding_id"],
                moment(finding["occurred_at"]),
                moment(finding["recorded_at"]),
                finding["control"],
                finding["verdict"],
                finding["code"],
                finding["severity"],
                listed(told.actors.get(name) for name in finding["event_ids"]),
                finding["subject"],
                finding["text"]["ja"],
                listed(finding["missing"]),
                listed(finding["event_ids"]),
                finding["events"],
                finding["revision"],
                finding["retroactive"],
                finding["status"],
                listed(treatment.actions),
                listed(treatment.corrections),
                moment(treatment.closed),
            )
        )
    return Table(
        "03_violations",
        Text("違反・判定不能", "Violations and indeterminate findings"),
        FINDINGS,
        rows,
        "findings that occurred before the period's end and were open at the cut or detected in "
        "the period, in their newest revision at the cut; alert.changed and nonconformity.changed "
        "that name the finding or an event of it; the first events of each are named, all counted",
    )
