"""`demo`: a whole provider on this machine, from order book to invoice, proven with packets."""

import signal
import time
from pathlib import Path

import click
from rich.console import Console

from kitei.cli.speak import Fault, Talk, command, option
from kitei.lab.lab import LabError

BOOK = Path(__file__).parents[3] / "examples" / "order-book"


@command(
    "demo",
    ja="一台の中に提供者を立て、申込から請求までを実演する",
    en="Bring up a provider on this machine and play it from order book to invoice.",
)
@option(
    "--once",
    is_flag=True,
    ja="終わったら片付ける",
    en="Tear down at the end; exit 0 only if every promise held.",
)
@option(
    "--book", type=click.Path(exists=True, path_type=Path), default=BOOK, ja="申込簿", en="The order book."
)
def demo(talk: Talk, once: bool, book: Path) -> None:
    from kitei.lab.story.play import play
    from kitei.lab.story.stage import Stage
    from kitei.lab.story.telling import Telling

    telling = Telling(Console(), talk.language)

    def stay(stage: Stage) -> None:
        telling.say(
            f"提供者は動き続けています。別の端末から ./run kitei status などを試し、ここで Ctrl-C で終えてください。"
            f"台帳と書類は {talk.home} にあります。",
            f"The provider stays up. Try ./run kitei status from another terminal; end it here with Ctrl-C. "
            f"Ledger and papers are in {talk.home}.",
        )
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            telling.say("片付けます。", "Tearing down.")

    try:
        held = play(talk.home, book, telling, None if once else stay)
    except (FileExistsError, LabError) as error:
        raise Fault(str(error)) from None
    telling.say(f"台帳と書類: {talk.home}", f"Ledger and papers: {talk.home}")
    raise SystemExit(0 if held else 1)
