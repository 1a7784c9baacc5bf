"""The pictures of a report: what they show of what they are given."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

from impsy.evaluation.calibration import part_calibration
from impsy.evaluation.playing import DT_EDGES, Playing, features, summarise
from impsy.evaluation.report.data import Excerpt
from impsy.evaluation.report.plots import SERIES, excerpt, histogram_of_ranks, one_of, positions

pytest.importorskip("pygal")
COLOURS = [f"var(--series-{i})" for i in range(SERIES)]


def playing(scale: float, controls: int = 3, seed: int = 0, events: int = 400) -> Playing:
    rng = np.random.default_rng(seed)
    stretch = np.column_stack([scale * rng.lognormal(0, 0.5, events), rng.random((events, controls))])
    return summarise(features(stretch[None].astype(np.float32)), None)


def read(picture: str) -> ElementTree.Element:
    assert not re.search("nan|inf|http", picture)
    return ElementTree.fromstring(picture)


def words(picture: str) -> list[str]:
    return [text.text for text in read(picture).iter("text")]


def strokes(picture: str, colour: str) -> list[list[tuple[float, float]]]:
    """The points of every line and area of that colour, one list for each path."""
    return [
        [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+) (-?[\d.]+)", path.get("d"))]
        for path in read(picture).iter("path")
        if colour in (path.get("stroke"), path.get("fill"))
    ]


def test_positions() -> None:
    mean, median = np.linspace(9, 3, 50), np.linspace(4, 2, 50)
    picture = positions([(1, mean, median), (SERIES + 2, mean + 1, median + 1)])
    for colour in (COLOURS[1], COLOURS[2]):  # the ninth has the first's again
        solid, dashed = strokes(picture, colour)
        assert len(solid) == len(dashed) == 50
        assert all(upper < lower for (_, upper), (_, lower) in zip(dashed, solid, strict=True))
        assert solid[0][1] < solid[-1][1]  # less is lower
    dashes = [path.get("stroke-dasharray") for path in read(picture).iter("path") if path.get("stroke") == COLOURS[1]]
    assert dashes == [None, "3 2"]
    assert words(picture)[:6] == ["1", "10", "20", "30", "40", "50"]
    assert words(picture)[6:] == ["2", "4", "6", "8", "10", "events heard", "nats per event"]


def test_positions_of_no_one() -> None:
    assert words(positions([]))[-2:] == ["events heard", "nats per event"]


@pytest.mark.parametrize(
    "values", [[], [math.nan] * 50, [math.inf, *[1.0] * 49], [7.0] * 50, [0.0] * 50, [1e15] * 50, [-1e-9, 1e-9] * 25]
)
def test_positions_of_odd_values(values: list[float]) -> None:
    assert words(positions([(0, values, values)]))[-2:] == ["events heard", "nats per event"]


def test_histogram_of_ranks() -> None:
    level = histogram_of_ranks(0, part_calibration((np.arange(2000) + 0.5) / 2000))
    (bars,), (line,) = strokes(level, COLOURS[0]), strokes(level, "var(--ink)")
    assert len(bars) == 20 * 4
    assert line[0][1] == line[1][1] == min(y for _, y in bars)  # perfect: all of them end at the line
    assert words(level) == ["0", "0.5", "1", "0", "1", "2"]
    wall = histogram_of_ranks(0, part_calibration(np.ones(100)))
    assert words(wall)[3:] == ["0", "10", "20"]


def test_time_between_events() -> None:
    players, same = playing(0.1), playing(0.1, seed=1)
    always = replace(same, dt_histogram=tuple(float(i == 30) for i in range(60)))
    picture = one_of("dt", players, [(0, same), (1, always)])
    (area,), (line,), (pole,) = (strokes(picture, colour) for colour in ("var(--ink)", *COLOURS[:2]))
    floor = max(y for _, y in area)
    assert line[0][1] == line[-1][1] == floor
    assert min(y for _, y in area) == pytest.approx(min(y for _, y in line), abs=0.3 * floor)
    assert min(y for _, y in area) > 0.5 * floor  # room for higher ones
    assert min(y for _, y in pole) == 0  # but not for one that would flatten all others
    assert read(picture).find("title").text == "Time between events"
    assert "0.1 s" in words(picture)
    assert DT_EDGES[0] == -3
    assert "1 ms" not in words(picture)  # no one was so fast


def test_size_of_steps() -> None:
    players = playing(0.1)
    picture = one_of("step", players, [(0, replace(players, step_histogram=(0.0, 1.0, *[0.0] * 126)))])
    ((*_, last),) = strokes(picture, COLOURS[0])
    (area,) = strokes(picture, "var(--ink)")
    assert len(strokes(picture, COLOURS[0])[0]) == 2  # all from the first step on, in one line
    assert last[1] == pytest.approx(min(y for _, y in area), abs=0.2)
    assert words(picture)[:8] == ["1", "2", "4", "8", "16", "32", "64", "127"]
    xs = [float(text.get("x")) for text in list(read(picture).iter("text"))[:7]]
    assert np.diff(xs) == pytest.approx([xs[1]] * 6, abs=0.11)  # a logarithmic scale


@pytest.mark.parametrize("way", ["moving", "pinned"])
def test_bars_in_groups(way: str) -> None:
    players = playing(0.1)
    shares = {"moving_shares": (0.1, 0.2, 0.3, 0.4), "pinned_by_control": (0.2, 0.4, 0.6)}
    players = replace(players, **shares)
    picture = one_of(way, players, [(0, players), (3, replace(players, pinned_by_control=(0.0,) * 3))])
    groups = 4 if way == "moving" else 3
    tallest = []
    for colour in ("var(--ink)", COLOURS[0]):
        (bars,) = strokes(picture, colour)
        assert len(bars) == 4 * groups
        tallest.append(min(bars, key=lambda point: point[1])[1])
    assert tallest[0] == tallest[1]
    assert words(picture)[:groups] == [str(i + (way == "pinned")) for i in range(groups)]
    nothing = replace(players, pinned_by_control=(0.0,) * 3)
    assert words(one_of("pinned", nothing, [(0, nothing)]))[:3] == ["1", "2", "3"]


def test_many_controls_do_not_crowd_the_axis() -> None:
    players = playing(0.1, controls=63)
    assert 8 <= words(one_of("pinned", players, [])).index("control") - 5 <= 22


def test_excerpt() -> None:
    heard = np.array([[9.0, 0.5, 1.0], [0.5, 0.5, 0.0], [0.5, 0.5, 1.0]], np.float32)
    played = np.array([[1.0, 0.5, 0.0], [1.0, 0.5, 1.0], [50.0, 0.0, 0.0]], np.float32)
    picture = excerpt(Excerpt("name", heard, played), 2.0)
    (level,), (moving,), (span,) = (strokes(picture, colour) for colour in (*COLOURS[:2], "var(--ink)"))
    assert len({y for _, y in level}) == 1
    right = level[-1][0]
    times = [0, 0.5, 0.5, 1, 1, 2, 2, 3, 3]  # of three seconds, one of which was heard
    assert [x for x, _ in moving][: len(times)] == pytest.approx([right * time / 3 for time in times], abs=0.11)
    high, low = (min(y for _, y in moving), max(y for _, y in moving))
    assert [y for _, y in moving][:9] == [high, high, low, low, high, high, low, low, high]
    assert sorted({x for x, _ in span}) == pytest.approx([0, right / 3], abs=0.11)
    assert words(picture)[-3:] == ["0", "1", "seconds"]


def test_an_excerpt_of_many_controls_shows_some() -> None:
    events = np.full((5, 31), 0.25, np.float32)
    picture = excerpt(Excerpt("name", events, events), 1.0)
    assert [len(strokes(picture, colour)) for colour in COLOURS] == [1] * SERIES
