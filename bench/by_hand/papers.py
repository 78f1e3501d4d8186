"""The configuration files, as a person would write them: strongSwan, FRR, keepalived, nftables, and ip commands."""

from by_hand.layout import Device, Layout

MTU = 1350


def strongswan(folder: str) -> str:
    return f"""\
charon-systemd {{
  load = random nonce openssl pem pkcs1 pkcs8 x509 pubkey constraints revocation kdf hmac kernel-libipsec \
kernel-netlink socket-default vici updown
  retransmit_timeout = 1.0
  retransmit_base = 1.0
  retransmit_tries = 4
  make_before_break = yes
  filelog {{
    log {{
      path = {folder}/charon.log
      flush_line = yes
    }}
  }}
  plugins {{
    vici {{
      socket = unix://{folder}/vici.sock
    }}
  }}
}}
swanctl {{
  load = pem pkcs1 x509 pubkey openssl random
}}
"""


def swanctl(layout: Layout, me: Device) -> str:
    text = "connections {\n"
    for link in layout.links_of(me):
        peer = link.other(me)
        dials = me == link.edge
        text += f"""\
  {peer.node} {{
    version = 2
    proposals = aes256gcm16-prfsha256-ecp256
    local_addrs = {me.wan}
    remote_addrs = {peer.wan}
    dpd_delay = 2s
    mobike = no
    unique = replace
    keyingtries = {0 if dials else 1}
    local {{
      auth = pubkey
      certs = {me.node}.pem
      id = {me.node}.by-hand
    }}
    remote {{
      auth = pubkey
      id = {peer.node}.by-hand
    }}
    children {{
      link {{
        local_ts = {me.inner}/32
        remote_ts = {peer.inner}/32
        esp_proposals = aes256gcm16-ecp256
        start_action = {"start" if dials else "none"}
        dpd_action = {"restart" if dials else "clear"}
      }}
    }}
  }}
"""
    return text + "}\n"


def ip_commands(layout: Layout, me: Device) -> str:
    """For `ip -batch`."""
    text = f"""\
address add {me.inner}/32 dev lo
address add {me.wan}/16 dev wan0
link set wan0 up
address add {me.lan}/24 dev lan0
link set lan0 up
route add default via 198.18.255.254
route add blackhole 100.64.0.0/16 metric 4000
"""
    for link in layout.links_of(me):
        name, peer = link.name(me), link.other(me)
        text += (
            f"link add {name} type vxlan id {link.number + 1} local {me.inner} remote {peer.inner} dstport 4789"
            f" nolearning\naddress add {link.address(me)}/31 dev {name}\nlink set {name} mtu {MTU} up\n"
        )
        if not layout.routed:
            text += f"route add {peer.prefix} via {link.address(peer)} dev {name}\n"
    return text


def nftables(layout: Layout, me: Device) -> str:
    """The WAN carries IKE and ESP only; a child's LAN and its parent's LAN reach one another and nothing else."""
    allowed = ""
    for link in layout.links_of(me):
        name, peer = link.name(me), link.other(me)
        allowed += f'    iifname "{name}" oifname "lan0" ip saddr {peer.prefix} ip daddr {me.prefix} accept\n'
        allowed += f'    iifname "lan0" oifname "{name}" ip saddr {me.prefix} ip daddr {peer.prefix} accept\n'
    if layout.mate_of(me):
        allowed += f'    iifname "lan0" oifname "lan0" ip saddr {me.prefix} accept\n'
        allowed += f'    iifname "lan0" oifname "lan0" ip daddr {me.prefix} accept\n'
    return f"""\
table inet by_hand {{
  chain inward {{
    type filter hook input priority 0; policy accept;
    iifname "wan0" udp dport {{ 500, 4500 }} accept
    iifname "wan0" drop
  }}
  chain outward {{
    type filter hook output priority 0; policy accept;
    oifname "wan0" udp dport {{ 500, 4500 }} accept
    oifname "wan0" drop
  }}
  chain through {{
    type filter hook forward priority 0; policy drop;
{allowed}  }}
}}
"""


def bfdd(me: Device) -> str:
    return f"""\
hostname {me.node}
bfd
 profile fast
  transmit-interval 100
  receive-interval 100
  detect-multiplier 3
 exit
exit
"""


def bgpd(layout: Layout, me: Device) -> str:
    """Lists and maps come before what names them: bgpd takes up later ones only after its delay timer."""
    peers = [(link.address(link.other(me)), link.other(me)) for link in layout.links_of(me)]
    mate = layout.mate_of(me)
    text = f"hostname {me.node}\nip prefix-list OWN permit {me.prefix}\n"
    text += (
        f"route-map OUT permit 10\n match ip address prefix-list OWN\n set metric {10 + 10 * me.slot}\nexit\n"
    )
    for _, peer in peers:
        text += f"ip prefix-list IN-{peer.node} permit {peer.prefix}\n"
        text += f"route-map IN-{peer.node} permit 10\n match ip address prefix-list IN-{peer.node}\nexit\n"
    text += f"""\
bgp route-map delay-timer 1
router bgp {me.asn}
 bgp router-id {me.inner}
 no bgp default ipv4-unicast
 bgp bestpath compare-routerid
 coalesce-time 50
"""
    for address, peer in [*peers, *([(mate.lan, mate)] if mate else [])]:
        text += f" neighbor {address} remote-as {peer.asn}\n neighbor {address} bfd profile fast\n"
        text += f" neighbor {address} timers 3 9\n neighbor {address} timers connect 1\n"
        text += f" neighbor {address} advertisement-interval 0\n"
    text += f" address-family ipv4 unicast\n  network {me.prefix}\n"
    for address, peer in peers:
        text += f"  neighbor {address} activate\n  neighbor {address} route-map IN-{peer.node} in\n"
        text += f"  neighbor {address} route-map OUT out\n"
    if mate:
        text += f"  neighbor {mate.lan} activate\n  neighbor {mate.lan} next-hop-self\n"
    return text + " exit-address-family\nexit\n"


def keepalived(me: Device) -> str:
    return f"""\
global_defs {{
  router_id {me.node}
  vrrp_version 3
  script_user root
  enable_script_security
}}
vrrp_script routed {{
  script "/bin/sh -c 'test -n \\"$(/sbin/ip route show proto bgp)\\"'"
  interval 1
  fall 1
  rise 1
  init_fail
}}
vrrp_instance lan {{
  interface lan0
  state BACKUP
  virtual_router_id 10
  priority {254 - me.slot}
  advert_int 0.1
  virtual_ipaddress {{
    {me.gateway}/24
  }}
  track_script {{
    routed
  }}
}}
"""
