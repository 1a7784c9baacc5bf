"""How many events go out in a second at most, whatever a model predicts and whoever plays."""

from __future__ import annotations

from itertools import pairwise

import pytest
from numpy.random import default_rng

from impsy.engine import Engine, Settings
from impsy.engine.engine import HEARD_A_SECOND, HEARD_BURST, PLAYED_A_SECOND, PLAYED_BURST
from impsy.engine.playback import Pace
from impsy.events import Interaction, Play, PlayThrough, Record, Report, Set
from impsy.testing import FakePredictor, Rehearsal


def rehearse(predictions=((0.001, 0.7, 0.8),), **settings):
    made, predictor = Settings(3, **settings), FakePredictor(3, predictions)
    return Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake")), predictor


def plays(stage):
    return [time for time, _ in stage.of(Play)]


def test_a_pace_lets_a_burst_through_and_then_so_many():
    pace = Pace(10, 5)
    assert sum(pace.allows(1.0) for _ in range(50)) in (5, 6)
    assert sum(pace.allows(1.05) for _ in range(50)) <= 1
    assert pace.allows(1.2)
    later = [at / 1000 for at in range(2000, 12_000) if pace.allows(at / 1000)]
    assert 100 <= len(later) <= 106


@pytest.mark.parametrize("mode", ["battle", "callresponse"])
@pytest.mark.parametrize("timescale", [1.0, 1e-30])
@pytest.mark.slow
def test_a_model_that_plans_without_pause_plays_so_many_a_second(mode, timescale):
    stage, _ = rehearse(mode=mode, timescale=timescale, threshold=0.0)
    stage.receive(Interaction((0.5, 0.5)), at=0.0)
    stage.play_until(10.0)
    assert len(plays(stage)) == pytest.approx(10 * PLAYED_A_SECOND + PLAYED_BURST, abs=3)


@pytest.mark.slow
def test_commands_that_hurry_what_waits_do_not_lift_the_limit():
    stage, _ = rehearse(predictions=[(1.0, 0.7, 0.8)], mode="battle")
    for step in range(10_000):
        stage.receive(Set("timescale", (0.01, 1.0)[step % 2]), at=step / 1000)
    assert len(plays(stage)) <= 10 * PLAYED_A_SECOND + PLAYED_BURST + 3


def test_dense_playing_below_the_limit_is_as_it_was_predicted():
    burst = [(0.001, 0.7, 0.8)] * 50 + [(0.5, 0.7, 0.8)]
    stage, _ = rehearse(predictions=burst, mode="battle")
    stage.play_until(20.0)
    times = plays(stage)
    assert len(times) > 1500
    gaps = [later - before for before, later in pairwise(times)]
    assert gaps == pytest.approx([burst[(number + 1) % 51][0] for number in range(len(gaps))])


@pytest.mark.parametrize(("mode", "thru"), [("polyphony", False), ("useronly", True), ("polyphony", True)])
@pytest.mark.slow
def test_a_flood_of_input_is_recorded_and_goes_out_so_often(mode, thru):
    stage, _ = rehearse(mode=mode, input_thru=thru)
    for step in range(50_000):
        stage.receive(Interaction((step % 10 / 10, 0.5)), at=step / 5000)
    assert len([1 for _ in stage.of(Record) if _[1].source == "interface"]) == 50_000
    assert len(plays(stage)) <= 10 * PLAYED_A_SECOND + PLAYED_BURST + 20
    assert {report.kind for _, report in stage.of(Report)} == {"input-dense"}


def test_what_was_not_passed_on_in_a_flood_is_brought_by_the_next():
    stage, _ = rehearse(mode="useronly", input_thru=True)
    stage.receive(Interaction((0.0, 0.0)), at=0.0)
    for _ in range(PLAYED_BURST + 50):
        stage.receive(Interaction((0.5, 0.0)), at=0.001)
    stage.receive(Interaction((0.5, 0.9)), at=0.002)
    stage.receive(Interaction((0.6, 0.9)), at=1.0)
    last = [play for _, play in stage.of(Play)][-1]
    assert last.values == (0.6, 0.9)
    assert last.moved == (0, 1)


def test_a_flood_of_a_take_that_is_played_through_goes_out_so_often():
    stage, _ = rehearse(mode="useronly")
    for step in range(20_000):
        stage.receive(PlayThrough((0.5, 0.5)), at=step / 4000)
    assert len(plays(stage)) <= 5 * PLAYED_A_SECOND + PLAYED_BURST + 3


@pytest.mark.slow
def test_a_model_hears_so_many_events_a_second():
    stage, predictor = rehearse(mode="callresponse", threshold=100.0)
    for step in range(50_000):
        stage.receive(Interaction((step % 10 / 10, 0.5)), at=step / 10_000)
    assert len(predictor.heard) == pytest.approx(5 * HEARD_A_SECOND + HEARD_BURST, abs=3)
    assert stage.engine.snapshot().counters.heard == 50_000
