"""What runs out when: terms, endings, devices to be returned, claims that lapse."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from kitei.ledger.contracts import Contract
from kitei.office.office import Office
from kitei.values import Words


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last day of something (that day included), and the provisions it comes of."""

    on: date
    contract: str
    what: Words
    cites: tuple[str, ...]


def due(office: Office, until: date, since: date | None = None) -> tuple[Deadline, ...]:
    """Deadlines of all contracts from `since` (today) to `until`, both included, in order."""
    first = since or office.today()
    found = (
        each
        for contract in office.contracts().values()
        for each in deadlines(contract)
        if first <= each.on <= until
    )
    return tuple(sorted(found, key=lambda each: (each.on, each.contract, each.what.en)))


def deadlines(contract: Contract) -> Iterator[Deadline]:
    """All of one contract, past ones too."""
    if contract.term:
        what = Words("最低利用期間の満了", "the minimum term runs out")
        yield Deadline(contract.term.last, contract.id, what, contract.term.cites)
    if contract.ending:
        what = Words(f"契約の終了({contract.ending.ground})", f"the contract ends ({contract.ending.ground})")
        yield Deadline(contract.ending.last, contract.id, what, contract.ending.cites)
    for option in contract.options:
        if option.term:
            what = Words(f"{option.name} の最低利用期間の満了", f"the minimum term of {option.name} runs out")
            yield Deadline(option.term.last, contract.id, what, option.term.cites)
        if option.ending:
            what = Words(f"{option.name} の終了", f"{option.name} ends")
            yield Deadline(option.ending.last, contract.id, what, option.ending.cites)
    for device in contract.devices:
        if device.return_by and device.state not in ("returned", "lost"):
            what = Words(
                f"機器 {device.serial}({device.model})の返却",
                f"device {device.serial} ({device.model}) is to be back",
            )
            yield Deadline(device.return_by, contract.id, what, device.return_cites)
