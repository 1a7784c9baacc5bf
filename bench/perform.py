"""Compare this IMPSY with others, from outside: ``python -m bench.perform --peer /path/to/bin/impsy``.

Rounds are interleaved (A B A B …), so that whatever the machine does meanwhile happens to all of them.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from rich.console import Console

from bench import measure
from bench.figures import interval_lateness, median
from bench.floor import bare_playback, bare_reply
from bench.jack import jack_is_installed, period_ms
from bench.machine import load_average, machine_facts
from bench.midi import FRAMES, POLYPHONY, THRU, MidiReply, Played, bare_midi, midi_reply
from bench.models import METRONOME_STEP, dimension_of, usual_model, write_metronome
from bench.program import Program, Settings, Unanswered, end_on_terminate
from bench.table import BARE, Tally, as_json, as_table, wide_console
from impsy.errors import ImpsyError

_BUSY = 0.7
"""Load average above which the figures say more about the machine's other work than about the programs."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure, and with which models. Counts are for one round."""

    model: Path
    metronome: Path
    dimension: int
    rounds: int
    predictions: int
    replies: int
    idle_seconds: float
    events: int
    rng: random.Random


def _prediction(plan: Plan, program: Program, tally: Tally) -> None:
    found = measure.prediction_time(program, plan.model, plan.predictions)
    tally.add("prediction", found.microseconds)
    tally.facts |= {"version": found.version, "python": found.python}


def _reply(plan: Plan, program: Program, tally: Tally) -> None:
    found = measure.reply_time(program, plan.model, plan.dimension, plan.replies, plan.rng)
    tally.add("reply", found.replies)
    tally.add("reply_lost", [found.lost])
    tally.add("start", [found.start])
    tally.add("memory", [found.memory])


def _midi(source: str, played: Played, plan: Plan, program: Program, tally: Tally) -> None:
    _add_midi(tally, source, midi_reply(program, plan.model, plan.dimension, played, plan.replies, plan.rng))


def _bare_midi(source: str, plan: Plan, tally: Tally) -> None:
    _add_midi(tally, source, bare_midi(plan.dimension - 1, plan.replies, plan.rng))


def _add_midi(tally: Tally, source: str, found: MidiReply) -> None:
    tally.add(source, found.replies)
    tally.add("midi_lost", [found.lost])


def _idle(mode: str, plan: Plan, program: Program, tally: Tally) -> None:
    # A program that is still loading is not idle. How long that takes was measured just before.
    settle = 2 * median(tally.samples.get("start", [10.0])) + 2
    found = measure.idle(program, Settings(plan.model, plan.dimension, mode), settle, plan.idle_seconds)
    tally.add(f"idle_{mode}", [found.percent])
    tally.add(f"idle_{mode}_predictions", [found.predictions])


def _playback(plan: Plan, program: Program, tally: Tally) -> None:
    settings = Settings(plan.metronome, plan.dimension, "battle")
    found = measure.playback(program, settings, plan.events, METRONOME_STEP)
    _add_lateness(tally, found.arrivals)
    for key, value in found.reported.items():
        tally.add(f"own_{key}", [value])


def _add_lateness(tally: Tally, arrivals: list[float]) -> None:
    lateness = interval_lateness(arrivals, METRONOME_STEP)
    tally.add("interval", lateness.intervals)
    tally.add("drift", [lateness.drift])
    tally.add("worst", [lateness.worst])


Measurement = Callable[[Plan, Program, Tally], None]

MEASUREMENTS: dict[str, Measurement] = {
    "prediction": _prediction,
    "reply": _reply,
    "midi-thru": partial(_midi, "midi_thru", THRU),
    "midi-polyphony": partial(_midi, "midi_polyphony", POLYPHONY),
    **{f"idle-{mode}": partial(_idle, mode) for mode in measure.MODES},
    "playback": _playback,
}

FLOORS: dict[str, Callable[[Plan, Tally], None]] = {
    "reply": lambda plan, tally: tally.add("reply", bare_reply(plan.replies, plan.rng)),
    "midi-thru": partial(_bare_midi, "midi_thru"),
    "midi-polyphony": partial(_bare_midi, "midi_polyphony"),
    "playback": lambda plan, tally: _add_lateness(tally, bare_playback(plan.events, METRONOME_STEP)),
}
"""What a bare process does in place of these measurements."""

NEED_JACK = frozenset({"midi-thru", "midi-polyphony"})

ONCE = frozenset({"playback"})
"""Measurements that are one long run, because drift takes long to show."""


