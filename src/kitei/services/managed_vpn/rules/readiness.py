"""Articles 8, 11 and 13: what the customer prepares, when service is withheld, who installs, who may be told."""

from collections.abc import Iterator

from kitei.clauses.contract import tables
from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.clauses.readiness import Readiness, prepared_ones, withheld
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.managed_vpn.application import Install, RequestInstallation
from kitei.services.managed_vpn.contract import is_site
from kitei.services.managed_vpn.operation import DemandInstallation, Disclose, Provision
from kitei.terms import Choice
from kitei.values import Words


def preparations(s: Situation, monitored: bool) -> tuple[Choice, ...]:
    """What has to be ready; the line to the operator's place only for closed monitoring."""
    return tuple(
        each for each in s.edition.value("preparations").choices if monitored or not each.has("only_for")
    )


def is_monitored(contract: Contract) -> bool:
    return not is_site(contract) or bool(tables(contract.body, "monitoring"))


def needed(s: Situation, contract: Contract) -> tuple[Choice, ...]:
    return preparations(s, is_monitored(contract))


READINESS = Readiness(needed)


def prepared(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 8.2 and 8.4: what is not prepared lets the operator withhold the service, without default."""
    contract = s.contract(asked.contract) if asked.contract is not None else None
    monitored = asked.item == "closed-monitoring" or (contract is not None and is_monitored(contract))
    told = []
    for each in preparations(s, monitored):
        ready = asked.known.ready.get(each.slug)
        if each.has("only_for") and ready is None:
            ready = asked.known.closed_line
        if contract is not None or each.has("only_for"):  # asked of monitoring alone, its own line counts
            told.append((each, ready))
    yield from prepared_ones(s, told)


def settings_disclosed(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 8.3: settings of an access by others are told, and their changes without delay."""
    if asked.contract is None:
        return
    fault = undisclosed(s.contract(asked.contract))
    if fault:
        yield withheld(
            s,
            "art:8.3",
            fault,
            Words("今の設定を知らせてください", "tell the settings as they are now"),
        )


def undisclosed(contract: Contract) -> Words | None:
    """What the customer has not told about an access that others run, None where nothing is missing."""
    access = contract.body.get("access")
    if not isinstance(access, dict) or access.get("operator") == "operator":
        return None
    if not access.get("settings_disclosed", True):
        return Words(
            "他社の通信環境の設定が開示されていません", "settings of the access by others were not disclosed"
        )
    if access.get("changed_on") and not access.get("change_notified", True):
        return Words(
            f"{access['changed_on']} の変更が知らされていません",
            f"the change of {access['changed_on']} was not notified",
        )
    return None


def provided_alive(asked: Provision, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: there is something to provide."""
    if asked.contract is not None:
        yield from still_in_force(s, "art:8.1", s.contract(asked.contract))


def installs(asked: Install, s: Situation) -> Iterator[Finding]:
    """Art. 13.1: the customer installs, as instructed."""
    if asked.instructions_followed:
        yield s.accept(
            "art:13.1", why=Words("契約者が指示どおりに設置します", "the customer installs as instructed")
        )
    else:
        yield s.refuse(
            "art:13.1",
            why=Words("当社の指示に従っていません", "the operator's instructions were not followed"),
            place="install.instructions_followed",
            remedy=Words("指示どおりに設置し直してください", "install it anew as instructed"),
        )


def asks_operator(asked: RequestInstallation, s: Situation) -> Iterator[Finding]:
    """Art. 13.1: only with the on-site option does the operator install."""
    if running(s.contract(asked.contract), "onsite-installation", s.on):
        yield s.accept(
            "art:13.1.s2",
            "art:17.2.1",
            why=Words("オンサイト設置オプションがあります", "the on-site option is there"),
        )
    else:
        yield s.refuse(
            "art:13.1",
            why=Words("設置は契約者がします", "installing is the customer's work"),
            place="request-installation.contract",
            remedy=Words(
                "オンサイト設置オプションを申し込んでください", "apply for the on-site installation option"
            ),
        )


def asks_customer(asked: DemandInstallation, s: Situation) -> Iterator[Finding]:
    """Art. 13.1, proviso: with the on-site option the customer need not install."""
    if running(s.contract(asked.contract), "onsite-installation", s.on):
        yield s.refuse(
            "art:13.1.s2",
            why=Words(
                "オンサイト設置オプションがあるので、契約者は設置しなくてよい",
                "with the on-site option the customer need not install",
            ),
            place="demand-installation.contract",
            remedy=Words("当社が設置してください", "the operator installs"),
        )
    else:
        yield s.accept("art:13.1", why=Words("設置は契約者がします", "installing is the customer's work"))


def may_be_told(asked: Disclose, s: Situation) -> Iterator[Finding]:
    """Art. 11.1: settings may be shown to customers of the same VPN, where the service needs it."""
    subject = s.contract(asked.subject)
    same = {each.customer for each in s.in_force(subject.group)}
    if asked.to not in same:
        yield s.refuse(
            "art:11.1",
            why=Words(
                f"{asked.to} は VPN 網 {subject.group} の契約者ではありません",
                f"{asked.to} is no customer of VPN network {subject.group}",
            ),
            place="disclose.to",
        )
    elif asked.known.needed is False:
        yield s.refuse(
            "art:11.1",
            why=Words("サービスに必要な開示ではありません", "the service does not need it"),
            place="disclose.reason",
        )
    elif asked.known.needed is None:
        yield s.refer(
            "art:11.1",
            proposes=Verdict.ACCEPT,
            why=Words(
                f"サービスに必要かを確かめてください({asked.reason or '理由なし'})",
                f"please confirm that the service needs it ({asked.reason or 'no reason given'})",
            ),
            place="disclose.reason",
        )
    else:
        yield s.accept(
            "art:11.1",
            why=Words("同じ VPN の契約者に、必要があって示します", "shown within the same VPN, for a need"),
        )
