"""Articles 18 and 19: what observation leads to, and when the operator changes settings of its own accord."""

from collections.abc import Iterator

from kitei.clauses.notice import still_in_force
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.contract import agreed
from kitei.services.gio_remote.operation import CapacityObserved, ChangeSettings
from kitei.services.gio_remote.rules.batch import in_sentence
from kitei.terms import Choice, plain_name
from kitei.values import JST, Words

BESIDE = "designated-services"


def observed(asked: CapacityObserved, s: Situation) -> Iterator[Finding]:
    """Art. 18.1: the observation, the logs looked into, and where capacity is exhausted a proposal."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:18.1", contract)
    yield s.accept(
        "art:18.1",
        why=Words(f"観測を記録します: {asked.observed}", f"the observation is recorded: {asked.observed}"),
    )
    if asked.logs_examined:
        yield s.confirm(_LOGS, "art:18.1.s2")
    if asked.exhausted:
        yield s.accept("art:18.1.s3", *_matter_path(s, contract), why=_proposal(asked, s, contract))
    elif asked.proposes is not None:
        yield s.refuse(
            "art:18.1.s3",
            why=Words(
                "変更を提案するのは、処理性能が限界に達したと認めたときです",
                "a change is proposed where capacity is found to be exhausted",
            ),
            place="capacity-observed.proposes",
            remedy=Words("exhausted を true にしてください", "say that it is exhausted"),
        )


_LOGS = Words("機器のログを調べたことを記録します", "that the equipment's logs were examined is recorded")


def matter_of(s: Situation, contract: Contract) -> Choice | None:
    """The number that a contract's item is measured by, None where it has none."""
    item = s.choice("items", contract.item)
    if contract.kind != "gateway" or item is None:
        return None
    return s.choice("matters", item.text("counts"))


def _matter_path(s: Situation, contract: Contract) -> tuple[str, ...]:
    matter = matter_of(s, contract)
    return (matter.cite.path,) if matter is not None else ()


def _proposal(asked: CapacityObserved, s: Situation, contract: Contract) -> Words:
    """A proposal is recorded; the contract stays as it is until its customer applies."""
    matter = matter_of(s, contract)
    if matter is None:
        return Words(
            "契約の変更を提案します。契約者が請求するまで何も変わりません",
            "a change of contract is proposed; nothing changes until the customer asks for it",
        )
    now = agreed(contract, matter.slug, s.on)
    told = f" {asked.proposes}" if asked.proposes is not None else ""
    return Words(
        f"{matter.name.ja}{told} への変更を提案します。契約者が請求するまで {now if now is not None else '今'} のままです",
        f"a change of {in_sentence(matter.name.en)}{f' to{told}' if told else ''} is proposed; "
        f"it stays at {now if now is not None else 'what it is'} until the customer asks for it",
    )


def other_services(asked: ChangeSettings, s: Situation) -> tuple[str, ...]:
    """The designated services that the customer uses beside this one: the one named, else any."""
    customer = s.contract(asked.contract).customer
    held = tuple(
        dict.fromkeys(
            each.service for each in s.held(customer) if s.operator.designates(BESIDE, each.service)
        )
    )
    if asked.for_service is None:
        return held
    return tuple(each for each in held if plain_name(each) == plain_name(asked.for_service))


def settings_changed(asked: ChangeSettings, s: Situation) -> Iterator[Finding]:
    """Art. 19.1: only for a designated service that the customer uses as well, so that it works."""
    contract, how = s.contract(asked.contract), s.reading("operator-designated")
    yield from still_in_force(s, "art:19.1", contract)
    used = other_services(asked, s)
    if not used:
        yield s.refuse(
            "art:19.1",
            why=Words(
                f"{contract.customer} は当社の指定するほかのサービスを使っていません",
                f"{contract.customer} uses no other service that the operator has designated",
            ),
            place="change-settings.for_service",
            conventions=(how.pair,),
            defects=s.defects("art:19.1"),
        )
        return
    yield s.accept(
        "art:19.1",
        "art:16.2.1",
        why=Words(
            f"{'、'.join(used)} がうまく働くように設定を変えます。接続が切れることがあります",
            f"settings are changed so that {', '.join(used)} works; connections may be cut",
        ),
        conventions=(how.pair,),
        defects=s.defects("art:19.1"),
    )


def notified_before(asked: ChangeSettings, s: Situation) -> Iterator[Finding]:
    """Art. 19.1, second sentence: told to the customer before it is made; how long before is not said."""
    told = asked.known.noticed_at
    if told is None or told >= asked.at:
        yield s.refuse(
            "art:19.1.s2",
            why=Words("契約者への事前の通知がありません", "the customer was not told before"),
            place="change-settings.known.noticed_at",
            remedy=Words("先に通知してください", "notify the customer first"),
        )
    else:
        yield s.accept(
            "art:19.1.s2",
            why=Words(
                f"{told.astimezone(JST):%Y-%m-%d %H:%M} に通知しました",
                f"the customer was told on {told.astimezone(JST):%Y-%m-%d %H:%M}",
            ),
        )
