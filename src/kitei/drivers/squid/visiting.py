"""Where a visitor finds the proxy that serves this node now."""

import json

from kitei.drivers.squid.config import ports_of
from kitei.network import Host


def proxy_port(host: Host) -> int | None:
    """The port of the instance in use, for who is on the node itself; None before there is one."""
    told = json.loads(host.read(host.state("web", "loaded.json")) or "{}")
    return ports_of(int(told["slot"]))[0] if "slot" in told else None
