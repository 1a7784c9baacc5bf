"""How soon it plays: ``python -m bench.start``. From starting a process to the first message that leaves it.

Each figure is of a fresh process in a fresh workspace. Rounds are interleaved, so that whatever the machine does
meanwhile happens to all programs.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

import click
from rich.console import Console

from bench.figures import median, percentile
from bench.jack import HEARS, PLAYS, MidiDevice, jack_is_installed, jack_server
from bench.machine import load_average, machine_facts
from bench.midi import mapping_toml
from bench.models import METRONOME_STEP, dimension_of, write_metronome
from bench.program import Performance, Program, Settings, Unanswered, child_environment, end_on_terminate
from bench.table import Row, Tally, as_json, as_table, wide_console

__all__ = ["MEASUREMENTS", "ROWS", "START_LIMIT", "main"]

START_LIMIT = 0.7
"""Seconds that may pass until ours has sent its first MIDI message, in the middle."""

FRAMES = 256
"""Of JACK's dummy server: cycles of 5.3 ms."""

PATIENCE = 60.0
_LOOK = 0.005

_MIDI = f"""
[midi]
api = "JACK"
in_device = ["{PLAYS}"]
out_device = ["{HEARS}"]
input."{PLAYS}" = {{mapping}}
output."{HEARS}" = {{mapping}}
"""
_JACK_FOR_MIDO = {"MIDO_BACKEND": "mido.backends.rtmidi/UNIX_JACK"} | (
    {"LD_PRELOAD": "libjack.so.0"} if sys.platform == "linux" else {}
)


def _both(key: str, label: str) -> tuple[Row, Row]:
    return (
        Row(f"{key}_p50", key, f"{label}, median", "s", median, 3),
        Row(f"{key}_max", key, f"{label}, longest", "s", max, 3, ratio=False),
    )


ROWS = (
    Row("version", "version", "impsy --version", "s", median, 3),
    *_both("osc", "start -> first OSC message out"),
    *_both("midi", "start -> first MIDI message out"),
    *_both("page", "start -> the page answers"),
    *_both("demo", "start -> the demo's first event"),
)


# --- what is measured --------------------------------------------------------------------------------


def _version(program: Program, _model: Path) -> float:
    before = time.perf_counter()
    subprocess.run(
        [*program.command, "--version"], env=child_environment(), capture_output=True, check=False, timeout=PATIENCE
    )
    return time.perf_counter() - before


def _settings(model: Path, sections: str = "", **environment: str) -> Settings:
    """The metronome by itself, from the first moment on: nobody has to play."""
    return Settings(model, dimension_of(model), "battle", sections=sections, environment=environment)


def _osc(program: Program, model: Path) -> float:
    with Performance(program, _settings(model)) as performance:
        arrived = performance.prediction(PATIENCE)
        if arrived is None:
            performance.check()
            raise Unanswered(f"{program.name} sent no OSC in {PATIENCE:.0f} s")
        return arrived - performance.started


def _midi(program: Program, model: Path) -> float:
    heard: SimpleQueue[float] = SimpleQueue()
    sections = _MIDI.format(mapping=mapping_toml(dimension_of(model) - 1))
    with (
        MidiDevice(lambda _message: heard.put(time.perf_counter())),
        Performance(program, _settings(model, sections, **_JACK_FOR_MIDO)) as performance,
    ):
        try:
            return heard.get(timeout=PATIENCE) - performance.started
        except Empty:
            performance.check()
            raise Unanswered(f"{program.name} sent no MIDI in {PATIENCE:.0f} s") from None


def _page(program: Program, _model: Path) -> float:
    with _served(program, "webui", "--no-open") as (started, port):
        return _when(lambda: _session(port) is not None, started, "its page did not answer")


def _demo(program: Program, _model: Path) -> float:
    with _served(program, "demo", "--no-open") as (started, port):
        return _when(lambda: _heard(_session(port)) > 0, started, "nobody played in its demo")


