"""Why a login was refused can be told in both languages."""

from kitei.radius.policy import Reason
from kitei.radius.reasons import WORDS


def test_every_reason_has_its_words() -> None:
    assert set(WORDS) == set(Reason)
    assert all(words.ja and words.en for words in WORDS.values())
    assert len({words.en for words in WORDS.values()}) == len(WORDS)
