"""`ddos report`: a contract's month under watch, as text, JSON or PDF; and that it was sent."""

from pathlib import Path

import click

from kitei.cli.ddos_alerts import goes_to
from kitei.cli.desk import office_of
from kitei.cli.show import cites_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.floods.alert_lines import rate_words
from kitei.office.floods.history import up_to_date
from kitei.office.floods.report import Report, clock_text, flood_report, step_words
from kitei.office.floods.values import must_be_sendable, report_json, send_report
from kitei.values import Month, Words


@command(
    "report",
    ja="契約の月次レポート。--pdf で紙に、--sent で送付済みとして記録",
    en="A contract's monthly report; --pdf prints it, --sent records that it went out.",
)
@click.argument("contract")
@click.argument("month")
@option(
    "--pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="PDF を書くファイル(ことばは --lang)",
    en="Write it as PDF, in the language of --lang.",
)
@option(
    "--send",
    is_flag=True,
    ja="契約者にメールで送り、送付したと記録する",
    en="E-mail it to the customer, and record that it was sent.",
)
@option(
    "--sent",
    is_flag=True,
    ja="ほかの道で送付したと記録する(期限の一覧から消える)",
    en="Record that it was sent some other way: `kitei due` no longer tells of it.",
)
def report(talk: Talk, contract: str, month: str, pdf: Path | None, send: bool, sent: bool) -> None:
    if send and sent:
        raise Misuse(Words("--send か --sent の一方だけにしてください", "give --send or --sent, not both"))
    try:
        wanted = Month.parse(month)
    except ValueError as error:
        raise Misuse(str(error)) from None
    with office_of(talk) as office:
        found = flood_report(office, up_to_date(office.home), contract, wanted)
        if pdf is not None:
            from kitei.office.papers.flood_report import report_pdf

            pdf.write_bytes(report_pdf(found, talk.language))
            click.echo(str(pdf), err=True)
        if sent:
            send_report(office, found)
        if send:
            from kitei.office.floods.letters import letters, of_report

            must_be_sendable(office, found)
            several = letters(office, of_report(office, found))
            send_report(office, found, several)
            goes_to(several, talk)
        talk.answer(report_json(found), lambda: _text(found, talk))


def _text(found: Report, talk: Talk) -> str:
    language = talk.language
    none = Words("記録なし", "no record").to(language)
    lines = [
        f"{found.contract}  {found.month}  {found.item.name.to(language)}  ({cites_text((str(found.item.cite),), language)})"
    ]
    if found.bytes is None:
        lines.append(none)
    else:
        words = Words(
            f"受信 {found.bytes:,} バイト、監視 {found.judged:,} / {found.meant:,} 秒",
            f"{found.bytes:,} bytes received, {found.judged:,} of {found.meant:,} seconds under watch",
        )
        lines.append(words.to(language))
    for each in found.attacks:
        peak = (
            f"{each.peak.bps:,} bps {each.peak.pps:,} pps"
            if each.peak
            else rate_words(each.attack).to(language)
        )
        lasted = f"{each.seconds} s" if each.seconds is not None else Words("継続中", "goes on").to(language)
        cause, steps = each.attack.cause.to(language), step_words(each.attack.steps).to(language)
        if each.attack.in_force is not None:
            after = each.attack.after(each.attack.in_force)
            steps += Words(f"(有効まで {after:.1f} 秒)", f" (in force after {after:.1f} s)").to(language)
        lines.append(
            f"  {clock_text(each.attack.began)}  {each.attack.target}  {cause}  {peak}  {lasted}  {steps}"
        )
    for change in found.changes:
        cites = f"  ({cites_text(change.cites, language)})" if change.cites else ""
        lines.append(f"  {change.on}  {change.what.to(language)}{cites}")
    return "\n".join(lines)
