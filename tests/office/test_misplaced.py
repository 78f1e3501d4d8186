"""A slip in what stands against floods is told with its statement, all slips at once, and nothing is published."""

from pathlib import Path

import pytest

from kitei.office import Office
from kitei.office.floods.misplaced import misplaced
from kitei.office.office import Refusal
from kitei.office.orderbook import read_book, take_book
from kitei.office.publishing import Publishing

BOOK = Path(__file__).parents[2] / "examples" / "floods"
SLIPS = {
    "service": "ddos-protection",
    "upstream": [
        {"name": "lost", "speaker": "spk-9", "address": "100.64.9.8", "asn": 64500, "families": ["ipv4"]},
        {"name": "twin", "speaker": "spk-1", "address": "100.64.9.1", "asn": 64500, "families": ["ipv4"]},
    ],
    "return_tunnel": [
        {
            "contract": "yuzu-ddos-1", "scrubber": "scr-7", "local": "100.64.10.2", "remote": "2001:db8::2",
            "number": 101, "address": "10.255.9.1/30", "peer": "10.255.8.2",
        },
        {
            "contract": "kaede-ddos-1", "scrubber": "scr-2", "local": "100.64.11.2", "remote": "100.64.2.2",
            "number": 101, "address": "10.255.7.1/30", "peer": "10.255.7.2", "far_node": "edge-kaede",
        },
    ],
    "scrubber": {"node": "scr-2", "dirty_port": "ix0", "next_hops": ["100.64.9.3"]},
}  # fmt: skip


def test_every_slip_is_told_and_nothing_is_planned(tmp_path: Path) -> None:
    office = Office.open(tmp_path)
    office.publish_editions()
    list(take_book(office, read_book(BOOK, office)))
    assert Publishing.of(office).plan().nodes
    list(take_book(office, read_book(SLIPS, office)))
    with pytest.raises(Refusal) as told:
        Publishing.of(office).plan()
    for slip in (
        "upstream lost: speaker 'spk-9' is not there; there is spk-1",
        "upstream twin: address is that of isp-a",
        "return_tunnel yuzu-ddos-1 scr-7: scrubber 'scr-7' is not there; there is scr-1, scr-2",
        "return_tunnel yuzu-ddos-1 scr-7: remote 2001:db8::2 is not of the family of local 100.64.10.2",
        "return_tunnel yuzu-ddos-1 scr-7: peer 10.255.8.2 is not the other address of 10.255.9.0/30",
        "return_tunnel kaede-ddos-1 scr-2: number is that of kaede-ddos-1 scr-1",
        "scrubber scr-2: next_hops is that of scr-1",
    ):
        assert slip in str(told.value)
    office.close()


INNER = {
    "contract": "kaede-ddos-1", "scrubber": "scr-2", "local": "100.64.11.2", "remote": "100.64.2.2", "number": 102,
    "far_node": "edge-kaede",
}  # fmt: skip
SECOND = {"node": "scr-2", "dirty_port": "ix0", "next_hops": ["100.64.9.9"]}


@pytest.mark.parametrize(
    ("address", "peer", "is_apart"),
    [
        ("10.255.1.1/30", "10.255.1.2", False),  # the very addresses of the other
        ("10.255.1.2/30", "10.255.1.1", False),  # turned round
        ("10.255.0.1/23", "10.255.0.2", False),  # around it
        ("10.255.1.5/30", "10.255.1.6", True),
        ("2001:db8:ffff::1/126", "2001:db8:ffff::2", True),
    ],
)
def test_inner_addresses_of_two_tunnels_at_one_router_are_apart(
    tmp_path: Path, address: str, peer: str, is_apart: bool
) -> None:
    office = Office.open(tmp_path)
    office.publish_editions()
    list(take_book(office, read_book(BOOK, office)))
    told = {"service": "ddos-protection", "scrubber": SECOND}
    list(
        take_book(
            office, read_book({**told, "return_tunnel": {**INNER, "address": address, "peer": peer}}, office)
        )
    )
    slips = [words.en for words in misplaced(Publishing.of(office).estate().defence)]
    assert len(slips) == (not is_apart)
    for said in ("return_tunnel", "kaede-ddos-1 scr-1", "kaede-ddos-1 scr-2", "edge-kaede"):
        assert all(said in slip for slip in slips)
    office.close()
