"""Starts and stops the session, a process of its own, and recognises one that was started elsewhere.

Our own ends with the web process, however that ends: see :mod:`impsy.web.session.child`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast

import psutil

from impsy import processes
from impsy.config.localports import named_ports
from impsy.errors import DeviceError, ImpsyError
from impsy.protocol.monitor import State
from impsy.protocol.pages import ServerMessage
from impsy.protocol.session import Line, Session
from impsy.threads import Failures, once
from impsy.web.config.file import ConfigFile
from impsy.web.live.link import SessionLink
from impsy.web.session.log import SessionLog
from impsy.web.workspace import Conflict

__all__ = ["SessionSupervisor", "is_session"]

STOP_SECONDS = 8.0
"""How long a session may take to end before it is killed; it takes a tenth of that."""

SLOW_SECONDS = 15.0
"""A session that has sent no state after so long may need help."""

LINE_LIMIT = 8192

Status = Literal["stopped", "starting", "running", "stopping", "failed"]


def is_session(pid: int) -> bool:
    """Whether this process is an IMPSY that plays, by how it was started."""
    if pid == os.getpid():
        return False
    try:
        line = psutil.Process(pid).cmdline()
    except (psutil.Error, OSError, ValueError, OverflowError):
        return False
    programs = {"impsy", "impsy.exe", "start_impsy.py", "impsy.web.session.child"}
    for number, word in enumerate(line[:6]):
        if word in programs or Path(word).name in programs:
            return any(each in {"run", "replay", "demo"} for each in line[number + 1 : number + 2])
    return False


@dataclass
class _Run:
    """A session of ours."""

    process: subprocess.Popen[bytes]
    started: float
    heard: bool = False
    stopping: bool = False
    ended: threading.Event = field(default_factory=threading.Event)


class SessionSupervisor:
    """Starts, stops and watches the session of a workspace.

    Args:
        config: what it plays, in which workspace.
        link: receives the state of sessions, ours and others.
        announce: called with messages for the pages (``session``, ``output``), by any thread.
        arguments: more for ``impsy run``.
    """

    def __init__(
        self,
        config: ConfigFile,
        link: SessionLink,
        announce: Callable[[ServerMessage], None],
        arguments: Sequence[str] = (),
    ) -> None:
        self._config = config
        self._workspace = config.workspace
        self._link = link
        self._pages = announce
        self._arguments = tuple(arguments)
        self._changing = threading.Lock()
        self._run: _Run | None = None
        self._failure = ""
        self._stopping_pid: int | None = None
        self._ours: dict[int, bool] = {}
        self._log = SessionLog(config.workspace.private / "session.log")
        self._failures = Failures("reading what the session prints")

    def start(self) -> None:
        """Start a session, unless one runs.

        Raises:
            Conflict: the configuration is missing or wrong, or another program has the monitor port, so that the
                session's state could not be received.
            DeviceError: the system refuses.
        """
        with self._changing:
            self._start()
        self._announce()

    def stop(self) -> None:
        """End the session that runs, wherever it was started, and wait until it has.

        Raises:
            Conflict: what runs is not ours to end, or does not look like a session.
        """
        with self._changing, self._announced():
            self._stop()

    def restart(self) -> None:
        """End it, and start it again. Raises what ``start`` and ``stop`` do."""
        with self._changing, self._announced():
            self._check()
            self._stop()
            self._start()

    def status(self) -> Session:
        """How the session is, as the pages receive it."""
        state, run = self._link.state, self._run
        pid = state.get("pid") if state is not None else None
        pid = pid if type(pid) is int else None
        if run is not None:
            return self._status_of_ours(run, state, pid)
        if state is not None:
            status: Status = "stopping" if self._stopping_pid is not None else "running"
            sentence = f"This session was started elsewhere (process {pid})."
            return _session(status, pid, sentence, state)
        if self._failure:
            return _session("failed", None, self._failure, None)
        return _session("stopped", None, self._link.trouble, None)

    def lines(self) -> list[Line]:
        """What our sessions printed last."""
        return self._log.lines()

    def use_configured_ports(self) -> None:
        """Have the link use the configuration's local ports, unless a session runs, which keeps its own."""
        if self.status()["status"] not in {"stopped", "failed"}:
            return
        with contextlib.suppress(ImpsyError):  # it cannot be read now: the ports stay
            self._link.configure(*named_ports(self._config.load().config))

    def close(self) -> None:
        """End our session, if there is one; one that was started elsewhere plays on."""
        with self._changing:
            if self._run is not None:
                self._end_ours(self._run)

    # --- starting ----------------------------------------------------------------------------------

    def _check(self) -> None:
        """Raise now what would keep a session from playing, while the one before it still plays."""
        root, config = self._workspace.root, self._workspace.config
        if not root.is_dir():
            raise Conflict(f"the folder {root.name} is gone: nothing can be played in it")
        if not config.exists():
            raise Conflict(f"this workspace has no {config.relative_to(root)} yet: set it up first")
        try:
            self._workspace.folder(self._workspace.logs)
            loaded = self._config.load()
            loaded.model_files()
        except ImpsyError as error:
            raise Conflict(f"the configuration cannot be played: {error}") from error
        if self._run is None and self._link.state is None:
            self._link.configure(*named_ports(loaded.config))
        if self._link.trouble:
            raise Conflict(self._link.trouble)

    def _start(self) -> None:
        if self._run is not None or self._link.state is not None:
            return
        self._check()
        root = self._workspace.root
        config = str(self._workspace.config.relative_to(root))
        logs = str(self._workspace.logs)
        play = ["run", "-c", config, "-l", logs, *self._arguments]
        self._failure = ""
        self._ours = {}
        self._log.begin()
        process = processes.start(
            ["-m", "impsy.web.session.child", *play],
            root,
            stdin=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            niceness=0,
            # A Ctrl-C in the terminal ends the web process, which then ends the session in order.
            detached=True,
            inherited=_environment(),
            what="the session",
        )
        run = self._run = _Run(process, time.monotonic())
        once("impsy session output", partial(self._read, run)).start()

    # --- ending ------------------------------------------------------------------------------------

    def _stop(self) -> None:
        run, state = self._run, self._link.state
        if run is not None:
            self._end_ours(run)
        elif state is not None:
            self._end_other(state.get("pid"))
        self._failure = ""

    def _end_ours(self, run: _Run) -> None:
        run.stopping = True
        self._announce()
        with contextlib.suppress(OSError):  # it ended just now
            run.process.send_signal(_ASK)
        if not run.ended.wait(STOP_SECONDS):
            _kill(run.process)
            run.ended.wait(STOP_SECONDS)

    def _end_other(self, pid: object) -> None:
        if type(pid) is not int or not is_session(pid):
            raise Conflict(f"process {pid} does not look like a session of IMPSY: end it where it was started")
        self._stopping_pid = pid
        self._announce()
        try:
            process = psutil.Process(pid)
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                process.kill()
                process.wait(STOP_SECONDS)
        except psutil.NoSuchProcess:
            pass
        except psutil.AccessDenied as error:
            raise Conflict(f"process {pid} is another user's: end it where it was started") from error
        except psutil.TimeoutExpired as error:
            raise DeviceError(f"process {pid} does not end") from error
        finally:
            self._stopping_pid = None
        self._link.forget(pid)

    # --- watching ----------------------------------------------------------------------------------

    def _read(self, run: _Run) -> None:
        """Keep what it prints until it ends, then report how it ended."""
        if run.process.stdout is not None:
            while content := run.process.stdout.readline(LINE_LIMIT):
                with self._failures:
                    self._pages({"type": "output", "lines": [self._log.add(content.decode("utf-8", "replace"))]})
        code = run.process.wait()
        for pipe in (run.process.stdin, run.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what was still to be written to it
                    pipe.close()
        if code != 0 and not run.stopping:
            self._failure = f"The session ended by itself: {_cause(code, self._log.cause())}"
        state = self._link.state
        pid = state.get("pid") if state is not None else None
        # Another session on the same ports plays on; its state arrives.
        self._link.forget(pid if type(pid) is int and self._is_ours(run, pid) else run.process.pid)
        self._run = None
        run.ended.set()
        self._announce()

    def _status_of_ours(self, run: _Run, state: dict[str, Any] | None, pid: int | None) -> Session:
        own = pid is not None and self._is_ours(run, pid)
        run.heard = run.heard or own
        status: Status = "stopping" if run.stopping else "running" if run.heard else "starting"
        sentence = self._link.trouble
        if not sentence and state is not None and not own:
            sentence = f"Another session (process {pid}) uses the same local ports: end one of them."
        elif not sentence and not run.heard and time.monotonic() - run.started > SLOW_SECONDS:
            sentence = "It takes long to start: see its output on the System page."
        elif not sentence and run.heard and state is None and not run.stopping:
            sentence = "The session does not answer."
        return _session(status, run.process.pid, sentence, state if own else None, ours=True)

    def _is_ours(self, run: _Run, pid: int) -> bool:
        """Whether it is the process that we started, or the one that it started (Windows' launcher does so)."""
        if pid == run.process.pid:
            return True
        if pid not in self._ours:
            try:
                self._ours[pid] = psutil.Process(pid).ppid() == run.process.pid
            except (psutil.Error, OSError, ValueError, OverflowError):
                return False
        return self._ours[pid]

    def _announce(self) -> None:
        self._pages({"type": "session", **self.status()})

    @contextlib.contextmanager
    def _announced(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._announce()


def _session(
    status: Status, pid: int | None, sentence: str, state: dict[str, Any] | None, *, ours: bool = False
) -> Session:
    shown = cast("State | None", state)  # from another process: what is read of it here is checked
    return {"status": status, "ours": ours, "pid": pid, "sentence": sentence, "state": shown}


def _cause(code: int, said: str) -> str:
    """Why a session ended, by its exit code and what it said of that."""
    if code >= 0:
        return said or f"it gave no reason (exit code {code})"
    return f"it was ended by {processes.signal_name(-code)}{said and f' ({said})'}"


def _environment() -> dict[str, str]:
    """Our own, such that the session prints plain lines, unbuffered."""
    forced = {"FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE"}
    manager = {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}  # these concern the web process, not the session
    kept = {name: value for name, value in os.environ.items() if name not in forced | manager}
    return {**kept, "NO_COLOR": "1", "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"}


if sys.platform == "win32":
    _ASK = signal.CTRL_BREAK_EVENT

    def _kill(process: subprocess.Popen[bytes]) -> None:
        process.kill()

else:
    _ASK = signal.SIGTERM  # SIGINT may be ignored, where a shell started us in the background

    def _kill(process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(OSError):  # it ended just now
            os.killpg(process.pid, signal.SIGKILL)
