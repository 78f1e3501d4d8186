"""Where reading stands: the part at the top, and the deepest passage that is open below it."""

from collections.abc import Sequence

from kitei.terms.reading.drafts import Draft
from kitei.terms.reading.lines import Line


class Standing:
    """Where reading stands: the part at the top, and the deepest passage that is open below it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.tops: list[Draft] = []
        self.stack: list[Draft] = []
        self.before: Line | None = None
        self.is_wide_table = False

    @property
    def here(self) -> Draft:
        if not self.stack:
            self.open_top(Draft("front", "front"))
        return self.stack[-1]

    @property
    def top(self) -> Draft | None:
        return self.stack[0] if self.stack else None

    def open_top(self, draft: Draft) -> Draft:
        self.tops.append(draft)
        self.stack = [draft]
        return draft

    def below(self, kind: str) -> Draft | None:
        return next((each for each in reversed(self.stack) if each.kind == kind), None)

    def enter(self, parent: Draft, child: Draft) -> Draft:
        self.stack = [*self.stack[: self.stack.index(parent) + 1], child]
        return child

    @property
    def is_settled(self) -> bool:
        """Whether what was read last could be whole."""
        return self.before is None or self.before.is_complete or self.here.in_table or not self.here.pieces

    def table(self) -> Draft | None:
        return self.here if self.stack and self.here.in_table else None

    def holder(self) -> Draft:
        return self.table() or self.body()

    def end_table(self) -> None:
        if self.stack:
            self.here.in_table = False
        self.is_wide_table = False

    def body(self) -> Draft:
        """Who takes running text here: an article or an edition opens its first paragraph for it."""
        here = self.here
        if here.kind in ("article", "edition") and not here.children:
            return self.enter(here, here.open("paragraph", f"{here.id}.1", "1", implied=True))
        return here
