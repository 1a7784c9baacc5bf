"""Checks across sections, and keys that are not IMPSY's."""

from __future__ import annotations

import pytest
from config_texts import MINIMAL, STAGE

from impsy.config import InvalidConfigError, LoadedConfig, parse_config

TWO = '[["note_on", 1], ["control_change", 1, 2]]'
ONE = '[["note_on", 1]]'


def load(text: str) -> LoadedConfig:
    return parse_config(MINIMAL + text)


def refused(text: str) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfigError) as caught:
        load(text)
    return [(problem.key, str(problem)) for problem in caught.value.problems]


def test_a_config_in_order_has_nothing_to_say() -> None:
    loaded = parse_config(STAGE)
    assert (loaded.warnings, loaded.conflicts) == ((), ())


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f'[midi]\nin_device = ["A"]\ninput."A" = {ONE}', 'midi.input."A"'),
        (f'[midi]\nout_device = ["A"]\noutput."A" = {ONE}', 'midi.output."A"'),
        (f"[websocket]\ninput = {ONE}", "websocket.input"),
        (f"[websocket]\noutput = {ONE}", "websocket.output"),
        (f'[serialmidi]\nport = "/dev/a"\ninput = {ONE}', "serialmidi.input"),
        (f'[serialmidi]\nport = "/dev/a"\noutput = {ONE}', "serialmidi.output"),
    ],
)
def test_a_mapping_needs_one_entry_for_each_value(text: str, key: str) -> None:
    ((found, message),) = refused(text)
    assert found == key
    assert "found 1 entry; wanted 2" in message
    assert "dimension 3" in message
    assert load(text.replace(ONE, TWO)).warnings == ()


def test_an_empty_mapping_that_is_written_is_too_short() -> None:
    ((key, message),) = refused("[websocket]\ninput = []")
    assert key == "websocket.input"
    assert "found 0 entries" in message


def test_lengths_are_told_along_with_wrong_entries_and_wrong_keys() -> None:
    keys = [key for key, _ in refused(f'sigmatemp = -1\n[websocket]\ninput = [["note_on", 0]]\noutput = {ONE}')]
    assert keys == ["model.sigmatemp", "websocket.input", "websocket.input[0]", "websocket.output"]


def test_a_device_without_mapping_and_a_mapping_without_device_are_told_with_a_guess() -> None:
    loaded = load(
        f'[midi]\nin_device = ["X-TOUCH", "B"]\ninput."X-TUOCH" = {TWO}\ninput."B" = {TWO}\nout_device = ["C"]'
    )
    assert [problem.key for problem in loaded.warnings] == [
        "midi.in_device[0]",
        'midi.input."X-TUOCH"',
        "midi.out_device[0]",
    ]
    assert 'Did you mean "X-TOUCH"?' in str(loaded.warnings[1])


def test_keys_of_scenes_are_checked_as_those_of_sections_are() -> None:
    loaded = load('[scenes."A"]\nmode = "battle"\nsigma_temp = 1\ndimension = 3\ncolour = "red"\n[scenes.empty]\n')
    assert [(p.key, p.hint) for p in loaded.warnings] == [
        ('scenes."A".sigma_temp', "Did you mean sigmatemp?"),
        ('scenes."A".dimension', "Did you mean dimension in [model]?"),
        (
            "scenes.empty",
            "It can have mode, threshold, sigmatemp, pitemp, timescale, hold, longest_wait, tempo, quantise, grid, "
            "while_playing, model",
        ),
    ]
    assert [p.key for p in loaded.notes] == ['scenes."A".colour']
    assert [p.hint for p in load('[scene.a]\nmode = "battle"').warnings] == ["Did you mean scenes?"]


def test_the_thru_matrix_names_ports_that_are_open() -> None:
    ports = f'in_device = ["A"]\ninput."A" = {TWO}\nout_device = ["B"]\noutput."B" = {TWO}\n'
    assert load(f'[midi]\n{ports}thru_matrix."A" = ["B"]').warnings == ()
    warnings = load(f'[midi]\n{ports}thru_matrix."A" = ["C"]\nthru_matrix."D" = ["B"]').warnings
    assert [problem.key for problem in warnings] == ['midi.thru_matrix."A"[0]', 'midi.thru_matrix."D"']


@pytest.mark.parametrize("address", ["0.0.0.0", "::", ""])
def test_sending_to_a_wildcard_goes_to_this_machine_with_a_warning(address: str) -> None:
    loaded = load(f'[osc]\nclient_ip = "{address}"')
    assert loaded.config.osc is not None
    assert loaded.config.osc.client_ip == "127.0.0.1"
    assert [problem.key for problem in loaded.warnings] == ["osc.client_ip"]
    assert "127.0.0.1" in str(loaded.warnings[0])


