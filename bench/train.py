"""Compare how this IMPSY learns with another one: ``python -m bench.train --peer /path/to/bin/impsy``."""

from __future__ import annotations

import json
import math
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import click
from rich.console import Console

from bench.figures import median
from bench.machine import load_average, machine_facts
from bench.models import shared_folder
from bench.player import knobs
from bench.program import Program, Unanswered, end_on_terminate
from bench.table import Tally, as_json, as_table, wide_console
from bench.training import Trainer, rows_for, train
from impsy.data.datasets import write_dataset
from impsy.errors import ImpsyError

OURS, COLD, PEER = "ours", "ours, first time", "peer"
COMPARE, MILLIONS = "compare", "million"
PARTS = (COMPARE, MILLIONS)
TARGETS = {
    "training-dataset-9d": (12.6, -4.3, -18.0, -25.0),
    "training-dataset-4d-12ksmall": (-0.15, -0.22, -0.5, -1.0),
}
"""Held-out losses to be reached: the best that is known of released versions, and what ours should reach."""
MEMORY_LIMIT, MILLION_LIMIT = 1000.0, 1500.0
"""MB that our training of a comparison, and that of a million events, may hold."""
PACE_LIMIT = 1.1
"""How many times the step of a small dataset one of a million events may take: they differ in size alone."""
SMALL, MILLION = 100_000, 1_000_000
EPOCHS = {SMALL: 8, MILLION: 4}
"""Of 125 and 250 steps: equally many steps. `--quick` trains half as many."""
_BUSY = 0.7
_DATASETS = ("training-dataset-4d-12ksmall.npz", "training-dataset-9d.npz")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much to measure."""

    rounds: int
    peer_epochs: int | None
    peer_minutes: float
    quick: bool

    def ours(self, cache: Path) -> list[Trainer]:
        """Our two trainers: with nothing compiled yet, and with all that the first one compiled."""
        options = ("-N", "4") if self.quick else ()
        warm = Trainer(OURS, Program.this(), told=True, options=options, cache=cache)
        return [replace(warm, name=COLD, anew=True), warm]

    def peer(self, program: Program) -> Trainer:
        """The other one; it is ended after so many epochs, or after so many minutes."""
        trainer = Trainer.of(program)
        if self.peer_epochs is not None:
            return replace(trainer, options=("-N", str(self.peer_epochs)))
        return replace(trainer, minutes=self.peer_minutes)


@dataclass(slots=True)
class Found:
    """What one dataset brought: a tally and the last round's losses (seconds, learned, held out) a program."""

    name: str
    targets: tuple[float, ...]
    tallies: dict[str, Tally]
    courses: dict[str, list[tuple[float, float, float]]] = field(default_factory=dict)


def compare(dataset: Path, trainers: Sequence[Trainer], rounds: int, say: Callable[[str], None]) -> Found:
    """Train with every trainer in turn, round by round; one that fails is not asked again."""
    targets = TARGETS.get(dataset.stem, ())
    # In the table ours stands first, whatever ran first.
    order = sorted((trainer.name for trainer in trainers), key=[OURS, COLD, PEER].index)
    found = Found(dataset.stem, targets, {name: Tally() for name in order})
    for number in range(rounds):
        for trainer in trainers:
            tally = found.tallies[trainer.name]
            if tally.failures:
                continue
            say(f"{dataset.stem}, round {number + 1} of {rounds}: {trainer.name} (load {load_average():.2f})")
            try:
                course = train(trainer, dataset, targets, tally)
            except Unanswered as why:
                tally.failures.append(f"{dataset.stem}: {why}")
                continue
            say(_brief(tally))
            found.courses[trainer.name] = [(look.seconds, look.loss, look.held_out) for look in course.looks]
    return found


def _brief(tally: Tally) -> str:
    """The newest of what matters most, for those who wait."""
    newest = {source: samples[-1] for source, samples in tally.samples.items()}
    return (
        f"  {newest['whole']:.1f} s, {newest.get('step', 0):.0f} ms a step, {newest['memory']:.0f} MB, "
        f"held-out NLL {newest['saved']:.2f}"
    )


def million(plan: Plan, cache: Path, folder: Path, say: Callable[[str], None]) -> Found:
    """Train a small dataset, one of a million events of the same player, and the small one again: equal steps."""
    files = {size: folder / f"knobs-{size}.npz" for size in (SMALL, MILLION)}
    for size, path in files.items():
        write_dataset(path, knobs(size))
    found = Found(MILLIONS, (), {f"{size:,} events": Tally() for size in files})
    trainer = replace(plan.ours(cache)[1], options=("--no-earlystopping",))
    for size in (SMALL, MILLION) if plan.quick else (SMALL, MILLION, SMALL):
        label = f"{size:,} events"
        say(f"a made-up player, {label} (load {load_average():.2f})")
        epochs = EPOCHS[size] // 2 if plan.quick else EPOCHS[size]
        job = replace(trainer, name=label, options=(*trainer.options, "-N", str(epochs)))
        try:
            train(job, files[size], (), found.tallies[label])
        except Unanswered as why:
            found.tallies[label].failures.append(str(why))
            break
        say(_brief(found.tallies[label]))
    return found


def failures(found: Found) -> list[str]:
    """What of ours could not be measured."""
    return [failure for name, tally in found.tallies.items() if name != PEER for failure in tally.failures]


