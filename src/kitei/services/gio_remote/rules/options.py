"""Article 9: options, those that come with a gateway and those added later."""

from collections.abc import Iterator

from kitei.clauses.notice import own_notice
from kitei.clauses.options import misasked, running
from kitei.desk import Finding, Situation, Verdict
from kitei.services.gio_remote.application import AddOption, Apply, OptionWanted
from kitei.services.gio_remote.rules.batch import in_sentence, kind_of, place_of
from kitei.terms import Choice, term_last_day
from kitei.values import Words

# What each option makes of a gateway stands in a provision beside the one that offers it.
FUNCTIONS = {"server-certificate": ("art:9.2.1.a2",), "matrix-authentication": ("art:9.2.3.a2",)}
FOR_TYPE_B = "type-b-options"
REPEATED = ("out-of-hours-change",)


def option_findings(
    s: Situation,
    wanted: OptionWanted | AddOption,
    kind: str,
    item: str,
    terms_delivered: bool | None,
    place: str,
) -> Iterator[Finding]:
    """Art. 9.1 to 9.5: the form, the closed list, the item it is for, a third party's terms, its minimum term."""
    choice = s.choice("options", wanted.option)
    yield from misasked(s, wanted, place)
    if choice is None:
        return
    yield from _for_item(s, choice, kind, item, place)
    if choice.has("provider"):
        yield _on_their_terms(s, choice, terms_delivered, place)
    yield s.accept(
        "art:9.1",
        "art:9.2",
        choice.cite.path,
        *FUNCTIONS.get(choice.slug, ()),
        why=Words(f"{choice.name.ja}を提供します", f"{choice.name.en} is provided"),
        defects=s.defects(choice.cite.path),
    )
    yield _term(s, choice, wanted)


def _for_item(s: Situation, choice: Choice, kind: str, item: str, place: str) -> Iterator[Finding]:
    """Which gateways an option is for. What is said of gateway equipment is for type A (convention gra.items)."""
    path, how = choice.cite.path, s.reading("gra.items")
    more = {"place": f"{place}.option", "conventions": (how.pair,), "review": how.review}
    if choice.has("item"):
        if kind == "gateway" and item == choice.text("item"):
            return
        of = s.name("items", choice.text("item"))
        yield s.refuse(
            path,
            why=Words(
                f"{choice.name.ja}は{of.ja}のゲートウェイのものです",
                f"{choice.name.en} is for {in_sentence(of.en)} gateways",
            ),
            place=f"{place}.option",
        )
    elif kind != "gateway" and how.value != "all":
        yield s.refuse(
            path,
            why=Words(
                f"{choice.name.ja}はゲートウェイのものです", f"{choice.name.en} is an option of gateways"
            ),
            **more,
        )
    elif item == "type-b" and how.value != "all":
        if s.operator.designates(FOR_TYPE_B, choice.slug) or any(
            s.operator.designates(FOR_TYPE_B, name) for name in (choice.name.ja, choice.name.en)
        ):
            yield s.accept(
                path,
                why=Words("当社がタイプBにも提供すると決めています", "the operator gives it for type B too"),
                defects=s.defects(path),
                conventions=(how.pair,),
            )
        else:
            yield s.refuse(
                path,
                why=Words(
                    f"{choice.name.ja}をタイプBに提供するとは決められていません",
                    f"{choice.name.en} has not been decided to be given for type B",
                ),
                defects=s.defects(path),
                **more,
            )


def _on_their_terms(s: Situation, choice: Choice, delivered: bool | None, place: str) -> Finding:
    """Art. 9.3: used on the provider's terms, which the operator hands over."""
    provider = s.name("third_parties", choice.text("provider"))
    if delivered is False:
        return s.refer(
            "art:9.3",
            proposes=Verdict.REFUSE,
            why=Words(
                f"{provider.ja}の条件がまだ渡されていません", f"{provider.en}'s terms are not delivered yet"
            ),
            place=f"{place}.option",
            remedy=Words("渡してから承諾してください", "deliver them first, then accept"),
        )
    return s.accept(
        "art:9.3",
        why=Words(
            f"{provider.ja}が定める条件に従って使います。条件は別に渡します",
            f"it is used on {provider.en}'s terms, which are delivered separately",
        ),
    )


def _term(s: Situation, choice: Choice, wanted: OptionWanted | AddOption) -> Finding:
    if not choice.has("term_months"):
        return s.accept("art:9.5", why=_NO_TERM, defects=("GRA-D11",))
    if wanted.billing_start is None:
        return s.confirm(_TERM, "art:9.5")
    how = s.reading("term.month-arithmetic")
    last = term_last_day(wanted.billing_start, choice.number("term_months"), how.value)
    return s.accept("art:9.5", why=_TERM, dates=(("term_end", last),), conventions=(how.pair,))


_NO_TERM = Words("このオプションに最低利用期間はありません", "this option has no minimum term")
_TERM = Words(
    "最低利用期間は、このオプション自身の課金開始日から 1 か月です",
    "its minimum term is one month from the day its own billing starts",
)


def options_asked(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 9 for the options that are asked for together with a gateway."""
    for index, wanted in enumerate(asked.services):
        for at, option in enumerate(wanted.options):
            place = f"{place_of(index)}.options[{at}]"
            yield from option_findings(
                s, option, kind_of(wanted), wanted.item or "", asked.known.terms_delivered, place
            )


def added_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 9.1 to 9.5 for an option added to a contract."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:9.1", contract, asked)
    yield from option_findings(
        s, asked, contract.kind, contract.item, asked.known.terms_delivered, "add-option"
    )
    if asked.option not in REPEATED and running(contract, asked.option, s.on):
        yield s.refer(
            "art:9.2",
            proposes=Verdict.REFUSE,
            why=Words(
                "この契約には同じオプションがもうあります。二つ目を取れるかは書かれていません",
                "this contract has that option already; whether it can be had twice is not said",
            ),
            place="add-option.option",
        )
