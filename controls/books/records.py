"""Records that are kept for a time, what is held back, and what was disposed of."""

from __future__ import annotations

from controls.events import HoldChanged, RecordDisposed, RecordRetention, RequestResponded
from controls.registers import Register, field

RESPONSES = Register("responses", (RequestResponded,), field("request_id"))
"""Answers to requests of principals, by request_id."""

REQUEST_RECORDS = Register("request_records", (RecordRetention,), field("request_id"))
"""Records of a request's papers, by request_id."""

DATASET_RECORDS = Register("dataset_records", (RecordRetention,), field("dataset_id"))
"""Records of a dataset's data, by dataset_id."""

DISPOSALS = Register("disposals", (RecordDisposed,), field("record_id"))
"""What was disposed of, by record_id."""

DUPLICATES = Register("duplicates", (RecordDisposed,), field("duplicate_of"))
"""Copies that were disposed of, by the record of which they were one."""

HOLDS = Register("holds", (HoldChanged,), field("record_id"))
"""Records held back and released again, by record_id."""

BOOKS = (HOLDS, RESPONSES, REQUEST_RECORDS, DATASET_RECORDS, DISPOSALS, DUPLICATES)
