"""What is asked of the defence: the policy of a contract, what a collector saw, and what is done against it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from ipaddress import ip_network
from typing import Annotated, Final, Literal, TypeAlias, get_args

from kitei.desk.reading import Form
from kitei.services.ddos.act import Act, Prefix
from kitei.values import Words

Step: TypeAlias = Literal["rate-limit", "filter", "divert", "blackhole"]
Mode: TypeAlias = Literal["automatic", "by-hand", "forbidden"]
STEPS: Final[tuple[Step, ...]] = get_args(Step)
CONTROLLER: Final = "controller"

# The reflectors that floods are known to come by: chargen, DNS, NTP, NetBIOS, SNMP, CLDAP, RIP, SSDP, mDNS,
# memcached, and what else answers with far more than it was asked.
REFLECTORS: Final = (17, 19, 53, 69, 111, 123, 137, 161, 389, 520, 1900, 3283, 3702, 5353, 11211)

_UNITS: Final = {"k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


def _quantity(text: str) -> int:
    number, unit = (text[:-1], _UNITS[text[-1]]) if text[-1] in _UNITS else (text, 1)
    whole, _, part = number.partition(".")
    if (
        not whole.isdecimal()
        or (part and not part.isdecimal())
        or len(part) > 3
        or ("." in number and not part)
    ):
        raise ValueError(text)
    if part and unit == 1:
        raise ValueError(text)
    return int(whole) * unit + int(part.ljust(3, "0") or 0) * unit // 1000


def _target(text: str) -> str:
    """A prefix, or an address as the prefix that holds it alone."""
    return str(ip_network(text))


Quantity = Annotated[
    int,
    Form(_quantity, Words("20000、'20k'、'500M' のような量", "a quantity such as 20000, '20k' or '500M'")),
]
Target = Annotated[
    str,
    Form(
        _target,
        Words(
            "'203.0.113.7' か '203.0.113.0/24' のような宛先",
            "a target such as '203.0.113.7' or '203.0.113.0/24'",
        ),
    ),
]
Port = Annotated[int, Form(int, Words("ポート番号", "a port number"))]


# -- a policy ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Thresholds of its own for a host or a part of a prefix."""

    network: Prefix
    host: Mapping[str, Quantity]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """When an excess is an alarm, and calm its end; what is not told is as the collector has it. Seconds."""

    rise: int | None = None
    window: int | None = None
    soon: int | None = None
    clear_percent: int | None = None
    release_percent: int | None = None
    calm: int | None = None
    calm_most: int | None = None
    memory: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Guards:
    """What is told apart from an attack; what is not told is as the collector has it."""

    noise_sigmas: int | None = None
    few_sources: int | None = None
    patience: int | None = None
    crowd_percent: int | None = None
    services: tuple[Port, ...] | None = None
    tcp_percent: int | None = None
    syn_percent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """Which steps are taken against an attack, lowest first: of themselves, by a person's order, or never.

    A step holds for `hold` seconds unless it is prolonged; an alarm that stands for `climb` seconds on one calls
    for the next. When the attack is over it stays for `linger` more, twice as long each time that the attack
    comes back within `memory`, up to `linger_most`. With no word from any collector for `blind` seconds nothing
    is prolonged. `rate` is what rate-limiting lets pass (bits a second); of itself a blackhole comes only from
    `blackhole_above` on (bits a second, 0: never). `most` is how many may be in force at once.
    """

    rate_limit: Mode = field(default="by-hand", metadata={"key": "rate-limit"})
    filter: Mode = "by-hand"
    divert: Mode = "automatic"
    blackhole: Mode = "forbidden"
    hold: int = 300
    climb: int = 30
    linger: int = 60
    linger_most: int = 960
    memory: int = 3600
    blind: int = 600
    rate: Quantity = 100_000_000
    blackhole_above: Quantity = 0
    most: int = 50

    def mode(self, step: Step) -> Mode:
        modes: Mapping[Step, Mode] = {
            "rate-limit": self.rate_limit,
            "filter": self.filter,
            "divert": self.divert,
            "blackhole": self.blackhole,
        }
        return modes[step]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scrub:
    """How diverted traffic is cleaned, before the contract's clean rate is held."""

    source_pps: Quantity = 0
    syn_proof: bool = True
    reflectors: tuple[Port, ...] = REFLECTORS
    fragments: Literal["pass", "drop"] = "drop"
    allow: tuple[Prefix, ...] = ()
    deny: tuple[Prefix, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy(Act):
    """What is too much for a contract, and what follows. A type M may have several, by `name`.

    Without `prefixes` all protected addresses are meant. In a dry run alarms are told and nothing follows.
    `reaging` is the re-aging whose recommendation is approved by it, if it is one.
    """

    contract: str
    name: str | None = None
    prefixes: tuple[Prefix, ...] = ()
    host: Mapping[str, Quantity] = field(default_factory=dict)
    prefix: Mapping[str, Quantity] = field(default_factory=dict)
    override: tuple[Override, ...] = ()
    timing: Timing = Timing()
    guards: Guards = Guards()
    dry_run: bool = False
    ladder: Ladder = Ladder()
    scrub: Scrub = Scrub()
    reaging: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reage(Act):
    """Have thresholds learned anew from what was seen from one day to another (art. 10.2(4)); both are included.

    Left out, it is to the moment of the order, and from four weeks before. Nothing changes until it is approved.
    """

    contract: str
    first: date | None = field(default=None, metadata={"key": "from"})
    last: date | None = field(default=None, metadata={"key": "to"})


# -- an attack ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackDetected(Act):
    """A collector (`node`) raises an alarm. Figures are of `metric`; it lasts `since`, by the collector's time."""

    contract: str
    policy: str
    scope: Literal["host", "prefix"]
    target: Target
    metric: str
    figure: int
    threshold: int
    since: datetime
    sources: int = 0
    ports: tuple[tuple[int, ...], ...] = ()
    source_ports: tuple[tuple[int, ...], ...] = ()
    dry_run: bool = False
    version: str = ""
    node: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttackOver(Act):
    """No collector sees the attack any more."""

    contract: str
    attack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mitigate(Act):
    """Take a step against what reaches a target: of itself (`by` the controller) or because someone says so.

    `hold` in seconds is the policy's where it is not told; `attack` the alarm it answers, if any.
    """

    contract: str
    target: Target
    step: Step
    hold: int | None = None
    attack: str | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prolong(Act):
    """Hold a step for longer, from now on for `hold` seconds (else the policy's)."""

    contract: str
    mitigation: str
    hold: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Release(Act):
    """Take a step back: one by its number, or all there are against a target, or all of the contract."""

    contract: str
    mitigation: str | None = None
    target: Target | None = None
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentStep(Act):
    """A named step of the incident procedure is taken (type P). `notified` are those who were told."""

    contract: str
    attack: str
    step: str
    note: str = ""
    notified: tuple[str, ...] = ()
