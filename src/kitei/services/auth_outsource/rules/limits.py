"""Articles 12 to 14: what is not warranted, what may be limited, and that neither earns a credit."""

from collections.abc import Iterator

from kitei.clauses.credits import Credits
from kitei.clauses.notice import own_notice, still_in_force
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.auth_outsource.application import ClaimWarranty
from kitei.services.auth_outsource.edition import TERMS
from kitei.services.auth_outsource.operation import ExplainOutage, LimitFunction
from kitei.services.auth_outsource.rules.fees import monthly
from kitei.values import Words


def not_warranted(asked: ClaimWarranty, s: Situation) -> Iterator[Finding]:
    """Art. 13.1: neither availability nor completeness, accuracy or fitness is warranted."""
    yield from own_notice(s, "art:13.1", s.contract(asked.contract), asked)
    choice = s.choice("not_warranted", asked.of)
    if choice is not None:
        yield s.refuse(
            "art:13.1",
            choice.cite.path,
            why=Words(f"{choice.name.ja}は保証されません", f"{choice.name.en} is not warranted"),
            place="claim-warranty.warranty",
            remedy=Words(
                "使えなかった時間の減額は第 12 条で請求できます",
                "a credit for time without service can be claimed under art. 12",
            ),
        )
        return
    yield s.refuse(
        "art:13.1",
        why=Words(f"{asked.of} を保証した条項はありません", f"no provision warrants {asked.of}"),
        place="claim-warranty.warranty",
    )


def caps_set(s: Situation) -> dict[str, int]:
    """The caps that the operator has published, by name."""
    return {
        each.slug: cap
        for each in s.edition.value("caps").choices
        if (cap := s.operator.number(each.slug)) is not None
    }


def limited(asked: LimitFunction, s: Situation) -> Iterator[Finding]:
    """Art. 14.1 and 14.2: functions may be limited by other services' use, and by caps that are published."""
    contract, limit = s.contract(asked.contract), s.choice("limits", asked.limit)
    yield from still_in_force(s, "art:14.1", contract)
    if limit is None or limit.cite.path not in ("art:14.1", "art:14.2"):
        yield s.refuse(
            "art:14.1",
            "art:14.2",
            why=Words(
                f"{asked.limit} は機能を限るわけになりません", f"{asked.limit} is no ground for a limit"
            ),
            place="limit-function.limit",
        )
        return
    if limit.cite.path == "art:14.2" and not caps_set(s):
        yield s.refuse(
            "art:14.2",
            why=Words("示された上限がありません", "no cap has been published"),
            place="limit-function.limit",
            remedy=Words("先に上限を定めて示してください", "set and publish a cap first"),
            conventions=(s.reading("operator-designated").pair,),
        )
        return
    by = asked.service or ""
    yield s.accept(
        limit.cite.path,
        why=Words(
            f"{limit.name.ja}によって機能が限られることがあります {by}".rstrip(),
            f"functions may be limited by {limit.name.en} {by}".rstrip(),
        ),
    )


def explained(asked: ExplainOutage, s: Situation) -> Iterator[Finding]:
    """Art. 5.7, 12.1 and 14: an outage by an allowed limit is not the operator's doing."""
    contract, limit = s.contract(asked.contract), s.choice("limits", asked.limit)
    outages = {str(each["id"]) for each in contract.outages}
    if asked.outage not in outages:
        yield s.refuse(
            "art:12.1",
            why=Words(
                f"利用不能 {asked.outage} の記録がありません", f"no outage {asked.outage} is on record"
            ),
            place="explain-outage.outage",
            remedy=Words("、".join(sorted(outages)), ", ".join(sorted(outages))),
        )
    elif limit is None:
        yield s.refuse(
            "art:14.1",
            why=Words(f"{asked.limit} という制限はありません", f"there is no limit {asked.limit}"),
            place="explain-outage.limit",
        )
    else:
        yield s.accept(
            "art:12.1",
            limit.cite.path,
            why=Words(f"{limit.name.ja}によるものです", f"it comes of {limit.name.en}"),
        )


def _allowed(contract: Contract) -> tuple[tuple[str, ...], Words] | None:
    """The limits that a contract's outages were found to come of."""
    limits = TERMS.editions[-1].value("limits")
    slugs = dict.fromkeys(str(each["limit"]) for each in contract.outages if each.get("limit"))
    found = [limits[slug] for slug in slugs]
    if not found:
        return None
    return tuple(dict.fromkeys(each.cite.path for each in found)), Words(
        "。" + "、".join(each.name.ja for each in found) + "は許された制限です",
        "; " + ", ".join(each.name.en for each in found) + " is an allowed limit",
    )


CREDITS = Credits(monthly=monthly, excuse=_allowed)
