"""Articles 1, 2, 5, 6, 8 and 9 as a running gateway keeps them: what is let in, counted and carried."""

from collections.abc import Iterator, Sequence
from ipaddress import ip_address

from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.contract import Designation, designated, gateway
from kitei.services.gio_remote.operation import NetworkEvent
from kitei.services.gio_remote.rules.batch import in_sentence
from kitei.services.gio_remote.rules.eligibility import L2TP, l2tp_served
from kitei.terms import plain_name
from kitei.values import Words

PROTOCOLS = "protocols"
NO_LIMIT = Words("その数の取り決めはありません", "no such number was agreed")


def alive(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: a gateway serves while its contract is in force, to the end of its last day."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:12.1", contract)
    if not any(
        (asked.event, asked.tunnel, asked.browser, asked.login, asked.server_name, asked.source, asked.host)
    ):
        yield s.refuse(
            "art:1.1.t1",
            why=Words("何が起きたのか書かれていません", "it is not said what happens"),
            place="network-event.event",
        )


def tunnelled(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: type A ends VPN tunnels, L2TP only for customers of VPDN (art. 6.1); type B ends none."""
    if asked.tunnel is None:
        return
    contract = s.contract(asked.contract)
    if not ends_vpn(s, contract):
        yield s.refuse(
            *_own_row(contract),
            *(("art:6.1",) if is_l2tp(asked.tunnel) else ()),
            why=Words("この契約は VPN を受けません", "this contract ends no VPN"),
            place="network-event.tunnel",
        )
    elif is_l2tp(asked.tunnel):
        yield l2tp_served(s, contract)
    elif s.operator.lists.get(PROTOCOLS) and not s.operator.designates(PROTOCOLS, asked.tunnel):
        yield s.refuse(
            "art:2.1.t1",
            why=Words(
                f"{asked.tunnel} は当社の定める方式ではありません", f"{asked.tunnel} is no protocol of ours"
            ),
            place="network-event.tunnel",
            remedy=Words(
                "、".join(map(str, s.operator.lists[PROTOCOLS])),
                "use " + ", ".join(map(str, s.operator.lists[PROTOCOLS])),
            ),
            conventions=(s.reading("operator-designated").pair,),
            defects=s.defects("art:6.1"),
        )
    else:
        yield s.confirm(_VPN_ENDED, "art:2.1.t1", "art:1.1.t1")


_VPN_ENDED = Words("タイプAのゲートウェイが VPN を受けます", "a type A gateway ends the VPN")


def is_l2tp(protocol: str) -> bool:
    """L2TP, alone or over IPsec."""
    return plain_name(protocol).casefold().startswith(L2TP)


def ends_vpn(s: Situation, contract: Contract) -> bool:
    item = s.choice("items", contract.item)
    return contract.kind == "gateway" and item is not None and item.text("ends_vpn") == "yes"


def _own_row(contract: Contract) -> tuple[str, ...]:
    """What a contract that ends no VPN is instead."""
    return ("art:1.1.t2",) if contract.kind == "network" else ("art:2.1.t2",)


def browsed(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 2.1 and 7.2: type B is reached by Soliton's browser, type A by none."""
    if asked.browser is None:
        return
    contract = s.contract(asked.contract)
    if contract.kind != "gateway" or contract.item != "type-b":
        yield s.refuse(
            "art:1.1.t2" if contract.kind == "network" else "art:2.1.t1",
            why=Words("プロキシがあるのはタイプBです", "it is type B that has a proxy"),
            place="network-event.browser",
        )
    elif s.called("browser_provider", asked.browser) is None:
        yield s.refuse(
            "art:7.2",
            "art:2.1.t2",
            why=Words(
                f"{asked.browser} は当社の指定するブラウザではありません",
                f"{asked.browser} is not the designated browser",
            ),
            place="network-event.browser",
        )
    else:
        yield s.confirm(_PROXIED, "art:2.1.t2", "art:7.2", "art:1.1.t1")


_PROXIED = Words("ソリトンのブラウザをプロキシで受けます", "Soliton's browser is served by the proxy")


def counted_sessions(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 8.1.1: no more sessions at once than agreed."""
    if asked.event != "new-session":
        return
    contract = s.contract(asked.contract)
    if contract.kind != "gateway":
        yield _no_gateway(s)
        return
    most = gateway(contract, s.on).sessions if contract.item == "type-a" else None
    yield _counted(s, "art:8.1.1", most, asked.active, "sessions")


def counted_accounts(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 8.1.2: no more accounts than agreed."""
    if asked.event != "account-created":
        return
    contract = s.contract(asked.contract)
    if contract.kind != "gateway":
        yield _no_gateway(s)
        return
    most = gateway(contract, s.on).accounts if contract.item == "type-b" else None
    yield _counted(s, "art:8.1.2", most, asked.in_use, "accounts")


def _counted(s: Situation, path: str, most: int | None, there: int | None, matter: str) -> Finding:
    name = s.name("matters", matter)
    if most is None:
        return s.confirm(NO_LIMIT, "art:1.1.t1")
    next_one = (there or 0) + 1
    told = Words(f"{name.ja} {most} のうち {next_one}", f"{next_one} of {most}, {in_sentence(name.en)}")
    if next_one > most:
        return s.refuse(
            path,
            why=Words(f"{told.ja}: 契約の数を超えます", f"{told.en}: more than agreed"),
            place="network-event.event",
            remedy=Words(f"{name.ja}の変更を申し込んでください", f"apply for more ({matter})"),
        )
    return s.accept(path, "art:1.1.t1", why=told)


def _no_gateway(s: Situation) -> Finding:
    return s.refuse(
        "art:1.1.t2",
        why=Words("利用者の接続を受けるのはゲートウェイです", "it is the gateway that users connect to"),
        place="network-event.contract",
    )


def named(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 9.2.1: the customer's own name, with its certificate, only with the option; else the operator's name."""
    if asked.server_name is None:
        return
    contract = s.contract(asked.contract)
    if running(contract, "server-certificate", s.on) is None:
        ours = s.operator.parameters.get("server-name")
        if isinstance(ours, str) and is_same_name(ours, asked.server_name):
            yield s.confirm(_OUR_NAME, "art:1.1.t1")
            return
        yield s.refuse(
            "art:9.2.1",
            "art:9.2.1.a2",
            why=Words(
                f"証明書のオプションがなく、{asked.server_name} の証明書は出ません",
                f"without the certificate option none is presented for {asked.server_name}",
            ),
            place="network-event.server_name",
        )
        return
    own = gateway(contract, s.on).server_name
    if is_same_name(own, asked.server_name):
        yield s.accept(
            "art:9.2.1.a2",
            why=Words(f"{own} の証明書を出します", f"the certificate for {own} is presented"),
        )
    else:
        yield s.refuse(
            "art:9.2.1.a2",
            why=Words(
                f"{asked.server_name} は指定された名前({own})ではありません",
                f"{asked.server_name} is not the name designated ({own})",
            ),
            place="network-event.server_name",
        )


_OUR_NAME = Words("当社の名前の証明書を出します", "the certificate for the operator's own name is presented")


def is_same_name(designated_name: str, asked: str) -> bool:
    """Whether a certificate for a name answers for another: the same, or one label under a wildcard (RFC 9525)."""
    own, other = (name.casefold().rstrip(".") for name in (designated_name, asked))
    if own.startswith("*."):
        return "." in other and other.split(".", 1)[1] == own[2:]
    return bool(own) and own == other


def logged_in(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 9.2.3: matrix authentication only with its option; with it, users of type A log in by it."""
    if asked.login is None:
        return
    contract = s.contract(asked.contract)
    option = running(contract, "matrix-authentication", s.on)
    if asked.login == "password" and option is None:
        yield s.confirm(_ACCESS, f"art:2.1.{'t2' if contract.item == 'type-b' else 't1'}")
    elif asked.login == "matrix" and option is not None:
        yield s.confirm(_BY_MATRIX, "art:9.2.3.a2")
    elif asked.login == "matrix":
        yield s.refuse(
            "art:9.2.3",
            "art:9.2.3.a2",
            why=Words("マトリックス認証オプションがありません", "there is no matrix authentication option"),
            place="network-event.login",
        )
    else:
        yield s.refuse(
            "art:9.2.3.a2",
            why=Words("マトリックス認証で入ることになっています", "users log in by matrix authentication"),
            place="network-event.login",
        )


_ACCESS = Words("アクセス認証で入ります", "the user is let in by the authentication of access")
_BY_MATRIX = Words("マトリックス認証で入ります", "the user logs in by matrix authentication")


def carried(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1 and 5: to designated hosts only, with designated addresses only, of either family."""
    contract = s.contract(asked.contract)
    hosts, addresses = _designated(s, contract, "hosts"), _designated(s, contract, "addresses")
    if asked.source is not None and addresses and not _holds(addresses, asked.source):
        yield _not_designated(s, asked.source, ("art:5.3",), "network-event.source")
    if asked.host is None:
        return
    if hosts and not _holds(hosts, asked.host):
        own = () if not addresses or _holds(addresses, asked.host) else ("art:5.3",)
        yield _not_designated(s, asked.host, ("art:1.1.t1", *own), "network-event.host")
    elif not hosts and not _holds(addresses, asked.host):
        yield _not_designated(s, asked.host, ("art:5.3", "art:1.1.t1"), "network-event.host")
    else:
        used = ("art:5.1", "art:5.2") if addresses or not hosts else ("art:5.1",)
        yield s.accept(
            "art:1.1.t1",
            *used,
            why=Words(f"{asked.host} は指定されています", f"{asked.host} is designated"),
        )
        yield from _relayed(s, contract)


def _designated(s: Situation, contract: Contract, key: str) -> tuple[Designation, ...]:
    """What is designated for a contract, or for those it works with."""
    meant = (contract, *(each for each in s.in_force(contract.group) if each.id != contract.id))
    return tuple(
        each
        for one in meant
        for each in designated(one, "hosts" if key == "hosts" else "addresses", s.on)
        if one.id == contract.id or one.kind != contract.kind
    )


def _holds(there: Sequence[Designation], address: str) -> bool:
    return any(ip_address(address) in each.prefix for each in there)


def _not_designated(s: Situation, address: str, paths: tuple[str, ...], place: str) -> Finding:
    return s.refuse(
        *paths,
        why=Words(f"{address} は指定されていません", f"{address} is not designated"),
        place=place,
        remedy=Words("先に指定してください", "designate it first"),
    )


def _relayed(s: Situation, contract: Contract) -> Iterator[Finding]:
    """Art. 1.1, second row: it leaves the gateway through a network of the same service."""
    if any(each.kind == "network" for each in s.in_force(contract.group)):
        yield s.confirm(_RELAYED, "art:1.1.t2")
    else:
        yield s.refuse(
            "art:1.1.t2",
            "art:7.1",
            why=Words(
                "ゲートウェイの先を運ぶネットワークがありません", "there is no network behind the gateway"
            ),
            place="network-event.contract",
        )


_RELAYED = Words("ネットワークが運びます", "the network carries it on")
