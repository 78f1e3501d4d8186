"""The supplementary provision of 2026-04-01: does the sandbox of a Web gateway from before go on as an option?"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from kitei.clauses.options import running
from kitei.desk import Finding, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.application import KeepSandbox
from kitei.services.secure_access.operation import Evaluate
from kitei.terms import carry_over, term_last_day
from kitei.values import Words, day_of

PATH = "suppl:2026-04-01.2"
SANDBOX = "web-sandbox"


def changes_on(s: Situation) -> date:
    """The day the sandbox became an option."""
    return next(each.on for each in s.edition.transitions if each.cite.path == PATH)


def is_of_before(s: Situation, contract: Contract) -> bool:
    """Whether a contract is one the transition is for: a Web gateway made by its day, with the sandbox of then."""
    return (
        contract.kind == s.edition.value("sandbox_transition_kind").text
        and contract.concluded_on < changes_on(s)
        and contract.body.get("sandbox_before") is not False
    )


def in_time(s: Situation, wish: Mapping[str, object]) -> bool:
    """Whether a wish came in the set manner by the last day, or was sent by then (convention sa.sandbox-transition)."""
    when = wish.get("received")
    if s.reading("sa.sandbox-transition").value == "sent":
        when = wish.get("sent") or when
    return (
        isinstance(when, str)
        and wish.get("manner", "set") == "set"
        and day_of(datetime.fromisoformat(when)) <= s.edition.value("sandbox_kept_by").day
    )


def keeps_sandbox(s: Situation, contract: Contract) -> bool:
    """Whether the transition carries a contract's sandbox on, by the end of the day."""
    wish = contract.body.get("sandbox_wish")
    said = "yes" if isinstance(wish, Mapping) and in_time(s, wish) else "no"
    if not is_of_before(s, contract):
        return False
    attributes = {"kind": contract.kind, "sandbox_said": said}
    return SANDBOX in carry_over(s.edition.transitions, attributes, contract.concluded_on, s.on).keeps


def has_sandbox(s: Situation, contract: Contract) -> bool:
    """Whether what passes a contract's proxy is inspected on the day, by an option taken or carried on."""
    taken = running(contract, SANDBOX, s.on)
    if any(each.name == SANDBOX for each in contract.options):
        return taken is not None and taken.added_on <= s.on
    return keeps_sandbox(s, contract)


def evaluated(asked: Evaluate, s: Situation) -> Iterator[Finding]:
    """It goes on with the wish in time; silence switches it off at the first hour of the day."""
    contract, on, how = s.contract(asked.contract), changes_on(s), s.reading("sa.sandbox-transition")
    more = {"conventions": (how.pair,), "defects": s.defects(PATH)}
    if s.on < on:
        yield s.refuse(PATH, why=Words(f"{on} からのことです", f"it is a matter of {on}"), place="at", **more)
    elif contract.kind != s.edition.value("sandbox_transition_kind").text:
        yield s.refuse(
            PATH,
            "art:6.2",
            why=Words(
                "経過措置もオプションも Web ゲートウェイの契約だけのものです",
                "transition and option alike are for Web gateway contracts alone",
            ),
            place="evaluate.contract",
            **more,
        )
    elif not is_of_before(s, contract):
        yield s.refuse(
            PATH,
            "art:9.2.2",
            why=Words(
                f"{contract.concluded_on} に成立した契約に、続けるサンドボックスはありません",
                f"a contract made on {contract.concluded_on} has no sandbox of before to keep",
            ),
            place="evaluate.contract",
            remedy=_APPLY,
            **more,
        )
    elif not keeps_sandbox(s, contract):
        until = s.edition.value("sandbox_kept_by").day
        yield s.refuse(
            PATH,
            "suppl:dates",
            "art:9.2.2",
            why=Words(
                f"続ける意思が {until} までに届いていないので、サンドボックスなしで契約が続きます",
                f"no wish to keep it arrived by {until}, so the contract goes on without the sandbox",
            ),
            remedy=_APPLY,
            **more,
        )
    else:
        yield _goes_on(s, on, (how.pair,))


def _goes_on(s: Situation, on: date, used: tuple[tuple[str, str], ...]) -> Finding:
    how = s.reading("term.month-arithmetic")
    last = term_last_day(on, s.number("sandbox_term_months"), how.value)
    return s.accept(
        PATH,
        "suppl:dates",
        "art:9.2.2",
        "art:9.3",
        why=Words(
            f"サンドボックスは {on} からオプションとして続き、最低利用期間は {last} まで",
            f"the sandbox goes on as an option from {on}, with a minimum term to {last}",
        ),
        dates=(("effective", on), ("term_end", last)),
        conventions=(*used, how.pair),
        defects=s.defects(PATH),
    )


_APPLY = Words("要るならオプションを申し込んでください", "apply for the option where it is wanted")


def wished(asked: KeepSandbox, s: Situation) -> Iterator[Finding]:
    """The wish itself: by the customer, in the set manner, arrived by the last day."""
    contract, how = s.contract(asked.contract), s.reading("sa.sandbox-transition")
    more = {"conventions": (how.pair,), "defects": s.defects(PATH)}
    until = s.edition.value("sandbox_kept_by").day
    if asked.by != contract.customer:
        yield s.refuse(
            PATH,
            why=Words(
                f"{asked.by} は契約 {contract.id} の契約者ではありません",
                f"{asked.by} is not the customer of contract {contract.id}",
            ),
            place="by",
        )
    if not is_of_before(s, contract):
        yield s.refuse(
            PATH,
            "art:6.2",
            why=Words(
                "続けるサンドボックスのある契約ではありません", "the contract has no sandbox of before"
            ),
            place="keep-sandbox.contract",
            **more,
        )
    if not in_time(s, wish_of(asked)):
        yield s.refuse(
            PATH,
            why=Words(
                f"定められた方法で {until} までに届いたものではありません",
                f"it did not come in the set manner by {until}",
            ),
            place="keep-sandbox.manner" if asked.manner != "set" else "at",
            remedy=_APPLY,
            **more,
        )
    yield s.accept(PATH, why=Words("続ける意思を受け取りました", "the wish to keep it is taken in"), **more)


def wish_of(asked: KeepSandbox) -> dict[str, str | None]:
    """A wish as the contract keeps it."""
    return {
        "received": asked.at.isoformat(),
        "sent": asked.sent_at.isoformat() if asked.sent_at else None,
        "manner": asked.manner,
    }
