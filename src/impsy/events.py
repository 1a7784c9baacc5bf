"""What crosses the boundaries of the engine: events in, commands out.

All are frozen: they pass between threads and are never changed on the way. Times are seconds on one
monotonic clock, values are floats in [0, 1].
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from impsy.timing.clock import MidiMessage
from impsy.timing.line import Line

if TYPE_CHECKING:
    from numpy.random import Generator

    from impsy.settings import Value

__all__ = [
    "Another",
    "Command",
    "EndNotes",
    "EngineEvent",
    "Event",
    "Forget",
    "Interaction",
    "Keep",
    "LinkBeat",
    "LoadModel",
    "Mark",
    "MidiClock",
    "ModelLost",
    "Panic",
    "PanicButton",
    "Play",
    "PlayThrough",
    "Predictor",
    "RecallScene",
    "Record",
    "Released",
    "Report",
    "Reset",
    "SendStop",
    "SendTempo",
    "SendTick",
    "Set",
    "SetPredictor",
    "ShowState",
    "ShowTraffic",
    "Silence",
    "Tap",
    "Toggle",
    "Touched",
    "Unplugged",
    "Update",
    "UsePreset",
]


class Predictor(Protocol):
    """What the engine needs of a trained network. Implementations carry the recurrent state.

    One that computes elsewhere and is not waited for also has ``ready``, ``overdue_at`` and ``given_up``: see
    :class:`impsy.models.elsewhere.ElsewherePredictor`.

    One that predicts a mixture of M Gaussians for D numbers may also have ``mixture()``: a copy of its parameters
    ``[mu (M·D) | sigma (M·D) | logits (M)]`` after what was heard last, in the × 10 space, to be shown.

    One that can draw some values given others may also have ``sample_given(rng, pi_temperature, sigma_temperature,
    given)``: as ``sample``, with ``given`` a mapping from controls (from 0) to the values that they have. Of another,
    the given values take the places of those that it drew.

    One that can be copied while it plays, so that its plan can be shown, has ``save()``: its state, within
    microseconds; ``twin()``: another with the same weights, made in any thread; and ``restore(state)``: a twin goes
    on from there, and draws the same from the same random numbers.
    """

    @property
    def dimension(self) -> int:
        """Length of an interaction vector ``[dt, x_1 … x_n]``: n + 1."""
        ...

    def hear(self, vector: Sequence[float]) -> None:
        """Advance the state by one interaction ``[dt, x_1 … x_n]`` (seconds, then [0, 1]; not scaled)."""
        ...

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """Draw the next interaction, given all that was heard. Not clipped; may hold NaN or infinity."""
        ...

    def reset(self) -> None:
        """Set the recurrent state to zero."""
        ...


# --- events: what happens to the engine -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Interaction:
    """The performer set every value at once (OSC, serial CSV)."""

    values: tuple[float, ...]
    port: str = "osc"


@dataclass(frozen=True, slots=True)
class Update:
    """The performer changed some values (MIDI, WebSocket): ``(index, value)`` pairs, one interaction.

    ``struck``: by a key or a pad, which plays its value even if it is the same as before.
    """

    changes: tuple[tuple[int, float], ...]
    port: str = "midi"
    struck: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """The performer released keys: no interaction, but it ends the notes that were passed on for them.

    ``keys`` are ``(index, value)`` pairs: the control and the value that the key had set; None: any.
    """

    keys: tuple[tuple[int, float | None], ...]
    port: str = "midi"


@dataclass(frozen=True, slots=True)
class Touched:
    """The performer still has a finger on these controls: those that are held stay held. No interaction."""

    controls: tuple[int, ...]
    port: str = "osc"


@dataclass(frozen=True, slots=True)
class PlayThrough:
    """Send these values to all outputs, now: a recording that is played back. Not logged, not heard by the model.

    Without values: end every sounding note.
    """

    values: tuple[float, ...]
    port: str = "commands"


@dataclass(frozen=True, slots=True)
class Set:
    """Give one of the live settings (``impsy.settings.SETTINGS``) another value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Toggle:
    """Change over a live setting that is true or false."""

    name: str


@dataclass(frozen=True, slots=True)
class Reset:
    """Zero the recurrent state."""


@dataclass(frozen=True, slots=True)
class Unplugged:
    """An input was disconnected; what it left sounding has to be ended."""

    port: str


@dataclass(frozen=True, slots=True)
class PanicButton:
    """End every note on every channel in use, known to sound or not."""


@dataclass(frozen=True, slots=True)
class Another:
    """Throw away what the model is about to play, and draw something else."""


