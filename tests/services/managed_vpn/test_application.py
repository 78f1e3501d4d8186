"""Acts are read strictly: every fault with its place and what would be right, official names as well as short ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kitei.clauses.acts import Cancel
from kitei.desk import Unreadable
from kitei.services.managed_vpn.application import ACTS, Apply, WorkOrder, read_act
from kitei.services.managed_vpn.edition import TERMS

EDITION = TERMS.editions[-1]
AT = "2026-04-01T10:00:00+09:00"


def read(name: str, **written: Any) -> Any:
    return read_act(name, {"by": "acme", "at": AT, **written}, EDITION)


def faults(name: str, **written: Any) -> list[str]:
    with pytest.raises(Unreadable) as told:
        read(name, **written)
    assert all(fault.wrong.ja for fault in told.value.faults)
    return [str(fault) for fault in told.value.faults]


SITE = {"kind": "parent", "network": "n", "item": "single-star-single-edge"}


@pytest.mark.parametrize("kind", ["parent", "親拠点", "親 拠点", "Parent site"])
@pytest.mark.parametrize(
    "item", ["dual-star-single-edge", "デュアルスターシングルエッジ", "デュアルスター シングルエッジ"]
)
def test_names_are_read_as_the_terms_match_them(kind: str, item: str) -> None:
    (site,) = read(
        "apply", sites=[{"kind": kind, "network": "n", "item": item, "maintenance": "タイプ ２"}]
    ).sites
    assert (site.kind, site.item, site.maintenance) == ("parent", "dual-star-single-edge", "type-2")


def test_what_the_terms_do_not_know_is_kept_for_them_to_refuse() -> None:
    (site,) = read("apply", sites=[{**SITE, "kind": "中継拠点", "models": "Router  9"}]).sites
    assert site.kind == "中継拠点" and site.models == ("Router 9",)


def test_one_thing_stands_for_a_list_of_one() -> None:
    (site,) = read("apply", sites=[{**SITE, "lans": {"prefix": "10.1.0.0/16"}}]).sites
    assert site.network == ("n",) and site.lans[0].prefix == "10.1.0.0/16"


def test_every_fault_is_told_with_its_place() -> None:
    found = faults(
        "apply",
        sitez=1,
        sites=[
            SITE,
            {**SITE, "lans": [{"prefix": "x"}, {"prefix": "10.1.2.3/16", "designated_by": "me"}]},
            {"kind": 3, "network": "n", "colour": "red", "minimum_term": "long"},
        ],
    )
    assert found == [
        "apply.sitez: is not known here; known are by, at, id, known, sites, billing_start, agreed_by",
        "apply.sites[1].lans[0].prefix: 'x' is not an IPv4 prefix such as '10.1.0.0/16'",
        "apply.sites[1].lans[1].prefix: '10.1.2.3/16' is not an IPv4 prefix such as '10.1.0.0/16'",
        "apply.sites[1].lans[1].designated_by: 'me' is not one of customer, operator",
        "apply.sites[2].colour: is not known here; known are kind, network, item, name, device_type, models, "
        "devices, maintenance, minimum_term, lans, options, access, holder, watches, slots",
        "apply.sites[2].kind: 3 is not a name",
        "apply.sites[2].item: is missing; write a name",
        "apply.sites[2].minimum_term: 'long' is not a term such as '1y' or '3y'",
    ]


@pytest.mark.parametrize("at", ["2026-04-01T10:00:00", "yesterday", 5, None, True])
def test_an_instant_has_a_time_zone(at: object) -> None:
    assert faults("cancel", contract="x", at=at)[0].startswith("cancel.at: ")


def test_an_unknown_act_names_those_there_are() -> None:
    with pytest.raises(Unreadable, match="'dance' is no act; there are apply, "):
        read_act("dance", {}, EDITION)


@pytest.mark.parametrize("written", [None, [], "text", 3])
def test_an_act_that_is_no_table_is_a_fault(written: object) -> None:
    with pytest.raises(Unreadable, match="a table"):
        read_act("cancel", written, EDITION)


def test_ipv6_is_read_so_that_its_article_can_refuse_it() -> None:
    order = read(
        "work-order", contract="c", add_lans=[{"prefix": "2001:db8::/32"}], wan_address="2001:db8::1/64"
    )
    assert isinstance(order, WorkOrder) and order.add_lans[0].prefix == "2001:db8::/32"


def test_keys_may_be_words_that_no_field_can_have() -> None:
    asked = read("change", contract="c", device={"from": "891FJ", "to": "isr 4351"})
    assert (asked.device.old, asked.device.new) == ("Cisco 891FJ", "Cisco ISR 4351")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["by", "at", "sites", "kind", "lans", "x"]), inner, max_size=4)
        ),
        max_leaves=12,
    )
)
def test_whatever_is_written_is_read_or_told_in_faults(written: object) -> None:
    try:
        assert isinstance(read_act("apply", written, EDITION), Apply)
    except Unreadable as told:
        assert told.faults and all(fault.place for fault in told.faults)


def test_every_act_has_one_name_and_says_what_it_is() -> None:
    assert len(set(ACTS.values())) == len(ACTS)
    assert all(act.__doc__ for act in ACTS.values())
    assert type(read("cancel", contract="c")) is ACTS["cancel"] is Cancel
