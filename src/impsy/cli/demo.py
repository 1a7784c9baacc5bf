"""``impsy demo``: the main thing, at once."""

from __future__ import annotations

import contextlib
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from impsy.cli.options import FOLDER, from_command_line, seed_option, setting_option
from impsy.cli.terminal import echo
from impsy.errors import ConfigError, DeviceError
from impsy.protocol.monitor import LatenessSummary
from impsy.settings import SETTINGS
from impsy.text import counted
from impsy.threads import lasting

if TYPE_CHECKING:
    from impsy.perform import SessionView
    from impsy.web.server.serve import Listener, Serving
    from impsy.web.site import Site

__all__ = ["command"]

CONFIG = """\
title = "Demo"
description = "A simulated performer plays on eight controls, and the system answers."
log_predictions = true

[interaction]
mode = "{mode}"
threshold = 0.3

[model]
dimension = 9
file = "{model}"

[osc]
server_ip = "127.0.0.1"
server_port = 0
client_ip = "127.0.0.1"
client_port = {client_port}
"""

PORT = 4000
PORTS_TRIED = 20
START_SECONDS = 60.0
"""Time limit for the session's first state; a second is usual."""

END_SECONDS = 5.0
LOOK_SECONDS = 0.1
LINE_SECONDS = 1.0


@click.command("demo")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), help="End by itself after so long.  [default: Ctrl-C ends]"
)
@setting_option(SETTINGS["mode"], default=SETTINGS["mode"].default)
@seed_option("The performer's and the model's.", 1)
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page, where there is a desktop.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    help=f"Of the page.  [default: {PORT}, or the next that is free]",
)
@click.option(
    "--workdir",
    type=FOLDER,
    help="Keep all that happens in this folder; a workspace that is there already is played as it is.",
)
@click.option("--terminal", is_flag=True, help="Show it here, without any web page.")
@click.pass_context
def command(
    context: click.Context,
    seconds: float | None,
    mode: str,
    seed: int,
    open_browser: bool,
    port: int,
    workdir: Path | None,
    terminal: bool,
) -> None:
    """A simulated performer plays phrases on eight controls, and the system answers: see, hear and touch it in your
    browser. No file, no hardware.

    \b
    impsy demo
    impsy demo --seconds 10 --mode polyphony
    impsy demo --no-open --port 8080
    impsy demo --workdir my-first              keep what is played
    impsy demo --terminal                      without a web page
    """
    if terminal:
        for name in ("workdir", "port"):
            if from_command_line(context, name):
                raise ConfigError(f"--terminal serves no page and keeps nothing: leave it out, or --{name}")
        with _temporary() as folder:
            _play(_workspace(folder, mode), seconds, seed)
        return
    given = from_command_line(context, "port")
    with _temporary() if workdir is None else contextlib.nullcontext(workdir) as folder:
        _serve(_workspace(folder, mode), seconds, seed, open_browser, port, given, workdir is not None)


@contextlib.contextmanager
def _temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="impsy-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _play(config_file: Path, seconds: float | None, seed: int) -> None:
    """Play in this process, and show it in the terminal."""
    from numpy.random import default_rng

    from impsy.cli.run import perform_script
    from impsy.cli.stopping import Ending
    from impsy.config import load_config
    from impsy.perform import MovedControls, Phrasing, ScriptedPerformer, dialogue

    loaded = load_config(config_file)
    moved, phrasing = MovedControls(), Phrasing(default_rng(seed), loaded.config.model.dimension - 1)
    performer = ScriptedPerformer("simulated performer", dialogue(phrasing, moved), hears=moved.update)
    shown = _Shown()

    def line(view: SessionView) -> str | None:
        now = view.engine
        return shown.line(now.counters.heard, now.counters.played, now.input_values, now.output_values)

    logs = config_file.parent / "logs"
    view = perform_script(loaded, performer, logs, seed, Ending(), seconds=seconds, lines=line)
    counters = view.engine.counters
    _sum_up(counters.heard, counters.played, view.lateness_ms, view.rows)


