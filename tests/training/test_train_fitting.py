"""Training: it gets better, can be repeated, stopped, resumed and fitted into a time; diverging, it backs off."""

from __future__ import annotations

import math
import time
from dataclasses import fields, replace

import jax
import numpy as np
import pytest
from made_data import knobs, notes_and_faders, surface

from impsy.data.datasets import Dataset
from impsy.data.grid import detect_grids
from impsy.data.windows import Split, split_windows
from impsy.errors import DataError, ModelError
from impsy.evaluation.scoring import Mixtures, score
from impsy.models.batch.network import BatchNetwork
from impsy.models.sizes import SIZES, Size
from impsy.models.weights import Weights
from impsy.training import fitting
from impsy.training.checkpoint import Checkpoint, read_checkpoint
from impsy.training.distributed.parallel import Devices
from impsy.training.fitting import Fitted, Progress, Training
from impsy.training.recipe import Recipe
from impsy.training.steps import Stretches
from random_networks import random_weights
from waiting import if_idle

RECIPE = Recipe(size="xxs", batch=8, window=25, epochs=6, steps=10, warmup=5, patience=None, dropout=0.1, seed=3)
DATA = knobs(3, 600, seed=1)


def training_on(dataset: Dataset, recipe: Recipe = RECIPE, **more) -> Training:
    return Training(dataset, more.pop("split", None) or split_windows(dataset), recipe, devices=Devices(), **more)


class Listener:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[Progress] = []

    def tell(self, progress: Progress) -> None:
        self.told.append(progress)

    @property
    def notes(self) -> list[str]:
        return [progress.note for progress in self.told if progress.note]


def run(training: Training, listener: Listener | None = None, stop_at: float = math.inf, **more) -> Fitted:
    """Until it ends, or has done ``stop_at`` steps."""
    listener = listener or Listener()
    return training.run(listener.tell, stop=lambda: training.step >= stop_at, **more)


def untrained(training: Training) -> Fitted:
    """What comes out of no steps at all."""
    training.resume(replace(training.checkpoint(), total=0))
    return run(training)


def curve(fitted: Fitted) -> list[tuple[float, ...]]:
    """All that was seen, but for the time."""
    return [(look.step, look.loss, look.held_out, look.usual) for look in fitted.history]


def numbers(weights: Weights) -> np.ndarray:
    layers = [getattr(layer, field.name) for layer in weights.layers for field in fields(layer)]
    return np.concatenate([array.ravel() for array in (*layers, weights.mixture_kernel, weights.mixture_bias)])


def compiled_well(training: Training) -> Checkpoint:
    """Compile what it does often to the fastest code; its state before it learned anything."""
    start = training.checkpoint()
    jax.config.update("jax_disable_most_optimizations", False)
    try:
        run(training, stop_at=1)
    finally:
        jax.config.update("jax_disable_most_optimizations", True)
    training.resume(start)
    return start


@pytest.fixture(scope="module")
def trained() -> tuple[Training, Checkpoint]:
    """The one that most tests share, compiled once, and its state before it learned anything."""
    training = training_on(DATA)
    return training, compiled_well(training)


@pytest.fixture(scope="module")
def whole(trained) -> Fitted:
    """What comes out when nothing happens."""
    training, start = trained
    training.resume(start)
    return run(training)


@pytest.fixture(scope="module")
def another() -> Training:
    """One of the same kind, which knows nothing of the first."""
    training = training_on(DATA)
    compiled_well(training)
    return training


@pytest.fixture
def training(trained, whole) -> Training:
    """It, before it learned anything; what is changed in its recipe is put back afterwards."""
    training, start = trained
    training.resume(start)
    yield training
    training.recipe = RECIPE


# -------------------------------------------------------------------------------------------- the course


