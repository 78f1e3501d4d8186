"""Articles 9(4) and 11: what ends when a third party ends the service it rests on (convention gra.abolition)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from kitei.clauses.notice import notice_day
from kitei.clauses.options import running, running_options
from kitei.clauses.settling import option_settlement
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, OptionTaken
from kitei.services.gio_remote.operation import ThirdPartyEnds
from kitei.terms import Choice
from kitei.values import Words, Yen, day_of


@dataclass(frozen=True, slots=True)
class Abolished:
    """What rests on a third party: a contract as a whole, or one of its options."""

    contract: Contract
    option: OptionTaken | None


def abolished(asked: ThirdPartyEnds, s: Situation) -> tuple[Abolished, ...]:
    """The contracts in force, or their options, that rest on the third party."""
    choice = s.choice("third_parties", asked.provider)
    if choice is None:
        return ()
    meant = (s.contract(asked.contract),) if asked.contract is not None else tuple(s.contracts.values())
    found = []
    for contract in meant:
        if not contract.is_in_force(s.on):
            continue
        if choice.has("item"):
            if contract.item == choice.text("item"):
                found.append(Abolished(contract, None))
        elif (taken := running(contract, choice.text("option"), s.on)) is not None:
            found.append(Abolished(contract, taken))
    return tuple(found)


def last_day_of(asked: ThirdPartyEnds, s: Situation) -> Finding:
    """The day an abolition takes effect: the third party's last, or after notice where the operator so reads it."""
    how = s.reading("gra.abolition")
    path = _path(s.choice("third_parties", asked.provider))
    last = asked.last or day_of(asked.at)
    if how.value == "with-notice":
        figure = "option_notice_days" if path == "art:9.4" else "notice_days"
        notice = notice_day(s, path, figure, day_of(asked.at), last, s.defects(path))
        return replace(notice, conventions=(*notice.conventions, how.pair), review=how.review)
    return s.accept(
        path,
        why=Words(
            f"{asked.provider} の終わる {last} に廃止されます",
            f"abolished with the end of {last}, the last day of {asked.provider}",
        ),
        dates=(("effective", last),),
        conventions=(how.pair,),
        defects=s.defects(path),
        review=how.review,
    )


def _path(choice: Choice | None) -> str:
    return choice.cite.path if choice is not None else "art:11.1"


def ends(asked: ThirdPartyEnds, s: Situation) -> Iterator[Finding]:
    """Art. 9.4 and 11.1: what rested on the third party is abolished; what did not goes on."""
    choice, path = s.choice("third_parties", asked.provider), _path(s.choice("third_parties", asked.provider))
    if asked.by != "operator":
        yield s.refuse(path, why=_OPERATORS, place="third-party-ends.by")
    found = abolished(asked, s)
    if choice is None or not found:
        yield s.refuse(
            path,
            why=Words(
                f"{asked.provider} によるものはありません。影響はありません",
                f"nothing here rests on {asked.provider}, so nothing is abolished",
            ),
            place="third-party-ends.provider",
        )
        return
    effect = last_day_of(asked, s)
    yield effect
    effective = dict(effect.dates).get("effective")
    if effective is None:
        return
    for each in found:
        yield from _settled(s, each, effective)


_OPERATORS = Words("廃止は当社だけがします", "only the operator abolishes")


def _settled(s: Situation, what: Abolished, effective: date) -> Iterator[Finding]:
    """Art. 14: an abolition is no termination, so the contract waits for review; its options ended, as written."""
    contract = what.contract
    if what.option is not None:
        yield replace(option_settlement(s, contract, what.option, effective), review=True)
        return
    for option in running_options(contract, effective):
        yield option_settlement(s, contract, option, effective, "abolition")
    yield s.accept(
        s.role("settle"),
        why=Words(
            f"契約 {contract.id} の廃止は解除ではなく、確認されるまで精算はありません",
            f"the abolition of contract {contract.id} is no termination; nothing is settled until it is reviewed",
        ),
        amounts=(("settlement", Yen(0)),),
        conventions=(s.reading("gra.abolition").pair,),
        defects=("GRA-D10",),
        review=True,
    )
