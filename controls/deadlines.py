"""The one way in which something that is due by a moment is judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from controls.calendar import day_end, jst_day
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


def comes_round(
    code: str,
    began: date,
    done: Iterable[int],
    due: Callable[[date], date],
    view: View,
    *,
    prefix: str = "",
    gone: date | None = None,
    **common: Any,
) -> Iterator[Judgement]:
    """A duty that comes round: one judgement a term, whose subject is `prefix` and the term's
    first day.

    A term begins on the day on which the duty was last done (`done`, ms), at the earliest with
    `began`, and ends with the day `due` of that; `gone` is the day from which nobody owes it any
    more.
    """
    times = sorted(done)
    spans = list(zip((max(jst_day(t), began) for t in times), [*times[1:], None], strict=False))
    if not times or jst_day(times[0]) > began:
        spans.insert(0, (began, times[0] if times else None))
    for start, next_one in spans:
        last = due(start)
        end = day_end(last)
        said: dict[str, Any] = {
            "subject": f"{prefix}{start}", "item": f"{code} {start}", "facts": {"last": f"{start}"},
            **common,
        }  # fmt: skip
        if last < began:
            continue
        if gone is not None and gone <= last:
            yield Judgement("not_applicable", at=day_end(start), **said)
        else:
            over = gone is not None
            yield due_by(end, next_one, code, view, begun=day_end(start), over=over, **said)
