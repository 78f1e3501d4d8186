"""Every capture of flow exports that nfdump can read is read by us record by record as it reads it."""

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from test_reads_as_tshark_does import FOLDER, SMALL, files, with_templates

from kitei.collect.capture import messages
from kitei.collect.meter import Flow, Meter

PORTS = iter(range(21_400, 21_700))
FLAGS = "CEUAPRSF"
# Where we differ from nfdump 1.7.1 on purpose: how many records each reads, and why.
DIFFER = {
    "netflow5": (2, 30),  # says 2 flows and is long enough for 30: what it says counts
    "netflow9_test_cisco_wlc_data261": (0, 19),  # records of wireless clients, without any IP address
}
FIELDS_DIFFER = {"ipfix_test_yaf_data45873": {"tos"}}  # nfdump misses it; tshark reads it as we do
pytestmark = [
    pytest.mark.skipif(not FOLDER.exists(), reason=f"{FOLDER} is not here"),
    pytest.mark.skipif(which("nfcapd") is None, reason="nfdump is not installed"),
]


def records_of_nfdump(datagrams: list[bytes], folder: Path) -> list[dict[str, Any]]:
    """What nfcapd stored of them, sent to it over loopback by one exporter, in its order."""
    port = next(PORTS)
    capture = subprocess.Popen(
        ["nfcapd", "-p", str(port), "-b", "127.0.0.1", "-w", folder, "-t", "3600"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(200):
            if f":{port:04X} " in Path("/proc/net/udp").read_text():
                break
            time.sleep(0.02)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for each in datagrams:
                sock.sendto(each, ("127.0.0.1", port))
                for _ in range(1000):  # its socket holds few
                    if not waiting(port):
                        break
                    time.sleep(0.002)
    finally:
        capture.terminate()
        capture.wait(20)
    said = subprocess.run(["nfdump", "-R", folder, "-o", "json"], capture_output=True, check=True).stdout
    found = json.loads(said) if b"{" in said else []
    return [each for each in found if each["type"] in {"FLOW", "EVENT"}]


def waiting(port: int) -> bool:
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].rpartition(":")[2], 16) == port and words[4].partition(":")[2] != "00000000":
            return True
    return False


def records_of_ours(datagrams: list[bytes]) -> list[Flow]:
    with Meter(SMALL) as meter:
        meter.tap(10_000)
        for each in datagrams:
            meter.feed(each, "192.0.2.1", 2055)
        return [each for each in meter.tapped() if not each.back]


def address(said: dict[str, Any], side: str) -> IPv4Address | IPv6Address | None:
    four, six = said.get(f"{side}4_addr"), said.get(f"{side}6_addr")
    if four == "0.0.0.0" and six == "::":  # shows both where the template has both: neither was read
        return None
    told = four if six in (None, "::") else six
    return ip_address(told) if told else None


def differences(ours: Flow, theirs: dict[str, Any]) -> Iterator[str]:
    for name in ("src", "dst"):
        if (said := address(theirs, name)) is not None and said != getattr(ours, name):
            yield f"{name}: {getattr(ours, name)}, nfdump {said}"
    flags = theirs.get("tcp_flags", "........")
    told = {
        "bytes": theirs.get("in_bytes"),
        # a firewall's event that tells of bytes alone is of one packet at least
        "packets": theirs.get("in_packets")
        or int(theirs["type"] == "EVENT" and theirs.get("in_bytes", 0) > 0),
        "protocol": theirs.get("proto"),
        "sport": theirs.get("src_port"),
        "dport": theirs.get("dst_port"),
        "in_if": theirs.get("input_snmp"),
        "out_if": theirs.get("output_snmp"),
        "src_as": theirs.get("src_as"),
        "dst_as": theirs.get("dst_as"),
        "tos": theirs.get("src_tos"),
        "flags": sum(128 >> n for n, letter in enumerate(FLAGS) if letter in flags)
        if ours.protocol == 6
        else None,
    }
    for name, value in told.items():
        mine = getattr(ours, name)
        if name in {"bytes", "packets"} and not theirs["sampled"]:
            mine //= ours.rate
        if value is not None and mine != value:
            yield f"{name}: {mine}, nfdump {value}"


@pytest.mark.parametrize("file", files(), ids=lambda each: each.stem)
def test_a_capture_is_read_as_nfdump_reads_it(file: Path, tmp_path: Path) -> None:
    datagrams = [each.read_bytes() for each in with_templates(file)]
    theirs, ours = records_of_nfdump(datagrams, tmp_path), records_of_ours(datagrams)
    if file.stem in DIFFER:
        assert (len(ours), len(theirs)) == DIFFER[file.stem]
        return
    assert len(ours) == len(theirs)
    for n, (our, their) in enumerate(zip(ours, theirs, strict=True), 1):
        known = FIELDS_DIFFER.get(file.stem, set())
        found = [each for each in differences(our, their) if each.partition(":")[0] not in known]
        assert not found, f"record {n}"


def test_an_ipfix_file_is_read_as_nfdump_reads_it(tmp_path: Path) -> None:
    datagrams = list(messages(FOLDER.parent / "ipfixcol2" / "doc__data__ipfix__example_flows.ipfix"))
    theirs, ours = records_of_nfdump(datagrams, tmp_path), records_of_ours(datagrams)
    assert len(ours) == len(theirs) > 1000
    for n, (our, their) in enumerate(zip(ours, theirs, strict=True), 1):
        assert not list(differences(our, their)), f"record {n}"
