"""Sessions that nobody else may take part in: a secret (RFC 2385), a distance (RFC 5082), and how much is listened to."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from routes_stand import LEAVE, Stand, announce, border, eventually, other, speaker

from kitei.drivers.gobgp import established
from kitei.network import PermanentError

pytestmark = pytest.mark.lab
SECRET, OTHER_SECRET = "tambourine-17-lantern", "another-9-lantern"
ADDRESS = "10.97.0.2"


@pytest.fixture
def stand(bench, make_right, tmp_path: Path) -> Stand:
    return Stand(bench, make_right, tmp_path)


def tell_other(stand: Stand, *lines: str, more: str = "") -> None:
    """The other provider configures its end of the session anew."""
    place = stand.folder / "bird" / "other" / "bird.conf"
    first = place.with_suffix(".first")
    if not first.exists():
        first.write_text(place.read_text())
    begins = "protocol bgp to_other {"
    place.write_text(first.read_text().replace(begins, "\n".join((more, begins, *lines))))
    argv = ["birdc", "-s", str(stand.folder / "bird" / "other" / "ctl"), "configure"]
    assert eventually(lambda: "Reconfigur" in stand.bench.hosts["other"].run(argv).out)


def bring(stand: Stand, sack: str, secret: str) -> None:
    """A sack arrives, as the agent would have brought it."""
    stand.speaker.write(stand.speaker.state("sacks", sack), secret)


def is_up(stand: Stand) -> bool:
    return ADDRESS in established(stand.speaker)


def stays_down(stand: Stand) -> bool:
    """For longer than either end rests between two tries."""
    return not eventually(lambda: is_up(stand), 7)


def wanted(**more):
    return speaker(hold=3), border(), replace(other(), **more), LEAVE


def test_a_session_with_a_secret_comes_up_with_the_same_one_at_the_other_end_and_no_other(stand) -> None:
    tell_other(stand, f'password "{SECRET}";')
    stand.want(*wanted())
    assert stays_down(stand)
    with pytest.raises(PermanentError, match="upstream other: the secret of its session has not arrived yet"):
        stand.want(*wanted(sack="upstream.other@1"))
    bring(stand, "upstream.other@1", SECRET)
    stand.want(*wanted(sack="upstream.other@1"), announce("198.51.100.7/32", to=("other",)))
    assert eventually(lambda: is_up(stand), 60)
    assert eventually(lambda: "198.51.100.7/32" in stand.heard("other"))
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert SECRET not in processes
    for log in Path(stand.speaker.state("programs")).iterdir():
        assert SECRET not in log.read_text()


def test_a_changed_secret_is_a_new_session_and_the_old_one_stands_until_it_arrives(stand) -> None:
    tell_other(stand, f'password "{SECRET}";')
    bring(stand, "upstream.other@1", SECRET)
    stand.want(*wanted(sack="upstream.other@1"))
    assert eventually(lambda: is_up(stand), 60)
    with pytest.raises(PermanentError, match="has not arrived yet"):
        stand.want(*wanted(sack="upstream.other@2"))
    assert is_up(stand)
    bring(stand, "upstream.other@2", OTHER_SECRET)
    stand.want(*wanted(sack="upstream.other@2"))
    assert not is_up(stand)
    tell_other(stand, f'password "{OTHER_SECRET}";')
    assert eventually(lambda: is_up(stand), 60)


def test_packets_from_further_away_than_the_wire_are_not_listened_to(stand) -> None:
    tell_other(stand, "ttl security on;")
    far = """table inet far { chain out {
      type filter hook output priority 0
      tcp dport 179 ip ttl set 254
      tcp sport 179 ip ttl set 254
    }
    }"""
    assert stand.bench.hosts["other"].run(["nft", "-f", "-"], stdin=far).code == 0
    stand.want(*wanted(hops=1))
    assert stays_down(stand)
    assert stand.bench.hosts["other"].run(["nft", "delete", "table", "inet", "far"]).code == 0
    assert eventually(lambda: is_up(stand), 60)
    assert stand.bench.hosts["other"].run(["nft", "-f", "-"], stdin=far).code == 0
    assert eventually(lambda: not is_up(stand), 60), "a session that moves away ends with its hold time"
    stand.want(*wanted(hops=2))
    assert eventually(lambda: is_up(stand), 60)


def test_an_upstream_that_floods_the_speaker_with_routes_is_broken_off_and_met_again(stand) -> None:
    stand.want(*wanted())
    assert eventually(lambda: is_up(stand), 60)
    flood = "\n".join(f"route 20.{n >> 8}.{n & 255}.0/24 blackhole;" for n in range(1100))
    tell_other(stand, more=f"protocol static flood {{ ipv4; {flood} }}")
    assert eventually(lambda: not is_up(stand), 60)
    tell_other(stand)
    stand.want(*wanted())
    assert eventually(lambda: is_up(stand), 60)
