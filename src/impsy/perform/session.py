"""A performance: adapters, the engine's thread, the recorder and the monitor, started and ended together."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, Literal, Protocol, Self, cast

from impsy.codecs.journal import Call
from impsy.codecs.shown import Shown
from impsy.engine import Playing, Snapshot, VoiceSnapshot
from impsy.events import (
    EngineEvent,
    Event,
    Forget,
    Keep,
    LoadModel,
    Mark,
    Predictor,
    RecallScene,
    Record,
    Report,
    SetPredictor,
    ShowState,
    ShowTraffic,
    UsePreset,
)
from impsy.io.adapter import Adapter, Health, Watches
from impsy.io.osc import OscListener
from impsy.perform.clock import Clock
from impsy.perform.engine_thread import EngineThread, Logged
from impsy.perform.learning.supervisor import Learning, LearningPlan
from impsy.perform.lights import Lights
from impsy.perform.monitoring.monitor import Monitor
from impsy.perform.monitoring.traffic import Traffic
from impsy.perform.recording.recorder import Recorder
from impsy.perform.recording.witness import Witness
from impsy.perform.reports import Reports
from impsy.perform.scenes import SceneRecall, Scenes, preset_events
from impsy.perform.switching import ModelSwitcher, OpenModel
from impsy.protocol.monitor import Counts, LatenessSummary, PortHealth, State, VoiceState
from impsy.settings import SETTINGS, Settings
from impsy.threads import once

__all__ = ["Session", "SessionView"]

_NOT_NOTED = EngineEvent | ShowState | ShowTraffic
"""What the journal has as the engine is given it, or not at all."""

CLOSE_SECONDS = 0.45
"""For so long closing waits for the adapters."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """A performance at one moment.

    next_in: seconds until the model plays its next event or begins its answer, as ``next_is`` says; None: nothing is
    planned. log: the file that holds ``rows`` rows. Others are in memory (``rows_waiting``), in the file ``rescue``
    (``rows_rescued``), or lost (``rows_lost``).
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
    next_in: float | None = None
    next_is: Literal["event", "answer"] | None = None


