"""``impsy monitor``: what arrives, and what it means."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Table

from impsy.cli.console import Console
from impsy.cli.options import config_option
from impsy.cli.terminal import terminal
from impsy.errors import ConfigError

if TYPE_CHECKING:
    from impsy.events import Report
    from impsy.perform.diagnostics.listening import Arrival, Tally

__all__ = ["command", "print_arrival", "print_report", "print_summary"]

FRAME_SECONDS = 0.03
SHOWN_VALUES = 12

_STYLES = {"info": "cyan", "warning": "yellow", "error": "red"}


@click.command("monitor")
@config_option
@click.option("--seconds", type=click.FloatRange(min=0), help="End after so many.  [default: until Ctrl-C]")
def command(config_file: Path, seconds: float | None) -> None:
    """Show everything that arrives at the configuration's inputs: when, where, the control it moves, and the message.

    What is ignored is shown too, with the reason. Nothing is played and nothing is recorded. At the end, a table
    shows how often each control was moved, and how far. End a performance first: most ports can only be opened once.

    \b
    Examples:
      impsy monitor
      impsy monitor -c gigs/friday.toml
      impsy monitor --seconds 30 > what-came.txt
    """
    from impsy.cli.stopping import Ending
    from impsy.config import load_config
    from impsy.perform.diagnostics.listening import Arrival, Listening, Tally
    from impsy.perform.models import sized

    loaded = sized(load_config(config_file))
    config = loaded.config
    if not any((config.midi, config.osc, config.websocket, config.serial, config.serialmidi, config.command_ports)):
        raise ConfigError(
            f"{config_file} turns no input on: add a section such as [osc] or [midi] (`impsy ports` lists devices)"
        )
    console = terminal()
    tally = Tally()
    ending = Ending()
    ending.limit(seconds)
    started = datetime.now() - timedelta(seconds=time.monotonic())
    with ending.on_signals(), Listening(config, time.monotonic, loaded.folder) as listening:
        console.print("Listening; Ctrl-C ends.", style="bold")
        over = False
        while not over:
            over = ending.wait(FRAME_SECONDS)
            for item in listening.take():
                if isinstance(item, Arrival):
                    tally.add(item)
                    print_arrival(console, item, started, config.names)
                else:
                    print_report(console, item)
    print_summary(console, tally, config.model.dimension - 1, listening.dropped, config.names)


def print_arrival(console: Console, arrival: Arrival, started: datetime, names: Sequence[str] = ()) -> None:
    """What arrived, in a line; ``started`` is when the clock of arrivals was 0."""
    from impsy.mapping.words import control_words, describe_message

    clock = (started + timedelta(seconds=arrival.time)).strftime("%H:%M:%S.%f")[:-3]
    console.print(f"{clock}  {arrival.port:<20} ", end="")
    changes = arrival.changes[:SHOWN_VALUES]
    shown = [f"{control_words(index, names, short=True)} {value:.4f}" for index, value in changes]
    if len(arrival.changes) > SHOWN_VALUES:
        shown.append(f"and {len(arrival.changes) - SHOWN_VALUES} more")
    if arrival.command is not None:
        shown = [f"commands {arrival.command}" if isinstance(arrival.command, str) else str(arrival.command)]
    console.print("  ".join(shown) or "ignored", style="dim" if arrival.ignored else "green", end="")
    if arrival.message is not None:
        words = f"  [{arrival.message.hex(' ')}]  {describe_message(arrival.message)}"
        console.print(words, style="dim" if arrival.ignored else None, end="")
    console.print(f"  ({arrival.ignored})" if arrival.ignored else "", style="yellow")


def print_report(console: Console, report: Report) -> None:
    """What an adapter reports, in the colour of its level."""
    console.print(report.text, style=_STYLES[report.level])


def print_summary(console: Console, tally: Tally, controls: int, dropped: int, names: Sequence[str] = ()) -> None:
    """A table of all that was heard, ``dropped`` messages left out."""
    from impsy.mapping.words import control_words

    console.print()
    table = Table(title="What was heard", title_justify="left")
    for heading in ("control", "messages", "from", "to", "at"):
        table.add_column(heading, justify="left" if heading == "at" else "right")
    for index in range(controls):
        heard = tally.controls.get(index)
        if heard is None:
            table.add_row(control_words(index, names, short=True), "0", "", "", "")
        else:
            row = (f"{heard.count:,}", f"{heard.low:.4f}", f"{heard.high:.4f}", ", ".join(sorted(heard.ports)))
            table.add_row(control_words(index, names, short=True), *row)
    console.print(table)
    for (port, why), count in tally.ignored.most_common():
        console.print(f"ignored {count:,} at {port}: {why}", style="yellow")
    if tally.commands:
        console.print(f"{tally.commands:,} commands")
    if dropped:
        console.print(f"{dropped:,} more came too fast to be shown or counted above", style="yellow")
