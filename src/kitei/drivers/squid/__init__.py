"""Squid 5.7 (Debian's squid-openssl): the proxy of a Web gateway, and the kernel's rules that bring clients to it.

What is ours: the folder `web` below the node's state, a folder of /run that Squid (user `proxy`) may read, the
programs `web-squid-<slot>` and `web-records`, the table `inet kitei_web` and a routing table. A change of policy,
lists or users restarts nothing: a program beside Squid takes up the file. For a change of ports, addresses or
papers a second instance starts, the rules send new connections there, and the old one ends what it has in hand.
"""

import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import kitei
from kitei.drivers.squid import archive, native
from kitei.drivers.squid.config import (
    MARK,
    SLOTS,
    TABLE,
    Folders,
    clamd_config,
    ports_of,
    ruleset,
    squid_config,
)
from kitei.drivers.squid.pages import REFUSED
from kitei.network import Host, Part, PermanentError, Risk, Step, TemporaryError
from kitei.network.web import WebGateway, WebList, WebPolicy
from kitei.values import digest_of

__all__ = ["Squid", "SquidSeen"]

_RECORDS: Final = "web-records"
_SANDBOX: Final = ("web-clamd", "web-sandbox")
_REMEMBERS: Final = (
    1.2  # seconds for which Squid may go by an answer from before (`ttl` of the judge), and some
)
_LINGERS: Final = 60.0  # seconds an instance of before stays at least,
_LONGEST: Final = 12 * 3600.0  # and at most, whatever it still has in hand
_STARTS: Final = 15.0  # seconds an instance may take until it listens
_RULE: Final = ("fwmark", str(MARK), "lookup", str(MARK))


@dataclass(frozen=True, slots=True)
class SquidSeen:
    """`slot` is the instance in use and `loaded` the digest of what it was told; `busy` how many connections each
    running instance has. `lists` are the packed lists there are. `rules` is the digest of the table's text, None
    when another hand changed it or it is not there. `switched` is how many seconds ago an instance last started."""

    folders: Folders
    present: bool = False
    owner: str = ""
    running: frozenset[str] = frozenset()
    sacks: frozenset[str] = frozenset()
    slot: int = 0
    loaded: str | None = None
    clamd: str | None = None
    policy: str | None = None
    users: str | None = None
    lists: frozenset[str] = frozenset()
    rules: str | None = None
    routes: bool = False
    busy: Mapping[int, int] = field(default_factory=dict)
    switched: float = 0.0


