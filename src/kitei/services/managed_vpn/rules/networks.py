"""Articles 1, 2, 8, 10 and 22: what an application makes of its VPN network as a whole."""

from collections.abc import Iterator, Mapping, Sequence

from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import Apply, SiteWanted
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.naming import builds_network, names_of
from kitei.services.managed_vpn.rules.sites import item_of, place_of
from kitei.values import Words

Wanted = tuple[int, SiteWanted]


def wanted_by_network(asked: Apply) -> Mapping[str, Sequence[Wanted]]:
    """The sites of a batch by the (first) network they name, each with its place in the batch."""
    found: dict[str, list[Wanted]] = {}
    for index, site in enumerate(asked.sites):
        found.setdefault(site.network[0], []).append((index, site))
    return found


def sites_in_force(s: Situation, network: str, kind: str) -> list[Contract]:
    return [each for each in s.in_force(network) if each.kind == kind and is_site(each)]


def parent_of(s: Situation, network: str) -> Contract | None:
    """The parent contract in force in a network, None where there is none."""
    return next(iter(sites_in_force(s, network, "parent")), None)


def one_parent(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, table: a VPN network has one parent site."""
    limit = s.number("parents_per_network")
    for network, sites in wanted_by_network(asked).items():
        parents = [(i, site) for i, site in sites if site.kind == "parent" and builds_network(site)]
        there = sites_in_force(s, network, "parent")
        for index, _ in parents[max(0, limit - len(there)) :]:
            yield s.refuse(
                "art:1.1.t1",
                why=Words(
                    f"VPN 網 {network} の親拠点は {limit} つだけです",
                    f"VPN network {network} has {limit} parent site and no more",
                ),
                place=f"{place_of(index)}.kind",
                remedy=Words(
                    "別の VPN 網にするか、子拠点にしてください", "name another network, or apply for a child"
                ),
            )


def child_limit(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, table: as many children as the operator allows; those under notice count to their last day."""
    limit = s.operator.number("max-children")
    for network, sites in wanted_by_network(asked).items():
        children = [(i, site) for i, site in sites if site.kind == "child" and builds_network(site)]
        if not children:
            continue
        if limit is not None:
            free = limit - len(sites_in_force(s, network, "child"))
            for index, _ in children[max(0, free) :]:
                yield s.refuse(
                    "art:1.1.t2",
                    why=Words(
                        f"VPN 網 {network} の子拠点は {limit} までです",
                        f"VPN network {network} may have {limit} child sites",
                    ),
                    place=place_of(index),
                    remedy=Words(
                        "数を減らすか、別の VPN 網にしてください", "ask for fewer, or name another network"
                    ),
                )
        yield s.accept("art:1.1.t2", why=_CHILDREN)


_CHILDREN = Words(
    "子拠点は当社の定める数まで置けます", "there may be as many child sites as the operator allows"
)


def one_shape(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: an item is a property of the whole network (convention mvp.vpn-shape)."""
    how = s.reading("mvp.vpn-shape")
    if how.value != "whole-network":
        return
    for network, sites in wanted_by_network(asked).items():
        items = [each.item for each in s.in_force(network) if is_site(each)]
        items += [site.item for _, site in sites if builds_network(site)]
        for index, site in sites:
            row = item_of(site, s)
            if builds_network(site) and row and site.item != items[0]:
                first = s.edition.value("items")[items[0]]
                yield s.refuse(
                    "art:2.1",
                    first.cite.path,
                    why=Words(
                        f"VPN 網 {network} の品目は{first.name.ja}で、{row.name.ja}は混ぜられません",
                        f"VPN network {network} is {first.slug}; {row.slug} cannot be mixed in",
                    ),
                    place=f"{place_of(index)}.item",
                    remedy=Words(f"{first.name.ja}にしてください", f"ask for {first.slug}"),
                    conventions=(how.pair,),
                )


def monitoring_has_network(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, table: closed monitoring needs a VPN network to watch over; it is a line added to one."""
    how = s.reading("mvp.closed-monitoring")
    for network, sites in wanted_by_network(asked).items():
        for index, site in sites:
            if builds_network(site):
                continue
            there = any(builds_network(other) for _, other in sites) or any(
                is_site(each) for each in s.in_force(network)
            )
            watched = s.contracts.get(site.watches) if site.watches else None
            names = {names_of(asked, s)[at] for at, _ in sites}
            unknown = (
                site.watches
                and site.watches not in names
                and (watched is None or watched.group != network or not watched.is_in_force(s.on))
            )
            if not there or unknown:
                what = site.watches if there else network
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


def both_kinds(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: use needs an application for each kind; those of a batch are decided together."""
    least = s.number("least_applications_per_kind")
    for network, sites in wanted_by_network(asked).items():
        if not any(builds_network(site) for _, site in sites):
            continue
        for kind, ja, en in (("parent", "親拠点", "parent site"), ("child", "子拠点", "child site")):
            count = sum(site.kind == kind and builds_network(site) for _, site in sites)
            if count + len(sites_in_force(s, network, kind)) < least:
                yield s.refuse(
                    "art:8.1",
                    why=Words(f"VPN 網 {network} に{ja}がありません", f"VPN network {network} has no {en}"),
                    place=place_of(sites[0][0]),
                    remedy=Words(f"{ja}もいっしょに申し込んでください", f"apply for a {en} as well"),
                )
    yield s.accept("art:8.1", why=_BOTH)


_BOTH = Words(
    "親拠点と子拠点は、今ある契約も合わせて一つとして判断します",
    "parent and child sites are decided as one, contracts in force included",
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


def holders_agree(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 10.1 and 10.2: a child may be another's, but the parent's holder will command its settings.

    The terms presuppose several holders (convention mvp.holders) and do not say how one joins another's
    network; without the consent of whoever is concerned a person decides.
    """
    how = s.reading("mvp.holders")
    for network, sites in wanted_by_network(asked).items():
        parent = parent_of(s, network)
        holder = parent.customer if parent else None
        for _, site in sites:
            if site.kind == "parent" and holder is None:
                holder = site.holder or asked.by
        for index, site in sites:
            own = site.holder or asked.by
            several = holder is not None and own != holder
            absent = sorted({own, holder or own} - {asked.by, *asked.agreed_by})
            more = {"place": place_of(index), "conventions": (how.pair,), "defects": ("MVP-D11",)}
            if several and how.value == "single":
                yield s.refuse(
                    "art:10.1",
                    why=Words(
                        f"VPN 網 {network} の契約者は {holder} だけです",
                        f"VPN network {network} is {holder}'s alone",
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
