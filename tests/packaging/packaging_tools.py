"""What tests of packaging share: bare environments, and programs that are run in them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INSTALL = ROOT / "packaging" / "install.sh"

#: What would make one environment see another, or a page open, or a token be known.
_DROPPED = {
    "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "DISPLAY", "WAYLAND_DISPLAY", "IMPSY_TOKEN", "NOTIFY_SOCKET",
    "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
}  # fmt: skip


def bare_environment(home: Path, **more: object) -> dict[str, str]:
    """This environment, less what belongs to this project's development; programs of the system only."""
    kept = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    path = os.pathsep.join(each for each in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"))
    return {
        **kept,
        "HOME": str(home),
        "PATH": path,
        "NO_COLOR": "1",
        **{name: str(each) for name, each in more.items()},
    }


def tool(name: str) -> str:
    """A program of the ``dev`` extra, or of the system; tests that want it are left out without it, but not in CI."""
    found = shutil.which(name, path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if found is None:
        if os.environ.get("IMPSY_REQUIRE_PEERS") == "1":
            pytest.fail(f"{name} is missing: pip install 'impsy[dev]'")
        pytest.skip(f"not installed here: {name}")
    return found


def succeed(*command: object, seconds: float = 120, **options: object) -> str:
    """Run it; what it printed. It must end with exit code 0."""
    done = subprocess.run(
        [str(each) for each in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=seconds,
        check=False,
        **options,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, f"{command}: {done.stdout}"
    return done.stdout


@dataclass(frozen=True)
class Distributions:
    """``told`` is what pip printed while it made the wheel out of the source distribution."""

    sdist: Path
    wheel: Path
    told: str


@dataclass(frozen=True)
class Fresh:
    """An environment in which the wheel alone was installed, and an empty home."""

    bin: Path
    home: Path

    @property
    def impsy(self) -> Path:
        return self.bin / "impsy"

    def environment(self, **more: object) -> dict[str, str]:
        return bare_environment(self.home, **more)


def install(home: Path, *arguments: object, **environment: object) -> str:
    """Run ``packaging/install.sh``, with a home of its own."""
    told = {"PYTHON": sys.executable, "PIP_NO_COMPILE": 1, "PIP_CACHE_DIR": pip_cache(), **environment}
    return succeed(INSTALL, *arguments, env=bare_environment(home, **told), seconds=240)


def pip_cache() -> str:
    """Where pip keeps what it loaded: the machine's own, so that nothing is loaded twice."""
    return succeed(sys.executable, "-m", "pip", "cache", "dir").strip().splitlines()[-1]
