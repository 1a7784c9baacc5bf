"""Configurations of all earlier forms load, play what their authors meant, and can be brought to the present form."""

from __future__ import annotations

import itertools
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from config_texts import FUZZ, MINIMAL, STAGE, toml_texts
from earlier_texts import MEANT, OWN_TEXTS, earlier_texts
from hypothesis import example, given
from hypothesis import strategies as st

from impsy.config import Config, InvalidConfigError, LoadedConfig, parse_config
from impsy.config.document import ConfigDocument
from impsy.config.earlier.forms import present_form
from impsy.config.upgrade import upgrade, upgrade_playing_the_same
from impsy.errors import ConfigError
from impsy.mapping.entries import ControlChange, Mapping, NoteOn
from impsy.mapping.input import InputMapping
from impsy.mapping.output import OutputMapping

TEXTS = earlier_texts()
IDS = [f"{name}-{'own' if index < len(OWN_TEXTS) else 'real'}" for index, (name, _) in enumerate(TEXTS)]


def load(text: str, dimension: int = 3) -> LoadedConfig:
    return parse_config(f"{text}\n[model]\ndimension = {dimension}\n")


def upgraded(text: str) -> str:
    document = ConfigDocument(text)
    upgrade(document)
    return document.dumps()


def mapping_at(config: Config, way: str, place: str) -> Mapping:
    if place in ("websocket", "serialmidi"):
        return getattr(getattr(config, place), way)
    assert config.midi is not None
    assert place in (config.midi.in_device if way == "input" else config.midi.out_device)
    return getattr(config.midi, way)[place]


def message(spec: str, value: int, *, off: bool = False) -> bytes:
    kind, channel, *number = spec.split()
    if kind == "note":
        return bytes(((0x80 if off else 0x90) + int(channel) - 1, value, 0 if off else 127))
    return bytes((0xB0 + int(channel) - 1, int(number[0]), value))


# --- what the files mean ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=IDS)
def test_the_first_ten_messages_are_those_that_the_author_meant(name: str, text: str) -> None:
    meant, config = MEANT[name], parse_config(text).config
    for place, specs in meant.heard.items():
        heard = InputMapping(mapping_at(config, "input", place))
        for turn in range(10):
            control, value = turn % len(specs), 10 * turn + 7
            assert heard.decode(message(specs[control], value)) == ((control, value / 127),), (place, turn)
    for place, specs in meant.played.items():
        played = OutputMapping(mapping_at(config, "output", place))
        messages = [each for value in (10, 20, 30, 40) for each in played.encode([value / 127] * len(specs))]
        expected: list[bytes] = []
        for last, value in ((None, 10), (10, 20), (20, 30), (30, 40)):
            for spec in specs:
                if last is not None and spec.startswith("note"):
                    expected.append(message(spec, last, off=True))
                expected.append(message(spec, value))
        assert messages[:10] == expected[:10], place
    for key, value in meant.also.items():
        found: Any = config
        for step in key.split("."):
            found = getattr(found, step)
        assert found == value, key


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=IDS)
def test_one_line_says_what_was_understood_and_nothing_else_is_said(name: str, text: str) -> None:
    loaded = parse_config(text)
    assert loaded.earlier_form.startswith("earlier form understood: "), name
    assert loaded.earlier_form.endswith("`impsy config upgrade` writes the present form")
    assert "\n" not in loaded.earlier_form
    assert (*loaded.warnings, *loaded.conflicts, *loaded.notes) == ()
    assert all(problem.line and problem.level == "info" for problem in loaded.understood)


@pytest.mark.parametrize(("name", "text"), TEXTS, ids=IDS)
@pytest.mark.slow
def test_the_upgrade_loads_without_a_word_plays_the_same_and_keeps_every_comment(name: str, text: str) -> None:
    document = ConfigDocument(text)
    changes = upgrade_playing_the_same(document)
    after = document.check()
    assert len(changes) == len(parse_config(text).understood) > 0, name
    assert (after.earlier_form, after.warnings, after.conflicts, after.notes) == ("", (), (), ())
    assert after.config == parse_config(text).config
    for comment in re.findall(r"#[^\n]*", text):
        assert comment in document.dumps()
    assert upgrade(ConfigDocument(document.dumps())) == ()


