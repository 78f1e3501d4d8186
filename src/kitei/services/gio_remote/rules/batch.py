"""Articles 1, 2, 4, 7(1), 7(2) and 8: what a batch of applications asks for, and whether it can be had together."""

from collections.abc import Iterator, Mapping

from kitei.desk import Finding, Situation
from kitei.services.gio_remote.application import Apply, Wanted
from kitei.values import Words

PAIR = ("gateway", "network")


def in_sentence(name: str) -> str:
    """A name as it stands inside a sentence."""
    return name[:1].lower() + name[1:]


def group_of(asked: Apply) -> str:
    """The customer's service that a batch belongs to; one without a name is the customer's only one."""
    return f"{asked.by}.{asked.name}" if asked.name else asked.by


def place_of(index: int) -> str:
    return f"apply.services[{index}]"


def kind_of(wanted: Wanted) -> str:
    """The kind asked for; of several the first, which their article refuses anyway."""
    return wanted.kind[0] if wanted.kind else ""


def names_of(asked: Apply, s: Situation) -> tuple[str, ...]:
    """The ids of the contracts to come, by application: the group, the kind and a number never used before."""
    taken = set(s.contracts)
    names = []
    for wanted in asked.services:
        number = 1
        while (name := f"{group_of(asked)}-{kind_of(wanted)}-{number}") in taken:
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def known_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: gateway and network, and no other."""
    kinds = s.edition.value("kinds")
    known = []
    for index, wanted in enumerate(asked.services):
        for kind in wanted.kind or ("",):
            choice = s.choice("kinds", kind)
            if choice is not None:
                known.append(choice.cite.path)
                continue
            yield s.refuse(
                "art:1.1",
                why=Words(
                    f"種類 {kind or '(なし)'} はありません", f"there is no kind {kind or '(none said)'}"
                ),
                place=f"{place_of(index)}.kind",
                remedy=Words(
                    "、".join(each.name.ja for each in kinds.choices) + " のどれかです",
                    "it is one of " + ", ".join(kinds.slugs),
                ),
                part=index,
            )
    yield s.confirm(_KINDS, "art:1.1", *dict.fromkeys(known))


_KINDS = Words("種類はゲートウェイとネットワークです", "the kinds are gateway and network")


def known_item(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: type A or type B. A gateway must have one and a network may (convention gra.items)."""
    items, how = s.edition.value("items"), s.reading("gra.items")
    known = []
    for index, wanted in enumerate(asked.services):
        choice = s.choice("items", wanted.item) if wanted.item is not None else None
        if choice is not None:
            known.append(choice.cite.path)
        elif wanted.item is not None or "gateway" in wanted.kind or how.value == "all":
            yield s.refuse(
                "art:2.1",
                why=Words(f"品目 {wanted.item} はありません", f"there is no item {wanted.item}")
                if wanted.item is not None
                else Words("品目が書かれていません", "no item is said"),
                place=f"{place_of(index)}.item",
                remedy=Words(
                    "、".join(each.name.ja for each in items.choices) + " のどれかです",
                    "it is one of " + ", ".join(items.slugs),
                ),
                conventions=() if wanted.item is not None else (how.pair,),
                part=index,
            )
    yield s.confirm(_ITEMS, "art:2.1", *dict.fromkeys(known))


_ITEMS = Words("品目はタイプAかタイプBです", "the items are type A and type B")


