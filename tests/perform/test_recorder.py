"""The log on a real disk, and on disks that refuse."""

from __future__ import annotations

import errno
import os
import re
import resource
import shutil
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.codecs.log import LogRow, decode_row
from impsy.events import Record, Report
from impsy.perform.recording import linefile, syncing
from impsy.perform.recording import recorder as recording
from impsy.perform.recording.recorder import FLUSH_SECONDS, Recorder
from waiting import if_idle, wait_until

START = datetime(2026, 9, 26, 10, 0, 0)


class Stage:
    def __init__(self, folder: Path) -> None:
        self.reports: list[Report] = []
        self.recorder = Recorder(
            folder, 3, lambda seconds: START + timedelta(seconds=seconds), START, self.reports.append
        )
        self.recorder.open()
        self.count = 0

    def play(self, events: int) -> None:
        for _ in range(events):
            self.recorder.add(Record("interface", (0.5, self.count / 1000), self.count * 0.01))
            self.count += 1

    def kinds(self) -> list[str]:
        return [report.kind for report in self.reports]


def rows(path: Path) -> list[LogRow]:
    read = [decode_row(line, 2) for line in path.read_text().splitlines()]
    assert None not in read
    return read


def test_rows_are_on_disk_soon_after_they_were_played(tmp_path):
    stage = Stage(tmp_path / "logs")
    stage.play(3)
    path = tmp_path / "logs" / "2026-09-26T10-00-00-3d-mdrnn.log"
    wait_until(lambda: path.exists() and len(rows(path)) == 3, seconds=FLUSH_SECONDS + 1)
    stage.recorder.close()
    assert rows(path)[1] == LogRow(START + timedelta(seconds=0.01), "interface", (0.5, 0.001))


def test_a_session_without_events_leaves_no_file(tmp_path):
    stage = Stage(tmp_path)
    stage.recorder.close()
    stage.recorder.close()
    assert list(tmp_path.iterdir()) == []


def test_two_sessions_of_one_second_do_not_share_a_log(tmp_path):
    for _ in range(2):
        stage = Stage(tmp_path)
        stage.play(2)
        stage.recorder.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-09-26T10-00-00-3d-mdrnn.log",
        "2026-09-26T10-00-01-3d-mdrnn.log",
    ]


def test_a_folder_that_vanishes_is_made_again_with_all_that_was_in_it(tmp_path):
    folder = tmp_path / "logs"
    stage = Stage(folder)
    stage.play(100)
    wait_until(lambda: stage.recorder.path is not None and len(rows(stage.recorder.path)) == 100)
    shutil.rmtree(folder)
    stage.play(1)
    wait_until(lambda: folder.exists() and len(rows(stage.recorder.path)) == 101)
    stage.recorder.close()
    assert stage.kinds() == ["log-vanished"]


@pytest.mark.skipif(sys.platform == "win32", reason="an open file cannot be replaced there")
def test_a_log_that_is_replaced_by_another_file_is_not_written_over(tmp_path):
    stage = Stage(tmp_path)
    stage.play(5)
    wait_until(lambda: stage.recorder.path is not None and len(rows(stage.recorder.path)) == 5)
    first = stage.recorder.path
    first.unlink()
    first.write_text("somebody else's\n")
    stage.play(1)
    stage.recorder.close()
    assert first.read_text() == "somebody else's\n"
    assert stage.recorder.path != first
    assert len(rows(stage.recorder.path)) == 6


FULL_DISK = """
import resource, signal, sys, time
from datetime import datetime, timedelta
from pathlib import Path
from impsy.events import Record
from impsy.perform.recording.recorder import Recorder

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
start = datetime(2026, 9, 26, 10)
reports = []
recorder = Recorder(Path(sys.argv[1]), 3, lambda s: start + timedelta(seconds=s), start, reports.append)
recorder.open()
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
for step in range(200):
    recorder.add(Record("interface", (0.5, step / 1000), step * 0.01))
time.sleep(0.5)
print([report.kind for report in reports], recorder.path.stat().st_size)
if sys.argv[2] == "frees":
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    time.sleep(1.5)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))
recorder.close()
print([report.kind for report in reports])
print(reports[-1].text)
"""


def _full_disk(folder: Path, then: str) -> list[str]:
    # A limit on file size makes the kernel refuse writes half-way, as a full disk does, and needs no privileges.
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(folder), then],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
        env={**os.environ, "TMPDIR": str(folder.parent)},
    )
    return done.stdout.splitlines()


