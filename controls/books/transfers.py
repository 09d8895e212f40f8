"""Who receives data, in which country, on what ground."""

from __future__ import annotations

from typing import Any

from controls.books.core import RECIPIENTS
from controls.events import (
    ContractorDataEntrusted,
    ForeignRecipientChecked,
    JointuseShared,
    LinkExecuted,
    TransferProvided,
)
from controls.registers import Register, View, field


def recipient(provision: Any) -> str:
    """Who received it: a third party, a contractor or a joint user."""
    if isinstance(provision, TransferProvided):
        return provision.recipient_id
    if isinstance(provision, ContractorDataEntrusted):
        return provision.contractor_id
    assert isinstance(provision, JointuseShared)
    return provision.to_id


def observed_country(provision: Any) -> str:
    """The country that the provision itself names."""
    if isinstance(provision, TransferProvided):
        return provision.recipient_country
    if isinstance(provision, ContractorDataEntrusted):
        return provision.country
    assert isinstance(provision, JointuseShared)
    return provision.to_country


def country(provision: Any, view: View) -> str:
    """Where the receiving entity is at home, as registered; else as the provision says."""
    entity = view.latest(RECIPIENTS, recipient(provision), provision.occurred_at)
    return entity.legal_entity_country if entity is not None else observed_country(provision)


def own_entity(provision: Any, view: View) -> bool:
    """The recipient is a branch or office of our own legal entity."""
    entity = view.latest(RECIPIENTS, recipient(provision), provision.occurred_at)
    return entity is not None and bool(entity.own_entity)


PROVIDED = (TransferProvided, ContractorDataEntrusted, JointuseShared)
"""Every way of handing data over."""

RECIPIENT_PROVISIONS = Register("recipient_provisions", PROVIDED, lambda p: (recipient(p),))
"""What was handed over, by who received it."""

DATASET_PROVISIONS = Register("dataset_provisions", PROVIDED, field("dataset_id"))
"""The same, by the dataset that it came from."""

DATASET_LINKS = Register("dataset_links", (LinkExecuted,), lambda link: link.dataset_ids)
"""Jobs that linked datasets, by each dataset they used."""

CHECKS = Register("checks", (ForeignRecipientChecked,), field("recipient_id"))
"""Checks of the systems of recipients abroad, by recipient_id."""

BOOKS = (RECIPIENT_PROVISIONS, DATASET_PROVISIONS, DATASET_LINKS, CHECKS)
