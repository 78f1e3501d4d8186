"""Reading raw terms: a provider's own text as a tree of provisions, and what is amiss in its drafting.

Pure, and taught no document: what it knows is how Japanese terms are written.
"""

from kitei.terms.reading.building import read_terms
from kitei.terms.reading.passages import Document, Noise, Passage, Piece, Sentence, sentences_of

__all__ = ["Document", "Noise", "Passage", "Piece", "Sentence", "read_terms", "sentences_of"]
