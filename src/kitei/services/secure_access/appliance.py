"""What a customer has decided of a firewall of type 2 (art. 7.1(1)): rules as those of type 1, and profiles.

    [[rule]]
    id = "staff"
    action = "allow"
    from = ["zone:inside"]
    to = ["zone:internet"]
    profile = "office"              # its flows are looked into

    [profile.office]
    when-blind = "deny"             # while nobody can look: deny | allow

    [[profile.office.application]]
    id = "no-peers"
    action = "deny"                 # allow | deny | log
    names = ["bittorrent", "ssh"]

    [[profile.office.site]]
    id = "no-games"
    action = "deny"
    names = ["games.example"]

    [[profile.office.threat]]
    id = "worms"
    action = "deny"
    severities = ["high"]           # beside `categories` and `signatures`: any will do

    [[profile.office.file]]
    id = "known"
    action = "deny"
    sha256 = ["275a021bbfb6489e54d471899f7db9d1663fc695ec2fe2a2c4538aabf651fd0f"]

Each thing has its own order: the first entry that fits decides. What none fits passes, and threats are noted.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

from kitei.network.inspection import ANY as ANY_APPLICATION
from kitei.network.inspection import APPLICATIONS, MOST_PROFILES, WHATS, Entry, What
from kitei.network.inspection import DEFAULT as NO_ENTRY
from kitei.network.signatures import CATEGORIES, OWN, SEVERITIES
from kitei.proxy.hosts import host_of
from kitei.services.secure_access.firewall import FirewallPolicy, FirewallRule, Profile, RuleReader

BLIND: Final = "blind"
"""What stands in place of an entry where nobody could look."""

_ACTIONS: Final = ("allow", "deny", "log")
_KEYS: Final[Mapping[What, tuple[str, ...]]] = {
    "application": ("names",),
    "site": ("names",),
    "threat": ("severities", "categories", "signatures"),
    "file": ("sha256",),
}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_MOST_NAMES: Final = 1000
_MOST_EXCEPTIONS: Final = 20  # earlier names below one name; they stand in one line of the engine's


def read_appliance_policy(text: str) -> FirewallPolicy:
    """Raises Unreadable with every fault and its place."""
    return _ApplianceReader().read(text)


class _ApplianceReader(RuleReader):
    """Reads the document of a firewall of type 2."""

    sections = (*RuleReader.sections, "profile")
    keys = (*RuleReader.keys, "profile")

    def policy(self, written: Mapping[str, Any]) -> FirewallPolicy:
        told = written.get("profile", {})
        known = tuple(told) if isinstance(told, dict) else ()
        names: set[str] = set()
        found = self.table("profile", told, known)
        self._profiles = tuple(self._profile(name, each, names) for name, each in found.items())
        if len(self._profiles) > MOST_PROFILES:
            self.fault("profile", f"{MOST_PROFILES} つまでです", f"are {MOST_PROFILES} at most")
        return replace(super().policy(written), profiles=self._profiles)

    def rule(self, place: str, told: Mapping[str, Any], ids: set[str]) -> FirewallRule:
        rule = super().rule(place, told, ids)
        if "profile" not in told:
            return rule
        name = told["profile"]
        known = [each.name for each in self._profiles]
        if name not in known:
            there = ", ".join(known) or "-"
            self.fault(
                f"{place}.profile",
                f"{name!r} という profile はありません: {there}",
                f"{name!r} is none of {there}",
            )
        if rule.action != "allow":
            self.fault(f"{place}.profile", "通す規則にだけ書けます", "goes with rules that allow")
        return replace(rule, profile=str(name))

    def _profile(self, name: str, told: Any, names: set[str]) -> Profile:
        place = f"profile.{name}"
        self.name(place, name, names)
        written = self.table(place, told, ("when-blind", *WHATS))
        blind = self.one_of(f"{place}.when-blind", written.get("when-blind", "deny"), ("deny", "allow"))
        ids = {NO_ENTRY, BLIND}
        entries: list[Entry] = []
        for what in WHATS:
            for where, each in self.tables(f"{place}.{what}", written.get(what, []), _known(what)):
                entries.append(self._entry(where, what, each, ids))
        self._exceptions(place, [each for each in entries if each.what == "site"])
        return Profile(name, "allow" if blind == "allow" else "deny", tuple(entries))

    def _entry(self, place: str, what: What, told: Mapping[str, Any], ids: set[str]) -> Entry:
        action = self.one_of(f"{place}.action", told.get("action"), _ACTIONS)
        names = [
            name
            for key in _KEYS[what]
            for name in self.several(f"{place}.{key}", told.get(key, []), partial(self._one, what, key))
        ]
        if not names:
            either = " / ".join(_KEYS[what])
            self.fault(place, f"{either} に一つ以上要ります", f"needs one at least in {either}")
        if len(names) > _MOST_NAMES:
            self.fault(place, f"{_MOST_NAMES} までです", f"has {_MOST_NAMES} at most")
        id = self.name(f"{place}.id", told.get("id"), ids)
        return Entry(
            id, what, "allow" if action == "allow" else "deny" if action == "deny" else "log", tuple(names)
        )

    def _one(self, what: What, key: str, place: str, told: Any) -> str | None:
        match what, key:
            case "application", _:
                return self._of(place, told, (*APPLICATIONS, ANY_APPLICATION))
            case "site", _:
                host = host_of(told) if isinstance(told, str) else None
                if host is None or ":" in host:
                    self.fault(
                        place,
                        f"{told!r} は 'games.example' のような名前ではありません",
                        f"{told!r} is no name such as games.example",
                    )
                    return None
                return host
            case "threat", "signatures":
                return f"signature:{self.number(place, told, 1, OWN - 1)}"
            case "threat", "severities":
                found = self._of(place, told, SEVERITIES)
                return found and f"severity:{found}"
            case "threat", _:
                found = self._of(place, told, tuple(CATEGORIES))
                return found and f"category:{found}"
            case _:
                if isinstance(told, str) and _SHA256.fullmatch(told.lower()):
                    return told.lower()
                self.fault(
                    place,
                    f"{told!r} は SHA-256(16 進 64 字)ではありません",
                    f"{told!r} is no SHA-256 (64 hex digits)",
                )
                return None

    def _of(self, place: str, told: Any, known: tuple[str, ...]) -> str | None:
        if isinstance(told, str) and told in known:
            return told
        right = ", ".join(known)
        self.fault(place, f"{told!r} ではなく次のどれかです: {right}", f"{told!r} is none of {right}")
        return None

    def _exceptions(self, place: str, sites: list[Entry]) -> None:
        """Names below a name that stand before it: the engine carries so many."""
        before: list[str] = []
        for entry in sites:
            for name in entry.names:
                if sum(each.endswith(f".{name}") for each in before) > _MOST_EXCEPTIONS:
                    self.fault(
                        f"{place}.site",
                        f"{name} の下の例外は {_MOST_EXCEPTIONS} までです",
                        f"{name} may have {_MOST_EXCEPTIONS} exceptions below it",
                    )
            before += entry.names


def _known(what: What) -> tuple[str, ...]:
    return ("id", "action", *_KEYS[what])
