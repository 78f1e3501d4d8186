"""A last day of Secure Access's own: until when the sandbox of before can be kept."""

from collections.abc import Iterator

from kitei.desk import Deadline, Situation
from kitei.ledger.contracts import Contract
from kitei.services.secure_access.rules.transition import PATH, is_of_before
from kitei.values import Words


def deadlines(contract: Contract, s: Situation) -> Iterator[Deadline]:
    """Of a Web gateway made before: the wish to keep its sandbox, for as long as it was not said."""
    if is_of_before(s, contract) and not contract.body.get("sandbox_wish"):
        yield Deadline(
            s.edition.value("sandbox_kept_by").day,
            "sandbox-kept",
            contract.id,
            contract.customer,
            Words(
                "サンドボックスを続ける意思を示す最後の日",
                "the last day to say that the sandbox is to be kept",
            ),
            s.texts((PATH,)),
            loses="right",
        )
