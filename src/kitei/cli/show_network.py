"""What the network comes to, as text for people and as JSON for programs: plans, and the way back from a part."""

import click

from kitei.cli.show import cites_text, provisions_text
from kitei.network import Risk
from kitei.network.plan import Plan
from kitei.office.why import Why
from kitei.values import Json, JsonObject, Language, Words


def why_json(why: Why) -> Json:
    return [
        {
            "what": {"ja": step.what.ja, "en": step.what.en},
            "name": step.name,
            "detail": {"ja": step.detail.ja, "en": step.detail.en},
            "cites": [each.cite for each in step.provisions],
        }
        for step in why.steps
    ]


def why_text(why: Why, language: Language) -> str:
    lines: list[str] = []
    for number, step in enumerate(why.steps):
        arrow = "" if number == 0 else "  " * number + "↳ "
        lines.append(f"{arrow}{click.style(step.what.to(language), bold=True)} {step.name}")
        pad = "  " * number + "   "
        lines.append(f"{pad}{step.detail.to(language)}")
        if step.provisions:
            lines.append(provisions_text(step.provisions, language, pad + "  "))
    return "\n".join(lines)


def plan_json(plan: Plan) -> JsonObject:
    return {
        "digest": plan.digest,
        "cuts": list(plan.cuts),
        "changes": [
            {
                "node": each.node,
                "change": each.change,
                "part": each.part.key,
                "owner": each.owner,
                "risk": each.risk.name.lower(),
                "cites": list(each.part.origin.cites),
            }
            for each in plan.changes
        ],
    }


def plan_text(plan: Plan, language: Language) -> str:
    """The plan by node: what comes (+), goes (-) and changes (~), whose it is, and why."""
    if plan.is_empty:
        return Words("契約と網は一致しています。", "The network is what the contracts say.").to(language)
    marks = {"add": ("+", "green"), "remove": ("-", "red"), "change": ("~", "yellow")}
    lines: list[str] = []
    for node in plan.nodes:
        lines.append(click.style(node, bold=True))
        for each in plan.changes:
            if each.node == node:
                mark, colour = marks[each.change]
                risk = f" !{each.risk.name.lower()}" if each.risk is not Risk.NONE else ""
                cites = cites_text(each.part.origin.cites, language)
                lines.append(
                    f"  {click.style(mark, fg=colour)} {each.part.key}  [{each.owner}] {cites}{risk}"
                )
    if plan.cuts:
        names = ", ".join(plan.cuts)
        lines.append(Words(f"通信が切れる契約: {names}", f"traffic is cut for: {names}").to(language))
    lines.append(f"plan {plan.digest[:12]}")
    return "\n".join(lines)
