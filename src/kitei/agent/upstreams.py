"""Sessions of the speaker with its upstreams: without one, what is announced reaches nobody there."""

from collections.abc import Sequence
from ipaddress import ip_address

from kitei.agent.senses import Feeling, Felt, Numb
from kitei.drivers.gobgp import established
from kitei.network import Host, Part, PermanentError, TemporaryError, Upstream
from kitei.network.report import What


class Upstreams:
    """BGP sessions by gobgpd (RFC 4271), by upstream."""

    name = "gobgpd"
    kinds: frozenset[What] = frozenset({"upstream"})

    def __init__(self, host: Host) -> None:
        self._host = host

    def feel(self, parts: Sequence[Part]) -> Felt:
        wanted = [part for part in parts if isinstance(part, Upstream)]
        if not wanted:
            return {}
        try:
            up = {ip_address(address) for address in established(self._host)}
        except (TemporaryError, PermanentError) as error:  # one that has just begun refuses, too
            raise Numb(str(error)) from error
        return {("upstream", part.name): Feeling(_address(part) in up, {}) for part in wanted}


def _address(part: Upstream) -> object:
    try:
        return ip_address(part.address)
    except ValueError:
        return part.address  # no session will ever have it, and the driver says why
