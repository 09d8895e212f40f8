"""自身の行為 — what Shoseki itself did: exports, look-ups, silences, rules, keys, verification.

They pass through `books`, the same controls and the same ledger as everyone else's acts.
"""

from typing import Literal

from controls.events.envelope import Event, event
from controls.events.fields import Day, Instant, Int, Kept, Ref

__all__ = [
    "OwnEvent",
    "OwnExported",
    "OwnKeyDestroyed",
    "OwnLookedUp",
    "OwnRulesetChanged",
    "OwnSilenced",
    "OwnVerified",
]


@event(natural_key=("pack_id",), retention="pms")
class OwnExported(Event):
    """証跡の出力 — an evidence pack was made."""

    event_type: Literal["own.exported"] = "own.exported"
    pack_id: Kept[str]
    period_from: Kept[Day]
    period_to: Kept[Day]
    cut_at: Kept[Int]
    """Size of the ledger at the cut."""
    auditor_view: Kept[bool]
    rows: Kept[Int]
    by_ref: Ref


@event(natural_key=("lookup_id",), retention="pms")
class OwnLookedUp(Event):
    """仮名の照会 — a pseudonym was turned back into a person, by whom and why."""

    event_type: Literal["own.looked_up"] = "own.looked_up"
    lookup_id: Kept[str]
    subject_ref: Ref
    found: Kept[Int]
    by_ref: Ref
    approver_ref: Ref
    reason: Kept[str]


@event(natural_key=("silence_id",), retention="pms")
class OwnSilenced(Event):
    """警報の抑止 — alerts or a finding were silenced for a time."""

    event_type: Literal["own.silenced"] = "own.silenced"
    silence_id: Kept[str]
    control_id: Kept[str | None] = None
    subject_ref: Ref | None = None
    starts_at: Kept[Instant]
    ends_at: Kept[Instant]
    by_ref: Ref
    approver_ref: Ref
    reason: Kept[str]
    kind: Kept[Literal["silence", "exception"]]


@event(natural_key=("change_id", "step"), retention="pms")
class OwnRulesetChanged(Event):
    """規則の変更 — controls or parameters were proposed, promoted or retired."""

    event_type: Literal["own.ruleset_changed"] = "own.ruleset_changed"
    change_id: Kept[str]
    step: Kept[Literal["proposed", "promoted", "retired"]]
    from_fingerprint: Kept[str | None] = None
    to_fingerprint: Kept[str]
    control_ids: Kept[tuple[str, ...]]
    effective_from: Kept[Instant]
    author_ref: Ref
    approver_ref: Ref | None = None
    reason: Kept[str]
    diff_sha256: Kept[str | None] = None


@event(natural_key=("key_id",), retention="pms")
class OwnKeyDestroyed(Event):
    """鍵の破棄 — a year's evidence key was destroyed."""

    event_type: Literal["own.key_destroyed"] = "own.key_destroyed"
    key_year: Kept[Int]
    key_id: Kept[str]
    by_ref: Ref
    approver_ref: Ref
    reason: Kept[str]


@event(natural_key=("run_id",), retention="pms")
class OwnVerified(Event):
    """証跡の検証 — the chain was recomputed, and whether it held."""

    event_type: Literal["own.verified"] = "own.verified"
    run_id: Kept[str]
    from_size: Kept[Int]
    to_size: Kept[Int]
    ok: Kept[bool]
    first_bad: Kept[str | None] = None
    against_anchor: Kept[bool]


OwnEvent = (
    OwnExported | OwnLookedUp | OwnSilenced | OwnRulesetChanged | OwnKeyDestroyed | OwnVerified
)
"""Any event of this family."""
