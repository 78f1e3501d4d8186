"""Articles 1, 2, 4, 5(1) and 7: what a batch of applications asks for, and whether it can be had together."""

import re
from collections.abc import Iterator
from datetime import date

from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import Apply, Wanted
from kitei.services.auth_outsource.contract import days_of_use
from kitei.values import Span, Words


def place_of(index: int) -> str:
    return f"apply.services[{index}]"


def kind_of(wanted: Wanted) -> str:
    """The kind asked for; of several the first, which their article refuses anyway."""
    return wanted.kind[0] if wanted.kind else ""


def days_wanted(asked: Apply, wanted: Wanted, s: Situation) -> Span:
    """The days of use asked for: from the day wished for, else the start of billing, else the day of the act."""
    return Span(wanted.first or max(asked.billing_start or s.on, s.on), wanted.last)


def names_of(asked: Apply, s: Situation) -> tuple[str, ...]:
    """The ids of the contracts to come, by application: customer, kind, and a number never used before."""
    taken = set(s.contracts)
    names = []
    for wanted in asked.services:
        number = 1
        while (name := f"{asked.by}-{kind_of(wanted)}-{number}") in taken:
            number += 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def own_contracts(s: Situation, customer: str, during: Span) -> tuple[Contract, ...]:
    """The contracts of a customer that are in use at some time of a span."""
    return tuple(each for each in s.groups.get(customer, ()) if days_of_use(each).overlaps(during))


def standing(s: Situation, customer: str, on: date) -> tuple[Contract, ...]:
    """The contracts of a customer that are in force today and still on a day to come."""
    day = max(on, s.on)
    return tuple(each for each in s.in_force(customer) if each.ending is None or day <= each.ending.last)


def known_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: client, VPDN, proxy and group, and no other."""
    known = []
    for index, wanted in enumerate(asked.services):
        for kind in wanted.kind or ("",):
            choice = s.choice("kinds", kind)
            if choice is not None:
                known.append(choice.cite.path)
                continue
            kinds = s.edition.value("kinds").choices
            yield s.refuse(
                "art:1.1",
                why=Words(
                    f"種類 {kind or '(なし)'} はありません", f"there is no kind {kind or '(none said)'}"
                ),
                place=f"{place_of(index)}.kind",
                remedy=Words(
                    "、".join(each.name.ja for each in kinds) + " のどれかです",
                    "it is one of " + ", ".join(each.slug for each in kinds),
                ),
                part=index,
            )
    if not asked.services:
        yield s.refuse("art:5.1", why=_NOTHING, place="apply.services")
    yield s.confirm(_KINDS, "art:1.1", *dict.fromkeys(known))


_NOTHING = Words("何も申し込まれていません", "nothing is applied for")
_KINDS = Words(
    "種類はクライアント、VPDN、プロキシ、グループです", "the kinds are client, VPDN, proxy and group"
)


def known_item(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: a VPDN has an item, type D, K or I; the other kinds have none."""
    items = s.edition.value("items")
    for index, wanted in enumerate(asked.services):
        yield from item_fits(s, kind_of(wanted), wanted.item, f"{place_of(index)}.item", index)
    if any("vpdn" in wanted.kind for wanted in asked.services):
        chosen = (s.choice("items", wanted.item or "") for wanted in asked.services)
        paths = (choice.cite.path for choice in chosen if choice)
        told = Words(
            "品目は " + "、".join(each.name.ja for each in items.choices),
            "the items are " + ", ".join(each.name.en for each in items.choices),
        )
        yield s.accept("art:2.1", *dict.fromkeys(paths), why=told)


