"""Whom a part of the network serves, and why."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """Why a part exists: the contract it serves and the provisions, as `kitei.terms.Cite` text."""

    owner: str
    cites: tuple[str, ...]
