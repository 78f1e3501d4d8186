"""How Squid asks a program beside it: many lines at once, each with a number that its answer bears again."""

import os
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote, unquote

_GULP: Final = 1 << 16


def asked() -> Iterator[list[list[str]]]:
    """What has come, line by line, each as its words: as many as there are, at least one, until Squid ends."""
    rest = b""
    while gulp := os.read(0, _GULP):
        *lines, rest = (rest + gulp).split(b"\n")
        if lines:
            yield [_words(line.decode(errors="replace")) for line in lines]


def _words(line: str) -> list[str]:
    words = line.split(" ")
    return [unquote(word) for word in words] if "%" in line else words


def tell(answers: list[str]) -> None:
    left = "".join(f"{answer}\n" for answer in answers).encode()
    while left:
        left = left[os.write(1, left) :]


def answer_all(answer: Callable[[list[str]], str]) -> None:
    """Answer every line at once and in order, until Squid ends."""
    for lines in asked():
        tell([f"{words[0]} {answer(words[1:])}" for words in lines])


def pairs(**told: str) -> str:
    """`rule=r-1 user=alice`; what is empty is left out, what is no plain character is escaped."""
    return " ".join(f"{key}={quote(value, safe='')}" for key, value in told.items() if value)
