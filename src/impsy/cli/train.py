"""``impsy train``: from a dataset to a model that plays."""

from __future__ import annotations

import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.stopping import stopping
from impsy.cli.terminal import echo, terminal
from impsy.errors import ConfigError, DataError
from impsy.models.sizes import SIZES

if TYPE_CHECKING:
    from impsy.cli.console import Console
    from impsy.training.fitting import Progress
    from impsy.training.learning import Learned, Start

__all__ = ["command", "find_dataset"]

_STOPPING = "Stopping: the best so far is kept. (Ctrl-C again: at once, keeping nothing new.)"

_BARS = "▁▂▃▄▅▆▇█"
_CURVE = 40
"""Columns of the curve."""


@click.command("train", short_help="Make a model of a dataset.")
@click.argument("dataset", type=click.Path(path_type=Path), required=False)
@click.option("-D", "--dimension", type=int, help="Which dataset of the source folder; 1 + the number of controls.")
@click.option("-S", "--source", type=click.Path(path_type=Path), default=Path("datasets"), show_default=True,
              help="The folder that holds the datasets.")  # fmt: skip
@click.option("-O", "--destination", type=click.Path(path_type=Path), default=Path("models"), show_default=True,
              help="The folder to write the model in.")  # fmt: skip
@click.option("-M", "--modelsize", metavar="SIZE", help=f"{', '.join(SIZES)}.  [default: s]")
@click.option("-N", "--numepochs", type=int, metavar="N", help="Epochs: looks at the held-out windows.  [default: 8]")
@click.option("-B", "--batchsize", type=int, metavar="N", help="Windows in a step.  [default: 32]")
@click.option(
    "-P", "--patience", type=int, metavar="N", help="Stop after so many epochs without a better one.  [default: 10]"
)
@click.option("--earlystopping/--no-earlystopping", default=True, show_default=True,
              help="Whether to stop when nothing gets better. The best is kept either way.")  # fmt: skip
@click.option("--minutes", type=float, metavar="T", help="Fit the training into this time, instead of -N.")
@click.option(
    "--architecture",
    metavar="NAME",
    help="gestures, or plain: the network of released versions.  [default: gestures]",
)
@click.option(
    "--calibrated-at", type=float, metavar="T", default=0.01, show_default=True,
    help="The sigma temperature at which it plays what it has learned; 1: as it was learned.",
)  # fmt: skip
@click.option("--seed", type=int, help="The same seed gives the same model.  [default: 0]")
@click.option("--split", default="windows", show_default=True,
              help="What is held out: the last 10 % of `windows`, or whole `performances`.")  # fmt: skip
@click.option(
    "--from", "start_from", type=click.Path(path_type=Path), metavar="MODEL", help="Go on from a trained model."
)
@click.option(
    "--recipe", type=click.Path(path_type=Path), metavar="FILE", help="What `impsy search` found, or a model's .json."
)
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped, or crashed.")
@click.option("--distributed", is_flag=True, help="Share the work between processes or hosts, with the next three.")
@click.option("--coordinator", metavar="HOST:PORT", help="Where the first process listens for the others.")
@click.option("--processes", type=int, metavar="N", help="How many processes there are in all.")
@click.option("--index", type=int, metavar="I", help="Which of them this is, from 0.")
@click.option("--json", "as_json", is_flag=True, help="Tell the progress as lines of JSON.")
def command(**options: Any) -> None:
    """Train a network on a dataset, and write the model: .tflite to play, .keras for Keras, .json about it.

    Ctrl-C ends it early and keeps the best so far; --resume goes on from there. Needs the extra `train`.

    \b
    Examples:
      impsy train                                     the one dataset in datasets/
      impsy train datasets/training-dataset-9d.npz -M xs
      impsy train -D 9 --minutes 10 --seed 7
      impsy train -D 9 --resume                       after a crash
      impsy train new.npz --from models/musicMDRNN-dim9-….keras
      impsy train -D 9 --distributed --coordinator 192.168.1.5:4100 --processes 2 --index 0
    """
    began = time.monotonic()
    path = find_dataset(options["dataset"], options["source"], options["dimension"])
    from impsy.training.learning import learn, plan_for

    changes: dict[str, Any] = {"epochs": options["numepochs"], "seed": options["seed"]}
    if options["recipe"] is not None:
        options["modelsize"], options["architecture"], changes = _from_recipe(options, changes)
    plan, dataset = plan_for(
        path,
        options["destination"],
        size=options["modelsize"],
        architecture=options["architecture"],
        batch=options["batchsize"],
        start_from=options["start_from"],
        changes=changes | _patience(options),
        split=options["split"],
        minutes=options["minutes"],
        calibrated_at=options["calibrated_at"],
        resume=options["resume"],
        cluster=_cluster(options),
    )
    if options["dimension"] not in (None, dataset.dimension):
        raise ConfigError(
            f"{path} has dimension {dataset.dimension}, not {options['dimension']} as -D says: leave out -D, or name "
            "another dataset"
        )
    quiet = plan.cluster is not None and plan.cluster.index > 0
    screen: _Lines | _Screen | _Silence
    if options["as_json"]:
        screen = _Lines()
    elif quiet:
        screen = _Silence()
    else:
        screen = _Screen(path)
    with stopping(_STOPPING) as stop, screen:
        learned = learn(plan, dataset, started=screen.started, progress=screen.progress, stop=stop, began=began)
        if learned is not None:
            screen.done(learned)


