"""Puts the hand-written files in place and starts the engines, in the lab's wires."""

import os
import shutil
import subprocess
import time
from pathlib import Path

from by_hand import papers
from by_hand.layout import Device, Layout
from kitei.lab.faults import Faults
from kitei.lab.inside import call
from kitei.lab.plan import Host
from kitei.lab.wire import Wires

FRR = "/usr/lib/frr"
SWANCTL_FOLDERS = (
    *("x509", "x509ca", "x509aa", "x509ac", "x509crl", "x509ocsp"),
    *("private", "pubkey", "rsa", "ecdsa", "bliss", "pkcs8", "pkcs12"),
)


class ByHand:
    """A hand-made network in a room. `papers` (keys, certificates) are made apart from `start`."""

    def __init__(self, layout: Layout, folder: Path) -> None:
        self.layout, self.folder = layout, folder
        self.wires = Wires()
        self.faults = Faults(self.wires)

    def lay(self) -> None:
        self.wires.lay(self.layout.machines(), self.layout.segments())

    def host(self, site: int) -> Host:
        return self.wires.hosts_at(f"s{site}")[0]

    def certify(self) -> None:
        """One authority, one certificate a device, in the places swanctl looks in."""
        authority = self.folder / "authority"
        authority.mkdir(parents=True)
        key = "openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout"
        _sh(f"cd {authority} && {key} key.pem -x509 -days 30 -subj /CN=by-hand -out ca.pem")
        for device in self.layout.devices:
            own, name = self.folder / device.node, f"{device.node}.by-hand"
            for place in SWANCTL_FOLDERS:
                (own / place).mkdir(parents=True)
            _sh(
                f"cd {own} && {key} private/key.pem -subj /CN={name} -addext subjectAltName=DNS:{name} |"
                f" openssl x509 -req -CA {authority}/ca.pem -CAkey {authority}/key.pem -days 30"
                f" -copy_extensions copy -out x509/{device.node}.pem"
            )
            shutil.copy(authority / "ca.pem", own / "x509ca/ca.pem")

    def start(self) -> None:
        """Configure every device and start its engines."""
        for device in self.layout.devices:
            self._write(device)
            call(device.node, self._settle, device)
        for device in self.layout.devices:
            self._run_engines(device)
        for device in self.layout.devices:
            self._load(device)
            self._run_routing(device)

    def start_again(self, node: str) -> None:
        """What a person does on a device after its processes died: clear what they left, start them."""
        device = next(d for d in self.layout.devices if d.node == node)
        self._in(node, f"ip address del {device.gateway}/24 dev lan0 2>/dev/null; ip route flush proto bgp")
        self._run_engines(device)
        self._load(device)
        self._run_routing(device)

    def _write(self, device: Device) -> None:
        own = self.folder / device.node
        (own / "strongswan.conf").write_text(papers.strongswan(str(own)))
        (own / "swanctl.conf").write_text(papers.swanctl(self.layout, device))
        if device_has_pair(self.layout, device):
            (own / "keepalived.conf").write_text(papers.keepalived(device))
        if self.layout.routed:
            etc = Path("/etc/frr", device.node)
            etc.mkdir()
            (etc / "zebra.conf").write_text(f"hostname {device.node}\n")
            (etc / "bfdd.conf").write_text(papers.bfdd(device))
            (etc / "bgpd.conf").write_text(papers.bgpd(self.layout, device))
            (etc / "vtysh.conf").write_text("")
            Path("/run/frr", device.node).mkdir()
            for place in (etc, *etc.iterdir(), Path("/run/frr", device.node)):
                shutil.chown(place, "frr", "frr")

    def _settle(self, device: Device) -> None:
        """Inside the device: sysctls, filter, links, addresses and routes."""
        for key, value in (
            ("ipv4/ip_forward", "1"),
            ("ipv6/conf/all/disable_ipv6", "1"),
            ("ipv6/conf/default/disable_ipv6", "1"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/conf/all/send_redirects", "0"),
            ("ipv4/conf/default/send_redirects", "0"),
            ("ipv4/conf/lan0/send_redirects", "0"),
        ):
            Path("/proc/sys/net", key).write_text(value)
        for argv, text in (
            (["nft", "-f", "-"], papers.nftables(self.layout, device)),
            (["ip", "-batch", "-"], papers.ip_commands(self.layout, device)),
        ):
            subprocess.run(argv, input=text, text=True, check=True)

    def _run_engines(self, device: Device) -> None:
        own = self.folder / device.node
        (own / "vici.sock").unlink(missing_ok=True)
        self._begin(device.node, ["/usr/sbin/charon-systemd"], {"STRONGSWAN_CONF": f"{own}/strongswan.conf"})
        if self.layout.routed:
            Path(f"/run/frr/{device.node}/zserv.api").unlink(missing_ok=True)
            self._begin(device.node, _daemon(device, "zebra"))
        if device_has_pair(self.layout, device):
            pids = [f"-p{own}/keepalived.pid", f"-r{own}/vrrp.pid"]
            for pid in ("keepalived.pid", "vrrp.pid"):
                (own / pid).unlink(missing_ok=True)
            self._begin(device.node, ["keepalived", "-n", "-l", "-P", "-f", f"{own}/keepalived.conf", *pids])

    def _load(self, device: Device) -> None:
        own = self.folder / device.node
        while not (own / "vici.sock").exists():
            time.sleep(0.01)
        env = {**os.environ, "SWANCTL_DIR": str(own), "STRONGSWAN_CONF": f"{own}/strongswan.conf"}
        argv = ["swanctl", "--load-all", "--noprompt", "--uri", f"unix://{own}/vici.sock"]
        subprocess.run(argv, env=env, check=True, stdout=subprocess.DEVNULL)

    def _run_routing(self, device: Device) -> None:
        """bfdd and bgpd once zebra listens: whoever comes too early tries again only after ten seconds."""
        if self.layout.routed:
            while not Path(f"/run/frr/{device.node}/zserv.api").exists():
                time.sleep(0.01)
            for daemon in ("bfdd", "bgpd"):
                self._begin(device.node, _daemon(device, daemon))

    def _begin(self, node: str, argv: list[str], env: dict[str, str] | None = None) -> None:
        with (self.folder / node / "engines.log").open("a") as log:
            subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{node}", *argv],
                stdout=log,
                stderr=log,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )

    def _in(self, node: str, command: str) -> None:
        subprocess.run(["nsenter", f"--net=/run/netns/{node}", "sh", "-c", command], check=False)


def _daemon(device: Device, name: str) -> list[str]:
    return [f"{FRR}/{name}", "-N", device.node, "-f", f"/etc/frr/{device.node}/{name}.conf"]


def device_has_pair(layout: Layout, device: Device) -> bool:
    return layout.mate_of(device) is not None


def _sh(command: str) -> None:
    subprocess.run(command, shell=True, check=True, stderr=subprocess.DEVNULL)
