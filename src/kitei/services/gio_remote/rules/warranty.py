"""Articles 13(1), 16 and 17: what a customer is told beside a decision: whose amounts hold, and what is not promised."""

from collections.abc import Iterator

from kitei.clauses.acts import Act, ClaimCredit
from kitei.desk import Finding, Situation, Verdict
from kitei.services.gio_remote.rules.credits import CREDITS
from kitei.values import Words

NOT_PROMISED = ("art:16.1", "art:16.1.1", "art:16.1.2", "art:16.2", "art:16.2.1", "art:17.1", "art:17.2")


def amounts(asked: Act, s: Situation) -> Iterator[Finding]:
    """Art. 13.1: the amounts are those of Schedule 1, which are quoted to each customer."""
    yield s.confirm(_AMOUNTS, "art:13.1")


_AMOUNTS = Words(
    "料金の額は別紙 1 により、契約者ごとに示したものです",
    "amounts are those of Schedule 1, as quoted to the customer",
)


def not_promised(asked: Act, s: Situation) -> Iterator[Finding]:
    """Art. 16 and 17: told with an application, before it binds anyone."""
    yield s.confirm(_NOT_PROMISED, *NOT_PROMISED)


_NOT_PROMISED = Words(
    "いつも使えること、目的に合うことは保証せず、設定変更や回線の制限で切れたり限られたりすることがあります",
    "neither availability nor fitness is warranted, and a change of settings, another service or a restricted "
    "access may cut or limit it",
)


def not_always(asked: ClaimCredit, s: Situation) -> Iterator[Finding]:
    """Art. 16.1, item 1: what earns no credit was not promised either."""
    if any(finding.verdict is Verdict.REFUSE for _, finding in CREDITS.judged(asked, s)):
        yield s.confirm(_NOT_ALWAYS, "art:16.1", "art:16.1.1")


_NOT_ALWAYS = Words(
    "いつも使えるとは保証しておらず、減額は第 15 条によるものだけです",
    "that it can always be used is not warranted; credit is what art. 15 gives and no more",
)