@pytest.mark.slow
def test_it_looks_after_each_epoch_and_keeps_the_best(training, whole) -> None:
    listener = Listener()
    fitted = run(training, listener)
    assert [look.step for look in fitted.history] == [10, 20, 30, 40, 50, 60]
    assert [progress.epoch for progress in listener.told] == [1, 2, 3, 4, 5, 6]
    assert all(progress.total == 60 for progress in listener.told)
    assert listener.told[-1].history == tuple(fitted.history)
    assert listener.told[-1].left == 0
    assert fitted.ended == "the schedule is complete"
    assert (fitted.steps, fitted.best_step) == (60, min(fitted.history, key=lambda look: look.usual).step)
    best = min(fitted.history, key=lambda look: look.usual)
    # All 50-odd held-out windows are looked at, so that the last look is that of the best epoch again.
    assert fitted.held_out == pytest.approx(best.held_out, abs=1e-4)
    assert curve(fitted) == curve(whole)


@pytest.mark.slow
def test_what_it_says_is_what_evaluation_says(whole) -> None:
    """JAX, and NumPy without it, about the same weights."""
    windows = DATA.events[split_windows(DATA).held_out[:, None] + np.arange(51)]
    network = BatchNetwork(whole.weights)
    network.reset(len(windows))
    costs = []
    for t in range(50):
        expected = Mixtures.of(network.hear(windows[:, t]), DATA.dimension)
        costs.append(score(expected, windows[:, t + 1], np.zeros(DATA.dimension - 1)).joint)
    assert np.mean(costs) == pytest.approx(whole.held_out, abs=1e-3)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_curve_and_weights(whole, another) -> None:
    again = run(another)
    assert curve(again) == curve(whole)
    np.testing.assert_array_equal(numbers(again.weights), numbers(whole.weights))


@pytest.mark.slow
def test_another_seed_gives_another(whole) -> None:
    other = run(training_on(DATA, replace(RECIPE, seed=4, epochs=1)))
    assert other.history[0].loss != whole.history[0].loss
    assert other.history[0].held_out != whole.history[0].held_out


@pytest.mark.slow
def test_patience_ends_training(training) -> None:
    training.recipe = replace(RECIPE, patience=2, epochs=50, learning_rate=1e-9)
    start = replace(training.checkpoint(), total=500)
    training.resume(start)
    fitted = run(training)
    assert fitted.ended == "nothing got better for 2 epochs"
    assert fitted.steps == fitted.best_step + 20
    assert fitted.steps < 500


# -------------------------------------------------------------------------------------------- stopping, resuming


@pytest.mark.parametrize("stopped_at", [25, 30, 60], ids=["within an epoch", "between two", "at the very end"])
@pytest.mark.slow
def test_stopped_and_resumed_it_goes_on_as_if_not(training, another, whole, tmp_path, stopped_at) -> None:
    path = tmp_path / "model.training.npz"
    stopped = run(training, stop_at=stopped_at, save_to=path)
    assert (stopped.ended, stopped.steps) == ("stopped", stopped_at)
    another.resume(read_checkpoint(path))
    resumed = run(another)
    assert curve(resumed) == curve(whole)
    assert resumed.ended == whole.ended
    assert resumed.seconds >= stopped.seconds
    np.testing.assert_array_equal(numbers(resumed.weights), numbers(whole.weights))


@pytest.mark.slow
def test_a_stop_keeps_the_best_so_far(training, whole) -> None:
    stopped = run(training, stop_at=25)
    assert curve(stopped) == curve(whole)[:2]
    best = min(stopped.history, key=lambda look: look.usual)
    assert stopped.best_step == best.step
    assert stopped.held_out == pytest.approx(best.held_out, abs=1e-4)


def test_a_stop_before_the_first_look_keeps_what_there_is(training) -> None:
    stopped = run(training, stop_at=3)
    assert (stopped.steps, stopped.best_step, stopped.history) == (3, 3, [])
    assert math.isfinite(stopped.held_out)


class CrashError(Exception):
    """The process ends here."""


@pytest.mark.slow
def test_after_a_crash_it_goes_on_from_the_last_file(training, whole, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "SAVED_EVERY", 0.0)
    path = tmp_path / "model.training.npz"

    def tell(progress: Progress) -> None:
        if progress.step == 40:
            raise CrashError

    with pytest.raises(CrashError):
        training.run(tell, save_to=path, facts={"file": "knobs.npz"})
    saved = read_checkpoint(path)
    assert (saved.step, saved.facts) == (30, {"file": "knobs.npz"})
    training.resume(saved)
    assert curve(run(training)) == curve(whole)


