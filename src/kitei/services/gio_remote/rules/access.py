"""Articles 2, 6, 7(2) and 9: by what means users come in: tunnel, browser, name and login."""

from collections.abc import Iterator

from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.contract import gateway
from kitei.services.gio_remote.operation import NetworkEvent
from kitei.services.gio_remote.rules.eligibility import L2TP, l2tp_served
from kitei.terms import plain_name
from kitei.values import Words

PROTOCOLS = "protocols"


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
        yield s.confirm(_VPN_ENDED, "art:2.1.t1", "art:1.1.t1")
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
