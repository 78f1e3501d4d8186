"""Without any alarm a few flows are looked at, so that it can be said who sends on a quiet day."""

from ipaddress import ip_network

from kitei.collect.meter import TAP_TARGETS
from kitei.collect.policies import read_policies
from kitei.collect.policy import Book
from kitei.collect.sampling import CALM, Sampling


def book(networks: list[str]) -> Book:
    listed = ", ".join(f'"{each}"' for each in networks)
    return read_policies(f'[[policy]]\nname = "d1"\nprefixes = [{listed}]\nhost = {{ bps = "1G" }}\n')


FEW = (ip_network("203.0.113.0/24"), ip_network("2001:db8::/48"))


def test_one_second_in_ten_shows_a_few_flows_to_what_is_protected() -> None:
    asked = [
        Sampling().wanted(at, {}, book([str(each) for each in FEW])) for at in range(1_000_000, 1_000_030)
    ]
    assert [each for each in asked if each[0]] == [(CALM, FEW)] * 3
    assert Sampling().wanted(1_000_000, {}) == (0, ())


def test_of_very_many_prefixes_all_have_their_turn() -> None:
    many = [ip_network(f"10.{n >> 8}.{n & 255}.0/24") for n in range(3 * TAP_TARGETS + 1)]
    seen = {
        each
        for at in range(0, 40, 10)
        for each in Sampling().wanted(at, {}, book([str(each) for each in many]))[1]
    }
    assert seen == set(many)
