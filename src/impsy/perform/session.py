"""A performance: adapters, the engine in its thread, the recorder and the monitor, started and ended together."""

from __future__ import annotations

import gc
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ParamSpec, Protocol, Self, cast

from impsy.engine import Engine, Outlook, Snapshot
from impsy.events import (
    Command,
    EndNotes,
    Event,
    Interaction,
    LoadModel,
    Panic,
    Play,
    PlayThrough,
    RecallScene,
    Record,
    Released,
    Report,
    SetPredictor,
    Silence,
    Update,
)
from impsy.io.adapter import Adapter, Health, PassesOn
from impsy.io.osc import OscListener
from impsy.perform.clock import Clock
from impsy.perform.inbox import Inbox
from impsy.perform.intention import Intention
from impsy.perform.lateness import Lateness
from impsy.perform.monitor import Monitor
from impsy.perform.recording.recorder import Recorder
from impsy.perform.reports import Reports
from impsy.perform.scenes import SceneRecall, Scenes
from impsy.perform.switching import ModelSwitcher, OpenModel
from impsy.protocol.monitor import INPUT, OUTPUT, Counts, LatenessSummary, PortHealth, State
from impsy.settings import SETTINGS

__all__ = ["Session", "SessionView"]

logger = logging.getLogger("impsy")

ANSWERED_AT_ONCE = 64
"""Of the performer's events that wait at one wake-up, the newest that are answered; older ones are only logged."""

PASSED_OVER_AT_MOST = 8
"""Times in a row that new input may come before what is due."""

LONGEST_WAIT = 3600.0
"""Seconds. A model may plan further ahead than the system can wait at once."""

NOTED_AT_MOST = 64
"""Rows and vectors that may wait to be handed over while there is no time for it."""

STOP_SECONDS = 0.3

CLOSE_SECONDS = 0.45

ASK_SECONDS = 0.005

SWITCH_SECONDS = 0.0005
"""How long one thread may keep the interpreter while another waits for it."""

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class SessionView:
    """A performance at one moment, for those who show it.

    log: the file in which ``rows`` rows are. Others are in memory (``rows_waiting``), in the file ``rescue``
    (``rows_rescued``), or nowhere (``rows_lost``).
    """

    engine: Snapshot
    ports: tuple[Health, ...]
    lateness_ms: LatenessSummary
    dropped: int
    log: str
    log_error: str
    rows: int
    rows_waiting: int
    rows_rescued: int
    rows_lost: int
    rescue: str
    reports: tuple[Report, ...]


