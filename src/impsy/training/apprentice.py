"""The process that learns while somebody plays: messages come by standard input, and go by standard output.

It begins with ``{"do": "begin", …}`` and gets ``{"do": "hear"}`` with events. It sends what it is doing, its weights
from time to time so that another process can go on with them, and those that are to take over.
"""

from __future__ import annotations

import math
import os
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import numpy as np

from impsy.errors import ImpsyError
from impsy.learning.course import Course, Resumed
from impsy.learning.learners import Learner, MixtureLayer
from impsy.learning.memory import Earlier, Memory
from impsy.learning.rehearsal import rehearsed
from impsy.learning.wire import Message, encode, events_of, read
from impsy.models.calibration import (
    AS_LEARNED,
    CALIBRATED,
    PLAYED,
    Temperatures,
    calibrated,
    density_temperatures,
    uncalibrated,
)
from impsy.models.landings import Landings
from impsy.models.opening import model_facts, open_weights
from impsy.models.tflite.read import read_facts, read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from impsy.processes import limit
from impsy.training.earlier import earlier_playing

__all__ = ["ALL_LAYERS", "MIXTURE_LAYER", "Apprentice"]

MEMORY = 16 << 30
"""Bytes of address space; JAX reserves far more than it uses."""
SAVED_EVERY, TOLD_EVERY = 5.0, 0.5
"""Seconds between two messages with the weights, and with what it is doing."""
ALL_LAYERS, MIXTURE_LAYER = "all layers", "the mixture layer"
Send = Callable[[dict[str, Any], list[bytes]], None]


class Apprentice:
    """Learns as a first message says, and sends what comes of it.

    Raises:
        ImpsyError: the message or the model in it cannot be used; a sentence says why.
    """

    def __init__(self, begin: Message, send: Send, *, all_layers: bool) -> None:
        about = begin.about
        learnt, present, heard = begin.blobs
        self._send = send
        self._dimension: int = about["dimension"]
        self._temperatures = Temperatures(PLAYED.sigma, PLAYED.pi)
        rng = np.random.default_rng(about["seed"])
        model = self._model(Path(about["model"])) if about["model"] else None
        if model is not None and isinstance(model.residual, Landings) and not all_layers:
            raise _refused("a model of notes learns while playing only with the extra `train`")
        found = earlier_playing([Path(place) for place in about["earlier"]], self._dimension, about["log"])
        pieces = Earlier(found.pieces if model is not None else ())
        if model is not None and not pieces:
            pieces = Earlier(rehearsed(model, rng))
        self._memory = Memory(self._dimension, pieces)
        self._memory.hear(events_of(heard, self._dimension))
        self._memory.count = max(self._memory.count, about["heard"])
        resumed = None
        if learnt:
            now = self._opened(present) if present else None
            resumed = Resumed(self._opened(learnt), now, about["steps"])
        from impsy.training.beginnings import begun_by

        self._course = Course(
            self._memory,
            rng,
            continued=partial(self._continued, all_layers=all_layers),
            begin=begun_by(all_layers, self._dimension, about["size"], about["notes"]),
            base=model,
            resumed=resumed,
        )
        self._saved_at = self._told_at = -math.inf
        self._is_saved = self._is_told = True
        self._gain: float | None = None
        self._candidate: float | None = None
        self._lost = 0.0
        self._loss: float | None = None
        learns = ALL_LAYERS if all_layers else MIXTURE_LAYER
        send({"is": "ready", "learns": learns, "earlier": found.name, "problem": found.problem}, [])

    def hear(self, message: Message) -> None:
        """Take events."""
        for blob in message.blobs:
            self._memory.hear(events_of(blob, self._dimension))
        self._is_told = False

    @property
    def due(self) -> bool:
        """Whether there is a step of learning to do."""
        return self._course.due

    def work(self) -> None:
        """Do a step."""
        self._loss = self._course.step()
        if self._course.look_due:
            self._look()
        self._is_told = self._is_saved = False

    def report(self, now: float) -> float | None:
        """Send what is due at ``now``, in seconds; returns in how many seconds the next is, None: all was sent."""
        if not self._is_saved and now - self._saved_at >= SAVED_EVERY:
            self._saved_at, self._is_saved = now, True
            weights = self._course.learnt()
            if weights is not None:
                self._send({"is": "saved", "steps": self._course.steps}, [self._encoded(weights)])
        if not self._is_told and now - self._told_at >= TOLD_EVERY:
            self._told_at, self._is_told = now, True
            self._send({"is": "learning", **self._figures()}, [])
        telling = math.inf if self._is_told else self._told_at + TOLD_EVERY
        saving = math.inf if self._is_saved else self._saved_at + SAVED_EVERY
        due = min(telling, saving)
        return None if due == math.inf else max(0.0, due - now)

    def _look(self) -> None:
        look = self._course.look()
        if look is None:
            return
        self._gain, self._candidate, self._lost = look.whole, look.gain.mean, look.lost
        if look.weights is not None:
            weights = self._course.played(look.weights)
            figures = {"gain": look.whole, "better": look.gain.mean, "surely": look.gain.surely}
            self._send({"is": "learnt", **self._figures(), **figures}, [self._encoded(weights)])

    def _figures(self) -> dict[str, Any]:
        course, memory = self._course, self._memory
        found = {"events": memory.count, "steps": course.steps, "gain": self._gain, "lost": self._lost}
        return found | {"candidate": self._candidate, "loss": self._loss}

    def _continued(self, weights: Weights, *, all_layers: bool) -> Learner:
        if not all_layers:
            return MixtureLayer(weights)
        from impsy.training.adapting import AllLayers

        earlier = self._memory.earlier
        known = earlier.sample() if earlier else self._memory.events
        return AllLayers.continued(weights, known)

    def _opened(self, content: bytes) -> Weights:
        """The weights in a model's bytes, right at the temperatures 1 and 1."""
        return self._checked(read_tflite(content), read_facts(content))

    def _model(self, path: Path) -> Weights:
        return self._checked(open_weights(path), model_facts(path))

    def _checked(self, weights: Weights, facts: Mapping[str, Any]) -> Weights:
        at = density_temperatures(facts)
        if weights.dimension != self._dimension:
            raise _refused(f"the model has dimension {weights.dimension}, not {self._dimension}")
        if weights.spread != 1:
            raise _refused("a model that was trained with another scale than 10 cannot learn while playing")
        return weights if at == AS_LEARNED else uncalibrated(weights, *at)

    def _encoded(self, weights: Weights) -> bytes:
        """A model's bytes, as it is played."""
        if weights.residual is None:
            return encode_tflite(weights)
        return encode_tflite(calibrated(weights, *self._temperatures), facts={CALIBRATED: self._temperatures.facts})


