"""Can playing be told from playing?"""

from __future__ import annotations

import numpy as np
import pytest

from impsy.evaluation.twosample import Likeness, Streams, TwoSampleTest


def performance(events: int, seed: int, *, step: int = 3, sets: int = 1, controls: int = 4) -> np.ndarray:
    """Knobs that move by up to ``step``, ``sets`` at a time."""
    rng = np.random.default_rng(seed)
    place, rows = np.full(controls, 60), []
    for _ in range(events):
        moving = rng.choice(controls, sets, replace=False)
        place = place.copy()
        place[moving] = np.clip(place[moving] + rng.integers(1, step + 1, sets) * rng.choice([-1, 1], sets), 0, 127)
        rows.append([rng.lognormal(-3, 0.5), *(place / 127)])
    return np.array(rows, np.float32)


def streams(seed: int, **how: int) -> Streams:
    """40 stretches of 100 events, each played for itself."""
    events = np.stack([performance(101, 1000 * seed + i, **how) for i in range(40)])
    return Streams(events, np.arange(40) * 1000)


@pytest.fixture(scope="module")
def test_of_players() -> TwoSampleTest:
    return TwoSampleTest(streams(0))


@pytest.mark.slow
def test_the_same_manner_cannot_be_told(test_of_players: TwoSampleTest) -> None:
    found = test_of_players.of(streams(1))
    assert found.auc is not None
    assert found.auc10 is not None
    assert 0.4 < found.auc.value < 0.62
    assert 0.4 < found.auc10.value < 0.62
    assert 0.01 < found.auc.error < 0.1


@pytest.mark.parametrize("how", [{"step": 12}, {"sets": 2}, {"sets": 4}])
@pytest.mark.slow
def test_another_manner_is_told_always(test_of_players: TwoSampleTest, how: dict[str, int]) -> None:
    found = test_of_players.of(streams(1, **how))
    assert found.auc.value > 0.98
    assert found.auc10.value > 0.85
    assert found.auc.error < 0.03


@pytest.mark.parametrize("share", [0.25, 0.5])
@pytest.mark.slow
def test_who_differs_in_part_is_told_in_part(test_of_players: TwoSampleTest, share: float) -> None:
    same, other = streams(1), streams(2, sets=4)
    events = same.events.copy()
    changed = np.random.default_rng(0).permutation(40)[: int(40 * share)]
    events[changed] = other.events[changed]
    found = test_of_players.of(Streams(events, same.when)).auc.value
    # Those that differ are told, of the others half: share + (1 - share) / 2.
    assert found == pytest.approx((1 + share) / 2, abs=0.09)


@pytest.mark.slow
def test_it_is_the_same_each_time(test_of_players: TwoSampleTest) -> None:
    assert test_of_players.of(streams(1, step=4)) == TwoSampleTest(streams(0)).of(streams(1, step=4))


@pytest.mark.slow
def test_names_of_controls_do_not_matter_where_all_are_alike(test_of_players: TwoSampleTest) -> None:
    order = [0, 3, 1, 4, 2]
    made = streams(1, step=6)
    players = streams(0)
    permuted = TwoSampleTest(Streams(players.events[:, :, order], players.when))
    found = permuted.of(Streams(made.events[:, :, order], made.when)).auc10.value
    assert found == pytest.approx(test_of_players.of(made).auc10.value, abs=0.08)


@pytest.mark.parametrize(
    ("count", "events", "long", "short"), [(40, 100, True, True), (40, 30, False, True), (9, 100, False, False)]
)
@pytest.mark.slow
def test_too_little_is_not_judged(count: int, events: int, long: bool, short: bool) -> None:
    cut = [Streams(each.events[:count, : events + 1], each.when[:count]) for each in (streams(0), streams(1))]
    found = TwoSampleTest(cut[0]).of(cut[1])
    assert (found.auc is not None, found.auc10 is not None) == (long, short)


@pytest.mark.slow
def test_streams_that_do_not_match(test_of_players: TwoSampleTest) -> None:
    with pytest.raises(ValueError, match="streams"):
        test_of_players.of(Streams(streams(1).events[:-1], np.arange(39)))


@pytest.mark.slow
def test_still_playing_is_judged_without_a_number_that_is_none() -> None:
    still = Streams(np.full((20, 60, 3), 0.5, np.float32), np.arange(20) * 1000)
    found = TwoSampleTest(still).of(still)
    assert found.auc.value == 0.5
    assert found.auc.error == 0


@pytest.mark.slow
def test_players_beside_themselves_and_beside_other_parts() -> None:
    events = np.concatenate([performance(200, seed) for seed in range(32)] + [performance(3000, 99, sets=3)])
    parts = [slice(200 * i, 200 * i + 200) for i in range(32)]
    likeness = Likeness(events, parts[:16], 16, 50, 100, 0)
    rng = np.random.default_rng(0)
    assert likeness.of_themselves().auc.value < 0.7
    assert likeness.of_parts(parts[16:], rng).auc.value < 0.75
    assert likeness.of_parts([slice(6400, 9400)], rng).auc.value > 0.98
    assert likeness.of_parts([slice(6400, 6450)], rng) is None
