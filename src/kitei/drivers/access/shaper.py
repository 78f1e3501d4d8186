"""The ceiling of a private connect, both ways: a token bucket (tc-tbf(8)) before the port, and one behind it.

What comes in is led through a device `kbin` of ours, which queues as a port does when it sends; to a filter it still
comes in by its port. nftables' own limit would not do: its bucket holds a second of the rate.
"""

import json
from typing import Any, Final

from kitei.network import Host, PermanentError

INWARD: Final = "kbin"
_BYTES: Final = 125_000  # a second, of a megabit
_BURST_MS, _QUEUE_MS = 2, 20


def shape(host: Host, port: str, megabits: int) -> None:
    """Again over what there is changes nothing that is right; no packet waits longer than the queue."""
    bucket = [
        *("tbf", "rate", f"{megabits}mbit", "burst", str(megabits * _BYTES * _BURST_MS // 1000)),
        *("latency", f"{_QUEUE_MS}ms"),
    ]
    host.run(["ip", "link", "add", INWARD, "type", "ifb"])  # one that is there is right
    _must(host, "ip", "link", "set", INWARD, "up")
    for device in (INWARD, port):
        _must(host, "tc", "qdisc", "replace", "dev", device, "root", *bucket)
    host.run(["tc", "qdisc", "del", "dev", port, "ingress"])
    _must(host, "tc", "qdisc", "add", "dev", port, "ingress")
    match = ("protocol", "all", "prio", "1", "u32", "match", "u32", "0", "0")
    redirect = ("action", "mirred", "egress", "redirect", "dev", INWARD)
    _must(host, "tc", "filter", "add", "dev", port, "parent", "ffff:", *match, *redirect)


def unshape(host: Host, port: str) -> None:
    """What is gone already is fine."""
    for words in (("dev", port, "ingress"), ("dev", port, "root")):
        host.run(["tc", "qdisc", "del", *words])
    host.run(["ip", "link", "del", INWARD])


def ceiling(host: Host, port: str) -> int:
    """Megabits a second that a port is held to, 0 where it is not, or not the same both ways."""
    rates = {_rate(host, device) for device in (port, INWARD)}
    led = host.run(["tc", "filter", "show", "dev", port, "parent", "ffff:"]).out
    up = host.run(["ip", "-j", "link", "show", "dev", INWARD, "up"])
    is_whole = f"Redirect to device {INWARD}" in led and up.code == 0 and INWARD in up.out
    return rates.pop() // _BYTES if len(rates) == 1 and is_whole else 0


def _rate(host: Host, device: str) -> int:
    done = host.run(["tc", "-j", "qdisc", "show", "dev", device])
    told: list[dict[str, Any]] = json.loads(done.out or "[]") if done.code == 0 else []
    return next((int(each["options"]["rate"]) for each in told if each["kind"] == "tbf"), 0)


def _must(host: Host, *words: str) -> None:
    done = host.run(words)
    if done.code != 0:
        raise PermanentError(f"{host.name} refuses '{' '.join(words)}': {done.err.strip()}")
