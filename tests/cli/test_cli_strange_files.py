"""A folder that came from anyone: what is no file in it is refused at once, and no link leads a command out of it."""

from __future__ import annotations

import os
import shlex
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from impsy.cli.main import group
from impsy.config.workspace import STARTER_MODEL, create_workspace

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")

LOG = "logs/2026-01-01T00-00-00-9d-mdrnn.log"
ROW = "2026-01-01T00:00:{:02d}.000,interface," + ",".join(["0.5"] * 8) + "\n"


@pytest.fixture(autouse=True)
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "work"
    create_workspace(root)
    monkeypatch.chdir(root)
    return root


def _typed(words: str) -> Result:
    """What comes of a command, which answers within seconds and not never."""
    results: list[Result] = []
    asking = threading.Thread(
        target=lambda: results.append(CliRunner().invoke(group, shlex.split(words))), daemon=True
    )
    asking.start()
    asking.join(30)
    assert results, f"impsy {words} waits for ever"
    return results[0]


def _told(result: Result) -> str:
    return f"{result.output} {result.exception}"


@pytest.mark.parametrize(
    ("pipe", "words"),
    [
        ("config.toml", "config check"),
        ("config.toml", "config upgrade"),
        ("config.toml", "doctor"),
        ("config.toml", "run"),
        ("config.toml", "map"),
        ("config.toml", "init -f"),
        ("config.toml", f"export-midi {LOG}"),
        ("README.txt", "init -f"),
        (LOG, f"replay {LOG}"),
        (LOG, f"export-midi {LOG}"),
        ("logs/takes.json", "dataset -D 9"),
        ("datasets/x.npz", "dataset --show datasets/x.npz"),
        ("datasets/x.npz", "train"),
        ("datasets/x.npz", f"evaluate {STARTER_MODEL} datasets/x.npz"),
        ("models/x.tflite", "model info models/x.tflite"),
        ("models/x.tflite", "run models/x.tflite"),
        ("models/x.tflite", "convert-tflite -m models/x.tflite"),
        (f"{STARTER_MODEL}", "doctor"),
        ("models/x.mid", "import-midi models/x.mid"),
        ("vectors.json", "conformance vectors.json"),
    ],
)
@pytest.mark.slow
def test_no_command_waits_for_a_pipe(pipe: str, words: str, workspace: Path) -> None:
    (workspace / LOG).write_text("".join(ROW.format(second) for second in range(9)))
    (workspace / pipe).unlink(missing_ok=True)
    os.mkfifo(workspace / pipe)
    result = _typed(words)
    if words.startswith(("dataset -D", "export-midi", "conformance")) and pipe != LOG:
        return  # it goes on without what the pipe stands for
    assert "a pipe, not a file" in _told(result) or "no file" in _told(result)
    assert result.exit_code


@pytest.mark.parametrize(
    ("link", "words", "way_out"),
    [
        ("config.toml", "config check", "on the command line"),
        ("config.toml", "config upgrade", "on the command line"),
        ("config.toml", "run", "-c"),
        ("config.toml", "doctor", "-c"),
        ("config.toml", "map", "-c"),
        ("config.toml", "init -f", "choose another folder"),
        ("logs", "run", "--logdir"),
        ("logs", f"replay {LOG} --realtime", "--logdir"),
        ("logs", "dataset -D 9", "-S"),
        ("logs", "init -f", "choose another folder"),
        ("models", "init -f", "choose another folder"),
        ("models", "train", "-O"),
        ("models", "run", "Correct the name"),
        (STARTER_MODEL, "run", "Correct the name"),
        ("datasets", "train", "-S"),
        ("datasets", "dataset -D 9", "-O"),
        (LOG, "dataset -D 9", "no logs in it"),
        ("datasets/x.npz", "train", "make one with"),
        ("datasets/training-dataset-9d.npz", "train -D 9", "make one with"),
        ("replays", f"replay {LOG}", "--output"),
    ],
)
@pytest.mark.slow
def test_no_link_leads_out_of_the_folder(
    link: str, words: str, way_out: str, workspace: Path, tmp_path: Path
) -> None:
    (workspace / LOG).write_text("".join(ROW.format(second) for second in range(9)))
    other = tmp_path / "other"
    if (workspace / link).exists():
        (workspace / link).rename(other)
    else:
        other.mkdir()
    (workspace / link).symlink_to(other)
    before = {path: path.stat().st_mtime_ns for path in (other, *other.rglob("*"))}
    result = _typed(words)
    assert result.exit_code == 1
    assert way_out in _told(result).replace("\n", " ")
    assert {path: path.stat().st_mtime_ns for path in (other, *other.rglob("*"))} == before


def test_what_is_named_on_the_command_line_may_be_anywhere(workspace: Path, tmp_path: Path) -> None:
    (workspace / LOG).write_text("".join(ROW.format(second) for second in range(9)))
    (workspace / "logs").rename(tmp_path / "other")
    (workspace / "logs").symlink_to(tmp_path / "other")
    (workspace / "config.toml").rename(tmp_path / "mine.toml")
    (workspace / "config.toml").symlink_to(tmp_path / "mine.toml")
    for words in ("dataset -D 9 -S logs -c config.toml", "config check config.toml"):
        result = _typed(words)
        assert not result.exit_code, _told(result)


def test_a_workspace_may_be_reached_by_a_link_and_have_links_in_it(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workspace / LOG).write_text("".join(ROW.format(second) for second in range(9)))
    (workspace / "logs").rename(workspace / "recorded")
    (workspace / "logs").symlink_to("recorded")
    (tmp_path / "door").symlink_to(workspace)
    monkeypatch.chdir(tmp_path / "door")
    for words in ("dataset -D 9", "config check"):
        result = _typed(words)
        assert not result.exit_code, _told(result)
