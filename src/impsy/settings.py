"""The live settings: one row each, which everything else reads.

A row gives a setting its key in the configuration and in scenes, its option on the command line, its OSC address, its
command on the page, its range, its default and its words. A new setting is one more field of :class:`Settings`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from math import exp, isfinite, log
from typing import Any, Literal, TypeGuard

from impsy.errors import ConfigError
from impsy.modes import MODES
from impsy.timing.clock import SOURCES
from impsy.timing.grid import GRIDS

__all__ = ["ROWS", "SETTINGS", "Kind", "Setting", "Settings", "Value"]

Kind = Literal["number", "flag", "choice", "table"]
Value = float | bool | str | tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table.

    Attributes:
        name: the field of :class:`Settings`, which ``Set`` events and ``/monitor/state`` use too.
        default: where nothing else is set; its type decides the kind.
        title, help: what users read; ``help`` is a sentence.
        section, key: where the configuration has it; "" for a setting that is only live. Scenes use the key.
        option: as click declares it; "" if there is none.
        address: of OSC; its last part is the page's command. "" for what only the configuration sets.
        unit: ``"s"`` for seconds.
        above_zero: a number that must be more than 0; the others may be 0.
        within: the smallest and the largest number that it can be at all.
        useful: the smallest and the largest number that a command may set while playing, which may come from anyone
            on the network. A configuration, its scenes and the command line may name others.
        choices: the values of a choice.
        slider: the largest value of the page's slider, and the power by which its values grow along the way.
        planned: nothing uses it yet, so that it has no key, option, address or command.
        in_state: ``/monitor/state`` has its value.
    """

    name: str
    default: Value
    title: str
    help: str
    section: str = ""
    key: str = ""
    option: str = ""
    address: str = ""
    unit: str = ""
    above_zero: bool = False
    within: tuple[float, float] | None = None
    useful: tuple[float, float] = (0.0, 1e9)
    choices: tuple[str, ...] = ()
    slider: tuple[float, float] | None = None
    planned: bool = False
    in_state: bool = True

    @property
    def kind(self) -> Kind:
        """What its values are."""
        if isinstance(self.default, bool):
            return "flag"
        return "choice" if self.choices else "table" if isinstance(self.default, tuple) else "number"

    @property
    def flag(self) -> str:
        """Its option as messages name it."""
        return self.option.partition("/")[0]

    @property
    def command(self) -> str:
        """Its name among the page's commands; "" if there is none."""
        return self.address.rpartition("/")[2]

    @property
    def in_scenes(self) -> bool:
        """Whether a scene may set it: what can be set while playing and is kept in a configuration."""
        return bool(self.key and self.address)

    @property
    def wanted(self) -> str:
        """What a value must be, as the end of the sentence "it must be …"."""
        words = {
            "flag": "true or false",
            "choice": f"one of {', '.join(self.choices)}",
            "table": "as the configuration has it",
        }
        if self.kind != "number":
            return words[self.kind]
        if self.within is not None:
            low, high = self.within
            return f"a number from {low:g} to {high:g}"
        number = "a number of seconds" if self.unit == "s" else "a number"
        return f"{number} above 0" if self.above_zero else f"{number}, 0 or more"

    def fault(self, value: object) -> str:
        """What is wrong with this value, in a sentence; "" if nothing is."""
        if self.kind == "choice":
            return "" if value in self.choices else f"there is no {self.name} “{value}”; choose {self.wanted}"
        return "" if self._fits(value) else f"{self.name} cannot be {value}; it must be {self.wanted}"

    def within_useful(self, number: float) -> float:
        """The number itself, or the limit of what is useful that it is beyond; what is at fault stays as it is."""
        low, high = self.within or self.useful
        return min(high, max(low, number)) if self._is_usable(number) else number

    @property
    def is_turned(self) -> bool:
        """Whether a knob may turn it: a number that commands may set, and that has a slider."""
        return self.kind == "number" and bool(self.address) and self.slider is not None

    def at(self, place: float) -> float:
        """The value at a place on the slider, 0 to 1, as the page has it, within what is useful.

        Equal steps multiply where it must be above 0; else the values grow with a power of the place. The setting is
        one that ``is_turned``.
        """
        most, power = self._slider
        place = min(1.0, max(0.0, place))
        least = self._least
        value = least * exp(place * log(most / least)) if self.above_zero else least + (most - least) * place**power
        return self.within_useful(float(f"{value:.9g}"))

    def place(self, value: float) -> float:
        """Where a value is on the slider, 0 to 1: what ``at`` turns round."""
        most, power = self._slider
        least = self._least
        if value <= least:
            return 0.0
        if value >= most:
            return 1.0
        if self.above_zero:
            return log(value / least) / log(most / least)
        return float(((value - least) / (most - least)) ** (1 / power))

    @property
    def _slider(self) -> tuple[float, float]:
        if self.slider is None:
            raise ConfigError(f"{self.name} has no slider")
        return self.slider

    @property
    def _least(self) -> float:
        """The smallest value on the slider."""
        return max(self.useful[0], 1 / self._slider[0] if self.above_zero else 0.0)

    def _fits(self, value: object) -> bool:
        if self.kind != "number":
            return isinstance(value, type(self.default))
        if not self._is_usable(value):
            return False
        return self.within is None or self.within[0] <= value <= self.within[1]

    def _is_usable(self, value: object) -> TypeGuard[float]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value):
            return False
        return value > 0 if self.above_zero else value >= 0 or (self.within is not None and self.within[0] < 0)


