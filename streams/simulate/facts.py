"""The shapes of single events, so that ordinary days and planted faults write them alike."""

from __future__ import annotations

from datetime import date, timedelta

from streams.simulate.company import DATASET, Company, Person
from streams.simulate.feed import Fact, Maker

CLAUSES = [
    "scope",
    "security_measures",
    "confidentiality",
    "reentrust_terms",
    "status_report",
    "audit_right",
    "incident_report",
    "return_delete",
    "breach_remedy",
]
ZONE_CLASS = {
    "zone-office": "general",
    "zone-members": "handling",
    "zone-archive": "handling",
    "zone-server": "management",
}


def privilege(
    make: Maker,
    account: str,
    owner: str,
    system: str,
    dataset: str | None,
    role: str,
    approver: str,
    change: str = "granted",
    valid_until: date | None = None,
) -> Fact:
    """A right given or taken, as the identity desk records it."""
    return make(
        "access.privilege_changed",
        "iga-form",
        "svc-iga",
        "service",
        account_ref=account,
        owner_ref=owner,
        system_id=system,
        dataset_id=dataset,
        role=role,
        change=change,
        valid_until=valid_until.isoformat() if valid_until else None,
        purpose_codes=list(DATASET[dataset].purposes) if dataset else [],
        ticket_id=make.short("TCK-"),
        approver_ref=approver,
        privileged=False,
        change_id=make.short("chg-"),
    )


def account(
    make: Maker,
    name: str,
    owner: str,
    system: str,
    approver: str,
    change: str = "created",
    kind: str = "personal",
) -> Fact:
    """An account made or closed."""
    return make(
        "access.account_changed",
        "iga-form",
        "svc-iga",
        "service",
        account_ref=name,
        owner_ref=owner,
        system_id=system,
        change=change,
        account_kind=kind,
        ticket_id=make.short("TCK-"),
        approver_ref=approver,
        change_id=make.short("chg-"),
    )


def login(
    make: Maker,
    source: str,
    actor: str,
    kind: str,
    account_ref: str,
    system: str,
    ok: bool,
    ip: str,
    remote: bool,
    device: str | None = None,
) -> Fact:
    """One attempt to log in."""
    return make(
        "access.auth_attempt",
        source,
        actor,
        kind,
        account_ref=account_ref,
        system_id=system,
        outcome="success" if ok else "failure",
        failure_reason=None if ok else "bad_password",
        mfa=ok and kind == "staff",
        auth_method="password+totp" if kind == "staff" else "password",
        src_ip=ip,
        country="JP",
        device_id=device,
        remote=remote,
        account_kind="personal",
        auth_id=make.short("auth-"),
    )


def query(
    make: Maker, person: Person, dataset: str, operation: str, rows: int, ticket: str | None = None
) -> Fact:
    """A person's query on the data store that holds a dataset."""
    entry = DATASET[dataset]
    return make(
        "access.datastore_query",
        "db-01",
        person.ref,
        "staff",
        account_ref=person.account,
        system_id=entry.system,
        dataset_id=dataset,
        operation=operation,
        purpose_code=entry.purposes[0],
        rows=rows,
        principals_count=rows,
        fields=list(entry.items[:2]),
        statement_digest=make.short("st-"),
        ticket_id=ticket,
        device_id=person.device,
        region="JP",
        joins_dataset_ids=[],
        query_id=make.short("q-"),
    )


def own_data(make: Maker, member: str) -> Fact:
    """A member looks at his own entry, through the site's database login."""
    return make(
        "access.datastore_query",
        "db-01",
        member,
        "principal",
        account_ref="app-site",
        system_id="sys-crm",
        dataset_id="ds-members",
        operation="read",
        purpose_code="member_service",
        rows=1,
        principals_count=1,
        fields=["name", "address"],
        statement_digest=make.short("st-"),
        device_id=None,
        region="JP",
        joins_dataset_ids=[],
        query_id=make.short("q-"),
    )


def file(
    make: Maker,
    person: Person,
    operation: str,
    size: int,
    dataset: str | None = None,
    persons: int | None = None,
) -> Fact:
    """A person's act on the file server."""
    return make(
        "access.file_activity",
        "file-01",
        person.ref,
        "staff",
        system_id="sys-file",
        path_class=f"/share/{dataset or 'common'}/*",
        file_ref=make.short("f-"),
        dataset_id=dataset,
        operation=operation,
        bytes=size,
        dlp_principals=persons,
        device_id=person.device,
        region="JP",
        activity_id=make.short("fa-"),
    )


def badge(make: Maker, person: Person, zone: str, direction: str) -> Fact:
    """A granted read of a person's badge at a zone's door."""
    return make(
        "badge.read",
        "badge-01",
        person.ref,
        "staff",
        badge_ref=person.badge,
        holder_ref=person.ref,
        zone_id=zone,
        zone_class=ZONE_CLASS[zone],
        direction=direction,
        door_id=f"door-{zone}",
        result="granted",
        reason=None,
        read_id=make.short("r-"),
        mode="normal",
    )


