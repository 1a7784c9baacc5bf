"""Shared time, measured at a MIDI device under JACK: ``python -m bench.clock``.

It follows a clock whose ticks jitter, and its note-ons are compared with the beats that the clock stands for. It
sends clock, and the ticks are compared with an even beat. Two sessions of Ableton Link are compared with each other.
"""

from __future__ import annotations

import json
import os
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np

from bench.figures import median, percentile
from bench.jack import HEARS, MidiDevice, jack_is_installed, jack_server, period_ms
from bench.machine import machine_facts
from bench.midi import is_note_on, midi_toml
from bench.models import dimension_of, usual_model
from bench.program import Performance, Program, Settings, Unanswered, end_on_terminate
from impsy.io.abletonlink import LinkAdapter

__all__ = ["main"]

TICKS_A_BEAT = 24
TICK, START, STOP = 0xF8, 0xFA, 0xFC
JITTER = 0.003
"""Seconds that a tick may come too early or too late."""

SETTLE_BEATS = 8
PLAYED_BEATS = 96
LOST_BEATS = 32
_READY_SECONDS = 30.0

RAMPS: dict[str, Callable[[float], float]] = {
    "120 to 140 in 16 beats": lambda beat: min(140.0, 120 + max(0.0, beat - 32) * 20 / 16),
    "90 to 180 in 64 beats": lambda beat: min(180.0, 90 + max(0.0, beat - 16) * 90 / 64),
}


@dataclass(slots=True)
class Heard:
    """What arrived at the device, with its time (``time.monotonic``)."""

    notes: list[float] = field(default_factory=list)
    ticks: list[float] = field(default_factory=list)
    others: list[int] = field(default_factory=list)

    def take(self, message: bytes) -> None:
        """A message arrived."""
        now = time.monotonic()
        if message[0] == TICK:
            self.ticks.append(now)
        elif message[0] >= 0xF0:
            self.others.append(message[0])
        elif is_note_on(message):
            self.notes.append(now)


def _performance(program: Program, model: Path, mode: str, clock: str) -> Performance:
    dimension = dimension_of(model)
    return Performance(
        program, Settings(model, dimension, mode, sections=f"{midi_toml(dimension - 1)}\n[clock]\n{clock}\n")
    )


def _wait_for_ports(performance: Performance) -> dict[str, object]:
    """Until both ports are open; the state then."""
    end = time.monotonic() + _READY_SECONDS
    while time.monotonic() < end:
        performance.check()
        for state in performance.states():
            ports = [port for port in state.get("ports", ()) if "midi" in port["name"]]  # type: ignore[attr-defined]
            if len(ports) == 2 and all(port["state"] in ("open", "receiving") for port in ports):
                time.sleep(0.3)  # JACK's graph takes a few cycles to follow
                return state
        time.sleep(0.05)
    raise Unanswered(f"{performance.program.name} did not open its MIDI ports")


class Master:
    """A device's clock: ticks with jitter, at a tempo that may depend on the beat. ``beats`` are its true times."""

    def __init__(self, device: MidiDevice, tempo: Callable[[float], float], jitter: float, seed: int) -> None:
        self._device = device
        self._tempo = tempo
        self._jitter = jitter
        self._rng = random.Random(seed)
        self._ticks = 0
        self._time = time.monotonic() + 0.1
        self.ticks: list[float] = []

    def start(self) -> None:
        """The song begins with the next tick."""
        self._device.play(bytes((START,)))

    def play(self, beats: float, *, silent: bool = False) -> None:
        """Send the ticks of so many beats; ``silent``: the cable is out meanwhile."""
        for _ in range(round(beats * TICKS_A_BEAT)):
            at = self._time + self._rng.uniform(-self._jitter, self._jitter)
            time.sleep(max(0.0, at - time.monotonic()))
            if not silent:
                self._device.play(bytes((TICK,)))
            self.ticks.append(self._time)
            self._time += 60 / self._tempo(self._ticks / TICKS_A_BEAT) / TICKS_A_BEAT
            self._ticks += 1

    def stop(self) -> None:
        """The song stands."""
        self._device.play(bytes((STOP,)))

    def off_grid(self, moments: Sequence[float]) -> list[float]:
        """Milliseconds from the nearest sixteenth to each moment."""
        beats = np.interp(moments, self.ticks, np.arange(len(self.ticks)) / TICKS_A_BEAT)
        nearest = np.round(beats * 4) / 4
        times = np.interp(nearest, np.arange(len(self.ticks)) / TICKS_A_BEAT, self.ticks)
        return [float(off) for off in (np.asarray(moments) - times) * 1000]


