"""Articles 1.1 and 5: which addresses and hosts a contract uses, and who designates them."""

from collections.abc import Iterable, Iterator, Sequence

from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import Apply, Designate
from kitei.services.gio_remote.contract import Designation, designated, prefix_of
from kitei.services.gio_remote.rules.batch import place_of
from kitei.values import Words


def address_family(what: str) -> str | None:
    """IPv4 or IPv6, None for a name."""
    prefix = prefix_of(what)
    return None if prefix is None else f"IPv{prefix.version}"


def addresses_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.1 and 5.2 for what is designated with an application."""
    for index, wanted in enumerate(asked.services):
        place = place_of(index)
        if wanted.hosts and "gateway" not in wanted.kind:
            yield _no_gateway(s, f"{place}.hosts")
        yield from _usable(s, [each.host for each in wanted.hosts], f"{place}.hosts")
        yield from _usable(s, [each.prefix for each in wanted.addresses], f"{place}.addresses")
        who = {each.designated_by for each in wanted.hosts} | {
            each.designated_by for each in wanted.addresses
        }
        if who:
            yield _recorded(s, who)


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
    if asked.server_name is not None:
        yield _own_name(s, contract)
    told = (asked.add_hosts, asked.remove_hosts, asked.add_addresses, asked.remove_addresses)
    if not any((*told, asked.server_name)):
        yield s.refuse(
            "art:5.2",
            why=Words("何を指定するのか書かれていません", "it is not said what is designated"),
            place="designate.add_hosts",
        )
    if asked.add_hosts or asked.remove_hosts:
        yield s.confirm(_HOSTS, "art:1.1.t1", "art:5.2")
    if any(told):
        yield _recorded(s, {asked.designated_by})


def _own_name(s: Situation, contract: Contract) -> Finding:
    """Art. 9.2(1): a name of the customer's own takes the certificate option."""
    if running(contract, "server-certificate", s.on) is not None:
        return s.confirm(_OWN_NAME, "art:9.2.1.a2")
    return s.refuse(
        "art:9.2.1",
        why=Words("証明書のオプションがありません", "there is no certificate option"),
        place="designate.server_name",
        remedy=Words("先にオプションを申し込んでください", "apply for the option first"),
    )


_OWN_NAME = Words(
    "利用者はこの名前でつなぎ、それに合う証明書が出ます",
    "users connect under this name, with a certificate that fits it",
)


_HOSTS = Words(
    "利用者が届くのは契約者の指定したホストだけです",
    "users reach the hosts that were designated, and no others",
)


def _there(
    s: Situation, there: Sequence[Designation], removed: Sequence[str], place: str
) -> Iterator[Finding]:
    known = [each.what for each in there]
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
        family = address_family(prefix)
        if family is not None and family not in families:
            yield s.refuse(
                "art:5.1",
                why=Words(f"{family} は使えません({prefix})", f"{family} cannot be used ({prefix})"),
                place=place,
            )
    if prefixes:
        yield s.confirm(_FAMILIES, "art:5.1")


_FAMILIES = Words("IPv4 と IPv6 のアドレスを使えます", "IPv4 and IPv6 addresses can be used")


def _recorded(s: Situation, who: Iterable[str]) -> Finding:
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
