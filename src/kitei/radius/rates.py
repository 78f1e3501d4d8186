"""How often each client may ask."""

import time


class Rates:
    """Buckets of one second's requests, so that a burst passes and a flood does not."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[float, float]] = {}

    def may_ask(self, address: str, rate: int) -> bool:
        """`rate` in requests a second."""
        now = time.monotonic()
        left, since = self._tokens.get(address, (float(rate), now))
        left = min(float(rate), left + (now - since) * rate)
        may = left >= 1.0
        self._tokens[address] = (left - 1.0 if may else left, now)
        return may
