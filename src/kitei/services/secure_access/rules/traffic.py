"""Articles 1, 2 and 9(2) at work: what a network that keeps to the contracts carries, lets in and inspects."""

from collections.abc import Iterator

from kitei.clauses.notice import still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.operation import NetworkEvent
from kitei.services.secure_access.rules.accounts import held_by
from kitei.services.secure_access.rules.batch import one_of
from kitei.services.secure_access.rules.eligibility import backbone_of, qualifies
from kitei.services.secure_access.rules.transition import has_sandbox
from kitei.values import Words

SHARED = "shared"
FIREWALLS = ("firewall-1", "firewall-2")


def served(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: a contract is served while it is in force, and what its kind is for."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:1.1", contract)
    fit = {
        "web": ("web-gateway",),
        "file": ("web-gateway",),
        "inspected": ("web-gateway",),
        "allowed": FIREWALLS,
        "appliance": FIREWALLS,
        "tunnel": ("remote-connect",),
        "reaches": ("remote-connect",),
        "toward": ("private-connect",),
        "megabits": ("private-connect",),
    }
    for key, kinds in fit.items():
        if getattr(asked, key) is not None and contract.kind not in kinds:
            own = s.choice("kinds", contract.kind)
            name = s.name("kinds", contract.kind)
            yield s.refuse(
                own.cite.path if own else "art:1.1",
                why=Words(f"{name.ja}のすることではありません", f"this is not what {name.en} does"),
                place=f"network-event.{key}",
                remedy=one_of([each for each in s.edition.value("kinds").choices if each.slug in kinds]),
            )


