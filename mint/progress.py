"""Progress bars, and a training run's lines; all to stderr."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mint.console import messages

if TYPE_CHECKING:
    from model.training.history import Epoch
    from model.training.recipe import Recipe
    from model.training.train import Listener


@contextmanager
def counting(what: str, unit: str = "", *, stays: bool = False) -> Iterator[Callable[[int, int], None]]:
    """A bar of what is done of all: call what it gives with both numbers."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    done = TextColumn(f"{{task.completed:,}}/{{task.total:,}}{unit}")
    columns = TextColumn("{task.description}"), BarColumn(), done, TimeElapsedColumn()
    progress = Progress(*columns, console=messages, transient=not stays)
    task = progress.add_task(what, total=0)

    def show(done: int, total: int) -> None:
        progress.start()  # not before: what is refused leaves no empty line
        progress.update(task, completed=done, total=total)

    try:
        yield show
    finally:
        if progress.live.is_started:
            progress.stop()


@contextmanager
def training(recipe: "Recipe", folder: Path) -> "Iterator[Listener]":
    """Whom a run of ``recipe`` tells: a bar of its batches, and a line for each epoch and each warning."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from model.training.train import Listener

    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    judged = "of images seen" if recipe.refit else "validation"
    with Progress(*columns, console=messages, transient=True) as progress:
        task = progress.add_task("", visible=False)
        epochs = 0

        def show(description: str, done: int, total: int) -> None:
            progress.update(task, description=description, completed=done, total=total, visible=True)

        def begin(done: int) -> None:
            nonlocal epochs
            epochs = done
            where = f"going on after epoch {done}" if done else "starting"
            progress.console.print(f"{recipe.name}: {where}, in {folder}")

        def epoch(entry: "Epoch") -> None:
            nonlocal epochs
            epochs = entry.epoch + 1
            density = ", ".join(f"{name} {100 * value:.1f} %" for name, value in entry.density.items())
            progress.console.print(
                f"epoch {epochs:3}  loss {entry.loss:.4f}  {judged} {entry.accuracy:.2f} %"
                f"  {entry.seconds:.0f} s  spikes: {density}",
                soft_wrap=True,
            )

        yield Listener(
            begin=begin,
            batch=lambda done, total, loss: show(f"epoch {epochs + 1}/{recipe.epochs}  loss {loss:.3f}", done, total),
            teacher=lambda done, total: show("asking the teacher", done, total),
            epoch=epoch,
            warning=lambda sentence: progress.console.print(f"warning: {sentence}", style="yellow", soft_wrap=True),
            compared=lambda done, total: show("comparing with the golden model", done, total),
        )
