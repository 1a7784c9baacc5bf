"""What a form needs to know of every key of a configuration, and of every kind of mapping entry.

The keys, their types, ranges and defaults come from the schema itself; here stand only the words, which the schema,
whose own words end the sentence "wanted …", does not have.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from impsy.config import Config
from impsy.mapping.entries import KINDS
from impsy.mapping.scales import SCALES
from impsy.models.sizes import SIZES
from impsy.modes import MODES
from impsy.protocol.workspace import EntryName, MappingArgument, MappingKind
from impsy.settings import SETTINGS

__all__ = ["config_schema", "mapping_kinds"]

PATTERN = "*"
"""Stands for whatever name a table's keys have."""


@dataclass(frozen=True, slots=True)
class _Words:
    """What a form says of a key; ``format`` tells it what to choose the value with."""

    title: str
    description: str
    format: str = ""
    unit: str = ""


_WORDS: dict[str, _Words] = {
    "title": _Words("Title", "What this instrument is called."),
    "owner": _Words("Owner", "Whose it is."),
    "description": _Words("Description", "What it is for.", "multiline"),
    "verbose": _Words("Say more", "Tell each event while playing."),
    "log_input": _Words("Record what you play", "Takes are what the model learns from."),
    "log_predictions": _Words("Record what the model plays", "Takes then hold the model's answers, too."),
    "interaction": _Words("Playing together", "Who plays when."),
    "model": _Words("Model", "What the model listens to, and how freely it plays."),
    "model.dimension": _Words(
        "Dimension",
        "The number of controls, and one for time: 9 is 8 controls. Left out: that of the mappings, or the model.",
    ),
    "model.file": _Words(
        "Model file", "The trained network. Without one, random gestures are played, to try the wiring.", "model-file"
    ),
    "model.size": _Words("Size", "Only needed where the model file cannot tell."),
    "clock": _Words("Shared time", "The beat that the model's events are pulled to, and who shares it."),
    "learning": _Words("Learning while playing", "What the model learns from what you play, while you play."),
    "learning.take": _Words(
        "Learned besides", "Earlier playing that is not to be forgotten; empty: the workspace's dataset, or its logs."
    ),
    "clock.send": _Words("Send clock to", "MIDI outputs that get clock, start and stop.", "midi-outputs"),
    "midi": _Words("MIDI", "Controllers and synthesisers at this machine's MIDI ports."),
    "midi.in_device": _Words("Inputs", "Ports that are listened to; a part of a name is enough.", "midi-inputs"),
    "midi.out_device": _Words("Outputs", "Ports that are played to; a part of a name is enough.", "midi-outputs"),
    "midi.input": _Words("Input mappings", "For each port, which message moves which control.", "mappings"),
    "midi.input.*": _Words("Input mapping", "One entry for each control.", "mapping"),
    "midi.output": _Words("Output mappings", "For each port, which message each control sends.", "mappings"),
    "midi.output.*": _Words("Output mapping", "One entry for each control.", "mapping"),
    "midi.feedback_protection": _Words("Leave echoes out", "For synthesisers that send back what they hear."),
    "midi.feedback_threshold": _Words("Echo time", "How soon an echo comes back.", "seconds", "s"),
    "midi.thru_matrix": _Words("Pass on by port", "What comes in at a port goes straight to these outputs.", "thru"),
    "midi.thru_matrix.*": _Words("Outputs", "Ports that get it.", "midi-outputs"),
    "midi.api": _Words("MIDI system", "Such as ALSA or JACK; without it, the first that works.", "midi-api"),
    "osc": _Words("OSC", "For Pure Data, Max, SuperCollider and many others."),
    "osc.server_ip": _Words("Listen at", "0.0.0.0 hears other machines, too.", "host"),
    "osc.server_port": _Words("Listen on port", "Where IMPSY hears /interface.", "udp-port"),
    "osc.client_ip": _Words("Send to", "The address of the program that is played to.", "host"),
    "osc.client_port": _Words("Send to port", "Where that program listens.", "udp-port"),
    "osc.remote_control": _Words("Take commands", "Pause, mode, model and the like; else only playing is taken."),
    "osc.query": _Words(
        "Describe by OSCQuery",
        "Control apps read all controls and commands. Without it: where other machines reach the port.",
    ),
    "osc.announce": _Words(
        "Announce", "Others find the port by its name (mDNS). Without it: where other machines reach the port."
    ),
    "osc.output_addresses": _Words("Addresses", "The OSC addresses that predictions are sent to."),
    "websocket": _Words("WebSocket", "For web pages that play along; they speak MIDI in words."),
    "websocket.server_ip": _Words("Listen at", "0.0.0.0 lets other machines in.", "host"),
    "websocket.server_port": _Words("Listen on port", "Where web pages connect.", "tcp-port"),
    "websocket.input": _Words("Input mapping", "One entry for each control.", "mapping"),
    "websocket.output": _Words("Output mapping", "One entry for each control.", "mapping"),
    "websocket.allowed_origins": _Words(
        "Pages that may connect",
        "Without any: those of the machine that they connect to, and from files by a key.",
    ),
    "serial": _Words("Serial", "Lines of numbers, for Arduino, micro:bit and the like."),
    "serial.port": _Words("Port", "The serial port of the device.", "serial-port"),
    "serial.baudrate": _Words("Speed", "As the device has it.", "", "baud"),
    "serialmidi": _Words("Serial MIDI", "MIDI plugs wired to a serial port."),
    "serialmidi.port": _Words("Port", "Without one, that of the section Serial.", "serial-port"),
    "serialmidi.input": _Words("Input mapping", "One entry for each control.", "mapping"),
    "serialmidi.output": _Words("Output mapping", "One entry for each control.", "mapping"),
    "webui": _Words("Web interface", "How playing and the page talk on this machine."),
    "webui.monitor_port": _Words(
        "Monitor port", "Where the page hears what is played. Without one, 4001, or a free one.", "udp-port"
    ),
    "webui.command_port": _Words(
        "Command port", "Where playing hears what the page asks for. Without one, 4002, or a free one.", "udp-port"
    ),
    "study": _Words("Study", "Who plays, and under which condition: for the journal and the tables of each take."),
    "study.participant": _Words("Participant", "Who plays, such as P07."),
    "study.condition": _Words("Condition", "Under which condition of a study."),
    "controls": _Words("Controls", "One table for each control, in their order: its name, and how it is played."),
    "controls.*.name": _Words("Name", "What it is called: on faders, in pictures, in the terminal."),
    "controls.*.enabled": _Words("On", "Off: it is neither heard nor played; the model hears its last value."),
    "controls.*.limits": _Words(
        "Limits",
        "What the model plays is folded back in between. Values from 0 to 1; of a control that plays notes, or has a "
        "scale, also notes from 0 to 127.",
    ),
    "controls.*.scale": _Words("Scale", "It plays the nearest note of it, for values that are notes."),
    "controls.*.root": _Words("Root", "The note that the scale starts from."),
    "controls.*.gate": _Words("Gate", "How long a note lasts: seconds, or until the next one.", "", "s"),
    "controls.*.repeat": _Words(
        "Repeat", "For so long the same note, or position of a controller, is not sent again.", "seconds", "s"
    ),
    "commands": _Words("Commands", "Buttons and knobs of a controller that command and do not play.", "commands"),
    "commands.*": _Words("Entry", "What gives the command."),
    "voices": _Words(
        "Voices", "Several models as one instrument, a table for each: its model, and the controls that it plays."
    ),
    "voices.*.name": _Words("Name", "What others hear it by, and what reports call it."),
    "voices.*.model": _Words("Model file", "As in the section model, with as many controls as the voice."),
    "voices.*.controls": _Words(
        "Controls", "Those that it plays, from 1, in the order of the model's values; no other voice has them."
    ),
    "voices.*.mode": _Words(
        "Mode",
        "Its own instead of that of the section interaction; changing the mode while playing leaves it as it is.",
    ),
    "voices.*.hears": _Words(
        "Hears", "Whom it hears: the performer, and other voices by their names as if they were performers."
    ),
    "scenes": _Words("Scenes", "Named sets of settings, to be recalled while playing.", "scenes"),
    "scenes.*": _Words("Scene", "What it says nothing of stays as it is."),
}
"""By key, but for the live settings, whose rows have the words."""

