"""The functions of ``import impsy``: models, logs, datasets, training, evaluation and replay from Python.

``impsy`` itself offers them by name (see :mod:`impsy`); each loads what it needs when it is called.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.random import default_rng

from impsy.codecs.log import dimension_of
from impsy.config import LoadedConfig, load_config, parse_config
from impsy.data import collecting, datasets
from impsy.data.datasets import Dataset
from impsy.data.logs import reading
from impsy.data.logs.reading import Log
from impsy.engine import Engine
from impsy.errors import ConfigError, DataError
from impsy.evaluation import Report
from impsy.evaluation import evaluate as evaluate_models
from impsy.events import Predictor
from impsy.models.calibration import PLAYED
from impsy.models.opening import OpenedModel, open_model
from impsy.perform import engine_settings, open_configured_models, read_performance, sized
from impsy.perform.replaying.rows import replay as perform_again
from impsy.settings import Settings

if TYPE_CHECKING:
    from numpy.random import Generator

    from impsy.training.fitting import Progress
    from impsy.training.learning import Learned

__all__ = ["collect", "evaluate", "load_dataset", "read_log", "replay", "save_dataset", "train"]

Pathlike = str | os.PathLike[str]


def read_log(path: Pathlike, dimension: int | None = None, *, exact: bool = False) -> Log:
    """Read the log of a performance into arrays.

    Rows that cannot be read are left out, counted in ``counts`` and named in ``problems``.

    Args:
        path: a log, in any of the forms that programs save them in.
        dimension: D = 1 + the number of controls; None takes it from the name (``…-9d-mdrnn.log``).
        exact: values are float64, as they stand in the file, instead of float32.

    Returns:
        All rows, in the file's order: ``times`` (R,) int64, microseconds of local time since 1970; ``values``
        (R, n), usually in [0, 1], always finite; ``performer`` (R,) bool, false where the model played.

    Raises:
        DataError: the file cannot be read, or nothing says its dimension.

    Examples:
        >>> log = impsy.read_log("logs/2026-09-26T10-00-00-3d-mdrnn.log")
        >>> log.values.shape, bool(log.performer.all())
        ((400, 2), True)
    """
    path = Path(path)
    return reading.read_log(path, _dimension(path, dimension) - 1, exact=exact, answers=True)


def _dimension(path: Path, given: int | None) -> int:
    found = given or dimension_of(path.name)
    if found is None:
        raise DataError(
            f"{path}: its name says no dimension (…-9d-mdrnn.log); give it, as 1 + the number of controls"
        )
    return found


def collect(folder: Pathlike = "logs", dimension: int | None = None) -> Dataset:
    """Make a dataset of all logs in a folder, as ``impsy dataset`` does.

    Args:
        folder: where the logs are; folders in it are not looked at.
        dimension: D; None where all logs have the same.

    Returns:
        The performer's events. A log that is a copy of another is left out.

    Raises:
        DataError: there is no log, none with an event, or logs of several dimensions and none was given.

    Examples:
        >>> dataset = impsy.collect("logs")
        >>> dataset.dimension, len(dataset), dataset.events.shape
        (3, 1197, (1197, 3))
    """
    found = collecting.find_logs(Path(folder), dimension)
    return collecting.collect(found.paths, found.dimension).dataset


def load_dataset(path: Pathlike) -> Dataset:
    """Read a dataset's ``.npz`` file, of this or of a released version. Nothing in it is run as a program.

    Raises:
        DataError: the file cannot be read, is damaged, or is no dataset.

    Examples:
        >>> impsy.load_dataset("datasets/training-dataset-3d.npz").lengths
        array([399, 399, 399])
    """
    return datasets.read_dataset(Path(path))


def save_dataset(dataset: Dataset, path: Pathlike) -> None:
    """Write a dataset's ``.npz`` file, which released versions open too: whole, or not at all.

    Raises:
        DeviceError: the disk refuses.

    Examples:
        >>> impsy.save_dataset(impsy.collect("logs"), "datasets/mine-3d.npz")
    """
    datasets.write_dataset(Path(path), dataset)


def train(
    dataset: Dataset | Pathlike,
    size: str = "s",
    seed: int = 0,
    minutes: float | None = None,
    progress: Callable[[Progress], object] | None = None,
    *,
    stop: Callable[[], bool] | None = None,
    start_from: Pathlike | None = None,
    **recipe: Any,
) -> Learned:
    """Train a network on a dataset. Needs the extra ``train`` (Keras and JAX).

    Nothing is written: :meth:`Learned.save <impsy.training.learning.Learned.save>` does that. The same dataset, seed
    and machine give the same network, unless ``minutes`` decides how long it trains.

    Args:
        dataset: in memory, or the path of its file.
        size: ``xxs`` (16 units), ``xs`` (32), ``s`` (64), ``m`` (128), ``l`` (256) or ``xl`` (512).
        seed: of everything random, 0 to 2^32 − 1.
        minutes: fit the schedule into this time; None: the number of steps that suits the dataset.
        progress: called after each epoch, in this thread.
        stop: called after each step; training ends with the best network so far when it returns true.
        start_from: a model file to continue from.
        recipe: other fields of :class:`impsy.training.recipe.Recipe`, such as ``epochs``, ``batch``,
            ``architecture``.

    Returns:
        The network with the lowest held-out loss, its ``description``, and ``save`` and ``open``.

    Raises:
        ConfigError: a value that is out of its range, or Keras or JAX is not installed.
        DataError: the dataset cannot be read, or has too little in it to learn from.
        ModelError: ``start_from`` cannot be read, or nothing finite was learned.

    Examples:
        >>> trained = impsy.train("datasets/training-dataset-3d.npz", "xxs", seed=1, epochs=1, steps=20)
        >>> trained.save("models").files[0].name
        'musicMDRNN-dim3-layers2-units16-mixtures12-scale10.keras'
    """
    from impsy.training.learning import learn, plan_for

    named = {key: recipe.pop(key) for key in ("architecture", "batch", "split", "calibrated_at") if key in recipe}
    plan, data = plan_for(
        dataset if isinstance(dataset, Dataset) else Path(dataset),
        None,
        size=size if start_from is None else None,
        start_from=None if start_from is None else Path(start_from),
        minutes=minutes,
        changes={"seed": seed, **recipe},
        **named,
    )
    given = {name: call for name, call in (("progress", progress), ("stop", stop)) if call is not None}
    learned = learn(plan, data, **given)  # type: ignore[arg-type]
    assert learned is not None  # only processes of a distributed training that do not lead have nothing
    return learned


def evaluate(
    model: Pathlike | OpenedModel | Sequence[Pathlike | OpenedModel],
    dataset: Dataset | Pathlike,
    *,
    quick: bool = False,
    seed: int = 0,
    sigma_temperature: float = PLAYED.sigma,
    pi_temperature: float = PLAYED.pi,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Compare models with baselines on the held-out part of a dataset, as ``impsy evaluate`` does.

    Args:
        model: one model or several: files, or models that are open.
        dataset: in memory, or the path of its file.
        quick: fewer windows and less generated playing: seconds instead of about a minute.
        seed: of everything random, the same for all models.
        sigma_temperature: at which the models play: how far values stray.
        pi_temperature: the same: how readily unlikely components are chosen.
        progress: called with what is being done, how many events of how many are done.

    Returns:
        ``results`` of the models in the given order, then of the baselines; ``to_json()`` gives all figures.

    Raises:
        ModelError: a file cannot be opened, or what a model computes is not numbers.
        ConfigError: a model has another dimension than the dataset.
        DataError: the dataset cannot be read, or is too small to hold anything out.

    Examples:
        >>> report = impsy.evaluate("models/small.tflite", "datasets/training-dataset-3d.npz", quick=True)
        >>> [result.name for result in report.results][:3]
        ['small.tflite', 'random walk', 'repeat last']
    """
    models = [model] if isinstance(model, str | os.PathLike | OpenedModel) else model
    data = dataset if isinstance(dataset, Dataset) else load_dataset(dataset)
    return evaluate_models(
        data,
        models,
        name="" if isinstance(dataset, Dataset) else Path(dataset).name,
        seed=seed,
        quick=quick,
        sigma_temperature=sigma_temperature,
        pi_temperature=pi_temperature,
        progress=progress,
    )


