"""What was learnt so far in a performance, as it is kept and described."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from impsy.text import counted

__all__ = ["Progress"]

MOST_KEPT = 60_000
"""Events that are kept for a process that takes another's place."""


@dataclass(slots=True)
class Progress:
    """Since learning from the present model began.

    Attributes:
        count: the performer's events that were heard.
        steps: of learning. updates: how often what was learnt took over.
        gain: nats an event on the performer's latest phrases, of what was learnt against what there was before.
        learnt: what plays since it took over, as a ``.tflite`` holds it; empty: nothing has.
        saved: the weights that another process goes on from.
        kept: the name of the file that was saved last. is_kept: whether it has what plays now.
        learns, earlier: what the process said of itself. problem: why nothing is learnt, a sentence.
    """

    count: int = 0
    steps: int = 0
    updates: int = 0
    gain: float | None = None
    learnt: bytes = b""
    saved: bytes = b""
    kept: str = ""
    is_kept: bool = False
    learns: str = ""
    earlier: str = ""
    problem: str = ""
    _heard: deque[NDArray[np.float32]] = field(default_factory=deque)
    _rows: int = 0

    def hear(self, events: NDArray[np.float32]) -> None:
        """The performer has played these (N, D). The latest are kept."""
        self.count += len(events)
        self._heard.append(events)
        self._rows += len(events)
        while self._rows - len(self._heard[0]) >= MOST_KEPT:
            self._rows -= len(self._heard.popleft())

    @property
    def events(self) -> bytes:
        """The performer's events that are kept, one after the other, little-endian float32."""
        return b"".join([each.astype("<f4").tobytes() for each in self._heard])

    def took_over(self, content: bytes, gain: float | None) -> None:
        """What was learnt plays from now on."""
        self.learnt = self.saved = content
        self.updates += 1
        self.gain, self.is_kept = gain, False

    def story(self, base: str, take: str) -> dict[str, Any]:
        """What it was learnt from, for the file: the model before (``""``: none) and the take."""
        return {"continued_from": base or "nothing", "take": take, "events": self.count, "dataset": self.earlier}

    def figures(self) -> dict[str, Any]:
        """What came of it, for the file."""
        unit = "nats an event on the performer's latest phrases, against what there was before"
        return {"gain": self.gain, "unit": unit, "steps": self.steps, "updates": self.updates}

    def words(self, base: str, *, on: bool) -> str:
        """How it is doing, a sentence. ``base``: as for :meth:`story`; ``on``: whether learning is switched on."""
        if self.problem:
            return self.problem
        if not on:
            return "What was learnt plays; learning is off." if self.learnt else "Learning is off."
        if self.learnt and self.gain is not None:
            before = "the model before" if base else "repeating and a random walk"
            return f"It foresees your latest phrases better than {before}."
        if self.learnt:
            return "What was learnt plays."
        if not self.count:
            return "It listens."
        return f"It has heard {counted(self.count, 'event')} and learns; nothing that is better yet."

    def words_of_first(self, base: str) -> str:
        """The report when something takes over for the first time."""
        if not base:
            return (
                f"the model that learns begins to answer: after {counted(self.count, 'event')} it foresees your "
                "playing better than repeating and a random walk do"
            )
        return (
            f"what was learnt takes over: it foresees your latest phrases better than {base}, by "
            f"{self.gain or 0:.2f} nats an event"
        )
