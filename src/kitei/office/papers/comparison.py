"""Two editions beside each other as a paper: the 新旧対照表 that goes with a change of terms."""

from typing import Final

from kitei.office.papers.press import page, pdf_of
from kitei.terms import Cite, Edition, compare
from kitei.values import JsonObject, Language, Words, digest_of

KINDS: Final = {
    "added": Words("新設", "new"),
    "removed": Words("削除", "removed"),
    "moved": Words("移動", "moved"),
    "changed": Words("変更", "changed"),
}


def comparison_html(old: Edition, new: Edition, title: Words, language: Language) -> str:
    """The table as one HTML document; what is the same in both is left out."""
    return page(
        "comparison.html",
        language,
        old=old,
        new=new,
        service=title,
        rows=[(row, KINDS[row.kind]) for row in compare(old, new)],
        article=place_text,
    )


def comparison_pdf(old: Edition, new: Edition, title: Words, language: Language) -> bytes:
    """The table as PDF, A4. The same editions make the same bytes, on the same programs and fonts."""
    made_of: JsonObject = {"old": old.digest, "new": new.digest}
    identifier = f"{digest_of(made_of)}-{language}"
    return pdf_of(comparison_html(old, new, title, language), new.in_force, identifier)


def place_text(cite: Cite | None, language: Language) -> str:
    """Where a provision stands: its article, and its table row or sentence where it is one."""
    if cite is None:
        return "―" if language == "ja" else "-"
    more = cite.path.removeprefix(cite.plain)
    return cite.words.to(language) + (f" {more}" if more else "")
