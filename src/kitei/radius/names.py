"""What clients send where a text should be, and is no UTF-8 (RFC 2865, 5): kept byte by byte.

Inside, such a text holds its stray bytes as Python's surrogates (`surrogateescape`), so that it is told apart from
every other, counts as a user of its own and goes back to the network as it came. For people, and for all that can
only keep real text, `shown` writes them as `\\xf6`; so too a zero byte, at which a text ends for some.
"""

from collections.abc import Iterable
from typing import Final

# In which attributes the server hands on, in hex, those that it cannot hand on as text.
CARRIED: Final = {
    "Tmp-Octets-0": "User-Name",
    "Tmp-Octets-1": "User-Password",
    "Tmp-Octets-2": "Calling-Station-Id",
    "Tmp-Octets-3": "Acct-Session-Id",
    "Tmp-Octets-4": "NAS-Port-Id",
}


def told_of(request: Iterable[tuple[str, str]]) -> dict[str, str]:
    """A request as names and texts."""
    told = dict(request)
    if any(carrier in told for carrier in CARRIED):
        for carrier, name in CARRIED.items():
            if carrier in told:
                told[name] = text_of(bytes.fromhex(told[carrier].removeprefix("0x")))
    return told


def text_of(told: bytes) -> str:
    return told.decode(errors="surrogateescape")


def bytes_of(text: str) -> bytes:
    """The very bytes again."""
    return text.encode(errors="surrogateescape")


def is_plain(text: str) -> bool:
    return "\0" not in text and (text.isascii() or not any("\udc80" <= char <= "\udcff" for char in text))


def shown(text: str) -> str:
    """For people. A text that is plain stays as it is; in others a backslash is doubled, so that nothing is lost."""
    if is_plain(text):
        return text
    told = bytes_of(text.replace("\\", "\\\\")).decode(errors="backslashreplace")
    return told.replace("\0", "\\x00")


def sendable(name: str, value: str) -> tuple[str, str]:
    """An attribute for the server, which takes no stray bytes in a text: `Tmp-String-1` becomes `Tmp-Octets-1`."""
    if is_plain(value):
        return name, value
    return name.replace("Tmp-String-", "Tmp-Octets-"), "0x" + bytes_of(value).hex()
