"""Attackers: trafgen (netsniff-ng) in a place of the lab, sending what floods are made of.

Sources are spoofed at random, except those of amplification, which come from a few reflectors. The kernel of
the place sends nothing by itself; what arrives is counted where it arrives.
"""

import json
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from kitei.lab.lab import Lab

Kind: TypeAlias = Literal["syn", "udp", "bulk", "fragments", "dns", "ntp", "dns-by-six"]
KINDS: Final[tuple[Kind, ...]] = ("syn", "udp", "bulk", "fragments", "dns", "ntp")

# Layer 3 and above of one packet, as trafgen writes it; {target} is an address, {source} its sender's.
# Those `by-six` are of IPv6.
_PACKETS: Final[dict[Kind, str]] = {
    "syn": "ipv4(saddr=drnd(), daddr={target}, ttl=60), tcp(sport=drnd(), dport=80, syn, seq=drnd(), win=64240)",
    "udp": "ipv4(saddr=drnd(), daddr={target}, ttl=60), udp(sport=drnd(), dport=drnd()), fill(0x5a, {size})",
    "bulk": "ipv4(saddr=drnd(), daddr={target}, ttl=60), udp(sport=drnd(), dport=drnd()), fill(0x5a, 1300)",
    "fragments": "ipv4(saddr=drnd(), daddr={target}, ttl=60, mf, frag=185, id=drnd(), proto=17), fill(0x5a, {size})",
    "dns": "ipv4(saddr={source}, daddr={target}, ttl=60), udp(sport=53, dport=drnd()), fill(0x5a, 1372)",
    "ntp": "ipv4(saddr={source}, daddr={target}, ttl=60), udp(sport=123, dport=drnd()), fill(0x5a, 440)",
    "dns-by-six": "ipv6(saddr={source}, daddr={target}, hoplimit=60), udp(sport=53, dport=drnd()), fill(0x5a, 1352)",
}
_REFLECTORS: Final = tuple(f"198.18.0.{n}" for n in range(1, 9))
_REFLECTORS_SIX: Final = tuple(f"2001:db8:3::{n}" for n in range(1, 9))
_SIZES: Final = (
    24,
    120,
    480,
    1400,
)  # a full line drops small packets, too, only where the flood has small ones


@dataclass(frozen=True, slots=True)
class Attack:
    """A flood from a place's `eth0` towards one address, in packets a second (0: all it can)."""

    name: str
    kind: Kind
    target: str
    pps: int


def start_attack(lab: Lab, attack: Attack, place: str, gateway: tuple[str, str]) -> None:
    """Begin it; `gateway` is the place and port at the other end of the cable. It ends by `stop_attack`."""
    own, far = (_mac(lab, *end) for end in ((place, "eth0"), gateway))
    packet = _PACKETS[attack.kind]
    reflectors = _REFLECTORS_SIX if packet.startswith("ipv6") else _REFLECTORS
    variants = [
        {"source": source, "size": size}
        for source in (reflectors if "{source}" in packet else ("",))
        for size in (_SIZES if "{size}" in packet else (0,))
    ]
    file = lab.home / f"{attack.name}.trafgen"
    file.write_text(
        "".join(
            f"{{ eth(saddr={own}, daddr={far}), {packet.format(target=attack.target, **variant)} }}\n"
            for variant in variants
        )
    )
    pace = ["-b", f"{attack.pps}pps"] if attack.pps else []
    command = ["trafgen", "--dev", "eth0", "--conf", str(file), "--cpus", "1", "--no-sock-mem", *pace]
    lab.begin(attack.name, place, command)


def stop_attack(lab: Lab, attack: Attack) -> None:
    lab.finish(attack.name)


def _mac(lab: Lab, place: str, port: str) -> str:
    told: str = json.loads(lab.run(place, ["ip", "-j", "link", "show", port]).out)[0]["address"]
    return told
