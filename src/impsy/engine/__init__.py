"""The instrument's state machine: events and times in, commands and the next deadline out.

Nothing here reads a clock, a socket, a thread or global randomness, so that a performance replays bit for bit
from its log and its seed.
"""

from impsy.engine.engine import Engine
from impsy.engine.playback import MINIMUM_DT, Step, to_step
from impsy.engine.snapshot import Counters, Forecast, Snapshot, Turn
from impsy.modes import MODES, Mode
from impsy.settings import Settings

__all__ = [
    "MINIMUM_DT",
    "MODES",
    "Counters",
    "Engine",
    "Forecast",
    "Mode",
    "Settings",
    "Snapshot",
    "Step",
    "Turn",
    "to_step",
]
