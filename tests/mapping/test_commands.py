"""Commands: their entries, what messages ask for, and what a controller is shown."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fuzzing import examples
from impsy.errors import ConfigError
from impsy.events import PanicButton, RecallScene, Reset, Set, Toggle
from impsy.mapping.commanding import REST_SECONDS, CommandMapping, event_of
from impsy.mapping.commands import (
    ACTIONS,
    CommandEntry,
    command_to_list,
    commands_of,
    find_command,
    parse_command,
    place_of,
    unfit,
)
from impsy.mapping.entries import KINDS, ControlChange, NoteOn
from impsy.settings import SETTINGS, Settings

FUZZ = settings(max_examples=examples(100))
COMMANDS = commands_of(["verse"])
TURNS = [command for command in COMMANDS.values() if command.act == "turn"]


def mapping(**entries):
    names = {name.replace("__", "."): entry for name, entry in entries.items()}
    return CommandMapping(tuple((COMMANDS[name], parse_command(entry)) for name, entry in names.items()))


def asked(commands, *messages, now=0.0):
    found = (commands.decode(bytes.fromhex(message), now) for message in messages)
    return [each and each[1] for each in found]


# --- the table ---------------------------------------------------------------------------------------


def test_each_command_asks_for_something():
    assert (event_of(COMMANDS["panic"], 1.0), event_of(COMMANDS["reset"], 1.0)) == (PanicButton(), Reset())
    assert COMMANDS.keys() >= ACTIONS.keys()
    for command in COMMANDS.values():
        assert event_of(command, 0.5)
        assert command.title
        assert command.help.endswith(".")


def test_the_table_follows_the_settings():
    assert event_of(COMMANDS["pause"], 1.0) == Toggle("paused")
    assert event_of(COMMANDS["mode.battle"], 1.0) == Set("mode", "battle")
    assert event_of(COMMANDS["scene.verse"], 1.0) == RecallScene("verse")
    assert event_of(COMMANDS["timescale"], 0.5) == Set("timescale", 1.0)
    assert {command.setting for command in TURNS} == {
        row.name for row in SETTINGS.values() if row.address and row.kind == "number"
    }


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("tap_tempo", "there is no command"),
        ("Pause", 'Did you mean "pause"'),
        ("mode.batle", 'Did you mean "mode.battle"'),
        ("scene.chorus", 'there is no scene "chorus"; there are "verse"'),
    ],
)
def test_a_name_that_is_no_command(name, says):
    with pytest.raises(ConfigError, match=says):
        find_command(name, COMMANDS)


@pytest.mark.parametrize("command", TURNS, ids=lambda command: command.name)
@pytest.mark.slow
def test_a_knob_reaches_the_slider_and_comes_back_to_each_position(command):
    row = SETTINGS[command.setting]
    assert row.at(1) == row.slider[0]
    assert row.at(-1) == row.at(0) >= row.useful[0]
    for steps in (127, 16383):
        for raw in range(steps + 1):
            value = row.at(raw / steps)
            assert not row.fault(value)
            assert int(row.place(value) * steps + 0.5) == raw


# --- entries -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "entry"),
    [
        (["control_change", 16, 64, "X-TOUCH"], CommandEntry(ControlChange(16, 64), None, "X-TOUCH")),
        (["control_change", 16, 64, 127, 0], CommandEntry(ControlChange(16, 64, 127, 0))),
        (["note_on", 10, 36], CommandEntry(NoteOn(10), 36)),
        (["note_on", 10, "PADS"], CommandEntry(NoteOn(10), None, "PADS")),
    ],
)
def test_entries_are_read_and_written(item, entry):
    assert parse_command(item) == entry
    assert command_to_list(entry) == item


@pytest.mark.parametrize(
    ("item", "says"),
    [
        ("pause", "wanted an entry"),
        ([], "wanted an entry"),
        ({"battle": []}, 'in quotes: "mode.battle"'),
        (["note_on", 10, 128], "wanted a note 0-127"),
        (["program_change", 1, True], "wanted a program 0-127"),
        (["control_change", 1, 7, " "], "empty name of a port"),
        (["control_change", 1, 7, 5, 5], "it would command nothing"),
        (["cc", 1, 7], 'Did you mean "control_change"'),
        ([["a"], 1, 2], "found the kind"),
    ],
)
def test_what_is_wrong_with_an_entry_is_said(item, says):
    with pytest.raises(ConfigError, match=says):
        parse_command(item)


@FUZZ
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([*KINDS]),
        lambda inner: st.lists(inner, max_size=7) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    )
)
@example(["note_on", 1, "", ""])
@pytest.mark.slow
def test_any_value_is_an_entry_or_a_sentence(item):
    try:
        entry = parse_command(item)
    except ConfigError as error:
        assert str(error)  # noqa: PT017
    else:
        assert parse_command(command_to_list(entry)) == entry


def test_a_single_key_turns_nothing():
    assert "cannot be turned" in unfit(COMMANDS["sigmatemp"], parse_command(["note_on", 1, 60]))
    assert not unfit(COMMANDS["sigmatemp"], parse_command(["note_on", 1]))
    assert not unfit(COMMANDS["pause"], parse_command(["note_on", 1, 60]))


# --- messages ----------------------------------------------------------------------------------------


def test_a_button_is_pressed_when_it_rises():
    commands = mapping(pause=["control_change", 1, 16])
    toggle = Toggle("paused")
    pressed = asked(commands, "b0107f", "b01000", "b01040", "b01041", "b0103f", "b01040")
    assert pressed == [toggle, None, toggle, None, None, toggle]
    assert asked(commands, "b0117f", "b1107f", "9010 7f", "f8", "b010", "", "b01080") == [None] * 7


def test_keys_and_programs_are_pressed_each_time():
    commands = mapping(panic=["note_on", 10, 36], scene__verse=["program_change", 1, 5], reset=["note_on", 9])
    assert asked(commands, "992401", "992440", "992400", "892440") == [PanicButton(), PanicButton(), None, None]
    assert asked(commands, "c005", "c005", "c006") == [RecallScene("verse")] * 2 + [None]
    assert asked(commands, "980001", "987f01") == [Reset(), Reset()]
    for message in ("992400", "892440", "88057f"):
        assert commands.owner(bytes.fromhex(message))
    for message in ("992540", "892540", "c006", "b90000"):
        assert commands.owner(bytes.fromhex(message)) is None


def test_a_pitch_wheel_at_rest_presses_nothing():
    commands = mapping(panic=["pitch_bend", 1])
    assert asked(commands, "e00040", "e00060", "e00070", "e00040", "e07f7f") == [
        None,
        PanicButton(),
        None,
        None,
        PanicButton(),
    ]


def test_a_button_that_was_pulled_out_while_it_was_held_is_not_held():
    commands = mapping(pause=["control_change", 1, 16])
    asked(commands, "b0107f")
    commands.forget()
    assert asked(commands, "b0107f") == [Toggle("paused")]


@FUZZ
@given(st.binary(max_size=5))
def test_whatever_arrives_is_survived(message):
    commands = mapping(
        pause=["control_change_14", 1, 3],
        panic=["note_on", 2],
        reset=["note_velocity", 3],
        sigmatemp=["control_change", 4, 7, 127, 0],
        pitemp=["pitch_bend", 5],
        timescale=["channel_aftertouch", 6],
        threshold=["program_change", 7],
    )
    found = commands.decode(message, 0.0)
    assert (found is None) == (commands.owner(message) is None)
    if found is not None and isinstance(found[1], Set):
        Settings(3, **{found[1].name: found[1].value})  # raises where it is out of range


# --- what is shown -----------------------------------------------------------------------------------


def shown(commands, now=0.0, scene="", **changes):
    messages, again = commands.show(Settings(3, **changes), scene, now)
    return [message.hex() for message in messages], again


def test_the_state_is_shown_where_it_changed():
    commands = mapping(
        pause=["control_change", 1, 16, "DESK"],
        mode__battle=["note_on", 10, 36, "DESK"],
        scene__verse=["program_change", 1, 5, "DESK"],
        sigmatemp=["control_change", 1, 7, 127, 0, "DESK"],
        panic=["note_on", 10, 40, "DESK"],
    )
    assert shown(commands, sigma_temperature=0) == (["b01000", "992400", "b0077f"], None)
    assert shown(commands, sigma_temperature=0) == ([], None)
    assert shown(commands, sigma_temperature=2, mode="battle", scene="verse")[0] == ["99247f", "c005", "b00700"]
    assert shown(commands, sigma_temperature=2, paused=True)[0] == ["b0107f", "992400"]
    assert [message.hex() for message in commands.darken()] == ["b01000"]
    commands.forget()
    assert len(shown(commands)[0]) == 3


def test_a_button_is_shown_its_state_after_each_message_of_its_own():
    commands = mapping(pause=["control_change", 1, 16, "DESK"])
    assert shown(commands)[0] == ["b01000"]
    asked(commands, "b0107f")
    assert shown(commands, paused=True)[0] == ["b0107f"]
    asked(commands, "b01000")
    assert shown(commands, paused=True)[0] == ["b0107f"]


def test_a_knob_is_left_alone_while_it_is_turned():
    commands = mapping(sigmatemp=["control_change", 1, 7, "DESK"])
    shown(commands, sigma_temperature=0)
    (event,) = asked(commands, "b00740", now=10.0)
    assert shown(commands, 10.1, sigma_temperature=event.value) == ([], None)
    messages, again = shown(commands, 10.1, sigma_temperature=2)
    assert (messages, again) == ([], pytest.approx(REST_SECONDS - 0.1))
    assert shown(commands, 10.1 + again + 1e-6, sigma_temperature=2) == (["b0077f"], None)


def test_without_a_port_the_state_is_shown_once_the_command_has_come():
    commands = mapping(pause=["control_change", 1, 64])
    assert shown(commands, paused=True) == ([], None)
    asked(commands, "b04000")
    assert shown(commands, paused=True)[0] == ["b0407f"]


def test_what_has_no_state_or_no_light_is_shown_nothing():
    commands = mapping(
        panic=["control_change", 1, 1, "D"],
        pause=["note_on", 1, "D"],
        mode__battle=["note_velocity", 2, "D"],
        reset=["program_change", 1, "D"],
    )
    assert shown(commands, paused=True, mode="battle") == ([], None)
    assert place_of(COMMANDS["panic"], Settings(3), "") is None