_WORDS |= {
    f"{row.section}.{row.key}": _Words(row.title, row.help, "seconds" if row.unit == "s" else "", row.unit)
    for row in SETTINGS.values()
    if row.key
}

_SCENE_KEYS = {row.key: f"{row.section}.{row.key}" for row in SETTINGS.values() if row.in_scenes}
_SCENE_KEYS["model"] = "model.file"

_CHOICES: dict[str, dict[str, str]] = {
    "mode": {mode.name: f"{mode.title}: {mode.help[0].lower()}{mode.help[1:-1]}" for mode in MODES.values()},
    "scale": {name: scale.title for name, scale in SCALES.items()},
    "size": {name: f"{name} ({size.units} units)" for name, size in SIZES.items()},
    "grid": {
        "1/4": "1/4 (beats)",
        "1/8": "1/8",
        "1/8t": "1/8 triplets",
        "1/16": "1/16",
        "1/16t": "1/16 triplets",
        "1/32": "1/32",
    },
    "source": {
        "off": "None: events are free",
        "internal": "Its own tempo",
        "midi": "MIDI clock that comes in",
        "link": "Ableton Link",
    },
}
"""By the last part of a key: what each of its values means."""


def mapping_kinds() -> list[MappingKind]:
    """Every kind of entry, in the order in which they should be offered."""

    return [
        MappingKind(
            EntryName(name),
            kind.words.title,
            [
                MappingArgument(each.name, each.low, each.high, each in kind.optional)
                for each in kind.required + kind.optional
            ],
        )
        for name, kind in KINDS.items()
    ]


