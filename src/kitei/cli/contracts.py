"""`contract`: what is in force."""

import click

from kitei.cli.desk import desk_of
from kitei.cli.show import cites_text, contract_json, gists
from kitei.cli.speak import Talk, command
from kitei.ledger.contracts import Contract
from kitei.values import Language, Words, in_yen


@command("contract", ja="契約の一覧、または一つの契約", en="The contracts, or one of them.")
@click.argument("name", required=False)
def contract(talk: Talk, name: str | None) -> None:
    with desk_of(talk) as office:
        if name is not None:
            found = office.contract(name)
            talk.answer(contract_json(found), lambda: _one(found, talk.language))
            return
        day = talk.on or office.today()
        live = [each for each in office.contracts().values() if each.is_in_force(day)]
        talk.answer([contract_json(each) for each in live], lambda: _table(live, talk.language))


def _table(contracts: list[Contract], language: Language) -> str:
    if not contracts:
        return Words("有効な契約はありません。", "No contract is in force.").to(language)
    rows = [
        (
            each.id,
            each.customer,
            each.service,
            each.group if each.group != each.customer else "-",
            each.kind or "-",
            each.item or "-",
            str(each.term.last) if each.term else "-",
            str(each.ending.last) if each.ending else "-",
        )
        for each in contracts
    ]
    heads = (
        ("契約", "契約者", "サービス", "網", "種類", "品目", "最低利用期間", "終了日")
        if language == "ja"
        else ("contract", "customer", "service", "network", "kind", "item", "minimum term", "ends")
    )
    widths = [max(len(row[n]) for row in (heads, *rows)) for n in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(widths[n]) for n, cell in enumerate(row)).rstrip() for row in (heads, *rows)
    )


def _one(found: Contract, language: Language) -> str:
    lines = [_table([found], language), ""]
    for device in found.devices:
        back = f" → {device.return_by}" if device.return_by else ""
        lines.append(f"  {device.slot}: {device.serial} {device.model} {device.state} {device.since}{back}")
    for option_ in found.options:
        lines.append(f"  + {option_.name} {option_.added_on}")
    for charge in found.charges:
        amount = in_yen(charge.amount) if charge.amount is not None else f"? ({charge.missing})"
        lines.append(f"  {charge.due_on} {charge.name} {amount} ({cites_text(charge.cites, language)})")
    return "\n".join([*lines, "", gists(found.cites, language)])
