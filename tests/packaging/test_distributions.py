"""What is given out: whole, installable without Node, and it plays where nothing else is."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser

import numpy as np
import pytest
from packaging_tools import ROOT, bare_environment, succeed, tool

from impsy.data.datasets import Dataset, write_dataset

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths are POSIX's")

MODEL = "musicMDRNN-dim9-layers2-units32-mixtures35-scale10"
PACKED = (
    "impsy/py.typed",
    "impsy/web/static/index.html",
    "impsy/web/static/licences.md",
    "impsy/exporting/static/instrument.js",
    "impsy/exporting/static/instrument.css",
    "impsy/exporting/static/service-worker.js",
    "impsy/config/templates/config.toml",
    "impsy/config/templates/README.txt",
    f"impsy/config/templates/models/{MODEL}.tflite",
    f"impsy/config/templates/models/{MODEL}.json",
    "impsy/evaluation/report/page.css",
)
EXAMPLE = "korg-nanokontrol2.toml"


@pytest.fixture(scope="module")
def wheel(distributions):
    with zipfile.ZipFile(distributions.wheel) as archive:
        yield archive


def test_the_wheel_holds_all_that_plays_and_nothing_else(wheel):
    names = wheel.namelist()
    assert not {*PACKED, f"impsy/config/examples/{EXAMPLE}"} - set(names)
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"impsy"}
    assert not [name for name in names if "__pycache__" in name or "node_modules" in name]
    sources = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.py")}
    assert sources == {name for name in names if name.endswith(".py")}
    (licence,) = (name for name in names if name.endswith(".dist-info/licenses/LICENSE"))
    assert wheel.read(licence) == (ROOT / "LICENSE").read_bytes()


def test_the_page_and_all_that_it_asks_for_is_in_the_wheel(wheel):
    page = wheel.read("impsy/web/static/index.html").decode()
    wanted = re.findall(r'(?:src|href)="\.?/?([^"#:]+)"', page)
    assert len(wanted) >= 2
    for name in wanted:
        assert wheel.read(f"impsy/web/static/{name}"), name


def test_what_the_wheel_says_of_itself(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    about = HeaderParser().parsestr(wheel.read(name).decode())
    assert about["License-Expression"] == "MIT"
    assert set(about.get_all("Provides-Extra")) >= {"train", "search", "dev"}
    needed = [line for line in about.get_all("Requires-Dist") if "extra ==" not in line]
    assert not [line for line in needed if re.match(r"(keras|jax|tensorflow|torch|optuna|matplotlib|pygal)\b", line)]
    training = [line for line in about.get_all("Requires-Dist") if re.search("extra == '(train|search)'", line)]
    assert any(line.startswith("pygal") for line in training)
    assert not any(line.startswith("matplotlib") for line in training), "100 MB that it does not need"
    (entry,) = (name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt"))
    assert "impsy = impsy.__main__:main" in wheel.read(entry).decode()


def test_the_source_distribution_is_whole_and_needs_no_node(distributions, wheel):
    with tarfile.open(distributions.sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert not {f"src/{name}" for name in PACKED} - names
    assert names >= {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "pyproject.toml",
        "hatch_build.py",
        "frontend/package.json",
        f"examples/configs/{EXAMPLE}",
    }
    assert not [name for name in names if "node_modules" in name or name.startswith((".ci", "dist/", ".venv"))]
    assert "hatchling" in distributions.told
    assert "nodejs" not in distributions.told, "the pages were in it, and still they were built again"
    assert "Building the pages" not in distributions.told


def test_a_release_of_another_version_than_its_tag_is_refused(distributions, tmp_path):
    for file in (distributions.wheel, distributions.sdist):
        (tmp_path / file.name).symlink_to(file)

    def refused(*arguments):
        check = [ROOT / "packaging" / "check_release.sh", *arguments]
        done = subprocess.run(check, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 1
        return done.stderr

    assert "change src/impsy/version.py, or the tag" in refused(tmp_path, "v0.0.1")
    (tmp_path / "impsy-0.0.1-py3-none-any.whl").touch()
    assert "holds 2 wheels; wanted one" in refused(tmp_path)
    (tmp_path / distributions.wheel.name).unlink()
    assert "not of the same version" in refused(tmp_path)


def test_a_fresh_environment_plays_the_demo(fresh, tmp_path):
    said = succeed(
        fresh.impsy, "demo", "--seconds", 3, "--no-open", "--port", 0, env=fresh.environment(), cwd=tmp_path
    )
    heard, played = re.findall(r"played ([\d,]+) events?, the model ([\d,]+)", said)[0]
    heard, played = (int(each.replace(",", "")) for each in (heard, played))
    assert heard > 5
    assert played > 0
    assert list(tmp_path.iterdir()) == []


def test_what_was_installed_is_lean(fresh):
    packages = next((fresh.bin.parent / "lib").glob("python3*")) / "site-packages"
    names = {path.name.lower() for path in packages.iterdir()}
    assert not names & {"keras", "jax", "jaxlib", "tensorflow", "torch", "optuna", "matplotlib", "pygal", "scipy"}
    size = sum(path.stat().st_size for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    assert size < 250e6, f"{size / 1e6:.0f} MB"


def test_training_without_its_extra_says_what_to_install(fresh, tmp_path):
    events = np.random.default_rng(1).random((400, 3), dtype=np.float32)
    write_dataset(tmp_path / "a.npz", Dataset(3, events, np.array([400]), ("",)))
    done = subprocess.run(
        [fresh.impsy, "train", "a.npz"],
        env=fresh.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "pip install 'impsy[train]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_licences_are_shown_in_a_fresh_environment(fresh, tmp_path):
    said = succeed(fresh.impsy, "licences", env=fresh.environment(), cwd=tmp_path)
    assert re.search(r"^  preact \S+ +MIT$", said, re.MULTILINE)
    assert re.search(r"^  numpy \S+ +BSD", said, re.MULTILINE)
    assert "pytest" not in said


def test_uvx_runs_it(distributions, tmp_path):
    environment = bare_environment(tmp_path, UV_PYTHON=sys.executable, UV_CACHE_DIR=_cache(), UV_NO_PROGRESS="1")
    command = [tool("uvx"), "--from", distributions.wheel, "impsy", "demo", "--seconds", 1, "--no-open"]
    assert "events, the model " in succeed(*command, "--port", 0, env=environment, cwd=tmp_path)


def test_pipx_runs_it(distributions, tmp_path):
    environment = bare_environment(tmp_path, PIPX_HOME=tmp_path / "pipx", PIPX_DEFAULT_PYTHON=sys.executable)
    environment |= {"UV_CACHE_DIR": _cache()}
    said = succeed(
        tool("pipx"), "run", "--spec", distributions.wheel, "impsy", "--version", env=environment, cwd=tmp_path
    )
    assert re.search(r"^impsy \d", said, re.MULTILINE)


def _cache() -> str:
    """Where uv keeps what it loaded: the machine's own, so that nothing is loaded twice."""
    return succeed(tool("uv"), "cache", "dir", env=None).strip().splitlines()[-1]