@pytest.mark.slow
def test_lines_that_nothing_changes_stay_in_their_order() -> None:
    for _, text in TEXTS:
        before, after = text.splitlines(), upgraded(text).splitlines()
        single = [line for line in before if "#" in line and before.count(line) == after.count(line) == 1]
        assert [line for line in after if line in single] == single
        assert len(single) >= 3


@pytest.mark.parametrize("text", [STAGE, MINIMAL, ""], ids=["stage", "minimal", "empty"])
def test_the_present_form_is_left_as_it_is(text: str) -> None:
    tables = tomllib.loads(text)
    form = present_form(tables)
    assert form.tables is tables
    assert form.findings == ()
    assert upgraded(text) == text


def test_real_configs_in_use_stay_as_they_are(shared_data: Path) -> None:
    """All but one, whose [websocket] had no mapping and did nothing until now."""
    for file in sorted((shared_data / "configs").glob("*.toml")):
        text = file.read_text("utf-8")
        if file.name == "arturia-minilab3-analogV.toml":
            config = parse_config(text).config
            assert config.midi is not None
            assert config.websocket is not None
            assert config.websocket.input == config.midi.input["Minilab3 MIDI"]
        else:
            assert upgraded(text) == text, file.name
            assert parse_config(text).understood == ()


# --- each form by itself, and with others -----------------------------------------------------------

ONE, TWO, THREE = (
    '[["control_change", 1, 1], ["control_change", 1, 2]]',
    '[["control_change", 2, 1], ["control_change", 2, 2]]',
    '[["control_change", 3, 1], ["control_change", 3, 2], ["control_change", 3, 3]]',
)


def cc(channel: int, *numbers: int) -> Mapping:
    return tuple(ControlChange(channel, number) for number in numbers)


DEVICES = ['"A"', '["A"]', '["A", "B"]', '""']
LISTS = ["flat", "by port", "merged"]


@pytest.mark.parametrize(
    ("way", "device", "other", "shape"), list(itertools.product(("input", "output"), DEVICES, DEVICES, LISTS))
)
@pytest.mark.slow
def test_devices_and_lists_mix_in_any_form(way: str, device: str, other: str, shape: str) -> None:
    """One way in every shape, the other in the present one."""
    names = re.findall(r'"(.*?)"', device)
    keys = {"input": "in_device", "output": "out_device"}
    back = "output" if way == "input" else "input"
    if shape == "by port":
        lists = "\n".join(f'{way}."{name}" = {ONE}' for name in names)
    elif shape == "merged" and len(names) > 1:
        lists = f"{way} = [{ONE[1:-1]}, {TWO[1:-1]}]"
    else:
        lists = f"{way} = {ONE}"
    back_names = re.findall(r'"(.*?)"', other)
    back_lists = "\n".join(f'{back}."{name}" = {TWO}' for name in back_names)
    text = f"[midi]\n{keys[way]} = {device}\n{keys[back]} = {other}\n{lists}\n{back_lists}\n[model]\ndimension = 3\n"
    loaded = parse_config(text)
    assert loaded.config.midi is not None
    assert getattr(loaded.config.midi, keys[way]) == tuple(names)
    expected = {name: cc(1, 1, 2) for name in names}
    if shape == "merged" and len(names) > 1:
        expected["B"] = cc(2, 1, 2)
    assert getattr(loaded.config.midi, way) == expected
    assert getattr(loaded.config.midi, back) == {name: cc(2, 1, 2) for name in back_names}
    assert loaded.warnings == ()
    after = parse_config(upgraded(text))
    assert (after.config, after.earlier_form, after.warnings) == (loaded.config, "", ())


