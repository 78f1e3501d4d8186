"""What a customer has decided of a firewall (art. 7.1(1)): objects, services and rules in their order.

    [objects]
    servers = ["10.1.0.0/24", "2001:db8:1::/64"]
    everything = ["servers", "zone:remote"]        # an object may name others

    [services]
    web = ["tcp/80", "tcp/443", "udp/443"]

    [[rule]]
    id = "web-out"
    action = "allow"
    from = ["zone:remote"]
    to = ["zone:internet"]
    service = ["web"]

`user:<account>` and `group:<name>` are the devices of accounts. What no rule allows is denied. With type 2 a rule
that allows may name a profile (see `appliance`), by which its flows are looked into.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Any, Final, Literal

from kitei.network.inspection import Entry
from kitei.services.secure_access.document import Reader, Unreadable
from kitei.values import Words

DEFAULT: Final = "default"
ACTIONS: Final = ("allow", "deny")
INTERNET: Final = "zone:internet"
ZONES: Final = ("zone:remote", "zone:inside", "zone:backbone", INTERNET)
MOST_RULES: Final = 10_000
_MEMBER: Final = re.compile(r"(user|group):[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_SERVICE: Final = re.compile(r"(tcp|udp)(/(\d{1,5})(-(\d{1,5}))?)?|icmp|proto/(\d{1,3})")


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """One rule. `sources`, `destinations` and `services` have no names of objects any more; empty: any."""

    id: str
    action: Literal["allow", "deny"]
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    services: tuple[str, ...]
    until: str | None
    comment: Words
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Profile:
    """How flows are looked into, and what becomes of them while nobody can."""

    name: str
    blind: Literal["deny", "allow"]
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class FirewallPolicy:
    """Rules in their order, and with type 2 the profiles that they name."""

    rules: tuple[FirewallRule, ...]
    profiles: tuple[Profile, ...] = ()


def read_policy(text: str) -> FirewallPolicy:
    """Raises Unreadable with every fault and its place."""
    return RuleReader().read(text)


class RuleReader(Reader):
    """Reads a firewall's document; names of objects and services are followed."""

    sections: tuple[str, ...] = ("objects", "services", "rule")
    keys: tuple[str, ...] = ("id", "action", "from", "to", "service", "until", "comment")

    def read(self, text: str) -> FirewallPolicy:
        """Raises Unreadable."""
        policy = self.policy(self.document(text, self.sections))
        if self.faults:
            raise Unreadable(self.faults)
        return policy

    def policy(self, written: Mapping[str, Any]) -> FirewallPolicy:
        self._objects = self._lists(written, "objects")
        self._named = self._lists(written, "services")
        for name, listed in self._objects.items():
            self._addresses(f"objects.{name}", listed, (name,))
        services = {name: self._services(f"services.{name}", each) for name, each in self._named.items()}
        self._known = {name: each for name, each in services.items() if each}
        rules = self.tables("rule", written.get("rule", []), self.keys)
        if len(rules) > MOST_RULES:
            self.fault("rule", f"{MOST_RULES} 件までです", f"are {MOST_RULES} at most")
        ids = {DEFAULT}
        return FirewallPolicy(tuple(self.rule(place, told, ids) for place, told in rules))

    def _lists(self, written: Mapping[str, Any], key: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        names: set[str] = set()
        told = written.get(key, {})
        for name, listed in self.table(key, told, tuple(told) if isinstance(told, dict) else ()).items():
            self.name(f"{key}.{name}", name, names)
            found[name] = list(self.several(f"{key}.{name}", listed, self._text))
        return found

    def _text(self, place: str, told: Any) -> str | None:
        if isinstance(told, str):
            return told
        self.fault(place, f"{told!r} は文字列ではありません", f"{told!r} is not a text")
        return None

    def rule(self, place: str, told: Mapping[str, Any], ids: set[str]) -> FirewallRule:
        return FirewallRule(
            self.name(f"{place}.id", told.get("id"), ids),
            "allow" if self.one_of(f"{place}.action", told.get("action"), ACTIONS) == "allow" else "deny",
            self._ends(f"{place}.from", told.get("from", [])),
            self._ends(f"{place}.to", told.get("to", [])),
            self._services(f"{place}.service", told.get("service", []), self._known),
            self._until(f"{place}.until", told.get("until")),
            self.words(f"{place}.comment", told.get("comment", "")),
        )

    def _until(self, place: str, told: Any) -> str | None:
        if told is None or (isinstance(told, datetime) and told.tzinfo is not None):
            return told.isoformat() if told else None
        ja, en = "のような時刻です", "is an instant such as"
        self.fault(place, f"2026-12-31T18:00:00+09:00 {ja}", f"{en} 2026-12-31T18:00:00+09:00")
        return None

    def _ends(self, place: str, told: Any) -> tuple[str, ...]:
        found = self._addresses(place, self.several(place, told, self._text), ())
        if INTERNET in found and len(found) > 1:
            self.fault(
                place,
                f"{INTERNET} はほかと並べられません。規則を分けてください",
                f"has {INTERNET} beside others; make two rules of it",
            )
        return found

    def _addresses(self, place: str, listed: Sequence[str], within: tuple[str, ...]) -> tuple[str, ...]:
        """Prefixes, zones and members. An object that leads back to itself is a fault."""
        found: dict[str, None] = {}
        for each in listed:
            if each in ZONES or _MEMBER.fullmatch(each):
                found[each] = None
            elif (prefix := _prefix(each)) is not None:
                found[prefix] = None
            elif each in within:
                self.fault(place, f"{each} が自分自身を含みます", f"{each} contains itself")
            elif each in self._objects:
                found |= dict.fromkeys(self._addresses(place, self._objects[each], (*within, each)))
            else:
                known = ", ".join((*ZONES, "user:<account>", "group:<name>"))
                self.fault(
                    place,
                    f"{each!r} は '10.1.0.0/24' のような範囲でも、objects の名前でも、{known} でもありません",
                    f"{each!r} is no prefix such as '10.1.0.0/24', no object and none of {known}",
                )
        return tuple(found)

    def _services(
        self, place: str, listed: Any, named: Mapping[str, tuple[str, ...]] | None = None
    ) -> tuple[str, ...]:
        """`named` are the document's services that are right, None where none may be named."""
        found: dict[str, None] = {}
        for each in self.several(place, listed, self._text):
            if named is not None and each in self._named:
                found |= dict.fromkeys(named.get(each, ()))
            elif _is_service(each):
                found[each] = None
            else:
                self.fault(
                    place,
                    f"{each!r} は 'tcp/443'、'udp/5000-5100'、'icmp'、'proto/47' のどれでもありません",
                    f"{each!r} is none of 'tcp/443', 'udp/5000-5100', 'icmp' and 'proto/47'",
                )
        return tuple(found)


def _prefix(text: str) -> str | None:
    try:
        return str(ip_network(text))
    except ValueError:
        return None


def _is_service(text: str) -> bool:
    found = _SERVICE.fullmatch(text)
    if found is None:
        return False
    low, high, number = found.group(3), found.group(5), found.group(6)
    if low and not 1 <= int(low) <= int(high or low) <= 65535:
        return False
    return number is None or int(number) < 256


def members(policy: FirewallPolicy) -> Iterator[str]:
    """Whom of the customer's people the rules name: `user:<account>`, `group:<name>`."""
    for rule in policy.rules:
        for each in (*rule.sources, *rule.destinations):
            if _MEMBER.fullmatch(each):
                yield each
