"""Play by every transport at once, then fall silent: ``python -m bench.together --minutes 5 --rate 300``.

Every event of every transport carries a number, so that the log tells which are missing or there twice.
"""

from __future__ import annotations

import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.figures import Gaps, gaps
from bench.jack import jack_is_installed, jack_server, period_ms
from bench.machine import load_average, machine_facts
from bench.measure import MODES
from bench.models import dimension_of, usual_model
from bench.numbering import NUMBERS, SharedLog, read_shared_log
from bench.program import Performance, Program, Settings, Unanswered, end_on_terminate
from bench.table import wide_console
from bench.transports import COLUMNS, PORTS, Midi, Osc, Serial, Transport, WebSocket, sections
from bench.watch import Minute, Watch, late_fault, memory_fault
from bench.wire import floats_packet, free_port
from impsy.errors import ImpsyError

IDLE_LIMIT = 1.0
"""Percent of one core that a program may use when nobody plays any more."""
IDLE_SECONDS = 10.0

_PORTS_SECONDS = 10.0
_SETTLE_SECONDS = 1.0
_YIELD_EVERY = 0.05


class Band:
    """Plays several transports in turn, each ``rate`` times a second. ``behind``: seconds it was late at worst."""

    def __init__(self, transports: Sequence[Transport], rate: float) -> None:
        self.transports = transports
        self._rate = rate * len(transports)
        self.sent = [0] * len(transports)
        self.behind = 0.0

    def play(self, seconds: float) -> Iterator[float]:
        """Play for ``seconds``; pauses about every 50 ms to yield how many have passed."""
        count = len(self.transports)
        first = self.sent[0]
        began = yielded = time.perf_counter()
        for index in range(round(seconds * self._rate / count) * count):
            due = began + index / self._rate
            now = time.perf_counter()
            if now < due:
                time.sleep(due - now)
                now = time.perf_counter()
            self.behind = max(self.behind, now - due)
            self.transports[index % count].send(first + index // count)
            self.sent[index % count] += 1
            if now - yielded >= _YIELD_EVERY:
                yielded = now
                yield now - began


@dataclass(frozen=True, slots=True)
class Idle:
    """Percent of one core over ``IDLE_SECONDS`` without input: with all ports open before, and after playing."""

    before: float
    after: float


@dataclass(slots=True)
class Outcome:
    """What came of playing together. ``ports``: each one's messages that were bad, and that could not be sent."""

    sent: dict[str, int]
    log: SharedLog
    gaps: dict[str, Gaps]
    watch: Watch
    idle: Idle
    ports: dict[str, tuple[int, int]]
    behind: float
    closed: bool

    def report(self) -> dict[str, object]:
        """The figures, fit for JSON."""
        return {
            "sent": self.sent,
            "gaps": {name: asdict(missing) for name, missing in self.gaps.items()},
            "idle_percent": asdict(self.idle),
            "minutes": [asdict(minute) | {"lateness": minute.lateness} for minute in self.watch.seen],
            "memory_mb": [round(value, 2) for value in self.watch.memories],
            "faults": self.faults(),
        }

    def faults(self) -> list[str]:
        """What is not as it should be; empty if all is well."""
        found = [memory_fault(self.watch.memories), late_fault(self.watch.seen)]
        for name, missing in self.gaps.items():
            if missing.lost or missing.repeated or missing.tail:
                found.append(
                    f"{name}: {missing.lost} events are not in the log, {missing.repeated} more than once, "
                    f"{missing.tail} missing at the end"
                )
        if not self.log.marked:
            found.append("the log does not hold the mark after which counting begins")
        if self.log.unknown:
            found.append(f"{self.log.unknown} rows of the log are no transport's next event")
        if self.log.malformed or self.log.torn:
            found.append(f"{self.log.malformed + self.log.torn} lines of the log are no rows")
        if dropped := self.watch.seen[-1].counters.get("dropped", 0):
            found.append(f"the program says that it dropped {dropped:.0f} events")
        for name, (bad, failed) in self.ports.items():
            # On a serial line older values give way to newer ones, where it is slower than the music.
            if bad or (failed and name != "serial"):
                found.append(f"{name}: {bad} bad messages, {failed} that could not be sent")
        if self.idle.after >= IDLE_LIMIT:
            found.append(f"it used {self.idle.after:.2f} % of a core when nobody played any more")
        if not self.closed:
            found.append("it did not end within 10 s of Ctrl-C")
        return [fault for fault in found if fault]


def play_together(
    program: Program, settings: Settings, minutes: float, rate: float, frames: int, console: Console
) -> Outcome:
    """Play, fall silent, read the log. Prints a table a minute.

    Raises ``Unanswered`` if the program does not play.
    """
    controls = settings.dimension - 1
    with ExitStack() as stack:
        stack.enter_context(jack_server(frames))
        midi = stack.enter_context(Midi())
        serial = stack.enter_context(Serial(controls))
        port = free_port()
        more = sections(controls, port, serial.path)
        all_of_it = Settings(settings.model, settings.dimension, settings.mode, settings.timescale, sections=more)
        performance = stack.enter_context(Performance(program, all_of_it))
        performance.ready()
        _wait_for_ports(performance)
        page = stack.enter_context(WebSocket(port))
        osc = Osc(performance)
        _pause(performance, True)
        before = _idle(performance, IDLE_SECONDS / 2)
        _pause(performance, False)
        osc.mark()
        time.sleep(_SETTLE_SECONDS)
        # In the order of their columns.
        band = Band((osc, midi, page, serial), rate)
        watch = Watch(performance)
        _play(band, watch, minutes, console)
        time.sleep(_SETTLE_SECONDS)
        _pause(performance, True)
        after = _idle(performance, IDLE_SECONDS)
        watch.look(minutes * 60 - 0.001)
        closed = performance.interrupt()
        performance.kill()
        log = read_shared_log(performance.log_lines(), COLUMNS, controls)
    names = [transport.name for transport in band.transports]
    return Outcome(
        sent=dict(zip(names, band.sent, strict=True)),
        log=log,
        gaps={
            name: gaps(numbers, sent, NUMBERS)
            for name, numbers, sent in zip(names, log.numbers, band.sent, strict=True)
        },
        watch=watch,
        idle=Idle(before, after),
        ports=_port_losses(watch.state),
        behind=band.behind,
        closed=closed,
    )


def _play(band: Band, watch: Watch, minutes: float, console: Console) -> None:
    """Play for ``minutes``, and print each of them when it is over."""
    for number in range(math.ceil(minutes)):
        seconds = min(60.0, (minutes - number) * 60)
        sent, heard = list(band.sent), [transport.heard for transport in band.transports]
        for passed in band.play(seconds):
            watch.look(number * 60 + min(passed, seconds - 0.001))
        table = Table(title=f"minute {number + 1}")
        for column in ("transport", "events sent", "messages back"):
            table.add_column(column, justify="left" if column == "transport" else "right")
        for index, transport in enumerate(band.transports):
            table.add_row(transport.name, str(band.sent[index] - sent[index]), str(transport.heard - heard[index]))
        console.print(table)
        console.print(_summary(watch.seen[-1]), soft_wrap=True)


def _summary(minute: Minute) -> str:
    """What the program used in a minute, and what it said of itself."""
    late = " / ".join(f"{minute.lateness[key]:.2f}" for key in ("p50", "p99", "max") if key in minute.lateness)
    counts = "".join(
        f", {name} so far {minute.counters[name]:.0f}"
        for name in ("dropped", "overflowed")
        if name in minute.counters
    )
    used = f"{minute.memory:.1f} MB, {minute.processor:.1f} % of a core"
    return f"{used}; lateness p50 / p99 / max {late or '–'} ms{counts}"


def _wait_for_ports(performance: Performance) -> None:
    """Wait until the program says that all its ports are open. Raises ``Unanswered`` if they are not in time."""
    end = time.perf_counter() + _PORTS_SECONDS
    missing = set(PORTS)
    while missing:
        for state in performance.states():
            missing -= {str(port["name"]) for port in _ports(state) if port.get("state") in {"open", "receiving"}}
        performance.check()
        if time.perf_counter() > end:
            raise Unanswered(f"{performance.program.name} did not open: {', '.join(sorted(missing))}")
        time.sleep(0.05)


def _ports(state: Mapping[str, object]) -> list[dict[str, object]]:
    """The ports of a state report; empty if it tells of none."""
    found = state.get("ports")
    return [port for port in found if isinstance(port, dict)] if isinstance(found, list) else []


def _port_losses(state: Mapping[str, object]) -> dict[str, tuple[int, int]]:
    """Of each port in a state report, how many messages were bad, and how many could not be sent."""
    return {str(port.get("name")): (_whole(port.get("bad")), _whole(port.get("failed"))) for port in _ports(state)}


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _pause(performance: Performance, paused: bool) -> None:
    performance.ear.send(floats_packet("/impsy/pause", [float(paused)]), performance.interface)


def _idle(performance: Performance, seconds: float) -> float:
    """Percent of one core over ``seconds``, of a program that has had a moment to come to rest."""
    time.sleep(_SETTLE_SECONDS)
    began, before = time.perf_counter(), performance.processor_seconds()
    time.sleep(seconds)
    return (performance.processor_seconds() - before) / (time.perf_counter() - began) * 100


def _show(outcome: Outcome, frames: int, console: Console) -> None:
    for number, (name, missing) in enumerate(outcome.gaps.items()):
        console.print(
            f"{name}: sent {outcome.sent[name]}, in the log {len(outcome.log.numbers[number])} "
            f"(lost {missing.lost}, repeated {missing.repeated}, at the end {missing.tail})"
        )
    console.print(f"this sender was up to {outcome.behind * 1000:.1f} ms late")
    console.print(
        f"nobody plays, {IDLE_SECONDS:.0f} s: {outcome.idle.after:.2f} % of a core (before playing "
        f"{outcome.idle.before:.2f} %); a cycle of JACK lasts {period_ms(frames):.2f} ms"
    )


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=5.0, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 1000), default=300.0, show_default=True, help="Each, a second.")
@click.option("--mode", type=click.Choice(MODES), default="polyphony", show_default=True)
@click.option("--timescale", type=click.FloatRange(0.0001), default=1.0, show_default=True)
@click.option("--frames", type=click.IntRange(16, 8192), default=1024, show_default=True, help="A cycle of JACK.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .tflite model.")
@click.option("--ours", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Executable to play.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
def main(
    minutes: float,
    rate: float,
    mode: str,
    timescale: float,
    frames: int,
    model: Path | None,
    ours: Path | None,
    json_path: Path | None,
) -> None:
    """Play by OSC, MIDI, WebSocket and a serial line at once; then count, and see whether it falls silent.

    Exit code 1 if anything is not as it should be. Needs jackd and a POSIX system.

    \b
    Examples:
      python -m bench.together --minutes 5 --rate 300
      python -m bench.together --minutes 1 --mode callresponse --frames 2048
    """
    end_on_terminate()
    if os.name != "posix" or not jack_is_installed():
        raise click.ClickException("this needs jackd (Debian: sudo apt install jackd2) and pseudo-terminals")
    console = wide_console()
    console.print(", ".join(f"{key} {value}" for key, value in machine_facts().items()), soft_wrap=True)
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        played = model or usual_model(Path(folder))
        try:
            settings = Settings(played, dimension_of(played), mode, timescale)
            if settings.dimension - 1 < COLUMNS:
                raise click.ClickException(f"the model has {settings.dimension - 1} values, but {COLUMNS} are needed")
            program = Program.at(ours, "ours") if ours else Program.this()
            outcome = play_together(program, settings, minutes, rate, frames, console)
        except (Unanswered, ImpsyError) as why:
            raise click.ClickException(str(why)) from why
    _show(outcome, frames, console)
    faults = outcome.faults()
    if json_path:
        report = {"machine": machine_facts(), "mode": mode, "rate": rate, "frames": frames, **outcome.report()}
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for fault in faults:
        console.print(f"[red]not as it should be:[/red] {fault}")
    console.print(f"load average now {load_average():.2f}; " + ("failed" if faults else "all is well"))
    if faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
