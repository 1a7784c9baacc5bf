"""Which ports a configuration's names mean."""

from __future__ import annotations

import os
import pty

import pytest

from impsy.config import parse_config
from impsy.io.midi.portnames import Claims
from impsy.io.serial.port import PortInfo
from impsy.perform.diagnostics.devices import (
    FoundMidi,
    FoundSerial,
    find_midi_ports,
    find_serial_ports,
    ports_meant,
    short_name,
    wanted_midi_ports,
    wanted_serial_ports,
)

PORTS = FoundMidi(
    "ALSA", ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0", "X-TOUCH MINI:X-TOUCH MINI MIDI 2 20:1"), ("S-1:S-1 24:0",)
)

MIDI = """\
[model]
dimension = 2
[midi]
in_device = ["x-touch", "QuNeo", "virtual:Pads"]
out_device = ["S-1"]
input."x-touch" = [["note_on", 1]]
output."S-1" = [["note_on", 1]]
"""


def midi(text: str = MIDI):
    section = parse_config(text).config.midi
    assert section is not None
    return section


def test_a_part_of_a_name_means_the_first_port_that_has_it():
    touch, quneo, virtual, synth = wanted_midi_ports(midi(), PORTS)
    assert touch.found == PORTS.inputs[0]
    assert touch.others == PORTS.inputs[1:]
    assert touch.key == "midi.in_device[0]"
    assert touch.mapped
    assert (quneo.found, quneo.mapped) == ("", False)
    assert "QuNeo" in quneo.problem
    assert "Pads" in virtual.found
    assert (synth.direction, synth.found) == ("out", "S-1:S-1 24:0")


def test_a_port_that_only_commands_is_wanted_too():
    text = '[model]\ndimension = 2\n[commands]\npanic = ["note_on", 1]\n"mode.battle" = ["note_on", 2, "S-1"]\n'
    config = parse_config(text + 'pause = ["note_on", 3, "S-1"]\nreset = ["note_on", 4, "websocket"]\n').config
    (pedal,) = wanted_midi_ports(config.midi_in_use, PORTS, config.command_ports)
    assert (pedal.key, pedal.direction, pedal.name, pedal.mapped) == ('commands."mode.battle"', "in", "S-1", True)
    listed = config.midi_in_use.model_copy(update={"in_device": ("S-1",)})
    (pedal,) = wanted_midi_ports(listed, PORTS, config.command_ports)
    assert (pedal.key, pedal.mapped) == ("midi.in_device[0]", True)


TWO = """\
[model]
dimension = 2
[midi]
in_device = ["Deck", "Deck 1", "Pad:Pad MIDI 1 20:0"]
"""


def test_the_ports_command_means_the_ports_that_performing_opens():
    ports = ("Deck 1", "Deck 2", "Pad:Pad MIDI 1 24:0", "Pad:Pad MIDI 1 28:0")
    claims = Claims()
    section = midi(TWO)
    claims.plan("in", section.in_device)
    wanted = list(wanted_midi_ports(section, FoundMidi("ALSA", ports)))
    assert [each.found for each in wanted] == ["Deck 2", "Deck 1", "Pad:Pad MIDI 1 24:0"]
    assert [each.found for each in wanted] == [claims.claim("in", each.name, ports).port for each in wanted]
    assert [each.renumbered for each in wanted] == [False, False, True]
    assert wanted[2].others == ("Pad:Pad MIDI 1 28:0",)
    alone = list(wanted_midi_ports(section, FoundMidi("ALSA", ("Deck 1",))))
    assert [each.found for each in alone] == ["", "Deck 1", ""]
    assert "“Deck 1” means already" in alone[0].problem
    assert ports_meant(section.in_device, ("Deck 1",)) == {"Deck 1": "Deck 1"}


def test_without_a_midi_system_nothing_is_found():
    for wanted in wanted_midi_ports(midi(), FoundMidi(error="none works here")):
        assert not wanted.found
        assert wanted.problem


def test_a_midi_system_that_is_not_there_is_told_and_raises_nothing(told_of_midi):
    assert told_of_midi("BeOS") in find_midi_ports("BeOS").error


def test_serial_ports_are_found_by_any_of_their_names_or_as_a_file():
    main, other = pty.openpty()
    try:
        path = os.ttyname(other)
        text = f'[model]\ndimension = 2\n[serial]\nport = "{path}"\n'
        text += '[serialmidi]\nport = "COM3"\ninput = [["note_on", 1]]\n'
        config = parse_config(text).config
        listed = FoundSerial((PortInfo("COM3", "com3", "a board"),))
        lines, plug = wanted_serial_ports(config, listed)
        assert (lines.found, lines.direction) == (path, "both")
        assert (plug.found, plug.direction) == ("COM3", "in")
        _, plug = wanted_serial_ports(config, FoundSerial())
        assert (plug.found, plug.problem) == ("", "is not there")
    finally:
        os.close(main)
        os.close(other)


def test_the_serial_ports_of_this_machine_can_be_listed():
    found = find_serial_ports()
    assert not found.error
    assert all(port.path for port in found.ports)


@pytest.mark.parametrize(
    ("port", "others", "name"),
    [
        ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0", (), "X-TOUCH MINI"),
        (
            "X-TOUCH MINI:X-TOUCH MINI MIDI 2 20:1",
            ("X-TOUCH MINI:X-TOUCH MINI MIDI 1 20:0",),
            "X-TOUCH MINI:X-TOUCH MINI MIDI 2",
        ),
        ("X-TOUCH MINI 0", ("loopMIDI 1",), "X-TOUCH MINI"),
        ("system:midi_capture_1", (), "system:midi_capture_1"),
        ("IAC Driver Bus 1", ("IAC Driver Bus 2",), "IAC Driver Bus 1"),
    ],
)
def test_a_short_name_means_one_port_and_lasts(port, others, name):
    assert short_name(port, (port, *others)) == name
