"""A border's filters from flow rules it was told: what BIRD shows, as nftables has it."""

import pytest

from kitei.lab.enforcement import Unknown, rules

TOLD = """Table f4:
flow4 { dst 198.51.100.10/32; proto 17; sport 53,123; } [speaker 10:00:00.000] (100) [i]
\tType: BGP univ
\tBGP.ext_community: (generic, 0x8006fbf4, 0x0)
flow4 { dst 198.51.100.11/32; fragment !0x0/0xe; } [speaker 10:00:00.000] (100) [i]
\tBGP.ext_community: (generic, 0x8006fbf4, 0x4b3ebc20)
"""


def test_each_rule_is_enforced_with_its_own_rate() -> None:
    one, two = rules(TOLD)
    assert one.startswith("ip daddr 198.51.100.10/32 meta l4proto { 17 }") and one.endswith("{ 53,123 } drop")
    assert "ip frag-off & 0x3fff != 0 limit rate over 12500000 bytes/second" in two
    assert rules("Table f4:\n") == []


@pytest.mark.parametrize(
    "told", ["flow4 { dst 192.0.2.1/32; length 40; }\n(generic, 0x8006fbf4, 0x0)", TOLD[:60]]
)
def test_what_it_does_not_know_is_no_rule_without_it(told: str) -> None:
    with pytest.raises(Unknown):
        rules(told if "length" in told else "flow4 { dst 192.0.2.1/32; }\n")
