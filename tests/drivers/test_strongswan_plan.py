"""IKE, planned: whatever a charon has, the plan ends at what is wanted, and then there is no plan."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as some

from kitei.drivers import x509
from kitei.drivers.strongswan import Association, IkeSeen, Strongswan
from kitei.drivers.strongswan.plan import as_listed, config_for, connection, fingerprint
from kitei.drivers.strongswan.seen import associations_in
from kitei.drivers.x509 import Authority
from kitei.network import Identity, Origin, Part, Risk, SecureLink, Step

AT = datetime(2026, 4, 1, tzinfo=UTC)
AUTHORITY = Authority.create("net-1", AT)
KEY = x509.make_key()
CERTIFICATE = AUTHORITY.issue(x509.make_request(KEY, "hub"), 365, AT)
PEER = AUTHORITY.issue(x509.make_request(x509.make_key(), "child-1"), 365, AT)
LISTS = ("", AUTHORITY.crl([], AT), AUTHORITY.crl([x509.serial_of(PEER)], AT))
MINE = x509.key_id(KEY)


def link(number: int, owner: str, dials: bool, remote: str) -> SecureLink:
    inner = f"100.64.0.{number + 1}"
    peer = f"child-{number}"
    return SecureLink(
        Origin(owner, ()), f"link-{number}", "198.51.100.1", remote, "hub", peer, "100.64.0.1", inner, dials
    )


links = some.builds(
    link,
    some.integers(1, 3),
    some.sampled_from(["contract-1", "contract-2"]),
    some.booleans(),
    some.sampled_from(["198.51.100.2", "198.51.100.3"]),
)
identities = some.builds(
    Identity,
    some.just(Origin("contract-1", ())),
    some.just("hub"),
    some.just(AUTHORITY.certificate),
    some.sampled_from([None, CERTIFICATE]),
    some.sampled_from(LISTS),
)


@some.composite
def wishes(draw: some.DrawFn) -> tuple[Part, ...]:
    chosen = {part.name: part for part in draw(some.lists(links, max_size=3))}
    return (*draw(some.lists(identities, max_size=1)), *chosen.values())


@some.composite
def sights(draw: some.DrawFn) -> IkeSeen:
    esp, running = draw(some.booleans()), draw(some.booleans())
    config = draw(some.sampled_from([None, config_for(True), config_for(False)]))
    keys = draw(some.sampled_from([{}, {"hub": MINE}, {"hub": MINE, "other": "00"}]))
    if not running:
        return IkeSeen(config, esp, False, keys, checked=draw(some.sampled_from([None, "stale"])))
    held = draw(some.sets(some.sampled_from([f"key:{MINE}", fingerprint(CERTIFICATE), "stale"])))
    loaded = {part.name: as_listed(part) for part in draw(some.lists(links, max_size=3))}
    states = some.builds(Association, some.booleans(), some.integers(0, 1))
    associations = draw(some.dictionaries(some.sampled_from([*loaded, "link-9"]), states))
    return IkeSeen(config, esp, True, keys, frozenset(held), "stale", loaded, associations)


def after(seen: IkeSeen, step: Step) -> IkeSeen:
    """What a charon would have after a step, if all peers answer."""
    with_ = step.with_
    match step.act:
        case "start":
            started = IkeSeen(with_["config"], seen.kernel_esp, True, seen.keys, checked=seen.checked)
            return replace(seen, running=True) if seen.running and seen.config == with_["config"] else started
        case "stop":
            return IkeSeen(kernel_esp=seen.kernel_esp)
        case "make-key":
            return replace(seen, keys={**seen.keys, with_["name"]: "a new one"})
        case "destroy-key":
            return replace(seen, keys={n: k for n, k in seen.keys.items() if n != with_["name"]})
        case "load":
            assert seen.running
            papers = [
                p for i in with_["identities"] for p in (i["authority"], i["certificate"], i["revoked"]) if p
            ]
            held = {fingerprint(p) for p in papers} | {
                f"key:{seen.keys[i['name']]}" for i in with_["identities"]
            }
            left = {name: state for name, state in seen.associations.items() if name not in with_["end"]}
            return replace(seen, credentials=frozenset(held), checked=with_["checked"], associations=left)
        case "add" | "dial":
            assert seen.running
            (told,) = [p for p in seen_links(with_["connection"], with_["name"])]
            up = {**seen.associations, with_["name"]: Association(True, 1)}
            associations = up if step.act == "dial" or with_["dials"] else seen.associations
            return replace(
                seen, connections={**seen.connections, with_["name"]: told}, associations=associations
            )
        case "remove":
            name = with_["name"]
            return replace(
                seen,
                connections={n: c for n, c in seen.connections.items() if n != name},
                associations={n: a for n, a in seen.associations.items() if n != name},
            )
    raise AssertionError(f"{step.act} is unknown")


def seen_links(asked: dict, name: str) -> list[dict]:
    """The listing of a connection, found among all that the parts above can ask for."""
    every = (
        link(n, owner, dials, remote)
        for n in range(1, 4)
        for owner in ("contract-1", "contract-2")
        for dials in (True, False)
        for remote in ("198.51.100.2", "198.51.100.3")
    )
    return [as_listed(part) for part in every if part.name == name and connection(part) == asked]


def end(wanted: Sequence[Part], seen: IkeSeen) -> IkeSeen:
    """Steps until there are none: one round, and another for links that a revoked list ended."""
    for step in Strongswan().plan(wanted, seen):
        seen = after(seen, step)
    return seen


@settings(deadline=None)
@given(wishes(), sights())
def test_after_its_steps_there_is_nothing_to_do(wanted: tuple[Part, ...], seen: IkeSeen) -> None:
    done = end(wanted, seen)
    left = [step for step in Strongswan().plan(wanted, done) if step.act != "dial"]
    assert left == []
    assert Strongswan().plan(wanted, end(wanted, done)) == ()


@settings(deadline=None)
@given(wishes(), sights())
def test_links_that_stay_are_not_touched(wanted: tuple[Part, ...], seen: IkeSeen) -> None:
    done = end(wanted, end(wanted, seen))
    stay = [part for part in wanted if not (isinstance(part, SecureLink) and part.name == "link-1")]
    if not any(isinstance(part, SecureLink) for part in stay) or not done.connections:
        return
    steps = Strongswan().plan(stay, done)
    assert {step.with_.get("name") for step in steps} <= {"link-1"}
    assert all(step.act == "remove" for step in steps)


def test_no_step_carries_a_private_key() -> None:
    wanted = [
        Identity(Origin("c", ()), "hub", AUTHORITY.certificate, CERTIFICATE, LISTS[1]),
        link(1, "contract-1", True, "198.51.100.2"),
    ]
    steps = Strongswan().plan(wanted, IkeSeen(keys={"hub": MINE}))
    assert [step.act for step in steps] == ["start", "load", "add"]
    assert "PRIVATE KEY" not in str(steps)


def test_a_node_without_a_certificate_makes_its_key_and_waits() -> None:
    wanted = [
        Identity(Origin("c", ()), "hub", AUTHORITY.certificate, None, ""),
        link(1, "contract-1", True, "198.51.100.2"),
    ]
    steps = Strongswan().plan(wanted, IkeSeen())
    assert [step.act for step in steps] == ["start", "make-key"]
    assert Strongswan().plan(wanted, end(wanted, IkeSeen())) == ()


def test_a_new_list_ends_links_to_the_peers_on_it_and_no_others() -> None:
    wanted = [Identity(Origin("c", ()), "hub", AUTHORITY.certificate, CERTIFICATE, LISTS[1])]
    wanted += [link(1, "contract-1", False, "198.51.100.2"), link(2, "contract-1", False, "198.51.100.3")]
    done = end(wanted, IkeSeen(keys={"hub": MINE}))
    (step,) = Strongswan().plan([replace(wanted[0], revoked=LISTS[2]), *wanted[1:]], done)
    assert (step.act, step.with_["end"]) == ("load", ["link-1"])


def test_removing_a_link_names_the_contract_it_served() -> None:
    wanted = [
        Identity(Origin("c", ()), "hub", AUTHORITY.certificate, CERTIFICATE, ""),
        link(1, "contract-2", False, "198.51.100.2"),
    ]
    done = end(wanted, IkeSeen(keys={"hub": MINE}))
    (step,) = Strongswan().plan(wanted[:1], done)
    assert (step.act, step.risk, step.owners) == ("remove", Risk.OUTAGE, ("contract-2",))


def told(state: str, *children: str) -> dict[str, object]:
    """An association as `list-sas` tells it."""
    return {"state": state, "child-sas": {f"c-{n}": {"state": child} for n, child in enumerate(children)}}


def test_who_has_not_yet_said_who_it_is_dials_on() -> None:
    """A hub that looks while a child dials sees an association that bears no link's name yet."""
    here = link(1, "contract-1", False, "198.51.100.2")
    mine = Identity(Origin("contract-1", ()), "hub", AUTHORITY.certificate, CERTIFICATE, "")
    held = frozenset({fingerprint(AUTHORITY.certificate), fingerprint(CERTIFICATE), f"key:{MINE}"})
    known = associations_in([{"(unnamed)": told("CONNECTING")}, {"link-1": told("ESTABLISHED", "INSTALLED")}])
    loaded = {"link-1": as_listed(here)}
    seen = IkeSeen(config_for(True), True, True, {"hub": MINE}, held, "", loaded, known)
    assert Strongswan().plan((mine, here), seen) == ()


def test_associations_of_one_name_count_together() -> None:
    """As when a link is dialled anew while its last association is still being ended."""
    first, second = told("DELETING", "INSTALLED"), told("CONNECTING")
    assert associations_in([{"link-1": first}, {"link-1": second}]) == {"link-1": Association(True, 2)}
    assert associations_in([{"link-1": first}]) == {"link-1": Association(False, 1)}


@given(some.lists(links, min_size=2, max_size=2, unique_by=lambda part: part.remote_inner))
def test_no_two_links_share_the_number_that_joins_policies_to_associations(two: list[SecureLink]) -> None:
    numbers = {connection(part)["children"][part.origin.owner]["reqid"] for part in two}
    assert len(numbers) == 2 and all(0 < int(number) < 1 << 32 for number in numbers)
