"""One chart of lines, areas and bars, as SVG inside a page. Its layout is pygal's, which only this module needs.

Only the layout is used: a report has no script and no tooltips, the style of one chart would apply to the whole page,
and a date or a random name would make equal reports differ. Shapes and letters are drawn here, in the colours and the
font of the page, so that it can be light or dark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from impsy.errors import ConfigError

__all__ = ["FAINT", "INK", "Axis", "Chart", "Ticks", "check_installed", "round_ticks"]

INK, FAINT = "var(--ink)", "var(--faint)"
_FONT_SIZE = 9
_TICK = 3
_MARGIN = 4
_LEAST = 0.8
"""The smallest share of its size at which its letters can be read, as on a telephone."""
_NUMBER = re.compile(r"-?\d+\.\d+")

Ticks = Sequence[tuple[float, str]]
"""Places on an axis, and what stands there."""


class Axis(NamedTuple):
    """From ``low`` to ``high``; those ``ticks`` are left out that lie beyond."""

    low: float
    high: float
    ticks: Ticks
    title: str = ""


class Chart:
    """``width`` and ``height`` in points, of which letters are 9 high. What is added last is drawn on top.

    Lines have gaps where a value is no finite number. Raises ConfigError where pygal is missing.
    """

    def __init__(self, width: int, height: int, x: Axis, y: Axis, *, grid: bool = True) -> None:
        self._width, self._height, self._grid = width, height, grid
        self._paints: list[str] = []
        self._drawn = _exact_chart(
            width=width,
            height=height,
            xrange=(x.low, x.high),
            range=(y.low, y.high),
            x_labels=_labels(x),
            y_labels=_labels(y),
            x_title=x.title or None,
            y_title=y.title or None,
            margin=_MARGIN,
            margin_left=2 * _MARGIN if y.title else _MARGIN,
            margin_right=_MARGIN + round(_overhang(x, width)),
            spacing=5,
            truncate_label=-1,
            show_legend=False,
            show_dots=False,
            allow_interruptions=True,
            js=(),
        )

    def line(self, x: ArrayLike, y: ArrayLike, colour: str, *, width: float = 1.6, dashes: str = "") -> None:
        """Straight from each of the points (N,), (N,) to the next. ``dashes`` as in SVG's stroke-dasharray."""
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        self._add(x, y, f'fill="none" stroke="{colour}" stroke-width="{width:g}"{dashed}')

    def stairs(
        self, edges: ArrayLike, heights: ArrayLike, colour: str, *, width: float = 1.4, top: float = math.inf
    ) -> None:
        """The outline of bins between edges (N + 1,); heights (N,). It is open where it would be above ``top``."""
        all_edges, all_heights = np.asarray(edges, np.float64), np.asarray(heights, np.float64)
        changes = np.flatnonzero(np.diff(all_heights)) + 1  # what is level for long need not be said for every bin
        at, levels = all_edges[[0, *changes, -1]], all_heights[[0, *changes]]
        x, y = np.repeat(at, 2)[1:-1], np.repeat(np.minimum(levels, top), 2)
        above = 2 * np.flatnonzero(levels > top) + 1
        self.line(np.insert(x, above, x[above]), np.insert(y, above, np.nan), colour, width=width)

    def area(self, edges: ArrayLike, heights: ArrayLike, colour: str, *, opacity: float) -> None:
        """The same, filled down to 0."""
        x, y = np.repeat(edges, 2), np.concatenate([[0.0], np.repeat(heights, 2), [0.0]])
        self._add(x, y, f'fill="{colour}" fill-opacity="{opacity:g}"')

    def span(self, left: float, right: float, low: float, high: float, colour: str, *, opacity: float) -> None:
        """A rectangle."""
        self._add([left, left, right, right], [low, high, high, low], f'fill="{colour}" fill-opacity="{opacity:g}"')

    def bars(self, places: ArrayLike, width: float, heights: ArrayLike, colour: str, *, opacity: float = 1.0) -> None:
        """From 0 to heights (N,), in the middle of places (N,)."""
        middle, high = np.asarray(places, np.float64), np.asarray(heights, np.float64)
        left, right, zero = middle - width / 2, middle + width / 2, np.zeros_like(high)
        x = np.column_stack([left, left, right, right, right]).ravel()
        y = np.column_stack([zero, high, high, zero, np.full_like(high, np.nan)]).ravel()
        self._add(x, y, f'fill="{colour}"' + (f' fill-opacity="{opacity:g}"' if opacity < 1 else ""))

    def svg(self, title: str) -> str:
        """One ``<svg>`` element with this ``<title>``, as wide as it may be: no ids, no classes, no ``<style>``."""
        if not self._paints:
            self.line([], [], INK)  # without anything at all, pygal does not get as far as the axes
        tree = self._drawn.render_tree()
        plot, titles = tree.find("g/g[@class='plot']"), tree.find("g/g[@class='titles']")
        inner = "".join(
            (
                self._axes(plot),
                *(
                    f'<path d="{_joined(group)}" {paint}/>'
                    # pygal has no groups at all where it finds nothing to draw.
                    for group, paint in zip(_groups(plot, "series"), self._paints, strict=False)
                ),
            )
        )
        return (
            f'<svg viewBox="0 0 {self._width} {self._height}" role="img" font-size="{_FONT_SIZE}" '
            f'style="min-width: {_LEAST * self._width:.0f}px"><title>{escape(title)}</title>'
            f'<g transform="{plot.get("transform")}">{inner}</g>'
            f'<g fill="{INK}" text-anchor="middle">{_letters(titles.iter("text"))}</g></svg>'
        )

    def _add(self, x: ArrayLike, y: ArrayLike, paint: str) -> None:
        pairs = zip(np.asarray(x, np.float64).tolist(), np.asarray(y, np.float64).tolist(), strict=True)
        self._drawn.add(None, [(x, y if math.isfinite(y) else None) for x, y in pairs])
        self._paints.append(paint)

    def _axes(self, plot: Any) -> str:
        area = plot.find("rect")
        right, bottom = (float(area.get(side)) for side in ("width", "height"))
        below, beside = (
            [text for each in _groups(plot, f"axis {way}") for text in each.iter("text")] for way in "xy"
        )
        ticks = "".join(f"M{text.get('x')} {bottom}v{_TICK}" for text in below)
        lines = (
            f'<path d="{_short(f"M0 0V{bottom}H{right}{ticks}")}" fill="none" stroke="{FAINT}" stroke-width=".8"/>'
        )
        guides = "".join(_joined(guide) for each in _groups(plot, "axis y") for guide in each.iterfind("g"))
        grid = f'<path d="{guides}" stroke="{FAINT}" stroke-width=".4" stroke-opacity=".6"/>' if self._grid else ""
        return (
            f'{grid}{lines}<g fill="{INK}" text-anchor="middle">{_letters(below)}</g>'
            f'<g fill="{INK}" text-anchor="end">{_letters(beside)}</g>'
        )


