"""The verbs: apply, decide, conclude, publish, hear, close. Opens transactions and knows the day."""

from kitei.office.home import Home
from kitei.office.office import Decided, Office, Refusal

__all__ = ["Decided", "Home", "Office", "Refusal"]
