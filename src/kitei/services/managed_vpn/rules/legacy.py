"""The supplementary provisions of 2010: maintenance type 1 was abolished, and its contracts carried over."""

from collections.abc import Iterator

from kitei.clauses.settling import term_path
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract, Quote
from kitei.services.managed_vpn.application import ClaimOldPrice, KeepMaintenance
from kitei.services.managed_vpn.operation import Evaluate
from kitei.terms import Standing, Transition, carry_over
from kitei.values import Words

KEPT = ("maintenance-price", "terms")


def standing_of(s: Situation, contract: Contract) -> Standing:
    """What a contract's maintenance and device type have become by the day, and what it keeps."""
    attributes = {key: str(contract.body.get(key, "")) for key in ("maintenance", "device_type")}
    return carry_over(s.edition.transitions, attributes, contract.concluded_on, s.on)


def kept_price(s: Situation, contract: Contract) -> Quote | None:
    """The old maintenance price where a transition keeps it, None where none is kept or known."""
    standing = standing_of(s, contract)
    changed = term_path(s, contract.term) == "art:5.2"
    if changed and s.reading("mvp.legacy-price").value == "lost-on-device-change":
        return None
    if not any(each in KEPT for each in standing.keeps):
        return None
    return s.quote("maintenance", contract.customer, contract)


def about_type(s: Situation, maintenance: str) -> tuple[Transition, ...]:
    """The transitions up to the day that speak of a maintenance type."""
    return tuple(
        each
        for each in s.edition.transitions
        if each.on <= s.on
        and maintenance in (each.where.get("maintenance"), each.withdraws.get("maintenance"))
    )


def evaluated(asked: Evaluate, s: Situation) -> Iterator[Finding]:
    """What the transitions have made of a contract, at what maintenance price."""
    contract = s.contract(asked.contract)
    standing = standing_of(s, contract)
    before = str(contract.body.get("maintenance", ""))
    if contract.term is not None:
        yield s.accept(
            term_path(s, contract.term),
            why=Words(
                f"最低利用期間は {contract.term.last} まで", f"its minimum term runs to {contract.term.last}"
            ),
            dates=(("term_end", contract.term.last),),
        )
    if not standing.cites:
        yield s.accept(
            "art:4.1",
            why=Words("経過措置に当たるものはありません", "no transitional provision applies"),
        )
        return
    carried = tuple(cite.path for cite in standing.cites)
    gone = tuple(each.cite.path for each in about_type(s, before) if each.withdraws)
    price, how = kept_price(s, contract), s.reading("mvp.legacy-price")
    yield s.accept(
        *dict.fromkeys((*gone, *carried)),
        why=Words(
            f"保守種別 {before} の契約は {standing.attributes['maintenance']} として、従前の保守料金で続きます",
            f"made with maintenance {before}, it goes on as {standing.attributes['maintenance']} at its old price",
        ),
        amounts=(("maintenance", price.amount),) if price else (),
        missing=() if price else ("maintenance",),
        conventions=(how.pair,),
    )


def kept_maintenance(asked: KeepMaintenance, s: Situation) -> Iterator[Finding]:
    """May a contract stay on an abolished type?"""
    contract = s.contract(asked.contract)
    standing = standing_of(s, contract)
    paths = tuple(each.cite.path for each in about_type(s, asked.maintenance)) or ("art:4.1",)
    if standing.attributes.get("maintenance") == asked.maintenance:
        yield s.accept(
            *(cite.path for cite in standing.cites) if standing.cites else paths,
            why=Words(
                f"{s.on} にはまだ {asked.maintenance} のままです",
                f"on {s.on} it is still on {asked.maintenance}",
            ),
        )
    else:
        yield s.refuse(
            *paths,
            why=Words(
                f"{asked.maintenance} は廃止され、この契約は {standing.attributes['maintenance']} です",
                f"{asked.maintenance} was abolished, and this contract is on {standing.attributes['maintenance']}",
            ),
            place="keep-maintenance.maintenance",
        )


def old_price(asked: ClaimOldPrice, s: Situation) -> Iterator[Finding]:
    """Does a contract keep its old maintenance price?"""
    contract = s.contract(asked.contract)
    standing, how = standing_of(s, contract), s.reading("mvp.legacy-price")
    keeps = [each for each in s.edition.transitions if each.keeps and each.on <= s.on]
    if any(each in KEPT for each in standing.keeps):
        price = kept_price(s, contract)
        yield s.accept(
            *(cite.path for cite in standing.cites),
            why=Words("従前の保守料金が続きます", "the old maintenance price goes on"),
            amounts=(("maintenance", price.amount),) if price else (),
            missing=() if price else ("maintenance",),
            conventions=(how.pair,),
        )
    else:
        yield s.refuse(
            *(each.cite.path for each in keeps) if keeps else ("art:4.1",),
            why=Words(
                f"{contract.concluded_on} に成立したこの契約に従前の料金はありません",
                f"made on {contract.concluded_on}, this contract has no old price to keep",
            ),
            place="claim-old-price.contract",
            conventions=(how.pair,),
        )
