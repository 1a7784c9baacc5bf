"""``impsy dataset``: from what was recorded to what can be learned from."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import PATH, config_option, folder_option, from_command_line, json_option
from impsy.cli.terminal import echo, terminal
from impsy.data.takes import TRIMS
from impsy.text import counted

if TYPE_CHECKING:
    from impsy.cli.console import Console
    from impsy.data.collecting import Collection
    from impsy.data.statistics import DatasetStatistics

__all__ = ["command"]

PROBLEMS_SHOWN = 10
"""Rows left out that are shown with what is wrong with them; the others are counted."""


@click.command("dataset")
@click.option("-D", "--dimension", type=int, help="1 + the number of controls; if there are logs of several.")
@folder_option("-S", "--source", "logs", "The folder that holds the logs.")
@folder_option("-O", "--destination", "datasets", "The folder to write in.")
@click.option("-F", "--filename", help="The file's name.  [default: training-dataset-{dimension}d.npz]")
@click.option("--include", multiple=True, metavar="PATTERN", help="Only logs with such names; may be repeated.")
@click.option("--exclude", multiple=True, metavar="PATTERN", help="No logs with such names; may be repeated.")
@click.option(
    "--trim-pauses",
    type=click.FloatRange(*TRIMS),
    metavar="SECONDS",
    help="Do not learn pauses longer than this: a performance is split there.  [default: as marked on the page]",
)
@config_option
@click.option("--show", type=PATH, metavar="FILE", help="Only say what is in a dataset.")
@json_option("Print the figures as JSON.")
@click.pass_context
def command(
    context: click.Context,
    dimension: int | None,
    source: Path,
    destination: Path,
    filename: str | None,
    include: tuple[str, ...],
    exclude: tuple[str, ...],
    trim_pauses: float | None,
    config_file: Path,
    show: Path | None,
    as_json: bool,
) -> None:
    """Put all logs of a dimension together into a dataset, from which `impsy train` makes a model.

    Where the configuration maps a control to the pitch of notes, the dataset says so, and `impsy train` takes it as
    one; else what was played shows it.

    Reports what is in it, which rows were malformed, which logs are there twice, and what may spoil what is learned.

    \b
    Examples:
      impsy dataset                              of the logs in logs/, if they have one dimension
      impsy dataset -D 9 --include "2026-09-*"   of one month
      impsy dataset --exclude "*T03-*" -F day.npz
      impsy dataset --trim-pauses 30             learn no pause longer than 30 s
      impsy dataset --show datasets/training-dataset-9d.npz
    """
    from impsy.data.statistics import describe

    console = terminal()
    if show is not None:
        _show(context, console, show, as_json)
        return
    from impsy.config import known_notes
    from impsy.data.collecting import collect, find_logs
    from impsy.data.datasets import write_dataset
    from impsy.data.takes import read_notes, without_excluded

    dimension, found, others = find_logs(source, dimension, include, exclude)
    logs, excluded, problems = without_excluded(source, found)
    trims = read_notes(source).trims if trim_pauses is None else {log.name: trim_pauses for log in logs}
    collection = collect(logs, dimension, trims)
    notes = known_notes(config_file, dimension)
    collection = replace(collection, dataset=replace(collection.dataset, notes=notes))
    target = destination / _name(filename, dimension)
    write_dataset(target, collection.dataset)
    statistics = describe(collection.dataset)
    if as_json:
        report = _as_json(target, statistics, collection)
        report |= {"excluded": excluded, "others": others, "problems": problems}
        echo(json.dumps(report, indent=2))
        return
    console.print(
        f"{target} written, from {len(collection.dataset.lengths)} of {counted(len(found), 'log')} in {source}"
    )
    for problem in problems:
        console.print(problem, style="yellow")
    if notes is not None:
        numbers = ", ".join(str(number) for number, note in enumerate(notes, 1) if note)
        console.print(f"notes, by {config_file}: control {numbers}")
    if excluded:
        console.print(
            f"{_count(len(excluded), 'log')} left out, marked as not to be learned from: {_first(excluded)}"
        )
    for reason in sorted(set(others.values())):
        names = [name for name in others if others[name] == reason]
        console.print(f"{_count(len(names), 'file')} left out, which {reason}: {_first(names)}")
    _print_remarks(console, collection)
    _print_statistics(console, statistics)


def _show(context: click.Context, console: Console, path: Path, as_json: bool) -> None:
    """What is in a dataset that is there."""
    from impsy.data.datasets import read_dataset
    from impsy.data.statistics import describe
    from impsy.errors import ConfigError

    others = ("dimension", "source", "destination", "filename", "include", "exclude", "trim_pauses")
    if given := [name for name in others if from_command_line(context, name)]:
        raise ConfigError(f"--show only looks at a dataset; leave out --{given[0].replace('_', '-')}")
    statistics = describe(read_dataset(path))
    if as_json:
        echo(json.dumps(_as_json(path, statistics), indent=2))
        return
    console.print(str(path))
    _print_statistics(console, statistics)


def _name(filename: str | None, dimension: int) -> str:
    if filename is None:
        return f"training-dataset-{dimension}d.npz"
    return filename if filename.endswith(".npz") else f"{filename}.npz"


def _as_json(path: Path, statistics: DatasetStatistics, collection: Collection | None = None) -> dict[str, Any]:
    report: dict[str, Any] = {"file": str(path), "statistics": asdict(statistics)}
    if collection is not None:
        report["rows"] = {
            "all": collection.rows,
            "events": len(collection.dataset),
            "left_out": collection.left_out,
        }
        for key in ("logs", "copies", "overlaps"):
            report[key] = [asdict(each) for each in getattr(collection, key)]
    return report


# --- for people ----------------------------------------------------------------------------------------------------


def _print_remarks(console: Console, collection: Collection) -> None:
    """What was left out, and what was put right."""
    console.print(collection.account)
    unread = sum(log.unread for log in collection.logs)
    if unread:
        files = sum(log.unread > 0 for log in collection.logs)
        console.print(
            f"{_count(unread, 'row')} in {_count(files, 'log')} left out, malformed or of another source:",
            style="yellow",
        )
        shown = [f"  {log.name}, line {each.line}: {each.text}" for log in collection.logs for each in log.problems]
        for line in shown[:PROBLEMS_SHOWN]:
            console.print(line)
        if unread > len(shown[:PROBLEMS_SHOWN]):
            console.print(f"  and {unread - len(shown[:PROBLEMS_SHOWN]):,} more")
    for copy in collection.copies:
        console.print(f"{copy.name} left out: it has the same rows as {copy.original}", style="yellow")
    for each in collection.overlaps:
        console.print(
            f"{each.name} and {each.other} have {_count(each.rows, 'row')} in common, which now count twice; leave "
            "one out with --exclude if that is not meant",
            style="yellow",
        )
    for log in collection.logs:
        for remark in log.remarks:
            console.print(f"{log.name}: {remark}", style="yellow")
    copies = {copy.name for copy in collection.copies}
    empty = [log.name for log in collection.logs if not log.events and log.name not in copies]
    if empty:
        console.print(
            f"{_count(len(empty), 'log')} left out, with less than two rows of a performer: {_first(empty)}"
        )


def _first(names: list[str]) -> str:
    """The first of them, and how many there are beside."""
    return ", ".join(names[:3]) + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def _print_statistics(console: Console, facts: DatasetStatistics) -> None:
    """The summary, in bars."""
    console.print(
        f"Dimension {facts.dimension}: {_count(facts.performances, 'performance')}, {_count(facts.events, 'event')}, "
        f"{facts.seconds / 60:,.1f} minutes",
        style="bold",
    )
    if facts.events:
        none, one, more = facts.moving
        console.print(
            f"An event moves one control in {one:.0%} of all cases, more in {more:.0%}, none in {none:.0%}."
        )
        _print_times(console, facts)
        _print_controls(console, facts)
    for number, advice in enumerate(facts.advice):
        console.print(f"{'Advice: ' if not number else '        '}{advice}", style="yellow")


def _print_times(console: Console, facts: DatasetStatistics) -> None:
    from rich.table import Table

    table = Table("Time between events", "", title_justify="left", box=None, header_style="dim", pad_edge=False)
    table.add_column("events", justify="right", header_style="dim")
    most = max(facts.time_counts)
    used = [number for number, count in enumerate(facts.time_counts) if count]
    for number in range(used[0], used[-1] + 1):
        count, (lower, *upper) = facts.time_counts[number], map(_seconds, facts.time_edges[number : number + 2])
        label = f"{lower} and more"
        if upper:
            label = f"{lower} – {upper[0]}" if number else f"below {upper[0]}"
        table.add_row(label, _bar(count / most, 30), f"{count:,}")
    console.print(table)
    median, mean, longest = map(_seconds, (facts.time_median, facts.time_mean, facts.time_longest))
    console.print(f"  median {median}, mean {mean}, longest {longest}", style="dim")


def _print_controls(console: Console, facts: DatasetStatistics) -> None:
    from rich.table import Table

    table = Table(box=None, header_style="dim", pad_edge=False)
    table.add_column("Control", justify="right")
    table.add_column("range from 0 to 1")
    table.add_column("moves", justify="right")
    table.add_column("in so many events")
    for name in ("at 0", "at 1", "steps of"):
        table.add_column(name, justify="right")
    most = max(each.activity for each in facts.controls) or 1.0
    for each in facts.controls:
        table.add_row(
            str(each.number),
            _span(each.minimum, each.maximum, 20),
            f"{each.activity:.1%}",
            _bar(each.activity / most, 16),
            f"{each.at_zero:.0%}",
            f"{each.at_one:.0%}",
            f"1/{1 / each.step:.0f}" if each.step else "–",
        )
    console.print(table)


def _bar(share: float, width: int) -> str:
    """A bar of up to ``width`` characters, in eighths; what is not nothing is seen."""
    eighths = max(round(share * width * 8), int(share > 0))
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()


def _span(low: float, high: float, width: int) -> str:
    """Where between 0 and 1 something lies."""
    begin = min(int(low * width), width - 1)
    end = max(begin + 1, round(high * width))
    return "·" * begin + "█" * (end - begin) + "·" * (width - end)


def _seconds(value: float) -> str:
    return f"{value * 1000:.3g} ms" if value < 1 else f"{value:.3g} s" if value < 1000 else f"{value:,.0f} s"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
