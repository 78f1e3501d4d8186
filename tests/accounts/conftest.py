"""Contracts, quotes and a provider to make invoices of."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pytest
from billed import MONTHLY, PROVIDER, SERVICE, Make

from kitei.accounts import Closing, Pricing
from kitei.ledger.contracts import Contract, Quote
from kitei.services.managed_vpn.invoice import TARIFF
from kitei.terms import Conventions, Setting
from kitei.values import Month


@pytest.fixture
def contract() -> Contract:
    """A child contract of the single star, billed since April 2026."""
    return Contract(
        id="osaka",
        service=SERVICE,
        customer="yamato",
        kind="child",
        item="single-star-single-edge",
        group="core",
        application="a1",
        edition=date(2024, 5, 1),
        concluded_on=date(2026, 3, 1),
        billing_start=date(2026, 4, 1),
        term=None,
        ending=None,
        options=(),
        devices=(),
        quotes=(),
        charges=(),
        credits=(),
        body={"name": "大阪", "number": 1},
        cites=(),
        version=1,
        seq=1,
    )


@pytest.fixture
def closing() -> Make:
    """A closing of a month, June 2026 unless said otherwise, with quotes for `yamato` and readings."""

    def make(
        month: str = "2026-06",
        quotes: Sequence[Quote] = (MONTHLY,),
        readings: dict[str, str] | None = None,
        **more: object,
    ) -> Closing:
        since = date(2020, 1, 1)
        conventions = Conventions([Setting(key, way, since) for key, way in (readings or {}).items()])
        pricing = Pricing(TARIFF, {"yamato": tuple(quotes), "kaede": tuple(quotes)}, conventions)
        closed = Month.parse(month)
        made = Closing(closed, closed.plus(1).first, PROVIDER, {SERVICE: pricing}, conventions)
        return replace(made, **more)  # type: ignore[arg-type]

    return make
