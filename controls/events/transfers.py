"""第三者提供・共同利用・外国提供 — personal data that leaves for someone else, and its records.

Basis: APPI Arts. 27 to 31. The record with names stays in the source system; an event holds
ids and counts.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Addresses, Country, Day, Instant, Int, Kept, Ref, Refs

__all__ = [
    "CountryAssessed",
    "EmailSent",
    "ForeignRecipientChecked",
    "JointuseAnnounced",
    "JointuseShared",
    "OptoutFiled",
    "RecipientRegistered",
    "TransferEvent",
    "TransferPersonalRelated",
    "TransferProvided",
    "TransferReceiptChecked",
    "TransferRecordCreated",
]


@event(natural_key=("recipient_id", "occurred_at"), retention="register")
class RecipientRegistered(Event):
    """提供先台帳 — a party that may receive data, its country and limits."""

    event_type: Literal["recipient.registered"] = "recipient.registered"
    recipient_id: Kept[str]
    legal_entity_country: Kept[Country]
    kind: Kept[
        Literal[
            "third_party",
            "contractor",
            "joint_user",
            "public_body",
            "advertiser",
            "prize_provider",
            "card_company",
            "group_agency",
        ]
    ]
    non_identifying_only: Kept[bool]
    fields_allowed: Kept[tuple[str, ...]]
    purpose_codes: Kept[tuple[str, ...]]
    valid_to: Kept[Day | None] = None
    own_entity: Kept[bool | None] = None
    """A branch or office of our own legal entity."""


@event(natural_key=("provision_id",), retention="provision")
class TransferProvided(Event):
    """第三者提供 — personal data was provided, on which basis."""

    event_type: Literal["transfer.provided"] = "transfer.provided"
    provision_id: Kept[str]
    dataset_id: Kept[str]
    recipient_id: Kept[str]
    recipient_kind: Kept[
        Literal["third_party", "contractor", "joint_user", "successor", "public_body", "principal"]
    ]
    recipient_country: Kept[Country]
    basis: Kept[
        Literal[
            "consent",
            "law",
            "life_property",
            "public_health",
            "public_body",
            "academic",
            "opt_out",
            "entrustment",
            "succession",
            "joint_use",
            "none",
        ]
    ]
    basis_doc_ref: Ref | None = None
    fields: Kept[tuple[str, ...]]
    principal_refs: Refs
    principals_count: Kept[Int]
    purpose_code: Kept[str]
    approver_ref: Ref | None = None
    recurring: Kept[bool]
    xborder_basis: Kept[
        Literal["na", "equiv_country", "equiv_system", "consent", "art27_1", "none"]
    ]
    scheme_id: Kept[str | None] = None
    """The joint-use scheme or opt-out filing it relies on."""


@event(natural_key=("record_id",), retention="provision")
class TransferRecordCreated(Event):
    """提供・受領記録 — the record of Arts. 29 and 30 was made."""

    event_type: Literal["transfer.record_created"] = "transfer.record_created"
    provision_id: Kept[str]
    record_id: Kept[str]
    side: Kept[Literal["provider", "recipient"]]
    method: Kept[Literal["each", "batch", "contract_substitute"]]
    items_present: Kept[
        tuple[
            Literal[
                "date",
                "recipient_name",
                "recipient_address",
                "recipient_representative",
                "principal_id",
                "data_items",
                "consent_fact",
                "acquisition_history",
                "optout_published",
            ],
            ...,
        ]
    ]
    last_provided_on: Kept[Day | None] = None
    retain_until: Kept[Day]
    period_from: Kept[Day | None] = None
    """Method batch: the first day covered."""


@event(natural_key=("provision_id",), retention="provision")
class TransferReceiptChecked(Event):
    """受領時の確認 — who provided it and how they came by it (Art. 30)."""

    event_type: Literal["transfer.receipt_checked"] = "transfer.receipt_checked"
    provision_id: Kept[str]
    dataset_id: Kept[str]
    provider_id: Kept[str]
    provider_name_checked: Kept[bool]
    acquisition_history_checked: Kept[bool]
    check_method: Kept[str]
    own_purpose_notified: Kept[bool]
    art31_consent: Kept[bool | None] = None


@event(natural_key=("provision_id",), retention="provision")
class TransferPersonalRelated(Event):
    """個人関連情報 — data that may become personal with the recipient (Art. 31)."""

    event_type: Literal["transfer.personal_related"] = "transfer.personal_related"
    provision_id: Kept[str]
    direction: Kept[Literal["provided", "received"]]
    counterparty_id: Kept[str]
    items: Kept[tuple[str, ...]]
    becomes_personal_data: Kept[bool]
    consent_confirmed: Kept[bool]
    confirm_method: Kept[str | None] = None
    foreign_info_confirmed: Kept[bool | None] = None
    country: Kept[Country]
    record_id: Kept[str | None] = None
    identification_banned: Kept[bool | None] = None
    """The contract bans identification by the recipient."""


@event(natural_key=("scheme_id", "announced_at"), retention="register")
class JointuseAnnounced(Event):
    """共同利用の公表 — the matters of Art. 27(5)(iii) were published."""

    event_type: Literal["jointuse.announced"] = "jointuse.announced"
    scheme_id: Kept[str]
    items: Kept[tuple[str, ...]]
    member_ids: Kept[tuple[str, ...]]
    purpose_codes: Kept[tuple[str, ...]]
    responsible_name_addr_rep: Kept[bool]
    announced_at: Kept[Instant]
    url: Kept[str]
    agreement_ref: Ref | None = None


@event(natural_key=("provision_id",), retention="provision")
class JointuseShared(Event):
    """共同利用 — data went to another member of a joint-use scheme."""

    event_type: Literal["jointuse.shared"] = "jointuse.shared"
    scheme_id: Kept[str]
    from_id: Kept[str]
    to_id: Kept[str]
    dataset_id: Kept[str]
    fields: Kept[tuple[str, ...]]
    purpose_code: Kept[str]
    to_country: Kept[Country]
    principals_count: Kept[Int]
    provision_id: Kept[str | None] = None
    xborder_basis: Kept[
        Literal["na", "equiv_country", "equiv_system", "consent", "art27_1", "none"] | None
    ] = None
    principal_refs: Refs | None = None


@event(natural_key=("scheme_id", "filed_to_ppc_at"), retention="register")
class OptoutFiled(Event):
    """オプトアウト届出 — the filing with the PPC under Art. 27(2)."""

    event_type: Literal["optout.filed"] = "optout.filed"
    scheme_id: Kept[str]
    filed_to_ppc_at: Kept[Instant]
    announced_at: Kept[Instant]
    items: Kept[tuple[str, ...]]
    status: Kept[Literal["active", "changed", "ended"]]


@event(natural_key=("recipient_id", "occurred_at"), retention="register")
class ForeignRecipientChecked(Event):
    """外国提供先の確認 — the yearly check of a recipient abroad (Art. 28(3))."""

    event_type: Literal["foreign.recipient_checked"] = "foreign.recipient_checked"
    recipient_id: Kept[str]
    country: Kept[Country]
    system_basis: Kept[Literal["contract", "group_rules", "cbpr", "none"]]
    measures_ok: Kept[bool]
    regime_concern: Kept[Literal["none", "present"]]
    obstruction: Kept[Literal["none", "remediable", "continuing"]]
    action_taken: Kept[str | None] = None
    next_due: Kept[Day]


@event(natural_key=("country", "assessed_on"), retention="register")
class CountryAssessed(Event):
    """外国制度の調査 — a country's regime was looked into."""

    event_type: Literal["country.assessed"] = "country.assessed"
    country: Kept[Country]
    assessed_on: Kept[Day]
    sources: Kept[tuple[str, ...]]
    measures: Kept[tuple[str, ...]]
    valid_until: Kept[Day]


