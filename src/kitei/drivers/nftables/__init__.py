"""The packet filter: the table `inet kitei`, replaced as a whole in one transaction (nft -f).

What was loaded is remembered by two digests: of the text, and of the kernel's own listing of it. So a rule
changed by another hand is noticed, however the kernel chooses to write our text.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kitei.drivers.nftables.rules import TABLE, concerns, passing_in, ruleset
from kitei.network import (
    Address,
    Allow,
    BgpNeighbour,
    Forwarding,
    Gateway,
    Guard,
    Host,
    Overlay,
    Part,
    PermanentError,
    Port,
    Risk,
    SecureLink,
    Step,
)
from kitei.values import Json, digest_of

__all__ = ["FilterSeen", "Nftables", "ruleset"]

_MEMORY = "nftables.json"


@dataclass(frozen=True, slots=True)
class FilterSeen:
    """`loaded` is the digest of the text last loaded, None when unknown or changed by another hand since.

    `comments` are those of the table's rules: `<owner> <part key>`. `passing` are the prefixes, in and out, that
    each Allow let pass when it was loaded, by comment. `present`: there is a table of ours.
    """

    present: bool = False
    loaded: str | None = None
    comments: frozenset[str] = frozenset()
    passing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Nftables:
    """The driver of Guard and Allow; of Port, Overlay, SecureLink and BgpNeighbour what may reach the node."""

    name = "nftables"
    reads = (Port, Address, Gateway, Overlay, Guard, Allow, Forwarding, SecureLink, BgpNeighbour)

    def see(self, host: Host) -> FilterSeen:
        listing = _listing(host)
        if listing is None:
            return FilterSeen()
        memory = json.loads(host.read(host.state(_MEMORY)) or "{}")
        intact = memory.get("listing") == digest_of(listing)
        comments = (rule["comment"] for rule in _of_kind(listing, "rule") if "comment" in rule)
        owned = frozenset(comment for comment in comments if " " in comment)
        passing = {comment: tuple(told) for comment, told in memory.get("passing", {}).items()}
        return FilterSeen(True, memory.get("text") if intact else None, owned, passing)

    def plan(self, wanted: Sequence[Part], seen: FilterSeen) -> tuple[Step, ...]:
        if not any(concerns(part) for part in wanted):
            if not seen.present:
                return ()
            owners = tuple(sorted({comment.split(" ")[0] for comment in seen.comments}))
            return (Step(self.name, "remove the packet filter", "remove", {}, Risk.OUTAGE, owners),)
        text = ruleset(wanted)
        if seen.loaded == digest_of(text):
            return ()
        passing = passing_in(wanted)
        gone = sorted(
            comment
            for comment in seen.comments
            if f'comment "{comment}"' not in text
            or not set(seen.passing.get(comment, ())) <= set(passing.get(comment, ()))
        )
        owners = tuple(sorted({comment.split(" ")[0] for comment in gone}))
        with_ = {"text": text, "passing": passing}
        risk = Risk.OUTAGE if gone else Risk.NONE
        return (Step(self.name, _sentence(seen, gone), "load", with_, risk, owners),)

    def apply(self, host: Host, step: Step) -> None:
        """Old and new change places at one instant; a fault leaves the old in place."""
        fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
        text = step.with_.get("text", "")
        done = host.run(["nft", "-f", "-"], stdin=fresh + text)
        if done.code != 0:
            raise PermanentError(f"nft on {host.name} refuses to {step.do}: {done.err.strip()}")
        if step.act == "remove":
            host.remove(host.state(_MEMORY))
            return
        memory = {
            "text": digest_of(text),
            "listing": digest_of(_listing(host) or []),
            "passing": step.with_["passing"],
        }
        host.write(host.state(_MEMORY), json.dumps(memory))


def _sentence(seen: FilterSeen, gone: Sequence[str]) -> str:
    if not seen.present:
        return "put up the packet filter"
    if gone:
        return (
            f"replace the packet filter; less for {', '.join(comment.split(' ', 1)[1] for comment in gone)}"
        )
    return "replace the packet filter" + ("" if seen.loaded else ", which another hand changed")


def _listing(host: Host) -> list[Json] | None:
    """The table as the kernel has it, without what changes by itself (handles, counters); None if absent."""
    done = host.run(["nft", "-j", "list", "table", *TABLE.split()])
    if done.code != 0:
        return None
    told = json.loads(done.out)["nftables"]
    return [_still(entry) for entry in told if "metainfo" not in entry]


def _still(value: Json) -> Json:
    match value:
        case dict():
            passing = ("handle", "packets", "bytes")
            return {key: _still(inner) for key, inner in value.items() if key not in passing}
        case list():
            return [_still(inner) for inner in value]
        case _:
            return value


def _of_kind(listing: Sequence[Any], kind: str) -> list[dict[str, Any]]:
    return [entry[kind] for entry in listing if kind in entry]
