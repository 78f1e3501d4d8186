"""What a customer decides day by day of a contract it has: its policy, who uses it, with which devices."""

from dataclasses import dataclass
from datetime import datetime

from kitei.clauses.acts import Act


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPolicy(Act):
    """Decide how a contract is to be operated (art. 7.1(1)). `text` is the whole document, in TOML."""

    contract: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AddAccount(Act):
    """Have somebody use a contract, within its accounts (art. 5); of one who does already, set the groups."""

    contract: str
    account: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveAccount(Act):
    """Have somebody use it no longer; the devices go too."""

    contract: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolDevice(Act):
    """Let a device of an account in, by its WireGuard key (base64) until an instant; anew under the same name, the
    key before it is out at once."""

    contract: str
    account: str
    device: str
    public_key: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeDevice(Act):
    """Let a device in no longer, at once."""

    contract: str
    device: str
