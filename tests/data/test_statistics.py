"""What is in a dataset, and the advice."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from dataset_files import playing

from impsy.data.datasets import Dataset, read_dataset
from impsy.data.statistics import describe


def of(*performances):
    return describe(Dataset.of(len(performances[0][0]), performances))


def test_figures_of_a_small_dataset():
    facts = of([[0.5, 0, 0.2], [0.5, 0.5, 0.2], [2, 0.5, 0.2]], [[0.01, 1, 0.4], [0.0, 1, 0.2]])
    assert (facts.dimension, facts.performances, facts.events, facts.lengths) == (3, 2, 5, (3, 2))
    assert facts.seconds == pytest.approx(3.01)
    assert (facts.time_median, facts.time_longest) == (0.5, 2.0)
    assert facts.time_mean == pytest.approx(3.01 / 5)
    # Of the three events with one before them in their performance, one moves nothing and two move one control.
    assert facts.moving == pytest.approx((1 / 3, 2 / 3, 0))
    first, second = facts.controls
    assert (first.number, first.minimum, first.maximum, first.mean) == (1, 0, 1, pytest.approx(0.6))
    assert (first.at_zero, first.at_one, first.distinct) == (pytest.approx(0.2), pytest.approx(0.4), 3)
    assert (first.activity, second.activity) == (pytest.approx(1 / 3), pytest.approx(1 / 3))


def test_every_time_is_in_one_bin_of_the_histogram():
    times = [0.0, 0.0005, 0.001, 0.02, 0.1, 99.0, 100.0, 5000.0]
    facts = of([[time, 0.5] for time in times])
    assert sum(facts.time_counts) == len(times)
    for edge, count in zip(facts.time_edges, facts.time_counts, strict=True):
        upper = min((other for other in facts.time_edges if other > edge), default=np.inf)
        assert count == sum(edge <= time < upper for time in np.float32(times).tolist())


def test_steps_of_controls_are_recognised():
    assert [each.step for each in describe(playing((500,))).controls] == [1 / 127] * 2


def test_performances_are_not_compared_across_their_ends():
    facts = of([[0.1, 0.0]], [[0.1, 1.0]], [[0.1, 0.0]])
    assert facts.controls[0].activity == 0


@pytest.mark.parametrize("lengths", [(), (0,), (0, 3, 0), (1,), (0, 1, 0, 0, 2)])
def test_empty_performances_are_no_trouble(lengths):
    facts = describe(playing(lengths))
    assert (facts.events, facts.performances) == (sum(lengths), len(lengths))
    assert json.loads(json.dumps(asdict(facts)))["events"] == sum(lengths)


def said(facts, word):
    return [advice for advice in facts.advice if word in advice]


def test_a_good_dataset_needs_no_advice():
    assert describe(playing((6000, 6000))).advice == ()


def test_too_little_data_says_how_much_is_good():
    assert "500 events are too little" in describe(playing((500,))).advice[0]
    assert "at least 1,000" in describe(playing((500,))).advice[0]
    assert "enough to begin with" in describe(playing((2000,))).advice[0]


def test_controls_that_never_move_are_named():
    dataset = playing((12_000,), dimension=4)
    dataset.events[:, 2] = 0.25
    assert said(describe(dataset), "never moves") == [
        "control 2 never moves (it is always 0.25): play it, or leave it out of the mapping and record with one "
        "dimension less"
    ]
    dataset.events[:, 1:] = 0
    assert describe(dataset).advice == (
        "no control ever moves: is the mapping right? “impsy monitor” shows what arrives",
    )


def test_saturated_controls_are_named():
    dataset = playing((12_000,), dimension=4)
    dataset.events[:8000, 1] = 0
    dataset.events[:9000, 3] = 1
    low, high = said(describe(dataset), "in its mapping")
    assert low.startswith("control 1 is at 0 in 67% of all events")
    assert high.startswith("control 3 is at 1 in 75% of all events")


def test_short_performances_and_long_pauses_are_told():
    dataset = playing((12_000, 50, 20))
    dataset.events[5, 0] = 500
    facts = describe(dataset)
    assert said(facts, "2 of 3 performances have less than 51 events")
    assert said(facts, "1 pause is longer than 30 s (the longest 500 s)")
    assert said(describe(playing((50, 50))), "no performance has the 51 events")


def test_real_recordings(shared_data):
    facts = describe(read_dataset(shared_data / "datasets" / "training-dataset-9d.npz"))
    assert (facts.performances, facts.events) == (46, 94_603)
    assert facts.moving[1] == pytest.approx(0.86, abs=0.01)
    assert said(facts, "142 pauses")
