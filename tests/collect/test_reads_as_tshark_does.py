"""Every capture of flow exports at hand is read as tshark reads it, field by field."""

import json
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from flow_exports import exported, pcap

from kitei.collect.capture import messages
from kitei.collect.meter import Flow, Meter
from kitei.collect.sizes import Sizes

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "flows" / "logstash"
SMALL = Sizes(blocks=4, hosts6=64, prefixes=8, sessions=64, told_hosts=64)
FIELDS = {
    "cflow.octets": "bytes",
    "cflow.packets": "packets",
    "cflow.protocol": "protocol",
    "cflow.srcport": "sport",
    "cflow.dstport": "dport",
    "cflow.tcpflags": "flags",
    "cflow.inputint": "in_if",
    "cflow.outputint": "out_if",
    "cflow.tos": "tos",
    "cflow.srcas": "src_as",
    "cflow.dstas": "dst_as",
}
# Where we differ from tshark 4.0 on purpose: how many flows each reads, and why.
DIFFER = {
    "netflow5_test_invalid01": (0, 30),  # says 55,582 flows: such a datagram is dropped whole
    "netflow5_test_invalid02": (0, 30),  # says 163 flows
    "netflow9_test_invalid01": (2, 0),  # says 2 sets and holds 5: the length counts, not what it says
    "netflow9_test_h3c_data3281": (
        16,
        1,
    ),  # tshark stops at the vendor's two-byte field that it takes for an address
}
pytestmark = [
    pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER} is not here"),
    pytest.mark.skipif(which("tshark") is None, reason="tshark is not installed"),
]


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.dat")) if FOLDER.exists() else []


def with_templates(file: Path) -> list[Path]:
    """The file, behind those of the same exporter that hold its templates."""
    others = [each for each in files() if stem(each) == stem(file) and "tpl" in each.name and each != file]
    return [*others, file]


def stem(file: Path) -> str:
    return re.split(r"_(?:data|tpl|opttpl|dpi)", file.name)[0]


def flows_of_tshark(datagrams: list[bytes], path: Path) -> list[dict[str, str]]:
    pcap([(1_700_000_000 + n, exported(each)) for n, each in enumerate(datagrams)], path)
    said = subprocess.run(
        ["tshark", "-r", path, "-d", "udp.port==2055,cflow", "-T", "json", "-J", "cflow",
         "-Y", f"frame.number=={len(datagrams)}"],
        capture_output=True, check=True,
    )  # fmt: skip
    found: list[dict[str, str]] = []

    def look(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        for key, value in pairs:
            if re.match(r"(Flow|pdu) \d+", key) and isinstance(value, dict):
                found.append(value)
        kept: dict[str, Any] = {}
        for key, value in pairs:
            kept.setdefault(key, value)
        return kept

    json.loads(said.stdout.decode("utf-8", "replace"), object_pairs_hook=look)
    return [each for each in found if {"cflow.dstaddr", "cflow.dstaddrv6", "cflow.srcaddr"} & each.keys()]


def flows_of_ours(datagrams: list[bytes]) -> list[Flow]:
    with Meter(SMALL) as meter:
        for each in datagrams[:-1]:
            meter.feed(each, "192.0.2.1", 2055)
        meter.tap(10_000)
        meter.feed(datagrams[-1], "192.0.2.1", 2055)
        return [each for each in meter.tapped() if not each.back]


def differences(ours: Flow, theirs: dict[str, str]) -> Iterator[str]:
    four = theirs.get("cflow.dstaddr", "0.0.0.0") != "0.0.0.0" or "cflow.dstaddrv6" not in theirs
    for field, name in (("cflow.srcaddr", "src"), ("cflow.dstaddr", "dst")):
        said = theirs.get(field if four else field + "v6")
        if said is not None and ip_address(said) != getattr(ours, name):
            yield f"{name}: {getattr(ours, name)}, tshark {said}"
    for field, name in FIELDS.items():
        if field not in theirs:
            continue
        said = theirs[field]
        told = int(said, 0)
        value = getattr(ours, name)
        if name in {"bytes", "packets"}:
            value //= ours.rate
        if name == "dport" and ours.protocol in {1, 58}:
            continue
        if value != told:
            yield f"{name}: {value}, tshark {told}"


@pytest.mark.parametrize("file", files(), ids=lambda each: each.stem)
def test_a_capture_is_read_as_tshark_reads_it(file: Path, tmp_path: Path) -> None:
    datagrams = [each.read_bytes() for each in with_templates(file)]
    theirs, ours = flows_of_tshark(datagrams, tmp_path / "flows.pcap"), flows_of_ours(datagrams)
    if file.stem in DIFFER:
        assert (len(ours), len(theirs)) == DIFFER[file.stem]
        return
    assert len(ours) == len(theirs)
    for n, (our, their) in enumerate(zip(ours, theirs, strict=True), 1):
        assert not list(differences(our, their)), f"flow {n}"


def test_an_ipfix_file_is_read_as_tshark_reads_it(tmp_path: Path) -> None:
    file = FOLDER.parent / "ipfixcol2" / "doc__data__ipfix__example_flows.ipfix"
    datagrams = list(messages(file))
    assert len(datagrams) > 60
    pcap([(n, exported(each)) for n, each in enumerate(datagrams)], tmp_path / "file.pcap")
    names = (
        "cflow.srcaddr",
        "cflow.srcaddrv6",
        "cflow.octets",
        "cflow.packets",
        "cflow.srcport",
        "cflow.protocol",
    )
    said = subprocess.run(
        ["tshark", "-r", tmp_path / "file.pcap", "-d", "udp.port==2055,cflow", "-T", "fields",
         *(word for name in names for word in ("-e", name))],
        capture_output=True, check=True, text=True,
    ).stdout  # fmt: skip
    theirs = {name: Counter[str]() for name in names}
    for line in said.splitlines():
        for name, values in zip(names, line.split("\t"), strict=True):
            theirs[name].update(values.split(",") if values else ())
    with Meter(SMALL) as meter:
        meter.tap(100_000)
        for each in datagrams:
            meter.feed(each, "192.0.2.1", 2055)
        flows = [each for each in meter.tapped() if not each.back]
        assert not meter.faults()
        assert sum(each.lost for each in meter.heard()) == 0
    assert Counter(str(each.bytes) for each in flows) == theirs["cflow.octets"]
    assert Counter(str(each.packets) for each in flows) == theirs["cflow.packets"]
    ports = Counter(str(each.sport) for each in flows if each.sport)  # some templates have none
    assert ports == theirs["cflow.srcport"]
    assert Counter(str(each.protocol) for each in flows) == theirs["cflow.protocol"]
    sources = Counter(str(each.src) for each in flows)
    assert sources == theirs["cflow.srcaddr"] + theirs["cflow.srcaddrv6"]
