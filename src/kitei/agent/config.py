"""What an agent is started with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kitei.network import Driver, Host


@dataclass(frozen=True, slots=True)
class Pass:
    """Files (PEM) by which a node and its controller know each other over TLS.

    `authority` signed the controller's certificate, `certificate` names the node.
    """

    authority: str
    certificate: str
    key: str


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """One node's agent. Times are in seconds.

    `controller` is `'unix:/path/controller.sock'` or `'https://controller.example:8443'`, which needs
    `papers`. `drivers` apply in their order. After a change, probes that were green must be green again
    within `confirm`, or the orders before come back. `look` is how often the machine is compared with
    the orders though nothing was said; `heartbeat` how often it reports so; `wait` how long the
    controller may hold a question for new orders.
    """

    node: str
    host: Host
    controller: str
    clock: Callable[[], datetime]
    drivers: Sequence[Driver[Any]]
    papers: Pass | None = None
    confirm: float = 15.0
    look: float = 60.0
    heartbeat: float = 10.0
    wait: float = 25.0
