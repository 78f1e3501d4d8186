"""Managed VPN PRO's edition of 2024-05-01 as data: whole, honest, and in our own words."""

import json
import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from kitei.network import parts
from kitei.services.managed_vpn.edition import TERMS
from kitei.terms import Spoken, carry_over, coverage, withdrawn
from kitei.values import Words

SHARED = Path(__file__).parents[4] / "shared" / "terms"
EDITION = TERMS.named(date(2024, 5, 1))
LONGEST_SHARED = 16  # characters; names of articles and options are shorter, sentences are longer


def shared(name: str) -> str:
    if not (SHARED / name).exists():
        pytest.skip(f"{SHARED / name} is not here")
    return (SHARED / name).read_text()


def squeezed(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split())


def test_every_provision_is_there_with_its_class() -> None:
    listed = {
        each["provision"]: each["class"]
        for each in json.loads(shared("provisions.json"))
        if each["service"] == "managed-vpn-pro"
    }
    assert len(listed) == 101
    assert {path: each.kind for path, each in EDITION.provisions.items()} == listed


def test_every_defect_is_there() -> None:
    listed = {
        line.split("|")[1].strip() for line in shared("defects.md").splitlines() if line.startswith("| ")
    }
    assert set(EDITION.defects) == {each for each in listed if each.startswith(("MVP-D", "COM-D"))}
    assert EDITION.provision("art:17.3.s2").defects == ("MVP-D02", "MVP-D03")


def test_gists_are_in_our_own_words() -> None:
    document = squeezed(shared("managed-vpn-pro.ja.txt"))
    texts: list[Words] = [each.gist for each in EDITION.provisions.values()]
    texts += [way.what for each in EDITION.provisions.values() for way in each.honoured if way.by == "note"]  # type: ignore[misc]
    for defect in EDITION.defects.values():
        texts += [defect.reading, defect.treatment]
    for text in map(squeezed, (each.ja for each in texts)):
        copied = [text[at : at + LONGEST_SHARED] for at in range(len(text) - LONGEST_SHARED + 1)]
        assert not [each for each in copied if each in document], text


def test_a_part_that_honours_a_provision_is_a_part() -> None:
    named = {way.what for each in EDITION.provisions.values() for way in each.honoured if way.by == "network"}
    assert named
    assert not [each for each in named if not hasattr(parts, str(each))]


def test_every_value_is_read_as_what_it_is() -> None:
    for name, expected in {
        "notice_days": 30,
        "option_notice_days": 30,
        "return_days": 30,
        "claim_months": 3,
        "credit_threshold_hours": 24,
        "credit_hours": 24,
        "credit_divisor": 30,
        "option_term_months": 12,
        "work_fee_in_hours": 5000,
        "work_fee_out_of_hours": 10000,
        "work_hours_from": 9,
        "work_hours_until": 19,
    }.items():
        assert EDITION.value(name).number == expected, name
    assert EDITION.value("minimum_term_months").numbers == (12, 36)
    assert EDITION.value("private_prefixes").texts == ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    assert EDITION.value("edition_days").days[-1] == EDITION.in_force
    assert len(EDITION.value("edition_days").days) == 39


@pytest.mark.parametrize(
    ("values", "text", "slug"),
    [
        ("kinds", "親拠点", "parent"),
        ("kinds", "子 拠 点", "child"),
        ("items", "デュアルスターシングルエッジ", "dual-star-single-edge"),
        ("items", "クローズドモニタリング", "closed-monitoring"),
        ("maintenance", "タイプ 2", "type-2"),
        ("device_types", "Ｃｉｓｃｏ", "cisco"),
        ("device_models", "Cisco ASR 1001-X", "asr-1001-x"),
        ("options", "SFP モジュールオプション", "sfp-module"),
        ("options", "オンサイト設置オプション", "onsite-installation"),
    ],
)
def test_official_names_are_understood(values: str, text: str, slug: str) -> None:
    choice = EDITION.value(values).choose(text)
    assert choice is not None
    assert choice.slug == slug


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("kinds", "本店"),
        ("maintenance", "タイプ1"),
        ("device_types", "NetScreen"),
        ("options", "保守オプション"),
    ],
)
def test_what_is_not_on_a_closed_list_is_not_found(values: str, text: str) -> None:
    assert EDITION.value(values).choose(text) is None


