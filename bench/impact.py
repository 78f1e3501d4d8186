"""What a new edition would change, asked of 100,000 contracts: from opening the ledger to the last answer."""

import shutil
import tempfile
import time
from datetime import datetime
from pathlib import Path

from figure import Figure
from population import populate

from kitei.office import Desk, Home, Office
from kitei.office.impact import impact
from kitei.store import Glance
from kitei.terms import load_edition
from kitei.values import JST

CONTRACTS = 100_000
PROMISED = 60.0
AT = datetime(2026, 12, 1, 9, 0, tzinfo=JST)
PUBLISHED = Path(__file__).parents[1] / "src" / "kitei" / "services" / "managed_vpn" / "terms" / "2024-05-01"


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="kitei-impact-") as folder:
        home, draft = Path(folder) / "home", _draft(Path(folder))
        office = _open(home)
        count = populate(office, CONTRACTS)
        office.close()
        began = time.perf_counter()
        desk = Desk(Home(home), _glance(home), lambda: AT)
        found = impact(desk, load_edition("managed-vpn-pro", draft))
        took = time.perf_counter() - began
        desk.close()
    if len(found.touched) < count * 0.9:
        raise RuntimeError(f"a longer notice touches all who end, and only {len(found.touched)} were found")
    what = f"impact of an edition on {count:,} contracts, {found.asked:,} questions asked twice, 2 cores"
    return [Figure("impact", what, took, "s", PROMISED, "at most")]


def _open(home: Path) -> Office:
    return Office.open(home, lambda: AT, f"sqlite:///{home.parent}/kitei.db")


def _glance(home: Path) -> Glance:
    """As `kitei terms impact` reads a ledger."""
    found = Glance.of(f"sqlite:///{home.parent}/kitei.db")
    assert found is not None
    return found


def _draft(folder: Path) -> Path:
    """The edition in force with a longer notice, for the next year."""
    draft = folder / "2027-01-01"
    shutil.copytree(PUBLISHED, draft)
    values = draft / "values.toml"
    before, mark, after = values.read_text().partition("[notice_days]")
    values.write_text(before + mark + after.replace("value = 30", "value = 45", 1))
    return draft


if __name__ == "__main__":
    print(*measure(), sep="\n")
