"""What makes parts so on a Linux machine: one driver per engine. They act only through their Host."""

from typing import Any

from kitei.drivers.access import Access
from kitei.drivers.browsing import Browsing
from kitei.drivers.flows import Flows
from kitei.drivers.freeradius import Freeradius
from kitei.drivers.frr import Frr
from kitei.drivers.gobgp import Gobgp
from kitei.drivers.keepalived import Keepalived
from kitei.drivers.links import Links
from kitei.drivers.nftables import Nftables
from kitei.drivers.ocserv import Ocserv
from kitei.drivers.scrubber import Scrubber
from kitei.drivers.squid import Squid
from kitei.drivers.strongswan import Strongswan
from kitei.drivers.suricata import Suricata
from kitei.drivers.tunnels import Tunnels
from kitei.drivers.wireguard import Wireguard
from kitei.network import Driver

# In the order to apply: nothing is joined before the filter stands. To clear a node, go backwards.
ALL: tuple[Driver[Any], ...] = (
    Nftables(),
    Links(),
    Tunnels(),
    Access(),
    Suricata(),
    Wireguard(),
    Scrubber(),
    Strongswan(),
    Frr(),
    Keepalived(),
    Freeradius(),
    Ocserv(),
    Browsing(),
    Squid(),
    Flows(),
    Gobgp(),
)
