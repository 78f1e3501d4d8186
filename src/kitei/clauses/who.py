"""What is the operator's alone to do."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from kitei.clauses.acts import Act
from kitei.desk import Finding, Situation
from kitei.values import Words

OPERATOR = "operator"
Test: TypeAlias = Callable[[Act, Situation], Iterator[Finding]]


def operators_alone(path: str) -> Test:
    """A rule by which only the operator does something, with the provision it does so under."""

    def test(asked: Act, s: Situation) -> Iterator[Finding]:
        if asked.by != OPERATOR:
            yield s.refuse(
                path,
                why=Words(
                    f"これは当社がすることで、{asked.by} のすることではありません",
                    f"this is for the operator to do and not for {asked.by}",
                ),
                place="by",
            )

    return test
