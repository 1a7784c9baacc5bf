"""The configuration file as the web process's one owner of it: each change is reported once, whoever made it."""

from __future__ import annotations

import time

import pytest

from impsy.config import watching
from impsy.web.config.file import ConfigFile
from impsy.web.workspace import Workspace
from waiting import wait_until


@pytest.fixture
def watched(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.02)
    (tmp_path / "config.toml").write_text("[model]\ndimension = 3\n")
    changes = []
    file = ConfigFile(Workspace(tmp_path))
    file.subscribe(lambda: changes.append(file.path.exists()))
    with file:
        yield file, changes


def settled():
    """Long enough for a change to be noticed."""
    time.sleep(10 * watching.LOOK_SECONDS + 2 * watching.SETTLED_SECONDS)


def test_what_is_saved_here_is_reported_once(watched):
    file, changes = watched
    file.change(lambda document: document.set("model.dimension", 5))
    settled()
    assert changes == [True]
    file.save(file.read().text.replace("5", "7"), file.read().stamp)
    settled()
    assert changes == [True, True]
    assert file.config.model.dimension == 7


def test_what_others_write_and_remove_is_reported_once(watched):
    file, changes = watched
    file.path.write_text("[model]\ndimension = 9\n")
    wait_until(lambda: changes)
    settled()
    assert changes == [True]
    file.path.unlink()
    wait_until(lambda: len(changes) == 2)
    settled()
    assert changes == [True, False]
    assert file.config is None


def test_what_was_wrong_and_not_saved_is_not_reported(watched):
    file, changes = watched
    with pytest.raises(ValueError, match="stop"):
        file.change(lambda _document: (_ for _ in ()).throw(ValueError("stop")))
    settled()
    assert changes == []
