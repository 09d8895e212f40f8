"""A pack as OSCAL assessment-results (NIST OSCAL 1.2.1): what other tools read of an assessment.

One observation a control, with its population and samples; one finding for each finding of ours
that is open at the cut; a risk for each of severity high or critical.  Nothing is said to be
satisfied: that is the assessor's to say, from the observations.  At most FINDINGS stand here, the
gravest first; how many are left out, the result says, and 03_violations has all of them.

Every UUID is of version 5: over SPACE and "cut | kind | name", where the cut is the leaf hash of
its log entry, period and seed; so the same evidence gives the same document.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from controls.calendar import jst_text
from controls.catalogue import Catalogue
from controls.kernel import SEVERITIES, STANDING, Control
from streams.export.cut import Evidence, Row
from streams.export.frame import SEVERE
from streams.export.sample import Drawn, Samples, own_seed

VERSION = "1.2.1"
NAMESPACE = "urn:shoseki:oscal"
"""Of properties that are ours."""
SPACE = uuid5(NAMESPACE_URL, NAMESPACE)
FINDINGS = 2_000
VERDICTS = ("pass", "violation", "not_applicable", "indeterminate")
FILES = {
    "catalogue.json": ("管理策とパラメータ", "application/json"),
    "samples.jsonl": ("標本", "application/jsonl"),
    "03_violations.csv": ("判定の一覧", "text/csv"),
    "evidence/blocks.jsonl": ("台帳", "application/jsonl"),
    "00_manifest.json": ("目録", "application/json"),
}
"""Members of the pack to which the document points: title and media type."""


class _Document:
    """The parts of one document, which name one another."""

    def __init__(self, evidence: Evidence, catalogue: Catalogue, samples: Samples) -> None:
        self.evidence, self.catalogue, self.samples = evidence, catalogue, samples
        period = evidence.period
        self.period = f"{period.first}/{period.last}"
        self._root = f"{own_seed(evidence)}|{self.period}|{samples.seed}"
        self.at = jst_text(evidence.cut.at)
        self._numbers = {
            (block["lane"], block["partition"], block["last_offset"]): block
            for block in evidence.blocks()
        }
        found = [finding for finding in evidence.findings if finding["status"] in STANDING]
        found.sort(key=_gravest)
        self.found, self.left = found[:FINDINGS], max(0, len(found) - FINDINGS)

    def uuid(self, kind: str, name: str) -> str:
        return str(uuid5(SPACE, f"{self._root}|{kind}|{name}"))

    def whole(self) -> Row:
        """The document."""
        return {
            "uuid": self.uuid("document", ""),
            "metadata": {
                "title": f"個人情報保護の証跡：評価結果 {self.period}",
                "last-modified": self.at,
                "version": f"{self.period} {self.evidence.cut.size}",
                "oscal-version": VERSION,
                "remarks": "主体は仮名である。Persons stand under pseudonyms.",
            },
            "import-ap": {
                "href": f"#{self.uuid('resource', 'catalogue.json')}",
                "remarks": "別の評価計画はない。管理策そのものが何をどう調べるかを定める。"
                " There is no plan apart: the controls say what is tested and how.",
            },
            "results": [self.result()],
            "back-matter": {"resources": [self.resource(name) for name in FILES]},
        }

    def resource(self, name: str) -> Row:
        title, kind = FILES[name]
        return {
            "uuid": self.uuid("resource", name),
            "title": title,
            "rlinks": [{"href": name, "media-type": kind}],
        }

    def result(self) -> Row:
        """The one result: that of the period."""
        period, cut = self.evidence.period, self.evidence.cut
        fingerprints = {f"catalogue-{n}": f for n, f in enumerate(self.evidence.fingerprints, 1)}
        heads = {
            f"chain-{lane}-{partition}": f"{head.number} {head.link}"
            for (lane, partition), head in sorted(cut.heads.items())
        }
        controls = [{"control-id": control.id} for control in self.catalogue.controls]
        listed: dict[str, list[Row]] = {
            "observations": [self.observation(drawn) for drawn in self.samples.controls],
            "risks": [self.risk(finding) for finding in self.found if _severe(finding)],
            "findings": [self.finding(finding) for finding in self.found],
        }
        listed_all = "未処置の判定はすべて載せた。"
        left = f"未処置の判定のうち {self.left} 件は載せていない（03_violations.csv に全件）。"
        return {
            "uuid": self.uuid("result", ""),
            "title": f"{self.period} の評価結果",
            "description": "記録された全件を規則で判定した結果。適合の断定は含まない。"
            " Every record, judged by rule; nothing is said to be satisfied.",
            "start": jst_text(period.start),
            "end": jst_text(max(period.start, min(period.end - 1, cut.at))),
            "props": _props(
                {
                    "cut-size": cut.size,
                    "sample-seed": self.samples.seed,
                    "findings-left-out": self.left,
                    **fingerprints,
                    **heads,
                }
            ),
            "reviewed-controls": {"control-selections": [{"include-controls": controls}]},
            **{name: items for name, items in listed.items() if items},
            "remarks": left if self.left else listed_all,
        }

    def observation(self, drawn: Drawn) -> Row:
        """What was looked at for one control."""
        control: Control[Any] = self.catalogue[drawn.control]
        counts = self.evidence.populations.get(control.id, Counter())
        numbers = {verdict.replace("_", "-"): counts[verdict] for verdict in VERDICTS}
        population = sum(numbers.values())
        blocks = {(row["lane"], row["partition"], row["number"]): row for row in drawn.rows}
        last = [blocks[place] for place in sorted(blocks)][-1:]
        basis = ", ".join(source.place for source in control.sources)
        return {
            "uuid": self.uuid("observation", control.id),
            "title": f"{control.id} {control.title.ja}",
            "description": f"{control.requirement.ja}\n\n{control.requirement.en}",
            "props": _props({"population": population, **numbers, "basis": basis}),
            "methods": ["TEST"],
            "types": ["control-objective"],
            "relevant-evidence": [
                {
                    "href": f"#{self.uuid('resource', 'samples.jsonl')}",
                    "description": f"標本 {len(drawn.rows)} 件（母集団 {drawn.frame} 件から"
                    f" {drawn.drawn} 件を抽出、残りは必ず含めるもの）",
                    "props": _props(
                        {
                            "frame": drawn.frame,
                            "drawn": drawn.drawn,
                            "samples": len(drawn.rows),
                            **({"block": _place(last[0])} if last else {}),
                        }
                    ),
                }
            ],
            "collected": self.at,
        }

    def risk(self, finding: Row) -> Row:
        """A grave finding as a risk that nobody has treated yet."""
        control = self.catalogue[finding["control"]]
        return {
            "uuid": self.uuid("risk", finding["finding_id"]),
            "title": _title(finding),
            "description": _words(finding),
            "statement": f"{control.requirement.ja}\n\n{control.response.ja}",
            "props": _props({"severity": finding["severity"]}),
            "status": "open",
            "related-observations": [self._observed(finding)],
        }

    def finding(self, finding: Row) -> Row:
        """An open finding; of what is indeterminate nothing is known to fail."""
        violation = finding["verdict"] == "violation"
        grave = {"related-risks": [{"risk-uuid": self.uuid("risk", finding["finding_id"])}]}
        place = finding["place"]
        return {
            "uuid": self.uuid("finding", finding["finding_id"]),
            "title": _title(finding),
            "description": _words(finding),
            "props": _props(
                {
                    "finding-id": finding["finding_id"],
                    "revision": finding["revision"],
                    "check": finding["check"],
                    "verdict": finding["verdict"],
                    "severity": finding["severity"],
                    "events": finding["events"],
                    "occurred-at": jst_text(finding["occurred_at"]),
                    "detected-at": jst_text(finding["detected_at"]),
                    "block": _place(self._block(place)),
                }
            ),
            "target": {
                "type": "objective-id",
                "target-id": finding["control"],
                "status": {"state": "not-satisfied", "reason": "fail" if violation else "other"},
            },
            "related-observations": [self._observed(finding)],
            **(grave if _severe(finding) else {}),
        }

    def _block(self, place: Mapping[str, Any]) -> Row:
        return self._numbers[place["lane"], place["partition"], place["block"]]

    def _observed(self, finding: Row) -> Row:
        return {"observation-uuid": self.uuid("observation", finding["control"])}


def assessment_results(evidence: Evidence, catalogue: Catalogue, samples: Samples) -> Row:
    """The document, ready to be written as JSON; `samples` are those of every control."""
    return {"assessment-results": _Document(evidence, catalogue, samples).whole()}


def _props(values: Mapping[str, Any]) -> list[Row]:
    return [
        {"name": name, "ns": NAMESPACE, "value": " ".join(f"{value}".split())}
        for name, value in values.items()
        if f"{value}".strip()
    ]


def _place(row: Row) -> str:
    return f"{row['lane']}/{row['partition']} {row['number']} {row['link']}"


def _title(finding: Row) -> str:
    return f"{finding['control']} {finding['code'] or finding['verdict']}"


def _words(finding: Row) -> str:
    return f"{finding['text']['ja']}\n\n{finding['text']['en']}"


def _severe(finding: Row) -> bool:
    return finding["verdict"] == "violation" and finding["severity"] in SEVERE


def _gravest(finding: Row) -> tuple[bool, int, int, str]:
    """Violations before what is indeterminate, the graver and then the older first."""
    return (
        finding["verdict"] != "violation",
        -SEVERITIES.index(finding["severity"]),
        finding["occurred_at"],
        finding["finding_id"],
    )
