"""What a ``config.toml`` may say: one frozen model a section, every key with its range and default.

A section that is absent is None: its presence turns that input and output on. The description of a field
is what a message offers as "wanted" when the value does not fit, so it reads as the end of a sentence.
"""

from __future__ import annotations

from collections.abc import Mapping as ReadOnlyDict
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    Field,
    PlainSerializer,
    PlainValidator,
    Strict,
    create_model,
)
from pydantic_core import PydanticCustomError

from impsy.config.controls import ControlConfig
from impsy.config.sections import Flag, Seconds, Section
from impsy.config.voices import MOST_VOICES, VoiceConfig
from impsy.errors import ConfigError
from impsy.hosts import WILDCARDS, is_loopback
from impsy.limits import MOST_DIMENSION
from impsy.mapping.commands import (
    OTHER_PORTS,
    Assigned,
    CommandEntry,
    command_to_list,
    commands_of,
    find_command,
    parse_command,
)
from impsy.mapping.entries import MappingEntry, NoteOn, entry_to_list, parse_entry
from impsy.models.sizes import SIZES
from impsy.modes import MODES
from impsy.settings import SETTINGS, Setting, Value

__all__ = [
    "ClockConfig",
    "Config",
    "ControlConfig",
    "InteractionConfig",
    "LearningConfig",
    "Mapping",
    "MidiConfig",
    "Mode",
    "ModelConfig",
    "OscConfig",
    "SceneConfig",
    "SerialConfig",
    "SerialMidiConfig",
    "Size",
    "StudyConfig",
    "VoiceConfig",
    "WebSocketConfig",
    "WebuiConfig",
    "scene_fields",
]

if TYPE_CHECKING:
    Mode = str
    Size = str
else:
    Mode = Literal[tuple(MODES)]
    Size = Literal[tuple(SIZES)]


def _entry(item: object) -> MappingEntry:
    try:
        return parse_entry(item)
    except ConfigError as error:
        raise PydanticCustomError("entry", "{text}", {"text": str(error)}) from error


def _command(item: object) -> CommandEntry:
    try:
        return parse_command(item)
    except ConfigError as error:
        raise PydanticCustomError("entry", "{text}", {"text": str(error)}) from error


def _destination(address: str) -> str:
    return "127.0.0.1" if address in WILDCARDS else address


# TOML has lists only; a frozen model holds tuples. Strictness stays on for what is inside.
_Entry = Annotated[
    MappingEntry,
    PlainValidator(_entry),
    PlainSerializer(entry_to_list),
    Field(description='an entry like ["control_change", channel, controller]'),
]
_COMMAND = (
    'an entry like ["control_change", channel, controller], and the name of its port where only that one counts'
)
_CommandEntry = Annotated[
    CommandEntry,
    PlainValidator(_command),
    PlainSerializer(command_to_list),
    Field(description=_COMMAND, json_schema_extra={"type": "array"}),
]
_Name = Annotated[str, Field(description='a port name in quotes, such as "X-TOUCH"')]
_Address = Annotated[
    str, Field(description='an OSC address that starts with "/", such as "/prediction"', pattern="^/")
]
_MAPPING = 'a list of mapping entries, one for each value, such as [["note_on", 1], ["control_change", 1, 74]]'
_PORTS = 'a list of port names, such as ["X-TOUCH"]'
_BY_PORT = 'a mapping for each port by its name, such as input."X-TOUCH" = [["note_on", 1]]'
_COMMANDS = 'an entry for each command, such as pause = ["control_change", 16, 64, "X-TOUCH"]'
_VOICES = f"a table [[voices]] for each model that plays, {MOST_VOICES} at most"
_SCENES = 'a section for each scene, such as [scenes."verse"]'

_CONTROLS = "a table [[controls]] for each control, in their order"