@dataclass(frozen=True, slots=True)
class SetPredictor:
    """Play with another model from now on. ``file`` is where it came from: an absolute path, "" if from no file.

    ``learnt``: it was learnt while playing from the one that plays. It takes its place without a silence, what waits
    to be played stays, and it has heard what that one had heard: when ``heard`` vectors had come. Not ``prepared``:
    it has heard nothing yet, and is to hear the same now. ``content`` is the model as a ``.tflite`` file holds it.
    """

    predictor: Predictor
    name: str
    file: str = ""
    learnt: bool = False
    heard: int = 0
    prepared: bool = True
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class LoadModel:
    """Open a model file and, once it is ready, play with it. For the session: the engine opens no files."""

    file: str


@dataclass(frozen=True, slots=True)
class RecallScene:
    """Set all that a scene of the configuration names. For the session: the engine knows no scenes."""

    name: str


@dataclass(frozen=True, slots=True)
class UsePreset:
    """Set all that a preset (``impsy.presets.PRESETS``) names. For the session: the engine knows no presets."""

    name: str


@dataclass(frozen=True, slots=True)
class Mark:
    """The performer wants to find this moment again; ``text`` says why, or is empty. For the journal."""

    text: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Save the model that was learnt while playing. For the session: the engine writes no files."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Play with the model again that played before anything was learnt. For the session."""


@dataclass(frozen=True, slots=True)
class MidiClock:
    """A device sent a tick of its clock (24 a beat), or starts, continues, stops or moves its song.

    ``position``: where to, in sixteenths, for ``"position"``.
    """

    message: MidiMessage
    port: str
    position: int = 0


@dataclass(frozen=True, slots=True)
class LinkBeat:
    """The beat of a session of Ableton Link, and how many others take part in it."""

    line: Line
    peers: int


@dataclass(frozen=True, slots=True)
class Tap:
    """The performer taps the tempo."""


@dataclass(frozen=True, slots=True)
class ShowState:
    """A controller's lights and motor faders are to show the state anew. For the session: the engine knows none."""


@dataclass(frozen=True, slots=True)
class ShowTraffic:
    """Somebody at this machine looks at the messages that pass the ports: show them for the next seconds."""


EngineEvent = (
    Interaction
    | Update
    | Released
    | Touched
    | PlayThrough
    | Set
    | Toggle
    | Reset
    | Unplugged
    | PanicButton
    | Another
    | SetPredictor
    | MidiClock
    | LinkBeat
    | Tap
)
Event = EngineEvent | LoadModel | RecallScene | UsePreset | ShowState | ShowTraffic | Mark | Keep | Forget


# --- commands: what the engine asks for -------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Play:
    """Send these values to the outputs.

    ``source``: ``"rnn"`` (the model's), ``"thru"`` (the performer's, passed on) or ``"direct"`` (of ``PlayThrough``).
    ``due`` is when they should have sounded. ``ports`` are those to send to; None: all.
    ``moved`` are the indices of the values that are played, for outputs that can send a part; None: all.
    ``origin`` is the port that a value passed on came in by. ``start``, with the first event of an answer, are the
    values from which the model goes on.
    """

    values: tuple[float, ...]
    source: Literal["rnn", "thru", "direct"]
    due: float
    ports: tuple[str, ...] | None = None
    moved: tuple[int, ...] | None = None
    origin: str = ""
    start: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class EndNotes:
    """End the notes that were passed on from ``origin`` for these keys (see ``Released``)."""

    keys: tuple[tuple[int, float | None], ...]
    origin: str


@dataclass(frozen=True, slots=True)
class Record:
    """Write one row to the log; ``source`` is ``"interface"`` for the performer, ``"rnn"`` for the model."""

    source: Literal["interface", "rnn"]
    values: tuple[float, ...]
    time: float


@dataclass(frozen=True, slots=True)
class Silence:
    """End every sounding note."""

    reason: str


@dataclass(frozen=True, slots=True)
class Panic:
    """End every note on every channel in use, known to sound or not."""


@dataclass(frozen=True, slots=True)
class SendTick:
    """Send a tick of MIDI clock to these ports, now; it was ``due``.

    ``position``: ticks since beat 0. ``rolling``: whether the receivers are to play, or only to keep the tempo.
    """

    position: int
    rolling: bool
    ports: tuple[str, ...]
    due: float


@dataclass(frozen=True, slots=True)
class SendStop:
    """Stop the receivers of MIDI clock at these ports. ``forget``: they start from the beginning next time."""

    ports: tuple[str, ...]
    forget: bool = False


@dataclass(frozen=True, slots=True)
class SendTempo:
    """Give the session of Ableton Link another tempo, in beats a minute."""

    tempo: float


@dataclass(frozen=True, slots=True)
class ModelLost:
    """This model does not answer any more; nothing plays in its place."""

    predictor: Predictor


@dataclass(frozen=True, slots=True)
class Report:
    """Something the performer should know. ``kind`` is a stable key; each kind is reported once, then counted.

    ``always``: report it each time it happens (a port that comes and goes).
    """

    kind: str
    text: str
    level: Literal["info", "warning", "error"] = "warning"
    always: bool = False


Command = Play | EndNotes | Record | Silence | Panic | SendTick | SendStop | SendTempo | ModelLost | Report
