"""A live performance: the session, building it from a configuration, its log, replaying it."""

from impsy.perform.building.models import STAND_IN, open_configured_model, open_configured_models
from impsy.perform.building.ports import Port, Ports
from impsy.perform.building.session import WantedPorts, build_session, engine_settings
from impsy.perform.clock import Clock
from impsy.perform.models import sized
from impsy.perform.recording.recorder import Recorder
from impsy.perform.reload import Reloader
from impsy.perform.replaying.rows import read_performance, replay
from impsy.perform.reports import Reports
from impsy.perform.session import Session, SessionView
from impsy.perform.simulated.phrasing import MovedControls, Phrasing, dialogue, phrases
from impsy.perform.simulated.scripted import ScriptedPerformer

__all__ = [
    "STAND_IN",
    "Clock",
    "MovedControls",
    "Phrasing",
    "Port",
    "Ports",
    "Recorder",
    "Reloader",
    "Reports",
    "ScriptedPerformer",
    "Session",
    "SessionView",
    "WantedPorts",
    "build_session",
    "dialogue",
    "engine_settings",
    "open_configured_model",
    "open_configured_models",
    "phrases",
    "read_performance",
    "replay",
    "sized",
]