Mapping = Annotated[tuple[_Entry, ...], Strict(False), Field(description=_MAPPING)]
_Names = Annotated[tuple[_Name, ...], Strict(False), Field(description=_PORTS)]
_Chosen = Annotated[bool | None, Field(description="true or false; left out: where other machines reach the port")]
_Text = Annotated[str, Field(description="text in quotes")]
_Word = Annotated[
    str,
    Field(
        description="one line of text in quotes, of 100 characters at most",
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f\u2028\u2029]*$",
    ),
]
_TAKE = 'the path of a dataset, a log or a folder of logs in quotes, or "none"'
_MODEL_FILE = "a model file's path in quotes"
_Host = Annotated[str, Field(description='an address or host name in quotes, such as "127.0.0.1"')]
_ListenPort = Annotated[int, Field(ge=0, le=65535, description="a port number, 1-65535 (0: any free one)")]
_SendPort = Annotated[int, Field(ge=1, le=65535, description="a port number, 1-65535")]
_ORIGIN = 'such as "https://example.org", "null" (pages from files, frames of any site) or "*" (any page)'
_Origin = Annotated[str, Field(description=f"the origin of web pages in quotes, {_ORIGIN}", min_length=1)]
_SERIAL_PORT = 'a serial port in quotes, such as "/dev/ttyACM0" or "COM3"'


def _field(row: Setting, default: Any) -> tuple[Any, Any]:
    """The type and the field of a live setting, as ``create_model`` takes them."""
    if row.kind == "number":
        limits: dict[str, Any] = {"gt": 0} if row.above_zero else {"ge": 0}
        if row.within is not None:
            limits = {"ge": row.within[0], "le": row.within[1]}
        return float, Field(default, description=row.wanted, **limits)
    return bool if row.kind == "flag" else Literal[row.choices], Field(default, description=row.wanted)


def _with_settings(section: str, base: type[BaseModel] = Section) -> type[BaseModel]:
    """``base`` with the live settings that the configuration has in this section."""
    found: dict[str, Any] = {
        row.key: _field(row, row.default) for row in SETTINGS.values() if row.key and row.section == section
    }
    return create_model(section, __base__=base, **found)


def scene_fields() -> dict[str, Any]:
    """The live settings that a scene may set, as ``create_model`` takes fields; None leaves a setting as it is."""
    rows = {row.key: _field(row, None) for row in SETTINGS.values() if row.in_scenes}
    return {key: (kind | None, field) for key, (kind, field) in rows.items()}


class InteractionConfig(_with_settings("interaction")):  # type: ignore[misc]
    """``[interaction]``: who plays when."""


class _Clock(Section):
    send: _Names = ()


class ClockConfig(_with_settings("clock", _Clock)):  # type: ignore[misc]
    """``[clock]``: the beat that events are pulled to, and who shares it.

    ``send`` lists the MIDI outputs that get clock, start and stop; they need not be in ``[midi] out_device``.
    """


class _Learning(Section):
    take: Annotated[str, Field(description=_TAKE)] = ""


class LearningConfig(_with_settings("learning", _Learning)):  # type: ignore[misc]
    """``[learning]``: learning while playing.

    ``take`` is the earlier playing that is learned besides, so that it is not forgotten: a dataset, a log or a folder
    of logs. "" is the dataset of the workspace, or its logs; ``"none"`` is what the model plays by itself.
    """


class _Network(Section):
    dimension: Annotated[
        int,
        Field(
            ge=2,
            le=int(MOST_DIMENSION),
            description=f"a whole number, 2 or more, {MOST_DIMENSION:,} at most: the values and one for time",
        ),
    ]
    file: Annotated[str, Field(description=_MODEL_FILE)] = ""
    size: Annotated[Size | None, Field(description=f"one of {', '.join(SIZES)}")] = None


class ModelConfig(_with_settings("model", _Network)):  # type: ignore[misc]
    """``[model]``: the network. ``dimension`` is n + 1: the time and the n values. A file may leave it out: loading
    takes it from the mappings, which must all have as many entries, or else from the model.

    ``file`` "" means no model: a stand-in plays random values. ``size`` is only needed where the file cannot tell.
    """


