"""Hosts and paths of requests in one way of writing, so that no other spelling passes a rule by."""

import re
from ipaddress import ip_address
from typing import Final

_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_KEPT: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/")


def host_of(written: str) -> str | None:
    """`'EXAMPLE.co.jp.'` as `'example.co.jp'`, `'日本.jp'` in its ASCII form, an address as it is shortest.

    None: neither a name nor an address. IPv6 may stand in brackets.
    """
    bare = written.strip().removeprefix("[").removesuffix("]")
    try:
        return str(ip_address(bare.partition("%")[0]))
    except ValueError:
        name = bare.lower().removesuffix(".")
    if not name.isascii():
        try:
            name = name.encode("idna").decode()
        except UnicodeError:
            return None
    if len(name) > 253 or not all(map(_LABEL.fullmatch, name.split("."))):
        return None
    return name


def above(host: str) -> tuple[str, ...]:
    """A name and all it is below: `a.b.jp`, `b.jp`, `jp`. An address has nothing above it."""
    if ":" in host or host.rpartition(".")[2].isdigit():
        return (host,)
    labels = host.split(".")
    return tuple(".".join(labels[n:]) for n in range(len(labels)))


def path_of(written: str) -> str:
    """The path of a URL, without its query, as a server would take it: escapes of plain characters undone,
    doubled slashes and dots away (RFC 3986, 6.2.2)."""
    bare = re.split(r"[?#]", written, maxsplit=1)[0].encode(errors="surrogateescape")
    plain = _ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode()), bare)
    kept: list[bytes] = []
    for segment in re.sub(rb"/+", b"/", plain).split(b"/")[1:]:
        if segment == b"..":
            del kept[-1:]
        elif segment != b".":
            kept.append(segment)
    if plain.endswith((b"/.", b"/..")):
        kept.append(b"")
    again = b"/" + b"/".join(kept)
    return "".join(chr(byte) if byte in _KEPT else f"%{byte:02X}" for byte in again)
