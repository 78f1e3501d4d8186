"""Reading raw terms: a provider's own text as a tree of provisions, and what is amiss in its drafting.

Pure, and taught no document: what it knows is how Japanese terms are written.
"""

from kitei.terms.reading.building import read_terms
from kitei.terms.reading.flaws import CHECKS, SURE, Confidence, Flaw, Place
from kitei.terms.reading.linting import lint_terms
from kitei.terms.reading.passages import Document, Noise, Passage, Piece, Sentence
from kitei.terms.reading.references import Reference

__all__ = [
    "CHECKS",
    "SURE",
    "Confidence",
    "Document",
    "Flaw",
    "Noise",
    "Passage",
    "Piece",
    "Place",
    "Reference",
    "Sentence",
    "lint_terms",
    "read_terms",
]
