"""Why a user of a gateway was let in or refused: the answer, the clause it rests on, and how it stands now."""

from dataclasses import dataclass
from typing import Final

from kitei.network import RadiusCaps, RadiusGroup
from kitei.office.provisions import Provided, provided
from kitei.office.publishing import Publishing
from kitei.office.remote.users import Entrances
from kitei.radius.policy import Reason
from kitei.radius.reasons import WORDS
from kitei.services.gio_remote.edition import TERMS
from kitei.store.logins import LoginLog, LoginRow, prepare
from kitei.values import Words

_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class RemoteWhy:
    """The latest answers to a user, the last one's reason with its provisions, and what gateways lack now."""

    logins: tuple[LoginRow, ...]
    reason: Words | None
    provisions: tuple[Provided, ...]
    lacking: tuple[tuple[Words, tuple[Provided, ...]], ...]


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
    if not rows:
        return RemoteWhy((), None, (), lacking)
    reason, cites = _ground(entrances, contract, rows[0].reason)
    return RemoteWhy(rows, reason, provided(cites), lacking)


def words_of(reason: str) -> Words:
    known = next((each for each in Reason if each.value == reason), None)
    return WORDS[known] if known else Words(reason, reason)  # told by a node of a later version


def _ground(entrances: Entrances, contract: str, reason: str) -> tuple[Words, tuple[str, ...]]:
    """What a reason rests on, as the parts that nodes were given cite it."""
    kind = RadiusCaps if reason == Reason.TOO_MANY_SESSIONS.value else RadiusGroup
    nodes = Publishing.of(entrances.office).published_intent().nodes.values()
    parts = [
        part
        for node in nodes
        for part in node.parts
        if isinstance(part, kind) and part.origin.owner == contract
    ]
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
