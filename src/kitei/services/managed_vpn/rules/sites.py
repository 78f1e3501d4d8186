"""Articles 1 to 6 and 12: is each site of an application something that this service has?"""

from collections.abc import Iterator
from datetime import date

from kitei.desk import Finding, Situation
from kitei.services.managed_vpn.application import Apply, SiteWanted
from kitei.terms import Choice, term_last_day, withdrawn
from kitei.values import Words

MODEL_LIST = "equivalent-devices"


def place_of(index: int) -> str:
    return f"apply.sites[{index}]"


def label(site: SiteWanted, index: int) -> str:
    """What a site is called in a sentence."""
    return "・".join(site.name) or f"#{index + 1}"


def item_of(site: SiteWanted, s: Situation) -> Choice | None:
    """The item asked for, None where there is no such item."""
    return s.choice("items", site.item)


def devices_needed(item: Choice, kind: str) -> int | None:
    """How many VPN devices an item puts at a site of a kind; None where it builds no network."""
    return item.number(f"devices_at_{kind}") if item.has(f"devices_at_{kind}") else None


def _names(s: Situation, value: str) -> Words:
    choices = s.edition.value(value).choices
    return Words("、".join(each.name.ja for each in choices), ", ".join(each.slug for each in choices))


def known_kind(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 1.1: parent and child are all the kinds there are."""
    for index, site in enumerate(asked.sites):
        if s.choice("kinds", site.kind) is None:
            names = _names(s, "kinds")
            yield s.refuse(
                "art:1.1",
                why=Words(f"種類 {site.kind} はありません", f"there is no kind {site.kind}"),
                place=f"{place_of(index)}.kind",
                remedy=Words(f"{names.ja} のどれかです", f"it is one of {names.en}"),
            )


def known_item(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1: four items and no more."""
    rows = []
    for index, site in enumerate(asked.sites):
        item = item_of(site, s)
        if item is None:
            names = _names(s, "items")
            yield s.refuse(
                "art:2.1",
                why=Words(f"品目 {site.item} はありません", f"there is no item {site.item}"),
                place=f"{place_of(index)}.item",
                remedy=Words(f"{names.ja} のどれかです", f"it is one of {names.en}"),
            )
        elif item.cite.path not in rows:
            rows.append(item.cite.path)
    if rows:
        yield s.confirm(_ITEM, "art:2.1", *rows)


_ITEM = Words("申し込まれた品目があります", "the items asked for exist")


def device_count(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 2.1, table: the item fixes how many VPN devices a site has."""
    for index, site in enumerate(asked.sites):
        item = item_of(site, s)
        needed = devices_needed(item, site.kind) if item else None
        if item is None or needed is None:
            continue
        for key, found in (("devices", site.devices), ("models", len(site.models) or None)):
            if found is not None and found != needed:
                yield s.refuse(
                    item.cite.path,
                    why=Words(
                        f"{label(site, index)} の VPN 機器が {found} 台ですが、この品目では {needed} 台です",
                        f"{label(site, index)} has {found} VPN devices; in this item it has {needed}",
                    ),
                    place=f"{place_of(index)}.{key}",
                    remedy=Words(f"{needed} 台にしてください", f"ask for {needed}"),
                )


def known_device_type(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 3.1: Cisco is the only device type."""
    types = s.edition.value("device_types")
    for index, site in enumerate(asked.sites):
        if s.choice("device_types", site.device_type) is None:
            yield s.refuse(
                "art:3.1",
                why=Words(
                    f"機器種別 {site.device_type} は選べません",
                    f"device type {site.device_type} cannot be chosen",
                ),
                place=f"{place_of(index)}.device_type",
                remedy=Words(f"{types.choices[0].name.ja} です", f"it is {types.choices[0].slug}"),
            )


def model_findings(s: Situation, model: str, place: str, *, as_router: bool) -> Iterator[Finding]:
    """Art. 3.1, table: a model is listed, or designated by the operator as equivalent.

    `as_router`: it is to end a tunnel, which a switch cannot, although the table lists switches (MVP-D12).
    """
    listed = s.called("device_models", model)
    if listed is None:
        if not s.operator.designates(MODEL_LIST, model):
            yield s.refuse(
                "art:3.1.t1",
                why=Words(
                    f"{model} は列挙されておらず、当社が同等と定めてもいません",
                    f"{model} is neither listed nor designated by the operator as equivalent",
                ),
                place=place,
                remedy=Words(
                    "列挙された機器か、当社が同等と定めた機器にしてください",
                    "choose a listed model or one designated as equivalent, or leave the choice to the operator",
                ),
                conventions=(s.reading("operator-designated").pair,),
            )
    elif as_router and listed.text("role") != "router":
        yield s.refuse(
            "art:3.1.t1",
            "art:12.1",
            why=Words(
                f"{model} はスイッチで、VPN の端にはなれません",
                f"{model} is a switch and cannot end a tunnel",
            ),
            place=place,
            remedy=Words("ルータを選んでください", "choose a router"),
            defects=("MVP-D12",),
        )


def known_models(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 3.1, table, for each site's devices; without a wish the operator chooses (art. 12)."""
    wished = False
    for index, site in enumerate(asked.sites):
        for at, model in enumerate(site.models):
            wished = True
            yield from model_findings(s, model, f"{place_of(index)}.models[{at}]", as_router=True)
    if wished:
        yield s.confirm(_MODELS, "art:3.1", "art:3.1.t1")


_MODELS = Words(
    "希望の機器は、列挙されたものか当社が同等と定めたもののときに使えます",
    "models asked for serve if they are listed or designated as equivalent",
)


def operator_chooses(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 12.1: whatever was wished, the operator selects the devices."""
    yield s.confirm(_CHOICE, "art:12.1")


_CHOICE = Words(
    "機器は種類と品目に合わせて当社が選びます", "the operator chooses the devices to suit kind and item"
)


def known_maintenance(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 4.1: type 2 is the only maintenance type there is; abolished ones say when they were."""
    known = s.edition.value("maintenance")
    for index, site in enumerate(asked.sites):
        if s.choice("maintenance", site.maintenance):
            continue
        attributes = {"maintenance": site.maintenance, "device_type": site.device_type}
        gone = [each.cite.path for each in withdrawn(s.edition.transitions, attributes, s.on)]
        yield s.refuse(
            "art:4.1",
            *gone,
            why=Words(
                f"保守種別 {site.maintenance} は選べません",
                f"maintenance {site.maintenance} cannot be chosen",
            ),
            place=f"{place_of(index)}.maintenance",
            remedy=Words(f"{known.choices[0].name.ja} です", f"it is {known.choices[0].slug}"),
            defects=("MVP-D08",),
        )


def known_term(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 5.1: one year or three, chosen in the application (MVP-D07), from the start of billing."""
    allowed = s.edition.value("minimum_term_months").numbers
    longest: date | None = None
    how = s.reading("term.month-arithmetic")
    for index, site in enumerate(asked.sites):
        if site.minimum_term not in allowed:
            yield s.refuse(
                "art:5.1",
                why=Words(
                    f"最低利用期間 {site.minimum_term} か月は選べません",
                    f"a minimum term of {site.minimum_term} months cannot be chosen",
                ),
                place=f"{place_of(index)}.minimum_term",
                remedy=Words(
                    "、".join(f"{each} か月" for each in allowed) + " のどちらかです",
                    "it is " + " or ".join(f"{each} months" for each in allowed),
                ),
                defects=("MVP-D07",),
            )
        elif asked.billing_start is not None:
            last = term_last_day(asked.billing_start, site.minimum_term, how.value)
            longest = last if longest is None else max(longest, last)
    dated = {"dates": (("term_end", longest),), "conventions": (how.pair,)} if longest else {}
    yield s.accept("art:5.1", why=_TERM, defects=("MVP-D07",), **dated)


_TERM = Words("最低利用期間は課金開始日から数えます", "the minimum term counts from the day billing starts")


def one_site_a_contract(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 6.1: a contract covers one site."""
    limit = s.number("sites_per_contract")
    rows = []
    for index, site in enumerate(asked.sites):
        row = "art:1.1.t1" if site.kind == "parent" else "art:1.1.t2"
        rows.append(row)
        if len(site.name) > limit:
            yield s.refuse(
                "art:6.1",
                row,
                why=Words(
                    f"一つの申込に {'、'.join(site.name)} の {len(site.name)} 拠点が入っています",
                    f"one application covers {len(site.name)} sites: {', '.join(site.name)}",
                ),
                place=f"{place_of(index)}.name",
                remedy=Words("拠点ごとに申し込んでください", "apply for each site by itself"),
            )
    yield s.confirm(_UNIT, "art:6.1", *sorted(set(rows)))


_UNIT = Words("拠点ごとに一つの契約になります", "each site becomes a contract of its own")