def test_what_belongs_to_something_else_is_not_resumed(training, trained) -> None:
    start = trained[1]
    for changes, words in (
        ({"data": "0" * 16}, "other data"),
        ({"split": "performances"}, "other data"),
        ({"arrays": start.arrays | {"trainable": start.arrays["trainable"][:-1]}}, "another shape"),
        ({"arrays": start.arrays | {"sums": []}}, "another shape"),
        ({"arrays": start.arrays | {"best": start.arrays["trainable"][:2]}}, "another shape"),
        (
            {"arrays": start.arrays | {"first": [each.astype("f8") for each in start.arrays["first"]]}},
            "another shape",
        ),
    ):
        with pytest.raises(DataError, match=words):
            training.resume(replace(start, **changes))
    training.resume(start)


# -------------------------------------------------------------------------------------------- time


@pytest.mark.slow
def test_a_deadline_fits_the_schedule_into_the_time(training, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "RESERVED", 0.2)
    training.recipe = replace(RECIPE, epochs=100_000)
    training.resume(replace(training.checkpoint(), total=1_000_000))
    listener = Listener()
    began = time.monotonic()
    fitted = run(training, listener, deadline=began + 1.5)
    assert if_idle(time.monotonic() - began) < 6  # an epoch takes some hundredths of a second
    assert fitted.ended == "the schedule is complete"
    assert 10 <= fitted.steps < 1_000_000
    assert listener.told[-1].total == fitted.steps
    looks = [look.step for look in fitted.history]
    assert looks == sorted(set(looks))


def test_a_deadline_that_has_passed_leaves_one_epoch(training) -> None:
    fitted = run(training, deadline=time.monotonic() - 5)
    assert fitted.steps == 10
    assert math.isfinite(fitted.held_out)


# -------------------------------------------------------------------------------------------- diverging


def spoilt_by_its_rate(training: Training) -> tuple[Checkpoint, Listener, Fitted]:
    """Some good epochs, then a rate at which nothing can be learned; the state between the two."""
    run(training, stop_at=25)
    good = training.checkpoint()
    training.recipe = replace(RECIPE, learning_rate=0.9, epochs=10)
    training.resume(replace(good, total=100))
    listener = Listener()
    return good, listener, run(training, listener)


@pytest.mark.slow
def test_at_an_absurd_rate_the_best_of_before_stays(training) -> None:
    good, _, fitted = spoilt_by_its_rate(training)
    losses = [look.usual for look in fitted.history]
    assert np.isfinite(losses).all()
    assert max(losses) > min(losses) + 2  # it did spoil it
    assert fitted.best_step == good.best_step
    assert np.isfinite(numbers(fitted.weights)).all()


@pytest.mark.slow
def test_what_diverges_goes_back_and_on_more_slowly(training, monkeypatch) -> None:
    monkeypatch.setattr(fitting, "DIVERGED_BY", 3.0)
    good, listener, fitted = spoilt_by_its_rate(training)
    first = listener.notes[0]
    for words in ("training diverged", f"back to step {good.best_step}", "0.5 of what was planned"):
        assert words in first
    assert max(look.usual for look in fitted.history) < min(look.usual for look in fitted.history) + 5
    assert np.isfinite(numbers(fitted.weights)).all()


@pytest.mark.slow
def test_weights_that_are_no_numbers_any_more(training, monkeypatch, caplog) -> None:
    """The learner's state is spoilt in the third epoch."""
    learner = training.learner
    step = type(learner).step

    def spoilt(self, state, number, rate):
        if number == 24 and not spoilt_at:
            spoilt_at.append(number)
            state = state._replace(trainable=[each * np.float32(np.nan) for each in state.trainable])
        return step(self, state, number, rate)

    spoilt_at: list[int] = []
    monkeypatch.setattr(type(learner), "step", spoilt)
    listener = Listener()
    fitted = run(training, listener)
    assert spoilt_at
    assert len(listener.notes) == 1
    best = min(fitted.history[:2], key=lambda look: look.usual)
    for word in ("diverged", f"back to step {best.step}", "0.5"):
        assert word in listener.notes[0]
    assert "diverged" in caplog.text
    assert [look.step for look in fitted.history] == [10, 20, 40, 50, 60]
    assert np.isfinite(numbers(fitted.weights)).all()
    assert fitted.ended == "the schedule is complete"


