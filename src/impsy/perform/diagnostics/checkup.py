"""Checks a workspace before a concert: what works, what does not, and what to do about it.

Each check is a function in a table: it gets the workspace and yields what it finds.
"""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from impsy.config import LoadedConfig, Problem, parse_config
from impsy.config.checks import mapping_lengths
from impsy.config.earlier.forms import present_form
from impsy.config.loading import decode, parse_toml, read_file
from impsy.config.localports import page_says
from impsy.config.positions import format_path
from impsy.errors import ConfigError, ImpsyError, ModelError
from impsy.modes import MODES
from impsy.perform.diagnostics.portcheck import check_ports
from impsy.perform.models import how_to_choose, open_voice, sized
from impsy.perform.priority import ADVICE, realtime_priority
from impsy.protocol.workspace import Way
from impsy.version import __version__

if TYPE_CHECKING:
    from impsy.models.opening import OpenedModel
    from impsy.models.predictor import MixturePredictor

__all__ = ["CHECKS", "Check", "Finding", "Workspace", "check_up"]

Level = Literal["ok", "warning", "problem"]

STEPS = 300
"""Steps of the model that are timed; fewer if they take longer than ``STEP_SECONDS`` together."""

STEP_SECONDS = 0.5

SLOW_STEP_MS = 5.0
"""With a longer step the model is audibly late: 10 ms are audible, and the sound card adds its latency."""

WAITS = 60
WAIT_SECONDS = 0.010
LATE_MS = 3.0
"""Waking up later than this, once in a hundred times, makes rhythms uneven."""

LEAST_FREE_BYTES = 100_000_000
"""Free disk space below which it is time to tidy up: about 100 hours of playing, or one model in training."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found. ``problem``: it keeps IMPSY from playing. ``advice`` is what to do, or empty."""

    check: str
    level: Level
    text: str
    advice: str = ""


