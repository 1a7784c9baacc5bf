"""The live view of a performance in a terminal, and the keys that are pressed in it."""

from __future__ import annotations

import contextlib
import math
import re
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from impsy.engine import MODES, Snapshot
from impsy.events import Another, Event, PanicButton, Reset, Set
from impsy.io import Health
from impsy.mapping.hands import Hand
from impsy.perform import SessionView

__all__ = ["Rates", "bar", "event_for", "keyboard", "render", "sparkline"]

HELP = f"space pause · 1-{len(MODES)} mode · a another · r reset · p panic · Ctrl-C ends"

NAME_CELLS = 16
"""Of a control's name, so much is shown."""

THINKING_SECONDS = 1.0
"""Shorter waits of the model are not shown."""

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
    facts = Table.grid(padding=(0, 1))
    for label, text in (("model", Text(engine.model)), *_facts(view, rates), ("ports", _ports(view.ports))):
        facts.add_row(Text(label, style="dim"), text)
    # Open ports are shown above.
    shown = [report for report in view.reports if not report.kind.endswith(":open")]
    lines = [Text(f"{report.level}: {report.text}", style=LEVEL_STYLES[report.level]) for report in shown]
    title = Text.assemble((engine.settings.mode, "bold"), f" · {_turn(view)}")
    bars = _bars(engine, width)
    parts = Group(bars, "", facts, *lines)
    return Panel(parts, title=title, subtitle=Text(HELP), border_style="cyan", width=width)


def _turn(view: SessionView) -> str:
    """Who plays, and how long the model thinks where that is long enough to be seen."""
    turn = TURNS[view.engine.turn]
    if view.next_is == "event" and view.next_in is not None and view.next_in > THINKING_SECONDS:
        return f"{turn} · thinking, {math.ceil(view.next_in)} s"
    return turn


def _bars(engine: Snapshot, width: int) -> RenderableType:
    inputs, outputs, hands = engine.input_values, engine.output_values, engine.settings.hands
    table = Table.grid(padding=(0, 1))
    labels = [_label(index, hands) for index in range(len(inputs))]
    room = max(8, (width - 24 - max(map(cell_len, labels), default=2)) // 2)
    table.add_row("", Text("you", style="bold green"), "", Text("it", style="bold magenta"), "")
    for index, value in enumerate(inputs):
        answer = outputs[index] if index < len(outputs) else None
        table.add_row(
            Text(labels[index], style="bold green" if index in engine.held else "dim"),
            Text(bar(value, room), style="green"),
            f"{value:.2f}",
            Text(bar(answer or 0.0, room), style="magenta" if answer is not None else "dim"),
            Text("yours", style="green") if index in engine.held else "" if answer is None else f"{answer:.2f}",
        )
    return table


def _label(index: int, hands: Sequence[Hand]) -> str:
    """The number of a control, its name, and whether it is off."""
    hand = hands[index] if index < len(hands) else Hand()
    name = set_cell_size(hand.name, min(NAME_CELLS, cell_len(hand.name)))
    return " ".join(filter(None, (f"{index + 1:>2}", name, "" if hand.enabled else "(off)")))


def _facts(view: SessionView, rates: tuple[float, float]) -> Iterator[tuple[str, Text]]:
    counters, late = view.engine.counters, view.lateness_ms
    events = Text(
        f"heard {counters.heard}, {rates[0]:.0f} a second · played {counters.played}, {rates[1]:.0f} a second"
    )
    lost = {"not answered": counters.skipped, "dropped": view.dropped, "of a wrong length": counters.rejected}
    for what, count in lost.items():
        if count:
            events.append(f" · {count} {what}", style="yellow")
    yield "events", events
    if late["count"]:
        yield "late", Text(f"{late['p50']:.2f} ms in the middle, {late['p99']:.2f} p99, {late['max']:.2f} at most")
    if view.log_error:
        yield "log", Text(view.log_error, style="bold red")
    elif view.log:
        yield "log", Text(view.log)


def _ports(ports: Sequence[Health]) -> RenderableType:
    line = Text()
    for port in ports:
        style = STATE_STYLES[port.state]
        line.append("\n" if line else "")
        line.append(f"● {port.name} {port.detail or port.state}", style=style)
        if port.bad or port.failed:
            line.append(f", {port.bad + port.failed} bad messages", style="yellow")
    return line


# --- keys -------------------------------------------------------------------------------------------

_SEQUENCE = re.compile(r"\x1b(\[[0-9;?]*[@-~]|O.|.)?")


def event_for(key: str, now: Snapshot) -> Event | None:
    """The event of a key, given the present state."""
    modes = dict(enumerate(MODES, start=1))
    if key == " ":
        return Set("paused", not now.settings.paused)
    if key.isdecimal() and int(key) in modes:
        return Set("mode", modes[int(key)])
    others: dict[str, Event] = {"a": Another(), "r": Reset(), "p": PanicButton()}
    return others.get(key.lower())


@contextlib.contextmanager
def keyboard() -> Iterator[Callable[[], str]]:
    """Gives a function that returns the keys pressed since it was last called, and never waits.

    Without a keyboard (input from a file or a pipe) there are none.
    """
    if not sys.stdin.isatty():
        yield lambda: ""
    elif sys.platform == "win32":
        yield _read_windows
    else:
        with _single_keys():
            yield _read_posix


def _read_windows() -> str:
    import msvcrt

    keys = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined,unused-ignore]
        keys += msvcrt.getwch()  # type: ignore[attr-defined,unused-ignore]
    return keys


@contextlib.contextmanager
def _single_keys() -> Iterator[None]:
    """A terminal that hands over each key at once and does not print it; Ctrl-C stays Ctrl-C."""
    import termios
    import tty

    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _read_posix() -> str:
    import os
    import select

    keys = ""
    while select.select([sys.stdin], [], [], 0)[0]:
        read = os.read(sys.stdin.fileno(), 64)
        if not read:  # the terminal was closed
            break
        keys += read.decode(errors="replace")
    # Arrow and function keys come as several characters, some of them letters that mean something here.
    return _SEQUENCE.sub("", keys)