class Session:
    """Runs a performance between ``__enter__`` and ``__exit__``.

    A program that is to play on time enters the contexts of :mod:`impsy.perform.priority` first.

    Args:
        engine: makes the decisions. Only the engine's thread uses it from now on.
        adapters: the transports.
        clock: the clock of the whole performance.
        reports: takes everything that the performer should know.
        recorder: takes the rows of the log; None: no log.
        log_input: whether the performer's rows are logged.
        log_predictions: whether the model's are.
        monitor_port: where the web interface listens, or what finds that; None: nothing is sent to it.
        commands: listens to the web interface's commands; None: they are not received.
        open_model: opens a model that takes the place of the one that plays; None: models cannot be switched.
        scenes: what can be recalled by name.
        model_file: the file of the engine's model, an absolute path; "" if it has none.
        journal: whether the recorder keeps a journal of all that the engine is given.
        about: plain values that ``state`` contains beside those that change.
        learning: how a model learns while playing; None: none can.
    """

    def __init__(
        self,
        engine: Playing,
        adapters: Iterable[Adapter],
        *,
        clock: Clock,
        reports: Reports,
        recorder: Recorder | None = None,
        log_input: bool = True,
        log_predictions: bool = False,
        monitor_port: int | Callable[[], int] | None = None,
        commands: OscListener | None = None,
        open_model: OpenModel | None = None,
        scenes: Scenes | None = None,
        model_file: str = "",
        journal: bool = False,
        about: Mapping[str, object] | None = None,
        learning: LearningPlan | None = None,
    ) -> None:
        self._clock = clock
        self._reports = reports
        self._recorder = recorder
        self._monitor = None if monitor_port is None else Monitor(monitor_port, self.state, clock.now)
        self._commands = commands
        self._traffic = None
        if self._monitor is not None:
            self._traffic = Traffic(
                lambda: (*self._engine.adapters, commands), self._monitor.pass_on, clock.now, clock.date
            )
        self._witness = Witness(engine) if journal else None
        self._engine = EngineThread(
            engine,
            clock,
            tuple(adapters),
            recorder=recorder,
            monitor=self._monitor,
            logged=Logged(log_input, log_predictions),
            report=self.report,
            witness=self._witness,
            lost=self._lost,
            settled=self._settled,
            performed=self._performed,
        )
        self._predictors = engine.predictors
        self._open_model = open_model
        self._models = ModelSwitcher(
            self._engine.inbox.put,
            self.report,
            model_file,
            playing=engine.predictor,
            prepare=self._prepare,
            switched=self._switched,
        )
        self._learning = None if learning is None else self._learner(learning, engine, model_file)
        self._lights = Lights(self._shown, lambda: self._engine.adapters)
        self._scenes = SceneRecall(
            scenes or Scenes(), self._models, partial(self._engine.inbox.put, source="scene"), self.report
        )
        self._about = dict(about or {})
        self._marks = 0
        self._changing = threading.Lock()
        self._is_open = False

    def _learner(self, plan: LearningPlan, engine: Playing, model_file: str) -> Learning:
        recorder = self._recorder
        return Learning(
            plan,
            engine.predictor,
            model_file,
            engine.snapshot().model,
            log=lambda: str(recorder.path or "") if recorder else "",
            heard=lambda: self._engine.published.heard,
            take_over=self._models.take_over,
            report=self.report,
        )

    # --- lifecycle ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        """Open everything. A device that is missing is reported; nothing but a bug raises here."""
        if self._recorder is not None:
            self._recorder.open()
        if self._monitor is not None:
            self._monitor.open()
        for adapter in self._engine.adapters:
            self._open(adapter)
        if self._commands is not None:
            self._commands.open(self._from("commands"), self.report)
        for predictor in self._predictors:
            self._prepare(predictor)
        self._lights.changed()
        self._engine.start()
        self._is_open = True
        self._settled()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Silence what sounds, write what waits, close everything. Twice is fine."""
        if not self._is_open:
            return
        self._is_open = False
        self._engine.stop()
        self._lights.close()
        if self._traffic is not None:
            self._traffic.close()
        if self._learning is not None:
            self._learning.close()
        if self._recorder is not None:
            self._recorder.close()
        with self._changing:
            _close_together([*self._engine.adapters, *([self._commands] if self._commands is not None else [])])
        if self._monitor is not None:
            self._monitor.close()

    def _open(self, adapter: Adapter) -> None:
        if isinstance(adapter, Watches):
            adapter.watch(self._readable)
        adapter.open(self._from(adapter.name), self.report)

    def _prepare(self, predictor: Predictor) -> None:
        """Have a model that computes elsewhere wake the engine when it is ready: the engine never waits for it."""
        listen = getattr(predictor, "listen", None)
        if listen is not None:
            listen(self._engine.inbox.wake)
        if self._witness is not None:
            self._witness.watch(predictor)

    def _lost(self, predictor: Predictor) -> None:
        self._models.lost(predictor)

    def _from(self, source: str) -> Callable[[Event], None]:
        return partial(self.deliver, source=source)

    def deliver(self, event: Event, source: str = "") -> None:
        """Give an event to the performance, as of now. Any thread may call it.

        ``source``: the port that it came in by, or what else it came from, for the journal.
        """
        if not isinstance(event, _NOT_NOTED):
            self._note(Call("note", self._clock.now(), event, source))
        match event:
            case RecallScene(name):
                self._scenes.recall(name)
                self._changed()
                self._lights.changed()
            case UsePreset(name):
                for setting in preset_events(name, self.report):
                    self._engine.inbox.put(setting, "preset")
            case LoadModel(file):
                self._scenes.forget()
                self._lights.changed()
                self._models.switch_to(file, self._open_model)
            case SetPredictor():
                self._scenes.forget()
                self._lights.changed()
                self._models.use(event)
            case ShowState():
                self._lights.changed()
            case ShowTraffic():
                if self._traffic is not None:
                    self._traffic.ask()
            case Mark():
                self._marks += 1
                self._changed()
            case Keep() | Forget():
                self._command_learning(event)
            case _:
                self._engine.inbox.put(event, source)

    def configured(self, text: str) -> None:
        """Note in the journal that another configuration is in force. Any thread may call it."""
        self._note(Call("config", self._clock.now(), detail=text))

    def _note(self, call: Call) -> None:
        if self._witness is not None and self._recorder is not None:
            self._recorder.note([call])

    def _command_learning(self, event: Keep | Forget) -> None:
        if self._learning is None:
            text = "several models play ([[voices]]), and they do not learn while playing"
            self.report(Report("no-learning", text, always=True))
        elif isinstance(event, Keep):
            self._learning.keep()
        else:
            self._learning.forget()

    def set_scenes(self, scenes: Scenes) -> None:
        """Replace the scenes that can be recalled. Any thread may call it."""
        self._scenes.scenes = scenes
        self._changed()
        self._lights.changed()

    def set_adapters(self, adapters: Iterable[Adapter]) -> None:
        """Replace the adapters: close those that are not among ``adapters``, open those that are new."""
        with self._changing:
            before, after = self._engine.adapters, tuple(adapters)
            # Close first: a new adapter may need the same device.
            self._engine.adapters = tuple(adapter for adapter in before if adapter in after)
            for adapter in before:
                if adapter not in after:
                    adapter.close()
            for adapter in after:
                if adapter not in before:
                    self._open(adapter)
            self._engine.adapters = after
        self._lights.changed()

    @property
    def model_file(self) -> str:
        """The file of the model that plays, an absolute path; "" if it has none."""
        return self._models.file

    def set_logging(self, log_input: bool, log_predictions: bool) -> None:
        """Set which rows are written to the log."""
        self._engine.logged = Logged(log_input, log_predictions)

    def report(self, report: Report) -> None:
        """Log a report and show it on the pages. Any thread may call it."""
        if self._reports.add(report):
            self._changed()

    def _settled(self) -> None:
        self._lights.changed()
        if self._learning is not None:
            self._learning.switch(self._engine.published.engine.settings.while_playing)

    def _performed(self, row: Record) -> None:
        if self._learning is not None:
            self._learning.performed(row)

    def _switched(self, model: SetPredictor) -> None:
        if self._learning is not None:
            self._learning.switched(model)

    def _shown(self) -> tuple[Settings, str]:
        """What controllers show: the settings, and which scene is current."""
        settings = self._engine.published.engine.settings
        return settings, self._scenes.current(settings)

    def _readable(self) -> Shown:
        """What others in the network may read. Any thread may call it."""
        engine, scenes = self._engine.published.engine, self._scenes
        return Shown(
            engine.settings,
            tuple(engine.input_values),
            tuple(engine.output_values or engine.input_values),
            engine.model,
            scenes.current(engine.settings),
            tuple(scenes.scenes.by_name),
        )

    def _changed(self) -> None:
        if self._monitor is not None:
            self._monitor.changed()

    # --- watching ----------------------------------------------------------------------------------

    def answers(self, seconds: float) -> bool:
        """Whether the engine's thread completes a round within ``seconds``. Any thread may call it."""
        return self._engine.answers(seconds)

    def view(self) -> SessionView:
        """The performance as it is now. Any thread may call it."""
        published = self._engine.published
        ports = [health for adapter in self._engine.adapters for health in adapter.health()]
        if self._commands is not None:
            ports.append(self._commands.health())
        recorder, forecast = self._recorder, published.forecast
        return SessionView(
            engine=published.engine,
            next_in=None if forecast.due is None else forecast.due - self._clock.now(),
            next_is=forecast.what,
            ports=tuple(ports),
            lateness_ms=published.lateness.summary(),
            dropped=self._engine.inbox.dropped,
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
        now = self._clock.now()
        state: State = {
            "mode": snapshot.settings.mode,
            "turn": snapshot.turn,
            "model": snapshot.model,
            "scenes": list(self._scenes.scenes.by_name),
            "scene": self._scenes.current(snapshot.settings),
            "input": list(snapshot.input_values),
            "output": list(snapshot.output_values),
            "held": [control in snapshot.held for control in range(snapshot.settings.dimension - 1)],
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
            "clock": {
                "source": snapshot.beat.source,
                "tempo": snapshot.beat.tempo,
                "beat": snapshot.beat.at(now),
                "locked": snapshot.beat.locked,
            },
            "uptime": round(now - self._clock.start, 3),
            "pid": os.getpid(),
            "command_port": 0 if self._commands is None else self._commands.port,
        }
        if self._learning is not None:
            state["learning"] = self._learning.state
        if snapshot.voices:
            state["voices"] = [_voice_state(voice) for voice in snapshot.voices]
        shown = ("dimension", *(row.name for row in SETTINGS.values() if row.in_state))
        live = {name: getattr(snapshot.settings, name) for name in shown}
        return live | state | self._about

    def _counts(self, view: SessionView) -> Counts:
        unmirrored = self._monitor.left_out if self._monitor is not None else 0
        own = {"dropped": view.dropped, "logged": view.rows, "unmirrored": unmirrored, "marks": self._marks}
        return cast("Counts", asdict(view.engine.counters) | own)


def _voice_state(voice: VoiceSnapshot) -> VoiceState:
    own = {"controls": [control + 1 for control in voice.controls]}
    return cast("VoiceState", voice._asdict() | own)


class _Closable(Protocol):
    def close(self) -> None: ...


def _close_together(ports: Sequence[_Closable]) -> None:
    """Close all at the same time, each in a thread: a driver that hangs delays neither the others nor the end."""
    closing = [once("impsy close", port.close) for port in ports]
    for thread in closing:
        thread.start()
    end = time.monotonic() + CLOSE_SECONDS
    for thread in closing:
        thread.join(max(0.0, end - time.monotonic()))
