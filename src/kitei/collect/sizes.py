"""How much a meter may hold. Nothing that is received can make it hold more."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sizes:
    """Limits, and by which each is told when reached (`Fault`). Memory is used only as rows are touched.

    A target is a row of 128 bytes; `blocks` of 256 are IPv4 /24s, `hosts6` IPv6 hosts active in one second.
    """

    blocks: int = 4096  # IPv4 /24s: 1,048,576 hosts, 128 MiB; refused when configured
    hosts6: int = 262_144  # 48 MiB; Fault.TARGET_LIMIT
    prefixes: int = 16_384  # refused when configured
    sessions: int = 4096  # 3.5 MiB; Fault.EXPORTER_LIMIT
    templates: int = 65_536  # at most 1,024 a session; Fault.TEMPLATE_LIMIT
    template_bytes: int = 32 << 20  # of those; Fault.TEMPLATE_LIMIT
    exporters: int = 4096  # on the list; refused when configured
    told_hosts: int = 16_384  # handed over a second: what Python judges well within one; Second.untold
