"""The training loop: epochs, the schedule, the best weights, recovery from divergence, and resuming."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset
from impsy.data.windows import Split
from impsy.errors import DataError, ModelError
from impsy.models.landings import Landings
from impsy.models.sizes import SIZES
from impsy.models.weights import Weights
from impsy.training.backend import give_back_memory, prepare
from impsy.training.checkpoint import Checkpoint, Look, fingerprint, write_checkpoint
from impsy.training.distributed.parallel import Devices
from impsy.training.gestures import Design, designs
from impsy.training.recipe import Recipe

prepare()

from impsy.training.networks import network_of  # noqa: E402 - after prepare()
from impsy.training.steps import Learner, LearnerState, Pace, Stretches  # noqa: E402

__all__ = ["Fitted", "Progress", "Training"]

logger = logging.getLogger(__name__)

HELD_OUT_LOOK = 512
"""Held-out windows, evenly spaced, that are scored after each epoch; they overlap, so more would add little."""
SAVED_EVERY = 10.0
"""Seconds between two checkpoints: what a crash costs at most."""
IN_FLIGHT = 2
"""Steps that may be running at once: the next is prepared while one computes, and Ctrl-C takes effect at once."""
BACK_OFF = 0.5
MOST_BACK_OFFS = 5
DIVERGED_BY = 50.0
"""Nats an event by which the held-out loss may exceed the best before training returns to the best weights."""
SURPRISING = 0.1
"""Share of the held-out windows, those with the highest NLL, that do not count when the best weights are chosen."""
LATER_WORSE = 0.3
"""Nats an event by which the NLL of notes may rise, and the later weights are kept all the same.

