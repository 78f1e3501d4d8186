"""A stand-in for a router's line cards: flow rules that BIRD was told are enforced by nftables.

BIRD receives flow specifications (RFC 8955, 8956) and keeps them in tables; forwarding by them is what a real
router's hardware does, and no software router here. `python -m kitei.lab.enforcement SOCKET`, run in the router's
place, reads the tables f4 and f6 again and again and sets the table `inet flows` to what they say.
"""

import re
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

EVERY: Final = 0.2
_ROUTE: Final = re.compile(r"^flow([46]) \{ (.*?) \}", re.MULTILINE)
_RATE: Final = re.compile(r"\(generic, 0x8006[0-9a-f]{4}, 0x([0-9a-f]+)\)")
_PLAIN: Final = {
    "proto": "meta l4proto",
    "next header": "meta l4proto",
    "sport": "th sport",
    "dport": "th dport",
}


class Unknown(ValueError):
    """A component or an action that this stand-in does not know: nothing may pass as enforced that is not."""


def rules(told: str) -> list[str]:
    """What BIRD shows of a table with `all`, as nftables rules, in BIRD's order. Raises Unknown."""
    found = list(_ROUTE.finditer(told))
    ends = [*(each.start() for each in found), len(told)][1:]
    return [_rule(each[1], each[2], told[each.end() : end]) for each, end in zip(found, ends, strict=False)]


def _rule(version: str, components: str, attributes: str) -> str:
    rate = _RATE.search(attributes)
    if rate is None:
        raise Unknown(f"no traffic rate: {attributes}")
    (limit,) = struct.unpack(">f", bytes.fromhex(rate[1].rjust(8, "0")))
    parts = [each.strip() for each in components.split(";") if each.strip()]
    matches = " ".join(match for part in parts for match in _matches("ip" if version == "4" else "ip6", part))
    verdict = f"limit rate over {int(limit)} bytes/second burst {max(int(limit) // 10, 3000)} bytes drop"
    return f"{matches} {verdict if limit else 'drop'}"


def _matches(family: str, part: str) -> Iterator[str]:
    """One component. Ports and protocols are lists of values, as the operator's speaker writes them."""
    if found := re.fullmatch(r"(dst|src) (\S+)", part):
        yield f"{family} {'daddr' if found[1] == 'dst' else 'saddr'} {found[2]}"
    elif found := re.fullmatch(r"(proto|next header|sport|dport) ([\d,]+)", part):
        if "port" in found[1]:
            yield "meta l4proto { tcp, udp }"
        yield f"{_PLAIN[found[1]]} {{ {found[2]} }}"
    elif re.fullmatch(r"tcp flags 0x2/0x2 && 0x0/0x10", part):
        yield "tcp flags & (syn | ack) == syn"
    elif part.startswith("fragment ") and family == "ip":
        yield "ip frag-off & 0x3fff != 0"
    elif part.startswith("fragment "):
        yield "exthdr frag exists"
    else:
        raise Unknown(part)


def enforce(socket: str) -> None:
    """Until the process ends. nftables is written only when what is to be enforced has changed."""
    before: list[str] | None = None
    end = time.monotonic() + 10.0
    while not Path(socket).exists() and time.monotonic() < end:
        time.sleep(0.05)
    while True:
        now = [rule for table in ("f4", "f6") for rule in rules(_told(socket, table))]
        if now != before:
            _set(now)
            before = now
        time.sleep(EVERY)


def _told(socket: str, table: str) -> str:
    ask = ["birdc", "-s", socket, "show", "route", "table", table, "all"]
    return subprocess.run(ask, capture_output=True, text=True, check=True).stdout


def _set(now: Sequence[str]) -> None:
    """Before defragmentation, where fragments are still what they are."""
    chain = ("type filter hook prerouting priority -500", *now)
    text = "\n".join(
        (
            "table inet flows {}",
            "flush table inet flows",
            "table inet flows {",
            "chain heard {",
            *chain,
            "}",
            "}",
            "",
        )
    )
    subprocess.run(["nft", "-f", "-"], input=text, text=True, check=True)
    print(*now, sep="\n", flush=True)


if __name__ == "__main__":
    enforce(sys.argv[1])