class Squid:
    """The driver of the parts of `kitei.network.web`."""

    name = "squid"
    reads = (WebGateway, WebPolicy, WebList)

    def see(self, host: Host) -> SquidSeen:
        folders = _folders(host)
        running = frozenset(name for name in host.running() if name.startswith("web-"))
        told = json.loads(host.read(host.state("web", "loaded.json")) or "{}")
        sacks = frozenset(_listed(host, host.state("sacks")))
        policy = host.read(f"{folders.run}/policy.json")
        if not told and not running and policy is None:
            return SquidSeen(folders, sacks=sacks)
        has_table = host.run(["nft", "list", "table", *TABLE.split()]).code == 0
        written = host.run(["stat", "-c", "%Y", host.state("web", "loaded.json")])
        return SquidSeen(
            folders=folders,
            present=True,
            owner=told.get("owner", ""),
            running=running,
            sacks=sacks,
            slot=told.get("slot", 0),
            loaded=told.get("digest") if _listed(host, folders.run) else None,
            clamd=host.read(f"{folders.run}/clamd.conf"),
            policy=policy,
            users=host.read(f"{folders.run}/users.sack"),
            lists=frozenset(_listed(host, f"{folders.run}/lists")),
            rules=_rules_in_force(host) if has_table else None,
            routes=_has_routes(host),
            switched=time.time() - int(written.out) if written.code == 0 else 0.0,
            busy={slot: _connections(host, slot) for slot in range(SLOTS) if _squid(slot) in running},
        )

    def plan(self, wanted: Sequence[Part], seen: SquidSeen) -> tuple[Step, ...]:
        gateway = next((part for part in wanted if isinstance(part, WebGateway)), None)
        policy = next((part for part in wanted if isinstance(part, WebPolicy)), None)
        if gateway is None or policy is None:
            if not seen.present:
                return ()
            owners = (seen.owner,) if seen.owner else ()
            return (Step(self.name, "close the Web gateway", "close", {}, Risk.OUTAGE, owners),)
        lists = [part for part in wanted if isinstance(part, WebList)]
        return tuple(self._steps(gateway, policy, lists, seen))

    def _steps(
        self, gateway: WebGateway, policy: WebPolicy, lists: Sequence[WebList], seen: SquidSeen
    ) -> Iterator[Step]:
        needed = {each.sack for each in lists} | ({policy.users} if policy.users else set())
        missing = sorted(needed - seen.sacks)
        for each in sorted({each.sack for each in lists} & seen.sacks - seen.lists):
            yield Step(self.name, f"take up the list {each}", "list", {"sack": each})
        if not missing:
            if policy.users is not None and seen.users != policy.users:
                yield Step(self.name, "take up who may sign in", "users", {"sack": policy.users})
            if seen.policy != policy.text:
                yield Step(self.name, "take up the policy", "policy", {"policy": policy.text})
        if _RECORDS not in seen.running:
            yield Step(self.name, "write down what is decided", "records", {"name": gateway.name})
        yield from self._sandbox(gateway, policy, seen)
        slot = seen.slot
        # A first instance without its policy would have nothing to decide by; one that runs keeps the policy it has.
        if not missing or seen.policy is not None:
            digest = _told(gateway, policy, seen.folders)
            if seen.loaded != digest or _squid(slot) not in seen.running:
                is_next = seen.loaded is not None and _squid(slot) in seen.running
                slot = (slot + 1) % SLOTS if is_next else slot
                with_ = {
                    "slot": slot,
                    "digest": digest,
                    "config": squid_config(gateway, policy, seen.folders, slot),
                    "name": gateway.name,
                    "authority": gateway.authority,
                    "owner": gateway.origin.owner,
                }
                yield Step(self.name, "start a proxy as it is to be now", "start", with_)
            yield from self._way(ruleset(gateway, slot), seen)
        for before in range(SLOTS):
            if (
                before not in (slot, seen.slot)
                and _squid(before) in seen.running
                and (seen.switched > _LONGEST or (seen.switched > _LINGERS and not seen.busy.get(before)))
            ):
                do = "end the proxy of before"
                yield Step(self.name, do, "retire", {"slot": before})
        if not missing:
            for name in sorted(seen.lists - {each.sack for each in lists}):
                yield Step(self.name, f"throw away the list {name}", "forget", {"list": name})
        for sack in missing:
            yield Step(self.name, f"wait for {sack}", "await", {"sack": sack})

    def _sandbox(self, gateway: WebGateway, policy: WebPolicy, seen: SquidSeen) -> Iterator[Step]:
        """Before the proxy that needs it; what inspects stays until no proxy can ask it any more."""
        clamd = clamd_config(gateway, seen.folders)
        if gateway.holds:
            if seen.clamd != clamd or not seen.running >= {*_SANDBOX}:
                yield Step(self.name, "inspect what is held", "inspect", {"clamd": clamd})
        elif (
            seen.running & {*_SANDBOX}
            and len(seen.busy) < SLOTS
            and seen.loaded == _told(gateway, policy, seen.folders)
        ):
            yield Step(self.name, "hold nothing any more", "let-go")

    def _way(self, rules: str, seen: SquidSeen) -> Iterator[Step]:
        if not seen.routes:
            yield Step(self.name, "route what is taken to the proxy", "routes")
        if seen.rules != digest_of(rules):
            yield Step(self.name, "bring clients to the proxy", "rules", {"rules": rules})

    def apply(self, host: Host, step: Step) -> None:
        told = step.with_
        folders = _folders(host)
        match step.act:
            case "list":
                _ready(host)
                _pack(host, str(told["sack"]))
            case "users":
                _ready(host)
                _hand_over(host, host.state("sacks", str(told["sack"])), f"{folders.run}/users")
                host.write(f"{folders.run}/users.sack", str(told["sack"]), 0o644)
            case "policy":
                _ready(host)
                host.write(f"{folders.run}/policy.json", str(told["policy"]), 0o644)
                time.sleep(_REMEMBERS)
            case "inspect":
                _ready(host)
                _start_sandbox(host, str(told["clamd"]))
            case "let-go":
                for name in _SANDBOX:
                    host.stop(name)
                host.remove(f"{folders.run}/clamd.conf")
            case "records":
                _make_authority(host, str(told["name"]))  # whose certificate is told with the records
                _start_records(host)
            case "start":
                _start(host, told)
            case "routes":
                _lay_routes(host)
            case "rules":
                _load_rules(host, str(told["rules"]))
            case "retire":
                host.stop(_squid(int(told["slot"])))
            case "forget":
                host.remove(f"{folders.run}/lists/{told['list']}")
            case "await":
                raise TemporaryError(f"{told['sack']} has not reached {host.name} yet")
            case "close":
                _close(host)
            case _:
                raise ValueError(f"{step.act!r} is not an act of squid such as 'policy'")


