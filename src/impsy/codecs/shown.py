"""What others may read of a performance."""

from __future__ import annotations

from dataclasses import dataclass

from impsy.settings import Settings

__all__ = ["Description", "Shown"]


@dataclass(frozen=True, slots=True)
class Description:
    """Of an instrument: its title, and the names of its controls from the first ("" for none)."""

    title: str = ""
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shown:
    """Of a performance at one moment.

    ``played`` are the performer's values x_1 … x_n, ``predicted`` the model's, all in [0, 1]. Before the model has
    played they are the same.
    """

    settings: Settings
    played: tuple[float, ...]
    predicted: tuple[float, ...]
    model: str = ""
    scene: str = ""
    scenes: tuple[str, ...] = ()
