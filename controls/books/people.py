"""Who comes and goes, and what is carried out of the house."""

from __future__ import annotations

from controls.events import ApprovalGranted, AssetTakenOut
from controls.registers import Register, field

APPROVAL_IDS = Register("approval_ids", (ApprovalGranted,), field("approval_id"))
"""Approvals, by approval_id."""

TAKEOUTS = Register("takeouts", (AssetTakenOut,), field("approval_id"))
"""What was taken out, by the approval that its line names."""

BOOKS = (APPROVAL_IDS, TAKEOUTS)