def test_listening_on_a_wildcard_is_fine() -> None:
    loaded = load('[osc]\nserver_ip = "0.0.0.0"\nclient_ip = "localhost"')
    assert loaded.warnings == ()
    assert loaded.config.osc is not None
    assert (loaded.config.osc.server_ip, loaded.config.osc.client_ip) == ("0.0.0.0", "localhost")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[osc]\nserver_ip = "0.0.0.0"\nserver_port = 4002\n[webui]', "webui.command_port"),
        ("[webui]\ncommand_port = 6000\n[osc]", "webui.command_port"),
        ("[webui]\nmonitor_port = 6000\n[osc]", "webui.monitor_port"),
        ("[webui]\nmonitor_port = 5000\ncommand_port = 5000", "webui.monitor_port"),
    ],
)
def test_two_listeners_on_one_port_are_an_error(text: str, key: str) -> None:
    ((found, message),) = refused(text)
    assert found == key
    assert "another port" in message


@pytest.mark.parametrize(
    "text",
    [
        '[osc]\nserver_ip = "192.168.0.5"\nserver_port = 4002\n[webui]',
        "[osc]\nserver_port = 0\n[webui]\ncommand_port = 0",
        "[osc]\nserver_port = 4002",
        "[webui]\ncommand_port = 6000",
    ],
)
def test_listeners_apart_are_fine(text: str) -> None:
    assert load(text).warnings == ()


def test_osc_that_hears_itself_is_told() -> None:
    assert [p.key for p in load("[osc]\nserver_port = 7000\nclient_port = 7000").warnings] == ["osc.client_port"]


def test_serial_midi_needs_a_port_from_somewhere() -> None:
    ((key, message),) = refused(f"[serialmidi]\ninput = {TWO}")
    assert key == "serialmidi.port"
    assert "[serial]" in message
    assert load(f'[serialmidi]\nport = "/dev/a"\ninput = {TWO}').conflicts == ()


def test_one_port_for_both_serial_sections_keeps_one_closed_but_loads() -> None:
    loaded = load(f'[serial]\nport = "/dev/a"\n[serialmidi]\nport = "/dev/a"\ninput = {TWO}')
    (conflict,) = loaded.conflicts
    assert (conflict.level, conflict.key, conflict.line) == ("error", "serial", 3)
    assert "[serial] stays closed" in str(conflict)
    assert "[serialmidi]" in str(conflict)
    assert loaded.config.serial_stays_closed
    assert loaded.warnings == ()


def test_an_input_that_can_never_change_is_told() -> None:
    (warning,) = load('[websocket]\ninput = [["note_on", 1], ["control_change", 1, 2, 64, 64]]').warnings
    assert warning.key == "websocket.input[1]"
    assert load('[websocket]\noutput = [["note_on", 1], ["control_change", 1, 2, 64, 64]]').warnings == ()


@pytest.mark.parametrize(
    ("text", "key", "guess"),
    [
        ("[interaction]\ntreshold = 1", "interaction.treshold", "Did you mean threshold?"),
        ("[interaction]\nMode = 'battle'", 'interaction."Mode"', "Did you mean mode?"),
        ("[interaction]\ninput-thru = true", 'interaction."input-thru"', "Did you mean input_thru?"),
        ("[webscoket]\n", "webscoket", "Did you mean websocket?"),
        ("sigma_temp = 1", "model.sigma_temp", "Did you mean sigmatemp?"),
        ("threshold = 1", "model.threshold", "Did you mean threshold in [interaction]?"),
        ("log_input = false", "model.log_input", "Did you mean log_input at the top"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_a_guess(text: str, key: str, guess: str) -> None:
    loaded = load(text)
    ((warning,), notes) = loaded.warnings, loaded.notes
    assert (warning.level, warning.key) == ("warning", key)
    assert guess in str(warning)
    assert notes == ()


@pytest.mark.parametrize(
    "text",
    [
        "[plugin]\nthreshold = 3",
        "[model]\nname = 'x'",
        "[interaction]\nmode = 'battle'\nmode2 = 1",
        "[osc]\nport = 3",
        "[[presets]]\nmodel = 3",
    ],
)
def test_keys_of_other_programs_are_left_alone(text: str) -> None:
    base = "" if "[model]" in text else MINIMAL
    loaded = parse_config(base + text + ("\ndimension = 3" if not base else ""))
    assert loaded.warnings == ()
    assert [problem.level for problem in loaded.notes] == ["info"]


def test_a_clock_turns_on_without_a_word() -> None:
    ports = 'in_device = ["A"]\nout_device = ["B"]\n'
    clock = '[clock]\nsource = "midi"\nquantise = 0.5\ngrid = "1/8t"\nsend = ["B", "C"]\n'
    loaded = load(f"[midi]\n{ports}{clock}")
    assert loaded.warnings == ()
    assert loaded.config.midi_in_use.out_device == ("B", "C")
    alone = load('[clock]\nsource = "internal"\nsend = ["C"]\n')
    assert alone.warnings == ()
    assert alone.config.midi is None
    assert alone.config.midi_in_use.out_device == ("C",)


@pytest.mark.parametrize(
    ("clock", "key", "words"),
    [
        ('source = "midi"', "clock.source", "no MIDI input is open"),
        ("quantise = 1", "clock.quantise", 'the source is "off"'),
        ('send = ["A"]', "clock.send", 'the source is "off"'),
    ],
)
def test_a_clock_that_does_nothing_is_told(clock: str, key: str, words: str) -> None:
    (warning,) = load(f"[clock]\n{clock}\n").warnings
    assert warning.key == key
    assert words in warning.text
    assert warning.hint