@pytest.mark.parametrize("device", ["AUv3", "WebMIDI"])
def test_lists_that_a_sibling_application_merged_are_taken_apart(device: str) -> None:
    text = (
        f'[midi]\nin_device = ["{device}"]\nout_device = ["{device}"]\n'
        f"input.{device} = [\n"
        '  ["control_change", 1, 1], # one\n  ["control_change", 1, 2],\n'
        '  ["control_change", 2, 1], # two\n  ["control_change", 2, 2],\n]\n'
        f"output.{device} = [{ONE[1:-1]}, {TWO[1:-1]}, {ONE[1:-1]}]\n[model]\ndimension = 3\n"
    )
    loaded = parse_config(text)
    assert loaded.config.midi is not None
    assert loaded.config.midi.input == {device: cc(1, 1, 2), f"{device} 2": cc(2, 1, 2)}
    assert list(loaded.config.midi.output) == [device, f"{device} 2", f"{device} 3"]
    assert loaded.config.midi.in_device == (device, f"{device} 2")
    assert loaded.warnings == ()
    assert "merged" in loaded.earlier_form
    after = upgraded(text)
    assert parse_config(after).config == loaded.config
    assert "# one" in after
    assert "# two" in after


@pytest.mark.parametrize("section", ["midi", "websocket", "serialmidi"])
@pytest.mark.parametrize("count", [3, 4, 5, 9])
def test_what_an_output_has_beyond_the_controls_is_not_played(section: str, count: int) -> None:
    rows = "".join(f'  ["control_change", 1, {number}], # {number}\n' for number in range(count))
    key = 'output."A"' if section == "midi" else "output"
    devices = {"midi": 'out_device = ["A"]', "websocket": "", "serialmidi": 'port = "/dev/a"'}[section]
    text = f"[{section}]\n{devices}\n{key} = [\n{rows}]\n[model]\ndimension = 3\n"
    loaded = parse_config(text)
    assert mapping_at(loaded.config, "output", "A" if section == "midi" else section) == cc(1, 0, 1)
    assert "the first 2 entries are played" in loaded.earlier_form
    after = upgraded(text)
    assert parse_config(after).config == loaded.config
    assert f'# ["control_change", 1, {count - 1}], # {count - 1}' in after


def test_with_one_control_the_second_output_is_left_out() -> None:
    text = f'[midi]\nin_device = "A"\nout_device = "A"\ninput = [["note_on", 1]]\noutput = {ONE}\n'
    loaded = load(text, dimension=2)
    assert loaded.config.midi is not None
    assert loaded.config.midi.output == {"A": cc(1, 1)}
    assert loaded.config.midi.input == {"A": (NoteOn(1),)}


@pytest.mark.parametrize(
    "text",
    [
        f'[midi]\nin_device = "A"\ninput = {THREE}',
        f'[midi]\nin_device = "A"\nout_device = "A"\ninput = {THREE}\noutput = {THREE}',
        f"[websocket]\ninput = {THREE}\noutput = {THREE}",
        '[midi]\nout_device = "A"\noutput = [["note_on", 1]]',
    ],
    ids=["input too long", "both too long", "websocket too long", "output too short"],
)
def test_a_dimension_that_the_lists_contradict_is_still_an_error_with_both_numbers(text: str) -> None:
    with pytest.raises(InvalidConfigError, match=r"found \d entr(y|ies); wanted 2") as caught:
        load(text)
    places = [(problem.key, problem.line) for problem in caught.value.problems]
    assert places == [(key, line) for key, line in places if line and '"A"' not in key]  # as the file writes it


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ("osc", "server_port", 5000),
        ("osc", "client_port", 5002),
        ("websocket", "server_port", 5001),
        ("webui", "monitor_port", 5003),
        ("webui", "command_port", 5004),
        ("serial", "baudrate", 9600),
    ],
)
@pytest.mark.parametrize("written", ['"{}"', "'{}'", '" {} "', '"""{}"""'])
def test_numbers_of_ports_may_be_in_quotes(section: str, key: str, value: int, written: str) -> None:
    port = 'port = "/dev/a"\n' if section == "serial" else ""
    mapping = f"output = {ONE}\n" if section == "websocket" else ""
    text = f"[{section}]\n{port}{mapping}{key} = {written.format(value)} # mine\n"
    loaded = load(text)
    assert getattr(getattr(loaded.config, section), key) == value
    assert f"{section}.{key} read as a number" in loaded.earlier_form
    assert f"{key} = {value} # mine" in upgraded(f"{text}[model]\ndimension = 3\n")


