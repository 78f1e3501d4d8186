"""Values without a meaning of their own: money, spans of days, months, words in two languages, JSON."""

from kitei.values.days import JST, Month, Span, day_of
from kitei.values.json import Json, JsonObject, canonical, digest_of
from kitei.values.money import Yen, half_up, in_yen
from kitei.values.words import Language, Words

__all__ = [
    "JST",
    "Json",
    "JsonObject",
    "Language",
    "Month",
    "Span",
    "Words",
    "Yen",
    "canonical",
    "day_of",
    "digest_of",
    "half_up",
    "in_yen",
]
