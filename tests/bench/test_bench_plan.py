"""The bench of the plan finds what was not played as planned."""

from __future__ import annotations

import numpy as np

from bench.plan import Watched, played_though_thrown_away, shown_before, wrong_events


def watched(**others) -> Watched:
    """An event a second, each shown three seconds ahead at most."""
    seen = Watched(**others)
    for second in range(20):
        seen.played.append((float(second), np.float32([second / 20, 0.5])))
        rows = [[ahead - 0.1, (second + ahead) / 20, 0.5] for ahead in (1, 2, 3)]
        seen.plans.append((second + 0.1, second + 1, np.array(rows, np.float32)))
    return seen


def test_what_is_played_as_planned_is_right():
    looked, wrong = wrong_events(watched())
    assert (looked > 40, wrong) == (True, 0)
    share, ahead = shown_before(watched())
    assert share == 1.0
    assert 2.5 < ahead < 3.0


def test_an_event_that_is_another_is_found():
    seen = watched()
    seen.played[10] = (10.0, np.float32([0.01, 0.5]))
    assert wrong_events(seen)[1] > 0


def test_of_a_plan_that_was_interrupted_nothing_may_be_played_afterwards():
    assert wrong_events(watched(another=[5.5]))[1] == 0
    assert played_though_thrown_away(watched(another=[5.5])) == (3, 3)
    seen = watched(another=[5.5])
    for second in range(6, 20):
        seen.played[second] = (float(second), np.float32([second / 20, 0.7]))
    assert played_though_thrown_away(seen) == (3, 0)
