"""Everything a person reads, in Japanese and English."""

from dataclasses import dataclass
from typing import Literal

Language = Literal["ja", "en"]


@dataclass(frozen=True, slots=True)
class Words:
    """One text in both languages; `words.to("ja")` chooses."""

    ja: str
    en: str

    def to(self, language: Language) -> str:
        return self.ja if language == "ja" else self.en
