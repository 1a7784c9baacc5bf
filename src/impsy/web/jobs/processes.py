"""Work that takes long or reads what others sent, in processes of low priority.

The web process forwards what is played as it is played, and the session may share its processors: neither must wait
for a dataset that is made, or for a file that was made to do harm. See :mod:`impsy.web.jobs.worker` for the tasks.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import psutil

from impsy.errors import ConfigError, DataError, DeviceError, ImpsyError, ModelError

__all__ = ["LOW", "REFUSED", "end_work", "start_low", "work"]

logger = logging.getLogger(__name__)

LOW = 19
"""The niceness of these processes."""
REFUSED = 3
"""Exit status of a task that says why it cannot."""
SECONDS = 300.0
"""After which a task is ended. They take a few seconds, with the largest files perhaps a minute."""

_working: dict[subprocess.Popen[bytes], Path] = {}
"""What works, and in which workspace."""

_ERRORS: dict[str, type[ImpsyError]] = {
    kind.__name__: kind for kind in (ConfigError, DataError, DeviceError, ModelError)
}


def start_low(
    arguments: Sequence[str],
    folder: Path,
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes],
    stderr: int | IO[bytes],
    detached: bool = False,
) -> subprocess.Popen[bytes]:
    """Start Python with these arguments in ``folder``, at low priority.

    Args:
        detached: it goes on when this process and the terminal end, and hears no Ctrl-C that is meant for others.

    Raises:
        DeviceError: the system refuses.
    """
    root = str(Path(__file__).resolve().parents[3])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    # The folder may hold anything, so -P: no module is taken from it. Threads of OpenBLAS bring nothing here.
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTHONIOENCODING": "utf-8",
        "OPENBLAS_NUM_THREADS": "1",
    }
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS
        flags |= subprocess.CREATE_NEW_PROCESS_GROUP if detached else 0
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            [sys.executable, "-P", *arguments],
            cwd=folder,
            env=environment,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            start_new_session=detached,
            creationflags=flags,
        )
    except OSError as error:
        raise DeviceError(f"a process cannot be started: {error.strerror or error}") from error
    if sys.platform != "win32":
        with suppress(psutil.Error):  # it may have ended already, or the system may not allow it
            psutil.Process(process.pid).nice(LOW)
        # Where Linux shares processors by sessions (sched(7), "autogroup"), niceness counts within one only.
        with suppress(OSError):
            if detached:
                Path(f"/proc/{process.pid}/autogroup").write_text(str(LOW), encoding="ascii")
    return process


def work(task: str, folder: Path, *, seconds: float = SECONDS, **what: Any) -> Any:
    """Have a task of :mod:`impsy.web.jobs.worker` done, and wait; returns what it answers.

    Args:
        folder: the workspace.
        what: its arguments, as JSON can say them.

    Raises:
        ImpsyError: of the kind that the task raised, or DataError if its process died or took too long.
    """
    process = start_low(
        ["-m", "impsy.web.jobs.worker", task],
        folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process, _known(process, folder):
        try:
            answer, told = process.communicate(json.dumps(what).encode(), seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise DataError(f"this took more than {seconds:.0f} s: it is too large, or made to do harm") from error
        except BaseException:
            process.kill()
            raise
    if process.returncode == REFUSED:
        kind, text = json.loads(answer)
        raise _ERRORS[kind](_relative(text, folder))
    if process.returncode:
        logger.warning("the task %s ended with %s: %s", task, process.returncode, told.decode("utf-8", "replace"))
        raise DataError("reading it ended the process that did: it is damaged, too large, or made to do harm")
    return json.loads(answer)


def end_work(folder: Path) -> None:
    """End what works in this folder, so that nobody waits for it any more: the web process ends."""
    for process, where in list(_working.items()):
        if where == folder:
            process.kill()


@contextmanager
def _known(process: subprocess.Popen[bytes], folder: Path) -> Iterator[None]:
    _working[process] = folder
    try:
        yield
    finally:
        del _working[process]


def _relative(text: str, folder: Path) -> str:
    """Paths in the workspace as one names them there."""
    return text.replace(f"{folder}{os.sep}", "")
