"""Squid 5.7 (Debian's squid-openssl): a gateway of GIO Remote Access for browsers, of type B.

What is ours: the folder `browsing` below the node's state, a folder of /run that Squid (user `proxy`) may read, the
programs `browsing-squid` and `browsing-visits`, and the table `inet kitei_browsing`. Other hosts are taken up without
a word to Squid; for a new certificate, address or port it reads its configuration anew: tunnels that are open stay,
new ones wait for a moment.
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
from kitei.drivers.browsing.config import TABLE, USER, Folders, squid_config, table
from kitei.drivers.browsing.pages import REFUSED
from kitei.drivers.squid import archive
from kitei.entrance.door import hosts_text
from kitei.network import (
    BrowserGateway,
    Host,
    NetworkRelay,
    Part,
    PermanentError,
    ReachedHosts,
    Risk,
    Step,
    TemporaryError,
)
from kitei.values import digest_of

__all__ = ["Browsing", "BrowsingSeen"]

SQUID: Final = "browsing-squid"
VISITS: Final = "browsing-visits"
_STARTS: Final = 15.0  # seconds it may take until it listens
_Kind = TypeVar("_Kind")


@dataclass(frozen=True, slots=True)
class BrowsingSeen:
    """`loaded` is the digest of the table last loaded, None when it was changed by another hand since; `config` what
    Squid was told last, `key` the sack of its RADIUS secret, `hosts` the file of designated hosts."""

    folders: Folders
    sacks: frozenset[str] = frozenset()
    present: bool = False
    running: frozenset[str] = frozenset()
    loaded: str | None = None
    config: str = ""
    key: str = ""
    hosts: str | None = None
    owners: tuple[str, ...] = ()


class Browsing:
    """The driver of a BrowserGateway, with the hosts and the network behind it."""

    name = "browsing"
    reads = (BrowserGateway, ReachedHosts, NetworkRelay)

    def see(self, host: Host) -> BrowsingSeen:
        folders = _folders(host)
        sacks = frozenset(host.run(["ls", folders.sacks]).out.split())
        memory = host.read(f"{folders.own}/memory.json")
        if memory is None:
            return BrowsingSeen(folders, sacks)  # written before anything is made, removed after all is gone
        told = json.loads(memory)
        listing = _listing(host)
        return BrowsingSeen(
            folders,
            sacks,
            True,
            frozenset({SQUID, VISITS} & {*host.running()}),
            told.get("text") if listing and told.get("listing") == digest_of(listing) else None,
            told.get("config", ""),
            told.get("key", ""),
            host.read(f"{folders.run}/hosts.json"),
            tuple(told.get("owners", ())),
        )

    def plan(self, wanted: Sequence[Part], seen: BrowsingSeen) -> tuple[Step, ...]:
        gateway = _one(wanted, BrowserGateway)
        if gateway is None:
            if not seen.present:
                return ()
            return (Step(self.name, "close the browsers' gateway", "end", {}, Risk.OUTAGE, seen.owners),)
        hosts = _one(wanted, ReachedHosts)
        return tuple(self._steps(gateway, hosts, _one(wanted, NetworkRelay), seen))

    def _steps(
        self,
        gateway: BrowserGateway,
        hosts: ReachedHosts | None,
        relay: NetworkRelay | None,
        seen: BrowsingSeen,
    ) -> Iterator[Step]:
        prefixes, names = (hosts.prefixes, hosts.names) if hosts else ((), ())
        owners = sorted({gateway.origin.owner, *([relay.origin.owner] if relay else [])})
        text = table(gateway, prefixes, names, relay)
        if seen.loaded != digest_of(text) or list(seen.owners) != owners:
            told: dict[str, Any] = {"text": text, "owners": owners}
            yield Step(self.name, "put in force what the proxy may reach", "load", told)
        cites = hosts.origin.cites if hosts else ()
        written = hosts_text(prefixes, names, gateway.origin.owner, cites)
        if seen.hosts != written:
            yield Step(self.name, "take up the designated hosts", "hosts", {"hosts": written})
        missing = sorted({gateway.papers, gateway.sack} - seen.sacks)
        for sack in missing:
            yield Step(self.name, f"wait for {sack}", "await", {"sack": sack})
        if missing:
            return
        config = squid_config(gateway, seen.folders)
        asks = {"key": gateway.sack, "from": gateway.asks_from, "port": gateway.port}
        if VISITS not in seen.running or seen.key != _asks(asks):
            yield Step(self.name, "keep who visits", "visits", asks)
        start = {"config": config, "papers": gateway.papers, "listen": len(gateway.listen), **asks}
        if SQUID not in seen.running:
            yield Step(self.name, "let browsers in", "start", start, Risk.NONE, tuple(owners))
        elif seen.config != digest_of(config) or seen.key != _asks(asks):
            yield Step(self.name, "take up what changed", "reload", start, Risk.BLIP, tuple(owners))

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        match step.act:
            case "load":
                _load(host, told["text"], told["owners"])
            case "hosts":
                _ready(host)
                host.write(f"{_folders(host).run}/hosts.json", told["hosts"], 0o644)
            case "await":
                raise TemporaryError(f"{told['sack']} has not reached {host.name} yet")
            case "visits":
                _keep_visits(host, told)
            case "start" | "reload":
                _configure(host, told)
                (_start if step.act == "start" else _reload)(host)
                _await_ports(host, told["port"], told["listen"])
                _remember(host, config=digest_of(told["config"]), key=_asks(told))
            case "end":
                _end(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of browsing such as 'reload'")


def _one(parts: Sequence[Part], kind: type[_Kind]) -> _Kind | None:
    return next((part for part in parts if isinstance(part, kind)), None)


def _asks(told: Any) -> str:
    """By what and from where the RADIUS server is asked, as memory has it."""
    return f"{told['key']} {told['from']} {told['port']}"


def _folders(host: Host) -> Folders:
    own = host.state("browsing")
    short = hashlib.sha256(own.encode()).hexdigest()[:16]
    code = os.path.dirname(os.path.dirname(os.path.abspath(str(kitei.__file__))))
    run = f"/run/kitei-browsing/{short}"
    return Folders(own, run, host.state("sacks"), host.state("events"), code, sys.executable, archive.place())


def _remember(host: Host, **more: Any) -> None:
    path = f"{_folders(host).own}/memory.json"
    host.write(path, json.dumps({**json.loads(host.read(path) or "{}"), **more}))


def _load(host: Host, text: str, owners: Sequence[str]) -> None:
    """Old and new change places at one instant."""
    _remember(host, owners=list(owners))
    fresh = f"table {TABLE}\ndelete table {TABLE}\n"  # the first line, so that there is one to delete
    done = host.run(["nft", "-f", "-"], stdin=fresh + text)
    if done.code != 0:
        raise PermanentError(f"nft on {host.name} refuses the gateway's filter: {done.err.strip()}")
    _remember(host, text=digest_of(text), listing=digest_of(_listing(host)))


def _listing(host: Host) -> str:
    """The rules without their counters; empty when the table is absent."""
    return host.run(["nft", "-s", "list", "table", *TABLE.split()]).out


def _ready(host: Host) -> None:
    """The folder that Squid reads, and no other user."""
    run = _folders(host).run
    _done(host, ["install", "-d", "-m", "755", os.path.dirname(run)])
    _done(host, ["install", "-d", "-g", USER, "-m", "750", run, f"{run}/pages"])


def _keep_visits(host: Host, told: Any) -> None:
    folders = _folders(host)
    host.stop(VISITS)
    argv = [folders.python, "-m", "kitei.entrance.visits", folders.events, str(told["from"])]
    argv += [str(told["port"]), f"{folders.sacks}/{told['key']}"]
    host.keep_running(VISITS, argv, {"PYTHONPATH": folders.code})


def _configure(host: Host, told: Any) -> None:
    folders = _folders(host)
    run = folders.run
    _ready(host)
    for sack, name in ((told["papers"], "papers.pem"), (told["key"], "secret")):
        argv = ["install", "-o", USER, "-g", USER, "-m", "400", f"{folders.sacks}/{sack}", f"{run}/{name}"]
        _done(host, argv)
    host.write(f"{run}/pages/ERR_KITEI", REFUSED, 0o644)
    archive.build()
    python = archive.interpreter(host)
    for name, argv_ in (("by-radius", f"{told['from']} {run}/secret"), ("door", f"{run}/hosts.json")):
        text = f"#!/bin/sh\nexec {python} -I {folders.helpers} {name} {argv_}\n"
        host.write(f"{run}/{name}", text, 0o755)
    _done(host, ["touch", f"{run}/squid.log"])
    _done(host, ["chown", f"{USER}:{USER}", f"{run}/squid.log"])
    draft = f"{run}/tried.conf"
    host.write(draft, told["config"], 0o644)
    tried = host.run(["/usr/sbin/squid", "-k", "parse", "-f", draft])
    if tried.code != 0:
        raise PermanentError(f"Squid on {host.name} refuses its configuration: {tried.err.strip()[-600:]}")
    host.write(f"{run}/squid.conf", told["config"], 0o644)
    host.remove(draft)


def _start(host: Host) -> None:
    run = _folders(host).run
    host.stop(SQUID)
    host.remove(f"{run}/pid")
    name = f"kb{os.path.basename(run)[-10:]}"
    host.keep_running(SQUID, ["/usr/sbin/squid", "-N", "-n", name, "-f", f"{run}/squid.conf"])


def _reload(host: Host) -> None:
    pid = (host.read(f"{_folders(host).run}/pid") or "").strip()
    if not pid or host.run(["kill", "-HUP", pid]).code != 0:
        raise TemporaryError(f"Squid on {host.name} is just starting")


def _await_ports(host: Host, port: int, count: int) -> None:
    until = time.monotonic() + _STARTS
    while len(host.run(["ss", "-Htln", f"sport = :{port}"]).out.splitlines()) < count:
        if time.monotonic() > until:
            log = host.read(f"{_folders(host).run}/squid.log") or ""
            raise TemporaryError(f"Squid on {host.name} does not start: {log[-300:].strip()}", 2.0)
        time.sleep(0.05)


def _end(host: Host) -> None:
    folders = _folders(host)
    for name in (SQUID, VISITS):
        host.stop(name)
    host.run(["nft", "delete", "table", *TABLE.split()])
    _done(host, ["rm", "-rf", folders.run])
    host.remove(f"{folders.own}/memory.json")


def _done(host: Host, argv: Sequence[str]) -> None:
    done = host.run(argv)
    if done.code != 0:
        raise TemporaryError(f"{' '.join(argv[:3])} fails on {host.name}: {done.err.strip()[-300:]}", 5.0)