def test_an_item_says_how_many_devices_stand_where_and_by_which_row() -> None:
    items = EDITION.value("items")
    counted = {
        item.cite.path: (item.number("devices_at_parent"), item.number("devices_at_child"))
        for item in items.choices
        if item.text("builds") == "network"
    }
    assert counted == {"art:2.1.t1": (1, 1), "art:2.1.t2": (2, 2), "art:2.1.t3": (2, 1)}
    assert items["closed-monitoring"].text("builds") == "monitoring"


def test_catalysts_are_switches() -> None:
    roles = {model.name.ja: model.text("role") for model in EDITION.value("device_models").choices}
    assert len(roles) == 7
    assert {name for name, role in roles.items() if role == "switch"} == {
        name for name in roles if name.startswith("Catalyst")
    }


def test_four_options_have_a_term_and_five_a_monthly_fee() -> None:
    options = EDITION.value("options").choices
    assert {each.slug for each in options if not each.has("term_months")} == {
        "onsite-installation",
        "rack-mount-kit",
    }
    assert {each.slug for each in options if not each.has("monthly_fee")} == {"onsite-installation"}
    assert {each.number("term_months") for each in options if each.has("term_months")} == {
        EDITION.value("option_term_months").number
    }


@pytest.mark.parametrize(
    ("device_type", "on", "maintenance", "keeps", "paths"),
    [
        ("cisco", date(2010, 1, 31), "type-1", (), []),
        (
            "cisco",
            date(2010, 2, 1),
            "type-2",
            ("maintenance-price",),
            ["suppl:2010-02-01.2", "suppl:2010-02-01.3"],
        ),
        ("netscreen", date(2010, 2, 1), "type-1", ("terms",), ["suppl:2010-02-01.3.s2"]),
        (
            "netscreen",
            date(2010, 4, 30),
            "type-2",
            ("terms", "maintenance-price"),
            ["suppl:2010-02-01.3.s2", "suppl:2010-04-01.2", "suppl:2010-04-01.3"],
        ),
    ],
)
def test_old_contracts_are_carried_over(
    device_type: str, on: date, maintenance: str, keeps: tuple[str, ...], paths: list[str]
) -> None:
    old = {"maintenance": "type-1", "device_type": device_type}
    standing = carry_over(EDITION.transitions, old, date(2009, 12, 20), on)
    assert standing.attributes == {**old, "maintenance": maintenance}
    assert standing.keeps == keeps
    assert [cite.path for cite in standing.cites] == paths


def test_a_contract_of_the_new_edition_has_no_old_price_and_no_old_type() -> None:
    new = {"maintenance": "type-2", "device_type": "cisco"}
    assert carry_over(EDITION.transitions, new, date(2010, 2, 1), date(2026, 1, 1)).keeps == ()
    asked = {"maintenance": "type-1", "device_type": "cisco"}
    assert [each.cite.path for each in withdrawn(EDITION.transitions, asked, date(2010, 2, 1))] == [
        "suppl:2010-02-01.2"
    ]
    assert withdrawn(EDITION.transitions, asked, date(2010, 1, 31)) == ()


def test_a_rule_taken_away_opens_its_provision() -> None:
    said = {
        by: frozenset(
            path for path, each in EDITION.provisions.items() if by in {way.by for way in each.honoured}
        )
        for by in ("rule", "network", "deadline")
    }
    spoken = Spoken(said["rule"], said["network"], said["deadline"])
    assert coverage(EDITION, spoken).is_complete
    without = replace(spoken, rules=spoken.rules - {"art:9.2"})
    assert [each.provision.path for each in coverage(EDITION, without).open] == ["art:9.2"]
