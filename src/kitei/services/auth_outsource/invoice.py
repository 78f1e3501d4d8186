"""Authentication Outsource's side of an invoice: what it charges, in words and figures (art. 10 to 12, Schedules 1 to 3)."""

from kitei.accounts.tariff import Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.contract import text
from kitei.services.auth_outsource.edition import TERMS
from kitei.values import Words


def subject(contract: Contract) -> Subject:
    """A contract by its kind and item, and what sets it apart: a client's terminal, else the realm."""
    edition = TERMS.editions[-1]
    kind = edition.value("kinds")[contract.kind].name
    item = edition.value("items")[contract.item].name if contract.item else Words("", "")
    own = text(contract.body, "ip") or text(contract.body, "realm") or contract.id
    return Subject(
        Words(
            f"{kind.ja} {item.ja} {own}".replace("  ", " "), f"{kind.en} {item.en} {own}".replace("  ", " ")
        ),
        (contract.customer, contract.kind, contract.id),
    )


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(tariff.fees(contract, edition)),
    state=tariff.state,
    credit=tariff.credit,
)
