"""Presets while playing: by OSC, by a controller's button, in the journal; a wrong name stops nothing."""

from __future__ import annotations

import json

import pytest

from impsy.codecs.osc import OscDecoder, encode_message
from impsy.config import parse_config
from impsy.events import Interaction, Set, UsePreset
from impsy.mapping.commanding import CommandMapping, event_of
from impsy.mapping.commands import commands_of, parse_command, place_of
from impsy.perform import Ports, build_session
from impsy.perform.scenes import preset_events
from impsy.presets import PRESETS, preset_of
from impsy.settings import Settings
from impsy.testing import FakePort
from waiting import wait_until

COMMANDS = commands_of(())
CONFIG = "[model]\ndimension = 3\n[webui]\nmonitor_port = 1\ncommand_port = 0\n"


def no_ports(_config):
    return iter(())


def heard(address, tags, *values):
    return OscDecoder(2).decode(encode_message(address, tags, values)).events


def test_osc_asks_for_a_preset_by_its_name():
    assert heard("/impsy/preset", "s", "wild") == (UsePreset("wild"),)
    assert heard("/impsy/preset", "s", "x\ny") == (UsePreset("x\\ny"),)
    assert heard("/impsy/preset", "f", 0.5) == ()


@pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)
def test_each_preset_is_a_command_whose_light_shows_whether_it_fits(preset):
    command = COMMANDS[f"preset.{preset.name}"]
    assert (command.act, event_of(command, 1.0)) == ("press", UsePreset(preset.name))
    assert place_of(command, Settings(3, **preset.values), "") == 1.0
    assert place_of(command, Settings(3, threshold=9.0), "") == 0.0


def test_the_lights_of_a_controller_follow():
    names = ("preset.calm", "preset.wild")
    entries = [parse_command(["note_on", 1, 40 + index, "PADS"]) for index in range(len(names))]
    mapping = CommandMapping(tuple((COMMANDS[name], entry) for name, entry in zip(names, entries, strict=True)))
    assert mapping.decode(b"\x90\x28\x7f", 0.0) == (COMMANDS["preset.calm"], UsePreset("calm"))
    shown, _ = mapping.show(Settings(3, **PRESETS["wild"].values), "", 1.0)
    assert shown == [b"\x90\x28\x00", b"\x90\x29\x7f"]


def test_a_preset_is_settings_and_a_name_that_is_none_a_sentence():
    reports: list = []
    assert set(preset_events(" Calm", reports.append)) == {
        Set(name, value) for name, value in PRESETS["calm"].values.items()
    }
    assert reports == []
    for name in ("", "kalm", "x" * 500):
        assert preset_events(name, reports.append) == ()
    assert all("there are calm, close, free, wild" in each.text and len(each.text) < 200 for each in reports)


def test_a_session_plays_as_the_preset_says_and_its_journal_has_it(tmp_path):
    port = FakePort()
    with build_session(parse_config(CONFIG), logdir=tmp_path, seed=4, ports=Ports(no_ports, [port])) as session:
        before = session.view().engine.settings
        for name in ("wild", "nothing", "close", "wild"):
            session.deliver(UsePreset(name), "osc")
        wait_until(lambda: preset_of(session.view().engine.settings) == "wild")
        settings = session.view().engine.settings
        assert (settings.mode, settings.hold, settings.tempo) == (before.mode, before.hold, before.tempo)
        assert any(each.kind == "unknown-preset:nothing" for each in session.view().reports)
        port.deliver(Interaction((0.5, 0.5), "fake"))
        wait_until(lambda: session.view().rows >= 1)
    (journal,) = tmp_path.glob("*.jsonl")
    calls = [json.loads(line) for line in journal.read_text().splitlines()[1:]]
    noted = [(call["name"], call["from"]) for call in calls if call["do"] == "use_preset"]
    assert noted == [("wild", "osc"), ("nothing", "osc"), ("close", "osc"), ("wild", "osc")]
    assert {call["name"] for call in calls if call.get("from") == "preset"} == set(PRESETS["wild"].values)
