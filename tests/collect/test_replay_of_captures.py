"""A capture gives the same decisions at the same seconds, always, whether it holds exports or packets."""

import json
import subprocess
import sys
from ipaddress import IPv4Address, ip_address
from pathlib import Path

import pytest
from flow_exports import V4, a_set, ethernet, exported, flow, ip4, netflow9, pcap, tcp, template, udp

from kitei.collect.capture import NotACapture, datagram_in, frames
from kitei.collect.policies import read_policies
from kitei.collect.reaging import reage
from kitei.collect.replay import Replay, replay

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "flows" / "suricata-verify"
START = 1_700_000_000
POLICY = """
[[policy]]
name = "acme"
prefixes = ["10.0.0.0/24"]
host = { bps = "8M", syn-pps = 1000 }
[policy.timing]
calm = 10
"""


def exports(path: Path) -> Path:
    """A minute of NetFlow: quiet, ten seconds of a flood from second 20, quiet."""
    packets = [(START, exported(netflow9(template(256, V4))))]
    for at in range(1, 60):
        octets = 2_000_000 if 20 <= at < 30 else 20_000
        records = b"".join(flow(f"11.0.{at}.{n}", "10.0.0.5", octets, octets // 100) for n in range(10))
        packets.append((START + at + 0.5, exported(netflow9(a_set(256, records), sequence=at))))
    return pcap(packets, path)


def test_exports_in_a_capture_are_judged_at_their_seconds(tmp_path: Path) -> None:
    decisions, heading = replay(exports(tmp_path / "a.pcap"), read_policies(POLICY))
    assert [(each.at - START, each.kind) for each in decisions] == [(21, "alarm"), (39, "release")]
    assert decisions[0].figure == 160_000_000
    assert (heading.datagrams, heading.packets, heading.records) == (60, 0, 590)
    assert [(str(each.address), each.lost) for each in heading.exporters] == [("192.0.2.1", 0)]


def test_packets_in_a_capture_are_the_traffic_themselves(tmp_path: Path) -> None:
    syn = ethernet(0x0800, ip4("198.51.100.7", "10.0.0.5", 6, tcp(1000, 443)))
    path = pcap([(START + n / 1500, syn) for n in range(6000)], tmp_path / "a.pcap")
    decisions, heading = replay(path, read_policies(POLICY))
    assert [(each.at - START, each.kind, each.metric) for each in decisions] == [(1, "alarm", "syn-pps")]
    assert heading.packets == 6000


def test_silence_in_a_capture_ends_an_alarm_in_its_second(tmp_path: Path) -> None:
    syn = ethernet(0x0800, ip4("198.51.100.7", "10.0.0.5", 6, tcp(1000, 443)))
    late = ethernet(0x0800, ip4("198.51.100.7", "10.0.0.6", 17, udp(1, 2)))
    times = [START + n / 1500 for n in range(6000)]
    path = pcap([*((at, syn) for at in times), (START + 500, late)], tmp_path / "a.pcap")
    decisions, _ = replay(path, read_policies(POLICY))
    assert [(each.at - START, each.kind) for each in decisions] == [(1, "alarm"), (13, "release")]


def test_the_same_capture_says_the_same_in_every_process(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    path = exports(tmp_path / "a.pcap")

    def said(*words: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "kitei.cli", "ddos", *words, "--policy", str(tmp_path / "policy.toml"), "--lang", "en"],
            capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
        )  # fmt: skip
        return ran.stdout

    first, again = (said("replay", str(path), "--json") for _ in range(2))
    assert first == again
    found = json.loads(first)
    assert [each["kind"] for each in found["decisions"]] == ["alarm", "release"]
    assert found["read"]["records"] == 590
    lines = said("replay", str(path)).splitlines()
    assert lines[0].startswith(f"{START + 21} alarm acme 10.0.0.5 host, bps 160M (threshold 8M)")
    learned = said("reage", str(path), "--baseline", str(tmp_path / "baseline.json"))
    assert "acme host bps | 8M -> " in learned
    assert json.loads((tmp_path / "baseline.json").read_text())["seconds"] == 60
    said("reage", str(path), "--write", str(tmp_path / "new.toml"))
    assert read_policies((tmp_path / "new.toml").read_text()).policies[0].host["bps"] == 10_000_000


def test_a_bad_policy_ends_with_its_faults_and_no_decision(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY.replace("8M", "eight"))
    ran = subprocess.run(
        [sys.executable, "-m", "kitei.cli", "ddos", "replay", str(exports(tmp_path / "a.pcap")),
         "--policy", str(tmp_path / "policy.toml"), "--lang", "en"],
        capture_output=True, text=True, check=False, env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert ran.returncode == 2
    assert "policy 1.host.bps: 'eight' is not a quantity" in ran.stderr
    assert ran.stdout == ""


def test_reaging_leaves_the_attack_out_and_tells_the_alarms_of_both(tmp_path: Path) -> None:
    book = read_policies(POLICY)
    run = Replay(exports(tmp_path / "a.pcap"), book.limits(), whole=True)
    found = reage(book, list(run.seconds()))
    run.heading()
    bps, syn = found.lines
    assert (bps.metric, bps.present, bps.present_alarms) == ("bps", 8_000_000, 1)
    assert bps.usual_high == 1_600_000  # ten flows of 20 kB; the flood of 160M is not usual
    assert bps.recommended == 10_000_000  # the floor
    assert bps.recommended_alarms == 1
    assert (syn.metric, syn.recommended, syn.present_alarms) == ("syn-pps", 500, 0)
    assert found.baseline.left_out == 20
    assert book.policies[0].host["bps"] == 8_000_000  # nothing was changed


def test_pcapng_and_nanoseconds_are_read(tmp_path: Path) -> None:
    import struct

    frame = ethernet(0x0800, ip4("1.1.1.1", "10.0.0.5", 17, udp(5, 6, b"hello")))
    body = struct.pack("<IIIII", 0, 0, 0, len(frame), len(frame)) + frame + b"\0" * (-len(frame) % 4)
    section = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    interface = struct.pack("<IIHHIHHBxxxHHI", 1, 32, 1, 0, 0, 9, 1, 9, 0, 0, 32)
    nanos = START * 10**9 + 7
    body = struct.pack("<III", 0, nanos >> 32, nanos & 0xFFFFFFFF) + body[12:]
    block = struct.pack("<II", 6, 12 + len(body)) + body + struct.pack("<I", 12 + len(body))
    (tmp_path / "a.pcapng").write_bytes(section + interface + block)
    (found,) = frames(tmp_path / "a.pcapng")
    assert (found.at_ns, found.length) == (nanos, len(frame))
    inner = datagram_in(found)
    assert inner is not None
    assert (inner.src, inner.dport, inner.payload) == (IPv4Address("1.1.1.1"), 6, b"hello")


def test_what_is_no_capture_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"hello world, this is no capture")
    with pytest.raises(NotACapture, match="begins with 68656c6c"):
        list(frames(tmp_path / "a"))


@pytest.mark.skipif(not SHARED.exists(), reason=f"{SHARED} is not here")
def test_recorded_tunnels_are_looked_into() -> None:
    found = {}
    for name in ("bug-5633-gre-01__gre-udp", "bug-5633-gre-02__gre-sample"):
        run = Replay(SHARED / f"{name}.pcap", {}, taking="packets")
        run._meter.tap(100)
        list(run.seconds())
        found[name] = {(str(each.dst), each.dport) for each in run._meter.tapped() if each.tunnel}
        run.heading()
    assert found["bug-5633-gre-01__gre-udp"] == {("2.2.2.2", 514)}
    assert ("129.170.17.4", 123) in found["bug-5633-gre-02__gre-sample"]
    assert ip_address("129.170.17.4").version == 4
