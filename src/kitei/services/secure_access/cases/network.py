"""What happens in the network of a case: flows, files and connections in words."""

import math
import re
from typing import Any

from kitei.desk.cases import unknown
from kitei.services.secure_access.cases.asking import Asking, Body, said
from kitei.services.secure_access.cases.given import risk_of
from kitei.services.secure_access.edition import TERMS
from kitei.terms import plain_name

DENY = (
    "no allow",
    "no rule",
    "no matching",
    "deny",
    "denied",
    "block",
    "drop",
    "forbid",
    "拒否",
    "遮断",
    "not allowed",
    "not permitted",
)
ALLOW = ("allow", "permit", "accept", "許可")
TUNNELS = ("ipsec", "l2tp", "openvpn", "pptp", "sstp", "ssl-vpn")


def network_event(case: Asking) -> Body:
    tunnel, client = case.told("tunnel", "protocol", "vpn"), case.told("client")
    if tunnel is not None and "wireguard" in plain_name(tunnel):
        tunnel = "wireguard"
    elif tunnel is None and client is not None:
        tunnel = _tunnel(plain_name(client))
    body: Body = {
        "by": "operator",
        "web": case.told("http_request", "url"),
        "file": case.told("http_object", "object", "file"),
        "inspected": case.told("sent_to_sandbox", "inspected"),
        "limited_by": _limited(case.told("limited_by", "restricted_by", "restriction", "cause")),
        "tunnel": tunnel,
        "reaches": case.told("reaches", "to", "destination", "dst"),
        "megabits": _megabits(case),
        "egress_of": _egress(case, case.told("egress_ip", "egress", "source_ip")),
    }
    engine = case.told("appliance", "engine")
    if engine is not None:
        body["appliance"] = "fortinet" if plain_name("fortinet") in plain_name(engine) else "other"
    for told in filter(
        None, (case.told("flow"), case.told("event"), case.told("packet"), case.told("direction"))
    ):
        body |= said(_flow(case, str(told), body))
    return body


def _megabits(case: Asking) -> Any:
    """A rate in Mbps, as a number under a key of its own or with its unit, as "1.2 Gbps"."""
    told = case.told(
        "mbps", "offered_mbps", "megabits", "throughput_mbps", "rate_mbps", "traffic_mbps", "bandwidth_mbps"
    )
    if (many := case.told("gbps", "throughput_gbps", "rate_gbps")) is not None:
        told = round(many * 1000)
    written = case.told("rate", "throughput", "bandwidth")
    if isinstance(written, str):
        found = re.fullmatch(r"([\d.]+)([gm])bps", plain_name(written))
        if found is None:
            raise unknown(f"{case.when.place}.rate", written, ["900 Mbps", "1.2 Gbps"])
        return math.ceil(float(found.group(1)) * (1000 if found.group(2) == "g" else 1))
    return told if written is None else written


def _limited(told: str | None) -> str | None:
    """What of the accepted keeps it from working; what is none of them stays as it is written."""
    risk = risk_of(told) if told else None
    return risk.slug if risk else told


def _egress(case: Asking, told: str | None) -> str | None:
    """Whose address it is: 'the address dedicated to C1', or a shared one."""
    if told is None:
        return None
    found = re.search(r"dedicated to (\w+)|(\w+)の専用", told)
    if found:
        return found.group(1) or found.group(2)
    if any(each in told for each in ("shared", "common", "共用")):
        return "shared"
    if told in case.history.customers:
        return told
    raise unknown(
        f"{case.when.place}.egress_ip", told, ["the address dedicated to <customer>", "a shared address"]
    )


def _flow(case: Asking, told: str, body: Body) -> Body:
    """A flow in words: what a firewall's rules say of it, or where it goes."""
    plain = plain_name(told)
    kind = _kind(case)
    if any(each in plain for each in map(plain_name, DENY)):
        return {"allowed": False}
    if any(each in plain for each in map(plain_name, ALLOW)):
        return {"allowed": True}
    if kind == "private-connect" or "backbone" in plain:
        into = plain.startswith("fromtheprivatebackbone") or plain.startswith("backboneto")
        return {"toward": "service" if into else "backbone"}
    if kind == "remote-connect":
        return {"reaches": body["reaches"] or _reached(plain), "tunnel": body["tunnel"] or _tunnel(plain)}
    if kind == "web-gateway":
        return {"web": told}
    known = ["matches a deny rule", "matches an allow rule", "to the Private Backbone", "to the Web gateway"]
    raise unknown(f"{case.when.place}.flow", told, known)


def _kind(case: Asking) -> str:
    contracts = case.history.situation().contracts
    found = contracts.get(case.when.look("contract") or "")
    return found.kind if found else ""


def _reached(plain: str) -> str | None:
    """The kind of contract that a flow is said to go to."""
    return next(
        (
            each.slug
            for each in TERMS.first.value("kinds").choices
            if any(
                plain_name(name) in plain for name in (each.slug, each.name.ja, each.name.en, *each.aliases)
            )
        ),
        None,
    )


def _tunnel(plain: str) -> str | None:
    """The protocol that a flow is said to come by; without one, the one there is."""
    return next(
        (each for each in TUNNELS if each in plain),
        "wireguard",
    )
