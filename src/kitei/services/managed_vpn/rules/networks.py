"""Articles 1, 2, 8, 10 and 22: what an application makes of its VPN network as a whole."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import Apply, SiteWanted
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.naming import builds_network, names_of
from kitei.services.managed_vpn.rules.sites import item_of, place_of
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Network:
    """One VPN network as an application meets it.

    `asked` are the sites asked for by kind and `watches` the monitoring of them, each with its place in the
    batch; `parents` and `children` are the contracts in force.
    """

    name: str
    asked: Mapping[str, list[tuple[int, SiteWanted]]]
    watches: list[tuple[int, SiteWanted]]
    parents: list[Contract]
    children: list[Contract]

    @property
    def sites(self) -> list[tuple[int, SiteWanted]]:
        """All sites asked for, of whatever kind."""
        return [each for sites in self.asked.values() for each in sites]


def networks_of(asked: Apply, s: Situation) -> Iterable[Network]:
    """The networks of a batch, each by the (first) name its sites give it."""
    found: dict[str, Network] = {}
    for index, site in enumerate(asked.sites):
        name = site.network[0]
        network = found.get(name)
        if network is None:
            network = found[name] = Network(name, {"parent": [], "child": []}, [], [], [])
            for each in s.in_force(name):
                if is_site(each):
                    (network.parents if each.kind == "parent" else network.children).append(each)
        if builds_network(site):
            network.asked.get(site.kind, []).append((index, site))
        else:
            network.watches.append((index, site))
    return found.values()


def whole_networks(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 8.1 and what else is asked of a VPN network as a whole; a batch is decided as one."""
    for network in networks_of(asked, s):
        yield from one_parent(network, s)
        yield from child_limit(network, s)
        yield from one_shape(network, s)
        yield from monitoring_has_network(network, asked, s)
        yield from both_kinds(network, s)
        yield from holders_agree(network, asked, s)
    yield s.confirm(_BOTH, "art:8.1")


def sites_in_force(s: Situation, network: str, kind: str) -> list[Contract]:
    return [each for each in s.in_force(network) if each.kind == kind and is_site(each)]


def parent_of(s: Situation, network: str) -> Contract | None:
    """The parent contract in force in a network, None where there is none."""
    return next((each for each in s.in_force(network) if each.kind == "parent" and is_site(each)), None)


