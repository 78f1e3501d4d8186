"""Where customers of Secure Access come in and go out: one gateway node for each, an instance of its own.

A node's ports, lines and routes to the Internet and to the customer's own network are the machine's own affair; only
what contracts bring is put on it.
"""

from dataclasses import dataclass

LISTEN = 51820  # WireGuard's usual port


@dataclass(frozen=True, slots=True)
class GatewayPlace:
    """One customer's gateway. `contracts` are those it serves; none named: all of the customer's.

    `outside` is its port to the Internet. Flows leave by `shared`, one address a family; of an address that several
    gateways have, each has its own `shared_ports` (`'1024-16383'`), and the network before them sends back by
    address and port (RFC 6346). `dedicated` are used while a contract has the option.
    `pools` are inner prefixes, one a family, for devices that come in by WireGuard at `endpoint` (a name or an
    address) and `listen`. `inside` is the port to the customer's own network with its prefixes; `backbone` that to
    the Private Backbone, with its prefixes and the next hops to them, one a family. `visits` are pages of the
    operator's own (http://) that a Web gateway is asked for, to know that it works.
    """

    node: str
    customer: str
    outside: str
    shared: tuple[str, ...]
    shared_ports: str = ""
    dedicated: tuple[str, ...] = ()
    pools: tuple[str, ...] = ()
    endpoint: str = ""
    listen: int = LISTEN
    inside: str = ""
    inside_prefixes: tuple[str, ...] = ()
    backbone: str = ""
    backbone_prefixes: tuple[str, ...] = ()
    backbone_via: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    visits: tuple[str, ...] = ()

    def serves(self, customer: str, contract: str) -> bool:
        return customer == self.customer and (not self.contracts or contract in self.contracts)
