"""What a profile says of what is seen inside a flow: the judgement that testers ask and engines are held against. Pure.

A profile is a list of entries about four things, each thing with its own order: the first entry about a thing that
fits decides on it, and a flow passes where nothing denies it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from kitei.network.signatures import Signature

What = Literal["application", "site", "threat", "file"]
Action = Literal["allow", "deny", "log"]

WHATS: Final[tuple[What, ...]] = ("application", "site", "threat", "file")
MOST_PROFILES: Final = 4
DEFAULT: Final = "default"
ANY: Final = "any"
UNKNOWN: Final = "unknown"
"""An application that speaks nothing that is known."""

# What can be told apart, by whatever port it comes. `bittorrent` is its peers' talk over TCP, and its DHT over UDP.
APPLICATIONS: Final = (
    *("bittorrent", "dcerpc", "dhcp", "dns", "ftp", "http", "ike", "imap", "krb5", "mqtt", "nfs", "ntp", "quic"),
    *("rdp", "rfb", "sip", "smb", "smtp", "snmp", "ssh", "telnet", "tftp", "tls", UNKNOWN),
)  # fmt: skip
_OTHERWISE: Final[dict[What, Action]] = {
    "application": "allow",
    "site": "allow",
    "threat": "log",
    "file": "allow",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be done about `names`: applications or `any`, domains with all below them, SHA-256 of files in hex;
    of threats `severity:high`, `category:domain-c2` and `signature:9000001`."""

    id: str
    what: What
    action: Action
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Inside:
    """What is seen inside a flow, as far as anything is. `host` is a name over HTTP or in a TLS or QUIC greeting."""

    application: str = ""
    host: str = ""
    signature: Signature | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was decided on one thing that was seen: by which entry (`default`: none fits)."""

    entry: str
    what: What
    name: str
    action: Action


def look(entries: Sequence[Entry], inside: Inside) -> tuple[Noticed, ...]:
    """What a profile says of each thing that is seen, in the order of WHATS. The flow passes where none is denied."""
    seen: tuple[tuple[What, str], ...] = (
        ("application", inside.application),
        ("site", inside.host),
        ("threat", str(inside.signature.sid) if inside.signature else ""),
        ("file", inside.sha256),
    )
    return tuple(_noticed(entries, what, name, inside) for what, name in seen if name)


def _noticed(entries: Sequence[Entry], what: What, name: str, inside: Inside) -> Noticed:
    known = names_of(inside.signature) if what == "threat" and inside.signature else _known(what, name)
    found = deciding(entries, what, known)
    return Noticed(found.id, what, name, found.action)


def deciding(entries: Sequence[Entry], what: What, known: frozenset[str]) -> Entry:
    """The first entry that names any of what a thing is known by."""
    of = (each for each in entries if each.what == what and not known.isdisjoint(each.names))
    return next(of, Entry(DEFAULT, what, _OTHERWISE[what], ()))


def names_of(signature: Signature) -> frozenset[str]:
    """By what entries about threats name a signature."""
    told = f"severity:{signature.severity}", f"category:{signature.category}", f"signature:{signature.sid}"
    return frozenset(told)


def _known(what: What, name: str) -> frozenset[str]:
    if what == "application":
        return frozenset({name, ANY})
    if what == "site" and not name.rpartition(".")[2].isdigit():
        labels = name.lower().removesuffix(".").split(".")
        return frozenset(".".join(labels[n:]) for n in range(len(labels)))
    return frozenset({name.lower()})


def entries_text(entries: Sequence[Entry]) -> str:
    rows = [[each.id, each.what, each.action, *each.names] for each in entries]
    return json.dumps(rows, separators=(",", ":"))


def entries_of(text: str) -> tuple[Entry, ...]:
    """Read them back. ValueError or TypeError where they are none: only this program writes them."""
    rows: Any = json.loads(text)
    return tuple(Entry(id, what, action, tuple(names)) for id, what, action, *names in rows)
