"""From contracts to orders: what would change, may it, and then tell the nodes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Final

from kitei.catalogue import compile_all, conflicts
from kitei.clock import wall_clock
from kitei.drivers.x509 import serial_of
from kitei.ledger import Fact, standing
from kitei.ledger.contracts import Contract
from kitei.network import Estate, Identity, Intent, NodeIntent, Orders, Part, RadiusGroup
from kitei.network.codec import node_intent, orders_json, orders_of
from kitei.network.plan import Plan, compare, intent_of
from kitei.network.uniting import Contradiction
from kitei.office.authority import Authorities, revocation
from kitei.office.desk import MANAGED_VPN
from kitei.office.estate import estate_of, papers_issued
from kitei.office.floods.misplaced import misplaced
from kitei.office.office import Office, Refusal
from kitei.office.safe import make_probe_secrets, open_vault, with_sacks
from kitei.store.vault import Vault
from kitei.values import Json, Words

_TRIES: Final = 5


@dataclass(slots=True)
class Publishing:
    """What an office says to its nodes."""

    office: Office
    authorities: Authorities
    _latest: dict[str, Orders] = field(default_factory=dict)

    @classmethod
    def of(cls, office: Office) -> "Publishing":
        return cls(office, Authorities(office.home.secrets / "ca"))

    def estate(self) -> Estate:
        """Machines, papers and places, as the ledger has them now."""
        streams = ("operator", *(f"network:{name}" for name in self._networks()), *self._joined())
        found = estate_of(entry for stream in streams for entry in standing(self.office.book.read(stream)))
        if not (found.radius or found.defence.upstreams or found.gateways or found.remote):
            return found  # no node has a secret, and no vault is opened
        vault = open_vault(self.office.home, self.office.book.engine)
        return with_sacks(found, vault, self.published_intent())

    def plan(self, on: date | None = None) -> Plan:
        """What the contracts in force on a day (today) want that was not published yet.

        Raises Refusal where contracts cannot all be had at once, and where what is stated could not work together.
        """
        day = on or self.office.today()
        if slips := list(misplaced(self.estate().defence)):
            raise Refusal(Words("\n".join(slip.ja for slip in slips), "\n".join(slip.en for slip in slips)))
        self._issue_papers()
        self._make_probe_secrets(day)
        contracts = list(self.office.contracts().values())
        if clashes := list(conflicts(contracts, day)):
            raise Refusal(Words("; ".join(c.ja for c in clashes), "; ".join(c.en for c in clashes)))
        return compare(self.published_intent(), self._compiled(contracts, day))

    def published_intent(self) -> Intent:
        """What the nodes were last told. A node told to hold nothing is not among them."""
        nodes: dict[str, NodeIntent] = {}
        for name, published in self.office.shelf.in_force().items():
            intent = orders_of(json.loads(published.orders), name).intent
            if intent.parts:
                nodes[name] = intent
        return intent_of(nodes)

    def apply_plan(
        self,
        digest: str | None = None,
        *,
        approve: bool = False,
        actor: str = "operator",
        on: date | None = None,
    ) -> Plan:
        """Publish what `plan` says, to the nodes it changes. `digest`: only if it is still that plan.

        Raises Refusal naming the contracts in force whose traffic it would cut, unless `approve`.
        """
        plan = self.plan(on)
        if digest is not None and not plan.digest.startswith(digest):
            raise Refusal(
                Words(
                    f"計画は {digest} から {plan.digest[:12]} に変わりました。もう一度ご確認ください",
                    f"the plan is no longer {digest} but {plan.digest[:12]}; look at it again",
                )
            )
        if not plan.is_empty:
            self._carry_out(plan, on or self.office.today(), approve, actor)
        return plan

    def end_what_is_over(self) -> Plan | None:
        """Take contracts that have ended off the nodes that still serve them; None where there are none.

        Nothing else changes that waits for an operator: contracts that were never published stay so.
        Raises Refusal where it would cut a contract that is in force.
        """
        before, day = self.published_intent(), self.office.today()
        served = self._published(before)
        staying = [each for each in served if each.is_in_force(day)]
        if len(staying) == len(served):
            return None
        plan = compare(before, self._compiled(staying, day))
        self._carry_out(plan, day, approve=False, actor="controller")
        return plan

    def renew_users(self, realm: str, actor: str) -> None:
        """Tell the nodes that answer for a realm what changed of its users, and nothing else that waits."""
        self.renew(partial(self._with_users, realm), actor)

    def renew(self, changed: Callable[[], Mapping[str, NodeIntent]], actor: str) -> None:
        """Publish what changed of nodes that have orders, and nothing else that waits.

        Raises Refusal when others publish again and again meanwhile.
        """
        for _ in range(_TRIES):
            before = self.office.shelf.generation()
            orders = changed()
            if not orders or self._publish(orders, self._ended(self.office.today()), (), actor, before):
                return
        raise Refusal(
            Words("ほかの変更と重なりました。もう一度お試しください", "other changes came between; try again")
        )

    def _with_users(self, realm: str) -> dict[str, NodeIntent]:
        """The nodes of a realm's group, told of its users as they are now."""
        vault = open_vault(self.office.home, self.office.book.engine)
        changed: dict[str, NodeIntent] = {}
        for name, node in self.published_intent().nodes.items():
            parts = [_renewed(part, vault) if _is_of(part, realm) else part for part in node.parts]
            if (intent := node_intent(name, parts)).digest != node.digest:
                changed[name] = intent
        return changed

    def _carry_out(self, plan: Plan, day: date, approve: bool, actor: str) -> None:
        cut = [name for name in plan.cuts if self._is_live(name, day)]
        if cut and not approve:
            names = ", ".join(cut)
            raise Refusal(
                Words(
                    f"有効な契約 {names} の通信が切れます。--approve で承認してください",
                    f"it would cut the traffic of {names}, which are in force; approve it with --approve",
                )
            )
        orders = {name: plan.after.nodes.get(name) or node_intent(name, ()) for name in plan.nodes}
        facts = [("intent", Fact("cut.approved", {"plan": plan.digest, "owners": cut}, day))] if cut else []
        self._publish(orders, (*plan.cuts, *self._ended(day)), facts, actor)
        if self._revoke_the_gone(day):
            self._issue_papers()
            gone = compare(plan.after, self._compiled(self._published(plan.after), day))
            if not gone.is_empty:
                self._carry_out(gone, day, approve, "controller")  # the others learn whom to trust no longer

    def _compiled(self, contracts: Sequence[Contract], day: date) -> Intent:
        """What contracts want on a day. Raises Refusal with every reason why it cannot be."""
        try:
            return compile_all(contracts, self.estate(), day)
        except Contradiction as error:
            told = error.told
            raise Refusal(Words("\n".join(w.ja for w in told), "\n".join(w.en for w in told))) from None

    def _published(self, intent: Intent) -> list[Contract]:
        """The contracts that an intent serves."""
        owners = {part.origin.owner for node in intent.nodes.values() for part in node.parts}
        return [each for name, each in self.office.contracts().items() if name in owners]

    # -- what nodes ask ------------------------------------------------------------------------------

    def published(self) -> int:
        return self.office.shelf.generation()

    def orders_for(self, node: str) -> Orders | None:
        """A node's latest orders, read again only when there are newer ones."""
        known = self._latest.get(node)
        newer = self.office.shelf.orders(node, known.generation if known else 0)
        if newer is not None:
            known = self._latest[node] = orders_of(json.loads(newer.orders), node)
        return known

    def remember(self, published: Mapping[str, Orders]) -> None:
        """Take orders of nodes, just published, as read."""
        for node, orders in published.items():
            known = self._latest.get(node)
            if known is None or known.generation < orders.generation:
                self._latest[node] = orders

    def sign(self, node: str, csr: str) -> None:
        """Certify a node's request, and send the certificate down with its orders.

        LookupError: no such node. ValueError: the request is for another name.
        """
        serial = next((each.serial for each in self.estate().machines.values() if each.node == node), None)
        orders = self.orders_for(node)
        if serial is None or orders is None:
            raise LookupError(f"{node} is no node that was given orders")
        for part in orders.intent.parts:
            if isinstance(part, Identity):
                network, now = part.name.removeprefix(f"{node}."), self.office.clock()
                issued = self.authorities.issue(network, node, serial, part.name, csr, now, wall_clock())
                parts = [
                    replace(each, certificate=issued.certificate) if each is part else each
                    for each in orders.intent.parts
                ]
                fact = (f"network:{network}", issued.fact(now))
                self._publish({node: node_intent(node, parts)}, orders.may_cut, [fact], "controller")

    # -- inside --------------------------------------------------------------------------------------

    def _ended(self, day: date) -> list[str]:
        """Contracts that are over: whatever still serves them may go, also where earlier orders are not done yet."""
        return [name for name in self.office.contracts() if not self._is_live(name, day)]

    def _is_live(self, name: str, day: date) -> bool:
        contract = self.office.contracts().get(name)
        return contract is not None and contract.is_in_force(day)

    def _publish(
        self,
        nodes: Mapping[str, NodeIntent],
        may_cut: Sequence[str],
        facts: Sequence[tuple[str, Fact]],
        actor: str,
        after: int | None = None,
    ) -> bool:
        """Orders and the facts about them, all or none. False: the last were not of the generation `after`."""
        office = self.office
        with office.book.writing() as transaction:
            generation = office.shelf.generation() + 1
            if after is not None and generation != after + 1:
                return False
            told = {
                name: json.dumps(
                    orders_json(Orders(generation, intent, tuple(sorted(set(may_cut))))), ensure_ascii=False
                )
                for name, intent in nodes.items()
            }
            digests = {name: intent.digest for name, intent in nodes.items()}
            fact = Fact("intent.published", {"generation": generation, "nodes": digests}, office.today())
            office.shelf.publish(generation, told, within=transaction)
            office.book.append([*facts, ("intent", fact)], actor=actor, at=office.clock(), within=transaction)
        return True

    def _networks(self) -> list[str]:
        """The VPN networks; what groups the contracts of other services needs no authority."""
        contracts = self.office.contracts().values()
        return sorted({each.group for each in contracts if each.group and each.service == MANAGED_VPN})

    def _joined(self) -> list[str]:
        """The streams of customers who are joined with another of our services."""
        contracts = self.office.contracts().values()
        return sorted({f"customer:{each.customer}" for each in contracts if each.kind == "private-connect"})

    def _make_probe_secrets(self, day: date) -> None:
        """Where somebody answers RADIUS, it can be tried."""
        estate = self.estate()
        if estate.radius or estate.remote:
            vault = open_vault(self.office.home, self.office.book.engine)
            make_probe_secrets(estate, vault, self.office.contracts().values(), day)

    def _issue_papers(self) -> None:
        """Every VPN network has an authority, and a list of exactly what was revoked."""
        for network in self._networks():
            entries = list(standing(self.office.book.read(f"network:{network}")))
            listed = [n for n, entry in enumerate(entries) if entry.fact.kind == "papers.issued"]
            revoked = [n for n, entry in enumerate(entries) if entry.fact.kind == "certificate.revoked"]
            if listed and (not revoked or listed[-1] > revoked[-1]):
                continue
            serials = {str(serial) for n in revoked for serial in _list(entries[n].fact.body["serials"])}
            papers = self.authorities.papers(network, serials, self.office.clock(), wall_clock())
            self.office.state([papers_issued(network, papers, self.office.today())], "controller")

    def _revoke_the_gone(self, day: date) -> bool:
        """Certificates of machines that no contract in force has in service are believed no longer."""
        contracts = self.office.contracts().values()
        serving = {
            device.serial
            for contract in contracts
            if contract.is_in_force(day)
            for device in contract.devices
            if device.state in ("ordered", "installed", "failed")
        }
        networks = {device.serial: each.group for each in contracts for device in each.devices}
        now = self.office.clock()
        facts = [
            (
                f"network:{networks[serial]}",
                revocation(serial, [f"{serial_of(certificate):x}"], "out-of-service", now),
            )
            for serial, certificate in self.estate().certificates.items()
            if serial not in serving and serial in networks
        ]
        if facts:
            self.office.state(facts, "controller")
        return bool(facts)


def _is_of(part: Part, realm: str) -> bool:
    return isinstance(part, RadiusGroup) and part.realm == realm


def _renewed(part: Part, vault: Vault) -> Part:
    """A group with its users as they are; the table stays the one its nodes have."""
    assert isinstance(part, RadiusGroup)
    found = vault.user_sacks(part.realm, int(part.users.rpartition("@")[2]))
    return replace(part, users=found.users, changes=found.changes)


def _list(value: Json) -> Sequence[Json]:
    return value if isinstance(value, list | tuple) else ()
