"""The live view of a performance in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from impsy.io import Health
from impsy.perform import SessionView

__all__ = ["Rates", "bar", "render", "sparkline"]

BLOCKS = "▁▂▃▄▅▆▇█"
STATE_STYLES = {"receiving": "green", "open": "cyan", "waiting": "yellow", "closed": "dim"}
LEVEL_STYLES = {"info": "dim", "warning": "yellow", "error": "bold red"}
TURNS = {
    "performer": "you play, it listens",
    "model": "it plays",
    "both": "you play together",
    "nobody": "nobody plays: paused",
}


def sparkline(values: Sequence[float]) -> str:
    """One character a value in [0, 1]."""
    return "".join(BLOCKS[min(7, max(0, int(value * 8)))] for value in values)


def bar(value: float, width: int) -> str:
    """A horizontal bar for a value in [0, 1], to an eighth of a character."""
    eighths = round(min(1.0, max(0.0, value)) * width * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + ("▏▎▍▌▋▊▉"[rest - 1] if rest else "")).ljust(width, "·")


class Rates:
    """Events a second, from counters looked at now and then."""

    def __init__(self) -> None:
        self._before: tuple[float, int, int] | None = None
        self._rates = (0.0, 0.0)

    def update(self, now: float, heard: int, played: int) -> tuple[float, float]:
        """Performer's and model's events a second, over the last second or so."""
        if self._before is None:
            self._before = (now, heard, played)
        seconds = now - self._before[0]
        if seconds >= 1.0:
            self._rates = ((heard - self._before[1]) / seconds, (played - self._before[2]) / seconds)
            self._before = (now, heard, played)
        return self._rates


def render(view: SessionView, rates: tuple[float, float], width: int) -> RenderableType:
    """The whole view."""
    engine = view.engine
    parts: list[RenderableType] = [_bars(engine.input_values, engine.output_values, width), _status(view, rates)]
    parts.append(_ports(view.ports))
    parts += [Text(f"{report.level}: {report.text}", style=LEVEL_STYLES[report.level]) for report in view.reports]
    title = f"[bold]{engine.settings.mode}[/] · {TURNS[engine.turn]}"
    return Panel(Group(*parts), title=title, subtitle="Ctrl-C ends", border_style="cyan", width=width)


def _bars(inputs: Sequence[float], outputs: Sequence[float], width: int) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    room = max(8, (width - 26) // 2)
    table.add_row("", Text("you", style="bold green"), "", Text("it", style="bold magenta"), "")
    for index, value in enumerate(inputs):
        answer = outputs[index] if index < len(outputs) else None
        table.add_row(
            Text(f"{index + 1:>2}", style="dim"),
            Text(bar(value, room), style="green"),
            f"{value:.2f}",
            Text(bar(answer or 0.0, room), style="magenta" if answer is not None else "dim"),
            "" if answer is None else f"{answer:.2f}",
        )
    return table


def _status(view: SessionView, rates: tuple[float, float]) -> RenderableType:
    counters = view.engine.counters
    late = view.lateness_ms
    line = Text.assemble(
        ("model ", "dim"),
        view.engine.model,
        ("   events/s ", "dim"),
        f"{rates[0]:.0f} in, {rates[1]:.0f} out",
        ("   late ", "dim"),
        f"{late['p50']:.2f} ms, at most {late['max']:.2f}",
        ("   heard ", "dim"),
        str(counters.heard),
        ("   played ", "dim"),
        str(counters.played),
    )
    lost = {"not answered": counters.skipped, "dropped": view.dropped, "of a wrong length": counters.rejected}
    for what, count in lost.items():
        if count:
            line.append(f"   {count} {what}", style="yellow")
    if view.log_error:
        line.append(f"   log: {view.log_error}", style="bold red")
    elif view.log:
        line.append(f"\nlog {view.log}", style="dim")
    return line


def _ports(ports: Sequence[Health]) -> RenderableType:
    line = Text()
    for port in ports:
        style = STATE_STYLES[port.state]
        line.append("● ", style=style)
        line.append(f"{port.name} {port.detail or port.state}", style=style)
        if port.bad or port.failed:
            line.append(f" ({port.bad + port.failed} bad)", style="yellow")
        line.append("   ")
    return line
