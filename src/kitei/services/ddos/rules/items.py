"""Articles 1 to 3: which items there are, and what a customer must have for each."""

from collections.abc import Iterator

from kitei.clauses.acts import ReadTerm
from kitei.clauses.tariff import counted
from kitei.desk import Finding, Situation
from kitei.desk.operator import Holding
from kitei.ledger.contracts import Contract
from kitei.services.ddos.application import Apply, Wanted
from kitei.services.ddos.contract import item_on, letter
from kitei.terms import Choice, plain_name
from kitei.values import Words

CLASS_I = "designated-services-class-I"


def place_of(index: int) -> str:
    return f"apply.services[{index}]"


def names_of(asked: Apply, s: Situation) -> tuple[str, ...]:
    """The ids of the contracts, numbered on for each customer: `<customer>-ddos-<n>`."""
    found: list[str] = []
    for _ in asked.services:
        number = 1
        while (name := f"{asked.by}-ddos-{number}") in s.contracts or name in found:
            number += 1
        found.append(name)
    return tuple(found)


def known_item(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1: seven items and no more; each brings what its row says, for the term article 2 gives it."""
    if not asked.services:
        yield s.refuse(
            "art:1.1",
            why=Words("何も申し込まれていません", "nothing is applied for"),
            place="apply.services",
            remedy=Words("品目を一つ以上書いてください", "name one item at least"),
        )
    for index, wanted in enumerate(asked.services):
        item = s.choice("items", wanted.item)
        if item is None:
            names = s.edition.value("items").choices
            yield s.refuse(
                "art:1.1",
                why=Words(f"品目 {wanted.item} はありません", f"there is no item {wanted.item}"),
                place=f"{place_of(index)}.item",
                remedy=Words(
                    "、".join(each.name.ja for each in names) + " のどれかです",
                    "it is one of " + ", ".join(each.slug for each in names),
                ),
                defects=s.defects("art:1.1"),
                part=index,
            )
            continue
        if wanted.policies and item.slug != "type-m":
            yield s.refuse(
                "art:1.1.t7",
                why=Words(
                    f"{item.name.ja}に監視対象のポリシーは足せません",
                    f"{item.name.en} cannot be given further policies",
                ),
                place=f"{place_of(index)}.policies",
                remedy=Words("タイプ M を申し込んでください", "apply for a type M"),
                part=index,
            )
        yield s.accept(
            "art:1.1",
            item.cite.path,
            "art:2.1",
            item.text("term"),
            why=Words(
                f"{item.name.ja}の最低利用期間は課金開始日から {months_of_item(s, item.slug)} か月です",
                f"the minimum term of {item.name.en} is {counted(months_of_item(s, item.slug), 'month')} "
                "from the start of billing",
            ),
            part=index,
        )


def months_of_item(s: Situation, item: str) -> int:
    """How long an item's minimum term is (art. 2): its row names the figure."""
    return s.number(s.lists["items"][item].text("months"))


def first_day(asked: ReadTerm, s: Situation) -> Iterator[Finding]:
    """Art. 2, its heading: the day billing starts is the first of a contract's term."""
    start = s.contract(asked.contract).billing_start
    if asked.option is None and start is not None:
        yield s.accept(
            "art:2.1",
            why=Words(f"課金開始日 {start} が初日です", f"the start of billing, {start}, is its first day"),
            defects=s.defects("art:2.1"),
        )


def needs_of(s: Situation, item: str) -> str | None:
    """The provision that says what an item rests on; None for one that needs nothing (convention ddp.type-d)."""
    choice = s.choice("items", item)
    if choice is None:
        return None
    if choice.has("rests_on"):
        return choice.text("rests_on")
    return "art:3.1.1" if s.reading("ddp.type-d").value == "as-class-i" else None


def designates(s: Situation, listed: str, name: str) -> bool:
    """Whether the operator designates something; a list never made may be read as open (operator-designated)."""
    if not s.operator.lists.get(listed):
        return s.reading("operator-designated").value == "accept"
    return s.operator.designates(listed, name)


def qualifying(s: Situation, customer: str, item: str, named: str | None = None) -> tuple[Holding, ...]:
    """The services that a customer holds and that an item can rest on; only the one of an id, where `named`."""
    return tuple(
        each
        for each in s.held(customer)
        if (named is None or each.id == named)
        and qualifies(s, each, item)
        and not lacks_option(s, each, item)
    )


def qualifies(s: Situation, holding: Holding, item: str) -> bool:
    """Whether a service is designated for an item, by the terms or by the operator's list for class I."""
    needed = needs_of(s, item)
    by_terms = s.called("designated_services", holding.service)
    if by_terms is not None and by_terms.cite.path == needed:
        return True
    return needed == "art:3.1.1" and designates(s, CLASS_I, holding.service)


def lacks_option(s: Situation, holding: Holding, item: str) -> bool:
    """Whether the service must have an option (type V: the link option) and has it not."""
    service = s.called("designated_services", holding.service)
    if service is None or not service.has("option") or needs_of(s, item) != service.cite.path:
        return False
    option = s.lists["link_option"][service.text("option")]
    return not has_option(holding, option)


def has_option(holding: Holding, option: Choice) -> bool:
    """Whether a holding is recorded with an option: `ddos_link_option` says so, or it is among its `options`."""
    if holding.attributes.get("ddos_link_option") in (True, "true", "yes"):
        return True
    listed = holding.attributes.get("options")
    names = {plain_name(text) for text in (option.slug, option.name.ja, option.name.en, *option.aliases)}
    told = (
        listed.split(",") if isinstance(listed, str) else listed if isinstance(listed, list | tuple) else ()
    )
    texts = (each.get("name") if isinstance(each, dict) else each for each in told)
    return any(isinstance(text, str) and plain_name(text) in names for text in texts)


def of_customer(s: Situation, customer: str) -> tuple[Contract, ...]:
    """All contracts of a customer, ended ones too, by id."""
    return tuple(sorted(s.groups.get(customer, ()), key=lambda each: each.id))


def bases(s: Situation, customer: str, named: str | None = None) -> tuple[Contract, ...]:
    """The contracts in force of a customer that a type M can be added to, by id."""
    allowed = s.listed("base_items")
    return tuple(
        each
        for each in of_customer(s, customer)
        if item_on(each, s.on) in allowed and each.is_in_force(s.on) and (named is None or named == each.id)
    )


def base_asked_with(asked: Apply, wanted: Wanted, s: Situation) -> int | None:
    """Which application of the same batch a type M can be added to (convention eligibility.when).

    One that is itself refused for want of its own designated service is none.
    """
    allowed = s.listed("base_items")
    for index, other in enumerate(asked.services):
        needs = needs_of(s, other.item) is not None
        if needs and not qualifying(s, asked.by, other.item, other.rests_on):
            continue
        if other.item in allowed and wanted.base in (None, other.name, names_of(asked, s)[index]):
            return index
    return None


def eligible(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 3: each item rests on a service of the same customer, as recorded; type M on a contract of this one."""
    when = s.reading("eligibility.when").pair
    for index, wanted in enumerate(asked.services):
        if s.choice("items", wanted.item) is None:
            continue
        needed = needs_of(s, wanted.item)
        if needed is None:
            how = s.reading("ddp.type-d")
            yield s.accept(
                "art:3.1",
                why=Words("タイプ D に指定サービスは要りません", "type D takes no designated service"),
                conventions=(how.pair,),
                defects=s.defects("art:3.1"),
                part=index,
            )
        elif needed == "art:3.1.4":
            yield _on_a_base(asked, wanted, index, s)
        elif found := qualifying(s, asked.by, wanted.item, wanted.rests_on):
            yield s.accept(
                "art:3.1",
                needed,
                why=Words(
                    f"{found[0].service}({found[0].id})の契約者です",
                    f"the customer has {found[0].service} ({found[0].id})",
                ),
                conventions=(when,),
                part=index,
            )
        else:
            yield lacking(s, asked.by, wanted.item, f"{place_of(index)}.item", index, wanted.rests_on)


def _on_a_base(asked: Apply, wanted: Wanted, index: int, s: Situation) -> Finding:
    there = bases(s, asked.by, wanted.base)
    together = base_asked_with(asked, wanted, s)
    when = s.reading("eligibility.when").pair
    if there or together is not None:
        name = there[0].id if there else names_of(asked, s)[together or 0]
        return s.accept(
            "art:3.1",
            "art:3.1.4",
            why=Words(f"契約 {name} に付きます", f"it is added to contract {name}"),
            conventions=(when,),
            review=len(there) > 1,
            part=index,
        )
    return lacking_base(s, asked.by, f"{place_of(index)}.base", index)


def lacking_base(s: Situation, customer: str, place: str, part: int | None = None, *more: str) -> Finding:
    """There is no contract that a type M can be added to."""
    return s.refuse(
        *more,
        "art:3.1",
        "art:3.1.4",
        why=Words(
            f"{customer} に、タイプ M を付けられるタイプ X・P・D の契約がありません",
            f"{customer} has no contract of type X, P or D that a type M could be added to",
        ),
        place=place,
        remedy=Words(
            "タイプ X・P・D のどれかとともに申し込んでください", "apply for it together with a type X, P or D"
        ),
        part=part,
    )


def lacking(
    s: Situation, customer: str, item: str, place: str, part: int | None = None, named: str | None = None
) -> Finding:
    """The customer holds nothing that an item can rest on."""
    needed = needs_of(s, item) or "art:3.1"
    service = next(
        each for each in s.edition.value("designated_services").choices if each.cite.path == needed
    )
    held = "、".join(f"{each.service}({each.id})" for each in s.held(customer)) or "なし"
    have = ", ".join(f"{each.service} ({each.id})" for each in s.held(customer)) or "nothing"
    unlinked = any(
        qualifies(s, each, item) and named in (None, each.id) and lacks_option(s, each, item)
        for each in s.held(customer)
    )
    name = s.name("items", item)
    return s.refuse(
        "art:3.1",
        needed,
        why=Words(
            f"{name.ja}には{service.name.ja}が要ります。{customer} の記録にあるのは {held}",
            f"{name.en} takes {service.name.en}; {customer} is recorded to have {have}",
        ),
        place=place,
        remedy=Words(
            "連携オプションを付けて、その記録を入れてください",
            "have its link option added, and that recorded",
        )
        if unlinked
        else Words(
            f"{service.name.ja}の契約を記録してから申し込んでください",
            f"apply once a contract for {service.name.en} is recorded",
        ),
        conventions=(s.reading("operator-designated").pair, s.reading("eligibility.when").pair),
        part=part,
    )


def in_letters(s: Situation, option: Choice, item: str) -> bool:
    """Whether an option is for an item."""
    return letter(item) in option.text("items")