class SceneConfig(create_model("scene", __base__=Section, **scene_fields())):  # type: ignore[misc]
    """``[scenes."verse"]``: what recalling the scene changes; None leaves a thing as it is."""

    model: Annotated[str | None, Field(min_length=1, description=_MODEL_FILE)] = None


class MidiConfig(Section):
    """``[midi]``: ports by (partial) name, and for each what its messages mean.

    ``thru_matrix`` sends what an input moves straight to these outputs. With
    ``feedback_protection`` an input that repeats an output within ``feedback_threshold`` seconds is
    left out. ``api`` names the system's MIDI interface where there are several.
    """

    in_device: _Names = ()
    out_device: _Names = ()
    input: Annotated[ReadOnlyDict[str, Mapping], Field(description=_BY_PORT)] = {}
    output: Annotated[ReadOnlyDict[str, Mapping], Field(description=_BY_PORT)] = {}
    feedback_protection: Flag = False
    feedback_threshold: Seconds = 0.02
    thru_matrix: Annotated[ReadOnlyDict[str, _Names], Field(description="a list of out ports for each in port")] = {}
    api: Annotated[str | None, Field(description="the name of a MIDI interface in quotes")] = None


class OscConfig(Section):
    """``[osc]``: listen on ``server_*``, send to ``client_*`` (a wildcard becomes 127.0.0.1).

    ``remote_control`` false: whoever reaches the port may play, and command nothing. ``query``: OSCQuery describes
    the addresses. ``announce``: the port is announced by multicast DNS. None: where other machines reach the port.
    """

    server_ip: _Host = "127.0.0.1"
    server_port: _ListenPort = 6000
    client_ip: Annotated[_Host, AfterValidator(_destination)] = "127.0.0.1"
    client_port: _SendPort = 6001
    output_addresses: Annotated[
        tuple[_Address, ...], Strict(False), Field(description='a list of OSC addresses, such as ["/prediction"]')
    ] = ("/prediction", "/impsy")
    remote_control: Flag = True
    query: _Chosen = None
    announce: _Chosen = None

    @property
    def served(self) -> bool:
        """Whether OSCQuery is served."""
        return not is_loopback(self.server_ip) if self.query is None else self.query

    @property
    def announced(self) -> bool:
        """Whether the port is announced."""
        return not is_loopback(self.server_ip) if self.announce is None else self.announce


class WebSocketConfig(Section):
    """``[websocket]``: a server for browsers. An empty mapping sends or hears nothing.

    ``allowed_origins`` lists the web pages that may connect; None: those from this machine, and from files by a key.
    """

    server_ip: _Host = "127.0.0.1"
    server_port: _ListenPort = 5001
    input: Mapping = ()
    output: Mapping = ()
    allowed_origins: Annotated[
        tuple[_Origin, ...] | None, Strict(False), Field(description=f"a list of origins, each {_ORIGIN}")
    ] = None


class SerialConfig(Section):
    """``[serial]``: lines of comma-separated values."""

    port: Annotated[str, Field(min_length=1, description=_SERIAL_PORT)]
    baudrate: Annotated[int, Field(ge=1, le=10_000_000, description="bits a second, such as 115200")] = 115200


class SerialMidiConfig(Section):
    """``[serialmidi]``: MIDI bytes at 31250 baud; ``port`` None takes that of ``[serial]``."""

    port: Annotated[str | None, Field(min_length=1, description=_SERIAL_PORT)] = None
    input: Mapping = ()
    output: Mapping = ()


class WebuiConfig(Section):
    """``[webui]``: the UDP ports on localhost that performing and the web interface talk over."""

    monitor_port: _SendPort = 4001
    command_port: _ListenPort = 4002


class StudyConfig(Section):
    """``[study]``: who plays, and under which condition, for the journal of each take."""

    participant: _Word = ""
    condition: _Word = ""


