"""`terms coverage`: how each provision is honoured, and which stand open."""

from collections import Counter
from collections.abc import Iterator

import click

from kitei.catalogue import SERVICES, service_named
from kitei.cli.show import cites_text
from kitei.cli.speak import Misuse, Talk, command
from kitei.service import Service
from kitei.terms import Coverage, Honoured, Provision
from kitei.terms import coverage as weigh
from kitei.terms.provisions import BY
from kitei.values import Json, JsonObject, Language, Words

_WAYS = {
    "rule": Words("規則", "rule"),
    "value": Words("数値・一覧", "value"),
    "network": Words("網", "network"),
    "deadline": Words("期限", "deadline"),
    "note": Words("表示・注記", "note"),
}


@command(
    "coverage",
    ja="各条項がどう守られるかの勘定(サービスを挙げれば条項ごとに)",
    en="How each provision is honoured; of one service, provision by provision.",
)
@click.argument("service", required=False)
def coverage(talk: Talk, service: str | None) -> None:
    try:
        chosen = [service_named(service)] if service else list(SERVICES.values())
    except LookupError as error:
        raise Misuse(str(error.args[0])) from None
    found = [(each, weigh(each.terms.editions[-1], each.spoken())) for each in chosen]
    total = sum(len(each.terms.editions[-1].provisions) for each in chosen)
    honoured = sum(len(account.honoured) for _, account in found)
    open_ = [str(each.provision.cite) for _, account in found for each in account.open]
    stray = [f"{by} {path}" for _, account in found for by, path in account.stray]
    talk.answer(
        {
            "total": total,
            "honoured": honoured,
            "awaiting": sum(len(account.awaiting) for _, account in found),
            "open": list(open_),
            "stray": list(stray),
            "services": {each.name: _service_json(each, account) for each, account in found},
        },
        lambda: "\n".join(
            [
                *(
                    line
                    for each, account in found
                    for line in _lines(each, account, service is not None, talk.language)
                ),
                Words(
                    f"{total} 条項のうち {honoured} が守られ、{len(open_)} が未対応",
                    f"{honoured} of {total} provisions honoured, {len(open_)} open",
                ).to(talk.language),
            ]
        ),
    )
    if open_ or stray:
        raise SystemExit(1)


def _ways(account: Coverage) -> Counter[str]:
    """How many provisions are honoured by each way (one may be by several)."""
    return Counter(by for each in account.honoured for by in {way.by for way in each.honoured})


def _lines(service: Service, account: Coverage, each: bool, language: Language) -> Iterator[str]:
    edition, spoken = service.terms.editions[-1], service.spoken()
    count = f"{len(account.honoured)}/{len(edition.provisions)}"
    ways = _ways(account)
    told = ", ".join(f"{_WAYS[by].to(language)} {ways[by]}" for by in BY if ways[by])
    yield click.style(f"{edition}  {service.title.to(language)}  {count}", bold=True) + f"  ({told})"
    for kind, tally in account.by_class().items():
        yield f"  {kind:<16} {tally.honoured}/{tally.honoured + tally.open}"
    if each:
        for provision in edition.provisions.values():
            yield _one(provision, language)
    for lacking in account.open:
        yield click.style(f"  ✗ {lacking}", fg="red")
    for by, path in account.stray:
        wrong = Words("は版にない条項です", "is spoken for, but is no provision of the edition")
        yield click.style(f"  ✗ {by} {path} {wrong.to(language)}", fg="red")
    if account.awaiting and spoken.to_come:
        names = cites_text((str(each.cite) for each in account.awaiting), language)
        yield f"  … {spoken.to_come.to(language)}: {names}"


def _one(provision: Provision, language: Language) -> str:
    cite = cites_text([str(provision.cite)], language)
    ways = "; ".join(
        f"{_WAYS[way.by].to(language)}: {way.what.to(language) if isinstance(way.what, Words) else way.what}"
        for way in provision.honoured
    )
    return f"    {cite} {provision.heading.to(language)}  [{ways}]"


def _service_json(service: Service, account: Coverage) -> JsonObject:
    edition, to_come = service.terms.editions[-1], service.spoken().to_come
    standing = {each.path: "honoured" for each in account.honoured}
    standing |= {each.path: "awaiting" for each in account.awaiting}
    lacking = {each.provision.path: each.lacking for each in account.open}
    ways = _ways(account)
    return {
        "edition": edition.in_force.isoformat(),
        "total": len(edition.provisions),
        "honoured": len(account.honoured),
        "by": {by: ways[by] for by in BY},
        "classes": {
            kind: {"total": tally.honoured + tally.open, "honoured": tally.honoured}
            for kind, tally in account.by_class().items()
        },
        "to_come": {"ja": to_come.ja, "en": to_come.en} if to_come else None,
        "provisions": [
            {
                "path": each.path,
                "class": each.kind,
                "standing": standing.get(each.path, "open"),
                "honoured": [_way_json(way) for way in each.honoured],
                "lacking": [_way_json(way) for way in lacking.get(each.path, ())],
            }
            for each in edition.provisions.values()
        ],
    }


def _way_json(way: Honoured) -> Json:
    what = way.what
    return {"by": way.by, "what": {"ja": what.ja, "en": what.en} if isinstance(what, Words) else what}
