"""Provisions, editions by date, named conventions and the civil-law calendar."""

from kitei.terms.calendar import (
    days_after,
    is_before_end,
    later_of,
    months_after,
    remaining,
    remaining_months,
    term_last_day,
)
from kitei.terms.cites import Cite
from kitei.terms.comparison import Row, compare
from kitei.terms.conventions import Convention, Conventions, Reading, Setting, known_conventions
from kitei.terms.coverage import Coverage, Spoken, coverage
from kitei.terms.editions import Edition, Terms
from kitei.terms.loading import load_edition, load_terms
from kitei.terms.provisions import Defect, Honoured, Provision
from kitei.terms.tables import FaultyTerms
from kitei.terms.transitions import Standing, Transition, carry_over, withdrawn
from kitei.terms.values import Choice, Value, plain_name

__all__ = [
    "Choice",
    "Cite",
    "Convention",
    "Conventions",
    "Coverage",
    "Defect",
    "Edition",
    "FaultyTerms",
    "Honoured",
    "Provision",
    "Reading",
    "Row",
    "Setting",
    "Spoken",
    "Standing",
    "Terms",
    "Transition",
    "Value",
    "carry_over",
    "compare",
    "coverage",
    "days_after",
    "is_before_end",
    "known_conventions",
    "later_of",
    "load_edition",
    "load_terms",
    "months_after",
    "plain_name",
    "remaining",
    "remaining_months",
    "term_last_day",
    "withdrawn",
]