def one_parent(network: Network, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, table: a VPN network has one parent site."""
    limit = s.number("parents_per_network")
    for index, _ in network.asked["parent"][max(0, limit - len(network.parents)) :]:
        yield s.refuse(
            "art:1.1.t1",
            why=Words(
                f"VPN 網 {network.name} の親拠点は {limit} つだけです",
                f"VPN network {network.name} has {limit} parent site and no more",
            ),
            place=f"{place_of(index)}.kind",
            remedy=Words(
                "別の VPN 網にするか、子拠点にしてください", "name another network, or apply for a child"
            ),
        )


def child_limit(network: Network, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, table: as many children as the operator allows; those under notice count to their last day."""
    children = network.asked["child"]
    limit = s.operator.number("max-children")
    if limit is not None:
        for index, _ in children[max(0, limit - len(network.children)) :]:
            yield s.refuse(
                "art:1.1.t2",
                why=Words(
                    f"VPN 網 {network.name} の子拠点は {limit} までです",
                    f"VPN network {network.name} may have {limit} child sites",
                ),
                place=place_of(index),
                remedy=Words(
                    "数を減らすか、別の VPN 網にしてください", "ask for fewer, or name another network"
                ),
            )
    if children:
        yield s.confirm(_CHILDREN, "art:1.1.t2")


_CHILDREN = Words(
    "子拠点は当社の定める数まで置けます", "there may be as many child sites as the operator allows"
)


def one_shape(network: Network, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: an item is a property of the whole network (convention mvp.vpn-shape)."""
    there, sites = [*network.parents, *network.children], network.sites
    shape = there[0].item if there else sites[0][1].item if sites else ""
    for index, site in sites:
        if site.item == shape or s.reading("mvp.vpn-shape").value != "whole-network":
            continue
        row, first = item_of(site, s), s.choice("items", shape)
        if row and first:
            yield s.refuse(
                "art:2.1",
                first.cite.path,
                why=Words(
                    f"VPN 網 {network.name} の品目は{first.name.ja}で、{row.name.ja}は混ぜられません",
                    f"VPN network {network.name} is {first.slug}; {row.slug} cannot be mixed in",
                ),
                place=f"{place_of(index)}.item",
                remedy=Words(f"{first.name.ja}にしてください", f"ask for {first.slug}"),
                conventions=(s.reading("mvp.vpn-shape").pair,),
            )


def monitoring_has_network(network: Network, asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, table: closed monitoring needs a VPN network to watch over; it is a line added to one."""
    if not network.watches:
        return
    how = s.reading("mvp.closed-monitoring")
    there = {each.id for each in (*network.parents, *network.children)}
    names = names_of(asked, s)
    there |= {names[index] for index, _ in network.sites}
    for index, site in network.watches:
        if not there or (site.watches and site.watches not in there):
            what = site.watches if there else network.name
            yield s.refuse(
                "art:2.1.t4.a2",
                "art:2.1.t4",
                why=Words(
                    f"クローズドモニタリングが見張る {what} がありません",
                    f"there is no {what} for closed monitoring to watch",
                ),
                place=f"{place_of(index)}.{'watches' if there else 'network'}",
                remedy=Words(
                    "ほかの品目の VPN 網とその拠点を指定してください",
                    "name a VPN network of another item, and a site of it",
                ),
                conventions=(how.pair,),
                defects=("MVP-D10",),
            )
        else:
            yield s.accept(
                "art:2.1.t4", "art:2.1.t4.a2", why=_WATCHED, conventions=(how.pair,), defects=("MVP-D10",)
            )


_WATCHED = Words(
    "今ある VPN 網に監視の契約を足します。品目の変更ではありません",
    "monitoring is added to an existing VPN network as a line of its own; that changes no item",
)


def both_kinds(network: Network, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: use needs an application for each kind, contracts in force included."""
    least = s.number("least_applications_per_kind")
    parents, children = network.asked["parent"], network.asked["child"]
    if not parents and not children:
        return
    for asked, there, ja, en in (
        (parents, network.parents, "親拠点", "parent site"),
        (children, network.children, "子拠点", "child site"),
    ):
        if len(asked) + len(there) < least:
            yield s.refuse(
                "art:8.1",
                why=Words(
                    f"VPN 網 {network.name} に{ja}がありません", f"VPN network {network.name} has no {en}"
                ),
                place=place_of((parents or children)[0][0]),
                remedy=Words(f"{ja}もいっしょに申し込んでください", f"apply for a {en} as well"),
            )


_BOTH = Words(
    "親拠点と子拠点は、今ある契約も合わせて一つとして判断します",
    "parent and child sites are decided as one, contracts in force included",
)


def holders_agree(network: Network, asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 and 10.2: a child may be another's, but the parent's holder will command its settings.

    The terms presuppose several holders (convention mvp.holders) and do not say how one joins another's
    network; without the consent of whoever is concerned a person decides.
    """
    holder = network.parents[0].customer if network.parents else None
    if holder is None and network.asked["parent"]:
        holder = network.asked["parent"][0][1].holder or asked.by
    for index, site in (*network.sites, *network.watches):
        own = site.holder or asked.by
        if own == asked.by and holder in (own, None):
            continue
        several = holder is not None and own != holder
        absent = sorted({own, holder or own} - {asked.by, *asked.agreed_by})
        how = s.reading("mvp.holders")
        more = {"place": place_of(index), "conventions": (how.pair,), "defects": ("MVP-D11",)}
        if several and how.value == "single":
            yield s.refuse(
                "art:10.1",
                why=Words(
                    f"VPN 網 {network.name} の契約者は {holder} だけです",
                    f"VPN network {network.name} is {holder}'s alone",
                ),
                remedy=Words(f"{holder} から申し込んでください", f"let {holder} apply"),
                **more,
            )
        elif absent:
            yield s.refer(
                "art:10.1",
                "art:10.2",
                proposes=Verdict.ACCEPT,
                why=Words(
                    f"{', '.join(absent)} の同意が添えられていません",
                    f"the consent of {', '.join(absent)} did not come along",
                ),
                remedy=Words("agreed_by に同意した者を書いてください", "name who consented in agreed_by"),
                **more,
            )
        elif several:
            yield s.accept(
                "art:10.1",
                "art:10.2",
                why=Words(
                    f"子の契約者は {own}、設定を変えられるのは親の契約者 {holder} です",
                    f"the child is {own}'s; its settings change at the word of {holder}, who holds the parent",
                ),
                **more,
            )


def one_network_a_site(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 22.3 and 22.4: a parent joins no other parent, and a child has one parent."""
    limit = s.number("parents_per_child")
    for index, site in enumerate(asked.sites):
        if len(site.network) > limit:
            names = Words("、".join(site.network), ", ".join(site.network))
            yield s.refuse(
                "art:22.3" if site.kind == "parent" else "art:22.4",
                why=Words(
                    f"一つの拠点を {names.ja} の二つ以上の親につなぐことはできません",
                    f"one site cannot connect to the parents of {names.en}",
                ),
                place=f"{place_of(index)}.network",
                remedy=Words(
                    "VPN 網を一つだけ指定するか、拠点ごとに契約を分けてください",
                    "name one VPN network, or take a contract for each",
                ),
            )
