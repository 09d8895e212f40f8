"""04: who was trained, of all who had to be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from controls.books.people import passed
from controls.calendar import day_end, jst_day
from controls.events import StaffChanged, TrainingCompleted, TrainingPlanned
from controls.kernel import Text
from streams.export.tables.table import Cells, Table, columns, day, listed
from streams.export.tables.told import Told, by

COLUMNS = columns(
    "fy | 年度",
    "course | 講座",
    "due | 期限",
    "dept | 部門",
    "population | 対象者数",
    "kinds | 区分別人数",
    "on_leave | 休職中",
    "completed | 受講",
    "passed | 合格",
    "makeup | 補講",
    "open | 未了者（仮名）",
    "unlinked | 年をまたぎ未突合の仮名 | pseudonyms of other years, not joined",
    "dates | 実施日",
)
ALL = "*"
YEAR = len("ps2026_")


@dataclass(slots=True)
class Person:
    """Somebody in the house: as what and where."""

    kind: str
    dept: str
    on_leave: bool


def training(told: Told) -> Table:
    changes = told.of(StaffChanged)
    completions = by(told.of(TrainingCompleted), "course_id")
    score = told.catalogue["HUM-01"].params.pass_score
    rows = [
        row
        for course in told.of(TrainingPlanned)
        if _concerned(course, told)
        for row in _rows(course, changes, completions.get(course.course_id, []), score, told)
    ]
    return Table(
        "04_training",
        Text("教育", "Training"),
        COLUMNS,
        rows,
        "training.planned of fiscal years in the period, training.completed, and everybody in the "
        "house on the due day (the cut's day if earlier) by staff.changed: officers, dispatched "
        "and people on leave too, contractors' own staff not; people are joined over years where "
        "a link is known; where it is not, what depends on it is left empty and only the whole "
        "house (*), joined minus left, is stated",
    )


def _concerned(course: TrainingPlanned, told: Told) -> bool:
    """Whether some of the course's time, from its plan to its due day, lies in the period."""
    period = told.period
    return course.occurred_at < period.end and day_end(course.due_on) > period.start


def _rows(
    course: TrainingPlanned,
    changes: Sequence[StaffChanged],
    completions: Sequence[TrainingCompleted],
    score: int,
    told: Told,
) -> Iterator[Cells]:
    on = min(course.due_on, jst_day(told.evidence.cut.at))
    known = [c for c in changes if c.kind != "contractor_staff" and c.effective_on <= on]
    people = {
        ref: person
        for ref, person in _roster(known, told).items()
        if course.audience in ("all", person.kind, person.dept)
    }
    taken: dict[str, list[TrainingCompleted]] = defaultdict(list)
    for done in completions:
        taken[told.same(done.person_ref)].append(done)
    years = {ref[:YEAR] for ref in (*people, *taken)}
    unlinked = {ref for ref in people if len(years) > 1 and not told.linked(ref)}
    common = (course.fiscal_year, course.course_id, day(course.due_on))
    for dept in sorted({person.dept for person in people.values()}):
        own = {ref: person for ref, person in people.items() if person.dept == dept}
        yield (*common, dept, *_cells(own, taken, score, unlinked & own.keys()))
    whole = list(_cells(people, taken, score, unlinked))
    if unlinked:  # every change is one person's, whoever it is
        if course.audience == "all":
            whole[0] = sum({"joined": 1, "left": -1}.get(c.change, 0) for c in known)
        whole[3:6] = _counts(taken, score)
    yield (*common, ALL, *whole)


def _roster(changes: Iterable[StaffChanged], told: Told) -> dict[str, Person]:
    """Who is in the house after these changes."""
    found: dict[str, Person] = {}
    for change in sorted(changes, key=lambda c: (c.effective_on, c.occurred_at)):
        ref = told.same(change.person_ref)
        if change.change == "left":
            found.pop(ref, None)
        else:
            away = change.change == "leave_start"
            found[ref] = Person(change.kind, change.dept_id, away)
    return found


def _cells(
    people: Mapping[str, Person],
    taken: Mapping[str, Sequence[TrainingCompleted]],
    score: int,
    unlinked: Collection[str],
) -> Cells:
    """The cells from `population` on; what is not known of people under other years' pseudonyms
    is empty."""
    own = {ref: taken[ref] for ref in people if ref in taken}
    dates = listed(map(day, sorted({done.completed_on for line in own.values() for done in line})))
    if unlinked:
        return None, None, None, None, None, None, None, len(unlinked), dates
    kinds = Counter(person.kind for person in people.values())
    waiting = [ref for ref in people if not _passed(own.get(ref, ()), score)]
    return (
        len(people),
        listed(f"{kind} {count}" for kind, count in sorted(kinds.items())),
        sum(person.on_leave for person in people.values()),
        *_counts(own, score),
        listed(sorted(waiting)),
        0,
        dates,
    )


def _counts(taken: Mapping[str, Sequence[TrainingCompleted]], score: int) -> tuple[int, int, int]:
    """How many completed the course, passed it, and did so in a make-up."""
    lines = taken.values()
    return (
        len(lines),
        sum(_passed(line, score) for line in lines),
        sum(any(done.makeup for done in line) for line in lines),
    )


def _passed(line: Sequence[TrainingCompleted], score: int) -> bool:
    return any(passed(done, score) for done in line)