@pytest.mark.parametrize("value", ['"many"', '""', '"-5"', '"5.5"', '"٥"', '"99999999999999999999"', "true", "[]"])
def test_what_is_no_number_is_refused_at_its_place(value: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(f"[osc]\nserver_port = {value}\n")
    assert [(problem.key, problem.line) for problem in caught.value.problems] == [("osc.server_port", 2)]


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ('{ name = "A player" }', "A player"),
        ('{ name = "A player", email = "a@b.c" }', "A player, a@b.c"),
        ('{ name = "", born = 1990-05-04 }', "1990-05-04"),
        ("2021-05-04", "2021-05-04"),
        ("2021-05-04T10:30:00Z", "2021-05-04 10:30:00+00:00"),
        ("10:30:00", "10:30:00"),
        ("7", "7"),
        ("7.5", "7.5"),
        ('["A", "B"]', "A, B"),
        ("{}", ""),
    ],
)
@pytest.mark.parametrize("key", ["title", "owner", "description"])
@pytest.mark.parametrize("layout", ["inline", "section"])
@pytest.mark.slow
def test_free_text_may_be_a_table_a_date_or_a_number(key: str, written: str, text: str, layout: str) -> None:
    before = f"{key} = {written} # said\n[model]\ndimension = 3\n"
    if layout == "section" and written.startswith("{"):
        rows = written.strip("{} ").replace(", ", "\n")
        before = f"verbose = true\n# who\n[{key}] # here\n{rows}\n\n# the model\n[model]\ndimension = 3\n"
    loaded = parse_config(before)
    assert getattr(loaded.config, key) == text
    assert f"{key} read as text" in loaded.earlier_form
    after = parse_config(upgraded(before))
    assert (after.config, after.earlier_form, after.notes) == (loaded.config, "", ())


def test_an_owner_that_is_a_section_leaves_its_lines_as_comments() -> None:
    before = (
        '# top\nlog = false\n\n# about me\n[owner] # it is me\nname = "A player" # really\n\n[model]\ndimension = 3\n'
    )
    assert upgraded(before) == (
        '# top\nlog_input = false\nowner = "A player"\n\n# about me\n# [owner] # it is me\n'
        '# name = "A player" # really\n\n[model]\ndimension = 3\n'
    )


@pytest.mark.parametrize("wanted", [True, False])
def test_log_is_log_input(wanted: bool) -> None:
    word = str(wanted).lower()
    assert load(f"log = {word}\n").config.log_input is wanted
    both = load(f"log = {str(not wanted).lower()}\nlog_input = {word}\n")
    assert both.config.log_input is wanted
    assert both.notes == ()
    assert load('log = "yes"\n').config.log_input is True


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('[["A", "B"]]', {"A": ("B",)}),
        ('["A", "B"]', {"A": ("B",)}),
        ('[["A", "B"], ["A", "C"], ["B", "A"], ["A", "B"]]', {"A": ("B", "C"), "B": ("A",)}),
        ('[["A", "B", "C"]]', {"A": ("B", "C")}),
        ('[["A", ["B", "C"]]]', {"A": ("B", "C")}),
        ('{ "A" = "B" }', {"A": ("B",)}),
        ('[\n  # pads\n  ["A", "B"], # straight\n]', {"A": ("B",)}),
        ("[]", {}),
    ],
)
def test_a_thru_matrix_may_be_pairs(written: str, meant: dict[str, tuple[str, ...]]) -> None:
    text = (
        '[midi]\nin_device = ["A", "B", "C"]\nout_device = ["A", "B", "C"]\n'
        + "".join(f'{way}."{name}" = {ONE}\n' for way in ("input", "output") for name in "ABC")
        + f"thru_matrix = {written} # thru\n# after\n[model]\ndimension = 3\n"
    )
    loaded = parse_config(text)
    assert loaded.config.midi is not None
    assert loaded.config.midi.thru_matrix == meant
    assert loaded.warnings == ()
    after = upgraded(text)
    assert parse_config(after).config == loaded.config
    assert parse_config(after).earlier_form == ""
    for comment in ("# pads", "# straight", "# thru", "# after"):
        assert (comment in after) == (comment in text)


@pytest.mark.parametrize("written", ['[["A"]]', "[[1, 2]]", '"A"', '[["A", 1]]', '[{ in = "A" }]'])
def test_a_thru_matrix_that_makes_no_sense_is_refused_at_its_place(written: str) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(f"[midi]\nthru_matrix = {written}\n")
    assert [(problem.key, problem.line) for problem in caught.value.problems] == [("midi.thru_matrix", 2)]


