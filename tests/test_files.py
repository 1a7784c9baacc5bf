"""Writing keeps what was there, also when the disk refuses."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from impsy.errors import DeviceError
from impsy.files import backup_of, write_keeping_previous, write_whole, written_whole


def test_the_previous_version_is_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for content in (b"one", b"two", b"three"):
        write_keeping_previous(file, content)
    assert file.read_bytes() == b"three"
    assert backup_of(file).read_bytes() == b"two"


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_keeping_previous(tmp_path / "new", b"")
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match="cannot be written"):
        write_keeping_previous(tmp_path / "none" / "config.toml", b"")


def test_a_backup_that_cannot_be_made_stops_the_writing_and_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"one")
    backup_of(file).mkdir()
    with pytest.raises(DeviceError):
        write_keeping_previous(file, b"two")
    assert file.read_bytes() == b"one"
    assert sorted(os.listdir(tmp_path)) == ["config.toml", "config.toml.bak"]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444, 0o666])
def test_permissions_stay_and_the_mask_is_never_changed(tmp_path: Path, monkeypatch, mode: int) -> None:
    """Also those of the previous version; another thread may make files meanwhile."""

    def changed(_mask: int) -> int:
        raise AssertionError("the mask of the whole process is changed")

    monkeypatch.setattr(os, "umask", changed)
    file = tmp_path / "config.toml"
    file.write_bytes(b"one")
    file.chmod(mode)
    write_keeping_previous(file, b"two")
    write_whole(file, b"three")
    assert file.stat().st_mode & 0o777 == backup_of(file).stat().st_mode & 0o777 == mode
    write_whole(tmp_path / "new", b"")
    (tmp_path / "plain").touch()
    assert (tmp_path / "new").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"one")

    def interrupted() -> None:
        with written_whole(file) as opened:
            opened.write(b"two")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert (file.read_bytes(), os.listdir(tmp_path)) == (b"one", ["file"])


@pytest.mark.skipif(sys.platform != "linux", reason="open files are looked up in /proc")
def test_what_is_written_outlives_a_power_cut(tmp_path: Path, monkeypatch) -> None:
    """Content first, then the name, then all folders that were made for it."""
    synced: list[str] = []

    def watched(sync):
        def call(file: int) -> None:
            synced.append(Path(os.readlink(f"/proc/self/fd/{file}")).name.partition(".toml.")[0])
            sync(file)

        return call

    replace = Path.replace
    monkeypatch.setattr(os, "fsync", watched(os.fsync))
    monkeypatch.setattr(os, "fdatasync", watched(os.fdatasync))
    monkeypatch.setattr(Path, "replace", lambda path, target: synced.append("renamed") or replace(path, target))
    write_whole(tmp_path / "new" / "newer" / "a.toml", b"one")
    assert synced == ["new", tmp_path.name, ".a", "renamed", "newer"]
    synced.clear()
    write_keeping_previous(tmp_path / "new" / "newer" / "a.toml", b"two")
    assert synced == [".a", "renamed", "newer"] * 2
