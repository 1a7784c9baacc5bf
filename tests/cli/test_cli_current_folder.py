"""A workspace that somebody else made is entered, and a command given: nothing that lies there is run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import impsy

pytestmark = pytest.mark.slow

MODULES = ("click", "numpy", "tomlkit", "json5", "keras", "jax", "optuna", "rtmidi", "h5py", "colorama", "_curses")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for name in MODULES:
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nraise SystemExit('{name} ran')")
    for name in ("keras.json", ".env", "libjack.so.0", "sitecustomize.cfg"):
        (tmp_path / name).write_text("{")
    (tmp_path / "config.toml").write_text('[model]\ndimension = 9\nfile = ""\n')
    return tmp_path


@pytest.mark.parametrize("command", [["config", "check"], ["ports"], ["doctor"], ["dataset"], ["train"], ["search"]])
@pytest.mark.slow
def test_modules_in_the_current_folder_are_not_imported(workspace: Path, command: list[str]) -> None:
    root = str(Path(impsy.__file__).parents[1])
    # As ``python -m impsy`` has it, and as where somebody's PYTHONPATH has an empty part.
    for start, search in ((["-m", "impsy"], root), (["-P", "-m", "impsy"], os.pathsep.join([root, ""]))):
        done = subprocess.run(
            [sys.executable, *start, *command],
            cwd=workspace,
            env={**os.environ, "PYTHONPATH": search},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        assert not (workspace / "ran").exists(), done.stderr
