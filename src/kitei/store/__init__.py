"""Where things are kept: the ledger and what lies beside it, on SQLite or PostgreSQL."""

from sqlalchemy import Connection

from kitei.store.book import SqlBook, open_book
from kitei.store.errors import StoreError
from kitei.store.shelf import Heard, Party, Published, Shelf

__all__ = [
    "Connection",
    "Heard",
    "Party",
    "Published",
    "Shelf",
    "SqlBook",
    "StoreError",
    "open_book",
]
