"""Training a model on a dataset, and writing its files: what ``impsy train`` and :func:`impsy.train` do."""

from __future__ import annotations

import hashlib
import json
import math
import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from impsy.data.datasets import Dataset, read_dataset
from impsy.data.windows import Split, split_performances, split_windows
from impsy.errors import ConfigError
from impsy.files import check_writable
from impsy.models.calibration import (
    AS_LEARNED,
    CALIBRATED,
    PLAYED,
    Temperatures,
    calibrated,
    density_temperatures,
    uncalibrated,
)
from impsy.models.opening import OpenedModel, model_facts, open_weights, opened, read_model_file
from impsy.models.sizes import SCALE_FACTOR, SIZES, model_name, size_name
from impsy.models.weights import Weights
from impsy.training.checkpoint import Checkpoint, fingerprint, read_checkpoint
from impsy.training.distributed.parallel import Cluster, join
from impsy.training.gestures import Design, designs
from impsy.training.recipe import Recipe, recipe_for
from impsy.version import __version__

if TYPE_CHECKING:
    from impsy.training.fitting import Progress

__all__ = ["Learned", "Plan", "Start", "as_learned", "learn", "plan_for"]

CONTINUED_RATE = 0.3
"""A trained network is continued at this share of the usual rate: larger steps would undo what it learned."""
SPLITS: dict[str, Callable[[Dataset], Split]] = {"windows": split_windows, "performances": split_performances}


NO_KERAS = (
    "A network for notes has no .keras file: Keras has no layer for what it remembers of a piece. Play the .tflite, "
    "and go on from it with --from."
)


@dataclass(frozen=True)
class Plan:
    """The dataset, the recipe and the files of a training.

    dataset_file: where the dataset came from; None: from no file.
    destination: the folder of the model's files; None: none are written.
    minutes: fit the schedule into this time, in place of ``recipe.epochs``.
    start_from: a model file to go on from.
    calibrated_at: the sigma temperature at which the model is to play what it has learned.
    resume: go on with the unfinished training of this name.
    """

    dataset_file: Path | None
    destination: Path | None
    recipe: Recipe
    split: str = "windows"
    minutes: float | None = None
    start_from: Path | None = None
    calibrated_at: float = PLAYED.sigma
    resume: bool = False
    cluster: Cluster | None = None

    def __post_init__(self) -> None:
        if self.destination is None and (self.resume or self.cluster is not None):
            raise ConfigError("an unfinished or distributed training needs a folder for its files (destination)")
        if self.split not in SPLITS:
            raise ConfigError(f"--split is one of {', '.join(SPLITS)}, not {self.split!r}")
        if self.minutes is not None and not (math.isfinite(self.minutes) and self.minutes > 0):
            raise ConfigError(f"--minutes is a time above 0, not {self.minutes}")
        if not (math.isfinite(self.calibrated_at) and self.calibrated_at > 0):
            raise ConfigError(f"--calibrated-at is a temperature above 0, such as 0.01, not {self.calibrated_at}")


@dataclass(frozen=True, eq=False)
class Learned:
    """A trained model: what :func:`impsy.train` returns.

    weights: the best ones, at the temperatures at which they are played.
    description: what the model's ``.json`` file holds: data, figures, recipe, curve, versions.
    files: those that were written. set_aside: those of an earlier model of that name, renamed.
    """

    weights: Weights = field(repr=False)
    description: dict[str, Any] = field(repr=False)
    files: tuple[Path, ...] = ()
    set_aside: tuple[Path, ...] = ()

    @property
    def name(self) -> str:
        """The model's file name without a suffix: ``musicMDRNN-dim9-layers2-units64-mixtures5-scale10``."""
        return str(self.description["name"])

    def open(self) -> OpenedModel:
        """The model, ready to play, without any file."""
        return opened(self.weights, Path(f"{self.name}.tflite"), self.description)

    def save(self, folder: str | os.PathLike[str]) -> Learned:
        """Write ``.tflite``, ``.json`` and, where Keras has the layers, ``.keras``; an earlier model is renamed.

        Args:
            folder: made if it is missing.

        Returns:
            The same model, with ``files`` and ``set_aside``.

        Raises:
            ModelError: the disk refuses.
        """
        return self._save(Path(folder), None)

    def _save(self, folder: Path, empty: Future[Any] | None) -> Learned:
        from impsy.training.export import export, files_of

        files = files_of(folder, self.name)
        set_aside = export(self.weights, files, self.description, None if empty is None else empty.result())
        written = tuple(path for path in (files.keras, files.tflite, files.json) if path.exists())
        return replace(self, files=written, set_aside=tuple(set_aside))


