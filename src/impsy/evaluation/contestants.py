"""The contestants of an evaluation: networks and baselines. Each plays many streams at once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.evaluation.scoring import LEAST_TIME, Mixtures
from impsy.models.batch.network import BatchNetwork
from impsy.models.calibration import AS_LEARNED, PLAYED, Temperatures
from impsy.models.elsewhere import GraphProcess
from impsy.models.opening import OpenedModel, read_model_file
from impsy.models.sizes import SCALE_FACTOR

__all__ = [
    "PLAYED",
    "Contestant",
    "NetworkContestant",
    "RandomWalk",
    "RepeatLast",
    "contestant_for",
]

_SIDE_BY_SIDE = 64
"""Streams of a graph that plays one at a time: each costs an interpreter in its process."""
_WIDEST = 512
"""Streams of a network in NumPy: more would not fit the processor's cache."""
_MOST_NUMBERS = 1 << 18
_FEWEST = 16
"""Streams of a network that predicts many numbers: so many of these in all, which bounds memory and suits the
cache."""
_FINEST = 1.0 / (127.0 * math.sqrt(12.0))
"""Standard deviation of the rounding to 7 bits: a density for a control that never changed needs some width."""
_EVENNESS = 1e-3
"""The same for the logarithm of a dt that never changed."""


