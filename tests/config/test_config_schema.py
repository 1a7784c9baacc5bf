"""Defaults, ranges and types of each key."""

from __future__ import annotations

from typing import Any

import pytest
from config_texts import MINIMAL
from pydantic import ValidationError

from impsy.config import Config, InvalidConfigError, parse_config
from impsy.mapping.entries import ControlChange, NoteOn


def config(text: str) -> Config:
    return parse_config(MINIMAL + text).config


def test_an_absent_section_is_off_and_defaults_are_the_documented_ones() -> None:
    loaded = config("")
    for section in ("midi", "osc", "websocket", "serial", "serialmidi", "webui"):
        assert getattr(loaded, section) is None
    assert (loaded.title, loaded.verbose, loaded.log_input, loaded.log_predictions) == ("", False, True, False)
    assert loaded.interaction.model_dump() == {
        "mode": "callresponse",
        "threshold": 0.1,
        "input_thru": False,
        "hold": 2.0,
        "longest_wait": 8.0,
    }
    assert loaded.model.model_dump() == {
        "dimension": 3,
        "file": "",
        "size": None,
        "sigmatemp": 0.01,
        "pitemp": 1.0,
        "timescale": 1.0,
    }


def test_an_empty_section_turns_its_transport_on_with_defaults() -> None:
    loaded = config("[osc]\n[webui]\n[midi]\n[websocket]\n")
    assert loaded.osc is not None
    assert loaded.osc.output_addresses == ("/prediction", "/impsy")
    assert loaded.webui is not None
    assert (loaded.webui.monitor_port, loaded.webui.command_port) == (4001, 4002)
    assert loaded.midi is not None
    assert (loaded.midi.feedback_protection, loaded.midi.feedback_threshold) == (False, 0.02)
    assert loaded.websocket is not None


def test_mappings_become_entries() -> None:
    loaded = config(
        '[midi]\nin_device = ["A"]\ninput."A" = [["note_on", 1], ["control_change", 2, 3, 4, 5]]\napi = "jack"\n'
    )
    assert loaded.midi is not None
    assert loaded.midi.input == {"A": (NoteOn(1), ControlChange(2, 3, 4, 5))}
    assert loaded.midi.in_device == ("A",)
    assert loaded.midi.api == "jack"


def test_scenes_have_names_and_keys_that_may_all_be_left_out() -> None:
    loaded = config(
        '[scenes."The verse"]\nmode = "battle"\nthreshold = 1\nsigmatemp = 0\npitemp = 2\ntimescale = 0.5\n'
        'hold = 1.5\nlongest_wait = 0\ntempo = 90\nquantise = 1\ngrid = "1/8"\nwhile_playing = true\n'
        'model = "a.tflite"\n'
        '[scenes.chorus]\nmode = "useronly"\n'
    )
    assert list(loaded.scenes) == ["The verse", "chorus"]
    assert loaded.scenes["The verse"].model_dump() == {
        "mode": "battle",
        "while_playing": True,
        "threshold": 1.0,
        "sigmatemp": 0.0,
        "pitemp": 2.0,
        "timescale": 0.5,
        "hold": 1.5,
        "longest_wait": 0.0,
        "tempo": 90.0,
        "quantise": 1.0,
        "grid": "1/8",
        "model": "a.tflite",
    }
    assert loaded.scenes["chorus"].model_dump(exclude_none=True) == {"mode": "useronly"}
    assert config("").scenes == {}


