"""GoBGP 3: routes against attacks, to the upstreams that are named and to no others.

What is ours: the program `gobgp` with the folder `gobgp` below the node's state, and all that it holds. It is told
everything over its socket and has no configuration file, so one that was restarted knows nothing until it has been
told again. Graceful restart (RFC 4724) stays off: when the speaker dies its sessions break and upstreams drop its
routes at once, when its machine falls silent after the hold time, and nobody keeps them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from kitei.drivers.gobgp.plan import NAME, plan_speaker
from kitei.drivers.gobgp.values import SpeakerSeen, digest_of_secret
from kitei.network import (
    Announcement,
    FlowRule,
    Host,
    Part,
    PermanentError,
    RouteLeave,
    Speaker,
    Step,
    Upstream,
)

if TYPE_CHECKING:
    from kitei.drivers.gobgp.wire import Line

__all__ = ["Gobgp", "SpeakerSeen", "established"]

_PROGRAM: Final = "gobgp"
_SACKS: Final = "sacks"
# a socket left by one that was killed would be in the way of the next
_RUN: Final = (
    'cd "$0" && rm -f api.sock && exec gobgpd --api-hosts unix://api.sock --pprof-disable --log-plain'
)


class Gobgp:
    """The driver of Speaker, Upstream, RouteLeave, Announcement and FlowRule."""

    name = NAME
    reads = (Speaker, Upstream, RouteLeave, Announcement, FlowRule)

    def see(self, host: Host) -> SpeakerSeen:
        at, program = host.now(), host.running().get(_PROGRAM)
        present = program is not None or host.read(host.state("gobgp", "present")) is not None
        secrets = _secrets(host)
        if program is None:
            return SpeakerSeen(at, present=present, secrets=secrets)
        with _line(host) as line:
            itself = line.itself()
            if itself is None:
                return SpeakerSeen(at, program, present=True, secrets=secrets)
            guarded, permits = line.rules(itself.asn)
            routes, strange = line.routes(itself.asn)
            return SpeakerSeen(
                at=at,
                program=program,
                itself=itself,
                guarded=guarded,
                neighbours=line.neighbours(),
                permits=permits,
                routes=routes,
                strange=strange,
                present=True,
                secrets=secrets,
            )

    def plan(self, wanted: Sequence[Part], seen: SpeakerSeen) -> tuple[Step, ...]:
        return plan_speaker(wanted, seen)

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        if step.act == "refuse":
            raise PermanentError("; ".join(told["refused"]))
        if step.act == "stop":
            _stop(host)
            return
        if step.act == "start":
            if told["anew"]:
                host.stop(_PROGRAM)
            host.write(host.state("gobgp", "present"), "")
            host.keep_running(_PROGRAM, ["sh", "-c", _RUN, host.state("gobgp")])
        with _line(host) as line:
            match step.act:
                case "start":
                    line.start(told["itself"])
                case "guard":
                    line.guard()
                    line.judge_again()
                case "part":
                    line.remove_neighbour(told["address"])
                case "meet":
                    line.add_neighbour(told["neighbour"], _secret(host, told["sack"]))
                case "permit":
                    line.permit(told["permits"], told["asn"])
                    line.tell_again()
                case "change":
                    line.change(told["withdrawn"], told["announced"], told["asn"])
                case _:
                    raise ValueError(f"{step.act!r} is not an act of gobgp such as 'change'")


def established(host: Host) -> frozenset[str]:
    """Addresses of the upstreams whose session is up; none where no speaker runs."""
    if _PROGRAM not in host.running():
        return frozenset()
    with _line(host) as line:
        return line.established()


def _secrets(host: Host) -> dict[str, str]:
    """Digests of the secrets that have arrived, by sack."""
    names = host.run(["sh", "-c", 'cd "$0" 2>/dev/null && ls', host.state(_SACKS)]).out.split()
    return {name: digest_of_secret(_secret(host, name)) for name in names if name.startswith("upstream.")}


def _secret(host: Host, sack: str | None) -> str:
    return (host.read(host.state(_SACKS, sack)) or "") if sack else ""


def _stop(host: Host) -> None:
    host.stop(_PROGRAM)
    for name in ("api.sock", "present", ""):
        host.remove(host.state("gobgp", name))


@contextmanager
def _line(host: Host) -> "Iterator[Line]":
    from kitei.drivers.gobgp.wire import line_to  # costs 20 MiB: only where a speaker runs

    with line_to(host.state("gobgp", "api.sock")) as line:
        yield line
