"""Articles 9(2)(2), 9(2)(4) and 10: who is served at which hour, and the software that can be had."""

from collections.abc import Iterator
from datetime import datetime, time

from kitei.clauses.fees import quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import GetSoftware, RequestSupport
from kitei.services.gio_remote.rules.fees import EXTENDED, WORK
from kitei.values import JST, Json, Words

HOURS = ("business-hours-from", "business-hours-until")


def in_business_hours(asked: RequestSupport, s: Situation) -> bool | None:
    """Whether it came within the operator's business hours; None: they were never recorded.

    `business-hours-from` and `-until` are the operator's own, as "09:00"; the end is not included. Saturdays,
    Sundays and the list `holidays` are no business days, unless `business-days` is "every-day".
    """
    if asked.known.in_hours is not None:
        return asked.known.in_hours
    first, end = (clock_time(s.operator.parameters.get(name)) for name in HOURS)
    if first is None or end is None:
        return None
    at = asked.at.astimezone(JST)
    closed = s.operator.parameters.get("business-days") != "every-day" and is_holiday(s, at)
    return not closed and first <= at.time() < end


def clock_time(told: Json) -> time | None:
    """A time such as "09:00" or "9:00", None for anything else."""
    hours, _, minutes = told.partition(":") if isinstance(told, str) else ("", "", "")
    if not (hours.isdecimal() and minutes.isdecimal() and int(hours) < 24 and int(minutes) < 60):
        return None
    return time(int(hours), int(minutes))


def is_holiday(s: Situation, at: datetime) -> bool:
    return at.weekday() > 4 or s.operator.designates("holidays", at.date().isoformat())


def supported(asked: RequestSupport, s: Situation) -> Iterator[Finding]:
    """Art. 9.2.2 and 9.2.4: at any hour with extended support; out of hours by work that is paid for; else in hours."""
    contract, gateway_work = s.contract(asked.contract), asked.matter == "gateway-setting-change"
    yield from own_notice(s, "art:9.2.2", contract, asked)
    if gateway_work:
        yield s.confirm(_MAY_CUT, "art:16.2.1")
    if running(contract, EXTENDED, s.on) is not None:
        yield s.accept("art:9.2.2", why=_ANY_HOUR, defects=s.defects("art:9.2.2"))
        return
    inside = in_business_hours(asked, s)
    if inside:
        yield s.accept("art:9.2.2", why=Words("営業時間の中です", "it is within business hours"))
    elif gateway_work and running(contract, WORK, s.on) is not None:
        yield from _out_of_hours(s, contract, inside)
    else:
        yield from _next_hours(s, inside, gateway_work)


_MAY_CUT = Words("設定を変えると接続が切れることがあります", "a change of settings may cut connections")
_ANY_HOUR = Words("拡張サポートがあり、いつでも応じます", "with extended support it is served at any hour")


def unpaid_work(contract: Contract) -> bool:
    """Whether more works were done than paid for: each acceptance of the option pays for one."""
    paid = sum(each.name == WORK for each in contract.charges)
    works = contract.body.get("works")
    return paid <= (len(works) if isinstance(works, list | tuple) else 0)


def _out_of_hours(s: Situation, contract: Contract, inside: bool | None) -> Iterator[Finding]:
    """Art. 9.2.4 and Schedule 1, 3(1): the work is done and recorded; a further one costs anew.

    Where business hours are not recorded it is out of hours as it was asked, for a person to look at.
    """
    why = Words("時間外の設定変更として行い、記録します", "done out of hours, and recorded")
    yield s.accept("art:9.2.4", why=why, defects=("COM-D09",), review=inside is None)
    if unpaid_work(contract):
        told = Words("時間外の設定変更の一時費用", "the one-time fee for work out of hours")
        yield quoted_charge(s, WORK, "schedule:1.3.1", contract, due_on=s.on, why=told)


def _next_hours(s: Situation, inside: bool | None, gateway_work: bool) -> Iterator[Finding]:
    paths = ("art:9.2.2", "art:9.2.4") if gateway_work else ("art:9.2.2",)
    remedy = Words(
        "次の営業時間に応じます。拡張サポートか時間外設定変更オプションがあれば今できます",
        "it is served in the next business hours; with extended support or work out of hours it could be now",
    )
    more = {"place": "request-support.at", "remedy": remedy, "defects": s.defects("art:9.2.2")}
    if inside is None:
        yield s.refer(
            *paths,
            proposes=Verdict.REFUSE,
            why=Words(
                "営業時間が 09:00 のような時刻で記録されておらず、いつでも応じるオプションもありません",
                "business hours are not recorded as times such as 09:00, and no option assures service at any hour",
            ),
            **more,
        )
    else:
        yield s.refuse(*paths, why=Words("営業時間の外です", "it is outside business hours"), **more)


def software(asked: GetSoftware, s: Situation) -> Iterator[Finding]:
    """Art. 10: it can be had with a contract of either item, and is used on its licence terms."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.1", contract, asked)
    yield s.accept(
        "art:10.1",
        why=Words("当社のソフトウェアを使うことができます", "the operator's software can be had"),
        defects=s.defects("art:10.1"),
    )
    if asked.licence_accepted is False:
        yield s.refuse(
            "art:10.2",
            why=Words("使用許諾の条件に同意していません", "its licence terms are not accepted"),
            place="get-software.licence_accepted",
            remedy=Words("同意してください", "accept them"),
        )
    else:
        yield s.confirm(_LICENCE, "art:10.2")


_LICENCE = Words("使用許諾の条件を守って使います", "it is used on its licence terms")
