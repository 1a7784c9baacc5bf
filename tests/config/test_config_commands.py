"""``[commands]``: what is wrong with it, what is odd about it, and what was assigned put into a file."""

from __future__ import annotations

import pytest

from impsy.config import InvalidConfigError, parse_config
from impsy.config.assigning import assigned_in, put_commands
from impsy.config.document import ConfigDocument
from impsy.mapping.commands import CommandEntry
from impsy.mapping.entries import ControlChange, NoteOn

CONFIG = """\
[model]
dimension = 3
[midi]
in_device = ["DESK"]
input."DESK" = [["control_change", 1, 7], ["note_on", 1]]
[scenes."The verse"]
mode = "battle"
[commands]
"""


def errors(text):
    with pytest.raises(InvalidConfigError) as caught:
        parse_config(CONFIG + text)
    return [(problem.key, problem.line, problem.text) for problem in caught.value.problems]


def warnings(text, config=CONFIG):
    return [
        (problem.key, problem.line, f"{problem.text}. {problem.hint}")
        for problem in parse_config(config + text).warnings
    ]


def test_commands_are_read_with_what_gives_them():
    config = parse_config(
        CONFIG + 'pause = ["control_change", 16, 64, "DESK"]\n"scene.The verse" = ["note_on", 10, 36]\n'
    ).config
    assert [(command.name, entry) for command, entry in config.assigned] == [
        ("pause", CommandEntry(ControlChange(16, 64), None, "DESK")),
        ("scene.The verse", CommandEntry(NoteOn(10), 36)),
    ]
    assert config.command_ports == {"DESK": "pause"}
    assert parse_config("[model]\ndimension = 3\n").config.assigned == ()


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ('dance = ["note_on", 1]', "commands.dance", 'there is no command "dance"'),
        ('"mode.batle" = ["note_on", 1]', 'commands."mode.batle"', 'Did you mean "mode.battle"'),
        ('"scene.verse" = ["note_on", 1]', 'commands."scene.verse"', 'there are "The verse"'),
        ('mode.battle = ["note_on", 1]', "commands.mode", "in quotes"),
        ('pause = ["note_on", 17]', "commands.pause", "wanted channel 1-16"),
        ('pause = "X"', "commands.pause", "wanted an entry"),
        ('threshold = ["note_on", 1, 5]', "commands.threshold", "cannot be turned"),
    ],
)
def test_errors_come_one_by_one_with_their_line(text, key, says):
    ((found, line, words),) = errors(text)
    assert (found, line) == (key, 9)
    assert says in words


def test_one_message_commands_one_thing():
    ((key, line, words),) = errors('pause = ["note_on", 10, 36, "DESK"]\npanic = ["note_on", 10]\n')
    assert (key, line) == ("commands.panic", 10)
    assert 'the same message is "pause" already' in words
    parse_config(CONFIG + 'pause = ["note_on", 10, 36, "DESK"]\npanic = ["note_on", 10, "PADS"]\n')
    assert len(errors('pause = ["control_change_14", 1, 7]\npanic = ["control_change", 1, 39]\n')) == 1


def test_what_a_mapping_has_too_is_a_warning():
    ((key, line, words),) = warnings('pause = ["control_change", 1, 7]')
    assert (key, line) == ('midi.input."DESK"[0]', 5)
    assert 'its messages command "pause"' in words
    assert warnings('pause = ["control_change", 1, 7, "PADS"]\npanic = ["note_on", 1, 36]') == []
    assert len(warnings('panic = ["note_on", 1]')) == 1


def test_a_port_that_is_not_there_is_a_warning():
    ((_key, _line, words),) = warnings('pause = ["control_change", 1, 8, "DESK 1"]')
    assert 'may be what midi.in_device calls "DESK"' in words
    ((_key, _line, words),) = warnings('pause = ["control_change", 1, 8, "websocket"]')
    assert "[websocket] is off" in words
    ((_key, _line, words),) = warnings("", '[model]\ndimension = 3\n[commands]\npause = ["note_on", 1]\n')
    assert "nothing commands it" in words


def test_assigned_commands_are_put_into_the_file_and_comments_stay():
    document = ConfigDocument(CONFIG + '# mine\npause = ["note_on", 1, 5] # the pad\npanic = ["note_on", 1, 6]\n')
    assert assigned_in(document) == {"pause": CommandEntry(NoteOn(1), 5), "panic": CommandEntry(NoteOn(1), 6)}
    put_commands(document, {"panic": None, "pause": CommandEntry(ControlChange(16, 64), None, "DESK")})
    put_commands(document, {"mode.battle": CommandEntry(NoteOn(10), 36, "DESK")})
    text = document.dumps()
    assert 'pause = ["control_change", 16, 64, "DESK"] # the pad' in text
    assert '"mode.battle" = ["note_on", 10, 36, "DESK"]' in text
    assert "# mine" in text
    assert [command.name for command, _ in document.check().config.assigned] == ["pause", "mode.battle"]
    put_commands(document, {"pause": None, "mode.battle": None})
    assert document.get("commands") is None
