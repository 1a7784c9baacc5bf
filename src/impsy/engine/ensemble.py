"""Several models as one instrument: each plays some of the controls, and one thread keeps time for all.

An ensemble has the public face of an :class:`~impsy.engine.Engine`. Each voice is an engine of its own over its
controls; one more, which plays nothing, is the stage: it takes what the performer plays, records it, and passes
it on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf
from typing import TYPE_CHECKING, Any, ParamSpec

from impsy.copying import copied
from impsy.engine.engine import REBASE_AFTER, Engine
from impsy.engine.hearing import Heard
from impsy.engine.playback import Pace
from impsy.engine.snapshot import Counters, Forecast, Snapshot, Turn
from impsy.engine.voice import Seat, Stage, Voice, check_owners
from impsy.engine.whole import Whole
from impsy.events import (
    Command,
    EngineEvent,
    Interaction,
    LinkBeat,
    Play,
    PlayThrough,
    Predictor,
    Record,
    Released,
    Report,
    Set,
    SetPredictor,
    Silence,
    Tap,
    Toggle,
    Touched,
    Unplugged,
    Update,
)
from impsy.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray

__all__ = ["Ensemble", "Playing"]

P = ParamSpec("P")

ECHOES_A_SECOND, ECHOES_BURST = 200, 100
"""How often voices hear each other, all together: three in a ring would play ever more. Dense playing has 150."""

BY_VOICES = ("predicted", "played", "cancelled", "overflowed", "not_finite")
"""What voices count; the rest happens to the performer, once."""


class Ensemble:
    """Decides what several models play, record and report.

    Args:
        settings: of the whole; ``dimension`` is that of the whole vector.
        voices: at least one. What no voice has is the performer's alone.
        rng: the only source of randomness; each voice has a stream of its own.
        now: when the performance starts.

    Raises:
        ConfigError: two voices have the same control, or a model's dimension does not fit its controls.
    """

    def __init__(self, settings: Settings, voices: Sequence[Voice], rng: Generator, now: float) -> None:
        check_owners(voices)
        self._settings = settings
        *streams, own = rng.spawn(len(voices) + 1)
        self._seats = tuple(Seat(voice, settings, stream, now) for voice, stream in zip(voices, streams, strict=True))
        start = own.random(settings.dimension - 1).tolist()
        for seat in self._seats:
            for control, value in zip(seat.voice.controls, seat.engine.snapshot().input_values, strict=True):
                start[control] = value
        self._whole = Whole(tuple(start))
        self._stage = Stage(settings, own, now, tuple(start))
        self._everybody: tuple[Seat | Stage, ...] = (self._stage, *self._seats)
        self._touched: set[int] = set()
        self._echo_pace = Pace(ECHOES_A_SECOND, ECHOES_BURST)
        self._acting: Seat | Stage | None = None

    # --- the public face ---------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When ``advance`` has something to do next; None if nothing is planned."""
        deadlines = (seat.engine.deadline for seat in self._everybody)
        return min((due for due in deadlines if due is not None), default=None)

    @property
    def is_copied(self) -> bool:
        """Whether there can be copies: every model says how it is copied (see ``Predictor``)."""
        return all(seat.engine.is_copied for seat in self._seats)

    def fork(self) -> Ensemble:
        """As :meth:`Engine.fork`."""
        stage, seats = self._stage.fork(), tuple([seat.fork() for seat in self._seats])
        return copied(
            self,
            _whole=self._whole.fork(),
            _stage=stage,
            _seats=seats,
            _everybody=(stage, *seats),
            _touched=self._touched.copy(),
            _echo_pace=self._echo_pace.fork(),
        )

    def wake(self, twin_of: Callable[[Predictor], Any]) -> None:
        """As :meth:`Engine.wake`."""
        for each in self._everybody:
            each.engine.wake(twin_of)

    @property
    def predictor(self) -> Predictor:
        """What the first voice plays with."""
        return self._seats[0].engine.predictor

    @property
    def predictors(self) -> tuple[Predictor, ...]:
        """What the voices play with."""
        return tuple(seat.engine.predictor for seat in self._seats)

    @property
    def heard(self) -> Heard:
        """Nothing: voices do not learn while they play."""
        return Heard()

    @property
    def turn(self) -> Turn:
        """Who plays. A voice that waits for another does not make it the performer's turn."""
        if self._settings.paused:
            return "nobody"
        turns = {seat.engine.turn for seat in self._seats if seat.hears_performer or seat.engine.turn != "performer"}
        if "both" in turns or {"model", "performer"} <= turns:
            return "both"
        return "model" if "model" in turns else "performer"

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Who plays, for each voice."""
        return tuple(seat.engine.turn for seat in self._seats)

    @property
    def held(self) -> tuple[int, ...]:
        """The controls (from 0) that are the performer's, where a voice shares them."""
        return tuple(sorted(control for seat in self._seats for control in seat.held))

    def start(self, now: float) -> None:
        """Start the performance."""
        for seat in self._everybody:
            seat.engine.start(now)

    def receive(self, event: EngineEvent, now: float) -> list[Command]:
        """Process one event; returns what to do, in order."""
        match event:
            case Interaction() | Update():
                self._perform(event, now, Engine.receive)
            case Released() | PlayThrough() | Unplugged():
                self._do(self._stage, now, self._stage.engine.receive, event, now)
            case Set("mode"):
                self._set_mode(event, now)
            case Toggle(name):
                return self.receive(Set(name, not getattr(self._settings, name, False)), now)
            case Set("hands", tuple() as hands):
                self._tell_all(event, now, lambda seat: Set("hands", seat.hands_of(seat.voice, hands)))
            case Touched(controls):
                self._tell_all(event, now, lambda seat: Touched(seat.places_of(controls)))
            case SetPredictor():
                self._set_predictor(event, now)
            case _:
                self._tell_all(event, now)
        return self._whole.decided()

    def skim(self, event: Interaction | Update, now: float) -> list[Command]:
        """Process a performer's event that came too fast: it is recorded, but neither heard nor answered."""
        self._perform(event, now, Engine.skim)
        return self._whole.decided()

    def advance(self, now: float) -> list[Command]:
        """Play what is due first; what is due later is left to another call, for which ``deadline`` is at once.

        So what voices hear of each other does not depend on how late they are advanced.
        """
        due = [(inf if (at := seat.engine.deadline) is None else at, seat) for seat in self._everybody]
        first = min(at for at, _ in due)
        for at, seat in due:
            if at == first <= now:
                self._do(seat, now, seat.engine.advance, now)
        return self._whole.decided()

    def recover(self, now: float, reason: str) -> list[Command]:
        """After a fault: of the voice whose model raised, or of all after one elsewhere."""
        seat, self._acting = self._acting, None
        if isinstance(seat, Seat):
            self._do(seat, now, seat.engine.recover, now, reason)
        else:
            self._whole.decide(Silence(reason))
            for each in self._seats:
                self._do(each, now, each.engine.recover, now, reason)
        return self._whole.decided()

    def end(self) -> list[Command]:
        """End the performance: silence what sounds and stop predicting."""
        commands = self._stage.engine.end()
        for seat in self._seats:
            seat.engine.end()
        self._settings = replace(self._settings, paused=True)
        return commands

    def snapshot(self) -> Snapshot:
        """A picture of the ensemble that shares nothing with it; what voices count is summed."""
        stage = self._stage.engine.snapshot()
        engines = [seat.engine.snapshot() for seat in self._seats]
        voices = tuple(seat.shown(engine) for seat, engine in zip(self._seats, engines, strict=True))
        _sum_into(stage.counters, [engine.counters for engine in engines])
        return stage._replace(
            settings=self._settings,
            model=", ".join(f"{voice.name}: {voice.model}" for voice in voices),
            turn=self.turn,
            waiting=sum(engine.waiting for engine in engines),
            output_values=self._whole.output,
            held=self.held,
            voices=voices,
        )

    def forecast(self) -> Forecast:
        """The next action of any voice."""
        seat, forecast = self._next()
        revision = sum(each.engine.forecast().revision for each in self._seats)
        return forecast._replace(revision=revision, controls=seat.voice.controls)

    def mixture(self) -> NDArray[Any] | None:
        """What the voice of the forecast predicts."""
        seat, _ = self._next()
        return seat.engine.mixture()

    # --- what is asked of the engines --------------------------------------------------------------

    def _next(self) -> tuple[Seat, Forecast]:
        """The voice that acts first, and its forecast."""
        forecasts = ((seat, seat.engine.forecast()) for seat in self._seats)
        return min(forecasts, key=lambda each: inf if each[1].due is None else each[1].due)

    def _perform(self, event: Interaction | Update, now: float, how: Hear) -> None:
        """The stage takes the event, and each voice that hears the performer what is its own of it."""
        before = self._whole.input
        self._do(self._stage, now, how, self._stage.engine, event, now)
        if not any(isinstance(command, Record) for command in self._whole.commands):
            return  # it does not fit
        values, moved = self._whole.input, set[int]()
        if isinstance(event, Interaction):
            moved = {i for i, value in enumerate(values) if value != before[i] or i not in self._touched}
            self._touched.update(moved)
        else:
            self._touched.update(i for i, _ in event.changes)
        for seat in self._seats:
            part = seat.part_of(event, values, moved) if seat.hears_performer else None
            if part is not None:
                self._do(seat, now, how, seat.engine, part, now)

    def _tell_all(self, event: EngineEvent, now: float, of: Callable[[Seat], EngineEvent] | None = None) -> None:
        """Let all receive it; ``of``: what a voice receives in its place."""
        self._do(self._stage, now, self._stage.engine.receive, event, now)
        if isinstance(event, Set):
            if any(isinstance(command, Report) and command.level != "info" for command in self._whole.commands):
                return  # it is no such value
            self._settings = replace(self._settings, **{event.name: event.value})  # type: ignore[arg-type]
            if event.name in Stage.SETTINGS:
                return
        elif isinstance(event, Tap | LinkBeat):
            tempo = self._stage.engine.snapshot().settings.tempo
            if tempo != self._settings.tempo:
                self._settings = replace(self._settings, tempo=tempo)
        for seat in self._seats:
            self._do(seat, now, seat.engine.receive, event if of is None else of(seat), now)

    def _set_mode(self, event: Set, now: float) -> None:
        """Change the mode of the voices that have none of their own."""
        if fault := SETTINGS["mode"].fault(event.value):
            self._whole.decide(Report("unknown-mode", fault))
            return
        if event.value == self._settings.mode:
            return
        self._settings = replace(self._settings, mode=str(event.value))
        following = [seat for seat in self._seats if not seat.voice.mode]
        if not following:
            text = "every voice has a mode of its own ([[voices]] mode), in which it plays on"
            self._whole.decide(Report("voices-mode", text, "info"))
        elif len(following) == len(self._seats):
            self._whole.decide(Silence("the mode changed"))
        for seat in following:
            self._do(seat, now, seat.engine.receive, event, now)

    def _set_predictor(self, event: SetPredictor, now: float) -> None:
        """Give the model to the first voice that it fits, and of those rather to one whose own was lost."""
        wanted = event.predictor.dimension
        fitting = [seat for seat in self._seats if seat.engine.predictor.dimension == wanted]
        if fitting:
            seat = next((seat for seat in fitting if seat.is_silent), fitting[0])
            self._do(seat, now, seat.engine.receive, event, now)
            return
        have = ", ".join(f"{seat.voice.name} {seat.engine.predictor.dimension}" for seat in self._seats)
        text = (
            f"the model {event.name or '(unnamed)'} has dimension {wanted}, which no voice has ({have}): choose a "
            "model with as many controls as a voice; the models that were playing play on"
        )
        self._whole.decide(Report("model-dimension", text, "error"))

    # --- what they decide --------------------------------------------------------------------------

    def _do(
        self, seat: Seat | Stage, now: float, decide: Callable[P, list[Command]], *args: P.args, **kwargs: P.kwargs
    ) -> None:
        """Ask an engine; take what it decides as that of the whole, and let others hear what it plays."""
        self._acting = seat
        commands = decide(*args, **kwargs)
        self._acting = None
        if isinstance(seat, Stage):
            for command in commands:
                self._whole.add(command)
            if any(isinstance(command, Play) and command.ports is None for command in commands):
                for voice in self._seats:
                    voice.engine.was_sent(voice.columns_of(self._whole.sent))
            return
        played: list[tuple[tuple[float, ...], float]] = []
        for command in commands:
            values = self._whole.add_of(seat, command)
            if values and isinstance(command, Play):
                played.append((values, _heard_at(command.due, now)))
        for values, at in played:
            for other in self._seats:
                if seat.voice.name not in other.voice.hears:
                    continue
                if self._echo_pace.allows(at):
                    self._do(other, at, other.engine.receive, other.echo_of(seat.voice, values), at)
                else:
                    self._whole.decide(_too_many_echoes())


Playing = Engine | Ensemble
"""What decides in a performance."""

Hear = Callable[[Engine, Interaction | Update, float], list[Command]]


def _heard_at(due: float, now: float) -> float:
    """When voices hear what was due then and is played now: at its own time, whatever moment it is played at."""
    return due if now - due < REBASE_AFTER else now


def _too_many_echoes() -> Report:
    text = f"voices play more than they can hear of each other ({ECHOES_A_SECOND} a second): more is not heard"
    return Report("voices-dense", text)


def _sum_into(stage: Counters, voices: Sequence[Counters]) -> None:
    """Add what voices count. Of what the stage and the voices each skip of the same events, the most counts."""
    for name in BY_VOICES:
        setattr(stage, name, sum([getattr(each, name) for each in voices]))
    stage.skipped = max(each.skipped for each in (stage, *voices))
