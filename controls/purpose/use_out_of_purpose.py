"""CON-02  利用目的の範囲内利用 — use stays inside the purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.access import active, by_approval, by_dataset, by_grant, unrevoked
from controls.books.core import APPROVALS
from controls.books.principals import USES, from_then_on, live, said, without_old_uses
from controls.books.purposes import changed, entrusted, registered
from controls.books.transfers import DATASET_LINKS, DATASET_PROVISIONS
from controls.events import (
    AccessDatastoreQuery,
    AccessPrivilegeChanged,
    ApprovalGranted,
    ConsentChanged,
    EntrustedReceived,
    LinkExecuted,
    MarketingSent,
    PurposeChanged,
    RegisterDataset,
    TransferProvided,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
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
from controls.registers import View
from controls.shapes import Case, Check, Each, Fact, Look, moment, one_key, standing, told


class Limits(Params):
    map_roles_to_purposes: bool = limit(
        True,
        "",
        "目的コードのない閲覧は権限の目的で判定する。",
        "A read without a code is judged by the purposes of its grant.",
    )
    maintenance_purposes: tuple[str, ...] = limit(
        ("system_maintenance",), "", "保守の目的。", "Purposes of maintenance."
    )


ELSEWHERE = ("card", "request_docs")
"""Classes whose purposes RET-02 and REQ-08 judge."""


def checks(limits: Limits) -> tuple[Check, ...]:
    def exceptions(view: View, refs: Iterable[str | None], at: int, dataset: str) -> list[Any]:
        return [
            approval
            for ref in refs
            if ref
            for approval in view.entries(APPROVALS, ref, at)
            if approval.kind == "purpose_exception"
            and approval.dataset_id in (None, dataset)
            and approval.valid_from <= at <= approval.valid_to
        ]

    def elsewhere(line: Any, code: str, at: int, view: View, marketing: bool = False) -> bool:
        """Judged by another control."""
        pseudonymized = marketing and line.dataset_class == "pseudonymized"
        new = changed(line.dataset_id, code, at, view) is not None
        return pseudonymized or new or line.dataset_class in ELSEWHERE or entrusted(line, at, view)

    def verdict(
        line: Any, codes: set[str], refs: Iterable[str | None], at: int, view: View
    ) -> str | None:
        """The code of the breach, None where the use is inside the purpose."""
        if codes & set(line.purpose_codes):
            return None
        excused = exceptions(view, refs, at, line.dataset_id)
        if any(approval.document_ref for approval in excused):
            return None
        return "EXCEPTION_UNDOCUMENTED" if excused else "OUT_OF_PURPOSE"

    def used(query: AccessDatastoreQuery, view: View) -> Judgement | None:
        at, code = query.occurred_at, query.purpose_code
        if query.operation in ("ddl", "grant") or code in limits.maintenance_purposes:
            return NOT_APPLICABLE
        line = registered(query.dataset_id, at, view)
        if line is None:
            return Judgement("indeterminate", missing=(f"datasets {query.dataset_id}",))
        if elsewhere(line, code or "", at, view):
            return NOT_APPLICABLE
        if code == "" or (code is None and query.operation == "export"):
            return Judgement("violation", "NO_CODE", query.event_id)
        codes = {code} if code else set[str]()
        if code is None:
            if not limits.map_roles_to_purposes:
                return NOT_APPLICABLE
            grants = active(unrevoked(query, view), at)
            codes = {c for grant in grants for c in grant.purpose_codes}
            if not codes:
                return NOT_APPLICABLE  # without a grant TEC-01 speaks
        broken = verdict(line, codes, (query.actor_ref, query.ticket_id), at, view)
        return PASS if broken is None else Judgement("violation", broken, query.event_id)

    def mailed(principal: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        for mailing in standing(facts, "sent"):
            at, sent = mailing[0], mailing[4]
            code = sent["purpose_code"]
            line = registered(sent["dataset_id"], at, view)
            common: dict[str, Any] = {
                "subject": mailing[1], "item": mailing[1], "at": at, "events": (mailing[1],),
            }  # fmt: skip
            if line is None:
                missing = (f"datasets {sent['dataset_id']}",)
                yield Judgement("indeterminate", missing=missing, **common)
                continue
            if elsewhere(line, code, at, view, marketing=True):
                continue
            if not code:
                yield Judgement("violation", "NO_CODE", **common)
                continue
            consented = any(code in c[4]["purpose_codes"] for c in live(facts, at, "purpose"))
            broken = None if consented else verdict(line, {code}, (), at, view)
            if broken is not None:
                yield Judgement("violation", broken, **common)

    def shared(name: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        """Links and provisions: every dataset they draw from."""
        for use in standing(facts):
            at, code = use[0], use[4]["purpose_code"]
            names = use[4].get("dataset_ids") or [use[4].get("dataset_id")]
            common: dict[str, Any] = {
                "subject": use[1], "item": use[1], "at": at, "events": (use[1],),
            }  # fmt: skip
            aside = use[4].get("identifiable_output") or use[4].get("basis", "consent") != "consent"
            lines = [registered(each, at, view) for each in names]
            missing = [n for n, line in zip(names, lines, strict=True) if line is None]
            if aside:
                yield Judgement("not_applicable", **common)
            elif not code:
                yield Judgement("violation", "NO_CODE", **common)
            elif missing:
                yield Judgement("indeterminate", missing=(f"datasets {missing[0]}",), **common)
            else:
                broken = [
                    verdict(line, {code}, (use[4]["actor_ref"],), at, view)
                    for line in lines
                    if not elsewhere(line, code, at, view)
                ]
                codes = [code for code in broken if code is not None]
                if codes:
                    yield Judgement("violation", max(codes), **common)
                else:
                    yield Judgement("pass", **common)

    def since(line: Any) -> tuple[Look, ...]:
        return (
            by_dataset(line)[0],
            Look(MarketingSent, "dataset_id", line.dataset_id, line.occurred_at),
        )

    def of_dataset(change: Any, view: View) -> Iterable[str]:
        name = change.dataset_id
        for job in view.all(DATASET_LINKS, name):
            yield job.event_id
        for provision in view.all(DATASET_PROVISIONS, name):
            yield provision.event_id

    lines = (RegisterDataset, PurposeChanged, EntrustedReceived)
    return (
        Each(
            "query",
            ("OUT_OF_PURPOSE", "EXCEPTION_UNDOCUMENTED", "NO_CODE"),
            (AccessDatastoreQuery,),
            used,
            by={AccessDatastoreQuery: "account_ref"},
            revisits={
                **dict.fromkeys(lines, lambda line: since(line)[:1]),
                AccessPrivilegeChanged: by_grant,
                ApprovalGranted: by_approval,
            },
        ),
        Case(
            "mailing",
            ("OUT_OF_PURPOSE", "EXCEPTION_UNDOCUMENTED", "NO_CODE"),
            (MarketingSent, ConsentChanged),
            one_key("principal_ref"),
            said,
            mailed,
            keep=USES,
            span=from_then_on,
            forget=without_old_uses,
            by=dict.fromkeys((MarketingSent, ConsentChanged), "principal_ref"),
            revisits=dict.fromkeys(lines, lambda line: since(line)[1:]),
        ),
        Case(
            "shared",
            ("OUT_OF_PURPOSE", "EXCEPTION_UNDOCUMENTED", "NO_CODE"),
            (LinkExecuted, TransferProvided),
            lambda use: use.event_id,
            lambda use: told(
                use, "use", "purpose_code", "actor_ref",
                *(
                    ("dataset_ids", "identifiable_output")
                    if isinstance(use, LinkExecuted)
                    else ("dataset_id", "basis")
                ),
            ),
            shared,
            span=moment,
            touches=dict.fromkeys(lines, of_dataset),
        ),
    )  # fmt: skip


def dataset(**given: Any) -> RegisterDataset:
    said = {"dataset_id": "ds-members", "purpose_codes": ["delivery"], **given}
    return event(RegisterDataset, "2026-04-01 09:00:00", **said)


def query(**given: Any) -> AccessDatastoreQuery:
    said = {
        "actor_ref": "sato", "account_ref": "acct-sato", "system_id": "sys-crm",
        "dataset_id": "ds-members", "purpose_code": "delivery", **given,
    }  # fmt: skip
    return event(AccessDatastoreQuery, "2026-11-11 10:00:00", **said)


def grant(*purposes: str) -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged, "2026-04-02 09:00:00", account_ref="acct-sato", owner_ref="sato",
        system_id="sys-crm", dataset_id="ds-members", role="clerk", purpose_codes=list(purposes),
    )  # fmt: skip


def approval(**given: Any) -> ApprovalGranted:
    said = {
        "kind": "purpose_exception", "for_ref": "sato", "dataset_id": "ds-members",
        "valid_from": "2026-11-11 00:00:00", "valid_to": "2026-11-12 00:00:00", **given,
    }  # fmt: skip
    return event(ApprovalGranted, "2026-11-10 09:00:00", **said)


def mailing(code: str) -> MarketingSent:
    return event(
        MarketingSent, "2026-11-11 10:00:00", campaign_id="autumn", principal_ref="mem-1",
        dataset_id="ds-members", purpose_code=code,
    )  # fmt: skip


def consent(kind: str) -> ConsentChanged:
    return event(
        ConsentChanged, "2026-11-02 10:00:00", consent_id="con-1", principal_ref="mem-1",
        state="granted", kind=kind, purpose_codes=["survey"],
    )  # fmt: skip


CONTROL = Control(
    id="CON-02",
    title=Text("利用目的の範囲内利用", "Use stays inside the purpose"),
    requirement=Text(
        "利用は公表した目的コードの範囲に限り、超える場合は同意又は法定例外による。",
        "Each use carries a purpose code that the dataset's published purposes allow, else "
        "consent or a legal exception.",
    ),
    sources=sources(
        seeds="PYX-2.0; PYX-2.a.i; PYX-2.a.ii; PYX-2.a.iii; PYX-2.a.iv; PYX-2.a.v; PYX-2.a.vi; "
        "PYX-2.a.vii; PYX-2.a.viii; PYX-2.a.ix; PYX-2.a.x; PYX-2.b.i; PYX-2.b.ii; "
        "PYX-2.b.iii; PYX-2.c.i; PYX-2.c.ii; PYX-2.c.iii; PYX-2.d.i; PYX-2.d.ii; "
        "PYX-2.e.i; PYX-2.e.ii; PYX-7.0; PER-1.0; PER-1.1; PER-1.t01; PER-1.t02; "
        "PER-1.t04; PER-1.t05; PER-1.t06; PER-1.t07; PER-1.t08; PER-1.t09; PER-1.t10; "
        "PER-1.t11; PER-1.t12; PER-1.2; PER-1.3; PER-1.5; PER-1.6; MIX-P1b; MIX-P1c; "
        "MIX-U0; MIX-U.A; MIX-U.B; MIX-U.D; MIX-U.E; MIX-U.F; MIX-U.G; MIX-U.H; MIX-U.I; "
        "MIX-T.G; PIC-B1a; PIC-B1b; PIC-U1.1; PIC-U1.2; PIC-U1.3; PIC-U1.4; PIC-U1.5; "
        "PIC-U1.6; PIC-U1.7; PIC-U1.8; PIC-U1.9; JUS-3; JUS-U1.1; JUS-U1.2; JUS-U1.3; "
        "JUS-U1.4; JUS-U1.5; JUS-U1.6; JUS-U1.7; JUS-U2.1a; JUS-U2.1b; JUS-U2.1c; "
        "JUS-U2.4; JUS-U2.6a; JUS-U2.6b; JUS-U4.a; JUS-U4.b; JUS-U4.c; JUS-U4.d; "
        "JUS-U5.1; JUS-T4; JUS-L4; JUS-L8.a; JUS-L8.b; JUS-L8.c",
        appi="Art.18",
        ppc_guideline="3-1-3; 3-1-4; 3-1-5",
        pms_guideline="J.8.6",
    ),
    params=Limits(),
    codes={
        "OUT_OF_PURPOSE": Code(
            "high",
            Text(
                "台帳の目的になく、同意も承認もない利用。",
                "A purpose that the dataset does not have, without consent or approval.",
            ),
            Text("{subject}：目的の範囲を超えた利用。", "{subject}: used outside its purpose."),
        ),
        "EXCEPTION_UNDOCUMENTED": Code(
            "medium",
            Text(
                "文書のない承認だけによる目的外の利用。",
                "Allowed only by an approval that no document shows.",
            ),
            Text(
                "{subject}：文書のない例外による利用。",
                "{subject}: used under an exception without a document.",
            ),
        ),
        "NO_CODE": Code(
            "medium",
            Text(
                "目的コードのない出力、又は空のコードの利用。",
                "An export without a purpose code, or a use with an empty one.",
            ),
            Text("{subject}：目的コードがない。", "{subject}: without a purpose code."),
        ),
    },
    checks=checks,
    evidence=Text(
        "利用、目的コード、その日に許された目的", "Use × code × allowed codes as of date"
    ),
    response=Text("処理を止める。", "Stop job."),
    false_positives=Text(
        "コードのない閲覧は権限から導く。", "Null code on reads: derive from role."
    ),
    examples=(
        breach(
            "OUT_OF_PURPOSE",
            "台帳にない目的での閲覧",
            "read for a purpose the dataset does not have",
            dataset(),
            query(purpose_code="survey"),
            severity="high",
        ),
        fine(
            "OUT_OF_PURPOSE",
            "台帳にある目的での閲覧",
            "read for one it has",
            dataset(),
            query(purpose_code="delivery"),
        ),
        fine(
            "OUT_OF_PURPOSE",
            "保守のための閲覧",
            "read for maintenance",
            dataset(),
            query(purpose_code="system_maintenance"),
        ),
        breach(
            "OUT_OF_PURPOSE",
            "別の目的の権限による閲覧",
            "no code, under a grant for another purpose",
            dataset(),
            grant("survey"),
            query(purpose_code=None, operation="read"),
        ),
        fine(
            "OUT_OF_PURPOSE",
            "同じ目的の権限による閲覧",
            "no code, under a grant for its purpose",
            dataset(),
            grant("delivery"),
            query(purpose_code=None, operation="read"),
        ),
        breach(
            "OUT_OF_PURPOSE",
            "配信の同意しかない調査",
            "a survey sent to somebody who agreed to marketing only",
            dataset(),
            consent("marketing"),
            mailing("survey"),
        ),
        fine(
            "OUT_OF_PURPOSE",
            "目的の同意がある調査",
            "to somebody who agreed to the purpose",
            dataset(),
            consent("purpose"),
            mailing("survey"),
        ),
        breach(
            "OUT_OF_PURPOSE",
            "目的外の突合",
            "linked for another purpose",
            dataset(),
            event(
                LinkExecuted, "2026-11-11 10:00:00", job_id="job-1", dataset_ids=["ds-members"],
                purpose_code="survey",
            ),
        ),
        fine(
            "OUT_OF_PURPOSE",
            "委託されたデータ",
            "a client's data",
            dataset(entrusted_by="client"),
            query(purpose_code="survey"),
        ),
        breach(
            "EXCEPTION_UNDOCUMENTED",
            "文書のない例外承認",
            "approved, and no document shows it",
            dataset(),
            approval(document_ref=None),
            query(purpose_code="survey"),
            severity="medium",
        ),
        fine(
            "EXCEPTION_UNDOCUMENTED",
            "文書のある例外承認",
            "approved with a document",
            dataset(),
            approval(document_ref="doc-1"),
            query(purpose_code="survey"),
        ),
        breach(
            "NO_CODE",
            "目的コードのない出力",
            "an export without a code",
            dataset(),
            query(operation="export", purpose_code=None),
            severity="medium",
        ),
        fine(
            "NO_CODE",
            "目的コードのある出力",
            "an export with its code",
            dataset(),
            query(operation="export", purpose_code="delivery"),
        ),
        unknown("OUT_OF_PURPOSE", "台帳にないデータ", "a dataset nobody registered", query()),
    ),
)  # fmt: skip
