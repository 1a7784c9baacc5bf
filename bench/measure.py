"""One function a measurement: drive one program from outside, and return samples in the table's units."""

from __future__ import annotations

import json
import random
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from bench.probe import WARM_UP
from bench.program import Performance, Program, Settings, Unanswered, child_environment
from bench.wire import address_of, numbers_of

__all__ = [
    "FASTEST",
    "MODES",
    "PLAYBACK_WARM_UP",
    "Idle",
    "Playback",
    "Prediction",
    "Reply",
    "distance",
    "idle",
    "playback",
    "prediction_time",
    "reply_time",
]

MODES = ("callresponse", "polyphony", "useronly", "battle")

FASTEST = 0.0001
"""A timescale at which the wait before a prediction is played no longer counts."""

_REPLY_LIMIT = 2.0
PLAYBACK_WARM_UP = 50
"""Events of a playback that are heard before the ones that count."""


@dataclass(frozen=True, slots=True)
class Prediction:
    """Microseconds of each prediction, in which Python, by which version."""

    microseconds: list[float]
    python: str
    version: str


def prediction_time(program: Program, model: Path, count: int) -> Prediction:
    """Let the program's own Python predict ``count`` times; raises ``Unanswered`` if it cannot."""
    probe = Path(__file__).with_name("probe.py")
    command = [*program.python, "-I", str(probe), str(model.absolute()), str(count)]
    with tempfile.TemporaryDirectory(prefix="impsy-bench-") as folder:
        try:
            done = subprocess.run(
                command, cwd=folder, env=child_environment(), capture_output=True, text=True, timeout=300, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise Unanswered(f"{program.name}: {WARM_UP + count} predictions took over 300 s") from late
    lines = done.stdout.strip().splitlines()
    if done.returncode != 0 or not lines:
        tail = " | ".join(done.stderr.strip().splitlines()[-3:])
        raise Unanswered(f"{program.name}: its Python could not predict: {tail}")
    found = json.loads(lines[-1])
    return Prediction(found["microseconds"], found["python"], found["impsy"])


@dataclass(frozen=True, slots=True)
class Reply:
    """One performance in polyphony mode: seconds to the first prediction, milliseconds of each reply, MB."""

    start: float
    replies: list[float]
    lost: int
    memory: float


def distance(rng: random.Random) -> float:
    """Seconds until the next interaction, 20 to 50 ms.

    Irregular, or a program that looks every so often would always be met at the same moment.
    """
    return rng.uniform(0.02, 0.05)


def reply_time(program: Program, model: Path, dimension: int, count: int, rng: random.Random) -> Reply:
    """Start the program in polyphony mode, play ``count`` interactions one by one, then weigh it."""
    settings = Settings(model, dimension, "polyphony", timescale=FASTEST)
    with Performance(program, settings) as performance:
        start = performance.first_prediction() - performance.started
        _settle(performance, 1.0)
        replies: list[float] = []
        lost = 0
        for _ in range(count):
            time.sleep(distance(rng))
            for _stale in performance.ear.waiting():
                pass
            values = tuple(rng.random() for _ in range(dimension - 1))
            sent = time.perf_counter()
            performance.play(values)
            arrived = performance.prediction(_REPLY_LIMIT)
            if arrived is None:
                performance.check()
                lost += 1
            else:
                replies.append((arrived - sent) * 1000)
        if not replies:
            raise Unanswered(f"{program.name} answered none of {count} interactions in polyphony mode")
        return Reply(start, replies, lost, performance.memory())


def _settle(performance: Performance, seconds: float) -> None:
    """Let what was asked while starting be answered, and throw the answers away."""
    end = time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        performance.ear.receive(left)
    performance.check()


@dataclass(frozen=True, slots=True)
class Idle:
    """Percent of one core, and how many predictions a second were played meanwhile."""

    percent: float
    predictions: float


def idle(program: Program, settings: Settings, settle: float, seconds: float) -> Idle:
    """Start the program, leave it alone for ``settle`` seconds, then watch it for ``seconds``.

    Nobody plays. Only battle mode gets one interaction if it is silent, for a program may wait for one.
    """
    with Performance(program, settings) as performance:
        _settle(performance, settle)
        if settings.mode == "battle" and performance.prediction(0.5) is None:
            performance.knock()
            _settle(performance, 1.0)
        heard: list[str] = []
        began, before = time.perf_counter(), performance.processor_seconds()
        # Asleep meanwhile: on a machine with few cores, waking for each prediction would cost the program time.
        while time.perf_counter() - began < seconds:
            time.sleep(0.25)
            heard.extend(address_of(packet) for _, packet in performance.ear.waiting())
        used = performance.processor_seconds() - before
        watched = time.perf_counter() - began
        performance.check()
    # The same prediction may go out on two addresses.
    played = max((heard.count(address) for address in set(heard)), default=0)
    return Idle(used / watched * 100, played / watched)


@dataclass(frozen=True, slots=True)
class Playback:
    """When predictions arrived (``perf_counter`` seconds), and what the program says of its own lateness (ms)."""

    arrivals: list[float]
    reported: dict[str, float] = field(default_factory=dict)


def playback(program: Program, settings: Settings, events: int, step: float) -> Playback:
    """Let battle mode play a model whose every dt is ``step`` seconds; when did ``events`` predictions arrive?

    Raises ``Unanswered`` if they do not come within five times the time that they should take.
    """
    with Performance(program, settings) as performance:
        # In battle mode the performer does not steer: this only makes sure that the model has begun.
        performance.first_prediction(every=1.0)
        address = ""
        arrivals: list[float] = []
        reported: dict[str, float] = {}
        limit = time.perf_counter() + (events + PLAYBACK_WARM_UP) * step * 5 + 10
        while len(arrivals) < events + PLAYBACK_WARM_UP:
            if time.perf_counter() > limit:
                raise Unanswered(f"{program.name} played {len(arrivals)} of {events} events in five times their time")
            heard = performance.ear.receive(1.0)
            if heard is None:
                performance.check()
                continue
            address = address or address_of(heard[1])
            if address_of(heard[1]) == address:
                arrivals.append(heard[0])
                if len(arrivals) % 50 == 0:
                    reported = _reported(performance.states()) or reported
        _settle(performance, 1.5)
        reported = _reported(performance.states()) or reported
    return Playback(arrivals[PLAYBACK_WARM_UP:], reported)


def _reported(states: list[dict[str, object]]) -> dict[str, float]:
    """The newest ``lateness_ms`` among state reports."""
    return next(filter(None, (numbers_of(state, "lateness_ms") for state in reversed(states))), {})
