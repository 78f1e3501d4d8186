"""ocserv 1.1.6: a gateway of GIO Remote Access, where users' VPN tunnels end.

What is ours: the folder `ocserv` below the node's state with one for its sockets, the program `ocserv`, the table
`inet kitei_remote`, and forwarding, which begins when the table stands and ends before it goes. A new certificate, other
hosts and other addresses are taken up while tunnels stay open; another port takes a new process.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import kitei
from kitei.drivers.ocserv.config import (
    Folders,
    client_config,
    enter_script,
    server_config,
    start_script,
)
from kitei.drivers.ocserv.rules import TABLE, table
from kitei.network import (
    Host,
    NetworkRelay,
    Part,
    PermanentError,
    ReachedHosts,
    Risk,
    Step,
    TemporaryError,
    TunnelGateway,
)
from kitei.values import digest_of

__all__ = ["PROGRAM", "Ocserv", "OcservSeen", "open_sessions"]

PROGRAM: Final = "ocserv"
_SWITCHES: Final = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
_STARTS: Final = 10.0  # seconds it may take until it answers
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class OcservSeen:
    """`loaded` is the digest of the table last loaded, None when it was changed by another hand since; `config` what
    the process was told last, `key` the sack of its RADIUS secret, `port` what it was started for, `most` how many
    sessions there may be, as the file has it."""

    folders: Folders
    sacks: frozenset[str] = frozenset()
    present: bool = False
    running: bool = False
    loaded: str | None = None
    config: str = ""
    key: str = ""
    port: int = 0
    most: str | None = None
    forwards: bool = False
    owners: tuple[str, ...] = ()


class Ocserv:
    """The driver of the parts of `kitei.network.remote`."""

    name = "ocserv"
    reads = (TunnelGateway, ReachedHosts, NetworkRelay)

    def see(self, host: Host) -> OcservSeen:
        folders = _folders(host)
        sacks = frozenset(host.run(["ls", folders.sacks]).out.split())
        memory = host.read(f"{folders.own}/memory.json")
        if memory is None:
            return OcservSeen(folders, sacks)  # written before anything is made, removed after all is gone
        told = json.loads(memory)
        listing = _listing(host)
        return OcservSeen(
            folders,
            sacks,
            True,
            PROGRAM in host.running(),
            told.get("text") if listing and told.get("listing") == digest_of(listing) else None,
            told.get("config", ""),
            told.get("key", ""),
            int(told.get("port", 0)),
            host.read(f"{folders.own}/most"),
            host.run(["sysctl", "-n", *_SWITCHES]).out.split() == ["1"] * len(_SWITCHES),
            tuple(told.get("owners", ())),
        )

    def plan(self, wanted: Sequence[Part], seen: OcservSeen) -> tuple[Step, ...]:
        gateway = _one(wanted, TunnelGateway)
        if gateway is None:
            if not seen.present:
                return ()
            return (
                Step(
                    self.name,
                    "end all tunnels and take the gateway down",
                    "end",
                    {},
                    Risk.OUTAGE,
                    seen.owners,
                ),
            )
        hosts = _one(wanted, ReachedHosts)
        reached = (hosts.prefixes, hosts.names) if hosts else ((), ())
        return tuple(self._steps(gateway, *reached, _one(wanted, NetworkRelay), seen))

    def _steps(
        self,
        gateway: TunnelGateway,
        hosts: Sequence[str],
        names: Sequence[str],
        relay: NetworkRelay | None,
        seen: OcservSeen,
    ) -> Iterator[Step]:
        text = table(gateway, hosts, relay)
        owners = sorted({gateway.origin.owner, *([relay.origin.owner] if relay else [])})
        if seen.loaded != digest_of(text) or list(seen.owners) != owners:
            yield Step(
                self.name,
                "put in force what may come out of tunnels",
                "load",
                {"text": text, "owners": owners},
            )
        if not seen.forwards:
            yield Step(self.name, "forward", "forward")
        if seen.most != f"{gateway.sessions}\n":
            most = gateway.sessions
            yield Step(self.name, "hold to the sessions agreed", "places", {"most": most})
        missing = sorted({gateway.papers, gateway.sack} - seen.sacks)
        for sack in missing:
            yield Step(self.name, f"wait for {sack}", "await", {"sack": sack})
        if missing:
            return
        config = server_config(gateway, hosts, names, seen.folders)
        is_new = not seen.running or seen.port != gateway.port
        told = {
            "config": config,
            "client": client_config(gateway, seen.folders),
            "enter": enter_script(seen.folders),
            "start": start_script(gateway, seen.folders),
            "key": gateway.sack,
            "papers": gateway.papers,
            "port": gateway.port,
        }
        if is_new:
            risk = Risk.BLIP if seen.running else Risk.NONE
            yield Step(self.name, "let users in", "start", told, risk, tuple(owners))
        elif (seen.config, seen.key) != (digest_of(config), gateway.sack):
            yield Step(self.name, "take up what changed, with tunnels as they are", "reload", told)

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "load":
                _load(host, told["text"], told["owners"])
            case "forward":
                _switch(host, "1")
            case "places":
                host.write(f"{_folders(host).own}/most", f"{told['most']}\n")
            case "await":
                raise TemporaryError(f"{told['sack']} has not reached {host.name} yet")
            case "start" | "reload":
                _configure(host, told)
                if step.act == "reload":
                    _reload(host)
                else:
                    _start(host, told)
                _remember(host, config=digest_of(told["config"]), key=told["key"], port=told["port"])
            case "end":
                _end(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of ocserv such as 'reload'")


def open_sessions(host: Host) -> list[dict[str, Any]]:
    """The tunnels that are open, as ocserv tells them; none while it does not answer."""
    done = host.run(["occtl", "-s", f"{_folders(host).sockets}/occtl", "-j", "show", "users"])
    return list(json.loads(done.out)) if done.code == 0 and done.out.strip() else []


def _one(parts: Sequence[Part], kind: type[_Kind]) -> _Kind | None:
    return next((part for part in parts if isinstance(part, kind)), None)


def _folders(host: Host) -> Folders:
    own = host.state("ocserv")
    short = hashlib.sha256(own.encode()).hexdigest()[:10]
    code = os.path.dirname(os.path.dirname(os.path.abspath(str(kitei.__file__))))
    run, sacks, events = f"/run/kitei-{short}", host.state("sacks"), host.state("events")
    return Folders(own, run, sacks, events, code, sys.executable)


def _remember(host: Host, **more: Any) -> None:
    path = f"{_folders(host).own}/memory.json"
    host.write(path, json.dumps({**json.loads(host.read(path) or "{}"), **more}))


def _load(host: Host, text: str, owners: Sequence[str]) -> None:
    """Old and new change places at one instant."""
    _remember(host, owners=list(owners))
    _filter(host, text)
    _remember(host, text=digest_of(text), listing=digest_of(_listing(host)))


def _filter(host: Host, text: str) -> None:
    fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
    done = host.run(["nft", "-f", "-"], stdin=fresh + text)
    if done.code != 0:
        raise PermanentError(f"nft on {host.name} refuses the gateway's filter: {done.err.strip()}")


def _listing(host: Host) -> str:
    """The rules without their counters; empty when the table is absent."""
    return host.run(["nft", "-s", "list", "table", *TABLE.split()]).out


def _switch(host: Host, value: str) -> None:
    done = host.run(["sysctl", "-qw", *(f"{name}={value}" for name in _SWITCHES)])
    if done.code != 0:
        raise PermanentError(f"{host.name} refuses kernel switches: {done.err.strip()}")


def _configure(host: Host, told: Any) -> None:
    folders = _folders(host)
    secret = (host.read(f"{folders.sacks}/{told['key']}") or "").strip()
    host.write(f"{folders.own}/secret", f"{secret}\n")
    host.write(f"{folders.own}/servers", f"127.0.0.1 {secret}\n")
    host.write(f"{folders.own}/radius.conf", told["client"])
    host.write(f"{folders.own}/enter", told["enter"], 0o755)
    host.write(f"{folders.own}/papers.pem", host.read(f"{folders.sacks}/{told['papers']}") or "")
    draft = f"{folders.own}/tried.conf"
    host.write(draft, told["config"])
    tried = host.run(["/usr/sbin/ocserv", "--test-config", "--config", draft])
    if tried.code != 0:
        raise PermanentError(
            f"ocserv on {host.name} refuses its configuration: {(tried.err + tried.out).strip()}"
        )
    host.write(f"{folders.own}/ocserv.conf", told["config"])
    host.remove(draft)


def _start(host: Host, told: Any) -> None:
    folders = _folders(host)
    host.run(["install", "-d", "-m", "711", folders.sockets])  # its workers, who are nobody, go through it
    host.write(f"{folders.own}/start.sh", told["start"])
    host.stop(PROGRAM)
    host.keep_running(PROGRAM, ["/bin/sh", f"{folders.own}/start.sh"], {"KITEI_PORT": str(told["port"])})
    until = time.monotonic() + _STARTS
    while True:
        try:
            host.connect(f"{folders.sockets}/occtl").close()
            return
        except (TemporaryError, FileNotFoundError):
            if time.monotonic() > until:
                raise TemporaryError(f"ocserv on {host.name} does not start; its log says why") from None
            time.sleep(0.05)


def _reload(host: Host) -> None:
    done = host.run(["occtl", "-s", f"{_folders(host).sockets}/occtl", "reload"])
    if done.code != 0:
        raise TemporaryError(f"ocserv on {host.name} does not answer yet: {(done.err + done.out).strip()}")


def _end(host: Host) -> None:
    folders = _folders(host)
    host.stop(PROGRAM)
    _switch(host, "0")
    _filter(host, "")
    host.run(["rm", "-rf", folders.sockets, f"{folders.own}/held"])
    names = (
        "secret",
        "servers",
        "radius.conf",
        "ocserv.conf",
        "tried.conf",
        "papers.pem",
        "start.sh",
        "enter",
        "most",
        "lock",
        "pid",
        "memory.json",
    )
    for name in names:
        host.remove(f"{folders.own}/{name}")
