"""Provisions as people are shown them."""

from collections.abc import Iterable
from dataclasses import dataclass

from kitei.catalogue import SERVICES, service_named
from kitei.terms import Cite
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Provided:
    """A provision as it is shown: its citation, heading and gist."""

    cite: str
    heading: Words
    gist: Words


def provided(cites: Iterable[str]) -> tuple[Provided, ...]:
    """Citations with heading and gist, each once; one of terms not held here shows as it is."""
    found: list[Provided] = []
    for text in dict.fromkeys(cites):
        cite = Cite.parse(text)
        if cite.service not in SERVICES:
            found.append(Provided(text, Words(text, text), Words("", "")))
            continue
        edition = service_named(cite.service).terms.named(cite.edition)
        provision = edition.provisions.get(cite.path) or edition.provision(cite.plain)
        found.append(Provided(text, provision.heading, provision.gist))
    return tuple(found)
