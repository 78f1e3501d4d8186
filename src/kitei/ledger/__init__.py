"""What happened, and when we knew: facts, entries, the append-only port, and contracts folded from them."""

from kitei.ledger.book import Book, ConcurrentAppend
from kitei.ledger.facts import Entry, Fact

__all__ = ["Book", "ConcurrentAppend", "Entry", "Fact"]
