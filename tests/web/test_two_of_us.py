"""Two web processes, or one and an editor, on one workspace: every save that was accepted is kept."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from workspaces import CONFIG, TAKES, make_site, record, served

from impsy import files
from impsy.config.document import ConfigDocument
from impsy.data.takes import TakeNote, annotate, read_notes
from impsy.errors import ConfigError, DeviceError
from impsy.files import locked
from impsy.web.config.file import ConfigFile
from impsy.web.workspace import Conflict, Workspace

ANNOTATE = """
import sys
from pathlib import Path
from impsy.data.takes import TakeNote, annotate
for number in range(30):
    annotate(Path(sys.argv[1]), {f"{sys.argv[2]}-{number}": TakeNote(sys.argv[2])})
"""
HOLD = """
import sys, time
from pathlib import Path
from impsy.files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def start(code, *arguments):
    return subprocess.Popen([sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE)


@pytest.mark.slow
def test_what_several_processes_say_of_takes_is_all_kept(tmp_path):
    processes = [start(ANNOTATE, tmp_path, name) for name in "abc"]
    for process in processes:
        with process:
            assert process.wait(120) == 0
    assert len(read_notes(tmp_path).takes) == 90


@pytest.fixture
def two(tmp_path):
    """Two sites of one workspace, each with a client."""
    sites = [make_site(tmp_path) for _ in range(2)]
    sites[0].workspace.config.write_text(CONFIG)
    with served(sites[0], TAKES) as first, served(sites[1], TAKES) as second:
        yield sites, (first, second)


def test_a_title_and_a_tag_that_two_give_at_once_are_both_kept(two):
    sites, (first, second) = two
    names = [record(sites[0].workspace.logs, 3, minute=minute).name for minute in range(12)]
    with ThreadPoolExecutor(2) as pool:
        for name in names:
            answers = [
                pool.submit(first.patch, f"/api/takes/{name}", json={"title": "mine"}),
                pool.submit(second.patch, f"/api/takes/{name}", json={"tags": ["ours"]}),
            ]
            assert [each.result().status_code for each in answers] == [200, 200]
    assert all(read_notes(sites[0].workspace.logs).of(name) == TakeNote("mine", ("ours",)) for name in names)


def test_of_two_who_save_the_same_configuration_one_is_told(tmp_path):
    (tmp_path / "config.toml").write_text(CONFIG)
    pages = [ConfigFile(Workspace(tmp_path)) for _ in range(2)]

    def save(number: int, round_: int, stamp: str, ready: threading.Barrier) -> bool:
        ready.wait()
        try:
            pages[number].save(f"{CONFIG}# {number} {round_}\n", stamp)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        for round_ in range(10):
            stamp, ready = pages[0].read().stamp, threading.Barrier(2)
            saved = list(pool.map(lambda n, r=round_, s=stamp, b=ready: save(n, r, s, b), range(2)))
            assert sorted(saved) == [False, True]
            assert pages[0].read().text.endswith(f"# {saved.index(True)} {round_}\n")


def _once_all_is_written(monkeypatch, folder, act):
    """Have ``act`` done after the new content is on the disk, before it takes the place of the old."""
    real, done = files.sync, []

    def sync(descriptor):
        real(descriptor)
        if not done and any(b"mine" in path.read_bytes() for path in folder.glob(".*.*") if path.is_file()):
            done.append(True)
            act()

    monkeypatch.setattr(files, "sync", sync)


@pytest.mark.parametrize("way", ["page", "command"])
def test_what_an_editor_saves_at_the_same_moment_stays(tmp_path, monkeypatch, way):
    config = tmp_path / "config.toml"
    config.write_text(CONFIG)
    page, document = ConfigFile(Workspace(tmp_path)), ConfigDocument.open(config)
    document.set("title", "mine")
    stamp = page.read().stamp
    _once_all_is_written(monkeypatch, tmp_path, lambda: config.write_text(CONFIG + "# by the editor\n"))
    with pytest.raises((Conflict, ConfigError), match="changed by someone else"):
        page.save(CONFIG + "# mine\n", stamp) if way == "page" else document.save()
    assert config.read_text() == CONFIG + "# by the editor\n"


def test_titles_that_an_editor_saves_at_the_same_moment_stay_too(tmp_path, monkeypatch):
    by_editor = {"format": 1, "takes": {"a": {"title": "by the editor"}}}
    _once_all_is_written(monkeypatch, tmp_path, lambda: (tmp_path / "takes.json").write_text(json.dumps(by_editor)))
    annotate(tmp_path, {"b": TakeNote("mine")})
    assert {name: note.title for name, note in read_notes(tmp_path).takes.items()} == {
        "a": "by the editor",
        "b": "mine",
    }


def test_a_lock_is_waited_for_only_so_long_and_goes_with_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LOCK_SECONDS", 0.1)
    with start(HOLD, tmp_path) as holder:
        try:
            assert holder.stdout.readline() == b"held\n"
            with pytest.raises(DeviceError, match="by another program"):
                annotate(tmp_path, {"a": TakeNote("x")})
            assert not (tmp_path / "takes.json").exists()
        finally:
            holder.kill()
    with locked(tmp_path):
        assert not any(tmp_path.iterdir())


def test_who_undoes_and_who_names_at_once_lose_nothing(two):
    sites, (first, second) = two
    name = record(sites[0].workspace.logs, 3).name
    with ThreadPoolExecutor(2) as pool:
        for round_ in range(8):
            naming = pool.submit(second.patch, f"/api/takes/{name}", json={"title": f"title {round_}"})
            undo = first.delete(f"/api/takes/{name}").json()["undo"]
            named = naming.result().status_code
            assert first.post(f"/api/undo/{undo}").status_code == 200
            if named == 200:
                assert read_notes(sites[0].workspace.logs).of(name).title == f"title {round_}"
