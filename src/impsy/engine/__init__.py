"""The instrument's state machine: events and times in, commands and the next deadline out.

Nothing here reads a clock, a socket, a thread or global randomness, so that a performance replays bit for bit
from its log and its seed.
"""

from impsy.engine.engine import Engine
from impsy.engine.ensemble import Ensemble, Playing
from impsy.engine.hearing import Heard
from impsy.engine.playback import MINIMUM_DT, Step, to_step
from impsy.engine.snapshot import Counters, Forecast, Snapshot, Turn, VoiceSnapshot
from impsy.engine.voice import Voice
from impsy.modes import MODES, PERFORMER, Mode
from impsy.settings import Settings

__all__ = [
    "MINIMUM_DT",
    "MODES",
    "PERFORMER",
    "Counters",
    "Engine",
    "Ensemble",
    "Forecast",
    "Heard",
    "Mode",
    "Playing",
    "Settings",
    "Snapshot",
    "Step",
    "Turn",
    "Voice",
    "VoiceSnapshot",
    "to_step",
]
