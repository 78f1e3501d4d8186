"""A step that is due against an attack and cannot be taken, said once: on the contract, and so to everyone told of it."""

from kitei.ledger import Fact
from kitei.ledger.contracts import Contract
from kitei.office.floods.attacks import WITHHELD
from kitei.office.office import Office
from kitei.services.ddos.defending import CONTROLLER
from kitei.services.ddos.ladder import Withhold
from kitei.services.ddos.means import edition_on, means
from kitei.values import JsonObject


def withhold(office: Office, contract: Contract, due: Withhold) -> None:
    """Record it, with the provision by which functions are limited and that of the item."""
    today = office.today()
    edition, found = edition_on(today), means(contract, office.contracts(), today)
    paths = ("art:15.1", *(found.watch_paths[:1] if found else ()))
    body: JsonObject = {
        "attack": due.attack.id,
        "at": office.clock().isoformat(),
        "step": due.step,
        "target": due.attack.target,
        "most": due.most,
    }
    cites = tuple(str(edition.cite(path)) for path in paths)
    office.state([(f"contract:{contract.id}", Fact(WITHHELD, body, today, cites))], CONTROLLER)
