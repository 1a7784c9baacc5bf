"""``impsy config``: look after the config file."""

from __future__ import annotations

import contextlib
import difflib
import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import PATH, json_option, own
from impsy.cli.terminal import echo, terminal
from impsy.errors import ConfigError, ImpsyError
from impsy.modes import MODES

if TYPE_CHECKING:
    from impsy.config import LoadedConfig, Problem

__all__ = ["command"]


@click.group(name="config")
def command() -> None:
    """Look after the config file.

    \b
    Examples:
      impsy config check                check config.toml in this folder
      impsy config check stage.toml     check another file
      impsy config upgrade              write the present form of an earlier one
    """


@command.command()
@click.argument("file", default="config.toml", type=PATH, callback=own)
@json_option("Print the findings as JSON.")
@click.pass_context
def check(context: click.Context, file: Path, as_json: bool) -> None:
    """Check whether FILE (config.toml, if not given) is in order, and what it turns on.

    All errors are reported together, with line and key, and the models are opened as `impsy run` does it. The exit
    code is 0 if IMPSY can play with it, else 1.

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
    from impsy.perform.models import model_problems, sized

    models = tuple(model_problems(loaded))
    errors = tuple(problem for problem in models if problem.level == "error")
    with contextlib.suppress(ImpsyError):  # one of the errors then
        loaded = sized(loaded)
    warnings = (*loaded.warnings, *loaded.elsewhere, *(problem for problem in models if problem.level == "warning"))
    loaded = replace(loaded, warnings=warnings)
    if as_json:
        echo(json.dumps(_report(file, loaded, errors), indent=2))
    else:
        _print(file, loaded, errors)
    context.exit(1 if errors else 0)


@command.command()
@click.argument("file", default="config.toml", type=PATH, callback=own)
@click.option("--dry-run", is_flag=True, help="Only show the changes, as a diff; write nothing.")
def upgrade(file: Path, dry_run: bool) -> None:
    """Write FILE (config.toml, if not given) in the present form, its comments kept.

    Files of all released versions play as they are; this is for editing them further. What has no effect becomes a
    comment. The old file stays beside it as .bak (one that is there already as .bak.1, and so on). A file in
    the present form is left as it is.

    \b
    Examples:
      impsy config upgrade --dry-run
      impsy config upgrade
      impsy config upgrade gigs/2024.toml
    """
    from impsy.config.document import ConfigDocument
    from impsy.config.upgrade import upgrade_playing_the_same

    document = ConfigDocument.open(file)
    before = document.text
    changes = upgrade_playing_the_same(document)
    if not changes:
        echo(f"{file} is in the present form already: nothing was changed")
        return
    if dry_run:
        rows = difflib.unified_diff(
            before.splitlines(), document.text.splitlines(), str(file), f"{file} in the present form", lineterm=""
        )
        echo("\n".join(rows))
    else:
        document.save(keep_all=True)
        echo(f"{file} is in the present form now; as it was, it is {file.name}.bak")
    for change in changes:
        echo(f"  {change}")
    if dry_run:
        echo("Nothing was written.")


def _print(file: Path, loaded: LoadedConfig, errors: tuple[Problem, ...]) -> None:
    console = terminal()
    if errors:
        console.print(f"{file} is valid, but cannot be played", style="red")
    else:
        console.print(f"{file} is valid", style="green")
    for name, what in _summary(loaded, errors):
        console.print(f"  {name:<12} {what}")
    if loaded.earlier_form:
        console.print(loaded.earlier_form, style="cyan")
    for word, style, problems in (
        ("error", "red", (*errors, *loaded.conflicts)),
        ("warning", "yellow", loaded.warnings),
        ("note", "dim", loaded.notes),
    ):
        for problem in problems:
            console.print(f"{word}: {problem.short()}", style=style)


def _problems(error: ConfigError) -> tuple[Problem, ...]:
    from impsy.config import Problem

    found: tuple[Problem, ...] = getattr(error, "problems", ())
    return found or (Problem("error", "", str(error)),)


def _report(file: Path, loaded: LoadedConfig | None = None, errors: tuple[Problem, ...] = ()) -> dict[str, Any]:
    """What ``--json`` prints. ``errors`` keep it from playing, ``conflicts`` keep a section closed."""
    wrong = [problem for problem in errors if problem.level == "error"]
    report: dict[str, Any] = {"file": str(file), "valid": loaded is not None, "plays": not wrong}
    report["errors"] = [asdict(problem) for problem in wrong]
    warnings = [problem for problem in errors if problem.level == "warning"]
    if loaded is not None:
        warnings = list(loaded.warnings)
        for key in ("conflicts", "notes", "understood"):
            report[key] = [asdict(problem) for problem in getattr(loaded, key)]
        report["on"] = dict(_summary(loaded, errors))
    report["warnings"] = [asdict(problem) for problem in warnings]
    return report


def _summary(loaded: LoadedConfig, errors: tuple[Problem, ...]) -> list[tuple[str, str]]:
    """What this config turns on, a row each: its name and what it is."""
    config, model = loaded.config, loaded.config.model
    # Where it is left out, and the model that has it cannot be opened, there is no dimension.
    known = loaded.dimension_from != "model" or not errors
    taken = {"mappings": ", as its mappings have", "model": ", as its model has"}.get(loaded.dimension_from, "")
    dimension = f"dimension {model.dimension}{taken}" if known else "dimension unknown"
    mode = MODES[config.interaction.mode]
    answers = f", answers after {config.interaction.threshold:g} s" if mode.plays == "after silence" else ""
    rows = [
        ("mode", f"{mode.name}{answers}"),
        ("model", f"{model.file or 'none: plays random values'}, {dimension}"),
    ]
    if config.voices:
        rows[-1] = ("model", f"one for each voice, {dimension}")
        plain = "none: plays random values"
        rows += [(f"voice {voice.name}", f"{voice.model or plain}, {voice.words}") for voice in config.voices]
    clock = config.clock
    if clock.source != "off":
        tempo = f", {clock.tempo:g} BPM" if clock.source == "internal" else ""
        pull = f", quantise {clock.quantise:g} to {clock.grid}" if clock.quantise else ""
        sent = f", sent to {', '.join(clock.send)}" if clock.send else ""
        rows.append(("clock", f"{clock.source}{tempo}{pull}{sent}"))
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
