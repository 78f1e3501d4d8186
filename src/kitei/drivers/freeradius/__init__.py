"""FreeRADIUS 3.2.7: a front that answers, relays that pass on, a watch over those they depend on.

What is ours: the folder `radius` below the node's state, and the programs `radius`, `radius-relay-<slot>` and
`radius-watch`. A change of users, clients, realms or home servers restarts nothing: the engine takes up a new
`policy.json`, clients are files looked up when they ask, and home servers live in a relay, of which a new one
takes over while the old one ends what it has in hand.
"""

import hashlib
import json
import os
import secrets
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Final

import kitei
from kitei.drivers.freeradius import native
from kitei.drivers.freeradius.clashes import without_clashes
from kitei.drivers.freeradius.front import SLOTS, Folders, quoted, server_config
from kitei.drivers.freeradius.lists import DICTIONARY, REFUSED
from kitei.drivers.freeradius.policy import authorities_of, policy_text
from kitei.drivers.freeradius.relay import fill, pools_of, relay_config, servers_of
from kitei.drivers.freeradius.waiting import with_sacks_of_now
from kitei.network import (
    HomeServer,
    Host,
    Part,
    PermanentError,
    RadiusCaps,
    RadiusClient,
    RadiusGroup,
    RadiusPeer,
    RadiusProber,
    RadiusProxy,
    RadiusServer,
    RadiusVpdn,
    Risk,
    Step,
    SyntheticUser,
    TemporaryError,
    TunnelTerminator,
    sacks_of,
)
from kitei.radius.telling import LANE

__all__ = ["Freeradius", "RadiusSeen"]

_FRONT, _WATCH = "radius", "radius-watch"
_CLIENTS: Final = ("clients4", "clients6")
_LINGERS: Final = 70.0  # seconds an old relay lives on: the longest life of a request, and some
_STARTS: Final = 5.0  # seconds a server may take until it answers


@dataclass(frozen=True, slots=True)
class RadiusSeen:
    """`clients` are the client files' first lines by address: all of them but the secret.

    `relays` are the slots that run, `relay` the one in use and the digest of what it was told. `switched` is how
    many seconds ago the policy was last written, `cores` how many processors the node has.
    """

    folders: Folders
    present: bool = False
    running: frozenset[str] = frozenset()
    sacks: frozenset[str] = frozenset()
    clients: Mapping[str, str] = field(default_factory=dict)
    authorities: tuple[str, ...] = ()
    policy: str | None = None
    front: str | None = None
    relay: tuple[int, str] | None = None
    switched: float = 0.0
    cores: int = 2


