"""Secure Access's side of an invoice: what it charges, in words and figures (art. 12 to 14, Schedules 1 to 3)."""

from kitei.accounts.tariff import Tariff
from kitei.clauses import tariff
from kitei.services.secure_access.edition import TERMS

TARIFF = Tariff(
    terms=TERMS,
    subject=lambda contract: tariff.subject(contract, TERMS.editions[-1]),
    fees=lambda contract, edition: tuple(tariff.fees(contract, edition)),
    state=tariff.state,
    credit=tariff.credit,
)
