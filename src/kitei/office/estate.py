"""The estate out of the ledger: machines, certificates, the monitoring place, and who answers RADIUS."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, cast

from kitei.ledger import Entry, Fact
from kitei.network import (
    PROBE_SECONDS,
    AuthorityPapers,
    Concentrator,
    Estate,
    GatewayPlace,
    Machine,
    Prober,
    RadiusPlace,
    RemotePlace,
)
from kitei.office.access import estate as access
from kitei.office.floods.estate import Place, gather, name_of, place_of
from kitei.office.remote import estate as remote_access

# Whose caps are RADIUS's, where the operator says whose they are.
_RADIUS = "auth-outsource"


def papers_issued(network: str, papers: AuthorityPapers, on: date) -> tuple[str, Fact]:
    """The fact of an authority's certificate and of its list of what it revoked so far."""
    return f"network:{network}", Fact("papers.issued", asdict(papers), on)


def estate_of(entries: Iterable[Entry]) -> Estate:
    """Fold the streams `operator` and `network:<name>`, and `customer:<id>` of who joins the Private Backbone."""
    entries = tuple(entries)
    authorities: dict[str, AuthorityPapers] = {}
    machines: dict[str, Machine] = {}
    certificates: dict[str, str] = {}
    monitor: Mapping[str, Any] = {}
    radius: dict[str, RadiusPlace] = {}
    concentrators: dict[str, Concentrator] = {}
    caps: dict[str, int] = {}
    defence: dict[str, dict[str, Place]] = {}
    lost: set[str] = set()
    probers: dict[str, Prober] = {}
    probe_seconds = PROBE_SECONDS
    gateways: dict[str, GatewayPlace] = {}
    gateway_keys: dict[str, str] = {}
    remote: dict[str, RemotePlace] = {}
    names = [field.name for field in fields(Machine)]
    for entry in entries:
        body = cast(Mapping[str, Any], entry.fact.body)
        match entry.fact.kind:
            case "machine.registered":
                machines[body["serial"]] = Machine(**{name: cast(Any, body.get(name)) for name in names})
            case "monitor.placed":
                monitor = body
            case "radius.placed":
                radius[body["node"]] = RadiusPlace(**{**body, "addresses": tuple(body["addresses"])})
            case "concentrator.placed":
                concentrators[body["address"]] = Concentrator(**body)
            case "prober.placed":
                probers[body["node"]] = Prober(**body)
            case "operator.set" if body.get("name") == "login-probe-seconds":
                if type(value := body["value"]) is int and value > 0:
                    probe_seconds = value
            case "operator.set" if str(body.get("name", "")).startswith("max-"):
                if type(value := body["value"]) is int and body.get("service", _RADIUS) == _RADIUS:
                    caps[body["name"]] = value
            case "certificate.issued":
                certificates[body["device"]] = body["certificate"]
            case "certificate.revoked":
                certificates.pop(body["device"], None)
            case "papers.issued":
                authorities[entry.stream.removeprefix("network:")] = AuthorityPapers(**body)
            case access.PLACED:
                gateways[body["node"]] = access.place_of(body)
            case remote_access.PLACED:
                remote[body["node"]] = remote_access.place_of(body)
            case access.KEYED:
                gateway_keys[body["node"]] = body["public_key"]
            case "scrubber.lost":
                lost.add(body["node"])
            case "scrubber.back":
                lost.discard(body["node"])
            case kind if (placed := place_of(kind, body)) is not None:
                defence.setdefault(placed[0], {})[name_of(placed[1])] = placed[1]
    return Estate(
        machines=machines,
        authorities=authorities,
        certificates=certificates,
        monitor=monitor.get("node"),
        monitor_port=monitor.get("port") or "cls0",
        monitor_address=monitor.get("address"),
        radius=tuple(radius.values()),
        concentrators=tuple(concentrators.values()),
        caps=caps,
        defence=gather(defence, lost),
        probers=tuple(probers.values()),
        probe_seconds=probe_seconds,
        gateways=tuple(gateways.values()),
        remote=tuple(remote.values()),
        gateway_keys=gateway_keys,
        backbones=access.backbones_of(entries),
    )
