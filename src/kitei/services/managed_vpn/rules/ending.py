"""Articles 8, 14(3), 18 and 20: how a contract ends and what follows for its devices and the sites that remain."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.ending import Ending, Endings
from kitei.clauses.returns import return_finding
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.rules.networks import parent_of, sites_in_force
from kitei.values import Words


def ending_with(asked: Ending, s: Situation) -> tuple[Contract, ...]:
    """The contracts that end: the one, and where the operator so reads it the children of a parent."""
    contract = s.contract(asked.contract)
    if contract.kind != "parent" or not is_site(contract) or s.reading("mvp.orphan").value != "cascade":
        return (contract,)
    return (contract, *sites_in_force(s, contract.group, "child"))


def orphans(contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """Art. 8.1 speaks of applications only: whom an ending leaves alone is flagged (convention mvp.orphan)."""
    children = [
        each
        for each in sites_in_force(s, contract.group, "child")
        if each.id != contract.id and (each.ending is None or effective < each.ending.last)
    ]
    how = s.reading("mvp.orphan")
    more = {"conventions": (how.pair,), "defects": ("MVP-D15",)}
    if contract.kind == "parent" and children:
        names = ", ".join(each.id for each in children)
        if how.value == "refuse-parent":
            yield s.refuse(
                "art:8.1",
                why=Words(f"子拠点 {names} が残っています", f"child sites {names} remain"),
                place="contract",
                remedy=Words("子拠点から解約してください", "cancel the child sites first"),
                **more,
            )
        elif how.value == "flag":
            yield s.accept(
                "art:8.1",
                why=Words(
                    f"子拠点 {names} は親を失いますが、契約は続きます。ご確認ください",
                    f"child sites {names} lose their parent, and their contracts go on; please review",
                ),
                **more,
            )
    elif contract.kind == "child" and not children and parent_of(s, contract.group):
        yield s.accept(
            "art:8.1",
            why=Words(
                f"VPN 網 {contract.group} に子拠点がなくなりますが、親の契約は続きます",
                f"VPN network {contract.group} is left without a child, and the parent's contract goes on",
            ),
            **more,
        )


def _follows(asked: Ending, contract: Contract, effective: date, s: Situation) -> Iterator[Finding]:
    """What an ending means for devices and for the network's other sites."""
    if is_site(contract):
        yield return_finding(s, effective)
        yield from orphans(contract, effective, s)


ENDINGS = Endings(together=ending_with, more=_follows)
