"""Makes the pictures in ``docs/images`` from the program itself: ``python docs/make_images.py``."""

from __future__ import annotations

import re
import tempfile
import time
from pathlib import Path

from numpy.random import default_rng
from rich.console import Console

from impsy.cli.live import Rates, render
from impsy.config import parse_config
from impsy.perform import Ports, ScriptedPerformer, WantedPorts, build_session, phrases

IMAGES = Path(__file__).parent / "images"
CONFIG = """
[interaction]
threshold = 0.3
[model]
dimension = 9
[osc]
"""


def live_view() -> str:
    """A few seconds of a real performance, as the terminal shows it."""
    performer = ScriptedPerformer("simulated performer", phrases(default_rng(3), 8))
    with tempfile.TemporaryDirectory() as folder:
        session = build_session(
            parse_config(CONFIG), logdir=Path(folder), seed=3, ports=Ports(WantedPorts(), [performer])
        )
        rates = Rates()
        with session:
            shown = (0.0, 0.0)
            until = time.monotonic() + 12
            while True:
                view = session.view()
                shown = rates.update(time.monotonic(), view.engine.counters.heard, view.engine.counters.played)
                answered = view.engine.turn == "model" and view.engine.counters.played > 40
                if answered or time.monotonic() > until:
                    break
                time.sleep(0.1)
    console = Console(record=True, width=100, file=Path("/dev/null").open("w"), color_system="truecolor")  # noqa: SIM115
    console.print(render(view, shown, 100))
    svg = console.export_svg(title="impsy run")
    svg = svg.replace(folder, "my-instrument")
    # The fonts that it would fetch from elsewhere: the reader's own will do.
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.S)


if __name__ == "__main__":
    IMAGES.mkdir(exist_ok=True)
    (IMAGES / "live.svg").write_text(live_view(), encoding="utf-8")
