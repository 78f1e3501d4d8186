"""All checks over one document, in the order of the text."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kitei.terms.reading.checks import (
    counting,
    dating,
    evenness,
    layout,
    naming,
    pointing,
    schedules,
    spelling,
    wording,
)
from kitei.terms.reading.flaws import SURE, Flaw
from kitei.terms.reading.passages import Document
from kitei.terms.reading.survey import Survey, survey_of

Check: TypeAlias = Callable[[Survey], Iterator[Flaw]]

_CHECKS: tuple[Check, ...] = (
    pointing.missing,
    pointing.headings,
    pointing.named_items,
    pointing.topics,
    pointing.notwithstanding,
    pointing.forms,
    pointing.heading_forms,
    pointing.twice,
    pointing.afar,
    schedules.belonging,
    schedules.shared,
    schedules.mutual,
    schedules.uncited,
    schedules.fees,
    schedules.vague,
    naming.chosen,
    spelling.options,
    spelling.near_misses,
    spelling.families,
    spelling.trade_names,
    naming.broken,
    naming.undefined,
    naming.anchors,
    counting.numbers,
    counting.unnumbered,
    counting.lists_of_one,
    counting.each_of_one,
    counting.inclusions,
    counting.prices,
    counting.parallels,
    dating.impossible,
    dating.editions,
    dating.deadlines,
    dating.transitions,
    dating.spans,
    wording.brackets,
    wording.doubled,
    wording.dropped,
    wording.ends,
    wording.contradictions,
    evenness.exemptions,
    evenness.effects,
    evenness.days,
    evenness.hours,
    evenness.empty_exceptions,
    evenness.cases,
    evenness.columns,
    evenness.terms,
    evenness.limits,
    evenness.units,
    evenness.bare_families,
    evenness.wordings,
    layout.cut_sentences,
    layout.cut_tables,
    layout.spellings,
    layout.widths,
    layout.numerals,
    layout.marks,
    layout.designations,
    layout.outside,
    layout.amounts,
    layout.alternatives,
)


def lint_terms(document: Document) -> tuple[Flaw, ...]:
    """What is amiss, by line; at one line the surest first. The same flaw by the same check is told once."""
    survey = survey_of(document)
    found = {
        (each.check, each.place, each.quote): each
        for check in _CHECKS
        for each in reversed(list(check(survey)))
    }
    return tuple(
        sorted(found.values(), key=lambda each: (each.place.line, SURE.index(each.confidence), each.check))
    )
