"""保存期間 — how long evidence of each kind is kept, counted from the day it happened (JST).

A class expires as a whole: its rows, and in every sealed block its subtree, leave together.
Where a period is no statute's but ours, `basis` says "house rule"; a company may lengthen it.
"""

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["RETENTION", "Retention", "RetentionClass"]

RetentionClass = Literal["log", "register", "provision", "request", "incident", "pms"]


@dataclass(frozen=True, slots=True)
class Retention:
    """One retention class: what falls in it, for how many years, and who says so."""

    name: RetentionClass
    ja: str
    en: str
    years: int
    basis: str


RETENTION: Final[dict[RetentionClass, Retention]] = {
    r.name: r
    for r in (
        Retention(
            "log", "ログ", "logs and observations of systems, people and rooms", 3,
            "house rule: one PrivacyMark cycle of two years and a margin; "
            "no statutory period for access logs was found",
        ),
        Retention(
            "register", "台帳", "registers that other events are judged against", 5,
            "house rule: a register outlives every event that is judged with it",
        ),
        Retention(
            "provision", "提供記録", "provision to third parties, receipt and their records", 3,
            "Enforcement Rules of the APPI, Rules 21, 25 and 29: three years from the making "
            "of the record; a batch record counts from the last provision",
        ),
        Retention(
            "request", "開示等・苦情", "requests of principals and complaints", 3,
            "house rule: the documents themselves go two years after completion (policy "
            "promise); the trail that proves it stays a year longer",
        ),
        Retention(
            "incident", "事故", "incidents, reports and notices", 5, "house rule",
        ),
        Retention(
            "pms", "PMS記録", "audits, reviews, corrective action, training and our own acts", 5,
            "house rule: two renewals of the mark, each asking for two years",
        ),
    )
}  # fmt: skip