def mail(make: Maker, person: Person, outside: int, attachments: int) -> Fact:
    """A mail a person sent; outside addresses are in reserved domains."""
    message = make.short("m-")
    domains = ["partner.example", "client.example"][:outside]
    return make(
        "email.sent",
        "mail-01",
        person.ref,
        "staff",
        message_id=f"{message}@example.co.jp",
        recipients=[f"contact-{message[2:6]}@{d}" for d in domains]
        or [f"team-{message[2:4]}@example.co.jp"],
        external_domains=domains,
        external_count=len(domains),
        to_cc_count=1,
        bcc_count=0,
        attachments=attachments,
        attachment_dataset_id=None,
        dlp_principals=0,
        attachment_encrypted=False,
        body_has_pd=False,
        mass_mail_id=None,
        recalled=False,
        misdirected="no",
    )


def web(
    make: Maker,
    source: str,
    actor: str,
    kind: str,
    host: str,
    path: str,
    status: int,
    ip: str,
    session: str,
    size: int,
    dataset: str | None,
    scheme: str = "https",
    tls: str | None = "TLS1.3",
    method: str = "GET",
) -> Fact:
    """One request to a web server."""
    return make(
        "access.web_request",
        source,
        actor,
        kind,
        src_ip=ip,
        host=host,
        path_class=path,
        method=method,
        status=status,
        tls_version=tls,
        dataset_id=dataset,
        bytes_out=size,
        session_ref=session,
        country="JP",
        user_agent="Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0",
        request_id=make.short("rq-"),
        scheme=scheme,
    )


def probe(
    make: Maker,
    host: str,
    form: bool,
    cert: date,
    tls: str | None = "TLS1.3",
    scheme: str = "https",
) -> Fact:
    """What the daily look at a host's TLS found."""
    return make(
        "tls.session_observed",
        "tls-01",
        "svc-probe",
        "service",
        host=host,
        form_with_pd=form,
        scheme=scheme,
        tls_version=tls,
        cert_not_after=cert.isoformat(),
        hsts=scheme == "https",
    )


def contract(
    make: Maker,
    contractor: str,
    contract_id: str,
    since: date,
    until: date | None = None,
    nda: bool = True,
    clauses: list[str] | None = None,
) -> Fact:
    """A contract of entrustment as the contract ledger holds it."""
    return make(
        "contractor.contracted",
        "contract-form",
        "stf-legal",
        "staff",
        contractor_id=contractor,
        contract_id=contract_id,
        effective_from=since.isoformat(),
        effective_to=until.isoformat() if until else None,
        nda=nda,
        clauses=CLAUSES if clauses is None else clauses,
        reentrust_allowed="prior_permission",
        fields_allowed=["name", "address", "email"],
        purpose_codes=["delivery", "member_service"],
        max_principals=10_000,
        storage_countries=["JP"],
        version=1,
        incident_notice_hours=24,
    )


def assessed(make: Maker, contractor: str, on: date) -> Fact:
    """A contractor's assessment, good for a year."""
    return make(
        "contractor.assessed",
        "vendor-form",
        "stf-proc",
        "staff",
        contractor_id=contractor,
        result="pass",
        score=90,
        criteria_version="v3",
        valid_until=(on + timedelta(days=365)).isoformat(),
        certified=["PrivacyMark"],
        country="JP",
        assessor_ref="stf-proc",
    )


def entrusted(
    make: Maker,
    contractor: str,
    contract_id: str | None,
    provision: str,
    persons: int,
    encrypted: bool = True,
) -> Fact:
    """Personal data handed to a contractor over the transfer server."""
    return make(
        "contractor.data_entrusted",
        "transfer-form",
        "svc-sftp",
        "service",
        contractor_id=contractor,
        contract_id=contract_id,
        dataset_id="ds-orders",
        fields=["name", "address"],
        principals_count=persons,
        method="sftp",
        encrypted=encrypted,
        country="JP",
        purpose_code="delivery",
        provision_id=provision,
        xborder_basis="na",
    )


OPERATIONS = ("read", "export", "delete", "login")
"""Classes of operations that a source may declare absent."""


def recorder_of(system: str) -> str:
    """The source that records what is done on a system."""
    return f"rec-{system.removeprefix('sys-')}"


def recorder(make: Maker, company: Company, system: str, absent: list[str]) -> Fact:
    """The line of that source in the register."""
    return make(
        "register.source",
        "register-form",
        company.boss["dept-it"],
        "staff",
        monitored_source_id=recorder_of(system),
        kind="other",
        system_id=system,
        zone_id=None,
        handles_pd=True,
        expects_heartbeat=False,
        silence_minutes=None,
        numbered=False,
        owner_ref=company.boss["dept-it"],
        retired_on=None,
        absent_operations=absent,
    )


def alive(make: Maker, source: str) -> Fact:
    """A sign of life that the collector tells of a source."""
    return make(
        "log.source_status",
        "collector-01",
        "svc-collector",
        "service",
        monitored_source_id=source,
        status="heartbeat",
        last_seq=None,
        lag_seconds=1,
        clock_skew_ms=12,
        declared_outage_id=None,
    )