def _told(gateway: WebGateway, policy: WebPolicy, folders: Folders) -> str:
    return _digest(squid_config(gateway, policy, folders, 0) + gateway.authority + folders.helpers)


def _ready(host: Host) -> None:
    """The folder that Squid reads, and no other user. Its secrets are files of its own user."""
    run = _folders(host).run
    _done(host, ["install", "-d", "-m", "755", os.path.dirname(run)])
    _done(host, ["install", "-d", "-g", "proxy", "-m", "750", run, f"{run}/lists", f"{run}/pages"])


def _start(host: Host, told: Mapping[str, object]) -> None:
    folders, slot = _folders(host), int(str(told["slot"]))
    run = folders.run
    _ready(host)
    _make_authority(host, str(told["name"]))
    _hand_over(host, host.state("web", "authority.pem"), f"{run}/authority.pem")
    if told["authority"]:
        host.write(f"{run}/own.pem", str(told["authority"]), 0o644)
    host.write(f"{run}/pages/ERR_KITEI", REFUSED, 0o644)
    archive.build()
    python = archive.interpreter(host)
    for name, argv in (("judge", f"{run}/policy.json {run}/lists"), ("signin", f"{run}/users")):
        text = f"#!/bin/sh\nexec {python} -I {folders.helpers} {name} {argv}\n"
        host.write(f"{run}/{name}", text, 0o755)
    host.stop(_squid(slot))
    config = f"{run}/squid-{slot}.conf"
    host.write(config, str(told["config"]), 0o644)
    store, log = f"{run}/certificates-{slot}", f"{run}/squid-{slot}.log"
    _done(host, ["rm", "-rf", store])
    _done(host, ["/usr/lib/squid/security_file_certgen", "-c", "-s", store, "-M", "16MB"])
    _done(host, ["install", "-o", "proxy", "-g", "proxy", "-m", "640", "/dev/null", log])
    _done(host, ["chown", "-R", "proxy:proxy", store])
    tried = host.run(["/usr/sbin/squid", "-k", "parse", "-f", config])
    if tried.code != 0:
        raise PermanentError(f"Squid on {host.name} refuses its configuration: {tried.err.strip()[-600:]}")
    name = f"k{os.path.basename(run)[-10:]}{slot}"
    host.keep_running(_squid(slot), ["/usr/sbin/squid", "-N", "-n", name, "-f", config])
    _await_ports(host, slot)
    loaded = {"slot": slot, "digest": told["digest"], "owner": told["owner"]}
    host.write(host.state("web", "loaded.json"), json.dumps(loaded))


def _make_authority(host: Host, name: str) -> None:
    """Its key is made here and leaves this node never; who trusts its certificate lets this gateway open TLS."""
    kept = host.state("web", "authority.pem")
    if host.read(kept) is not None:
        return
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    argv += ["-days", "3650", "-subj", f"/CN={name.replace('/', ' ')}", "-keyout", "-", "-out", "-"]
    argv += ["-addext", "basicConstraints=critical,CA:TRUE,pathlen:0"]
    argv += ["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-config", "/etc/ssl/openssl.cnf"]
    done = host.run(argv)
    if done.code != 0:
        raise PermanentError(f"openssl on {host.name} makes no authority: {done.err.strip()[-300:]}")
    host.write(kept, done.out)


def _pack(host: Host, sack: str) -> None:
    folders = _folders(host)
    argv = ["env", f"PYTHONPATH={folders.code}", folders.python, "-m", "kitei.proxy.packing"]
    done = host.run([*argv, host.state("sacks", sack), f"{folders.run}/lists/{sack}"], timeout=120.0)
    if done.code != 0:
        raise PermanentError(f"the list {sack} cannot be read on {host.name}: {done.err.strip()[-300:]}")


def _start_records(host: Host) -> None:
    folders = _folders(host)
    argv = [folders.python, "-m", "kitei.proxy.records", host.state("web"), host.state("events")]
    host.keep_running(_RECORDS, argv, {"PYTHONPATH": folders.code})