@pytest.mark.slow
def test_steps_without_a_finite_gradient_change_nothing_and_are_told(training, monkeypatch) -> None:
    learner = training.learner
    step = type(learner).step

    def spoilt(self, state, number, rate):
        if number != 5:
            return step(self, state, number, rate)
        sound = [np.array(each) for each in state.trainable]
        bad = state._replace(trainable=[each * np.float32(np.nan) for each in state.trainable])
        count = int(bad.count)
        after, token = step(self, bad, number, rate)
        assert all(np.isfinite(np.asarray(each)).all() for each in (*after.first, *after.second))
        assert int(after.count) == count
        return after._replace(trainable=[self._devices.everywhere(each) for each in sound]), token

    monkeypatch.setattr(type(learner), "step", spoilt)
    listener = Listener()
    fitted = run(training, listener, stop_at=15)
    assert listener.notes == ["left out 1 of 10 steps: their gradients were not finite"]
    assert math.isfinite(fitted.history[0].loss)


@pytest.mark.slow
def test_if_it_never_gets_anywhere_it_ends(training, trained, monkeypatch) -> None:
    monkeypatch.setattr(type(training.learner), "held_out", lambda _, __, starts: np.full(len(starts), math.nan))
    training.resume(replace(trained[1], total=10_000))
    listener = Listener()
    fitted = run(training, listener)
    assert fitted.ended == "training diverged 6 times"
    assert fitted.steps == 60
    assert len(listener.notes) == 6
    assert all("back to the start" in note for note in listener.notes)
    assert np.isfinite(numbers(fitted.weights)).all()
    assert all(math.isnan(progress.held_out) for progress in listener.told)


@pytest.mark.slow
def test_backing_off_is_remembered_when_resumed(training, monkeypatch) -> None:
    held_out = type(training.learner).held_out
    looks = iter([False, True, True] + [False] * 100)

    def now_and_then(self, state, starts):
        return np.full(len(starts), math.nan) if next(looks) else held_out(self, state, starts)

    monkeypatch.setattr(type(training.learner), "held_out", now_and_then)
    run(training, stop_at=35)
    saved = training.checkpoint()
    assert saved.factor == 0.25
    training.resume(saved)
    fitted = run(training)
    assert training.checkpoint().factor == 0.25
    assert [look.step for look in fitted.history] == [10, 40, 50, 60]


# -------------------------------------------------------------------------------------------- other recordings


@pytest.mark.parametrize(
    ("dataset", "changes"),
    [
        pytest.param(DATA, None, id="knobs"),
        pytest.param(surface(2, 600, seed=2), {}, id="one continuous control"),
        pytest.param(notes_and_faders(6, 600, seed=3), {}, id="mix with a constant"),
        pytest.param(knobs(64, 600, seed=4), {"epochs": 3}, id="dimension 64"),
        pytest.param(surface(4, 600, seed=5), {"architecture": "plain"}, id="plain"),
    ],
)
@pytest.mark.slow
def test_it_learns_from_every_kind_of_playing(dataset, changes, request) -> None:
    if changes is None:
        training, start = request.getfixturevalue("trained")
        training.resume(start)
    else:
        training = training_on(dataset, replace(RECIPE, **changes))
        start = training.checkpoint()
    before = untrained(training)
    training.resume(start)
    fitted = run(training)
    assert np.isfinite([(look.loss, look.held_out, look.usual) for look in fitted.history]).all()
    assert fitted.held_out < before.held_out - 0.2
    assert np.isfinite(numbers(fitted.weights)).all()
    assert fitted.weights.dimension == dataset.dimension
    assert fitted.weights.size == SIZES["xxs"]


# -------------------------------------------------------------------------------------------- short recordings


def short_ranges(length: int, count: int = 12) -> tuple[Dataset, Split]:
    """Many performances of few events to learn from, and one long enough to be held out."""
    source = surface(2, count * length + 80, seed=1).events
    dataset = Dataset.of(2, [*np.split(source[: count * length], count), source[count * length :]])
    train = tuple(slice(i * length, (i + 1) * length) for i in range(count))
    held_out = np.arange(count * length, len(source) - 50)
    return dataset, Split(train, held_out, (slice(count * length, len(source)),))


