"""05: every contractor and contract, from the assessment to the certificate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from controls.events import (
    ContractorAssessed,
    ContractorAudited,
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrustDecided,
    ContractorReentrusted,
    Event,
)
from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, day, listed, moment
from streams.export.tables.told import Told

COLUMNS = columns(
    "contractor | 委託先",
    "contract | 契約番号",
    "scope | 業務",
    "datasets | 台帳",
    "assessed | 評価日",
    "result | 評価結果",
    "valid_until | 有効期限",
    "effective | 契約発効",
    "recorded | 契約の登録日時",
    "ended | 契約終了",
    "first_provision | 初回提供",
    "last_provision | 最終提供",
    "sub | 再委託",
    "permitted | 許可日",
    "audited | 監査日",
    "audit_result | 監査結果",
    "next_audit | 次回監査",
    "certificate | 返却・消去証明",
)
OF_CONTRACT: tuple[type[Event], ...] = (
    ContractorContracted,
    ContractorContractEnded,
    ContractorDataEntrusted,
    ContractorDataSettled,
    ContractorReentrustDecided,
    ContractorReentrusted,
)


def contractors(told: Told) -> Table:
    files: dict[tuple[str, str], list[Any]] = {}
    for kind in OF_CONTRACT:
        for event in told.of(kind):
            of: Any = event
            files.setdefault((of.contractor_id, of.contract_id or ""), []).append(of)
    assessed, audited = told.of(ContractorAssessed), told.of(ContractorAudited)
    known = {event.contractor_id for event in assessed} | {event.contractor_id for event in audited}
    for contractor in known - {contractor for contractor, _ in files}:
        files[contractor, ""] = []
    rows = [
        _row(
            *names,
            file,
            [one for one in assessed if one.contractor_id == names[0]],
            [one for one in audited if one.contractor_id == names[0]],
        )
        for names, file in sorted(files.items())
        if not _past(file, told)
    ]
    return Table(
        "05_contractors",
        Text("委託先", "Contractors"),
        COLUMNS,
        rows,
        "contractor.* events up to the cut, a row a contract (empty: data entrusted under none, or "
        "a contractor without one); contracts that had ended before the period and of which "
        "nothing was told in it are left out; assessment and audit are the latest, recorded is "
        "when the contract's first version was entered",
    )


def _past(file: Sequence[Any], told: Told) -> bool:
    ended = _last_day(file)
    over = ended is not None and ended < told.period.first
    return over and all(event.occurred_at < told.period.start for event in file)


def _last_day(file: Sequence[Any]) -> date | None:
    """The day on which the contract ended, or is to end."""
    ends = [event.ended_on for event in _of(file, ContractorContractEnded)]
    terms = [event.effective_to for event in _of(file, ContractorContracted)[-1:]]
    return next((end for end in (*ends, *terms) if end), None)


def _of(file: Iterable[Any], kind: type[Any]) -> list[Any]:
    return [event for event in file if isinstance(event, kind)]


def _since(name: str, days: Iterable[date]) -> str:
    """A subcontractor and since when it works; the name alone where nobody said so."""
    first = min(days, default=None)
    return name if first is None else f"{name} {first}"


def _row(
    contractor: str, contract: str, file: Sequence[Any], assessed: Sequence[Any],
    audited: Sequence[Any],
) -> Cells:  # fmt: skip
    versions = _of(file, ContractorContracted)
    given = _of(file, ContractorDataEntrusted)
    subs = _of(file, ContractorReentrusted)
    decided = _of(file, ContractorReentrustDecided)
    names = sorted({event.subcontractor_id for event in (*subs, *decided)})
    decisions = {event.subcontractor_id: event for event in decided}
    assessment = assessed[-1] if assessed else None
    audit = audited[-1] if audited else None
    return (
        contractor,
        contract,
        listed(code for version in versions[-1:] for code in version.purpose_codes),
        listed(sorted({event.dataset_id for event in given})),
        moment(assessment and assessment.occurred_at),
        assessment and assessment.result,
        day(assessment and assessment.valid_until),
        day(min((version.effective_from for version in versions), default=None)),
        moment(min((version.observed_at for version in versions), default=None)),
        day(_last_day(file)),
        moment(given[0].occurred_at if given else None),
        moment(given[-1].occurred_at if given else None),
        listed(
            _since(name, (sub.started_on for sub in subs if sub.subcontractor_id == name))
            for name in names
        ),
        listed(
            f"{name} {decisions[name].decision} {decisions[name].decided_on}"
            for name in names
            if name in decisions
        ),
        moment(audit and audit.occurred_at),
        audit and audit.result,
        day(audit and audit.next_due),
        listed(
            f"{event.dataset_id} {event.kind} {event.certificate_ref}"
            for event in _of(file, ContractorDataSettled)
        ),
    )
