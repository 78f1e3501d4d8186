"""Articles 1, 2, 4 and 5: what each application of a batch asks for, by itself and beside the others.

Each application is for one contract and stands alone, so findings name the one they are about; those beyond
the limit are refused and the others accepted.
"""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from kitei.desk import Finding, Situation
from kitei.services.secure_access.application import Apply, Wanted
from kitei.services.secure_access.contract import is_held
from kitei.services.secure_access.rules.accounts import account_finding, are_enough
from kitei.services.secure_access.rules.options import fits_option, twice, wanted_option
from kitei.terms import Choice
from kitei.values import Words


def place_of(index: int) -> str:
    return f"apply.services[{index}]"


def kind_of(wanted: Wanted) -> str:
    """The kind asked for; of several the first, which their article refuses anyway."""
    return wanted.kind[0] if wanted.kind else ""


def names_of(asked: Apply, s: Situation) -> tuple[str, ...]:
    """The ids of the contracts to come, by application: customer, kind and a number never used before."""
    taken = set(s.contracts)
    names = []
    for wanted in asked.services:
        number = 1
        while (name := f"{asked.by}-{kind_of(wanted)}-{number}") in taken:
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)


# -- each by itself ----------------------------------------------------------------------


def known_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: the five kinds, and no other."""
    for index, wanted in enumerate(asked.services):
        yield from _kind(s, wanted, index)


def _kind(s: Situation, wanted: Wanted, index: int) -> Iterator[Finding]:
    for kind in wanted.kind or ("",):
        choice = s.choice("kinds", kind)
        if choice is None:
            kinds = s.edition.value("kinds")
            yield s.refuse(
                "art:1.1",
                why=Words(
                    f"種類 {kind or '(なし)'} はありません", f"there is no kind {kind or '(none said)'}"
                ),
                place=f"{place_of(index)}.kind",
                remedy=one_of(kinds.choices),
                part=index,
            )
        else:
            yield s.accept("art:1.1", choice.cite.path, why=choice.name, part=index)


def one_kind_a_contract(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 4.1: a contract is for one kind."""
    if not asked.services:
        yield s.refuse(
            "art:4.1",
            why=Words("何も申し込まれていません", "nothing is applied for"),
            place="apply.services",
            remedy=Words("種類とアカウント数を書いてください", "give a kind and a number of accounts"),
        )
    for index, wanted in enumerate(asked.services):
        yield _unit(s, wanted, index)


def _unit(s: Situation, wanted: Wanted, index: int) -> Finding:
    if len(set(wanted.kind)) > s.number("kinds_per_contract"):
        return s.refuse(
            "art:4.1",
            why=Words("一つの契約に二つの種類は入れられません", "one contract cannot hold two kinds"),
            place=f"{place_of(index)}.kind",
            remedy=Words("種類ごとに申し込んでください", "apply for each kind by itself"),
            part=index,
        )
    return s.accept(
        "art:4.1",
        why=Words("種類一つに契約一つになります", "one contract for the one kind"),
        part=index,
    )


