"""Which secure links live now: one cheap question to charon, asked each second by whoever watches."""

from typing import Any, Final

import vici

from kitei.network import Host, TemporaryError

_VICI: Final[Any] = vici  # it has no types
_CARRIES: Final = (b"INSTALLED", b"REKEYING", b"REKEYED")


def living_links(host: Host, patience: float = 2.0) -> frozenset[str]:
    """Names of links with an established association and traffic keys installed; none where no charon runs.

    Raises TimeoutError when charon is there and silent for `patience` seconds.
    """
    try:
        line = host.connect(host.state("strongswan", "charon.vici"))
    except TemporaryError:
        return frozenset()
    try:
        line.settimeout(patience)
        return frozenset(
            name
            for told in _VICI.Session(line).list_sas()
            for name, sa in told.items()
            if sa["state"] in (b"ESTABLISHED", b"REKEYING")
            and any(child["state"] in _CARRIES for child in sa["child-sas"].values())
        )
    except TimeoutError:
        raise
    except OSError:
        return frozenset()  # it ended while it spoke
    finally:
        line.close()
