"""The service's side of an invoice."""

from kitei.accounts.tariff import Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Contract
from managed_dns.edition import TERMS


def subject(contract: Contract) -> Subject:
    return tariff.subject(contract, TERMS.editions[-1])


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(tariff.fees(contract, edition)),
    state=tariff.state,
    credit=tariff.credit,
)
