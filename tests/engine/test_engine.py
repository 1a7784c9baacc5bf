"""The four modes and the live commands, on a scripted clock."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import MODES, Engine, Settings
from impsy.engine.engine import PENDING_LIMIT, PLAYS_PER_ADVANCE
from impsy.errors import ConfigError
from impsy.events import (
    Interaction,
    ModelLost,
    Panic,
    PanicButton,
    Play,
    PlayThrough,
    Record,
    Report,
    Reset,
    Set,
    SetPredictor,
    Silence,
    Toggle,
    Unplugged,
    Update,
)
from impsy.testing import FakePredictor, Rehearsal

A, B, C = (0.1, 0.2), (0.3, 0.4), (0.5, 0.6)


def rehearse(predictions=((0.25, 0.7, 0.8),), **settings) -> tuple[Rehearsal, FakePredictor]:
    predictor = FakePredictor(3, predictions)
    made = Settings(3, **settings)
    return Rehearsal(lambda now: Engine(made, predictor, default_rng(1), now, "fake")), predictor


def plays(stage: Rehearsal, source: str = "rnn") -> list[tuple[float, tuple[float, ...]]]:
    return [(round(time, 6), play.values) for time, play in stage.of(Play) if play.source == source]


def rows(stage: Rehearsal, source: str) -> list[tuple[float, ...]]:
    return [record.values for _, record in stage.of(Record) if record.source == source]


# --- callresponse -------------------------------------------------------------------------------------


def test_callresponse_hears_the_phrase_and_says_nothing_meanwhile():
    stage, predictor = rehearse(threshold=0.1)
    for step in range(5):
        stage.receive(Interaction(A), at=1.0 + step * 0.05)
    assert plays(stage) == []
    assert [round(heard[0], 6) for heard in predictor.heard] == [1.0, 0.05, 0.05, 0.05, 0.05]
    assert all(heard[1:] == A for heard in predictor.heard)
    assert rows(stage, "interface") == [A] * 5


def test_callresponse_answers_after_the_threshold_in_the_models_own_time():
    stage, predictor = rehearse(predictions=[(0.25, 0.7, 0.8), (0.5, 0.9, 1.0)], threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.play_until(2.0)
    # The turn begins at 1.1; then 0.25, 0.5, 0.25 … as predicted.
    assert plays(stage) == [(1.35, (0.7, 0.8)), (1.85, (0.9, 1.0))]
    assert predictor.heard == [(1.0, *A), (0.25, 0.7, 0.8), (0.5, 0.9, 1.0)]
    assert stage.engine.turn == "model"


def test_callresponse_never_plays_what_was_pending_when_the_performer_returns():
    stage, _ = rehearse(predictions=[(0.25, 0.7, 0.8)], threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.play_until(1.3)  # an answer is due at 1.35
    commands = stage.receive(Interaction(B), at=1.34)
    assert isinstance(commands[0], Silence)
    assert stage.engine.turn == "performer"
    stage.play_until(1.43)
    assert plays(stage) == []
    stage.play_until(1.70)
    assert plays(stage) == [(1.69, (0.7, 0.8))]


def test_callresponse_waits_for_a_first_phrase():
    stage, _ = rehearse()
    stage.play_until(100.0)
    assert plays(stage) == []
    assert stage.engine.deadline is None


# --- polyphony ----------------------------------------------------------------------------------------


def test_polyphony_plays_one_prediction_for_each_event_and_feeds_nothing_back():
    stage, predictor = rehearse(predictions=[(0.5, 0.7, 0.8), (0.1, 0.9, 1.0)], mode="polyphony")
    stage.receive(Interaction(A), at=1.0)
    stage.receive(Interaction(B), at=1.2)
    stage.play_until(5.0)
    assert plays(stage) == [(1.3, (0.9, 1.0)), (1.5, (0.7, 0.8))]  # each in its own time, so they may overtake
    assert predictor.heard == [(1.0, *A), (pytest.approx(0.2), *B)]
    assert stage.engine.turn == "both"


def test_polyphony_bounds_what_waits_and_keeps_the_newest():
    stage, _ = rehearse(predictions=[(500.0, 0.7, 0.8)], mode="polyphony", longest_wait=0.0)
    for step in range(PENDING_LIMIT + 10):
        stage.receive(Interaction(A), at=step * 0.0025)
    snapshot = stage.engine.snapshot()
    assert snapshot.waiting == PENDING_LIMIT
    assert snapshot.counters.overflowed == 10
    stage.play_until(500.0245)
    assert plays(stage) == []  # the first ten are the ones that went
    stage.play_until(500.0255)
    assert len(plays(stage)) == 1


# --- battle and useronly ------------------------------------------------------------------------------


def test_battle_plays_on_its_own_output_whatever_the_performer_does():
    predictions = [(0.25, 0.1, 0.1), (0.25, 0.2, 0.2), (0.25, 0.3, 0.3)]
    alone, alone_heard = rehearse(predictions, mode="battle")
    alone.play_until(2.05)
    against, against_heard = rehearse(predictions, mode="battle")
    for step in range(20):
        against.receive(Interaction(B), at=0.1 * step)
    against.play_until(2.05)
    assert plays(alone) == plays(against)
    assert [time for time, _ in plays(alone)] == [0.25 * step for step in range(1, 9)]
    assert alone_heard.heard == against_heard.heard
    assert alone_heard.heard[1:4] == [(0.25, 0.1, 0.1), (0.25, 0.2, 0.2), (0.25, 0.3, 0.3)]
    assert rows(against, "interface") == [B] * 20


def test_useronly_records_and_nothing_else():
    stage, predictor = rehearse(mode="useronly")
    stage.receive(Interaction(A), at=1.0)
    stage.receive(Interaction(B), at=2.0)
    stage.play_until(100.0)
    assert rows(stage, "interface") == [A, B]
    assert plays(stage) == []
    assert predictor.heard == []


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_reads_every_kind_of_input(mode):
    stage, _ = rehearse(mode=mode)
    stage.receive(Interaction(A), at=1.0)
    stage.receive(Update(((1, 0.9),)), at=1.01)
    stage.receive(Update(((0, 0.8), (1, 0.7))), at=1.02)
    assert rows(stage, "interface") == [A, (0.1, 0.9), (0.8, 0.7)]


@pytest.mark.parametrize("mode", MODES)
def test_thru_passes_the_input_on_in_every_mode(mode):
    stage, _ = rehearse(mode=mode, input_thru=True)
    stage.receive(Interaction(A), at=1.0)
    assert plays(stage, "thru") == [(1.0, A)]


# --- time ---------------------------------------------------------------------------------------------


def test_lateness_does_not_add_up():
    stage, _ = rehearse(mode="battle", predictions=[(0.1, 0.5, 0.5)])
    engine, dues = stage.engine, []
    while len(dues) < 100:
        late = engine.deadline + 0.004  # each wake-up 4 ms late
        dues += [command.due for command in engine.advance(late) if isinstance(command, Play)]
    assert all(later - earlier == pytest.approx(0.1) for earlier, later in pairwise(dues))


def test_after_a_suspended_laptop_playing_goes_on_from_now():
    stage, _ = rehearse(mode="battle", predictions=[(0.1, 0.5, 0.5)])
    stage.play_until(1.0)
    stage.now = 3600.0
    commands = [*stage.engine.advance(stage.now), *stage.engine.advance(stage.now)]
    assert sum(isinstance(command, Play) for command in commands) == 1
    assert stage.engine.deadline == pytest.approx(3600.1)


def test_one_wake_up_plays_a_bounded_number_however_small_the_timescale():
    stage, _ = rehearse(mode="battle", predictions=[(0.0, 0.5, 0.5)], timescale=1e-9)
    assert sum(isinstance(command, Play) for command in stage.engine.advance(0.5)) == 1
    stage, _ = rehearse(mode="polyphony", predictions=[(0.0, 0.5, 0.5)], timescale=1e-9)
    for _ in range(2 * PLAYS_PER_ADVANCE):
        stage.receive(Interaction(A))
    assert sum(isinstance(command, Play) for command in stage.engine.advance(0.5)) == PLAYS_PER_ADVANCE


def test_the_model_plays_first_and_thinks_after():
    stage, predictor = rehearse(mode="battle")
    engine = stage.engine
    engine.advance(0.0)
    heard = len(predictor.heard)
    (play, _record) = engine.advance(0.25)
    assert isinstance(play, Play)
    assert len(predictor.heard) == heard
    assert engine.deadline == 0.25  # at once
    assert engine.advance(0.26) == []
    assert predictor.heard[-1] == (0.25, 0.7, 0.8)
    assert engine.deadline == 0.5


def test_what_was_played_is_heard_even_if_the_performer_comes_back_at_once():
    stage, predictor = rehearse(threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.play_until(1.2)
    stage.engine.advance(1.35)
    stage.engine.receive(Interaction(B), 1.35)
    assert predictor.heard[1:] == [(0.25, 0.7, 0.8), (pytest.approx(0.35), *B)]


def test_timescale_stretches_the_wait_and_not_what_the_model_hears():
    stage, predictor = rehearse(mode="battle", timescale=2.0)
    stage.play_until(1.05)
    assert [time for time, _ in plays(stage)] == [0.5, 1.0]
    assert predictor.heard[-1] == (0.25, 0.7, 0.8)


def test_a_new_timescale_holds_for_what_waits_already():
    stage, _ = rehearse(mode="battle", predictions=[(10.0, 0.5, 0.5)], longest_wait=0.0)
    stage.play_until(2.0)
    stage.receive(Set("timescale", 0.5))
    assert stage.engine.deadline == pytest.approx(2.0 + 8.0 * 0.5)


def test_coming_back_from_an_absurd_timescale_waits_no_longer_than_predicted():
    stage, _ = rehearse(mode="battle", timescale=1e-38)
    stage.now = 5000.0
    for _ in range(50):
        stage.engine.advance(stage.now)
        stage.now += 1e-12
    stage.receive(Set("timescale", 0.5))
    assert stage.engine.deadline <= stage.now + 0.25 * 0.5


def test_events_stamped_out_of_order_have_no_negative_time():
    stage, predictor = rehearse()
    stage.receive(Interaction(A), at=1.0)
    stage.engine.receive(Interaction(B), 0.9)
    assert [heard[0] for heard in predictor.heard] == [1.0, 0.0]


# --- playing through ----------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_what_is_played_through_sounds_and_is_neither_recorded_nor_heard(mode):
    stage, predictor = rehearse(mode=mode)
    before = stage.engine.forecast()
    assert stage.receive(PlayThrough(C), at=0.0) == [Play(C, "direct", 0.0)]
    assert stage.engine.forecast() == before
    assert rows(stage, "interface") == []
    assert predictor.heard == []
    snapshot = stage.engine.snapshot()
    assert (snapshot.counters.heard, snapshot.output_values) == (0, ())
    assert snapshot.input_values != C


def test_playing_through_works_while_paused_and_its_end_silences():
    stage, _ = rehearse()
    stage.receive(Set("paused", True))
    assert stage.receive(PlayThrough(C), at=1.0) == [Play(C, "direct", 1.0)]
    assert [type(command) for command in stage.receive(PlayThrough(()))] == [Silence]
    assert [type(command) for command in stage.receive(PlayThrough((0.5,)))] == [Report]


def test_playing_through_does_not_take_the_models_turn():
    stage, _ = rehearse(mode="battle")
    stage.play_until(1.1)
    due = stage.engine.deadline
    stage.receive(PlayThrough(C))
    assert stage.engine.deadline == due


# --- the forecast -------------------------------------------------------------------------------------


class Mixing(FakePredictor):
    """Predicts a mixture of one component, whose first number counts what was heard."""

    def mixture(self):
        return np.array([len(self.heard), *[0.0] * 6], np.float32)


def test_the_forecast_counts_down_to_the_answer_and_then_to_each_event():
    stage, _ = rehearse(threshold=0.1)
    assert stage.engine.forecast()[:2] == (None, None)
    stage.receive(Interaction(A), at=1.0)
    assert stage.engine.forecast()[:2] == (pytest.approx(1.1), "answer")
    stage.play_until(1.2)
    assert stage.engine.forecast()[:2] == (pytest.approx(1.35), "event")
    stage.engine.advance(1.35)  # played, and not thought further yet
    assert stage.engine.forecast()[:2] == (pytest.approx(1.35), "event")
    stage.play_until(1.4)
    assert stage.engine.forecast()[:2] == (pytest.approx(1.6), "event")
    stage.receive(Interaction(B))
    assert stage.engine.forecast()[:2] == (pytest.approx(1.5), "answer")


@pytest.mark.parametrize("ending", [Set("paused", True), Set("mode", "useronly"), PanicButton()])
def test_dropped_plans_leave_an_empty_forecast(ending):
    stage, _ = rehearse(threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.play_until(1.2)
    assert stage.engine.forecast().due is not None
    stage.receive(ending)
    assert stage.engine.forecast()[:2] == (None, None)


def test_the_forecast_differs_exactly_when_something_has_changed():
    stage, _ = rehearse(mode="polyphony", predictions=[(5.0, 0.7, 0.8)])
    stage.receive(Interaction(A), at=1.0)
    first = stage.engine.forecast()
    stage.play_until(2.0)
    assert stage.engine.forecast() == first
    stage.receive(Interaction(B))  # plays later than what waits, but shapes what comes next
    second = stage.engine.forecast()
    assert second != first
    assert second.due == first.due
    stage.receive(Set("sigma_temperature", 0.5))
    assert stage.engine.forecast() != second


def test_the_mixture_is_that_of_what_was_heard_last():
    predictor = Mixing(3, [(0.25, 0.7, 0.8)])
    stage = Rehearsal(lambda now: Engine(Settings(3, threshold=0.1), predictor, default_rng(1), now))
    assert stage.engine.mixture() is None
    stage.receive(Interaction(A), at=1.0)
    assert stage.engine.mixture()[0] == 1
    stage.receive(Interaction(B), at=1.01)
    assert stage.engine.mixture()[0] == 2
    stage.receive(Reset())
    assert stage.engine.mixture() is None


def test_a_model_that_predicts_no_mixture_has_none():
    stage, _ = rehearse()
    stage.receive(Interaction(A), at=1.0)
    assert stage.engine.mixture() is None


# --- live commands ------------------------------------------------------------------------------------


def test_pause_silences_and_stops_predicting_and_the_performer_is_still_recorded():
    stage, predictor = rehearse(mode="battle")
    stage.play_until(1.1)
    before = len(plays(stage))
    assert [type(command) for command in stage.receive(Set("paused", True))] == [Silence]
    stage.receive(Interaction(A), at=2.0)
    stage.play_until(5.0)
    assert len(plays(stage)) == before
    assert rows(stage, "interface") == [A]
    heard = len(predictor.heard)
    stage.receive(Set("paused", False))
    stage.play_until(6.0)
    assert len(plays(stage)) == before + 3
    assert len(predictor.heard) > heard


def test_a_flag_changes_over_and_nothing_else_does():
    stage, _ = rehearse(mode="battle")
    assert [type(command) for command in stage.receive(Toggle("paused"))] == [Silence]
    assert stage.engine.snapshot().settings.paused
    assert stage.receive(Toggle("paused")) == []
    assert not stage.engine.snapshot().settings.paused
    before = stage.engine.snapshot().settings
    for name in ("mode", "timescale", "thru_matrix", "nothing"):
        assert [type(command) for command in stage.receive(Toggle(name))] == [Report]
    assert stage.engine.snapshot().settings == before


def test_a_paused_answer_goes_on_when_resumed():
    stage, _ = rehearse(threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.receive(Set("paused", True), at=1.2)
    assert stage.engine.deadline is None
    stage.receive(Set("paused", False), at=9.0)
    stage.play_until(9.3)
    assert plays(stage) == [(9.25, (0.7, 0.8))]


def test_a_change_of_mode_silences_and_drops_what_was_planned():
    stage, _ = rehearse(mode="polyphony", predictions=[(5.0, 0.7, 0.8)])
    stage.receive(Interaction(A), at=1.0)
    assert any(isinstance(command, Silence) for command in stage.receive(Set("mode", "useronly")))
    stage.play_until(20.0)
    assert plays(stage) == []
    assert stage.engine.snapshot().counters.cancelled == 1


def test_battle_can_be_entered_and_left():
    stage, _ = rehearse()
    stage.receive(Set("mode", "battle"), at=1.0)
    stage.play_until(1.6)
    assert len(plays(stage)) == 2
    stage.receive(Set("mode", "callresponse"))
    stage.play_until(10.0)
    assert len(plays(stage)) == 2


def test_reset_zeroes_the_state_and_the_model_plays_on():
    stage, predictor = rehearse(mode="battle")
    stage.play_until(1.1)
    stage.receive(Reset())
    assert predictor.resets == 1
    stage.play_until(2.1)
    assert len(plays(stage)) == 8


def test_temperatures_reach_the_model():
    stage, predictor = rehearse(mode="battle")
    stage.receive(Set("sigma_temperature", 0.5))
    stage.receive(Set("pi_temperature", 2.0))
    stage.play_until(1.0)
    assert predictor.temperatures[-1] == (2.0, 0.5)


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (Set("mode", "jazz"), "unknown-mode"),
        (Set("timescale", 0.0), "bad-timescale"),
        (Set("timescale", math.nan), "bad-timescale"),
        (Set("threshold", -1.0), "bad-threshold"),
        (Set("sigma_temperature", math.inf), "bad-sigma_temperature"),
        (Set("pi_temperature", -0.1), "bad-pi_temperature"),
    ],
)
def test_a_bad_command_is_reported_and_changes_nothing(event, kind):
    stage, _ = rehearse()
    before = stage.engine.snapshot()
    (report,) = stage.receive(event)
    assert isinstance(report, Report)
    assert report.kind == kind
    assert stage.engine.snapshot() == before


def test_another_model_takes_over_without_a_gap_and_knows_the_context():
    stage, _ = rehearse(mode="battle", predictions=[(0.25, 0.1, 0.1)])
    stage.play_until(1.1)
    other = FakePredictor(3, [(0.25, 0.9, 0.9)])
    stage.receive(SetPredictor(other, "other"))
    stage.play_until(2.05)
    assert [time for time, _ in plays(stage)] == [0.25 * step for step in range(1, 9)]
    assert plays(stage)[-1][1] == (0.9, 0.9)
    assert other.heard[:2] == [(0.0, *stage.engine.snapshot().input_values), (0.25, 0.1, 0.1)]
    assert stage.engine.snapshot().model == "other"


def test_a_model_of_another_dimension_is_refused_and_the_old_one_plays_on():
    stage, _ = rehearse(mode="battle")
    (report,) = stage.receive(SetPredictor(FakePredictor(9), "nine"))
    assert isinstance(report, Report)
    assert "9" in report.text
    assert "3" in report.text
    stage.play_until(1.0)
    assert plays(stage)
    with pytest.raises(ConfigError, match="dimension"):
        Engine(Settings(3), FakePredictor(9), default_rng(1), 0.0)


def test_the_thru_matrix_sends_an_inputs_vector_to_its_outputs_only():
    stage, _ = rehearse(mode="useronly", thru_matrix=(("in A", ("out X", "out Y")),))
    stage.receive(Interaction(A, "in B"), at=1.0)
    stage.receive(Update(((1, 0.9),), "in A"), at=1.5)
    thru = [(time, play.values, play.ports) for time, play in stage.of(Play)]
    assert thru == [(1.5, (0.1, 0.9), ("out X", "out Y"))]
    stage.receive(Set("input_thru", True))
    stage.receive(Interaction(B, "in A"), at=2.0)
    assert [(play.values, play.ports) for _, play in stage.of(Play)][1:] == [(B, None)]


def test_an_input_that_goes_away_leaves_nothing_sounding():
    stage, _ = rehearse(input_thru=True)
    stage.receive(Update(((0, 0.9),), "in A"), at=1.0)
    (silence,) = stage.receive(Unplugged("in A"))
    assert isinstance(silence, Silence)


def test_panic_ends_all_that_sounds_and_was_planned():
    stage, _ = rehearse(threshold=0.1)
    stage.receive(Interaction(A), at=1.0)
    stage.play_until(1.2)
    assert [type(command) for command in stage.receive(PanicButton())] == [Silence, Panic]
    assert stage.engine.snapshot().counters.panics == 1
    stage.play_until(10.0)
    assert plays(stage) == []
    stage.receive(Set("mode", "battle"))
    stage.receive(PanicButton())
    stage.play_until(11.0)
    assert len(plays(stage)) == 3


# --- trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_prediction_that_is_not_finite_resets_the_state_and_playing_goes_on(bad):
    stage, predictor = rehearse(mode="battle", predictions=[(0.25, 0.5, 0.5), (0.25, bad, 0.5), (0.25, 0.6, 0.6)])
    stage.play_until(0.6)
    assert predictor.resets == 1
    assert [report.kind for _, report in stage.of(Report)] == ["prediction-not-finite"]
    assert plays(stage) == [(0.25, (0.5, 0.5)), (0.5, (0.6, 0.6))]
    assert all(math.isfinite(value) for _, values in plays(stage) for value in values)


def test_a_model_that_only_says_nan_is_asked_again_now_and_then_and_does_not_spin():
    stage, predictor = rehearse(mode="battle", predictions=[(math.nan, 0.5, 0.5)])
    stage.play_until(10.0)
    assert plays(stage) == []
    assert 20 <= stage.engine.snapshot().counters.not_finite <= 60
    assert predictor.resets == stage.engine.snapshot().counters.not_finite


def test_an_event_of_a_wrong_length_is_reported_with_both_numbers():
    stage, predictor = rehearse()
    (report,) = stage.receive(Interaction((0.1, 0.2, 0.3), port="osc"))
    assert isinstance(report, Report)
    assert "3 values" in report.text
    assert "2 controls" in report.text
    assert predictor.heard == []
    assert isinstance(stage.receive(Update(((7, 0.5),)))[0], Report)
    assert stage.engine.snapshot().counters.rejected == 2


def test_skimmed_events_are_recorded_and_not_answered():
    stage, predictor = rehearse(mode="polyphony")
    assert stage.engine.skim(Interaction(A), 1.0) == [Record("interface", A, 1.0)]
    assert predictor.heard == []
    assert stage.engine.snapshot().counters.skipped == 1


def test_recovering_goes_on_playing_in_battle():
    stage, predictor = rehearse(mode="battle")
    stage.play_until(1.0)
    commands = stage.engine.recover(1.0, "test")
    assert [type(command) for command in commands] == [Silence]
    stage.play_until(3.0)
    assert plays(stage)[-1][0] > 2.0
    assert predictor.resets == 1


events = st.one_of(
    st.builds(Interaction, st.lists(st.floats(0, 1), min_size=1, max_size=4).map(tuple)),
    st.builds(Update, st.lists(st.tuples(st.integers(-1, 3), st.floats(0, 1)), max_size=3).map(tuple)),
    st.builds(PlayThrough, st.lists(st.floats(0, 1), max_size=4).map(tuple)),
    st.builds(Set, st.just("mode"), st.sampled_from([*MODES, "nonsense"])),
    st.builds(Set, st.just("paused"), st.booleans()),
    st.just(Reset()),
    st.just(PanicButton()),
    st.just(Toggle("paused")),
    st.just(Unplugged("midi")),
    st.builds(Set, st.just("input_thru"), st.booleans()),
    st.builds(Set, st.just("sigma_temperature"), st.floats()),
    st.builds(Set, st.just("pi_temperature"), st.floats()),
    st.builds(Set, st.just("timescale"), st.floats()),
    st.builds(Set, st.just("threshold"), st.floats()),
    st.builds(lambda: SetPredictor(FakePredictor(3), "other")),
)
predicted = st.tuples(st.floats(-1, 2), st.floats(-1, 2), st.floats() | st.floats(0, 1))


@given(
    mode=st.sampled_from(list(MODES)),
    script=st.lists(st.tuples(st.floats(0, 0.5), events), max_size=40),
    predictions=st.lists(predicted, min_size=1, max_size=5),
)
@pytest.mark.slow
def test_whatever_happens_the_engine_stays_in_range_and_never_plans_while_paused(mode, script, predictions):
    predictor = FakePredictor(3, predictions)
    engine = Engine(Settings(3, mode=mode), predictor, default_rng(0), 0.0)
    now, performer_rows = 0.0, 0
    for seconds, event in script:
        now += seconds
        commands = [*engine.receive(event, now), *engine.advance(now)]
        for command in commands:
            if isinstance(command, Play | Record):
                assert len(command.values) == 2
                assert all(0.0 <= value <= 1.0 for value in command.values)
        performer_rows += sum(isinstance(c, Record) and c.source == "interface" for c in commands)
        snapshot = engine.snapshot()
        assert snapshot.waiting <= PENDING_LIMIT
        forecast = engine.forecast()
        if MODES[snapshot.settings.mode].shares:  # it also wakes up when a control is let go of
            assert forecast.due is None or engine.deadline <= forecast.due
        else:
            assert forecast.due == engine.deadline
        assert (forecast.what is None) == (forecast.due is None)
        if snapshot.settings.paused:
            assert engine.deadline is None
            assert not any(isinstance(command, Play) and command.source == "rnn" for command in commands)
    assert performer_rows == engine.snapshot().counters.heard


class Elsewhere(FakePredictor):
    """A model that computes in another process: ready when it is told to be."""

    ready = False
    overdue_at: float | None = None

    def given_up(self, now: float) -> str:
        return "it does not answer"


@pytest.mark.parametrize("mode", ["callresponse", "polyphony", "battle"])
def test_a_model_that_computes_elsewhere_is_asked_when_it_is_ready(mode):
    predictor = Elsewhere(3, [(0.5, 0.1, 0.2)])
    run = Rehearsal(lambda now: Engine(Settings(3, mode=mode, threshold=0.1), predictor, default_rng(0), now))
    run.receive(Interaction((0.5, 0.5)), 1.0)
    run.play_until(1.3)
    assert predictor.temperatures == []
    predictor.ready = True
    run.play_until(1.4)
    assert len(predictor.temperatures) == 1
    run.play_until(3.0)
    assert next(play.values for _, play in run.of(Play)) == (0.1, 0.2)


def test_a_model_that_never_gets_ready_is_replaced_by_nobody_until_another_one_is_set():
    predictor = Elsewhere(3)
    run = Rehearsal(lambda now: Engine(Settings(3, mode="battle"), predictor, default_rng(0), now, "strange"))
    run.play_until(1.0)
    predictor.overdue_at = 1.5
    run.play_until(2.0)
    assert [(at, lost.predictor) for at, lost in run.of(ModelLost)] == [(1.5, predictor)]
    assert run.engine.snapshot().model == "no model"
    run.receive(Interaction((0.5, 0.5)), 3.0)
    run.play_until(10.0)
    assert list(run.of(Play)) == []
    run.receive(SetPredictor(FakePredictor(3, [(0.5, 0.1, 0.2)]), "another"), 11.0)
    run.play_until(12.0)
    assert list(run.of(Play))
