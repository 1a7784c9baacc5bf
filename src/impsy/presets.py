"""The presets: ways to play, each a set of live settings. A new preset is one more row.

How their values were chosen: docs/decisions/0022-presets.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isclose
from types import MappingProxyType

from impsy.settings import Settings

__all__ = ["PRESETS", "Preset", "preset_of"]

SAME = 1e-5
"""Two numbers are the same if they differ by no more than this part of the larger one: OSC's numbers have 32 bits."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One row of the table.

    ``title`` and ``help`` are what users read. ``values`` are those of the live settings that it sets, by their
    names.
    """

    name: str
    title: str
    help: str
    values: Mapping[str, float]

    def fits(self, settings: Settings) -> bool:
        """Whether these settings play as the preset does; without shared time, quantise changes nothing."""
        compared = (name for name in self.values if name != "quantise" or settings.clock_source != "off")
        return all(isclose(getattr(settings, name), self.values[name], rel_tol=SAME) for name in compared)


def _row(
    name: str,
    help: str,
    *,
    variation: float,
    surprise: float,
    answers_after: float,
    speed: float,
    quantise: float,
) -> Preset:
    values = {
        "threshold": answers_after,
        "sigma_temperature": variation,
        "pi_temperature": surprise,
        "timescale": speed,
        "quantise": quantise,
    }
    return Preset(name, name.capitalize(), help, MappingProxyType(values))


# fmt: off
PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        _row("calm", "It waits longer, plays slower, and stays with what you moved.",
             variation=0.003, surprise=0.5, answers_after=1.0, speed=1.5, quantise=1.0),
        _row("close", "It plays as it has learnt, mostly on what you moved.",
             variation=0.01, surprise=1.0, answers_after=0.3, speed=1.0, quantise=0.5),
        _row("free", "It turns to other controls than yours, still one at a time.",
             variation=0.015, surprise=2.0, answers_after=0.3, speed=1.0, quantise=0.25),
        _row("wild", "It answers at once, jumps, and moves several controls together.",
             variation=0.05, surprise=3.0, answers_after=0.15, speed=0.7, quantise=0.0),
    )
}
# fmt: on


def preset_of(settings: Settings) -> str:
    """The name of the preset that fits these settings; "" if none does."""
    return next((preset.name for preset in PRESETS.values() if preset.fits(settings)), "")