def _refused(why: str) -> ImpsyError:
    return ImpsyError(why)


# --- the process --------------------------------------------------------------------------------------


def _serve() -> None:
    """Learn until standard input ends."""
    for name in ("SIGINT", "SIGTERM"):  # meant for the performance, which ends this when it ends
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries may print
    limit(MEMORY)
    # One thread: what plays needs the other processors.
    os.environ["NPROC"] = "1"
    flags = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    os.environ["XLA_FLAGS"] = flags.strip()

    def send(about: dict[str, Any], blobs: list[bytes]) -> None:
        answers.write(encode(about, blobs))
        answers.flush()

    incoming: SimpleQueue[Message | None] = SimpleQueue()
    stdin = open(0, "rb", closefd=False)  # noqa: SIM115 - read until the process ends
    threading.Thread(target=_read, args=(stdin, incoming), daemon=True).start()
    try:
        first = incoming.get()
        if first is not None:
            _learn(Apprentice(first, send, all_layers=_has_jax(first)), incoming)
    except ImpsyError as error:
        send({"is": "refused", "why": str(error)}, [])
    os._exit(0)


def _learn(apprentice: Apprentice, incoming: SimpleQueue[Message | None]) -> None:
    while True:
        wait = apprentice.report(time.monotonic())
        try:
            message = incoming.get(block=not apprentice.due, timeout=wait)
        except Empty:
            if apprentice.due:
                apprentice.work()
            continue
        if message is None:
            return
        apprentice.hear(message)


def _has_jax(first: Message) -> bool:
    """Whether all layers can learn here."""
    from impsy.errors import ConfigError
    from impsy.training.backend import check_installed

    if first.about["learns"] == MIXTURE_LAYER:
        return False
    try:
        check_installed()
    except ConfigError:
        return False
    return True


def _read(stdin: IO[bytes], incoming: SimpleQueue[Message | None]) -> None:
    with suppress(ImpsyError, OSError):  # without the performance there is nothing to learn
        while (message := read(stdin)) is not None:
            incoming.put(message)
    incoming.put(None)


if __name__ == "__main__":
    _serve()
