"""Processes of our own: what they may use, and what becomes of them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from impsy.errors import DataError, ModelError
from impsy.processes import Cancelling, ask, end_all_in, start
from waiting import wait_until

needs_limits = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")


def task(body: str, limits: str = "memory=2 << 30") -> list[str]:
    return ["-c", f"from impsy.processes import serve\ndef task(content):\n    {body}\nserve(task, {limits})"]


def test_bytes_in_bytes_out(tmp_path: Path) -> None:
    assert ask(task("return content[::-1]"), b"abc\n", tmp_path, seconds=30) == b"\ncba"


@pytest.mark.parametrize("kind", ["DataError", "ModelError", "ConfigError", "DeviceError"])
def test_errors_arrive_as_they_were_raised_with_files_named_from_the_folder(tmp_path: Path, kind: str) -> None:
    body = f"import os; from impsy import errors; raise errors.{kind}(os.path.join(os.getcwd(), 'a', 'b') + ': bad')"
    with pytest.raises(Exception, match=rf"^{Path('a', 'b')}: bad$") as caught:
        ask(task(body), b"", tmp_path.resolve(), seconds=30)
    assert type(caught.value).__name__ == kind


@needs_limits
@pytest.mark.parametrize(
    ("body", "limits", "words"),
    [
        ("return bytes(3 << 30)", "memory=2 << 30", "more memory than it may have"),
        ("import os; os.abort()", "memory=2 << 30", "ended the process"),
        ("raise KeyError", "memory=2 << 30", "ended the process"),
        ("open('file', 'w').write('x' * 100_000); return b''", "memory=2 << 30, writes=False", "ended the process"),
        ("while True: pass", "memory=2 << 30, seconds=1", "ended the process"),
    ],
)
@pytest.mark.slow
def test_what_goes_beyond_its_limits_is_an_error(tmp_path: Path, body: str, limits: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        ask(task(body, limits), b"", tmp_path, seconds=60, error_type=ModelError)


@needs_limits
def test_low_priority_goes_without_saying(tmp_path: Path) -> None:
    program = ["-c", "import os, sys; sys.stdin.read(); print(os.getpriority(os.PRIO_PROCESS, 0))"]
    own = os.getpriority(os.PRIO_PROCESS, 0)
    for asked, niceness in (({}, 19), ({"niceness": 10}, 10), ({"niceness": 0}, own)):
        with start(program, tmp_path, stdin=subprocess.PIPE, **asked) as process:
            answer, _ = process.communicate(b"", 30)
        assert int(answer) == niceness


def test_what_is_waited_for_ends_with_its_folder(tmp_path: Path) -> None:
    ended: list[BaseException] = []

    def wait() -> None:
        try:
            ask(task("import time; time.sleep(60)"), b"", tmp_path, seconds=90)
        except DataError as error:
            ended.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    until = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < until:
        end_all_in(tmp_path / "elsewhere")
        if psutil.Process().children():
            end_all_in(tmp_path)
        time.sleep(0.05)
    thread.join(30)
    assert len(ended) == 1


def test_no_module_is_taken_from_the_folder(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(9)")
    assert ask(task("return b''"), b"", tmp_path, seconds=30) == b""


@pytest.mark.parametrize(
    "search", ["", ".", os.pathsep, "here", "WORKSPACE", os.pathsep.join(["WORKSPACE/inner", "."])]
)
@pytest.mark.slow
def test_no_module_is_taken_from_the_folder_that_it_runs_in(tmp_path: Path, search: str) -> None:
    for folder in (tmp_path, tmp_path / "inner", tmp_path / "here"):
        folder.mkdir(exist_ok=True)
        (folder / "numpy.py").write_text("raise SystemExit('taken from the workspace')")
    environment = {**os.environ, "PYTHONPATH": search.replace("WORKSPACE", str(tmp_path))}
    process = start(["-c", "import numpy; print(numpy.__name__)"], tmp_path, inherited=environment)
    said, log = process.communicate(timeout=60)
    assert said.strip() == b"numpy", log


@pytest.mark.parametrize("early", [True, False])
def test_what_is_waited_for_is_cancelled_also_before_it_starts(tmp_path: Path, early: bool) -> None:
    cancelling = Cancelling()
    if early:
        cancelling.cancel()
    else:
        threading.Timer(0.3, cancelling.cancel).start()
    with pytest.raises(DataError, match="cancelled"):
        ask(task("import time; time.sleep(600)"), b"", tmp_path, seconds=600, cancelling=cancelling)
    assert cancelling.requested


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are looked up by prlimit(2)")
@pytest.mark.parametrize(
    ("arguments", "limits"),
    [
        (["impsy.models.isolated", "hdf5"], {"AS": 2 << 30, "CPU": 30, "FSIZE": 0}),
        (["impsy.models.elsewhere"], {"AS": 2 << 30, "FSIZE": 0}),
        (["impsy.web.library.worker", "check_log"], {"AS": 6 << 30}),
    ],
)
@pytest.mark.slow
def test_who_reads_what_others_made_has_its_limits(
    tmp_path: Path, arguments: list[str], limits: dict[str, int]
) -> None:
    with start(["-m", *arguments], tmp_path, stdin=subprocess.PIPE) as process:
        kinds = {name: getattr(psutil, f"RLIMIT_{name}") for name in limits}

        def soft() -> dict[str, int]:
            return {name: psutil.Process(process.pid).rlimit(kind)[0] for name, kind in kinds.items()}

        try:  # it waits for what to read
            wait_until(lambda: soft() == limits, what=soft)
        finally:
            process.kill()


@pytest.mark.slow
def test_no_filter_of_hdf5_is_loaded_from_a_folder_of_plugins(tmp_path: Path) -> None:
    """The library has read its settings when h5py has been imported."""
    code = (
        "import os; from impsy.models.isolated import _task_hdf5; from impsy.errors import ModelError\n"
        "try: _task_hdf5(b'no HDF5')\n"
        "except ModelError: import h5py; print(os.environ['HDF5_PLUGIN_PRELOAD'], h5py.h5pl.size())"
    )
    environment = {**os.environ, "HDF5_PLUGIN_PRELOAD": str(tmp_path)}
    said, log = start(["-c", code], tmp_path, inherited=environment).communicate(timeout=60)
    assert said.split()[0] == b"::", log
