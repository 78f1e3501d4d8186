"""The words a text is about: runs of Chinese characters, of katakana, of Latin letters."""

import re
from collections.abc import Iterable, Mapping

_RUN = re.compile(r"[一-龠々]{2,}|[ァ-ヶー]{3,}|[A-Za-z][A-Za-z0-9.-]+")
NOUN = r"[一-龠々ァ-ヶーA-Za-z0-9]"


def words_of(text: str) -> frozenset[str]:
    return frozenset(_RUN.findall(text))


def weight_of(texts: Iterable[str]) -> Mapping[str, float]:
    """How much a word tells: one that every passage has tells little."""
    found: dict[str, int] = {}
    for text in texts:
        for word in words_of(text):
            found[word] = found.get(word, 0) + 1
    return {word: len(word) / count for word, count in found.items()}


def speaks_of(text: str, noun: str) -> bool:
    """Whether a text has the noun, with the kana that 申し出 has more than 申出,
    or half of the two-character words it is made of."""
    if noun in text or re.search("[ぁ-ん]{0,2}".join(map(re.escape, noun)), text):
        return True
    pairs = [noun[at : at + 2] for at in range(0, len(noun) - 1, 2)]
    return bool(pairs) and sum(pair in text for pair in pairs) * 2 >= len(pairs)
