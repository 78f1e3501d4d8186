"""A customer's policy for the Web, ready to be asked: which rule decides a request, and how.

The tester asks the very tables that the proxy asks. `decide_request` is pure; `at` is any aware time, and weekdays
and hours are those of Japan.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final, Literal, Protocol

from kitei.proxy.hosts import above, path_of
from kitei.values import JST, Words

Network = IPv4Network | IPv6Network
Action = Literal["allow", "block", "no-inspect"]
NOTHING: Final = Words("", "")
DEFAULT: Final = "default"
_KNOWN: Final = 1 << 16  # hosts, or sources, kept at most
_NO_RULE: Final = Words("どの規則にも当たりません", "no rule is about it")


class NameList(Protocol):
    """A list of host names; a set, or `kitei.proxy.names.Names`."""

    def __contains__(self, name: str, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Rule:
    """Whom and what one rule is about. What it does not narrow (an empty tuple) is all there is.

    `domains` hold a name with all below it, or an address; `urls` are a host and the beginning of a path. `days`
    count from Monday, 0; `hours` are minutes of the day from and to, the end not included, and may go past
    midnight, of the day on which they began. `until` is the last day.
    """

    id: str
    action: Action
    lists: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    urls: tuple[tuple[str, str], ...] = ()
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    days: tuple[int, ...] = ()
    hours: tuple[tuple[int, int], ...] = ()
    until: date | None = None
    reason: Words = NOTHING

    @property
    def is_always(self) -> bool:
        return not (self.days or self.hours or self.until)

    @property
    def is_anywhere(self) -> bool:
        return not (self.lists or self.domains or self.urls)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """How bodies are held: at most so many bytes and seconds, and what becomes of one that is larger, or whose
    inspection fails or takes longer: `block`, or `pass` unseen."""

    largest: int = 32 << 20
    seconds: int = 30
    too_large: Literal["block", "pass"] = "block"
    unsure: Literal["block", "pass"] = "block"


USUAL: Final = Sandbox()


@dataclass(frozen=True, slots=True)
class Policy:
    """One version of it. `people` are users with their groups, `sources` whose address is whose.

    `inspect`: TLS is opened with the gateway's own authority, except for `no-inspect`; else only the name is seen.
    `sign_in`: who comes to the proxy port tells a name and a password. `page` is added to the block page.
    `released` are names of releases, each with the SHA-256 of a held body that may pass once by it.
    """

    contract: str
    version: int
    rules: tuple[Rule, ...]
    default: Literal["allow", "block"]
    inspect: bool = False
    sign_in: bool = False
    page: Words = NOTHING
    people: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sources: tuple[tuple[Network, str], ...] = ()
    sandbox: Sandbox = USUAL
    released: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """`path` None: it is not to be seen (yet), inside TLS. `user` is who signed in; "" is told by the source."""

    host: str
    path: str | None = None
    user: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """`look`: a rule on URLs may bite, so TLS is opened and each request inside asked about again.

    `inspect` is whether TLS is to be opened; `exempt` the no-inspect rule that said no, or "".
    """

    action: Literal["allow", "block", "look"]
    rule: str
    version: int
    contract: str
    user: str
    inspect: bool
    exempt: str
    reason: Words


class Tables:
    """A policy and its lists, arranged so that a request costs its own hits and not the number of rules."""

    __slots__ = (
        "_anywhere",
        "_by_domain",
        "_by_list",
        "_by_url_host",
        "_known",
        "_owners",
        "_sources",
        "lists",
        "policy",
    )

    def __init__(self, policy: Policy, lists: Mapping[str, NameList]) -> None:
        self.policy = policy
        self.lists = lists
        self._known: dict[str, tuple[frozenset[int], tuple[int, ...]]] = {}
        self._owners: dict[str, str] = {}
        self._by_domain: dict[str, list[int]] = {}
        self._by_list: dict[str, list[int]] = {}
        self._by_url_host: dict[str, list[int]] = {}
        self._anywhere = [n for n, rule in enumerate(policy.rules) if rule.is_anywhere]
        for n, rule in enumerate(policy.rules):
            for domain in rule.domains:
                self._by_domain.setdefault(domain, []).append(n)
            for name in rule.lists:
                self._by_list.setdefault(name, []).append(n)
            for host, _ in rule.urls:
                self._by_url_host.setdefault(host, []).append(n)
        self._sources = sorted(policy.sources, key=lambda each: -each[0].prefixlen)

    def user_of(self, request: Request) -> str:
        """Who signed in, else whose address it is, the narrowest first."""
        if request.user or not request.source:
            return request.user
        found = self._owners.get(request.source)
        if found is None:
            if len(self._owners) >= _KNOWN:
                self._owners.clear()
            found = self._owners[request.source] = self._owner(request.source)
        return found

    def _owner(self, source: str) -> str:
        try:
            address = ip_address(source)
        except ValueError:
            return ""
        return next((user for network, user in self._sources if address in network), "")

    def rules_about(self, host: str, path: str | None) -> Iterator[tuple[Rule, bool]]:
        """The rules about this place in their order, and whether it is sure: one on URLs is not without a path."""
        sure, every = self._of(host)
        if len(sure) == len(every):
            for n in every:
                yield self.policy.rules[n], True
            return
        names, plain = above(host), None if path is None else path_of(path)
        for n in every:
            rule = self.policy.rules[n]
            if n in sure:
                yield rule, True
            elif plain is None:
                yield rule, False
            elif any(plain.startswith(begin) for at, begin in rule.urls if at in names):
                yield rule, True

    def _of(self, host: str) -> tuple[frozenset[int], tuple[int, ...]]:
        """The rules that are about a host whatever the path, and all that may be; those asked for lately are kept."""
        found = self._known.get(host)
        if found is None:
            names = above(host)
            sure = {*self._anywhere, *(n for name in names for n in self._by_domain.get(name, ()))}
            for listed, rules in self._by_list.items():
                held = self.lists[listed]
                if any(name in held for name in names):
                    sure.update(rules)
            hinted = {n for name in names for n in self._by_url_host.get(name, ())}
            if len(self._known) >= _KNOWN:
                self._known.clear()
            found = self._known[host] = frozenset(sure), tuple(sorted(sure | hinted))
        return found


def decide_request(tables: Tables, request: Request, at: datetime) -> Verdict:
    """The first rule that allows or blocks decides; a no-inspect rule counts wherever it stands, and then URLs are
    not seen, so rules on them pass the request by."""
    policy = tables.policy
    user = tables.user_of(request)
    groups = policy.people.get(user, ())
    about = [
        (rule, is_sure)
        for rule, is_sure in tables.rules_about(request.host, request.path)
        if _is_for(rule, user, groups) and _is_when(rule, at)
    ]
    exempt = next((rule.id for rule, is_sure in about if rule.action == "no-inspect" and is_sure), "")
    inspect = policy.inspect and not exempt
    for rule, is_sure in about:
        if rule.action == "no-inspect" or not (is_sure or inspect):
            continue
        action: Literal["allow", "block", "look"] = rule.action if is_sure else "look"
        return Verdict(action, rule.id, policy.version, policy.contract, user, inspect, exempt, rule.reason)
    return Verdict(policy.default, DEFAULT, policy.version, policy.contract, user, inspect, exempt, _NO_RULE)


def _is_for(rule: Rule, user: str, groups: Collection[str]) -> bool:
    if not rule.users and not rule.groups:
        return True
    return user in rule.users or any(group in rule.groups for group in groups)


def _is_when(rule: Rule, at: datetime) -> bool:
    if rule.is_always:
        return True
    here = at.astimezone(JST)
    if rule.until is not None and here.date() > rule.until:
        return False
    if not rule.hours:
        return not rule.days or here.weekday() in rule.days
    began = (_began(begin, end, here) for begin, end in rule.hours)
    return any(day is not None and (not rule.days or day in rule.days) for day in began)


def _began(begin: int, end: int, here: datetime) -> int | None:
    """The weekday on which the hours that it is now began; None: it is not these hours."""
    now = here.hour * 60 + here.minute
    if begin <= now and (now < end or end <= begin):
        return here.weekday()
    return (here.weekday() - 1) % 7 if end <= begin and now < end else None
