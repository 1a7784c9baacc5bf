"""``impsy export-page``: the instrument in one HTML file, or as a small site."""

from __future__ import annotations

from pathlib import Path

import click

from impsy.cli.options import FILE, FOLDER, config_option, from_command_line
from impsy.cli.terminal import echo
from impsy.config import Config, LoadedConfig
from impsy.config.schema import ModelConfig
from impsy.config.workspace import STARTER_MODEL, template_file
from impsy.errors import ConfigError
from impsy.files import write_whole

__all__ = ["command"]

DEFAULT = Path("impsy.html")
ANOTHER_FILE, ANOTHER_FOLDER = "name another file with -o", "name another folder with --site"


@click.command("export-page")
@click.argument("models", nargs=-1, metavar="[MODEL]...", type=FILE)
@config_option
@click.option("-o", "--output", type=FILE, help=f"The HTML file to write.  [default: {DEFAULT}]")
@click.option("--site", type=FOLDER, help="Write a small site into this folder instead, for any web host.")
@click.pass_context
def command(
    context: click.Context, models: tuple[Path, ...], config_file: Path, output: Path | None, site: Path | None
) -> None:
    """Write an instrument that plays in a browser by itself: faders, sound, modes, Web MIDI and the model.

    The file needs no server, no network and no Python: open it by a double click, or send it to a phone. It plays as
    the configuration says, with MODEL, or else the configuration's model, or else the one that comes with IMPSY. Of
    several models the first plays, and the others can be chosen.

    With --site the same is written as several files: a page that any web host can serve, that can be put on the home
    screen of a phone, and that works offline after the first visit.

    \b
    impsy export-page
    impsy export-page models/mine.tflite -o mine.html
    impsy export-page -c gigs/friday.toml
    impsy export-page models/*.tflite --site public
    """
    if output is not None and site is not None:
        raise ConfigError("-o names one file, and --site a folder of several: give one of them")
    for model in models:
        if not model.exists():
            raise ConfigError(f"{model}: there is no such model file; correct the name, or leave it out")
    from impsy.exporting.content import export
    from impsy.exporting.page import one_file, site_files

    loaded = _configured(context, config_file, models)
    exported = export(
        loaded, models[0] if models else loaded.model_file() or template_file(STARTER_MODEL), models[1:]
    )
    if site is None:
        path = output or DEFAULT
        content = one_file(exported.instrument, exported.models)
        write_whole(path, content, ANOTHER_FILE)
        echo(f"{path} written, {_size(len(content))}: open it in a browser, or send it to somebody")
    else:
        files = site_files(exported.instrument, exported.models)
        for name, content in files.items():
            write_whole(site / name, content, ANOTHER_FOLDER)
        size = _size(sum(map(len, files.values())))
        echo(f"{site} written, {len(files)} files of {size} together: put them on any web host")
    for remark in exported.remarks:
        echo(f"Note: {remark}")


def _configured(context: click.Context, config_file: Path, models: tuple[Path, ...]) -> LoadedConfig:
    """The configuration, sized; without one, the defaults for the model.

    Raises:
        ConfigError: it was named and is not there, or is not valid.
        ModelError: the model that has its dimension cannot be opened.
    """
    from impsy.cli.run import load
    from impsy.models.opening import model_dimension

    if from_command_line(context, "config_file") or config_file.exists():
        return load(config_file, {}, models[0] if models else None)
    model = models[0] if models else template_file(STARTER_MODEL)
    config = Config(model=ModelConfig(dimension=model_dimension(model), file=str(model.absolute())))
    return LoadedConfig(config)


def _size(count: int) -> str:
    return f"{count / 1e6:.2f} MB" if count >= 100_000 else f"{count / 1e3:.0f} kB"
