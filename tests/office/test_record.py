"""A decision is kept whole: what is read back is what was decided."""

import json
from pathlib import Path

from kitei.office import Office
from kitei.office.orderbook import read_book, take_book
from kitei.office.record import decision_json, decision_of

BOOK = Path(__file__).parents[2] / "examples" / "order-book"


def test_every_decision_of_an_order_book_is_read_back_as_it_was(office: Office) -> None:
    outcomes = take_book(office, read_book(BOOK, office))
    kinds = set()
    for outcome in outcomes:
        decision = outcome.decided.decision
        assert decision_of(json.loads(json.dumps(decision_json(decision)))) == decision
        kinds |= {
            name for f in decision.findings for name in ("dates", "charges", "missing") if getattr(f, name)
        }
        assert office.decided(outcome.decided.application).decision == decision
    assert kinds >= {"dates", "charges"}, "the book says something of each kind"
