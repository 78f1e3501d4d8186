"""`outages`, `trouble`, `withdraw`, `cause`: when contracts could not be used, what people tell of it, and who caused it."""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, get_args

import click

from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command, option
from kitei.office.hearing import Hearing
from kitei.office.trouble import State, Withdrawn, find_cause, report_trouble, withdraw_trouble
from kitei.values import Json, JsonObject, Words, in_yen
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
    "withdraw",
    ja="申告や記録を、取り消した人とわけを添えて取り消す。利用不能と減額は計算し直される",
    en="Withdraw what was told by a reference, with who and why: outages and credits are computed anew.",
)
@click.argument("contract")
@click.argument("reference")
@option("--by", required=True, ja="取り消す人", en="Who withdraws it.")
@option("--ja", required=True, ja="わけ(日本語)", en="Why, in Japanese.")
@option("--en", required=True, ja="わけ(英語)", en="Why, in English.")
def withdraw(talk: Talk, contract: str, reference: str, by: str, ja: str, en: str) -> None:
    with office_of(talk) as office:
        found = withdraw_trouble(Hearing.of(office), contract, reference, by=by, why=Words(ja, en))
    told: JsonObject = {
        "outages": [outage_json(each) for each in found.outages],
        "credits": [
            {
                "outage": each.before.outage,
                "before": each.before.amount,
                "after": each.amount,
                "application": each.decided.application if each.decided else None,
                "verdict": each.decided.decision.verdict.name.lower() if each.decided else None,
            }
            for each in found.credits
        ],
    }
    talk.answer(told, lambda: "\n".join(_left(found, talk)))


def _left(found: Withdrawn, talk: Talk) -> Iterator[str]:
    yield from (_line(each, talk) for each in found.outages)
    if not found.outages:
        yield _NOTHING.to(talk.language)
    for each in found.credits:
        before, after = in_yen(each.before.amount), in_yen(each.amount)
        told = Words(
            f"{each.before.outage} の減額 {before} は {after} になりました。請求書は月をもう一度締めると訂正されます",
            f"the credit of {before} for {each.before.outage} is now {after}; closing the month again corrects its invoice",
        )
        yield told.to(talk.language)


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
    talk.answer(told, lambda: "\n".join(_line(each, talk) for each in found) or _NOTHING.to(talk.language))


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


_NOTHING: Final = Words("利用不能の記録はありません。", "No outage is recorded.")
