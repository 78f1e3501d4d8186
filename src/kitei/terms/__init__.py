"""Provisions, editions by date, named conventions and the civil-law calendar."""

from kitei.terms.cites import Cite

__all__ = ["Cite"]
