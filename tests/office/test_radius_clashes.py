"""Two contracts that cannot both have a thing on a node: each is told of the other, and which nodes left it out."""

from dataclasses import replace

from kitei.drivers.freeradius.clashes import without_clashes
from kitei.network import HomeServer, Origin, RadiusProxy
from kitei.network.codec import node_intent
from kitei.network.plan import intent_of
from kitei.office.radius.clashes import clashing

ACME = HomeServer(
    Origin("acme-proxy", ()), "acme.example", "203.0.113.5", 1812, "udp", "home.acme@1", 0, 1, False, "", None
)
BOLT = replace(ACME, origin=Origin("bolt-proxy", ()), realm="bolt.example", sack="home.bolt@1")
PARTS = (
    ACME,
    BOLT,
    RadiusProxy(ACME.origin, "acme.example", False, False),
    RadiusProxy(BOLT.origin, "bolt.example", False, False),
)


def test_each_is_told_of_the_other_and_who_was_left_out_where() -> None:
    intent = intent_of({name: node_intent(name, PARTS) for name in ("r1", "r2")})
    (clash,) = without_clashes(PARTS, None)[1]
    assert (clash.out, clash.stays) == (BOLT.key, ACME.key)
    detail = f"{clash.out} and {clash.stays} are {clash.cure}"  # as the driver tells it
    acme, bolt = clashing(intent, [("r2", detail), ("r1", "no such thing")])
    assert (acme.contract, acme.other, acme.nodes) == ("acme-proxy", "bolt-proxy", ())
    assert (bolt.contract, bolt.other, bolt.nodes) == ("bolt-proxy", "acme-proxy", ("r2",))
    assert "r2" in bolt.words.en and "r2" in bolt.words.ja and "r2" not in acme.words.en


def test_one_secret_or_another_address_is_no_clash() -> None:
    for other in (
        replace(BOLT, sack=ACME.sack),
        replace(BOLT, address="203.0.113.6"),
        replace(BOLT, port=1912),
    ):
        assert clashing(intent_of({"r1": node_intent("r1", (ACME, other, *PARTS[2:]))})) == ()
