"""The estate out of the ledger: machines registered, certificates issued, the monitoring place."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date
from typing import Any, cast

from kitei.ledger import Entry, Fact
from kitei.network import AuthorityPapers, Estate, Machine


def machine_registered(machine: Machine, on: date) -> tuple[str, Fact]:
    """The fact that the operator has a machine, and where it stands on the wire."""
    return "operator", Fact("machine.registered", asdict(machine), on)


def monitor_placed(node: str, port: str, address: str, on: date) -> tuple[str, Fact]:
    """The fact of the operator's monitoring place on the closed network."""
    return "operator", Fact("monitor.placed", {"node": node, "port": port, "address": address}, on)


def papers_issued(network: str, papers: AuthorityPapers, on: date) -> tuple[str, Fact]:
    """The fact of an authority's certificate and of its list of what it revoked so far."""
    return f"network:{network}", Fact("papers.issued", asdict(papers), on)


def estate_of(entries: Iterable[Entry]) -> Estate:
    """Fold the streams `operator` and `network:<name>`."""
    authorities: dict[str, AuthorityPapers] = {}
    machines: dict[str, Machine] = {}
    certificates: dict[str, str] = {}
    monitor: Mapping[str, Any] = {}
    names = [field.name for field in fields(Machine)]
    for entry in entries:
        body = cast(Mapping[str, Any], entry.fact.body)
        match entry.fact.kind:
            case "machine.registered":
                machines[body["serial"]] = Machine(**{name: cast(Any, body.get(name)) for name in names})
            case "monitor.placed":
                monitor = body
            case "certificate.issued":
                certificates[body["device"]] = body["certificate"]
            case "certificate.revoked":
                certificates.pop(body["device"], None)
            case "papers.issued":
                authorities[entry.stream.removeprefix("network:")] = AuthorityPapers(**body)
    return Estate(
        machines=machines,
        authorities=authorities,
        certificates=certificates,
        monitor=monitor.get("node"),
        monitor_port=monitor.get("port") or "cls0",
        monitor_address=monitor.get("address"),
    )
