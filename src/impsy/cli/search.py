"""``impsy search``: which size and recipe suit a dataset."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import check_dimension, dataset_options, find_dataset, folder_option
from impsy.cli.progress import ProgressScreen
from impsy.cli.stopping import stopping
from impsy.cli.terminal import terminal

if TYPE_CHECKING:
    from impsy.cli.console import Console
    from impsy.data.datasets import Dataset
    from impsy.data.windows import Split
    from impsy.training.fitting import Progress
    from impsy.training.recipe import Recipe
    from impsy.training.search.running import Found
    from impsy.training.search.studies import Attempt

__all__ = ["command"]

ROWS_SHOWN = 10
_PASSED_ON = ("storage", "trials", "minutes", "epochs", "trial_minutes", "seed", "split", "lost_after")
_COLUMNS = {"size": "size", "learning_rate": "rate", "batch": "batch", "window": "window", "dropout": "dropout",
            "momentum": "momentum", "clip": "clip"}  # fmt: skip


@click.command("search")
@dataset_options
@folder_option("-O", "--destination", "searches", "The folder for the trials and the best recipe.")
@click.option("--study", metavar="NAME", help="The search to begin or take part in.  [default: the dataset's name]")
@click.option("--storage", metavar="URL", help="A database that the workers share.  [default: a file in -O]")
@click.option("--trials", type=int, default=30, show_default=True, metavar="N",
              help="How many trials are done in all, by all workers.")  # fmt: skip
@click.option("--minutes", type=float, metavar="T", help="End this worker after so long.")
@click.option("-N", "--epochs", type=int, metavar="N", help="Epochs of a trial at most.  [default: as impsy train]")
@click.option("--trial-minutes", type=float, metavar="T", help="Fit each trial into this time, instead of -N.")
@click.option("-M", "--modelsize", "sizes", multiple=True, metavar="SIZE",
              help="A size to consider; may be repeated.  [default: xs, s, m]")  # fmt: skip
@click.option("--keep", multiple=True, metavar="NAME",
              help="Do not search this, as in learning_rate, batch, window, dropout; may be repeated.")  # fmt: skip
@click.option("--split", metavar="KIND", help="What is held out: `windows` or `performances`.  [default: windows]")
@click.option("--seed", type=int, help="Of the choices and of each training.  [default: 0]")
@click.option("--lost-after", type=float, default=60.0, show_default=True, metavar="SECONDS",
              help="When a silent worker counts as gone, and its trial is done by another.")  # fmt: skip
@click.option("--show", is_flag=True, help="Only show the best trials so far.")
def command(**options: Any) -> None:
    """Search for the size and recipe that predict a dataset best, by training many times for a while.

    Start it in as many terminals or on as many machines as there are: with one dataset, study and storage they share
    the work. Ctrl-C ends one of them, or all; what is complete is kept, and the same command goes on. Needs the
    extra `search`.

    \b
    Examples:
      impsy search                                  30 trials on the one dataset in datasets/
      impsy search -D 9 -M xs -M s --trial-minutes 1 --minutes 60
      impsy search -D 9 --show                      the best so far
      impsy search -D 9 --storage postgresql://me:secret@host/impsy
      impsy train -D 9 --recipe searches/training-dataset-9d.json
    """
    began = time.monotonic()
    show, study = options["show"], options["study"]
    path = None
    if not (show and study):
        path = find_dataset(options["dataset"], options["source"], options["dimension"])
        study = study or path.stem.replace(" ", "-")
    from impsy.training.search.running import SearchPlan, found_so_far, search

    if path is None or show:
        found = found_so_far(options["destination"], study, options["storage"])
        _table(terminal(), found)
        _say_how(terminal(), found, path)
        return
    plan = SearchPlan(
        path,
        options["destination"],
        study,
        sizes=options["sizes"] or None,
        keep=options["keep"] or None,
        **{name: options[name] for name in _PASSED_ON},
    )
    message = "Stopping: what is complete is kept, the trial under way is given back. (Ctrl-C again: at once.)"
    with stopping(message) as stop, _Screen(path, options["dimension"]) as screen:
        found = search(plan, screen, stop=stop, began=began)
    console = terminal()
    _table(console, found)
    if found.done < plan.trials:
        console.print(f"{found.done} of {plan.trials} trials are done; the same command goes on.")
    _say_how(console, found, path)


class _Screen(ProgressScreen):
    """A line for each trial; on a terminal, a bar for the one under way."""

    def __init__(self, path: Path, dimension: int | None) -> None:
        super().__init__("opening the storage")
        self._path, self._dimension = path, dimension
        self._now = ""

    def began(self, dataset: Dataset, split: Split, settings: Mapping[str, Any], done: int, total: int) -> None:
        check_dimension(self._path, dataset, self._dimension)
        self.write(
            f"{self._path}: {len(dataset):,} events to search with, {len(split.held_out):,} windows of them held out "
            "to choose by; the rest stays untouched for `impsy evaluate`"
        )
        length = settings["trial_minutes"]
        each = f"{length:g} minutes" if length else f"{settings['epochs'] or 30} epochs at most"
        self.write(f"sizes {', '.join(settings['sizes'])}; {each} a trial; {done} of {total} trials are done")
        self.update(description="loading Keras and JAX")

    def trial(self, number: int, recipe: Recipe, again: bool) -> None:
        what = "again" if again else f"rate {recipe.learning_rate:.2g}"
        self._now = f"trial {number} ({recipe.size}, {what})"
        self.bar.reset(self.task, total=recipe.total_steps, description=f"{self._now}: compiling")
        self.bar.start_task(self.task)

    def progress(self, progress: Progress) -> None:
        if progress.note:
            self.write(f"{self._now}: {progress.note}")
        text = f"{self._now}: held out {progress.held_out:.2f} (best {progress.best:.2f})"
        self.update(completed=progress.step, total=progress.total, description=text)

    def result(self, row: Attempt, best: Attempt | None, done: int, total: int) -> None:
        outcome = row.outcome if row.value is None else f"{row.value:.3f}"
        standing = "" if best is None else f"  best {best.value:.3f} (trial {best.number})"
        why = f"  {row.failed}" if row.failed else ""
        params = " ".join(f"{_COLUMNS.get(name, name)} {_number(value)}" for name, value in row.params.items())
        self.write(f"{done}/{total}  trial {row.number}: {outcome}{standing}  {params}{why}")

    def waiting(self, running: int) -> None:
        self.write(f"waiting for {running} {'trial' if running == 1 else 'trials'} of other workers")

    def note(self, text: str) -> None:
        self.write(text)


def _table(console: Console, found: Found) -> None:
    from rich.table import Table

    shown = found.rows[:ROWS_SHOWN]
    if not shown:
        console.print("No trial is complete.")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    columns = [name for name in _COLUMNS if any(name in row.params for row in shown)]
    for title in ("trial", "held-out NLL", *(_COLUMNS[name] for name in columns), "seconds"):
        table.add_column(title, justify="right", no_wrap=True)
    for row in shown:
        value = row.outcome if row.value is None else f"{row.value:.3f}"
        seconds = "" if row.seconds is None else f"{row.seconds:.0f}"
        table.add_row(str(row.number), value, *(_number(row.params.get(name)) for name in columns), seconds)
    console.print(table)
    if len(found.rows) > len(shown):
        console.print(f"and {len(found.rows) - len(shown)} more")
    if found.importance:
        shares = (f"{_COLUMNS.get(name, name)} {share:.0%}" for name, share in found.importance.items())
        console.print(f"what mattered: {', '.join(shares)}")


def _say_how(console: Console, found: Found, path: Path | None) -> None:
    if found.recipe_file is None:
        return
    minutes = "" if found.trial_minutes is None else f" --minutes {found.trial_minutes:g}"
    dataset = "DATASET" if path is None else path
    console.print(f"Train with the best: impsy train {dataset} --recipe {found.recipe_file}{minutes}")


def _number(value: Any) -> str:
    return "" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