@dataclass(frozen=True)
class Start:
    """The facts of a training at its start. ``windows_here``: windows of a step that this process computes;
    ``components``: what the mixture is made of, in words."""

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
    data: Path | Dataset,
    destination: Path | None,
    *,
    size: str | None = None,
    architecture: str | None = None,
    batch: int | None = None,
    start_from: Path | None = None,
    changes: dict[str, Any] | None = None,
    **more: Any,
) -> tuple[Plan, Dataset]:
    """A plan by the rules for this dataset, but for ``changes`` to the recipe; and the dataset, read if it is a file.

    Raises:
        DataError: the dataset cannot be read.
        ModelError: the model to go on from cannot.
        ConfigError: the options do not go together.
    """
    dataset = data if isinstance(data, Dataset) else read_dataset(data)
    dataset_file = None if isinstance(data, Dataset) else data
    changes = dict(changes or {})
    if start_from is not None:
        base = open_weights(start_from)
        if base.dimension != dataset.dimension:
            raise ConfigError(
                f"{start_from} has dimension {base.dimension}, {dataset_file or 'the dataset'} has "
                f"{dataset.dimension}: a model goes on with data of its own dimension"
            )
        if base.spread != 1.0:
            raise ConfigError(
                f"{start_from} was trained at another scale than {SCALE_FACTOR:g}: training cannot go on "
                "from it. Leave out --from to train anew"
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
    started: Callable[[Start], object] = lambda _start: None,
    progress: Callable[[Progress], object] = lambda _progress: None,
    stop: Callable[[], bool] = lambda: False,
    began: float | None = None,
) -> Learned | None:
    """Train, and write the model's files if the plan has a destination.

    Args:
        started: called once, when everything is ready.
        progress: called with a :class:`impsy.training.fitting.Progress` after each epoch.
        stop: asked after each step whether to end with the best so far.
        began: when the command started, by ``time.monotonic()``, for ``plan.minutes``.

    Returns:
        None in those processes of a distributed training that do not lead.

    Raises:
        ImpsyError: of the kind of what was wrong.
    """
    began = time.monotonic() if began is None else began
    split = SPLITS[plan.split](dataset)
    base = None if plan.start_from is None else as_learned(plan.start_from)
    wanted = plan.recipe
    known: dict[str, Any] = {"base": base, "notes": dataset.notes, "seed": wanted.seed}
    possible = designs(dataset.events, split.train, wanted.architecture, wanted.head, **known)
    size = base.size if base is not None else SIZES[wanted.size]
    from impsy.training.export import files_of, is_saved_by_keras, write_so_far

    def name_of(designed: Design) -> str:
        return model_name(dataset.dimension, size, designed.mixtures)

    folder, checkpoint = plan.destination, None
    if folder is not None and plan.resume:
        unfinished = {name: files_of(folder, name).unfinished for name in map(name_of, possible)}
        there = [each for each in possible if unfinished[name_of(each)].exists()]
        possible = there[:1] or possible[:1]
        checkpoint = read_checkpoint(unfinished[name_of(possible[0])])
    recipe = plan.recipe if checkpoint is None else checkpoint.recipe
    if folder is not None and (plan.cluster is None or plan.cluster.index == 0):
        check_writable(folder)  # reported before anything is computed
    devices = join(plan.cluster, recipe.batch, _task(plan, recipe, dataset, checkpoint), stop)
    # This loads JAX: problems with the files and the other processes were reported before.
    from impsy.training.fitting import Training

    with devices.together():
        trainings = [
            Training(dataset, split, recipe, devices=devices, base=base, designed=each, split_name=plan.split)
            for each in possible
        ]
        if checkpoint is not None:
            trainings[0].resume(checkpoint)
        compared = [each.try_out(stop) for each in trainings] if len(trainings) > 1 else []
        training = trainings[int(devices.agree(float(np.argmin(compared)))) if compared else 0]
        designed = training.design
        name = name_of(designed)
        files = files_of(folder, name) if folder is not None else None
        resumed_at, here = checkpoint.step if checkpoint else 0, devices.share_of(recipe.batch)
        like = _to_play(training.untrained, plan)[0]
        with_keras = files is not None and devices.leads and is_saved_by_keras(like)
        empty = _empty_keras_model(like) if with_keras else None
        started(
            Start(name, dataset, split, recipe, training.parameters, resumed_at, devices.words, here, designed.words)
        )

        def improved(weights: Weights) -> None:
            if files is not None:
                write_so_far(*_to_play(designed.played(weights), plan), files)

        fitted = training.run(
            progress,
            stop=stop,
            save_to=None if files is None else files.unfinished,
            deadline=None if plan.minutes is None else began + plan.minutes * 60.0,
            improved=improved,
        )
    if not devices.leads:
        return None
    description = _describe(plan, recipe, dataset, split, name, fitted, devices.words)
    description |= _components(designed, possible, compared)
    if not is_saved_by_keras(fitted.weights):
        description["remark"] = NO_KERAS
    weights, facts = _to_play(designed.played(fitted.weights), plan)
    learned = Learned(weights, description | facts)
    if folder is None or files is None:
        return learned
    learned = learned._save(folder, empty)
    if fitted.ended != "stopped":
        files.unfinished.unlink(missing_ok=True)
    return learned