MIDI_FORMS = {
    "flat": f'in_device = "A"\nout_device = "B"\ninput = {ONE}\noutput = {TWO}',
    "single": f'in_device = ["A"]\nout_device = ["B"]\ninput."A" = {ONE}\noutput."B" = {TWO}',
    "identical": f'in_device = ["A", "C"]\ninput."A" = {ONE}\ninput."C" = {ONE}\nout_device = ["B"]\n'
    f'output."B" = {TWO}',
    "no device": f"input = {ONE}\noutput = {TWO}",
}


@pytest.mark.parametrize("form", MIDI_FORMS)
@pytest.mark.parametrize("section", ["websocket", "serialmidi"])
def test_a_section_without_mappings_uses_those_of_midi(form: str, section: str) -> None:
    port = 'port = "/dev/a"\n' if section == "serialmidi" else ""
    text = f"[{section}]\n{port}[midi]\n{MIDI_FORMS[form]}\n[model]\ndimension = 3\n"
    loaded = parse_config(text)
    found = getattr(loaded.config, section)
    assert (found.input, found.output) == (cc(1, 1, 2), cc(2, 1, 2))
    assert f"[{section}] without mappings uses [midi]'s" in loaded.earlier_form
    assert loaded.warnings == ()
    after = parse_config(upgraded(text))
    assert (after.config, after.earlier_form, after.warnings) == (loaded.config, "", ())


def test_a_list_for_no_port_that_nothing_uses_is_an_error() -> None:
    with pytest.raises(InvalidConfigError, match="a mapping for each port by its name") as caught:
        load(f"[midi]\n{MIDI_FORMS['no device']}\n")
    assert [(problem.key, problem.line) for problem in caught.value.problems] == [
        ("midi.input", 2),
        ("midi.output", 3),
    ]


def test_mappings_that_differ_are_nobodys_and_one_of_its_own_is_enough() -> None:
    midi = f'[midi]\nin_device = ["A", "B"]\ninput."A" = {ONE}\ninput."B" = {TWO}\n'
    assert load(f"{midi}[websocket]\n").warnings[0].key == "websocket"
    own = load(f'[midi]\nin_device = ["A"]\ninput."A" = {ONE}\n[websocket]\noutput = {TWO}\n').config.websocket
    assert own is not None
    assert (own.input, own.output) == ((), cc(2, 1, 2))


@pytest.mark.parametrize("mapped", [True, False])
def test_serial_midi_without_a_port_takes_that_of_serial_which_is_there_for_it(mapped: bool) -> None:
    mapping = f"input = {ONE}" if mapped else ""
    text = f'[serial]\nport = "/dev/a" # plug\n[serialmidi]\n{mapping}\n[midi]\n{MIDI_FORMS["flat"]}\n'
    loaded = load(text)
    assert loaded.config.serialmidi is not None
    assert (loaded.config.serialmidi.port, loaded.config.serial, loaded.conflicts) == ("/dev/a", None, ())
    assert "[serial] names the port of [serialmidi]" in loaded.earlier_form


@pytest.mark.parametrize(
    ("channels", "meant"),
    [
        ((0, 0), (1, 1)),
        ((0, 15), (1, 16)),
        ((1, 2), (1, 2)),
        ((0, 1), (1, 2)),
        ((0, 16), (1, 16)),
        ((15, 3), (15, 3)),
    ],
)
def test_midiserial_counts_channels_from_0_where_it_says_0(channels: tuple[int, int], meant: tuple[int, int]) -> None:
    entries = ", ".join(f'["control_change", {channel}, 5]' for channel in channels)
    text = f'[midiserial]\ndevice = "/dev/a"\ninput = [{entries}]\n[model]\ndimension = 3\n'
    loaded = parse_config(text)
    assert loaded.config.serialmidi is not None
    assert loaded.config.serialmidi.input == tuple(ControlChange(channel, 5) for channel in meant)
    assert ("channel 0" in loaded.earlier_form) == (0 in channels)
    assert parse_config(upgraded(text)).config == loaded.config


