"""What tells whether a contract of Managed VPN PRO can be used, and what its network survives (art. 2, 21)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from kitei.ledger.contracts import Contract, Device
from kitei.network import BgpNeighbour, NodeIntent, Probe, SecureLink
from kitei.services.managed_vpn.contract import Site, is_site, site
from kitei.services.managed_vpn.edition import TERMS
from kitei.values import Words
from kitei.watch import Availability, Point


def availabilities(
    contracts: Sequence[Contract], nodes: Iterable[NodeIntent], on: date
) -> Mapping[str, Availability]:
    """What tells of each contract in force, by contract, from the parts that nodes were given for it.

    A child has one path for each of its devices: the probe from its LAN to its parent's through whichever
    tunnel works. A parent's paths are all its children's, since nothing of it can be used only when none
    of them gets through. A monitoring contract has none: what it watches is told of the site it watches.
    """
    own = _by_owner(nodes)
    members = [each for each in contracts if each.is_in_force(on)]
    children: dict[str, list[Availability]] = {}
    for each in members:
        if is_site(each) and each.kind == "child":
            children.setdefault(each.group, []).append(own.get(each.id) or Availability(each.id, ()))
    found: dict[str, Availability] = {}
    for each in members:
        mine = own.get(each.id) or Availability(each.id, ())
        if is_site(each) and each.kind == "parent":
            below = children.get(each.group, [])
            paths = tuple(path for child in below for path in child.paths)
            cites = tuple(dict.fromkeys(cite for child in below for cite in child.cites))
            mine = Availability(each.id, paths, mine.states, mine.closed, cites)
        found[each.id] = mine
    return found


def _by_owner(nodes: Iterable[NodeIntent]) -> dict[str, Availability]:
    """The watched points of every owner. Who holds a virtual gateway address is no trouble of anyone's."""
    paths: dict[str, list[Point]] = {}
    states: dict[str, list[Point]] = {}
    closed: dict[str, list[Point]] = {}
    cites: dict[str, dict[str, None]] = {}
    for node in nodes:
        for part in node.parts:
            owner = part.origin.owner
            match part:
                case Probe(path="end-to-end"):
                    paths.setdefault(owner, []).append(Point(node.node, "end-to-end", part.name))
                    cites.setdefault(owner, {}).update(dict.fromkeys(part.origin.cites))
                case Probe(path="closed"):
                    closed.setdefault(owner, []).append(Point(node.node, "closed", part.name))
                case SecureLink():
                    states.setdefault(owner, []).append(Point(node.node, "ike", part.name))
                case BgpNeighbour():
                    states.setdefault(owner, []).append(Point(node.node, "bfd", part.name))
    return {
        owner: Availability(
            owner,
            tuple(paths.get(owner, ())),
            tuple(states.get(owner, ())),
            tuple(closed.get(owner, ())),
            tuple(cites.get(owner, ())),
        )
        for owner in paths.keys() | states.keys() | closed.keys()
    }


@dataclass(frozen=True, slots=True)
class Redundancy:
    """What a VPN network survives, said honestly. `single` are devices whose loss alone cuts contracts.

    `short` are contracts with fewer devices working than their item has: redundant on paper, not now.
    """

    network: str
    single: tuple[tuple[Device, tuple[str, ...]], ...]
    short: tuple[str, ...]
    sentences: tuple[Words, ...]
    cites: tuple[str, ...]

    @property
    def is_redundant(self) -> bool:
        """Whether the loss of any one device cuts no one."""
        return not self.single and not self.short


def redundancy(contracts: Sequence[Contract], network: str, on: date) -> Redundancy:
    """What the loss of one device does to a VPN network as it stands on a day."""
    sites = [
        site(each, on)
        for each in contracts
        if each.group == network and is_site(each) and each.is_in_force(on)
    ]
    parents = [each for each in sites if each.kind == "parent"]
    children = sorted((each for each in sites if each.kind == "child"), key=lambda each: each.number)
    single = tuple(
        (working[0], tuple(child.contract for child in (children if each.kind == "parent" else [each])))
        for each in (*parents, *children)
        if len(working := _working(each)) == 1
    )
    short = tuple(each.contract for each in (*parents, *children) if len(_working(each)) < _promised(each))
    sentences = (
        *(_sentence(each, children) for each in parents),
        *_edges(children),
        *(_lacks(each) for each in (*parents, *children) if each.contract in short),
        _BEYOND,
    )
    items = TERMS.editions[-1].value("items")
    cites = tuple(dict.fromkeys(str(items[each.item].cite) for each in sites))
    return Redundancy(network, single, short, sentences, cites)


def _working(each: Site) -> tuple[Device, ...]:
    return tuple(device for device in each.devices if device.state != "failed")


def _promised(each: Site) -> int:
    return TERMS.editions[-1].value("items")[each.item].number(f"devices_at_{each.kind}")


def _sentence(parent: Site, children: Sequence[Site]) -> Words:
    if len(_working(parent)) > 1:
        return Words(
            f"親拠点 {parent.name} の機器は 2 台。どちらか 1 台が止まっても、残る 1 台で通信が続きます",
            f"parent site {parent.name} has two devices; when either is lost, the other carries the traffic",
        )
    names = Words(
        "、".join(c.name for c in children) or "なし", ", ".join(c.name for c in children) or "none"
    )
    return Words(
        f"冗長ではありません: 親拠点 {parent.name} の機器が止まると、すべての子拠点({names.ja})の通信が止まります",
        f"not redundant: when the device at parent site {parent.name} is lost, every child site ({names.en}) is cut",
    )


def _edges(children: Sequence[Site]) -> tuple[Words, ...]:
    lone = [each.name for each in children if len(_working(each)) < 2]
    pairs = [each.name for each in children if len(_working(each)) > 1]
    found = []
    if pairs:
        found.append(
            Words(
                f"子拠点 {'、'.join(pairs)} は機器 2 台。どちらか 1 台が止まっても通信が続きます",
                f"child site(s) {', '.join(pairs)} have two devices each and survive the loss of either",
            )
        )
    if lone:
        found.append(
            Words(
                f"子拠点 {'、'.join(lone)} は、その拠点の機器が止まると通信が止まります",
                f"child site(s) {', '.join(lone)} are cut when their own device is lost",
            )
        )
    return tuple(found)


def _lacks(each: Site) -> Words:
    return Words(
        f"{each.name} は {_promised(each)} 台の品目ですが、動いているのは {len(_working(each))} 台です",
        f"{each.name} is of an item with {_promised(each)} device(s), but {len(_working(each))} work now",
    )


_BEYOND = Words(
    "各拠点のアクセス回線と電源はお客様のご用意によるもので、ここには数えていません",
    "access lines and power at the sites are the customers' own and are not counted here",
)