def compare(plan: Plan, programs: list[Program], chosen: list[str], say: Callable[[str], None]) -> dict[str, Tally]:
    """Measure every program in turn, round by round; one that fails at something is not asked for it again.

    Last comes, under ``BARE``, what the machine itself takes.
    """
    tallies = {program.name: Tally() for program in programs} | {BARE: Tally()}
    left_out: set[tuple[str, str]] = set()
    for number in range(plan.rounds):
        for name in chosen:
            if number and name in ONCE:
                continue
            for program in programs:
                if (program.name, name) in left_out:
                    continue
                say(f"round {number + 1} of {plan.rounds}: {name}, {program.name} (load {load_average():.2f})")
                try:
                    MEASUREMENTS[name](plan, program, tallies[program.name])
                except Unanswered as why:
                    left_out.add((program.name, name))
                    tallies[program.name].failures.append(f"{name}: {why}")
            if name in FLOORS:
                FLOORS[name](plan, tallies[BARE])
    return tallies


@click.command()
@click.option("--ours", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Executable to call ours.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another impsy executable to compare with; may be given more than once.",
)
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .tflite model.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--only", type=click.Choice(list(MEASUREMENTS)), multiple=True, help="Measure just this.")
@click.option("--quick", is_flag=True, help="One small round: does it all work?")
def main(
    ours: Path | None,
    peers: tuple[Path, ...],
    model: Path | None,
    json_path: Path | None,
    rounds: int,
    only: tuple[str, ...],
    quick: bool,
) -> None:
    """Compare this impsy with others, measured from outside. Exit code 1 if ours left anything unanswered.

    \b
    Examples:
      python -m bench.perform
      python -m bench.perform --peer ~/released/bin/impsy --json out.json
      python -m bench.perform --peer ~/released/bin/impsy --quick --only reply
    """
    end_on_terminate()
    console = wide_console()
    chosen = [name for name in MEASUREMENTS if not only or name in only]
    facts = machine_facts()
    console.print(", ".join(f"{key} {value}" for key, value in facts.items()))
    if load_average() > _BUSY:
        console.print("[yellow]The machine is busy: trust ratios more than figures.[/yellow]")
    if NEED_JACK.intersection(chosen) and not jack_is_installed():
        console.print("MIDI is left out: jackd is not installed (Debian: sudo apt install jackd2)")
        chosen = [name for name in chosen if name not in NEED_JACK]
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        try:
            programs = _programs(ours, peers)
            plan = _plan(model or usual_model(Path(folder)), Path(folder), rounds, quick=quick)
        except (Unanswered, ImpsyError) as why:
            raise click.ClickException(str(why)) from why
        console.print(f"model {plan.model.name}; rounds: {plan.rounds}; events played back: {plan.events}")
        tallies = compare(plan, programs, chosen, Console(stderr=True).print)
    _show(console, programs, tallies)
    if json_path:
        report = {
            "machine": facts | {"load_average_after": round(load_average(), 2)},
            "plan": {"model": plan.model.name, "rounds": plan.rounds, "events": plan.events},
            "programs": as_json(tallies),
        }
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    if tallies[programs[0].name].failures:
        sys.exit(1)


def _programs(ours: Path | None, peers: tuple[Path, ...]) -> list[Program]:
    """Ours, and the peers, numbered where there are several."""
    names = ["peer"] if len(peers) == 1 else [f"peer {number + 1}" for number in range(len(peers))]
    first = Program.at(ours, "ours") if ours else Program.this()
    return [first, *(Program.at(path, name) for path, name in zip(peers, names, strict=True))]


def _plan(model: Path, folder: Path, rounds: int, *, quick: bool) -> Plan:
    """How much to measure; the metronome is written into ``folder``."""
    dimension = dimension_of(model)
    return Plan(
        model=model,
        metronome=write_metronome(folder, dimension),
        dimension=dimension,
        rounds=1 if quick else rounds,
        predictions=1000 if quick else 5000,
        replies=50 if quick else 200,
        idle_seconds=2.0 if quick else 5.0,
        events=500 if quick else 10_000,
        rng=random.Random(0),
    )


def _show(console: Console, programs: list[Program], tallies: dict[str, Tally]) -> None:
    """Who was measured, the table, and what is missing from it."""
    for program in programs:
        found = tallies[program.name].facts
        versions = f"impsy {found['version']}, Python {found['python']}" if found else "version not asked"
        console.print(f"{program.name}: {' '.join(program.command)} ({versions})", soft_wrap=True)
    console.print(as_table(tallies))
    console.print(f"{BARE}: a Python process that only echoes, or only sends in time; load now {load_average():.2f}")
    _show_jack(console, tallies)
    for tally in tallies.values():
        for failure in tally.failures:
            console.print(f"left out: {failure}", soft_wrap=True, markup=False)


def _show_jack(console: Console, tallies: dict[str, Tally]) -> None:
    """How many of JACK's cycles a round trip took, where any was measured."""
    period = period_ms(FRAMES)
    for source in ("midi_thru", "midi_polyphony"):
        trips = {name: median(tally.samples[source]) for name, tally in tallies.items() if source in tally.samples}
        if trips:
            cycles = ", ".join(f"{name} {trip / period:.1f}" for name, trip in trips.items())
            console.print(f"{source}, p50 in cycles of JACK ({FRAMES} frames, {period:.2f} ms): {cycles}")


if __name__ == "__main__":
    main()