class Workspace:
    """A configuration file and what lies around it, as far as they can be read.

    Args:
        file: the configuration, which may be missing or wrong.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.folder = file.absolute().parent
        self.loaded: LoadedConfig | None = None
        self.errors: tuple[Problem, ...] = ()
        self.tables: dict[str, Any] = {}
        """The plain tables of the file in the present form, whether valid or not."""
        try:
            text = decode(read_file(file), str(file))
            self.tables = present_form(parse_toml(text, str(file)), whole_lists=True).tables
            self.loaded = parse_config(text, str(file), file)
            self.loaded = sized(self.loaded)
        except ImpsyError as error:
            problems = getattr(error, "problems", ()) or (Problem("error", "", str(error)),)
            if self.loaded is None or problems[0].key == "model.dimension":
                self.errors = problems  # other errors of the model are reported by its own check

    def table(self, *names: str) -> dict[str, Any]:
        """One section as the file has it; empty where there is none."""
        found: Any = self.tables
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    @property
    def model_file(self) -> Path | None:
        """The configured model file, even where the rest of the configuration is wrong; None: there is none.

        Raises:
            ConfigError: there is no such file.
        """
        name = self.table("model").get("file")
        if not isinstance(name, str) or not name:
            return None
        if self.loaded is not None:
            return self.loaded.model_file()
        tried = tuple(dict.fromkeys((self.folder / name, Path.cwd() / name)))
        found = next((path for path in tried if path.exists()), None)
        if found is None:
            raise ConfigError(f"there is no {' or '.join(map(str, tried))}")
        return found

    @cached_property
    def model(self) -> OpenedModel | ImpsyError | None:
        """The model, or why it cannot be opened; None where the configuration names none."""
        from impsy.models.opening import open_model

        try:
            path = self.model_file
            return None if path is None else open_model(path)
        except (ConfigError, ModelError) as error:
            return error


class Check(NamedTuple):
    """One row of the table: what it is called, and what does it."""

    name: str
    look: Callable[[Workspace], Iterable[Finding]]


def check_up(file: Path) -> Iterator[Finding]:
    """Check a workspace; yields each finding as soon as it is made (about two seconds in all)."""
    workspace = Workspace(file)
    for check in CHECKS:
        yield from check.look(workspace)


# --- the configuration ------------------------------------------------------------------------------


def _config(workspace: Workspace) -> Iterator[Finding]:
    for problem in workspace.errors:
        level: Level = "problem" if problem.level == "error" else "warning"
        yield Finding("config", level, _where(problem), problem.hint or "Correct it, then check again")
    loaded = workspace.loaded
    if loaded is None or workspace.errors:
        return
    yield Finding("config", "ok", f"{workspace.file} is valid")
    if loaded.earlier_form:
        yield Finding("config", "ok", loaded.earlier_form)
    for problem in (*loaded.conflicts, *loaded.warnings, *loaded.elsewhere):
        yield Finding("config", "warning", _where(problem), problem.hint)


def _where(problem: Problem) -> str:
    parts = [f"line {problem.line}" if problem.line else "", problem.key, problem.text]
    return ": ".join(part for part in parts if part)


# --- the model --------------------------------------------------------------------------------------


def _model(workspace: Workspace) -> Iterator[Finding]:
    if "voices" in workspace.tables:
        if workspace.loaded is not None:  # else it is wrong, and its own check says so
            yield from _voices(workspace.loaded)
        return
    model = workspace.model
    if model is None:
        if workspace.tables:
            text = "no model file is named: random gestures will be played"
            yield Finding("model", "warning", text, "Name a trained model in [model] file")
        return
    if isinstance(model, ImpsyError):
        yield _unusable(model, "", "Name another file in [model] file, or none")
        return
    yield from _opened(model)


def _voices(loaded: LoadedConfig) -> Iterator[Finding]:
    """The model of each voice, against the number of its controls."""
    for index, voice in enumerate(loaded.config.voices):
        try:
            model = open_voice(loaded, index)
        except (ConfigError, ModelError) as error:
            yield _unusable(error, f"voice {voice.name}: ", "Name another file as its model, or none")
            continue
        if model is None:
            text = f"voice {voice.name} names no model file: it will play random gestures"
            yield Finding("model", "warning", text, "Name a trained model in its model")
        else:
            yield from _opened(model, f"voice {voice.name}: ")


def _unusable(error: ImpsyError, whose: str, remedy: str) -> Finding:
    problem = getattr(error, "problems", (None,))[0]
    advice = (problem.hint if problem else "") or remedy
    return Finding("model", "problem", whose + (problem.text if problem else str(error)), advice)


def _opened(model: OpenedModel, whose: str = "") -> Iterator[Finding]:
    text = f"{whose}{model.path.name} opens: {model.format}, dimension {model.dimension}, runs by {model.runs}"
    yield Finding("model", "ok", text)
    yield _step_time(model.predictor)


def _step_time(predictor: MixturePredictor) -> Finding:
    """How long one event takes: heard, and the next one drawn."""
    from numpy.random import default_rng

    rng = default_rng(0)
    event = [0.1] + [0.5] * (predictor.dimension - 1)
    taken: list[float] = []
    end = time.perf_counter() + STEP_SECONDS
    while len(taken) < STEPS and (now := time.perf_counter()) < end:
        predictor.hear(event)
        predictor.sample(rng, 1.0, 0.01)
        taken.append((time.perf_counter() - now) * 1e3)
    predictor.reset()
    p50, p99 = _percentile(taken, 50), _percentile(taken, 99)
    text = f"one step takes {p50:.2f} ms (99 of 100 less than {p99:.2f} ms)"
    if p50 > SLOW_STEP_MS:
        advice = (
            "Use a smaller model, or its .tflite (impsy convert-tflite); see that nothing else keeps the machine busy"
        )
        return Finding("model", "warning", text, advice)
    return Finding("model", "ok", text)


def _dimensions(workspace: Workspace) -> Iterator[Finding]:
    """The configuration's dimension and the length of each mapping, against the model's."""
    model = None if "voices" in workspace.tables else workspace.model
    if model is None or isinstance(model, ImpsyError):
        return
    mappings = [(format_path(path), length) for path, length in mapping_lengths(workspace.tables) if length]
    dimension = workspace.table("model").get("dimension", model.dimension)
    if dimension != model.dimension:
        is_number = isinstance(dimension, int) and dimension >= 2
        text = f"the model has dimension {model.dimension}, but [model] dimension is {dimension}"
        text += f": {model.dimension - 1} controls and {dimension - 1}" if is_number else ""
        advice = f"Set it to {model.dimension} (dimension = {model.dimension}), or name a model for your controls"
        if is_number:
            advice += f": {how_to_choose(model.dimension, dimension, mapped=False, folder=model.path.parent)}"
        yield Finding("mappings", "problem", text, advice)
    wanted = model.dimension - 1
    wrong = [(key, length) for key, length in mappings if length != wanted]
    for key, length in wrong:
        text = f"{key} has {length} {'entry' if length == 1 else 'entries'}, but the model has {wanted} values"
        verb = f"add {wanted - length}" if length < wanted else f"remove {length - wanted}"
        make = f"`impsy map --controls {wanted} --set-dimension` makes a mapping"
        train = f"`impsy dataset -D {length + 1}`, then `impsy train -D {length + 1}`, makes a model for it"
        yield Finding("mappings", "problem", text, f"{verb.capitalize()} ({make}), or keep it: {train}")
    if not wrong and dimension == model.dimension:
        yield Finding("mappings", "ok", f"dimension and mappings fit the model: {wanted} values")


# --- ports ------------------------------------------------------------------------------------------


def _ports(workspace: Workspace) -> Iterator[Finding]:
    if workspace.loaded is None:
        return
    config = workspace.loaded.config
    said = (page_says(folder).get("monitor_port") for folder in workspace.loaded.folders())
    checks = check_ports(config, [port for port in said if port])
    for check in checks:
        yield Finding("ports", "ok" if check.usable else "warning", f"{check.key}: {check.text}", check.advice)
    plays = [check for check in checks if check.hears or check.plays]
    if not plays:
        text = "no input or output is turned on"
        yield Finding("ports", "warning", text, "Add a section such as [osc] or [midi]; `impsy ports` lists devices")
        return
    whole = config.interaction.mode
    modes = [MODES[name] for name in {voice.mode or whole: None for voice in config.voices} or (whole,)]
    if all(mode.plays != "always" for mode in modes) and not _any_usable(check for check in plays if check.hears):
        text = f"nothing can be received in the mode {', '.join(mode.name for mode in modes)}: no input is there"
        yield Finding("ports", "problem", text, "Turn an input on, or see to those above")
    if any(mode.plays != "never" for mode in modes) and not _any_usable(check for check in plays if check.plays):
        yield Finding("ports", "problem", "nothing can be played: no output is there", "See to those above")


def _any_usable(checks: Iterable[Way]) -> bool:
    return any(check.usable for check in checks)


# --- the machine ------------------------------------------------------------------------------------


def _folders(workspace: Workspace) -> Iterator[Finding]:
    for name, what in (("logs", "what you play is not recorded"), ("datasets", ""), ("models", "")):
        folder = workspace.folder / name
        place = next(path for path in (folder, *folder.parents) if path.exists())
        try:
            with tempfile.TemporaryFile(dir=place):
                pass
        except OSError as error:
            loss = f", so {what}" if what else ""
            text = f"{folder} cannot be written ({error.strerror or error}){loss}"
            yield Finding("folders", "warning", text, "Change its owner or its permissions")
        else:
            yield Finding(
                "folders", "ok", f"{folder} can be written" + ("" if place == folder else ", once it is made")
            )
    free = shutil.disk_usage(workspace.folder if workspace.folder.exists() else Path.cwd()).free
    text = f"{free / 1e9:.1f} GB of disk are free"
    few = free < LEAST_FREE_BYTES
    yield Finding("folders", "warning" if few else "ok", text, "Make room before you record" if few else "")


def _clock(_workspace: Workspace) -> Iterator[Finding]:
    """How late a wait of 10 ms ends: the engine's thread waits in the same way."""
    queue: SimpleQueue[None] = SimpleQueue()
    late = []
    with realtime_priority() as permitted:
        for _ in range(WAITS):
            due = time.monotonic() + WAIT_SECONDS
            try:
                queue.get(timeout=WAIT_SECONDS)
            except Empty:
                late.append((time.monotonic() - due) * 1e3)
    p50, p99 = _percentile(late, 50), _percentile(late, 99)
    text = f"a wait of 10 ms ends {p50:.2f} ms late (99 of 100 less than {p99:.2f} ms)"
    text += ", with real-time priority" if permitted else ", without real-time priority"
    if p99 > LATE_MS:
        advice = "Close other programs, plug the machine in, and turn power saving off while you play"
        advice += "" if permitted else f". {ADVICE}"
        yield Finding("clock", "warning", text, advice)
    else:
        yield Finding("clock", "ok", text)


def _percentile(values: list[float], percent: int) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def _versions(_workspace: Workspace) -> Iterator[Finding]:
    from impsy.models.litert import litert_is_installed

    yield Finding("versions", "ok", f"IMPSY {__version__}, Python {platform.python_version()} ({sys.executable})")
    yield Finding("versions", "ok", platform.platform())
    known = {name: _version_of(name) for name in ("numpy", "ai-edge-litert", *_DRIVERS)}
    text = ", ".join(f"{name} {version}" for name, version in known.items() if version)
    yield Finding("versions", "ok", text)
    if not litert_is_installed():
        text = "LiteRT is not installed: models run by NumPy, more slowly"
        yield Finding("versions", "warning", text, "pip install ai-edge-litert (there is none for Intel Macs)")


_DRIVERS = ("python-rtmidi", "python-osc", "serialx", "websockets")


def _version_of(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


CHECKS = (
    Check("versions", _versions),
    Check("config", _config),
    Check("model", _model),
    Check("mappings", _dimensions),
    Check("ports", _ports),
    Check("folders", _folders),
    Check("clock", _clock),
)
"""In the order of the report."""
