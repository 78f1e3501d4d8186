"""Policies as written in a TOML file: read whole, every fault with its place and what would be right.

    [[policy]]
    name = "acme"
    prefixes = ["198.51.100.0/24", "2001:db8:5::/48"]
    dry_run = false
    host = { bps = "500M", syn-pps = "20k", udp-pps = "learned" }
    prefix = { bps = "2G" }
    [[policy.override]]
    network = "198.51.100.53/32"
    host = { udp-pps = "200k", syn-pps = 0 }
    [policy.timing]
    calm = 120
    [policy.ladder]
    divert = "automatic"

What follows an alarm (`ladder`, `scrub`) is checked and passed on: a collector does nothing by it. `learned` takes
the figure of the baseline; where that has none, it cannot be computed, and is a fault.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from difflib import get_close_matches
from hashlib import sha256
from ipaddress import ip_network
from typing import Any

from kitei.collect.baseline import Baseline
from kitei.collect.counters import METRICS, Network, quantity
from kitei.collect.following import check_ladder, check_scrub
from kitei.collect.policy import Book, Guards, Override, Policy, Scope, Timing, book_of
from kitei.values import Words

_FOLLOWS = ("ladder", "scrub")
_KEYS = ("name", "prefixes", "host", "prefix", "override", "timing", "guards", "dry_run", *_FOLLOWS)


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong in the file: where, and what would be right."""

    place: str
    words: Words


