"""Starting Python again, in a process of its own: for long work, and for what may crash or was made to do harm.

Damaged and hostile files are handled in part by native code that does not withstand them: in 5,000 HDF5 files with
damaged bytes the library crashed twice and hung four times. A process of its own reads them: it gets bytes, it
returns bytes, and where the system has such limits it can neither use much memory nor time, nor, where it need not,
write a file. If it dies, that is an error message.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

from impsy.errors import ConfigError, DataError, DeviceError, ImpsyError, ModelError

__all__ = ["Cancelling", "ask", "end_all_in", "limit", "serve", "signal_name", "start"]

logger = logging.getLogger(__name__)

WAITED_FOR, LOW = 10, 19
"""Niceness of a process whose answer somebody waits for, and of one that has time. Playing and the pages go first."""

_REFUSED = 3
"""Exit status of a task that returns the reason why it cannot."""

_ERRORS: dict[str, type[ImpsyError]] = {
    kind.__name__: kind for kind in (ConfigError, DataError, DeviceError, ModelError)
}


class Cancelling:
    """Ends a process that is waited for, from another thread; also one that is started after that."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._requested = False

    @property
    def requested(self) -> bool:
        """Whether it was cancelled."""
        return self._requested

    def cancel(self) -> None:
        """End it."""
        with self._lock:
            self._requested = True
            if self._process is not None:
                self._process.kill()

    def watch(self, process: subprocess.Popen[bytes]) -> None:
        """This is the process."""
        with self._lock:
            self._process = process
            if self._requested:
                process.kill()


_running: dict[subprocess.Popen[bytes], Path | None] = {}
"""The processes that are waited for, and the folder of each."""


def start(
    arguments: Sequence[str],
    folder: Path | None = None,
    *,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    stdout: int | IO[bytes] = subprocess.PIPE,
    stderr: int | IO[bytes] = subprocess.PIPE,
    niceness: int = LOW,
    detached: bool = False,
    inherited: Mapping[str, str] = os.environ,
    what: str = "a process",
) -> subprocess.Popen[bytes]:
    """Start Python with these arguments in ``folder``.

    Args:
        niceness: how far it steps back behind others, 0 (not at all) to 19.
        detached: it goes on when this process and the terminal end, and is not ended by a Ctrl-C meant for others.
        inherited: the environment, but for what every process of IMPSY gets.
        what: it is, for the message.

    Raises:
        DeviceError: the system refuses, or there is no Python interpreter.
    """
    if not sys.executable:
        raise DeviceError("there is no Python interpreter to start a process with; use one that is installed")
    root = str(Path(__file__).resolve().parents[1])
    # An empty or a relative part stands for the folder that it runs in, which may hold anything.
    paths = [path for path in inherited.get("PYTHONPATH", "").split(os.pathsep) if Path(path).is_absolute()]
    if folder is not None:
        paths = [path for path in paths if not Path(path).resolve().is_relative_to(folder.resolve())]
    # Thread pools of OpenBLAS bring nothing here, and take a third of the start.
    environment = {
        **inherited,
        "PYTHONPATH": os.pathsep.join([root, *paths]),
        "PYTHONIOENCODING": "utf-8",
        "OPENBLAS_NUM_THREADS": "1",
    }
    flags = 0
    if sys.platform == "win32":
        flags |= subprocess.BELOW_NORMAL_PRIORITY_CLASS if niceness else 0
        flags |= subprocess.CREATE_NEW_PROCESS_GROUP if detached else 0
    try:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and our own code
            # The folder may hold anything, so -P: no module is taken from it.
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
        raise DeviceError(f"{what} cannot be started: {error.strerror or error}") from error
    if niceness and sys.platform != "win32":
        with suppress(OSError):  # it may have ended already, or the system may not allow it
            os.setpriority(os.PRIO_PROCESS, process.pid, niceness)
        # Where Linux shares processors by sessions (sched(7), "autogroup"), niceness counts within one only.
        with suppress(OSError):
            if detached:
                Path(f"/proc/{process.pid}/autogroup").write_text(str(niceness), encoding="ascii")
    return process


