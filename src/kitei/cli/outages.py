"""`outages`, `trouble`, `cause`: when contracts could not be used, what people tell of it, and who caused it."""

from collections.abc import Sequence
from typing import Literal, get_args

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command, option
from kitei.office.hearing import Hearing
from kitei.office.trouble import State, find_cause, report_trouble
from kitei.values import Json, Words
from kitei.watch import Outage, Party, outage_json, outage_of


@command(
    "outages",
    ja="契約が利用できなかった時間。新しく分かったものは記録する",
    en="When contracts could not be used; what is newly known is recorded.",
)
@click.argument("contract", required=False)
def outages(talk: Talk, contract: str | None) -> None:
    with office_of(talk) as office:
        Hearing.of(office).find_outages()
        chosen = [office.contract(contract)] if contract else list(office.contracts().values())
        found = [outage_of(body) for each in chosen for body in each.outages]
    _show(talk, found)


@command(
    "trouble",
    ja="チケットや契約者の申告を記録する。同じ番号でもう一度記録すると訂正になる",
    en="Record a ticket or a customer's report; the same reference again corrects it.",
)
@click.argument("contract")
@click.argument("reference")
@option(
    "--at",
    required=True,
    ja="知った日時(2026-04-01T09:00 など)",
    en="When it was told, such as 2026-04-01T09:00.",
)
@option(
    "--from",
    "kind",
    type=click.Choice(["ticket", "customer-report"]),
    default="ticket",
    show_default=True,
    ja="だれから",
    en="From whom.",
)
@option(
    "--state",
    type=click.Choice(["unconfirmed", "total", "equally-bad"]),
    default="unconfirmed",
    show_default=True,
    ja="unconfirmed: 知った時を記すだけ。total: まったく使えないと当社が確かめた。equally-bad: それと同じ程度",
    en="unconfirmed only dates the knowledge; total: confirmed that nothing could be used; equally-bad: as bad as that.",
)
@option("--until", ja="復旧した日時", en="When it was restored.")
def trouble(
    talk: Talk,
    contract: str,
    reference: str,
    at: str,
    kind: Literal["ticket", "customer-report"],
    state: State,
    until: str | None,
) -> None:
    with office_of(talk) as office:
        hearing = Hearing.of(office)
        found = report_trouble(hearing, contract, reference, at=at, kind=kind, state=state, until=until)
    _show(talk, found)


@command(
    "cause",
    ja="利用不能がだれによるものかという、当社の判断を記録する",
    en="Record the operator's finding of who caused an outage.",
)
@click.argument("outage")
@click.argument("party", type=click.Choice(get_args(Party)))
@option("--ja", required=True, ja="わけ(日本語)", en="Why, in Japanese.")
@option("--en", required=True, ja="わけ(英語)", en="Why, in English.")
def cause(talk: Talk, outage: str, party: Party, ja: str, en: str) -> None:
    with office_of(talk) as office:
        found = find_cause(Hearing.of(office), outage, party, Words(ja, en))
    _show(talk, [found])


def _show(talk: Talk, found: Sequence[Outage]) -> None:
    told: list[Json] = [outage_json(each) for each in found]
    nothing = Words("利用不能の記録はありません。", "No outage is recorded.")
    talk.answer(told, lambda: "\n".join(_line(each, talk) for each in found) or nothing.to(talk.language))


def _line(outage: Outage, talk: Talk) -> str:
    lasts = Words("続いている", "lasts").to(talk.language)
    until = outage.restored_at.isoformat(" ", "seconds") if outage.restored_at else lasts
    hours = f"{float(outage.hours()):.1f} h" if outage.restored_at else ""
    cause = outage.cause or Words("原因は未確定", "cause not found yet").to(talk.language)
    lines = [
        f"{outage.contract}  {outage.known_at.isoformat(' ', 'seconds')} – {until}  {hours}  {cause}  {outage.id}"
    ]
    lines += [f"    {words.to(talk.language)}" for words in outage.evidence]
    return "\n".join(lines)