@pytest.mark.parametrize(
    ("text", "key", "words"),
    [
        ('[scenes."A b"]\nmode = "batle"', 'scenes."A b".mode', 'Did you mean "battle"?'),
        ("[scenes.a]\nthreshold = -1", "scenes.a.threshold", "a number of seconds, 0 or more"),
        ("[scenes.a]\nsigmatemp = inf", "scenes.a.sigmatemp", "a number, 0 or more"),
        ('[scenes.a]\npitemp = "2.5"', "scenes.a.pitemp", "Did you mean 2.5?"),
        ("[scenes.a]\ntimescale = 0", "scenes.a.timescale", "a number above 0"),
        ('[scenes.a]\nmodel = ""', "scenes.a.model", "a model file's path"),
        ("[scenes]\na = 3", "scenes.a", "a section that starts with [scenes.a]"),
        ('[scenes.""]', 'scenes.""', "a name"),
    ],
)
def test_what_is_wrong_with_a_scene_is_said_with_its_name(text: str, key: str, words: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        config(text)
    (problem,) = caught.value.problems
    assert (problem.key, problem.line) == (key, len(text.splitlines()) + 2)
    assert words in str(problem)


def test_whole_numbers_will_do_for_fractions() -> None:
    loaded = config("pitemp = 2\n[interaction]\nthreshold = 1\n")
    assert (loaded.model.pitemp, loaded.interaction.threshold) == (2.0, 1.0)
    assert isinstance(loaded.model.pitemp, float)


def test_a_config_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        config("").title = "other"  # type: ignore[misc]


def test_serial_midi_takes_the_port_of_the_serial_section() -> None:
    alone = config('[serialmidi]\nport = "/dev/a"\n')
    assert (alone.serialmidi_port, alone.serial_stays_closed) == ("/dev/a", False)
    apart = config('[serialmidi]\nport = "/dev/a"\n[serial]\nport = "/dev/b"\n')
    assert (apart.serialmidi_port, apart.serial_stays_closed) == ("/dev/a", False)
    shared = config('[serialmidi]\nport = "/dev/b"\n[serial]\nport = "/dev/b"\n')
    assert (shared.serialmidi_port, shared.serial_stays_closed) == ("/dev/b", True)
    named = config('[serialmidi]\n[serial]\nport = "/dev/b"\n')
    assert (named.serialmidi_port, named.serial) == ("/dev/b", None)
    neither = config('[serial]\nport = "/dev/b"\n')
    assert (neither.serialmidi_port, neither.serial_stays_closed) == (None, False)


GOOD = [
    "[interaction]\nthreshold = 0",
    "sigmatemp = 0\npitemp = 0.0\ntimescale = 1e-3",
    "[osc]\nserver_port = 0\nclient_port = 65535",
    '[websocket]\nserver_ip = ""\nserver_port = 0',
    "[webui]\ncommand_port = 0",
    'size = "xxs"',
    "[osc]\noutput_addresses = []",
]


@pytest.mark.parametrize("text", GOOD)
def test_the_ends_of_each_range_are_inside(text: str) -> None:
    config(text)


BAD: list[tuple[str, str, list[str]]] = [
    ("[interaction]\nthreshold = -0.1", "interaction.threshold", ["found -0.1", "0 or more"]),
    ("[interaction]\nthreshold = true", "interaction.threshold", ["found true", "number of seconds"]),
    ("[interaction]\nthreshold = inf", "interaction.threshold", ["found inf"]),
    ('[interaction]\nmode = "batle"', "interaction.mode", ["callresponse", 'Did you mean "battle"?']),
    ("[interaction]\nmode = 3", "interaction.mode", ["found 3", "callresponse"]),
    ('[interaction]\ninput_thru = "yes"', "interaction.input_thru", ["true or false", "Did you mean true?"]),
    ("[interaction]\ninput_thru = 1", "interaction.input_thru", ["found 1", "Did you mean true?"]),
    ("sigmatemp = -1", "model.sigmatemp", ["found -1"]),
    ("sigmatemp = nan", "model.sigmatemp", ["found nan"]),
    ("pitemp = -0.5", "model.pitemp", ["found -0.5"]),
    ("timescale = 0", "model.timescale", ["above 0"]),
    (f"timescale = 1{'0' * 400}", "model.timescale", ["more than 20 digits"]),
    ('size = "S"', "model.size", ["xxs, xs, s, m, l, xl", 'Did you mean "s"?']),
    ("file = 3", "model.file", ["found 3", 'Did you mean "3"?']),
    ("[osc]\nserver_port = -1", "osc.server_port", ["found -1", "1-65535"]),
    ("[osc]\nserver_port = 65536", "osc.server_port", ["found 65536"]),
    ("[osc]\nclient_port = 0", "osc.client_port", ["found 0", "1-65535"]),
    ("[osc]\nclient_port = 6001.0", "osc.client_port", ["Did you mean 6001?"]),
    ("[osc]\nclient_port = 6001.0", "osc.client_port", ["Did you mean 6001?"]),
    ("[webui]\nmonitor_port = 0", "webui.monitor_port", ["found 0"]),
    ('[osc]\noutput_addresses = ["prediction"]', "osc.output_addresses[0]", ['starts with "/"']),
    ('[osc]\noutput_addresses = "/x"', "osc.output_addresses", ['Did you mean ["/x"]?']),
    ('[osc]\noutput_addresses = "/x"', "osc.output_addresses", ["list of OSC addresses", 'Did you mean ["/x"]?']),
    ("[midi]\nin_device = [3]", "midi.in_device[0]", ["found 3", "a port name"]),
    ('[midi]\ninput = [["note_on", 1]]', "midi.input", ["for each port"]),
    ("[midi]\nfeedback_threshold = -1", "midi.feedback_threshold", ["found -1"]),
    ('[midi]\nthru_matrix."A" = 7', 'midi.thru_matrix."A"', ["found 7", "wanted a list of port names"]),
    ("[midi]\napi = 3", "midi.api", ["found 3"]),
    ("[serial]\n", "serial.port", ["missing", "a serial port"]),
    ('[serial]\nport = ""', "serial.port", ['found ""']),
    ('[serial]\nport = "/dev/a"\nbaudrate = 0', "serial.baudrate", ["found 0"]),
    ('[serialmidi]\nport = ""', "serialmidi.port", ['found ""']),
    ('[clock]\nsource = "alsa"', "clock.source", ['found "alsa"', "off, internal, midi, link"]),
    ("[clock]\ntempo = 10", "clock.tempo", ["found 10", "a number from 20 to 400"]),
    ("[clock]\ntempo = 401", "clock.tempo", ["found 401", "a number from 20 to 400"]),
    ("[clock]\nquantise = 1.5", "clock.quantise", ["found 1.5", "a number from 0 to 1"]),
    ('[clock]\ngrid = "1/64"', "clock.grid", ['found "1/64"', "1/16t"]),
    ('[clock]\nsend = "S-1"', "clock.send", ["a list of port names", 'Did you mean ["S-1"]?']),
    ("[[osc]]", "osc", ["found [a table]", "[osc]"]),
    ("[websocket]\nserver_ip = 3", "websocket.server_ip", ["found 3", "address"]),
]


@pytest.mark.parametrize(("text", "key", "words"), BAD, ids=[case[1] + ":" + case[0][-12:] for case in BAD])
def test_a_value_that_does_not_fit_is_named(text: str, key: str, words: list[str]) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        config(text)
    (problem,) = caught.value.problems
    assert problem.key == key
    assert problem.level == "error"
    assert problem.line is not None
    for word in words:
        assert word in str(problem)


@pytest.mark.parametrize("dimension", ["1", "0", "-3", "true", '"9"', "9.0", "[9]"])
def test_the_dimension_is_a_whole_number_of_at_least_two(dimension: str) -> None:
    with pytest.raises(InvalidConfigError, match=r"model\.dimension") as caught:
        parse_config(f"[model]\ndimension = {dimension}\n")
    assert "2 or more" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[osc]\n", "model = 3\n", "[interaction]\n"])
def test_a_config_without_a_dimension_says_so(text: str) -> None:
    with pytest.raises(InvalidConfigError, match="model") as caught:
        parse_config(text)
    assert "[model]" in str(caught.value)


def test_every_field_can_say_what_it_wants() -> None:
    def fields(schema: Any) -> list[Any]:
        return list(schema.model_fields.values())

    for name, field in Config.model_fields.items():
        section = next(
            (t for t in (field.annotation, *getattr(field.annotation, "__args__", ())) if hasattr(t, "model_fields")),
            None,
        )
        for inner in fields(section) if section else [field]:
            assert inner.description, (name, inner)