def proxied(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, Web gateway, and 9.2(2): the proxy fetches; with the option it inspects, without it never."""
    contract = s.contract(asked.contract)
    if contract.kind != "web-gateway":
        if asked.file is not None:
            yield s.confirm(_NO_PROXY, "art:9.2.2")
        return
    if asked.web is not None:
        yield s.accept(
            "art:1.1.t1", why=Words(f"{asked.web} を代理して取ります", f"{asked.web} is fetched by the proxy")
        )
    if asked.file is None and asked.inspected is None:
        return
    file, due = asked.file or "?", has_sandbox(s, contract)
    if asked.inspected is not None and asked.inspected is not due:
        yield s.refuse(
            "art:9.2.2",
            why=Words(
                f"{file} はサンドボックスで調べるはずです"
                if due
                else f"オプションのない {file} が調べられました",
                f"{file} was to be inspected" if due else f"{file} was inspected without the option",
            ),
            place="network-event.inspected",
        )
        return
    if due:
        why = Words(f"{file} をサンドボックスで調べます", f"{file} is inspected in the sandbox")
    else:
        why = Words(
            f"オプションがないので、{file} はサンドボックスへ送られません",
            f"without the option {file} is not sent to the sandbox",
        )
    yield s.accept("art:9.2.2", "art:1.1.t1", why=why)


_NO_PROXY = Words("プロキシのない種類です", "this kind has no proxy whose traffic could be inspected")


def leaves(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 9.2(1): from a dedicated address only its customer leaves, and who has one leaves from it."""
    whose, contract = asked.egress_of, s.contract(asked.contract)
    if whose is None:
        return
    own = has_address(s, contract)
    more = {"place": "network-event.egress_of", "defects": s.defects("art:9.2.1")}
    if whose == SHARED and own:
        yield s.refuse(
            "art:9.2.1",
            why=Words("専用のアドレスから出るはずです", "it has an address of its own to leave from"),
            **more,
        )
    elif whose == SHARED:
        yield s.confirm(_SHARED, "art:9.2.1")
    elif whose != contract.customer:
        yield s.refuse(
            "art:9.2.1",
            why=Words(
                f"{whose} の専用のアドレスから {contract.customer} の通信は出られません",
                f"traffic of {contract.customer} never leaves from the address dedicated to {whose}",
            ),
            **more,
        )
    elif any(has_address(s, each) for each in held_by(s, whose)):
        yield s.accept(
            "art:9.2.1", why=Words(f"{whose} だけの専用のアドレスです", f"the address is {whose}'s alone")
        )
    else:
        yield s.refuse(
            "art:9.2.1",
            why=Words(f"{whose} に専用のアドレスはありません", f"{whose} has no dedicated address"),
            **more,
        )


_SHARED = Words("共用のアドレスから出ます", "it leaves from a shared address")


def has_address(s: Situation, contract: Contract) -> bool:
    """Whether a contract has an address of its own on the day."""
    taken = running(contract, "dedicated-ip", s.on)
    return taken is not None and taken.added_on <= s.on


def filtered(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, firewalls: a flow passes or is stopped by the rules; type 2 does so on Fortinet's appliance."""
    contract = s.contract(asked.contract)
    if contract.kind not in FIREWALLS:
        return
    path = "art:1.1.t2" if contract.kind == "firewall-1" else "art:1.1.t3"
    if asked.allowed is True:
        yield s.accept(path, why=Words("規則が許すので通します", "its rules allow it, so it passes"))
    elif asked.allowed is False:
        yield s.refuse(
            path,
            why=Words("規則が拒むので止めます", "its rules deny it, so it is stopped"),
            place="network-event.allowed",
        )
    if asked.appliance is None:
        return
    if contract.kind == "firewall-2" and asked.appliance != "fortinet":
        yield s.refuse(
            path,
            why=Words(
                "タイプ2 は Fortinet の仮想アプライアンスで働きます",
                "type 2 works on a virtual appliance made by Fortinet",
            ),
            place="network-event.appliance",
        )
    else:
        yield s.accept(path, why=Words("アクセスの制御が働いています", "access control is at work"))


def connected(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, remote connect, and 2.1, type A: users come by WireGuard, and to the customer's own services."""
    contract = s.contract(asked.contract)
    if contract.kind != "remote-connect" or (asked.tunnel is None and asked.reaches is None):
        return
    tunnels = s.edition.value("tunnels")
    if asked.tunnel is not None and s.choice("tunnels", asked.tunnel) is None:
        yield s.refuse(
            "art:2.1.t2",
            why=Words(f"{asked.tunnel} では入れません", f"nobody comes in by {asked.tunnel}"),
            place="network-event.tunnel",
            remedy=one_of(tunnels.choices),
            defects=s.defects("art:2.1.t2"),
        )
    elif asked.tunnel is not None:
        yield s.accept("art:2.1.t2", "art:10.1", why=tunnels.choices[0].name, defects=s.defects("art:2.1.t2"))
    there = {each.kind for each in held_by(s, contract.customer) if qualifies(s, each.kind)}
    wanted = {asked.reaches} if asked.reaches is not None else there
    if there & wanted:
        yield s.accept(
            "art:1.1.t5",
            why=Words(
                "契約者のゲートウェイやファイアウォールへ届きます",
                "it reaches the customer's gateway or firewall",
            ),
            defects=s.defects("art:1.1.t5"),
        )
    else:
        name = s.name("kinds", asked.reaches or "")
        yield s.refuse(
            "art:1.1.t5",
            "art:6.1",
            why=Words(
                f"{contract.customer} に届く先({name.ja})がありません",
                f"{contract.customer} has nothing there to reach ({name.en})",
            ),
            place="network-event.reaches",
            defects=s.defects("art:1.1.t5"),
        )


def joined(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 1.1, private connect, and 2.1, 1 Gbps: both ways with the Private Backbone, best effort up to the ceiling."""
    contract = s.contract(asked.contract)
    if contract.kind != "private-connect" or (asked.toward is None and asked.megabits is None):
        return
    if backbone_of(s, contract.customer) is None:
        yield s.refuse(
            "art:2.1.t1.a2",
            "art:1.1.t4",
            why=Words(
                "つなぐ先のプライベートバックボーンサービスの記録がありません",
                "no Private Backbone service to be joined with is on record",
            ),
            place="network-event.contract",
            defects=s.defects("art:2.1.t1.a2"),
        )
    else:
        yield s.accept("art:1.1.t4", why=Words("どちらからも通ります", "it is carried both ways"))
    item = s.choice("items", "1gbps")
    if asked.megabits is None or item is None:
        return
    most = item.number("megabits")
    told = Words(f"{asked.megabits} Mbps に {most} Mbps まで", f"{asked.megabits} Mbps of at most {most}")
    if asked.megabits > most:
        yield s.refuse("art:2.1.t1", why=told, place="network-event.megabits")
    else:
        yield s.accept("art:2.1.t1", why=told)


def limited(asked: NetworkEvent, s: Situation) -> Iterator[Finding]:
    """Art. 15.2 and 16: what the customer accepted may keep it from working, and nobody is to blame for that."""
    if asked.limited_by is None:
        return
    choice = s.choice("risks", asked.limited_by)
    if choice is None:
        yield s.refuse(
            "art:16.1",
            why=Words(
                f"{asked.limited_by} は承知されたことにありません", f"{asked.limited_by} was not accepted"
            ),
            place="network-event.limited_by",
            remedy=one_of(s.edition.value("risks").choices),
        )
        return
    yield s.refuse(
        choice.cite.path,
        why=Words(
            f"{choice.name.ja}のため通りませんが、当社の不履行ではありません",
            f"it is not carried, by what was accepted and is no default of the operator: {choice.name.en}",
        ),
        place="network-event.limited_by",
    )
