"""`outages`: what contracts could not be used, since when, who caused it; what is new is recorded first."""

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command
from kitei.office.hearing import Hearing
from kitei.values import Json, Words
from kitei.watch import Outage, outage_json, outage_of


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
