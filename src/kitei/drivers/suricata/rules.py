"""A profile in Suricata's language: pure. What is denied ends for both sides at once, by TCP reset or ICMP.

The message of each line says what it means: policy version, profile, what, entry, name, and of threats the
signature's own message.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from kitei.network import Appliance
from kitei.network.inspection import (
    ANY,
    APPLICATIONS,
    UNKNOWN,
    Action,
    Entry,
    deciding,
    entries_of,
    names_of,
)
from kitei.network.signatures import OWN, Signature

# By which protocol names of Suricata an application is known; and what no protocol of it knows.
_PROTOCOLS: Mapping[str, tuple[str, ...]] = {
    "bittorrent": ("bittorrent-dht",),
    "ftp": ("ftp", "ftp-data"),
    UNKNOWN: ("failed",),
}
_PATTERNS: Mapping[str, tuple[str, ...]] = {
    "bittorrent": ('tcp any any -> any any|flow:established; content:"|13|BitTorrent protocol"; startswith',)
}
_HOSTS = ("http|http.host", "tls|tls.sni", "quic|quic.sni")
_KNOWN = "known"
_ACTS: Mapping[Action, str] = {"deny": "rejectboth", "log": "alert"}


def profile_rules(part: Appliance, signatures: Sequence[Signature]) -> tuple[str, Mapping[str, str]]:
    """The lines, and the lists of files that they name."""
    entries = entries_of(part.text)
    own = _Own(part)
    lines = [
        *_applications(entries, own),
        *_sites([each for each in entries if each.what == "site"], own),
        *_threats(entries, signatures, own),
    ]
    files = _listed([each for each in entries if each.what == "file"])
    lines += _files(entries, files, own)
    return "".join(f"{line}\n" for line in lines), files


class _Own:
    """Lines of this profile, numbered from OWN on."""

    def __init__(self, part: Appliance) -> None:
        self._head = f"{part.version} {part.name}"
        self._next = OWN

    def message(self, what: str, entry: str, name: str, more: str = "") -> str:
        return f'msg:"{self._head} {what} {entry} {name}{" " if more else ""}{more}"'

    def known(self, head: str, body: str) -> str:
        """No protocol of Suricata's, and yet not unknown."""
        number, self._next = self._next, self._next + 1
        return f'alert {head} (msg:"known"; {body}; flowbits:set,{_KNOWN}; noalert; sid:{number}; rev:1;)'

    def line(self, action: Action, head: str, entry: Entry, name: str, body: str) -> str:
        """What is only noted is noted once a flow."""
        number, self._next = self._next, self._next + 1
        once = f" flowbits:isnotset,k{number}; flowbits:set,k{number};" if action == "log" else ""
        message = self.message(entry.what, entry.id, name)
        return f"{_ACTS[action]} {head} ({message}; {body};{once} sid:{number}; rev:1;)"


def _applications(entries: Sequence[Entry], own: _Own) -> Iterator[str]:
    for patterns in _PATTERNS.values():
        for pattern in patterns:
            yield own.known(*pattern.split("|", 1))
    for name in APPLICATIONS:
        entry = deciding(entries, "application", frozenset({name, ANY}))
        if entry.action == "allow":
            continue
        for protocol in _PROTOCOLS.get(name, (name,)):
            # A question about a mark has it asked of every packet, not only of the one that tells the protocol: so
            # that a profile that changes counts for flows that go on.
            but = _KNOWN if name == UNKNOWN else "never"
            body = f"app-layer-protocol:{protocol}; flowbits:isnotset,{but}"
            yield own.line(entry.action, "ip any any -> any any", entry, name, body)
        for pattern in _PATTERNS.get(name, ()):
            head, _, body = pattern.partition("|")
            yield own.line(entry.action, head, entry, name, body)


def _sites(entries: Iterable[Entry], own: _Own) -> Iterator[str]:
    """A name is about all below it, but for what an earlier name is about."""
    before: list[str] = []
    for entry in entries:
        for name in entry.names:
            if any(_is_below(name, each) for each in before):
                continue
            if entry.action != "allow":
                for where in _HOSTS:
                    protocol, _, buffer = where.partition("|")
                    spared = "".join(f" {_below(each, '!')};" for each in before if _is_below(each, name))
                    body = f"flow:to_server; {buffer}; dotprefix; {_below(name)};{spared}".removesuffix(";")
                    yield own.line(entry.action, f"{protocol} any any -> any any", entry, name, body)
        before += entry.names


def _is_below(name: str, other: str) -> bool:
    return name == other or name.endswith(f".{other}")


def _below(name: str, but: str = "") -> str:
    return f'content:{but}".{name}"; nocase; endswith'


def _threats(entries: Sequence[Entry], signatures: Iterable[Signature], own: _Own) -> Iterator[str]:
    for each in signatures:
        entry = deciding(entries, "threat", names_of(each))
        if entry.action == "allow" and not each.silent:
            continue
        act = "alert" if each.silent else _ACTS[entry.action]
        message = own.message("threat", entry.id, str(each.sid), each.message)
        yield f"{act} {each.head} ({message}; {each.body}rev:1;)"


def _listed(entries: Iterable[Entry]) -> dict[str, str]:
    """The first entry that lists a file decides: what an earlier one lists is left out of later lists."""
    found: dict[str, str] = {}
    before: set[str] = set()
    for entry in entries:
        fresh = [name for name in entry.names if name not in before]
        if fresh and entry.action != "allow":
            found[f"{entry.id}.sha256"] = "".join(f"{name}\n" for name in fresh)
        before.update(entry.names)
    return found


def _files(entries: Iterable[Entry], files: Mapping[str, str], own: _Own) -> Iterator[str]:
    for entry in entries:
        if (name := f"{entry.id}.sha256") in files:
            for protocol in ("http", "http2", "smtp", "ftp-data", "smb", "nfs"):
                yield own.line(
                    entry.action, f"{protocol} any any -> any any", entry, "-", f"filesha256:{name}"
                )
