"""Article 7(3) to 7(5): what the customer prepares and discloses, and when service is withheld."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import Provision
from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.clauses.readiness import Readiness
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import Apply, DiscloseEnvironment
from kitei.services.gio_remote.operation import DayCheck
from kitei.services.gio_remote.rules.batch import PAIR, place_of
from kitei.services.gio_remote.rules.eligibility import l2tp_served
from kitei.terms import days_after
from kitei.values import JsonObject, Words, day_of

OURS = "operator"


READINESS = Readiness()


def environment_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.4 for an environment that is told with an application."""
    for index, wanted in enumerate(asked.services):
        environment = wanted.environment
        if environment is None or environment.operator == OURS:
            continue
        if environment.settings_disclosed:
            yield s.confirm(_DISCLOSED, "art:7.4")
        else:
            yield s.accept(
                "art:7.4",
                "art:7.5",
                why=Words(
                    "他社の通信環境の設定が開示されるまで、提供しないことがあります",
                    "until the settings of the environment by others are disclosed service may be withheld",
                ),
                place=f"{place_of(index)}.environment.settings_disclosed",
                part=index,
            )


_DISCLOSED = Words(
    "当社によらない通信環境の設定は開示されています",
    "the settings of the environment that is not ours are disclosed",
)


def environments(s: Situation, contract: Contract) -> tuple[JsonObject, ...]:
    """What a contract's network is reached through: of a gateway, what its group's networks are."""
    meant = (contract, *(each for each in s.in_force(contract.group) if each.kind == "network"))
    found = {each.id: each.body.get("environment") for each in meant}
    return tuple(each for each in found.values() if isinstance(each, dict))


def settings_disclosed(asked: Provision | DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 7.4: settings of an environment by others are told, and their changes promptly."""
    told = environments(s, s.contract(asked.contract))
    faults = [fault for each in told if (fault := undisclosed(s, each))]
    how = s.reading("promptly")
    for fault in faults:
        yield s.refer(
            "art:7.4",
            "art:7.5",
            proposes=Verdict.REFUSE,
            why=fault,
            remedy=Words("今の設定を知らせてください", "tell the settings as they are now"),
            conventions=(how.pair,),
        )
    if told and not faults:
        yield s.confirm(_DISCLOSED, "art:7.4")


def undisclosed(s: Situation, environment: JsonObject) -> Words | None:
    """What the customer has not told about an environment that others run, None where nothing is missing.

    Promptly has no number of days; where the operator reads it as a soft deadline its parameter `prompt-days`
    is how long a change may stay untold.
    """
    if environment.get("operator") == OURS:
        return None
    if not environment.get("settings_disclosed", True):
        return Words(
            "他社の通信環境の設定が開示されていません",
            "settings of the environment by others were not disclosed",
        )
    if not is_untold(environment):
        return None
    changed = str(environment["changed_on"])
    soft = s.operator.number("prompt-days") if s.reading("promptly").value == "soft-deadline" else None
    if soft is not None and s.on <= days_after(date.fromisoformat(changed), soft):
        return None
    return Words(f"{changed} の変更が知らされていません", f"the change of {changed} was not reported")


def is_untold(environment: JsonObject) -> bool:
    """Whether an environment that others run has changed and nobody has told."""
    return (
        environment.get("operator") != OURS
        and isinstance(environment.get("changed_on"), str)
        and not environment.get("change_notified")
    )


def disclosed(asked: DiscloseEnvironment, s: Situation) -> Iterator[Finding]:
    """Art. 7.4: what the customer tells is recorded with its day; no number of days makes it late."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:7.4", contract)
    if asked.by != contract.customer:
        yield s.refuse(
            "art:7.4",
            why=Words(
                f"{asked.by} は契約 {contract.id} の契約者ではありません",
                f"{asked.by} is not the customer of contract {contract.id}",
            ),
            place="by",
        )
    yield s.accept(
        "art:7.4",
        why=Words(
            f"{asked.operator} の通信環境の設定を {day_of(asked.at)} に受け取りました",
            f"the settings of the environment by {asked.operator} were received on {day_of(asked.at)}",
        ),
        conventions=(s.reading("promptly").pair,),
    )


def still_whole(asked: Provision | DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 7.1: both kinds are there. At a later day the loss of one is flagged (convention eligibility.when)."""
    contract = s.contract(asked.contract)
    there = {each.kind for each in s.in_force(contract.group)}
    lacking = [kind for kind in PAIR if kind not in there]
    if not lacking:
        yield s.confirm(_WHOLE, "art:7.1")
        return
    how, name = s.reading("eligibility.when"), s.name("kinds", lacking[0])
    why = Words(
        f"{contract.customer} には有効な{name.ja}がありません",
        f"{contract.customer} has no {name.en.lower()} in force",
    )
    if isinstance(asked, Provision) or how.value == "continuing":
        yield s.refuse("art:7.1", why=why, place="contract", conventions=(how.pair,))
    else:
        told = Words(f"{why.ja}。契約は続きます", f"{why.en}; the contract goes on")
        yield s.accept("art:7.1", why=told, conventions=(how.pair,))


_WHOLE = Words("ゲートウェイとネットワークがそろっています", "there are a gateway and a network")


def day_brings(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """What a day finds of a contract: its preparations go on, and L2TP only while VPDN is held."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:12.1", contract)
    yield s.confirm(_GOES_ON, "art:7.3")
    if contract.body.get("l2tp") is True:
        yield l2tp_served(s, contract)
    certificate = running(contract, "server-certificate", s.on)
    if certificate is not None:
        yield s.confirm(_INTEC, "art:9.3")


_GOES_ON = Words(
    "整えたものは契約の間ずっと要ります", "what was prepared is needed as long as the contract lasts"
)
_INTEC = Words("証明書はインテックの条件に従って使います", "the certificate is used on Intec's terms")
