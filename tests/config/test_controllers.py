"""Which controllers the examples know, and which port is which of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.config import load_config
from impsy.config.controllers import controller_at, controllers, read_example

CONFIGS = Path(__file__).parents[2] / "examples" / "configs"

NAMES = {
    "LPD8:LPD8 MIDI 1 20:0": "akai-lpd8",
    "LPD8": "akai-lpd8",
    "LPD8 mk2:LPD8 mk2 MIDI 1 20:0": None,
    "MPK mini 3": "akai-mpk-mini-mk3",
    "MPK Mini Mk II": None,
    "MPK mini 31": None,
    "a2j:X-TOUCH MINI [24] (capture): X-TOUCH MINI MIDI 1": "behringer-x-touch-mini",
    "nanoKONTROL2:nanoKONTROL2 nanoKONTROL2 _ CTRL 24:0": "korg-nanokontrol2",
    "NANOKONTROL2 SLIDER/KNOB 1": "korg-nanokontrol2",
    "nanoKONTROL Studio": None,
    "Launch Control XL": "novation-launch-control-xl",
    "Launch Control XL MK2": "novation-launch-control-xl",
    "Launch Control XL mk 3": None,
    "Launch Control": None,
    "Midi Through:Midi Through Port-0 14:0": None,
    "S-1:S-1 MIDI 1": None,
    "USB MIDI": None,
    "": None,
}


def test_the_controllers_are_those_of_the_examples_that_play_and_nothing_else():
    assert {each.name for each in controllers()} == {name for name in NAMES.values() if name}


@pytest.mark.parametrize("controller", controllers(), ids=lambda each: each.name)
def test_each_has_the_mapping_of_its_example_in_words(controller):
    loaded = load_config(CONFIGS / f"{controller.name}.toml").config
    assert loaded.midi.input == {controller.device: controller.mapping}
    assert len(controller.parts) == len(controller.mapping)
    assert all(part and "[" not in part for part in controller.parts)
    assert controller.about.endswith(".")
    assert controller.advice.startswith("Set the device: ")
    assert "`" not in controller.advice + controller.about
    assert controller_at(controller.device) is controller


@pytest.mark.parametrize("port", NAMES)
def test_a_port_is_known_by_its_name_in_the_version_that_the_example_is_for(port):
    found = controller_at(port)
    assert (found.name if found else None) == NAMES[port]


@given(st.text(), st.text(), st.sampled_from([each.device for each in controllers()]))
def test_any_name_of_a_port_is_one_controller_or_none(before, after, device):
    for port in (before, before + device + after, f"{before} {device} {after}"):
        found = controller_at(port)
        assert found is None or found.device.casefold() in port.casefold()


@pytest.mark.parametrize(
    "name",
    [
        "akai-lpd8-pads",
        "korg-nanokontrol2-two-voices",
        "roland-s-1",
        "moog-minitaur",
        "x-touch-mini-and-s-1",
        "browser",
    ],
)
def test_an_example_of_something_else_is_no_controllers(name):
    assert read_example(name, (CONFIGS / f"{name}.toml").read_text()) is None
