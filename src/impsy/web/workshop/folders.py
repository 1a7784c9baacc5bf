"""The folder of each instrument of a workshop: the template's configuration, without its ports, and its models."""

from __future__ import annotations

from pathlib import Path, PurePath

from impsy.config import LoadedConfig
from impsy.config.document import ConfigDocument
from impsy.config.workspace import STARTER_MODELS, fill_workspace, starter_files
from impsy.errors import ConfigError, refusal
from impsy.files import read_regular
from impsy.limits import DESCRIPTION_BYTES, MODEL_BYTES
from impsy.perform.models import sized
from impsy.web.config.templates import STARTER_DIMENSION, TEMPLATES, Wishes, fill_in

__all__ = ["make_folders", "starter_template", "template_files"]

_PORTS = ("midi", "osc", "websocket", "serial", "serialmidi", "webui", "commands", "learning")
"""What twenty of them cannot have at once."""

_REMEDY = "name another folder with --workdir"


def starter_template() -> dict[str, bytes]:
    """The files of an instrument where there is no configuration to go by: eight controls and the bundled model."""
    browser = next(each for each in TEMPLATES if each.id == "browser")
    text = fill_in(browser, Wishes("Instrument", STARTER_DIMENSION, "callresponse"))
    files = starter_files()
    return {"config.toml": text.encode(), **{name: files[name] for name in STARTER_MODELS}}


def template_files(loaded: LoadedConfig) -> dict[str, bytes]:
    """The files of an instrument: name in its folder -> content.

    Args:
        loaded: the template. Its ports and commands are left out: guests play on the page.

    Raises:
        ConfigError: it is in an earlier form, or a model's file is missing or not beside it.
        DeviceError: a file cannot be read.
    """
    if loaded.understood:
        raise ConfigError(f"a template must be in the present form: {loaded.earlier_form}")
    config = sized(loaded).config
    document = ConfigDocument(loaded.text)
    for section in _PORTS:
        document.unset(section)
    document.unset("clock.send")
    if document.get("clock.source") == "midi":
        document.unset("clock.source")
    document.set("model.dimension", config.model.dimension)
    scenes = [scene.model for scene in config.scenes.values()]
    names = {config.model.file, *scenes, *(voice.model for voice in config.voices)} - {"", None}
    files = {"config.toml": document.dumps().encode()}
    for name in sorted(filter(None, names)):
        files.update(_model(loaded, name))
    return files


def _model(loaded: LoadedConfig, name: str) -> dict[str, bytes]:
    if PurePath(name).is_absolute() or ".." in PurePath(name).parts:
        raise ConfigError(f"the template's model {name} is not beside it: copy it to models/, and name it so")
    found = loaded.resolve(name)
    if found.found is None:
        raise ConfigError(f"the template's model {name}: {found.why}")
    facts = found.found.with_suffix(".json")
    try:
        files = {name: read_regular(found.found, MODEL_BYTES)}
        if facts.is_file():
            files[str(PurePath(name).with_suffix(".json"))] = read_regular(facts, DESCRIPTION_BYTES)
    except OSError as error:
        raise ConfigError(f"the template's model {name} cannot be read {refusal(error, 'name another')}") from error
    return files


def make_folders(parent: Path, count: int, files: dict[str, bytes]) -> list[Path]:
    """A folder for each instrument, numbered from 01; a configuration that differs is kept as ``.bak``.

    Raises:
        ConfigError: a link leads out of one.
        DeviceError: the disk refuses.
    """
    folders = [parent / f"{number:02d}" for number in range(1, count + 1)]
    for number, folder in enumerate(folders, 1):
        titled = ConfigDocument(files["config.toml"].decode())
        titled.set("title", f"Instrument {number}")
        fill_workspace(folder, files | {"config.toml": titled.dumps().encode()}, _REMEDY, replace=True)
    return folders
