"""FRR, planned: commands lead from any running configuration to the one that is wanted."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as some

from kitei.drivers.frr import Frr, FrrSeen
from kitei.drivers.frr.config import Line, config_for, lines_of
from kitei.network import Bgp, BgpNeighbour, Origin, Part, Risk

ALL = frozenset({"zebra", "bfdd", "bgpd"})
prefixes = some.lists(some.sampled_from(["10.1.0.0/24", "10.2.0.0/16", "10.10.0.0/24"]), unique=True).map(
    tuple
)
speakers = some.builds(
    Bgp,
    some.just(Origin("contract-1", ())),
    some.sampled_from([65000, 65001]),
    some.just("100.64.0.1"),
    prefixes,
)
neighbours = some.builds(
    BgpNeighbour,
    some.sampled_from([Origin(owner, ()) for owner in ("contract-1", "contract-2")]),
    some.sampled_from(["100.80.0.1", "100.80.0.3", "10.0.0.3"]),
    some.sampled_from([65000, 65100, 65101]),
    some.just("peer"),
    prefixes,
    some.sampled_from([10, 20]),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    chosen = {part.key: part for part in draw(some.lists(neighbours, max_size=3))}
    return (draw(speakers), *chosen.values())


def running(wanted: Sequence[Part]) -> FrrSeen:
    config = config_for("a", wanted) or ""
    return FrrSeen("a", config, ALL, lines_of(config))


def obey(lines: frozenset[Line], commands: Sequence[str]) -> frozenset[Line]:
    """A small FRR: blocks are entered, `no` removes a line with all in it, a neighbour goes as a whole."""
    block: Line = ()
    depth = {"router": 0, "route-map": 0, "bfd": 0, "ip": 0, "profile": 1, "address-family": 1}
    for said in commands:
        words = said.removeprefix("no ").split()
        if said == "exit":
            block = ()
            continue
        if words[0] in depth:
            block = block[: depth[words[0]]]
        line = (*block, said.removeprefix("no "))
        if said.startswith("no neighbor ") and len(words) == 2:
            lines = frozenset(
                x for x in lines if not (x[0] == block[0] and x[-1].startswith(f"neighbor {words[1]} "))
            )
        elif said.startswith("no ") and said != "no bgp default ipv4-unicast":
            assert line in lines, f"{said!r} takes away what is not there"
            lines = frozenset(x for x in lines if x[: len(line)] != line)
        else:
            line = (*block, said)
            lines |= {line}
            block = line if words[0] in ("router", "route-map", "bfd", "profile", "address-family") else block
    return lines


@given(wishes(), wishes())
def test_what_is_said_makes_it_right(wanted: tuple[Part, ...], before: tuple[Part, ...]) -> None:
    seen = running(before)
    lines, file = seen.lines, seen.file
    for step in Frr().plan(wanted, seen):
        if step.act == "write":
            file = step.with_["config"]
        else:
            lines = obey(lines, step.with_["commands"])
    assert lines == running(wanted).lines
    assert Frr().plan(wanted, FrrSeen("a", file, ALL, lines)) == ()


@given(wishes(), wishes())
def test_sessions_that_stay_are_not_reset(wanted: tuple[Part, ...], before: tuple[Part, ...]) -> None:
    def sessions(parts: Sequence[Part]) -> set[tuple[str, int]]:
        return {(p.address, p.asn) for p in parts if isinstance(p, BgpNeighbour)}

    if wanted[0].asn != before[0].asn:
        return
    said = [c for step in Frr().plan(wanted, running(before)) for c in step.with_.get("commands", ())]
    for address, _ in sessions(wanted) & sessions(before):
        assert f"no neighbor {address}" not in said
        assert not [command for command in said if command.startswith(f"no neighbor {address} remote-as")]


@given(wishes())
def test_daemons_that_do_not_run_are_started_and_read_the_file(wanted: tuple[Part, ...]) -> None:
    assert [step.act for step in Frr().plan(wanted, FrrSeen("a"))] == ["write", "start"]
    config = config_for("a", wanted)
    assert [step.act for step in Frr().plan(wanted, FrrSeen("a", config, ALL - {"bgpd"}))] == ["start"]


def test_a_neighbour_that_leaves_is_a_step_with_its_contract() -> None:
    bgp = Bgp(Origin("contract-1", ()), 65000, "100.64.0.1", ("10.1.0.0/24",))
    one = BgpNeighbour(Origin("contract-2", ()), "100.80.0.1", 65100, "a", ("10.2.0.0/24",), 10)
    other = BgpNeighbour(Origin("contract-3", ()), "100.80.0.3", 65101, "b", ("10.3.0.0/24",), 10)
    write, leave = Frr().plan([bgp, other], running([bgp, one, other]))
    assert (write.risk, leave.risk, leave.owners) == (Risk.NONE, Risk.OUTAGE, ("contract-2",))
    assert "100.80.0.3" not in str(leave.with_)


def test_a_prefix_no_longer_taken_in_is_an_outage_and_one_more_is_not() -> None:
    bgp = Bgp(Origin("contract-1", ()), 65000, "100.64.0.1", ("10.1.0.0/24",))
    less = BgpNeighbour(Origin("contract-2", ()), "100.80.0.1", 65100, "a", ("10.2.0.0/24",), 10)
    more = BgpNeighbour(
        Origin("contract-2", ()), "100.80.0.1", 65100, "a", ("10.2.0.0/24", "10.3.0.0/24"), 10
    )
    _, fewer = Frr().plan([bgp, less], running([bgp, more]))
    assert (fewer.risk, fewer.owners) == (Risk.OUTAGE, ("contract-2",))
    _, further = Frr().plan([bgp, more], running([bgp, less]))
    assert further.risk is Risk.NONE
    assert further.with_["after"] == ["clear bgp ipv4 unicast 100.80.0.1 soft"]


def test_a_prefix_that_sorts_before_others_cuts_nobody() -> None:
    origin = Origin("contract-1", ())
    few, more = ("10.2.0.0/16",), ("10.1.0.0/24", "10.2.0.0/16")
    before = (
        Bgp(origin, 65000, "100.64.0.1", few),
        BgpNeighbour(origin, "100.80.0.1", 65100, "peer", few, 10),
    )
    after = (
        Bgp(origin, 65000, "100.64.0.1", more),
        BgpNeighbour(origin, "100.80.0.1", 65100, "peer", more, 10),
    )
    steps = Frr().plan(after, running(before))
    assert steps and all(step.risk is not Risk.OUTAGE for step in steps)


def test_a_node_without_bgp_has_no_frr() -> None:
    assert Frr().plan((), FrrSeen("a")) == ()
    assert [step.act for step in Frr().plan((), FrrSeen("a", "x", ALL))] == ["stop"]