def test_channel_0_elsewhere_is_an_error_that_says_why() -> None:
    with pytest.raises(InvalidConfigError, match="Channels count from 1"):
        load('[midi]\nin_device = "A"\ninput = [["note_on", 0], ["note_on", 1]]\n')


# --- places -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "key", "line"),
    [
        ('[midi]\nin_device = "A"\ninput = [\n ["note_on", 1],\n ["note_of", 2],\n]', "midi.input[1]", 5),
        ('[midi]\nin_device = "A"\ninput = [\n ["note_on", 1],\n]', "midi.input", 3),
        ('[midiserial]\ndevice = ""\n', "midiserial.device", 2),
        (
            '[midiserial]\ndevice = "/dev/a"\noutput = [\n ["note_on", 0],\n ["note_on", 99],\n]',
            "midiserial.output[1]",
            5,
        ),
        ('log = true\n[osc]\nserver_port = "70000"', "osc.server_port", 3),
        (
            f'[midi]\nin_device = ["A", "B"]\ninput = [\n{ONE[1:-1]},\n ["note_on", 1],\n ["x", 1]]',
            "midi.input[3]",
            6,
        ),
        ('[midi]\nin_device = "A"\ninput = [\n ["note_on", 1],\n ["x", 2],\n]\n[websocket]\n', "midi.input[1]", 5),
    ],
)
def test_errors_name_the_key_and_line_that_the_user_wrote(text: str, key: str, line: int) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        load(text)
    assert [(problem.key, problem.line) for problem in caught.value.problems] == [(key, line)]


def test_warnings_name_the_key_and_line_that_the_user_wrote() -> None:
    loaded = load(f'log = true\n[midi]\nin_device = "A"\nout_device = "B"\ninput = {ONE}\n')
    assert [(warning.key, warning.line) for warning in loaded.warnings] == [("midi.out_device", 4)]


# --- texts of any kind ------------------------------------------------------------------------------

_ODD = st.sampled_from(
    [
        '"A"',
        '["A", "B"]',
        '["AUv3"]',
        "[]",
        "{}",
        '""',
        "true",
        "false",
        "3",
        '"5000"',
        "1979-05-27",
        "1.5",
        "nan",
        ONE,
        TWO,
        THREE,
        f"[{ONE[1:-1]}, {TWO[1:-1]}]",
        f'{{ "A" = {ONE} }}',
        f"{{ AUv3 = [{ONE[1:-1]}, {TWO[1:-1]}] }}",
        '[["A", "B"]]',
        '[["note_on", 0], ["note_on", 15]]',
        '[["note_on", 1], "x"]',
        "[[]]",
        "[{}]",
        "9" * 400,
        '{ name = "A" }',
        "{ a.b.c = [1, [2, [3]]] }",
        '[\n  ["note_on", 1], # a\n  ["note_on", 2], # b\n  ["note_on", 3]\n]',
    ]
)
_WORDS = """
title owner owner.name description name log log_input log_predictions model model.dimension midi.in_device midi
midi.out_device midi.input midi.output midi.input."A" midi.output."A" midi.output.AUv3 midi.thru_matrix
midi.thru_matrix."A" osc.server_port osc.client_port websocket websocket.server_port websocket.client_ip
websocket.input websocket.output serial serial.port serial.device serial.baudrate serialmidi serialmidi.port
serialmidi.device serialmidi.output midiserial midiserial.device midiserial.input midiserial.port
webui.monitor_port
"""
_KEYS = st.sampled_from(_WORDS.split())