class Freeradius:
    """The driver of the parts of `kitei.network.radius`."""

    name = "freeradius"
    reads = (
        RadiusServer,
        RadiusClient,
        RadiusGroup,
        RadiusProxy,
        HomeServer,
        RadiusVpdn,
        TunnelTerminator,
        RadiusCaps,
        RadiusPeer,
        RadiusProber,
        SyntheticUser,
    )

    def see(self, host: Host) -> RadiusSeen:
        folders = _folders(host)
        sacks = frozenset(_listed(host, folders.sacks))
        if not _listed(host, folders.own):
            return RadiusSeen(folders, sacks=sacks, cores=_cores(host))
        told = json.loads(host.read(_path(host, "relay.json")) or "null")
        written = host.run(["stat", "-c", "%Y", _path(host, "policy.json")])
        return RadiusSeen(
            folders=folders,
            present=True,
            running=frozenset(name for name in host.running() if name.startswith("radius")),
            sacks=sacks,
            clients={
                name: _first_line(host, name)
                for folder in _CLIENTS
                for name in _listed(host, _path(host, folder))
            },
            authorities=tuple(
                sorted(
                    host.read(_path(host, "authorities", name)) or ""
                    for name in _listed(host, _path(host, "authorities"))
                    if name.endswith(".pem")
                )
            ),
            policy=host.read(_path(host, "policy.json")),
            front=host.read(_path(host, "front.loaded")),
            relay=(told["slot"], told["digest"]) if told else None,
            switched=time.time() - int(written.out) if written.code == 0 else 0.0,
            cores=_cores(host),
        )

    def plan(self, wanted: Sequence[Part], seen: RadiusSeen) -> tuple[Step, ...]:
        server = next((part for part in wanted if isinstance(part, RadiusServer)), None)
        if server is None:
            if not seen.present and not seen.running:
                return ()
            owners = tuple(sorted({line.split()[-1] for line in seen.clients.values() if line}))
            return (Step(self.name, "stop answering RADIUS", "stop", {}, Risk.OUTAGE, owners),)
        return tuple(self._steps(server, wanted, seen))

    def _steps(self, server: RadiusServer, wanted: Sequence[Part], seen: RadiusSeen) -> Iterator[Step]:
        awaited = sacks_of(wanted)
        wanted, clashes = without_clashes(with_sacks_of_now(wanted, seen.sacks, seen.policy), seen.policy)
        arrived = seen.sacks & sacks_of(wanted).keys()
        yield from self._client_files(wanted, arrived, seen)
        authorities = authorities_of(wanted)
        if authorities != seen.authorities:
            do = "name the authorities of users' certificates"
            yield Step(self.name, do, "authorities", {"authorities": authorities})
        slot = seen.relay[0] if seen.relay else 0
        usable = [part for part in wanted if not isinstance(part, HomeServer) or _is_usable(part, arrived)]
        relay, digest = relay_config(usable, seen.folders), ""
        if relay:
            digest = _digest(relay + _authorities_text(usable))
            is_right = seen.relay is not None and seen.relay[1] == digest and _relay(slot) in seen.running
            if not is_right:
                slot = (slot + 1) % SLOTS if seen.relay is not None else 0
                with_ = {
                    "slot": slot,
                    "config": relay,
                    "digest": digest,
                    "sacks": _home_sacks(usable),
                    "authorities": _home_authorities(usable),
                }
                yield Step(self.name, "start a relay with the home servers as they are now", "relay", with_)
        policy = policy_text(wanted, arrived, f"relay-{slot}")
        if policy != seen.policy:
            gone = sorted(_owners(seen.policy) - _owners(policy))
            risk = Risk.OUTAGE if gone else Risk.NONE
            yield Step(self.name, "take up the policy", "policy", {"policy": policy}, risk, tuple(gone))
        if server.papers is None or server.papers in arrived:
            yield from self._front(server, bool(authorities), seen)
        if _WATCH not in seen.running:
            yield Step(self.name, "watch over home servers and tunnel terminators", "watch")
        yield from self._retirements(slot if relay else None, seen)
        yield from self._unwanted_files(wanted, arrived, seen)
        for sack in sorted(awaited.keys() - seen.sacks):
            yield Step(self.name, f"wait for {sack}, which {awaited[sack]} needs", "await", {"sack": sack})
        for clash in clashes:
            told = {"why": f"{clash.out} and {clash.stays} are {clash.cure}"}
            yield Step(self.name, f"leave out {clash.out}, since {clash.stays} is there", "refuse", told)

    def _client_files(
        self, wanted: Sequence[Part], arrived: frozenset[str], seen: RadiusSeen
    ) -> Iterator[Step]:
        for part in wanted:
            if isinstance(part, RadiusClient | RadiusProber) and part.sack in arrived:
                name, line = _file_name(part.address), client_line(part)
                if seen.clients.get(name) != line:
                    with_ = {"address": part.address, "line": line, "sack": part.sack}
                    yield Step(self.name, f"let {part.address} ask", "client", with_)

    def _unwanted_files(
        self, wanted: Sequence[Part], arrived: frozenset[str], seen: RadiusSeen
    ) -> Iterator[Step]:
        """After the policy, so that no known client is ever without its file."""
        may = {
            _file_name(p.address)
            for p in wanted
            if isinstance(p, RadiusClient | RadiusProber) and p.sack in arrived
        }
        for name in sorted(seen.clients.keys() - may):
            words = seen.clients[name].split()
            risk = Risk.NONE if "prober" in words[2:-1] else Risk.OUTAGE
            yield Step(self.name, f"answer {name} no more", "forget", {"name": name}, risk, tuple(words[-1:]))

    def _front(self, server: RadiusServer, has_authorities: bool, seen: RadiusSeen) -> Iterator[Step]:
        config = server_config(server, seen.folders, has_authorities, seen.cores)
        if seen.front == _digest(config) and _FRONT in seen.running:
            return
        risk = Risk.BLIP if _FRONT in seen.running else Risk.NONE
        yield Step(
            self.name, "start the server with its addresses and papers", "front", {"config": config}, risk
        )

    def _retirements(self, current: int | None, seen: RadiusSeen) -> Iterator[Step]:
        for slot in range(SLOTS):
            if _relay(slot) in seen.running and slot != current and seen.switched > _LINGERS:
                yield Step(
                    self.name, f"end relay {slot}, which has nothing left in hand", "retire", {"slot": slot}
                )

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "client":
                _write_client(host, told["address"], told["line"], told["sack"])
            case "forget":
                host.remove(_client_path(host, told["name"]))
            case "authorities":
                _write_authorities(host, told["authorities"])
            case "relay":
                _start_relay(host, told)
            case "policy":
                host.write(_path(host, "policy.json"), told["policy"])
            case "front":
                _start_front(host, told["config"])
            case "watch":
                _start_watch(host)
            case "retire":
                host.stop(_relay(told["slot"]))
            case "await":
                raise TemporaryError(f"{told['sack']} has not reached {host.name} yet")
            case "refuse":
                raise PermanentError(str(told["why"]))
            case "stop":
                _stop(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of freeradius such as 'policy'")


def client_line(part: RadiusClient | RadiusProber) -> str:
    """The first line of a client's file: everything about it but the secret, its owner last."""
    if isinstance(part, RadiusProber):
        return f"# {part.sack} prober {part.origin.owner}"
    signed = "transition" if part.transition else "signed"
    return f"# {part.sack} {signed} {part.origin.owner}"


def _write_client(host: Host, address: str, line: str, sack: str) -> None:
    """Who does not sign is kept out by the engine, which answers nothing and knows who it was (CVE-2024-3596);
    the server itself would drop the request without a trace.
    """
    family = f"ipv{ip_address(address).version}addr"
    text = (
        f"{line}\nclient {_file_name(address)} {{\n  {family} = {address}\n  secret = {quoted(_secret(host, sack))}\n"
        f"  shortname = {_file_name(address)}\n  require_message_authenticator = no\n"
        f"  limit_proxy_state = no\n}}\n"
    )
    host.write(_client_path(host, address), text)


def _write_authorities(host: Host, authorities: Sequence[str]) -> None:
    """OpenSSL finds one by the hash of its name when it is needed, so a new one counts at once."""
    folder = _path(host, "authorities")
    for name in _listed(host, folder):
        host.remove(os.path.join(folder, name))
    for authority in authorities:
        host.write(os.path.join(folder, f"{_digest(authority)[:16]}.pem"), authority)
    if authorities:
        done = host.run(["openssl", "rehash", folder])
        if done.code != 0:
            raise PermanentError(f"the authorities on {host.name} cannot be read: {done.err.strip()}")


def _start_front(host: Host, config: str) -> None:
    _write_common(host)
    native.build()
    host.write(_path(host, "front.conf"), config)
    digest = _digest(config)
    env = {**_environment(host), "KITEI_CONFIG": digest}  # with another digest it is another program
    argv = ["/usr/sbin/freeradius", "-f", "-d", _folders(host).own, "-n", "front"]
    tried = host.run(
        ["env", *(f"{k}={v}" for k, v in env.items()), *argv, "-C", "-l", "stdout"], timeout=30.0
    )
    if tried.code != 0:
        raise PermanentError(
            f"the RADIUS server on {host.name} refuses its configuration: {tried.out[-600:].strip()}"
        )
    host.keep_running(_FRONT, argv, env)
    host.write(_path(host, "front.loaded"), digest)


def _start_relay(host: Host, told: Mapping[str, object]) -> None:
    slot, config = int(str(told["slot"])), str(told["config"])
    folders = _folders(host)
    _write_common(host)
    sacks, authorities = told["sacks"], told["authorities"]
    assert isinstance(sacks, Mapping) and isinstance(authorities, Mapping)
    lines = [f"secret_{name} = {quoted(_secret(host, sack))}\n" for name, sack in sacks.items()]
    host.write(_path(host, f"home-secrets-{slot}.conf"), "".join(lines))
    for name, authority in authorities.items():
        host.write(_path(host, f"home-{name}-{slot}.pem"), authority)
    host.write(_path(host, f"relay-{slot}.conf"), fill(config, slot, folders))
    host.stop(_relay(slot))
    host.remove(_path(host, f"relay-{slot}.sock"))
    argv = ["/usr/sbin/freeradius", "-f", "-d", folders.own, "-n", f"relay-{slot}"]
    host.keep_running(_relay(slot), argv, {"KITEI_CONFIG": str(told["digest"])})
    _await_socket(host, _path(host, f"relay-{slot}.sock"))
    host.write(_path(host, "relay.json"), json.dumps({"slot": slot, "digest": told["digest"]}))


def _await_socket(host: Host, path: str) -> None:
    until = time.monotonic() + _STARTS
    while True:
        try:
            host.connect(path).close()
            return
        except (TemporaryError, FileNotFoundError):
            if time.monotonic() > until:
                raise TemporaryError(f"the relay on {host.name} does not start; its log says why") from None
            time.sleep(0.05)


def _start_watch(host: Host) -> None:
    folders = _folders(host)
    argv = [sys.executable, "-m", "kitei.radius.watch", folders.own, folders.sacks]
    host.keep_running(_WATCH, argv, {"PYTHONPATH": folders.code})


def _write_common(host: Host) -> None:
    host.write(_path(host, "dictionary"), DICTIONARY)
    host.write(_path(host, "refused"), REFUSED)
    if host.read(_path(host, "relay.conf")) is None:
        host.write(_path(host, "relay.conf"), f"relay_secret = {secrets.token_hex(32)}\n")
    folders = [_path(host, name) for name in (*_CLIENTS, "authorities")]
    if host.run(["mkdir", "-p", "-m", "700", *folders]).code != 0:
        raise TemporaryError(f"{_folders(host).own} cannot be made on {host.name}", 5.0)


def _stop(host: Host) -> None:
    for name in [name for name in host.running() if name.startswith("radius")]:
        host.stop(name)
    for folder in (*_CLIENTS, "authorities", ""):
        for name in _listed(host, _path(host, folder)):
            host.remove(_path(host, folder, name))
        host.remove(_path(host, folder))


def _environment(host: Host) -> dict[str, str]:
    folders = _folders(host)
    events = host.state("events", LANE)
    return {"KITEI_RADIUS": folders.own, "KITEI_SACKS": folders.sacks, "KITEI_EVENTS": events}


def _folders(host: Host) -> Folders:
    """The code the server loads is this very package."""
    code = os.path.dirname(os.path.dirname(os.path.abspath(str(kitei.__file__))))
    return Folders(host.state("radius"), host.state("sacks"), code, str(native.folder()))


def _path(host: Host, *names: str) -> str:
    return host.state("radius", *names)


def _client_path(host: Host, address: str) -> str:
    """The server reads a folder of clients for each family."""
    return _path(host, f"clients{ip_address(address).version}", _file_name(address))


def _listed(host: Host, folder: str) -> list[str]:
    return host.run(["ls", "-1A", folder]).out.split()


def _cores(host: Host) -> int:
    return int(host.run(["nproc"]).out.strip() or 2)


def _first_line(host: Host, name: str) -> str:
    return (host.read(_client_path(host, name)) or "").partition("\n")[0]


def _secret(host: Host, sack: str) -> str:
    secret = host.read(os.path.join(_folders(host).sacks, sack))
    if secret is None:
        raise TemporaryError(f"{sack} is not on {host.name} any more")
    return secret


def _relay(slot: int) -> str:
    return f"radius-relay-{slot}"


def _file_name(address: str) -> str:
    """As the server writes an address when it looks for the file."""
    return str(ip_address(address))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _is_usable(part: HomeServer, arrived: frozenset[str]) -> bool:
    return part.sack in arrived and (part.papers is None or part.papers in arrived)


def _owners(policy: str | None) -> set[str]:
    told = json.loads(policy or "{}")
    return {each["owner"] for kind in ("clients", "realms") for each in told.get(kind, {}).values()}


def _home_sacks(parts: Sequence[Part]) -> dict[str, str]:
    used = {name for pool in pools_of(parts) for name in pool.servers}
    return {name: part.sack for name, part in servers_of(parts).items() if name in used}


def _home_authorities(parts: Sequence[Part]) -> dict[str, str]:
    return {name: part.authority for name, part in servers_of(parts).items() if part.authority}


def _authorities_text(parts: Sequence[Part]) -> str:
    return json.dumps(_home_authorities(parts), sort_keys=True)
