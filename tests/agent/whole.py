"""A dual-star network of one child, with every engine: `python whole.py NAME FOLDER` in a private room."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "network"))

from sample import make_estate, make_network
from stand import MemoryOffice, Served, eventually

from kitei.agent import AgentConfig, run
from kitei.drivers import ALL
from kitei.drivers.host import LinuxHost
from kitei.drivers.x509 import Authority, name_in
from kitei.network import AuthorityPapers, Identity, Orders
from kitei.services.managed_vpn.intent import compile_sites

DAY = date(2026, 4, 1)


def sh(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True)
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout


class SigningOffice(MemoryOffice):
    """Compiles one network, certifies its nodes, and sends each the orders that changed."""

    def __init__(self) -> None:
        super().__init__()
        self.authority = Authority.create("net", datetime.now(UTC))
        self.sites = make_network("net", "dual-star-single-edge", 1)
        papers = AuthorityPapers(self.authority.certificate, self.authority.crl((), datetime.now(UTC)))
        self.estate = replace(make_estate(self.sites), authorities={"net": papers})
        self.serials = {machine.node: serial for serial, machine in self.estate.machines.items()}
        self.compile()

    def compile(self) -> None:
        generation = self.published() + 1
        for intent in compile_sites(self.sites, self.estate, DAY):
            before = self.orders.get(intent.node)
            if before is None or before.intent.digest != intent.digest:
                self.publish(Orders(generation, intent))

    def sign(self, node: str, csr: str) -> None:
        super().sign(node, csr)
        name = next(p.name for p in self.orders[node].intent.parts if isinstance(p, Identity))
        assert name_in(csr) == name
        issued = self.authority.issue(csr, 30, datetime.now(UTC))
        papers = {**self.estate.certificates, self.serials[node]: issued}
        self.estate = replace(self.estate, certificates=papers)
        self.compile()


class Stage:
    """Nodes n1 and n2 (the parent's devices) and n3 (the child's) on one WAN, each with an agent."""

    def __init__(self, folder: Path, served: Served, office: SigningOffice) -> None:
        self.folder, self.served, self.office = folder, served, office
        self.agents: dict[str, subprocess.Popen[bytes]] = {}
        sh("ip", "netns", "add", "wires")
        for name in ("wan", "parent", "child"):
            sh("ip", "-n", "wires", "link", "add", name, "type", "bridge")
            sh("ip", "-n", "wires", "link", "set", name, "up")
        for node, site in (("n1", "parent"), ("n2", "parent"), ("n3", "child")):
            sh("ip", "netns", "add", node)
            for port, bridge in (("wan0", "wan"), ("lan0", site)):
                far = f"{node}-{port}"
                peer = ("type", "veth", "peer", "name", port, "netns", node)
                sh("ip", "-n", "wires", "link", "add", far, *peer)
                sh("ip", "-n", "wires", "link", "set", far, "master", bridge, "up")

    def start(self, node: str) -> None:
        argv = ["ip", "netns", "exec", node, sys.executable, __file__, "agent", str(self.folder), node]
        self.agents[node] = subprocess.Popen(argv)

    def states(self) -> dict[tuple[str, str, str], bool]:
        """The last word about every point: (node, what, subject)."""
        return {
            (report.node, state.what, state.subject): state.up
            for report in self.office.reports
            for state in report.states
        }

    def is_whole(self) -> bool:
        last = {report.node: report for report in self.office.reports}
        if set(last) != {"n1", "n2", "n3"} or not all(report.applied for report in last.values()):
            return False
        states = {point: up for point, up in self.states().items() if point[1] != "vrrp"}
        kinds = {what for _, what, _ in states}
        return all(states.values()) and kinds == {"ike", "bfd", "bgp", "end-to-end", "engine"}

    def holders(self) -> list[str]:
        """Nodes that hold a virtual gateway address."""
        return [node for (node, what, _), up in self.states().items() if what == "vrrp" and up]

    def explain(self) -> str:
        last = {report.node: replace(report, states=()) for report in self.office.reports}
        down = sorted(point for point, up in self.states().items() if not up)
        return f"{last}\nrequests: {[node for node, _ in self.office.requests]}\ndown: {down}"


def from_nothing_to_green_through_kills(stage: Stage) -> None:
    begun = time.monotonic()
    for node in ("n1", "n2", "n3"):
        stage.start(node)
    assert eventually(stage.is_whole, 40), stage.explain()
    print(f"all green after {time.monotonic() - begun:.1f} s")
    assert eventually(lambda: stage.holders() == ["n1"], 20), stage.holders()

    # the agent's death is nothing to the engines, and its successor takes them over
    engines = [pid for pid in sh("ip", "netns", "pids", "n3").split() if not is_keeper(pid)]
    stage.agents["n3"].kill()
    stage.agents["n3"].wait()
    engines.remove(str(stage.agents["n3"].pid))
    assert set(engines) <= set(sh("ip", "netns", "pids", "n3").split())
    heard = len(stage.office.reports)
    stage.start("n3")
    assert eventually(lambda: any(r.node == "n3" and r.applied for r in stage.office.reports[heard:]), 20)
    assert set(engines) <= set(sh("ip", "netns", "pids", "n3").split()), "an engine was started anew"

    # an engine's death is seen, told and mended
    charon = json.loads((stage.folder / "n3" / "programs" / "charon.json").read_text())
    os.kill(charon["pid"], signal.SIGKILL)
    assert eventually(lambda: not stage.is_whole(), 20)
    assert eventually(stage.is_whole, 40), stage.explain()


def is_keeper(pid: str) -> bool:
    """Of an agent: it goes when the next one comes."""
    return Path(f"/proc/{pid}/comm").read_text().strip() == "kitei-keeper"


def agent(folder: Path, node: str) -> int:
    config = AgentConfig(
        node=node,
        host=LinuxHost(node, folder / node),
        controller=f"unix:{folder}/controller.sock",
        clock=lambda: datetime.now(UTC),
        drivers=ALL,
        heartbeat=1.0,
    )
    return run(config)


if __name__ == "__main__":
    name, place = sys.argv[1], Path(sys.argv[2])
    if name == "agent":
        raise SystemExit(agent(place, sys.argv[3]))
    signing = SigningOffice()
    with Served(place / "controller.sock", signing) as answering:
        globals()[name](Stage(place, answering, signing))
    sys.stdout.flush()
    os._exit(0)
