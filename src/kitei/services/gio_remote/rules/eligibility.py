"""Article 6: L2TP on type A is for customers who hold an Authentication Outsource VPDN contract."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.notice import own_notice
from kitei.desk import Finding, Situation
from kitei.desk.operator import Holding
from kitei.ledger.contracts import Contract
from kitei.services.gio_remote.application import Apply, Beside, UseL2tp
from kitei.services.gio_remote.rules.batch import place_of
from kitei.values import Words

L2TP = "l2tp"


def is_vpdn(s: Situation, service: str, kind: str) -> bool:
    """Whether something that is held, or applied for, is the contract that L2TP takes."""
    return s.called("l2tp_service", service) is not None and s.called("l2tp_kind", kind) is not None


def vpdn_of(s: Situation, customer: str, on: date) -> Holding | None:
    """The VPDN contract a customer holds on a day, None where there is none."""
    for each in s.operator.holdings.get(customer, ()):
        if on in each.days and is_vpdn(s, each.service, str(each.attributes.get("kind", ""))):
            return each
    return None


def vpdn_beside(s: Situation, beside: tuple[Beside, ...], on: date) -> bool:
    """Whether a VPDN contract is applied for at the same time and takes effect no later."""
    return any(is_vpdn(s, each.service, each.kind) and (each.first or on) <= on for each in beside)


def l2tp_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 6.1: asked of a type A gateway, by a customer of VPDN; no other item ends a VPN at all."""
    how, when = s.reading("gra.l2tp"), s.reading("eligibility.when")
    day = max(asked.billing_start or s.on, s.on)
    for index, wanted in enumerate(asked.services):
        if not wanted.l2tp:
            continue
        place = f"{place_of(index)}.l2tp"
        if "gateway" not in wanted.kind or wanted.item != "type-a":
            own = ("art:2.1.t2",) if wanted.item == "type-b" else ("art:1.1.t2",)
            yield s.refuse(
                "art:6.1",
                *own,
                why=Words(
                    "L2TP を受けるのはタイプAのゲートウェイだけです", "only a type A gateway ends L2TP"
                ),
                place=place,
                remedy=Words("タイプAを申し込んでください", "apply for type A"),
                part=index,
            )
        elif vpdn_of(s, asked.by, day) is None and not vpdn_beside(s, asked.beside, day):
            yield s.refuse(
                "art:6.1",
                why=_NO_VPDN,
                place=place,
                remedy=_GET_VPDN,
                conventions=(how.pair, when.pair),
                defects=s.defects("art:6.1"),
                part=index,
            )
        else:
            yield s.accept(
                "art:6.1",
                why=Words(f"{asked.by} は VPDN の契約者です", f"{asked.by} is a customer of VPDN"),
                conventions=(how.pair, when.pair),
                defects=s.defects("art:6.1"),
                part=index,
            )


_TYPE_A_ALONE = Words("L2TP を受けるのはタイプAのゲートウェイだけです", "only a type A gateway ends L2TP")
_NO_VPDN = Words(
    "IIJ認証アウトソースサービス/VPDN の契約がありません",
    "the customer has no Authentication Outsource VPDN contract",
)
_GET_VPDN = Words("先に VPDN を契約してください", "contract for VPDN first")


def l2tp_wanted(asked: UseL2tp, s: Situation) -> Iterator[Finding]:
    """Art. 6.1 for a gateway there is. Giving L2TP up takes nothing."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:6.1", contract, asked)
    if not asked.use:
        yield s.confirm(_GIVEN_UP, "art:6.1")
    elif contract.kind != "gateway" or contract.item != "type-a":
        own = "art:2.1.t2" if contract.item == "type-b" and contract.kind == "gateway" else "art:1.1.t2"
        yield s.refuse("art:6.1", own, why=_TYPE_A_ALONE, place="use-l2tp.contract")
    else:
        yield l2tp_served(s, contract)


_GIVEN_UP = Words("L2TP を使うのをやめます", "L2TP is given up")


def l2tp_served(s: Situation, contract: Contract) -> Finding:
    """Art. 6.1 for a running gateway: served only while VPDN is held (convention gra.l2tp)."""
    how = s.reading("gra.l2tp")
    more = {"conventions": (how.pair,), "defects": s.defects("art:6.1")}
    once = how.value == "once" and contract.body.get(L2TP) is True
    if once or vpdn_of(s, contract.customer, s.on) is not None:
        return s.accept(
            "art:6.1",
            why=Words(
                f"{contract.customer} は VPDN の契約者です", f"{contract.customer} is a customer of VPDN"
            ),
            **more,
        )
    return s.refuse("art:6.1", why=_NO_VPDN, place="tunnel", remedy=_GET_VPDN, **more)
