"""Plays a take through the outputs again, in a thread. The session takes none of it as input."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from impsy.data.logs.performances import Played
from impsy.errors import DataError
from impsy.protocol.pages import PlaybackMessage
from impsy.threads import once
from impsy.web.live.hub import PageHub
from impsy.web.live.link import SessionLink

__all__ = ["LONGEST_PAUSE", "Playback", "Who"]

Who = Literal["performer", "model", "both"]

LONGEST_PAUSE = 3.0
"""Seconds that a pause is shortened to, unless it is to be played as it was."""

_POSITION_SECONDS = 0.1

_NOTHING: PlaybackMessage = {"type": "playback", "name": None, "at": 0.0, "seconds": 0.0}


@dataclass(frozen=True, eq=False)
class _Playing:
    """What plays: N events, ``values`` (N, n) at ``times`` (seconds of the take), due at so many after the start."""

    name: str
    seconds: float
    times: NDArray[np.floating[Any]]
    due: NDArray[np.floating[Any]]
    values: NDArray[np.floating[Any]]
    begin: float
    silence: bool


class Playback:
    """At most one take plays at a time.

    Args:
        hub: gets the position, ten times a second at most.
        link: to the session.
    """

    def __init__(self, hub: PageHub, link: SessionLink) -> None:
        self._hub = hub
        self._link = link
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.now = _NOTHING
        """What plays."""

    def play(
        self,
        name: str,
        played: Played,
        *,
        who: Who = "both",
        speed: float = 1.0,
        begin: float = 0.0,
        longest_pause: float | None = LONGEST_PAUSE,
        silence: bool = False,
    ) -> None:
        """Play this take from ``begin`` on (seconds); whatever played before is stopped.

        Args:
            speed: 2 is twice as fast.
            longest_pause: seconds, at speed 1, that longer ones are shortened to; None: as they were.
            silence: end all notes at the end: the outputs play notes.

        Raises:
            DataError: there is nothing of theirs in it.
        """
        wanted = {"performer": played.performer, "model": ~played.performer}.get(who, np.ones_like(played.performer))
        if not wanted.any():
            raise DataError(f"{name} holds no event{'' if who == 'both' else f' of the {who}'}")
        chosen = wanted & (played.times >= begin)
        times = played.times[chosen]
        gaps = np.diff(times, prepend=begin)
        if longest_pause is not None:
            gaps = np.minimum(gaps, longest_pause)
        due = gaps.cumsum() / speed
        playing = _Playing(name, played.seconds, times, due, played.values[chosen], begin, silence)
        with self._lock:
            self._end()
            self._stop = threading.Event()
            self._thread = once("impsy playback", partial(self._run, playing, self._stop))
            self._thread.start()

    def stop(self) -> None:
        """Stop what plays, if anything does."""
        with self._lock:
            self._end()

    def _end(self) -> None:
        thread, self._thread = self._thread, None
        self._stop.set()
        if thread is not None:
            thread.join()

    # --- the thread --------------------------------------------------------------------------------

    def _run(self, playing: _Playing, stop: threading.Event) -> None:
        start = shown = time.monotonic()
        self._show(playing, playing.begin)
        before, due_before = playing.begin, 0.0
        try:
            # Kept as arrays: an evening's playing would be gigabytes of Python's numbers.
            for number in range(len(playing.times)):
                at, due = float(playing.times[number]), float(playing.due[number])
                while (left := start + due - time.monotonic()) > 0:
                    if stop.wait(min(left, _POSITION_SECONDS)):
                        return
                    if self._link.state is None:
                        self._hub.say("warning", f"{playing.name} stopped playing: the session has ended")
                        return
                    now = time.monotonic()
                    if now - shown >= _POSITION_SECONDS:
                        shown = now
                        share = (now - start - due_before) / max(due - due_before, 1e-9)
                        self._show(playing, before + (at - before) * min(1.0, max(0.0, share)))
                if stop.is_set():
                    return
                values = playing.values[number].tolist()
                self._link.send("/impsy/output", "f" * len(values), values)
                before, due_before = at, due
        finally:
            if playing.silence and self._link.state is not None:
                self._link.send("/impsy/output", "", ())
            self.now = _NOTHING
            self._hub.send(self.now)

    def _show(self, playing: _Playing, at: float) -> None:
        at, seconds = round(at, 3), round(playing.seconds, 3)
        self.now = {"type": "playback", "name": playing.name, "at": at, "seconds": seconds}
        self._hub.send(self.now)
