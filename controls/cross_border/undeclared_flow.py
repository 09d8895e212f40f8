"""XBR-03  未申告の越境移転の検知 — what is seen going abroad stands in the register."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from controls.books.core import DATASETS, OWNER_GRANTS
from controls.books.transfers import went_before
from controls.calendar import jst_day
from controls.events import (
    AccessAuthAttempt,
    AccessDatastoreQuery,
    AccessFileActivity,
    AccessPrivilegeChanged,
    ContractorDataEntrusted,
    DlpEgressDetected,
    EmailSent,
    ForeignRecipientChecked,
    JointuseShared,
    RecipientRegistered,
    RegisterDataset,
    TagObserved,
    TransferProvided,
)
from controls.examples import breach, event, fine, unknown
from controls.kernel import (
    HOUR,
    MINUTE,
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
from controls.shapes import Case, Check, Each, Fact, Look, Revisits, gathered_only, one_key


class Limits(Params):
    min_principals: int = limit(
        1, "persons", "これ以上の人数で検知する。", "Persons from which a flow is found."
    )
    session_hours: int = limit(
        24,
        "h",
        "直近のログインを利用と結びつける時間。",
        "Hours for which the latest sign-in tells where somebody is.",
    )
    cdn_domains: tuple[str, ...] = limit(
        (),
        "",
        "個人データを含まない配信網のドメイン。",
        "Domains of delivery networks that carry no personal data.",
    )


LATENESS = 24 * HOUR
"""Sign-ins and accesses that come later than this are told of no more (ms)."""

BUCKET = 10 * MINUTE
"""Of one person's accesses to a dataset the first and last of such a stretch are remembered."""

READING = ("read", "export", "copy")


