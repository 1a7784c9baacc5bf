"""Searching for a better size and recipe: what ``impsy search`` does.

The search does not use the held-out part of the dataset: it trains on the rest, of which it holds out a part of its
own. So ``impsy evaluate`` measures the model that results on events by which nothing was chosen.
"""

from __future__ import annotations

import gc
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from impsy.data.datasets import Dataset, read_dataset
from impsy.data.windows import Split
from impsy.errors import ConfigError, DataError, ModelError
from impsy.files import check_writable
from impsy.training.checkpoint import fingerprint
from impsy.training.learning import SPLITS
from impsy.training.recipe import Recipe, write_recipe
from impsy.training.search.space import Space, defaults_for, recipe_from, space_for
from impsy.training.search.storages import embedded
from impsy.training.search.studies import Attempt, Lease, SharedStudy, stand

__all__ = ["Found", "Listener", "SearchPlan", "found_so_far", "search", "searched_part"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
SIZES_CONSIDERED = ("xs", "s", "m")
FIRST_SIZE = "s"
"""The size of the first trial, if it is considered: what ``impsy train`` would do."""
PARTS = 10
"""Parts of a trial's schedule after each of which it may be given up."""
POLLED_EVERY = 2.0
"""Seconds between two looks at whether other workers' trials are done."""


@dataclass(frozen=True)
class SearchPlan:
    """What to search, and for how long. None takes what the search was started with, else the default.

    study: a name; workers with the same name and storage share the work.
    storage: an Optuna storage URL; None is a file in ``destination``.
    trials: how many are to be done in all, by all workers.
    minutes: how long this worker goes on at most.
    sizes: to consider.
    keep: numbers of the recipe that are not searched, but left as ``impsy train`` would take them.
    epochs, trial_minutes: how long each trial learns; not both.
    lost_after: seconds without a heartbeat after which a worker counts as lost.
    """

    dataset_file: Path
    destination: Path
    study: str
    storage: str | None = None
    trials: int = 30
    minutes: float | None = None
    epochs: int | None = None
    trial_minutes: float | None = None
    sizes: tuple[str, ...] | None = None
    keep: tuple[str, ...] | None = None
    seed: int | None = None
    split: str | None = None
    lost_after: float = 60.0

    def __post_init__(self) -> None:
        _check_name(self.study)
        if self.trials < 1:
            raise ConfigError(f"--trials is a number of trials, 1 or more, not {self.trials}")
        for name in ("minutes", "trial_minutes", "lost_after"):
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"--{name.replace('_', '-')} is a time above 0, not {value}")
        if self.epochs is not None and self.trial_minutes is not None:
            raise ConfigError("--epochs and --trial-minutes both say how long a trial learns: give one of them")
        for name, option, least in (("epochs", "-N", 1), ("seed", "--seed", 0)):
            number = getattr(self, name)
            if number is not None and number < least:
                raise ConfigError(f"{name} ({option}) must be {least} or more, not {number}")
        if self.split is not None and self.split not in SPLITS:
            raise ConfigError(f"--split is one of {', '.join(SPLITS)}, not {self.split!r}")


@dataclass(frozen=True)
class Found:
    """The state of a search.

    rows: trials that are complete, the best first; then those without a value, by number.
    done: how many places are done.
    recipe_file: of the best; None while there is none.
    importance: of each parameter, shares of 1; empty while few trials are complete.
    """

    rows: tuple[Attempt, ...]
    done: int
    recipe_file: Path | None
    trial_minutes: float | None
    importance: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, attempts: Sequence[Attempt], recipe_file: Path, settings: Mapping[str, Any], **more: Any) -> Found:
        """The state in which ``attempts`` are, of a search with ``settings``."""
        rows = [each for each in attempts if each.done or each.state == "running"]
        rows.sort(key=lambda row: (row.value is None, row.value or 0.0, row.number))
        path = recipe_file if recipe_file.exists() else None
        return cls(tuple(rows), len(stand(attempts).done), path, settings.get("trial_minutes"), **more)

    @property
    def best(self) -> Attempt | None:
        """The complete trial with the lowest held-out NLL."""
        return next((row for row in self.rows if row.value is not None), None)


@dataclass(frozen=True)
class _Outcome:
    """Held-out NLL of the best weights, or why there is none; ``stopped`` before the schedule was complete."""

    value: float | None = None
    failed: str = ""
    stopped: bool = False


class Listener(Protocol):
    """Receives how the search goes."""

    def began(self, dataset: Dataset, split: Split, settings: Mapping[str, Any], done: int, total: int) -> None:
        """All is ready; ``done`` trials of earlier or other workers are known."""

    def trial(self, number: int, recipe: Recipe, again: bool) -> None:
        """A trial starts; ``again``: another worker had started it."""

    def progress(self, progress: Any) -> None:
        """After each epoch: a :class:`impsy.training.fitting.Progress`."""

    def result(self, row: Attempt, best: Attempt | None, done: int, total: int) -> None:
        """A trial of this worker ended."""

    def waiting(self, running: int) -> None:
        """Nothing is left to begin, but ``running`` trials of other workers are not done."""

    def note(self, text: str) -> None:
        """A message to show."""


