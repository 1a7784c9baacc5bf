"""What installing takes: ``python -m bench.install``. Downloads, installs and starts in environments of its own.

Each column is one thing that pip can install. All it needs is downloaded first, and then installed without a network,
so that the time says nothing about the line.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console

from bench.figures import median
from bench.machine import load_average, machine_facts
from bench.models import write_metronome
from bench.program import Program, Unanswered, child_environment, end_on_terminate
from bench.start import MEASUREMENTS
from bench.table import Row, Tally, as_json, as_table, wide_console

__all__ = ["LIMITS", "ROWS", "main"]

LIMITS = {"lean": 250.0, "with training": 900.0}
"""MB (10^6 bytes) that ours may take, installed."""

MB_IN_MIB = 2**20 / 1e6

ROWS = (
    Row("download", "download", "download, what is given out and all that it needs", "MiB", median, 0),
    Row("installed", "installed", "installed: the whole environment", "MiB", median, 0),
    Row("packages", "packages", "packages", "", median, 0),
    Row("seconds", "seconds", "pip install, once all is downloaded", "s", median, 0),
    Row("first", "first", "start -> first start's first message out", "s", median, 2),
    Row("osc", "osc", "start -> later starts' first message out", "s", median, 2),
)

_PATIENCE = 1200.0
_BLOCK = 512


def _pip(python: Path, *arguments: object) -> str:
    """Run an environment's pip; what it printed. Raises ``Unanswered`` if it fails."""
    done = subprocess.run(
        [str(python), "-m", "pip", "--disable-pip-version-check", *map(str, arguments)],
        env=child_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE,
    )
    if done.returncode:
        raise Unanswered(f"pip {arguments[0]} failed: {done.stderr.strip()[-500:]}")
    return done.stdout


@contextmanager
def _environment(folder: Path) -> Iterator[Path]:
    """A fresh environment in ``folder``: its Python. It is gone afterwards."""
    with tempfile.TemporaryDirectory(dir=folder, ignore_cleanup_errors=True) as place:
        subprocess.run([sys.executable, "-m", "venv", place], check=True, timeout=_PATIENCE)
        yield Path(place) / ("Scripts" if sys.platform == "win32" else "bin") / "python"


def held(folder: Path) -> float:
    """MiB (2^20 bytes, as du -m counts) that the files below ``folder`` take on the disk, each once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for path in folder.rglob("*"):
        found = path.lstat()
        if (found.st_dev, found.st_ino) not in seen:
            seen.add((found.st_dev, found.st_ino))
            total += getattr(found, "st_blocks", -(-found.st_size // _BLOCK)) * _BLOCK
    return total / 2**20


def _measure(what: str, folder: Path, starts: int, tally: Tally, say: Callable[[str], None]) -> None:
    """Download, install and start ``what`` in ``folder``."""
    with _environment(folder) as python:
        wheels = folder / "wheels"
        say(f"{what}: download")
        _pip(python, "wheel", "--wheel-dir", wheels, what)
        tally.add("download", [held(wheels)])
        say(f"{what}: install (load {load_average():.2f})")
        before = time.perf_counter()
        _pip(python, "install", "--no-index", "--find-links", wheels, *sorted(wheels.glob("*.whl")))
        tally.add("seconds", [time.perf_counter() - before])
        tally.add("installed", [held(python.parent.parent)])
        tally.add("packages", [len(json.loads(_pip(python, "list", "--format", "json")))])
        impsy = Program.at(python.parent / "impsy", what)
        tally.facts["version"] = json.loads(
            subprocess.run(
                [python, "-c", "import importlib.metadata as m, json; print(json.dumps(m.version('impsy')))"],
                capture_output=True,
                check=True,
                env=child_environment(),
                timeout=_PATIENCE,
            ).stdout
        )
        model = write_metronome(folder, 9)
        say(f"{what}: start")
        tally.add("first", [MEASUREMENTS["osc"](impsy, model)])
        tally.add("osc", [MEASUREMENTS["osc"](impsy, model) for _ in range(starts)])


@click.command()
@click.option("--ours", default=".", show_default=True, help="What pip installs of ours: a folder, a wheel, a name.")
@click.option("--peer", help="Another version to compare with, by what pip calls it, such as impsy==1.2.1.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
@click.option("--starts", type=click.IntRange(1), default=5, show_default=True)
@click.option("--lean-only", is_flag=True, help="Not with training.")
def main(ours: str, peer: str | None, json_path: Path | None, starts: int, lean_only: bool) -> None:
    """Measure what installing takes. Exit code 1 if ours takes over 250 MB (with training 900) or does not start.

    \b
    Examples:
      python -m bench.install
      python -m bench.install --ours dist/impsy-2.0.0-py3-none-any.whl --lean-only
      python -m bench.install --peer impsy==1.2.1 --json out.json
    """
    end_on_terminate()
    console = wide_console()
    facts = machine_facts()
    console.print(", ".join(f"{key} {value}" for key, value in facts.items()))
    base = str(Path(ours).resolve()) if Path(ours).exists() else ours
    wanted = (
        {"lean": base} | ({} if lean_only else {"with training": f"{base}[train]"}) | ({"peer": peer} if peer else {})
    )
    tallies = {name: Tally() for name in wanted}
    for name, what in wanted.items():
        with tempfile.TemporaryDirectory(prefix="impsy-bench-", ignore_cleanup_errors=True) as folder:
            try:
                _measure(what, Path(folder), starts, tallies[name], Console(stderr=True).print)
            except Unanswered as why:
                tallies[name].failures.append(str(why))
    console.print(as_table(tallies, ROWS, "installing (less is better)"))
    for name, tally in tallies.items():
        console.print(f"{name}: version {tally.facts.get('version', 'unknown')}")
        for failure in tally.failures:
            console.print(f"left out: {failure}", soft_wrap=True, markup=False)
    if json_path:
        report = {"machine": facts | {"load_average_after": round(load_average(), 2)}}
        json_path.write_text(json.dumps(report | {"programs": as_json(tallies, ROWS)}, indent=2) + "\n")
    for name, limit in LIMITS.items():
        tally = tallies.get(name, Tally())
        if tally.failures or max(tally.samples.get("installed", [0.0])) * MB_IN_MIB > limit:
            sys.exit(1)


if __name__ == "__main__":
    main()
