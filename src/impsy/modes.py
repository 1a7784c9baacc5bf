"""Who plays when: the modes as a table. A new way to interact is a new row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["MODES", "PERFORMER", "Mode"]

PERFORMER = "performer"
"""The name of the performer among those that a voice hears."""


@dataclass(frozen=True, slots=True)
class Mode:
    """One row of the table.

    ``title`` and ``help`` are what users read; the configuration and OSC use the name.
    ``plays``: what makes the model play: ``"after silence"`` (the performer's, ``threshold`` seconds long),
    ``"each event"`` (of the performer's), ``"always"`` or ``"never"``.
    ``hears``: the performer's events go through the network.
    ``feeds_back``: what the model plays is its next input.
    ``yields``: the performer's event stops the model at once.
    ``shares``: each control is whose who moves it: the performer's for a while after a move, else the model's.
    """

    name: str
    title: str
    help: str
    plays: Literal["after silence", "each event", "always", "never"]
    hears: bool
    feeds_back: bool
    yields: bool
    shares: bool = False


# fmt: off
MODES: dict[str, Mode] = {
    mode.name: mode
    for mode in (
        Mode("callresponse", "Call and response", "You play a phrase; when you pause, the model answers.",
             plays="after silence", hears=True, feeds_back=True, yields=True),
        Mode("polyphony", "Together", "To everything you play, the model adds something of its own.",
             plays="each event", hears=True, feeds_back=False, yields=False),
        Mode("battle", "By itself", "The model plays on its own, whatever you do.",
             plays="always", hears=False, feeds_back=True, yields=False),
        Mode("useronly", "Listen only", "You play and it records: good for collecting takes.",
             plays="never", hears=False, feeds_back=False, yields=False),
        Mode("duet", "Duet", "What you move is yours for a while; the model plays the rest, and goes along with you.",
             plays="always", hears=True, feeds_back=True, yields=False, shares=True),
    )
}
# fmt: on
