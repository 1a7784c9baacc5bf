"""What all tests share: where real recordings lie, and which outside programs a test needs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from impsy.errors import DeviceError
from impsy.io.midi.library import load_library

ROOT = Path(__file__).resolve().parents[1]

# A shell that starts the tests in the background, or with nohup, has them ignore SIGINT, and what they start would
# inherit that. A handler is not inherited: the programs under test start with the default.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("impsy", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("quick", settings.get_profile("impsy"), max_examples=20)


def pytest_configure(config: pytest.Config) -> None:
    """The quick tests try fewer examples of each property than the whole suite."""
    settings.load_profile("quick" if config.getoption("markexpr") == "not slow" else "impsy")


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as there are processors, as half of what slow tests do is waiting for other programs."""
    processors = os.cpu_count() or 1
    return processors + processors // 2


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

    Files with slow tests come first: where several processes share the tests (pytest-xdist), a file is run by one of
    them, and none of these files should be all that is left in the end.
    """
    slow_files = set()
    for item in items:
        if item.path.parent.name in PROGRAMS:
            item.add_marker("slow")
        if item.get_closest_marker("slow"):
            slow_files.add(item.path)
    items.sort(key=lambda item: item.path not in slow_files)
    if os.environ.get("IMPSY_REQUIRE_PEERS") == "1":
        return
    for item in items:
        for mark in item.iter_markers("peer"):
            missing = [program for program in mark.args if shutil.which(program) is None]
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not installed here: {', '.join(missing)}"))
