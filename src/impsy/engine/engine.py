"""The state machine of a performance.

Time runs forward only: every call carries ``now`` (seconds, monotonic, any origin). ``receive`` takes an event,
``advance`` plays what is due, ``deadline`` is when to call ``advance`` next. None of them waits.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from impsy.engine.hearing import Hearing
from impsy.engine.playback import MINIMUM_DT, Pace, to_step
from impsy.engine.snapshot import Counters, Forecast, Snapshot, Turn
from impsy.engine.waiting import LONGEST_WAIT, Waiting
from impsy.errors import ConfigError
from impsy.events import (
    Command,
    EndNotes,
    EngineEvent,
    Interaction,
    ModelLost,
    Panic,
    PanicButton,
    Play,
    PlayThrough,
    Predictor,
    Record,
    Released,
    Report,
    Reset,
    Set,
    SetPredictor,
    Silence,
    Unplugged,
    Update,
)
from impsy.modes import MODES, Mode
from impsy.settings import SETTINGS, Settings, Value

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Engine"]

PENDING_LIMIT = 1024
"""Predictions that may wait to be played (polyphony); beyond it the oldest is dropped."""

PLAYS_PER_ADVANCE = 16
"""At most, so that input is not delayed where a tiny timescale makes everything due at once."""

REBASE_AFTER = 1.0
"""Seconds of lateness (after the computer slept) beyond which playing continues from now and does not catch up: what
follows is counted from now, and what the model adds to events of the performer is dropped."""

SHORTEST_WAIT = MINIMUM_DT
"""Seconds, at least, between two events of a model that hears itself, however small the timescale is: without it a
tiny timescale sends as many events as the processor can compute, and a replay of a few seconds never ends."""

PLAYED_A_SECOND, PLAYED_BURST = 400, 200
"""Events that go out, in the long run and more than that at once: of a model that hears itself, and of what the
performer causes. Dense playing has 150 a second."""

HEARD_A_SECOND, HEARD_BURST = 1000, 1000
"""The performer's events that the model hears; others are recorded. A MIDI cable carries 1000."""

RETRY_AFTER = 0.5
"""Seconds until the next prediction after two in a row that were not finite."""


