"""Articles 1, 2, 7(1) and 14(2) at the authentication devices: is a request served, and why not?"""

from collections.abc import Iterator

from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.contract import days_of_use, number, terminator_names, text
from kitei.services.auth_outsource.operation import NetworkEvent
from kitei.services.auth_outsource.rules.limits import caps_set
from kitei.services.auth_outsource.rules.lines import fits, held_by, is_called
from kitei.terms import Choice, plain_name
from kitei.values import Words

# What was there before a request, by the cap it counts towards.
COUNTED = {
    "max-sessions-per-realm": "sessions",
    "max-sessions-per-contract": "sessions",
    "max-sessions-per-user": "user_sessions",
    "max-requests-per-second": "requests",
    "max-octets-per-month": "octets",
    "max-octets-per-user": "user_octets",
    "max-traffic-mbps": "traffic_mbps",
}

_OCTETS = ("max-octets-per-month", "max-octets-per-user")


def in_use(s: Situation, *kinds: str) -> tuple[Contract, ...]:
    """The contracts of some kinds that are in force and in use on the day."""
    return tuple(
        each
        for each in s.contracts.values()
        if each.kind in kinds and each.is_in_force(s.on) and s.on in days_of_use(each)
    )


def realm_of(user: str | None) -> str:
    """The realm a user names, '' where none is named."""
    return user.rpartition("@")[2].lower() if user and "@" in user else ""


def meant(asked: NetworkEvent, s: Situation, kind: str) -> tuple[Contract, ...]:
    """The contracts of a kind that an event may be about: the one named, else those of the realm, else all.

    Where a contract of another kind is named, those of its customer.
    """
    there = in_use(s, kind)
    if asked.contract is not None:
        named = s.contract(asked.contract)
        own = [each for each in there if each.customer == named.customer]
        return tuple(each for each in own if named.kind != kind or each.id == named.id)
    realm = realm_of(asked.user)
    designated = tuple(each for each in there if realm and text(each.body, "realm") == realm)
    own = [each for each in there if each.customer == asked.by]
    return designated or tuple(own) or there


