"""What performers, clocks and commands do to an engine, by chance."""

from __future__ import annotations

import base64
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
from engine_traces import STILL, Case, Recorder, hands_of, model_of
from given_numbers import ScriptedPredictor

from impsy.engine import MODES, Settings
from impsy.events import (
    Another,
    EngineEvent,
    Interaction,
    MidiClock,
    PanicButton,
    PlayThrough,
    Released,
    Reset,
    Set,
    SetPredictor,
    Tap,
    Toggle,
    Touched,
    Unplugged,
    Update,
)
from impsy.models.predictor import NumPyPredictor
from impsy.models.sizes import SIZES
from impsy.models.tflite.read import read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.settings import SETTINGS
from impsy.timing.following import TICKS_A_BEAT
from impsy.timing.grid import GRIDS
from random_networks import random_weights

__all__ = ["record_case", "record_network_case"]

PORTS = ("pads", "knobs")
SOURCES = ("off", "internal", "midi")
NUMBERS: dict[str, Callable[[Random], float]] = {
    "threshold": lambda chance: chance.choice((0.0, 0.05, 0.3)),
    "sigma_temperature": lambda chance: chance.choice((0.0, 0.01, 0.1)),
    "pi_temperature": lambda chance: chance.choice((0.0, 0.5, 1.0)),
    "timescale": lambda chance: chance.choice((1e-9, 0.01, 0.5, 1.0, 2.0, 40.0)),
    "hold": lambda chance: chance.choice((0.0, 0.2, 2.0)),
    "longest_wait": lambda chance: chance.choice((0.0, 0.1, 1.0, 3.0, 8.0)),
    "tempo": lambda chance: chance.choice((20.5, 97.3, 120.0, 400.0)),
    "quantise": lambda chance: chance.choice((0.0, 0.5, 1.0, 1.0)),
    "clock_delay": lambda chance: chance.choice((-0.02, 0.0, 0.03)),
}
"""Values that are given to a setting."""


CROWDED = 20
"""Each so many cases, there is a crowd of events."""
CROWDS: tuple[tuple[tuple[int, float], dict[str, Any]], ...] = (
    ((1300, 0.0001), {"mode": "useronly", "input_thru": True}),
    ((1300, 0.0026), {"mode": "polyphony", "timescale": 1e5}),
    ((80, 0.006), {"mode": "battle", "timescale": 1e-9}),
)
"""How many events come and how far apart, and the settings."""


