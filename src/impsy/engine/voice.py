"""One voice of an ensemble: a model that plays some of the controls, as an engine of its own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from impsy.copying import copied
from impsy.engine.engine import Engine
from impsy.engine.nobody import Nobody
from impsy.engine.snapshot import Snapshot, VoiceSnapshot
from impsy.errors import ConfigError
from impsy.events import EndNotes, Interaction, Predictor, Update
from impsy.mapping.hands import Hand
from impsy.modes import PERFORMER
from impsy.settings import Settings

if TYPE_CHECKING:
    from numpy.random import Generator

__all__ = ["Seat", "Stage", "Voice", "check_owners"]


@dataclass(frozen=True, slots=True)
class Voice:
    """A model and the controls that are its own.

    name: of the voice, which no other has. model: the model's name. controls: from 0, in the order of the model's
    values; the predictor's dimension is one more than there are. mode: its own, which a change of the whole leaves as
    it is; "": that of the whole. hears: ``"performer"`` or the names of other voices.
    """

    name: str
    predictor: Predictor
    controls: tuple[int, ...]
    model: str = ""
    mode: str = ""
    hears: tuple[str, ...] = (PERFORMER,)


class Seat:
    """A voice while it plays: its engine, and where its values are in the whole vector.

    Args:
        voice: what plays.
        settings: of the whole. Input is passed on, and clock is sent, for the whole, not by a voice.
        rng: of this voice alone.
        now: when the performance starts.

    Raises:
        ConfigError: the model's dimension does not fit the controls.
    """

    def __init__(self, voice: Voice, settings: Settings, rng: Generator, now: float) -> None:
        self.voice = voice
        own = replace(
            settings,
            dimension=len(voice.controls) + 1,
            mode=voice.mode or settings.mode,
            input_thru=False,
            thru_matrix=(),
            clock_send=(),
            hands=self.hands_of(voice, settings.hands),
        )
        self.engine = Engine(own, voice.predictor, rng, now, voice.model)
        self._places = {control: place for place, control in enumerate(voice.controls)}

    def fork(self) -> Seat:
        """A copy with a copy of the engine."""
        return copied(self, engine=self.engine.fork())

    @staticmethod
    def hands_of(voice: Voice, hands: tuple[Hand, ...]) -> tuple[Hand, ...]:
        """The hands of the voice's controls, of those of the whole."""
        own = [hands[control] if control < len(hands) else Hand() for control in voice.controls if hands]
        places = {control: place for place, control in enumerate(voice.controls)}
        return tuple(
            hand if hand.velocity is None else replace(hand, velocity=places.get(hand.velocity)) for hand in own
        )

    @property
    def held(self) -> tuple[int, ...]:
        """Where the controls that the performer holds are in the whole vector."""
        return tuple(self.voice.controls[place] for place in self.engine.held)

    def places_of(self, controls: Iterable[int]) -> tuple[int, ...]:
        """Where these controls are among the voice's values, as far as they are its own."""
        return tuple(self._places[control] for control in controls if control in self._places)

    @property
    def hears_performer(self) -> bool:
        """Whether it hears the performer."""
        return PERFORMER in self.voice.hears

    @property
    def is_silent(self) -> bool:
        """Whether its model was lost."""
        return isinstance(self.engine.predictor, Nobody)

    def part_of(
        self, event: Interaction | Update, values: Sequence[float], moved: set[int]
    ) -> Interaction | Update | None:
        """What this voice hears of a performer's event; None: nothing of it is the voice's.

        Args:
            event: as it came in.
            values: the whole vector after it.
            moved: the controls that a dense event moved; none: it repeats the one before, which all hear.
        """
        if isinstance(event, Interaction):
            if moved and moved.isdisjoint(self._places):
                return None
            return Interaction(self.columns_of(values), event.port)
        changes = tuple((self._places[i], value) for i, value in event.changes if i in self._places)
        return Update(changes, event.port, event.struck) if changes else None

    def echo_of(self, other: Voice, values: Sequence[float]) -> Update:
        """What this voice hears when another plays: its i-th control is the i-th here, as far as both have one."""
        shared = zip(range(len(self.voice.controls)), other.controls, strict=False)
        return Update(tuple((place, values[control]) for place, control in shared), f"voice {other.name}")

    def columns_of(self, values: Sequence[float]) -> tuple[float, ...]:
        """The voice's values of a whole vector."""
        return tuple(values[control] for control in self.voice.controls)

    def controls_of(self, places: Iterable[int] | None) -> tuple[int, ...]:
        """Where these of the voice's values are in the whole vector; None: all of them."""
        own = self.voice.controls
        return tuple(sorted(own if places is None else (own[place] for place in places)))

    def end_notes(self) -> EndNotes:
        """What ends the notes that this voice plays, and no others."""
        return EndNotes(tuple((control, None) for control in self.voice.controls), "")

    def shown(self, engine: Snapshot) -> VoiceSnapshot:
        """The voice, of a snapshot of its engine."""
        return VoiceSnapshot(self.voice.name, engine.model, engine.settings.mode, engine.turn, self.voice.controls)


class Stage:
    """Where the performer is: an engine over all controls whose model is nobody.

    It records what the performer plays, and passes it on; it sends the clock.
    """

    SETTINGS: ClassVar[tuple[str, ...]] = ("input_thru", "thru_matrix", "clock_send")
    """Those that are no voice's."""

    def __init__(self, settings: Settings, rng: Generator, now: float, start: tuple[float, ...]) -> None:
        own = replace(settings, mode="useronly")
        self.engine = Engine(own, Nobody(settings.dimension), rng, now, start=start)

    def fork(self) -> Stage:
        """A copy with a copy of the engine."""
        return copied(self, engine=self.engine.fork())


def check_owners(voices: Sequence[Voice]) -> None:
    """Raise ConfigError where two voices have the same control."""
    owners: dict[int, str] = {}
    for voice in voices:
        for control in voice.controls:
            if control in owners:
                raise ConfigError(f"control {control + 1} is of the voices {owners[control]} and {voice.name}")
            owners[control] = voice.name
