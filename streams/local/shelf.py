"""The older segments of a partition: all by name, the last few used with their index."""

from collections import OrderedDict

from .segment import Segment, bases, path_of

OPEN = 2
"""Older segments whose index stays in memory while somebody reads them."""


class Shelf:
    """Segments by their first offsets, ascending, the one that is written to included."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.bases: list[int] = []
        self._open: OrderedDict[int, Segment] = OrderedDict()

    def reload(self, end: int | None = None) -> None:
        """Read the names anew, up to an offset."""
        self.bases = [base for base in bases(self.folder) if end is None or base <= end]

    def at(self, offset: int) -> tuple[Segment, int]:
        """The older segment an offset is in, and the first offset of the one after it."""
        place = max(at for at, base in enumerate(self.bases) if base <= offset)
        base, following = self.bases[place], self.bases[place + 1]
        segment = self._open.pop(base, None)
        if segment is None:
            segment = Segment(path_of(self.folder, base), base)
            segment.add(segment.look(verify=False))
        self.keep(segment)
        return segment, following

    def keep(self, segment: Segment) -> None:
        """Have a segment at hand; the one not used for longest is closed for it."""
        self._open[segment.base] = segment
        while len(self._open) > OPEN:
            self._open.popitem(last=False)[1].close()

    def remove(self, base: int) -> None:
        """Forget a segment that is gone."""
        self.bases.remove(base)
        if segment := self._open.pop(base, None):
            segment.close()

    def close(self) -> None:
        """Give the descriptors back."""
        while self._open:
            self._open.popitem()[1].close()
