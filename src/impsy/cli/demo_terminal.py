"""``impsy demo --terminal``: the demo without a browser, in one process."""

from __future__ import annotations

import socket
import tempfile
from dataclasses import replace
from pathlib import Path

from numpy.random import default_rng

from impsy.cli.live import sparkline
from impsy.cli.performing import Ending, perform
from impsy.cli.run import announce
from impsy.cli.terminal import echo
from impsy.config import load_config, with_overrides
from impsy.config.workspace import STARTER_MODEL, starter_files
from impsy.perform import (
    MovedControls,
    Phrasing,
    Ports,
    Reports,
    ScriptedPerformer,
    SessionView,
    WantedPorts,
    build_session,
    dialogue,
)
from impsy.protocol.monitor import LatenessSummary

__all__ = ["free_ports", "play", "sum_up"]

CONFIG = """\
title = "Demo"
log_predictions = true

[interaction]
mode = "callresponse"
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
command_port = 0
"""


def play(seconds: float | None, mode: str, seed: int) -> None:
    """Let a simulated performer play and the system answer, until Ctrl-C, or for so many ``seconds``."""
    with tempfile.TemporaryDirectory(prefix="impsy-demo-") as folder:
        workspace = Path(folder)
        config_file = workspace / "config.toml"
        monitor_port, client_port = free_ports(2)
        model = workspace / Path(STARTER_MODEL).name
        model.write_bytes(starter_files()[STARTER_MODEL])
        text = CONFIG.format(monitor_port=monitor_port, client_port=client_port, model=model.name)
        config_file.write_text(text, encoding="utf-8")
        loaded = load_config(config_file)
        loaded = replace(loaded, config=with_overrides(loaded.config, mode=mode))
        moved = MovedControls()
        phrasing = Phrasing(default_rng(seed), loaded.config.model.dimension - 1)
        performer = ScriptedPerformer("simulated performer", dialogue(phrasing, moved), hears=moved.update)
        session = build_session(
            loaded, logdir=workspace / "logs", seed=seed, reports=Reports(), ports=Ports(WantedPorts(), [performer])
        )
        view = perform(
            session,
            Ending(),
            seconds=seconds,
            announce=lambda: announce(loaded, session, seed),
            lines=_Lines(),
        )
    counters = view.engine.counters
    sum_up(counters.heard, counters.played, view.lateness_ms, view.rows)


class _Lines:
    """The lines of a demo without a terminal: one whenever something moved."""

    def __init__(self) -> None:
        self._shown: tuple[int, int] = (0, 0)

    def __call__(self, view: SessionView) -> str | None:
        engine = view.engine
        seen = (engine.counters.heard, engine.counters.played)
        if seen == self._shown:
            return None
        heard, played = (now > before for now, before in zip(seen, self._shown, strict=True))
        self._shown = seen
        performer, model = sparkline(engine.input_values), sparkline(engine.output_values)
        return f"  performer {'▸' if heard else ' '} {performer}   model {'▸' if played else ' '} {model}"


def free_ports(count: int) -> list[int]:
    """UDP ports that nobody listens on: what a demo sends must not reach another session."""
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def sum_up(heard: int, played: int, lateness_ms: LatenessSummary, rows: int) -> None:
    """Print what was played and logged."""
    echo(f"The performer played {heard} events, the system answered with {played}.")
    if lateness_ms.get("count"):
        echo(
            f"The answers sounded {lateness_ms['p50']:.2f} ms late in the middle, {lateness_ms['max']:.2f} ms "
            f"at worst; {rows} rows were logged."
        )
    echo("Make it yours: impsy webui, in an empty folder")
