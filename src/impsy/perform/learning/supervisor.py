"""Learning while playing, in the session: a thread that feeds the process that learns, and hands over what it learnt.

All that happens comes to this thread through one queue: rows of the performer, commands, other models, messages of
the process. Nothing here is waited for by what plays.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from impsy.engine import Heard
from impsy.engine.nobody import NO_MODEL, Nobody
from impsy.errors import ImpsyError
from impsy.events import Predictor, Record, Report, SetPredictor
from impsy.io.adapter import SendReport
from impsy.learning.wire import Message
from impsy.models.opening import open_model
from impsy.perform.learning.learnt import made_ready, save
from impsy.perform.learning.process import ApprenticeProcess
from impsy.perform.learning.progress import Progress
from impsy.protocol.monitor import LearningState
from impsy.text import one_line
from impsy.threads import lasting

__all__ = ["Learning", "LearningPlan"]

GATHERED = 0.05
"""Seconds without a row after which those that came are sent on."""
MOST_GATHERED = 16
"""Rows that are sent on together."""
MOST_RESTARTS, WITHIN = 3, 60.0
"""A process that ends so often within so many seconds is not started again."""
CLOSE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class LearningPlan:
    """What learning needs of the configuration.

    dimension: D. earlier: where earlier playing is looked for. models: the folder for what is kept. size: of a
    network that begins from nothing. notes: which controls play notes. seed: of all that is random. possible: "" or
    why there is no learning here. learns: "" or the learner, see :mod:`impsy.training.apprentice`.
    """

    dimension: int
    earlier: tuple[Path, ...] = ()
    models: Path = Path("models")
    size: str = "s"
    notes: tuple[bool, ...] = ()
    seed: int = 0
    possible: str = ""
    learns: str = ""


@dataclass(frozen=True, slots=True)
class _Base:
    """The model that is learned from: its file ("" if there is none), its name, and what plays it."""

    file: str
    name: str
    predictor: Predictor

    @property
    def label(self) -> str:
        """Its name, if it has a file; else "": nothing was learnt before."""
        return self.name if self.file else ""


class Learning:
    """Learns from what the performer plays, in a process of its own, whenever it is switched on.

    Args:
        plan: what of the configuration it needs.
        base: the model that plays.
        file: of that model; "" if it has none.
        name: of that model.
        log: gives the log's path, "" if there is none.
        heard: gives what the engine's model has heard.
        take_over: has what was learnt play in place of a model, if that still plays.
        report: takes reports.
    """

    def __init__(
        self,
        plan: LearningPlan,
        base: Predictor,
        file: str,
        name: str,
        *,
        log: Callable[[], str],
        heard: Callable[[], Heard],
        take_over: Callable[[SetPredictor, Predictor], bool],
        report: SendReport,
    ) -> None:
        self._plan, self._log, self._heard_of = plan, log, heard
        self._take_over, self._report = take_over, report
        self._base = _Base(file, name, base)
        self._playing = base
        self._queue: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]] | None] = SimpleQueue()
        self._is_wanted = self._closing = False
        self._thread = lasting("impsy learning", self._run, lambda: self._closing)
        self._started = False
        self._process: ApprenticeProcess | None = None
        self._ends: deque[float] = deque(maxlen=MOST_RESTARTS)
        self._forget_all()
        self.state: LearningState = self._described()
        """What ``/monitor/state`` says; replaced as a whole."""

    # --- from any thread ---------------------------------------------------------------------------

    def switch(self, on: bool) -> None:
        """Learn from now on, or no longer; returns at once."""
        if on == self._is_wanted:
            return
        self._is_wanted = on
        self._put(self._switch, on)

    def performed(self, row: Record) -> None:
        """The performer has played this."""
        if self._is_wanted:
            self._queue.put((self._hear, (row,)))

    def switched(self, model: SetPredictor) -> None:
        """Another model plays, which was not learnt here."""
        self._put(self._follow, model)

    def keep(self) -> None:
        """Save what was learnt."""
        self._put(self._keep)

    def forget(self) -> None:
        """Play with the model again that played before."""
        self._put(self._forget)

    def close(self) -> None:
        """End the process, and save what was learnt, unless it was saved already. Twice is fine."""
        if self._closing:
            return
        self._closing = True
        self._queue.put(None)
        if self._started:
            self._thread.join(CLOSE_SECONDS)

    @property
    def pid(self) -> int | None:
        """The number of the process that learns; None: there is none."""
        process = self._process
        return None if process is None else process.pid

    def _put(self, do: Callable[..., None], *arguments: Any) -> None:
        if self._closing:
            return
        self._queue.put((do, arguments))
        if not self._started:
            self._started = True
            self._thread.start()

    # --- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            try:
                asked = self._queue.get(timeout=GATHERED if self._new else None)
            except Empty:
                self._send()
                self.state = self._described()
                continue
            if asked is None:
                break
            do, arguments = asked
            do(*arguments)
            if len(self._new) >= MOST_GATHERED:
                self._send()
            self.state = self._described()
        self._end_process()
        if self._progress.learnt and not self._progress.is_kept:
            self._keep()

    def _forget_all(self) -> None:
        """Nothing was heard, and nothing learnt."""
        self._progress = Progress()
        self._new: list[tuple[float, ...]] = []
        self._last: float | None = None

    def _switch(self, on: bool) -> None:
        if on and self._plan.possible:
            self._progress.problem = self._plan.possible
            self._report(Report("learning-impossible", self._progress.problem, always=True))
        elif on and self._process is None:
            self._progress.problem = ""
            self._last = None
            self._begin()
        elif not on and self._process is not None:
            self._end_process()

    def _begin(self) -> None:
        begin = {
            "dimension": self._plan.dimension,
            "seed": self._plan.seed,
            "size": self._plan.size,
            "notes": list(self._plan.notes) or None,
            "model": self._base.file,
            "earlier": [str(place) for place in self._plan.earlier],
            "log": Path(self._log()).name,
            "learns": self._plan.learns,
            "heard": self._progress.count,
            "steps": self._progress.steps,
        }
        blobs = [self._progress.saved, self._progress.learnt, self._progress.events]
        try:
            self._process = ApprenticeProcess(begin, blobs, self._answered)
        except ImpsyError as error:
            self._progress.problem = str(error)
            self._report(Report("learning-unstarted", f"learning while playing: {error}", "error", always=True))

    def _end_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.end()

    def _hear(self, row: Record) -> None:
        last, self._last = self._last, row.time
        if last is not None:  # dt of the first event would count from before learning
            self._new.append((max(0.0, row.time - last), *row.values))

    def _send(self) -> None:
        if not self._new:
            return
        events = np.array(self._new, np.float32)
        self._new = []
        self._progress.hear(events)
        if self._process is not None:
            self._process.hear(events)

    def _answered(self, process: ApprenticeProcess, message: Message | str) -> None:
        """A message of a process has come; called in its thread."""
        if not process.is_over and not self._closing:
            self._queue.put((self._take, (process, message)))

    def _take(self, process: ApprenticeProcess, message: Message | str) -> None:
        if process is not self._process:
            return
        if isinstance(message, str):
            process.end()
            self._ended(message)
            return
        about = message.about
        match about.get("is"):
            case "ready":
                self._progress.learns, self._progress.earlier = str(about.get("learns")), str(about.get("earlier"))
                if problem := str(about.get("problem") or ""):
                    text = f"there is no earlier playing to learn besides: {one_line(problem, 400)}"
                    self._report(Report("learning-earlier", text, "info"))
            case "learning":
                self._progress.gain, self._progress.steps = about.get("gain"), int(about.get("steps", 0))
            case "saved":
                self._progress.saved, self._progress.steps = message.blobs[0], int(about.get("steps", 0))
            case "learnt":
                self._hand_over(message)
            case "refused":
                self._refused(str(about.get("why")))

    def _hand_over(self, message: Message) -> None:
        content, gain = message.blobs[0], message.about.get("gain")
        count, base = self._progress.count, self._base.label
        heard = f"{count} event{'s' * (count != 1)}"  # a part of a name: without commas
        name = f"{base} + {heard}" if base else f"learnt from {heard}"
        try:
            ready = made_ready(content, name, self._heard_of())
        except ImpsyError as error:
            self._report(Report("learning-unusable", f"what was learnt cannot be played: {error}", "error"))
            return
        if not self._take_over(ready, self._playing):
            return
        first = not self._progress.learnt
        self._playing = ready.predictor
        self._progress.took_over(content, gain)
        if first:
            text = self._progress.words_of_first(self._base.label)
            self._report(Report("learning-took-over", text, "info", always=True))

    def _refused(self, why: str) -> None:
        self._end_process()
        self._progress.problem = why
        self._report(Report("learning-refused", f"it cannot learn while playing: {why}", "error", always=True))

    def _ended(self, how: str) -> None:
        self._process = None
        now = time.monotonic()
        self._ends.append(now)
        if len(self._ends) == MOST_RESTARTS and now - self._ends[0] < WITHIN:
            self._progress.problem = f"the process that learns ended {MOST_RESTARTS} times ({how})"
            text = f"{self._progress.problem}; playing goes on. Switch learning off and on to try again"
            self._report(Report("learning-given-up", text, "error", always=True))
            self._ends.clear()
            return
        text = f"the process that learns was lost ({how}); playing goes on, and it is started again where it was"
        self._report(Report("learning-lost", text, always=True))
        self._begin()

    def _follow(self, model: SetPredictor) -> None:
        """Another model plays: it is what is learned from now on."""
        if self._progress.learnt and not self._progress.is_kept:
            self._keep()
        self._base, self._playing = _Base(model.file, model.name, model.predictor), model.predictor
        self._restart()

    def _restart(self) -> None:
        self._end_process()
        self._forget_all()
        if self._is_wanted and not self._plan.possible:
            self._begin()

    def _forget(self) -> None:
        if not self._progress.learnt:
            self._report(
                Report("nothing-to-forget", "nothing was learnt that could be forgotten", "info", always=True)
            )
            return
        try:
            before = self._before()
        except ImpsyError as error:
            text = f"the model from before cannot be played: {error}. What was learnt plays on"
            self._report(Report("unforgettable", text, "error", always=True))
            return
        if self._take_over(before, self._playing):
            self._base = replace(self._base, predictor=before.predictor)
            self._playing = before.predictor
            text = f"what was learnt is forgotten; {before.name} plays as before"
            self._report(Report("forgotten", text, "info", always=True))
            self._restart()

    def _before(self) -> SetPredictor:
        """The model from before, which has heard what the present one has."""
        base, heard = self._base, self._heard_of()
        if base.file:
            predictor: Predictor = open_model(base.file).predictor
        elif isinstance(base.predictor, Nobody):
            return SetPredictor(Nobody(self._plan.dimension), NO_MODEL, learnt=True, heard=heard.total)
        else:
            predictor = base.predictor
            predictor.reset()
        for vector in heard.vectors:
            predictor.hear(vector)
        return SetPredictor(predictor, base.name, base.file, learnt=True, heard=heard.total)

    def _keep(self) -> None:
        if not self._progress.learnt:
            self._report(Report("nothing-to-keep", "nothing was learnt yet that could be saved", "info", always=True))
            return
        story = self._progress.story(self._base.label, Path(self._log()).name)
        try:
            path = save(self._progress.learnt, self._plan.models, story, self._progress.figures())
        except ImpsyError as error:
            text = f"what was learnt cannot be saved: {error}"
            self._report(Report("learning-unsaved", text, "error", always=True))
            return
        self._progress.is_kept, self._progress.kept = True, path.name
        self._report(Report("learning-kept", f"what was learnt is saved as {path}", "info", always=True))

    def _described(self) -> LearningState:
        progress, base = self._progress, self._base.label
        return {
            "on": self._is_wanted and self._process is not None,
            "events": progress.count,
            "steps": progress.steps,
            "updates": progress.updates,
            "gain": progress.gain if progress.learnt else None,
            "base": base,
            "learns": progress.learns,
            "earlier": progress.earlier,
            "kept": progress.kept,
            "can_keep": bool(progress.learnt) and not progress.is_kept,
            "can_forget": bool(progress.learnt),
            "pid": self.pid or 0,
            "words": progress.words(base, on=self._is_wanted),
        }