class Engine:
    """Decides what is played, recorded and reported.

    Args:
        settings: mode, dimension and the rest.
        predictor: the model; its dimension must be that of the settings.
        rng: the only source of randomness: one seed, one performance.
        now: when the performance starts; the first event's dt counts from here.
        model: the model's name, for the snapshot.
        start: x_1 … x_n before the performer has played; None: random.

    Raises:
        ConfigError: the model's dimension is not that of the settings.
    """

    def __init__(
        self,
        settings: Settings,
        predictor: Predictor,
        rng: Generator,
        now: float,
        model: str = "",
        start: tuple[float, ...] | None = None,
    ) -> None:
        if predictor.dimension != settings.dimension:
            raise ConfigError(_dimension_mismatch(model, predictor.dimension, settings.dimension))
        self._settings = settings
        # What a setting stands for, at the speed of an attribute; ``_set`` keeps the three up to date.
        self._mode: Mode = MODES[settings.mode]
        self._paused = settings.paused
        self._thru = dict(settings.thru_matrix)
        self._model = Hearing(predictor, model)
        self._rng = rng
        self._counters = Counters()

        self._input: tuple[float, ...] = start or tuple(rng.random(settings.dimension - 1).tolist())
        self._output: tuple[float, ...] = ()
        # What all outputs were last sent, from any source.
        self._sent: tuple[float, ...] = ()
        # The controls that the performer has played, ever; and by port, those moved by events that came too fast.
        self._touched: set[int] = set()
        self._skimmed: dict[str, set[int]] = {}
        # The first input of a model that predicts before it has heard anything.
        self._opening = (0.0, *self._input)
        self._performer_played = False

        self._answer_at: float | None = None
        self._answering = False
        self._waiting = Waiting(PENDING_LIMIT)
        self._own_pace = Pace(PLAYED_A_SECOND, PLAYED_BURST)
        self._caused_pace = Pace(PLAYED_A_SECOND, PLAYED_BURST)
        self._heard_pace = Pace(HEARD_A_SECOND, HEARD_BURST)
        # What is to be predicted as soon as the model, which computes elsewhere, is ready: (since when, tries left).
        self._asked: list[tuple[float, int]] = []
        # What the model has played but not yet been fed: (when it was due, vector).
        self._unheard: tuple[float, tuple[float, ...]] | None = None

        self.start(now)

    # --- the public face ---------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When ``advance`` has something to do next; None if nothing is planned."""
        due = None if self._paused else self._next_due
        overdue = self._model.overdue_at
        return due if overdue is None else overdue if due is None else min(due, overdue)

    @property
    def _next_due(self) -> float | None:
        if self._asked and self._model.ready:
            return self._asked[0][0]
        if self._unheard is not None:
            return self._unheard[0]
        due, answer_at = self._waiting.due, self._answer_at
        return answer_at if due is None else due if answer_at is None else min(due, answer_at)

    @property
    def predictor(self) -> Predictor:
        """What plays."""
        return self._model.predictor

    @property
    def predictors(self) -> tuple[Predictor, ...]:
        """All that play."""
        return (self._model.predictor,)

    @property
    def turn(self) -> Turn:
        """Who plays: ``performer``, ``model``, ``both`` or ``nobody``."""
        if self._paused:
            return "nobody"
        if self._mode.plays == "each event":
            return "both"
        if self._mode.plays == "always" or self._answering:
            return "model"
        return "performer"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who plays, for each model that does."""
        return (self.turn,)

    def start(self, now: float) -> None:
        """Start the performance: the first event's dt counts from here. The engine may have been made earlier."""
        self._last_event = now
        self._begin(now)

    def receive(self, event: EngineEvent, now: float) -> list[Command]:  # noqa: PLR0911 - a dispatch table
        """Process one event; returns what to do, in order."""
        match event:
            case Interaction() | Update():
                return self._perform(event, now)
            case Released(keys, port):
                return [EndNotes(keys, port)]
            case PlayThrough():
                return self._play_through(event, now)
            case Set(name, value):
                return self._set(name, value, now)
            case Reset():
                self._model.reset(forget=True)
                return []
            case Unplugged(port):
                return [Silence(f"{port} went away")]
            case PanicButton():
                return self._panic(now)
            case SetPredictor():
                return self._set_predictor(event.predictor, event.name, now)

    def skim(self, event: Interaction | Update, now: float) -> list[Command]:
        """Process a performer's event that came too fast: it is recorded, but neither heard nor answered."""
        values = self._values_of(event)
        if values is None:
            return self._reject(event)
        moved = self._take(event, values)
        if not (isinstance(event, Update) and event.struck):  # a key that is late is not struck; a knob has moved
            self._skimmed.setdefault(event.port, set()).update(moved)
        self._counters.heard += 1
        self._counters.skipped += 1
        return [Record("interface", values, now)]

    def advance(self, now: float) -> list[Command]:
        """Play what is due. The prediction after it is left to another call, for which ``deadline`` is at once.

        May leave more that is due for the next call, so that input is processed in between.
        """
        commands: list[Command] = []
        if (overdue := self._model.overdue_at) is not None and now >= overdue:
            commands += self._give_up(self._model.fault(now))
        if self._paused:
            return commands
        if self._asked and self._model.ready:
            asked, self._asked = self._asked, []
            for since, tries in asked:
                self._predict(since if now - since < REBASE_AFTER else now, now, commands, tries)
        if self._unheard is not None:
            (due, vector), self._unheard = self._unheard, None
            self._model.hear(vector)
            self._predict(due if now - due < REBASE_AFTER else now, now, commands)
        if self._answer_at is not None and now >= self._answer_at:
            self._answer(self._answer_at, now, commands)
        for _ in range(PLAYS_PER_ADVANCE):
            prediction = self._waiting.take(now)
            if prediction is None:
                break
            due, _order, values, vector = prediction
            if now - due > REBASE_AFTER and not self._mode.feeds_back:
                self._counters.cancelled += 1
                continue
            self._output = self._sent = values
            self._counters.played += 1
            commands.append(Play(values, "rnn", due))
            commands.append(Record("rnn", values, now))
            if self._mode.feeds_back:
                self._own_pace.count(due)
                self._unheard = (due, vector)
                break
        return commands

    def recover(self, now: float, reason: str) -> list[Command]:
        """After a fault elsewhere (a model that raised): silence, drop what waits, and start again soon."""
        self._unheard = None
        self._drop_what_waits()
        self._model.reset()
        if self._mode.plays == "always":
            self._answer_at = now + RETRY_AFTER
        return [Silence(reason)]

    def end(self) -> list[Command]:
        """End the performance: silence what sounds and stop predicting."""
        self._drop_what_waits()
        self._paused, self._settings = True, replace(self._settings, paused=True)
        return [Silence("the performance ended")]

    def snapshot(self) -> Snapshot:
        """A picture of the engine that shares nothing with it."""
        return Snapshot(
            settings=self._settings,
            model=self._model.name,
            turn=self.turn,
            waiting=len(self._waiting),
            input_values=self._input,
            output_values=self._output,
            counters=self._counters.copy(),
        )

    def forecast(self) -> Forecast:
        """The model's next action; costs half a microsecond."""
        due: float | None = None
        what: Literal["event", "answer"] | None = None
        if not self._paused:
            if self._waiting:
                due, what = self._waiting.due, "event"
            elif self._unheard is not None:  # the next prediction is about to be made
                due, what = self._unheard[0], "event"
            if self._answer_at is not None and (due is None or self._answer_at < due):
                due, what = self._answer_at, "answer"
        return Forecast(due, what, self._model.revision, self._settings)

    def mixture(self) -> NDArray[Any] | None:
        """A copy of what the model predicts after what it heard last; None: nothing, or no mixture."""
        return self._model.mixture()

    # --- the performer -----------------------------------------------------------------------------

    def _perform(self, event: Interaction | Update, now: float) -> list[Command]:
        values = self._values_of(event)
        if values is None:
            return self._reject(event)
        if not self._heard_pace.allows(now):
            return [*self.skim(event, now), _too_dense()]
        now = max(now, self._last_event)  # transports take the time of their events in threads of their own
        dt = now - self._last_event
        self._last_event = now
        moved = self._take(event, values)
        if self._skimmed:
            moved |= self._skimmed.pop(event.port, set())
        self._performer_played = True
        self._counters.heard += 1
        commands: list[Command] = []
        if self._mode.yields and (self._answering or self._waiting):
            self._drop_what_waits()
            commands.append(Silence("the performer came back"))
        commands.append(Record("interface", values, now))
        if self._settings.input_thru or event.port in self._thru:
            if self._caused_pace.allows(now):
                ports = None if self._settings.input_thru else self._thru[event.port]
                commands.append(self._pass_on(event.port, moved, now, ports))
            else:  # the next one that is passed on brings what moved
                self._skimmed.setdefault(event.port, set()).update(moved)
                commands.append(_too_dense())
        if self._paused or not self._mode.hears:
            return commands
        self._model.hear((dt, *values))
        if self._mode.plays == "after silence":
            self._answer_at = now + self._settings.threshold
        elif self._caused_pace.allows(now):
            self._predict(now, now, commands)
        else:
            self._counters.skipped += 1
            commands.append(_too_dense())
        return commands

    def _take(self, event: Interaction | Update, values: tuple[float, ...]) -> set[int]:
        """Store the performer's values; returns which controls the event moved.

        A key that is struck again has, a knob at the same value has not; any has with its first value.
        """
        before, self._input, touched = self._input, values, self._touched
        if isinstance(event, Interaction):
            moved = {i for i, value in enumerate(values) if value != before[i] or i not in touched}
        elif event.struck:
            moved = {i for i, _ in event.changes}
        else:
            moved = {i for i, _ in event.changes if values[i] != before[i] or i not in touched}
        touched.update(moved)
        return moved

    def _pass_on(self, port: str, moved: set[int], now: float, ports: tuple[str, ...] | None) -> Play:
        """Send what moved; outputs that can only send everything get the rest as they have it."""
        values = list(self._sent or self._input)
        for index in moved:
            values[index] = self._input[index]
        play = Play(tuple(values), "thru", now, ports, tuple(sorted(moved)), port)
        if ports is None:
            self._sent = play.values
        return play

    def _play_through(self, event: PlayThrough, now: float) -> list[Command]:
        if not event.values:
            return [Silence("what was played through is over")]
        if len(event.values) != self._settings.dimension - 1:
            return self._reject(event)
        if not self._caused_pace.allows(now):
            self._counters.skipped += 1
            return [_too_dense()]
        self._sent = event.values
        return [Play(event.values, "direct", now)]

    def _values_of(self, event: Interaction | Update) -> tuple[float, ...] | None:
        """The whole vector x_1 … x_n after this event; None if it does not fit the dimension."""
        n = self._settings.dimension - 1
        if isinstance(event, Interaction):
            return event.values if len(event.values) == n else None
        values = list(self._input)
        for index, value in event.changes:
            if not 0 <= index < n:
                return None
            values[index] = value
        return tuple(values)

    def _reject(self, event: Interaction | Update | PlayThrough) -> list[Command]:
        self._counters.rejected += 1
        n = self._settings.dimension - 1
        what = "a control that is not there" if isinstance(event, Update) else f"{len(event.values)} values"
        text = f"{event.port} sent {what}, but dimension {n + 1} means {n} controls: ignored"
        return [Report("input-length", text)]

    # --- the model ---------------------------------------------------------------------------------

    def _answer(self, since: float, now: float, commands: list[Command]) -> None:
        """The model's turn begins: its first event waits from when the turn was due."""
        self._answer_at = None
        self._answering = True
        self._predict(since if now - since < REBASE_AFTER else now, now, commands)

    def _predict(self, since: float, now: float, commands: list[Command], tries: int = 2) -> None:
        """Predict the next event, to be played after its dt, counted from ``since``."""
        settings = self._settings
        if self._model.is_nobody:
            return
        for left in range(tries, 0, -1):
            self._model.prime(self._opening)
            if not self._model.ready:
                self._asked = [*self._asked[1 - PENDING_LIMIT :], (since, left)]
                return
            prediction = self._model.sample(self._rng, settings.pi_temperature, settings.sigma_temperature)
            step = to_step(prediction, settings.timescale)
            if step is not None:
                self._counters.predicted += 1
                shortest = SHORTEST_WAIT if self._mode.feeds_back else 0.0
                due = since + min(max(step.wait, shortest), LONGEST_WAIT)
                if self._mode.feeds_back:
                    due = max(due, self._own_pace.earliest)
                self._counters.overflowed += self._waiting.add(due, step.values, step.vector)
                return
            self._counters.not_finite += 1
            self._model.reset()
            commands.append(
                Report(
                    "prediction-not-finite",
                    "the model predicted a number that is not finite: its state was reset",
                )
            )
        if self._mode.feeds_back:
            self._answer_at = now + RETRY_AFTER

    def _give_up(self, reason: str) -> list[Command]:
        """What the model would have played is dropped, and nobody plays in its place, until another one is set."""
        if not reason:
            return []
        lost, name = self._model.predictor, self._model.name
        self._model.give_up()
        self._unheard = None
        self._drop_what_waits()
        text = f"the model {name} is not played any more: {reason}. Choose another model, or the same once more"
        return [
            Silence("the model does not answer"),
            ModelLost(lost),
            Report("model-lost", text, "error", always=True),
        ]

    def _drop_what_waits(self) -> None:
        """Drop all predictions that wait. What was already played is still fed back to the model."""
        if self._unheard is not None:
            (_due, vector), self._unheard = self._unheard, None
            self._model.hear(vector)
        self._counters.cancelled += self._waiting.clear()
        self._asked.clear()
        self._answer_at = None
        self._answering = False

    # --- live commands -----------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """Enter the mode: schedule what the model plays without input."""
        if self._paused:
            return
        if self._mode.plays == "always":
            self._answer_at = now
        elif self._mode.plays == "after silence" and self._performer_played:
            self._answer_at = max(now, self._last_event + self._settings.threshold)

    def _set(self, name: str, value: Value, now: float) -> list[Command]:
        row, before = SETTINGS.get(name), self._settings
        if row is None:
            return [Report("unknown-setting", f"there is no setting “{name}”")]
        if fault := row.fault(value):
            return [Report(f"{'unknown' if row.choices else 'bad'}-{name}", fault)]
        if getattr(before, name) == value:
            return []
        changed: dict[str, Any] = {name: value}
        self._settings = replace(before, **changed)
        match name:
            case "mode":
                return self._change_mode(now)
            case "paused":
                return self._pause_or_go_on(now)
            case "timescale":
                # What waits follows it at once; a long pause need not be sat out.
                timescale = self._settings.timescale
                earliest = self._own_pace.earliest if self._mode.feeds_back else now
                self._waiting.stretch(timescale / before.timescale, timescale, now, earliest)
            case "thru_matrix":
                self._thru = dict(self._settings.thru_matrix)
        return []

    def _change_mode(self, now: float) -> list[Command]:
        self._drop_what_waits()
        self._mode = MODES[self._settings.mode]
        # A phrase from before the change is no reason to answer now.
        self._performer_played = False
        self._begin(now)
        return [Silence("the mode changed")]

    def _pause_or_go_on(self, now: float) -> list[Command]:
        self._paused = self._settings.paused
        if not self._paused:
            self._begin(now)
            return []
        self._drop_what_waits()
        return [Silence("paused")]

    def _panic(self, now: float) -> list[Command]:
        """Silence everything. A model that plays by itself starts again; one that answers waits for a phrase."""
        self._drop_what_waits()
        self._performer_played = False
        self._counters.panics += 1
        self._begin(now)
        return [Silence("panic"), Panic()]

    def _set_predictor(self, predictor: Predictor, name: str, now: float) -> list[Command]:
        if predictor.dimension != self._settings.dimension:
            text = _dimension_mismatch(name, predictor.dimension, self._settings.dimension)
            return [Report("model-dimension", f"{text}; the model that was playing plays on", "error")]
        was_nobody = self._model.is_nobody
        self._model.replace(predictor, name)
        if was_nobody and self._mode.plays == "always":
            self._begin(now)
        return [
            Silence("the model was switched"),
            Report("model-switched", f"now playing with {name}", "info", always=True),
        ]


def _too_dense() -> Report:
    text = (
        f"more events came than are played ({PLAYED_A_SECOND} a second): those beyond are recorded, and stay silent"
    )
    return Report("input-dense", text)


def _dimension_mismatch(name: str, found: int, wanted: int) -> str:
    return (
        f"the model {name or '(unnamed)'} has dimension {found}, but the configuration says {wanted} "
        f"([model] dimension): choose a model of dimension {wanted}, or set dimension = {found}"
    )