def find_dataset(given: Path | None, source: Path, dimension: int | None) -> Path:
    """The dataset that is meant: the one given, or that of ``dimension`` (or the only one) in ``source``.

    Raises:
        DataError: there is none, or more than one could be meant.
    """
    if given is not None:
        return given
    if not source.is_dir():
        raise DataError(f"there is no folder {source}: give a dataset, or make one with `impsy dataset`")
    if dimension is not None:
        path = source / f"training-dataset-{dimension}d.npz"
        if path.exists():
            return path
    found = sorted(source.glob("*.npz" if dimension is None else f"*-{dimension}d*.npz"))
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{source} holds no such dataset: make one with `impsy dataset`")
    names = "\n  ".join(path.name for path in found)
    raise DataError(f"{source} holds several datasets; say which, by name or with -D:\n  {names}")


def _from_recipe(options: dict[str, Any], changes: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Size, architecture and changes that a recipe's file asks for, where the command line does not."""
    from impsy.training.recipe import load_recipe

    recipe = load_recipe(options["recipe"])
    asked = recipe.to_json() | {name: value for name, value in changes.items() if value is not None}
    if options["batchsize"] is not None:
        asked["batch"] = options["batchsize"]
    size, architecture = asked.pop("size"), asked.pop("architecture")
    return options["modelsize"] or size, options["architecture"] or architecture, asked


def _patience(options: dict[str, Any]) -> dict[str, Any]:
    if options["earlystopping"]:
        return {"patience": options["patience"]}
    if options["patience"] is not None:
        raise ConfigError("--patience says when to stop early, --no-earlystopping not to: give one of them")
    return {"patience": _NEVER}


_NEVER = sys.maxsize


def _cluster(options: dict[str, Any]) -> Any:
    given = {name: options[name] for name in ("coordinator", "processes", "index")}
    if not options["distributed"]:
        if any(value is not None for value in given.values()):
            raise ConfigError(
                "--coordinator, --processes and --index go with --distributed: add it, or leave them out"
            )
        return None
    missing = [f"--{name}" for name, value in given.items() if value is None]
    if missing:
        raise ConfigError(f"--distributed also needs {', '.join(missing)}")
    if options["minutes"] is not None and options["resume"]:
        raise ConfigError("a distributed training is resumed by its own schedule: leave out --minutes")
    from impsy.training.distributed.parallel import Cluster

    return Cluster(**given)


class _Silence:
    """For those processes of a distributed training that do not lead."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        pass

    def started(self, start: Start) -> None:
        pass

    def progress(self, progress: Progress) -> None:
        pass

    def done(self, learned: Learned) -> None:
        pass


class _Lines(_Silence):
    """One JSON object a line, for programs; the last one is the model's description, with its files."""

    def started(self, start: Start) -> None:
        self._say(
            "start",
            name=start.name,
            events=len(start.dataset),
            parameters=start.parameters,
            device=start.where,
            resumed_at=start.resumed_at,
            windows_here=start.windows_here,
            recipe=start.recipe.to_json(),
        )

    def progress(self, progress: Progress) -> None:
        content = asdict(progress)
        del content["history"]
        self._say("progress", **{key: _number(value) for key, value in content.items()})

    def done(self, learned: Learned) -> None:
        self._say("done", files=[str(path) for path in learned.files], **learned.description)

    def _say(self, event: str, **content: Any) -> None:
        echo(json.dumps({"event": event, **content}))


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


class _Screen(_Silence):
    """For people: a progress bar where there is a terminal, a line an epoch where there is none."""

    def __init__(self, path: Path) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._path = path
        self._console: Console = terminal()
        self._bar = Progress(
            TextColumn("{task.percentage:3.0f}%"),
            BarColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("loading JAX", total=None)

    def __enter__(self) -> None:
        if self._console.is_terminal:
            self._bar.start()

    def __exit__(self, *_: object) -> None:
        self._stop()

    def started(self, start: Start) -> None:
        performances = int((start.dataset.lengths > 0).sum())
        self._print(
            f"{self._path}: {performances} performances, {len(start.dataset):,} events, "
            f"{start.dataset.dimension - 1} controls; {len(start.split.held_out):,} windows held out"
        )
        recipe = start.recipe
        self._print(
            f"{start.name}: {recipe.architecture}, {start.parameters:,} numbers to learn, {recipe.total_steps:,} "
            f"steps of {recipe.batch} windows, on {start.where}"
        )
        if start.components:
            self._print(f"the data asks for {start.components}")
        if start.resumed_at:
            self._print(f"going on after step {start.resumed_at:,}")
        self._bar.update(self._task, description="compiling the first step", total=recipe.total_steps)

    def progress(self, progress: Progress) -> None:
        if progress.note:
            self._print(progress.note)
        line = (
            f"step {progress.step:,}  loss {progress.loss:.2f}  held out {progress.held_out:.2f} "
            f"(best {progress.best:.2f})  {progress.step_ms:.0f} ms a step  {_clock(progress.left)} left"
        )
        if self._console.is_terminal:
            curve = _sparkline([look.held_out for look in progress.history])
            self._bar.update(
                self._task, completed=progress.step, total=progress.total, description=f"{line}  {curve}"
            )
        else:
            self._print(line)

    def _stop(self) -> None:
        if self._console.is_terminal:  # else it was never started, and would print an empty line
            self._bar.stop()

    def done(self, learned: Learned) -> None:
        self._stop()
        figures = learned.description["figures"]
        self._print(f"held out  {_sparkline([look[3] for look in learned.description['curve']])}")
        self._print(
            f"held-out NLL {figures['held_out_nll']:.2f} nats an event, after {figures['best_step']:,} of "
            f"{figures['steps']:,} steps in {_clock(figures['seconds'])}; {figures['ended']}"
        )
        for path in learned.set_aside:
            self._print(f"the earlier model is kept as {path}")
        for path in learned.files:
            self._print(f"{path}  {path.stat().st_size / 1000:,.0f} KB")
        if figures["ended"] == "stopped":
            self._print("`impsy train` with the same options and --resume goes on from here.")
        if "remark" in learned.description:
            self._print(learned.description["remark"])
        tflite = next(path for path in learned.files if path.suffix == ".tflite")
        self._print(f"Play it: impsy run {tflite}   Measure it: impsy evaluate {tflite} {self._path}")

    def _print(self, line: str) -> None:
        self._bar.console.print(line)


def _sparkline(values: list[float | None]) -> str:
    """The course of a loss; what exceeds the first by much is cut off, so that the rest can be seen."""
    known = [value for value in values if value is not None and math.isfinite(value)][-_CURVE:]
    if not known:
        return ""
    low, high = min(known), max(known)
    return "".join(_BARS[round((value - low) / max(high - low, 1e-9) * (len(_BARS) - 1))] for value in known)


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