def found_so_far(destination: Path, study: str, storage: str | None = None) -> Found:
    """The state of a search, without taking part.

    Raises:
        ConfigError: there is none of this name, or Optuna is missing.
        DeviceError: the storage cannot be used.
    """
    _check_name(study)
    if storage is None and not (destination / f"{study}.db").exists():
        raise ConfigError(f"{destination} holds no search named {study!r}; start one with `impsy search`")
    shared = SharedStudy(_storage_url(storage, destination, study), study, make=False)
    recipe_file = destination / f"{study}.json"
    return Found.of(shared.attempts(), recipe_file, shared.settings or {}, importance=shared.importance())


def _check_name(study: str) -> None:
    """Raise ConfigError if ``study`` is not fit for a file's name."""
    if not _NAME.fullmatch(study):
        raise ConfigError(f"--study is a name of letters, digits, '.', '_' and '-', not {study!r}")


def _storage_url(storage: str | None, destination: Path, study: str) -> str:
    return storage if storage is not None else embedded(destination / f"{study}.db")


def search(plan: SearchPlan, listener: Listener, *, stop: Callable[[], bool], began: float | None = None) -> Found:
    """Take part in a search until its trials are done, the time is over, or ``stop()`` says so.

    Args:
        stop: asked after each step; the trial under way is given back.
        began: when the command started, by ``time.monotonic()``, for ``plan.minutes``.

    Raises:
        ImpsyError: of the kind of what was wrong.
    """
    return _Search(plan, listener, stop, time.monotonic() if began is None else began).run()


