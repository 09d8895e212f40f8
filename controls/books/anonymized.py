"""Sets of anonymized and pseudonymized data, and what was kept of their making."""

from __future__ import annotations

from typing import Any

from controls.books.core import DATASETS
from controls.events import AnonCreated, AnonProvided, AnonPublished, StatsCreated
from controls.registers import Register, View, field

ANON = Register("anon", (AnonCreated,), field("anon_id"))
"""Sets as they were made, by anon_id."""

ANON_DATASETS = Register(
    "anon_datasets", (AnonCreated,), lambda made: (made.dataset_id or made.anon_id,)
)
"""The same, by the dataset that came of it."""

ANON_SERIES = Register("anon_series", (AnonCreated,), field("series_id"))
"""The same, by their series."""

METHOD_INFO = Register("method_info", (AnonCreated,), field("method_info_dataset_id"))
"""The same, by the dataset that keeps what was removed and how."""

ANON_PUBLISHED = Register("anon_published", (AnonPublished,), field("anon_id"))
"""What was published of a set, by anon_id."""

ANON_PROVIDED = Register("anon_provided", (AnonProvided,), field("anon_id"))
"""To whom a set was provided, by anon_id."""


def method_info(dataset: str, at: int, view: View) -> bool:
    """A dataset of removed data and methods (Rules 32 and 35)."""
    line = view.latest(DATASETS, dataset, at)
    if line is not None and line.dataset_class == "method_info":
        return True
    return view.latest(METHOD_INFO, dataset, at) is not None


def anonymous(dataset: str, at: int, view: View) -> bool:
    """A dataset that is anonymized or pseudonymized."""
    line = view.latest(DATASETS, dataset, at)
    if line is not None and line.dataset_class in ("anonymized", "pseudonymized"):
        return True
    return view.latest(ANON_DATASETS, dataset, at) is not None


PSEUDONYMS_MAY_GO = ("law", "entrustment", "joint_use", "succession")
"""Grounds on which pseudonymized data may be handed over; consent is none (Art. 41(6))."""


def barred(provision: Any, view: View) -> bool:
    """A provision of pseudonymized data that no ground allows."""
    line = view.latest(DATASETS, provision.dataset_id, provision.occurred_at)
    ours = line is not None and line.dataset_class == "pseudonymized"
    return ours and provision.basis not in PSEUDONYMS_MAY_GO


def identifiable(line: Any) -> bool:
    """A dataset by which persons are identified."""
    if line.dataset_class in ("anonymized", "pseudonymized"):
        return False
    return bool(line.dataset_class == "method_info" or line.principals_estimate > 0)


SOURCE_STATS = Register("source_stats", (StatsCreated,), field("source_dataset_id"))
"""Statistics, by the dataset they were drawn from."""

BOOKS = (SOURCE_STATS, ANON, ANON_DATASETS, ANON_SERIES, METHOD_INFO, ANON_PUBLISHED, ANON_PROVIDED)