class Config(Section):
    """A whole ``config.toml``."""

    title: _Text = ""
    owner: _Text = ""
    description: _Text = ""
    verbose: Flag = False
    log_input: Flag = True
    log_predictions: Flag = False
    interaction: InteractionConfig = InteractionConfig()
    clock: ClockConfig = ClockConfig()
    learning: LearningConfig = LearningConfig()
    model: ModelConfig
    midi: MidiConfig | None = None
    osc: OscConfig | None = None
    websocket: WebSocketConfig | None = None
    serial: SerialConfig | None = None
    serialmidi: SerialMidiConfig | None = None
    webui: WebuiConfig | None = None
    study: StudyConfig = StudyConfig()
    commands: Annotated[ReadOnlyDict[str, _CommandEntry], Field(description=_COMMANDS)] = {}
    scenes: Annotated[ReadOnlyDict[str, SceneConfig], Field(description=_SCENES)] = {}
    controls: Annotated[tuple[ControlConfig, ...], Strict(False), Field(description=_CONTROLS)] = ()
    voices: Annotated[tuple[VoiceConfig, ...], Strict(False), Field(max_length=MOST_VOICES, description=_VOICES)] = ()

    @property
    def assigned(self) -> Assigned:
        """The commands of ``[commands]``, each with what gives it."""
        known = commands_of(self.scenes) if self.commands else {}
        return tuple((find_command(name, known), entry) for name, entry in self.commands.items())

    @property
    def command_ports(self) -> dict[str, str]:
        """The MIDI ports that commands name, which are opened then, each with the first command that names it."""
        named: dict[str, str] = {}
        for name, entry in self.commands.items():
            if entry.port not in ("", *OTHER_PORTS):
                named.setdefault(entry.port, name)
        return named

    @property
    def midi_in_use(self) -> MidiConfig | None:
        """``[midi]``, with the outputs that are only sent clock; None: no MIDI port is opened.

        One without devices where only commands name MIDI ports.
        """
        midi = self.midi or (MidiConfig() if self.command_ports or self.clock.send else None)
        if midi is None or not self.clock.send:
            return midi
        outputs = tuple(dict.fromkeys((*midi.out_device, *self.clock.send)))
        return midi.model_copy(update={"out_device": outputs})

    @property
    def live(self) -> dict[str, Value]:
        """The live settings by their names in ``impsy.settings``."""
        return {row.name: getattr(getattr(self, row.section), row.key) for row in SETTINGS.values() if row.key}

    @property
    def names(self) -> tuple[str, ...]:
        """What the controls are called, from the first; "" for one without a name."""
        return tuple(control.name for control in self.controls)

    @property
    def serialmidi_port(self) -> str | None:
        """The port that carries serial MIDI, its own or that of ``[serial]``; None: there is no ``[serialmidi]``."""
        if self.serialmidi is None:
            return None
        return self.serialmidi.port or (self.serial.port if self.serial else None)

    @property
    def serial_stays_closed(self) -> bool:
        """Whether ``[serial]`` must not be opened because ``[serialmidi]`` holds the same port."""
        return self.serial is not None and self.serialmidi_port == self.serial.port

    def mappings(self, way: Literal["input", "output"]) -> list[tuple[MappingEntry, ...]]:
        """All mappings of a way: those of the MIDI ports, then of ``[websocket]`` and ``[serialmidi]``."""
        ports = getattr(self.midi, way).values() if self.midi else ()
        return [*ports, *(getattr(section, way) for section in (self.websocket, self.serialmidi) if section)]

    @property
    def notes(self) -> tuple[bool, ...]:
        """For each control, whether an input maps it to the pitch of notes."""
        return self.notes_of("input")

    def notes_of(self, way: Literal["input", "output"]) -> tuple[bool, ...]:
        """For each control, whether a mapping of this way has it as the pitch of notes."""
        found = [False] * (self.model.dimension - 1)
        for mapping in self.mappings(way):
            for control, entry in zip(range(len(found)), mapping, strict=False):
                found[control] |= isinstance(entry, NoteOn)
        return tuple(found)
