"""Article 5: how many accounts a contract may have, and what a customer has already."""

from fractions import Fraction

from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.contract import accounts_on, is_held
from kitei.values import Words


def held_by(s: Situation, customer: str) -> tuple[Contract, ...]:
    """The contracts of this service that a customer has on the day."""
    return tuple(each for each in s.groups.get(customer, ()) if is_held(each, s.on))


def account_finding(
    s: Situation,
    customer: str,
    kind: str,
    accounts: int | Fraction | None,
    beside: int | Fraction,
    place: str,
    part: int | None = None,
    but: str = "",
) -> Finding:
    """Whether a number of accounts can be had. `beside`: the batch's others, `but`: the contract it replaces."""
    least, how = s.number("least_accounts"), s.reading("sa.min-accounts")
    more = {"conventions": (how.pair,), "defects": ("SA-D03",), "part": part}
    if are_enough(s, customer, kind, accounts, beside, but):
        return s.accept("art:5.1", why=Words(f"{accounts} アカウント", f"{accounts} accounts"), **more)
    said = "?" if accounts is None else f"{float(accounts):g}"
    return s.refuse(
        "art:5.1",
        why=Words(
            f"アカウントは {least} からの整数です({said})",
            f"accounts begin at {least} and go one by one; asked for are {said}",
        ),
        place=place,
        remedy=Words(f"{least} 以上の整数にしてください", f"give a whole number, {least} or more"),
        **more,
    )


def are_enough(
    s: Situation,
    customer: str,
    kind: str,
    accounts: int | Fraction | None,
    beside: int | Fraction,
    but: str = "",
) -> bool:
    """Whether a number is whole and not below the least, of whatever is counted (convention sa.min-accounts)."""
    if accounts is None or accounts % s.number("account_step") or accounts < s.number("account_step"):
        return False
    how, least = s.reading("sa.min-accounts").value, s.number("least_accounts")
    if accounts >= least:
        return True
    choice = s.choice("kinds", kind)
    if how == "account-priced" and choice is not None:
        return choice.text("counted") != "account"
    if how != "customer-total":
        return False
    others = (each for each in held_by(s, customer) if each.id != but)
    return accounts + beside + sum(accounts_on(each, s.on) for each in others) >= least
