"""Only files are read, and nothing is waited for; writing keeps what was there, also when the disk refuses."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from impsy.errors import DeviceError
from impsy.files import (
    append_regular,
    backup_of,
    leads_out,
    open_regular,
    read_regular,
    write_keeping_previous,
    write_whole,
    written_whole,
)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(path))


STRANGE: dict[str, Callable[[Path], object]] = {
    "a pipe": os.mkfifo if hasattr(os, "mkfifo") else lambda _path: pytest.skip("no pipes here"),
    "a socket": _socket,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a folder": Path.mkdir,
}


@pytest.mark.skipif(os.name == "nt", reason="these kinds of files are Unix's")
@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_no_file_is_refused_at_once_to_read_and_to_write(kind: str, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "takes.json"
    STRANGE[kind](path)
    answers: list[str] = []

    def ask() -> None:
        for way in (lambda: read_regular(path, 1000), lambda: append_regular(path)):
            with pytest.raises(OSError) as refused:
                way()
            answers.append(refused.value.strerror)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(10)
    assert len(answers) == 2, "it waits for ever"
    assert kind in answers[0]


def test_a_file_is_read_whole_up_to_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    assert read_regular(path, 5) == b"12345"
    with pytest.raises(OSError, match="5 bytes, and 4 bytes are read at most"):
        open_regular(path, 4)
    with path.open("wb") as sparse:
        sparse.truncate(100 << 30)
    with pytest.raises(OSError, match="107,374 MB"):
        read_regular(path, 16 << 20)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "n" * 300, "none"])
def test_a_name_that_no_file_has_is_an_error_of_the_system(name: str, tmp_path: Path) -> None:
    with pytest.raises(OSError):
        open_regular(tmp_path / name, 10)


@pytest.mark.skipif(os.name == "nt", reason="making links takes a permission on Windows")
def test_no_link_leads_out_of_the_root_and_nothing_is_appended_through_one(tmp_path: Path) -> None:
    root, other = tmp_path / "root", tmp_path / "other"
    root.mkdir()
    other.write_bytes(b"secret")
    (root / "own").write_bytes(b"own")
    (root / "in").symlink_to("own")
    (root / "out").symlink_to(other)
    (tmp_path / "door").symlink_to(root)
    assert (
        read_regular(root / "in", 10, root=root) == read_regular(tmp_path / "door" / "own", 10, root=root) == b"own"
    )
    for path in (root / "out", root / ".." / "other"):
        with pytest.raises(OSError, match="leads out of root"):
            read_regular(path, 10, root=root)
        assert leads_out(path, root)
    for link in (root / "in", root / "out"):
        with pytest.raises(OSError):
            append_regular(link)
    with append_regular(root / "own") as file:
        file.write(b" more")
    assert (root / "own").read_bytes() == b"own more"
    assert other.read_bytes() == b"secret"


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


@pytest.mark.skipif(sys.platform != "linux", reason="files of /proc say that they have 0 bytes")
def test_a_file_that_has_more_than_it_said_is_read_up_to_its_limit() -> None:
    assert read_regular("/proc/self/status", 1 << 20)
    with pytest.raises(OSError, match="more than 100 bytes"):
        read_regular("/proc/self/status", 100)
