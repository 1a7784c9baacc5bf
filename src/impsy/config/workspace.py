"""A new workspace: a commented config and a trained model to start from, and folders that fill up as one plays."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from impsy.errors import ConfigError, DeviceError, refusal
from impsy.files import backup_of, leads_out, make_folder, read_regular, write_keeping_previous

__all__ = [
    "FOLDERS",
    "OTHER_MODEL",
    "STARTER_MODEL",
    "STARTER_MODELS",
    "create_workspace",
    "fill_workspace",
    "starter_files",
    "template",
    "template_file",
]

FOLDERS = ("logs", "datasets", "models")
_LARGEST = 64 << 20
_FILES = ("config.toml", "README.txt")
STARTER_MODEL = "models/musicMDRNN-dim9-layers2-units32-mixtures35-scale10.tflite"
"""The model that a new workspace plays with, relative to it; its ``.json`` says what it learned from."""
OTHER_MODEL = "models/musicMDRNN-dim9-layers2-units32-mixtures5-scale10.tflite"
"""One to switch to, of the same playing: it moves all controls at each event."""
STARTER_MODELS = tuple(
    name for model in (STARTER_MODEL, OTHER_MODEL) for name in (model, model.replace(".tflite", ".json"))
)


def template(name: str) -> str:
    """The text of a file that a new workspace starts with: ``config.toml`` or ``README.txt``."""
    return (resources.files("impsy.config") / "templates" / name).read_text(encoding="utf-8")


def template_file(name: str) -> Path:
    """Where the package has a file that a new workspace starts with."""
    return Path(str(resources.files("impsy.config") / "templates" / name))


def starter_files() -> dict[str, bytes]:
    """All files of a new workspace: path in it -> content."""
    folder = resources.files("impsy.config") / "templates"
    return {name: folder.joinpath(name).read_bytes() for name in (*_FILES, *STARTER_MODELS)}


def create_workspace(folder: Path, force: bool = False) -> list[str]:
    """Fill ``folder`` (made if missing) with a config, a README and empty folders; returns what was done.

    With ``force``, files that are there are replaced and kept as ``.bak``; without, a README stays.

    Raises:
        ConfigError: if there is a config already and ``force`` is off (nothing is written then).
        DeviceError: if the disk refuses.
    """
    if (folder / _FILES[0]).exists() and not force:
        raise ConfigError(f"{folder / _FILES[0]} exists already. With -f it is replaced, and kept as {_FILES[0]}.bak")
    remedy = "choose another folder, as in `impsy init my-instrument`"
    return fill_workspace(folder, starter_files(), remedy, replace=force)


def fill_workspace(folder: Path, files: dict[str, bytes], remedy: str, *, replace: bool = False) -> list[str]:
    """Make the folders of a workspace, and write these files (path in it -> content); returns what was done.

    Files that are there stay; with ``replace``, they are kept as ``.bak``.

    Raises:
        ConfigError: if a link in it leads out of it.
        DeviceError: if the disk refuses.
    """
    done = []
    try:
        for name in (*FOLDERS, *files):
            if leads_out(folder / name, folder):
                raise ConfigError(f"{folder / name} leads out of the workspace by a link: remove it, or {remedy}")
        for name in FOLDERS:
            make_folder(folder / name)
        for name, content in files.items():
            path = folder / name
            present = path.exists()
            if present and (not replace or read_regular(path, _LARGEST) == content):
                done.append(f"{name} was there and stays")
                continue
            write_keeping_previous(path, content)
            done.append(f"{name} written" + (f", the previous one is {backup_of(path).name}" if present else ""))
    except OSError as error:
        raise DeviceError(f"{error.filename or folder} cannot be written {refusal(error, remedy)}") from error
    return [*done, *(f"{name}/" for name in FOLDERS)]