def known_item(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: the two connect kinds have an item each, the others none."""
    for index, wanted in enumerate(asked.services):
        yield from _item(s, wanted, index)


def has_item(kind: Choice, wanted: Wanted) -> bool:
    """Whether an application names the item of its kind, or none where there is none."""
    return (wanted.item or "none") == kind.text("item")


def _item(s: Situation, wanted: Wanted, index: int) -> Iterator[Finding]:
    kind = s.choice("kinds", kind_of(wanted))
    if kind is None:
        return
    if has_item(kind, wanted):
        item = s.choice("items", kind.text("item"))
        why = item.name if item else Words("この種類に品目はありません", "this kind has no item")
        yield s.accept("art:2.1", *((item.cite.path,) if item else ()), why=why, part=index)
        return
    own = [each for each in s.edition.value("items").choices if each.text("kind") == kind.slug]
    said = s.name("items", wanted.item) if wanted.item else Words("品目なし", "no item")
    yield s.refuse(
        "art:2.1",
        why=Words(f"{kind.name.ja}に{said.ja}はありません", f"{kind.name.en} does not come with {said.en}"),
        place=f"{place_of(index)}.item",
        remedy=one_of(own) if own else Words("品目を書かないでください", "leave the item out"),
        part=index,
    )


def known_tunnel(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, type A: by WireGuard, and nothing else."""
    for index, wanted in enumerate(asked.services):
        yield from _tunnel(s, wanted, index)


def has_tunnel(s: Situation, wanted: Wanted) -> bool:
    """Whether the means to connect are what is offered; unsaid, they are."""
    return wanted.tunnel is None or s.choice("tunnels", wanted.tunnel) is not None


def _tunnel(s: Situation, wanted: Wanted, index: int) -> Iterator[Finding]:
    if not has_tunnel(s, wanted):
        yield s.refuse(
            "art:2.1.t2",
            why=Words(f"{wanted.tunnel} ではつなげません", f"{wanted.tunnel} is not what is offered"),
            place=f"{place_of(index)}.tunnel",
            remedy=one_of(s.edition.value("tunnels").choices),
            defects=("SA-D12",),
            part=index,
        )


def enough_accounts(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: from 50, one by one. Of which contracts that is asked is the convention sa.min-accounts."""
    for index, wanted in enumerate(asked.services):
        place = f"{place_of(index)}.accounts"
        yield account_finding(
            s,
            asked.by,
            kind_of(wanted),
            wanted.accounts,
            _beside(asked, wanted),
            place,
            index,
        )


def options_wanted(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 6.2 and 9 for the options asked for together with contracts."""
    for index, wanted in enumerate(asked.services):
        yield from _options(s, wanted, index)


def _options(s: Situation, wanted: Wanted, index: int) -> Iterator[Finding]:
    for at, each in enumerate(wanted.options):
        place = f"{place_of(index)}.options[{at}]"
        yield from wanted_option(s, each, kind_of(wanted), place, index)
        if any(each.option == before.option for before in wanted.options[:at]):
            yield replace(twice(s, place), part=index)


# -- beside the others -------------------------------------------------------------------


def within_limit(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 4.2 and 4.3: three of a kind for each customer; of a batch only what is beyond that is refused."""
    most, how = s.number("contracts_per_kind"), s.reading("sa.limit-count")
    beyond = excess(asked, s)
    more = {"conventions": (how.pair,), "defects": ("SA-D09",)}
    for index, wanted in enumerate(asked.services):
        name = s.name("kinds", kind_of(wanted))
        if index in beyond:
            yield s.refuse(
                "art:4.2",
                "art:4.3",
                why=Words(
                    f"{name.ja}の契約は {most} つまでです",
                    f"{most} contracts of {name.en} are the most, and this is one beyond",
                ),
                place=place_of(index),
                remedy=Words(
                    "今の契約を解約してから申し込んでください",
                    "cancel one of those there are before applying",
                ),
                part=index,
                **more,
            )
        else:
            yield s.accept(
                "art:4.2",
                why=Words(f"{name.ja}は {most} つまで", f"{name.en}: within {most}"),
                part=index,
                **more,
            )


def excess(asked: Apply, s: Situation) -> frozenset[int]:
    """The applications beyond the limit. Those that are refused for themselves take no place."""
    most, how = s.number("contracts_per_kind"), s.reading("sa.limit-count").value
    there = [each for each in s.contracts.values() if is_held(each, s.on)]
    if how != "network-wide":
        there = [each for each in there if each.customer == asked.by]
    if how == "ended-at-notice":
        there = [each for each in there if each.ending is None]
    taken: dict[str, int] = {}
    for each in there:
        taken[each.kind] = taken.get(each.kind, 0) + 1
    beyond = set()
    for index, wanted in enumerate(asked.services):
        if not is_sound(asked, s, index):
            continue
        kind = kind_of(wanted)
        if taken.get(kind, 0) >= most:
            beyond.add(index)
        else:
            taken[kind] = taken.get(kind, 0) + 1
    return frozenset(beyond)


def is_sound(asked: Apply, s: Situation, index: int) -> bool:
    """Whether nothing refuses an application for itself, whatever else there is."""
    wanted = asked.services[index]
    kind = s.choice("kinds", kind_of(wanted))
    return (
        kind is not None
        and len(set(wanted.kind)) <= s.number("kinds_per_contract")
        and has_item(kind, wanted)
        and has_tunnel(s, wanted)
        and are_enough(s, asked.by, kind.slug, wanted.accounts, _beside(asked, wanted))
        and all(fits_option(s, each, kind.slug) for each in wanted.options)
    )


def _beside(asked: Apply, wanted: Wanted) -> int | Fraction:
    """The accounts of the batch's other applications."""
    return sum(each.accounts or 0 for each in asked.services) - (wanted.accounts or 0)


def one_of(choices: tuple[Choice, ...] | list[Choice]) -> Words:
    """What would be right, where a name of a closed list is wrong."""
    return Words(
        "、".join(each.name.ja for each in choices) + " のどれかです",
        "it is one of " + ", ".join(each.slug for each in choices),
    )