class Network(Protocol):
    """A recurrent network that many streams go through side by side."""

    def reset(self, batch: int) -> None:
        """Begin ``batch`` streams, each from the zero state."""

    def hear(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Advance each stream by an event, (B, D) seconds and [0, 1]; gives predictions (B, M(2D+1)), scaled."""


class Contestant(ABC):
    """Predicts and plays the next event of many streams, given what each has heard.

    ``streams``: the most that it takes side by side. ``has_density``: if not, ``hear`` returns
    None.
    """

    streams = _WIDEST
    has_density = True

    def __init__(self, dimension: int) -> None:
        self.dimension = dimension

    @abstractmethod
    def reset(self, batch: int) -> None:
        """Begin ``batch`` streams that have heard nothing."""

    @abstractmethod
    def hear(self, events: NDArray[np.float32]) -> Mixtures | None:
        """Each stream hears its next event, (B, D) seconds and [0, 1]; gives what it expects after it."""

    @abstractmethod
    def play(self, rng: Generator) -> NDArray[np.float64]:
        """Draw the next event of each stream, (B, D) seconds and about [0, 1], not clipped, without hearing it."""


class NetworkContestant(Contestant):
    """A trained network. It plays at the temperatures of a performance, ``playing``; ``learnt`` are those at which
    what it has learnt is a density.
    """

    def __init__(
        self,
        network: Network,
        dimension: int,
        streams: int = _WIDEST,
        *,
        playing: Temperatures = PLAYED,
        learnt: Temperatures = AS_LEARNED,
    ) -> None:
        super().__init__(dimension)
        self.streams = streams
        self._network = network
        self._playing, self._learnt = playing, learnt
        self._expected: Mixtures | None = None

    def reset(self, batch: int) -> None:
        """See :meth:`Contestant.reset`."""
        self._network.reset(batch)
        self._expected = None

    def hear(self, events: NDArray[np.float32]) -> Mixtures:
        """See :meth:`Contestant.hear`; raises ModelError where the network gives no numbers."""
        self._expected = Mixtures.of(self._network.hear(events), self.dimension)
        return self._expected.at(self._learnt)

    def play(self, rng: Generator) -> NDArray[np.float64]:
        """See :meth:`Contestant.play`; draws as :class:`impsy.models.mixture.MixtureSampler` does.

        Raises ValueError if nothing was heard.
        """
        if self._expected is None:
            raise ValueError("a network that has heard nothing has nothing to play")
        mu, sigma, log_weights, _ = self._expected.at(self._playing)
        weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
        cumulative = np.cumsum(weights, axis=1)
        uniform = rng.random((len(mu), 1)) * cumulative[:, -1:]
        chosen = np.argmax(cumulative >= uniform, axis=1)
        rows = np.arange(len(mu))
        noise = rng.standard_normal((len(mu), self.dimension))
        drawn: NDArray[np.float64] = (mu[rows, chosen] + sigma[rows, chosen] * noise) / SCALE_FACTOR
        return drawn


class RepeatLast(Contestant):
    """Plays the event that it heard last once more, with its dt. It has no density."""

    has_density = False

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self._last = np.zeros((0, dimension))

    def reset(self, batch: int) -> None:
        """See :meth:`Contestant.reset`."""
        self._last = np.zeros((batch, self.dimension))

    def hear(self, events: NDArray[np.float32]) -> None:
        """See :meth:`Contestant.hear`."""
        self._last = events.astype(np.float64)

    def play(self, rng: Generator) -> NDArray[np.float64]:  # noqa: ARG002 - it leaves nothing to chance
        """See :meth:`Contestant.play`."""
        return self._last


class RandomWalk(Contestant):
    """Each control's change is normal, each dt log-normal, whatever was heard; fitted to the training part.

    As a density, a control's standard deviation is at least that of rounding to 7 bits, and that of ln dt at least
    0.001; when it plays, a control that never changed stays where it is.
    """

    def __init__(self, pieces: Sequence[NDArray[np.float32]]) -> None:
        """``pieces``: playing to fit to, (events, D) each, of which one at least has two events."""
        changes = np.concatenate([np.diff(piece[:, 1:].astype(np.float64), axis=0) for piece in pieces])
        times = np.concatenate([piece[:, 0] for piece in pieces]).astype(np.float64)
        if not len(changes):
            raise ValueError("a random walk needs two events of one performance at least")
        super().__init__(changes.shape[1] + 1)
        log_times = np.log(np.maximum(times, LEAST_TIME / SCALE_FACTOR))
        self._drift, self._spread = changes.mean(axis=0), changes.std(axis=0)
        self._log_time, self._log_time_spread = float(log_times.mean()), float(log_times.std())
        self._last = np.zeros((0, self.dimension))

    def reset(self, batch: int) -> None:
        """See :meth:`Contestant.reset`."""
        self._last = np.zeros((batch, self.dimension))

    def hear(self, events: NDArray[np.float32]) -> Mixtures:
        """See :meth:`Contestant.hear`: one component, whose time is log-normal."""
        self._last = events.astype(np.float64)
        mu = SCALE_FACTOR * self._last
        mu[:, 1:] += SCALE_FACTOR * self._drift
        mu[:, 0] = self._log_time + math.log(SCALE_FACTOR)
        spread = [max(self._log_time_spread, _EVENNESS), *(SCALE_FACTOR * np.maximum(self._spread, _FINEST))]
        sigma = np.broadcast_to(np.array(spread), mu.shape)
        return Mixtures(mu[:, None], sigma[:, None], np.zeros((len(mu), 1)), log_time=True)

    def play(self, rng: Generator) -> NDArray[np.float64]:
        """See :meth:`Contestant.play`."""
        noise = rng.standard_normal(self._last.shape)
        times = np.exp(self._log_time + self._log_time_spread * noise[:, :1])
        return np.hstack([times, self._last[:, 1:] + self._drift + self._spread * noise[:, 1:]])


class _SideBySide:
    """A graph that only runs as it is, a step for each stream, as if it were one network for all."""

    def __init__(self, graph: GraphProcess) -> None:
        self._graph = graph
        self._batch = 0
        self._fresh = True

    def reset(self, batch: int) -> None:
        self._batch = batch
        self._fresh = True

    def hear(self, vectors: NDArray[Any]) -> NDArray[np.float32]:
        graph, mixtures = self._graph, []
        heard = vectors.tolist()
        for begin in range(0, self._batch, graph.most_waiting):
            streams = range(begin, min(begin + graph.most_waiting, self._batch))
            for stream in streams:
                graph.send(stream, heard[stream], forget=self._fresh)
            mixtures += graph.wait(len(streams))
        self._fresh = False
        return np.stack(mixtures)


def contestant_for(
    opened: OpenedModel, playing: Temperatures = PLAYED, learnt: Temperatures = AS_LEARNED
) -> NetworkContestant:
    """A model as a contestant: by NumPy where its weights are known, else by the graph itself, stream by stream."""
    if opened.weights is not None:
        numbers = opened.mixtures * (2 * opened.dimension + 1)
        streams = min(_WIDEST, max(_FEWEST, _MOST_NUMBERS // numbers))
        network: Network = BatchNetwork(opened.weights)
    else:
        content, _ = read_model_file(Path(opened.path))
        streams, network = _SIDE_BY_SIDE, _SideBySide(GraphProcess(content, opened.scale))
    return NetworkContestant(network, opened.dimension, streams, playing=playing, learnt=learnt)
