"""A line to GoBGP: its control protocol (gRPC) over its Unix socket.

The messages are made from `gobgp.proto`, which says how. Imported only where a speaker runs: gRPC costs a
process 20 MiB and a tenth of a second.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import ip_address, ip_network
from typing import Any, Final

import grpc  # type: ignore[import-untyped]

from kitei.drivers.gobgp.messages import NAMES, Strange, family_of, held_of, path_of, pb
from kitei.drivers.gobgp.values import (
    FAMILIES,
    MOST_HEARD,
    Held,
    Neighbour,
    Permit,
    Self,
    Tag,
    digest_of_secret,
)
from kitei.network import PermanentError, TemporaryError

_PATIENCE: Final = 5.0  # seconds for one answer
_BATCH: Final = 500  # routes a message
_IN, _OUT = "kitei-in", "kitei-out"  # what the speaker takes, and what it tells
_GLOBAL: Final = "global"  # whose policies: the speaker's as a whole
_REDIAL: Final = 5  # seconds between tries to connect to a neighbour that does not answer
_IDLE: Final = 1  # seconds a session rests after it was lost


class Line:
    """One gobgpd's ear. Raises TemporaryError while it does not answer, PermanentError when it refuses."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def itself(self) -> Self | None:
        """None before `start`."""
        told = getattr(self._ask("GetBgp", pb.Empty(), pb.GetBgpResponse), "global")
        return Self(told.asn, told.router_id, told.listen_port) if told.asn else None

    def start(self, itself: Self) -> None:
        """From now on it speaks, and lets nothing in or out."""
        request = pb.StartBgpRequest()
        told = pb.Global(asn=itself.asn, router_id=itself.router_id, listen_port=itself.port)
        getattr(request, "global").CopyFrom(told)  # a word that Python keeps for itself
        self._ask("StartBgp", request)

    def guard(self) -> None:
        """Nothing comes in but what is said here, nothing goes out but what a permit lets out."""
        self._ask("SetPolicies", pb.SetPoliciesRequest(policies=[_INWARD, pb.Policy(name=_OUT)]))
        for direction, name in _GUARDS:
            assignment = pb.PolicyAssignment(
                name=_GLOBAL, direction=direction, policies=[pb.Policy(name=name)], default_action=pb.REJECT
            )
            self._ask("SetPolicyAssignment", pb.SetPolicyAssignmentRequest(assignment=assignment))

    def rules(self, asn: int) -> tuple[bool, frozenset[Permit]]:
        """Whether nothing goes in or out unless permitted, and what is permitted."""
        told = self._begin("ListPolicyAssignment", *_ASSIGNMENTS)
        sets = [self._begin("ListDefinedSet", *_sets(kind)) for kind in (pb.NEIGHBOR, pb.LARGE_COMMUNITY)]
        there = {
            each.assignment.direction: each.assignment for each in self._all("ListPolicyAssignment", told)
        }
        named = {
            each.defined_set.name: " ".join(each.defined_set.list)
            for found in sets
            for each in self._all("ListDefinedSet", found)
        }
        policies = there[pb.EXPORT].policies if pb.EXPORT in there else ()
        permits = (_permit(statement, named, asn) for policy in policies for statement in policy.statements)
        return _is_guarded(there), frozenset(permits)

    # Neighbours.

    def neighbours(self) -> frozenset[Neighbour]:
        told = self._list("ListPeer", pb.Empty(), pb.ListPeerResponse)
        return frozenset(_neighbour(each.peer) for each in told)

    def established(self) -> frozenset[str]:
        """Addresses of the neighbours whose session is up."""
        told = self._list("ListPeer", pb.Empty(), pb.ListPeerResponse)
        return frozenset(
            each.peer.conf.neighbor_address
            for each in told
            if each.peer.state.session_state == pb.PeerState.ESTABLISHED
        )

    def add_neighbour(self, neighbour: Neighbour, secret: str) -> None:
        hold = neighbour.hold
        times = pb.TimersConfig(
            connect_retry=_REDIAL,
            hold_time=hold,
            keepalive_interval=max(1, hold // 3),
            idle_hold_time_after_reset=_IDLE,
        )
        families = [
            pb.AfiSafi(
                config=pb.AfiSafiConfig(family=family_of(family), enabled=True),
                prefix_limits=pb.PrefixLimit(family=family_of(family), max_prefixes=neighbour.most),
            )
            for family in sorted(neighbour.families)
        ]
        peer = pb.Peer(
            conf=pb.PeerConf(
                neighbor_address=neighbour.address, peer_asn=neighbour.asn, auth_password=secret
            ),
            timers=pb.Timers(config=times),
            afi_safis=families,
            ttl_security=pb.TtlSecurity(enabled=neighbour.ttl > 0, ttl_min=neighbour.ttl),
        )
        self._ask("AddPeer", pb.AddPeerRequest(peer=peer))

    def remove_neighbour(self, address: str) -> None:
        self._ask("DeletePeer", pb.DeletePeerRequest(address=address))

    def tell_again(self) -> None:
        """Every neighbour is told all its routes in their present dress; no session is touched."""
        self._renew(pb.ResetPeerRequest.OUT)

    def judge_again(self) -> None:
        """What neighbours said meanwhile is judged by the present guard, and goes where it may not be."""
        self._renew(pb.ResetPeerRequest.IN)

    def _renew(self, direction: pb.ResetPeerRequest.SoftResetDirection) -> None:
        for neighbour in self.established():
            asked = pb.ResetPeerRequest(address=neighbour, soft=True, direction=direction)
            self._ask("ResetPeer", asked)

    # Who may be told what.

    def permit(self, permits: Iterable[Permit], asn: int) -> None:
        """These and no others."""
        ordered = sorted(permits, key=lambda p: (p.tag.kind, p.neighbour, p.family))
        sets = {name: _set(kind, name, text) for p in ordered for kind, name, text in _sets_of(p, asn)}
        outward = pb.Policy(name=_OUT, statements=[_statement(permit, asn) for permit in ordered])
        self._ask(
            "SetPolicies",
            pb.SetPoliciesRequest(defined_sets=list(sets.values()), policies=[_INWARD, outward]),
        )

    # Routes.

    def routes(self, asn: int) -> tuple[frozenset[Held], tuple[str, ...]]:
        """Those it holds, and what is strange about others."""
        held: set[Held] = set()
        strange: list[str] = []
        tables = [
            self._begin(
                "ListPath",
                pb.ListPathRequest(table_type=pb.GLOBAL, family=family_of(family)),
                pb.ListPathResponse,
            )
            for family in FAMILIES
        ]
        for table in tables:
            for each in self._all("ListPath", table):
                for path in each.destination.paths:
                    try:
                        held.add(held_of(path, asn))
                    except Strange as error:
                        strange.append(f"{each.destination.prefix}: {error}")
        return frozenset(held), tuple(strange)

    def change(self, withdrawn: Sequence[Held], announced: Sequence[Held], asn: int) -> None:
        """Withdrawn first. A route of the same family and packets takes the place of the one there."""
        paths = [path_of(each, asn, is_withdrawn=True) for each in withdrawn]
        paths += [path_of(each, asn) for each in announced]
        batches = (
            pb.AddPathStreamRequest(table_type=pb.GLOBAL, paths=paths[at : at + _BATCH])
            for at in range(0, len(paths), _BATCH)
        )
        call = self._channel.stream_unary(
            "/apipb.GobgpApi/AddPathStream",
            pb.AddPathStreamRequest.SerializeToString,
            pb.Empty.FromString,
        )
        with _told("AddPathStream"):
            call(batches, timeout=_PATIENCE + len(paths) / 1000)

    def _ask(self, verb: str, request: Any, answer: Any = pb.Empty) -> Any:
        call = self._channel.unary_unary(
            f"/apipb.GobgpApi/{verb}", type(request).SerializeToString, answer.FromString
        )
        with _told(verb):
            return call(request, timeout=_PATIENCE, wait_for_ready=True)

    def _begin(self, verb: str, request: Any, answer: Any) -> Any:
        """Ask for a list; several may be under way at once."""
        call = self._channel.unary_stream(
            f"/apipb.GobgpApi/{verb}", type(request).SerializeToString, answer.FromString
        )
        with _told(verb):
            return call(request, timeout=_PATIENCE, wait_for_ready=True)

    def _all(self, verb: str, begun: Any) -> list[Any]:
        with _told(verb):
            return list(begun)

    def _list(self, verb: str, request: Any, answer: Any) -> list[Any]:
        return self._all(verb, self._begin(verb, request, answer))


@contextmanager
def line_to(socket: str) -> Iterator[Line]:
    """The path may be longer than the 107 bytes of a socket's name."""
    folder = os.open(os.path.dirname(socket), os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        near = f"unix:/proc/{os.getpid()}/fd/{folder}/{os.path.basename(socket)}"
        options = (
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.min_reconnect_backoff_ms", 50),
            ("grpc.max_receive_message_length", -1),
            ("grpc.use_local_subchannel_pool", 1),
        )
        with grpc.insecure_channel(near, options=options) as channel:
            yield Line(channel)
    finally:
        os.close(folder)


@contextmanager
def _told(verb: str) -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        code, why = error.code(), error.details()
        if code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED):
            raise TemporaryError(f"gobgpd does not answer {verb}: {why}", 0.2) from error
        raise PermanentError(f"gobgpd refuses {verb}: {why}") from error


def _neighbour(peer: Any) -> Neighbour:
    families = frozenset(
        NAMES[a.config.family.afi, a.config.family.safi]
        for a in peer.afi_safis
        if (a.config.family.afi, a.config.family.safi) in NAMES
    )
    is_shut = (
        peer.state.admin_state == pb.PeerState.PFX_CT
    )  # it announced too much; met again, it may have learned
    return Neighbour(
        peer.conf.neighbor_address,
        peer.conf.peer_asn,
        families,
        0 if is_shut else int(peer.timers.config.hold_time),
        peer.ttl_security.ttl_min if peer.ttl_security.enabled else 0,
        digest_of_secret(peer.conf.auth_password),
        min((a.prefix_limits.max_prefixes for a in peer.afi_safis), default=MOST_HEARD),
    )


def _sets_of(permit: Permit, asn: int) -> Iterator[tuple[Any, str, str]]:
    length = ip_address(permit.neighbour).max_prefixlen
    yield pb.NEIGHBOR, f"to {permit.neighbour}", f"{permit.neighbour}/{length}"
    tag = permit.tag
    yield pb.LARGE_COMMUNITY, f"tag {tag.kind} {tag.number}", f"{asn}:{tag.kind}:{tag.number}"


def _set(kind: Any, name: str, text: str) -> Any:
    return pb.DefinedSet(defined_type=kind, name=name, list=[text])


def _statement(permit: Permit, asn: int) -> Any:
    tag = permit.tag
    actions = pb.Actions(
        route_action=pb.ACCEPT,
        community=pb.CommunityAction(type=pb.CommunityAction.REPLACE, communities=permit.communities),
        large_community=_stripped(permit.large_communities, asn),
        nexthop=_next_hop(permit.next_hop),
    )
    conditions = pb.Conditions(
        neighbor_set=pb.MatchSet(type=pb.MatchSet.ANY, name=f"to {permit.neighbour}"),
        large_community_set=pb.MatchSet(type=pb.MatchSet.ANY, name=f"tag {tag.kind} {tag.number}"),
        afi_safi_in=[family_of(permit.family)],
    )
    name = f"{tag.kind} {tag.number} {permit.family} {permit.neighbour}"
    return pb.Statement(name=name, conditions=conditions, actions=actions)


def _is_guarded(there: Mapping[Any, Any]) -> bool:
    for direction, name in _GUARDS:
        found = there.get(direction)
        if found is None or found.default_action != pb.REJECT or [p.name for p in found.policies] != [name]:
            return False
    return [_is_our_own(each) for each in there[pb.IMPORT].policies[0].statements] == [True]


def _sets(kind: Any) -> tuple[Any, Any]:
    return pb.ListDefinedSetRequest(defined_type=kind), pb.ListDefinedSetResponse


def _is_our_own(statement: Any) -> bool:
    when = statement.conditions
    is_narrow = when.HasField("neighbor_set") or when.HasField("large_community_set") or len(when.afi_safi_in)
    is_local = when.route_type == pb.Conditions.ROUTE_TYPE_LOCAL
    return is_local and not is_narrow and statement.actions.route_action == pb.ACCEPT


def _stripped(large_communities: Sequence[str], asn: int) -> Any:
    """Our tags stay here. The engine takes a replacement by nothing for no action."""
    if large_communities:
        return pb.CommunityAction(type=pb.CommunityAction.REPLACE, communities=large_communities)
    return pb.CommunityAction(type=pb.CommunityAction.REMOVE, communities=[f"^{asn}:[0-9]+:[0-9]+$"])


def _next_hop(text: str) -> Any:
    if not text:
        return None
    return pb.NexthopAction(self=True) if text == "self" else pb.NexthopAction(address=text)


def _permit(statement: Any, sets: dict[str, str], asn: int) -> Permit:
    """What a statement means now: of any but ours, something that nobody wants."""
    when, then = statement.conditions, statement.actions
    tag = re.fullmatch(rf"\^{asn}:(\d+):(\d+)\$", sets.get(when.large_community_set.name, ""))
    neighbour = _one_address(sets.get(when.neighbor_set.name, ""))
    families = [NAMES.get((f.afi, f.safi)) for f in when.afi_safi_in]
    replaces = then.large_community.type == pb.CommunityAction.REPLACE
    is_plain = (
        then.route_action == pb.ACCEPT
        and then.community.type == pb.CommunityAction.REPLACE
        and (replaces or then.large_community == _stripped((), asn))
        and when.neighbor_set.type == when.large_community_set.type == pb.MatchSet.ANY
        and when.route_type == pb.Conditions.ROUTE_TYPE_NONE
    )
    if tag is None or neighbour is None or len(families) != 1 or families[0] is None or not is_plain:
        return Permit(statement.name, Tag(0, 0), "ipv4", (), (), "")
    return Permit(
        neighbour=neighbour,
        tag=Tag(int(tag[1]), int(tag[2])),
        family=families[0],
        communities=tuple(then.community.communities),
        large_communities=tuple(then.large_community.communities) if replaces else (),
        next_hop="self" if then.nexthop.self else then.nexthop.address,
    )


def _one_address(text: str) -> str | None:
    """The address of a set that names one and no more."""
    try:
        network = ip_network(text)
    except ValueError:
        return None
    return str(network.network_address) if network.num_addresses == 1 else None


_INWARD: Final = pb.Policy(
    name=_IN,
    statements=[
        pb.Statement(
            name="our own",
            conditions=pb.Conditions(route_type=pb.Conditions.ROUTE_TYPE_LOCAL),
            actions=pb.Actions(route_action=pb.ACCEPT),
        )
    ],
)
_GUARDS: Final = ((pb.IMPORT, _IN), (pb.EXPORT, _OUT))
_ASSIGNMENTS: Final = (pb.ListPolicyAssignmentRequest(name=_GLOBAL), pb.ListPolicyAssignmentResponse)
