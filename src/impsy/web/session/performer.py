"""A simulated performer: plays phrases to the session, as a person at the page would."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import Any

from numpy.random import default_rng

from impsy.perform.simulated.phrasing import MovedControls, Phrasing, dialogue
from impsy.threads import lasting
from impsy.web.live.hub import PageHub
from impsy.web.live.link import SessionLink

__all__ = ["SimulatedPerformer"]

LISTEN_SECONDS = 0.2
"""How often it looks for a session, while there is none."""

CONTROLS_LIMIT = 1000
"""What arrives at the monitor port may come from any program on this machine; no instrument has so many."""


class SimulatedPerformer:
    """Plays the phrases of ``impsy.perform.simulated.phrasing`` by ``/impsy/control``, in a thread of its own.

    Args:
        link: to the session, whose state has the number of controls.
        hub: gets a message when it starts and when it stops.
        seed: of its choices; None: another one each time.
    """

    def __init__(self, link: SessionLink, hub: PageHub, seed: int | None = None) -> None:
        self._link = link
        self._hub = hub
        self._seed = seed
        self._changing = threading.Lock()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self.ears = MovedControls()
        """To be given what the model plays: the next phrase may take up controls that moved."""

    @property
    def running(self) -> bool:
        """Whether it plays, or waits for a session to play to."""
        return self._thread is not None

    def start(self) -> None:
        """Start; it waits while there is no session."""
        with self._changing:
            if self._thread is not None:
                return
            self._stop = threading.Event()
            self._thread = lasting("impsy performer", partial(self._run, self._stop), self._stop.is_set)
            self._thread.start()
        self._hub.send({"type": "performer", "running": True})

    def stop(self) -> None:
        """Stop, within an event."""
        with self._changing:
            thread, self._thread = self._thread, None
            self._stop.set()
        if thread is not None:
            thread.join(1.0)
            self._hub.send({"type": "performer", "running": False})

    def _run(self, stop: threading.Event) -> None:
        rng = default_rng(self._seed)
        while not stop.is_set():
            controls = _controls(self._link.state)
            if controls:
                self._play(stop, controls, rng)
            else:
                stop.wait(LISTEN_SECONDS)

    def _play(self, stop: threading.Event, controls: int, rng: Any) -> None:
        """Play until ``stop`` is set, or until the session has gone."""
        phrasing = Phrasing(rng, controls)
        before: tuple[float, ...] = ()
        due = time.monotonic()
        for seconds, values in dialogue(phrasing, self.ears):
            due += seconds
            if stop.wait(max(0.0, due - time.monotonic())):
                return
            if _controls(self._link.state) != controls:
                return
            if not values:
                continue
            # After the first event only what moves, so that a control set on the page meanwhile stays.
            moved = [index for index, value in enumerate(values) if not before or value != before[index]]
            before = values
            arguments = [part for index in moved for part in (index + 1, values[index])]
            if arguments:
                self._link.send("/impsy/control", "if" * len(moved), arguments)


def _controls(state: dict[str, Any] | None) -> int:
    """n, if a session plays."""
    dimension = (state or {}).get("dimension")
    return dimension - 1 if type(dimension) is int and 1 < dimension <= CONTROLS_LIMIT else 0
