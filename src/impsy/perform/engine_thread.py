"""The engine's thread: waits for events and deadlines, and carries out what the engine decides."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, ParamSpec, TypeVar

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
    Mark,
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
    ShowTraffic,
    Silence,
    Touched,
    Update,
    UsePreset,
)
from impsy.io.adapter import Adapter, PassesOn, SendReport, SendsClock, TakesTempo
from impsy.perform.clock import Clock
from impsy.perform.inbox import BEAT_SECONDS, Arrival, Inbox
from impsy.perform.lateness import Lateness, LatenessCounts
from impsy.perform.monitoring.monitor import Monitor
from impsy.perform.monitoring.planning import Planner
from impsy.perform.recording.recorder import Recorder
from impsy.perform.recording.witness import Witness
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

HANDING_SECONDS = 0.001
"""If the engine plays within so many seconds, rows and state are handed over after it: the threads that take them
would have the interpreter meanwhile."""

STOP_SECONDS = 0.3

FAULT = "an error in the model or a device"

POLL_SECONDS = 0.005

P = ParamSpec("P")
E = TypeVar("E", bound=Event)


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
        witness: keeps what the engine is given for the recorder's journal; None: there is no journal.
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
        witness: Witness | None = None,
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
        self._witness = witness
        self._monitor = monitor
        self._planner = None if monitor is None else Planner(monitor, clock.now, self.inbox.wake)
        self._report = report
        self._lost = lost
        self._settled = settled
        self._performed = performed
        # Whether something learns or has learnt, and so what the model has heard is wanted.
        self._learns = False
        self._lateness = Lateness()
        self._verbose = logger.isEnabledFor(logging.DEBUG)
        self._noted: list[Record | Play] = []
        # Which rows are logged as far as this thread has noticed, and those that wait to be handed over.
        self._logging = logged
        self._rows: list[Record] = []
        # Of what piled up while the program did not run, the newest event of the performer.
        self._newest: tuple[float, Interaction | Update, str] | None = None
        self._forecast: Forecast | None = None
        self._failures = Failures("the model, a device, or the engine's thread")
        self._stopping = False
        self._rounds = 0
        self._thread: threading.Thread | None = None
        self.published = Published(engine.snapshot(), self._lateness.counts(), engine.forecast())

    def start(self) -> None:
        """Start the thread."""
        self._stopping = False
        if self._planner is not None:
            self._planner.open()
        self._thread = lasting("impsy engine", self._run, lambda: self._stopping)
        self._thread.start()

    def stop(self) -> None:
        """Silence everything and end the thread; a model that does not return is not waited for."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._stopping = True
            self.inbox.wake()
            thread.join(STOP_SECONDS)
        if self._planner is not None:
            self._planner.close()

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
        now = self._clock.now()
        if self._witness is not None:
            self._witness.started(now)
        self._engine.start(now)
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
            if left > HANDING_SECONDS or len(self._noted) >= NOTED_LIMIT:
                self._hand_over()
            batch = self.inbox.take(left)
            if self._logging is not self.logged:
                self._log_other_rows()
            self._rounds += 1
            self.inbox.beat()
            if self._newest is not None and clock.now() >= self.inbox.settled_at:
                self._hear_newest()
            late = len(batch) - ANSWERED_PER_ROUND
            for number, arrival in enumerate(batch):
                self._receive(arrival, late=number < late)
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

    def _log_other_rows(self) -> None:
        """From now on the rows that ``logged`` says are logged."""
        self._logging = self.logged
        if self._witness is not None:
            self._witness.logs(self._clock.now(), *self._logging)

    def _receive(self, arrival: Arrival, *, late: bool) -> None:
        arrived, event, source = arrival
        if isinstance(event, MidiClock | LinkBeat):
            self._give(self._engine.receive, event, arrived, source)
            if isinstance(event, MidiClock) and event.message != "tick":
                self._changed()
            return
        if isinstance(event, Interaction | Update) and arrived < self.inbox.settled_at:
            # A burst of answers to what was played long ago would help nobody: the newest counts, when no more come.
            self._skim_newest()
            self._newest = (arrived, event, source)
            return
        if self._newest is not None:
            if isinstance(event, Interaction | Update):
                self._hear_newest()
            else:  # a key that is released is not struck
                self._skim_newest()
        if late and isinstance(event, Interaction | Update):
            self._give(self._engine.skim, event, arrived, source)
        elif not isinstance(
            event, LoadModel | RecallScene | UsePreset | ShowState | ShowTraffic | Mark | Keep | Forget
        ):
            self._give(self._engine.receive, event, arrived, source)
            if not isinstance(event, Interaction | Update | Released | Touched | PlayThrough):
                self._changed()

    def _skim_newest(self) -> None:
        if self._newest is not None:
            (arrived, event, source), self._newest = self._newest, None
            self._give(self._engine.skim, event, arrived, source)

    def _hear_newest(self) -> None:
        if self._newest is not None:
            (_, event, source), self._newest = self._newest, None
            self._give(self._engine.receive, event, self._clock.now(), source)

    def _give(self, decide: Callable[[E, float], list[Command]], event: E, arrived: float, source: str) -> None:
        """Give the engine an event that came in by the port ``source``."""
        if self._witness is not None:
            self._witness.source = source
        self._do(decide, event, arrived)

    def _do(self, decide: Callable[P, list[Command]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Carry out what the engine decides; after an error of a model or a device the performance continues."""
        if self._planner is not None and decide != self._engine.advance:
            self._planner.interrupted(*args)
        before = len(self._noted)
        try:
            if self._witness is not None:
                self._carry_out(self._witness.call(decide, *args, **kwargs))
            else:
                self._carry_out(decide(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - a model or a device may raise anything
            if self._planner is not None:
                self._planner.interrupted()
            self._failures.add(error)
            now = self._clock.now()
            if self._witness is not None:
                rows = sum(isinstance(each, Record) for each in self._noted[before:])
                self._witness.recovered(now, FAULT, rows)
            self._carry_out(self._engine.recover(now, FAULT))

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
                    if getattr(self._logging, command.source):
                        self._rows.append(command)
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
        snapshot = self._engine.snapshot()
        self._learns = self._learns or snapshot.settings.while_playing
        heard = self._engine.heard if self._learns else Heard()
        self.published = Published(snapshot, self._lateness.counts(), forecast, heard)
        if self.published.engine.settings is not before:
            self._settled()
        self._show(forecast)
        if self._planner is not None:
            self._planner.hand_over(self._engine, self._noted)
        self._record_all()
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

    def _record_all(self) -> None:
        """Hand over what waits for the journal, and after what they came of the rows."""
        rows, self._rows = self._rows, []
        if self._recorder is None:
            return
        if self._witness is not None and self._witness.calls:
            calls, self._witness.calls = self._witness.calls, []
            self._recorder.note(calls)
        for row in rows:
            self._recorder.add(row)

    def _record(self, record: Record) -> None:
        if record.source == "interface":
            self._performed(record)
            if self._verbose:
                logger.debug("performer ← %s", record.values)
            if self._monitor is not None:
                self._monitor.mirror(INPUT, record.values)

    def _changed(self) -> None:
        if self._monitor is not None:
            self._monitor.changed()
