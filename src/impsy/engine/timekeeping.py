"""Shared time in the engine: what its settings and events mean for the beat, and the clock that others are sent."""

from __future__ import annotations

from math import ceil

from impsy.copying import copied
from impsy.engine.snapshot import Beat
from impsy.engine.waiting import Prediction, Waiting
from impsy.events import Command, LinkBeat, MidiClock, Report, SendStop, SendTempo, SendTick
from impsy.settings import SETTINGS, Settings
from impsy.timing.clock import BeatClock
from impsy.timing.following import TICKS_A_BEAT
from impsy.timing.grid import GRIDS

__all__ = ["Timekeeping"]

SKIP_AFTER = 1.0
"""Seconds of lateness (after the computer slept) beyond which ticks are left out; receivers are then located anew."""

FOLLOWED_AFTER = 0.0003
"""Seconds. What waits is moved once the beat is off by more; each tick of MIDI clock moves it a little."""

ROUNDING = 1e-6
"""Of a tick."""


class Timekeeping:
    """Keeps the beat of a performance, pulls what is planned to its grid, and says when ticks are to be sent.

    Args:
        settings: source, tempo, grid, quantise and ports.
        now: when the performance starts.
    """

    def __init__(self, settings: Settings, now: float) -> None:
        self._settings = settings
        self._step = GRIDS[settings.grid]
        self._clock = BeatClock(settings.clock_source, settings.tempo, now)
        self._followed = self._clock.line
        self._next_tick = 0
        self._ticks = True

    def fork(self) -> Timekeeping:
        """A copy that shares nothing that changes, and sends no ticks."""
        return copied(self, _clock=self._clock.fork(), _ticks=False)

    def begin(self, now: float) -> None:
        """The performance starts: the first beat of its own is here."""
        self._clock.begin(now)
        self._locate(now)

    # --- what is planned ---------------------------------------------------------------------------

    def place(self, due: float, earliest: float) -> tuple[float, float | None]:
        """When what is planned for ``due`` is played, and the beat that it is pulled to. None before ``earliest``."""
        delay, share = self._settings.clock_delay, self._settings.quantise
        placed, beat = self._clock.place(due - delay, self._step, share, earliest - delay)
        return (due if beat is None else placed + delay), beat

    def _placed_again(self, each: Prediction) -> Prediction:
        """The same beat, at the time that it has now."""
        if each.beat is None:
            return each
        delay = self._settings.clock_delay
        due = self._clock.again(each.planned - delay, each.beat, self._settings.quantise)
        return each._replace(due=due + delay)

    def follow(self, waiting: Waiting, now: float) -> None:
        """The beat may have changed: what waits stays on it."""
        line, before = self._clock.line, self._followed
        if line is None or line is before or not waiting or not self._settings.quantise:
            return
        if before is None or abs(line.time_of(before.beat_at(now)) - now) > FOLLOWED_AFTER or self._drifts():
            self._followed = line
            waiting.change(self._placed_again)

    def _drifts(self) -> bool:
        """Whether the beat after this one is off by more than is let pass."""
        line, before = self._clock.line, self._followed
        if line is None or before is None:
            return True
        return abs(60 / line.tempo - 60 / before.tempo) > FOLLOWED_AFTER

    def place_again(self, waiting: Waiting, now: float) -> None:
        """The grid has changed, or its beats are counted anew: what waits is pulled to it afresh."""
        self._followed = self._clock.line

        def placed(each: Prediction) -> Prediction:
            due, beat = self.place(each.planned, now)
            return each._replace(due=due, beat=beat)

        waiting.change(placed)

    def keep(self, waiting: Waiting, now: float, *, anew: bool) -> None:
        """Keep what waits on the beat. ``anew``: it is pulled to it afresh."""
        if anew:
            self.place_again(waiting, now)
        else:
            self.follow(waiting, now)

    # --- what happens ------------------------------------------------------------------------------

    def configure(self, settings: Settings, name: str, now: float) -> list[Command]:
        """Another value of a setting."""
        before, self._settings = self._settings, settings
        self._step = GRIDS[settings.grid]
        match name:
            case "clock_source":
                ports = before.clock_send
                self._clock.use(settings.clock_source, now)
                self._locate(now)
                return [SendStop(ports, forget=True)] if ports else []
            case "clock_send":
                self._locate(now)
                gone = tuple(port for port in before.clock_send if port not in settings.clock_send)
                return [SendStop(gone, forget=True)] if gone else []
            case "tempo":
                return self._set_tempo(now)
        return []

    def _set_tempo(self, now: float) -> list[Command]:
        source = self._settings.clock_source
        self._clock.set_tempo(self._settings.tempo, now)
        if source == "link":
            return [SendTempo(self._settings.tempo)]
        if source == "midi" and self._clock.locked:
            text = f"the tempo is that of the MIDI clock at {self._clock.port}: another one counts once that is gone"
            return [Report("tempo-followed", text, "info")]
        return []

    def tap(self, now: float) -> tuple[float | None, list[Command]]:
        """A tap: the tempo that it means (None: none yet), and what to report."""
        source = self._settings.clock_source
        if source in ("internal", "link"):
            tempo = self._clock.tap(now)
            return (None if tempo is None else SETTINGS["tempo"].within_useful(tempo)), []
        follows = "it follows MIDI clock" if source == "midi" else "this performance has no tempo"
        text = f'a tap was not used: {follows}. [clock] source = "internal" gives it a tempo of its own'
        return None, [Report("tap-unused", text, "info")]

    def put_beat(self, now: float) -> None:
        """A beat was tapped here."""
        self._clock.put_beat(now)
        self._locate(now, at_least=self._next_tick)

    def hear(self, event: MidiClock | LinkBeat, now: float) -> tuple[bool, list[Command]]:
        """A message of a clock: whether beats are counted anew, and what to do."""
        clock, was_locked = self._clock, self._clock.locked
        if isinstance(event, LinkBeat):
            anew = clock.link(event.line, event.peers)
        else:
            anew = clock.midi(event.message, event.port, event.position, now)
        commands: list[Command] = []
        if clock.locked and not was_locked and clock.source == "midi":
            text = f"following the MIDI clock at {clock.port}"
            commands.append(Report("clock-followed", text, "info", always=True))
        ports = self._settings.clock_send
        if anew and ports:
            forget = isinstance(event, LinkBeat) or event.message == "start"
            commands.append(SendStop(ports, forget=forget))
        if anew:
            self._locate(now)
        return anew, commands

    # --- what is sent ------------------------------------------------------------------------------

    @property
    def deadline(self) -> float | None:
        """When ``advance`` has something to do next."""
        line, lost_at = self._clock.line, self._clock.lost_at
        if line is None or not self._ticks or not self._settings.clock_send:
            return lost_at
        tick = line.time_of(self._next_tick / TICKS_A_BEAT)
        return tick if lost_at is None else min(tick, lost_at)

    def advance(self, now: float, *, rolling: bool) -> list[Command]:
        """The ticks that are due; a clock that was lost is reported. ``rolling``: whether receivers are to play."""
        commands: list[Command] = []
        if self._clock.lose(now):
            text = (
                f"no MIDI clock comes from {self._clock.port} any more: going on at {self._clock.tempo:.1f} beats a "
                "minute. Check its cable, or start its clock"
            )
            commands.append(Report("clock-lost", text, always=True))
        line, ports = self._clock.line, self._settings.clock_send
        if line is None or not self._ticks or not ports:
            return commands
        if now - line.time_of(self._next_tick / TICKS_A_BEAT) > SKIP_AFTER:
            commands.append(SendStop(ports))
            self._locate(now)
        while (due := line.time_of(self._next_tick / TICKS_A_BEAT)) <= now:
            commands.append(SendTick(self._next_tick, rolling, ports, due))
            self._next_tick += 1
        return commands

    def _locate(self, now: float, at_least: int | None = None) -> None:
        """The next tick is the first that is not past."""
        line = self._clock.line
        if line is not None:
            tick = ceil(line.beat_at(now) * TICKS_A_BEAT - ROUNDING)
            self._next_tick = tick if at_least is None else max(tick, at_least)

    def end(self) -> list[Command]:
        """The performance is over: receivers stop."""
        ports = self._settings.clock_send
        return [SendStop(ports, forget=True)] if ports else []

    def view(self) -> Beat:
        """The beat as others see it."""
        clock = self._clock
        return Beat(clock.source, clock.tempo, clock.line, clock.locked)
