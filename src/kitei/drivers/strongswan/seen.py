"""What a charon has: credentials, connections, associations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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