def one_kind_a_contract(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 4.1: a contract holds one kind; there may be several of a kind (convention unit.one-per-kind)."""
    how, most = s.reading("unit.one-per-kind"), s.number("kinds_per_contract")
    refused = [*_capped(asked, s)] if how.value == "cap" else []
    for index, wanted in enumerate(asked.services):
        if len(set(wanted.kind)) > most:
            refused.append(
                s.refuse(
                    "art:4.1",
                    why=Words("一つの契約に二つの種類は入れられません", "one contract cannot hold two kinds"),
                    place=f"{place_of(index)}.kind",
                    remedy=Words("種類ごとに申し込んでください", "apply for each kind by itself"),
                    part=index,
                )
            )
    yield from refused
    if not refused:
        yield s.accept(
            "art:4.1",
            why=Words("種類ごとに別の契約になります", "each kind becomes a contract of its own"),
            conventions=(how.pair,),
            defects=s.defects("art:4.1"),
        )


def _capped(asked: Apply, s: Situation) -> Iterator[Finding]:
    """No second contract of a kind for one customer, where the operator reads art. 4 as a cap."""
    there = [
        each.kind for each in s.contracts.values() if each.customer == asked.by and each.is_in_force(s.on)
    ]
    for index, wanted in enumerate(asked.services):
        kind = kind_of(wanted)
        if kind in there:
            yield s.refuse(
                "art:4.1",
                why=Words(f"{s.name('kinds', kind).ja}の契約は一つだけです", f"there can be one {kind} only"),
                place=f"{place_of(index)}.kind",
                conventions=(s.reading("unit.one-per-kind").pair,),
                part=index,
            )
        there.append(kind)


def one_of_each_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.1: with what the customer has, there is at least one gateway and one network."""
    least = s.number("least_applications_per_kind")
    count = {kind: sum(kind in wanted.kind for wanted in asked.services) for kind in PAIR}
    for each in s.in_force(group_of(asked)):
        if each.kind in count:
            count[each.kind] += 1
    lacking = [kind for kind, number in count.items() if number < least]
    for kind in lacking:
        name = s.name("kinds", kind)
        yield s.refuse(
            "art:7.1",
            why=Words(f"{name.ja}の申込がありません", f"no {name.en.lower()} is applied for"),
            place="apply.services",
            remedy=Words(f"{name.ja}も申し込んでください", f"apply for a {name.en.lower()} as well"),
        )
    if not lacking:
        yield s.confirm(_ONE_OF_EACH, "art:7.1")


_ONE_OF_EACH = Words("種類ごとに一つ以上あります", "there is at least one of each kind")


def third_party_browser(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.2: type B takes Soliton's browser, on Soliton's terms."""
    for index, wanted in enumerate(asked.services):
        if wanted.item != "type-b" or "gateway" not in wanted.kind:
            continue
        if wanted.browser is None or s.called("browser_provider", wanted.browser) is None:
            yield s.refuse(
                "art:7.2",
                why=_OTHER_BROWSER,
                place=f"{place_of(index)}.browser",
                remedy=Words("ソリトンのブラウザを使ってください", "use Soliton's browser"),
                part=index,
            )
        elif not wanted.browser_terms_accepted:
            yield s.refuse(
                "art:7.2",
                why=Words("ソリトンの条件に同意していません", "Soliton's terms are not accepted"),
                place=f"{place_of(index)}.browser_terms_accepted",
                remedy=Words("条件を読んで同意してください", "read and accept them"),
                part=index,
            )
        else:
            yield s.accept(
                "art:7.2",
                why=Words(
                    "ソリトンのブラウザを、その条件に従って使います", "Soliton's browser, used on its terms"
                ),
                part=index,
            )


_OTHER_BROWSER = Words(
    "タイプBにはソリトンのブラウザが要ります", "type B is used with Soliton's browser and no other"
)


def agreed_numbers(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 8.1: sessions are a type A gateway's number and accounts a type B's; either is one or more."""
    for index, wanted in enumerate(asked.services):
        for matter, told in (("sessions", wanted.sessions), ("accounts", wanted.accounts)):
            if told is not None:
                yield from number_fits(
                    s, matter, told, kind_of(wanted), wanted.item, f"{place_of(index)}.{matter}"
                )


def number_fits(
    s: Situation, matter: str, told: int, kind: str, item: str | None, place: str
) -> Iterator[Finding]:
    """Whether a contract of a kind and item can have that number of sessions or accounts."""
    choice = s.edition.value("matters")[matter]
    path, name = choice.cite.path, choice.name
    if kind != "gateway" or item != choice.text("item"):
        of = s.name("items", choice.text("item"))
        yield s.refuse(
            path,
            "art:8.1",
            why=Words(
                f"{name.ja}があるのは{of.ja}のゲートウェイだけです",
                f"{in_sentence(name.en)} is a number of {in_sentence(of.en)} gateways only",
            ),
            place=place,
        )
    elif told < 1:
        yield s.refuse(
            path,
            "art:8.1",
            why=Words(f"{name.ja}は 1 以上です", f"{in_sentence(name.en)}: one or more"),
            place=place,
        )
    else:
        yield s.accept(path, why=Words(f"{name.ja}は {told}", f"{in_sentence(name.en)}: {told}"))


def counted(wanted: Wanted) -> Mapping[str, int | None]:
    """The numbers agreed with a gateway, as its contract keeps them."""
    return {"sessions": wanted.sessions, "accounts": wanted.accounts}
