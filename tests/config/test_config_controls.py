"""``[[controls]]``: read, checked, turned into hands, and changed without losing a comment."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impsy.config import InvalidConfigError, hands_of, parse_config
from impsy.config.controls import ControlConfig
from impsy.config.document import ConfigDocument
from impsy.config.learnt import configured_names
from impsy.mapping.hands import Hand, notes_within

BASE = "[model]\ndimension = 3\n"
MIDI = '[midi]\nout_device = ["A"]\noutput."A" = [["note_on", 1], ["control_change", 1, 7]]\n'


def load(text: str, base: str = BASE + MIDI):
    return parse_config(base + text)


def problems(text: str, base: str = BASE + MIDI) -> list[str]:
    with pytest.raises(InvalidConfigError) as caught:
        load(text, base)
    return [str(problem) for problem in caught.value.problems]


def test_without_tables_there_are_no_hands():
    config = load("").config
    assert (config.controls, hands_of(config), config.names) == ((), (), ())


def test_a_table_for_each_control_in_their_order():
    text = """
[[controls]]
name = " melody "
scale = "dorian"
root = "Bb"
limits = [36, 84]
gate = 0.25
repeat = 1
[[controls]]
enabled = false
limits = [0.2, 0.8]
gate = "legato"
"""
    config = load(text).config
    melody = Hand("melody", True, 36 / 127, 84 / 127, notes_within(36 / 127, 84 / 127, "dorian", 10), 0.25, 1.0)
    assert hands_of(config) == (melody, Hand("", False, 0.2, 0.8))
    assert melody.notes[0] == 36
    assert config.names == ("melody", "")


def test_fewer_tables_than_controls_leave_the_others_free():
    assert hands_of(load("[[controls]]\nname = 'a'\n").config) == (Hand("a"),)


def test_limits_of_notes_are_notes_without_a_scale_too():
    assert hands_of(load("[[controls]]\nlimits = [60, 62]\n").config)[0].notes == (60, 61, 62)
    assert hands_of(load("[[controls]]\nlimits = [0.5, 0.52]\n").config)[0].notes == (64, 65, 66)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("limits = 3", ["found 3", "[0.2, 0.8]"]),
        ("limits = [1]", ["found [1]"]),
        ("limits = [0.1, nan]", ["found [0.1, nan]"]),
        ("limits = [-1, 5]", ["found [-1, 5]"]),
        ("limits = [0, 200]", ["found [0, 200]"]),
        ("limits = [0.8, 0.2]", ["the lower limit first", "Did you mean [0.2, 0.8]?"]),
        ('scale = "mjor"', ['found "mjor"', 'Did you mean "major"?']),
        ('root = "H"', ['found "H"', '"F#"']),
        ("gate = 0", ["found 0", "above 0", '"legato"']),
        ('gate = "long"', ['found "long"', '"legato"']),
        ("gate = inf", ["found inf"]),
        ("repeat = -1", ["found -1", "0 or more"]),
        ("enabled = 1", ["found 1", "true or false"]),
        ("name = 5", ["found 5", "a name in quotes"]),
        (f'name = "{"x" * 41}"', ["40 characters at most"]),
        ('scale = "major"\nlimits = [61, 61]', ["no note of C major"]),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line, words):
    (text,) = problems(f"[[controls]]\n{line}\n")
    for word in ("config.toml, line ", "controls[0].", *words):
        assert word in text


def test_notes_are_limits_of_controls_that_play_notes():
    (text,) = problems("[[controls]]\n[[controls]]\nlimits = [36, 84]\n")
    assert "controls[1].limits: found [36, 84]; wanted numbers from 0 to 1" in text
    assert load("[[controls]]\n[[controls]]\nlimits = [36, 84]\nscale = 'chromatic'\n", BASE).warnings == ()


@pytest.mark.parametrize("base", [BASE, "[model]\n" + MIDI])
def test_more_tables_than_controls_are_an_error(base):
    (text,) = problems("[[controls]]\n" * 4, base)
    assert "controls[2]: found 4 tables [[controls]]; wanted 2 at most" in text


def test_another_dimension_on_the_command_line_is_checked_too():
    loaded = load("[[controls]]\n" * 2, BASE)
    with pytest.raises(InvalidConfigError, match=r"--dimension 2 does not fit.*wanted 1 at most"):
        loaded.with_overrides(dimension=2)


def test_what_has_no_effect_is_a_warning():
    text = '[[controls]]\nroot = "C"\n[[controls]]\nscale = "major"\ngate = 1\n'
    assert [problem.key for problem in load(text).warnings] == [
        "controls[0].root",
        "controls[1].scale",
        "controls[1].gate",
    ]


def test_a_slip_of_the_pen_is_noticed():
    (problem,) = load("[[controls]]\nlimit = [0, 1]\n").notes or load("[[controls]]\nlimit = [0, 1]\n").warnings
    assert "Did you mean limits?" in str(problem)


def test_one_table_instead_of_a_list_is_refused():
    (text,) = problems("[controls]\nname = 'a'\n")
    assert "wanted a table [[controls]] for each control" in text


# --- changed by the page -------------------------------------------------------------------------------

values = st.one_of(
    st.text(max_size=5), st.booleans(), st.floats(0, 9), st.integers(0, 127), st.lists(st.integers(0, 9), max_size=3)
)
tables = st.lists(
    st.dictionaries(st.sampled_from([*ControlConfig.model_fields]), values, max_size=4), min_size=1, max_size=4
)
BEFORE = """\
# top
[model]
dimension = 5

# hands
[[controls]]
name = "a" # first
limits = [0, 1]

[[controls]] # second
# with a comment
scale = "major"

# about osc
[osc]
server_port = 5000 # here
"""


@given(tables, tables)
@settings(max_examples=25, deadline=None)
@pytest.mark.slow
def test_any_tables_can_be_put_in_and_replaced_and_comments_around_them_stay(first, then):
    for start in (BEFORE, "", "[model]\ndimension = 5", "[model]\n\n[osc]\n"):
        document = ConfigDocument(start)
        for wanted in (first, then):
            document.set(["controls"], wanted)
            assert document.get("controls") == wanted
        for comment in ("# top", "# hands", "# about osc", "# here"):
            assert (comment in start) is (comment in document.dumps())
        assert document.unset(["controls"])
        assert document.get("controls") is None
        assert "# about osc" not in start or "# about osc\n[osc]" in document.dumps()


def test_what_stays_keeps_its_comment():
    document = ConfigDocument(BEFORE)
    document.set(["controls"], [{"name": "a", "gate": 0.5}, {"scale": "minor"}, {"name": "c"}])
    assert document.dumps() == (
        '# top\n[model]\ndimension = 5\n\n# hands\n[[controls]]\nname = "a" # first\ngate = 0.5\n\n'
        '[[controls]] # second\n# with a comment\nscale = "minor"\n\n[[controls]]\nname = "c"\n\n'
        "# about osc\n[osc]\nserver_port = 5000 # here\n"
    )


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (BEFORE, ("a", "")),
        ("", ()),
        ("controls = 5", ()),
        ("controls = [{name = 3}, 7, {name = 'b'}]", ("", "", "b")),
    ],
)
def test_the_names_of_a_file_that_need_not_be_valid(text, names):
    assert configured_names(ConfigDocument(text)) == names