@st.composite
def earlier_like(draw: st.DrawFn) -> str:
    """Texts with the keys of earlier and present forms, and values of any of the kinds that they have somewhere."""
    pairs = draw(st.dictionaries(_KEYS, _ODD, max_size=9))
    rows = [] if any(key.startswith("model") for key in pairs) else ["model.dimension = 3"]
    rows += [f"{key} = {value} # {number}" for number, (key, value) in enumerate(pairs.items())]
    if draw(st.booleans()):
        return "\n".join(rows)
    top = [row for row in rows if "." not in row.split(" = ")[0]]
    sections = {row.split(".")[0] for row in rows if row not in top}
    for section in sorted(sections):
        inside = [row.partition(".")[2] for row in rows if row not in top and row.split(".")[0] == section]
        top += ["", f"[{section}] # about", *inside]
    return "\n".join(top)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            f'midi = {{ in_device = "A", input = {ONE} }}\nmodel = {{ dimension = 3 }}\n',
            f'midi = {{ in_device = ["A"], input."A" = {ONE} }}\nmodel = {{ dimension = 3 }}\n',
        ),
        (
            f'model.dimension = 3\nmidi.in_device = "A" # x\nmidi.input = {ONE} # y\n',
            f'model.dimension = 3\nmidi.in_device = ["A"] # x\nmidi.input."A" = {ONE} # y\n',
        ),
        (
            f'model.dimension = 3\n[midi]\nin_device = "A"\n[midi.input]\n"A" = {ONE} # z\n',
            f'model.dimension = 3\n[midi]\nin_device = ["A"]\n[midi.input]\n"A" = {ONE} # z\n',
        ),
        (
            "model.dimension = 3\nlog = true\nwebsocket.client_ip = 1 # x\n",
            "model.dimension = 3\nlog_input = true\n# websocket.client_ip = 1 # x\n\n[websocket]\n",
        ),
        (
            '[model]\ndimension = 3\n[midi]\nin_device = ["A", "B"]\ninput = [\n  ["note_on", 1], # a\n'
            '  ["note_on", 2], # b\n  ["note_on", 3], # c\n  ["note_on", 4] # d\n]\n',
            '[model]\ndimension = 3\n[midi]\nin_device = ["A", "B"]\ninput."A" = [\n  ["note_on", 1], # a\n'
            '  ["note_on", 2], # b\n]\ninput."B" = [\n  ["note_on", 3], # c\n  ["note_on", 4] # d\n]\n',
        ),
    ],
    ids=["inline", "dotted", "headers", "last key", "divided"],
)
def test_any_layout_is_kept(before: str, after: str) -> None:
    assert upgraded(before) == after
    assert parse_config(after).config == parse_config(before).config


def check_any(text: str) -> None:
    """Loading raises nothing but the documented errors; an upgrade works wholly or not at all."""
    try:
        document = ConfigDocument(text)
    except ConfigError:
        return
    tables = tomllib.loads(text)
    form = present_form(tables)
    assert repr(tables) == repr(tomllib.loads(text))
    assert present_form(form.tables).findings == () or form.findings
    try:
        before = parse_config(text)
    except InvalidConfigError as error:
        assert all(problem.text for problem in error.problems)  # noqa: PT017
        before = None
    try:
        changes = upgrade(document)
    except ConfigError:
        assert document.dumps() == text
        return
    assert bool(changes) == bool(form.findings)
    if before is not None:
        after = document.check()
        assert after.config == before.config
        assert after.earlier_form == ""
    if not changes:
        assert document.dumps() == text
        return
    for comment in re.findall(r"# (?:\d+|about)$", text, re.MULTILINE):
        assert comment in document.dumps()


@given(earlier_like())
@example(f'midi.in_device = "A"\nmidi.input = {ONE}\nmodel.dimension = 3')
@example(f'midi = {{ in_device = "A", input = {ONE} }}\nmodel.dimension = 3')
@FUZZ
@pytest.mark.slow
def test_any_mixture_of_forms(text: str) -> None:
    check_any(text)


@given(toml_texts)
@FUZZ
@pytest.mark.slow
def test_any_toml(text: str) -> None:
    check_any(text)


@given(st.sampled_from([text for _, text in TEXTS]), st.data())
@FUZZ
@pytest.mark.slow
def test_earlier_configs_with_damage(text: str, data: st.DataObject) -> None:
    lines = text.split("\n")
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(lines) - 1))
        lines[place : place + 1] = data.draw(st.sampled_from([[], [lines[place]] * 2, [lines[place][1:]], ["x = 1"]]))
    check_any("\n".join(lines))


@pytest.mark.parametrize("dress", ["{}", "\ufeff{}"])
@pytest.mark.slow
def test_line_ends_and_byte_order_mark_stay(dress: str) -> None:
    for text in OWN_TEXTS.values():
        windows = dress.format(text.replace("\n", "\r\n"))
        assert upgraded(windows) == dress.format(upgraded(text).replace("\n", "\r\n"))
