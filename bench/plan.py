"""Whether the plan that is shown is what is played, and what it costs: ``python -m bench.plan``.

First, what a copy of the engine costs its thread, for each model; the least of many rounds. Then a session in
``battle``, as a process of its own: each event of each plan is compared with what was played, and every few seconds
"another" throws a plan away. Exit code 1 if an event was not as planned, if anything of a plan that was thrown away
was played, or if a copy costs more than it may.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import timeit
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pythonosc.osc_message import OscMessage

from bench.figures import median
from bench.models import usual_model
from bench.program import Performance, Program, Settings, Unanswered, end_on_terminate
from bench.wire import address_of, floats_packet

MOST_MICROSECONDS = 20.0
"""What a copy may cost the engine's thread."""

ROUNDS, COPIES = 100, 200
CLOSE = 2e-6
"""Values are sent as 32-bit numbers, and planned with seven digits."""

SETTLED = 0.15
"""Seconds after which a command was carried out, and what was sent before has arrived."""

Rows = NDArray[np.float32]


# --- what a copy costs -----------------------------------------------------------------------------------


def copy_cost(path: Path) -> tuple[float, float]:
    """Microseconds of a copy, and of a step of the copy."""
    from impsy.engine import Engine
    from impsy.engine import Settings as Live
    from impsy.engine.plan import Plan
    from impsy.models.opening import open_model

    predictor: Any = open_model(path).predictor
    engine = Engine(Live(predictor.dimension, mode="battle"), predictor, np.random.default_rng(0), 0.0)
    for _ in range(100):
        engine.advance(engine.deadline or 0.0)
    copying = min(timeit.repeat(engine.fork, timer=time.process_time, number=COPIES, repeat=ROUNDS)) / COPIES
    copy = engine.fork()
    copy.wake(lambda original: original.twin())  # type: ignore[attr-defined]
    step = Plan(copy, engine.deadline or 0.0).step
    stepping = min(timeit.repeat(step, timer=time.process_time, number=COPIES, repeat=ROUNDS)) / COPIES
    return copying * 1e6, stepping * 1e6


# --- a session -------------------------------------------------------------------------------------------


@dataclass
class Watched:
    """What came from a session, with when it came, and when another plan was asked for."""

    plans: list[tuple[float, int, Rows]] = field(default_factory=list)
    """When it came, how many events had been played, and its rows, each with the seconds until it is due."""
    played: list[tuple[float, Rows]] = field(default_factory=list)
    another: list[float] = field(default_factory=list)
    lateness: dict[str, float] = field(default_factory=dict)

    def take(self, packet: bytes, now: float) -> None:
        """Note a message of the monitor port."""
        address = address_of(packet)
        if address == "/monitor/out":
            self.played.append((now, np.array(OscMessage(packet).params, np.float32)))
        elif address == "/monitor/next":
            plan = json.loads(OscMessage(packet).params[0]).get("plan")
            if plan:
                self.plans.append((now, len(self.played), np.array(plan, np.float32)))
        elif address == "/monitor/state":
            self.lateness = json.loads(OscMessage(packet).params[0]).get("lateness_ms", {})

    def reaches(self, when: float) -> bool:
        """Whether the newest plan has an event after that moment."""
        return bool(self.plans) and self.plans[-1][0] + float(self.plans[-1][2][-1, 0]) > when


def watch(program: Program, settings: Settings, seconds: float, every: float) -> Watched:
    """Let it play, and ask for another plan every so many seconds, as soon as one reaches far enough to be thrown
    away before it is played; 0: never.
    """
    seen = Watched()
    with Performance(program, settings) as performance:
        performance.first_prediction(every=1.0)
        began = time.perf_counter()
        asked_at = began
        while (now := time.perf_counter()) < began + seconds:
            heard = performance.monitor.receive(0.05)
            if heard is not None:
                seen.take(heard[1], heard[0])
            if now < began + SETTLED:
                seen.plans.clear()  # what was planned before the first prediction was asked for may come now
            elif every and now > asked_at + every and now < began + seconds - 5.0 and seen.reaches(now + 2 * SETTLED):
                asked_at = now
                seen.another.append(now)
                performance.ear.send(floats_packet("/impsy/another", ()), performance.interface)
        performance.check()
    return seen


