"""The page of conventions that readers see is the one the program reads by."""

from pathlib import Path

import pytest

from kitei.terms import known_conventions
from kitei.terms.pages import GROUPS, conventions_page
from kitei.values import Language

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize(("language", "file"), [("en", "conventions.md"), ("ja", "conventions.ja.md")])
def test_the_page_in_docs_is_up_to_date(language: Language, file: str) -> None:
    assert (DOCS / file).read_text() == conventions_page(language), (
        f"docs/{file} is out of date; write it anew with PYTHONPATH=src python -c "
        f"\"from kitei.terms.pages import *; print(conventions_page('{language}'), end='')\" > docs/{file}"
    )


def test_every_convention_is_on_the_page() -> None:
    page = conventions_page("en")
    assert {each.concerns for each in known_conventions().values()} == set(GROUPS)
    assert all(f"### `{key}`\n" in page for key in known_conventions())
