"""What happened, and when we knew: facts, entries, the append-only port, and contracts folded from them."""

from kitei.ledger.book import Book, ConcurrentAppend, UnreadableEntry
from kitei.ledger.facts import STRUCK, Entry, Fact, standing, strike
from kitei.ledger.verify import BadEntry, Verification, verify, verify_entries

__all__ = [
    "STRUCK",
    "BadEntry",
    "Book",
    "ConcurrentAppend",
    "Entry",
    "Fact",
    "UnreadableEntry",
    "Verification",
    "standing",
    "strike",
    "verify",
    "verify_entries",
]
