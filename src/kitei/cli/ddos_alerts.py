"""`ddos alerts`: what was told of attacks, to whom, and what could not be; and the secret of a customer's webhooks."""

from collections.abc import Sequence

from kitei.cli.desk import office_of
from kitei.cli.speak import Fault, Talk, command, option
from kitei.office.bell import home_post, ring, webhook_secret
from kitei.office.floods.alerting import untold
from kitei.office.post import Undelivered
from kitei.store.outbox import Message, Outbox
from kitei.values import JsonObject, Words

_SHOWN = 50


@command(
    "alerts",
    ja="攻撃の知らせの状態。--send で今送る(controller が動いていれば自動)",
    en="What was told of attacks; --send sends what is due (a running controller does so by itself).",
)
@option(
    "--send",
    is_flag=True,
    ja="新しいものを取り込み、今送れるものを送る",
    en="Take in what is new and send it now.",
)
@option(
    "--secret",
    "customer",
    ja="この契約者の webhook の署名鍵を示す",
    en="Show the secret a customer's webhooks are signed with.",
)
def alerts(talk: Talk, send: bool, customer: str | None) -> None:
    with office_of(talk) as office:
        if customer is not None:
            if office.shelf.party(customer) is None:
                raise LookupError(f"there is no party {customer!r}")
            key = webhook_secret(office)(customer)
            talk.answer({"customer": customer, "secret": key}, lambda: key)
            return
        outbox = Outbox(office.book.engine)
        if send:
            try:
                ring(office, outbox, home_post(office), webhook_secret(office))
            except Undelivered as error:
                raise Fault(error.words) from None
        shown = {each.number: each for each in (*outbox.waiting(), *outbox.last(_SHOWN))}
        found = [shown[number] for number in sorted(shown)]
        nobody = untold(office)
    none = Words("知らせはありません。", "There are no alerts.").to(talk.language)
    talk.answer(
        [_json(each) for each in found], lambda: "\n".join(_line(each, talk) for each in found) or none
    )
    if nobody and not talk.as_json:
        words = Words("攻撃を知らせる宛先のない契約", "nobody is told of attacks on")
        talk.say(f"# {words.to(talk.language)}: {', '.join(nobody)}")
    if any(each.failed for each in found if each.sent_at is None):
        raise SystemExit(1)


def goes_to(several: Sequence[Message], talk: Talk, new: int | None = None) -> None:
    """Say where letters will go: a controller, or `ddos alerts --send`, sends them. `new`: so many were not before."""
    if not talk.as_json:
        where = ", ".join(each.place for each in several)
        if new == 0:
            words = Words(
                f"{where} への手紙はもう出しています",
                f"was put out to {where} before (see kitei ddos alerts)",
            )
            talk.say(f"# {words.to(talk.language)}")
            return
        words = Words(
            f"{where} へ送ります(kitei ddos alerts で見られます)", f"goes to {where} (see kitei ddos alerts)"
        )
        talk.say(f"# {words.to(talk.language)}")


def _line(each: Message, talk: Talk) -> str:
    mark = "✉" if each.sent_at else "✗" if each.given_up_at or each.failed else "…"
    at = (each.sent_at or each.made_at).strftime("%Y-%m-%d %H:%M:%S")
    failed = f"\n    {each.attempts}x {each.failed}" if each.failed else ""
    return f"{mark} {at}  {each.customer}  {_place(each)}  {each.body.get('subject')}{failed}"


def _place(each: Message) -> str:
    """A webhook's URL may hold a key of its own behind the host."""
    return each.place if each.way != "webhook" else "/".join(each.place.split("/")[:3]) + "/…"


def _json(each: Message) -> JsonObject:
    return {
        "id": each.id,
        "customer": each.customer,
        "way": each.way,
        "place": _place(each),
        "subject": str(each.body.get("subject")),
        "made_at": each.made_at.isoformat(),
        "sent_at": each.sent_at.isoformat() if each.sent_at else None,
        "given_up_at": each.given_up_at.isoformat() if each.given_up_at else None,
        "attempts": each.attempts,
        "failed": each.failed,
    }