def faults(found: Found) -> list[str]:
    """What of ours was measured, and is not as it should be."""
    ours = [tally for name, tally in found.tallies.items() if name != PEER]
    limit = MILLION_LIMIT if found.name == MILLIONS else MEMORY_LIMIT
    memories = [memory for tally in ours for memory in tally.samples.get("memory", [])]
    wrong = []
    if memories and max(memories) > limit:
        wrong.append(f"{found.name}: training held {max(memories):.0f} MB, more than {limit:.0f}")
    steps = [median(tally.samples["step"]) for tally in ours if "step" in tally.samples]
    if found.name == MILLIONS and len(steps) == 2 and steps[1] > PACE_LIMIT * steps[0]:
        wrong.append(f"{found.name}: a step took {steps[1] / steps[0]:.2f} times as long as with few events")
    return wrong


def usual_datasets(folder: Path, *, quick: bool) -> list[Path]:
    """The shared recordings, of which ``quick`` takes the first, or a made-up player's in ``folder``."""
    shared = [path for name in _DATASETS if (path := shared_folder() / "data" / "datasets" / name).is_file()]
    if not shared:
        shared = [folder / "knobs.npz"]
        write_dataset(shared[0], knobs(20_000 if quick else SMALL))
    return shared[:1] if quick else shared


@click.command()
@click.option(
    "--peer",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Another impsy executable to compare with.",
)
@click.option(
    "--dataset",
    "datasets",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="What to learn; may be given more than once. Default: the shared recordings, else a made-up player.",
)
@click.option("--peer-epochs", type=click.IntRange(1), help="Epochs of the other one, in place of --peer-minutes.")
@click.option(
    "--peer-minutes",
    type=click.FloatRange(0, min_open=True),
    default=4.0,
    show_default=True,
    help="End the other one with the first epoch that ends after this time.",
)
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--rounds", type=click.IntRange(1), default=1, show_default=True)
@click.option("--only", type=click.Choice(PARTS), multiple=True, help="Measure just this.")
@click.option("--quick", is_flag=True, help="Few epochs of the smallest dataset: does it all work?")
def main(
    peer: Path | None,
    datasets: tuple[Path, ...],
    peer_epochs: int | None,
    peer_minutes: float,
    json_path: Path | None,
    rounds: int,
    only: tuple[str, ...],
    quick: bool,
) -> None:
    """Compare how impsy learns, measured from outside. Exit code 1 if ours failed, or took more memory than it may.

    \b
    Examples:
      python -m bench.train --only million
      python -m bench.train --peer ~/released/bin/impsy --json out.json
      python -m bench.train --peer ~/released/bin/impsy --dataset my.npz --peer-epochs 5
      python -m bench.train --peer ~/released/bin/impsy --quick --only compare
    """
    end_on_terminate()
    # In a shell's background SIGINT is ignored, and would be by all that is started here: none could be interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    console, say = wide_console(), Console(stderr=True).print
    facts = machine_facts()
    console.print(", ".join(f"{key} {value}" for key, value in facts.items()))
    if load_average() > _BUSY:
        console.print("[yellow]The machine is busy: trust ratios more than figures.[/yellow]")
    plan = Plan(rounds, 2 if quick and peer_epochs is None else peer_epochs, peer_minutes, quick)
    found: list[Found] = []
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as name:
        folder = Path(name)
        try:
            if not only or COMPARE in only:
                others = [plan.peer(Program.at(peer, PEER))] if peer else []
                for number, dataset in enumerate(datasets or usual_datasets(folder, quick=quick)):
                    trainers = [*plan.ours(folder / f"cache-{number}"), *others]
                    found.append(compare(dataset, trainers, rounds, say))
                    _show(console, found[-1])
            if not only or MILLIONS in only:
                found.append(million(plan, folder / "cache-million", folder, say))
                _show(console, found[-1])
        except (Unanswered, ImpsyError) as why:
            raise click.ClickException(str(why)) from why
    if json_path:
        report = {
            "machine": facts | {"load_average_after": round(load_average(), 2)},
            "found": list(map(_json, found)),
        }
        json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    wrong = [fault for one in found for fault in faults(one)]
    for fault in wrong:
        console.print(f"not as it should be: {fault}", soft_wrap=True, markup=False)
    if wrong or any(map(failures, found)):
        sys.exit(1)


def _show(console: Console, found: Found) -> None:
    """The table of one dataset, and what is missing from it."""
    if found.name == MILLIONS:
        title = "size: the same player, as many steps"
    else:
        title = f"learning {found.name}, whole commands (less is better)"
    console.print(as_table(found.tallies, rows_for(found.targets), title))
    for name, tally in found.tallies.items():
        console.print(f"{name}: {tally.facts.get('ended', 'did not end')}", markup=False)
        for failure in tally.failures:
            console.print(f"left out: {failure}", soft_wrap=True, markup=False)


def _json(found: Found) -> dict[str, object]:
    return {
        "dataset": found.name,
        "programs": as_json(found.tallies, rows_for(found.targets)),
        # Losses that are no numbers (a training that diverged) are null, as JSON has nothing else for them.
        "courses": {
            name: [[number if math.isfinite(number) else None for number in look] for look in looks]
            for name, looks in found.courses.items()
        },
    }


if __name__ == "__main__":
    main()
