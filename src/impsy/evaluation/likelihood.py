"""The likelihood of held-out playing: windows from the zero state, and performances with carried state."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.data.windows import WINDOW
from impsy.evaluation.contestants import Contestant
from impsy.evaluation.scoring import Mixtures, ranks, score

__all__ = ["Likelihood", "Summary", "Tick", "evenly", "score_performances", "score_windows"]

FloatArray = NDArray[np.float64]
_ROWS = 512
"""Predictions that are scored in one go, or fewer where they are large: array operations on few rows cost as much."""
Tick = Callable[[int], None]
"""Called with the number of events since the last call."""


@dataclass(frozen=True)
class Summary:
    """Of one figure per event: over all events, and the median over sequences of each sequence's mean.

    A sequence is a window or a performance. Where all are equally long, ``mean`` is the mean over sequences too.
    """

    mean: float
    median: float
    median_of_sequences: float


@dataclass(frozen=True)
class Likelihood:
    """−log density of held-out events, in nats per event, scaled space; ``bits`` per event, None without a grid.

    ``time`` and ``values`` are the parts' marginals. ``by_position`` and ``median_by_position`` are those of
    ``joint`` at each position in the window (empty for performances); ``by_sequence`` is each performance's mean
    (empty for windows).
    """

    sequences: int
    events: int
    joint: Summary
    time: Summary
    values: Summary
    bits: Summary | None
    by_position: tuple[float, ...] = ()
    median_by_position: tuple[float, ...] = ()
    by_sequence: tuple[float, ...] = ()


def score_windows(
    contestant: Contestant, events: NDArray[np.float32], starts: NDArray[np.int64], grid: FloatArray, tick: Tick
) -> Likelihood:
    """Windows of 51 ``events`` (N, D): from the zero state hear the first 50, after each predict the next.

    ``starts`` (W,) says where they begin. Raises ModelError where the model computes no numbers.
    """
    offsets = np.arange(WINDOW)
    chunks = []
    for chunk in np.array_split(starts, -(-len(starts) // contestant.streams)):
        contestant.reset(len(chunk))
        sequences = events[chunk[:, None] + offsets]
        steps = []
        for t in range(WINDOW - 1):
            steps.append(score(_predicted(contestant, sequences[:, t]), sequences[:, t + 1], grid))
            tick(len(chunk))
        chunks.append(np.stack(steps, axis=2))
    scores = np.concatenate(chunks, axis=1)
    joint = scores[0]
    return Likelihood(
        sequences=len(starts),
        events=joint.size,
        **_summaries(list(scores.transpose(1, 0, 2)), grid),
        by_position=tuple(joint.mean(axis=0).tolist()),
        median_by_position=tuple(np.median(joint, axis=0).tolist()),
    )


def score_performances(
    contestant: Contestant,
    events: NDArray[np.float32],
    performances: Sequence[slice],
    grid: FloatArray,
    rng: Generator,
    tick: Tick,
) -> tuple[Likelihood, FloatArray]:
    """Each of the ``performances`` (stretches of ``events``) from the zero state to its end, predicting each next
    event.

    Also returns the ranks (E, D) of :func:`impsy.evaluation.scoring.ranks` for all E predicted events; ``rng``
    randomises those of values on a grid. Raises ModelError where the model computes no numbers.
    """
    scored: dict[int, FloatArray] = {}
    ranked: dict[int, FloatArray] = {}
    uniform = rng.random(events.shape)
    for group in _alike(performances, contestant.streams):
        begins = np.array([performances[i].start for i in group])
        lengths = np.array([_length(performances[i]) for i in group])
        contestant.reset(len(group))
        scores, places = [], []
        at_once = max(1, min(_ROWS, contestant.streams) // len(group))
        for first in range(0, lengths.max() - 1, at_once):
            expected, following = [], []
            for t in range(first, min(first + at_once, lengths.max() - 1)):
                # Those that are over hear their last event again; that is left out below.
                expected.append(_predicted(contestant, events[begins + np.minimum(t, lengths - 1)]))
                following.append(begins + np.minimum(t + 1, lengths - 1))
                tick(int((t + 1 < lengths).sum()))
            mixtures, places_next = Mixtures.joined(expected), np.concatenate(following)
            scores.append(np.stack(score(mixtures, events[places_next], grid)))
            places.append(ranks(mixtures, events[places_next], grid, uniform[places_next]))
        # Row t · B + b is what stream b predicted after its event t.
        stacked, placed = np.concatenate(scores, axis=1), np.concatenate(places)
        for b, (i, length) in enumerate(zip(group, lengths.tolist(), strict=True)):
            scored[i] = stacked[:, b :: len(group)][:, : length - 1]
            ranked[i] = placed[b :: len(group)][: length - 1]
    sequences = [scored[i] for i in range(len(performances))]
    likelihood = Likelihood(
        sequences=len(performances),
        events=sum(each.shape[1] for each in sequences),
        **_summaries(sequences, grid),
        by_sequence=tuple(float(each[0].mean()) for each in sequences),
    )
    return likelihood, np.concatenate([ranked[i] for i in range(len(performances))])


def evenly(items: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most ``most`` of ``items``, evenly spaced from the first to the last."""
    if len(items) <= most:
        return items
    return items[np.linspace(0, len(items) - 1, most).astype(np.int64)]


class _Summaries(TypedDict):
    joint: Summary
    time: Summary
    values: Summary
    bits: Summary | None


def _summaries(sequences: Sequence[FloatArray], grid: FloatArray) -> _Summaries:
    """Of each part of the scores of sequences, (4, T) each."""
    every = np.concatenate(sequences, axis=1)
    means = np.array([each.mean(axis=1) for each in sequences])
    medians, of_sequences = np.median(every, axis=1), np.median(means, axis=0)
    joint, time, values, bits = (
        Summary(float(every[part].mean()), float(medians[part]), float(of_sequences[part])) for part in range(4)
    )
    return {"joint": joint, "time": time, "values": values, "bits": bits if grid.any() else None}


def _predicted(contestant: Contestant, heard: NDArray[np.float32]) -> Mixtures:
    expected = contestant.hear(heard)
    if expected is None:
        raise ValueError("this contestant has no density")
    return expected


def _length(performance: slice) -> int:
    return int(performance.stop - performance.start)


def _alike(performances: Sequence[slice], most: int) -> Iterator[list[int]]:
    """Groups of at most ``most`` performances (their numbers), none less than half as long as the group's longest.

    A group goes side by side until its longest ends, which bounds what is computed in vain.
    """
    lengths = [_length(each) for each in performances]
    group: list[int] = []
    for i in sorted(range(len(performances)), key=lambda i: -lengths[i]):
        if group and (len(group) == most or 2 * lengths[i] < lengths[group[0]]):
            yield group
            group = []
        group.append(i)
    if group:
        yield group
