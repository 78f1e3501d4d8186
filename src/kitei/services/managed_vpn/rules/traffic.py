"""Articles 2, 7 and 17.2(3) for what happens in the network: is it carried, is it watched?"""

from collections.abc import Iterator
from ipaddress import ip_address

from kitei.clauses.contract import tables
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.contract import lans
from kitei.services.managed_vpn.operation import NetworkEvent
from kitei.services.managed_vpn.rules.addresses import family_finding, is_ipv6, network_of
from kitei.services.managed_vpn.rules.options import is_monitored_switch
from kitei.services.managed_vpn.rules.sites import devices_needed
from kitei.values import Words


def carried(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 7: a packet is carried if its source was designated for the site it comes from."""
    if asked.packet is None:
        return
    packet, contract = asked.packet, s.contract(asked.contract)
    if is_ipv6(packet.src) or is_ipv6(packet.dst):
        yield family_finding(s, packet.src if is_ipv6(packet.src) else packet.dst, "network-event.packet")
        return
    source = ip_address(packet.src)
    found = next((lan for lan in lans(contract, s.on) if source in network_of(lan.prefix)), None)
    if found is None:
        yield s.refuse(
            "art:7.3",
            "art:7.2",
            why=Words(
                f"{packet.src} は {contract.id} に指定されていません",
                f"{packet.src} is not designated at {contract.id}",
            ),
            place="network-event.packet.src",
            remedy=Words(
                "使うには親の契約者から LAN の追加を指示してください",
                "to use it, let the parent's holder order the LAN to be added",
            ),
        )
    else:
        yield s.accept(
            "art:7.2",
            "art:7.3",
            why=Words(
                f"{packet.src} は {found.prefix}({found.designated_by} の指定)にあります",
                f"{packet.src} lies in {found.prefix}, designated by the {found.designated_by}",
            ),
        )


# Events in which one VPN device is lost, and at which kind of site (None: the contract's own).
FAILURES = {"device-down": None, "parent-device-down": "parent", "child-device-down": "child"}


def _survives(s: Situation, contract: Contract, kind: str) -> Finding:
    """Art. 2.1, table: whether the VPN outlives the loss of one device at a site of a kind, by its item."""
    item = s.lists["items"][contract.item]
    count = devices_needed(item, kind) or 1
    if count > 1:
        return s.accept(
            item.cite.path,
            why=Words(
                f"{item.name.ja}の{s.name('kinds', kind).ja}には {count} 台あり、1 台を失っても続きます",
                f"{item.slug} has {count} devices at a {kind} and outlives the loss of one",
            ),
        )
    return s.refuse(
        item.cite.path,
        why=Words(
            f"{item.name.ja}の{s.name('kinds', kind).ja}は 1 台で、失えば止まります",
            f"{item.slug} has one device at a {kind}; without it there is no traffic",
        ),
        place="network-event.event",
    )


def watched(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 17.2(3) and 2.1: switches that can be monitored, and devices under closed monitoring, are watched."""
    if asked.event is None:
        return
    contract = s.contract(asked.contract)
    if asked.event == "switch-down":
        taken = running(contract, "private-switch", s.on)
        model = str(taken.body.get("model") or "") if taken else ""
        told = taken is not None and (not model or is_monitored_switch(s, model))
        yield s.accept(
            "art:17.2.3",
            why=Words("監視の対象なので知らせます", "it is monitored, and an alarm is due")
            if told
            else Words("監視の対象ではなく、知らせは出ません", "it is not monitored, and no alarm is due"),
        )
    elif asked.event in FAILURES:
        yield _survives(s, contract, FAILURES[asked.event] or contract.kind)
    elif asked.event == "closed-line-down":
        told = bool(tables(contract.body, "monitoring"))
        yield s.accept(
            "art:2.1.t4",
            why=Words("クローズドモニタリングで見張っています", "closed monitoring watches it")
            if told
            else Words("クローズドモニタリングはありません", "there is no closed monitoring here"),
        )
    else:
        yield s.refer(
            "art:2.1.t4",
            proposes=Verdict.ACCEPT,
            why=Words(
                f"{asked.event} は人が見て決めます", f"what {asked.event} calls for is for people to judge"
            ),
        )
