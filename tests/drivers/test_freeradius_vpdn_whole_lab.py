"""VPDN from the application to a phone's packets, and to the end of the contract's last day."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import test_freeradius_whole_lab as whole
from test_freeradius_lab import eventually
from vpdn_stand import CARRIER, CARRIER_SECRET, LNS_SECRET, SITE, TUNNEL_SECRET, Ground, ask_udp, ping

from kitei.lab.mobile.asking import Refused
from kitei.office.radius.logins import Logins

pytestmark = pytest.mark.lab

BOOK = f"""
service = "auth-outsource"

[[radius]]
node = "radius-1"
addresses = ["10.0.0.1"]

[[concentrator]]
address = "{CARRIER}"
carries = "D"

[[party]]
id = "acme"
name = {{ ja = "アクメ", en = "Acme" }}
address = {{ ja = "東京都", en = "Tokyo" }}

[[holding]]
customer = "acme"
holds = "IIJモバイルサービス/タイプD"
first = 2026-01-01
more = {{ item_class = "I" }}

[[apply]]
id = "opening"
by = "acme"
at = 2026-04-01T10:00:00+09:00
services = [
  {{ kind = "client", ip = "10.0.0.11" }},
  {{ kind = "client", ip = "10.0.0.12" }},
  {{ kind = "group", accounts = 10, realm = "vpn.example" }},
  {{ kind = "VPDN", item = "タイプD", realm = "vpn.example" }},
]
"""
USER = "phone@vpn.example"


@pytest.fixture
def ground(bench, make_right) -> Iterator[Ground]:
    ground = Ground(bench, make_right)
    yield ground
    ground.carrier.end()


@pytest.fixture
def provider(ground, make_right, tmp_path: Path, monkeypatch) -> Iterator[whole.Provider]:
    monkeypatch.setattr(whole, "BOOK", BOOK)
    provider = whole.Provider(tmp_path, ground.radius, make_right)
    yield provider
    provider.office.close()


def test_a_contract_carries_packets_from_its_order_to_the_end_of_its_last_day(ground, provider) -> None:
    ask = lambda act, **told: provider.office.apply(act, {"by": "acme", **told}, service="auth-outsource")  # noqa: E731
    logins = Logins.of(provider.office)
    logins.put_own(f"concentrator.{CARRIER}", CARRIER_SECRET)
    for number in (1, 2):
        logins.put_secret(f"acme-client-{number}", LNS_SECRET)
        ask("prepare", contract=f"acme-client-{number}", transition=True)
    ask("prepare", contract="acme-group-1", methods=["pap", "chap"])
    logins.import_users("acme-group-1", "name,password\nphone,correct horse\n")
    ends = [{"address": f"10.0.0.{10 + n}", "preference": 1, "weight": n, "secret": True} for n in (1, 2)]
    assert ask("prepare", contract="acme-vpdn-1", terminators=ends).decision.verdict.name == "ACCEPT"
    logins.put_secret("acme-vpdn-1", TUNNEL_SECRET)
    provider.publishing.apply_plan()
    provider.roll_out()
    assert eventually(lambda: len(ground.named(USER)) == 1), "one, without the option"

    added = ask("add-option", contract="acme-vpdn-1", option="load-balancing")
    assert added.decision.verdict.name == "ACCEPT", added.decision.findings
    provider.publishing.apply_plan()
    provider.roll_out()
    assert eventually(lambda: len(ground.named(USER)) == 2), "with it, all that live"
    phone = ground.phone("p1")
    call = ground.carrier.dial(USER, "correct horse", phone)
    host = ground.bench.hosts["p1"]
    assert ping(host, SITE) and ping(ground.site, call.address) and ask_udp(host, SITE, 5) == 5

    asked = ask("cancel", contract="acme-vpdn-1")
    assert asked.decision.verdict.name == "ACCEPT"
    last = provider.office.contract("acme-vpdn-1").ending.last
    provider.now += last - provider.now.date()
    provider.roll_out()
    assert len(ground.named(USER)) == 2 and not call.over.is_set(), "to the end of its last day"
    provider.now += timedelta(days=1)
    provider.roll_out()
    assert call.over.wait(10) and call.why == "RADIUS asked for it"
    with pytest.raises(Refused):
        ground.carrier.dial(USER, "correct horse")