@pytest.mark.slow
def test_a_full_disk_is_told_once_and_its_rows_follow_when_there_is_room(tmp_path):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)
    first, second, _ = _full_disk(tmp_path / "logs", "frees")
    assert first == "['log-unwritable'] 2000"
    assert second == "['log-unwritable', 'log-again']"
    (log,) = (tmp_path / "logs").iterdir()
    assert [row.values[1] for row in rows(log)] == [step / 1000 for step in range(200)]


@pytest.mark.slow
def test_what_never_found_room_is_accounted_for(tmp_path):
    first, second, text = _full_disk(tmp_path / "logs", "stays full")
    assert first == "['log-unwritable'] 2000"
    assert second == "['log-unwritable', 'log-rescue']"
    assert re.search(r"\d+ rows", text)


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such permissions")
def test_a_folder_that_cannot_be_made_is_told_at_the_start(tmp_path):
    (tmp_path / "logs").write_text("a file where the folder should be")
    stage = Stage(tmp_path / "logs")
    assert stage.kinds() == ["log-unwritable"]
    stage.play(10)
    (tmp_path / "logs").unlink()
    wait_until(lambda: stage.recorder.path is not None and len(rows(stage.recorder.path)) == 10)
    stage.recorder.close()


class FailingDisk:
    """``os`` as the recorder uses it, with a ``write`` that goes by a plan: bytes that it takes, or an error number.

    When the plan is over, it takes all, or nothing any more.
    """

    def __init__(self, plan: list[int | str], then: str) -> None:
        self._plan = [*plan]
        self._then = then

    def __getattr__(self, name: str) -> object:
        return getattr(os, name)

    def write(self, file: int, content: memoryview) -> int:
        step = self._plan.pop(0) if self._plan else self._then
        if isinstance(step, int):
            return os.write(file, content[:step]) if step else 0
        if step == "all":
            return os.write(file, content)
        number = getattr(errno, step)
        raise OSError(number, os.strerror(number))


steps = st.one_of(st.integers(0, 300), st.sampled_from(["all", "ENOSPC", "EIO", "EDQUOT"]))


@given(
    st.lists(steps, max_size=12),
    st.sampled_from(["all", "ENOSPC"]),
    st.lists(st.integers(0, 30), min_size=1, max_size=4),
    st.sampled_from([linefile.KEPT_BYTES, 400]),
    st.sampled_from([linefile.PIECE_BYTES, 100]),
    st.booleans(),
)
@pytest.mark.slow
def test_figures_count_what_is_in_the_files(tmp_path_factory, plan, then, batches, kept, piece, vanishes):
    folder, rescue = tmp_path_factory.mktemp("logs"), tmp_path_factory.mktemp("rescue")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(linefile, "os", FailingDisk(plan, then))
        patch.setattr(linefile, "KEPT_BYTES", kept)
        patch.setattr(linefile, "PIECE_BYTES", piece)
        patch.setattr(recording, "FLUSH_SECONDS", 0.001)
        patch.setattr(recording, "RETRY_SECONDS", 0.001)
        patch.setattr(linefile.tempfile, "tempdir", str(rescue))
        stage = Stage(folder)
        for batch in batches:
            stage.play(batch)
            time.sleep(0.003)
            if vanishes and stage.recorder.path is not None:
                stage.recorder.path.unlink(missing_ok=True)
        stage.recorder.close()
    recorder = stage.recorder
    written = [path.read_bytes() for path in folder.iterdir() if path == recorder.path]
    in_log = rows(recorder.path) if written and written[0] else []
    rescued = [row for path in rescue.iterdir() for row in rows(path)]
    if not (vanishes and not written):  # after the last row nobody looks whether the file is still there
        assert recorder.rows == len(in_log)
    assert (recorder.rescued, recorder.waiting) == (len(rescued), 0)
    assert recorder.rows + recorder.rescued + recorder.lost == stage.count
    steps_found = [row.values[1] for row in (*in_log, *rescued)]
    assert steps_found == sorted(set(steps_found))
    if recorder.lost and kept > 400:
        assert any(f"{recorder.lost} rows of the log are lost" in report.text for report in stage.reports)


