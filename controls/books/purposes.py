"""Purposes of use as they changed, and as a use is compared with them."""

from __future__ import annotations

from typing import Any

from controls.books.contractors import ENTRUSTED
from controls.books.core import DATASETS
from controls.events import PurposeChanged
from controls.registers import Register, View, field

PURPOSE_CHANGES = Register("purpose_changes", (PurposeChanged,), field("dataset_id"))
"""Changes of purpose, by dataset_id."""


def new_codes(change: PurposeChanged) -> set[str]:
    return set(change.new_codes) - set(change.old_codes)


CODE_CHANGES = Register("code_changes", (PurposeChanged,), new_codes)
"""The same, by each purpose that they brought in."""


def changed(dataset: str, code: str, at: int, view: View) -> PurposeChanged | None:
    """The latest change of purpose up to that moment (ms) that brought the code in."""
    return view.latest(PURPOSE_CHANGES, dataset, at, lambda c: code in new_codes(c))


def entrusted(line: Any, at: int, view: View) -> bool:
    """A client's data."""
    return bool(line.entrusted_by) or view.latest(ENTRUSTED, line.dataset_id, at) is not None


def registered(dataset: str, at: int, view: View) -> Any | None:
    """The line of a dataset in force at that moment (ms)."""
    return view.latest(DATASETS, dataset, at)


BOOKS = (PURPOSE_CHANGES, CODE_CHANGES)