def requested(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1 for a login: from a registered terminal, to a group or a proxy of the same customer."""
    if asked.event != "access-request":
        return
    terminals = [
        each for each in in_use(s, "client") if asked.source is None or text(each.body, "ip") == asked.source
    ]
    if asked.contract is not None:
        named = s.contract(asked.contract)
        terminals = [each for each in terminals if each.customer == named.customer]
        if not named.is_in_force(s.on):
            yield s.refuse(
                s.lists["kinds"][named.kind].cite.path,
                why=Words(f"契約 {named.id} は終わっています", f"contract {named.id} is not in force"),
                place="network-event.contract",
            )
            return
    if not terminals:
        yield s.refuse(
            "art:1.1.t1",
            "art:5.2",
            why=Words(
                f"{asked.source} は登録された端末ではありません", f"{asked.source} is no registered terminal"
            ),
            place="network-event.source",
            remedy=Words("クライアントを申し込んでください", "apply for a client"),
        )
        return
    owners = {each.customer for each in terminals}
    backs = [each for each in in_use(s, "group", "proxy") if each.customer in owners]
    realm = realm_of(asked.user)
    fitting = [each for each in backs if not realm or text(each.body, "realm") in ("", realm)]
    if not backs:
        yield s.refuse(
            "art:5.1",
            "art:1.1.t1",
            why=Words(
                "この端末とともに使うグループもプロキシもありません",
                "there is no group or proxy to use with this terminal",
            ),
            place="network-event.source",
        )
    elif not fitting:
        yield s.refuse(
            "art:5.6.1",
            why=Words(
                f"レルム {realm} は指定されていません", f"realm {realm} was not designated by this customer"
            ),
            place="network-event.user",
            remedy=Words("レルムを指定してください", "designate the realm"),
        )
    else:
        yield from _answered(asked, fitting[0], terminals[0], s)


def _answered(asked: NetworkEvent, back: Contract, terminal: Contract, s: Situation) -> Iterator[Finding]:
    group = back.kind == "group"
    path = "art:1.1.t4" if group else "art:1.1.t3"
    refused: Words | None = None
    paths: tuple[str, ...] = (path,)
    if group and asked.registered is False:
        refused = Words(
            f"{asked.user} はデータベースに登録されていません", f"{asked.user} is not in the database"
        )
    elif group and asked.credentials is False:
        refused = Words(f"{asked.user} の認証に失敗しました", f"{asked.user} did not prove who it is")
    elif not group and asked.answer == "reject":
        refused = Words("契約者の認証装置が拒みました", "the customer's authentication device rejected it")
    elif not group and asked.answer == "none":
        paths = (path, "art:5.6.5")
        refused = Words(
            "契約者の認証装置が答えません", "the customer's authentication device does not answer"
        )
    if refused is not None:
        yield s.refuse(*paths, why=refused, place="network-event.user")
        return
    ip = text(terminal.body, "ip")
    yield s.accept(
        path,
        "art:1.1.t1",
        why=Words(f"{ip} からの要求を当社が認証します", f"a request from {ip}, authenticated by the operator")
        if group
        else Words(
            f"{ip} からの要求を契約者の認証装置へ転送します",
            f"a request from {ip}, forwarded to the customer's authentication device",
        ),
        defects=s.defects(path),
    )


def dialled(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1 and 2.1 for a VPDN request: over a line of the item's kind, to the customer's network."""
    if asked.event != "vpdn-request":
        return
    there = meant(asked, s, "vpdn")
    if not there:
        yield s.refuse(
            "art:1.1.t2",
            why=Words("この要求に応える VPDN の契約がありません", "no VPDN contract serves this request"),
            place="network-event.line",
        )
        return
    judged = [tuple(_over_line(asked, each, s)) for each in there]
    served = [found for found in judged if all(each.verdict is not Verdict.REFUSE for each in found)]
    yield from (served or judged)[0]
    if served:
        yield from _terminated(asked, there[judged.index(served[0])], s)


def _over_line(asked: NetworkEvent, contract: Contract, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, table: only lines of the item's service, in its class or on its plans."""
    item, realm = s.choice("items", contract.item), text(contract.body, "realm")
    if item is None:
        why = Words(f"{contract.id} の品目が記録されていません", f"the item of {contract.id} is not recorded")
        yield s.refer("art:1.1.t2", "art:2.1", proposes=Verdict.ACCEPT, why=why)
        return
    mobile = s.edition.value("lines")[item.text("line")]
    path = mobile.text("served")
    if realm and realm_of(asked.user) not in ("", realm):
        yield s.refuse(
            "art:5.6.1",
            "art:1.1.t2",
            why=Words(
                f"{asked.user} のレルムは指定されていません", f"the realm of {asked.user} was not designated"
            ),
            place="network-event.user",
        )
        return
    more = {"place": "network-event.line", "defects": s.defects(path)}
    found = line_meant(s, asked.line) if asked.line is not None else (mobile, "")
    if found is None or found[0].slug != mobile.slug:
        yield s.refuse(
            path,
            why=Words(
                f"{item.name.ja}は {asked.line} からの要求に応えません",
                f"{item.name.en} does not serve requests from {asked.line}",
            ),
            remedy=Words(f"{mobile.name.ja}から接続してください", f"connect from {mobile.name.en}"),
            **more,
        )
        return
    fit = _line_fits(asked.plan or found[1], contract, mobile, s) if asked.line is not None else True
    told = asked.plan or found[1] or asked.line or mobile.name.ja
    if fit is False:
        yield s.refuse(
            path,
            mobile.text("held"),
            why=Words(
                f"{mobile.name.ja}の {told} からの要求には応えません",
                f"requests from {mobile.name.en} {told} are not served",
            ),
            **more,
        )
    elif fit is None:
        why = Words(
            f"{mobile.name.ja}の区分かプランが記録されていません",
            f"class or plan of the {mobile.name.en} line is not recorded",
        )
        yield s.refer(path, "art:1.1.t2", proposes=Verdict.ACCEPT, why=why, **more)
    else:
        why = Words(
            f"{mobile.name.ja}からの要求を、契約者の指定したネットワークへつなぎます",
            f"a request from {mobile.name.en}, joined to the network the customer designated",
        )
        yield s.accept("art:1.1.t2", path, why=why, **more)


def line_meant(s: Situation, line: str) -> tuple[Choice, str] | None:
    """A mobile service and what else a text says of the line (`'… class I'`), None where it names none."""
    plain = plain_name(line)
    for mobile in s.edition.value("lines").choices:
        for name in (mobile.name.ja, mobile.name.en, mobile.slug, *mobile.aliases):
            if plain.startswith(plain_name(name)):
                return mobile, plain.removeprefix(plain_name(name)).strip("()[]/:,、・-")
    return None


def _line_fits(told: str, contract: Contract, mobile: Choice, s: Situation) -> bool | None:
    """Whether a line is of the class or plan, as the request says, else as the customer's lines are recorded."""
    if told:
        return s.called(mobile.text("fits"), told) is not None
    held = [
        each for each in held_by(s, contract.customer) if s.on in each.days and is_called(s, each, mobile)
    ]
    judged = [fits(s, each, mobile) for each in held]
    return True if True in judged else None if None in judged or not judged else False


def _terminated(asked: NetworkEvent, contract: Contract, s: Situation) -> Iterator[Finding]:
    """Art. 8.2.1: with the option connections are spread over the terminators that are up, without it not."""
    told = asked.terminators or terminator_names(contract.body)
    down = {plain_name(each) for each in asked.down}
    up = [each for each in told if plain_name(each) not in down]
    balanced = running(contract, "load-balancing", s.on) is not None
    usable = up if balanced else up[:1]
    if told and not usable:
        yield s.refuse(
            "art:5.6.3",
            "art:1.1.t2",
            why=Words("終端装置が答えません", "no terminating device answers"),
            place="network-event.down",
        )
    elif balanced:
        names = "、".join(usable) or "すべての終端装置", ", ".join(usable) or "all terminating devices"
        yield s.accept(
            "art:8.2.1.a2",
            "art:8.2.1",
            why=Words(f"{names[0]} に振り分けます", f"spread over {names[1]}"),
        )
    elif len(told) > 1:
        yield s.accept(
            "art:1.1.t2",
            "art:8.2.1",
            why=Words(
                f"負荷分散オプションがないので、すべて {usable[0]} へつなぎます",
                f"without load balancing all go to {usable[0]}",
            ),
        )


def within_caps(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 14.2: a cap that the operator has published keeps out what would exceed it. It earns no credit."""
    if asked.event == "account-created":
        return
    for slug, cap in caps_set(s).items():
        there = getattr(asked, COUNTED[slug])
        if there is None:
            continue
        # Sessions and requests are counted before this one; octets are used up once they are there.
        more = 0 if slug == "max-traffic-mbps" else 1 if slug in _OCTETS else asked.times
        over = there + more > cap
        name = s.name("caps", slug)
        if over:
            yield s.refuse(
                "art:14.2",
                why=Words(
                    f"{name.ja}の上限 {cap} に達しています({there})。許された制限で、減額はありません",
                    f"{name.en} are at the cap of {cap} ({there}); an allowed limit, which earns no credit",
                ),
                place=f"network-event.{COUNTED[slug]}",
            )
        else:
            yield s.accept("art:14.2", why=Words(f"{name.ja} {there} / {cap}", f"{name.en}: {there} / {cap}"))


def grown(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 7.1.1: a group's database holds no more accounts than were contracted."""
    if asked.event != "account-created":
        return
    groups = meant(asked, s, "group")
    if not groups:
        yield s.refuse(
            "art:1.1.t4",
            why=Words("データベースを持つグループの契約がありません", "no group contract has a database"),
            place="network-event.contract",
        )
        return
    most = number(groups[0].body, "accounts")
    held = asked.in_use
    if most is None or held is None:
        yield s.refer(
            "art:7.1.1",
            proposes=Verdict.ACCEPT,
            why=Words("契約の数か今の数が分かりません", "the contracted or the present number is unknown"),
            place="network-event.in_use",
        )
    elif held + asked.times > most:
        yield s.refuse(
            "art:7.1.1",
            "art:1.1.t4",
            why=Words(
                f"契約は {most} アカウントで、{held} が使われています",
                f"{most} accounts are contracted, and {held} are in use",
            ),
            place="network-event.in_use",
            remedy=Words("アカウント数の変更を申し込んでください", "ask for a change of accounts"),
        )
    else:
        yield s.accept(
            "art:7.1.1",
            "art:1.1.t4",
            why=Words(f"{most} のうち {held + asked.times} になります", f"{held + asked.times} of {most}"),
        )