def test_where_windows_begin() -> None:
    stretches = Stretches.of([slice(0, 13), slice(20, 30), slice(40, 42)], 10)
    # The short one counts as often as it has quarters of its events: 2, and at least once.
    assert stretches.starts.tolist() == [0, 1, 2, 20, 20, 40]
    assert stretches.heard.tolist() == [10, 10, 10, 9, 9, 1]


@pytest.mark.slow
def test_what_lies_beyond_a_short_recording_counts_nothing() -> None:
    """Recordings of 12 events: windows of 12 and of 40 events hear them whole, and then nothing."""
    dataset, split = short_ranges(12)
    base = random_weights(2, Size(6, 1), rng=np.random.default_rng(1))
    recipe = replace(RECIPE, epochs=2)
    exact, padded = (
        run(training_on(dataset, replace(recipe, window=window), split=split, base=base)) for window in (12, 40)
    )
    for mine, other in zip(curve(exact), curve(padded), strict=True):
        assert mine == pytest.approx(other, rel=1e-3, abs=1e-3)
    np.testing.assert_allclose(numbers(exact.weights), numbers(padded.weights), atol=2e-3)
    assert np.abs(numbers(exact.weights) - numbers(base)).max() > 0.01


def test_nothing_to_learn_from_is_told() -> None:
    with pytest.raises(DataError, match="to learn from"):
        training_on(DATA, split=Split((), np.array([0]), (slice(0, 60),)))
    with pytest.raises(DataError, match="to learn from"):
        training_on(DATA, split=Split((slice(3, 4),), np.array([10]), (slice(10, 70),)))


# -------------------------------------------------------------------------------------------- going on from a model


@pytest.mark.slow
def test_it_goes_on_from_a_trained_model(whole) -> None:
    fitted = untrained(training_on(DATA, base=whole.weights))
    assert fitted.held_out == pytest.approx(whole.held_out, abs=1e-3)
    np.testing.assert_allclose(numbers(fitted.weights), numbers(whole.weights), atol=1e-5)
    assert fitted.weights.residual is whole.weights.residual


@pytest.mark.parametrize("architecture", ["plain", "residual", "gestures"])
@pytest.mark.slow
def test_a_model_of_another_size_and_mixture_can_be_gone_on_from(architecture) -> None:
    base = random_weights(3, Size(10, 1), rng=np.random.default_rng(1), mixtures=3, architecture=architecture)
    training = training_on(DATA, RECIPE, base=base)
    assert training.parameters == base.parameters
    fitted = untrained(training)
    assert (fitted.weights.architecture, fitted.weights.name) == (architecture, base.name)
    np.testing.assert_allclose(numbers(fitted.weights), numbers(base), atol=1e-5)


def test_a_model_of_another_dimension_cannot() -> None:
    with pytest.raises(ModelError, match="dimension 4, the dataset 3"):
        training_on(DATA, base=random_weights(4, Size(10, 1), rng=np.random.default_rng(1)))


# -------------------------------------------------------------------------------------------- which components


@pytest.mark.slow
def test_trying_out_is_the_first_epoch_of_the_same_training(training, whole) -> None:
    surprise = training.try_out()
    assert math.isfinite(surprise)
    assert curve(run(training)) == curve(whole)


@pytest.mark.slow
def test_how_surprising_it_is_is_what_evaluation_says(whole) -> None:
    """Bits of the values on their grid, and the likelihood of dt."""
    learned = training_on(DATA, base=whole.weights)
    starts = split_windows(DATA).held_out
    windows = DATA.events[starts[:, None] + np.arange(51)]
    grid = detect_grids(DATA.events)
    network = BatchNetwork(whole.weights)
    network.reset(len(windows))
    scores = [
        score(Mixtures.of(network.hear(windows[:, t]), DATA.dimension), windows[:, t + 1], grid) for t in range(50)
    ]
    expected = np.mean([each.bits + each.time for each in scores])
    # There, the first and the last step of a grid count all that lies beyond, too.
    assert learned.learner.surprise(learned.state, starts) == pytest.approx(expected, abs=0.03)