def checks(limits: Limits) -> tuple[Check, ...]:
    session = limits.session_hours * HOUR

    def declared(dataset: str, where: str, at: int, view: View) -> bool | None:
        """The country stands in the register, or data went there before on good ground; None
        where the dataset is not registered."""
        line = view.latest(DATASETS, dataset, at)
        if line is not None and where in line.countries:
            return True
        if went_before(dataset, where, at, view):
            return True
        return None if line is None else False

    def flow(
        event: Any, dataset: str | None, countries: Sequence[str], to: str, view: View
    ) -> Judgement:
        unknown_line = False
        for where in sorted(set(countries) - {"JP"}):
            known = declared(dataset, where, event.occurred_at, view) if dataset else False
            unknown_line = unknown_line or known is None
            if known is False:
                facts = {"country": where, "destination": to}
                subject = f"{dataset or ''}|{where}|{to}"
                return Judgement("violation", "UNDECLARED", subject, facts=facts)
        if unknown_line:
            return Judgement("indeterminate", missing=(f"datasets {dataset}",))
        return PASS

    def uploaded(event: DlpEgressDetected, view: View) -> Judgement | None:
        if event.blocked or event.country in (None, "JP"):
            return NOT_APPLICABLE
        if event.principals_count < limits.min_principals:
            return PASS
        assert event.country is not None
        return flow(event, event.dataset_id, (event.country,), event.destination, view)

    def mailed(event: EmailSent, view: View) -> Judgement | None:
        countries = event.recipient_countries or ()
        if not set(countries) - {"JP"}:
            return NOT_APPLICABLE
        if event.dlp_principals < limits.min_principals:
            return PASS
        to = ", ".join(sorted(event.external_domains))
        return flow(event, event.attachment_dataset_id, countries, to, view)

    def tagged(event: TagObserved, view: View) -> Judgement | None:
        if event.country in (None, "JP"):
            return NOT_APPLICABLE
        if not event.contains_pd and event.third_party_domain in limits.cdn_domains:
            return NOT_APPLICABLE
        return Judgement(
            "violation",
            "UNDECLARED",
            f"{event.page_class}|{event.country}|{event.third_party_domain}",
            severity="high" if event.contains_pd else "low",
            facts={"country": event.country, "destination": event.third_party_domain},
        )

    def of_dataset(event: Any) -> tuple[Look, ...]:
        return (
            Look(DlpEgressDetected, "dataset_id", event.dataset_id, event.occurred_at),
            Look(EmailSent, "attachment_dataset_id", event.dataset_id, event.occurred_at),
        )

    def since(event: Any) -> tuple[Look, ...]:
        return tuple(
            Look(kind, None, "", event.occurred_at) for kind in (DlpEgressDetected, EmailSent)
        )

    def seen(event: Any) -> Fact | None:
        """A sign-in whose country is known, or an access to data of somebody at work."""
        head = [event.occurred_at, event.event_id, ""]
        if event.actor_kind == "principal" or not event.actor_ref:
            return None
        if isinstance(event, AccessAuthAttempt):
            if event.outcome != "success" or event.country is None:
                return None
            return [*head, "login", event.country]
        read = event.dataset_id and event.operation in READING
        return [*head, "access", event.dataset_id] if read else None

    def gather(events: Sequence[Any]) -> dict[str, list[Fact]]:
        found: dict[str, list[Fact]] = {}
        for each in events:
            fact = seen(each)
            if fact is not None:
                found.setdefault(each.actor_ref, []).append(fact)
        return {actor: merge((), facts) for actor, facts in found.items()}

    def merge(facts: Iterable[Fact], new: Iterable[Fact]) -> list[Fact]:
        first: dict[Any, Fact] = {}
        last: dict[Any, Fact] = {}
        for fact in (*facts, *new):
            slot = fact[1] if fact[3] == "login" else (fact[4], fact[0] // BUCKET)
            first[slot] = min(first.get(slot, fact), fact)
            last[slot] = max(last.get(slot, fact), fact)
        return sorted({fact[1]: fact for fact in (*first.values(), *last.values())}.values())

    def forget(facts: Sequence[Fact], floor: int) -> list[Fact]:
        logins = floor - session
        return [f for f in facts if f[0] >= (logins if f[3] == "login" else floor)]

    def abroad(actor: str, facts: Sequence[Fact], view: View) -> Iterator[Judgement]:
        login: Fact | None = None
        for fact in sorted(facts, key=lambda f: (f[0], f[3] != "login", f[1])):
            at, event_id, _, what, value = fact
            if what == "login":
                login = fact
                continue
            if login is None or at - login[0] > session or login[4] == "JP":
                continue
            line = view.latest(DATASETS, value, at)
            common: dict[str, Any] = {
                "subject": f"{actor}|{value}|{login[4]}|{jst_day(at)}", "at": at,
                "events": (event_id,), "facts": {"dataset": value, "country": login[4]},
            }  # fmt: skip
            if line is None:
                yield Judgement("indeterminate", missing=(f"datasets {value}",), **common)
            elif login[4] not in line.countries:
                yield Judgement("violation", "FOREIGN_LOGIN_PD", **common)

    def holder(grant: AccessPrivilegeChanged, view: View) -> Iterable[str]:
        return (grant.owner_ref,)

    def readers(line: RegisterDataset, view: View) -> Iterable[str]:
        """Those who have, or had, a right to the dataset or a system that stores it."""
        systems = (None, *line.storage_systems)
        for owner in view.keys(OWNER_GRANTS):
            for grant in view.all(OWNER_GRANTS, owner):
                if grant.dataset_id == line.dataset_id or (
                    grant.dataset_id is None and grant.system_id in systems
                ):
                    yield owner
                    break

    provided: Revisits = {
        RegisterDataset: of_dataset,
        TransferProvided: of_dataset,
        ContractorDataEntrusted: of_dataset,
        JointuseShared: of_dataset,
        ForeignRecipientChecked: since,
        RecipientRegistered: since,
    }
    return (
        Each(
            "uploads",
            ("UNDECLARED",),
            (DlpEgressDetected,),
            uploaded,
            by={DlpEgressDetected: "dataset_id"},
            revisits=provided,
        ),
        Each(
            "mails",
            ("UNDECLARED",),
            (EmailSent,),
            mailed,
            by={EmailSent: "attachment_dataset_id"},
            revisits=provided,
        ),
        Each("tags", ("UNDECLARED",), (TagObserved,), tagged),
        Case(
            "sessions",
            ("FOREIGN_LOGIN_PD",),
            (AccessAuthAttempt, AccessDatastoreQuery, AccessFileActivity),
            one_key("actor_ref"),
            gathered_only,
            abroad,
            keep=session + LATENESS,
            forget=forget,
            across=True,
            gather=gather,
            merge=merge,
            touches={RegisterDataset: readers, AccessPrivilegeChanged: holder},
        ),
    )


def dataset(**given: Any) -> RegisterDataset:
    return event(
        RegisterDataset,
        "2026-04-01 09:00:00",
        **{"dataset_id": "ds-members", "countries": ["JP"], **given},
    )


def upload(at: str = "2026-11-11 10:00:00", **given: Any) -> DlpEgressDetected:
    return event(
        DlpEgressDetected,
        at,
        **{
            "actor_ref": "sato",
            "dataset_id": "ds-members",
            "destination": "files.example",
            "principals_count": 40,
            "country": "US",
            **given,
        },
    )


def mail(**given: Any) -> EmailSent:
    return event(
        EmailSent,
        "2026-11-11 10:00:00",
        **{
            "actor_ref": "sato",
            "attachment_dataset_id": "ds-members",
            "dlp_principals": 3,
            "external_domains": ["partner.example"],
            "recipient_countries": ["JP", "SG"],
            **given,
        },
    )


def tag(**given: Any) -> TagObserved:
    return event(
        TagObserved,
        "2026-11-11 10:00:00",
        **{
            "page_class": "/checkout",
            "third_party_domain": "tags.example",
            "contains_pd": True,
            "country": "US",
            **given,
        },
    )


def transferred(at: str, **given: Any) -> TransferProvided:
    return event(
        TransferProvided,
        at,
        **{
            "provision_id": "prov-1",
            "dataset_id": "ds-members",
            "recipient_id": "rcp-us",
            "recipient_country": "US",
            "basis": "law",
            **given,
        },
    )


def granted() -> AccessPrivilegeChanged:
    return event(
        AccessPrivilegeChanged,
        "2026-04-01 09:00:00",
        owner_ref="sato",
        account_ref="acct-sato",
        dataset_id="ds-members",
    )


def login(at: str, **given: Any) -> AccessAuthAttempt:
    return event(
        AccessAuthAttempt,
        at,
        **{
            "actor_ref": "sato",
            "account_ref": "acct-sato",
            "outcome": "success",
            "country": "VN",
            **given,
        },
    )


def query(at: str, **given: Any) -> AccessDatastoreQuery:
    return event(
        AccessDatastoreQuery,
        at,
        **{"actor_ref": "sato", "dataset_id": "ds-members", "operation": "read", **given},
    )


CONTROL = Control(
    id="XBR-03",
    title=Text("未申告の越境移転の検知", "Undeclared cross-border flow found"),
    requirement=Text(
        "観測された国外の宛先・保存地域は台帳に申告済みであること。",
        "Observed destinations/regions abroad must be declared in the register.",
    ),
    sources=sources(
        seeds="PYX-6.1",
        appi="Art.28; Art.23",
        ppc_guideline="10-7; 3-8-1",
        pms_guideline="J.3.1.1; J.8.8.1*",
    ),
    params=Limits(),
    codes={
        "UNDECLARED": Code(
            "high",
            Text(
                "国外の宛先への送信が観測され、台帳にも過去の適法な提供にもその国がない"
                "（個人データを含まない外部送信は low）。",
                "Data was seen going to a country that neither the register nor an earlier good "
                "provision names; low for transmissions without personal data.",
            ),
            Text(
                "{subject}：台帳にない国（{country}）の {destination} へ送信した。",
                "{subject}: went to {destination} in {country}, which is not declared.",
            ),
        ),
        "FOREIGN_LOGIN_PD": Code(
            "medium",
            Text(
                "直近のログインが台帳にない国からである者が個人データを利用した。",
                "Personal data was read by somebody whose latest sign-in came from a country that "
                "is not declared.",
            ),
            Text(
                "{subject}：台帳にない国（{country}）から {dataset} を利用した。",
                "{subject}: {dataset} was read from {country}, which is not declared.",
            ),
        ),
    },
    checks=checks,
    evidence=Text("宛先、国、データ、件数", "Destination, country, dataset, count"),
    response=Text("台帳に申告するか、止める。", "Declare or stop."),
    false_positives=Text("エニーキャスト、VPN の出口", "Anycast, VPN exit"),
    examples=(
        breach(
            "UNDECLARED",
            "台帳にない米国へのアップロード",
            "uploaded to the US, which is not declared",
            dataset(countries=["JP"]),
            upload(),
            subject="ds-members|US|files.example",
            severity="high",
        ),
        fine(
            "UNDECLARED",
            "台帳にある米国へのアップロード",
            "uploaded to the US, which is declared",
            dataset(countries=["JP", "US"]),
            upload(),
        ),
        fine(
            "UNDECLARED",
            "遮断されたアップロード",
            "the upload was blocked",
            dataset(),
            upload(blocked=True),
        ),
        breach(
            "UNDECLARED",
            "最初の提供の一秒前のアップロード",
            "uploaded one second before the first provision",
            dataset(),
            transferred("2026-11-11 10:00:01"),
            upload(),
        ),
        fine(
            "UNDECLARED",
            "適法な提供の後のアップロード",
            "uploaded after a provision on good ground",
            dataset(),
            transferred("2026-11-11 10:00:00"),
            upload(),
        ),
        breach(
            "UNDECLARED",
            "根拠のない提供の後のアップロード",
            "uploaded after a provision on no ground",
            dataset(),
            transferred("2026-11-11 10:00:00", basis="none", xborder_basis="none"),
            upload(),
        ),
        breach(
            "UNDECLARED",
            "シンガポールの宛先を含むメール",
            "a mail with an address in Singapore",
            dataset(),
            mail(),
            subject="ds-members|SG|partner.example",
        ),
        breach(
            "UNDECLARED",
            "個人データを含まない国外への外部送信",
            "a tag abroad that carries no personal data",
            tag(contains_pd=False),
            subject="/checkout|US|tags.example",
            severity="low",
        ),
        fine(
            "UNDECLARED",
            "国内への外部送信",
            "a tag within Japan",
            tag(country="JP"),
        ),
        unknown(
            "UNDECLARED",
            "台帳にないデータのアップロード",
            "data that is not registered",
            upload(),
        ),
        breach(
            "FOREIGN_LOGIN_PD",
            "ベトナムからログインして読んだ",
            "read after a sign-in from Viet Nam",
            dataset(),
            granted(),
            login("2026-11-11 09:00:00"),
            query("2026-11-11 10:00:00"),
            subject="sato|ds-members|VN|2026-11-11",
            severity="medium",
        ),
        fine(
            "FOREIGN_LOGIN_PD",
            "国内からログインして読んだ",
            "read after a sign-in from Japan",
            dataset(),
            granted(),
            login("2026-11-11 09:00:00", country="JP"),
            query("2026-11-11 10:00:00"),
        ),
        fine(
            "FOREIGN_LOGIN_PD",
            "24 時間を過ぎたログイン",
            "the sign-in is more than twenty-four hours old",
            dataset(),
            granted(),
            login("2026-11-10 09:59:59"),
            query("2026-11-11 10:00:00"),
        ),
        breach(
            "FOREIGN_LOGIN_PD",
            "ちょうど 24 時間前のログイン",
            "the sign-in is exactly twenty-four hours old",
            dataset(),
            granted(),
            login("2026-11-10 10:00:00"),
            query("2026-11-11 10:00:00"),
        ),
        fine(
            "FOREIGN_LOGIN_PD",
            "その後国内からログインした",
            "signed in from Japan meanwhile",
            dataset(),
            granted(),
            login("2026-11-11 08:00:00"),
            login("2026-11-11 09:00:00", country="JP"),
            query("2026-11-11 10:00:00"),
        ),
        unknown(
            "FOREIGN_LOGIN_PD",
            "台帳にないデータを国外から読んだ",
            "data that is not registered, read from abroad",
            login("2026-11-11 09:00:00"),
            query("2026-11-11 10:00:00"),
        ),
    ),
)
