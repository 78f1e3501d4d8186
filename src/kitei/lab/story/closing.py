"""The end of the month, and the way back: invoices that explain themselves, and `why`."""

from datetime import datetime

from kitei.accounts import invoice_digest
from kitei.accounts.month import Incomplete
from kitei.lab.story.picture import topology
from kitei.lab.story.stage import Stage
from kitei.office.closing import close_month, invoices, made_again
from kitei.office.papers import invoice_pdf
from kitei.office.why import why_part
from kitei.values import JST, Month, Words, in_yen


def close_the_month(stage: Stage) -> None:
    """July is closed: monthly fees, work, settlement and credit, each line with its provision."""
    telling = stage.telling
    telling.open_scene(Words("月の締めと請求書", "The month is closed"))
    stage.set_clock(datetime(2026, 8, 1, 9, 0, tzinfo=JST))
    bills = [bill for month in (Month(2026, 6), Month(2026, 7)) for bill in close_month(stage.office, month)]
    telling.promise(
        "六月と七月の請求書がすべて出せる(足りない見積もりはない)",
        "June and July can be invoiced for everyone: no quote is missing",
        bool(bills) and all(bill.invoice is not None for bill in bills),
        ", ".join(bill.customer for bill in bills if bill.invoice is None),
    )
    issued = tuple(invoices(stage.office))
    rows = [
        (
            each.number,
            each.recipient.name.to(telling.language),
            str(len(each.lines)),
            in_yen(each.tax),
            in_yen(each.total),
        )
        for each in issued
    ]
    heads = (("番号", "number"), ("宛先", "to"), ("明細", "lines"), ("消費税", "tax"), ("合計", "total"))
    telling.table([Words(*head) for head in heads], rows)
    credits = [line for each in issued for line in each.lines if line.amount < 0]
    telling.promise(
        "49 時間の利用不能の減額 2/30 が、条項とともに明細にある",
        "the credit of 2/30 for the 49 hours is a line of its own, with its provision",
        len(credits) == 1 and any("schedule:3" in cite for cite in credits[0].cites),
        "; ".join(f"{line.words.to(telling.language)} {in_yen(line.amount)}" for line in credits),
    )
    telling.promise(
        "明細のどの行も条項を引用し、合計は明細と一度だけ丸めた税の和である",
        "every line cites a provision, and totals are lines plus a tax rounded once a rate",
        all(line.cites for each in issued for line in each.lines)
        and all(each.total == sum(line.amount for line in each.lines) + each.tax for each in issued),
    )
    again = [made_again(stage.office, each) for each in issued]
    telling.promise(
        "同じ台帳から締め直すと、一字一句同じ請求書になる",
        "closed again from the same ledger, they are the same to the letter",
        [None if isinstance(each, Incomplete) else invoice_digest(each) for each in again]
        == [invoice_digest(each) for each in issued],
    )
    with telling.waiting("請求書を組んでいます", "papers are made"):
        for each in issued:
            for language in ("ja", "en"):
                paper = invoice_pdf(each, "ja" if language == "ja" else "en")
                (stage.office.home.papers / f"{each.number}.{language}.pdf").write_bytes(paper)
        (stage.office.home.papers / "topology.svg").write_text(topology(stage))
    made = sorted(place.name for place in stage.office.home.papers.iterdir())
    telling.promise(
        f"請求書(PDF、日英)と網の図(SVG)が {stage.office.home.papers} にある",
        f"invoices (PDF, in both languages) and the topology (SVG) are in {stage.office.home.papers}",
        len(made) == 2 * len(issued) + 1,
        ", ".join(made[:4]),
    )


def ask_why(stage: Stage) -> None:
    """From one line of a node's configuration to the article that put it there."""
    telling = stage.telling
    telling.open_scene(Words("なぜ", "Why"))
    network = stage.network_of("dual-star-dual-edge")
    node = stage.node(stage.parent(network))
    found = why_part(stage.office, node, "10.99.0.0/16")
    for step in found[0].steps:
        telling.say(
            f"  [bold]{step.what.ja}[/bold] {step.name}: {step.detail.ja[:160]}",
            f"  [bold]{step.what.en}[/bold] {step.name}: {step.detail.en[:160]}",
        )
        for each in step.provisions[:3]:
            telling.say(
                f"      [dim]{stage.articles([each.cite])} {each.gist.ja}[/dim]",
                f"      [dim]{stage.articles([each.cite])} {each.gist.en}[/dim]",
            )
    paths = {each.cite.partition("#")[2].split(".")[0] for why in found for each in why.provisions}
    telling.promise(
        f"{node} の 10.99.0.0/16 から、契約、申込、設定変更の条項(第 10 条)まで遡れる",
        f"from 10.99.0.0/16 on {node} the way leads to contract, application and article 10",
        "art:10" in paths,
        ", ".join(sorted(paths)),
    )
    verified = stage.office.verify()
    telling.promise(
        "台帳の連鎖は始めから終わりまで正しい",
        "the ledger is chained from first to last",
        verified.is_whole,
        f"{verified.count}",
    )
