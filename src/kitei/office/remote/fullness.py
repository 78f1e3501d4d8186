"""How full a gateway is (article 18): the most sessions at once each day, against what was agreed; of a gateway for
browsers its accounts. Pure but for the log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from kitei.office.remote.users import Entrances
from kitei.services.gio_remote.contract import gateway
from kitei.store.logins import LoginLog, SessionRow, prepare
from kitei.values import JST, day_of

NEAR: Final = 90
"""Per cent of what was agreed, from which on a change is proposed."""
_SPARE: Final = 120  # per cent of the peak that is proposed
_DAYS: Final = 30
_STEP: Final = 10  # sessions are proposed in tens


@dataclass(frozen=True, slots=True)
class Peak:
    """The most sessions that were open at once on a day, and when that began."""

    day: date
    sessions: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Fullness:
    """A contract's peaks by day. `agreed` are sessions, or accounts of a gateway for browsers, of which `accounts` are
    in use (None: it is one for tunnels); `agreed` None: no number was agreed. `proposes`: the number to propose, or
    None."""

    contract: str
    agreed: int | None
    peaks: tuple[Peak, ...]
    proposes: int | None
    accounts: int | None = None

    @property
    def most(self) -> Peak | None:
        return max(self.peaks, key=lambda peak: peak.sessions, default=None)


def peaks(sessions: Iterable[SessionRow], now: datetime) -> tuple[Peak, ...]:
    """The peak of each day on which any session was open, in order. A session that ends as another begins is not
    counted with it; what is open at midnight counts for both days."""
    changes: list[tuple[datetime, int]] = [(now, 0)]
    for each in sessions:
        changes.append((each.since, 1))
        if each.ended is not None:
            changes.append((max(each.ended, each.since), -1))
    found: dict[date, Peak] = {}
    count, before = 0, date.max
    for at, change in sorted(changes):
        day = day_of(at)
        while count > 0 and before < day:
            before += timedelta(days=1)
            found[before] = Peak(before, count, datetime.combine(before, time(), JST))
        count, before = count + change, day
        if count > 0 and (day not in found or count > found[day].sessions):
            found[day] = Peak(day, count, at)
    return tuple(found[day] for day in sorted(found))


def proposal(agreed: int | None, most: int) -> int | None:
    """How many sessions to propose, None while the peak is not near what was agreed."""
    if agreed is None or 100 * most < NEAR * agreed:
        return None
    return max(-(-most * _SPARE // (100 * _STEP)) * _STEP, agreed + _STEP)


def fullness(entrances: Entrances, contract: str) -> Fullness:
    """Of the last 30 days. Raises Refusal for no such contract."""
    found, engine = entrances.gateway(contract), entrances.office.book.engine
    prepare(engine)
    now = entrances.office.clock()
    seen = peaks(LoginLog(engine).sessions_since(contract, now - timedelta(days=_DAYS)), now)
    told = gateway(found, entrances.office.today())
    if told.item == "type-b":
        used = entrances.count_users(contract)
        return Fullness(contract, told.accounts, seen, proposal(told.accounts, used), used)
    return Fullness(contract, told.sessions, seen, proposal(told.sessions, _most(seen)))


def propose(entrances: Entrances, found: Fullness) -> None:
    """Record the proposal (art. 18.1): the contract stays as it is until its customer applies."""
    assert found.proposes is not None
    most = found.most
    if found.accounts is not None:
        observed = f"{found.accounts} / {found.agreed} accounts on {entrances.office.today()}"
    else:
        assert most is not None, "what nobody used is not near anything"
        observed = f"{most.sessions} / {found.agreed} sessions on {most.day}"
    asked = {
        "by": "operator",
        "contract": found.contract,
        "observed": observed,
        "exhausted": True,
        "logs_examined": True,
        "proposes": found.proposes,
    }
    entrances.office.apply("capacity-observed", asked, service="gio-remote-access")


def _most(found: Sequence[Peak]) -> int:
    return max((peak.sessions for peak in found), default=0)
