"""`plan`, `apply-plan`, `status`, `why`: from contracts to the network, and back."""

import click

from kitei.cli.desk import office_of
from kitei.cli.show_network import plan_json, plan_text, why_json, why_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.network.plan import Plan
from kitei.office.closing import invoices
from kitei.office.hearing import Hearing
from kitei.office.publishing import Publishing
from kitei.office.radius.clashes import clashing
from kitei.office.why import why_line, why_part
from kitei.values import Json, Words


@command(
    "plan",
    ja="契約が求め、網がまだそうなっていないもの",
    en="What the contracts want that the network was not told yet.",
)
def plan(talk: Talk) -> None:
    with office_of(talk) as office:
        _answer(talk, Publishing.of(office).plan(talk.on))


@command("apply-plan", ja="計画をノードに伝える", en="Tell the nodes.")
@click.argument("digest", required=False)
@option("--approve", is_flag=True, ja="通信が切れることを承認する", en="Approve that traffic is cut.")
@option("--by", default="operator", show_default=True, ja="承認者", en="Who approves.")
def apply_plan(talk: Talk, digest: str | None, approve: bool, by: str) -> None:
    with office_of(talk) as office:
        _answer(talk, Publishing.of(office).apply_plan(digest, approve=approve, actor=by))


def _answer(talk: Talk, plan: Plan) -> None:
    """A plan, and what two contracts of it cannot both have."""
    clashes = clashing(plan.after)
    told: list[Json] = [
        {"contract": each.contract, "provision": each.path, "why": each.words.to(talk.language)}
        for each in clashes
    ]
    lines = [
        click.style(f"! {each.contract}  {each.words.to(talk.language)} ({each.path})", fg="red")
        for each in clashes
    ]
    talk.answer(
        {**plan_json(plan), "clashes": told}, lambda: "\n".join([plan_text(plan, talk.language), *lines])
    )


@command("status", ja="ノードの報告と警報", en="What nodes report, and what is wrong.")
def status(talk: Talk) -> None:
    with office_of(talk) as office:
        hearing = Hearing.of(office)
        published = office.shelf.in_force()
        reports, alarms = hearing.reports(), hearing.alarms()
        rows: list[tuple[str, str, str]] = []
        nodes: list[Json] = []
        for name, orders in published.items():
            heard = reports.get(name)
            body = heard.body if heard else {}
            generation = body.get("generation")
            applied = bool(body.get("applied")) and generation is not None
            waiting, faults = body.get("waiting") or [], body.get("faults") or []
            nodes.append(
                {
                    "node": name,
                    "published": orders.generation,
                    "generation": generation,
                    "applied": applied,
                    "heard_at": heard.at.isoformat() if heard else None,
                    "waiting": waiting,
                    "faults": faults,
                }
            )
            state = (
                Words("指示どおり", "as ordered")
                if applied
                else Words("待ちあり", "steps wait")
                if waiting
                else Words("未報告", "not heard")
                if not heard
                else Words("変更中または故障", "changing or at fault")
            )
            rows.append((name, state.to(talk.language), heard.at.strftime("%H:%M:%S") if heard else "-"))
        told: list[Json] = [
            {
                "contract": alarm.contract,
                "trouble": alarm.trouble,
                "since": alarm.since.isoformat(),
                "words": {"ja": alarm.words.ja, "en": alarm.words.en},
            }
            for alarm in alarms
        ]

        def text() -> str:
            lines = [f"{click.style(name, bold=True):<28} {state:<20} {at}" for name, state, at in rows]
            lines += [click.style(f"! {alarm.words.to(talk.language)}", fg="red") for alarm in alarms]
            if not alarms:
                lines.append(Words("警報はありません。", "No alarm.").to(talk.language))
            return "\n".join(lines)

        talk.answer({"nodes": nodes, "alarms": told}, text)


@command(
    "why",
    ja="ノードの設定の一行(NODE RESOURCE)や請求書の明細(番号と行)から、契約、申込、条項まで遡る",
    en="From a node's configuration (NODE RESOURCE), or an invoice's line (NUMBER LINE), back to the provision.",
)
@click.argument("thing", metavar="NODE|INVOICE")
@click.argument("part", metavar="RESOURCE|LINE")
def why(talk: Talk, thing: str, part: str) -> None:
    with office_of(talk) as office:
        invoice = next((each for each in invoices(office) if each.number == thing), None)
        if invoice is None:
            found = why_part(office, thing, part)
        elif part.isdecimal() and 1 <= int(part) <= len(invoice.lines):
            found = (why_line(office, invoice.lines[int(part) - 1]),)
        else:
            count = len(invoice.lines)
            raise Misuse(
                Words(
                    f"{thing} の明細は 1 から {count} です", f"{thing} has lines 1 to {count}, not {part!r}"
                )
            )
        talk.answer(
            [why_json(each) for each in found],
            lambda: "\n\n".join(why_text(each, talk.language) for each in found),
        )
