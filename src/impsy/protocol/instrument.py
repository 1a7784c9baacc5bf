"""What ``impsy export-page`` puts into a page that plays by itself: the configuration, and facts of the models."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from impsy.protocol.workspace import Control, Scene

__all__ = ["ExportedHand", "ExportedModel", "Instrument"]


@dataclass(frozen=True, slots=True)
class ExportedHand:
    """How one control is played: limits, notes (rising; empty: any value), seconds of gate and repeat.

    gate: null: a note lasts until the next one. velocity: the control (from 0) of the velocity of its notes.
    """

    name: str
    enabled: bool
    low: float
    high: float
    notes: list[int]
    gate: float | None
    repeat: float
    velocity: int | None


@dataclass(frozen=True, slots=True)
class ExportedModel:
    """A model that comes with the page.

    name: of its file. place: the id of the element that holds it, after "#", or its address on the page's site.
    facts: what its maker says of it.
    """

    name: str
    dimension: int
    place: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument that runs in a page.

    version: IMPSY's. settings: the live settings by name, where they are not the defaults' own. log_input,
    log_predictions: whose rows are recorded. models: the first one plays; empty: one has to be opened. site: it is
    several files on a web host, one of which works offline.
    """

    version: str
    title: str
    dimension: int
    settings: dict[str, Any]
    hands: list[ExportedHand]
    log_input: bool
    log_predictions: bool
    controls: list[Control]
    scenes: list[Scene]
    models: list[ExportedModel]
    site: bool
