"""The law of keys: at one node a key has one meaning. Two parts that differ under one key are nobody's to choose between."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from kitei.network.parts import Part
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Clash:
    """Two parts of one key at one node that do not say the same."""

    node: str
    one: Part
    other: Part

    @property
    def key(self) -> str:
        return self.one.key

    @property
    def words(self) -> Words:
        """The key, the node, for whom each is, and every field in which they differ."""
        first, second = self.one.origin.owner, self.other.origin.owner
        ways = ", ".join(f"{name}: {one!r} / {other!r}" for name, one, other in self._differing())
        return Words(
            f"ノード {self.node} の {self.key} を、{first} と {second} が別々に定めています({ways})",
            f"node {self.node}: {self.key} is wanted by {first} and by {second}, and not alike ({ways})",
        )

    def _differing(self) -> Iterator[tuple[str, object, object]]:
        if type(self.one) is not type(self.other):
            yield "kind", type(self.one).__name__, type(self.other).__name__
            return
        for name in (each.name for each in fields(self.one) if each.name != "origin"):
            one, other = getattr(self.one, name), getattr(self.other, name)
            if one != other:
                yield name, one, other


class Contradiction(ValueError):
    """What was asked for cannot stand on one node; `told` is every reason by itself."""

    def __init__(self, told: Iterable[Words]) -> None:
        self.told = tuple(told)
        super().__init__("; ".join(words.en for words in self.told))


def united(node: str, parts: Iterable[Part]) -> dict[str, Part]:
    """The parts by their keys; of several that say the same, whoever they are for, the first.

    Raises Contradiction with every clash of the node.
    """
    found: dict[str, Part] = {}
    clashes: list[Clash] = []
    for part in parts:
        first = found.setdefault(part.key, part)
        if first is not part and not _alike(first, part):
            clashes.append(Clash(node, first, part))
    if clashes:
        raise Contradiction(clash.words for clash in clashes)
    return found


def _alike(one: Part, other: Part) -> bool:
    """Whether both say the same but for whom, and by what provisions."""
    return type(one) is type(other) and replace(other, origin=one.origin) == one
