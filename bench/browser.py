"""``impsy webui`` as a process of its own, and a real browser to look at it: for measuring, tests and pictures."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import psutil
from playwright.sync_api import Browser, Page, sync_playwright

from bench.program import Unanswered, child_environment

__all__ = ["BROWSERS", "FEW_FRAMES", "SHELLS", "WebInterface", "browsing", "free_tcp_port", "quiet"]

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
"""Names that Chromium has on the path; where none is found, the one that Playwright brings is tried."""

SHELLS = ("chromium-headless-shell", *BROWSERS)
"""Chromium without the window around its pages, first: it starts sooner and computes less."""

FEW_FRAMES = """{
  const ask = requestAnimationFrame, drop = cancelAnimationFrame, asked = new Map();
  window.requestAnimationFrame = (draw) => {
    const later = () => asked.set(id, ask((now) => { asked.delete(id); draw(now); }));
    const id = setTimeout(later, window.frameEvery ?? 180);
    return id;
  };
  window.cancelAnimationFrame = (id) => { clearTimeout(id); if (asked.has(id)) drop(asked.get(id)); };
}"""
"""A script that draws a page five times a second: at sixty, software rendering takes more than one processor.
The page's ``frameEvery`` sets another interval (ms)."""

START_SECONDS = 120.0


def free_tcp_port() -> int:
    """A port on this machine that nobody listens on now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


class WebInterface:
    """One ``impsy webui`` (or another command that serves the pages) in ``folder``. Use it in a ``with``."""

    def __init__(
        self, folder: Path, *arguments: str, command: str = "webui", environment: dict[str, str] | None = None
    ):
        self.folder = folder
        self.port = free_tcp_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.output = folder.parent / f"{folder.name}-webui-{self.port}.txt"
        self._command = [sys.executable, "-m", "impsy", command, "--port", str(self.port), *arguments]
        self._environment = child_environment() | (environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    @property
    def pid(self) -> int:
        """Of the web process."""
        if self._process is None:
            raise Unanswered("the web interface was not started")
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers; raises ``Unanswered`` with its last words if it does not."""
        with self.output.open("ab") as output:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with socket.socket() as trial:
                if trial.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        self.end()
        raise Unanswered(f"the web interface did not start: {self.text()[-2000:]}")

    def end(self, number: int = signal.SIGTERM) -> float:
        """Ask it to end, and wait; returns how many seconds that took. What it started is ended too."""
        process, self._process = self._process, None
        if process is None:
            return 0.0
        before = time.monotonic()
        children = []
        if process.poll() is None:
            children = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        took = time.monotonic() - before
        for child in children:
            if child.is_running():
                child.kill()
        return took

    def text(self) -> str:
        """All that it printed."""
        return self.output.read_text(encoding="utf-8", errors="replace") if self.output.exists() else ""

    def get(self, path: str) -> Any:
        """What an address says, as JSON; raises if it says no."""
        answer = httpx.get(self.url + path, timeout=30)
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: object = None) -> Any:
        """Ask for something to be done; raises if it is not."""
        answer = (
            httpx.post(self.url + path, json=body, timeout=60) if body is not None else httpx.post(self.url + path)
        )
        answer.raise_for_status()
        return answer.json()


@contextmanager
def browsing(flags: Sequence[str] = (), names: Sequence[str] = BROWSERS) -> Iterator[Browser]:
    """A headless Chromium of this machine: the first of these programs that is there."""
    found = next((path for name in names if (path := shutil.which(name))), None)
    usual = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
    # Chromium's sandbox does not work for root.
    sandbox = ["--no-sandbox"] if os.name == "posix" and os.getuid() == 0 else []
    # A page that nobody clicked may not make a sound, but here nobody listens.
    audio = ["--autoplay-policy=no-user-gesture-required", "--mute-audio"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=[*usual, *sandbox, *audio, *flags])
        try:
            yield browser
        finally:
            browser.close()


def quiet(page: Page) -> list[str]:
    """Collect what goes wrong in a page: errors in its scripts and on its console."""
    told: list[str] = []
    page.on("pageerror", lambda error: told.append(f"error: {error}"))
    page.on("console", lambda message: told.append(message.text) if message.type in {"error", "warning"} else None)
    return told
