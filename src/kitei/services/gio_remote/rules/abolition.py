"""Articles 9(4) and 11: what ends when a third party ends the service it rests on (convention gra.abolition)."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from kitei.clauses.notice import notice_day
from kitei.clauses.options import running, running_options
from kitei.clauses.settling import option_settlement
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, Ending, OptionTaken
from kitei.services.gio_remote.application import AddOption, Apply
from kitei.services.gio_remote.operation import ThirdPartyEnds
from kitei.services.gio_remote.rules.batch import place_of
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
    last, found = asked.last or day_of(asked.at), []
    for contract in meant:
        if not contract.is_in_force(s.on) or _ends_by(contract.ending, last):
            continue
        if choice.has("item"):
            if contract.item == choice.text("item"):
                found.append(Abolished(contract, None))
        elif (taken := running(contract, choice.text("option"), s.on)) and not _ends_by(taken.ending, last):
            found.append(Abolished(contract, taken))
    return tuple(found)


def _ends_by(ending: Ending | None, last: date) -> bool:
    """Whether something is over by a day already, so that an abolition changes nothing."""
    return ending is not None and ending.last <= last


def ended_on(s: Situation, provider: str) -> date | None:
    """The last day of a third party's service, as it was recorded; None: it goes on."""
    told = s.operator.parameters.get(ended_key(provider))
    return date.fromisoformat(told) if isinstance(told, str) else None


def ended_key(provider: str) -> str:
    """The operator's parameter that keeps a third party's last day."""
    return f"{provider}-ended"


def on_offer(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 9.4 and 11.1: what rested on a third party that has ended cannot be applied for any more."""
    day = max(asked.billing_start or s.on, s.on)
    for choice in s.edition.value("third_parties").choices:
        for index, wanted in enumerate(asked.services):
            options = [option.option for option in wanted.options]
            if choice.has("item") and wanted.item == choice.text("item"):
                yield from _still_there(s, choice, day, f"{place_of(index)}.item", index)
            elif choice.has("option") and choice.text("option") in options:
                yield from _still_there(s, choice, day, f"{place_of(index)}.options", index)


def option_on_offer(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 9.4 for an option added to a contract."""
    day = max(asked.billing_start or s.on, s.on)
    for choice in s.edition.value("third_parties").choices:
        if choice.has("option") and asked.option == choice.text("option"):
            yield from _still_there(s, choice, day, "add-option.option")


def _still_there(
    s: Situation, choice: Choice, day: date, place: str, part: int | None = None
) -> Iterator[Finding]:
    last = ended_on(s, choice.slug)
    if last is None:
        return
    more = {"place": place, "part": part, "defects": s.defects(choice.cite.path)}
    if day > last:
        yield s.refuse(
            choice.cite.path,
            why=Words(
                f"{choice.name.ja}が {last} に終え、廃止されています",
                f"abolished: {choice.name.en} ended on {last}",
            ),
            **more,
        )
    else:
        yield s.accept(
            choice.cite.path,
            why=Words(
                f"{choice.name.ja}が {last} に終えるので、その日に廃止されます",
                f"it will be abolished on {last}, when {choice.name.en} ends",
            ),
            **more,
        )


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
