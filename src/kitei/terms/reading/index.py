"""A document with its ids, its parents and its neighbours at hand."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kitei.terms.reading.passages import Document, Passage


@dataclass(frozen=True, slots=True)
class Index:
    """`by_id` has the first of each id; `parents` goes by object identity (ids of broken texts may repeat)."""

    document: Document
    by_id: Mapping[str, Passage]
    parents: Mapping[int, Passage]

    def above(self, passage: Passage) -> Iterator[Passage]:
        """What it lies in, the nearest first."""
        while (parent := self.parents.get(id(passage))) is not None:
            yield parent
            passage = parent

    def holder(self, passage: Passage, *kinds: str) -> Passage | None:
        """The passage itself, or the nearest above it, of these kinds."""
        return next((each for each in (passage, *self.above(passage)) if each.kind in kinds), None)

    def siblings(self, passage: Passage) -> tuple[Passage, ...]:
        """Those of its kind beside it, itself included."""
        parent = self.parents.get(id(passage))
        around = parent.children if parent else self.document.passages
        return tuple(each for each in around if each.kind == passage.kind)

    def before(self, passage: Passage, steps: int = 1) -> Passage | None:
        """The one `steps` before it among its kind."""
        return self._beside(passage, -steps)

    def after(self, passage: Passage) -> Passage | None:
        return self._beside(passage, 1)

    def _beside(self, passage: Passage, steps: int) -> Passage | None:
        around = self.siblings(passage)
        place = next(index for index, each in enumerate(around) if each is passage) + steps
        return around[place] if 0 <= place < len(around) else None


def index_of(document: Document) -> Index:
    by_id: dict[str, Passage] = {}
    parents: dict[int, Passage] = {}
    for passage in document.walk():
        by_id.setdefault(passage.id, passage)
        parents.update({id(child): passage for child in passage.children})
    return Index(document, by_id, parents)
