"""Which files a request to switch models may open, and what is looked at on the way."""

from __future__ import annotations

import os
import shutil
import socket
import threading
from pathlib import Path

import pytest

from impsy.config import load_config
from impsy.config.workspace import STARTER_MODEL, starter_files
from impsy.errors import ConfigError, DataError, ImpsyError, ModelError
from impsy.limits import MODEL_BYTES
from impsy.models import opening
from impsy.perform.building.models import configured_model, model_switcher

CONFIG = '[model]\ndimension = 9\nfile = ""\n'


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    (root / "models").mkdir(parents=True)
    (root / STARTER_MODEL).write_bytes(starter_files()[STARTER_MODEL])
    (root / "config.toml").write_text(CONFIG)
    shutil.copy(root / STARTER_MODEL, root / "models" / "two.tflite")
    return root


def switcher(root: Path, **options):
    return model_switcher(load_config(root / "config.toml"), **options)


@pytest.fixture
def looked_at(monkeypatch):
    """The paths that the file system is asked about."""
    asked: list[str] = []

    def watch(name):
        real = getattr(os, name)

        def seen(path, *arguments, **options):
            asked.append(str(path))
            return real(path, *arguments, **options)

        monkeypatch.setattr(os, name, seen)

    for name in ("stat", "lstat", "readlink", "open", "scandir", "listdir"):
        watch(name)
    return asked


def test_models_of_the_workspace_are_opened_by_path(workspace):
    for name in ("models/two.tflite", "models/../models/two.tflite", str(workspace / "models" / "two.tflite")):
        ready = switcher(workspace)(name)
        assert ready.name == "two.tflite"
        assert ready.file == str((workspace / "models" / "two.tflite").resolve())


@pytest.mark.parametrize(
    "name",
    ["/net/host/share/m.tflite", "../m.tflite", "models/../../m.tflite", "//host/share/m.tflite", "m\0.tflite",
     "models/" + "m" * 300 + ".h5", "x/" * 800 + "m.h5", "models/nul.tflite", "models/two\n.tflite"],
)  # fmt: skip
def test_what_leads_out_is_refused_before_anything_is_looked_at(workspace, looked_at, name):
    open_it = switcher(workspace)
    looked_at.clear()
    with pytest.raises((ConfigError, DataError)):
        open_it(name)
    own = {
        str(workspace),
        str(workspace.resolve()),
        *map(str, workspace.resolve().parents),
        *map(str, Path.cwd().parents),
    }
    assert set(looked_at) <= own | {str(Path.cwd()), ""}


@pytest.mark.skipif(os.name != "posix", reason="links need rights there")
def test_a_link_out_of_the_workspace_is_refused_before_its_target_is_looked_at(workspace, looked_at, tmp_path):
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    shutil.copy(workspace / STARTER_MODEL, outside / "m.tflite")
    (workspace / "models" / "link.tflite").symlink_to(outside / "m.tflite")
    (workspace / "folder").symlink_to(outside)
    (workspace / "models" / "loop.tflite").symlink_to("loop.tflite")
    open_it = switcher(workspace)
    looked_at.clear()
    for name in ("models/link.tflite", "folder/m.tflite", "models/loop.tflite"):
        with pytest.raises(ConfigError, match="outside the workspace"):
            open_it(name)
    assert not [path for path in looked_at if "elsewhere" in path]
    (workspace / "models" / "own.tflite").symlink_to("../models/two.tflite")
    assert open_it("models/own.tflite").name == "two.tflite"


def test_what_is_not_named_as_a_model_is_not_opened(workspace):
    for name in ("config.toml", "datasets/x.npz", "models", "logs/a.log"):
        with pytest.raises(ConfigError, match="not named as a model"):
            switcher(workspace)(name)


def test_a_model_that_is_not_there_is_told_with_the_places(workspace):
    with pytest.raises(ConfigError, match="there is no model"):
        switcher(workspace)("models/three.tflite")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes of that kind")
@pytest.mark.parametrize("anywhere", [False, True])
def test_what_is_no_file_is_told_at_once(workspace, anywhere):
    models = workspace / "models"
    os.mkfifo(models / "pipe.tflite")
    (models / "folder.tflite").mkdir()
    here = Path.cwd()
    os.chdir(models)  # the path of a socket is short
    try:
        line = socket.socket(socket.AF_UNIX)
        line.bind("line.tflite")
    finally:
        os.chdir(here)
    told: list[str] = []

    def ask():
        for name in ("pipe.tflite", "folder.tflite", "line.tflite"):
            try:
                switcher(workspace, anywhere=anywhere)(f"models/{name}")
            except ImpsyError as error:
                told.append(str(error))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(20)
    line.close()
    assert len(told) == 3
    assert all(len(text.splitlines()) == 1 for text in told)


def test_no_more_of_a_file_is_read_than_shows_that_it_is_no_model(workspace, monkeypatch):
    huge = workspace / "models" / "huge.tflite"
    with huge.open("wb") as file:
        file.write(b"\x80" * 64)
        file.truncate(MODEL_BYTES)
    read = []
    real = opening.open_regular

    class Counted:
        def __init__(self, file):
            self._file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self._file.close()

        def read(self, count=-1):
            read.append(count)
            return self._file.read(count)

    monkeypatch.setattr(opening, "open_regular", lambda *a, **k: Counted(real(*a, **k)))
    with pytest.raises(ModelError, match="pickle"):
        switcher(workspace)("models/huge.tflite")
    assert read
    assert max(read) <= 1024
    with huge.open("r+b") as file:
        file.truncate(MODEL_BYTES + 1)
    read.clear()
    with pytest.raises(ModelError, match="MB"):
        switcher(workspace)("models/huge.tflite")
    assert read == []


@pytest.mark.parametrize("name", ["m" * 300 + ".tflite", "m\\u0000.tflite", "x/" * 3000, "models", "\\u202e.tflite"])
def test_a_configuration_with_an_impossible_model_is_refused_in_a_sentence(workspace, name):
    (workspace / "config.toml").write_text(f'[model]\ndimension = 9\nfile = "{name}"\n', encoding="utf-8")
    with pytest.raises(ImpsyError):
        configured_model(load_config(workspace / "config.toml"))
