"""Configurations in the forms of earlier versions, and what their authors meant, written out by hand.

The texts are small ones of our own in the forms of the real files of the same name, which are used as well where they
are on this machine.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

X_TOUCH = [f"cc 11 {number}" for number in range(1, 9)]
VOLCA = ["note 1", *(f"cc 1 {number}" for number in range(42, 49))]
S_1_IN = [f"cc 3 {number}" for number in (3, 13, 19, 21, 23, 24, 25, 71)]
S_1_OUT = ["note 3", *(f"cc 3 {number}" for number in (3, 13, 19, 21, 23, 24, 25))]
MINILAB = ["note 1", *(f"cc 1 {number}" for number in (74, 71, 76, 77, 93, 18, 19))]
FREAK = ["note 1", *(f"cc 1 {number}" for number in (2, 5, 9, 10, 12, 13, 23))]
ABLETON = ["note 1", "note 2", "note 3", "note 4", "cc 1 1", "cc 1 2", "cc 1 3", "cc 1 4"]
S_1_PER_PORT = ["note 3", *(f"cc 3 {number}" for number in (19, 20, 21, 3, 13, 24, 25))]
QUNEO_IN = ["note 1", *(f"cc 1 {number}" for number in (7, 8, 9, 3, 2, 1, 0))]
QUNEO_OUT = [f"cc 1 {number}" for number in (1, 2, 3, 4, 8, 9, 10, 11)]
MICROBIT = ["cc 1 0", "cc 1 1", "cc 1 2"]


@dataclass(frozen=True)
class Meant:
    """What the author of a file meant: for each place, the message of each control; and other values by their key."""

    heard: dict[str, list[str]]
    played: dict[str, list[str]]
    also: dict[str, object] = field(default_factory=dict)


MEANT = {
    "01-default.toml": Meant(
        {"X-TOUCH": X_TOUCH, "websocket": VOLCA, "serialmidi": VOLCA},
        {"Studio 1824c": VOLCA, "websocket": VOLCA, "serialmidi": VOLCA},
        {"serial": None, "serialmidi.port": "/dev/ttyAMA0", "log_input": True, "osc.server_port": 6000},
    ),
    "02-config.toml": Meant(
        {"S-1": S_1_IN, "websocket": S_1_IN},
        {"S-1": S_1_OUT, "websocket": S_1_OUT},
        {"log_input": True, "osc.server_port": 5000, "osc.client_port": 5002, "websocket.server_port": 5001},
    ),
    "03-roland-s-1.toml": Meant({"S-1": S_1_IN}, {"S-1": S_1_OUT}, {"websocket": None}),
    "04-default.toml": Meant(
        {"X-TOUCH": X_TOUCH, "websocket": X_TOUCH},
        {"Studio 1824c": VOLCA, "websocket": VOLCA},
        {
            "serial.port": "/dev/ttyAMA0",
            "serial.baudrate": 115200,
            "serialmidi": None,
            "interaction.input_thru": True,
        },
    ),
    "05-arturia-minilab3-analogV.toml": Meant(
        {"Minilab3 MIDI": MINILAB, "websocket": MINILAB},
        {"IAC Driver Bus 1": MINILAB, "websocket": MINILAB},
        {"owner": "A player", "websocket.server_ip": "192.168.0.81"},
    ),
    "06-roland-s-1-quneo.toml": Meant(
        {"QuNeo": QUNEO_IN, "S-1": S_1_PER_PORT},
        {"QuNeo": QUNEO_OUT, "S-1": S_1_PER_PORT},
        {"midi.thru_matrix": {"QuNeo": ("S-1",)}, "midi.feedback_protection": True},
    ),
    "07-microfreak.toml": Meant(
        {"MicroFreak": FREAK, "websocket": FREAK},
        {"MicroFreak": FREAK, "websocket": FREAK},
        {"websocket.server_ip": "localhost", "websocket.server_port": 5001},
    ),
    "08-serial-example.toml": Meant(
        {"serialmidi": MICROBIT},
        {"serialmidi": MICROBIT},
        {"serialmidi.port": "/dev/tty.usbmodem14602", "midi": None, "serial": None, "log_input": True},
    ),
    "09-default.toml": Meant(
        {"X-TOUCH": X_TOUCH, "websocket": X_TOUCH, "serialmidi": VOLCA},
        {"Studio 1824c": VOLCA, "websocket": VOLCA, "serialmidi": VOLCA},
        {"serial": None, "serialmidi.port": "/dev/ttyAMA0"},
    ),
    "10-config.toml": Meant({"S-1": S_1_IN, "websocket": S_1_IN}, {"S-1": S_1_OUT, "websocket": S_1_OUT}),
    "11-u2midipro.toml": Meant(
        {"U2MIDI Pro": ABLETON, "websocket": ABLETON}, {"U2MIDI Pro": ABLETON, "websocket": ABLETON}
    ),
}
"""By the name of the file."""


def entries(specs: list[str], spare: str = "", base: int = 0) -> str:
    """A list of entries as people write it, with a comment at each; ``spare`` is one entry more."""
    rows = []
    for spec in (*specs, *([spare] if spare else [])):
        kind, channel, *rest = spec.split()
        name = {"note": "note_on", "cc": "control_change"}[kind]
        inside = ", ".join([f'"{name}"', str(int(channel) - base), *rest])
        rows.append(f"  [{inside}], # {spec}\n")
    return "[ # knobs\n" + "".join(rows) + "]\n"


_TOP = (
    '# A config\ntitle = "A title" # shown\n{}verbose = true\n\n[interaction]\nmode = "callresponse" # the mode\n{}'
)
_MODEL = "\n# The model\n[model]\ndimension = {} # controls and time\n\n"


def _top(keys: str, interaction: str = "", dimension: int = 9) -> str:
    return _TOP.format(keys, interaction) + _MODEL.format(dimension)


def _flat(device: str, inputs: list[str], output: str, outputs: list[str], spare: str = "") -> str:
    return (
        f'[midi]\nin_device = "{device}" # what I play on\nout_device = "{output}"\n'
        f"input = {entries(inputs)}output = {entries(outputs, spare)}\n"
    )


def _section(name: str, keys: str, inputs: list[str], outputs: list[str], base: int = 0) -> str:
    return f"[{name}]\n{keys}input = {entries(inputs, base=base)}output = {entries(outputs, base=base)}\n"


_WS = '[websocket]\nserver_ip = "0.0.0.0" # here\nserver_port = 5001 # port\n'
_OSC = '\n[osc]\nserver_ip = "localhost"\nserver_port = "5000" # in\nclient_ip = "localhost"\nclient_port = "5002"'
_OSC_6000 = '\n[osc]\nserver_ip = "0.0.0.0"\nserver_port = 6000\nclient_ip = "localhost"\nclient_port = 6001\n'
_SERIAL = '\n[serial]\nport = "/dev/ttyAMA0" # the plug\nbaudrate = 115200 # fast\n\n'
_PORT = 'port = "/dev/ttyAMA0" # the plug\n'
_CLIENT = 'client_ip = "localhost" # "192.168.0.103"\nclient_port = 8765 # to\n'

OWN_TEXTS = {
    "01-default.toml": _top("log_input = true\n")
    + _flat("X-TOUCH", X_TOUCH, "Studio 1824c", VOLCA)
    + _section("websocket", 'server_ip = "0.0.0.0"\nserver_port = 5001\n', VOLCA, VOLCA)
    + _OSC_6000
    + _SERIAL
    + _section("serialmidi", _PORT, VOLCA, VOLCA),
    "02-config.toml": _top("log = true # all\n") + _flat("S-1", S_1_IN, "S-1", S_1_OUT, "cc 3 71") + _WS + _OSC,
    "03-roland-s-1.toml": _top("") + _flat("S-1", S_1_IN, "S-1", S_1_OUT, "cc 3 71"),
    "04-default.toml": _top("log = true\n", "input_thru = true\n")
    + _flat("X-TOUCH", X_TOUCH, "Studio 1824c", VOLCA)
    + _WS
    + _SERIAL,
    "05-arturia-minilab3-analogV.toml": _top('name = "A player" # me\n')
    + _flat("Minilab3 MIDI", MINILAB, "IAC Driver Bus 1", MINILAB)
    + '[websocket]\nserver_ip = "192.168.0.81" # this\n',
    "06-roland-s-1-quneo.toml": _top("")
    + '[midi]\nin_device = ["S-1", "QuNeo"]\nout_device = ["S-1", "QuNeo"]\nfeedback_protection = true\n'
    + f'input."QuNeo" = {entries(QUNEO_IN)}output."QuNeo" = {entries(QUNEO_OUT)}'
    + f'input."S-1" = {entries(S_1_PER_PORT)}output."S-1" = {entries(S_1_PER_PORT)}'
    + 'thru_matrix = [ # straight\n  ["QuNeo", "S-1"], # pads\n]\n\n# the end\n',
    "07-microfreak.toml": _top("log = true\n")
    + _flat("MicroFreak", FREAK, "MicroFreak", FREAK)
    + f'[websocket]\n{_CLIENT}server_ip = "localhost"\nserver_port = 5001\n',
    "08-serial-example.toml": _top("log = true\n", dimension=4)
    + _section("midiserial", 'device = "/dev/tty.usbmodem14602" # micro:bit\n', MICROBIT, MICROBIT, base=1),
    "09-default.toml": _top("log_input = true\n")
    + _flat("X-TOUCH", X_TOUCH, "Studio 1824c", VOLCA)
    + _WS
    + _OSC_6000
    + _SERIAL
    + _section("serialmidi", _PORT, VOLCA, VOLCA),
    "10-config.toml": _top("") + _flat("S-1", S_1_IN, "S-1", S_1_OUT, "cc 3 71") + _WS + _OSC_6000,
    "11-u2midipro.toml": _top("log = true\n")
    + _flat("U2MIDI Pro", ABLETON, "U2MIDI Pro", ABLETON)
    + _WS.rstrip("\n"),
}
"""In the forms of the files of these names."""


def earlier_texts() -> list[tuple[str, str]]:
    """Name and text of each: our own, and the real ones where they are on this machine."""
    shared = Path(os.environ.get("IMPSY_SHARED", Path(__file__).resolve().parents[3] / "shared"))
    real = sorted((shared / "data" / "configs-early").glob("*.toml"))
    return [*OWN_TEXTS.items(), *((path.name, path.read_bytes().decode()) for path in real)]
