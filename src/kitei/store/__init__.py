"""Where things are kept: the ledger and what lies beside it, on SQLite or PostgreSQL.

What records is loaded when it is first named: a command that only looks at a ledger does without SQLAlchemy,
which takes longer to load than everything else together.
"""

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kitei.store.errors import StoreError
from kitei.store.glance import Glance
from kitei.store.party import Party

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from kitei.store.book import SqlBook, open_book
    from kitei.store.shelf import Heard, Published, Shelf

__all__ = [
    "Connection",
    "Glance",
    "Heard",
    "Party",
    "Published",
    "Shelf",
    "SqlBook",
    "StoreError",
    "open_book",
]

_MODULES: Final[Mapping[str, str]] = {
    "Connection": "sqlalchemy",
    "SqlBook": "kitei.store.book",
    "open_book": "kitei.store.book",
    "Heard": "kitei.store.shelf",
    "Published": "kitei.store.shelf",
    "Shelf": "kitei.store.shelf",
}


def __getattr__(name: str) -> Any:
    """A public name that is loaded when it is first used (PEP 562)."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULES[name]), name)
