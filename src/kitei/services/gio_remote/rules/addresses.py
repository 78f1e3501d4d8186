"""Articles 1.1 and 5: which addresses and hosts a contract uses, and who designates them."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation
from kitei.services.gio_remote.application import Apply, Designate
from kitei.services.gio_remote.contract import Designation, designated
from kitei.services.gio_remote.rules.batch import place_of
from kitei.values import Words


def address_family(prefix: str) -> str:
    return f"IPv{ip_network(prefix).version}"


def addresses_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.1 and 5.2 for what is designated with an application."""
    for index, wanted in enumerate(asked.services):
        for key, told in (("hosts", wanted.hosts), ("addresses", wanted.addresses)):
            if told:
                place = f"{place_of(index)}.{key}"
                if key == "hosts" and "gateway" not in wanted.kind:
                    yield _no_gateway(s, place)
                yield from _usable(s, [each.prefix for each in told], place)
                yield _recorded(s, {each.designated_by for each in told})


def designation(asked: Designate, s: Situation) -> Iterator[Finding]:
    """Art. 1.1 and 5.2: customer and operator designate; what was never designated cannot be taken back."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:5.2", contract)
    rightful = contract.customer if asked.designated_by == "customer" else "operator"
    if asked.by != rightful:
        yield s.refuse(
            "art:5.2",
            why=Words(
                f"{asked.by} は {asked.designated_by} として指定できません",
                f"{asked.by} cannot designate as the {asked.designated_by}",
            ),
            place="designate.designated_by",
        )
    if (asked.add_hosts or asked.remove_hosts) and contract.kind != "gateway":
        yield _no_gateway(s, "designate.add_hosts")
    yield from _usable(s, asked.add_hosts, "designate.add_hosts")
    yield from _usable(s, asked.add_addresses, "designate.add_addresses")
    yield from _there(s, designated(contract, "hosts", s.on), asked.remove_hosts, "designate.remove_hosts")
    yield from _there(
        s, designated(contract, "addresses", s.on), asked.remove_addresses, "designate.remove_addresses"
    )
    if not any((asked.add_hosts, asked.remove_hosts, asked.add_addresses, asked.remove_addresses)):
        yield s.refuse(
            "art:5.2",
            why=Words("何を指定するのか書かれていません", "it is not said what is designated"),
            place="designate.add_hosts",
        )
    if asked.add_hosts or asked.remove_hosts:
        yield s.confirm(_HOSTS, "art:1.1.t1", "art:5.2")
    yield _recorded(s, {asked.designated_by})


_HOSTS = Words(
    "利用者が届くのは契約者の指定したホストだけです",
    "users reach the hosts that were designated, and no others",
)


def _there(
    s: Situation, there: Sequence[Designation], removed: Sequence[str], place: str
) -> Iterator[Finding]:
    known = [str(each.prefix) for each in there]
    for prefix in removed:
        if prefix not in known:
            yield s.refuse(
                "art:5.2",
                why=Words(f"{prefix} は指定されていません", f"{prefix} is not designated"),
                place=place,
                remedy=Words(
                    "、".join(known) + " のどれかです" if known else "指定されたものはありません",
                    "it is one of " + ", ".join(known) if known else "nothing is designated",
                ),
            )


def _usable(s: Situation, prefixes: Sequence[str], place: str) -> Iterator[Finding]:
    """Art. 5.1: of a family that can be used, and each designated once."""
    families = s.listed("address_families")
    for prefix in prefixes:
        if address_family(prefix) not in families:
            yield s.refuse(
                "art:5.1",
                why=Words(
                    f"{address_family(prefix)} は使えません({prefix})",
                    f"{address_family(prefix)} cannot be used ({prefix})",
                ),
                place=place,
            )
    if prefixes:
        yield s.confirm(_FAMILIES, "art:5.1")


_FAMILIES = Words("IPv4 と IPv6 のアドレスを使えます", "IPv4 and IPv6 addresses can be used")


def _recorded(s: Situation, who: set[str]) -> Finding:
    named = ", ".join(sorted(who))
    return s.accept(
        "art:5.2",
        "art:5.3",
        why=Words(
            f"指定した者({named})とともに記録し、ほかのアドレスは使えません",
            f"recorded with who designated them ({named}); no others can be used",
        ),
    )


def _no_gateway(s: Situation, place: str) -> Finding:
    return s.refuse(
        "art:1.1.t1",
        why=Words("ホストを指定するのはゲートウェイの契約です", "hosts are designated for a gateway"),
        place=place,
        remedy=Words("ゲートウェイの契約に書いてください", "name them for the gateway"),
    )
