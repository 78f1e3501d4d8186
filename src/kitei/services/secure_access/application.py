"""What a customer may ask of Secure Access: one dataclass an act. It is the file's keys, the flags, the form."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from functools import partial
from typing import Annotated, Literal

from kitei.clauses import acts
from kitei.clauses.acts import Act, ItemName, KindName, OptionName
from kitei.desk.reading import Form, Listed
from kitei.services.secure_access import operation, using
from kitei.values import Words

Tunnel = Annotated[str, Listed("tunnels")]
Matter = Annotated[str, Listed("changeable")]
# A part of an account is read too: it is the terms that refuse it, with their article.
Accounts = Annotated[int | Fraction, Form(Fraction, Words("50 のようなアカウント数", "accounts such as 50"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptionWanted:
    """An option asked for with a contract."""

    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What the customer reaches the service through (art. 7.2). `operator`: who runs it, `'operator'` when we do."""

    operator: str
    settings_disclosed: bool = True
    changed_on: date | None = None
    change_notified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One application of a batch, for one contract. A contract holds one kind; more are refused by their article.

    `tunnel` is by what means a remote connect is to be reached (else the one there is).
    """

    kind: tuple[KindName, ...]
    accounts: Accounts | None = None
    item: ItemName | None = None
    tunnel: Tunnel | None = None
    options: tuple[OptionWanted, ...] = ()
    environment: Environment | None = None
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Apply(Act):
    """Apply for contracts. Each application of a batch is accepted or refused for itself (art. 4)."""

    services: tuple[Wanted, ...]
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AddOption(Act):
    """Apply for an option (art. 9)."""

    contract: str
    option: OptionName
    form: str = "prescribed"
    billing_start: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Act):
    """Ask for a change of contract (art. 8): the number of accounts, or a matter the operator has designated.

    `change_on` is the day it holds from (else the day of acceptance).
    """

    contract: str
    accounts: Accounts | None = None
    matter: Matter | None = None
    to: str | None = None
    change_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscloseEnvironment(Act):
    """Tell the settings of an environment run by others, or that they changed (art. 7.2)."""

    contract: str
    operator: str
    changed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSandbox(Act):
    """Say that the sandbox of before is to stay (supplementary provision of 2026-04-01).

    `sent_at` is when it was sent, `manner` how: only the set one counts.
    """

    contract: str
    sent_at: datetime | None = None
    manner: str = "set"


@dataclass(frozen=True, slots=True, kw_only=True)
class GetSoftware(Act):
    """Ask for the operator's client software (art. 10). `licence_accepted` None: not said yet."""

    contract: str
    licence_accepted: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UseSoftware(Act):
    """Connect by some software. `client` is which one, `within_licence` whether its licence is kept."""

    contract: str
    client: Literal["operator", "own"] = "operator"
    within_licence: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSettings(Act):
    """Change settings of the service, by the customer or the operator (art. 15.2(1))."""

    contract: str
    detail: str = ""


ACTS: Mapping[str, type[Act]] = {
    "apply": Apply,
    "start-billing": acts.StartBilling,
    "add-option": AddOption,
    "stop-option": acts.StopOption,
    "change": Change,
    "cancel": acts.Cancel,
    "operator-terminate": acts.OperatorTerminate,
    "disclose-environment": DiscloseEnvironment,
    "keep-sandbox": KeepSandbox,
    "evaluate": operation.Evaluate,
    "get-software": GetSoftware,
    "use-software": UseSoftware,
    "change-settings": ChangeSettings,
    "set-policy": using.SetPolicy,
    "add-account": using.AddAccount,
    "remove-account": using.RemoveAccount,
    "enrol-device": using.EnrolDevice,
    "revoke-device": using.RevokeDevice,
    "claim-credit": acts.ClaimCredit,
    "explain-outage": operation.ExplainOutage,
    "day-check": operation.DayCheck,
    "other-service-ends": operation.OtherServiceEnds,
    "provision": acts.Provision,
    "check-readiness": acts.CheckReadiness,
    "read-term": acts.ReadTerm,
    "month-close": acts.MonthClose,
    "network-event": operation.NetworkEvent,
}

read_act = partial(acts.read_act, ACTS)
