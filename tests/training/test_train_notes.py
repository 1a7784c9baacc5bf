"""Notes: found in what was played, learned from it, and played."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import jax
import numpy as np
import pytest
from made_data import knobs, melodies, surface

from impsy.data.windows import Split, split_performances
from impsy.errors import ConfigError
from impsy.models.batch.network import BatchNetwork
from impsy.models.landings import Landings
from impsy.models.mixture import split as parts_of
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SCALE_FACTOR, Size
from impsy.models.weights import Weights
from impsy.training.distributed.parallel import join
from impsy.training.fitting import LATER_WORSE, Training
from impsy.training.gestures import LANDINGS, PLAYED_AT, PLAYED_LESS, USED_MORE, Design, designs
from impsy.training.networks import network_of
from impsy.training.networks.landings import LandingNetwork
from impsy.training.networks.layers import RecurrentNetwork
from impsy.training.notes import anchors, found_notes
from impsy.training.recipe import Recipe
from impsy.training.scales import scales_of
from impsy.training.steps import Stretches

KINDS = {
    "one voice": {},
    "velocity": {"velocity": True},
    "two voices": {"voices": 2},
    "faders": {"faders": 2},
    "everything": {"voices": 2, "velocity": True, "faders": 1},
    "no click": {"human": 0.02},
}


def ranges_of(dataset) -> list[slice]:
    ends = np.cumsum(dataset.lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, dataset.lengths.tolist(), strict=True)]


def designed(dataset, head: str = "", **more) -> Design:
    return designs(dataset.events, ranges_of(dataset), "gestures", head, **more)[0]


@pytest.fixture(scope="module", params=KINDS)
def played(request):
    return KINDS[request.param], melodies(40, 1, **KINDS[request.param])


# -------------------------------------------------------------------------------------------- found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.slow
def test_notes_are_told_from_knobs(kind, seed) -> None:
    dataset = melodies(40, seed, **KINDS[kind])
    found = designed(dataset)
    assert found.head == LANDINGS
    assert found.fixed.note.tolist() == list(range(KINDS[kind].get("voices", 1)))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize(("make", "dimension"), [(knobs, 2), (knobs, 5), (surface, 3)])
@pytest.mark.slow
def test_knobs_are_no_notes(make, dimension, seed) -> None:
    assert designed(make(dimension, 3000, seed)).head != LANDINGS


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.slow
def test_a_velocity_of_few_levels_goes_along_with_its_note(seed) -> None:
    dataset = melodies(40, seed, velocity=True)
    levels = np.random.default_rng(seed).choice([48, 50, 64, 66, 80, 96], len(dataset))
    dataset.events[:, 2] = levels / np.float32(127)
    alone = replace(dataset, dimension=2, events=np.ascontiguousarray(dataset.events[:, ::2]))
    assert designed(alone).fixed.notes.tolist() == [0]  # which looks like a melody
    scales = scales_of(dataset.events, ranges_of(dataset))
    assert found_notes(dataset.events, ranges_of(dataset), scales) == (0,)
    assert found_notes(dataset.events, ranges_of(dataset), scales, [False, True]) == (1,)


def test_the_configuration_knows_better() -> None:
    few = melodies(3, 1, faders=1)
    assert designed(few).head != LANDINGS
    assert designed(few, notes=(True, False)).fixed.note.tolist() == [0]
    many = melodies(40, 1)
    scales = scales_of(many.events, ranges_of(many))
    assert found_notes(many.events, ranges_of(many), scales, (False,)) == (0,)


def test_a_recipe_for_notes_wants_notes() -> None:
    with pytest.raises(ConfigError, match="notes"):
        designed(knobs(3, 500, 1), LANDINGS)
    assert designed(melodies(40, 1), "sets").head == "sets"


@pytest.mark.slow
def test_the_slots_are_what_was_played(played) -> None:
    kind, dataset = played
    found = designed(dataset)
    fixed, voices = found.fixed, kind.get("voices", 1)
    assert isinstance(fixed, Landings)
    assert found.mixtures == fixed.mixtures
    knob_slots = fixed.moves[(fixed.voice == -1)][:-1]
    velocity = voices if kind.get("velocity") else None
    landing = fixed.moves[fixed.voice >= 0]
    if velocity is not None:
        assert landing[:, velocity].all()
        assert fixed.apart[velocity] == 0
        assert not knob_slots[:, velocity].any()
    for fader in range(voices + bool(kind.get("velocity")), dataset.dimension - 1):
        assert not landing[:, fader].any()
        assert fixed.apart[fader] == 1
        assert knob_slots[:, fader].any()
    assert fixed.moves[-1].all()  # what nobody expects
    assert fixed.voice[-1] == -1
    assert (found.changes.stretch > 0) == bool(kind.get("human"))
    assert 9 <= found.changes.down + found.changes.up <= 11


def test_times_are_found_where_they_lie() -> None:
    rng = np.random.default_rng(1)
    times = rng.choice([0.003, 0.15, 0.3, 0.6], 2000, p=[0.4, 0.2, 0.3, 0.1]) * np.exp(
        0.01 * rng.standard_normal(2000)
    )
    found = anchors(times, 8)
    np.testing.assert_allclose(found.at[:4], [0.003, 0.15, 0.3, 0.6], rtol=0.02)
    assert found.share[:4] == pytest.approx([0.4, 0.2, 0.3, 0.1], abs=0.04)
    assert found.click
    assert not anchors(times * np.exp(0.05 * rng.standard_normal(2000)), 8).click


@pytest.mark.parametrize("times", [[], [0.0], [1.0] * 50, [1e-9] * 50, list(np.geomspace(1e-3, 1e4, 500))])
def test_times_of_any_kind_have_anchors(times) -> None:
    found = anchors(np.array(times), 8)
    assert (np.isfinite(np.array(found))).all()
    assert (found.at > 0).all()
    assert (found.spread >= 0).all()


# -------------------------------------------------------------------------------------------- learned


def network(dataset, dropout: float = 0.0) -> tuple[RecurrentNetwork, list, Design]:
    found = designed(dataset)
    made = network_of(dataset.dimension, Size(6, 2), found, dropout)
    rng = np.random.default_rng(3)
    weights = [part + rng.normal(0, 0.1, part.shape).astype(np.float32) for part in made.start(1, found.starts)]
    return made, weights, found


def density(weights: Weights, heard: np.ndarray) -> np.ndarray:
    """log of the density of each event after those before, by the network that files hold."""
    plays, found = BatchNetwork(weights, precision=np.float64), []
    for now, then in pairwise(heard):
        mu, sigma, logits = parts_of(plays.hear(now[None])[0], weights.dimension)
        z = (then * SCALE_FACTOR - mu) / sigma
        terms = logits + (-0.5 * z * z - np.log(sigma) - 0.5 * math.log(2 * math.pi)).sum(-1)
        found.append(np.logaddexp.reduce(terms) - np.logaddexp.reduce(logits))
    return np.array(found)


@pytest.mark.slow
def test_what_is_learned_is_the_density_of_what_is_played(played) -> None:
    _, dataset = played
    made, weights, _ = network(dataset)
    heard = dataset.events[:40]
    learned = jax.jit(made.likelihood)(weights, heard[None, :-1] * SCALE_FACTOR, heard[None, 1:] * SCALE_FACTOR)
    np.testing.assert_allclose(learned[0], density(made.weights(weights), heard), rtol=1e-3, atol=0.02)


@pytest.mark.slow
def test_what_comes_out_can_go_in_again(played) -> None:
    _, dataset = played
    made, weights, found = network(dataset)
    out = made.weights(weights)
    assert out.architecture == LANDINGS
    again = made.weights(made.unfolded(out))
    np.testing.assert_allclose(again.mixture_kernel, out.mixture_kernel, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(again.layers[0].bias, out.layers[0].bias, rtol=1e-4, atol=1e-4)
    (continued,) = designs(dataset.events, ranges_of(dataset), LANDINGS, base=out)
    assert continued.changes == found.changes
    assert isinstance(network_of(dataset.dimension, out.size, continued), LandingNetwork)


@pytest.mark.slow
def test_windows_are_transposed_and_stretched_but_never_out_of_bounds(played) -> None:
    kind, dataset = played
    made, _, found = network(dataset)
    window = np.repeat(dataset.events[None, :20] * SCALE_FACTOR, 200, 0)
    changed = np.asarray(jax.jit(made.changed)(window, jax.random.key(1)))
    fixed = found.fixed
    for voice, control in enumerate(fixed.note):
        shift = (changed - window)[..., 1 + control] / fixed.grid[control]
        np.testing.assert_allclose(shift, np.rint(shift[:, :1]) * np.ones((1, 20)), atol=1e-3)
        assert set(np.rint(shift[:, 0]).astype(int)) == set(range(-found.changes.down, found.changes.up + 1))
        steps = np.rint(changed[..., 1 + control] / fixed.grid[control]) - fixed.lowest[voice]
        assert steps.min() >= 0
        assert steps.max() < fixed.counts[voice]
    np.testing.assert_array_equal(changed[..., 1 + fixed.knobs], window[..., 1 + fixed.knobs])
    ratio = changed[:, 5, 0] / window[:, 5, 0]
    assert (np.std(np.log(ratio)) > 0.1) == bool(kind.get("human"))
    np.testing.assert_allclose(changed[..., 0], window[..., 0] * ratio[:, None], rtol=1e-5)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.6])
def test_windows_begin_more_often_where_pieces_do(share) -> None:
    ranges = [slice(0, 30), slice(30, 200), slice(200, 1000)]
    stretches = Stretches.of(ranges, 50).with_beginnings(ranges, share)
    begins = np.isin(stretches.starts, [0, 30, 200])
    assert begins.mean() == pytest.approx(share, abs=0.03)
    assert (stretches.starts + stretches.heard < 1000).all()


@pytest.mark.usefixtures("fast_steps")
@pytest.mark.slow
def test_short_pieces_are_learned_from_and_played_in_their_key() -> None:
    dataset = melodies(120, 5)
    split: Split = split_performances(dataset)
    recipe = Recipe(size="xxs", steps=100, epochs=3, batch=32, window=40, learning_rate=0.01, warmup=10, seed=1)
    training = Training(dataset, split, recipe, devices=join(None, recipe.batch, "", lambda: False))
    fitted = training.run(lambda _: None)
    weights = training.design.played(fitted.weights)
    predictor = NumPyPredictor(weights)
    rng, outside, played, leaps = np.random.default_rng(1), 0, 0, 0
    pieces = [piece for piece in dataset.performances if len(piece) > 40][:20]
    assert len(dataset.performances) > len(pieces)
    for piece in pieces:
        predictor.reset()
        for event in piece[:25].tolist():
            predictor.hear(event)
        scale = {round(note * 127) % 12 for note in piece[:25, 1].tolist()}
        last = round(float(piece[24, 1]) * 127)
        for _ in range(20):
            event = predictor.sample(rng, 1.0, 1.0)
            note = event[1] * 127
            assert abs(note - round(note)) < 0.5
            outside += round(note) % 12 not in scale
            leaps += abs(round(note) - last) > 12
            played, last = played + 1, round(note)
            predictor.hear(event)
    assert outside / played < 0.2  # half of all twelve pitch classes, more or less, are outside
    assert leaps / played < 0.05


@pytest.mark.parametrize(
    ("looks", "kept"),
    [((1.0, 1.0 + 0.9 * LATER_WORSE, 1.1), 3), ((1.0, 1.1, 1.0 + 1.1 * LATER_WORSE), 2), ((1.0, 1.4, 1.5), 1)],
)
@pytest.mark.slow
def test_later_weights_are_kept_unless_held_out_pieces_are_foreseen_far_worse(looks, kept, monkeypatch) -> None:
    dataset = melodies(60, 5)
    recipe = Recipe(size="xxs", steps=1, epochs=3, batch=2, window=8)
    split = split_performances(dataset)
    training = Training(dataset, split, recipe, devices=join(None, recipe.batch, "", lambda: False))
    after = []

    def look(state, starts):
        after.append([np.asarray(array) for array in state.trainable])
        return np.full(len(starts), [*looks, looks[-1]][len(after) - 1])

    monkeypatch.setattr(training.learner, "held_out", look)
    fitted = training.run(lambda _: None)
    assert (fitted.best_step, [each.usual for each in fitted.history]) == (kept, pytest.approx(looks))
    expected = training.network.weights(after[kept - 1])
    np.testing.assert_array_equal(fitted.weights.mixture_kernel, expected.mixture_kernel)


def test_what_is_played_is_surer_keeps_to_its_key_and_goes_without_what_catches_surprises(played) -> None:
    _, dataset = played
    made, weights, found = network(dataset)
    learned = made.weights(weights)
    heard = dataset.events[:5]
    use = slice(-2 * len(found.fixed.notes), None)
    keener = replace(learned, mixture_kernel=learned.mixture_kernel.copy(), mixture_bias=learned.mixture_bias.copy())
    keener.mixture_kernel[:, use] *= USED_MORE
    keener.mixture_bias[use] *= USED_MORE
    after, before = [
        parts_of(BatchNetwork(each).hear(heard[:1])[0], each.dimension).logits
        for each in (found.played(learned), keener)
    ]
    np.testing.assert_allclose(after[:-1], before[:-1] / PLAYED_AT, rtol=1e-4, atol=1e-4)
    assert after[-1] == pytest.approx(before[-1] / PLAYED_AT - PLAYED_LESS, abs=1e-3)
    assert replace(found, head="").played(learned) is learned