def _serve(
    config_file: Path,
    seconds: float | None,
    seed: int,
    open_browser: bool,
    port: int,
    port_given: bool,
    kept: bool,
) -> None:
    """Play in another process, and show it on the page."""
    from impsy.cli.webui import open_page
    from impsy.web.server.serve import Serving, serve
    from impsy.web.site import Site
    from impsy.web.workspace import Workspace

    serving, workspace = Serving(), Workspace(config_file.parent)
    with (
        _listen(port, port_given) as listener,
        Site(workspace, demo=True, seed=seed, arguments=("--seed", str(seed))) as site,
        contextlib.nullcontext() if kept else _ending_trainings(site),
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def ready() -> None:
            echo(f"A simulated performer plays, the system answers: {url}\nCtrl-C ends.")
            if open_browser:
                open_page(url)

        site.supervisor.start()
        site.performer.start()
        # Here, not above: the session starts meanwhile.
        from impsy.web.server.app import create_app
        from impsy.web.server.safety import rules_for

        timer = _Timer(site, serving, seconds)
        timer.start()
        rules = rules_for("127.0.0.1", (), {})
        serve(create_app(site, rules), listener, ready=ready, serving=serving)
        timer.leave()
        site.performer.stop()
        site.supervisor.close()
        timer.show(site.link.last_state)
        last = site.link.last_state or {}
    if timer.failure:
        raise DeviceError(timer.failure)
    counters = last.get("counters", {})
    rows = last.get("log", {}).get("rows", 0)
    _sum_up(counters.get("heard", 0), counters.get("played", 0), last.get("lateness_ms", {}), rows)


@contextlib.contextmanager
def _ending_trainings(site: Site) -> Iterator[None]:
    """End trainings with the demo: their folder is deleted."""
    import psutil

    try:
        yield
    finally:
        for pid in site.trainings.pids():
            with contextlib.suppress(psutil.Error):  # it has ended already
                process = psutil.Process(pid)
                process.kill()
                process.wait(END_SECONDS)


def _workspace(folder: Path, mode: str) -> Path:
    """The configuration of a workspace with the bundled model; one that is there already stays as it is."""
    from impsy.config.workspace import STARTER_MODEL, fill_workspace, starter_files

    root = folder.resolve()
    config_file = root / "config.toml"
    if config_file.exists():
        return config_file
    text = CONFIG.format(mode=mode, model=STARTER_MODEL, client_port=_free_port())
    files = {name: content for name, content in starter_files().items() if name.startswith("models/")}
    fill_workspace(root, files | {config_file.name: text.encode()}, "choose another folder with --workdir")
    return config_file


def _free_port() -> int:
    """A UDP port that nobody listens on: what a demo sends must not reach another session."""
    with socket.socket(type=socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _listen(port: int, given: bool) -> Listener:
    from impsy.web.server.serve import listen

    for tried in range(port, min(port + PORTS_TRIED, 65536)) if not given else ():
        with contextlib.suppress(DeviceError):
            return listen("127.0.0.1", tried)
    return listen("127.0.0.1", port if given else 0)


class _Timer:
    """Waits for the session's first state, then for ``seconds``, and ends the demo.

    Where there is no terminal, it prints a line now and then.
    """

    def __init__(self, site: Site, serving: Serving, seconds: float | None) -> None:
        self._site = site
        self._serving = serving
        self._seconds = seconds
        self._prints = not sys.stdout.isatty()
        self._left = threading.Event()
        self._shown = _Shown()
        self._thread = lasting("impsy demo", self._run, self._left.is_set)
        self.failure = ""

    def start(self) -> None:
        self._thread.start()

    def leave(self) -> None:
        self._left.set()
        self._thread.join(1.0)

    def _run(self) -> None:
        started, first, printed = time.monotonic(), None, 0.0
        while not self._left.wait(LOOK_SECONDS):
            now, state = time.monotonic(), self._site.link.state
            if first is None and state is not None:
                first = now
            if self._over(now, started, first):
                self._serving.stop()
                return
            if now - printed >= LINE_SECONDS:
                printed = now
                self.show(state)

    def _over(self, now: float, started: float, first: float | None) -> bool:
        if first is not None:
            return self._seconds is not None and now - first >= self._seconds
        status = self._site.supervisor.status()
        if status["status"] == "failed":
            self.failure = str(status["sentence"])
        elif now - started > START_SECONDS:
            self.failure = f"the session sent no state within {START_SECONDS:.0f} s. {status['sentence']}"
        return bool(self.failure)

    def show(self, state: dict[str, Any] | None) -> None:
        """Print a line, if this is no terminal and something was played since the last."""
        if state is None or not self._prints:
            return
        counters = state.get("counters", {})
        heard, played = counters.get("heard", 0), counters.get("played", 0)
        line = self._shown.line(heard, played, state.get("input") or (), state.get("output") or ())
        if line is not None:
            echo(line)


class _Shown:
    """The events that have been shown so far."""

    def __init__(self) -> None:
        self._before = (0, 0)

    def line(self, heard: int, played: int, inputs: Sequence[float], outputs: Sequence[float]) -> str | None:
        """A line with all values and with marks for who played since the last one; None: nobody did."""
        from impsy.cli.live import sparkline

        if (heard, played) == self._before:
            return None
        marks = ["▸" if now > before else " " for now, before in zip((heard, played), self._before, strict=True)]
        self._before = (heard, played)
        return f"  performer {marks[0]} {sparkline(inputs)}   model {marks[1]} {sparkline(outputs)}"


def _sum_up(heard: int, played: int, lateness_ms: LatenessSummary, rows: int) -> None:
    """Print what was played and logged."""
    echo(f"The performer played {counted(heard, 'event')}, the model {played:,}.")
    if lateness_ms.get("count"):
        echo(
            f"The answers sounded {lateness_ms['p50']:.2f} ms late in the middle, {lateness_ms['max']:.2f} ms "
            f"at worst; {counted(rows, 'row')} logged."
        )
    echo("Make it yours: impsy webui, in an empty folder")
