"""The rows of the comparison, and how samples become the table and the JSON file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from rich.console import Console
from rich.table import Table

from bench.figures import median, percentile

__all__ = ["BARE", "ROWS", "Row", "Tally", "as_json", "as_table", "wide_console"]

BARE = "bare"
"""The column of a process that does nothing but what is measured: no program, so nothing is compared with it."""

_p50 = partial(percentile, share=50)
_p99 = partial(percentile, share=99)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: ``reduce`` turns the samples kept under ``source`` into its figure."""

    key: str
    source: str
    label: str
    unit: str
    reduce: Callable[[Sequence[float]], float]
    digits: int = 2
    ratio: bool = True


ROWS = (
    Row("prediction_p50", "prediction", "prediction (step + sample), p50", "µs", _p50, 1),
    Row("prediction_p99", "prediction", "prediction (step + sample), p99", "µs", _p99, 1),
    Row("reply_p50", "reply", "OSC in -> OSC out, p50", "ms", _p50),
    Row("reply_p99", "reply", "OSC in -> OSC out, p99", "ms", _p99),
    Row("reply_lost", "reply_lost", "interactions never answered", "", sum, 0, ratio=False),
    Row("midi_thru_p50", "midi_thru", "MIDI in -> MIDI out, thru, p50", "ms", _p50),
    Row("midi_thru_p99", "midi_thru", "MIDI in -> MIDI out, thru, p99", "ms", _p99),
    Row("midi_polyphony_p50", "midi_polyphony", "MIDI in -> MIDI out, polyphony, p50", "ms", _p50),
    Row("midi_polyphony_p99", "midi_polyphony", "MIDI in -> MIDI out, polyphony, p99", "ms", _p99),
    Row("midi_lost", "midi_lost", "MIDI messages never answered", "", sum, 0, ratio=False),
    Row("start", "start", "start -> first prediction", "s", median),
    Row("memory", "memory", "resident memory after playing", "MB", median, 0),
    Row("idle_callresponse", "idle_callresponse", "processor, callresponse, nobody plays", "% core", median),
    Row("idle_polyphony", "idle_polyphony", "processor, polyphony, nobody plays", "% core", median),
    Row("idle_useronly", "idle_useronly", "processor, useronly, nobody plays", "% core", median),
    Row("idle_battle", "idle_battle", "processor, battle, the model plays", "% core", median),
    Row("interval_p50", "interval", "playback interval off by, p50", "ms", _p50, 3, ratio=False),
    Row("interval_p99", "interval", "playback interval off by, p99", "ms", _p99, 3),
    Row("interval_max", "interval", "playback interval off by, max", "ms", max, 3),
    Row("drift", "drift", "playback drift at the last event", "ms", median, ratio=False),
    Row("worst", "worst", "furthest behind the grid", "ms", median),
    Row("own_p50", "own_p50", "lateness by its own report, p50", "ms", median, 3),
    Row("own_p99", "own_p99", "lateness by its own report, p99", "ms", median, 3),
    Row("own_max", "own_max", "lateness by its own report, max", "ms", median, 3),
)


@dataclass(slots=True)
class Tally:
    """Everything measured of one program: samples by source, and what could not be measured and why."""

    samples: dict[str, list[float]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, source: str, values: Iterable[float]) -> None:
        """Keep more samples of ``source``."""
        self.samples.setdefault(source, []).extend(values)

    def figure(self, row: Row) -> float | None:
        """What stands in this row, or ``None`` if nothing was measured for it."""
        samples = self.samples.get(row.source)
        return row.reduce(samples) if samples else None


def _ratio(row: Row, ours: float | None, peer: float | None) -> str:
    """How many times ours the peer's figure is: more than 1 is better for ours in every row."""
    if not row.ratio or ours is None or peer is None or ours <= 0 or peer <= 0:
        return ""
    times = peer / ours
    return f"× {times:.0f}" if times >= 100 else f"× {times:.2g}" if times < 10 else f"× {times:.1f}"


def wide_console() -> Console:
    """A console for tables; 130 columns where the output is no terminal, which has no width of its own."""
    console = Console()
    return console if console.is_terminal else Console(width=130)


PERFORMING = "performing, measured from outside (less is better)"


def as_table(tallies: Mapping[str, Tally], rows: Sequence[Row] = ROWS, title: str = PERFORMING) -> Table:
    """One column a program, the first one ours, and for each other one its ratio to ours."""
    names = list(tallies)
    table = Table(title=title)
    table.add_column("")
    table.add_column("unit")
    for index, name in enumerate(names):
        table.add_column(name, justify="right")
        if index and name != BARE:
            table.add_column(f"{name} ÷ {names[0]}", justify="right")
    for row in rows:
        figures = [tally.figure(row) for tally in tallies.values()]
        if all(figure is None for figure in figures):
            continue
        cells = [row.label, row.unit]
        for index, (name, figure) in enumerate(zip(names, figures, strict=True)):
            cells.append("–" if figure is None else f"{figure:.{row.digits}f}")
            if index and name != BARE:
                cells.append(_ratio(row, figures[0], figure))
        table.add_row(*cells)
    return table


def as_json(tallies: Mapping[str, Tally], rows: Sequence[Row] = ROWS) -> dict[str, object]:
    """Each program's facts, the figure of every row, and the median of everything sampled, with how many samples."""
    return {
        name: {
            "facts": tally.facts,
            "failures": tally.failures,
            "figures": {row.key: tally.figure(row) for row in rows},
            "samples": {
                source: {"count": len(values), "median": median(values), "max": max(values)}
                for source, values in tally.samples.items()
            },
        }
        for name, tally in tallies.items()
    }
