"""Where users of GIO Remote Access come in: one gateway node for each customer, a machine of its own.

A node's ports, addresses, lines and routes are the machine's own affair; only what contracts bring is put on it.
"""

from dataclasses import dataclass

PORT = 443


@dataclass(frozen=True, slots=True)
class RemotePlace:
    """One customer's gateway. `contract` is the gateway's contract; not named: the customer's only one.

    `outside` are the addresses at which users come in on `port`, one of IPv4 and
    one of IPv6 where there is any; `name` is what their clients call it.
    `inside` is the port to where the operator connects networks, which is what a contract of the kind "network" is
    for. `pools` are the prefixes that the operator designates for users, one a family (article 5.2); a family for
    which the contract has designated addresses takes these instead. A gateway for browsers has none. Names
    among the hosts are asked of `resolvers`: by users' clients, or by a gateway for browsers, which takes the
    machine's own where none are told.
    """

    node: str
    customer: str
    outside: tuple[str, ...]
    name: str
    inside: str
    pools: tuple[str, ...] = ()
    port: int = PORT
    contract: str = ""
    resolvers: tuple[str, ...] = ()

    def serves(self, customer: str, contract: str) -> bool:
        return customer == self.customer and self.contract in ("", contract)
