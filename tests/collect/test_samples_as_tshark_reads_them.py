"""Samples of sFlow, wrapped in whatever, are read as tshark reads them: rate, length, innermost packet."""

import subprocess
from pathlib import Path
from shutil import which

import pytest
from flow_exports import exported, pcap, sflow, sflow_element, sflow_sample
from test_flow_meter import WRAPPED

from kitei.collect.meter import Meter
from kitei.collect.sizes import Sizes

CAPTURES = Path(__file__).parents[3] / "shared" / "data" / "flows" / "suricata-verify"
SIZES = Sizes(blocks=1, hosts6=1, prefixes=1, sessions=8, told_hosts=1)
pytestmark = pytest.mark.skipif(which("tshark") is None, reason="tshark is not installed")


def fields(path: Path, *names: str, more: tuple[str, ...] = ()) -> list[list[str]]:
    """Of every packet the values of each field, outermost first, several joined by a comma."""
    words = [word for name in names for word in ("-e", name)]
    ran = subprocess.run(
        ["tshark", "-r", path, *more, "-T", "fields", *words], capture_output=True, check=True, text=True
    )
    return [line.split("\t") for line in ran.stdout.splitlines()]


@pytest.mark.parametrize("expanded", [False, True])
def test_a_sample_is_read_as_tshark_reads_it(tmp_path: Path, expanded: bool) -> None:
    datagrams = [
        sflow(sflow_sample(sflow_element(frame[:128], 700 + n), rate=100 + n, expanded=expanded))
        for n, frame in enumerate(WRAPPED.values())
    ]
    path = pcap([(n, exported(each, port=6343)) for n, each in enumerate(datagrams)], tmp_path / "a.pcap")
    said = fields(
        path,
        "sflow.flow_sample.sampling_rate",
        "sflow_245.header.frame_length",
        "ip.src",
        "ip.dst",
        "tcp.dstport",
        more=("-d", "udp.port==6343,sflow"),
    )
    with Meter(SIZES) as meter:
        meter.tap(100)
        for each in datagrams:
            meter.feed(each, "192.0.2.1", 6343)
        flows = meter.tapped()
    assert len(flows) == len(said) == len(WRAPPED)
    for flow, (rate, length, src, dst, port), name in zip(flows, said, WRAPPED, strict=True):
        inner = (src.split(",")[-1], dst.split(",")[-1], port.split(",")[-1])
        if name != "ethernet in mpls":  # tshark stops at a pseudowire unless it is told of its label
            assert (str(flow.src), str(flow.dst), str(flow.dport)) == inner, name
        assert (flow.packets, flow.bytes) == (int(rate), int(rate) * int(length)), name


@pytest.mark.skipif(not CAPTURES.exists(), reason=f"{CAPTURES} is not here")
@pytest.mark.parametrize(
    "path", sorted(CAPTURES.glob("*.pcap")) if CAPTURES.exists() else [], ids=lambda p: p.stem[:30]
)
def test_a_recorded_packet_is_read_as_tshark_reads_it(path: Path) -> None:
    from kitei.collect.capture import frames

    said = fields(
        path, "frame.len", "ip.src", "ip.dst", "ip.proto", "tcp.dstport", "udp.dstport", "tcp.flags", "ip.flags.mf",
        "ip.frag_offset", more=("-o", "ip.defragment:FALSE", "-Y", "ip", "-o", "tcp.desegment_tcp_streams:FALSE"),
    )  # fmt: skip
    with Meter(SIZES) as meter:
        meter.tap(100_000)
        for frame in frames(path):
            meter.packet(frame.head, frame.length, link=frame.link, at_ns=frame.at_ns)
        flows = [each for each in meter.tapped() if each.src.version == 4]
    assert len(flows) == len(said) > 0
    for n, (flow, row) in enumerate(zip(flows, said, strict=True), 1):
        length, src, dst, protocol, tcp, udp, flags, more_fragments, offset = ([*row, *[""] * 9])[:9]
        if flow.protocol == 1:  # tshark goes on into the packet that an ICMP error quotes
            assert str(flow.src) in src.split(","), n
            continue
        assert (str(flow.src), str(flow.dst)) == (src.split(",")[-1], dst.split(",")[-1]), n
        assert flow.bytes == int(length), n
        assert str(flow.protocol) == protocol.split(",")[-1], n
        assert flow.fragment == (
            more_fragments.split(",")[-1] in {"1", "True"} or offset.split(",")[-1] != "0"
        ), n
        ports = tcp if flow.protocol == 6 else udp if flow.protocol == 17 else ""
        if ports:
            assert str(flow.dport) == ports.split(",")[-1], n
        if flow.protocol == 6 and flags:
            assert flow.flags == int(flags.split(",")[-1], 16) & 0xFF, n
