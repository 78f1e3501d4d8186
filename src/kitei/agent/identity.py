"""The request for the node's certificate: made here with its key, which never leaves."""

from kitei.drivers import x509
from kitei.drivers.strongswan import request_of
from kitei.network import Host, Identity, Orders


def wanted_request(host: Host, orders: Orders | None) -> str | None:
    """The request (PEM) for which orders bring no certificate yet, or one for a key this node has lost."""
    for part in orders.intent.parts if orders else ():
        if isinstance(part, Identity):
            request = request_of(host, part.name)
            if request and not (
                part.certificate and x509.key_id_of(part.certificate) == x509.key_id_of(request)
            ):
                return request
    return None
