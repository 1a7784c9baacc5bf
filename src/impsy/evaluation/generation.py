"""Letting a contestant play: on its own from nothing, or in answer to playing that it has heard.

As in the modes ``callresponse`` and ``battle`` (docs/reference/formats.md, Playback): what is drawn is clipped to
what can be played, dt at least 1 ms and values in [0, 1], and that is what is heard next.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.evaluation.contestants import Contestant
from impsy.evaluation.likelihood import Tick

__all__ = ["MINIMUM_DT", "clip", "generate", "stretches"]

EventArray = NDArray[np.float32]

MINIMUM_DT = 0.001
"""Seconds: what the engine plays at least (:mod:`impsy.engine.playback`)."""
NEUTRAL = 0.5
"""Each control's value in the neutral interaction, with dt 0, that begins where nothing was heard."""


def generate(
    contestant: Contestant, heard: EventArray | None, streams: int, events: int, rng: Generator, tick: Tick
) -> EventArray:
    """``events`` events of each of ``streams`` streams, (B, T, D), after each has heard ``heard`` (B, H, D).

    None begins as :meth:`impsy.models.predictor.MixturePredictor.sample` does, with a neutral interaction. Raises
    ModelError if what is drawn is no number.
    """
    if heard is None:
        heard = np.full((streams, 1, contestant.dimension), NEUTRAL, np.float32)
        heard[:, :, 0] = 0.0
    batches = np.array_split(np.arange(streams), -(-streams // contestant.streams))
    return np.concatenate([_generate(contestant, heard[batch], events, rng, tick) for batch in batches])


def stretches(parts: Sequence[slice], length: int, count: int) -> NDArray[np.int64]:
    """Where ``count`` stretches of ``length`` events begin, evenly spaced over all that lie within one of ``parts``.

    Some begin at the same place where there are fewer than ``count``; none is returned where there is no such
    stretch.
    """
    starts = np.concatenate(
        [np.zeros(0, np.int64), *(np.arange(each.start, each.stop - length + 1) for each in parts)]
    )
    if not len(starts):
        return starts
    return starts[np.linspace(0, len(starts) - 1, count).astype(np.int64)]


def clip(events: NDArray[Any]) -> EventArray:
    """What of ``events`` (…, D) can be played: dt at least 1 ms, values in [0, 1]."""
    played: EventArray = np.clip(events, 0.0, 1.0).astype(np.float32)
    played[..., 0] = np.maximum(events[..., 0], MINIMUM_DT)
    return played


def _generate(contestant: Contestant, heard: EventArray, events: int, rng: Generator, tick: Tick) -> EventArray:
    streams = len(heard)
    contestant.reset(streams)
    for t in range(heard.shape[1]):
        contestant.hear(heard[:, t])
        tick(streams)
    played = np.empty((streams, events, contestant.dimension), np.float32)
    for t in range(events):
        drawn = contestant.play(rng)
        if not np.isfinite(drawn).all():
            raise ModelError(f"event {t + 1} that the model plays is not finite: train it again with `impsy train`")
        played[:, t] = clip(drawn)
        contestant.hear(played[:, t])
        tick(streams)
    return played
