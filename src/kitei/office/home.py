"""A provider's folder: where its ledger, secrets, papers and the controller's socket are."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Home:
    """All paths below one folder. `database` is a URL; KITEI_DATABASE names another than the folder's own."""

    folder: Path

    def make(self) -> "Home":
        """Make the folder and what must be private in it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for private in (self.secrets, self.nodes):
            private.mkdir(mode=0o700, exist_ok=True)
        self.papers.mkdir(exist_ok=True)
        return self

    @property
    def database(self) -> str:
        return os.environ.get("KITEI_DATABASE") or f"sqlite:///{(self.folder / 'kitei.db').absolute()}"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets"

    @property
    def nodes(self) -> Path:
        return self.folder / "nodes"

    @property
    def papers(self) -> Path:
        return self.folder / "papers"

    @property
    def socket(self) -> Path:
        return self.folder / "controller.sock"

    @property
    def clock(self) -> Path:
        return self.folder / "clock"
