"""Article 5 with 10.2(7): who designates protected addresses, of which families, and how many."""

from collections.abc import Iterator, Sequence

from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.services.ddos.application import Apply, DesignateAddresses
from kitei.services.ddos.contract import addresses, family_of, item_on
from kitei.services.ddos.rules.items import place_of
from kitei.values import Words


def families_allowed(s: Situation, item: str, dual_stack: bool) -> int:
    """How many of the two families one contract protects (convention ddp.dual-stack)."""
    if dual_stack:
        return 2
    single = s.reading("ddp.dual-stack").value == "single-family"
    choice = s.lists["items"][item]
    return 1 if single and choice.text("designates") == "customer" else choice.number("families")


def applied_addresses(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5 for the addresses that come with an application."""
    for index, wanted in enumerate(asked.services):
        if wanted.addresses and s.choice("items", wanted.item):
            dual = any(each.option == "dual-stack" for each in wanted.options)
            place = f"{place_of(index)}.addresses"
            yield from designated(s, wanted.item, wanted.addresses, "customer", dual, place, index)


def designation(asked: DesignateAddresses, s: Situation) -> Iterator[Finding]:
    """Art. 5.2: the customer or the operator designates, by the item."""
    contract = s.contract(asked.contract)
    if asked.by == "operator":
        yield from still_in_force(s, "art:5.2", contract)
    else:
        yield from own_notice(s, "art:5.2", contract, asked)
    there = [each.prefix for each in addresses(contract, s.on) if each.prefix not in asked.remove]
    for prefix in asked.remove:
        if prefix not in {each.prefix for each in addresses(contract, s.on)}:
            yield s.refuse(
                "art:5.2",
                why=Words(f"{prefix} は指定されていません", f"{prefix} is not designated"),
                place="designate-addresses.remove",
                remedy=Words("、".join(there) or "指定はありません", ", ".join(there) or "there is none"),
            )
    dual = running(contract, "dual-stack", s.on) is not None
    who = "operator" if asked.by == "operator" else "customer"
    wanted = (*there, *asked.prefixes)
    yield from designated(s, item_on(contract, s.on), wanted, who, dual, "designate-addresses.prefixes")


def designated(
    s: Situation,
    item: str,
    prefixes: Sequence[str],
    who: str,
    dual_stack: bool,
    place: str,
    part: int | None = None,
) -> Iterator[Finding]:
    """Art. 5.1 to 5.3 for prefixes as they would be."""
    choice = s.lists["items"][item]
    ought = choice.text("designates")
    if who != ought:
        yield s.refuse(
            "art:5.2",
            why=Words(
                f"{choice.name.ja}の対象アドレスは{_WHO[ought].ja}が指定します",
                f"the addresses of {choice.name.en} are designated by {_WHO[ought].en}",
            ),
            place=place,
            remedy=Words("指定できる者から出してください", "let those who designate ask"),
            part=part,
        )
    families, usable = sorted({family_of(each) for each in prefixes}), s.listed("address_families")
    if odd := [each for each in families if each not in usable]:
        yield s.refuse(
            "art:5.1",
            why=Words(f"{'、'.join(odd)} は使えません", f"{', '.join(odd)} cannot be used"),
            place=place,
            remedy=Words(f"使えるのは {'、'.join(usable)}", f"usable are {', '.join(usable)}"),
            part=part,
        )
    if len(families) > families_allowed(s, item, dual_stack):
        yield s.refuse(
            "art:10.2.7",
            "art:10.2.7.a2",
            why=Words(
                f"デュアルスタックオプションのない{choice.name.ja}は、{' と '.join(families)} の一方だけを守れます",
                f"without the dual stack option {choice.name.en} protects one of {' and '.join(families)}",
            ),
            place=place,
            remedy=Words(
                "デュアルスタックオプションを申し込むか、別の契約にしてください",
                "apply for the dual stack option, or for another contract",
            ),
            conventions=(s.reading("ddp.dual-stack").pair,),
            defects=s.defects("art:10.2.7"),
            review=s.reading("ddp.dual-stack").review,
            part=part,
        )
    both = ("art:10.2.7", "art:10.2.7.a2") if dual_stack and len(families) > 1 else ()
    yield s.accept(
        "art:5.1",
        "art:5.2",
        "art:5.3",
        *both,
        why=Words(
            f"{_WHO[who].ja}が {', '.join(prefixes)} を指定します。広さに制限はありません",
            f"{', '.join(prefixes)}, designated by {_WHO[who].en}; there is no limit on their size",
        ),
        conventions=(s.reading("ddp.dual-stack").pair,) if len(families) > 1 else (),
        defects=s.defects("art:5.3"),
        part=part,
    )


_WHO = {"customer": Words("契約者", "the customer"), "operator": Words("当社", "the operator")}
