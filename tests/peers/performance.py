"""Starts ``impsy run`` as a user would, in a process of its own, for tests with real peers."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from ports import free_ports
from waiting import PATIENCE, wait_until

CONFIG = """\
log_input = true
log_predictions = true
[interaction]
mode = "{mode}"
threshold = {threshold}
[model]
dimension = {dimension}
file = "{model}"
{model_options}
[osc]
server_ip = "127.0.0.1"
server_port = {server}
client_ip = "127.0.0.1"
client_port = {client}
[webui]
monitor_port = {monitor}
command_port = {command}
"""


class Performance:
    """One running ``impsy run``, its ports, its folder and its log."""

    def __init__(
        self,
        folder: Path,
        mode: str = "callresponse",
        dimension: int = 9,
        model: Path | None = None,
        threshold: float = 0.1,
        model_options: str = "",
        arguments: tuple[str, ...] = (),
        more: str = "",
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.server, self.client, self.monitor, self.command = free_ports(4)
        text = CONFIG.format(
            mode=mode,
            threshold=threshold,
            dimension=dimension,
            model=model or "",
            model_options=model_options,
            server=self.server,
            client=self.client,
            monitor=self.monitor,
            command=self.command,
        )
        (folder / "config.toml").write_text(text + more)
        self.output = folder / "output.txt"
        self._arguments = arguments

    def start(self) -> None:
        self._file = self.output.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "impsy", "run", "--seed", "1", *self._arguments],
            cwd=self.folder,
            stdout=self._file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
        )

    def wait_until_open(self) -> None:
        self.wait_for(f"osc is listening on 127.0.0.1 port {self.server}")

    def wait_for(self, text: str, seconds: float = PATIENCE) -> str:
        """Wait until it has printed this; returns the rest of that line."""

        def printed() -> bool:
            assert text in self.text() or self.process.poll() is None, self.text()
            return text in self.text()

        wait_until(printed, seconds, lambda: f"“{text}” in: {self.text()}", every=0.02)
        return self.text().split(text, 1)[1].splitlines()[0]

    def text(self) -> str:
        return self.output.read_text(errors="replace")

    def end(self, number: int = signal.SIGTERM) -> float:
        """Ask it to end; returns how many seconds that took."""
        before = time.monotonic()
        if self.process.poll() is None:
            self.process.send_signal(number)
        self.process.wait(timeout=10)
        self._file.close()
        return time.monotonic() - before

    def rows(self, source: str) -> list[tuple[str, list[float]]]:
        """(time, values) of each row of the log; every line must be well-formed."""
        found = []
        for log in sorted((self.folder / "logs").glob("*-mdrnn.log")):
            for line in log.read_text().splitlines():
                time_, origin, *values = line.split(",")
                assert origin in {"interface", "rnn"}
                if origin == source:
                    found.append((time_, [float(value) for value in values]))
        return found


@contextlib.contextmanager
def performing(folder: Path, **options: object) -> Iterator[Performance]:
    made = Performance(folder, **options)  # type: ignore[arg-type]
    made.start()
    try:
        made.wait_until_open()
        yield made
        made.end()
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.end()
