"""Charges, settlement, credit and invoices: contracts in, what each customer owes for a month out. Pure."""

from kitei.accounts.canonical import invoice_digest, invoice_json, invoice_of
from kitei.accounts.invoice import Invoice, Line, invoice_number, make_invoice, says_the_same
from kitei.accounts.month import Closing, Incomplete, Owed, close, owed_by_customer, settle
from kitei.accounts.provider import Provider, Recipient, provider_json, provider_of
from kitei.accounts.registration import check_digit, registration_number
from kitei.accounts.tariff import Fee, Missing, Prices, Pricing, Stated, Subject, Tariff
from kitei.accounts.tax import RateTotal, rounded, standard_rate, totals_by_rate

__all__ = [
    "Closing",
    "Fee",
    "Incomplete",
    "Invoice",
    "Line",
    "Missing",
    "Owed",
    "Prices",
    "Pricing",
    "Provider",
    "RateTotal",
    "Recipient",
    "Stated",
    "Subject",
    "Tariff",
    "check_digit",
    "close",
    "invoice_digest",
    "invoice_json",
    "invoice_number",
    "invoice_of",
    "make_invoice",
    "owed_by_customer",
    "provider_json",
    "provider_of",
    "registration_number",
    "rounded",
    "says_the_same",
    "settle",
    "standard_rate",
    "totals_by_rate",
]
