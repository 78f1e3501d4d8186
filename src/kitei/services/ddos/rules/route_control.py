"""Article 10(4): route control by the operator, on conditions the customer accepts, and until others complain."""

from collections.abc import Iterator

from kitei.clauses.notice import own_notice, still_in_force
from kitei.clauses.options import running
from kitei.desk import Finding, Situation, Verdict
from kitei.services.ddos.application import AddOption, Apply, RequestRouteControl
from kitei.services.ddos.contract import MULTI_ISP
from kitei.services.ddos.operation import Complaint
from kitei.services.ddos.rules.items import place_of
from kitei.services.ddos.rules.options import AskedOption, is_multi_isp
from kitei.values import Words

TOPIC = "route-control"


def asked_with_option(asked: AddOption, s: Situation) -> Iterator[Finding]:
    """Art. 10.4: who does the route control of a multi-ISP option that is applied for."""
    if is_multi_isp(asked):
        yield from _who_does_it(s, asked, asked.known.operable, "add-option")


def asked_with_contract(asked: Apply, s: Situation) -> Iterator[Finding]:
    """Art. 10.4 for multi-ISP options that come with contracts."""
    for index, wanted in enumerate(asked.services):
        for at, option in enumerate(wanted.options):
            if is_multi_isp(option):
                place = f"{place_of(index)}.options[{at}]"
                yield from _who_does_it(s, option, asked.known.operable, place, index)


def done_by(s: Situation, wanted: AskedOption, operable: bool | None) -> str:
    """`operator` where it was asked for, found operable, and its conditions accepted; else `customer`."""
    return "operator" if wanted.route_control and operable and not _open(s, wanted) else "customer"


def _open(s: Situation, wanted: AskedOption) -> tuple[str, ...]:
    """The conditions that were not accepted, by slug."""
    return tuple(
        each for each in s.edition.value("route_control_conditions").slugs if each not in wanted.accepts
    )


def _who_does_it(
    s: Situation, wanted: AskedOption, operable: bool | None, place: str, part: int | None = None
) -> Iterator[Finding]:
    if not wanted.route_control:
        yield s.accept("art:10.4.s2", why=_BY_CUSTOMER, part=part)
        return
    conditions = s.lists["route_control_conditions"]
    for slug in _open(s, wanted):
        condition = conditions[slug]
        yield s.refuse(
            condition.cite.path,
            "art:10.4",
            "art:10.4.s2",
            why=Words(
                f"経路制御の条件「{condition.name.ja}」が受け入れられていません",
                f"a condition of route control is not accepted: {condition.name.en}",
            ),
            place=f"{place}.accepts",
            remedy=Words("条件を受け入れて申し込んでください", "apply accepting the conditions"),
            part=part,
            topic=TOPIC,
        )
    if operable is None:
        yield s.refer(
            "art:10.4",
            proposes=Verdict.ACCEPT,
            why=Words(
                "経路制御を運用できるかは当社が判断します。まだ記録がありません",
                "whether route control is operable is for the operator to find; it is not recorded yet",
            ),
            place=f"{place}.known.operable",
            part=part,
        )
    elif not operable:
        yield s.refuse(
            "art:10.4",
            "art:10.4.s2",
            why=Words(
                "当社は運用できないと判断しました。経路制御は契約者がします",
                "the operator finds it not operable; the customer does the route control",
            ),
            place=f"{place}.route_control",
            part=part,
            topic=TOPIC,
        )
    if done_by(s, wanted, operable) == "operator":
        yield s.accept(
            "art:10.4",
            "art:10.4.1",
            "art:10.4.2",
            "art:10.4.3",
            why=Words(
                "条件を受け入れた申込に基づき、当社が経路制御をします",
                "the operator does the route control, its conditions being accepted",
            ),
            defects=s.defects("art:10.4"),
            part=part,
            topic=TOPIC,
        )
    elif operable is not None:
        yield s.accept("art:10.4.s2", why=_BY_CUSTOMER, part=part)


_BY_CUSTOMER = Words("経路制御は契約者自身がします", "the customer does the route control itself")


