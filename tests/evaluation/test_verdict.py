"""Three sentences, by rules."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.answers import Answers
from impsy.evaluation.playing import Estimate, Gestures
from impsy.evaluation.report.verdict import LONG_SILENCE, Heard, Rival, telling, verdict
from impsy.evaluation.twosample import TwoSample


def heard(
    shares: tuple[float, float, float] = (0.1, 0.85, 0.05),
    spread: float | None = 0.55,
    switch: float | None = 0.2,
    median_dt: float = 0.03,
    overlap: float = 0.3,
    opening: float = 1.0,
    silence: float = 1.0,
    auc10: float = 0.5,
) -> Heard:
    return Heard(
        gestures=Gestures(shares, spread, 7.0, 7.0, switch),
        median_dt=median_dt,
        answers=Answers(90, 900, Estimate(overlap, 0.02), spread, opening, silence),
        two_sample=TwoSample(Estimate(auc10, 0.01), Estimate(auc10, 0.01)),
    )


def test_who_plays_alike_is_said_to() -> None:
    texts = [text for text, _ in verdict(heard(), heard())]
    assert texts == [
        "It moves one control at a time, as you do.",
        "It keeps your time.",
        "One can hardly tell its playing from yours.",
    ]


@pytest.mark.parametrize(
    ("how", "number", "text", "figures"),
    [
        (
            {"shares": (0.5, 0.45, 0.05)},
            0,
            "It plays events that move nothing more often than you do.",
            ("50%", "10%"),
        ),
        ({"shares": (0.1, 0.3, 0.6)}, 0, "It moves several controls at once more often than you do.", ("60%", "5%")),
        ({"spread": 0.97}, 0, "It keeps to its busiest three controls more than you do.", ("97%", "55%")),
        ({"spread": 0.4}, 0, "It goes over more controls than you do.", ("40%", "55%")),
        ({"overlap": 0.1}, 0, "It answers on other controls than those that you have just moved.", ("10%", "30%")),
        ({"opening": 6.0}, 0, "It opens its answers by moving many controls at once.", ("6.0", "1.0")),
        ({"switch": 2.0}, 1, "It pauses longer than you do before it turns to another control.", ("2.0 s", "200 ms")),
        ({"switch": 0.1}, 1, "It pauses less than you do before it turns to another control.", ("100 ms", "200 ms")),
        ({"median_dt": 0.3}, 1, "It plays slower than you do.", ("300 ms", "30 ms")),
        ({"median_dt": 0.01}, 1, "It plays faster than you do.", ("10 ms", "30 ms")),
        ({"silence": 17.0}, 1, "It falls silent in the middle of an answer.", ("17.0 s", "1.0 s")),
        ({"auc10": 0.7}, 2, "Its playing often passes for yours.", ("70", "50")),
        ({"auc10": 0.85}, 2, "One can tell its playing from yours most of the time.", ("85", "50")),
        ({"auc10": 1.0}, 2, "One can nearly always tell its playing from yours.", ("99.9", "50")),
    ],
)
def test_what_differs_is_said_with_its_figures(how: dict, number: int, text: str, figures: tuple[str, str]) -> None:
    sentences = verdict(heard(**how), heard())
    assert len(sentences) == 3
    assert sentences[number].text == text
    assert all(figure in sentences[number].evidence for figure in figures)
    unchanged = verdict(heard(), heard())
    assert [each for i, each in enumerate(sentences) if i != number] == [
        each for i, each in enumerate(unchanged) if i != number
    ]


WALK, REPEAT = Rival("a random walk", -10.0), Rival("a repeat", 5.0)


@pytest.mark.parametrize(
    ("nats", "text"),
    [
        (-12.0, "It foresees your next move much better than a random walk."),
        (-10.5, "It foresees your next move much better than a random walk."),
        (-10.2, "It foresees your next move better than a random walk."),
        (-10.04, "It foresees your next move about as well as a random walk."),
        (-9.96, "It foresees your next move about as well as a random walk."),
        (-9.0, "It does not foresee your next move as well as a random walk."),
    ],
)
def test_the_third_is_how_well_it_foresees_beside_the_best_of_the_others(nats: float, text: str) -> None:
    sentences = verdict(replace(heard(), nats=nats), heard(), (REPEAT, WALK))
    assert len(sentences) == 3
    assert sentences[2].text == text
    assert f"{nats:+.2f} nats an event against -10.00" in sentences[2].evidence


@pytest.mark.parametrize(
    ("nats", "rivals"),
    [(None, (WALK,)), (-12.0, ()), (math.inf, (WALK,)), (-12.0, (Rival("a walk", math.nan),))],
)
def test_where_that_was_not_measured_it_is_whether_one_could_tell(nats: float | None, rivals: tuple) -> None:
    assert verdict(replace(heard(), nats=nats), heard(), rivals) == verdict(heard(), heard())
    assert verdict(heard(), heard())[2] == telling(heard(), heard())


def test_the_furthest_is_what_is_said() -> None:
    far = verdict(heard(spread=0.97, opening=2.5, switch=1.0, median_dt=0.06), heard())
    assert far[0].text.startswith("It keeps to its busiest three")
    assert far[1].text.startswith("It pauses longer")
    other = verdict(heard(spread=0.70, opening=7.0, switch=0.3, median_dt=0.6), heard())
    assert other[0].text.startswith("It opens")
    assert other[1].text == "It plays slower than you do."


def test_a_silence_is_no_fault_where_players_have_it_too() -> None:
    assert verdict(heard(silence=17.0), heard(silence=20.0))[1].text == "It keeps your time."
    assert verdict(heard(silence=LONG_SILENCE), heard())[1].text == "It keeps your time."


def test_what_was_not_measured_is_not_said() -> None:
    without = replace(heard(), two_sample=TwoSample(None, None), answers=None)
    assert len(verdict(without, heard())) == 2
    assert verdict(Heard(), heard()) == ()
    assert verdict(heard(), Heard())[0].text.startswith("One can")


share = st.floats(0, 1)
anyone = st.builds(
    heard,
    shares=st.tuples(share, share, share).map(lambda s: tuple(x / (sum(s) or 1) for x in s)),
    spread=st.none() | share,
    switch=st.none() | st.floats(0.001, 1e4),
    median_dt=st.floats(0.001, 1e3),
    overlap=share,
    opening=st.floats(0, 8),
    silence=st.floats(0, 1e4),
    auc10=share,
)


@given(anyone, anyone)
@pytest.mark.slow
def test_always_three_sentences_with_evidence(model: Heard, players: Heard) -> None:
    found = verdict(model, players)
    assert len(found) == 3
    for text, evidence in found:
        assert text.endswith(".")
        assert any(letter.isdigit() for letter in evidence)
    assert found == verdict(model, players)
