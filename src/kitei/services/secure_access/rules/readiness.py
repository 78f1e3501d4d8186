"""Articles 7, 10 and 15(2)(1): what the customer prepares and tells, the client software, and what a change may cut."""

from collections.abc import Iterator
from dataclasses import replace

from kitei.clauses.acts import CheckReadiness, Provision
from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.readiness import Readiness, withheld
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.application import (
    ChangeSettings,
    DiscloseEnvironment,
    GetSoftware,
    UseSoftware,
)
from kitei.services.secure_access.operation import DayCheck
from kitei.values import Words

READINESS = Readiness()


def environment_listed(asked: CheckReadiness, s: Situation) -> Iterator[Finding]:
    """Art. 7.2: with an environment by others, what else is owed."""
    fault = undisclosed(s.contract(asked.contract))
    if fault is not None:
        yield s.accept("art:7.2", why=fault)


def environment_told(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 7.2: settings of an environment by others are told, and their changes without delay."""
    contract = s.contract(asked.contract)
    fault = undisclosed(contract)
    if fault is not None:
        yield withheld(
            s, "art:7.2", fault, Words("今の設定を知らせてください", "tell the settings as they are")
        )
    elif is_by_others(contract):
        yield s.accept("art:7.2", why=Words("設定は開示されています", "the settings were disclosed"))
    elif contract.body.get("environment") is not None:
        own = Words(
            "通信環境は当社のもので、開示は要りません",
            "the environment is the operator's: nothing to disclose",
        )
        yield s.accept("art:7.2", why=own)


def still_told(asked: DayCheck, s: Situation) -> Iterator[Finding]:
    """Art. 7.2 and 7.3 while it runs: a change that was not told lets the operator withhold the service."""
    fault = undisclosed(s.contract(asked.contract))
    if fault is not None:
        promptly = s.reading("promptly")
        found = withheld(
            s, "art:7.2", fault, Words("今の設定を知らせてください", "tell the settings as they are")
        )
        yield replace(found, conventions=(promptly.pair,))


def is_by_others(contract: Contract) -> bool:
    """Whether others than the operator run what the service is reached through."""
    environment = contract.body.get("environment")
    return isinstance(environment, dict) and environment.get("operator") != "operator"


def undisclosed(contract: Contract) -> Words | None:
    """What the customer has not told about an environment by others, None where nothing is missing."""
    environment = contract.body.get("environment")
    if not isinstance(environment, dict) or not is_by_others(contract):
        return None
    if not environment.get("settings_disclosed", True):
        return Words(
            "他社の通信環境の設定が開示されていません",
            "settings of an environment by others were not disclosed",
        )
    if environment.get("changed_on") and not environment.get("change_notified", True):
        return Words(
            f"{environment['changed_on']} の変更が知らされていません",
            f"the change of {environment['changed_on']} was not notified",
        )
    return None


def disclosed(asked: DiscloseEnvironment, s: Situation) -> Iterator[Finding]:
    """Art. 7.2: the settings, or a change of them, as the customer tells them."""
    yield from own_notice(s, "art:7.2", s.contract(asked.contract), asked)
    yield s.accept(
        "art:7.2",
        why=Words(
            f"{asked.operator} の通信環境の設定を受け取りました", f"settings of {asked.operator} are taken in"
        ),
    )


# -- client software ---------------------------------------------------------------------


def software_offered(asked: GetSoftware, s: Situation) -> Iterator[Finding]:
    """Art. 10: for remote connect customers, who may use it and then keep its licence."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.1", contract, asked)
    yield from _for_remote(s, contract, "get-software.contract")
    if asked.licence_accepted is False:
        yield s.refuse(
            "art:10.2",
            why=Words("使用許諾の条件に同意していません", "its licence was not accepted"),
            place="get-software.licence_accepted",
            remedy=Words(
                "同意するか、ほかの WireGuard のソフトウェアを使ってください",
                "accept it, or use other WireGuard software",
            ),
        )
    else:
        yield s.confirm(_LICENCE, "art:10.2")


def software_used(asked: UseSoftware, s: Situation) -> Iterator[Finding]:
    """Art. 10: the operator's within its licence, or the customer's own, which is not forbidden."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.1", contract, asked)
    yield from _for_remote(s, contract, "use-software.contract")
    if asked.client == "operator" and not asked.within_licence:
        yield s.refuse(
            "art:10.2",
            why=Words("使用許諾の条件に外れた使い方です", "it is used outside its licence"),
            place="use-software.within_licence",
            remedy=Words("条件の中で使ってください", "keep to its licence"),
        )


def _for_remote(s: Situation, contract: Contract, place: str) -> Iterator[Finding]:
    kind = s.edition.value("software_kind").text
    if contract.kind != kind:
        own, name = s.name("kinds", contract.kind), s.name("kinds", kind)
        yield s.refuse(
            "art:10.1",
            why=Words(
                f"ソフトウェアがあるのは{name.ja}だけで、{own.ja}にはありません",
                f"client software comes with {name.en} only, not with {own.en}",
            ),
            place=place,
        )
    else:
        yield s.confirm(_SOFTWARE, "art:10.1")


_SOFTWARE = Words(
    "当社のソフトウェアを使えます。ほかの WireGuard のソフトウェアも使えます",
    "the operator's software may be used, and so may other WireGuard software",
)
_LICENCE = Words("使うときはその使用許諾の条件を守ります", "whoever uses it keeps to its licence")


def settings_changed(asked: ChangeSettings, s: Situation) -> Iterator[Finding]:
    """Art. 15.2(1): a change may cut connections, which the customer has accepted; that is told beforehand."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:15.2.1", contract)
    if asked.by not in (contract.customer, "operator"):
        yield from own_notice(s, "art:15.2.1", contract, asked)
    yield s.accept("art:15.2.1", why=_MAY_CUT, defects=s.defects("art:15.2.1"))


_MAY_CUT = Words(
    "接続や通信が切れることがあります。それは当社の責めによりません",
    "connections may be cut by it, for which the operator does not answer",
)
