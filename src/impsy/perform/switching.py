"""Opening another model while one plays."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from impsy.errors import ImpsyError
from impsy.events import Event, Predictor, Report, SetPredictor
from impsy.io.adapter import Tell

__all__ = ["ModelSwitcher", "OpenModel"]

logger = logging.getLogger(__name__)

OpenModel = Callable[[str], tuple[Predictor, str]]
"""Opens a model file by the name that a command gave; returns the predictor and a name to show."""


class ModelSwitcher:
    """Opens models in a thread of its own, one at a time; of those asked for meanwhile, the newest is next.

    Args:
        open_model: opens a file; None: this performance keeps its model.
        deliver: takes the ``SetPredictor`` of a model that is ready.
        tell: says what went wrong.
    """

    def __init__(self, open_model: OpenModel | None, deliver: Callable[[Event], None], tell: Tell) -> None:
        self._open_model = open_model
        self._deliver = deliver
        self._tell = tell
        self._lock = threading.Lock()
        self._wanted: str | None = None

    def switch_to(self, file: str) -> None:
        """Open this model and, once it is ready, play with it. Returns at once; any thread may call it."""
        with self._lock:
            busy, self._wanted = self._wanted is not None, file
        if not busy:
            threading.Thread(target=self._run, name="impsy model", daemon=True).start()

    def _run(self) -> None:
        file = None
        while True:
            with self._lock:
                if self._wanted == file:
                    self._wanted = None
                    return
                file = self._wanted
            if file is not None:
                self._open(file)

    def _open(self, file: str) -> None:
        if self._open_model is None:
            self._tell(Report("no-switching", "this performance cannot switch models"))
            return
        try:
            predictor, name = self._open_model(file)
        except ImpsyError as error:
            text = f"{error}. The model that was playing plays on"
            self._tell(Report(f"model-unusable:{file[:80]}", text, "error"))
        except Exception:
            logger.exception("opening the model %s failed; the one that was playing plays on", file)
        else:
            self._deliver(SetPredictor(predictor, name))