class Script:
    """Plays one case by chance.

    Args:
        seed: of the case.
        length: how many events there are.
    """

    def __init__(self, seed: int, length: int) -> None:
        self.chance = Random(seed)
        self.controls = self.chance.choice((1, 2, 3, 3, 8))
        self.length = length
        start = self.vector() if self.chance.random() < 0.5 else None
        seed = self.chance.randrange(2**32)
        self.recorder = Recorder(self.settings(), self.models(), self.make, seed, start)
        self.tempo = self.chance.choice((60.0, 124.0))
        self.pace = self.chance.choice((0.005, 0.05, 0.3))

    def models(self) -> list[Any]:
        """Two that fit, and one that does not."""
        return [model_of(self.chance, self.controls + more) for more in (1, 1, 2)]

    def make(self, model: Any) -> Any:
        """The predictor of one."""
        return ScriptedPredictor(model)

    def settings(self) -> Settings:
        """What the performance begins with."""
        chance, live = self.chance, {}
        for name, number in NUMBERS.items():
            if chance.random() < 0.4:
                live[name] = number(chance)
        return Settings(
            self.controls + 1,
            mode=chance.choice(tuple(MODES)),
            clock_source=chance.choice(SOURCES),
            grid=chance.choice(tuple(GRIDS)),
            input_thru=chance.random() < 0.2,
            thru_matrix=((PORTS[0], ("synth",)),) if chance.random() < 0.2 else (),
            clock_send=("drums",) if chance.random() < 0.2 else (),
            paused=chance.random() < 0.1,
            hands=hands_of(chance, self.controls),
            **live,
        )

    def play(self) -> Case:
        """Play it."""
        chance, recorder = self.chance, self.recorder
        for _ in range(self.length):
            recorder.play_until(recorder.now + chance.expovariate(1 / self.pace), self.late)
            if chance.random() < 0.08:
                recorder.plan()
            act = chance.random()
            if act < 0.55:
                recorder.receive(self.played())
            elif act < 0.9:
                recorder.receive(self.command())
            elif act < 0.97:
                self.clock()
            elif act < 0.99:
                self.taps()
            else:
                recorder.recover()
            if chance.random() < 0.2:
                recorder.look()
        return recorder.end()

    def late(self) -> float:
        """Mostly in time, seldom after the computer slept."""
        chance = self.chance
        return chance.choices((0.0, chance.uniform(0, 0.004), 0.2, 2.5), (70, 25, 4, 1))[0]

    def in_time(self) -> float:
        """Where the times themselves are of interest."""
        return 0.0

    # --- what happens ------------------------------------------------------------------------------

    def value(self) -> float:
        """Of a control."""
        return self.chance.choices((STILL, self.chance.randrange(128) / 127, self.chance.random()), (2, 6, 2))[0]

    def vector(self, controls: int | None = None) -> tuple[float, ...]:
        """Of all controls."""
        return tuple(self.value() for _ in range(self.controls if controls is None else controls))

    def control(self) -> int:
        """Seldom one that is not there."""
        return self.chance.randrange(self.controls) if self.chance.random() < 0.97 else self.controls

    def played(self) -> EngineEvent:
        """By the performer."""
        chance, port = self.chance, self.chance.choice(PORTS)
        act = chance.random()
        if act < 0.6:
            count = chance.choice((1, 1, 2))
            changes = tuple((self.control(), self.value()) for _ in range(count))
            return Update(changes, port, chance.random() < 0.3)
        if act < 0.8:
            before = self.recorder.engine.snapshot().input_values
            again = tuple(value if chance.random() < 0.5 else self.value() for value in before)
            return Interaction(again if chance.random() < 0.97 else self.vector(self.controls + 1), port)
        if act < 0.9:
            return Released(((self.control(), chance.choice((None, self.value()))),), port)
        if act < 0.98:
            return Touched(tuple(range(chance.randrange(self.controls + 1))), port)
        return PlayThrough(chance.choice((self.vector(), (), self.vector(self.controls + 1))))

    def command(self) -> EngineEvent:
        """Of somebody who turns knobs."""
        chance = self.chance
        others: tuple[Callable[[], EngineEvent], ...] = (
            PanicButton, Another, Another, Reset, Tap, Tap,
            lambda: Unplugged(PORTS[0]),
            lambda: Toggle(chance.choice(("paused", "paused", "input_thru", "nothing"))),
            lambda: SetPredictor(chance.choice(self.recorder.predictors), "another"),
            lambda: Set(*chance.choice((("tempo", -3.5), ("mode", "loud"), ("grid", "1/5"), ("volume", 0.5)))),
        )  # fmt: skip
        return self.set() if chance.random() < 0.6 else chance.choice(others)()

    def set(self) -> Set:
        """Another value of a setting."""
        chance = self.chance
        others: dict[str, Callable[[], Any]] = {
            "mode": lambda: chance.choice(tuple(MODES)),
            "clock_source": lambda: chance.choice(SOURCES),
            "grid": lambda: chance.choice(tuple(GRIDS)),
            "input_thru": lambda: chance.random() < 0.5,
            "paused": lambda: chance.random() < 0.3,
            "clock_send": lambda: chance.choice(((), ("drums",), ("drums", "bass"))),
            "thru_matrix": lambda: chance.choice(((), ((PORTS[1], ("synth", "drums")),))),
            "hands": lambda: hands_of(chance, self.controls),
        }
        names = [name for name in SETTINGS if name in others or name in NUMBERS]
        name = chance.choice([*names, "timescale", "longest_wait", "longest_wait"])
        return Set(name, NUMBERS[name](chance) if name in NUMBERS else others[name]())

    def clock(self) -> None:
        """A device sends its clock for a while, none too evenly."""
        chance, recorder = self.chance, self.recorder
        port = chance.choice(PORTS)
        message = chance.choice(("start", "continue", "stop", "position", None))
        if message is not None:
            recorder.receive(MidiClock(message, port, chance.randrange(64)))
        if chance.random() < 0.3:
            self.tempo = chance.choice((60.0, 61.0, 124.0, 180.0))
        period, jitter = 60 / (TICKS_A_BEAT * self.tempo), chance.choice((0.0, 0.001, 0.006))
        at = recorder.now
        for _ in range(chance.randrange(1, 40)):
            if chance.random() < 0.02:
                period *= chance.choice((0.6, 0.97, 1.05, 1.8))
            at += period * chance.choices((1, 2, 0, 4), (95, 2, 2, 1))[0]
            recorder.play_until(at + chance.uniform(0, jitter), self.in_time)
            recorder.receive(MidiClock("tick", port))

    def taps(self) -> None:
        """The performer taps a tempo, and perhaps another one."""
        for gap in (0.5, *self.chance.choices((0.02, 0.31, 0.3, 0.62, 4.0), (1, 5, 5, 2, 1), k=6)):
            self.recorder.play_until(self.recorder.now + gap, self.late)
            self.recorder.receive(Tap())

    def crowd(self) -> None:
        """More events than are heard, than may wait, or than a model may play."""
        (count, gap), live = self.chance.choice(CROWDS)
        for name, value in {"longest_wait": 0.0, "paused": False, **live}.items():
            self.recorder.receive(Set(name, value))
        for number in range(count):
            self.recorder.play_until(self.recorder.now + gap, self.in_time)
            if live["mode"] != "battle":
                self.recorder.receive(Update(((self.control(), self.value()),), PORTS[0], self.chance.random() < 0.5))
            elif number % 20 == 19:
                self.recorder.receive(Set("timescale", self.chance.choice((1e-9, 1e-8, 0.001))))
        self.recorder.receive(PlayThrough(self.vector()))


class NetworkScript(Script):
    """A performance with networks that nobody has trained, each in a ``.tflite`` file."""

    def models(self) -> list[Any]:
        """Two, of any architecture."""
        rng = np.random.default_rng(self.chance.randrange(2**32))
        made = []
        for _ in range(2):
            architecture = self.chance.choice(("plain", "residual", "gestures"))
            weights = random_weights(self.controls + 1, SIZES["xxs"], rng=rng, mixtures=12, architecture=architecture)
            made.append(base64.b64encode(encode_tflite(weights)).decode())
        return made

    def make(self, model: str) -> NumPyPredictor:
        """Open one."""
        return NumPyPredictor(read_tflite(base64.b64decode(model)))

    def late(self) -> float:
        """Never in time: what two networks predict differs by less than this."""
        return self.chance.uniform(0.001, 0.004)

    in_time = late


def record_network_case(seed: int, length: int = 30) -> Case:
    """One performance of networks, by the Python engine and its NumPy."""
    return NetworkScript(seed, length).play()


def record_case(seed: int, length: int = 30) -> Case:
    """One performance, by the Python engine."""
    script = Script(seed, length)
    if seed % CROWDED == 0:
        script.crowd()
    return script.play()