def item_fits(
    s: Situation, kind: str, item: str | None, place: str, part: int | None = None
) -> Iterator[Finding]:
    """Whether a kind has that item, or may be without one."""
    named = Words("、", ", ")
    choices = s.edition.value("items").choices
    remedy = Words(
        f"{named.ja.join(each.name.ja for each in choices)} のどれかです",
        f"it is one of {named.en.join(each.slug for each in choices)}",
    )
    if kind != "vpdn":
        if item is not None:
            yield s.refuse(
                "art:2.1",
                why=Words(
                    f"{s.name('kinds', kind).ja}に品目はありません",
                    f"a {s.name('kinds', kind).en.lower()} has no item",
                ),
                place=place,
                remedy=Words("品目を書かずに出してください", "leave the item out"),
                part=part,
            )
    elif item is None or s.choice("items", item) is None:
        yield s.refuse(
            "art:2.1",
            why=Words("VPDN の品目が書かれていません", "no item is said of a VPDN")
            if item is None
            else Words(f"品目 {item} はありません", f"there is no item {item}"),
            place=place,
            remedy=remedy,
            part=part,
        )


def one_kind_a_contract(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 4.1: a contract holds one kind; there may be several of a kind (convention unit.one-per-kind)."""
    how, most = s.reading("unit.one-per-kind"), s.number("kinds_per_contract")
    more = {"conventions": (how.pair,), "defects": s.defects("art:4.1")}
    had: dict[str, list[Span]] = {}
    for each in s.groups.get(asked.by, ()):
        had.setdefault(each.kind, []).append(days_of_use(each))
    for index, wanted in enumerate(asked.services):
        if len(set(wanted.kind)) > most:
            yield s.refuse(
                "art:4.1",
                why=Words("一つの契約に二つの種類は入れられません", "one contract cannot hold two kinds"),
                place=f"{place_of(index)}.kind",
                remedy=Words("種類ごとに申し込んでください", "apply for each kind by itself"),
                part=index,
                **more,
            )
        kind, days = kind_of(wanted), days_wanted(asked, wanted, s)
        if how.value == "cap" and any(days.overlaps(each) for each in had.get(kind, ())):
            yield s.refuse(
                "art:4.1",
                why=Words(f"{s.name('kinds', kind).ja}の契約は一つだけです", f"there can be one {kind} only"),
                place=f"{place_of(index)}.kind",
                part=index,
                **more,
            )
        had.setdefault(kind, []).append(days)
    yield s.accept(
        "art:4.1", why=Words("申込一つごとに契約一つ", "each application is a contract of its own"), **more
    )


def lacking(kinds: set[str]) -> Words | None:
    """What a customer's kinds lack of a set that works (convention ao.set), None where nothing is missing."""
    if "vpdn" in kinds or ("client" in kinds and kinds & {"group", "proxy"}):
        return None
    if not kinds:
        return Words("何もありません", "there is nothing")
    if "client" in kinds:
        return Words("グループかプロキシがありません", "there is no group or proxy")
    return Words("クライアントがありません", "there is no client")


def whole_sets(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: with what the customer has, a client and a group or proxy, or else a VPDN."""
    if not asked.services:
        return
    how = s.reading("ao.set")
    more = {"conventions": (how.pair,), "defects": s.defects("art:5.1")}
    start = max(days_wanted(asked, wanted, s).first for wanted in asked.services)
    wanted_kinds = {kind for wanted in asked.services for kind in wanted.kind}
    kinds = wanted_kinds | {each.kind for each in standing(s, asked.by, start)}
    if missing := lacking(kinds):
        yield s.refuse(
            "art:5.1",
            why=Words(
                f"{missing.ja}。クライアントとあわせてグループかプロキシ、または VPDN が要ります",
                f"{missing.en}; a client with a group or proxy is needed, or else a VPDN",
            ),
            place="apply.services",
            remedy=Words("足りない種類もいっしょに申し込んでください", "apply for what is missing as well"),
            **more,
        )
        return
    yield s.accept("art:5.1", why=Words("要る種類がそろっています", "the kinds needed are there"), **more)
    radius = wanted_kinds - {"vpdn"}
    if radius and (alone := lacking(kinds - {"vpdn"})):
        # VPDN satisfies the words of the article, but what is asked would still serve nobody.
        yield s.accept(
            "art:5.1",
            why=Words(
                f"VPDN があるので条件は満たしますが、{alone.ja}。このままでは使えません",
                f"the VPDN meets the condition, but {alone.en}, so that it cannot be used yet",
            ),
            review=True,
            **more,
        )


def accounts_fit(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 7.1.1: a number of accounts is a group's, and it is one or more."""
    for index, wanted in enumerate(asked.services):
        if wanted.accounts is not None:
            place = f"{place_of(index)}.accounts"
            yield from number_fits(s, kind_of(wanted), wanted.accounts, place, index)


def number_fits(
    s: Situation, kind: str, accounts: int, place: str, part: int | None = None
) -> Iterator[Finding]:
    """Whether a contract of a kind can have that number of accounts."""
    if kind != "group":
        yield s.refuse(
            "art:7.1.1",
            "art:7.1",
            why=Words("アカウント数があるのはグループだけです", "only a group has a number of accounts"),
            place=place,
            part=part,
        )
    elif accounts < 1:
        yield s.refuse(
            "art:7.1.1",
            "art:7.1",
            why=Words(f"アカウント数は 1 以上です({accounts})", f"accounts are one or more, not {accounts}"),
            place=place,
            part=part,
        )
    else:
        yield s.accept(
            "art:7.1.1", "art:1.1.t4", why=Words(f"アカウント数は {accounts}", f"accounts: {accounts}")
        )


def own_realm(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.6.1: the customer designates its own realm; one that others use would lead to the wrong place."""
    seen: set[tuple[str, str]] = set()
    for index, wanted in enumerate(asked.services):
        if wanted.realm is None:
            continue
        place, door = f"{place_of(index)}.realm", door_of(kind_of(wanted), wanted.item or "")
        if door and (plain_realm(wanted.realm), door) in seen:
            yield _taken(s, wanted.realm, place, index)
        seen.add((plain_realm(wanted.realm), door))
        yield from realm_fits(s, asked.by, wanted.realm, door, place, index)


def plain_realm(realm: str) -> str:
    """A realm as it is compared: without its at sign, lower case."""
    return realm.strip().removeprefix("@").lower()


def door_of(kind: str, item: str) -> str:
    """By where a request comes in, a realm leads to one contract: at terminals to a group or a proxy, from each type's
    mobile network to a VPDN. A client ('') serves whatever realm there is."""
    return {"client": "", "vpdn": item}.get(kind, "terminals")


def realm_fits(
    s: Situation,
    customer: str,
    realm: str,
    door: str,
    place: str,
    part: int | None = None,
    but: Contract | None = None,
) -> Iterator[Finding]:
    """Whether a realm may be a customer's: it is one, no other has it, and by each door it leads to one contract.

    `but` is the contract whose realm it is to be.
    """
    if not _REALM.fullmatch(plain_realm(realm)):
        yield _no_realm(s, realm, place, part)
        return
    for each in s.contracts.values():
        if (
            not each.is_in_force(s.on)
            or each is but
            or plain_realm(str(each.body.get("realm") or "")) != plain_realm(realm)
        ):
            continue
        if each.customer != customer or (door and door == door_of(each.kind, each.item)):
            yield _taken(s, realm, place, part)
            return
    yield s.accept("art:5.6.1", why=Words(f"レルムは {realm}", f"the realm is {realm}"), part=part)


# What may follow the @ of a name (RFC 7542, 2.2), and fits with the name into an attribute (RFC 2865, 5.1).
_REALM = re.compile(r"(?=.{1,120}$)\w([\w-]*\w)?(\.\w([\w-]*\w)?)*")


def _no_realm(s: Situation, realm: str, place: str, part: int | None) -> Finding:
    return s.refuse(
        "art:5.6.1",
        why=Words(f"{realm!r} はレルムではありません", f"{realm!r} is no realm"),
        place=place,
        remedy=Words("acme.example のような名前です", "it is a name such as acme.example"),
        part=part,
    )


def _taken(s: Situation, realm: str, place: str, part: int | None) -> Finding:
    return s.refuse(
        "art:5.6.1",
        why=Words(f"レルム {realm} はほかの契約のものです", f"realm {realm} is another contract's"),
        place=place,
        remedy=Words("固有のレルムを指定してください", "designate a realm of its own"),
        part=part,
    )