def test_a_disk_that_does_not_answer_is_not_waited_for(tmp_path):
    stage = Stage(tmp_path)
    freed = threading.Event()
    with pytest.MonkeyPatch.context() as patch:
        disk = FailingDisk([], "all")
        disk.write = lambda file, content: freed.wait(10) and os.write(file, content)
        patch.setattr(linefile, "os", disk)
        stage.play(5)
        begin = time.monotonic()
        stage.recorder.close()
        assert if_idle(time.monotonic() - begin) < 3
        assert (stage.recorder.rows, stage.recorder.waiting) == (0, 5)
        freed.set()
        wait_until(lambda: stage.recorder.rows == 5)


class Disk:
    """Keeps how much the file held when each sync began, and the folders; with ``answers`` False, a sync waits."""

    def __init__(self, patch: pytest.MonkeyPatch, *, answers: bool = True) -> None:
        self.kept: list[int] = []
        self.folders: list[Path] = []
        self.answers = threading.Event()
        if answers:
            self.answers.set()
        patch.setattr(syncing, "sync", self._sync)
        patch.setattr(syncing, "sync_folder", self.folders.append)

    def _sync(self, file: int) -> None:
        size = os.fstat(file).st_size
        assert self.answers.wait(30)
        self.kept.append(size)


def test_rows_are_kept_by_the_disk_within_a_second_and_at_the_end(tmp_path, monkeypatch):
    disk = Disk(monkeypatch)
    stage = Stage(tmp_path)
    for _ in range(2):
        stage.play(3)
        began = time.monotonic()
        wait_until(lambda: stage.recorder.rows == stage.count)
        wait_until(lambda: disk.kept and disk.kept[-1] == stage.recorder.path.stat().st_size)
        assert if_idle(time.monotonic() - began) < 1.0
    count = len(disk.kept)
    time.sleep(2.5 * syncing.SYNC_SECONDS)
    assert len(disk.kept) == count  # nothing new: the disk is left alone
    stage.play(1)
    wait_until(lambda: len(disk.kept) > count)
    stage.play(2)  # the next sync is not due yet
    stage.recorder.close()
    assert disk.kept[-1] == stage.recorder.path.stat().st_size
    assert disk.folders == [tmp_path, tmp_path.parent]


def test_a_disk_that_is_slow_to_keep_rows_delays_neither_writing_nor_the_end(tmp_path, monkeypatch):
    monkeypatch.setattr(syncing, "SLOW_SECONDS", 0.3)
    disk = Disk(monkeypatch, answers=False)
    stage = Stage(tmp_path)
    for _ in range(6):
        stage.play(50)
        wait_until(lambda: stage.recorder.rows == stage.count)
        time.sleep(0.1)
    wait_until(lambda: set(stage.kinds()) == {"log-sync-slow"}, what=stage.kinds)
    began = time.monotonic()
    stage.recorder.close()
    assert if_idle(time.monotonic() - began) < 2.0
    assert disk.kept == []
    assert len(rows(stage.recorder.path)) == 300
    disk.answers.set()


def test_a_disk_that_refuses_to_keep_rows_is_told(tmp_path, monkeypatch):
    def refuse(_file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(syncing, "sync", refuse)
    stage = Stage(tmp_path)
    stage.play(5)
    wait_until(lambda: "log-sync-failed" in stage.kinds())
    stage.recorder.close()
    assert len(rows(stage.recorder.path)) == 5


def test_memory_is_bounded_while_the_disk_neither_takes_rows_nor_refuses(tmp_path, monkeypatch):
    freed = threading.Event()
    disk = FailingDisk([], "all")
    disk.write = lambda file, content: freed.wait(30) and os.write(file, content)
    monkeypatch.setattr(linefile, "os", disk)
    monkeypatch.setattr(linefile, "KEPT_BYTES", recording.NUMBER_BYTES * 9 * 100)
    stage = Stage(tmp_path)
    stage.play(1)
    wait_until(lambda: stage.recorder.path is not None)
    stage.play(150)
    assert (stage.recorder.lost, stage.recorder.waiting) == (50, 101)
    assert stage.kinds() == ["log-stuck"] * 50  # Reports shows a kind once
    freed.set()
    wait_until(lambda: stage.recorder.rows == 101)
    stage.recorder.close()


def test_memory_is_bounded_while_the_disk_refuses_rows(tmp_path, monkeypatch):
    monkeypatch.setattr(linefile, "os", FailingDisk([], "ENOSPC"))
    stage = Stage(tmp_path)
    monkeypatch.setattr(linefile, "KEPT_BYTES", 400)
    stage.play(100)
    for _ in range(100):
        time.sleep(0.05)
        if stage.recorder.lost > 80:
            break
    assert stage.recorder.waiting < 20
    stage.recorder.close()
