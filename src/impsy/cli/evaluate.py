"""``impsy evaluate``: how good a model is, in figures and in a report to look at."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import string
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from impsy.cli.options import FILE, PATH, json_option, seed_option
from impsy.cli.terminal import echo, terminal
from impsy.errors import ConfigError
from impsy.files import check_writable, write_whole

if TYPE_CHECKING:
    from impsy.evaluation import Progress as Advance
    from impsy.evaluation.report.data import Report, Result
    from impsy.evaluation.report.figures import Figure

__all__ = ["command"]

_ANOTHER_REPORT = "name another file with --report"
_EXPLANATION = (
    "Bold is best. Distances are from held-out playing, ± the standard error of what was generated. Likelihoods are "
    "−log densities in nats per event, scaled × 10. docs/evaluation.md says what each figure means."
)


@click.command("evaluate")
@click.argument("model", type=PATH)
@click.argument("dataset", type=PATH)
@click.option("--against", multiple=True, type=PATH, help="Another model to compare with (repeatable).")
@json_option("Print all figures as JSON.")
@click.option("--report", type=FILE, help="Write an HTML page with tables and plots.")
@click.option(
    "--split",
    type=click.Choice(["windows", "performances"]),
    default="windows",
    show_default=True,
    help="Hold out the last windows, as training does, or whole performances.",
)
@click.option(
    "--fraction",
    type=click.FloatRange(0, 0.9, min_open=True),
    default=0.1,
    show_default=True,
    help="How much is held out.",
)
@seed_option("Of all that is random.")
@click.option("--quick", is_flag=True, help="At most 1,000 windows and fewer generations: less exact.")
@click.option(
    "--sigma-temp",
    type=click.FloatRange(0),
    default=0.01,
    show_default=True,
    help="Variation (sigmatemp) to play at.",
)
@click.option(
    "--pi-temp", type=click.FloatRange(0), default=1.0, show_default=True, help="Surprise (pitemp) to play at."
)
def command(
    model: Path,
    dataset: Path,
    against: tuple[Path, ...],
    as_json: bool,
    report: Path | None,
    split: Literal["windows", "performances"],
    fraction: float,
    seed: int,
    quick: bool,
    sigma_temp: float,
    pi_temp: float,
) -> None:
    """Measure MODEL on the part of DATASET that training holds out, beside simple baselines.

    Prints a verdict of three sentences, then figures, each beside that of the players: how well a classifier
    separates its playing from theirs, its gestures and its answers to their phrases, what it predicts (negative log-
    likelihood in nats per event, bits per event for values on a grid), how well calibrated that is, and how far its
    playing is from theirs.

    \b
    Examples:
      impsy evaluate models/mine.tflite datasets/training-dataset-9d.npz
      impsy evaluate mine.keras data.npz --against released.tflite --report mine.html
      impsy evaluate mine.tflite data.npz --split performances --seed 3
      impsy evaluate mine.tflite data.npz --json > figures.json
    """
    # For matrices of this size threads cost NumPy's OpenBLAS more than they bring, most of all where others work too.
    # It looks when NumPy is first imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from impsy.data.datasets import read_dataset
    from impsy.evaluation import evaluate

    if report is not None:
        from impsy.evaluation.report.chart import check_installed

        check_installed()  # now, not after a minute of computing
        if report.resolve() in {each.resolve() for each in (model, dataset, *against)}:
            raise ConfigError(f"{report} is one of the files to read; name another file with --report")
        check_writable(report.parent, _ANOTHER_REPORT)
    events = read_dataset(dataset)
    with _progress(quiet=as_json) as progress:
        found = evaluate(
            events,
            [model, *against],
            name=dataset.name,
            split=split,
            fraction=fraction,
            seed=seed,
            quick=quick,
            sigma_temperature=sigma_temp,
            pi_temperature=pi_temp,
            progress=progress,
        )
    if report is not None:
        from impsy.evaluation.report.page import render

        write_whole(report, render(found).encode(), _ANOTHER_REPORT)
    if as_json:
        echo(json.dumps(found.to_json(), allow_nan=False))
        return
    _print(found)
    if report is not None:
        terminal().print(f"Wrote {report}")


@contextlib.contextmanager
def _progress(*, quiet: bool) -> Iterator[Advance]:
    """A progress bar on standard error, removed at the end."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=terminal(stderr=True, soft_wrap=False), transient=True, disable=quiet
    ) as progress:
        task = progress.add_task("evaluating", total=None)

        def advance(what: str, done: int, total: int) -> None:
            progress.update(task, description=what, completed=done, total=total)

        yield advance


def _print(report: Report) -> None:
    from impsy.evaluation.report.figures import GROUPS_OF_FIGURES, facts_of_data, rows_with

    console = terminal(soft_wrap=False)
    judged = [result for result in report.results if result.verdict]
    for result in judged:
        if len(judged) > 1:
            console.print(Text(result.name, "bold"), soft_wrap=True)
        for text, evidence in result.verdict:
            console.print(Text(text, "bold") + Text(f" {evidence[:1].upper()}{evidence[1:]}.", "dim"), soft_wrap=True)
        console.print()
    for key, value in facts_of_data(report.data):
        console.print(Text(f"{key:<17}", "dim") + Text(value), soft_wrap=True)
    # Files have long names, and a table has many columns.
    models = [result.name for result in report.results if result.kind == "model"]
    letters = dict(zip(models, (f"model {letter}" for letter in _letters()), strict=False))
    for name, letter in letters.items():
        console.print(Text(f"{letter:<17}", "dim") + Text(name, "bold"), soft_wrap=True)
    for title, figures in GROUPS_OF_FIGURES.values():
        shown = [figure for figure in figures if figure.brief]
        rows = rows_with(report, shown)
        if rows:
            console.print()
            console.print(_table(report, title, shown, rows, letters))
    console.print(Text(_EXPLANATION, "dim"))


def _letters() -> Iterator[str]:
    """A, B, … Z, AA, AB, …"""
    for length in itertools.count(1):
        yield from map("".join, itertools.product(string.ascii_uppercase, repeat=length))


def _table(report: Report, title: str, figures: list[Figure], rows: list[Result], letters: dict[str, str]) -> Table:
    from impsy.evaluation.report.figures import best

    figures = [figure for figure in figures if any(figure.of(row) is not None for row in rows)]
    bests = [best(figure, report.results) for figure in figures]
    table = Table(title=Text(title, "bold"), title_justify="left", title_style="", box=None, pad_edge=False)
    table.add_column("", no_wrap=True)
    for figure in figures:
        table.add_column(Text(figure.name, "dim"), justify="right")
    for row in rows:
        cells = [_cell(figure, row, row is found) for figure, found in zip(figures, bests, strict=True)]
        table.add_row(Text(letters.get(row.name, row.name), "dim" if row.kind == "players" else ""), *cells)
    return table


def _cell(figure: Figure, row: Result, is_best: bool) -> Text:
    value, error = figure.of(row), figure.error(row)
    if value is None:
        return Text("–", "dim")
    text = Text(figure.text(value), "bold" if is_best else "")
    if error is not None:
        text.append(f" ±{figure.text(error)}", "dim")
    return text
