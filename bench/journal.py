"""What the journal costs the engine's thread: ``python -m bench.journal``.

An engine plays the same events with and without a journal, on a scripted clock. The model does nothing, so that the
difference is the journal's: keeping each call until there is time for it. What its lines take in the recorder's
thread, and on the disk, is beside it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime

import click
from numpy.random import default_rng

from bench.figures import median
from impsy.codecs.journal import Head
from impsy.engine import Engine, Settings
from impsy.events import Interaction, Update
from impsy.perform.recording.journal import Journal
from impsy.perform.recording.witness import Witness
from impsy.testing import FakePredictor

__all__ = ["main"]

CONTROLS = 8
SETTINGS = Settings(CONTROLS + 1, mode="polyphony")


def _engine() -> Engine:
    return Engine(SETTINGS, FakePredictor(CONTROLS + 1, [(0.01, *[0.5] * CONTROLS)]), default_rng(1), 0.0)


def _play(engine: Engine, call: Callable[..., object], events: Sequence[Interaction | Update]) -> float:
    """Microseconds an event takes, with the answer to it."""
    begin = time.thread_time()
    for number, event in enumerate(events):
        now = number * 0.02
        call(engine.receive, event, now)
        call(engine.advance, now)
        call(engine.advance, now + 0.015)
    return (time.thread_time() - begin) / len(events) * 1e6


def _plainly(decide: Callable[..., object], *given: object) -> object:
    return decide(*given)


@click.command()
@click.option("--events", default=20_000, show_default=True, type=click.IntRange(min=100))
@click.option("--rounds", default=7, show_default=True, type=click.IntRange(min=1))
def main(events: int, rounds: int) -> None:
    """Measure what the journal costs, in microseconds an event with its answer."""
    rng = default_rng(2)
    played = [Interaction(tuple(rng.random(CONTROLS).tolist())) for _ in range(events)]
    without, with_it, lines, size = [], [], [], 0
    for _ in range(rounds):
        engine = _engine()
        without.append(_play(engine, _plainly, played))
        engine = _engine()
        witness = Witness(engine)
        with_it.append(_play(engine, witness.call, played))
        head = Head(
            version="", started_at=datetime(2026, 1, 1), origin=0.0, made=0.0, seed=1, settings=SETTINGS, model="",
            models=(),
        )  # fmt: skip
        journal = Journal(head, engine.predictors, [])
        begin = time.thread_time()
        size = sum(len(journal.lines(witness.calls[at : at + 4], 0)) for at in range(0, len(witness.calls), 4))
        lines.append((time.thread_time() - begin) / events * 1e6)
    cost = median(with_it) - median(without)
    click.echo(f"engine alone       {median(without):8.2f} µs an event with its answer")
    click.echo(f"with the journal   {median(with_it):8.2f} µs")
    click.echo(f"the journal        {cost:8.2f} µs in the engine's thread")
    click.echo(f"its lines          {median(lines):8.2f} µs in the recorder's thread")
    click.echo(f"on the disk        {size / events:8.0f} bytes")


if __name__ == "__main__":
    main()
