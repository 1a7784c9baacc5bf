"""“Make it play like me”: from takes to a model that plays, in one step.

A dataset is made of today's takes, a model is trained on it, the session switches to it, and the performer compares
the two by ear. ``.impsy/own-model.json`` holds how far that is: it goes on when the page is closed, and when another
web process is started.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from impsy.config.schema import Size
from impsy.errors import ImpsyError
from impsy.protocol.library import Run
from impsy.protocol.own_model import OwnModel, Stage
from impsy.settings import Settings
from impsy.threads import once
from impsy.training.backend import check_installed
from impsy.web.jobs.own_playing import NowPlaying
from impsy.web.jobs.own_record import (
    ENOUGH_EVENTS,
    PLAYS_ON,
    Kept,
    Record,
    as_sentence,
    kept_words,
    too_little,
)
from impsy.web.jobs.runs import ENDED
from impsy.web.jobs.training import Trainings
from impsy.web.library.datasets import Datasets, TooLittleError
from impsy.web.library.worker import work
from impsy.web.live.hub import PageHub
from impsy.web.workspace import Conflict, Workspace

__all__ = ["OwnModelJob"]

logger = logging.getLogger(__name__)

LOOK_SECONDS = 0.5


class OwnModelJob:
    """The one such job of a workspace. Any thread may call it.

    Args:
        workspace, hub, datasets, trainings: parts of the web process.
        playing: what is there to learn from, and what plays.
    """

    def __init__(
        self,
        workspace: Workspace,
        hub: PageHub,
        playing: NowPlaying,
        datasets: Datasets,
        trainings: Trainings,
    ) -> None:
        self._workspace = workspace
        self._hub = hub
        self._playing = playing
        self._datasets = datasets
        self._trainings = trainings
        self._kept = Kept(workspace)
        self._lock = threading.RLock()
        self._closing, self._stopping = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._record = Record()
        self._progress: float | None = None
        self._left: float | None = None
        self._seconds: float | None = None
        self._waiting = False

    # --- what the page asks for --------------------------------------------------------------------

    def status(self) -> OwnModel:
        """How far it is."""
        with self._lock:
            record = self._record
            return OwnModel(
                stage=record.stage,
                sentence=record.sentence,
                failed=record.failed,
                stopping=self._stopping.is_set(),
                progress=self._progress,
                left=self._left,
                seconds=self._seconds,
                waiting=self._waiting,
                before=record.before,
                now=record.now,
                gain=record.gain,
            )

    def start(self, size: Size = "s", options: Mapping[str, float] | None = None) -> OwnModel:
        """Begin.

        Args:
            size, options: as :meth:`impsy.web.jobs.training.Trainings.start` takes them.

        Raises:
            ConfigError: what training needs is not installed.
            Conflict: it goes on already.
            Conflict, DataError: as :meth:`impsy.web.jobs.own_playing.NowPlaying.dimension`.
        """
        check_installed()
        with self._workspace.locked(), self._lock:
            self._record = self._kept.read() or self._record
            if self._record.stage in self._steps:
                raise Conflict("it is learning already")
            self._set(
                Record(
                    stage="collecting",
                    sentence="Collecting what you played",
                    dimension=self._playing.dimension(),
                    before=self._playing.model(),
                    size=size,
                    options=dict(options or {}),
                )
            )
            begun = self.status()
        self._go_on()
        return begun

    def stop(self) -> OwnModel:
        """End it soon; what plays plays on. Raises Conflict if there is nothing to end."""
        with self._lock:
            if self._record.stage not in self._steps:
                raise Conflict("nothing is being learned")
            self._stopping.set()
        self._publish()
        return self.status()

    @property
    def learned(self) -> str:
        """The name of the model that can be kept; raises Conflict if there is none."""
        with self._lock:
            if self._record.stage != "ready":
                raise Conflict("there is no new model to decide about")
            return Path(self._record.now).name

    def keep(self, file: str) -> OwnModel:
        """The configuration names the new model now; if ``file`` does, too, it is played at once."""
        name = self.learned
        if file:
            self._playing.play(file)
        return self._finish(f"It plays like you from now on. Its model is {name}.")

    def go_back(self) -> OwnModel:
        """Play with the model before again; the new one stays. Raises Conflict if there is no new one."""
        name, before = self.learned, self._record.before
        stays = f"The new one stays on the page Models: {name}."
        if not before:
            return self._finish(f"The next start plays as before. {stays}")
        self._playing.play(before)
        return self._finish(f"“{Path(before).name}” plays as before. {stays}")

    # --- its life ----------------------------------------------------------------------------------

    def follow(self) -> None:
        """Go on with what another web process began."""
        with self._lock:
            self._record = self._kept.read() or self._record
        self._go_on()

    def close(self) -> None:
        """Stop looking. A training goes on."""
        self._closing.set()
        thread = self._thread
        if thread is not None:
            thread.join(5)

    @property
    def _steps(self) -> Mapping[Stage, Callable[[], None]]:
        return {"collecting": self._collect, "training": self._train, "comparing": self._compare}

    def _go_on(self) -> None:
        with self._lock:
            if self._record.stage in self._steps and self._thread is None and not self._closing.is_set():
                self._thread = once("impsy own model", self._work)
                self._thread.start()

    def _work(self) -> None:
        """Do one step after the other. Whatever goes wrong ends it with a sentence, and what plays plays on."""
        while not self._closing.is_set():
            with self._lock:
                step = self._steps.get(self._record.stage)
                if step is None:
                    self._thread = None
                    return
            try:
                if self._stopping.is_set() and not self._record.run:
                    self._end(f"Stopped. {PLAYS_ON}")
                else:
                    step()
            except ImpsyError as error:
                self._end(f"{as_sentence(str(error))} {PLAYS_ON}", failed=True)
            except Exception as error:
                logger.exception("an error in “Make it play like me”")
                self._end(f"It could not go on: {type(error).__name__}. {PLAYS_ON}", failed=True)

    def _collect(self) -> None:
        """Make the dataset: of today's takes, or where they hold too little, of all."""
        found = TooLittleError(0, 0.0)
        for today, names in self._playing.choices(self._record.dimension):
            try:
                made = self._datasets.make(
                    names,
                    self._record.dimension,
                    self._record.dataset,
                    longest_pause=Settings(dimension=self._record.dimension).longest_wait,
                    least=ENOUGH_EVENTS,
                )
            except TooLittleError as error:
                found = error
                continue
            self._hub.changed("datasets")
            if made.undo is not None:
                self._hub.changed("trash")
            self._change(stage="training", today=today, events=made.dataset.events)
            return
        self._end(too_little(found.events, found.seconds))

    def _train(self) -> None:
        """Follow the training, and start it if that was not done yet."""
        record = self._record
        if not record.run:
            name = f"like-me-{record.dimension}d-{datetime.now():%Y-%m-%dT%H-%M-%S}"
            dataset = self._datasets.path(record.dataset)
            run = self._trainings.start(dataset, record.dimension, record.size, record.options, name)
            self._change(run=run["id"], sentence=f"Learning from {record.source}")
        while not self._closing.is_set():
            run = self._trainings.one(self._record.run)
            if run["status"] in ENDED:
                self._conclude(run)
                return
            if self._stopping.is_set() and run["status"] == "running":
                self._trainings.stop(run["id"])
            planned = run["epochs"] or 0
            self._progress = run["epoch"] / planned if planned and run["losses"] else None
            self._left, self._seconds, self._waiting = run["left"], run["seconds"], run["waiting"]
            self._publish()
            self._closing.wait(LOOK_SECONDS)

    def _conclude(self, run: Run) -> None:
        """Go on after the training's end, or say why not."""
        made = f"{self._workspace.models.name}/{run['model']}" if run["model"] else ""
        if run["status"] == "done" and made:
            self._change(stage="comparing", now=made, sentence="Comparing it with what played")
        elif run["status"] == "stopped":
            self._end(f"Stopped. {PLAYS_ON}{kept_words(made)}")
        else:
            self._end(f"{as_sentence(run['sentence'])} {PLAYS_ON}", failed=True)

    def _compare(self) -> None:
        """Switch to the new model, unless it foresees the last phrases less well than the one before."""
        now, gain = self._record.now, self._gain()
        self._hub.changed("models")
        if self._stopping.is_set():
            self._end(f"Stopped. {PLAYS_ON}{kept_words(now)}")
            return
        if gain is None or gain > 0:
            self._playing.play(now)
        self._change(stage="ready", gain=gain, sentence="")

    def _gain(self) -> float | None:
        root, before = self._workspace.root, self._record.before
        if not before:
            return None
        try:
            dataset = self._datasets.path(self._record.dataset)
            models = [str(root / model) for model in (before, self._record.now)]
            old, new = work("foresee", root, dataset=str(dataset), models=models)
        except ImpsyError as error:  # the ear decides
            logger.warning("the models cannot be compared: %s", error)
            return None
        return float(new - old)

    # --- keeping and publishing --------------------------------------------------------------------

    def _end(self, sentence: str, *, failed: bool = False) -> None:
        self._set(Record(sentence=sentence, failed=failed))

    def _finish(self, sentence: str) -> OwnModel:
        self._end(sentence)
        return self.status()

    def _change(self, **what: Any) -> None:
        self._set(replace(self._record, **what))

    def _set(self, record: Record) -> None:
        with self._lock:
            self._record = record
            self._progress = self._left = self._seconds = None
            self._waiting = False
            if record.stage not in self._steps:
                self._stopping.clear()
            self._kept.write(record)
        self._publish()

    def _publish(self) -> None:
        self._hub.send({"type": "own_model", **self.status()})