The held-out windows come from few pieces, and the learning rate is still high where their NLL is lowest: such weights
play less like the players of other pieces than the last ones do."""
LAST_LOOK = 2048
"""Held-out windows, evenly spaced, by which the model is judged in the end."""
RESERVED = 4.0
"""Seconds reserved for the last look and the files when training has a deadline."""
BEGINNINGS = 0.3
"""Share of the windows that begin where a performance does, for networks of notes: pieces are short, and their
beginning shows the key."""


@dataclass(frozen=True)
class Progress:
    """The state of a training, in seconds, milliseconds and nats an event. ``note``: a message to show, or ""."""

    step: int
    total: int
    epoch: int
    loss: float
    held_out: float
    best: float
    step_ms: float
    left: float
    history: tuple[Look, ...]
    note: str = ""


@dataclass(frozen=True, eq=False)
class Fitted:
    """The best weights, and how they came to be. ``held_out`` is their NLL over held-out windows."""

    weights: Weights
    held_out: float
    best_step: int
    steps: int
    seconds: float
    step_ms: float
    history: list[Look]
    ended: str


class Training:
    """One training of one network on one dataset.

    Args:
        split: what is learned from, and what is held out.
        base: weights to continue from, instead of random ones; their constants are kept.
        designed: its components, where they are known already.
        devices: what :func:`impsy.training.distributed.parallel.join` gave.
        split_name: how ``split`` was made, for the files.

    Attributes:
        network: what is trained; ``learner`` computes its steps and losses, ``state`` is all that a step changes.
        step: how many steps were done.
        design: its components; ``recipe`` and ``split`` are those given.

    Raises:
        ModelError: ``base`` has another dimension or architecture.
        DataError: fewer than two events to learn from.
    """

    def __init__(
        self,
        dataset: Dataset,
        split: Split,
        recipe: Recipe,
        *,
        devices: Devices,
        base: Weights | None = None,
        designed: Design | None = None,
        split_name: str = "windows",
    ) -> None:
        self.recipe, self.split = recipe, split
        self._devices, self._split_name = devices, split_name
        self._data = fingerprint(dataset)
        dimension = dataset.dimension
        if base is not None and base.dimension != dimension:
            raise ModelError(
                f"the model to go on from has dimension {base.dimension}, the dataset {dimension}: leave out --from, "
                "or name one of that dimension"
            )
        if not any(part.stop - part.start >= 2 for part in split.train):
            raise DataError(
                "there are no two events in a row to learn from: play longer in one go, and make the dataset anew"
            )
        size = base.size if base is not None else SIZES[recipe.size]
        architecture = base.architecture if base is not None else recipe.architecture
        if designed is None:
            more: dict[str, Any] = {"base": base, "notes": dataset.notes, "seed": recipe.seed}
            designed = designs(dataset.events, split.train, architecture, recipe.head, **more)[0]
        self.design = designed
        self.network = network_of(dimension, size, designed, recipe.dropout)
        if base is not None:
            self._start = self.network.unfolded(base)
        else:
            self._start = self.network.start(recipe.seed, designed.starts)
        stretches = Stretches.of(split.train, recipe.window)
        if isinstance(designed.fixed, Landings):
            stretches = stretches.with_beginnings(split.train, BEGINNINGS)
        self.learner = Learner(
            self.network, recipe, dataset.events, stretches, alike=designed.interchangeable, devices=devices
        )
        self.state = self.learner.state(self._start)
        every = max(1, len(split.held_out) // HELD_OUT_LOOK)
        self._looked_at = split.held_out[::every]
        self.step, self._total = 0, recipe.total_steps
        self._since = 0
        self._factor = 1.0
        self._seconds = 0.0
        self._history: list[Look] = []
        self._best: list[NDArray[Any]] = []
        self._best_step, self._best_usual = 0, math.inf
        self._later_worse = LATER_WORSE if isinstance(designed.fixed, Landings) else 0.0
        self._back_offs = 0
        self._compiled = False

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return int(sum(array.size for array in self._start))

    @property
    def untrained(self) -> Weights:
        """The network before training."""
        return self.network.weights(self._start)

    # ------------------------------------------------------------------ going on

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on where ``checkpoint`` was written.

        Raises:
            DataError: it belongs to other data, another split or another recipe.
        """
        if checkpoint.data != self._data or checkpoint.split != self._split_name:
            raise DataError(
                "the unfinished training learned from other data, or held out another part of it: give the same "
                "dataset and --split, or start anew without --resume"
            )
        saved = checkpoint.arrays
        groups = self._groups(self.state.trainable if saved["best"] else [])
        if any(_shapes(saved[name]) != _shapes(now) for name, now in groups.items()):
            raise DataError("the unfinished training is of a network of another shape; start anew without --resume")
        parts = {name: [self._devices.everywhere(array) for array in saved[name]] for name in groups}
        self.state = LearnerState(parts["trainable"], parts["first"], parts["second"], *parts["sums"])
        self._best = list(checkpoint.arrays["best"])
        self._history = list(checkpoint.history)
        self.step, self._total, self._factor = checkpoint.step, checkpoint.total, checkpoint.factor
        self._since, self._back_offs = checkpoint.since, round(math.log(checkpoint.factor, BACK_OFF))
        self._seconds, self._best_step = checkpoint.seconds, checkpoint.best_step
        self._best_usual = min((look.usual for look in self._history), default=math.inf)

    def checkpoint(self, facts: dict[str, Any] | None = None) -> Checkpoint:
        """All that :meth:`resume` needs."""
        return Checkpoint(
            recipe=self.recipe,
            data=self._data,
            split=self._split_name,
            step=self.step,
            since=self._since,
            total=self._total,
            factor=self._factor,
            seconds=self._seconds,
            best_step=self._best_step,
            history=list(self._history),
            arrays={name: list(map(np.asarray, arrays)) for name, arrays in self._groups(self._best).items()},
            facts=facts or {},
        )

    def _groups(self, best: list[Any]) -> dict[str, list[Any]]:
        """The arrays of a checkpoint."""
        state = self.state
        groups = {name: getattr(state, name) for name in ("trainable", "first", "second")}
        return {**groups, "sums": [state.count, state.loss, state.skipped], "best": best}

    # ------------------------------------------------------------------ learning

    def run(
        self,
        progress: Callable[[Progress], object],
        *,
        stop: Callable[[], bool] = lambda: False,
        save_to: Path | None = None,
        deadline: float | None = None,
        facts: dict[str, Any] | None = None,
        improved: Callable[[Weights], None] | None = None,
    ) -> Fitted:
        """Train until the schedule ends, nothing gets better, ``stop()`` says so, or the ``deadline`` comes.

        Args:
            progress: called after each epoch.
            stop: asked after each step.
            save_to: where checkpoints go; in a distributed training, only the leading process writes them.
            deadline: on ``time.monotonic()``'s clock; the schedule is fitted into the time until then.
            facts: kept with the checkpoints.
            improved: called in the leading process with the best weights so far, whenever they got better.

        Raises:
            ModelError: nothing finite was ever learned.
        """
        began = time.monotonic() - self._seconds
        saved = time.monotonic()
        ended, timer = "", Pace()
        while self.step < self._total or self._since:
            stopped = self._devices.any(self._epoch(stop, timer))
            self._seconds = time.monotonic() - began
            if not stopped:
                before = self._best_step
                note = self._look()
                if improved is not None and self._best_step > before and self._devices.leads:
                    improved(self.network.weights(self._best))
                give_back_memory()
                if deadline is not None:
                    self._fit_into(deadline, timer)
                progress(self._progress(timer, note))
            ended = "stopped" if stopped else self._why_end()
            due = ended == "stopped" or (not ended and time.monotonic() - saved > SAVED_EVERY)
            if due and save_to is not None and self._devices.leads:
                write_checkpoint(save_to, self.checkpoint(facts))
                saved = time.monotonic()
            if ended:
                break
        return self._finish(ended or "the schedule is complete", timer)

    def try_out(self, stop: Callable[[], bool] = lambda: False) -> float:
        """Train for one epoch, after which :meth:`run` goes on.

        Returns:
            :meth:`impsy.training.networks.recurrent.Network.surprise` over the held-out windows.
        """
        began = time.monotonic()
        if not self._devices.any(self._epoch(stop, Pace())):
            self._look()
        self._seconds += time.monotonic() - began
        return self.learner.surprise(self.state, self._looked_at)

    def _epoch(self, stop: Callable[[], bool], timer: Pace) -> bool:
        """One epoch of steps, or what is left of it; True if it was cut short."""
        running: deque[Any] = deque()
        for _ in range(min(self.recipe.steps - self._since, self._total - self.step)):
            rate = self.recipe.rate(self.step, self._total) * self._factor
            self.state, token = self.learner.step(self.state, self.step, rate)
            self.step += 1
            self._since += 1
            if not self._compiled:
                token.block_until_ready()
                give_back_memory()
                self._compiled = True
            running.append(token)
            if len(running) > IN_FLIGHT:
                running.popleft().block_until_ready()
                timer.tick()
            if self._devices.processes == 1 and stop():
                return True
        for token in running:
            token.block_until_ready()
            timer.tick()
        timer.pause()
        return stop()

    def _look(self) -> str:
        """Look at the held-out windows, and keep the weights if they are the best so far; returns a message or ""."""
        steps, self._since = self._since, 0
        skipped = int(self.state.skipped)
        loss = float(self.state.loss) / max(1, steps - skipped)
        zero = self._devices.everywhere(np.zeros((), np.float32))
        none = self._devices.everywhere(np.zeros((), np.int32))
        self.state = self.state._replace(loss=zero, skipped=none)
        each = self.learner.held_out(self.state, self._looked_at)
        nll, usual = float(each.mean()), _usual(each)
        diverged = not math.isfinite(nll) or skipped > steps // 2
        diverged |= bool(self._best) and usual > self._best_usual + DIVERGED_BY
        if diverged:
            return self._back_off(nll)
        self._history.append(Look(self.step, round(self._seconds, 2), loss, nll, usual))
        if usual < self._best_usual + self._later_worse:
            self._best = [np.asarray(array) for array in self.state.trainable]
            self._best_step, self._best_usual = self.step, min(usual, self._best_usual)
        return f"left out {skipped} of {steps} steps: their gradients were not finite" if skipped else ""

    def _back_off(self, nll: float) -> str:
        """Go back to the best weights, with a clean optimizer and a lower rate."""
        self._back_offs += 1
        self._factor *= BACK_OFF
        self.state = self.learner.state(self._best or self._start)
        where = f"step {self._best_step}" if self._best else "the start"
        note = (
            f"training diverged (held-out loss {nll:.4g}): back to {where}, with the learning rate "
            f"at {self._factor:.3g} of what was planned"
        )
        logger.warning("%s", note)
        return note

    def _why_end(self) -> str:
        """Why training ends before its schedule does; "" if it goes on."""
        patience = self.recipe.patience
        if patience is not None and self.step - self._best_step >= patience * self.recipe.steps:
            return f"nothing got better for {patience} epochs"
        return f"training diverged {self._back_offs} times" if self._back_offs > MOST_BACK_OFFS else ""

    def _fit_into(self, deadline: float, timer: Pace) -> None:
        """Plan as many steps as there is time for, at the pace so far."""
        epoch = timer.step * self.recipe.steps + timer.between
        epochs = (deadline - RESERVED - time.monotonic()) / max(epoch, 1e-6)
        total = self.step + max(0, int(epochs * self.recipe.steps))
        self._total = max(self.step, int(self._devices.agree(total)))

    def _progress(self, timer: Pace, note: str) -> Progress:
        last = self._history[-1] if self._history else Look(self.step, self._seconds, math.nan, math.nan, math.nan)
        epochs_left = (self._total - self.step) / self.recipe.steps
        return Progress(
            step=self.step,
            total=self._total,
            epoch=-(-self.step // self.recipe.steps),
            loss=last.loss,
            held_out=last.held_out,
            best=min((look.held_out for look in self._history), default=math.nan),
            step_ms=timer.step * 1000,
            left=epochs_left * (timer.step * self.recipe.steps + timer.between),
            history=tuple(self._history),
            note=note,
        )

    def _finish(self, ended: str, timer: Pace) -> Fitted:
        if not self._best:
            if not all(np.isfinite(np.asarray(array)).all() for array in self.state.trainable):
                raise ModelError("training diverged from the start: nothing was learned; try a smaller --modelsize")
            self._best = [np.asarray(array) for array in self.state.trainable]
            self._best_step = self.step
        best = self.state._replace(trainable=[self._devices.everywhere(array) for array in self._best])
        every = max(1, len(self.split.held_out) // LAST_LOOK)
        return Fitted(
            weights=self.network.weights(self._best),
            held_out=float(self.learner.held_out(best, self.split.held_out[::every]).mean()),
            best_step=self._best_step,
            steps=self.step,
            seconds=self._seconds,
            step_ms=timer.step * 1000,
            history=list(self._history),
            ended=ended,
        )


def _shapes(arrays: Sequence[Any]) -> list[tuple[Any, Any]]:
    return [(array.shape, array.dtype) for array in arrays]


def _usual(windows: NDArray[np.float64]) -> float:
    """The mean NLL of ``windows`` (W,) without the share SURPRISING of them that is highest.

    In the mean of all, a few events that no network predicts would decide which weights are best.
    """
    return float(np.sort(windows)[: max(1, round(len(windows) * (1 - SURPRISING)))].mean())
