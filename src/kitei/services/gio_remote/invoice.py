"""GIO Remote Access's side of an invoice: what it charges, in words and figures (art. 13 to 15, Schedules 1 to 3)."""

from collections.abc import Iterator

from kitei.accounts.tariff import Fee, Subject, Tariff
from kitei.clauses import tariff
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.edition import TERMS
from kitei.terms import Edition
from kitei.values import Span, Words

OWN_NAME = Words("GIO リモートアクセス", "GIO Remote Access")


def subject(contract: Contract) -> Subject:
    """A contract by its service and kind; gateways before networks, one of the predecessor by its own name."""
    choice = TERMS.editions[-1].value("kinds").choose(contract.kind) if contract.kind else None
    kind = choice.name if choice else Words("", "")
    told = Words(f"{OWN_NAME.ja} {kind.ja.split('/')[-1]}", f"{OWN_NAME.en} {kind.en.lower()}")
    name = contract.body.get("name") or contract.id
    return Subject(
        Words(f"{told.ja.strip()} {name}", f"{told.en.strip()} {name}"),
        (contract.group, contract.kind, contract.id),
    )


def fees(contract: Contract, edition: Edition) -> Iterator[Fee]:
    """The base fee and the options'. A contract of the predecessor has neither kind nor item to name it by."""
    if contract.kind or contract.item:
        yield from tariff.fees(contract, edition)
    elif contract.billing_start is not None:
        yield Fee(
            name="monthly",
            fee="monthly",
            about={},
            days=Span(contract.billing_start, contract.ending.last if contract.ending else None),
            words=edition.value("fees")["monthly"].name,
            paths=(edition.role("due"), edition.role("monthly"), "suppl:2013-02-01.2"),
        )


TARIFF = Tariff(
    terms=TERMS,
    subject=subject,
    fees=lambda contract, edition: tuple(fees(contract, edition)),
    state=tariff.state,
    credit=tariff.credit,
)