def _are(row: Rows, played: Rows) -> bool:
    return bool(np.abs(row - played).max() < CLOSE)


def wrong_events(seen: Watched) -> tuple[int, int]:
    """How many events of plans were looked at, and how many of these were not played as planned."""
    looked, wrong = 0, 0
    end = seen.played[-1][0] - 1.0
    for came, count, rows in seen.plans:
        shown: list[Rows] = []
        for row in rows:
            due = came + float(row[0])
            if due > end or any(came - SETTLED < at <= due + SETTLED for at in seen.another):
                break  # it was not played yet, or somebody interrupted
            shown.append(row[1:])
        looked += len(shown)
        # Plans and what is played come from two threads: what was played at about the same time may come after it.
        near = [at for at, (when, _) in enumerate(seen.played) if abs(when - came) < SETTLED]
        wrong += min(_unlike(shown, seen.played, at) for at in {count, *near, *(at + 1 for at in near)})
    return looked, wrong


def _unlike(shown: Sequence[Rows], played: Sequence[tuple[float, Rows]], start: int) -> int:
    """How many of the events are not those that were played from this one on."""
    there = [values for _, values in played[start : start + len(shown)]]
    return len(shown) - sum(map(_are, shown, there))


def played_though_thrown_away(seen: Watched) -> tuple[int, int]:
    """How many events of plans were thrown away by "another", and how many of these were played all the same."""
    thrown, wrong = 0, 0
    for asked in seen.another:
        before = [plan for plan in seen.plans if plan[0] < asked]
        if not before:
            continue
        came, _, rows = before[-1]
        after = [values for at, values in seen.played if asked + SETTLED < at < asked + 6.0]
        for row in rows:
            if came + float(row[0]) > asked + SETTLED:
                thrown += 1
                wrong += any(_are(row[1:], values) for values in after)
    return thrown, wrong


def shown_before(seen: Watched) -> tuple[float, float]:
    """The share of the events that a plan had before they were played, and how many seconds before, in the middle."""
    ahead: list[float] = []
    first = seen.plans[0][0]
    events = [(at, values) for at, values in seen.played if at > first + 1.0]
    for at, values in events:
        near = [(came, rows) for came, _, rows in seen.plans if at - 6.0 < came < at]
        shown = [came for came, rows in near if any(_are(row[1:], values) for row in rows)]
        if shown:
            ahead.append(at - shown[0])
    return len(ahead) / max(1, len(events)), median(ahead or [0.0])


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("--model", type=Path)
    parser.add_argument("--mode", default="battle")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--every", type=float, default=3.0, help="seconds between two interruptions; 0: none")
    arguments = parser.parse_args()
    end_on_terminate()
    failed = False
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        templates = sorted((Path(__file__).parents[1] / "src/impsy/config/templates/models").glob("*.tflite"))
        model = arguments.model or (templates or [usual_model(Path(folder))])[0]
        for path in {model, *templates}:
            copying, stepping = copy_cost(path)
            failed = failed or copying > MOST_MICROSECONDS
            print(f"{path.name}: a copy {copying:.1f} µs, a step of the copy {stepping:.0f} µs")
        from bench.models import dimension_of

        settings = Settings(model, dimension_of(model), arguments.mode)
        try:
            seen = watch(Program.this(), settings, arguments.seconds, arguments.every)
        except Unanswered as why:
            print(why)
            return 1
    looked, wrong = wrong_events(seen)
    thrown, played = played_though_thrown_away(seen)
    share, ahead = shown_before(seen)
    print(f"{len(seen.plans)} plans, {len(seen.played)} events played, {len(seen.another)} interruptions")
    print(f"of {looked} events of plans, {wrong} were not played as planned")
    print(f"of {thrown} events that were thrown away, {played} were played")
    print(f"{100 * share:.0f} % of the events were shown before, {ahead:.2f} s before in the middle")
    print(f"lateness, ms: {seen.lateness}")
    return int(failed or wrong > 0 or played > 0 or looked == 0)


if __name__ == "__main__":
    sys.exit(main())
