"""Users of a contract as CSV, in and out: the same for a group's and for a gateway's."""

from pathlib import Path
from typing import Protocol

from kitei.cli.speak import Fault, Misuse, Talk
from kitei.radius.users import Faulty
from kitei.values import Words


class Users(Protocol):
    """Who keeps them."""

    def export_users(self, contract: str) -> str: ...

    def import_users(self, contract: str, text: str) -> tuple[int, int]:
        """How many changed, and how many there are. Raises Faulty with every fault."""


def exchange(talk: Talk, kept: Users, contract: str, file: Path | None, export: bool) -> None:
    """Take a file's users, or write them out without any secret."""
    if export == (file is not None):
        raise Misuse(Words("FILE か --export のどちらかです", "give either FILE or --export"))
    if file is None:
        text = kept.export_users(contract)
        talk.answer({"contract": contract, "csv": text}, lambda: text.rstrip())
        return
    try:
        changed, count = kept.import_users(contract, file.read_text("utf-8"))
    except Faulty as faulty:
        lines = [
            f"{file}:{each.line}: {each.column}: {each.what.to(talk.language)}" for each in faulty.faults
        ]
        raise Fault("\n".join(lines)) from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise Fault(
            Words(
                f"{file}:{line}: UTF-8 ではありません。表計算ソフトでは「CSV UTF-8」で保存してください",
                f"{file}:{line}: not UTF-8; save it as `CSV UTF-8`",
            )
        ) from None
    told = Words(f"{changed} 人を変更、合わせて {count} 人", f"{changed} changed, {count} in all")
    talk.answer({"changed": changed, "users": count}, lambda: told.to(talk.language))
