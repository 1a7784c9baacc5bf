"""The engine's thread: waits for events and deadlines, and carries out what the engine decides."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, ParamSpec

from impsy.engine import Forecast, Heard, Playing, Snapshot
from impsy.events import (
    Command,
    EndNotes,
    Event,
    Forget,
    Interaction,
    Keep,
    LinkBeat,
    LoadModel,
    MidiClock,
    ModelLost,
    Panic,
    Play,
    PlayThrough,
    Predictor,
    RecallScene,
    Record,
    Released,
    Report,
    SendStop,
    SendTempo,
    SendTick,
    ShowState,
    Silence,
    Touched,
    Update,
)
from impsy.io.adapter import Adapter, PassesOn, SendReport, SendsClock, TakesTempo
from impsy.perform.clock import Clock
from impsy.perform.inbox import BEAT_SECONDS, Inbox
from impsy.perform.lateness import Lateness, LatenessCounts
from impsy.perform.monitor import Monitor
from impsy.perform.recording.recorder import Recorder
from impsy.protocol.monitor import INPUT, OUTPUT, START
from impsy.threads import Failures, lasting

__all__ = ["EngineThread", "Logged", "Published"]

logger = logging.getLogger("impsy")

ANSWERED_PER_ROUND = 64
"""Of the performer's events that wait at one wake-up, the newest that are answered; older ones are only logged."""

INPUT_FIRST_LIMIT = 8
"""Rounds in a row in which new input may come before what is due."""

NOTED_LIMIT = 64
"""Rows and vectors that may wait to be handed over while there is no time for it."""

STOP_SECONDS = 0.3

POLL_SECONDS = 0.005

P = ParamSpec("P")


class Logged(NamedTuple):
    """Which rows are written to the log: the performer's, the model's."""

    interface: bool = True
    rnn: bool = False


class Published(NamedTuple):
    """What other threads see of the engine. It never changes; the engine's thread replaces it by another."""

    engine: Snapshot
    lateness: LatenessCounts
    forecast: Forecast
    heard: Heard = Heard()


