"""``impsy ports``: what is plugged in, and what of it the configuration means."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.options import FILE, json_option
from impsy.cli.terminal import echo, terminal
from impsy.errors import ConfigError

if TYPE_CHECKING:
    from impsy.config import Config
    from impsy.perform.diagnostics.devices import FoundMidi, FoundSerial, Wanted

__all__ = ["command", "print_ports"]


@click.command("ports")
@click.option(
    "-c",
    "--config",
    "config_file",
    type=FILE,
    help="The configuration whose names are looked for.  [default: config.toml, if there is one]",
)
@click.option("--api", help="The MIDI system, such as ALSA, JACK or CoreMIDI.  [default: the configuration's]")
@json_option("Print the lists as JSON.")
@click.pass_context
def command(context: click.Context, config_file: Path | None, api: str | None, as_json: bool) -> None:
    """List the MIDI and serial ports that there are, and which of them the configuration's names mean.

    A part of a MIDI port's name is enough, in any case. A port or client of exactly that name is preferred, then a
    part that ends where a word ends; where several ports fit equally, the first is used. Numbers that the system
    gives may have changed. The exit code is 1 if the MIDI system that --api names cannot be used, else 0.

    \b
    Examples:
      impsy ports
      impsy ports -c gigs/friday.toml
      impsy ports --api JACK --json
    """
    from impsy.perform.diagnostics.devices import (
        find_midi_ports,
        find_serial_ports,
        wanted_midi_ports,
        wanted_serial_ports,
    )

    config = _config(config_file)
    midi_section = config.midi_in_use if config else None
    midi = find_midi_ports(api or (midi_section.api if midi_section else None))
    serial = find_serial_ports()
    wanted: list[Wanted] = []
    if config is not None:
        wanted += wanted_midi_ports(midi_section, midi, config.command_ports) if midi_section else ()
        wanted += wanted_serial_ports(config, serial)
    if as_json:
        report = {"midi": asdict(midi), "serial": asdict(serial), "wanted": [asdict(each) for each in wanted]}
        echo(json.dumps(report, indent=2))
    else:
        print_ports(midi, serial, wanted, None if config is None else str(config_file or "config.toml"))
    if api and midi.error:
        context.exit(1)


def _config(config_file: Path | None) -> Config | None:
    """The configuration; None if none was named and there is none here, or the one here is wrong.

    Raises:
        ConfigError: the one that was named cannot be used.
    """
    from impsy.config import load_config

    try:
        return load_config(config_file or Path("config.toml")).config
    except ConfigError as error:
        if config_file is not None:
            raise
        if Path("config.toml").exists():
            echo(f"config.toml is left aside: {error}", err=True)
        return None


def print_ports(midi: FoundMidi, serial: FoundSerial, wanted: list[Wanted], config_file: str | None) -> None:
    """Print a table of the ports found, and one of those that ``config_file`` wants, each with the one it means."""
    console = terminal()
    meant: dict[tuple[str, str], list[str]] = {}
    for each in wanted:
        if each.found:
            meant.setdefault((_group(each), each.found), []).append(f"“{each.name}”")

    def show(title: str, rows: list[tuple[str, str]], group: str, error: str = "") -> None:
        console.print(title + ("" if rows or error else ": none"), style="bold")
        if error:
            console.print(f"  {error}", style="yellow")
        for port, about in rows:
            names = ", ".join(meant.get((group, port), ()))
            console.print(f"  {port}" + (f"  ({about})" if about else ""), end="")
            console.print(f"  ← {names}" if names else "", style="green")

    if midi.error:
        show("MIDI", [], "", midi.error)
    else:
        show(f"MIDI inputs ({midi.system})", [(port, "") for port in midi.inputs], "MIDI input")
        show(f"MIDI outputs ({midi.system})", [(port, "") for port in midi.outputs], "MIDI output")
    show("Serial ports", [(each.path, each.description) for each in serial.ports], "serial port", serial.error)
    if config_file is None:
        return
    console.print(f"{config_file} names" + ("" if wanted else " no MIDI or serial port"), style="bold")
    for each in wanted:
        console.print(f"  {_group(each)} “{each.name}”: ", end="")
        console.print(each.found or each.problem, style="green" if each.found else "yellow")
        for other in each.others:
            use = ", ".join(meant.get((_group(each), other), ()))
            console.print(f"    also fits {other}, which {f'{use} means' if use else 'is not used'}", style="dim")
        if each.renumbered:
            console.print("    differs from the name in numbers that the system gives", style="dim")
        if not each.mapped:
            console.print("    it has no mapping (`impsy map` makes one)", style="dim")


def _group(wanted: Wanted) -> str:
    if wanted.key.startswith("serial"):
        return "serial port"
    return "MIDI input" if wanted.direction == "in" else "MIDI output"
