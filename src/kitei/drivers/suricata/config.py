"""What Suricata is told of how to look: one engine for each profile."""

import json
from dataclasses import dataclass
from typing import Any, Final

from kitei.drivers.access.rules import LOOKED, PROFILE
from kitei.network import Appliance
from kitei.network.signatures import PORTS, VARIABLES

_FIRST_QUEUE: Final = 1080
_ON_PORTS: Final = {
    "dns": {"tcp": {"enabled": True, "detection-ports": {"dp": "53"}}, "udp": {"enabled": True, "detection-ports": {"dp": "53"}}},
    "tls": {"enabled": True, "detection-ports": {"dp": "443"}},
    "smb": {"enabled": True, "detection-ports": {"dp": "139, 445"}},
    "imap": {"enabled": "detection-only"},
}  # fmt: skip
_KNOWN: Final = (
    *("bittorrent-dht", "dcerpc", "dhcp", "ftp", "http", "http2", "ike", "krb5", "mqtt", "nfs", "ntp", "quic", "rdp"),
    *("rfb", "sip", "smtp", "snmp", "ssh", "telnet", "tftp"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine has what: `kept` below the node's state, `run` for its sockets, whose names must be short."""

    kept: str
    run: str

    def config(self) -> str:
        return f"{self.kept}/suricata.yaml"

    def commands(self, name: str) -> str:
        return f"{self.run}/{name}.commands"


def events(run: str) -> str:
    """The socket that hears what all engines of a node tell."""
    return f"{run}/events"


def queue_of(number: int) -> int:
    return _FIRST_QUEUE + number


def engine_config(part: Appliance, place: Place) -> str:
    """In JSON, which is YAML. What it cannot follow from the beginning passes or not, as the profile says."""
    is_closed = part.blind == "deny"
    told: dict[str, Any] = {
        "default-log-dir": place.kept,
        "default-rule-path": place.kept,
        "rule-files": ["profile.rules"],
        "classification-file": f"{place.kept}/classification",
        "reference-config-file": f"{place.kept}/references",
        "vars": {
            "address-groups": dict.fromkeys(VARIABLES, "any"),
            "port-groups": dict.fromkeys(PORTS, "any"),
        },
        "runmode": "workers",
        "max-pending-packets": 1024,
        "outputs": [
            {"eve-log": {"enabled": True, "filetype": "unix_dgram", "filename": events(place.run), "types": [
                "alert", {"drop": {"alerts": False, "flows": "start"}}]}}
        ],
        "logging": {"default-log-level": "notice", "outputs": [{"console": {"enabled": True}}]},
        "unix-command": {"enabled": True, "filename": place.commands(part.name)},
        "nfq": {
            "mode": "repeat",
            "repeat-mark": LOOKED,
            "repeat-mask": LOOKED,
            "fail-open": not is_closed,
        },
        "exception-policy": "drop-flow" if is_closed else "ignore",
        "stream": {
            "memcap": "64mb",
            "midstream": not is_closed,
            "midstream-policy": "reject" if is_closed else "ignore",
            "inline": True,
            "reassembly": {"memcap": "128mb", "depth": 0},
        },
        "flow": {"memcap": "64mb", "hash-size": 65536, "prealloc": 1000},
        "host": {"memcap": "8mb", "hash-size": 1024, "prealloc": 100},
        "defrag": {"memcap": "16mb", "max-frags": 8192},
        "detect": {"profile": "medium"},
        "app-layer": {
            "error-policy": "reject" if is_closed else "ignore",
            "protocols": {**{name: {"enabled": True} for name in _KNOWN}, **_ON_PORTS, "http": _HTTP},
        },
    }  # fmt: skip
    return "%YAML 1.1\n---\n" + json.dumps(told, indent=1)


# A body is looked into to its end, however it was packed.
_HTTP: Final = {
    "enabled": True,
    "libhtp": {
        "default-config": {
            "personality": "IDS",
            "request-body-limit": 0,
            "response-body-limit": 0,
            "response-body-decompress-layer-limit": 2,
            "double-decode-path": False,
            "double-decode-query": False,
        }
    },
}


def queue_rules(parts: tuple[Appliance, ...]) -> tuple[str, ...]:
    """What hands packets over, as iptables tells its rules."""
    return tuple(
        f"-A FORWARD -m mark ! --mark {LOOKED:#x}/{LOOKED:#x}"
        f" -m connmark --mark {each.number << PROFILE:#x}/0xf0000000"
        f" -j NFQUEUE --queue-num {queue_of(each.number)}{'' if each.blind == 'deny' else ' --queue-bypass'}"
        for each in sorted(parts, key=lambda each: each.number)
    )
