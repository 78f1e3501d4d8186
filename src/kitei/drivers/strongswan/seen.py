"""What a charon has: credentials, connections, associations."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

_UNDER_WAY: Final = ("CREATED", "CONNECTING", "ESTABLISHED", "REKEYING", "REKEYED")
_NOBODYS: Final = "(unnamed)"


@dataclass(frozen=True, slots=True)
class Association:
    """The IKE associations of one name together: is one on its way or up, and are its children there?"""

    under_way: bool
    children: int


@dataclass(frozen=True, slots=True)
class IkeSeen:
    """`keys` are the node's own, by identity: strongSwan's id of the key. `running`: charon answers.

    `credentials` are what charon holds: SHA-256 of each authority, own certificate and revocation list
    (DER), and `key:<id>`. `checked` is the digest of the list whose revoked peers were last shown the door.
    `connections` are as `list-conns` tells them, by name.
    """

    config: str | None = None
    kernel_esp: bool = False
    running: bool = False
    keys: Mapping[str, str] = field(default_factory=dict)
    credentials: frozenset[str] = frozenset()
    checked: str | None = None
    connections: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    associations: Mapping[str, Association] = field(default_factory=dict)


def associations_in(told: Iterable[Mapping[str, Any]]) -> dict[str, Association]:
    """Associations by name, from what `list-sas` tells one by one.

    One whose peer has not yet said who it is belongs to no link: it becomes somebody's, or ends by itself.
    Whoever took it for a link that is not wanted would end a peer's dialling in the middle.
    """
    found: dict[str, Association] = {}
    for each in told:
        for name, sa in each.items():
            if name == _NOBODYS:
                continue
            before = found.get(name, Association(False, 0))
            children = sum(child["state"] in ("INSTALLED", "REKEYING") for child in sa["child-sas"].values())
            if sa["state"] in ("CREATED", "CONNECTING"):
                children += 1  # it comes with the association
            found[name] = Association(
                before.under_way or sa["state"] in _UNDER_WAY, before.children + children
            )
    return found
