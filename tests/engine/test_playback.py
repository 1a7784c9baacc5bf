"""From a prediction to what is played."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.engine import MINIMUM_DT, Settings, to_step
from impsy.errors import ConfigError


def test_the_published_vectors(vectors):
    document = json.loads((vectors / "playback.json").read_text())
    assert document["cases"]
    for case in document["cases"]:
        for output, expected in zip(case["model_outputs"], case["expected"], strict=True):
            step = to_step(output, case["timescale"])
            assert step.wait == pytest.approx(expected["wait"], abs=document["tolerance"])
            assert step.values == pytest.approx(expected["output"], abs=document["tolerance"])
            assert step.vector == pytest.approx(expected["next_model_input"], abs=document["tolerance"])


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=9), st.floats(0.01, 100))
def test_a_step_is_always_playable(prediction, timescale):
    step = to_step(prediction, timescale)
    assert step.wait >= MINIMUM_DT * timescale
    assert all(0 <= value <= 1 for value in step.values)
    assert step.vector[1:] == step.values
    assert step.wait == pytest.approx(step.vector[0] * timescale)


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_no_step_is_made_of_what_is_not_finite(place, bad):
    prediction = [0.1, 0.2, 0.3]
    prediction[place] = bad
    assert to_step(prediction, 1.0) is None


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"dimension": 1}, "dimension"),
        ({"mode": "jazz"}, "callresponse"),
        ({"threshold": -1.0}, "threshold"),
        ({"timescale": 0.0}, "timescale"),
        ({"sigma_temperature": math.nan}, "sigma_temperature"),
    ],
)
def test_settings_out_of_range_say_what_is_wanted(change, word):
    with pytest.raises(ConfigError, match=word):
        Settings(**{"dimension": 3, **change})
