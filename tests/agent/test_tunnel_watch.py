"""Return tunnels are probed from end to end, by their parts alone; a session without a speaker is down."""

import os
import subprocess
import sys

import pytest

from kitei.agent.probes import probes_of
from kitei.agent.upstreams import Upstreams
from kitei.network import Origin, Probe, ReturnTunnel, Upstream

FOR = Origin("contract-1", ())
TUNNEL = ReturnTunnel(
    FOR, "contract-1", "vxlan", "10.1.0.2", "10.2.0.2", 7, "100.64.7.0/31", "100.64.7.1", (), 1400
)
ASKED = Probe(FOR, "a-b", "10.0.0.1", "10.0.0.2", 100, "end-to-end")


def test_a_tunnel_is_probed_from_its_near_address_to_its_far_one() -> None:
    assert list(probes_of((ASKED, TUNNEL))) == [
        ASKED,
        Probe(FOR, "return-tunnel:contract-1:7", "100.64.7.0", "100.64.7.1", 500, "tunnel"),
    ]


def test_where_no_speaker_runs_every_upstream_is_down(tmp_path) -> None:
    from kitei.drivers.host import LinuxHost

    border = Upstream(FOR, "border", "10.98.0.2", 64500, ("ipv4",), 5, "", (), True)
    felt = Upstreams(LinuxHost("n1", tmp_path)).feel((border,))
    assert {point: feeling.up for point, feeling in felt.items()} == {("upstream", "border"): False}


@pytest.mark.lab
def test_a_tunnel_that_breaks_is_told_and_so_is_its_return() -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root and network namespaces")
    made = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", _LIFE], capture_output=True, text=True, timeout=60
    )
    assert made.stdout.split() == ["True", "False", "True"], made.stderr


_LIFE = """import subprocess, threading, time
from datetime import UTC, datetime
from kitei.agent.probes import Prober, probes_of
from kitei.network import Origin, ReturnTunnel
tunnel = ReturnTunnel(Origin("c", ()), "c", "vxlan", "10.1.0.2", "10.2.0.2", 7, "100.64.7.0/31", "100.64.7.1", (), 1400)
def ip(*words): subprocess.run(["ip", *words], check=True)
ip("link", "set", "lo", "up")
ip("address", "add", "100.64.7.0/32", "dev", "lo"); ip("address", "add", "100.64.7.1/32", "dev", "lo")
said = []
prober = Prober(lambda: datetime.now(UTC), said.append)
prober.watch(probes_of((tunnel,)))
threading.Thread(target=prober.run, daemon=True).start()
def wait(count):
    until = time.monotonic() + 15
    while len(said) < count and time.monotonic() < until: time.sleep(0.05)
wait(1); ip("address", "del", "100.64.7.1/32", "dev", "lo")
wait(2); ip("address", "add", "100.64.7.1/32", "dev", "lo")
wait(3)
assert {(s.subject, s.what) for s in said} == {("return-tunnel:c:7", "tunnel")}, said
print(*(s.up for s in said))
"""