@event(lane="access", lane_key="actor_ref", natural_key=("message_id",), retention="log")
class EmailSent(Event):
    """メール送信 — a mail left, to how many and with what in it."""

    event_type: Literal["email.sent"] = "email.sent"
    message_id: Ref
    recipients: Addresses
    external_domains: Kept[tuple[str, ...]]
    external_count: Kept[Int]
    to_cc_count: Kept[Int]
    bcc_count: Kept[Int]
    attachments: Kept[Int]
    attachment_dataset_id: Kept[str | None] = None
    dlp_principals: Kept[Int]
    attachment_encrypted: Kept[bool]
    body_has_pd: Kept[bool]
    mass_mail_id: Kept[str | None] = None
    recalled: Kept[bool]
    misdirected: Kept[Literal["no", "suspected", "confirmed"]]
    to_principal: Kept[bool | None] = None
    own_freemail: Kept[bool | None] = None
    recipient_countries: Kept[tuple[Country, ...] | None] = None


TransferEvent = (
    RecipientRegistered
    | TransferProvided
    | TransferRecordCreated
    | TransferReceiptChecked
    | TransferPersonalRelated
    | JointuseAnnounced
    | JointuseShared
    | OptoutFiled
    | ForeignRecipientChecked
    | CountryAssessed
    | EmailSent
)
"""Any event of this family."""
