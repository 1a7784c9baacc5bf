"""Opening another model while one plays."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from impsy.errors import ImpsyError
from impsy.events import Event, Predictor, Report, SetPredictor
from impsy.io.adapter import SendReport

__all__ = ["ModelSwitcher", "OpenModel"]

logger = logging.getLogger(__name__)

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
    """

    def __init__(
        self,
        deliver: Callable[[Event], None],
        report: SendReport,
        file: str = "",
        *,
        playing: Predictor,
        prepare: Callable[[Predictor], None],
    ) -> None:
        self.file = file
        """The file of the model that plays."""
        self.playing = playing
        """That model."""
        self._prepare = prepare
        self._deliver = deliver
        self._report = report
        self._lock = threading.Lock()
        self._wanted: tuple[str, OpenModel] | None = None
        self._busy = False

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
            threading.Thread(target=self._run, name="impsy model", daemon=True).start()

    def stay(self) -> None:
        """Keep the model that plays: discard what is being opened."""
        with self._lock:
            self._wanted = None

    def use(self, ready: SetPredictor) -> None:
        """Switch to this model; discard what is being opened."""
        with self._lock:
            self._wanted = None
            self._switch(ready)

    def lost(self, predictor: Predictor) -> None:
        """This model does not play any more: its file may be chosen again."""
        if predictor is self.playing:  # else another one comes already
            self.file = ""

    def _switch(self, ready: SetPredictor) -> None:
        self.file, self.playing = ready.file, ready.predictor
        self._prepare(ready.predictor)
        self._deliver(ready)

    def _run(self) -> None:
        done = None
        while True:
            with self._lock:
                if self._wanted == done:
                    self._wanted = None
                if self._wanted is None:
                    self._busy = False
                    return
                done = self._wanted
            ready = self._open(*done)
            if ready is not None:
                with self._lock:
                    if self._wanted is not None:  # else the request was withdrawn
                        self._switch(ready)

    def _open(self, file: str, open_model: OpenModel) -> SetPredictor | None:
        try:
            return open_model(file)
        except ImpsyError as error:
            text = f"{error}. The model that was playing plays on"
            self._report(Report(f"model-unusable:{file[:80]}", text, "error"))
        except Exception:
            logger.exception("opening the model %s failed; the one that was playing plays on", file)
        return None
