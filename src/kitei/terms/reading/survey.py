"""What the checks look at: the document, its index, its references and its names, gathered once."""

from collections.abc import Iterator
from dataclasses import dataclass

from kitei.terms.reading.index import Index, index_of
from kitei.terms.reading.names import Names, names_of
from kitei.terms.reading.passages import Document, Passage
from kitei.terms.reading.references import Reference, references_in


@dataclass(frozen=True, slots=True)
class Survey:
    document: Document
    index: Index
    references: tuple[Reference, ...]
    names: Names

    def target(self, reference: Reference) -> Passage | None:
        """The passage a reference leads to, if it leads to one of this document."""
        return None if reference.other else self.index.by_id.get(reference.target or "")

    def uses(self) -> Iterator[tuple[Passage, str]]:
        """The passages whose words are of today, with their text: not the supplement, which speaks of the past."""
        for passage in self.document.walk():
            if not passage.id.startswith(("suppl", "front")):
                yield passage, passage.text

    def paragraph(self, passage: Passage) -> Passage:
        """The paragraph a passage lies in, or itself."""
        return self.index.holder(passage, "paragraph") or passage


def survey_of(document: Document) -> Survey:
    index = index_of(document)
    references = tuple(each for passage in document.walk() for each in references_in(index, passage))
    return Survey(document, index, references, names_of(index))
