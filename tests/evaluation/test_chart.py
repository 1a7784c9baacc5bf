"""One chart as SVG: where its lines go, and what is not in it."""

from __future__ import annotations

import math
import re
import sys
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.errors import ConfigError
from impsy.evaluation.report.chart import Axis, Chart, check_installed, round_ticks

pytest.importorskip("pygal")

X = Axis(0.0, 10.0, [(0, "none"), (5, "five"), (10, "ten"), (11, "beyond")], "things")
Y = Axis(-2.0, 2.0, [(-3, "beyond"), (-1, "−1"), (0, "0"), (1, "1")], "how many")


def chart(**options: bool) -> Chart:
    return Chart(300, 150, X, Y, **options)


def drawn(made: Chart, title: str = "Title") -> ElementTree.Element:
    return ElementTree.fromstring(made.svg(title))


def corners(svg: ElementTree.Element) -> tuple[float, float]:
    """Right and bottom of the place where lines are, from the axes; left and top are 0."""
    (axes,) = (path.get("d") for path in svg.iter("path") if path.get("d").startswith("M0 0V"))
    bottom, right = re.match(r"M0 0V([\d.]+)H([\d.]+)", axes).groups()
    return float(right), float(bottom)


def lines(svg: ElementTree.Element, colour: str) -> list[list[tuple[float, float]]]:
    """The points of each stroke or area of that colour."""
    (path,) = (path.get("d") for path in svg.iter("path") if colour in (path.get("stroke"), path.get("fill")))
    strokes = [re.findall(r"(-?[\d.]+) (-?[\d.]+)", stroke) for stroke in path.split("M")[1:]]
    return [[(float(x), float(y)) for x, y in stroke] for stroke in strokes]


def test_axes_end_where_they_are_said_to_end() -> None:
    made = chart()
    made.line([0, 10], [-2, 2], "red")
    made.line([5, 5], [0, 1], "blue")
    svg = drawn(made)
    right, bottom = corners(svg)
    assert lines(svg, "red") == [[(0, bottom), (right, 0)]]
    assert lines(svg, "blue")[0] == [(right / 2, bottom / 2), (right / 2, bottom / 4)]
    assert 220 < right < 290
    assert 90 < bottom < 140


def test_what_stands_at_the_axes() -> None:
    made = chart()
    made.line([0, 10], [0, 0], "red")
    svg = drawn(made, "<b> & co")
    assert [text.text for text in svg.iter("text")] == ["none", "five", "ten", "−1", "0", "1", "things", "how many"]
    assert svg.find("title").text == "<b> & co"
    right, bottom = corners(svg)
    places = {text.text: (float(text.get("x")), float(text.get("y"))) for text in svg.iter("text")}
    assert [places[text][0] for text in ("none", "five", "ten")] == pytest.approx([0, right / 2, right], abs=0.1)
    assert places["1"][1] < bottom / 2 < places["−1"][1]


def test_letters_at_the_end_have_room() -> None:
    made = Chart(300, 150, Axis(0, 1, [(1, "far away")]), Y)
    made.line([0, 1], [0, 0], "red")
    svg = drawn(made)
    left = float(re.match(r"translate\((\d+)", svg.find("g").get("transform"))[1])
    assert left + corners(svg)[0] + 0.3 * 9 * len("far away") < 300


def test_a_grid_only_where_it_is_wanted() -> None:
    counts = []
    for grid in (True, False):
        made = chart(grid=grid)
        made.line([0, 10], [0, 0], "red")
        counts.append(len(list(drawn(made).iter("path"))))
    assert counts == [3, 2]


def test_stairs_are_open_above_the_top() -> None:
    made = chart()
    made.stairs([0, 1, 2, 3, 4], [1, 9, 1, 1], "red", top=2)
    before, after = lines(drawn(made), "red")
    assert before[-1][1] == after[0][1] == 0
    assert after[0][0] == pytest.approx(2 * before[-1][0], abs=0.1)
    assert len(after) == 3  # down, and one line for two bins of the same height


def test_bars_and_areas_stand_on_zero() -> None:
    made = chart()
    made.bars([2, 4], 1.0, [1, -1], "red", opacity=0.5)
    made.area([5, 6, 7], [2, 1], "blue", opacity=0.2)
    made.span(8, 9, -2, 2, "green", opacity=0.1)
    svg = drawn(made)
    right, bottom = corners(svg)
    up, down = lines(svg, "red")
    assert {round(y, 1) for _, y in up} == {round(bottom / 2, 1), round(bottom / 4, 1)}
    assert {round(y, 1) for _, y in down} == {round(bottom / 2, 1), round(bottom * 3 / 4, 1)}
    assert max(x for x, _ in up) - min(x for x, _ in up) == pytest.approx(right / 10, abs=0.1)
    (area,) = lines(svg, "blue")
    assert max(y for _, y in area) == pytest.approx(bottom / 2, abs=0.1)
    assert min(y for _, y in area) == 0
    (span,) = lines(svg, "green")
    assert {0, bottom} <= {y for _, y in span}


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf])
def test_a_gap_where_there_is_no_number(odd: float) -> None:
    made = chart()
    made.line([0, 1, 2, 3, 4], [0, 0, odd, 1, 1], "red")
    text = made.svg("Title")
    assert [len(stroke) for stroke in lines(ElementTree.fromstring(text), "red")] == [2, 2]
    assert not re.search("nan|inf", text)


def test_nothing_to_draw() -> None:
    for values in ([], [math.nan, math.nan]):
        made = chart()
        made.line(range(len(values)), values, "red")
        assert "No data" not in made.svg("Title")
    assert [text.text for text in drawn(chart()).iter("text")][-2:] == ["things", "how many"]


def test_what_pygal_makes_besides_stays_behind() -> None:
    texts = set()
    for _ in range(2):
        made = chart()
        made.line([0, 10], [-2, 2], "var(--series-0)", dashes="3 2")
        texts.add(made.svg("Title"))
    (text,) = texts
    tags = {each.tag for each in ElementTree.fromstring(text).iter()}
    assert tags == {"svg", "title", "g", "path", "text"}
    assert not re.search(r"http|url\(|<!--| id=| class=| on\w+=|href", text)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6), st.integers(2, 20), st.sampled_from([1.0, 1e-6, 1e6]))
def test_ticks_are_round_and_within(low: float, size: float, about: int, scale: float) -> None:
    low, high = low * scale, (low + size) * scale
    ticks = round_ticks(low, high, about)
    assert len(ticks) <= about + 1
    margin = 1e-9 * max(abs(low), abs(high))
    assert all(low - margin <= place <= high + margin for place, _ in ticks)
    steps = [after - before for (before, _), (after, _) in pairwise(ticks)]
    assert steps == pytest.approx(steps[:1] * len(steps), rel=1e-3)
    for step in steps[:1]:
        first_digits = 10 ** (math.log10(step) % 1)
        assert min(abs(first_digits - each) for each in (1, 2, 2.5, 5, 10)) < 0.01


def test_ticks_as_one_would_write_them() -> None:
    assert [text for _, text in round_ticks(-7.3, 30.4, 8)] == ["−5", "0", "5", "10", "15", "20", "25", "30"]
    assert [text for _, text in round_ticks(0, 0.35, 4)] == ["0", "0.1", "0.2", "0.3"]


def test_without_pygal(monkeypatch: pytest.MonkeyPatch) -> None:
    check_installed()
    monkeypatch.setitem(sys.modules, "pygal", None)
    for attempt in (check_installed, chart):
        with pytest.raises(ConfigError, match=r"pip install 'impsy\[train\]'"):
            attempt()
