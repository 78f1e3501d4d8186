"""The scrubber where there is no XDP: the table `netdev kitei_scrub` at the dirty port's ingress (nft(8)).

The same checks in the same order, but for what nftables cannot: it proves no source (a forged SYN is held by the
ceiling alone), it leaves lengths that contradict themselves to the kernel's own IP, it does not limit sources
beyond the 65,536 it remembers, and each change begins its counters and limits anew.
"""

import json
from collections.abc import Iterable, Iterator
from ipaddress import ip_network
from typing import Any, Final

from kitei.drivers.scrubber.layout import BURST_SECONDS, REASONS
from kitei.drivers.scrubber.seen import Filter
from kitei.drivers.scrubber.wanted import Lists, Wanted, clean_rates, lists_of
from kitei.network import Host, PermanentError
from kitei.network.ddos import Scrubbing
from kitei.values import Json, digest_of

TABLE: Final = "netdev kitei_scrub"
_MEMORY: Final = "scrubber-filter.json"
_NEVER: Final = ("unproven", "answer")  # reasons that only the XDP program knows
_LEAST_BURST: Final = 65536
_PASSING: Final = ("handle", "packets", "bytes", "elem")


def ruleset(wanted: Wanted) -> str:
    """The whole table as nft text, the same for the same wishes."""
    rates = clean_rates(wanted.parts)
    contracts = {contract: n for n, contract in enumerate(sorted(rates))}
    lists = {digest: n for n, digest in enumerate(sorted(wanted.lists))}
    lines: list[str] = []
    for digest, n in lists.items():
        lines += _sets(n, wanted.lists[digest])
    for contract, n in contracts.items():
        lines += _ceiling(n, contract, rates[contract])
    by_length = sorted(wanted.parts, key=lambda part: (-ip_network(part.prefix).prefixlen, part.prefix))
    entries = []
    for n, part in enumerate(by_length):
        listed = lists_of(part)
        lines += _cleaning(n, part, listed, lists.get(listed.digest), contracts[part.contract])
        entries.append(f"\t\t{_family(part.prefix)} daddr {ip_network(part.prefix)} goto clean{n}")
    head = f'\t\ttype filter hook ingress device "{wanted.port}" priority -500; policy accept;'
    lines += ["\tchain dirty {", head, *entries, "\t}"]
    return f"table {TABLE} {{\n" + "\n".join(lines) + "\n}\n"


def _sets(n: int, lists: Lists) -> Iterator[str]:
    for name, prefixes in (("allow", lists.allow), ("deny", lists.deny)):
        if prefixes:
            kind = "ipv4_addr" if ip_network(prefixes[0]).version == 4 else "ipv6_addr"
            yield f"\tset {name}{n} {{ type {kind}; flags interval; auto-merge;"
            yield f"\t\telements = {{ {', '.join(prefixes)} }}\n\t}}"


def _ceiling(n: int, contract: str, clean_bps: int) -> Iterator[str]:
    if '"' in contract or "\n" in contract:
        raise PermanentError(f"{contract!r} has a sign that no nft comment can hold")
    for reason in REASONS:
        if reason not in _NEVER:
            yield f'\tcounter {reason}{n} {{ comment "{contract}" }}'
    if clean_bps:
        rate = max(1, clean_bps // 8)
        burst = max(_LEAST_BURST, int(rate * BURST_SECONDS))
        yield f"\tlimit ceiling{n} {{ rate over {rate} bytes/second burst {burst} bytes }}"
    yield f"\tchain pass{n} {{"
    if clean_bps:
        yield f'\t\tlimit name "ceiling{n}" counter name "ceiling{n}" drop'
    yield f'\t\tcounter name "passed{n}" accept\n\t}}'


def _cleaning(n: int, part: Scrubbing, lists: Lists, k: int | None, c: int) -> Iterator[str]:
    family = _family(part.prefix)
    if part.source_pps:
        kind = "ipv4_addr" if family == "ip" else "ipv6_addr"
        yield f"\tset sources{n} {{ type {kind}; size 65536; flags dynamic, timeout; timeout 10s; }}"
    yield f"\tchain clean{n} {{"
    if lists.deny:
        yield f'\t\t{family} saddr @deny{k} counter name "denied{c}" drop'
    if lists.allow:
        yield f"\t\t{family} saddr @allow{k} goto pass{c}"
    for nonsense in (
        "tcp flags & (syn | fin) == syn | fin",
        "tcp flags & (syn | rst) == syn | rst",
        "tcp flags & (syn | ack | rst) == 0x0",
    ):
        yield f'\t\t{nonsense} counter name "malformed{c}" drop'
    if part.fragments == "drop":
        is_fragment = "ip frag-off & 0x3fff != 0" if family == "ip" else "exthdr frag exists"
        yield f'\t\t{is_fragment} counter name "fragment{c}" drop'
    if lists.reflectors:
        ports = ", ".join(map(str, lists.reflectors))
        yield f'\t\tudp sport {{ {ports} }} counter name "amplified{c}" drop'
    if part.source_pps:
        source = "ip saddr" if family == "ip" else "ip6 saddr & ffff:ffff:ffff:ffff::"
        over = f"limit rate over {part.source_pps}/second burst {part.source_pps} packets"
        yield f'\t\tupdate @sources{n} {{ {source} {over} }} counter name "source{c}" drop'
    yield f"\t\tgoto pass{c}\n\t}}"


def _family(prefix: str) -> str:
    return "ip" if ip_network(prefix).version == 4 else "ip6"


def see_filter(host: Host) -> Filter | None:
    """None: there is no such table, or no nftables."""
    listing = _listing(host)
    if listing is None:
        return None
    memory = json.loads(host.read(host.state(_MEMORY)) or "{}")
    return Filter(memory.get("text") if memory.get("listing") == digest_of(listing) else None)


def load_filter(host: Host, text: str) -> None:
    """Old and new change places at one instant; a fault leaves the old in place."""
    fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
    done = host.run(["nft", "-f", "-"], stdin=fresh + text, timeout=60.0)
    if done.code != 0:
        raise PermanentError(f"nft on {host.name} refuses to scrub: {done.err.strip()[-2000:]}")
    memory = {"text": digest_of(text), "listing": digest_of(_listing(host) or [])}
    host.write(host.state(_MEMORY), json.dumps(memory))


def take_filter(host: Host) -> None:
    host.run(["nft", "delete", "table", *TABLE.split()])
    host.remove(host.state(_MEMORY))


def counted(host: Host) -> Iterable[tuple[str, str, int, int]]:
    """Contract, reason, packets and bytes of each counter."""
    done = host.run(["nft", "-j", "list", "counters", "table", *TABLE.split()])
    if done.code != 0:
        return
    for entry in json.loads(done.out)["nftables"]:
        if told := entry.get("counter"):
            reason = str(told["name"]).rstrip("0123456789")
            yield told["comment"], reason, told["packets"], told["bytes"]


def _listing(host: Host) -> list[Json] | None:
    """The table as the kernel has it, without members of sets and what changes by itself; None if absent."""
    done = host.run(["nft", "-j", "-t", "list", "table", *TABLE.split()])
    if done.code != 0:
        return None
    return [_still(entry) for entry in json.loads(done.out)["nftables"] if "metainfo" not in entry]


def _still(value: Any) -> Json:
    match value:
        case dict():
            return {key: _still(inner) for key, inner in value.items() if key not in _PASSING}
        case list():
            return [_still(inner) for inner in value]
        case _:
            plain: Json = value
            return plain
