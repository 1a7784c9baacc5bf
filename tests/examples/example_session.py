"""A real session with the configuration of an example, in a workspace as ``impsy init`` makes it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from performance import Performance

from impsy.config.workspace import create_workspace
from ports import free_ports

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def workspace(folder: Path, config: str) -> Path:
    """A new workspace with this text as its configuration; returns the path of ``config.toml``."""
    create_workspace(folder, force=False)
    path = folder / "config.toml"
    path.write_text(config, encoding="utf-8")
    return path


class ExampleSession(Performance):
    """``impsy run`` with an example's configuration, in which ``places`` (ports) are replaced by the test's own."""

    def __init__(self, folder: Path, name: str, places: dict[str, str]) -> None:
        text = (EXAMPLES / "configs" / name).read_text(encoding="utf-8")
        for of_example, of_test in places.items():
            assert text.count(of_example) == 1, of_example
            text = text.replace(of_example, of_test)
        self.monitor, self.command = free_ports(2)  # the usual ones may be in use
        ports = f"\n[webui]\nmonitor_port = {self.monitor}\ncommand_port = {self.command}\n"
        workspace(folder, text + ports)
        self.folder = folder
        self.output = folder / "output.txt"
        self._arguments = ("--log-predictions",)


@contextlib.contextmanager
def playing(folder: Path, name: str, places: dict[str, str]) -> Iterator[ExampleSession]:
    session = ExampleSession(folder, name, places)
    session.start()
    try:
        yield session
        session.end()
    finally:
        if session.process.poll() is None:
            session.process.kill()
        session.end()
