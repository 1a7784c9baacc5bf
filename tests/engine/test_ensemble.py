"""Several voices as one instrument, on a scripted clock."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.random import default_rng

from impsy.engine import MODES, Engine, Ensemble, Settings, Voice
from impsy.engine.ensemble import ECHOES_A_SECOND, ECHOES_BURST
from impsy.errors import ConfigError
from impsy.events import (
    EndNotes,
    Interaction,
    ModelLost,
    Panic,
    PanicButton,
    Play,
    PlayThrough,
    Record,
    Released,
    Report,
    Reset,
    Set,
    SetPredictor,
    Silence,
    Unplugged,
    Update,
)
from impsy.testing import FakePredictor, Rehearsal

FOUR, TWO = (0.25, 0.1, 0.2, 0.3, 0.4), (0.5, 0.7, 0.8)
ROW = (0.01, 0.02, 0.03, 0.04, 0.05, 0.06)


def voices(four: dict | None = None, two: dict | None = None, plays=(FOUR,), answers=(TWO,)):
    """Of six controls, the first, second, fourth and sixth are of “four”, the fifth and third of “two”."""
    first = Voice("four", FakePredictor(5, plays), (0, 1, 3, 5), "4.tflite", **(four or {}))
    second = Voice("two", FakePredictor(3, answers), (4, 2), "2.tflite", **(two or {}))
    return first, second


def rehearse(*made: Voice, **whole) -> Rehearsal:
    return Rehearsal(lambda now: Ensemble(Settings(7, **whole), made, default_rng(1), now))


def plays(stage: Rehearsal) -> list[tuple[float, tuple[float, ...], tuple[int, ...] | None]]:
    return [(round(time, 6), play.values, play.moved) for time, play in stage.of(Play) if play.source == "rnn"]


def rows(stage: Rehearsal, source: str) -> list[tuple[float, ...]]:
    return [record.values for _, record in stage.of(Record) if record.source == source]


# --- who hears what -------------------------------------------------------------------------------------


def test_each_voice_hears_its_own_columns_and_the_performers_row_is_recorded_once():
    four, two = voices()
    stage = rehearse(four, two)
    stage.receive(Interaction(ROW), at=1.0)
    stage.receive(Update(((4, 0.9), (0, 0.5))), at=1.05)
    assert four.predictor.heard == [(1.0, 0.01, 0.02, 0.04, 0.06), (pytest.approx(0.05), 0.5, 0.02, 0.04, 0.06)]
    assert two.predictor.heard == [(1.0, 0.05, 0.03), (pytest.approx(0.05), 0.9, 0.03)]
    assert rows(stage, "interface") == [ROW, (0.5, 0.02, 0.03, 0.04, 0.9, 0.06)]
    assert stage.engine.snapshot().counters.heard == 2


def test_what_concerns_one_voice_is_not_heard_by_the_other():
    four, two = voices()
    stage = rehearse(four, two, mode="polyphony")
    stage.receive(Update(((2, 0.9),)), at=1.0)
    assert (len(four.predictor.heard), len(two.predictor.heard)) == (0, 1)
    stage.receive(Interaction(ROW), at=2.0)  # the first that says where all is
    assert (len(four.predictor.heard), len(two.predictor.heard)) == (1, 2)
    stage.receive(Interaction((0.5, *ROW[1:])), at=3.0)
    assert (len(four.predictor.heard), len(two.predictor.heard)) == (2, 2)
    stage.receive(Interaction((0.5, *ROW[1:])), at=4.0)  # nothing moved: all hear that it is repeated
    assert (len(four.predictor.heard), len(two.predictor.heard)) == (3, 3)


def test_a_voice_knows_from_the_start_what_is_recorded():
    four, two = voices()
    stage = rehearse(four, two)
    stage.receive(Update(((0, 0.5),)), at=1.0)
    (row,) = rows(stage, "interface")
    assert four.predictor.heard[0][1:] == tuple(row[i] for i in four.controls)


def test_a_control_without_a_voice_is_recorded_and_passed_on():
    only = Voice("two", FakePredictor(3, [TWO]), (4, 2), "2.tflite")
    stage = rehearse(only, input_thru=True)
    stage.receive(Update(((0, 0.5),), "keys"), at=1.0)
    assert only.predictor.heard == []
    (thru,) = [play for _, play in stage.of(Play)]
    assert (thru.source, thru.moved, thru.values[0]) == ("thru", (0,), 0.5)
    assert len(rows(stage, "interface")) == 1


@pytest.mark.parametrize("event", [Interaction((0.5, 0.5)), Update(((6, 0.5),))])
def test_what_does_not_fit_is_reported_once_and_heard_by_nobody(event):
    four, two = voices()
    stage = rehearse(four, two)
    (report,) = stage.receive(event, at=1.0)
    assert isinstance(report, Report)
    assert report.kind == "input-length"
    assert four.predictor.heard == two.predictor.heard == []
    assert stage.engine.snapshot().counters.rejected == 1


def test_events_that_come_too_fast_are_recorded_and_move_the_voices_controls():
    four, two = voices()
    stage = rehearse(four, two)
    stage.now = 1.0
    commands = stage.engine.skim(Update(((0, 0.5), (4, 0.6))), 1.0)
    assert [type(command) for command in commands] == [Record]
    stage.receive(Update(((1, 0.7), (2, 0.8))), at=1.1)
    assert four.predictor.heard[0][1:3] == (0.5, 0.7)
    assert two.predictor.heard[0][1:] == (0.6, 0.8)
    assert stage.engine.snapshot().counters.skipped == 1


# --- what they play -------------------------------------------------------------------------------------


def test_a_voice_plays_its_own_controls_and_the_rest_stays_as_it_was_sent():
    stage = rehearse(*voices(), mode="callresponse", threshold=0.1)
    stage.receive(Interaction(ROW), at=1.0)
    stage.play_until(1.61)
    first = (0.1, 0.2, 0.03, 0.3, 0.05, 0.4)
    second = (0.1, 0.2, 0.8, 0.3, 0.7, 0.4)
    assert plays(stage) == [(1.35, first, (0, 1, 3, 5)), (1.6, first, (0, 1, 3, 5)), (1.6, second, (2, 4))]
    assert rows(stage, "rnn") == [first, first, second]
    snapshot = stage.engine.snapshot()
    assert (snapshot.output_values, snapshot.counters.played) == (second, 3)


def test_what_is_played_through_and_passed_on_is_what_the_next_plays_leave_in_place():
    stage = rehearse(*voices(two={"mode": "useronly"}), mode="battle", input_thru=True)
    stage.receive(PlayThrough((0.9,) * 6), at=0.1)
    stage.receive(Update(((2, 0.5),), "keys"), at=0.2)
    stage.play_until(0.26)
    ((_, values, moved),) = plays(stage)
    assert (values, moved) == ((0.1, 0.2, 0.5, 0.3, 0.9, 0.4), (0, 1, 3, 5))


def test_modes_of_their_own():
    stage = rehearse(*voices(two={"mode": "useronly"}), mode="battle")
    stage.receive(Interaction(ROW), at=0.1)
    stage.play_until(1.0)
    assert {moved for _, _, moved in plays(stage)} == {(0, 1, 3, 5)}
    assert stage.engine.turn == "both"
    assert stage.engine.turns == ("model", "performer")
    silences = stage.receive(Set("mode", "polyphony"))
    assert silences == [EndNotes(((0, None), (1, None), (3, None), (5, None)), "")]
    modes = [(voice.name, voice.mode) for voice in stage.engine.snapshot().voices]
    assert modes == [("four", "polyphony"), ("two", "useronly")]
    assert stage.engine.snapshot().settings.mode == "polyphony"


def test_a_change_of_mode_that_changes_no_voice_says_so():
    stage = rehearse(*voices(four={"mode": "battle"}, two={"mode": "useronly"}))
    (report,) = stage.receive(Set("mode", "polyphony"), at=0.1)
    assert "every voice has a mode of its own" in report.text
    assert stage.receive(Set("mode", "polyphony")) == []


def test_the_performers_return_silences_those_that_yield_only():
    stage = rehearse(*voices(two={"mode": "battle"}), threshold=0.1)
    stage.receive(Interaction(ROW), at=1.0)
    stage.play_until(1.4)
    commands = stage.receive(Interaction(ROW), at=1.4)
    assert [command for command in commands if isinstance(command, Silence | EndNotes)] == [
        EndNotes(((0, None), (1, None), (3, None), (5, None)), "")
    ]


# --- who hears whom -------------------------------------------------------------------------------------


def test_a_voice_hears_another_as_a_performer_the_first_control_as_its_first():
    four, two = voices(four={"mode": "battle"}, two={"mode": "polyphony", "hears": ("four",)})
    stage = rehearse(four, two)
    stage.receive(Interaction(ROW), at=0.1)
    assert two.predictor.heard == []
    stage.play_until(0.26)
    assert two.predictor.heard == [(0.25, 0.1, 0.2)]
    stage.play_until(0.76)
    assert [(time, moved) for time, _, moved in plays(stage)] == [
        (0.25, (0, 1, 3, 5)), (0.5, (0, 1, 3, 5)), (0.75, (0, 1, 3, 5)), (0.75, (2, 4)),
    ]  # fmt: skip
    assert rows(stage, "interface") == [ROW]  # what voices hear of each other is no row of the performer
    assert stage.engine.turn == "both"


def test_a_voice_with_more_controls_hears_as_many_as_the_other_has():
    four, two = voices(four={"mode": "polyphony", "hears": ("two",)}, two={"mode": "battle"})
    stage = rehearse(four, two)
    stage.play_until(0.51)
    assert four.predictor.heard[0][:3] == (0.5, 0.7, 0.8)
    assert len(four.predictor.heard[0]) == 5


def test_two_that_answer_each_other_take_turns():
    phrase = [(0.25, *FOUR[1:])] * 3 + [(5.0, *FOUR[1:])]
    four, two = voices(four={"hears": ("performer", "two")}, two={"hears": ("four",)}, plays=phrase)
    stage = rehearse(four, two, threshold=1.0)
    stage.receive(Interaction(ROW), at=0.0)
    stage.play_until(1.9)  # three of the first, the other waits
    assert {moved for _, _, moved in plays(stage)} == {(0, 1, 3, 5)}
    stage.play_until(4.0)
    assert plays(stage)[-1][2] == (2, 4)


@pytest.mark.parametrize("timescale", [1.0, 1e-9])
def test_voices_that_hear_each_other_in_a_ring_keep_the_pace_and_end(timescale):
    ring = [
        Voice(name, FakePredictor(3, [(0.001, 0.5, 0.5)]), (2 * i, 2 * i + 1), mode="polyphony",
              hears=("performer", *(other for other in "abc" if other != name)))
        for i, name in enumerate("abc")
    ]  # fmt: skip
    stage = rehearse(*ring, timescale=timescale)
    stage.receive(Interaction(ROW), at=0.0)
    stage.play_until(3.0)
    assert len(plays(stage)) <= ECHOES_A_SECOND * 3 + ECHOES_BURST + 3
    assert any(report.kind == "voices-dense" for _, report in stage.of(Report))


# --- live commands --------------------------------------------------------------------------------------


def test_settings_go_to_all_and_each_command_comes_once():
    stage = rehearse(*voices(), mode="battle")
    stage.receive(Set("sigma_temperature", 0.5), at=0.05)
    stage.play_until(0.6)
    assert {engine.temperatures[-1] for engine in stage.engine.predictors} == {(1.0, 0.5)}
    assert stage.engine.snapshot().settings.sigma_temperature == 0.5
    assert stage.receive(PanicButton()) == [Silence("panic"), Panic()]
    assert stage.receive(Unplugged("keys")) == [Silence("keys went away")]
    assert stage.receive(Set("mode", "polyphony")) == [Silence("the mode changed")]
    assert stage.receive(Set("paused", True)) == [Silence("paused")]
    assert stage.engine.turn == "nobody"
    assert stage.engine.deadline is None
    assert stage.receive(Reset()) == []
    assert [predictor.resets for predictor in stage.engine.predictors] == [1, 1]
    assert stage.engine.end() == [Silence("the performance ended")]
    assert stage.engine.snapshot().counters.panics == 1


@pytest.mark.parametrize(("name", "value"), [("timescale", -1.0), ("mode", "loud"), ("volume", 1.0)])
def test_a_setting_that_cannot_be_is_reported_once_and_changes_nothing(name, value):
    stage = rehearse(*voices())
    before = stage.engine.snapshot().settings
    (report,) = stage.receive(Set(name, value), at=0.1)
    assert isinstance(report, Report)
    assert stage.engine.snapshot().settings == before


def test_input_is_passed_on_once_and_its_setting_can_change():
    stage = rehearse(*voices())
    stage.receive(Set("input_thru", True), at=0.1)
    stage.receive(Update(((0, 0.5),), "keys"), at=0.2)
    assert [play.source for _, play in stage.of(Play)] == ["thru"]
    assert stage.receive(Released(((0, 0.5),), "keys")) == [EndNotes(((0, 0.5),), "keys")]


def test_a_model_takes_the_place_of_the_one_that_has_as_many_controls():
    four, two = voices()
    stage = rehearse(four, two)
    fresh = FakePredictor(3)
    notes, report = stage.receive(SetPredictor(fresh, "new.tflite"), at=1.0)
    assert notes == EndNotes(((4, None), (2, None)), "")
    assert report.text == "voice two: now playing with new.tflite"
    assert stage.engine.predictors == (four.predictor, fresh)
    assert stage.engine.snapshot().model == "four: 4.tflite, two: new.tflite"
    (report,) = stage.receive(SetPredictor(FakePredictor(4), "three.tflite"))
    assert "dimension 4, which no voice has (four 5, two 3)" in report.text


class Raising(FakePredictor):
    def sample(self, rng, pi_temperature, sigma_temperature):
        raise RuntimeError("no")


def test_a_model_that_raises_disturbs_no_other_voice_and_loses_nothing_that_was_decided():
    four, _ = voices(four={"mode": "battle"})
    bad = Voice("two", Raising(3), (4, 2), mode="polyphony", hears=("four",))
    stage = rehearse(four, bad)
    stage.play_until(0.2)
    stage.now = 0.25
    with pytest.raises(RuntimeError):
        stage.engine.advance(0.25)
    commands = stage.engine.recover(0.25, "an error")
    assert [type(command) for command in commands] == [Play, Record, EndNotes]
    assert four.predictor.resets == 0
    assert bad.predictor.resets == 1
    assert [type(command) for command in stage.engine.recover(0.3, "a device")] == [Silence]
    assert four.predictor.resets == 1


class Elsewhere(FakePredictor):
    """One that never answers."""

    ready, overdue_at = False, 3.0

    def given_up(self, now):
        return "it did not answer"


def test_a_lost_model_is_lost_by_its_voice_alone_and_the_next_one_that_fits_is_its():
    lost = Voice("two", Elsewhere(3), (4, 2))
    third = Voice("three", FakePredictor(3), (1, 3))
    stage = rehearse(third, Voice("four", FakePredictor(3, [TWO]), (0, 5)), lost, mode="battle")
    stage.play_until(3.1)
    notes, gone, report = [c for _, c in stage.commands if isinstance(c, EndNotes | ModelLost | Report)]
    assert notes == EndNotes(((4, None), (2, None)), "")
    assert gone == ModelLost(lost.predictor)
    assert report.text.startswith("voice two: ")
    count = len(plays(stage))
    stage.play_until(4.0)
    assert len(plays(stage)) > count
    fresh = FakePredictor(3)
    stage.receive(SetPredictor(fresh, "new"))
    assert stage.engine.predictors[2] is fresh


# --- what is seen ---------------------------------------------------------------------------------------


def test_the_forecast_is_that_of_the_voice_that_acts_first():
    made = voices()
    made[0].predictor.mixture = lambda: "four's"
    stage = rehearse(*made, mode="battle")
    stage.engine.advance(0.0)
    forecast = stage.engine.forecast()
    assert (forecast.due, forecast.what, forecast.controls) == (0.25, "event", (0, 1, 3, 5))
    assert forecast.settings.dimension == 5
    assert stage.engine.mixture() == "four's"
    stage.engine.receive(Interaction(ROW), 0.1)
    assert stage.engine.snapshot().waiting == 2
    revision = forecast.revision
    stage.play_until(0.6)
    assert stage.engine.forecast().revision > revision


@pytest.mark.parametrize(
    ("modes", "turn"),
    [(("battle", "battle"), "model"), (("useronly", "callresponse"), "performer"), (("battle", "polyphony"), "both"),
     (("battle", "callresponse"), "both")],
)  # fmt: skip
def test_whose_turn_it_is(modes, turn):
    stage = rehearse(*voices(four={"mode": modes[0]}, two={"mode": modes[1]}))
    assert stage.engine.turn == turn


def test_a_voice_that_waits_for_another_does_not_make_it_the_performers_turn():
    stage = rehearse(*voices(four={"mode": "battle"}, two={"hears": ("four",)}))
    assert stage.engine.turn == "model"


def test_no_two_voices_have_one_control_and_models_fit():
    four, two = voices()
    with pytest.raises(ConfigError, match="control 5 is of the voices two and more"):
        rehearse(two, Voice("more", FakePredictor(2), (4,)))
    with pytest.raises(ConfigError, match="dimension 5"):
        rehearse(Voice("four", four.predictor, (0, 1)))


# --- one voice is the engine ----------------------------------------------------------------------------

VALUES = st.tuples(*[st.sampled_from([0.0, 0.25, 0.5, 1.0])] * 3)
EVENTS = st.one_of(
    st.builds(Interaction, VALUES),
    st.builds(
        lambda change, struck: Update((change,), "midi", struck),
        st.tuples(st.integers(0, 2), st.sampled_from([0.0, 0.5])),
        st.booleans(),
    ),
    st.just(Interaction((0.5,))),
    st.builds(Set, st.just("mode"), st.sampled_from(list(MODES))),
    st.builds(Set, st.just("timescale"), st.sampled_from([0.5, 2.0])),
    st.builds(Set, st.just("paused"), st.booleans()),
    st.just(Set("input_thru", True)),
    st.just(PanicButton()),
    st.just(Reset()),
)


class Drawn(FakePredictor):
    """One that draws from the randomness that it is given, and from what it has heard."""

    def sample(self, rng, pi_temperature, sigma_temperature):
        heard = sum(sum(vector) for vector in self.heard[-3:])
        return [0.05 + 0.2 * rng.random(), *((rng.random(self.dimension - 1) + heard) % 1).tolist()]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.001, 0.7), EVENTS), max_size=25),
    st.sampled_from(list(MODES)),
    st.integers(0, 2**32),
)
@pytest.mark.slow
def test_one_voice_over_all_controls_plays_as_the_engine_alone(events, mode, seed):
    made = Settings(4, mode=mode)
    whole = Rehearsal(lambda now: Ensemble(made, [Voice("all", Drawn(4), (0, 1, 2))], default_rng(seed), now))
    alone = Rehearsal(lambda now: Engine(made, Drawn(4), default_rng(seed).spawn(2)[0], now))
    at = 0.0
    for wait, event in events:
        at += wait
        whole.receive(event, at)
        alone.receive(event, at)
    whole.play_until(at + 1.0)
    alone.play_until(at + 1.0)
    assert list(whole.of(Play, Record, Panic)) == list(alone.of(Play, Record, Panic))
    assert whole.engine.snapshot()._replace(model="", voices=()) == alone.engine.snapshot()
    assert whole.engine.forecast().due == alone.engine.forecast().due
