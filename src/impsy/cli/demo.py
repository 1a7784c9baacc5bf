"""``impsy demo``: the main thing, at once."""

from __future__ import annotations

import contextlib
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from impsy.cli.terminal import echo
from impsy.errors import ConfigError, DeviceError, refusal
from impsy.modes import MODES
from impsy.protocol.monitor import LatenessSummary
from impsy.settings import SETTINGS

if TYPE_CHECKING:
    from impsy.web.live.link import SessionLink
    from impsy.web.server.serve import Listener, Serving
    from impsy.web.site import Site
    from impsy.web.workspace import Workspace

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

[webui]
monitor_port = {monitor_port}
command_port = {command_port}
"""

PORT = 4000
PORTS_TRIED = 20
START_SECONDS = 60.0
"""Time limit for the session's first state; a second is usual."""

END_SECONDS = 5.0
LOOK_SECONDS = 0.1
LINE_SECONDS = 1.0


@click.command("demo", short_help="Hear what this is: a simulated performer plays, the system answers.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), help="End by itself after so long.  [default: Ctrl-C ends]"
)
@click.option(
    "--mode",
    type=click.Choice(list(MODES)),
    default=SETTINGS["mode"].default,
    show_default=True,
    help=SETTINGS["mode"].help,
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="The performer's and the model's."
)
@click.option("--open/--no-open", "open_browser", default=True, help="Open the page, where there is a desktop.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=PORT,
    help=f"Of the page.  [default: {PORT}, or the next that is free]",
)
@click.option(
    "--workdir",
    type=click.Path(path_type=Path, file_okay=False),
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
        lost = [
            f"--{name}"
            for name in ("workdir", "port")
            if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        ]
        if lost:
            raise ConfigError(f"--terminal serves no page and keeps nothing: leave it out, or {lost[0]}")
        from impsy.cli.demo_terminal import play

        play(seconds, mode, seed)
        return
    given = context.get_parameter_source("port") is ParameterSource.COMMANDLINE
    with contextlib.ExitStack() as stack:
        kept = workdir is not None
        if workdir is None:
            made = tempfile.TemporaryDirectory(prefix="impsy-demo-", ignore_cleanup_errors=True)
            workdir = Path(stack.enter_context(made))
        _perform(_workspace(workdir, mode), seconds, seed, open_browser, port, given, kept)


def _perform(
    workspace: Workspace,
    seconds: float | None,
    seed: int,
    open_browser: bool,
    port: int,
    port_given: bool,
    kept: bool,
) -> None:
    from impsy.cli.browser import has_desktop, open_page
    from impsy.cli.demo_terminal import sum_up
    from impsy.web.server.serve import Serving, serve
    from impsy.web.site import Site

    serving = Serving()
    with (
        _listen(port, port_given) as listener,
        Site(workspace, demo=True, seed=seed, arguments=("--seed", str(seed))) as site,
        contextlib.nullcontext() if kept else _ending_trainings(site),
    ):
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"

        def ready() -> None:
            echo(f"A simulated performer plays, the system answers: {url}\nCtrl-C ends.")
            if open_browser and has_desktop():
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
        heard, played, late, rows = _figures(site.link)
        timer.show(site.link.last_state)
    if timer.failure:
        raise DeviceError(timer.failure)
    sum_up(heard, played, late, rows)


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


def _workspace(folder: Path, mode: str) -> Workspace:
    """A workspace with the bundled model, unless there is one already."""
    from impsy.cli.demo_terminal import free_ports
    from impsy.config.workspace import FOLDERS, STARTER_MODEL, starter_files
    from impsy.web.workspace import Workspace

    workspace = Workspace(folder)
    if workspace.config.exists():
        return workspace
    monitor_port, command_port, client_port = free_ports(3)
    text = CONFIG.format(
        mode=mode,
        model=STARTER_MODEL,
        monitor_port=monitor_port,
        command_port=command_port,
        client_port=client_port,
    )
    try:
        for name in FOLDERS:
            (workspace.root / name).mkdir(parents=True, exist_ok=True)
        for name, content in starter_files().items():
            if name.startswith("models/"):
                (workspace.root / name).write_bytes(content)
        workspace.config.write_text(text, encoding="utf-8")
    except OSError as error:
        remedy = "choose another folder with --workdir"
        raise DeviceError(f"{error.filename or folder} cannot be written {refusal(error, remedy)}") from error
    return workspace


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
        self._shown = (0, 0)
        self._thread = threading.Thread(target=self._run, name="impsy demo", daemon=True)
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
        from impsy.cli.live import sparkline

        if state is None or not self._prints:
            return
        counters = state.get("counters", {})
        seen = (counters.get("heard", 0), counters.get("played", 0))
        if seen == self._shown:
            return
        heard, played = (now > before for now, before in zip(seen, self._shown, strict=True))
        self._shown = seen
        performer, model = sparkline(state.get("input") or ()), sparkline(state.get("output") or ())
        echo(f"  performer {'▸' if heard else ' '} {performer}   model {'▸' if played else ' '} {model}")


def _figures(link: SessionLink) -> tuple[int, int, LatenessSummary, int]:
    """Events heard and played, lateness and logged rows, as far as the session has sent them."""
    state = link.last_state or {}
    counters = state.get("counters", {})
    return (
        counters.get("heard", 0),
        counters.get("played", 0),
        state.get("lateness_ms", {}),
        state.get("log", {}).get("rows", 0),
    )
