"""A decision as a letter: the verdict, what each provision says, and what would be right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from kitei.accounts import Provider, Recipient
from kitei.desk import Decision, Finding, Verdict
from kitei.office.papers.press import page, pdf_of
from kitei.office.provisions import provided
from kitei.office.record import decision_json
from kitei.values import JsonObject, Language, Words, day_of, digest_of


@dataclass(frozen=True, slots=True)
class Letter:
    """A decision and whom it is told to. `about` says what was asked, `contracts` what came of it."""

    application: str
    about: Words
    recipient: Recipient
    provider: Provider
    decision: Decision
    contracts: tuple[str, ...] = ()


def decision_html(letter: Letter, language: Language) -> str:
    """The letter as one HTML document; the findings that decide stand first."""
    decision = letter.decision
    return page(
        "decision.html",
        language,
        letter=letter,
        decision=decision,
        verdict=_IN_PART if _is_in_part(letter) else _VERDICTS[decision.verdict],
        tone=decision.verdict.name.lower(),
        decided_on=day_of(decision.at),
        findings=[
            (finding, _MARKS[finding.verdict], provided(map(str, finding.cites)))
            for finding in _in_order(decision)
        ],
        dates=[(_named(name), day) for name, day in decision.dates.items()],
        amounts=[(_named(name), amount) for name, amount in decision.amounts.items()],
        missing=decision.missing,
    )


def decision_pdf(letter: Letter, language: Language) -> bytes:
    """The letter as PDF, A4. The same letter makes the same bytes, on the same programs and fonts."""
    made_of: JsonObject = {"application": letter.application, "decision": decision_json(letter.decision)}
    identifier = f"{digest_of(made_of)}-{language}"
    return pdf_of(decision_html(letter, language), day_of(letter.decision.at), identifier)


def _is_in_part(letter: Letter) -> bool:
    """Whether some applications of a batch were refused and others concluded."""
    return letter.decision.verdict is Verdict.REFUSE and bool(letter.contracts)


def _in_order(decision: Decision) -> list[Finding]:
    return sorted(decision.findings, key=lambda finding: -finding.verdict)


def _named(name: str) -> Words:
    return _NAMES.get(name, Words(name, name))


_VERDICTS: Final[Mapping[Verdict, tuple[Words, Words]]] = {
    Verdict.ACCEPT: (
        Words("承諾", "Accepted"),
        Words("お申し込みを承諾します。", "We accept what you asked for."),
    ),
    Verdict.REFER: (
        Words("確認中", "Under review"),
        Words(
            "規程が判断を委ねている点があり、担当者が確認のうえお知らせします。",
            "The terms leave a point of this to judgement; a member of our staff will decide and tell you.",
        ),
    ),
    Verdict.REFUSE: (
        Words("不承諾", "Not accepted"),
        Words(
            "規程により、お申し込みを承諾できません。理由と、承諾できる形を以下に示します。",
            "By the terms we cannot accept this. Below are the reasons, and what would be right.",
        ),
    ),
}

_IN_PART: Final = (
    Words("一部承諾", "Accepted in part"),
    Words(
        "お申し込みのうち、規程により承諾できない分があります。ほかの分は承諾します。理由を以下に示します。",
        "By the terms part of what you asked for cannot be accepted; we accept the rest. Below are the reasons.",
    ),
)

_MARKS: Final[Mapping[Verdict, Words]] = {
    Verdict.ACCEPT: Words("可", "allowed"),
    Verdict.REFER: Words("要判断", "to be judged"),
    Verdict.REFUSE: Words("不可", "not allowed"),
}

_NAMES: Final[Mapping[str, Words]] = {
    "effective": Words("効力の生じる日", "Takes effect on"),
    "term_end": Words("最低利用期間の満了日", "Minimum term runs out on"),
    "deadline": Words("期限", "Deadline"),
    "strict_deadline": Words("厳しい読み方による期限", "Deadline by the strict reading"),
    "return_by": Words("機器の返却期限", "Devices to be back by"),
    "return_request": Words("機器の返却をお願いする日", "Devices asked back by"),
    "option_term_end": Words("オプションの最低利用期間の満了日", "Option's minimum term runs out on"),
    "report": Words("レポートの送付", "Report to be sent by"),
    "initial": Words("初期費用", "Initial fee"),
    "option-initial": Words("オプションの初期費用", "Initial fee of options"),
    "monthly": Words("月額", "Monthly fee"),
    "option-monthly": Words("オプションの月額", "Monthly fee of options"),
    "setting-change": Words("設定変更の費用", "Fee for the change of settings"),
    "device-change": Words("機器の変更の費用", "Fee for the change of device"),
    "item-change": Words("品目変更手数料", "Charge for the change of item"),
    "router-count-change": Words(
        "監視対象ルータ数の変更手数料", "Charge for the number of monitored routers"
    ),
    "refund": Words("返金", "Refund"),
    "device-failure": Words("故障の費用", "Fee for the failure"),
    "device-repair": Words("修理の費用", "Cost of repair"),
    "lost-device": Words("亡失負担金", "Charge for the lost device"),
    "settlement": Words("解除調定金", "Settlement of the minimum term"),
    "option-settlement": Words("オプションの調定金", "Settlement of options"),
    "credit": Words("料金の減額", "Credit"),
    "onsite-repair": Words("出張保守の実費", "On-site maintenance, at cost"),
    "onsite-installation": Words("オンサイト設置の費用", "On-site installation"),
}
