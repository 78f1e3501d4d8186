"""`radius forget`: what the vault holds though nothing needs it any more, and forgetting it."""

from kitei.cli.desk import office_of
from kitei.cli.speak import Talk, command, option
from kitei.office.radius.forgetting import Forgotten, due, forget_ended
from kitei.office.radius.forms import forget_forms, needless
from kitei.office.radius.logins import Logins
from kitei.values import Json, Words


@command(
    "forget",
    ja="終わった契約の秘密と利用者のうち保管の日数が過ぎたものと、要らなくなったパスワードの形を示す。--now で消す(戻せない)",
    en="Secrets and users of ended contracts whose days are over, and forms of passwords no method needs; --now forgets them.",
)
@option("--now", is_flag=True, ja="消して台帳に記録する", en="Forget them, and record it.")
def forget(talk: Talk, now: bool) -> None:
    with office_of(talk) as office:
        logins = Logins.of(office)
        found = forget_ended(logins) if now else tuple(due(logins))
        forms = list(forget_forms(logins)) if now else [each.contract for each in needless(logins)]
    nothing = Words("ありません", "There is nothing.")
    told: list[Json] = [{"contract": each, "forms": True} for each in forms]
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
        ]
        + told,
        lambda: (
            "\n".join(line.to(talk.language) for line in (*map(_line, found), *map(_forms, forms)))
            or nothing.to(talk.language)
        ),
    )


def _forms(contract: str) -> Words:
    return Words(
        f"{contract}  有効でなくなった方式のためのパスワードの形",
        f"{contract}  passwords in forms of methods that are not enabled any more",
    )


def _line(each: Forgotten) -> Words:
    names = ", ".join((*each.secrets, *([f"{each.realm} ({each.users})"] if each.realm else [])))
    return Words(
        f"{each.contract}  {each.last} まで  {names}", f"{each.contract}  ended on {each.last}  {names}"
    )
