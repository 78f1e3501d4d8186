"""Articles 1, 5, 8 and 17 as a running gateway keeps them: how many are served, and what is carried."""

from collections.abc import Iterator, Sequence

from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.contract import Designation, designated, gateway
from kitei.services.gio_remote.operation import NetworkEvent
from kitei.services.gio_remote.rules.batch import in_sentence
from kitei.values import Words

NO_LIMIT = Words("その数の取り決めはありません", "no such number was agreed")


def alive(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: a gateway serves while its contract is in force, to the end of its last day."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:12.1", contract)
    if not any(
        (
            asked.event,
            asked.tunnel,
            asked.browser,
            asked.login,
            asked.server_name,
            asked.source,
            asked.host,
            asked.hindered_by,
        )
    ):
        yield s.refuse(
            "art:1.1.t1",
            why=Words("何が起きたのか書かれていません", "it is not said what happens"),
            place="network-event.event",
        )


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


def hindered(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 17: what the customer's access or another of our services keeps out is not served, without default."""
    choice = s.choice("risks", asked.hindered_by) if asked.hindered_by is not None else None
    if choice is not None:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                f"{choice.name.ja}により届きません。当社の不履行ではありません",
                f"it does not get through: {in_sentence(choice.name.en)}; that is no default of the operator's",
            ),
            place="network-event.hindered_by",
        )


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
    return any(each.holds(address) for each in there)


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
