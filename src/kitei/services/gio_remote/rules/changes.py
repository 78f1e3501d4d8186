"""Article 8: what of a contract can be asked to change, and nothing else."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.notice import own_notice
from kitei.clauses.options import running_options
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import Change
from kitei.services.gio_remote.contract import agreed
from kitei.services.gio_remote.rules.batch import in_sentence, number_fits
from kitei.terms import Choice, plain_name
from kitei.values import Words

MATTERS = "changeable-matters"
ITEM_WORDS = ("item", "品目")
KIND_WORDS = ("kind", "種類")


def first_day(asked: Change) -> date:
    """The day a change holds from."""
    return max(accepted_on(asked), asked.change_on or accepted_on(asked))


def changed_by_customer(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: it is the contract's customer who may ask."""
    yield from own_notice(s, "art:8.1", s.contract(asked.contract), asked)


def changed_number(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1, items 1 and 2: the sessions of type A, the accounts of type B."""
    choice = s.choice("matters", asked.matter)
    if choice is None:
        return
    contract = s.contract(asked.contract)
    if asked.number is None:
        yield s.refuse(
            choice.cite.path,
            "art:8.1",
            why=Words(f"新しい{choice.name.ja}が書かれていません", f"no new number of {choice.slug} is said"),
            place="change.number",
            remedy=Words("数を書いてください", "give the number"),
        )
        return
    fits = tuple(number_fits(s, asked.matter, asked.number, contract.kind, contract.item, "change.number"))
    yield from fits
    if any(each.verdict is Verdict.REFUSE for each in fits):
        return
    told = agreed(contract, asked.matter, s.on)
    before = "?" if told is None else str(told)
    yield s.accept(
        "art:8.1",
        why=Words(
            f"{choice.name.ja}を {first_day(asked)} に {before} から {asked.number} へ。動いているゲートウェイも従います",
            f"{in_sentence(choice.name.en)}: from {before} to {asked.number} on {first_day(asked)}, "
            "which the running gateway holds to",
        ),
    )


def designated_matter(asked: Change, s: Situation) -> Iterator[Finding]:
    """Art. 8.1, item 3: other matters where the operator has designated them (`changeable-matters`)."""
    if s.choice("matters", asked.matter) is not None:
        return
    how = s.reading("operator-designated")
    if not s.operator.designates(MATTERS, asked.matter) and how.value != "accept":
        named = ", ".join(map(str, s.operator.lists.get(MATTERS, ())))
        yield s.refuse(
            "art:8.1",
            "art:8.1.3",
            why=Words(
                f"{asked.matter} は変更できる事項に定められていません",
                f"{asked.matter} is not among the matters that can change",
            ),
            place="change.matter",
            remedy=Words(
                f"数のほかに変えられるのは {named}"
                if named
                else "新しく申し込み、今の契約を解約してください",
                f"besides the numbers these can change: {named}"
                if named
                else "apply anew and cancel this contract",
            ),
            conventions=(how.pair,),
        )
        return
    yield s.accept(
        "art:8.1",
        "art:8.1.3",
        why=Words(f"{asked.matter} は当社が指定した事項です", f"the operator designates {asked.matter}"),
        conventions=(how.pair,),
    )
    yield from _still_listed(asked, s)


def _still_listed(asked: Change, s: Situation) -> Iterator[Finding]:
    """What a designated matter changes to must still be of the closed lists, and one kind a contract."""
    matter = plain_name(asked.matter)
    if matter in ITEM_WORDS and s.called("items", asked.to or "") is None:
        yield s.refuse(
            "art:2.1",
            why=Words(f"品目 {asked.to} はありません", f"there is no item {asked.to}"),
            place="change.to",
        )
    elif matter in ITEM_WORDS:
        yield from _other_item(s, s.contract(asked.contract), s.called("items", asked.to or ""))
    elif matter in KIND_WORDS:
        yield s.refuse(
            "art:4.1",
            "art:1.1",
            why=Words("種類が違えば別の契約です", "another kind is another contract"),
            place="change.to",
            remedy=Words("その種類を申し込んでください", "apply for that kind"),
        )
    elif asked.to is None and asked.number is None:
        yield s.refuse(
            "art:8.1.3",
            why=Words("何に変えるのか書かれていません", "it is not said what it changes to"),
            place="change.to",
        )


def _other_item(s: Situation, contract: Contract, item: Choice | None) -> Iterator[Finding]:
    """What the new item takes: the browser of type B, and no option that is for the other item."""
    if item is None:
        return
    for option in running_options(contract, s.on):
        choice = s.choice("options", option.name)
        if choice is not None and choice.has("item") and choice.text("item") != item.slug:
            yield s.refuse(
                choice.cite.path,
                why=Words(
                    f"{choice.name.ja}は{item.name.ja}にはありません",
                    f"{choice.name.en} is not to be had with {in_sentence(item.name.en)}",
                ),
                place="change.to",
                remedy=Words("先にオプションを停止してください", "stop the option first"),
            )
    if item.text("ends_vpn") == "no" and contract.item != item.slug:
        yield s.refer(
            "art:7.2",
            proposes=Verdict.ACCEPT,
            why=Words(
                "ソリトンのブラウザをその条件に従って使うか、確かめてください",
                "please confirm that Soliton's browser will be used on its terms",
            ),
            place="change.to",
        )
