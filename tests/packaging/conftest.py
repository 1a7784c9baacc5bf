"""What is given out, made once: the source distribution, the wheel of it, and an environment with nothing else."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging_tools import ROOT, Distributions, Fresh, bare_environment, install, succeed


@pytest.fixture(scope="session")
def distributions(tmp_path_factory) -> Distributions:
    folder = tmp_path_factory.mktemp("dist")
    succeed(sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", folder, cwd=ROOT)
    (sdist,) = folder.glob("*.tar.gz")
    wheels = ["wheel", "-v", "--no-deps", "--wheel-dir", folder, sdist]
    told = succeed(sys.executable, "-m", "pip", *wheels, env=bare_environment(folder), cwd=folder)
    (wheel,) = folder.glob("*.whl")
    return Distributions(sdist, wheel, told)


@pytest.fixture(scope="session")
def root(distributions, tmp_path_factory) -> Path:
    """A folder below which ``packaging/install.sh`` was run once: an environment with pip and the wheel, services."""
    folder = tmp_path_factory.mktemp("root")
    install(tmp_path_factory.mktemp("home"), "--root", folder, "--package", distributions.wheel)
    return folder


@pytest.fixture(scope="session")
def fresh(root, tmp_path_factory) -> Fresh:
    return Fresh(root / "opt" / "impsy" / "bin", tmp_path_factory.mktemp("home"))
