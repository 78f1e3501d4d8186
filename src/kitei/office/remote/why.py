"""Why a user of a gateway was let in or refused, or a host was: the answer, the clause it rests on, and how it stands
now."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, TypeVar

from kitei.entrance.words import NOT_DESIGNATED, NOT_REACHED
from kitei.network import BrowserGateway, Part, RadiusCaps, RadiusGroup, ReachedHosts
from kitei.office.provisions import Provided, provided
from kitei.office.publishing import Publishing
from kitei.office.remote.users import Entrances
from kitei.radius.policy import Reason
from kitei.radius.reasons import WORDS
from kitei.services.gio_remote.edition import TERMS
from kitei.store.logins import LoginLog, LoginRow, prepare
from kitei.store.visits import VisitRow, visits_of
from kitei.values import Words

_SHOWN: Final = 5
_VISITS: Final = {
    NOT_DESIGNATED: Words("指定されたホストではありません", "not a host that was designated"),
    NOT_REACHED: Words("ホストから応答がありません", "the host did not answer"),
}
_Kind = TypeVar("_Kind", bound=Part)


@dataclass(frozen=True, slots=True)
class RemoteWhy:
    """The latest answers to a user, the last one's reason with its provisions, and what gateways lack now; hosts that a
    browser's user asked for in vain lately, each with its reason and provisions."""

    logins: tuple[LoginRow, ...]
    reason: Words | None
    provisions: tuple[Provided, ...]
    lacking: tuple[tuple[Words, tuple[Provided, ...]], ...]
    hosts: tuple[tuple[VisitRow, Words, tuple[Provided, ...]], ...] = ()


def why_user(entrances: Entrances, contract: str, user: str) -> RemoteWhy:
    """Raises Refusal for no such contract."""
    entrances.gateway(contract)
    prepare(entrances.office.book.engine)
    rows = LoginLog(entrances.office.book.engine).logins(contract, user=user, most=_SHOWN)
    edition = TERMS.on(entrances.office.today())
    lacking = tuple(
        (each.why, provided([str(edition.cite(each.path))]))
        for each in entrances.unserved()
        if each.contract == contract
    )
    hosts = tuple(_hosts(entrances, contract, user))
    if not rows:
        return RemoteWhy((), None, (), lacking, hosts)
    reason, cites = _ground(entrances, contract, rows[0].reason)
    return RemoteWhy(rows, reason, provided(cites), lacking, hosts)


def _hosts(
    entrances: Entrances, contract: str, user: str
) -> Iterator[tuple[VisitRow, Words, tuple[Provided, ...]]]:
    engine = entrances.office.book.engine
    for row in visits_of(engine, contract, user=user, refused=True, most=_SHOWN):
        kind = ReachedHosts if row.why == NOT_DESIGNATED else BrowserGateway
        part = next(iter(_parts(entrances, contract, kind)), None)
        yield row, visit_words(row.why), provided(part.origin.cites if part else ())


def visit_words(why: str) -> Words:
    """Why a host was not shown."""
    return _VISITS.get(why, Words(why, why))  # told by a node of a later version


def words_of(reason: str) -> Words:
    known = next((each for each in Reason if each.value == reason), None)
    return WORDS[known] if known else Words(reason, reason)  # told by a node of a later version


def _parts(entrances: Entrances, contract: str, kind: type[_Kind]) -> list[_Kind]:
    """A contract's parts of a kind, as nodes were told."""
    nodes = Publishing.of(entrances.office).published_intent().nodes.values()
    return [
        part
        for node in nodes
        for part in node.parts
        if isinstance(part, kind) and part.origin.owner == contract
    ]


def _ground(entrances: Entrances, contract: str, reason: str) -> tuple[Words, tuple[str, ...]]:
    """What a reason rests on, as the parts that nodes were given cite it."""
    kind: type[RadiusCaps | RadiusGroup] = (
        RadiusCaps if reason == Reason.TOO_MANY_SESSIONS.value else RadiusGroup
    )
    parts = _parts(entrances, contract, kind)
    told = words_of(reason)
    if not parts:
        return told, ()
    part = parts[0]
    if isinstance(part, RadiusCaps):
        told = Words(
            f"{told.ja}(契約の最大同時セッション数 {part.sessions})",
            f"{told.en} ({part.sessions} at once, as contracted)",
        )
    return told, part.origin.cites
