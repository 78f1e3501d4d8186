"""Article 17: options, those that come with a site and those added or stopped later."""

from collections.abc import Iterator
from datetime import date

from kitei.clauses.acts import accepted_on
from kitei.clauses.fees import charge, quoted_charge
from kitei.clauses.notice import own_notice
from kitei.clauses.options import misasked, running
from kitei.desk import Finding, Situation, Verdict
from kitei.services.managed_vpn.application import AddOption, Apply, OptionWanted
from kitei.services.managed_vpn.rules.naming import names_of
from kitei.services.managed_vpn.rules.sites import place_of
from kitei.terms import Choice, term_last_day
from kitei.values import Words

LISTS = {"rack-mount-kit": "rack-devices", "sfp-module": "sfp-devices", "vpn-module": "vpn-module-devices"}
SECOND_RULES = {"sfp-module": ("art:17.2.5.a2",), "vpn-module": ("art:17.2.6.a2",)}
MODEL_OF_SWITCH = ("private-switch",)


def option_findings(
    s: Situation,
    wanted: OptionWanted | AddOption,
    place: str,
    *,
    site_models: tuple[str, ...] = (),
) -> Iterator[Finding]:
    """Art. 17.1 to 17.3: the form, the closed list, the devices it is for, its term."""
    choice = s.choice("options", wanted.option)
    yield from misasked(s, wanted, place)
    if choice is None:
        return
    yield from _designated(s, choice, wanted.model, site_models, place)
    if wanted.option in MODEL_OF_SWITCH and wanted.model is not None:
        yield from _switch(s, wanted.model, place)
    yield s.accept(
        "art:17.1",
        "art:17.2",
        choice.cite.path,
        *SECOND_RULES.get(choice.slug, ()),
        why=Words(f"{choice.name.ja}を提供します", f"{choice.name.en} is provided"),
    )
    yield _term(s, choice, wanted.billing_start)


def _designated(
    s: Situation, choice: Choice, model: str | None, site_models: tuple[str, ...], place: str
) -> Iterator[Finding]:
    """Art. 17.2, items 4 to 6: only for models that the operator designates."""
    if not choice.has("models"):
        return
    found = (model,) if model else site_models
    listed = LISTS[choice.slug]
    for each in found:
        if not s.operator.designates(listed, each):
            yield s.refuse(
                choice.cite.path,
                why=Words(
                    f"{each} は{choice.name.ja}の対象に定められていません",
                    f"{each} is not designated for {choice.name.en}",
                ),
                place=f"{place}.model",
                remedy=Words(
                    "対象の機器は "
                    + ("、".join(map(str, s.operator.lists.get(listed, ()))) or "まだありません"),
                    "designated are "
                    + (", ".join(map(str, s.operator.lists.get(listed, ()))) or "none so far"),
                ),
                conventions=(s.reading("operator-designated").pair,),
            )
    if not found:
        yield s.refer(
            choice.cite.path,
            proposes=Verdict.ACCEPT if s.operator.lists.get(listed) else Verdict.REFUSE,
            why=Words("どの機器に付けるのか分かりません", "it is not said which device it is for"),
            place=f"{place}.model",
            remedy=Words("機器の型を書いてください", "name the device's model"),
        )


def _switch(s: Situation, model: str, place: str) -> Iterator[Finding]:
    """Art. 17.2(3): the operator's switches; monitoring comes only with models that can be monitored."""
    monitored = is_monitored_switch(s, model)
    yield s.accept(
        "art:17.2.3",
        why=Words(f"{model} は監視します", f"{model} is monitored")
        if monitored
        else Words(
            f"{model} に監視の機能はなく、監視は付きません", f"{model} cannot be monitored, so it is not"
        ),
    )


def is_monitored_switch(s: Situation, model: str) -> bool:
    """Listed switches and those the operator names can be monitored."""
    listed = s.called("device_models", model)
    return (listed is not None and listed.text("role") == "switch") or s.operator.designates(
        "monitored-switches", model
    )


def _term(s: Situation, choice: Choice, billing_start: date | None) -> Finding:
    if not choice.has("term_months"):
        return s.accept("art:17.3", why=_NO_TERM, defects=("MVP-D13",))
    if billing_start is None:
        return s.confirm(_TERM, "art:17.3")
    how = s.reading("term.month-arithmetic")
    last = term_last_day(billing_start, choice.number("term_months"), how.value)
    return s.accept("art:17.3", why=_TERM, dates=(("term_end", last),), conventions=(how.pair,))


_NO_TERM = Words("このオプションに最低利用期間はありません", "this option has no minimum term")
_TERM = Words(
    "最低利用期間は、このオプション自身の課金開始日から 1 年です",
    "its minimum term is one year from the day its own billing starts",
)


def options_of_sites(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 17 for the options that are asked for together with sites."""
    if not any(site.options for site in asked.sites):
        return
    names = names_of(asked, s)
    day = accepted_on(asked)
    for index, site in enumerate(asked.sites):
        customer = site.holder or asked.by
        for at, wanted in enumerate(site.options):
            place = f"{place_of(index)}.options[{at}]"
            yield from option_findings(s, wanted, place, site_models=site.models)
            quote = s.quote("option-initial", customer, kind=site.kind, item=site.item, option=wanted.option)
            yield charge(
                s,
                "option-initial",
                "schedule:1.1.2",
                contract=names[index],
                customer=customer,
                due_on=day,
                amount=quote.amount if quote else None,
                why=_INITIAL,
                more=("art:19.1.s2",),
                detail={"option": wanted.option},
            )


_INITIAL = Words(
    "オプションの初期費用は承諾の日に支払義務が生じます",
    "the option's initial fee falls due on the day of acceptance",
)


def added_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 17.1 to 17.3 for an option added to a contract."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:17.1", contract, asked)
    models = tuple(device.model for device in contract.devices if device.slot in ("a", "b") and device.model)
    yield from option_findings(s, asked, "add-option", site_models=tuple(dict.fromkeys(models)))
    if running(contract, asked.option, s.on):
        yield s.refer(
            "art:17.2",
            proposes=Verdict.REFUSE,
            why=Words(
                "この契約には同じオプションがもうあります。二つ目を取れるかは書かれていません",
                "this contract has that option already; whether it can be had twice is not said",
            ),
            place="add-option.option",
        )


def added_option_fee(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Schedule 1, 1(2): an option's initial fee falls due on acceptance."""
    contract = s.contract(asked.contract)
    if s.choice("options", asked.option):
        yield quoted_charge(
            s,
            "option-initial",
            "schedule:1.1.2",
            contract,
            due_on=accepted_on(asked),
            why=_INITIAL,
            detail={"option": asked.option},
            about={"option": asked.option},
        )
