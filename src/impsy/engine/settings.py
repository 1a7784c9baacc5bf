"""What can be set of the engine, and in which range."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import isfinite

from impsy.engine.modes import MODES
from impsy.errors import ConfigError

__all__ = ["RANGES", "Settings"]


def _not_negative(value: float) -> bool:
    return isfinite(value) and value >= 0


def _positive(value: float) -> bool:
    return isfinite(value) and value > 0


#: Setting -> (what a good value is, in words; the test).
RANGES: dict[str, tuple[str, Callable[[float], bool]]] = {
    "threshold": ("a number of seconds, 0 or more", _not_negative),
    "sigma_temperature": ("a number, 0 or more", _not_negative),
    "pi_temperature": ("a number, 0 or more", _not_negative),
    "timescale": ("a number above 0", _positive),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """How the engine plays. Names and defaults are those of the configuration file.

    ``dimension`` is n + 1: the time step and n controls. ``threshold`` is in seconds. ``input_thru`` sends what
    the performer moves to every output, ``thru_matrix`` (input port -> output ports) to some.

    Raises:
        ConfigError: a value is out of its range.
    """

    dimension: int
    mode: str = "callresponse"
    threshold: float = 0.1
    input_thru: bool = False
    thru_matrix: tuple[tuple[str, tuple[str, ...]], ...] = ()
    sigma_temperature: float = 0.01
    pi_temperature: float = 1.0
    timescale: float = 1.0

    def __post_init__(self) -> None:
        if self.dimension < 2:
            raise ConfigError(f"dimension is {self.dimension}; it is at least 2: time and one control")
        if self.mode not in MODES:
            raise ConfigError(f"there is no mode “{self.mode}”; choose one of {', '.join(MODES)}")
        for name, (wanted, good) in RANGES.items():
            if not good(getattr(self, name)):
                raise ConfigError(f"{name} is {getattr(self, name)}; it must be {wanted}")
