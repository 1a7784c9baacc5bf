"""``impsy train``: from a dataset to a model that plays."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import PATH, check_dimension, dataset_options, find_dataset, folder_option, json_option
from impsy.cli.progress import ProgressScreen
from impsy.cli.stopping import stopping
from impsy.cli.terminal import echo
from impsy.errors import ConfigError
from impsy.models.sizes import SIZES
from impsy.text import counted

if TYPE_CHECKING:
    from impsy.training.fitting import Progress
    from impsy.training.learning import Learned, Start

__all__ = ["command"]

_STOPPING = "Stopping: the best so far is kept. (Ctrl-C again: at once, keeping nothing new.)"

_BARS = "▁▂▃▄▅▆▇█"
_PASSED_ON = ("size", "architecture", "batch", "start_from", "split", "minutes", "calibrated_at", "resume")
_CURVE = 40
"""Columns of the curve."""


@click.command("train")
@dataset_options
@folder_option("-O", "--destination", "models", "The folder to write the model in.")
@click.option("-M", "--modelsize", "size", metavar="SIZE", help=f"{', '.join(SIZES)}.  [default: s]")
@click.option("-N", "--numepochs", type=int, metavar="N", help="Epochs: looks at the held-out windows.  [default: 8]")
@click.option("-B", "--batchsize", "batch", type=int, metavar="N", help="Windows in a step.  [default: 32]")
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
    help="The variation (sigmatemp) at which it plays what it has learned; 1: as it was learned.",
)  # fmt: skip
@click.option("--seed", type=int, help="The same seed gives the same model.  [default: 0]")
@click.option("--split", default="windows", show_default=True,
              help="What is held out: the last 10 % of `windows`, or whole `performances`.")  # fmt: skip
@click.option("--from", "start_from", type=PATH, metavar="MODEL", help="Go on from a trained model.")
@click.option("--recipe", type=PATH, metavar="FILE", help="What `impsy search` found, or a model's .json.")
@click.option("--resume", is_flag=True, help="Go on with a training that was stopped, or crashed.")
@click.option("--distributed", is_flag=True, help="Share the work between processes or hosts, with the next three.")
@click.option("--coordinator", metavar="HOST:PORT", help="Where the first process listens for the others.")
@click.option("--processes", type=int, metavar="N", help="How many processes there are in all.")
@click.option("--index", type=int, metavar="I", help="Which of them this is, from 0.")
@json_option("Tell the progress as lines of JSON.")
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
        options["size"], options["architecture"], changes = _from_recipe(options, changes)
    plan, dataset = plan_for(
        path,
        options["destination"],
        changes=changes | _patience(options),
        cluster=_cluster(options),
        **{name: options[name] for name in _PASSED_ON},
    )
    check_dimension(path, dataset, options["dimension"])
    leads = plan.cluster is None or plan.cluster.index == 0
    screen = _Lines() if options["as_json"] else _Screen(path) if leads else _Silence()
    with stopping(_STOPPING) as stop, screen:
        learned = learn(plan, dataset, started=screen.started, progress=screen.progress, stop=stop, began=began)
        if learned is not None:
            screen.done(learned)


def _from_recipe(options: dict[str, Any], changes: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    """Size, architecture and changes that a recipe's file asks for, where the command line does not."""
    from impsy.training.recipe import load_recipe

    recipe = load_recipe(options["recipe"])
    asked = recipe.to_json() | {name: value for name, value in changes.items() if value is not None}
    if options["batch"] is not None:
        asked["batch"] = options["batch"]
    size, architecture = asked.pop("size"), asked.pop("architecture")
    return options["size"] or size, options["architecture"] or architecture, asked


def _patience(options: dict[str, Any]) -> dict[str, Any]:
    if options["earlystopping"]:
        return {"patience": options["patience"]}
    if options["patience"] is not None:
        raise ConfigError("--patience says when to stop early, --no-earlystopping not to: give one of them")
    return {"patience": sys.maxsize}


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


class _Silence(contextlib.nullcontext[None]):
    """For those processes of a distributed training that do not lead."""

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


class _Screen(ProgressScreen):
    """For people: a progress bar where there is a terminal, a line an epoch where there is none."""

    def __init__(self, path: Path) -> None:
        super().__init__("loading JAX", percentage=True)
        self._path = path

    def started(self, start: Start) -> None:
        performances = int((start.dataset.lengths > 0).sum())
        self.write(
            f"{self._path}: {counted(performances, 'performance')}, {counted(len(start.dataset), 'event')}, "
            f"{counted(start.dataset.dimension - 1, 'control')}; "
            f"{counted(len(start.split.held_out), 'window')} held out"
        )
        recipe = start.recipe
        self.write(
            f"{start.name}: {recipe.architecture}, {start.parameters:,} numbers to learn, {recipe.total_steps:,} "
            f"steps of {recipe.batch} windows, on {start.where}"
        )
        if start.components:
            self.write(f"the data asks for {start.components}")
        if start.resumed_at:
            self.write(f"going on after step {start.resumed_at:,}")
        self.update(description="compiling the first step", total=recipe.total_steps)

    def progress(self, progress: Progress) -> None:
        if progress.note:
            self.write(progress.note)
        line = (
            f"step {progress.step:,}  loss {progress.loss:.2f}  held out {progress.held_out:.2f} "
            f"(best {progress.best:.2f})  {progress.step_ms:.0f} ms a step  {_clock(progress.left)} left"
        )
        if self.console.is_terminal:
            curve = _sparkline([look.held_out for look in progress.history])
            self.update(completed=progress.step, total=progress.total, description=f"{line}  {curve}")
        else:
            self.write(line)

    def done(self, learned: Learned) -> None:
        self.__exit__()
        figures = learned.description["figures"]
        self.write(f"held out  {_sparkline([look[3] for look in learned.description['curve']])}")
        self.write(
            f"held-out NLL {figures['held_out_nll']:.2f} nats an event, after {figures['best_step']:,} of "
            f"{figures['steps']:,} steps in {_clock(figures['seconds'])}; {figures['ended']}"
        )
        for path in learned.set_aside:
            self.write(f"the earlier model is kept as {path}")
        for path in learned.files:
            self.write(f"{path}  {path.stat().st_size / 1000:,.0f} KB")
        if figures["ended"] == "stopped":
            self.write("`impsy train` with the same options and --resume goes on from here.")
        if "remark" in learned.description:
            self.write(learned.description["remark"])
        tflite = next(path for path in learned.files if path.suffix == ".tflite")
        self.write(f"Play it: impsy run {tflite}   Measure it: impsy evaluate {tflite} {self._path}")


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
