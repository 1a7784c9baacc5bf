"""What was heard in a performance, what was played earlier, and the windows that are learned from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.data.windows import WINDOW

__all__ = ["BLOCK", "Batch", "Earlier", "Memory", "Phrases"]

FloatArray = NDArray[np.float32]

MOST_HEARD = 60_000
"""Events that are kept, about two hours of dense playing; beyond these the oldest half is dropped."""
BLOCK = 16
"""Events that are scored together: neighbours are as hard to predict as each other."""
FEWEST_LATEST, MOST_LATEST = 3 * BLOCK, 12 * BLOCK
"""The latest events, a quarter of what was heard within these bounds, are not learned from yet: they judge."""
FEWEST_HEARD = 32
"""Events from which on there is something to learn from."""
LONGEST_PAUSE = 600.0
"""Seconds: longer pauses count as this long, as in training."""
RECENT, RECENT_SHARE = 1024, 0.5
"""Of the windows of this performance, this share begins within so many of the latest events."""
RESERVED = 0.1
"""The end of each earlier performance, by its share of the events, shows what is lost; it is not learned from."""
MOST_RESERVED = 48
"""Windows of these that are looked at."""


class Batch(NamedTuple):
    """Windows (B, 51, D) in seconds and [0, 1], and which of the 50 predictions in each count, (B, 50) of 0 and 1."""

    windows: FloatArray
    counts: FloatArray


class Phrases(NamedTuple):
    """Windows (B, T, D), of which the last ``scored`` predictions of each are scored."""

    windows: FloatArray
    scored: int


class Earlier:
    """Playing from before this performance, in pieces without gaps, (events, D) each."""

    def __init__(self, pieces: Sequence[FloatArray] = ()) -> None:
        learned, reserved = [], []
        for piece in pieces:
            if len(piece) < 2 * WINDOW:
                learned.append(piece)
                continue
            held = max(WINDOW, int(len(piece) * RESERVED))
            learned.append(piece[:-held])
            reserved += [piece[i : i + WINDOW] for i in range(len(piece) - held, len(piece) - WINDOW + 1, WINDOW)]
        self._pieces = [_shortened(piece) for piece in learned if len(piece) > WINDOW]
        self._sizes = np.array([len(piece) - WINDOW for piece in self._pieces], np.float64)
        chosen = np.linspace(0, len(reserved) - 1, min(MOST_RESERVED, len(reserved))).astype(int)
        self.reserved = Phrases(_shortened(np.stack([reserved[i] for i in chosen])), WINDOW - 1) if reserved else None

    def __bool__(self) -> bool:
        return bool(self._pieces)

    def sample(self) -> FloatArray:
        """A piece of it, (events, D)."""
        return self._pieces[0]

    def draw(self, rng: Generator, count: int) -> FloatArray:
        """Windows (count, 51, D), each beginning as probable as the others."""
        chosen = rng.choice(len(self._pieces), count, p=self._sizes / self._sizes.sum())
        begins = rng.integers(0, self._sizes[chosen].astype(np.int64), endpoint=True)
        return np.stack([self._pieces[i][at : at + WINDOW] for i, at in zip(chosen, begins, strict=True)])


class Memory:
    """The performer's events of this performance, (events, D), seconds and [0, 1].

    Args:
        dimension: D.
        earlier: what is learned besides, so that it is not forgotten.
    """

    def __init__(self, dimension: int, earlier: Earlier | None = None) -> None:
        self.dimension = dimension
        self.earlier = earlier or Earlier()
        self._events = np.zeros((256, dimension), np.float32)
        self._size = 0
        self.count = 0
        """Events since the beginning, dropped ones included."""

    def hear(self, events: FloatArray) -> None:
        """Add events (K, D), in order."""
        if self._size + len(events) > MOST_HEARD:
            kept = self._events[self._size - min(self._size, MOST_HEARD // 2) : self._size].copy()
            self._events[: len(kept)] = kept
            self._size = len(kept)
        needed = self._size + len(events)
        if needed > len(self._events):
            grown = np.zeros((max(needed, 2 * len(self._events)), self.dimension), np.float32)
            grown[: self._size] = self._events[: self._size]
            self._events = grown
        self._events[self._size : needed] = _shortened(events)
        self._size = needed
        self.count += len(events)

    @property
    def events(self) -> FloatArray:
        """Those that are kept; a view."""
        return self._events[: self._size]

    @property
    def learned(self) -> FloatArray:
        """Those that may be learned from: all but the latest."""
        return self._events[: max(0, self._size - self._latest)]

    @property
    def is_ready(self) -> bool:
        """Whether there is something to learn from."""
        return len(self.learned) >= FEWEST_HEARD

    @property
    def _latest(self) -> int:
        quarter = self._size // 4 // BLOCK * BLOCK
        return min(MOST_LATEST, max(FEWEST_LATEST, quarter))

    def latest(self) -> Phrases | None:
        """The performer's latest phrases, none of which was learned from; None as long as there are too few."""
        if self._size < self._latest + FEWEST_HEARD:
            return None
        heard = min(WINDOW - 1 - BLOCK, self._size - self._latest - 1)
        begins = range(self._size - self._latest - 1 - heard, self._size - BLOCK - heard, BLOCK)
        windows = np.stack([self._events[at : at + heard + BLOCK + 1] for at in begins])
        return Phrases(windows, BLOCK)

    def draw(self, rng: Generator, batch: int, share: float) -> Batch:
        """A batch, of which this ``share`` comes from earlier playing where there is any.

        Raises ValueError as long as the memory is not ready.
        """
        if not self.is_ready:
            raise ValueError("too little was heard to learn from")
        events = self.learned
        replayed = round(share * batch) if self.earlier else 0
        windows = np.zeros((batch, WINDOW, self.dimension), np.float32)
        counts = np.ones((batch, WINDOW - 1), np.float32)
        if replayed:
            windows[:replayed] = self.earlier.draw(rng, replayed)
        most = max(1, len(events) - WINDOW + 1)
        for row in range(replayed, batch):
            least = most - min(most, RECENT) if rng.random() < RECENT_SHARE else 0
            begin = int(rng.integers(least, most))
            window = events[begin : begin + WINDOW]
            windows[row, : len(window)], windows[row, len(window) :] = window, window[-1]
            counts[row, len(window) - 1 :] = 0
        return Batch(windows, counts)


def _shortened(events: FloatArray) -> FloatArray:
    shortened = np.array(events, np.float32)
    np.clip(shortened[..., 0], 0.0, LONGEST_PAUSE, out=shortened[..., 0])
    return shortened