class EngineThread:
    """Runs the engine: waits for events and deadlines, and carries out the engine's commands.

    Only this thread uses the engine once it runs. Other threads put events into ``inbox``, read ``published``, and
    replace ``adapters`` and ``logged`` as a whole.

    Args:
        engine: makes the decisions.
        clock: the time of events and deadlines.
        adapters: play what the engine decides.
        recorder: takes the rows of ``logged``; None: no log.
        monitor: takes vectors, forecasts and changes; None: none.
        report: takes the engine's reports.
        lost: is told of a model that does not play any more.
        settled: is told each time that other settings were published; it must not wait.
        performed: is given each of the performer's rows; it must not wait.
    """

    def __init__(
        self,
        engine: Playing,
        clock: Clock,
        adapters: tuple[Adapter, ...],
        *,
        recorder: Recorder | None,
        monitor: Monitor | None,
        logged: Logged,
        report: SendReport,
        lost: Callable[[Predictor], None] = lambda _model: None,
        settled: Callable[[], None] = lambda: None,
        performed: Callable[[Record], None] = lambda _row: None,
    ) -> None:
        self.inbox = Inbox(clock.now)
        self.adapters = adapters
        self.logged = logged
        self._engine = engine
        self._clock = clock
        self._recorder = recorder
        self._monitor = monitor
        self._report = report
        self._lost = lost
        self._settled = settled
        self._performed = performed
        self._lateness = Lateness()
        self._verbose = logger.isEnabledFor(logging.DEBUG)
        self._noted: list[Record | Play] = []
        # Of what piled up while the program did not run, the newest event of the performer.
        self._newest: tuple[float, Interaction | Update] | None = None
        self._forecast: Forecast | None = None
        self._failures = Failures("the model, a device, or the engine's thread")
        self._stopping = False
        self._rounds = 0
        self._thread: threading.Thread | None = None
        self.published = Published(engine.snapshot(), self._lateness.counts(), engine.forecast())

    def start(self) -> None:
        """Start the thread."""
        self._stopping = False
        self._thread = lasting("impsy engine", self._run, lambda: self._stopping)
        self._thread.start()

    def stop(self) -> None:
        """Silence everything and end the thread; a model that does not return is not waited for."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self.inbox.wake()
            thread.join(STOP_SECONDS)

    def answers(self, seconds: float) -> bool:
        """Whether the thread completes a round within ``seconds`` of a wake-up. Any thread may call it."""
        thread, before = self._thread, self._rounds
        if thread is None or not thread.is_alive():
            return False
        self.inbox.wake()
        end = time.monotonic() + seconds
        while self._rounds == before:
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_SECONDS)
        return True

    # --- in the thread -----------------------------------------------------------------------------

    def _run(self) -> None:
        self._engine.start(self._clock.now())
        while not self._stopping:
            with self._failures:
                self._keep_time()
        self._skim_newest()
        self._do(self._engine.end)
        self._hand_over()

    def _keep_time(self) -> None:
        engine, clock = self._engine, self._clock
        turns, held = engine.turns, engine.held
        input_first = 0
        while not self._stopping:
            deadline, now = engine.deadline, clock.now()
            left = BEAT_SECONDS if deadline is None else min(BEAT_SECONDS, deadline - now)
            if self._newest is not None:  # the performer is back: nothing is played until that is heard
                left = min(BEAT_SECONDS, self.inbox.settled_at - now)
            if left > 0.0 or len(self._noted) >= NOTED_LIMIT:
                self._hand_over()
            batch = self.inbox.take(left)
            self._rounds += 1
            self.inbox.beat()
            if self._newest is not None and clock.now() >= self.inbox.settled_at:
                self._hear_newest()
            late = len(batch) - ANSWERED_PER_ROUND
            for number, (arrived, event) in enumerate(batch):
                self._receive(event, arrived, late=number < late)
            # Input that arrived before this moment comes first, or the model would play after the performer's return;
            # with a limit, or a flood of input would keep the model from playing.
            moment = self.inbox.moment() if input_first < INPUT_FIRST_LIMIT else clock.now()
            input_first = input_first + 1 if moment is None else 0
            if moment is None or self._newest is not None:
                continue
            self._do(engine.advance, moment)
            if engine.turns != turns or engine.held != held:
                turns, held = engine.turns, engine.held
                self._changed()

    def _receive(self, event: Event, arrived: float, *, late: bool) -> None:
        if isinstance(event, MidiClock | LinkBeat):
            self._do(self._engine.receive, event, arrived)
            if isinstance(event, MidiClock) and event.message != "tick":
                self._changed()
            return
        if isinstance(event, Interaction | Update) and arrived < self.inbox.settled_at:
            # A burst of answers to what was played long ago would help nobody: the newest counts, when no more come.
            self._skim_newest()
            self._newest = (arrived, event)
            return
        if self._newest is not None:
            if isinstance(event, Interaction | Update):
                self._hear_newest()
            else:  # a key that is released is not struck
                self._skim_newest()
        if late and isinstance(event, Interaction | Update):
            self._do(self._engine.skim, event, arrived)
        elif not isinstance(event, LoadModel | RecallScene | ShowState | Keep | Forget):
            self._do(self._engine.receive, event, arrived)
            if not isinstance(event, Interaction | Update | Released | Touched | PlayThrough):
                self._changed()

    def _skim_newest(self) -> None:
        if self._newest is not None:
            (arrived, event), self._newest = self._newest, None
            self._do(self._engine.skim, event, arrived)

    def _hear_newest(self) -> None:
        if self._newest is not None:
            (_, event), self._newest = self._newest, None
            self._do(self._engine.receive, event, self._clock.now())

    def _do(self, decide: Callable[P, list[Command]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Carry out what the engine decides; after an error of a model or a device the performance continues."""
        try:
            self._carry_out(decide(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a model or a device may raise anything
            self._failures.add(error)
            self._carry_out(self._engine.recover(self._clock.now(), "an error in the model or a device"))

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Play():
                    self._play(command)
                case EndNotes(keys, origin):
                    for adapter in self.adapters:
                        if isinstance(adapter, PassesOn):
                            adapter.end_notes(keys, origin)
                case Record():
                    self._noted.append(command)
                case Silence() | Panic():
                    self._quieten(command)
                case SendTick() | SendStop() | SendTempo():
                    self._send_time(command)
                case ModelLost(predictor):
                    self._lost(predictor)
                    self._changed()
                case Report():
                    self._report(command)

    def _quieten(self, command: Silence | Panic) -> None:
        for adapter in self.adapters:
            if isinstance(command, Panic):
                adapter.panic()
            else:
                adapter.silence()
        if isinstance(command, Panic):
            self._changed()  # so that pages with a sound of their own end it too

    def _send_time(self, command: SendTick | SendStop | SendTempo) -> None:
        for adapter in self.adapters:
            if isinstance(command, SendTempo):
                if isinstance(adapter, TakesTempo):
                    adapter.set_tempo(command.tempo)
            elif adapter.name in command.ports and isinstance(adapter, SendsClock):
                if isinstance(command, SendTick):
                    adapter.tick(command.position, command.rolling)
                else:
                    adapter.stop(forget=command.forget)

    def _play(self, play: Play) -> None:
        for adapter in self.adapters:
            if play.ports is None or adapter.name in play.ports:
                if play.moved is not None and isinstance(adapter, PassesOn):
                    adapter.pass_on(play.values, play.moved, play.origin)
                else:
                    adapter.send(play.values)
        if self._verbose:
            logger.debug("%-9s → %s", play.source, play.values)
        if play.source == "rnn":
            self._lateness.add(self._clock.now() - play.due)
        self._noted.append(play)

    def _hand_over(self) -> None:
        """Publish the engine's state, and pass what happened to the recorder and the monitor.

        Called when there is time: it wakes their threads, which then use the interpreter that playing needs.
        """
        before, forecast = self.published.engine.settings, self._engine.forecast()
        self.published = Published(self._engine.snapshot(), self._lateness.counts(), forecast, self._engine.heard)
        if self.published.engine.settings is not before:
            self._settled()
        self._show(forecast)
        for noted in self._noted:
            if isinstance(noted, Record):
                self._record(noted)
            elif self._monitor is not None:
                if noted.start is not None:
                    self._monitor.mirror(START, noted.start)
                self._monitor.mirror(OUTPUT, noted.values)
        self._noted.clear()

    def _show(self, forecast: Forecast) -> None:
        if self._monitor is None:
            return
        if forecast != self._forecast:
            self._forecast = forecast
            mixture = None if forecast.due is None else self._engine.mixture()
            self._monitor.show(forecast, mixture, more=bool(self._noted))

    def _record(self, record: Record) -> None:
        if self._recorder is not None and getattr(self.logged, record.source):
            self._recorder.add(record)
        if record.source == "interface":
            self._performed(record)
            if self._verbose:
                logger.debug("performer ← %s", record.values)
            if self._monitor is not None:
                self._monitor.mirror(INPUT, record.values)

    def _changed(self) -> None:
        if self._monitor is not None:
            self._monitor.changed()