def _empty_keras_model(like: Weights) -> Future[Any]:
    """The Keras model for the .keras file: Keras takes some seconds to make it, beside which the device computes."""

    def make() -> Any:
        from impsy.training.saving import empty_model

        return empty_model(like)

    beside = ThreadPoolExecutor(1, "keras")
    made = beside.submit(make)
    beside.shutdown(wait=False)
    return made


def as_learned(path: Path) -> Weights:
    """The weights in a model's file, at the temperatures at which networks learn."""
    weights, temperatures = open_weights(path), density_temperatures(model_facts(path))
    return weights if temperatures == AS_LEARNED else uncalibrated(weights, *temperatures)


def _to_play(weights: Weights, plan: Plan) -> tuple[Weights, dict[str, Any]]:
    """The weights as they are written, and the facts that say so. A plain network has no scale to calibrate."""
    wanted = Temperatures(plan.calibrated_at, PLAYED.pi)
    if weights.residual is None or wanted == AS_LEARNED:
        return weights, {}
    return calibrated(weights, *wanted), {CALIBRATED: wanted.facts}


def _task(plan: Plan, recipe: Recipe, dataset: Dataset, checkpoint: Checkpoint | None) -> str:
    """A digest of what must be the same in all processes of a distributed training."""
    digest = hashlib.sha256(b"" if plan.start_from is None else read_model_file(plan.start_from)[0])
    went_before = None if checkpoint is None else (checkpoint.step, checkpoint.total, checkpoint.seconds)
    compared = [__version__, recipe.to_json(), fingerprint(dataset), plan.split, plan.minutes, went_before]
    digest.update(json.dumps(compared).encode())
    return digest.hexdigest()


def _components(designed: Design, possible: list[Design], compared: list[float]) -> dict[str, Any]:
    """What the description has of the mixture's components, and of the heads that were tried."""
    found: dict[str, Any] = {"components": designed.words} if designed.words else {}
    if compared:
        found["compared"] = {
            "unit": "bits of the values and nats of dt, an event, after one epoch",
            **{each.head: round(surprise, 4) for each, surprise in zip(possible, compared, strict=True)},
        }
    return found


def _describe(
    plan: Plan, recipe: Recipe, dataset: Dataset, split: Split, name: str, fitted: Any, where: str
) -> dict[str, Any]:
    from impsy.training.export import now, versions

    weights: Weights = fitted.weights
    minutes = float(dataset.events[:, 0].sum(dtype=np.float64)) / 60.0
    held = sum(part.stop - part.start for part in split.held_out_performances)
    return {
        "format": 1,
        "name": name,
        "made_by": f"IMPSY {versions()['impsy']}",
        "created": now(),
        "architecture": weights.architecture,
        "scale": SCALE_FACTOR,
        "dimension": weights.dimension,
        "units": weights.units,
        "layers": len(weights.layers),
        "mixtures": weights.mixtures,
        "parameters": weights.parameters,
        "trained_on": {
            "dataset": plan.dataset_file.name if plan.dataset_file is not None else "",
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
