"""``impsy config``: look after the config file."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.console import Console
from impsy.cli.terminal import echo
from impsy.errors import ConfigError

if TYPE_CHECKING:
    from impsy.config import Config, LoadedConfig, Problem

__all__ = ["command"]


@click.group(name="config")
def command() -> None:
    """Look after the config file.

    \b
    Examples:
      impsy config check                check config.toml in this folder
      impsy config check stage.toml     check another file
    """


@command.command()
@click.argument("file", default="config.toml", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def check(context: click.Context, file: Path, as_json: bool) -> None:
    """Tell whether FILE (config.toml, if not given) is in order, and what it turns on.

    All errors are told at once, with line and key. The exit code is 0 if IMPSY can play with it, else 1.

    \b
    Examples:
      impsy config check
      impsy config check stage.toml
      impsy config check --json | python -m json.tool
    """
    from impsy.config import load_config

    try:
        loaded = load_config(file)
    except ConfigError as error:
        if not as_json:
            raise
        echo(json.dumps(_report(file, errors=_problems(error)), indent=2))
        context.exit(1)
    if as_json:
        echo(json.dumps(_report(file, loaded), indent=2))
    else:
        _print(file, loaded)


def _print(file: Path, loaded: LoadedConfig) -> None:
    console = Console(highlight=False, markup=False, soft_wrap=True)
    console.print(f"{file} is valid", style="green")
    for name, what in _summary(loaded.config):
        console.print(f"  {name:<12} {what}")
    warnings = [*loaded.warnings, *_model_warnings(loaded)]
    for word, style, problems in (
        ("error", "red", loaded.conflicts),
        ("warning", "yellow", warnings),
        ("note", "dim", loaded.notes),
    ):
        for problem in problems:
            console.print(f"{word}: {problem.short()}", style=style)


def _model_warnings(loaded: LoadedConfig) -> tuple[Problem, ...]:
    """A model file that is not there: the config is in order, playing with it is not."""
    try:
        loaded.model_file()
    except ConfigError as error:
        return tuple(replace(problem, level="warning") for problem in _problems(error))
    return ()


def _problems(error: ConfigError) -> tuple[Problem, ...]:
    from impsy.config import Problem

    found: tuple[Problem, ...] = getattr(error, "problems", ())
    return found or (Problem("error", "", str(error)),)


def _report(file: Path, loaded: LoadedConfig | None = None, errors: tuple[Problem, ...] = ()) -> dict[str, Any]:
    """What ``--json`` prints. ``errors`` keep the file from loading, ``conflicts`` keep a section closed."""
    report: dict[str, Any] = {"file": str(file), "valid": loaded is not None}
    report["errors"] = [asdict(problem) for problem in errors if problem.level == "error"]
    warnings = [problem for problem in errors if problem.level == "warning"]
    if loaded is not None:
        warnings = [*loaded.warnings, *_model_warnings(loaded)]
        report["conflicts"] = [asdict(problem) for problem in loaded.conflicts]
        report["notes"] = [asdict(problem) for problem in loaded.notes]
        report["on"] = dict(_summary(loaded.config))
    report["warnings"] = [asdict(problem) for problem in warnings]
    return report


def _summary(config: Config) -> list[tuple[str, str]]:
    """What this config turns on, a row each: its name and what it is."""
    model = config.model
    rows = [
        ("mode", f"{config.interaction.mode}, answers after {config.interaction.threshold:g} s"),
        ("model", f"{model.file or 'none: plays random values'}, dimension {model.dimension}"),
    ]
    if config.interaction.mode != "callresponse":
        rows[0] = ("mode", config.interaction.mode)
    if config.midi is not None:
        heard, played = (", ".join(ports) or "-" for ports in (config.midi.in_device, config.midi.out_device))
        rows.append(("midi", f"in {heard}; out {played}"))
    if config.osc is not None:
        osc = config.osc
        rows.append(("osc", f"in {osc.server_ip}:{osc.server_port}; out {osc.client_ip}:{osc.client_port}"))
    if config.websocket is not None:
        rows.append(("websocket", f"{config.websocket.server_ip}:{config.websocket.server_port}"))
    if config.serial is not None and not config.serial_stays_closed:
        rows.append(("serial", f"{config.serial.port}, {config.serial.baudrate} baud"))
    if config.serialmidi is not None:
        rows.append(("serialmidi", str(config.serialmidi_port)))
    if config.webui is not None:
        rows.append(("webui", f"monitor port {config.webui.monitor_port}, command port {config.webui.command_port}"))
    kinds = [name for name, on in (("input", config.log_input), ("predictions", config.log_predictions)) if on]
    return [*rows, ("log", " and ".join(kinds) or "nothing")]
