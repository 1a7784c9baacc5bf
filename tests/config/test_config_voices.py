"""``[[voices]]``: what may be said, and what is said where it is wrong."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.config import InvalidConfigError, parse_config
from impsy.config.voicechecks import errors_in_voices
from impsy.engine import Ensemble, Settings, Voice
from impsy.errors import ConfigError
from impsy.testing import FakePredictor

TEXT = """\
[model]
dimension = 7
[[voices]]
name = "melody"
model = "a.tflite"
controls = [1, 2, 4, 6]
[[voices]]
name = "bass"
controls = [5, 3]
mode = "polyphony"
hears = ["performer", "melody"]
"""


def test_voices_have_defaults_and_count_their_controls_from_one():
    melody, bass = parse_config(TEXT).config.voices
    assert (melody.name, melody.model, melody.controls, melody.indices) == (
        "melody", "a.tflite", (1, 2, 4, 6), (0, 1, 3, 5),
    )  # fmt: skip
    assert (melody.mode, melody.hears) == (None, ("performer",))
    assert (bass.model, bass.mode, bass.hears) == ("", "polyphony", ("performer", "melody"))
    assert melody.words == "controls 1, 2, 4 and 6, hears the performer"
    assert bass.words == "controls 5 and 3, polyphony, hears the performer and melody"
    assert parse_config("[model]\ndimension = 3").config.voices == ()


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("[5, 3]", "[5, 6]", 9, 'voices[1].controls[1]: control 6 belongs to two voices, "melody" and "bass"'),
        ("[5, 3]", "[5, 7]", 9, "found 7; wanted 1 to 6, as dimension is 7"),
        ("[5, 3]", "[5, 5]", 9, "control 5 stands twice"),
        ("[5, 3]", "[5, 0]", 9, "found 0; wanted the number of a control, from 1"),
        ("[5, 3]", "[]", 9, "wanted a list of numbers of controls"),
        ('name = "bass"', 'name = "melody"', 8, "the name of another voice"),
        ('name = "bass"', 'name = "performer"', 8, "the name of who plays"),
        ('name = "bass"', 'name = " "', 8, "wanted a name"),
        ('name = "bass"', "", 7, "voices[1].name: missing"),
        (
            '"melody"]',
            '"melodi"]',
            11,
            'there is no voice "melodi"; wanted names among "performer", "melody". Did you',
        ),
        ('"melody"]', '"bass"]', 11, "is this voice itself"),
        ('"polyphony"', '"poliphony"', 10, 'Did you mean "polyphony"?'),
    ],
)
def test_what_is_wrong_is_said_with_its_line(before, after, line, said):
    with pytest.raises(InvalidConfigError) as caught:
        parse_config(TEXT.replace(before, after, 1))
    text = str(caught.value)
    assert f"line {line}: " in text
    assert said in text


def test_what_has_no_effect_is_warned_of():
    (warning,) = parse_config(TEXT.replace('"polyphony"', '"battle"')).warnings
    assert "voices[1].hears: has no effect: in the mode battle a voice hears nobody" in str(warning)
    (warning,) = parse_config(TEXT.replace("hears", "heres")).warnings
    assert "voices[1].heres: not a key that IMPSY knows; it has no effect. Did you mean hears?" in str(warning)


def test_a_dimension_of_mappings_is_that_of_the_voices_and_another_is_refused():
    text = TEXT.replace("dimension = 7", "")
    mapping = ", ".join('["note_on", 1]' for _ in range(5))
    with pytest.raises(InvalidConfigError, match=r"found 6; wanted 1 to 5, as dimension is 6"):
        parse_config(f"{text}[websocket]\ninput = [{mapping}]")
    with pytest.raises(InvalidConfigError, match=r"--dimension 5 does not fit: found 6"):
        parse_config(TEXT).with_overrides(dimension=5)


ANY = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-2, 9), st.text("ab", max_size=3)),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=100, deadline=None)
@given(st.one_of(ANY, st.lists(st.dictionaries(st.sampled_from(["name", "controls", "hears", "model"]), ANY))))
@pytest.mark.slow
def test_whatever_the_tables_hold_the_checks_do_not_stumble(tables):
    list(errors_in_voices({"voices": tables}, 5))


CONTROLS = st.lists(st.integers(1, 4), min_size=1, max_size=3)


@settings(max_examples=100, deadline=None)
@given(st.lists(CONTROLS, min_size=1, max_size=3))
@pytest.mark.slow
def test_what_the_checks_let_through_plays(columns):
    names = "abc"
    tables = [{"name": names[i], "controls": controls} for i, controls in enumerate(columns)]
    if list(errors_in_voices({"voices": tables}, 5)):
        return
    made = [
        Voice(names[i], FakePredictor(len(controls) + 1), tuple(control - 1 for control in controls))
        for i, controls in enumerate(columns)
    ]
    try:
        Ensemble(Settings(5), made, default_rng(0), 0.0)
    except ConfigError as error:
        raise AssertionError(tables) from error
