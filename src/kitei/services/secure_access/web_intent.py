"""What a Web gateway's contract makes of its node: the proxy, what it decides by, its lists; and the tester. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_network
from typing import Final

from kitei.clauses.options import running
from kitei.ledger.contracts import Contract
from kitei.network import Part, WebGateway, WebList, WebPolicy
from kitei.proxy.hosts import host_of
from kitei.proxy.policy import NameList, Network, Policy, Request, Tables, Verdict, decide_request
from kitei.proxy.written import Written, policy_of, policy_text
from kitei.services.secure_access.egress import egress_of
from kitei.services.secure_access.gateway_parts import Served, device_port
from kitei.services.secure_access.people import addresses_of, peers, people, policies
from kitei.services.secure_access.rules.transition import SANDBOX
from kitei.services.secure_access.web_policy import WebDocument, compile_web_policy, read_web_policy
from kitei.values import Words

KIND: Final = "web-gateway"
PORT: Final = 3128  # where clients that are told of a proxy find it
SIGNATURES: Final = "/var/lib/clamav"
_HELD: Final = "art:9.2.2"
_DECIDED: Final = "art:7.1.1"
_NOBODY: Final = Words(
    "方針は名前とパスワードを尋ねますが、パスワードのある利用者がいません",
    "its policy asks for a name and a password, and nobody has one",
)
_CLOSED: Final = Words(
    "方針が TLS を開かないので、サンドボックスは http:// の本文しか見ません",
    "its policy leaves TLS closed, so the sandbox sees bodies of http:// alone",
)
_UNDECIDED: Final = Policy(contract="", version=0, rules=(), default="block")


def web_parts(served: Served, sacks: Mapping[str, str]) -> Iterator[Part]:
    """`sacks` are those in force, by what is in them: `web-users.<contract>`, `web-list.<category>`. Until the
    customer decides a policy nothing passes."""
    contract = served.contracts.get(KIND)
    if contract is None:
        return
    place, holds = served.place, is_held(contract, served.on)
    leaving = egress_of(place, tuple(served.contracts.values()), served.on)
    inside = tuple(filter(None, (place.inside, device_port(place.node) if _has_devices(served) else "")))
    paths = ((_HELD,) if holds else ()) + (("art:9.2.1",) if leaving.is_dedicated else ())
    yield WebGateway(
        origin=served.origin(contract, *paths),
        name=f"Web gateway {contract.id}",
        port=PORT,
        inside=inside,
        intercepts=inside,
        resolvers=(),
        egress=() if leaving.ports else leaving.addresses,
        authority="",
        spares=(*place.inside_prefixes, *place.backbone_prefixes, *place.pools),
        holds=holds,
        signatures=SIGNATURES,
        visits=place.visits,
    )
    document = document_of(contract)
    policy, lists = _policy(served, contract, document), document.lists if document else {}
    missing = {name: () for name in lists_missing(contract, sacks)}
    listed = sorted(set(document.listed if document else ()) - lists.keys() - missing.keys())
    packed = {name: sacks[_sack_of(name)] for name in listed}
    origin = served.origin(contract, _DECIDED)
    text = policy_text(Written(policy, {**lists, **missing}, packed))
    yield WebPolicy(origin, text, policy.sign_in, sacks.get(f"web-users.{contract.id}"))
    for name, sack in packed.items():
        yield WebList(origin, name, sack)


def is_held(contract: Contract, on: date) -> bool:
    """Whether a contract has the sandbox on a day."""
    taken = running(contract, SANDBOX, on)
    return taken is not None and taken.added_on <= on


def document_of(contract: Contract) -> WebDocument | None:
    found = policies(contract)
    return read_web_policy(found[-1].text) if found else None


def web_lacking(contract: Contract, sacks: Mapping[str, str], on: date) -> Iterator[tuple[str, Words]]:
    """What a policy wants and nobody put away, and an option that sees less than it could; by which provision."""
    document = document_of(contract)
    if missing := lists_missing(contract, sacks):
        names = ", ".join(missing)
        told = f"the lists {names}, which its policy names, are not there"
        yield _DECIDED, Words(f"方針にある一覧 {names} がありません", told)
    if document is not None and document.policy.sign_in and f"web-users.{contract.id}" not in sacks:
        yield _DECIDED, _NOBODY
    if document is not None and is_held(contract, on) and not document.policy.inspect:
        yield _HELD, _CLOSED


def lists_missing(contract: Contract, sacks: Mapping[str, str]) -> tuple[str, ...]:
    """The lists that the policy names and nobody put away; rules about them are about nothing."""
    document = document_of(contract)
    known = document.lists.keys() if document else frozenset()
    return tuple(
        name
        for name in (document.listed if document else ())
        if name not in known and _sack_of(name) not in sacks
    )


def _sack_of(name: str) -> str:
    return f"web-list.{name.removeprefix('category.')}"


def _policy(served: Served, contract: Contract, document: WebDocument | None) -> Policy:
    known: dict[str, tuple[str, ...]] = {}
    for each in served.contracts.values():
        for person in people(each):
            known[person.account] = tuple(dict.fromkeys((*known.get(person.account, ()), *person.groups)))
    devices: dict[Network, str] = {}
    remote = served.contracts.get("remote-connect")
    for peer in peers(remote) if remote is not None else ():
        for address in addresses_of(peer, served.place.pools):
            devices[ip_network(address)] = peer.account
    found = document or WebDocument(_UNDECIDED, {})
    version = policies(contract)[-1].version if document else 0
    return compile_web_policy(found, contract.id, version, known, devices)


def _has_devices(served: Served) -> bool:
    return "remote-connect" in served.contracts and bool(served.place.pools)


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What becomes of a request, and by which provisions there is a gateway that says so."""

    verdict: Verdict
    cites: tuple[str, ...]


def web_verdict(
    parts: Sequence[Part], lists: Mapping[str, NameList], asked: Request, at: datetime
) -> WebAnswer | None:
    """By the parts that a gateway has, or would have; `lists` are those that came by sacks. None: there is none.

    ValueError where the request's host is neither a name nor an address.
    """
    part = next((each for each in parts if isinstance(each, WebPolicy)), None)
    if part is None:
        return None
    host = host_of(asked.host)
    if host is None:
        raise ValueError(f"{asked.host!r} is neither a host name nor an address")
    written = policy_of(part.text)
    known: dict[str, NameList] = {name: frozenset(names) for name, names in written.short.items()}
    tables = Tables(written.policy, {**known, **{name: lists[name] for name in written.packed}})
    request = Request(host, asked.path, asked.user, asked.source)
    return WebAnswer(decide_request(tables, request, at), part.origin.cites)
