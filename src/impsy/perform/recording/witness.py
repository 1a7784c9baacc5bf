"""What the engine is given while it plays, for the journal: each call that decides something, with its time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from impsy.codecs.journal import Call
from impsy.engine import Playing
from impsy.events import Command, Predictor

__all__ = ["Witness"]

Seen = tuple[Predictor, str]


class Witness:
    """Calls an engine, and keeps what it was called with until that is fetched. The engine's thread alone uses it.

    A call of ``advance`` before the engine's deadline decides nothing, and is not kept.

    Args:
        engine: what is called.
    """

    def __init__(self, engine: Playing) -> None:
        self._engine = engine
        self._seen: list[Seen] = []
        self._last = 0.0
        self.calls: list[Call] = []
        """What has happened since it was last fetched."""
        self.source = ""
        """The port that the next event came in by."""

    def watch(self, predictor: Predictor) -> None:
        """Keep what depends on the pace of a model that computes elsewhere. Any thread may call it."""
        if hasattr(predictor, "witness"):
            predictor.witness = lambda what: self._seen.append((predictor, what))

    def call(self, decide: Callable[..., list[Command]], *given: Any) -> list[Command]:
        """Call a method of the engine; returns what it decides, and raises what it raises."""
        what, seen = decide.__name__, self._seen
        idle = what == "advance" and ((due := self._engine.deadline) is None or given[0] < due)
        if seen:  # what was asked between the calls
            seen.clear()
        try:
            return decide(*given)
        finally:
            if what == "advance":
                if not idle or any(answer != "n" for _, answer in seen):
                    self.calls.append(Call(what, given[0], None, "", self._fetch_seen()))
            elif what == "end":
                self.calls.append(Call(what, self._last))
            else:
                self._last = given[1]
                self.calls.append(Call(what, given[1], given[0], self.source, self._fetch_seen()))

    def started(self, now: float) -> None:
        """The engine is started."""
        self._last = now
        self.calls.append(Call("start", now))

    def recovered(self, now: float, reason: str, rows: int) -> None:
        """The engine recovers from a fault; ``rows``: those that were recorded of the call that failed."""
        self.calls.append(Call("recover", now, detail=(reason, rows)))

    def logs(self, now: float, log_input: bool, log_predictions: bool) -> None:
        """From now on these rows are logged."""
        self.calls.append(Call("logged", now, detail=(log_input, log_predictions)))

    def _fetch_seen(self) -> tuple[Any, ...]:
        if not self._seen:
            return ()
        seen, self._seen[:] = tuple(self._seen), []
        return seen