@contextmanager
def _served(program: Program, *arguments: str) -> Iterator[tuple[float, int]]:
    """A program that serves a page in an empty folder: when it was started, and the page's port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    with tempfile.TemporaryDirectory(prefix="impsy-bench-", ignore_cleanup_errors=True) as folder:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*program.command, *arguments, "--port", str(port)],
            cwd=folder,
            env=child_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            yield started, port
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _when(it_happened: Callable[[], bool], started: float, otherwise: str) -> float:
    while time.perf_counter() - started < PATIENCE:
        if it_happened():
            return time.perf_counter() - started
        time.sleep(_LOOK)
    raise Unanswered(f"{otherwise} in {PATIENCE:.0f} s")


def _session(port: int) -> dict[str, Any] | None:
    """What the page says of its session; None: it does not answer (yet)."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/session")
        found: dict[str, Any] = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return None
    finally:
        connection.close()
    return found


def _heard(session: dict[str, Any] | None) -> int:
    state = (session or {}).get("state") or {}
    return int(state.get("counters", {}).get("heard", 0))


MEASUREMENTS: dict[str, Callable[[Program, Path], float]] = {
    "version": _version,
    "osc": _osc,
    "midi": _midi,
    "page": _page,
    "demo": _demo,
}
OURS_ALONE = frozenset({"page", "demo"})
"""What released versions do not have."""


# --- the command -------------------------------------------------------------------------------------


@click.command()
@click.option("--ours", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Executable to call ours.")
@click.option(
    "--peer", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Another impsy executable."
)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--only", type=click.Choice(list(MEASUREMENTS)), multiple=True, help="Measure just this.")
def main(ours: Path | None, peer: Path | None, json_path: Path | None, rounds: int, only: tuple[str, ...]) -> None:
    """Measure how soon it plays. Exit code 1 if ours does not play, or its first MIDI message takes over 0.7 s.

    \b
    Examples:
      python -m bench.start
      python -m bench.start --peer ~/released/bin/impsy --json out.json
      python -m bench.start --only midi --rounds 20
    """
    end_on_terminate()
    console = wide_console()
    chosen = [name for name in MEASUREMENTS if not only or name in only]
    facts = machine_facts()
    console.print(", ".join(f"{key} {value}" for key, value in facts.items()))
    if "midi" in chosen and not jack_is_installed():
        console.print("MIDI is left out: jackd is not installed (Debian: sudo apt install jackd2)")
        chosen.remove("midi")
    programs = [Program.at(ours, "ours") if ours else Program.this()]
    programs += [Program.at(peer, "peer")] if peer else []
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        model = write_metronome(Path(folder), 9)
        tallies = _measure(programs, chosen, model, rounds, Console(stderr=True).print)
    title = f"how soon it plays (less is better), {rounds} starts each; the model's first wait is {METRONOME_STEP} s"
    console.print(as_table(tallies, ROWS, title))
    for tally in tallies.values():
        for failure in tally.failures:
            console.print(f"left out: {failure}", soft_wrap=True, markup=False)
    if json_path:
        report = {"machine": facts | {"load_average_after": round(load_average(), 2)}, "rounds": rounds}
        json_path.write_text(json.dumps(report | {"programs": as_json(tallies, ROWS)}, indent=2) + "\n")
    first = tallies[programs[0].name]
    midi = first.samples.get("midi", [0.0])
    if first.failures or percentile(midi, 50) > START_LIMIT:
        sys.exit(1)


def _measure(
    programs: list[Program], chosen: list[str], model: Path, rounds: int, say: Callable[[str], None]
) -> dict[str, Tally]:
    """Each program in turn, round by round; what it fails at once it is not asked for again."""
    tallies = {program.name: Tally() for program in programs}
    left_out: set[tuple[str, str]] = set()
    for number in range(rounds):
        for name in chosen:
            for program in programs:
                if (program.name, name) in left_out or (program is not programs[0] and name in OURS_ALONE):
                    continue
                say(f"round {number + 1} of {rounds}: {name}, {program.name} (load {load_average():.2f})")
                try:
                    tallies[program.name].add(name, [_taken(name, program, model)])
                except Unanswered as why:
                    left_out.add((program.name, name))
                    tallies[program.name].failures.append(f"{name}: {why}")
    return tallies


def _taken(name: str, program: Program, model: Path) -> float:
    if name != "midi":
        return MEASUREMENTS[name](program, model)
    with jack_server(FRAMES):
        return MEASUREMENTS[name](program, model)


if __name__ == "__main__":
    main()