class _Search:
    """One worker of a search."""

    def __init__(self, plan: SearchPlan, listener: Listener, stop: Callable[[], bool], began: float) -> None:
        self._plan, self._listener, self._asked = plan, listener, stop
        self._deadline = math.inf if plan.minutes is None else began + plan.minutes * 60.0
        self._longest = 0.0
        self._recipe_file = plan.destination / f"{plan.study}.json"
        whole = read_dataset(plan.dataset_file)
        check_writable(plan.destination)
        plan.destination.mkdir(parents=True, exist_ok=True)
        url = _storage_url(plan.storage, plan.destination, plan.study)
        self._shared = SharedStudy(url, plan.study, lost_after=plan.lost_after)
        self._settings = self._agree(whole)
        self._whole = whole
        self._dataset, self._split = searched_part(whole, self._settings["split"])
        self._space = Space.from_json(self._settings["space"])

    def run(self) -> Found:
        """See :func:`search`."""
        plan = self._plan
        done = len(stand(self._shared.attempts()).done)
        self._listener.began(self._dataset, self._split, self._settings, done, plan.trials)
        reported_waiting = 0
        while not self._over():
            taken_over = self._shared.take_over()
            for place in taken_over:
                self._listener.note(f"the worker of trial {place} is lost: the trial waits for another")
            lease = self._shared.take(plan.trials) if self._time_for_another() else None
            if lease is not None:
                reported_waiting = 0
                with lease:
                    self._do(lease)
                _forget()
                continue
            standing = stand(self._shared.attempts())
            others = len(standing.running) + len(standing.waiting) + len(standing.owed)
            if (not others and len(standing.done) >= plan.trials) or not self._time_for_another():
                break
            if others != reported_waiting:
                self._listener.waiting(others)
                reported_waiting = others
            self._pause()
        return self._found()

    # ------------------------------------------------------------------ one trial

    def _do(self, lease: Lease) -> None:
        fixed = self._first() if lease.place == 0 else {}
        params = lease.suggest(lambda: self._sampler(lease.place), fixed, self._space.suggest)
        recipe = recipe_from(self._dataset, params, epochs=self._settings["epochs"], seed=self._settings["seed"])
        self._listener.trial(lease.number, recipe, lease.place != lease.number)
        pruned = False
        reported = 0

        def after_epoch(progress: Any) -> None:
            nonlocal pruned, reported
            self._listener.progress(progress)
            part = PARTS * progress.step // max(1, progress.total)
            if reported < part < PARTS and math.isfinite(progress.best):
                reported = part
                pruned = lease.report(progress.best, part)

        outcome = self._learn(recipe, after_epoch, lambda: pruned or lease.lost or self._over())
        if outcome.stopped and not pruned and not lease.lost:
            self._shared.give_back(lease)
            return
        counted = self._shared.finish(lease, value=None if pruned else outcome.value, failed=outcome.failed)
        if not counted:
            self._listener.note(f"trial {lease.number} was taken over by another worker meanwhile: it counts there")
            return
        self._longest = max(self._longest, lease.seconds)
        self._report(lease.number)

    def _learn(self, recipe: Recipe, tell: Callable[[Any], None], stop: Callable[[], bool]) -> _Outcome:
        import jax

        from impsy.training.distributed.parallel import join
        from impsy.training.fitting import Training

        minutes = self._settings["trial_minutes"]
        deadline = None if minutes is None else time.monotonic() + minutes * 60.0
        try:
            training = Training(self._dataset, self._split, recipe, devices=join(None, recipe.batch))
            fitted = training.run(tell, stop=stop, deadline=deadline)
        except (ModelError, MemoryError, jax.errors.JaxRuntimeError) as error:
            return _Outcome(failed=(str(error) or type(error).__name__).splitlines()[0])
        if not math.isfinite(fitted.held_out):
            return _Outcome(failed="the held-out likelihood is not finite")
        return _Outcome(value=fitted.held_out, stopped=fitted.ended == "stopped")

    def _first(self) -> dict[str, Any]:
        sizes = self._settings["sizes"]
        return defaults_for(self._dataset, FIRST_SIZE if FIRST_SIZE in sizes else sizes[0], self._space)

    def _sampler(self, place: int) -> Any:
        """A sampler with a seed of its own for each place: several workers must not all choose the same."""
        from optuna.samplers import TPESampler

        seed = int(np.random.SeedSequence([self._settings["seed"], place]).generate_state(1)[0])
        return TPESampler(seed=seed, constant_liar=True, multivariate=False)

    # ------------------------------------------------------------------ the whole

    def _agree(self, dataset: Dataset) -> dict[str, Any]:
        """The settings of all workers: those that the first one was given."""
        plan = self._plan
        sizes = plan.sizes or SIZES_CONSIDERED
        part, _ = searched_part(dataset, plan.split or "windows")
        mine = {
            "format": 1,
            "data": fingerprint(dataset),
            "sizes": list(sizes),
            "keep": list(plan.keep or ()),
            "split": plan.split or "windows",
            "epochs": plan.epochs,
            "trial_minutes": plan.trial_minutes,
            "seed": plan.seed or 0,
            "space": space_for(part, sizes, plan.keep or ()).to_json(),
        }
        agreed = self._shared.agree(mine)
        if agreed.get("format") != mine["format"]:
            raise ConfigError(f"another version of IMPSY started the search {plan.study!r}; choose another --study")
        if agreed["data"] != mine["data"]:
            raise DataError(
                f"the search {plan.study!r} is on another dataset than {plan.dataset_file}: give that one, or "
                "another --study"
            )
        for name in ("sizes", "keep", "split", "epochs", "trial_minutes", "seed"):
            given = getattr(plan, name)
            if given is not None and mine[name] != agreed[name]:
                raise ConfigError(
                    f"the search {plan.study!r} was started with {name.replace('_', ' ')} {agreed[name]}, not "
                    f"{mine[name]}: leave the option out to take part, or choose another --study"
                )
        return agreed

    def _over(self) -> bool:
        return self._asked() or time.monotonic() > self._deadline

    def _time_for_another(self) -> bool:
        """Whether a trial that takes as long as the longest so far would be complete in time."""
        return time.monotonic() + self._longest < self._deadline

    def _pause(self) -> None:
        until = time.monotonic() + POLLED_EVERY
        while time.monotonic() < until and not self._over():
            time.sleep(0.1)

    def _report(self, number: int) -> None:
        found = self._found()
        row = next(row for row in found.rows if row.number == number)
        self._listener.result(row, found.best, found.done, self._plan.trials)

    def _found(self) -> Found:
        """The state of the search; the best recipe is written."""
        attempts = self._shared.attempts()
        found = Found.of(attempts, self._recipe_file, self._settings)
        if found.best is None:
            return replace(found, recipe_file=None)
        recipe = recipe_from(
            self._whole, found.best.params, epochs=self._settings["epochs"], seed=self._settings["seed"]
        )
        write_recipe(self._recipe_file, recipe, self._describe(found.best, found))
        return replace(found, recipe_file=self._recipe_file)

    def _describe(self, best: Attempt, found: Found) -> dict[str, Any]:
        return {
            "study": self._plan.study,
            "dataset": self._plan.dataset_file.name,
            "fingerprint": self._settings["data"],
            "trial_minutes": found.trial_minutes,
            "figures": {
                "held_out_nll": best.value,
                "unit": "nats an event in the x 10 space, mean over the windows that the search held out",
                "trial": best.number,
                "of": found.done,
            },
        }


def searched_part(dataset: Dataset, split: str) -> tuple[Dataset, Split]:
    """The part of ``dataset`` that training may learn from, as a dataset of its own, split again.

    Raises DataError if too little remains.
    """
    outer = SPLITS[split](dataset)
    part = Dataset.of(dataset.dimension, [dataset.events[each] for each in outer.train])
    try:
        return part, SPLITS[split](part)
    except DataError as error:
        raise DataError(
            f"a search holds out a part of what is left to learn from, and that is too little: {error}"
        ) from error


def _forget() -> None:
    """Free the memory of a trial: its network and its compiled steps, which the disk cache keeps."""
    import jax

    jax.clear_caches()
    gc.collect()
