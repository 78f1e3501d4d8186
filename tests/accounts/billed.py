"""Who bills whom, and prices: what the tests of accounts share."""

from collections.abc import Callable
from datetime import date

from kitei.accounts import Closing, Provider, Recipient
from kitei.ledger.contracts import Quote
from kitei.values import Span, Words, Yen

SERVICE = "managed-vpn-pro"
PROVIDER = Provider(
    name=Words("北極星ネットワーク株式会社", "Polaris Networks K.K."),
    registration="T7000012050002",
    address=Words("東京都千代田区架空町 1-1", "1-1 Kakucho, Chiyoda-ku, Tokyo"),
    contact="billing@polaris.example",
)
RECIPIENT = Recipient(Words("大和商事株式会社", "Yamato Trading Co., Ltd."))


def quote(fee: str, amount: int, first: str = "2025-01-01", last: str | None = None, **scope: str) -> Quote:
    days = Span(date.fromisoformat(first), date.fromisoformat(last) if last else None)
    return Quote(fee, Yen(amount), days, 1, tuple(sorted(scope.items())))


MONTHLY = quote("monthly", 30_000)


Make = Callable[..., Closing]
