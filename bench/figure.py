"""One measured figure, what it is beside, and what was promised of it."""

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Literal


@dataclass(frozen=True)
class Figure:
    """`value` in `unit`. `peer` is what it stands beside, `peer_value` the peer's figure of the same run.

    The promise is `at least` or `at most` `promised`: of the value itself, or of the ratio value / peer
    where `of_ratio`. `pairs` are the ratios of rounds side by side, where there were: then their median is the ratio.
    """

    bench: str
    what: str
    value: float
    unit: str
    promised: float
    sense: Literal["at least", "at most"]
    peer: str = ""
    peer_value: float | None = None
    of_ratio: bool = False
    pairs: tuple[float, ...] = ()

    @property
    def ratio(self) -> float:
        """Value over peer where there is a peer, else value over promise; 1 for the nothing that was promised."""
        if self.pairs:
            return median(self.pairs)
        beside = self.peer_value if self.peer_value else self.promised
        if beside == 0:
            return 1.0 if self.value == 0 else float("inf")
        return self.value / beside

    @property
    def kept(self) -> bool:
        judged = self.ratio if self.of_ratio else self.value
        return judged >= self.promised if self.sense == "at least" else judged <= self.promised

    def __str__(self) -> str:
        beside = f", {self.peer} {self.peer_value:,.4g} {self.unit}" if self.peer_value else ""
        of = " (ratio)" if self.of_ratio else f" {self.unit}"
        word = "kept" if self.kept else "NOT KEPT"
        if self.pairs:
            low, _, high = quantiles(self.pairs, n=4)
            of = f" (median ratio of {len(self.pairs)} pairs, half of them {low:.2f} to {high:.2f})"
        return (
            f"{self.bench}: {self.what}: {self.value:,.4g} {self.unit}{beside}, ratio {self.ratio:.3f};"
            f" promised {self.sense} {self.promised:,.4g}{of}: {word}"
        )
