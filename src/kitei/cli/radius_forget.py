"""`radius forget`: what of ended contracts the vault still holds though its days are over, and forgetting it."""

from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command, option
from kitei.office.radius.forgetting import Forgotten, due, forget_ended
from kitei.office.radius.logins import Logins
from kitei.values import Words


@command(
    "forget",
    ja="終わった契約の秘密と利用者のうち、保管の日数が過ぎたものを示す。--now で消す(戻せない)",
    en="Secrets and users of ended contracts whose days of keeping are over; --now forgets them for good.",
)
@option("--now", is_flag=True, ja="消して台帳に記録する", en="Forget them, and record it.")
def forget(talk: Talk, now: bool) -> None:
    with office_of(talk) as office:
        logins = Logins.of(office)
        found = forget_ended(logins) if now else tuple(due(logins))
    nothing = Words("ありません", "There is nothing.")
    talk.answer(
        [
            {
                "contract": each.contract,
                "last": each.last.isoformat(),
                "secrets": list(each.secrets),
                "realm": each.realm,
                "users": each.users,
            }
            for each in found
        ],
        lambda: "\n".join(_line(each).to(talk.language) for each in found) or nothing.to(talk.language),
    )


def _line(each: Forgotten) -> Words:
    names = ", ".join((*each.secrets, *([f"{each.realm} ({each.users})"] if each.realm else [])))
    return Words(
        f"{each.contract}  {each.last} まで  {names}", f"{each.contract}  ended on {each.last}  {names}"
    )
