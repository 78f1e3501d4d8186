"""From a template to HTML, and from HTML to the same PDF every time."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from kitei.office.papers.speech import day_text, span_text, yen_text
from kitei.terms import Cite
from kitei.values import Language, Words


def page(template: str, language: Language, **values: Any) -> str:
    """A whole HTML document. Names that a template uses and nobody gave are errors."""
    return _press().get_template(template).render(language=language, say=_Say(language), **values)


def pdf_of(html: str, made_on: date, identifier: str) -> bytes:
    """The HTML as PDF. Its dates and its identifier are given, so that equal HTML makes equal bytes."""
    import weasyprint  # takes half a second, which only who prints pays

    document: Any = weasyprint.HTML

    made = datetime(made_on.year, made_on.month, made_on.day, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    dated = html.replace(
        "</head>",
        f'<meta name="dcterms.created" content="{made}">'
        f'<meta name="dcterms.modified" content="{made}"></head>',
        1,
    )
    printed: bytes = document(
        string=dated, base_url="about:blank", url_fetcher=_nothing_from_outside
    ).write_pdf(pdf_identifier=identifier.encode())
    return printed


def _nothing_from_outside(url: str, *_: object, **__: object) -> Mapping[str, Any]:
    raise ValueError(f"a paper needs nothing from outside, and {url!r} is")


class _Say:
    """Chooses the paper's language: `say(words)`, `say.day(day)`, `say.yen(amount)` ..."""

    def __init__(self, language: Language) -> None:
        self.language = language

    def __call__(self, words: Words) -> str:
        return words.to(self.language)

    def day(self, day: date) -> str:
        return day_text(day).to(self.language)

    def span(self, span: Any) -> str:
        return span_text(span).to(self.language)

    def yen(self, amount: int) -> str:
        return yen_text(amount)

    def article(self, cite: str) -> str:
        return Cite.parse(cite).words.to(self.language)


@cache
def _press() -> Environment:
    return Environment(
        loader=PackageLoader("kitei.office.papers", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