def ask(
    arguments: Sequence[str],
    content: bytes,
    folder: Path | None = None,
    *,
    seconds: float,
    niceness: int = WAITED_FOR,
    error_type: type[ImpsyError] = DataError,
    cancelling: Cancelling | None = None,
) -> bytes:
    """Start Python with these arguments, which must come to :func:`serve`, and wait for the answer to ``content``.

    Args:
        folder: where it runs; errors name files relative to it.
        seconds: after which the process is ended.
        error_type: raised if the process dies, takes too long or is cancelled.
        cancelling: can end the process.

    Raises:
        ImpsyError: of the kind that the task raised, or of ``error_type``.
    """
    process = start(arguments, folder, stdin=subprocess.PIPE, niceness=niceness)
    if cancelling is not None:
        cancelling.watch(process)
    with process:
        _running[process] = folder
        try:
            answer, log = process.communicate(content, seconds)
        except subprocess.TimeoutExpired as error:
            process.kill()
            text = f"this took more than {seconds:.0f} s: it is damaged, too large, or made to do harm"
            raise error_type(text) from error
        except BaseException:
            process.kill()
            raise
        finally:
            del _running[process]
    if cancelling is not None and cancelling.requested:
        raise error_type("it was cancelled")
    if process.returncode == _REFUSED:
        kind, text = json.loads(answer)
        raise _ERRORS.get(kind, error_type)(text if folder is None else text.replace(f"{folder}{os.sep}", ""))
    if process.returncode:
        logger.warning("%s ended with %s: %s", arguments, process.returncode, log.decode("utf-8", "replace"))
        raise error_type(
            "reading it ended the process that did, by a crash or for lack of memory: it is damaged, too large, or "
            "made to do harm"
        )
    return answer


def end_all_in(folder: Path) -> None:
    """End the processes that are waited for in this folder: the web process ends."""
    for process, where in list(_running.items()):
        if where == folder:
            process.kill()


def signal_name(number: int) -> str:
    """What the signal that ended a process is called, such as SIGKILL."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# --- in the other process ---------------------------------------------------------------------------


def serve(
    task: Callable[[bytes], bytes], *, memory: int, seconds: float | None = None, writes: bool = True
) -> NoReturn:
    """Read all of standard input, do ``task`` within limits, write the answer to standard output, end."""
    limit(memory, seconds=seconds, writes=writes)
    status = 0
    try:
        answer = task(sys.stdin.buffer.read())
    except ImpsyError as error:
        kind = next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in _ERRORS), "")
        answer, status = json.dumps([kind, str(error)]).encode(), _REFUSED
    except MemoryError:
        answer, status = json.dumps(["", "it needs more memory than it may have"]).encode(), _REFUSED
    sys.stdout.buffer.write(answer)
    sys.stdout.flush()
    os._exit(status)  # native libraries that read a damaged file are not trusted to clean up


def limit(memory: int, *, seconds: float | None = None, writes: bool = True) -> None:
    """Ask the system to end this process if it takes too much; Windows has no such limits.

    Args:
        memory: bytes of address space.
        seconds: of processor time; None: only who waits for it limits that.
        writes: whether it may write files.
    """
    if hasattr(os, "sched_setscheduler"):  # what plays may have started this, and comes first; this does not
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        import resource
    except ImportError:
        return
    wanted = {resource.RLIMIT_AS: memory, resource.RLIMIT_CORE: 0}
    if seconds is not None:
        wanted[resource.RLIMIT_CPU] = int(seconds)
    if not writes:
        wanted[resource.RLIMIT_FSIZE] = 0
    for kind, amount in wanted.items():
        _, hard = resource.getrlimit(kind)
        soft = amount if hard == resource.RLIM_INFINITY else min(amount, hard)
        with suppress(ValueError, OSError):  # macOS refuses some; the time limit of the parent remains
            resource.setrlimit(kind, (soft, hard))