def check_installed() -> None:
    """Raises ConfigError where pygal is missing."""
    _exact_chart()


def round_ticks(low: float, high: float, about: float) -> Ticks:
    """Multiples of 1, 2, 2.5 or 5 × 10ⁿ from low to high, at most about so many and one more."""
    least = (high - low) / about
    power = 10.0 ** math.floor(math.log10(least))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= least)
    places = (i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1))
    return [(place, f"{place:.6g}".replace("-", "−")) for place in places]


def _exact_chart(**settings: Any) -> Any:
    """A chart of pygal's, its axes ending where they are said to end: as it is, they have 2 % more on each side."""
    try:
        from pygal import XY
        from pygal.style import Style
    except ImportError as error:
        raise ConfigError(
            "the report's plots need pygal, which is not installed: pip install 'impsy[train]' "
            "(or leave out --report: the figures themselves need nothing more)"
        ) from error

    class Exact(XY):  # type: ignore[misc]
        def _set_view(self) -> None:
            self._box.margin = 0.0
            super()._set_view()

    return Exact(style=Style(label_font_size=_FONT_SIZE, title_font_size=_FONT_SIZE), **settings)


def _overhang(axis: Axis, width: int) -> float:
    """How far the last tick's letters stand out at the right, about."""
    place, label = max((tick for tick in axis.ticks if tick[0] <= axis.high), default=(axis.low, ""))
    return max(0.0, 0.32 * _FONT_SIZE * len(label) - 0.85 * width * (axis.high - place) / (axis.high - axis.low))


def _labels(axis: Axis) -> list[dict[str, float | str]]:
    return [{"value": value, "label": label} for value, label in axis.ticks if axis.low <= value <= axis.high]


def _groups(plot: Any, name: str) -> Iterable[Any]:
    return (each for each in plot.iterfind("g") if each.get("class").startswith(name))


def _joined(group: Any) -> str:
    """The paths of a group as one."""
    return _short("".join(path.get("d") for path in group.iterfind("path")))


def _letters(texts: Iterable[Any]) -> str:
    return "".join(
        f"<text {_short(where)}>{escape(text.text)}</text>"
        for text in texts
        for where in [" ".join(f'{key}="{text.get(key)}"' for key in ("x", "y", "transform") if text.get(key))]
    )


def _short(places: str) -> str:
    """Numbers with one decimal: a tenth of a point cannot be seen."""
    return _NUMBER.sub(lambda number: f"{float(number[0]):.1f}".removesuffix(".0"), places)