def _start_sandbox(host: Host, clamd: str) -> None:
    folders = _folders(host)
    run = folders.run
    native.build()
    _done(host, ["install", "-d", "-o", "proxy", "-g", "proxy", "-m", "700", f"{run}/held"])
    if host.read(f"{run}/clamd.conf") != clamd:
        host.write(f"{run}/clamd.conf", clamd, 0o644)
        host.stop("web-clamd")
    host.keep_running("web-clamd", ["/usr/sbin/clamd", "--foreground", "-c", f"{run}/clamd.conf"])
    argv = [folders.python, "-m", "kitei.proxy.sandbox", f"{run}/held/ask", f"{run}/held/clamd"]
    argv += [f"{run}/policy.json", host.state("web"), host.state("events")]
    host.keep_running("web-sandbox", argv, {"PYTHONPATH": folders.code})


def _await_ports(host: Host, slot: int) -> None:
    until = time.monotonic() + _STARTS
    while len(_lines(host, ["ss", "-Htln", _sports(slot)])) < len(ports_of(slot)):
        if time.monotonic() > until:
            log = host.read(f"{_folders(host).run}/squid-{slot}.log") or ""
            raise TemporaryError(f"Squid on {host.name} does not start: {log[-300:].strip()}", 2.0)
        time.sleep(0.05)


def _lay_routes(host: Host) -> None:
    for family in ("-4", "-6"):
        _done(host, ["ip", family, "route", "replace", "local", "default", "dev", "lo", "table", str(MARK)])
        host.run(["ip", family, "rule", "del", *_RULE])
        _done(host, ["ip", family, "rule", "add", *_RULE])


def _has_routes(host: Host) -> bool:
    families = ("-4", "-6")
    routed = (host.run(["ip", each, "route", "show", "table", str(MARK)]).out.strip() for each in families)
    ruled = (f"fwmark {MARK:#x}" in host.run(["ip", each, "rule"]).out for each in families)
    return all(routed) and all(ruled)


def _load_rules(host: Host, rules: str) -> None:
    done = host.run(["nft", "-f", "-"], stdin=f"table {TABLE}\ndelete table {TABLE}\n{rules}")
    if done.code != 0:
        raise PermanentError(
            f"nft on {host.name} refuses what brings clients to the proxy: {done.err.strip()}"
        )
    memory = {"text": digest_of(rules), "listing": _listing(host)}
    host.write(host.state("web", "rules.json"), json.dumps(memory))


def _rules_in_force(host: Host) -> str | None:
    memory = json.loads(host.read(host.state("web", "rules.json")) or "{}")
    return memory.get("text") if memory.get("listing") == _listing(host) else None


def _listing(host: Host) -> str:
    return _digest(host.run(["nft", "-s", "list", "table", *TABLE.split()]).out)


def _connections(host: Host, slot: int) -> int:
    return len(_lines(host, ["ss", "-Htn", "state", "established", _sports(slot)]))


def _sports(slot: int) -> str:
    return " or ".join(f"sport = :{port}" for port in ports_of(slot))


def _close(host: Host) -> None:
    host.run(["nft", "delete", "table", *TABLE.split()])
    for family in ("-4", "-6"):
        host.run(["ip", family, "rule", "del", *_RULE])
        host.run(["ip", family, "route", "flush", "table", str(MARK)])
    for name in [name for name in host.running() if name.startswith("web-")]:
        host.stop(name)
    _done(host, ["rm", "-rf", _folders(host).run, host.state("web", "loaded.json")])
    _done(host, ["rm", "-f", host.state("web", "rules.json")])


def _hand_over(host: Host, source: str, target: str) -> None:
    """A copy that only Squid reads."""
    _done(host, ["install", "-o", "proxy", "-g", "proxy", "-m", "400", source, target])


def _done(host: Host, argv: Sequence[str]) -> None:
    done = host.run(argv)
    if done.code != 0:
        raise TemporaryError(f"{' '.join(argv[:3])} fails on {host.name}: {done.err.strip()[-300:]}", 5.0)


def _folders(host: Host) -> Folders:
    code = os.path.dirname(os.path.dirname(os.path.abspath(str(kitei.__file__))))
    run = f"/run/kitei-web/{_digest(host.state('web'))[:16]}"
    return Folders(run, code, sys.executable, archive.place())


def _listed(host: Host, folder: str) -> list[str]:
    return host.run(["ls", "-1A", folder]).out.split()


def _lines(host: Host, argv: Sequence[str]) -> list[str]:
    return host.run(argv).out.splitlines()


def _squid(slot: int) -> str:
    return f"web-squid-{slot}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
