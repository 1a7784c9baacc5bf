"""Presets: rows of valid settings, and which of them fits the present numbers."""

from __future__ import annotations

import struct
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from impsy.presets import PRESETS, preset_of
from impsy.settings import SETTINGS, Settings

NUMBERS = ("sigma_temperature", "pi_temperature", "threshold", "timescale")
every = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS)


def playing(values, clock_source="internal"):
    return replace(Settings(3), clock_source=clock_source, **values)


@every
def test_a_preset_sets_what_a_command_may_set_while_playing(preset):
    assert preset.values.keys() == {*NUMBERS, "quantise"}
    for name, value in preset.values.items():
        row = SETTINGS[name]
        assert row.fault(value) == ""
        assert row.within_useful(value) == value
        assert row.slider is None or value <= row.slider[0]
    assert preset.help.endswith(".")


@every
def test_a_preset_fits_what_it_sets_and_nothing_else(preset):
    assert preset_of(playing(preset.values)) == preset.name
    as_float32 = {name: struct.unpack("f", struct.pack("f", value))[0] for name, value in preset.values.items()}
    assert preset_of(playing(as_float32)) == preset.name
    for name, value in preset.values.items():
        assert preset_of(playing({**preset.values, name: abs(value - 0.001)})) != preset.name


@every
def test_without_shared_time_quantise_is_not_compared(preset):
    assert preset_of(playing({**preset.values, "quantise": 0.123}, "off")) == preset.name


@given(st.fixed_dictionaries({name: st.floats(0.02, 5) for name in NUMBERS}), st.floats(0, 1))
def test_other_numbers_are_no_preset(values, quantise):
    assume(all(abs(values["timescale"] - preset.values["timescale"]) > 0.001 for preset in PRESETS.values()))
    assert preset_of(playing({**values, "quantise": quantise})) == ""


def test_they_differ_in_what_counts_without_shared_time():
    assert len({tuple(preset.values[name] for name in NUMBERS) for preset in PRESETS.values()}) == len(PRESETS)
