"""Graphs that we do not know, run in a process of their own for as long as they play: there they can be ended.

Such a graph may crash or loop for ever, on the first step or on the thousandth. What plays writes to the process's
standard input and goes on; it never waits for an answer. A thread takes the answers, and wakes what plays when one is
there that it asked for.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import struct
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from io import BufferedReader
from queue import SimpleQueue
from typing import IO, Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from impsy.errors import ModelError
from impsy.models.mixture import MixtureSampler
from impsy.models.predictor import MixturePredictor
from impsy.models.sizes import SCALE_FACTOR
from impsy.processes import limit, signal_name, start

__all__ = ["ANSWER_SECONDS", "START_SECONDS", "ElsewherePredictor", "GraphProcess"]

START_SECONDS = 30.0
"""For so long a graph may take to be opened and tried; both take under a second."""

ANSWER_SECONDS = 0.5
"""While it plays, a graph that gives no answer for so long is given up. A step takes microseconds to milliseconds."""

PATIENT_SECONDS = 10.0
"""The same where nobody listens: in an evaluation, a replay or a test, on a machine that may be busy."""

_MEMORY = 2 << 30
"""Bytes of address space that the process may have."""
_TRIAL_STEPS = 16
_WAITING = 64
"""Interactions that may wait to be heard; while there are more, those that follow are not heard."""
_WAITING_BYTES = 16 << 10
"""The same in bytes: what the pipe of any system takes while nobody reads."""
_REQUEST = struct.Struct("<?H")
"""Whether to forget what was heard, and which of the streams hears."""
_ANSWER = struct.Struct("<?I")
"""Whether it is one, else an error message; and the bytes that follow."""
_HEAD = struct.Struct("<dQ")
"""What the graph was trained with, and its bytes."""


class GraphProcess:
    """A process that runs a graph, for one stream of interactions or several.

    Args:
        content: the ``.tflite`` file.
        scale: what the graph was trained with.
        seconds: that it may take to begin.

    Raises:
        ModelError: it is no step of a mixture-density recurrent network, it crashes, fails or does not end.
        DeviceError: no process can be started.
    """

    def __init__(self, content: bytes, scale: float = SCALE_FACTOR, *, seconds: float = START_SECONDS) -> None:
        what = "the process of the model"
        arguments = ["-m", "impsy.models.elsewhere"]
        errors = subprocess.DEVNULL
        process = start(arguments, stdin=subprocess.PIPE, stderr=errors, niceness=0, what=what)
        assert process.stdin is not None
        self._answers = _Answers(process)
        self._end = weakref.finalize(self, _end, process)
        self._process = process
        self._input = process.stdin.fileno()
        self._sent = 1  # what it is given first is answered by what the graph is
        self._asked_at = 0.0
        # The process may not read: what cannot be written in time is not waited for.
        begin = threading.Thread(target=_begin, args=(process.stdin, content, scale), daemon=True)
        begin.start()
        (head,) = self._wait(1, seconds, "it is damaged, too large, or made to do harm")
        begin.join()
        facts = json.loads(head)
        self.dimension: int = facts["dimension"]
        self.mixtures: int = facts["mixtures"]
        self.units: int = facts["units"]
        self.layers: int = facts["layers"]
        self._pack = struct.Struct(f"<{self.dimension}d").pack
        size = _REQUEST.size + 8 * self.dimension
        self.most_waiting = max(1, min(_WAITING, _WAITING_BYTES // size))

    @property
    def waiting(self) -> int:
        """Interactions without an answer."""
        return self._sent - self._answers.count

    @property
    def problem(self) -> str:
        """Why there will be no more answers; "" as long as there may be some."""
        return self._answers.problem

    @property
    def overdue_at(self) -> float | None:
        """When the process has not answered for too long, in monotonic seconds; None if it owes no answer."""
        if not self.waiting:
            return None
        return max(self._asked_at, self._answers.at) + ANSWER_SECONDS

    def send(self, stream: int, vector: Sequence[float], *, forget: bool) -> None:
        """Have a stream hear an interaction. Returns at once, whether or not there is anybody to hear it."""
        if not self.waiting:
            self._asked_at = time.monotonic()
        request = _REQUEST.pack(forget, stream) + self._pack(*vector)
        self._sent += 1
        with contextlib.suppress(OSError):  # it has ended, as the thread that takes the answers will find
            os.write(self._input, request)

    def latest(self) -> NDArray[np.float32]:
        """The answer that came last, (M(2D+1),)."""
        return np.frombuffer(self._answers.latest, np.float32)

    def wait(self, count: int) -> list[NDArray[np.float32]]:
        """Wait until every interaction has an answer; returns the last ``count`` answers.

        Raises:
            ModelError: there will be none, or it takes longer than ``PATIENT_SECONDS``, which ends the process.
        """
        found = self._wait(count, PATIENT_SECONDS, "it does not end, or the machine is far too slow for it")
        return [np.frombuffer(answer, np.float32) for answer in found]

    def listen(self, woken: Callable[[], object] | None) -> None:
        """Have this called, in a thread, when the answers are complete that :meth:`is_ready` found missing."""
        self._answers.woken = woken

    def is_ready(self) -> bool:
        """Whether every interaction has an answer; else what listens is woken when they have, or never will."""
        if not self.waiting:
            return True
        self._answers.wanted = self._sent
        return not self.waiting

    def renew(self) -> None:
        """Let it have as long again as it had: this process did not run either."""
        self._asked_at = time.monotonic()

    def end(self) -> None:
        """End the process."""
        self._end()

    def keep_pace(self) -> None:
        """Give the process the priority of the calling thread, but for one step, where the system has such."""
        if not hasattr(os, "sched_setscheduler"):
            return
        policy, priority = os.sched_getscheduler(0), os.sched_getparam(0).sched_priority
        with contextlib.suppress(OSError):
            for thread in os.listdir(f"/proc/{self._process.pid}/task"):
                os.sched_setscheduler(int(thread), policy, os.sched_param(max(priority - 1, min(priority, 1))))

    def _wait(self, count: int, seconds: float, why: str) -> list[bytes]:
        answers = self._answers
        with answers.changed:
            done = answers.changed.wait_for(lambda: answers.problem or not self.waiting, seconds)
            if done and not answers.problem:
                return list(answers.kept)[-count:]
        self.end()
        raise ModelError(answers.problem or f"a step took more than {seconds:g} s: {why}")


class _Answers:
    """Takes the answers of a process in a thread. It does not keep the :class:`GraphProcess` alive."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.count = 0
        self.at = 0.0
        self.kept: deque[bytes] = deque(maxlen=_WAITING)
        self.problem = ""
        self.wanted = 0
        self.woken: Callable[[], object] | None = None
        self.changed = threading.Condition()
        threading.Thread(target=self._run, args=(process,), name="impsy model answers", daemon=True).start()

    @property
    def latest(self) -> bytes:
        return self.kept[-1]

    def _run(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        problem = ""
        while not problem:
            head = process.stdout.read(_ANSWER.size)
            if len(head) < _ANSWER.size:
                break
            sound, size = _ANSWER.unpack(head)
            content = process.stdout.read(size)
            if sound:
                self._add(content)
            else:
                problem = content.decode("utf-8", "replace")
        with contextlib.suppress(OSError):
            process.kill()
        status = process.wait()
        process.stdout.close()
        self._finish(problem or _how_it_ended(status))

    def _add(self, content: bytes) -> None:
        with self.changed:
            self.kept.append(content)
            self.at = time.monotonic()
            self.count += 1
            self.changed.notify_all()
        if self.count == self.wanted and self.woken is not None:
            self.woken()

    def _finish(self, problem: str) -> None:
        with self.changed:
            self.problem = problem
            self.changed.notify_all()
        if self.woken is not None:
            self.woken()


def _how_it_ended(status: int) -> str:
    how = f"by {signal_name(-status)}" if status < 0 else f"with status {status}"
    return f"its process ended {how}, by a crash or for lack of memory: it is damaged, too large, or made to do harm"


def _begin(stdin: IO[bytes], content: bytes, scale: float) -> None:
    with contextlib.suppress(OSError, ValueError):
        stdin.write(_HEAD.pack(scale, len(content)) + content)
        stdin.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(OSError):
        process.kill()  # the thread that takes its answers waits for its end
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()


class ElsewherePredictor(MixturePredictor):
    """A graph in a process of its own.

    Used by itself, it waits for each answer, as any predictor computes it. Once something :meth:`listen`-s, nothing
    waits: :attr:`ready` says whether ``sample`` has what it needs, and :meth:`given_up` why it never will.
    """

    def __init__(self, process: GraphProcess) -> None:
        count = process.mixtures * process.dimension
        parameters = np.zeros(2 * count + process.mixtures, np.float32)
        super().__init__(MixtureSampler(parameters, process.dimension), process.dimension)
        self._process = process
        self._buffer = parameters
        self._listening = self._forget = self._renewed = False
        self.witness: Callable[[str], object] | None = None
        """While it plays, is given what depends on the process's pace: ``r`` where it was ready, ``n`` where it was
        not, ``h`` where it heard, ``d`` where it could not, ``!`` and why it is given up."""

    def hear(self, vector: Sequence[float]) -> None:
        """See :meth:`MixturePredictor.hear`; raises ModelError if the graph fails and nothing listens."""
        if len(vector) != self.dimension:
            raise ValueError(f"an interaction has {self.dimension} numbers here, not {len(vector)}")
        process = self._process
        if process.waiting >= process.most_waiting:
            if self._listening:
                self._tell("d")  # it cannot keep up
                return
            process.wait(1)
        self._tell("h")
        self._renewed = self._renewed and process.waiting > 0
        process.send(0, vector, forget=self._forget)
        self._forget = False
        self._heard = True

    def reset(self) -> None:
        """See :meth:`MixturePredictor.reset`."""
        self._forget = True
        self._heard = False

    @property
    def parameters(self) -> NDArray[Any]:
        """See :meth:`MixturePredictor.parameters`; raises ModelError if the graph fails and nothing listens."""
        if not self._listening and self._heard:
            self._process.wait(1)
        if self._heard and not self._process.waiting:
            self._buffer[:] = self._process.latest()
        return self._buffer

    def sample(self, rng: Generator, pi_temperature: float, sigma_temperature: float) -> list[float]:
        """See :meth:`MixturePredictor.sample`; raises ModelError if the graph fails and nothing listens."""
        return self.sample_given(rng, pi_temperature, sigma_temperature, {})

    def sample_given(
        self, rng: Generator, pi_temperature: float, sigma_temperature: float, given: Mapping[int, float]
    ) -> list[float]:
        """See :meth:`MixturePredictor.sample_given`; raises ModelError as :meth:`sample` does."""
        if not self._heard:
            self.hear([0.0] + [0.5] * (self.dimension - 1))
        _ = self.parameters
        return self._draw(rng, pi_temperature, sigma_temperature, given)

    # --- while it plays ----------------------------------------------------------------------------

    def listen(self, woken: Callable[[], object]) -> None:
        """From now on nothing waits for answers: ``woken`` is called in a thread when those asked for are there."""
        self._listening = True
        self._process.listen(woken)
        self._process.keep_pace()

    @property
    def ready(self) -> bool:
        """Whether all that was heard has been computed; if not, what listens is woken then."""
        ready = not self._listening or self._process.is_ready()
        self._tell("r" if ready else "n")
        return ready

    def _tell(self, what: str) -> None:
        if self.witness is not None and self._listening:
            self.witness(what)

    @property
    def overdue_at(self) -> float | None:
        """When :meth:`given_up` is to be called, in monotonic seconds; None: not as things stand."""
        if not self._listening:
            return None
        return 0.0 if self._process.problem else self._process.overdue_at

    def given_up(self, now: float) -> str:
        """Why there will be no answer any more; the process is then ended. "" if it may have another moment."""
        due, problem = self.overdue_at, self._process.problem
        if due is None:
            return ""
        if not problem and now - due > ANSWER_SECONDS and not self._renewed:
            self._renewed = True  # this process did not run for a while, perhaps the other did not either
            self._process.renew()
            return ""
        self._process.listen(None)
        self._process.end()
        reason = problem or f"it has not answered for {ANSWER_SECONDS:g} s"
        self._tell(f"!{reason}")
        return reason


# --- what runs in the other process -----------------------------------------------------------------


def _serve() -> None:
    """Run the graph that comes by standard input; end with the process that started this, whatever the graph does."""
    for name in ("SIGINT", "SIGTERM"):  # meant for that process, which may need the graph until its end
        signal.signal(getattr(signal, name), signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # native code may print
    limit(_MEMORY, writes=False)
    incoming = open(0, "rb", closefd=False)  # noqa: SIM115 - read until the process ends
    scale, size = _HEAD.unpack(incoming.read(_HEAD.size))
    content = incoming.read(size)
    requests: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read, args=(incoming, requests), daemon=True).start()
    try:
        facts, predictors = _tried(content, scale)
        _answer(answers, True, json.dumps(facts).encode())
        layout = struct.Struct(f"<{facts['dimension']}d")
        request = bytearray()
        while True:
            while len(request) < _REQUEST.size + layout.size:
                request += requests.get()
            forget, stream = _REQUEST.unpack_from(request)
            predictor = predictors(stream)
            if forget:
                predictor.reset()
            predictor.hear(layout.unpack_from(request, _REQUEST.size))
            del request[: _REQUEST.size + layout.size]
            _answer(answers, True, predictor.mixture().tobytes())
    except ModelError as error:
        _answer(answers, False, str(error).encode())
    except MemoryError:
        _answer(answers, False, b"it needs more memory than it may have")
    os._exit(0)


def _tried(content: bytes, scale: float) -> tuple[dict[str, int], Callable[[int], Any]]:
    """What a graph is, and what gives a predictor for each stream, once it has run some steps."""
    from impsy.models.litert import GraphPredictor

    predictor = GraphPredictor(content, scale)
    rng = np.random.default_rng(0)
    for _ in range(_TRIAL_STEPS):
        predictor.hear(rng.random(predictor.dimension).tolist())
        if not np.isfinite(predictor.parameters).all():
            raise ModelError("what it computes is not finite")
    found = {0: GraphPredictor(content, scale)}  # of what the steps may have left behind, nothing plays
    layout = predictor.layout

    def predictors(stream: int) -> GraphPredictor:
        if stream not in found:
            found[stream] = GraphPredictor(content, scale)
        return found[stream]

    facts = {"dimension": layout.dimension, "mixtures": layout.mixtures, "units": layout.units}
    return {**facts, "layers": len(layout.states) // 2}, predictors


def _read(incoming: BufferedReader, requests: SimpleQueue[bytes]) -> None:
    """Pass on what comes; at its end the process that started this one has ended, whatever the graph does."""
    while content := incoming.read1(1 << 16):
        requests.put(content)
    os._exit(0)


def _answer(answers: IO[bytes], sound: bool, content: bytes) -> None:
    answers.write(_ANSWER.pack(sound, len(content)) + content)
    answers.flush()


if __name__ == "__main__":
    _serve()
