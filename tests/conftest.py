"""What all tests share: where real recordings lie, and which outside programs a test needs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from impsy.errors import DeviceError
from impsy.io.midi.library import load_library

ROOT = Path(__file__).resolve().parents[1]
THREADS = "OPENBLAS_NUM_THREADS"


def _numpy_computes_in_one_thread() -> None:
    """Where the tests share the processors, several threads would mostly wait for each other.

    NumPy reads the variable when it is loaded; programs that tests start find the environment as it was.
    """
    before = os.environ.get(THREADS)
    os.environ[THREADS] = before or "1"
    import numpy  # noqa: F401 - to be loaded now

    if before is None:
        del os.environ[THREADS]


_numpy_computes_in_one_thread()

# A shell that starts the tests in the background, or with nohup, has them ignore SIGINT, and what they start would
# inherit that. A handler is not inherited: the programs under test start with the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("impsy", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("impsy"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """The quick tests try fewer examples of each property than the whole suite."""
    settings.load_profile("quick" if config.getoption("markexpr") == "not slow" else "impsy")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors, as half of what slow tests do is waiting for other programs."""
    processors = os.cpu_count() or 1
    return processors + processors // 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A process runs whole files: one all those with JACK, which would wait for each other, and one all those of
    packaging, which share what takes a minute to make.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _company(super()._split_scope(nodeid))

    return Scheduling(config, log)


@cache
def _company(file: str) -> str:
    """Which files run in one process with this one."""
    if file.startswith("tests/packaging/"):
        return "packaging"
    return "jack" if "jack_alone" in (ROOT / file).read_text(encoding="utf-8") else file


@pytest.fixture(scope="session")
def loopbacks() -> tuple[str, ...]:
    """The addresses that this machine reaches itself by: that of IPv4, and that of IPv6 where it is switched on."""
    found = ["127.0.0.1"]
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        found.append("::1")
    return tuple(found)


def _shared() -> Path:
    return Path(os.environ.get("IMPSY_SHARED", ROOT.parent / "shared"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings, models and configs; tests that want it are left out without it."""
    folder = _shared() / "data"
    if not folder.is_dir():
        pytest.skip("the shared recordings are not on this machine")
    return folder


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of conformance vectors that the sibling front ends are checked against too."""
    folder = _shared() / "vectors"
    if not folder.is_dir():
        pytest.skip("the conformance vectors are not on this machine")
    return folder


@pytest.fixture(scope="session")
def told_of_midi() -> Callable[[str], str]:
    """What an error about a MIDI system says: the word, or, on a bare machine, that ALSA's library is missing."""

    def told(word: str) -> str:
        try:
            load_library()
        except DeviceError:
            return "sudo apt install libasound2"
        return word

    return told


PROGRAMS = {"examples", "packaging", "pages", "peers"}
"""Folders of tests that play with whole programs, browsers and servers: all of them are slow."""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """The quick tests do not import the folders in which all tests are slow."""
    return (config.getoption("markexpr") == "not slow" and collection_path.name in PROGRAMS) or None


@pytest.fixture(scope="module")
def jack_alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Modules with JACK run one at a time: its clients of the same name disturb each other on two servers, too."""
    fcntl = pytest.importorskip("fcntl")  # Windows has none, nor tests with JACK
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base
    with (shared / "jack.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out tests whose peer programs are missing, except where they must be there (CI).

    A file is run by one of the processes that share the tests (pytest-xdist), and none of these should be all that is
    left in the end: those come first of which one process runs many, then whole programs, then the other files by how
    many slow tests they have.
    """
    slow: Counter[Path] = Counter()
    for item in items:
        if item.path.parent.name in PROGRAMS:
            item.add_marker("slow")
        elif item.get_closest_marker("slow"):
            slow[item.path] += 1
    items.sort(
        key=lambda item: (
            _company(file := item.path.relative_to(ROOT).as_posix()) == file,
            item.path.parent.name not in PROGRAMS,
            -slow[item.path],
        )
    )
    if os.environ.get("IMPSY_REQUIRE_PEERS") == "1":
        return
    for item in items:
        for mark in item.iter_markers("peer"):
            missing = [program for program in mark.args if shutil.which(program) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed here: {', '.join(missing)}"))
