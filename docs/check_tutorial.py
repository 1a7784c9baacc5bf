"""Follows ``docs/tutorial.md`` line by line, as a reader would: ``python docs/check_tutorial.py``.

The commands are those of the page's ``sh`` blocks. They run in one shell, in a folder that is empty at the start; the
first that fails ends it. What the page says one sees (its ``text`` blocks) must be in what the block before it
printed, where numbers may differ and … stands for anything.

The block marked ``<!-- tutorial: install -->`` is left out, and the ``impsy`` beside this Python (or the one on
the path) is used, unless ``--install`` says to run it too: then the shell begins in a copy of this checkout.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "tutorial.md"
INSTALL = "<!-- tutorial: install -->"
BLOCK = re.compile(r"(?:^(<!-- tutorial: \w+ -->)\n)?^```(sh|text)\n(.*?)^```", re.M | re.S)
NUMBER = re.compile(r"-?\d[\d.,:]*")
MARK = "--tutorial--"
"""Printed between commands; no command prints it."""


@dataclass(frozen=True)
class Block:
    """Commands, one a line, and lines that must be seen after them."""

    commands: tuple[str, ...]
    seen: tuple[str, ...] = ()
    installs: bool = False


def blocks(page: str) -> list[Block]:
    """The page's blocks, in order.

    Raises:
        ValueError: it shows what is seen before anything is typed.
    """
    found: list[Block] = []
    for marker, kind, text in BLOCK.findall(page):
        lines = tuple(line for line in text.splitlines() if line.strip())
        if kind == "sh":
            found.append(Block(lines, installs=marker == INSTALL))
        elif not found:
            raise ValueError("the page shows an output before its first command")
        else:
            last = found[-1]
            found[-1] = Block(last.commands, last.seen + lines, last.installs)
    return found


def missing(block: Block, printed: str) -> list[str]:
    """What the page says is seen after this block, and was not."""
    lines = [" ".join(line.split()) for line in printed.splitlines()]
    return [each for each in block.seen if not any(_pattern(each).fullmatch(line) for line in lines)]


def _pattern(line: str) -> re.Pattern[str]:
    """Numbers may differ, and … is anything."""
    parts = [r"-?\d[\d.,:]*".join(map(re.escape, NUMBER.split(part))) for part in " ".join(line.split()).split("…")]
    return re.compile(".*".join(parts))


def script(chosen: list[Block]) -> str:
    """One shell script: before each command it prints the mark and the command, before each block two marks."""
    lines = ["set -eo pipefail"]
    for block in chosen:
        lines.append(f"echo {shlex.quote(MARK * 2)}")
        for command in block.commands:
            lines += [f"printf '%s\\n' {shlex.quote(f'{MARK}$ {command}')}", command]
    return "\n".join(lines) + "\n"


def follow(chosen: list[Block], folder: Path, environment: dict[str, str]) -> list[str]:
    """Run them in a folder; returns what went otherwise than the page says, nothing where all went so."""
    failures: list[str] = []
    printed: list[str] = [""]
    command, began = "", time.monotonic()
    process = subprocess.Popen(
        ["bash", "-c", script(chosen)],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
    )
    with process:
        for line in process.stdout or ():
            if line.startswith(MARK * 2):
                printed.append("")
            elif line.startswith(MARK):
                command = line.removeprefix(MARK).strip()
                print(f"[{time.monotonic() - began:5.1f} s] {command}", flush=True)
            else:
                printed[-1] += line
                print(f"    {line}", end="", flush=True)
    if process.returncode:
        failures.append(f"{command} ended with exit code {process.returncode}")
    for block, output in zip(chosen, printed[1:], strict=False):
        failures += [
            f"after {block.commands[-1]!r} the page shows a line that was not seen: {each}"
            for each in missing(block, output)
        ]
    return failures


def environment() -> dict[str, str]:
    """As a terminal has it, with the ``impsy`` of this Python first, and without a desktop to open pages on."""
    kept = {
        name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    }
    path = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", "")])
    return kept | {"PATH": path, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8"}


def copy_of_the_checkout(folder: Path) -> None:
    """What is in the repository, and nothing that was built."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=DOCS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (DOCS.parent / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(DOCS.parent / name, folder / name)


def main() -> None:
    """Follow the page; the exit code is 0 if all went as it says."""
    parser = argparse.ArgumentParser(description="Follow the tutorial line by line.")
    parser.add_argument("--install", action="store_true", help="run its installation too, in a copy of this checkout")
    install = parser.parse_args().install
    chosen = [each for each in blocks(PAGE.read_text(encoding="utf-8")) if install or not each.installs]
    with tempfile.TemporaryDirectory(prefix="impsy-tutorial-", ignore_cleanup_errors=True) as made:
        if install:
            copy_of_the_checkout(Path(made))
        failures = follow(chosen, Path(made), environment())
    if failures:
        sys.exit("The tutorial does not go as it says:\n" + "\n".join(f"- {each}" for each in failures))
    print(f"The tutorial goes as it says: {sum(len(each.commands) for each in chosen)} commands.")


if __name__ == "__main__":
    main()