def asked_later(asked: RequestRouteControl, s: Situation) -> Iterator[Finding]:
    """Art. 10.4: it is asked for when applying for the option; later only as a matter the operator designates."""
    contract = s.contract(asked.contract)
    yield from own_notice(s, "art:10.4", contract, asked)
    if running(contract, MULTI_ISP, s.on) is None:
        yield s.refuse(
            "art:10.4",
            "art:10.2.8",
            why=Words("マルチ ISP 対応オプションがありません", "there is no multi-ISP option"),
            place="request-route-control.contract",
            remedy=Words("オプションとともに申し込んでください", "apply for it together with the option"),
        )
    elif s.operator.designates("changeable-matters", "経路制御") or s.operator.designates(
        "changeable-matters", "route control"
    ):
        yield from _as_designated(asked, s)
    else:
        yield s.refuse(
            "art:10.4",
            "art:6.1.2",
            why=Words(
                "経路制御はオプションの申込のときに頼むもので、後から頼む根拠がありません",
                "route control is asked for when applying for the option; nothing provides for it later",
            ),
            place="request-route-control.contract",
            remedy=Words(
                "当社が変更できる事項に経路制御を指定していれば、変更として頼めます",
                "where the operator designates it as a changeable matter it can be asked for as a change",
            ),
            conventions=(s.reading("operator-designated").pair,),
        )


def _as_designated(asked: RequestRouteControl, s: Situation) -> Iterator[Finding]:
    known = s.edition.value("route_control_conditions")
    for each in known.choices:
        if each.slug not in asked.accepts:
            yield s.refuse(
                each.cite.path,
                why=Words(
                    f"条件「{each.name.ja}」が受け入れられていません",
                    f"a condition is not accepted: {each.name.en}",
                ),
                place="request-route-control.accepts",
            )
    if asked.known.operable is not True:
        yield s.refer(
            "art:10.4",
            proposes=Verdict.REFUSE if asked.known.operable is False else Verdict.ACCEPT,
            why=Words("運用できるかは当社が判断します", "whether it is operable is for the operator to find"),
            place="request-route-control.known.operable",
        )
    yield s.accept(
        "art:6.1.2",
        "art:10.4",
        why=Words(
            "当社が変更できる事項に経路制御を指定しています",
            "the operator designates route control as a changeable matter",
        ),
    )


def complained(asked: Complaint, s: Situation) -> Iterator[Finding]:
    """Art. 10.4(3), second sentence: on a third party's complaint the operator may stop; by default it does."""
    contract = s.contract(asked.contract)
    yield from still_in_force(s, "art:10.4.3.s2", contract)
    if asked.by != "operator":
        yield s.refuse(
            "art:10.4.3.s2",
            why=Words("苦情は当社が受けて記録します", "complaints are taken and recorded by the operator"),
            place="route-control-complaint.by",
            remedy=Words("申し立てた者は complainant に書きます", "who complains goes into complainant"),
        )
    taken = running(contract, MULTI_ISP, s.on)
    if taken is None or taken.body.get("route_control") != "operator":
        yield s.refuse(
            "art:10.4.3.s2",
            why=Words(
                f"契約 {contract.id} の経路制御を当社はしていません",
                f"the operator does no route control for contract {contract.id}",
            ),
            place="route-control-complaint.contract",
        )
    elif asked.complainant == contract.customer:
        yield s.refuse(
            "art:10.4.3.s2",
            why=Words(
                "契約者自身の申し立ては第三者の苦情ではありません",
                "what the customer itself says is no third party's complaint",
            ),
            place="route-control-complaint.complainant",
        )
    elif asked.known.instruction is None:
        yield s.refer(
            "art:10.4.3.s2",
            proposes=Verdict.ACCEPT,
            why=Words(
                f"{asked.complainant} から苦情がありました。取りやめるかは当社が決めます",
                f"{asked.complainant} complains; whether to stop is the operator's decision",
            ),
            remedy=Words(
                "known.instruction に stop か go-on を書いてください", "give known.instruction: stop or go-on"
            ),
        )
    else:
        stops = asked.known.instruction == "stop"
        yield s.accept(
            "art:10.4.3.s2",
            *(("art:10.4.s2",) if stops else ()),
            why=Words(
                "当社は経路制御を取りやめ、契約者自身がします",
                "the operator stops, and the customer does it itself",
            )
            if stops
            else Words(
                "苦情を記録し、経路制御を続けます", "the complaint is recorded, and route control goes on"
            ),
        )