class BadPolicies(Exception):
    """The file cannot be used; all its faults."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__("; ".join(f"{each.place}: {each.words.en}" for each in faults))
        self.faults = faults


def read_policies(text: str, baseline: Baseline | None = None) -> Book:
    """The book of a file. BadPolicies lists everything wrong."""
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicies(
            (Fault("file", Words(f"TOML ではありません: {error}", f"is not TOML: {error}")),)
        ) from None
    faults: list[Fault] = []
    for key in written:
        if key != "policy":
            faults.append(_unknown("file", key, ("policy",)))
    book, more = policies_of(written.get("policy", []), sha256(text.encode()).hexdigest()[:12], baseline)
    if faults or more:
        raise BadPolicies((*faults, *more))
    return book


def policies_of(
    several: Any, version: str, baseline: Baseline | None = None
) -> tuple[Book, tuple[Fault, ...]]:
    """The book of a list of policies, and everything wrong in it; a policy with a fault is not in the book."""
    faults: list[Fault] = []
    if not isinstance(several, list) or not several:
        words = Words("[[policy]] が一つ以上要ります", "at least one [[policy]] is needed")
        return book_of(()), (Fault("policy", words),)
    found: list[Policy] = []
    names: set[str] = set()
    for n, each in enumerate(several, 1):
        reader = _Reader(baseline, version)
        policy = reader.policy(n, each)
        if policy.name and policy.name in names:
            ja = f"{policy.name} はすでにあります"
            reader.fault(f"policy {n}.name", ja, f"{policy.name!r} is there already")
        names.add(policy.name)
        if not reader.faults:
            found.append(policy)
        faults += reader.faults
    return book_of(tuple(found)), tuple(faults)


def _unknown(place: str, key: object, known: tuple[str, ...]) -> Fault:
    close = get_close_matches(str(key), known, n=1)
    right = close[0] if close else ", ".join(known)
    return Fault(place, Words(f"{key} という項目はありません: {right}", f"there is no {key!r}: {right}"))


class _Reader:
    """Reads one file and gathers its faults; what it returns is used only where there are none."""

    def __init__(self, baseline: Baseline | None, version: str) -> None:
        self.baseline = baseline
        self.version = version
        self.faults: list[Fault] = []

    def fault(self, place: str, ja: str, en: str) -> None:
        self.faults.append(Fault(place, Words(ja, en)))

    def table(self, place: str, written: Any, known: tuple[str, ...]) -> Mapping[str, Any]:
        if not isinstance(written, Mapping):
            self.fault(place, "表でなければなりません", f"{written!r} is not a table")
            return {}
        for key in written:
            if key not in known:
                self.faults.append(_unknown(place, key, known))
        return written

    def policy(self, number: int, written: Any) -> Policy:
        place = f"policy {number}"
        table = self.table(place, written, _KEYS)
        name = table.get("name", "")
        if not isinstance(name, str) or not name:
            self.fault(f"{place}.name", "名前が要ります", "a name is needed, such as the contract's")
            name = ""
        prefixes = self.prefixes(f"{place}.prefixes", table.get("prefixes"))
        host = self.thresholds(f"{place}.host", table.get("host", {}), name, "host")
        prefix = self.thresholds(f"{place}.prefix", table.get("prefix", {}), name, "prefix")
        overrides = self.overrides(place, table.get("override", []), name, prefixes)
        if not host and not prefix and not overrides:
            self.fault(
                place, "しきい値が一つもありません", "has no threshold: host = {...} or prefix = {...}"
            )
        dry_run = table.get("dry_run", False)
        if not isinstance(dry_run, bool):
            self.fault(f"{place}.dry_run", "true か false です", "is true or false")
        return Policy(
            name,
            prefixes,
            host,
            prefix,
            overrides,
            self.timing(f"{place}.timing", table.get("timing", {})),
            self.guards(f"{place}.guards", table.get("guards", {})),
            dry_run is True,
            self.version,
            self.follows(place, table),
        )

    def follows(self, place: str, table: Mapping[str, Any]) -> Mapping[str, Any]:
        for key, check in (("ladder", check_ladder), ("scrub", check_scrub)):
            if key in table:
                check(f"{place}.{key}", table[key], self.fault)
        return {key: table[key] for key in _FOLLOWS if key in table}

    def prefixes(self, place: str, written: Any) -> tuple[Network, ...]:
        if not isinstance(written, list) or not written:
            self.fault(place, "一つ以上のプレフィックスが要ります", "a list of at least one prefix is needed")
            return ()
        found = [self.network(f"{place}[{n}]", each) for n, each in enumerate(written)]
        known = [each for each in found if each is not None]
        for n, each in enumerate(known):
            if each in known[:n]:
                self.fault(place, f"{each} が二度あります", f"{each} stands twice")
            if each.version == 4 and each.prefixlen < 8:
                self.fault(place, f"{each} は広すぎます(/8 まで)", f"{each} is too wide: /8 at most")
        return tuple(known)

    def network(self, place: str, written: Any) -> Network | None:
        try:
            return ip_network(written if isinstance(written, str) else "")
        except ValueError:
            right = "198.51.100.0/24"
            ja = f"{written!r} はプレフィックスではありません(例 {right})"
            self.fault(place, ja, f"{written!r} is not a prefix such as {right}")
            return None

    def thresholds(self, place: str, written: Any, policy: str, scope: Scope) -> dict[str, int]:
        table = self.table(place, written, tuple(METRICS))
        found: dict[str, int] = {}
        for metric, value in table.items():
            if metric not in METRICS:
                continue
            if value == "learned":
                learned = self.baseline.recommended(policy, scope, metric) if self.baseline else None
                if learned is None:
                    ja = f"{policy} の学習した値がないので計算できません"
                    self.fault(f"{place}.{metric}", ja, f"cannot compute: nothing learned for {policy!r}")
                    continue
                found[metric] = learned
                continue
            try:
                found[metric] = quantity(value)
            except ValueError as error:
                self.fault(f"{place}.{metric}", f"{value} は量ではありません(例 '500M')", str(error))
                continue
            if found[metric] < 0:
                self.fault(f"{place}.{metric}", "負の値です(0 は「なし」)", "is negative; 0 means none")
        return found

    def overrides(
        self, place: str, written: Any, policy: str, prefixes: tuple[Network, ...]
    ) -> tuple[Override, ...]:
        if not isinstance(written, list):
            self.fault(
                f"{place}.override", "[[policy.override]] と書きます", "is written [[policy.override]]"
            )
            return ()
        found: list[Override] = []
        for n, each in enumerate(written, 1):
            here = f"{place}.override {n}"
            table = self.table(here, each, ("network", "host"))
            network = self.network(f"{here}.network", table.get("network"))
            host = self.thresholds(f"{here}.host", table.get("host", {}), policy, "host")
            if network is None:
                continue
            if not any(network.version == p.version and network.subnet_of(p) for p in prefixes):  # type: ignore[arg-type]
                ja, en = f"{network} はこのポリシーの外です", f"{network} lies outside the policy's prefixes"
                self.fault(f"{here}.network", ja, en)
            found.append(Override(network, host))
        return tuple(sorted(found, key=lambda each: each.network.prefixlen))

    def numbers(self, place: str, written: Any, known: tuple[str, ...]) -> dict[str, int]:
        table = self.table(place, written, known)
        found: dict[str, int] = {}
        for key, value in table.items():
            if isinstance(value, bool) or not isinstance(value, int) or value < 0:
                self.fault(
                    f"{place}.{key}",
                    f"{value} は 0 以上の整数ではありません",
                    f"{value!r} is no whole number",
                )
            elif key in known:
                found[key] = value
        return found

    def timing(self, place: str, written: Any) -> Timing:
        timing = Timing(**self.numbers(place, written, tuple(each.name for each in fields(Timing))))
        if not 1 <= timing.rise <= timing.window <= 60:
            ja = f"rise {timing.rise} は 1 以上 window {timing.window} 以下、window は 60 以下です"
            self.fault(
                place, ja, f"rise {timing.rise} must be 1 to window {timing.window}, window 60 at most"
            )
        if timing.soon < 1:
            self.fault(f"{place}.soon", "1 秒以上です", "is at least one second")
        if timing.clear_percent < 100:
            self.fault(f"{place}.clear_percent", "100 以上です", "is at least 100")
        if not 1 <= timing.release_percent <= 100:
            self.fault(f"{place}.release_percent", "1 から 100 です", "is 1 to 100")
        if timing.calm < 1:
            self.fault(f"{place}.calm", "1 秒以上です", "is at least one second")
        return timing

    def guards(self, place: str, written: Any) -> Guards:
        table = dict(self.table(place, written, tuple(each.name for each in fields(Guards))))
        services = table.pop("services", Guards().services)
        ports = isinstance(services, list | tuple) and all(
            isinstance(p, int) and not isinstance(p, bool) and 0 < p < 65536 for p in services
        )
        if not ports:
            self.fault(f"{place}.services", "ポート番号の列です", "is a list of port numbers")
            services = ()
        known = tuple(each.name for each in fields(Guards) if each.name != "services")
        return Guards(services=tuple(services), **self.numbers(place, table, known))
