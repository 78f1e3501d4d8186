"""The verbs: apply, decide, conclude, publish, hear, close. Opens transactions and knows the day."""

from kitei.office.desk import Decided, Desk
from kitei.office.home import Home
from kitei.office.office import Office, Refusal

__all__ = ["Decided", "Desk", "Home", "Office", "Refusal"]