class Session:
    """Runs a performance between ``__enter__`` and ``__exit__``.

    Args:
        engine: who decides. Only the session's thread touches it from now on.
        adapters: how it hears and plays.
        clock: the one clock.
        reports: where everything that the performer should know ends up.
        recorder: where rows go; None: nowhere.
        log_input: the performer's rows are written.
        log_predictions: the model's rows are written.
        monitor_port: the local port that the web interface listens at; None: without.
        commands: the local port for the web interface's commands; None: without.
        open_model: for switching models in mid performance.
        scenes: what can be recalled by name.
        model_file: the file of the engine's model, an absolute path; "" if it has none.
        about: plain values that ``state`` tells beside what changes.
    """

    def __init__(
        self,
        engine: Engine,
        adapters: Iterable[Adapter],
        *,
        clock: Clock,
        reports: Reports,
        recorder: Recorder | None = None,
        log_input: bool = True,
        log_predictions: bool = False,
        monitor_port: int | None = None,
        commands: OscListener | None = None,
        open_model: OpenModel | None = None,
        scenes: Scenes | None = None,
        model_file: str = "",
        about: Mapping[str, object] | None = None,
    ) -> None:
        self._engine = engine
        self._adapters = tuple(adapters)
        self._changing = threading.Lock()
        self._clock = clock
        self._reports = reports
        self._recorder = recorder
        self._logged = {"interface": log_input, "rnn": log_predictions}
        self._monitor = None if monitor_port is None else Monitor(monitor_port, self.state, clock.now)
        self._commands = commands
        self._inbox = Inbox(clock.now)
        self._lateness = Lateness()
        self._verbose = logger.isEnabledFor(logging.DEBUG)
        self._noted: list[Record | Play] = []
        self._stopping = False
        self._outlook: Outlook | None = None
        self._open_model = open_model
        self._models = ModelSwitcher(self._inbox.put, self.tell, model_file)
        self._scenes = SceneRecall(scenes or Scenes(), self._models, self._inbox.put, self.tell)
        self._about = dict(about or {})
        self._thread: threading.Thread | None = None
        self._rounds = 0
        self._switch_interval = sys.getswitchinterval()

    # --- lifecycle ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Open everything. A device that is missing is reported; nothing but a bug raises here."""
        if self._recorder is not None:
            self._recorder.open()
        if self._monitor is not None:
            self._monitor.open()
        for adapter in self._adapters:
            adapter.open(self.deliver, self.tell)
        if self._commands is not None:
            self._commands.open(self.deliver, self.tell)
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="impsy engine", daemon=True)
        # What start-up made stays for good: looking through it again costs milliseconds, at any time. And the thread
        # that keeps time need not wait the usual 5 ms until another lets go of the interpreter.
        gc.collect()
        gc.freeze()
        self._switch_interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_SECONDS)
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Silence what sounds, write what waits, close everything. Twice is fine."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._stopping = True
        self._inbox.wake()
        thread.join(STOP_SECONDS)
        if self._recorder is not None:
            self._recorder.close()
        with self._changing:
            _close_together([*self._adapters, *([self._commands] if self._commands is not None else [])])
        if self._monitor is not None:
            self._monitor.close()
        gc.unfreeze()
        sys.setswitchinterval(self._switch_interval)

    def deliver(self, event: Event) -> None:
        """Hand an event to the performance, as of now. Any thread may call it."""
        match event:
            case RecallScene(name):
                self._scenes.recall(name)
                self._changed()
            case LoadModel(file):
                self._scenes.forget()
                self._models.switch_to(file, self._open_model)
            case SetPredictor():
                self._scenes.forget()
                self._models.use(event)
            case _:
                self._inbox.put(event)

    def set_scenes(self, scenes: Scenes) -> None:
        """These can be recalled from now on. Any thread may call it."""
        self._scenes.scenes = scenes
        self._changed()

    def set_adapters(self, adapters: Iterable[Adapter]) -> None:
        """From now on these: opens those that are new, closes those that are not among them any more."""
        with self._changing:
            before, after = self._adapters, tuple(adapters)
            # First let go: what is new may need the same device.
            self._adapters = tuple(adapter for adapter in before if adapter in after)
            for adapter in before:
                if adapter not in after:
                    adapter.close()
            for adapter in after:
                if adapter not in before:
                    adapter.open(self.deliver, self.tell)
            self._adapters = after

    @property
    def model_file(self) -> str:
        """The file of the model that was put to use last, an absolute path; "" if it has none."""
        return self._models.file

    def set_logging(self, log_input: bool, log_predictions: bool) -> None:
        """Which rows are written from now on."""
        self._logged = {"interface": log_input, "rnn": log_predictions}

    # --- the thread that keeps time ----------------------------------------------------------------

    def _run(self) -> None:
        self._engine.start(self._clock.now())
        while not self._stopping:
            try:
                self._keep_time()
            except Exception:
                logger.exception("the thread that keeps time stumbled; it goes on")
        self._do(self._engine.end)
        self._hand_over()

    def _keep_time(self) -> None:
        engine, clock = self._engine, self._clock
        turn = engine.turn
        passed_over = 0
        while not self._stopping:
            deadline = engine.deadline
            left = LONGEST_WAIT if deadline is None else min(LONGEST_WAIT, deadline - clock.now())
            if left > 0.0 or len(self._noted) >= NOTED_AT_MOST:
                self._hand_over()
            batch = self._inbox.take(left)
            self._rounds += 1
            too_many = len(batch) - ANSWERED_AT_ONCE
            for number, (arrived, event) in enumerate(batch):
                self._receive(event, arrived, late=number < too_many)
            # What the performer did before this very moment comes first, or the model would play after their return;
            # but not for ever, or a flood would keep the model from playing at all.
            now = self._inbox.moment() if passed_over < PASSED_OVER_AT_MOST else clock.now()
            passed_over = passed_over + 1 if now is None else 0
            if now is None:
                continue
            self._do(engine.advance, now)
            if engine.turn != turn:
                turn = engine.turn
                self._changed()

    def _receive(self, event: Event, arrived: float, *, late: bool) -> None:
        if late and isinstance(event, Interaction | Update):
            self._do(self._engine.skim, event, arrived)
        elif not isinstance(event, LoadModel | RecallScene):
            self._do(self._engine.receive, event, arrived)
            if not isinstance(event, Interaction | Update | Released | PlayThrough):
                self._changed()

    def _do(self, decide: Callable[P, list[Command]], *args: P.args, **kwargs: P.kwargs) -> None:
        """Let the engine decide and carry it out; whatever a model or a device does wrong, the music goes on."""
        try:
            self._carry_out(decide(*args, **kwargs))
        except Exception:
            logger.exception("the engine stumbled; it goes on")
            self._carry_out(self._engine.recover(self._clock.now(), "the engine stumbled"))

    def _carry_out(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case Play():
                    self._play(command)
                case EndNotes(keys, origin):
                    for adapter in self._adapters:
                        if isinstance(adapter, PassesOn):
                            adapter.end_notes(keys, origin)
                case Record():
                    self._noted.append(command)
                case Silence():
                    for adapter in self._adapters:
                        adapter.silence()
                case Panic():
                    for adapter in self._adapters:
                        adapter.panic()
                    self._changed()  # so that pages with a sound of their own end it too
                case Report():
                    self.tell(command)

    def _play(self, play: Play) -> None:
        for adapter in self._adapters:
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
        """Pass on to the recorder and the monitor what happened.

        Done when there is time: it wakes their threads, which then want the interpreter that playing needs.
        """
        self._foresee()
        for noted in self._noted:
            if isinstance(noted, Record):
                self._record(noted)
            elif self._monitor is not None:
                self._monitor.mirror(OUTPUT, noted.values)
        self._noted.clear()

    def _foresee(self) -> None:
        """Show what the model intends, if that has changed."""
        if self._monitor is None:
            return
        outlook = self._engine.outlook()
        if outlook != self._outlook:
            self._outlook = outlook
            mixture = None if outlook.due is None else self._engine.mixture()
            self._monitor.intend(Intention(outlook, mixture), more=bool(self._noted))

    def _record(self, record: Record) -> None:
        if self._recorder is not None and self._logged[record.source]:
            self._recorder.add(record)
        if record.source == "interface":
            if self._verbose:
                logger.debug("performer ← %s", record.values)
            if self._monitor is not None:
                self._monitor.mirror(INPUT, record.values)

    def tell(self, report: Report) -> None:
        """Tell the performer, and whoever watches. Any thread may call it."""
        if self._reports.tell(report):
            self._changed()

    def _changed(self) -> None:
        if self._monitor is not None:
            self._monitor.changed()

    # --- watching ----------------------------------------------------------------------------------

    def answers(self, seconds: float) -> bool:
        """Whether the thread that keeps time goes round within so many seconds when woken. Any thread may ask."""
        thread, before = self._thread, self._rounds
        if thread is None or not thread.is_alive():
            return False
        self._inbox.wake()
        end = time.monotonic() + seconds
        while self._rounds == before:
            if time.monotonic() >= end:
                return False
            time.sleep(ASK_SECONDS)
        return True

    def view(self) -> SessionView:
        """What goes on. Any thread may ask."""
        ports = [health for adapter in self._adapters for health in adapter.health()]
        if self._commands is not None:
            ports.append(self._commands.health())
        recorder = self._recorder
        return SessionView(
            engine=self._engine.snapshot(),
            ports=tuple(ports),
            lateness_ms=self._lateness.summary(),
            dropped=self._inbox.dropped,
            log=str(recorder.path or "") if recorder else "",
            log_error=recorder.error if recorder else "",
            rows=recorder.rows if recorder else 0,
            rows_waiting=recorder.waiting if recorder else 0,
            rows_rescued=recorder.rescued if recorder else 0,
            rows_lost=recorder.lost if recorder else 0,
            rescue=str(recorder.rescue or "") if recorder else "",
            reports=tuple(self._reports.recent()),
        )

    def state(self) -> dict[str, Any]:
        """The state as ``/monitor/state`` sends it: plain values, fit for JSON."""
        view = self.view()
        snapshot = view.engine
        state: State = {
            "mode": snapshot.settings.mode,
            "turn": snapshot.turn,
            "model": snapshot.model,
            "scenes": list(self._scenes.scenes.by_name),
            "scene": self._scenes.current(snapshot.settings),
            "input": list(snapshot.input_values),
            "output": list(snapshot.output_values),
            "waiting": snapshot.waiting,
            "counters": self._counts(view),
            "lateness_ms": view.lateness_ms,
            "ports": [cast("PortHealth", asdict(port)) for port in view.ports],
            "log": {
                "file": view.log,
                "rows": view.rows,
                "waiting": view.rows_waiting,
                "rescued": view.rows_rescued,
                "lost": view.rows_lost,
                "error": view.log_error,
            },
            "reports": [{"level": report.level, "text": report.text} for report in view.reports],
            "uptime": round(self._clock.now() - self._clock.start, 3),
            "pid": os.getpid(),
        }
        live = {name: getattr(snapshot.settings, name) for name in ("dimension", *SETTINGS)}
        return live | state | self._about

    def _counts(self, view: SessionView) -> Counts:
        unmirrored = self._monitor.left_out if self._monitor is not None else 0
        own = {"dropped": view.dropped, "logged": view.rows, "unmirrored": unmirrored}
        return cast("Counts", asdict(view.engine.counters) | own)


class _Closable(Protocol):
    def close(self) -> None: ...


def _close_together(ports: Sequence[_Closable]) -> None:
    """Close all at once: each may take a while, and the whole is to end soon, whatever a driver does."""
    closing = [threading.Thread(target=port.close, name="impsy close", daemon=True) for port in ports]
    for thread in closing:
        thread.start()
    end = time.monotonic() + CLOSE_SECONDS
    for thread in closing:
        thread.join(max(0.0, end - time.monotonic()))
