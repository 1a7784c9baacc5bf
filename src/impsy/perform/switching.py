"""Opening another model while one plays."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from impsy.errors import ImpsyError
from impsy.events import Event, Predictor, Report, SetPredictor
from impsy.io.adapter import SendReport
from impsy.text import one_line
from impsy.threads import Failures, lasting

__all__ = ["ModelSwitcher", "OpenModel"]

SHORTEST_REST, LONGEST_REST = 0.2, 1.0
"""Seconds between two models that are opened: as many as the first took, within these."""

OpenModel = Callable[[str], SetPredictor]
"""Opens a model file by the name in a command; returns the event that switches to it."""


class ModelSwitcher:
    """Opens models in a thread of its own, one at a time; of those requested meanwhile, the newest is next.

    Args:
        deliver: takes the ``SetPredictor`` of a model that is open.
        report: takes reports of errors.
        file: that of the model that plays at first, an absolute path; "" if it has none.
        playing: that model.
        prepare: called with each model before it plays.
        switched: called when another model plays, but not for one that was learnt; it must not wait.
    """

    def __init__(
        self,
        deliver: Callable[[Event], None],
        report: SendReport,
        file: str = "",
        *,
        playing: Predictor,
        prepare: Callable[[Predictor], None],
        switched: Callable[[SetPredictor], None] = lambda _model: None,
    ) -> None:
        self.file = file
        """The file of the model that plays."""
        self.playing = playing
        """That model."""
        self._prepare = prepare
        self._switched = switched
        self._deliver = deliver
        self._report = report
        self._lock = threading.Lock()
        self._wanted: tuple[str, OpenModel] | None = None
        self._busy = False
        self._rest_until = 0.0
        self._failures = Failures("opening models")

    def switch_to(self, file: str, open_model: OpenModel | None) -> None:
        """Open this model and, once it is ready, play with it. Returns at once; any thread may call it.

        ``open_model`` None: this performance keeps its model.
        """
        if open_model is None:
            self._report(Report("no-switching", "this performance cannot switch models"))
            return
        with self._lock:
            self._wanted = (file, open_model)
            busy, self._busy = self._busy, True
        if not busy:
            lasting("impsy model", self._run).start()

    def stay(self) -> None:
        """Keep the model that plays: discard what is being opened."""
        with self._lock:
            self._wanted = None

    def use(self, ready: SetPredictor) -> None:
        """Switch to this model; discard what is being opened."""
        with self._lock:
            self._wanted = None
            self._switch(ready)

    def take_over(self, learnt: SetPredictor, instead_of: Predictor) -> bool:
        """Play with what was learnt from a model, if that one still plays and no other is being opened."""
        with self._lock:
            if self._wanted is not None or self.playing is not instead_of:
                return False
            self.playing = learnt.predictor  # scenes with the model that it was learnt from keep it
            self._deliver(learnt)
            return True

    def lost(self, predictor: Predictor) -> None:
        """This model does not play any more: its file may be chosen again."""
        if predictor is self.playing:  # else another one comes already
            self.file = ""

    def _switch(self, ready: SetPredictor) -> None:
        self.file, self.playing = ready.file, ready.predictor
        self._prepare(ready.predictor)
        self._deliver(ready)
        self._switched(ready)

    def _is_busy(self) -> bool:
        """Whether there is something to open; if not, the thread ends."""
        with self._lock:
            self._busy = self._wanted is not None
            return self._busy

    def _run(self) -> None:
        while self._is_busy():
            time.sleep(max(0.0, self._rest_until - time.monotonic()))
            wanted = self._newest()
            if wanted is None:
                continue
            began = time.monotonic()
            ready = self._open(*wanted)
            with self._lock:
                if ready is not None and self._wanted is not None:  # else the request was withdrawn
                    self._switch(ready)
                if self._wanted == wanted:
                    self._wanted = None
            # However many are requested, half of the time is left to what plays.
            now = time.monotonic()
            self._rest_until = now + min(LONGEST_REST, max(SHORTEST_REST, now - began))

    def _newest(self) -> tuple[str, OpenModel] | None:
        with self._lock:
            return self._wanted

    def _open(self, file: str, open_model: OpenModel) -> SetPredictor | None:
        try:
            return open_model(file)
        except ImpsyError as error:
            text = f"{error}. The model that was playing plays on"
            self._report(Report(f"model-unusable:{one_line(file, 80)}", text, "error"))
        except Exception as error:  # noqa: BLE001 - the next model is to be opened all the same
            self._failures.add(error)
            text = (
                f"{one_line(file)} could not be opened: {type(error).__name__}. The model that was playing plays on"
            )
            self._report(Report(f"model-unusable:{one_line(file, 80)}", text, "error"))
        return None
