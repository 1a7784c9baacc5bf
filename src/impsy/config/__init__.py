"""The configuration: typed, checked as a whole, and edited without losing a comment."""

from impsy.config.hands import hands_of
from impsy.config.loading import LoadedConfig, Resolved, known_notes, load_config, parse_config, with_overrides
from impsy.config.problems import InvalidConfigError, InvalidTomlError, Problem
from impsy.config.schema import (
    ClockConfig,
    Config,
    ControlConfig,
    InteractionConfig,
    Mapping,
    MidiConfig,
    Mode,
    ModelConfig,
    OscConfig,
    SceneConfig,
    SerialConfig,
    SerialMidiConfig,
    Size,
    VoiceConfig,
    WebSocketConfig,
    WebuiConfig,
)

__all__ = [
    "ClockConfig",
    "Config",
    "ControlConfig",
    "InteractionConfig",
    "InvalidConfigError",
    "InvalidTomlError",
    "LoadedConfig",
    "Mapping",
    "MidiConfig",
    "Mode",
    "ModelConfig",
    "OscConfig",
    "Problem",
    "Resolved",
    "SceneConfig",
    "SerialConfig",
    "SerialMidiConfig",
    "Size",
    "VoiceConfig",
    "WebSocketConfig",
    "WebuiConfig",
    "hands_of",
    "known_notes",
    "load_config",
    "parse_config",
    "with_overrides",
]