def heard_late(program: Program, model: Path) -> float:
    """Milliseconds by which note-ons are late, in the middle, while a clock is followed without a delay.

    A performer hears it, and sets the delay so that it is gone.
    """
    heard = Heard()
    with MidiDevice(heard.take) as device:
        clock = 'source = "midi"\nquantise = 1\ngrid = "1/16"'
        with _performance(program, model, "battle", clock) as performance:
            _wait_for_ports(performance)
            master = Master(device, lambda _beat: 120.0, JITTER, 11)
            master.start()
            master.play(PLAYED_BEATS)
            begin = master.ticks[SETTLE_BEATS * TICKS_A_BEAT]
            return median(master.off_grid([at for at in heard.notes if begin < at < master.ticks[-TICKS_A_BEAT]]))


def followed(
    program: Program, model: Path, tempo: Callable[[float], float], seed: int, late: float
) -> dict[str, float]:
    """Follow a clock: where the note-ons are, from two bars on. ``late``: see :func:`heard_late`."""
    heard = Heard()
    with MidiDevice(heard.take) as device:
        clock = f'source = "midi"\nquantise = 1\ngrid = "1/16"\ndelay = {-late / 1000:.5f}'
        with _performance(program, model, "battle", clock) as performance:
            _wait_for_ports(performance)
            master = Master(device, tempo, JITTER, seed)
            master.start()
            master.play(PLAYED_BEATS)
            begin = master.ticks[SETTLE_BEATS * TICKS_A_BEAT]
            figures = _offsets(master, [at for at in heard.notes if begin < at < master.ticks[-TICKS_A_BEAT]])
            master.play(LOST_BEATS, silent=True)
            lost = [at for at in heard.notes if master.ticks[-(LOST_BEATS - 4) * TICKS_A_BEAT] < at]
            figures["free-wheeling, p99 (ms)"] = _p99(master, [at for at in lost if at < master.ticks[-1]])
            master.play(2 * SETTLE_BEATS)
            back = [at for at in heard.notes if master.ticks[-SETTLE_BEATS * TICKS_A_BEAT] < at < master.ticks[-1]]
            figures["after it came back, p99 (ms)"] = _p99(master, back)
            master.stop()
            return figures


def _offsets(master: Master, notes: Sequence[float]) -> dict[str, float]:
    off = master.off_grid(notes)
    return {
        "notes": float(len(off)),
        "mean (ms)": sum(off) / len(off),
        "p99 (ms)": percentile([abs(each) for each in off], 99),
        "within 2 ms (%)": 100 * sum(abs(each) <= 2 for each in off) / len(off),
    }


def _p99(master: Master, notes: Sequence[float]) -> float:
    return percentile([abs(each) for each in master.off_grid(notes)], 99) if notes else float("nan")


def sent(program: Program, model: Path, tempo: float, minutes: float) -> dict[str, float]:
    """Send clock: how even the ticks arrive, and whether they drift."""
    heard = Heard()
    with MidiDevice(heard.take):
        clock = f'source = "internal"\ntempo = {tempo}\nsend = ["{HEARS}"]'
        with _performance(program, model, "useronly", clock) as performance:
            _wait_for_ports(performance)
            time.sleep(1.0)
            heard.ticks.clear()
            began = time.monotonic()
            before = _messages_sent(performance)
            time.sleep(minutes * 60)
            ticks, lasted = list(heard.ticks), time.monotonic() - began
            own = _messages_sent(performance) - before
            performance.interrupt()
            time.sleep(0.2)
    times = np.asarray(ticks)
    period = 60 / tempo / TICKS_A_BEAT
    numbers = np.cumsum([0, *np.round(np.diff(times) / period)])
    late = (times - times[0] - numbers * period) * 1000
    slope = float(np.polyfit(numbers * period, late, 1)[0])
    centred = np.abs(late - np.median(late))
    return {
        "ticks": float(len(ticks)),
        "messages by its own count": own,
        "lost by JACK": float(numbers[-1] + 1 - len(times)),
        "ticks a beat": float(numbers[-1]) / ((times[-1] - times[0]) / (60 / tempo)),
        "drift in ten minutes (ms)": slope * 600,
        "jitter p50 (ms)": median([float(each) for each in centred]),
        "jitter p99 (ms)": percentile([float(each) for each in centred], 99),
        "jitter max (ms)": float(centred.max()),
        "seconds": lasted,
        "stops at the end": float(heard.others.count(STOP)),
    }


