"""Play fast and long, then count: ``python -m bench.soak --minutes 10 --rate 1000``, or ``--kill``.

Every event carries a number in its values, so that the log tells exactly which ones are missing.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from bench.figures import count_log, gaps, sequence_values
from bench.machine import load_average, machine_facts
from bench.measure import MODES
from bench.models import dimension_of, usual_model
from bench.program import ANSWERS, Performance, Program, Settings, Unanswered, end_on_terminate
from bench.table import wide_console
from bench.watch import Minute, Watch, late_fault, memory_fault
from bench.wire import address_of
from impsy.errors import ImpsyError

KILL_LIMIT = 0.2
"""Seconds of events that ``kill -9`` may take with it."""

_DRAIN_EVERY = 0.05


class Player:
    """Sends numbered events to a performance at an even rate, and hears its predictions meanwhile.

    ``times`` are when each event was sent (``perf_counter`` seconds), ``predictions`` how many came back,
    ``behind`` the seconds that this sender itself was late at worst.
    """

    def __init__(self, performance: Performance, rate: float) -> None:
        self._performance = performance
        self._rate = rate
        self._length = performance.settings.dimension - 1
        self._address = ""
        self.times: list[float] = []
        self.predictions = 0
        self.behind = 0.0

    def play(self, seconds: float) -> Iterator[float]:
        """Play for ``seconds``; pauses about every 50 ms to yield how many have passed."""
        began = drained = time.perf_counter()
        first = len(self.times)
        for index in range(round(seconds * self._rate)):
            due = began + index / self._rate
            now = time.perf_counter()
            if now < due:
                time.sleep(due - now)
                now = time.perf_counter()
            self.behind = max(self.behind, now - due)
            self._performance.play(sequence_values(first + index, self._length))
            self.times.append(now)
            self.hear()
            if now - drained >= _DRAIN_EVERY:
                drained = now
                yield now - began

    def hear(self) -> None:
        """Count the predictions that have come; each may go out on two addresses, so one of them counts."""
        for _, packet in self._performance.ear.waiting():
            address = address_of(packet)
            if address in ANSWERS:
                self._address = self._address or address
                self.predictions += address == self._address


def soak(performance: Performance, minutes: float, rate: float) -> tuple[Player, list[Minute], list[float]]:
    """Play for ``minutes``: the player, what each minute was like, and all samples of memory (MB)."""
    performance.ready()
    player = Player(performance, rate)
    watch = Watch(performance)
    for passed in player.play(minutes * 60):
        minute = watch.look(passed)
        earlier = watch.seen[:-1]
        minute.sent = len(player.times) - sum(other.sent for other in earlier)
        minute.predictions = player.predictions - sum(other.predictions for other in earlier)
    return player, watch.seen, watch.memories


def _judge(seen: list[Minute], memories: list[float], missing: int, malformed: int) -> list[str]:
    """What is not as it should be; empty if all is well."""
    faults = [memory_fault(memories), late_fault(seen)]
    if missing:
        faults.append(f"{missing} events are not in the log exactly once")
    if malformed:
        faults.append(f"{malformed} lines of the log are no rows")
    return [fault for fault in faults if fault]


def _minutes_table(seen: list[Minute]) -> Table:
    table = Table(title="minute by minute")
    for column in ("minute", "sent", "predictions", "MB", "% core", "lateness p50 ms", "p99", "max", "dropped"):
        table.add_column(column, justify="right")
    for minute in seen:
        late = [f"{minute.lateness[key]:.3f}" if key in minute.lateness else "–" for key in ("p50", "p99", "max")]
        dropped = f"{minute.counters['dropped']:.0f}" if "dropped" in minute.counters else "–"
        counts = (str(minute.number), str(minute.sent), str(minute.predictions))
        table.add_row(*counts, f"{minute.memory:.1f}", f"{minute.processor:.1f}", *late, dropped)
    return table


def run_soak(
    program: Program, settings: Settings, minutes: float, rate: float, console: Console
) -> dict[str, object]:
    """Soak once and print what came of it; ``faults`` in the report says what is wrong."""
    with Performance(program, settings) as performance:
        player, seen, memories = soak(performance, minutes, rate)
        time.sleep(1.0)
        player.hear()
        closed = performance.interrupt()
        performance.kill()
        log = count_log(performance.log_lines(), settings.dimension - 1)
    sent = len(player.times)
    found = gaps(log.numbers, sent)
    missing = found.lost + found.tail + found.repeated
    faults = _judge(seen, memories, missing, log.malformed + log.torn)
    if not closed:
        faults.append("it did not end within 10 s of Ctrl-C")
    console.print(_minutes_table(seen))
    console.print(
        f"sent {sent}, in the log {len(log.numbers)} (lost {found.lost}, repeated {found.repeated}, at the end"
        f" {found.tail}); predictions {player.predictions}; this sender was up to {player.behind * 1000:.1f} ms late"
    )
    return {
        "sent": sent,
        "logged": len(log.numbers),
        "gaps": asdict(found),
        "minutes": [asdict(minute) | {"lateness": minute.lateness} for minute in seen],
        "memory_mb": [round(value, 2) for value in memories],
        "faults": faults,
    }


def run_kill(
    program: Program, settings: Settings, seconds: float, rate: float, console: Console
) -> dict[str, object]:
    """Kill the program while it plays, and look at what its log still holds."""
    with Performance(program, settings) as performance:
        performance.ready()
        player = Player(performance, rate)
        for _ in player.play(seconds):
            performance.states()
        performance.kill()
        log = count_log(performance.log_lines(), settings.dimension - 1)
    found = gaps(log.numbers, len(player.times))
    kept = len(player.times) - 1 - found.tail
    cut = player.times[-1] - player.times[kept] if kept >= 0 else seconds
    faults: list[str] = []
    if cut > KILL_LIMIT:
        faults.append(f"the last {cut:.3f} s are not in the log")
    if found.lost or found.repeated:
        faults.append(f"before that, {found.lost} events are lost and {found.repeated} repeated")
    if log.malformed:
        faults.append(f"{log.malformed} lines of the log are no rows")
    torn = "; its last line is torn" if log.torn else ""
    console.print(
        f"killed after {seconds:.1f} s: the last {cut:.3f} s ({found.tail} events) are not in the log{torn}"
    )
    return {"seconds_missing": cut, "gaps": asdict(found), "torn": log.torn, "faults": faults}


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 5000), default=1000.0, show_default=True, help="Events a second.")
@click.option("--mode", type=click.Choice(MODES), default="polyphony", show_default=True)
@click.option("--timescale", type=click.FloatRange(0.0001), default=1.0, show_default=True)
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .tflite model.")
@click.option("--ours", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Executable to soak.")
@click.option("--kill", is_flag=True, help="Instead: kill it (SIGKILL) in mid performance and read its log.")
@click.option("--times", type=click.IntRange(1), default=3, show_default=True, help="How often, with --kill.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
def main(
    minutes: float,
    rate: float,
    mode: str,
    timescale: float,
    model: Path | None,
    ours: Path | None,
    kill: bool,
    times: int,
    json_path: Path | None,
) -> None:
    """Play fast and long, then count what is in the log. Exit code 1 if anything is not as it should be.

    \b
    Examples:
      python -m bench.soak --minutes 10 --rate 1000
      python -m bench.soak --minutes 2 --mode callresponse
      python -m bench.soak --kill --times 5
    """
    end_on_terminate()
    console = wide_console()
    console.print(", ".join(f"{key} {value}" for key, value in machine_facts().items()), soft_wrap=True)
    rng = random.Random(0)
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        played = model or usual_model(Path(folder))
        try:
            settings = Settings(played, dimension_of(played), mode, timescale)
            program = Program.at(ours, "ours") if ours else Program.this()
            if kill:
                runs = [run_kill(program, settings, rng.uniform(3, 6), rate, console) for _ in range(times)]
            else:
                runs = [run_soak(program, settings, minutes, rate, console)]
        except (Unanswered, ImpsyError) as why:
            raise click.ClickException(str(why)) from why
    if json_path:
        report = {"machine": machine_facts(), "mode": mode, "rate": rate, "runs": runs}
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    faults = [str(fault) for run in runs for fault in _listed(run["faults"])]
    for fault in faults:
        console.print(f"[red]not as it should be:[/red] {fault}")
    console.print(f"load average now {load_average():.2f}; " + ("failed" if faults else "all is well"))
    if faults:
        sys.exit(1)


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


if __name__ == "__main__":
    main()
