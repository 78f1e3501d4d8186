"""The end of the month, and the way back: invoices that explain themselves, and `why`."""

from kitei.lab.story.stage import Stage
from kitei.office.why import why_part
from kitei.values import Words


def ask_why(stage: Stage) -> None:
    """From one line of a node's configuration to the article that put it there."""
    telling = stage.telling
    telling.open_scene(10, Words("なぜ", "Why"))
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
