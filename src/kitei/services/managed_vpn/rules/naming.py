"""The numbers and names that the contracts of an application get."""

from kitei.desk import Situation
from kitei.services.managed_vpn.application import Apply, SiteWanted


def builds_network(site: SiteWanted) -> bool:
    """Whether it is a site of a VPN network, and not monitoring added to one."""
    return site.item != "closed-monitoring"


def numbers_of(asked: Apply, s: Situation) -> tuple[int | None, ...]:
    """Each site's number in its network: the parent 0, children counting on; None for monitoring.

    Numbers of ended contracts stay taken, because addresses were made of them.
    """
    next_free: dict[str, int] = {}
    found: list[int | None] = []
    for site in asked.sites:
        network = site.network[0]
        if not builds_network(site):
            found.append(None)
        elif site.kind == "parent":
            found.append(0)
        else:
            if network not in next_free:
                taken = [each.body.get("number") for each in s.groups.get(network, ())]
                next_free[network] = max([0, *(n for n in taken if type(n) is int)]) + 1
            found.append(next_free[network])
            next_free[network] += 1
    return tuple(found)


def names_of(asked: Apply, s: Situation) -> tuple[str, ...]:
    """The ids of the contracts: `<network>-<number>`, monitoring `<network>-m<n>`; a taken one is numbered on."""
    found: list[str] = []
    for site, number in zip(asked.sites, numbers_of(asked, s), strict=True):
        stem = f"{site.network[0]}-m1" if number is None else f"{site.network[0]}-{number}"
        name, again = stem, 1
        while name in s.contracts or name in found:
            again += 1
            name = f"{site.network[0]}-m{again}" if number is None else f"{stem}-{again}"
        found.append(name)
    return tuple(found)
