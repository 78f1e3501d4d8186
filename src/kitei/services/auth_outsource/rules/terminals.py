"""Articles 5(2) and 6: a client is one terminal, and proxy and group exclude each other."""

from collections.abc import Iterator
from ipaddress import ip_address

from kitei.desk import Finding, Situation, Verdict
from kitei.services.auth_outsource.application import Apply
from kitei.services.auth_outsource.contract import days_of_use, text
from kitei.services.auth_outsource.rules.batch import days_wanted, kind_of, own_contracts, place_of
from kitei.values import Span, Words

FAMILIES = "address-families"


def one_terminal_each(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.2: a client is applied for by the single address; the same customer registers none twice."""
    seen: dict[str, list[Span]] = {}
    for index, wanted in enumerate(asked.services):
        place = f"{place_of(index)}.ip"
        if "client" not in wanted.kind:
            if wanted.ip:
                yield s.refuse(
                    "art:5.2",
                    "art:1.1.t1",
                    why=Words(
                        "IP アドレスを登録するのはクライアントだけです", "only a client registers an address"
                    ),
                    place=place,
                    remedy=Words("クライアントを申し込んでください", "apply for a client"),
                    part=index,
                )
            continue
        days = days_wanted(asked, wanted, s)
        yield from addresses_fit(s, asked.by, wanted.ip, days, place, index)
        for ip in wanted.ip:
            if any(days.overlaps(each) for each in seen.get(ip, ())):
                yield _twice(s, ip, place, index)
            seen.setdefault(ip, []).append(days)


def addresses_fit(
    s: Situation,
    customer: str,
    addresses: tuple[str, ...],
    days: Span,
    place: str,
    part: int | None = None,
    but: str = "",
) -> Iterator[Finding]:
    """Whether these may be the terminal of one client contract. `but` is the contract that may have it already."""
    how, most = s.reading("ao.client-ip"), s.number("addresses_per_client")
    more = {"conventions": (how.pair,), "defects": s.defects("art:5.2"), "part": part}
    single = len(set(addresses)) == most and not any({"/", "-"} & set(each) for each in addresses)
    if not single:
        told = "、".join(addresses) or "(なし)", ", ".join(addresses) or "none"
        yield s.refuse(
            "art:5.2",
            why=Words(
                f"クライアントは IP アドレス一つごとに申し込みます。書かれているのは {told[0]}",
                f"a client is applied for by the single IP address; said are {told[1]}",
            ),
            place=place,
            remedy=Words("アドレスごとに分けて申し込んでください", "apply for each address by itself"),
            **more,
        )
        return
    ip = addresses[0]
    if ip_address(ip).version != 4 and not s.operator.designates(FAMILIES, "IPv6"):
        yield s.refuse(
            "art:5.2",
            why=Words(f"IPv6 の {ip} は指定されていません", f"IPv6 is not designated, so {ip} cannot be had"),
            place=place,
            remedy=Words("IPv4 アドレスを登録してください", "register an IPv4 address"),
            **{**more, "conventions": (how.pair, s.reading("operator-designated").pair)},
        )
    elif any(
        each.kind == "client" and each.id != but and text(each.body, "ip") == ip
        for each in own_contracts(s, customer, days)
    ):
        yield _twice(s, ip, place, part)
    elif others := _of_others(s, customer, ip, days):
        # By the terms each customer may register it; whose requests come from it nobody could tell.
        yield s.refer(
            "art:5.2",
            "art:1.1.t1",
            proposes=Verdict.ACCEPT,
            why=Words(
                f"{ip} は契約 {others[0]} も登録しています。どちらの要求か見分けられません",
                f"{ip} is registered by contract {others[0]} too; their requests cannot be told apart",
            ),
            place=place,
            **more,
        )
    else:
        yield s.accept(
            "art:5.2", "art:1.1.t1", why=Words(f"{ip} の端末を登録します", f"registers terminal {ip}"), **more
        )


def _of_others(s: Situation, customer: str, ip: str, days: Span) -> tuple[str, ...]:
    """Other customers' client contracts of that address on those days."""
    return tuple(
        each.id
        for each in s.contracts.values()
        if each.kind == "client"
        and each.customer != customer
        and text(each.body, "ip") == ip
        and days_of_use(each).overlaps(days)
    )


def _twice(s: Situation, ip: str, place: str, part: int | None) -> Finding:
    return s.refuse(
        "art:5.2",
        why=Words(f"{ip} はこの契約者がもう登録しています", f"{ip} is registered by this customer already"),
        place=place,
        remedy=Words("別の端末を登録してください", "register another terminal"),
        conventions=(s.reading("ao.client-ip").pair,),
        defects=s.defects("art:5.2"),
        part=part,
    )


def not_together(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 6.1: no proxy and group in use at one time (convention ao.exclusive-scope)."""
    exclusive = s.listed("exclusive_kinds")
    wanted = [
        (index, kind_of(each), days_wanted(asked, each, s), each.realm or "")
        for index, each in enumerate(asked.services)
        if kind_of(each) in exclusive
    ]
    clash = False
    for at, (index, kind, days, realm) in enumerate(wanted):
        for found in clashes(s, asked.by, kind, days, realm):
            clash = True
            yield _excluded(s, found, f"{place_of(index)}.kind", index)
        for _, other, span, its_realm in wanted[:at]:
            if other != kind and _meet(s, days, span, realm, its_realm):
                clash = True
                found = Words(f"{_name(s, other).ja}も申し込まれています", "both are applied for")
                yield _excluded(s, found, f"{place_of(index)}.kind", None)
    if wanted and not clash:
        yield s.accept("art:6.1", why=_APART, **_more(s))


def clashes(s: Situation, customer: str, kind: str, days: Span, realm: str, but: str = "") -> Iterator[Words]:
    """What a customer has that excludes a kind on those days."""
    others = set(s.listed("exclusive_kinds")) - {kind}
    for each in s.groups.get(customer, ()):
        if each.kind not in others or each.id == but:
            continue
        if _meet(s, days, days_of_use(each), realm, text(each.body, "realm")):
            name, last = _name(s, each.kind), days_of_use(each).last
            yield Words(
                f"{name.ja}の契約 {each.id} が{f' {last} の終わりまで' if last else ''}使われています",
                f"{name.en.lower()} contract {each.id} is in use{f' to the end of {last}' if last else ''}",
            )


def _meet(s: Situation, days: Span, others: Span, realm: str, its_realm: str) -> bool:
    """Whether two uses are at the same time, over what the operator takes that to mean."""
    how = s.reading("ao.exclusive-scope").value
    if how == "realm" and realm and its_realm and realm != its_realm:
        return False
    return how == "ever" or days.overlaps(others)


def _excluded(s: Situation, found: Words, place: str, part: int | None) -> Finding:
    return s.refuse(
        "art:6.1",
        why=Words(
            f"プロキシとグループは同時に使えません。{found.ja}",
            f"a proxy and a group cannot be in use at one time; {found.en}",
        ),
        place=place,
        remedy=Words(
            "どちらか一方にするか、終わった翌日から使ってください",
            "take one of them, or begin the day after the other has ended",
        ),
        part=part,
        **_more(s),
    )


def _more(s: Situation) -> dict[str, tuple[object, ...]]:
    how, ends = s.reading("ao.exclusive-scope"), s.reading("effect.time-of-day")
    return {"conventions": (how.pair, ends.pair), "defects": s.defects("art:6.1")}


def _name(s: Situation, kind: str) -> Words:
    return s.name("kinds", kind)


_APART = Words("プロキシとグループが重なりません", "no proxy and group are in use at one time")
