"""The one way in which something that is due by a moment is judged."""

from __future__ import annotations

from typing import Any

from controls.kernel import Judgement
from controls.registers import View


def due_by(
    end: int,
    done: int | None,
    code: str,
    view: View,
    *,
    begun: int,
    over: bool = False,
    **common: Any,
) -> Judgement:
    """Pass where it was done by `end` (ms), the end included; violation where it was done later
    (closed: it stays one) or is still open after that; until then nothing is said.

    `begun` is since when it was awaited (ms); `over` closes a violation for another reason.
    """
    if done is not None and done <= end:
        return Judgement("pass", at=done, **common)
    if done is None and view.now <= end:
        return Judgement("not_applicable", at=begun, until=end, **common)
    closed = over or done is not None
    return Judgement("violation", code, at=end, detected=end, since=begun, closed=closed, **common)