def _messages_sent(performance: Performance) -> float:
    """How many MIDI messages it has sent, by the next ``/monitor/state``."""
    performance.states()
    while True:
        time.sleep(0.2)
        for state in performance.states():
            ports = [port for port in state.get("ports", ()) if port["name"].startswith("midi out")]  # type: ignore[attr-defined]
            return float(ports[0]["sent"])


def linked(seconds: float) -> dict[str, float]:
    """Two sessions of Ableton Link in this process: by how much their tempo and their phase differ."""
    beats: list[list[tuple[float, float, float]]] = [[], []]
    adapters = [LinkAdapter(96), LinkAdapter(140)]

    def keep(number: int) -> Callable[[object], None]:
        return lambda event: beats[number].append((event.line.time, event.line.beat, event.line.tempo))  # type: ignore[attr-defined]

    for number, adapter in enumerate(adapters):
        adapter.open(keep(number), lambda _report: None)
    time.sleep(seconds / 2)
    adapters[0].set_tempo(111)
    time.sleep(seconds / 2)
    (time_a, beat_a, tempo_a), (time_b, beat_b, tempo_b) = (each[-1] for each in beats)
    peers = adapters[0].health()[0].detail
    for adapter in adapters:
        adapter.close()
    off = (beat_b - beat_a - (time_b - time_a) * tempo_a / 60 + 2) % 4 - 2
    return {
        "tempo of one": tempo_a,
        "tempo of the other": tempo_b,
        "phase apart (ms)": off * 60 / tempo_a * 1000,
        "others": float(peers.rpartition(", ")[2].split()[0]),
    }


def _as_a_device() -> None:
    """Where the system permits it, other work on this machine does not keep the device from sending in time."""
    with suppress(AttributeError, OSError):
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(20))


@click.command(help=__doc__)
@click.option("--ours", type=click.Path(exists=True, path_type=Path), help="Another executable than this one.")
@click.option("--frames", default=64, show_default=True, help="In one of JACK's cycles, at 48 kHz.")
@click.option("--realtime/--no-realtime", default=True, help="How JACK is scheduled.")
@click.option("--minutes", default=10.0, show_default=True, help="For which it sends clock.")
@click.option("--only", type=click.Choice(["follow", "ramps", "send", "link"]), multiple=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here.")
def main(
    ours: Path | None, frames: int, realtime: bool, minutes: float, only: tuple[str, ...], json_path: Path | None
) -> None:
    """Measure what is asked for, or everything."""
    end_on_terminate()
    _as_a_device()
    program = Program.at(ours, "ours") if ours else Program.this()
    wanted = only or ("follow", "ramps", "send", "link")
    figures: dict[str, dict[str, float]] = {}

    def show(name: str, found: dict[str, float]) -> None:
        figures[name] = found
        print(f"{name}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items()), flush=True)

    print(json.dumps(machine_facts()))
    if jack_is_installed() and set(wanted) - {"link"}:
        print(f"JACK hands messages over every {period_ms(frames):.2f} ms")
        with tempfile.TemporaryDirectory() as folder, jack_server(frames, realtime=realtime):
            model = usual_model(Path(folder))
            late = heard_late(program, model) if set(wanted) & {"follow", "ramps"} else 0.0
            print(f"a delay of {-late:.2f} ms makes note-ons punctual")
            if "follow" in wanted:
                for seed, tempo in enumerate((60.0, 120.0, 174.3)):
                    show(f"followed at {tempo:g}", followed(program, model, lambda _beat, t=tempo: t, seed, late))  # type: ignore[misc]
            if "ramps" in wanted:
                for name, ramp in RAMPS.items():
                    show(f"followed from {name}", followed(program, model, ramp, 7, late))
            if "send" in wanted:
                show("sent at 120", sent(program, model, 120, minutes))
    if "link" in wanted:
        if find_spec("link") is None:
            print("Ableton Link is not measured: pip install 'impsy[link]'")
        else:
            show("two sessions of Link", linked(10))
    if json_path is not None:
        json_path.write_text(json.dumps({"machine": machine_facts(), "figures": figures}, indent=2) + "\n")


if __name__ == "__main__":
    main()
