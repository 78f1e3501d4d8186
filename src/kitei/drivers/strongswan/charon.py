"""A charon read and changed through vici, its control protocol. One a node, in its own folder."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import vici

from kitei.drivers import x509
from kitei.drivers.esp import has_kernel_esp
from kitei.drivers.strongswan.plan import fingerprint
from kitei.drivers.strongswan.seen import IkeSeen, associations_in
from kitei.network import Host, PermanentError, Step, TemporaryError

_PROGRAM = "charon"
_BINARY = "/usr/sbin/charon-systemd"
_SOON = 3.0  # seconds charon may take to listen


def see_ike(host: Host) -> IkeSeen:
    config = host.read(_config(host))
    keys = {name: x509.key_id(key) for name in _names(host) if (key := host.read(_key(host, name)))}
    esp = has_kernel_esp(host)
    checked = host.read(host.state("strongswan", "checked"))
    if _PROGRAM not in host.running():
        return IkeSeen(config, esp, False, keys, checked=checked)
    with _session(host) as session:
        connections = {n: c for told in session.list_conns() for n, c in _text(told).items()}
        credentials = {_credential(paper) for paper in session.list_certs({})} - {None}
        credentials |= {f"key:{key}" for key in _text(session.get_keys()).get("keys", [])}
        associations = associations_in(_text(told) for told in session.list_sas())
    held = frozenset(text for text in credentials if text)
    return IkeSeen(config, esp, True, keys, held, checked, connections, associations)


def _credential(paper: Mapping[str, bytes]) -> str | None:
    """Peers' certificates, which charon remembers as well, are none of ours."""
    ours = paper.get("flag") == b"CA" or "has_privkey" in paper or paper["type"] == b"X509_CRL"
    return fingerprint(paper["data"]) if ours else None


def change_ike(host: Host, step: Step) -> None:
    with_ = step.with_
    match step.act:
        case "start":
            _start(host, with_["config"])
        case "stop":
            _stop(host)
        case "make-key":
            _make_key(host, with_["name"])
        case "destroy-key":
            _destroy_key(host, with_["name"])
        case _:
            try:
                with _session(host) as session:
                    _change(host, session, step)
            except vici.exception.CommandException as fault:
                raise PermanentError(f"charon on {host.name} refuses to {step.do}: {fault}") from fault


def _change(host: Host, session: Any, step: Step) -> None:
    with_ = step.with_
    match step.act:
        case "load":
            _load(host, session, with_)
        case "add":
            _remove(session, with_["name"])
            session.load_conn({with_["name"]: with_["connection"]})
            if with_["dials"]:
                _await_association(session, with_["name"])
        case "dial":
            # the answer comes at once; how it ends is for the next look
            ask = {"ike": with_["name"], "child": with_["child"], "timeout": "-1"}
            list(session.initiate(ask))
            _await_association(session, with_["name"])
        case "remove":
            _remove(session, with_["name"])
        case _:
            raise ValueError(f"{step.act!r} is not an act of strongswan such as 'add'")


def _start(host: Host, config: str) -> None:
    if host.read(_config(host)) != config:
        host.stop(_PROGRAM)
        host.write(_config(host), config)
    folder = host.state("strongswan")
    # its control socket is named from its own folder: a socket's whole path may have 107 bytes only
    argv = ["/usr/bin/env", "-C", folder, _BINARY]
    host.keep_running(_PROGRAM, argv, {"STRONGSWAN_CONF": _config(host)})
    until = time.monotonic() + _SOON
    while True:
        try:
            with _session(host) as session:
                session.version()
            return
        except TemporaryError:
            if time.monotonic() > until:
                raise
            time.sleep(0.02)


def _stop(host: Host) -> None:
    host.stop(_PROGRAM)
    for name in _names(host):
        _destroy_key(host, name)
    for file in ("strongswan.conf", "charon.vici", "checked"):
        host.remove(host.state("strongswan", file))
    host.remove(host.state("strongswan"))
    host.remove(host.state("identity"))


def _make_key(host: Host, name: str) -> None:
    """The request is written first: a key without one would never be certified."""
    key = x509.make_key()
    host.write(_request(host, name), x509.make_request(key, name), 0o644)
    host.write(_key(host, name), key, 0o600)
    host.write(host.state("identity", "names"), "\n".join(sorted({*_names(host), name})))


def _destroy_key(host: Host, name: str) -> None:
    left = [other for other in _names(host) if other != name]
    host.remove(_key(host, name))
    host.remove(_request(host, name))
    if left:
        host.write(host.state("identity", "names"), "\n".join(left))
    else:
        host.remove(host.state("identity", "names"))


def _load(host: Host, session: Any, with_: Mapping[str, Any]) -> None:
    """Exchanging credentials touches no association; those of revoked peers are ended afterwards."""
    session.clear_creds()
    for papers in with_["identities"]:
        session.load_cert({"type": "X509", "flag": "CA", "data": papers["authority"]})
        if papers["revoked"]:
            session.load_cert({"type": "X509_CRL", "data": papers["revoked"]})
        session.load_cert({"type": "X509", "flag": "NONE", "data": papers["certificate"]})
        session.load_key({"type": "any", "data": host.read(_key(host, papers["name"])) or ""})
    session.flush_certs({})
    for name in with_["end"]:
        _end(session, name)
    host.write(host.state("strongswan", "checked"), with_["checked"])


def _remove(session: Any, name: str) -> None:
    if name in {known.decode() for known in session.get_conns().get("conns", [])}:
        session.unload_conn({"name": name})
    _end(session, name)


def _end(session: Any, name: str) -> None:
    """End all associations of this name, telling the peer but not waiting for it.

    A peer that may not be heard any more cannot answer; then charon calls it a failure and ends it all the same.
    """
    for told in list(session.list_sas({"ike": name})):
        for sa in told.values():
            try:
                list(session.terminate({"ike-id": sa["uniqueid"], "force": "yes", "timeout": "500"}))
            except vici.exception.CommandException:
                if list(session.list_sas({"ike-id": sa["uniqueid"]})):
                    raise


def _await_association(session: Any, name: str) -> None:
    for _ in range(50):
        if list(session.list_sas({"ike": name})):
            return
        time.sleep(0.01)


@contextmanager
def _session(host: Host) -> Iterator[Any]:
    line = host.connect(host.state("strongswan", "charon.vici"))
    try:
        made: Any = vici
        yield made.Session(line)
    except OSError as fault:
        raise TemporaryError(f"charon on {host.name} stopped answering: {fault}", 0.2) from fault
    finally:
        line.close()


def _config(host: Host) -> str:
    return host.state("strongswan", "strongswan.conf")


def _names(host: Host) -> list[str]:
    return (host.read(host.state("identity", "names")) or "").split()


def _key(host: Host, name: str) -> str:
    return host.state("identity", f"{name}.key")


def _request(host: Host, name: str) -> str:
    return host.state("identity", f"{name}.csr")


def request_of(host: Host, name: str) -> str | None:
    """The node's request to certify its key, for its controller; None until the key is made."""
    return host.read(_request(host, name)) if name in _names(host) else None


def _text(told: Any) -> Any:
    """vici's answers are bytes all through."""
    match told:
        case bytes():
            return told.decode(errors="backslashreplace")
        case Mapping():
            return {key: _text(inner) for key, inner in told.items()}
        case list():
            return [_text(inner) for inner in told]
        case _:
            return told
