"""What the parts ask of a scrubber at one instant: pure. What has expired by then is not asked for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final

from kitei.drivers.scrubber.layout import (
    ALLOWS_HOSTS,
    HOSTS,
    LISTS,
    NO_FRAGMENTS,
    REFLECTORS,
    SYN_PROOF,
    ceiling_of,
    prefix_text,
    read_prefix,
    source_cost_of,
)
from kitei.network import Part, PermanentError
from kitei.network.ddos import Scrubber, Scrubbing
from kitei.network.expiry import has_expired
from kitei.values import digest_of


@dataclass(frozen=True, slots=True)
class Lists:
    """Who may, who may not, and from which UDP ports reflectors answer. An allowed prefix within a denied one
    is left out, so that the most specific entry of both says what the order of checks would."""

    allow: tuple[str, ...]
    deny: tuple[str, ...]
    reflectors: tuple[int, ...]

    @property
    def digest(self) -> str:
        return _digest(self)

    @property
    def has_hosts(self) -> bool:
        """Single addresses are kept apart from prefixes; so are they asked for."""
        return any(_is_host(each) for each in (*self.allow, *self.deny))

    @property
    def has_prefixes(self) -> bool:
        return any(not _is_host(each) for each in (*self.allow, *self.deny))


def _is_host(prefix: str) -> bool:
    return prefix.endswith("/128") or (prefix.endswith("/32") and ":" not in prefix)


NO_LISTS = Lists((), (), ())


@lru_cache(maxsize=64)
def _digest(lists: Lists) -> str:
    """32 hex digits; of no lists at all an empty text."""
    if lists == NO_LISTS:
        return ""
    return digest_of([list(lists.allow), list(lists.deny), list(lists.reflectors)])[-32:]


@dataclass(frozen=True, slots=True)
class Cleaning:
    """How one prefix is cleaned, as the program keeps it. `lists` is a digest."""

    contract: str
    flags: int
    source_cost: int
    lists: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """By prefix, by contract and by digest. `ceilings` are costs and bursts of `layout.ceiling_of`."""

    port: str
    engine: str
    cleanings: Mapping[str, Cleaning]
    ceilings: Mapping[str, tuple[int, int]]
    lists: Mapping[str, Lists]
    parts: tuple[Scrubbing, ...]


def wanted_of(parts: Sequence[Part], at: datetime) -> Wanted | None:
    """None: this node scrubs nothing. PermanentError names every fault of the parts."""
    scrubber = next((part for part in parts if isinstance(part, Scrubber)), None)
    live = [part for part in parts if isinstance(part, Scrubbing) and not has_expired(part, at)]
    live.sort(key=lambda part: part.prefix)
    faults = [fault for part in live for fault in _faults(part)]
    faults += _repeated(live)
    if live and scrubber is None:
        faults.append(f"{live[0].key}: there is no scrubber on this node to do it")
    if faults:
        raise PermanentError("; ".join(faults))
    if scrubber is None:
        return None
    lists = {part.key: lists_of(part) for part in live}
    return Wanted(
        scrubber.dirty_port,
        scrubber.engine,
        {_plain(part.prefix): _cleaning(part, lists[part.key]) for part in live},
        {contract: ceiling_of(bps) for contract, bps in clean_rates(live).items()},
        {each.digest: each for each in lists.values() if each.digest},
        tuple(live),
    )


def clean_rates(live: Iterable[Scrubbing]) -> dict[str, int]:
    """Each contract's clean rate; where its prefixes differ the least, for no more was bought."""
    found: dict[str, int] = {}
    for part in live:
        rates = [rate for rate in (found.get(part.contract, 0), part.clean_bps) if rate > 0]
        found[part.contract] = min(rates, default=0)
    return found


def lists_of(part: Scrubbing) -> Lists:
    return _read(part)[0]


def _read(part: Scrubbing) -> tuple[Lists, tuple[str, ...]]:
    """A part's lists as far as they concern its family, and what is wrong with them."""
    version = 6 if ":" in part.prefix else 4
    return _lists(part.allow, part.deny, part.reflectors, version)


@lru_cache(maxsize=64)  # a list may be long, and is the same from one look to the next
def _lists(
    allow: tuple[str, ...], deny: tuple[str, ...], reflectors: tuple[int, ...], version: int
) -> tuple[Lists, tuple[str, ...]]:
    faults: list[str] = []
    found: dict[str, set[tuple[int, int]]] = {"allow": set(), "deny": set()}
    for name, prefixes in (("allow", allow), ("deny", deny)):
        for prefix in prefixes:
            read = read_prefix(prefix)
            if read is None:
                faults.append(f"{name} {_NO_PREFIX.format(prefix)}")
            elif read[0] == version:
                found[name].add(read[1:])
    faults += [f"reflectors: {port} is not a UDP port, 0 to 65535" for port in reflectors if port >> 16]
    denied, bits = found["deny"], 32 if version == 4 else 128
    lengths = sorted({length for _, length in denied})
    allowed = {
        (number, length)
        for number, length in found["allow"]
        if not any(
            (number >> bits - above << bits - above, above) in denied for above in lengths if above <= length
        )
    }

    def texts(prefixes: Iterable[tuple[int, int]]) -> tuple[str, ...]:
        return tuple(prefix_text(version, number, length) for number, length in sorted(prefixes))

    return Lists(texts(allowed), texts(denied), tuple(sorted(set(reflectors)))), tuple(faults)


_NO_PREFIX: Final = "{!r} is not a prefix such as '198.51.100.0/24' or '2001:db8::/32'"


def _cleaning(part: Scrubbing, lists: Lists) -> Cleaning:
    flags = (
        (LISTS if lists.has_prefixes else 0)
        | (HOSTS if lists.has_hosts else 0)
        | (ALLOWS_HOSTS if any(_is_host(each) for each in lists.allow) else 0)
        | (SYN_PROOF if part.syn_proof else 0)
        | (NO_FRAGMENTS if part.fragments == "drop" else 0)
        | (REFLECTORS if lists.reflectors else 0)
    )
    return Cleaning(part.contract, flags, source_cost_of(part.source_pps), lists.digest)


def _faults(part: Scrubbing) -> Iterator[str]:
    if not _is_prefix(part.prefix):
        yield f"{part.key}: prefix {_NO_PREFIX.format(part.prefix)}"
    yield from (f"{part.key}: {fault}" for fault in _read(part)[1])
    for limit, number in (("clean_bps", part.clean_bps), ("source_pps", part.source_pps)):
        if number < 0:
            yield f"{part.key}: {limit} {number} is less than nothing; 0 is no limit"
    if not part.contract or len(part.contract.encode()) > 63:
        yield f"{part.key}: contract {part.contract!r} is not a name of 1 to 63 bytes"


def _repeated(live: Sequence[Scrubbing]) -> list[str]:
    """Faults of prefixes that are the same, written twice. Those that are none have been told already."""
    seen: dict[str, str] = {}
    faults = []
    for part in live:
        if _is_prefix(part.prefix):
            first = seen.setdefault(_plain(part.prefix), part.key)
            if first != part.key:
                faults.append(f"{part.key} and {first} are the same prefix; it is cleaned in one way only")
    return faults


def _is_prefix(text: str) -> bool:
    return read_prefix(text) is not None


def _plain(prefix: str) -> str:
    read = read_prefix(prefix)
    assert read is not None, prefix
    return prefix_text(*read)
