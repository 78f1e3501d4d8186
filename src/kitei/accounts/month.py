"""Month close: what each customer owes for a month, as an invoice, or what is missing for one."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from kitei.accounts.charges import Account, charge_line, credit_line, is_credited_in, monthly_lines
from kitei.accounts.invoice import Invoice, Line, make_invoice
from kitei.accounts.provider import Provider, Recipient
from kitei.accounts.tariff import Missing, Prices, Pricing
from kitei.ledger.contracts import Charge, Contract
from kitei.terms import Conventions
from kitei.values import Month, Words


@dataclass(frozen=True, slots=True)
class Closing:
    """One closing of one month. `pricing` is by service, `seq` the ledger position that is closed at.

    `conventions` read what concerns an invoice as a whole.
    """

    month: Month
    issued_on: date
    provider: Provider
    pricing: Mapping[str, Pricing]
    conventions: Conventions = field(default_factory=Conventions)
    due_on: date | None = None
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """What one customer's invoice is made of: their own contracts, and the charges that are theirs to pay,
    each with the contract it was recorded at (which may be another's)."""

    customer: str
    contracts: tuple[Contract, ...] = ()
    charges: tuple[tuple[Contract, Charge], ...] = ()


@dataclass(frozen=True, slots=True)
class Incomplete:
    """An invoice that cannot be issued: everything that is missing, and the lines that could be computed."""

    customer: str
    month: Month
    missing: tuple[Missing, ...]
    lines: tuple[Line, ...]

    @property
    def words(self) -> tuple[Words, ...]:
        """One sentence for each missing quote."""
        return tuple(
            Words(
                f"{each.contract} の{each.words.ja}: 計算できません。見積もり {each.fee}"
                f"({each.since} に有効なもの)を記録してください",
                f"{each.contract}, {each.words.en}: cannot compute, quote {each.fee} is missing; "
                f"record one that is valid on {each.since}",
            )
            for each in self.missing
        )


def owed_by_customer(contracts: Iterable[Contract]) -> Mapping[str, Owed]:
    """What every customer owes for, in one pass, by customer in order of their ids."""
    held: dict[str, list[Contract]] = {}
    charged: dict[str, list[tuple[Contract, Charge]]] = {}
    for contract in contracts:
        held.setdefault(contract.customer, []).append(contract)
        for charge in contract.charges:
            charged.setdefault(charge.customer, []).append((contract, charge))
    return {
        customer: Owed(customer, tuple(held.get(customer, ())), tuple(charged.get(customer, ())))
        for customer in sorted(held.keys() | charged.keys())
    }


def settle(
    owed: Owed, recipient: Recipient, closing: Closing, corrects: Invoice | None = None
) -> Invoice | Incomplete:
    """One customer's invoice for the month, or all that is missing for it. Pure.

    `corrects` is the invoice of the same month that this one takes the place of.
    """
    lines: list[Line] = []
    missing: list[Missing] = []
    for found in _found(owed, closing):
        if isinstance(found, Missing):
            missing.append(found)
        else:
            lines.append(found)
    if missing:
        return Incomplete(owed.customer, closing.month, tuple(missing), tuple(lines))
    return make_invoice(
        customer=owed.customer,
        recipient=recipient,
        provider=closing.provider,
        month=closing.month,
        issued_on=closing.issued_on,
        lines=lines,
        tax_rounding=closing.conventions.read("tax.rounding", closing.month.last).value,
        due_on=closing.due_on,
        seq=closing.seq,
        corrects=corrects,
    )


def close(
    contracts: Iterable[Contract], recipients: Mapping[str, Recipient], closing: Closing
) -> Iterator[Invoice | Incomplete]:
    """Every customer's invoice for the month, in order of their ids. Who owes nothing gets none.

    KeyError names a customer who is not among the recipients.
    """
    for customer, owed in owed_by_customer(contracts).items():
        result = settle(owed, recipients[customer], closing)
        if result.lines or isinstance(result, Incomplete):
            yield result


def _found(owed: Owed, closing: Closing) -> Iterator[Line | Missing]:
    """All lines, contract by contract: monthly fees, then charges by day, then credits by day."""
    charges: dict[str, list[Charge]] = {}
    contracts = {contract.id: contract for contract in owed.contracts}
    for contract, charge in owed.charges:
        if charge.due_on in closing.month.span:
            contracts.setdefault(contract.id, contract)
            charges.setdefault(contract.id, []).append(charge)
    prices: dict[str, Prices] = {}
    accounts = []
    for contract in contracts.values():
        pricing = closing.pricing[contract.service]
        told = prices.get(contract.service)
        if told is None:
            told = prices[contract.service] = Prices(pricing.quotes.get(owed.customer, ()))
        accounts.append(Account(contract, pricing.tariff.subject(contract), pricing, told, closing.month))
    for account in sorted(accounts, key=lambda a: (a.contract.service, a.subject.place, a.contract.id)):
        contract = account.contract
        if contract.customer == owed.customer:
            edition = account.pricing.tariff.edition(closing.month.last)
            for fee in account.pricing.tariff.fees(contract, edition):
                yield from monthly_lines(account, fee)
        for charge in sorted(charges.get(contract.id, ()), key=lambda c: c.due_on):
            yield charge_line(account, charge)
        if contract.customer == owed.customer:
            for credit in sorted(contract.credits, key=lambda c: (c.claimed_on, c.outage)):
                if is_credited_in(account, credit):
                    yield credit_line(account, credit)