def _row(default: Value, title: str, help: str, at: str = "", **columns: Any) -> Any:
    """A field of ``Settings`` that is a live setting; ``at`` is its section and key, as ``"model.pitemp"``."""
    section, _, key = at.partition(".")
    row = {"default": default, "title": title, "help": help, "section": section, "key": key, **columns}
    return field(default=default, metadata={"row": row})


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine plays. ``dimension`` is n + 1, the time step and n controls; all others are live settings.

    ``thru_matrix`` names ports: input -> outputs. ``clock_send`` names outputs. ``hands`` are
    :class:`impsy.mapping.hands.Hand`, one a control.

    Raises:
        ConfigError: a value is out of its range.
    """

    dimension: int
    # fmt: off
    mode: str = _row(
        "callresponse", "Mode", "Who plays when.",
        at="interaction.mode", option="--mode", address="/impsy/mode", choices=tuple(MODES))
    threshold: float = _row(
        0.1, "Answers after", "Seconds of your silence after which the model answers (callresponse).",
        at="interaction.threshold", option="--threshold", address="/impsy/threshold", unit="s", slider=(10, 3),
        useful=(0, 3600))
    input_thru: bool = _row(
        False, "Pass input on", "What you play goes straight to all outputs, too.",
        at="interaction.input_thru", option="--input-thru/--no-input-thru")
    sigma_temperature: float = _row(
        0.01, "Variation", "How far values stray from what the model predicts; more is wilder.",
        at="model.sigmatemp", option="--sigma-temp", address="/impsy/sigmatemp", slider=(2, 4),
        useful=(0, 100))
    pi_temperature: float = _row(
        1.0, "Surprise", "How readily the model chooses what is less likely; more is wilder.",
        at="model.pitemp", option="--pi-temp", address="/impsy/pitemp", slider=(5, 2), useful=(0, 100))
    timescale: float = _row(
        1.0, "Speed", "Stretches the model's time: 2 plays at half speed, 0.5 at double.", above_zero=True, unit="×",
        at="model.timescale", option="--timescale", address="/impsy/timescale", slider=(10, 1),
        useful=(0.01, 100))
    hold: float = _row(
        2.0, "Hold", "Seconds for which a control that you moved stays yours (duet).",
        at="interaction.hold", option="--hold", address="/impsy/hold", unit="s", slider=(10, 3), useful=(0, 3600))
    longest_wait: float = _row(
        8.0, "Longest wait", "Seconds that the model may wait before its next event; 0: as long as it likes.",
        at="interaction.longest_wait", option="--longest-wait", address="/impsy/longest_wait", unit="s",
        slider=(60, 3), useful=(0, 3600))
    clock_source: str = _row(
        "off", "Source", "Whose beat it is: none, this performance's own, MIDI clock, or Ableton Link.",
        at="clock.source", choices=SOURCES)
    tempo: float = _row(
        120.0, "Tempo", "Beats per minute.", above_zero=True, unit="BPM",
        at="clock.tempo", address="/impsy/tempo", slider=(400, 1), within=(20, 400), useful=(20, 400))
    quantise: float = _row(
        0.0, "Quantise", "How far the model's events move to the grid: 0 not at all, 1 onto it.",
        at="clock.quantise", address="/impsy/quantise", slider=(1, 1), within=(0, 1), useful=(0, 1))
    grid: str = _row(
        "1/16", "Grid", "The note values that events are pulled to; t is for triplets.",
        at="clock.grid", address="/impsy/grid", choices=tuple(GRIDS))
    clock_delay: float = _row(
        0.0, "Delay", "Seconds by which events come after the grid; below 0: before it, for MIDI that is slow.",
        at="clock.delay", unit="s", within=(-1, 1))
    clock_send: tuple[str, ...] = _row((), "Send clock", "Outputs that get clock, start and stop.")
    paused: bool = _row(False, "Pause", "The model is silent and predicts nothing.", address="/impsy/pause")
    while_playing: bool = _row(
        False, "Learn while playing", "The model learns from what you play, and takes over what it has learnt.",
        at="learning.while_playing", option="--learn/--no-learn", address="/impsy/learn")
    thru_matrix: tuple[tuple[str, tuple[str, ...]], ...] = _row(
        (), "Pass on by port", "What comes in at a port goes straight to these outputs.")
    hands: tuple[Any, ...] = _row((), "Controls", "How each control may be played.", in_state=False)
    # fmt: on

    def __post_init__(self) -> None:
        if self.dimension < 2:
            raise ConfigError(f"dimension is {self.dimension}; it is at least 2: time and one control")
        for name, row in SETTINGS.items():
            if fault := row.fault(getattr(self, name)):
                raise ConfigError(fault)


ROWS = tuple(Setting(each.name, **each.metadata["row"]) for each in fields(Settings) if "row" in each.metadata)
"""The whole table, with what is planned."""

SETTINGS = {row.name: row for row in ROWS if not row.planned}
"""The live settings in use, by name."""
