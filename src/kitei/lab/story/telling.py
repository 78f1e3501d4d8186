"""How the story is told: sentences for a newcomer, tables, and promises that are kept or not."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import monotonic

from rich.console import Console
from rich.table import Table

from kitei.values import Language, Words


@dataclass(frozen=True, slots=True)
class Promise:
    """Something the demo promised to prove, whether it held, and what was seen."""

    scene: str
    promise: Words
    held: bool
    seen: str


@dataclass(slots=True)
class Telling:
    """Speaks to one console in one language and keeps the promises' record."""

    console: Console
    language: Language
    promises: list[Promise] = field(default_factory=list)
    scene: str = ""
    scenes: int = 0
    begun: float = field(default_factory=monotonic)

    def open_scene(self, title: Words) -> None:
        """Scenes are numbered as they come."""
        self.scene, self.scenes = title.to(self.language), self.scenes + 1
        self.console.print()
        self.console.rule(f"[bold]{self.scenes}. {self.scene}[/bold]", align="left")

    def say(self, ja: str, en: str) -> None:
        self.console.print(ja if self.language == "ja" else en, highlight=False)

    def promise(self, ja: str, en: str, held: bool, seen: str = "") -> bool:
        """Show one promise as kept or broken, and remember it."""
        self.promises.append(Promise(self.scene, Words(ja, en), held, seen))
        mark = "[green]✓[/green]" if held else "[red]✗[/red]"
        text = ja if self.language == "ja" else en
        self.console.print(f" {mark} {text}" + (f" [dim]({seen})[/dim]" if seen else ""), highlight=False)
        return held

    def table(self, heads: Sequence[Words], rows: Sequence[Sequence[str]]) -> None:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for head in heads:
            table.add_column(head.to(self.language), overflow="fold")
        for row in rows:
            table.add_row(*row)
        self.console.print(table, highlight=False)

    @contextmanager
    def waiting(self, ja: str, en: str) -> Iterator[None]:
        """A spinner where there is a terminal, one line where there is none."""
        text = ja if self.language == "ja" else en
        if self.console.is_terminal:
            with self.console.status(text):
                yield
        else:
            self.console.print(text + " …", highlight=False)
            yield

    @property
    def all_held(self) -> bool:
        return bool(self.promises) and all(promise.held for promise in self.promises)

    def close(self) -> None:
        """How many promises held, and which did not."""
        kept = sum(promise.held for promise in self.promises)
        took = monotonic() - self.begun
        self.console.print()
        self.say(
            f"[bold]約束 {len(self.promises)} のうち {kept} が守られました({took:.0f} 秒)。[/bold]",
            f"[bold]{kept} of {len(self.promises)} promises held ({took:.0f} s).[/bold]",
        )
        for broken in (promise for promise in self.promises if not promise.held):
            self.console.print(
                f" [red]✗[/red] {broken.scene}: {broken.promise.to(self.language)} ({broken.seen})"
            )
