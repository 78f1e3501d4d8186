"""The document of a firewall of type 2: rules with profiles, read whole or not at all."""

import inspect
import re
import textwrap
from pathlib import Path

import pytest

from kitei.network.inspection import MOST_PROFILES
from kitei.services.secure_access import appliance
from kitei.services.secure_access.appliance import read_appliance_policy
from kitei.services.secure_access.document import Unreadable
from kitei.services.secure_access.firewall import read_policy

SAMPLE = textwrap.dedent(
    "\n".join(line for line in (inspect.getdoc(appliance) or "").splitlines() if line[:4] == "    ")
)


def faults(text: str) -> dict[str, str]:
    with pytest.raises(Unreadable) as found:
        read_appliance_policy(text)
    return {each.place: each.words.en for each in found.value.faults}


def test_the_sample_of_its_own_page_is_read() -> None:
    policy = read_appliance_policy(SAMPLE)
    (rule,), (profile,) = policy.rules, policy.profiles
    assert (rule.profile, profile.name, profile.blind) == ("office", "office", "deny")
    assert [(each.id, each.what, each.action) for each in profile.entries] == [
        ("no-peers", "application", "deny"),
        ("no-games", "site", "deny"),
        ("worms", "threat", "deny"),
        ("known", "file", "deny"),
    ]


def test_a_document_of_type_1_is_one_of_type_2_and_not_the_other_way_round() -> None:
    plain = '[[rule]]\nid = "a"\naction = "allow"\n'
    assert read_appliance_policy(plain) == read_policy(plain)
    with pytest.raises(Unreadable, match="profile"):
        read_policy(SAMPLE)


def test_every_fault_is_told_with_its_place() -> None:
    told = faults(
        """
        [[rule]]
        id = "a"
        action = "deny"
        profile = "offce"
        [profile.office]
        when-blind = "maybe"
        colour = 1
        [[profile.office.application]]
        id = "x"
        action = "drop"
        names = ["gopher", "ssh", "ssh"]
        [[profile.office.site]]
        id = "x"
        action = "deny"
        names = ["a b", "2001:db8::1", "games.example"]
        [[profile.office.threat]]
        id = "t"
        action = "deny"
        [[profile.office.file]]
        id = "default"
        action = "deny"
        sha256 = ["abc"]
        """
    )
    place = "profile.office"
    assert told.keys() >= {
        "rule 1.profile",
        place,
        f"{place}.when-blind",
        f"{place}.application 1.action",
        f"{place}.application 1.names[0]",
        f"{place}.application 1.names[2]",
        f"{place}.site 1.id",
        f"{place}.site 1.names[0]",
        f"{place}.site 1.names[1]",
        f"{place}.threat 1",
        f"{place}.file 1.id",
        f"{place}.file 1.sha256[0]",
    }
    assert "when-blind" in told[place]


def test_there_are_only_so_many_profiles_and_exceptions() -> None:
    many = "".join(f"[profile.p{n}]\n" for n in range(MOST_PROFILES + 1))
    assert faults(many) == {"profile": f"are {MOST_PROFILES} at most"}
    spared = ", ".join(f'"a{n}.games.example"' for n in range(21))
    site = "[[profile.p.site]]\nid = '{}'\naction = '{}'\nnames = [{}]\n"
    text = site.format("s", "allow", spared) + site.format("g", "deny", '"games.example"')
    assert faults(text).keys() == {"profile.p.site"}


@pytest.mark.parametrize("page", ["access-appliance.md", "access-appliance.ja.md"])
def test_what_the_page_shows_can_be_decided(page: str) -> None:
    text = (Path(__file__).parents[3] / "docs" / page).read_text()
    (decided,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (profile,) = read_appliance_policy(decided).profiles
    assert [each.id for each in profile.entries] == ["no-peers", "partner", "no-games", "worms", "known"]
