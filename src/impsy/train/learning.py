"""From a dataset's file to a model's files: what ``impsy train`` does."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from impsy import __version__
from impsy.data.datasets import Dataset, read_dataset
from impsy.data.files import check_writable
from impsy.data.windows import Split, split_performances, split_windows
from impsy.errors import ConfigError
from impsy.models.opening import open_weights
from impsy.models.sizes import SIZES, model_name, size_name
from impsy.models.weights import Weights
from impsy.train.checkpoint import Checkpoint, fingerprint, read_checkpoint
from impsy.train.distributed import Cluster, join
from impsy.train.gestures import design
from impsy.train.recipe import Recipe, recipe_for

__all__ = ["Learned", "Plan", "Told", "learn", "plan_for"]

CONTINUED_RATE = 0.3
"""A network that goes on from a trained one learns at this share of the usual rate: it has much to lose."""
SPLITS: dict[str, Callable[[Dataset], Split]] = {"windows": split_windows, "performances": split_performances}


NO_KERAS = (
    "A network for notes has no .keras file: Keras has no layer for what it remembers of a piece. Play the .tflite, "
    "and go on from it with --from."
)


@dataclass(frozen=True)
class Plan:
    """What is to be learned from what, and how.

    minutes: fit the schedule into this time, in place of ``recipe.epochs``.
    start_from: a model file to go on from.
    resume: go on with the unfinished training of this name.
    """

    dataset_file: Path
    destination: Path
    recipe: Recipe
    split: str = "windows"
    minutes: float | None = None
    start_from: Path | None = None
    resume: bool = False
    cluster: Cluster | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ConfigError(f"--split is one of {', '.join(SPLITS)}, not {self.split!r}")
        if self.minutes is not None and not (math.isfinite(self.minutes) and self.minutes > 0):
            raise ConfigError(f"--minutes is a time above 0, not {self.minutes}")


@dataclass(frozen=True, eq=False)
class Learned:
    """What came out: the files, those of an earlier model that were set aside, and the description."""

    files: tuple[Path, ...]
    set_aside: tuple[Path, ...]
    description: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Told:
    """What is known before training starts. ``windows_here`` of a step's are computed by this process; ``components``
    says in words what the mixture is made of."""

    name: str
    dataset: Dataset
    split: Split
    recipe: Recipe
    parameters: int
    resumed_at: int
    where: str
    windows_here: int
    components: str = ""


def plan_for(
    dataset_file: Path,
    destination: Path,
    *,
    size: str | None = None,
    architecture: str | None = None,
    batch: int | None = None,
    start_from: Path | None = None,
    changes: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[Plan, Dataset]:
    """A plan by the rules for this dataset, but for ``changes`` to the recipe; and the dataset, read once.

    Raises:
        DataError: the dataset cannot be read.
        ModelError: the model to go on from cannot.
        ConfigError: the options do not go together.
    """
    dataset = read_dataset(dataset_file)
    changes = dict(changes or {})
    if start_from is not None:
        base = open_weights(start_from)
        if base.dimension != dataset.dimension:
            raise ConfigError(
                f"{start_from} has dimension {base.dimension}, {dataset_file} has {dataset.dimension}: a model goes "
                "on with data of its own dimension"
            )
        given = size_name(*base.size)
        if architecture not in (None, base.architecture) or size not in (None, given):
            raise ConfigError(
                f"{start_from} is a {base.architecture} network of {base.units} units: leave out --modelsize and "
                "--architecture to go on from it"
            )
        size, architecture = given or "s", base.architecture
    recipe = recipe_for(dataset, size=size or "s", architecture=architecture or "gestures", batch=batch)
    if start_from is not None and "learning_rate" not in changes:
        changes["learning_rate"] = recipe.learning_rate * CONTINUED_RATE
    plan = Plan(dataset_file, destination, recipe.with_changes(**changes), start_from=start_from, **more)
    return plan, dataset


def learn(
    plan: Plan,
    dataset: Dataset,
    *,
    told: Callable[[Told], None],
    tell: Callable[[Any], None],
    stop: Callable[[], bool],
    began: float | None = None,
) -> Learned | None:
    """Train, and write the model's files; None in those processes of a distributed training that do not lead.

    Args:
        told: called once, when everything is ready.
        tell: called with a :class:`impsy.train.fitting.Progress` after each epoch.
        stop: asked after each step whether to end with the best so far.
        began: when the command started, by ``time.monotonic()``, for ``plan.minutes``.

    Raises:
        ImpsyError: of the kind of what was wrong.
    """
    began = time.monotonic() if began is None else began
    split = SPLITS[plan.split](dataset)
    base = None if plan.start_from is None else open_weights(plan.start_from)
    wanted = plan.recipe
    known: dict[str, Any] = {"base": base, "notes": dataset.notes, "seed": wanted.seed}
    designed = design(dataset.events, split.train, wanted.architecture, wanted.head, **known)
    size = base.size if base is not None else SIZES[wanted.size]
    name = model_name(dataset.dimension, size, designed.mixtures)
    from impsy.train.export import export, files_of, is_saved_by_keras, write_so_far

    files = files_of(plan.destination, name)
    checkpoint = read_checkpoint(files.unfinished) if plan.resume else None
    recipe = plan.recipe if checkpoint is None else checkpoint.recipe
    if plan.cluster is None or plan.cluster.index == 0:
        check_writable(plan.destination)  # rather say now than when there is something to lose
    devices = join(plan.cluster, recipe.batch, _task(plan, recipe, dataset, checkpoint), stop)
    # This loads JAX: all that can be wrong with the files and the other processes has been reported before.
    from impsy.train.fitting import Training

    with devices.together():
        training = Training(
            dataset, split, recipe, devices=devices, base=base, designed=designed, split_name=plan.split
        )
        if checkpoint is not None:
            training.resume(checkpoint)
        resumed_at, here = checkpoint.step if checkpoint else 0, devices.share_of(recipe.batch)
        told(Told(name, dataset, split, recipe, training.parameters, resumed_at, devices.words, here, designed.words))
        fitted = training.run(
            tell,
            stop=stop,
            save_to=files.unfinished,
            deadline=None if plan.minutes is None else began + plan.minutes * 60.0,
            improved=lambda weights: write_so_far(designed.played(weights), files),
        )
    if not devices.leads:
        return None
    description = _describe(plan, recipe, dataset, split, name, fitted, devices.words)
    if designed.words:
        description["components"] = designed.words
    if not is_saved_by_keras(fitted.weights):
        description["remark"] = NO_KERAS
    set_aside = export(designed.played(fitted.weights), files, description)
    if fitted.ended != "stopped":
        files.unfinished.unlink(missing_ok=True)
    written = tuple(path for path in (files.keras, files.tflite, files.json) if path.exists())
    return Learned(written, tuple(set_aside), description)


def _task(plan: Plan, recipe: Recipe, dataset: Dataset, checkpoint: Checkpoint | None) -> str:
    """What every process of a distributed training must be told alike."""
    digest = hashlib.sha256(b"" if plan.start_from is None else plan.start_from.read_bytes())
    went_before = None if checkpoint is None else (checkpoint.step, checkpoint.total, checkpoint.seconds)
    told = [__version__, recipe.to_json(), fingerprint(dataset), plan.split, plan.minutes, went_before]
    digest.update(json.dumps(told).encode())
    return digest.hexdigest()


def _describe(
    plan: Plan, recipe: Recipe, dataset: Dataset, split: Split, name: str, fitted: Any, where: str
) -> dict[str, Any]:
    from impsy.train.export import now, versions

    weights: Weights = fitted.weights
    minutes = float(dataset.events[:, 0].sum(dtype=np.float64)) / 60.0
    held = sum(part.stop - part.start for part in split.held_out_performances)
    return {
        "format": 1,
        "name": name,
        "made_by": f"IMPSY {versions()['impsy']}",
        "created": now(),
        "architecture": weights.architecture,
        "dimension": weights.dimension,
        "units": weights.units,
        "layers": len(weights.layers),
        "mixtures": weights.mixtures,
        "parameters": weights.parameters,
        "trained_on": {
            "dataset": plan.dataset_file.name,
            "fingerprint": fingerprint(dataset),
            "performances": int((dataset.lengths > 0).sum()),
            "events": len(dataset),
            "minutes": round(minutes, 1),
            "held_out": {"by": plan.split, "windows": len(split.held_out), "events": held},
            **({"continued_from": plan.start_from.name} if plan.start_from else {}),
        },
        "figures": {
            "held_out_nll": round(fitted.held_out, 4),
            "unit": "nats an event in the x 10 space, mean over the held-out windows of 50 events from zero state",
            "best_step": fitted.best_step,
            "steps": fitted.steps,
            "seconds": round(fitted.seconds, 1),
            "step_ms": round(fitted.step_ms, 2),
            "ended": fitted.ended,
            "device": where,
        },
        "recipe": recipe.to_json(),
        "curve": [[look.step, look.seconds, _rounded(look.loss), _rounded(look.held_out)] for look in fitted.history],
        "versions": versions(),
    }


def _rounded(number: float) -> float | None:
    return round(number, 4) if math.isfinite(number) else None
