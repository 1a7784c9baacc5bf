"""``impsy run``: perform."""

from __future__ import annotations

import logging
import os
import secrets
from pathlib import Path
from typing import Any

import click

from impsy.cli.options import FILE, FOLDER, config_option, override_options, seed_option
from impsy.cli.performing import perform
from impsy.cli.stopping import Ending
from impsy.cli.terminal import echo
from impsy.config import LoadedConfig, load_config
from impsy.config.watching import ConfigWatcher
from impsy.engine.nobody import NO_MODEL
from impsy.errors import ConfigError
from impsy.files import leads_out
from impsy.perform import (
    STAND_IN,
    Ports,
    Reloader,
    Reports,
    ScriptedPerformer,
    Session,
    SessionView,
    WantedPorts,
    build_session,
    sized,
)
from impsy.text import counted
from impsy.version import __version__

__all__ = ["announce", "command", "load", "log_folder", "perform_script", "sum_up"]

logger = logging.getLogger("impsy")


@click.command("run")
@click.argument("model", required=False, type=FILE)
@config_option
@click.option(
    "-l", "--logdir", type=FOLDER, help="Where the log goes.  [default: logs/ beside the configuration file]"
)
@override_options
@seed_option("Of the model's choices; the same seed, the same choices.", None)
@click.option("--participant", help="Who plays, for the journal and tables of the take.")
@click.option("--condition", help="Under which condition of a study.")
def command(model: Path | None, config_file: Path, logdir: Path | None, seed: int | None, **overrides: Any) -> None:
    """Listen to the performer, log every event, and play with the model, as config.toml says.

    MODEL is a .tflite, .keras or .h5 file to use instead of the configuration's. Ctrl-C ends. A configuration that is
    saved while playing takes effect at once.

    \b
    impsy run
    impsy run -c gigs/friday.toml --mode polyphony
    impsy run models/mine.tflite --sigma-temp 0.1 --log-predictions
    impsy run --mode useronly           only record
    """
    watcher = ConfigWatcher(config_file)
    loaded = load(config_file, overrides, model)
    seed = secrets.randbits(32) if seed is None else seed
    reports = Reports()
    ports = Ports(WantedPorts(loaded.folder))
    folder = logdir or log_folder(config_file)
    session = build_session(loaded, logdir=folder, seed=seed, reports=reports, ports=ports)
    reloader = Reloader(
        session, ports, loaded, lambda fresh: fresh.with_overrides(model_file=model, **overrides), session.report
    )
    view = perform(
        session,
        Ending(),
        verbose=loaded.config.verbose,
        quiet=overrides["verbose"] is False,
        announce=lambda: announce(loaded, session, seed),
        beside=watcher.then(reloader.reload),
    )
    sum_up(view)


def load(config_file: Path, overrides: dict[str, Any], model: Path | None = None) -> LoadedConfig:
    """The configuration, with the command line's options above it.

    Raises:
        ConfigError: with everything that is wrong.
        ModelError: the dimension is left out, and the model that has it cannot be opened.
    """
    loaded = load_config(config_file)
    if model is not None and not model.exists():
        raise ConfigError(
            f"{model}: there is no such model file; correct the name, or leave it out for the configuration's"
        )
    if model is not None and loaded.config.voices:
        raise ConfigError(
            f"{config_file} has [[voices]], each with a model of its own: name {model.name} as that of one"
        )
    return sized(loaded.with_overrides(model_file=model, **overrides))


def perform_script(
    loaded: LoadedConfig, performer: ScriptedPerformer, logs: Path, seed: int, ending: Ending, **how: Any
) -> SessionView:
    """Perform with this performer beside the configured inputs; ``how`` as for :func:`perform`."""
    ports = Ports(WantedPorts(loaded.folder), [performer])
    session = build_session(loaded, logdir=logs, seed=seed, reports=Reports(), ports=ports)
    return perform(session, ending, announce=lambda: announce(loaded, session, seed), **how)


def log_folder(config_file: Path) -> Path:
    """``logs/`` beside the configuration.

    Raises:
        ConfigError: a link there leads to another place.
    """
    folder = config_file.absolute().parent / "logs"
    if leads_out(folder, folder.parent):
        raise ConfigError(
            f"{folder} leads out of its folder by a link (to {os.path.realpath(folder)}): if logs are to be there, "
            "say so with `impsy run --logdir`, or put a folder in the link's place"
        )
    return folder


def announce(loaded: LoadedConfig, session: Session, seed: int) -> None:
    """Log what is about to be played."""
    config = loaded.config
    snapshot = session.view().engine
    logger.info(
        "IMPSY %s: %s, dimension %d, seed %d", __version__, snapshot.settings.mode, config.model.dimension, seed
    )
    if config.voices:
        for voice, playing in zip(config.voices, snapshot.voices, strict=True):
            logger.info("voice %s: %s, %s", voice.name, playing.model, voice.words)
    elif snapshot.model == STAND_IN:
        logger.warning("there is no model: a stand-in plays random gestures ([model] file names a trained one)")
    elif snapshot.model == NO_MODEL:
        logger.info("there is no model yet: one learns from what you play, and answers when it is good enough")
    else:
        logger.info("model %s", snapshot.model)
    if loaded.earlier_form:
        logger.info("%s: %s", loaded.path or "configuration", loaded.earlier_form)
    for problem in (*loaded.conflicts, *loaded.warnings):
        logger.warning("%s", problem)


def sum_up(view: SessionView) -> None:
    """Print what was played and logged."""
    counters = view.engine.counters
    late = view.lateness_ms
    echo(
        f"Heard {counted(counters.heard, 'event')}, played {counters.played}"
        + (
            f" (late by {late['p50']:.2f} ms, p99 {late['p99']:.2f}, at most {late['max']:.2f})."
            if late["count"]
            else "."
        )
    )
    if view.rows:
        echo(f"Log: {view.log} ({counted(view.rows, 'row')})")
    if view.rows_rescued:
        rows = counted(view.rows_rescued, "row")
        echo(f"{rows} went to {view.rescue}, as the log could not be written: join the two files")
    if view.rows_lost or view.rows_waiting:
        echo(
            f"{counted(view.rows_lost + view.rows_waiting, 'row')} lost, which no disk took "
            f"({view.log_error or 'it did not answer in time'}); make room, or give another folder with --logdir"
        )