@cache
def config_schema() -> dict[str, Any]:
    """The schema of a configuration, for forms: JSON Schema (2020-12) without references.

    Every key has ``title`` and ``description``; ``wanted`` ends the sentence "wanted …"; ``format`` says what to
    choose a value with and ``unit`` what it is in, where there is more to say than the type. Keys with a list of
    values have ``enum`` and, in the same order, ``choices`` with words for each. A section that is absent is off.
    """
    whole = Config.model_json_schema(mode="validation")
    return _described(_inline(whole, whole.get("$defs", {})), ())


def _inline(schema: Any, definitions: dict[str, Any]) -> Any:
    """Without references; what may be absent is described by what it is otherwise."""
    if isinstance(schema, list):
        return [_inline(each, definitions) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return _inline({**definitions[name], **{k: v for k, v in schema.items() if k != "$ref"}}, definitions)
    given = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(given) == 1:
        return _inline({**given[0], **{k: v for k, v in schema.items() if k != "anyOf"}}, definitions)
    return {
        key: {name: _inline(each, definitions) for name, each in value.items()}
        if key == "properties"
        else _inline(value, definitions)
        for key, value in schema.items()
        if key != "$defs"
    }


def _described(schema: dict[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    key = ".".join(path)
    known = _WORDS.get(_SCENE_KEYS.get(path[-1], key) if path[:2] == ("scenes", PATTERN) and len(path) == 3 else key)
    described = dict(schema)
    if known is not None:
        if "description" in schema and "properties" not in schema:
            described["wanted"] = schema["description"]
        described |= {"title": known.title, "description": known.description}
        described |= {name: getattr(known, name) for name in ("format", "unit") if getattr(known, name)}
    if "enum" in schema and path and path[-1] in _CHOICES:
        described["choices"] = [_CHOICES[path[-1]].get(value, value) for value in schema["enum"]]
    if "properties" in schema:
        described["properties"] = {
            name: _described(each, (*path, name)) for name, each in schema["properties"].items()
        }
    if isinstance(schema.get("items"), dict) and "properties" in schema["items"]:
        described["items"] = _described(schema["items"], (*path, PATTERN))
    if isinstance(schema.get("additionalProperties"), dict):
        described["additionalProperties"] = _described(schema["additionalProperties"], (*path, PATTERN))
    return described
