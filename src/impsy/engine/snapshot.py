"""The engine's state as others read it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from impsy.settings import Settings

__all__ = ["Counters", "Outlook", "Snapshot", "Turn"]

Turn = Literal["performer", "model", "both", "nobody"]
"""Who plays."""


class Outlook(NamedTuple):
    """What the model intends. Two that are equal say that nothing has changed in between.

    ``due``: when it does something next; None: nothing is planned. ``what``: an ``"event"`` is played, or an
    ``"answer"`` begins (its first event is not thought of yet). ``revision`` grows whenever what the model
    predicts may have become another. ``settings``: the temperatures shape what is drawn from that.
    """

    due: float | None
    what: Literal["event", "answer"] | None
    revision: int
    settings: Settings


@dataclass(slots=True)
class Counters:
    """How often things happened since the start.

    ``heard``: the performer's events. ``skipped``: those of them that came too fast to be answered (they are
    logged all the same). ``rejected``: events of a wrong length. ``predicted``, ``played``: the model's.
    ``cancelled``: predictions that were never played, because the performer came back or something changed.
    ``overflowed``: predictions dropped because too many were waiting. ``not_finite``: predictions that held a
    NaN or an infinity. ``panics``: how often everything was silenced.
    """

    heard: int = 0
    skipped: int = 0
    rejected: int = 0
    predicted: int = 0
    played: int = 0
    cancelled: int = 0
    overflowed: int = 0
    not_finite: int = 0
    panics: int = 0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The engine at one moment. ``turn`` is who plays."""

    settings: Settings
    model: str
    turn: Turn
    waiting: int
    input_values: tuple[float, ...]
    output_values: tuple[float, ...]
    counters: Counters = field(default_factory=Counters)