def replay(
    log: Pathlike,
    model: Pathlike | OpenedModel | Predictor | None = None,
    *,
    config: Pathlike | None = None,
    seed: int = 0,
    tail: float = 5.0,
    **settings: Any,
) -> Log:
    """Play what the performer played in a log to a model again, on a clock made of the log's own times.

    Nothing is written and no port is opened. The same arguments give the same rows.

    Args:
        log: the recording.
        model: what answers; None: the model of ``config``.
        config: a ``config.toml`` whose settings apply; None: the defaults.
        seed: of the model's choices.
        tail: seconds that go on after the last row, so that the model can answer it.
        settings: instead of the configuration's, by its keys: ``mode``, ``threshold``, ``sigmatemp``, ``pitemp``,
            ``timescale``.

    Returns:
        The rows of both players, ``values`` float64 with six decimals, as in the log that ``impsy replay`` writes.

    Raises:
        ConfigError: neither ``model`` nor ``config`` was given, or the configuration has an error.
        DataError: the log cannot be read or has no row of a performer.
        ModelError: the model cannot be opened.

    Examples:
        >>> log = "logs/2026-09-26T10-00-00-3d-mdrnn.log"
        >>> again = impsy.replay(log, "models/small.tflite", seed=1, mode="polyphony")
        >>> int(again.performer.sum()), bool((~again.performer).any())
        (400, True)
    """
    path = Path(log)
    predictor = _predictor(model)
    loaded = _configured(config, predictor).with_overrides(**settings)
    if predictor is None:
        loaded = sized(loaded)
        make_engine, _ = open_configured_models(loaded)
    else:
        make_engine = partial(_with_model, predictor)
    own, rng, lines = engine_settings(loaded.config), default_rng(seed), io.StringIO()
    rows, _ = read_performance(path, own.dimension - 1)
    perform_again(
        rows,
        lambda now: make_engine(own, rng, now),
        log_input=True,
        log_predictions=True,
        tail=tail,
        write=lines.write,
    )
    written = io.BytesIO(lines.getvalue().encode())
    return reading.parse_log(written, own.dimension - 1, path, exact=True, answers=True)


def _with_model(predictor: Predictor, settings: Settings, rng: Generator, now: float) -> Engine:
    return Engine(settings, predictor, rng, now)


def _predictor(model: Pathlike | OpenedModel | Predictor | None) -> Predictor | None:
    if isinstance(model, str | os.PathLike):
        model = open_model(model)
    if isinstance(model, OpenedModel):
        model.reset()
        return model.predictor
    return model


def _configured(config: Pathlike | None, predictor: Predictor | None) -> LoadedConfig:
    if config is not None:
        loaded = load_config(Path(config))
        return loaded if predictor is None else loaded.with_overrides(dimension=predictor.dimension)
    if predictor is None:
        raise ConfigError("give a model, or a configuration that names one")
    return parse_config(f"[model]\ndimension = {predictor.dimension}\n")
