"""Who may give a notice, in what form, and on which day it takes effect: the same for contracts and options."""

from collections.abc import Iterator
from datetime import date, timedelta

from kitei.clauses.acts import Act
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.terms import days_after, later_of
from kitei.values import Words


def own_notice(s: Situation, path: str, contract: Contract, asked: Act) -> Iterator[Finding]:
    """Only a contract's own customer can say it, and only while the contract is in force."""
    if asked.by != contract.customer:
        yield s.refuse(
            path,
            why=Words(
                f"{asked.by} は契約 {contract.id} の契約者ではありません",
                f"{asked.by} is not the customer of contract {contract.id}",
            ),
            place="by",
            remedy=Words("契約者から出してください", "let the customer of the contract ask"),
        )
    yield from still_in_force(s, path, contract)


def still_in_force(s: Situation, path: str, contract: Contract) -> Iterator[Finding]:
    if not contract.is_in_force(s.on):
        yield s.refuse(
            path,
            why=Words(
                f"契約 {contract.id} は {s.on} に有効ではありません",
                f"contract {contract.id} is not in force on {s.on}",
            ),
            place="contract",
        )


def prescribed_form(s: Situation, path: str, form: str, place: str) -> Iterator[Finding]:
    """A notice on another form starts no period (convention notice.arrival)."""
    if form != "prescribed":
        yield s.refuse(
            path,
            why=Words(
                f"所定の解約申込書で届いた通知だけが期間を始めます。届いたのは {form} です",
                f"only a notice on the prescribed form starts the period; what came is {form}",
            ),
            place=place,
            remedy=Words("所定の書式を送ってください", "send the prescribed form"),
            conventions=(s.reading("notice.arrival").pair,),
        )


def rolled(s: Situation, day: date, *, claim: bool = False) -> date:
    """A last day that falls on a holiday, moved to the next business day where the operator so reads it.

    Saturdays, Sundays and the operator's list `holidays` count (convention period.holiday-roll).
    """
    way = s.reading("period.holiday-roll").value
    if way == "next-business-day" or (claim and way == "claim-lapse-only"):
        while day.weekday() > 4 or s.operator.designates("holidays", day.isoformat()):
            day += timedelta(days=1)
    return day


def notice_day(
    s: Situation,
    path: str,
    figure: str,
    arrived: date,
    designated: date | None,
    defects: tuple[str, ...] = (),
) -> Finding:
    """The day a notice takes effect: the later of so many days (`figure`) after its arrival and the day named."""
    first, end = s.reading("notice.first-day"), s.reading("notice.keika-suru-hi")
    conventions = [
        first.pair,
        end.pair,
        s.reading("notice.arrival").pair,
        s.reading("effect.time-of-day").pair,
    ]
    days = s.number(figure)
    runs_out = days_after(arrived, days, first.value)
    if end.value == "day-after":
        runs_out += timedelta(days=1)
    runs_out = rolled(s, runs_out)
    if designated is None or designated < runs_out:
        unnamed = s.reading("notice.no-designated-day")
        conventions.append(unnamed.pair)
        if unnamed.value == "reject":
            return s.refuse(
                path,
                why=Words(f"{runs_out} 以降の日が指定されていません", f"no day from {runs_out} on is named"),
                place="designated",
                remedy=Words(f"{runs_out} 以降を指定してください", f"name a day from {runs_out} on"),
                conventions=tuple(conventions),
            )
    effective = later_of(runs_out, designated)
    came, out, ends = arrived.isoformat(), runs_out.isoformat(), effective.isoformat()
    named = Words(f"指定の {designated}", f"the day named is {designated}") if designated else _UNNAMED
    return s.accept(
        path,
        why=Words(
            f"{came} に届き {days} 日が {out} に経ち、{named.ja}、効力は {ends} の終わりに生じます",
            f"arrived {came}, {days} days run out on {out}, {named.en}: it takes effect with the end of {ends}",
        ),
        dates=(("effective", effective),),
        conventions=tuple(conventions),
        defects=defects,
    )


_UNNAMED = Words("日の指定はなく", "no day is named")
