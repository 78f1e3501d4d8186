"""`ddos incidents`: the attacks there were, and one of them with its course and evidence."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from kitei.cli.ddos_alerts import goes_to
from kitei.cli.desk import desk_of, office_of
from kitei.cli.show import cites_text
from kitei.cli.speak import Misuse, Talk, command, option
from kitei.office.floods.alert_lines import action_words, course_words, lasting, rate_words
from kitei.office.floods.attacks import STEPS, Attack
from kitei.office.floods.evidence import together
from kitei.office.floods.history import up_to_date
from kitei.office.floods.incidents import Incident, attack_json, attacks, incident, incident_json, steps_left
from kitei.office.floods.posting import record_and_post
from kitei.office.floods.report import clock_text
from kitei.office.floods.watch import Watched, watched
from kitei.store.tallies import protocol_name
from kitei.values import Words

Seen = Mapping[str, Watched]


@command(
    "incidents",
    ja="攻撃の一覧。ID を付けると、その経過と証拠",
    en="The attacks there were; with an ID its course and its evidence.",
)
@click.argument("attack", required=False)
@option("--contract", ja="この契約だけ", en="Of this contract only.")
@option(
    "--pdf",
    "pdf",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="その攻撃の報告を PDF にする(ことばは --lang)",
    en="Write the incident as PDF, in the language of --lang.",
)
@option(
    "--pcap",
    "pcap",
    type=click.Path(dir_okay=False, path_type=Path),
    ja="その攻撃のパケットの抜粋をまとめて一つの pcap に書く",
    en="Write all packets that were kept of the attack as one pcap.",
)
@option(
    "--send", is_flag=True, ja="その報告を契約者にメールで送る", en="E-mail the incident to the customer."
)
def incidents(
    talk: Talk, attack: str | None, contract: str | None, pdf: Path | None, pcap: Path | None, send: bool
) -> None:
    if attack is None:
        if pdf is not None or pcap is not None or send:
            name = "--pdf" if pdf is not None else "--pcap" if pcap is not None else "--send"
            raise Misuse(Words(f"{name} には攻撃の ID が要ります", f"{name} needs the ID of an attack"))
        with desk_of(talk) as desk:
            found = attacks(desk, contract)
            seen = {each.contract: each for each in watched(desk.contracts(), desk.today())}
        talk.answer([attack_json(each) for each in found], lambda: _table(found, seen, talk))
        return
    with office_of(talk) as office:
        one = incident(office, up_to_date(office.home), attack)
        seen = {each.contract: each for each in watched(office.contracts(), office.today())}
        packets = _packets(one) if pcap is not None else b""
        left = steps_left(office, one.attack)
        talk.answer(
            {**incident_json(one), "steps_left": list(left)},
            lambda: "\n".join([_text(one, seen, talk), *_left(one, left, talk)]),
        )
        if pcap is not None:
            pcap.write_bytes(packets)
            click.echo(str(pcap), err=True)
        if pdf is not None:
            from kitei.office.floods.letters import of_incident

            pdf.write_bytes(of_incident(office, one).pdf(talk.language))
            click.echo(str(pdf), err=True)
        if send:
            from kitei.office.floods.letters import letters, of_incident

            several = letters(office, of_incident(office, one))
            goes_to(several, talk, record_and_post(office, (), several))


def _left(found: Incident, left: Sequence[str], talk: Talk) -> Iterator[str]:
    """What the incident procedure still asks for, and how it is recorded."""
    if left:
        yield Words("残る手順: " + ", ".join(left), "steps left: " + ", ".join(left)).to(talk.language)
        ask = f"contract={found.attack.contract} attack={found.attack.id} step='{left[0]}'"
        yield f"  kitei ask incident-step {ask} note=... notified=..."


def _packets(found: Incident) -> bytes:
    try:
        return together(found.excerpts)
    except ValueError as error:
        why = str(error)
        raise Misuse(
            Words(f"パケットの抜粋を書けません: {why}", f"packets cannot be written: {why}")
        ) from None


def _table(found: Sequence[Attack], seen: Seen, talk: Talk) -> str:
    none = Words("攻撃は記録されていません。", "No attack is on record.")
    return "\n".join(_line(each, seen, talk) for each in found) or none.to(talk.language)


def _line(each: Attack, seen: Seen, talk: Talk) -> str:
    state = Words("終息", "over") if each.over else Words("継続中", "goes on")
    words = (each.cause, rate_words(each), lasting(each), action_words(each, seen.get(each.contract)), state)
    told = ", ".join(word.to(talk.language) for word in words)
    return f"{clock_text(each.began)}  {each.id}  {each.contract}  {each.target}  {told}"


def _text(found: Incident, seen: Seen, talk: Talk) -> str:
    attack, language = found.attack, talk.language
    lines = [_line(attack, seen, talk), course_words(attack).to(language)]
    if found.peak:
        peak = Words("最大", "peak").to(language)
        lines.append(f"{peak} {found.peak.bps:,} bps, {found.peak.pps:,} pps")
    for each in attack.happenings:
        cites = f"  ({cites_text(each.cites, language)})" if each.cites else ""
        lines.append(
            f"  {clock_text(each.at)}  {attack.after(each.at):+9.1f} s  {each.words.to(language)}{cites}"
        )
    for each in attack.unreported:
        step = STEPS[str(each.body.get("step"))]
        words = Words(
            f"  ! {step.ja} は指示済みですが、有効になったとのノードの報告はまだありません(kitei status)",
            f"  ! {step.en}: ordered, and the nodes have not reported it in force (kitei status)",
        )
        lines.append(words.to(language))
    for title, several in (
        (Words("送信元(標本)", "sources, of the sample"), found.sources),
        (Words("宛先ポート", "destination ports"), found.ports),
    ):
        if several:
            lines.append(title.to(language))
            lines += [f"  {top.name}  {top.packets:,} p" for top in several]
    if found.samples:
        lines.append(Words("フローの標本", "flows of the sample").to(language))
        lines += [
            f"  {flow.at} {flow.src}:{flow.sport} > {flow.dst}:{flow.dport} {protocol_name(flow.protocol)}"
            f" {flow.packets:,} p {flow.bytes:,} B"
            for flow in found.samples
        ]
    lines += [f"pcap {each.path}  ({each.node}, {each.bytes:,} B)" for each in found.excerpts]
    if not found.excerpts:
        lines.append(Words("パケットの抜粋はありません", "no packets were kept").to(language))
    return "\n".join(lines)
