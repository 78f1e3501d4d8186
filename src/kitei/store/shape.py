"""The shape of the tables, which every program that opens a store has to know."""

from typing import Final

from kitei.store.errors import StoreError
from kitei.values import Words

SHAPE: Final = 1
"""The number of this shape of tables; a store of a later one is refused."""


def other_shape(shape: int) -> StoreError:
    """What is said of a store that this program does not know."""
    return StoreError(
        Words(
            f"台帳の様式は {shape} ですが、このプログラムが扱えるのは {SHAPE} です。"
            "その様式のプログラムを使ってください",
            f"the store has shape {shape}, and this program knows shape {SHAPE} alone; use the one it needs",
        )
    )
