"""What two contracts cannot both have on a node, by contract: found before nodes do, and who was left out since."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from kitei.drivers.freeradius.clashes import without_clashes
from kitei.network import HomeServer, Intent, Part, RadiusGroup
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Clashing:
    """A contract that names what another names too, by which provision, and the nodes that leave its own out."""

    contract: str
    other: str
    path: str
    thing: str
    nodes: tuple[str, ...]

    @property
    def words(self) -> Words:
        is_home = self.path == "art:5.6.5"
        left = ", ".join(self.nodes)
        ja = "認証識別装置(秘密か証明書が違います)" if is_home else "利用者の認証局の名前(別の認証局です)"
        en = "server with another secret or papers" if is_home else "name of users' authority for another one"
        out = Words(
            f"{left} はこの契約のものを使っていません" if left else "ノードは先にあったほうを使い続けます",
            f"{left} leaves out this contract's" if left else "nodes go on with the one they had first",
        )
        return Words(
            f"{self.thing}: {self.other} と同じ{ja}。{out.ja}。秘密を揃えるか、別のものにしてください",
            f"{self.thing}: the same {en} as {self.other}'s; {out.en}. Make them alike, or take another",
        )


def clashing(intent: Intent, faults: Collection[tuple[str, str]] = ()) -> tuple[Clashing, ...]:
    """Each pair from both sides, in order of contracts. `faults` are (node, detail) as nodes reported them."""
    found: dict[tuple[str, str, str], Clashing] = {}
    for node in intent.nodes.values():
        by_key = {part.key: part for part in node.parts}
        for clash in without_clashes(node.parts, None)[1]:
            pair = by_key[clash.out], by_key[clash.stays]
            for own, other in (pair, pair[::-1]):
                told = Clashing(
                    own.origin.owner, other.origin.owner, _path(own), _thing(own), tuple(_out(own, faults))
                )
                found[told.contract, told.other, told.thing] = told
    return tuple(found[key] for key in sorted(found))


def _out(part: Part, faults: Collection[tuple[str, str]]) -> Iterator[str]:
    """The nodes that left a part out."""
    return (node for node, detail in sorted(faults) if detail.startswith(f"{part.key} and "))


def _path(part: Part) -> str:
    return "art:5.6.6" if isinstance(part, RadiusGroup) else "art:5.6.5"


def _thing(part: Part) -> str:
    match part:
        case HomeServer():
            return f"{part.address} {part.transport} {part.port}"
        case RadiusGroup():
            return part.realm
    return part.key
