"""The state machine of a performance.

Time runs forward only: every call carries ``now`` (seconds, monotonic, any origin). ``receive`` takes an event,
``advance`` plays what is due, ``deadline`` is when to call ``advance`` next. None of them waits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, Literal

from impsy.copying import copied
from impsy.engine.answer import Answer
from impsy.engine.hands import Hands
from impsy.engine.hearing import Heard, Hearing
from impsy.engine.holding import Holding, Stream
from impsy.engine.performer import Performer
from impsy.engine.playback import MINIMUM_DT, Pace, Step, to_step
from impsy.engine.snapshot import Counters, Forecast, Snapshot, Turn
from impsy.engine.timekeeping import Timekeeping
from impsy.engine.waiting import Prediction, Waiting, longest_wait
from impsy.errors import ConfigError
from impsy.events import (
    Another,
    Command,
    EndNotes,
    EngineEvent,
    Interaction,
    LinkBeat,
    MidiClock,
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
    Tap,
    Toggle,
    Touched,
    Unplugged,
    Update,
)
from impsy.modes import MODES, Mode
from impsy.settings import SETTINGS, Settings, Value
from impsy.text import counted

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

SAME_TEMPO = 0.001
"""Beats a minute: a difference that is none."""

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
        # Where a copy's generator begins.
        self._random: tuple[type[Any], Any] = (type(rng.bit_generator), {})
        self._counters = Counters()

        begin = start or tuple(rng.random(settings.dimension - 1).tolist())
        self._hands = Hands(settings.hands, begin)
        begin = self._hands.keep(begin)
        self._performer = Performer(begin)
        self._output: tuple[float, ...] = ()
        # What all outputs were last sent, from any source.
        self._sent: tuple[float, ...] = ()
        # The first input of a model that predicts before it has heard anything.
        self._opening = (0.0, *begin)
        self._performer_played = False

        # What is held, and the one stream of both players, where they share controls.
        self._holding = Holding()
        self._stream = Stream(begin, now)
        # What the prediction that waits was drawn from: the mixture's revision, and the values that were held.
        self._drawn_from: tuple[int, dict[int, float]] = (0, {})

        self._answer_at: float | None = None
        self._answering = False
        self._answer: Answer | None = None
        self._waiting = Waiting(PENDING_LIMIT)
        self._time = Timekeeping(settings, now)
        self._own_pace = Pace(PLAYED_A_SECOND, PLAYED_BURST)
        self._caused_pace = Pace(PLAYED_A_SECOND, PLAYED_BURST)
        self._heard_pace = Pace(HEARD_A_SECOND, HEARD_BURST)
        # What is to be predicted as soon as the model, which computes elsewhere, is ready: (since when, tries left).
        self._asked: list[tuple[float, int]] = []
        # What the model has played but not yet been fed: (when it was due, vector).
        self._unheard: tuple[float, tuple[float, ...]] | None = None

        self.start(now)

    # --- copies ------------------------------------------------------------------------------------

    @property
    def is_copied(self) -> bool:
        """Whether there can be copies: the model says how it is copied (see ``Predictor``)."""
        return self._model.is_copied

    def fork(self) -> Engine:
        """A copy that shares nothing that changes, and plays the same if nobody interrupts; it sends no clock.

        Made within microseconds, it has to :meth:`wake` before it is used. Needs ``is_copied``.
        """
        answer, bits = self._answer, self._rng.bit_generator
        return copied(
            self,
            _model=self._model.fork(),
            _random=(type(bits), bits.state),
            _counters=self._counters.copy(),
            _hands=self._hands.fork(),
            _performer=self._performer.fork(),
            _holding=self._holding.fork(),
            _stream=self._stream.fork(),
            _answer=None if answer is None else answer.fork(),
            _waiting=self._waiting.fork(),
            _time=self._time.fork(),
            _own_pace=self._own_pace.fork(),
            _caused_pace=self._caused_pace.fork(),
            _heard_pace=self._heard_pace.fork(),
            _asked=self._asked.copy(),
        )

    def wake(self, twin_of: Callable[[Predictor], Any]) -> None:
        """Give a copy what takes longer to make.

        Args:
            twin_of: returns a predictor that has the same weights as another, for this copy alone.
        """
        self._model.wake(twin_of)
        kind, state = self._random
        bits = kind(0)
        bits.state = state
        self._rng = type(self._rng)(bits)

    # --- the public face ---------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When ``advance`` has something to do next; None if nothing is planned."""
        due = None if self._paused else self._next_due
        shares = self._mode.shares and not self._paused
        release = self._holding.next_release(self._settings.hold) if shares else None
        for other in (release, self._model.overdue_at, self._time.deadline, self._hands.due):
            due = other if due is None else due if other is None else min(due, other)
        return due

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
    def heard(self) -> Heard:
        """What the model has heard."""
        return self._model.heard

    @property
    def turn(self) -> Turn:
        """Who plays: ``performer``, ``model``, ``both`` or ``nobody``."""
        if self._paused:
            return "nobody"
        if self._mode.shares and len(self.held) == self._settings.dimension - 1:
            return "performer"
        if self._mode.plays == "each event" or self._mode.shares:
            return "both"
        if self._mode.plays == "always" or self._answering:
            return "model"
        return "performer"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who plays, for each model that does."""
        return (self.turn,)

    @property
    def held(self) -> tuple[int, ...]:
        """The controls (from 0) that are the performer's, where both players share them."""
        return self._holding.controls if self._mode.shares else ()

    def start(self, now: float) -> None:
        """Start the performance: the first event's dt counts from here. The engine may have been made earlier."""
        self._last_event = now
        self._time.begin(now)
        self._begin(now)

    def receive(self, event: EngineEvent, now: float) -> list[Command]:  # noqa: PLR0911, PLR0912 - a dispatch table
        """Process one event; returns what to do, in order."""
        match event:
            case Interaction() | Update():
                heard = self._hands.heard(event, self._performer.values)
                return self._perform(heard, now) if heard is not None else []
            case MidiClock() | LinkBeat():
                return self._follow(event, now)
            case Released(keys, port):
                return [EndNotes(keys, port)]
            case Touched(controls):
                self._holding.keep(controls, now, self._settings.hold)
                return []
            case PlayThrough():
                return self._play_through(event, now)
            case Set(name, value):
                return self._set(name, value, now)
            case Toggle(name):
                return self._set(name, not getattr(self._settings, name, False), now)
            case Reset():
                self._model.reset(forget=True)
                return []
            case Unplugged(port):
                return [Silence(f"{port} went away")]
            case PanicButton():
                return self._panic(now)
            case Another():
                return self._draw_another(now)
            case Tap():
                return self._tap(now)
            case SetPredictor():
                return self._set_predictor(event, now)

    def was_sent(self, values: tuple[float, ...]) -> None:
        """Outputs have these values, x_1 … x_n, from somebody else."""
        self._sent = values

    def skim(self, event: Interaction | Update, now: float) -> list[Command]:
        """Process a performer's event that came too fast: it is recorded, but neither heard nor answered."""
        heard = self._hands.heard(event, self._performer.values)
        return self._skim(heard, now) if heard is not None else []

    def _skim(self, event: Interaction | Update, now: float) -> list[Command]:
        values = self._performer.after(event)
        if values is None:
            return self._reject(event)
        moved = self._take(event, values, now)
        if not (isinstance(event, Update) and event.struck):  # a key that is late is not struck; a knob has moved
            self._performer.owe(event.port, moved)
        self._counters.heard += 1
        self._counters.skipped += 1
        return [Record("interface", values, now)]

    def advance(self, now: float) -> list[Command]:
        """Play what is due. The prediction after it is left to another call, for which ``deadline`` is at once.

        May leave more that is due for the next call, so that input is processed in between.
        """
        commands: list[Command] = [*self._hands.ended(now), *self._time.advance(now, rolling=not self._paused)]
        if (overdue := self._model.overdue_at) is not None and now >= overdue:
            commands += self._give_up(self._model.fault(now))
        if self._paused:
            return commands
        if self._mode.shares:
            self._holding.at(now, self._settings.hold)
        if self._asked and self._model.ready:
            asked, self._asked = self._asked, []
            for since, tries in asked:
                self._predict(since if now - since < REBASE_AFTER else now, now, commands, tries)
        if self._unheard is not None:
            (due, vector), self._unheard = self._unheard, None
            self._model.hear(vector)
            self._predict(due if now - due < REBASE_AFTER else now, now, commands)
        if self._answer_at is not None and now >= self._answer_at:
            self._begin_answer(self._answer_at, now, commands)
        for _ in range(PLAYS_PER_ADVANCE):
            prediction = self._waiting.take(now)
            if prediction is None or not self._play(prediction, now, commands):
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
        return [Silence("the performance ended"), *self._time.end()]

    def snapshot(self) -> Snapshot:
        """A picture of the engine that shares nothing with it."""
        return Snapshot(
            settings=self._settings,
            model=self._model.name,
            turn=self.turn,
            waiting=len(self._waiting),
            input_values=self._performer.values,
            output_values=self._output,
            counters=self._counters.copy(),
            held=self.held,
            beat=self._time.view(),
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
        values = self._performer.after(event)
        if values is None:
            return self._reject(event)
        if not self._heard_pace.allows(now):
            return [*self._skim(event, now), _too_dense()]
        now = max(now, self._last_event)  # transports take the time of their events in threads of their own
        dt = now - self._last_event
        self._last_event = now
        moved = self._performer.with_owed(event.port, self._take(event, values, now))
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
                self._performer.owe(event.port, moved)
                commands.append(_too_dense())
        if self._paused or not self._mode.hears:
            return commands
        if self._mode.shares:
            self._hear_together(moved, now)
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

    def _take(self, event: Interaction | Update, values: tuple[float, ...], now: float) -> set[int]:
        """Store the performer's values; returns which controls the event moved. Those that it changed are held."""
        moves = self._performer.take(event, values, self._hands.off)
        self._holding.take(moves.changed, now)
        return moves.moved

    def _pass_on(self, port: str, moved: set[int], now: float, ports: tuple[str, ...] | None) -> Play:
        """Send what moved; outputs that can only send everything get the rest as they have it."""
        played = self._performer.values
        values = list(self._sent or played)
        for index in moved:
            values[index] = played[index]
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
        self._hands.forget_notes()
        return [Play(event.values, "direct", now)]

    def _reject(self, event: Interaction | Update | PlayThrough) -> list[Command]:
        self._counters.rejected += 1
        n = self._settings.dimension - 1
        what = "a control that is not there" if isinstance(event, Update) else counted(len(event.values), "value")
        text = f"{event.port} sent {what}, but dimension {n + 1} means {counted(n, 'control')}: ignored"
        return [Report("input-length", text)]

    # --- the model ---------------------------------------------------------------------------------

    def _play(self, prediction: Prediction, now: float, commands: list[Command]) -> bool:
        """Play a prediction that is due; returns whether another may be played before the model hears this one."""
        due, values, vector = prediction.due, prediction.values, prediction.heard(self._settings.timescale)
        if now - due > REBASE_AFTER and not self._mode.feeds_back:
            self._counters.cancelled += 1
            return True
        moved: tuple[int, ...] | None = None
        start: tuple[float, ...] | None = None
        if self._mode.shares:
            shared = self._share(prediction, now)
            if shared is None:
                return False
            vector, moved = shared
            values = vector[1:]
        elif self._answer is not None:
            start = self._answer.start if self._answer.is_new else None
            moved = self._answer.sounding(values)
        values, vector, moved = self._hands.play(values, vector, self._sent, now, moved)
        if self._mode.shares:
            self._stream.values = values
        self._output = self._sent = values
        self._counters.played += 1
        commands.append(Play(values, "rnn", due, moved=moved, start=start))
        commands.append(Record("rnn", values, now))
        if self._mode.feeds_back:
            self._own_pace.count(due)
            self._unheard = (due, vector)
        return not self._mode.feeds_back

    def _begin_answer(self, since: float, now: float, commands: list[Command]) -> None:
        """The model's turn begins: its first event waits from when the turn was due."""
        self._answer_at = None
        self._answering = True
        self._predict(since if now - since < REBASE_AFTER else now, now, commands)
        if self._mode.plays == "after silence" and (heard := self._model.latest) is not None:
            self._answer = Answer(heard[1:], self._performer.moved)

    def _predict(
        self, since: float, now: float, commands: list[Command], tries: int = 2, earliest: float = -inf
    ) -> None:
        """Predict the next event, to be played after its dt, counted from ``since``, and not before ``earliest``."""
        settings = self._settings
        if self._model.is_nobody:
            return
        for left in range(tries, 0, -1):
            self._model.prime(self._opening)
            if not self._model.ready:
                self._asked = [*self._asked[1 - PENDING_LIMIT :], (since, left)]
                return
            step = self._draw({})
            if step is not None:
                self._counters.predicted += 1
                shortest = SHORTEST_WAIT if self._mode.feeds_back else 0.0
                step = step.within(longest_wait(settings), settings.timescale)
                planned = since + max(step.wait, shortest)
                if self._mode.feeds_back:
                    planned = max(planned, self._own_pace.earliest)
                due, beat = self._time.place(planned, max(now, since + shortest))
                due = max(due, earliest)
                self._counters.overflowed += self._waiting.add(due, step.values, step.vector, planned, beat)
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

    def _draw(self, given: dict[int, float]) -> Step | None:
        """What the model would play next, given these values of controls; None: it is not finite."""
        settings = self._settings
        self._drawn_from = (self._model.revision, given)
        drawn = self._model.sample(self._rng, settings.pi_temperature, settings.sigma_temperature, given)
        step = to_step(drawn, settings.timescale)
        if step is None:
            return None
        values, vector = self._hands.shape(step.values, step.vector)
        return step if values is step.values else Step(step.wait, values, vector)

    # --- controls that both play -------------------------------------------------------------------

    def _given(self, now: float) -> dict[int, float]:
        """The values of the controls that the performer holds."""
        if not self._mode.shares:
            return {}
        return {control: self._performer.values[control] for control in self._holding.at(now, self._settings.hold)}

    def _hear_together(self, moved: set[int], now: float) -> None:
        """The model hears the performer, after all that it has played itself. Its next event keeps its time."""
        if self._unheard is not None:
            (due, vector), self._unheard = self._unheard, None
            self._model.hear(vector)
            self._asked.append((due, 2))
        if moved:  # a patch that sends all its values again and again plays nothing by that
            values = self._given(now) | {control: self._performer.values[control] for control in moved}
            self._model.hear(self._stream.join(values, now))

    def _share(self, prediction: Prediction, now: float) -> tuple[tuple[float, ...], tuple[int, ...]] | None:
        """The model's event, with what is held as the performer has it: what the model hears, and what moved.

        If the performer has played since it was drawn, its values are drawn again. None: all is held, and it waits.
        """
        given, values = self._given(now), prediction.values
        if len(given) == len(values):
            release = self._holding.next_release(self._settings.hold)
            self._waiting.add(now if release is None else release, values, prediction.vector)
            return None
        self._model.prime(self._opening)
        if (self._model.revision, given) != self._drawn_from and self._model.ready:
            step = self._draw(given)
            values = values if step is None else step.values
        before, timescale = self._sent or self._stream.values, self._settings.timescale
        vector = self._stream.play(values, given, prediction.due, prediction.vector[0], timescale)
        return vector, self._stream.sounding(before, given)

    # --- a model that is lost ----------------------------------------------------------------------

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
        self._answer = None

    # --- live commands -----------------------------------------------------------------------------

    def _begin(self, now: float) -> None:
        """Enter the mode: schedule what the model plays without input."""
        if self._paused:
            return
        if self._mode.shares:
            self._stream = Stream(self._sent or self._performer.values, now)
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
        commands: list[Command] = []
        match name:
            case "mode":
                commands = self._change_mode(now)
            case "paused":
                commands = self._pause_or_go_on(now)
            case "timescale":
                # What waits follows it at once; a long pause need not be sat out.
                timescale = self._settings.timescale
                earliest = self._own_pace.earliest if self._mode.feeds_back else now
                longest = longest_wait(self._settings)
                self._waiting.stretch(timescale / before.timescale, timescale, now, earliest, longest)
                self._time.place_again(self._waiting, now)
            case "longest_wait":
                self._waiting.shorten(longest_wait(self._settings), self._settings.timescale, now)
                self._time.place_again(self._waiting, now)
            case "thru_matrix":
                self._thru = dict(self._settings.thru_matrix)
            case "clock_source" | "tempo" | "quantise" | "grid" | "clock_delay" | "clock_send":
                commands = self._time.configure(self._settings, name, now)
                self._time.keep(self._waiting, now, anew=name != "tempo")
            case "hands":
                commands = self._change_hands()
        return commands

    def _follow(self, event: MidiClock | LinkBeat, now: float) -> list[Command]:
        anew, commands = self._time.hear(event, now)
        if isinstance(event, LinkBeat) and abs(event.line.tempo - self._settings.tempo) > SAME_TEMPO:
            # The tempo of the session is the setting, so that setting it back is a change.
            self._settings = replace(self._settings, tempo=SETTINGS["tempo"].within_useful(event.line.tempo))
        self._time.keep(self._waiting, now, anew=anew)
        return commands

    def _tap(self, now: float) -> list[Command]:
        tempo, commands = self._time.tap(now)
        if tempo is not None:
            commands += self._set("tempo", tempo, now)
            self._time.put_beat(now)
            self._time.keep(self._waiting, now, anew=True)
        return commands

    def _change_hands(self) -> list[Command]:
        heard, performer = self._model.latest, self._performer
        ended = self._hands.use(self._settings.hands, performer.values if heard is None else heard[1:])
        performer.values = self._hands.keep(performer.values)
        self._waiting.revise(self._hands.shape)
        return [*ended]

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

    def _draw_another(self, now: float) -> list[Command]:
        """Throw away what is planned, and draw anew from where the model is. What sounds goes on."""
        commands: list[Command] = []
        if self._paused or self._model.is_nobody:
            return commands
        self._rng.random()  # what has not been drawn yet also becomes another
        dropped = self._waiting.drop()
        self._counters.cancelled += len(dropped)
        timescale = self._settings.timescale
        for each in dropped[:PLAYS_PER_ADVANCE]:
            since = min(now, each.planned - each.vector[0] * timescale)
            self._predict(since, now, commands, earliest=now)
        return commands

    def _set_predictor(self, event: SetPredictor, now: float) -> list[Command]:
        predictor, name = event.predictor, event.name
        if predictor.dimension != self._settings.dimension:
            text = _dimension_mismatch(name, predictor.dimension, self._settings.dimension)
            return [Report("model-dimension", f"{text}; the model that was playing plays on", "error")]
        was_nobody = self._model.is_nobody
        if event.learnt:
            self._model.take_over(predictor, name, event.heard, prepared=event.prepared)
        else:
            self._model.replace(predictor, name)
        if was_nobody and self._mode.plays == "always":
            self._begin(now)
        if event.learnt:
            return []
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
