"""How fast the page plays, how smoothly it draws, and that nothing it does delays a note.

python -m bench.pages                        all but the soak, some three minutes
python -m bench.pages --only latency
python -m bench.pages --soak 10              minutes with a page open at 300 events a second
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from playwright.sync_api import Browser, Page

from bench.browser import WebInterface, browsing
from bench.machine import machine_facts
from bench.models import write_metronome
from bench.wire import Ear, floats_packet, free_port

__all__ = ["main"]

CONFIG = """\
title = "Bench"
log_predictions = true
[interaction]
mode = "{mode}"
[model]
dimension = {dimension}
file = "models/{model}"
timescale = {timescale}
[osc]
server_port = {server}
client_port = {client}
[webui]
monitor_port = {monitor}
command_port = {command}
"""

# Every key that is pressed, every vector that comes back, and every frame that was drawn, on the page's own clock.
WITNESS = """
(() => {
  const seen = (window.seen = { pressed: [], sent: [], back: [], frames: [], cost: [], moved: 0 });
  addEventListener("keydown", (event) => seen.pressed.push(event.timeStamp), true);
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", (event) => {
        if (event.data.startsWith('{"type":"out"') || event.data.startsWith('{"type": "out"')) {
          seen.back.push(performance.now());
        }
      });
    }
    send(data) {
      if (String(data).includes('"play"')) seen.sent.push(performance.now());
      super.send(data);
    }
  };
  const nextFrame = window.requestAnimationFrame.bind(window);
  window.requestAnimationFrame = (work) =>
    nextFrame((now) => {
      const began = performance.now();
      work(now);
      seen.cost.push(performance.now() - began);
    });
  let moved = false;
  const frame = (now) => {
    seen.frames.push(now);
    if (moved) seen.moved += 1;
    moved = false;
    nextFrame(frame);
  };
  // Asked for only where frames are counted: a page draws when something moves, not all the time.
  seen.watch = () => {
    const watch = new MutationObserver(() => (moved = true));
    watch.observe(document.body, { subtree: true, attributes: true, attributeFilter: ["style"] });
    nextFrame(frame);
  };
})();
"""


class Stage:
    """A workspace with a model that keeps time, the web interface over it, and a way to play by OSC."""

    def __init__(self, folder: Path, mode: str, dimension: int, timescale: float = 1.0) -> None:
        self.folder = folder / f"{mode}-{dimension}"
        for name in ("models", "logs", "datasets"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        model = write_metronome(self.folder / "models", dimension)
        self.controls = dimension - 1
        self.server = free_port()
        text = CONFIG.format(
            mode=mode,
            dimension=dimension,
            model=model.name,
            timescale=timescale,
            server=self.server,
            client=free_port(),
            monitor=free_port(),
            command=free_port(),
        )
        (self.folder / "config.toml").write_text(text, encoding="utf-8")
        self.ear = Ear()
        self.web = WebInterface(self.folder)

    def state(self) -> dict[str, Any]:
        """The session's last state."""
        state: dict[str, Any] = self.web.get("/api/session")["state"] or {}
        return state

    def start_session(self) -> None:
        """Start it afresh, and wait until it plays."""
        self.web.post("/api/session/restart")
        end = time.monotonic() + 90
        while not self.state():
            if time.monotonic() > end:
                raise SystemExit(f"the session did not start: {self.web.get('/api/session')}")
            time.sleep(0.1)

    def play(self, rate: float, seconds: float) -> int:
        """Play all controls by OSC, evenly; returns how many events that were."""
        start, count = time.monotonic(), 0
        while (now := time.monotonic()) < start + seconds:
            due = start + count / rate
            if now < due:
                time.sleep(due - now)
            values = [((count * (7 + index)) % 997) / 997 for index in range(self.controls)]
            self.ear.send(floats_packet("/interface", values), self.server)
            count += 1
        return count


@contextmanager
def staged(folder: Path, mode: str, dimension: int, timescale: float = 1.0) -> Iterator[Stage]:
    """A stage with its session running."""
    stage = Stage(folder, mode, dimension, timescale)
    try:
        with stage.web:
            stage.start_session()
            yield stage
            stage.web.post("/api/session/stop")
    finally:
        stage.ear.close()


def opened(browser: Browser, stage: Stage, witness: bool = True) -> Page:
    """The Perform page."""
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    if witness:
        page.add_init_script(WITNESS)
    page.goto(stage.web.url)
    page.locator(".fader").first.wait_for()
    return page


def percentiles(values: list[float]) -> dict[str, float]:
    """Of the values: p50, p99 and the largest."""
    ordered = sorted(values)
    at = {"p50": 0.5, "p99": 0.99}
    found = {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * part))], 2) for name, part in at.items()}
    return {**found, "max": round(ordered[-1], 2), "count": len(ordered)}


def latency(browser: Browser, folder: Path, presses: int = 200) -> dict[str, Any]:
    """A key moves a fader → the page sends it → the session hears it and answers at once → the answer is back, ms."""
    with staged(folder, "polyphony", 9, timescale=0.0001) as stage:
        page = opened(browser, stage)
        page.wait_for_timeout(1500)
        page.locator(".fader").first.focus()
        page.evaluate("void Object.assign(seen, {pressed: [], sent: [], back: []})")
        for number in range(presses):
            page.keyboard.press("ArrowUp" if number % 20 < 10 else "ArrowDown")
            page.wait_for_timeout(25 + number % 17)
        page.wait_for_timeout(300)
        seen = page.evaluate("({...seen, watch: null})")
        page.close()
    from_key, from_send = [], []
    for pressed, nexts in zip(seen["pressed"], [*seen["pressed"][1:], float("inf")], strict=True):
        sent = next((time_ for time_ in seen["sent"] if pressed <= time_ < nexts), None)
        back = next((time_ for time_ in seen["back"] if sent is not None and sent <= time_ < nexts), None)
        if sent is not None and back is not None:
            from_key.append(back - pressed)
            from_send.append(back - sent)
    if not from_key:
        raise SystemExit("no key was answered")
    return {"from the key, ms": percentiles(from_key), "from the page's message, ms": percentiles(from_send)}


def frames(browser: Browser, folder: Path, seconds: float = 10.0) -> dict[str, Any]:
    """Frames a second with 16 controls that move 100 times a second, and the model answering each."""
    with staged(folder, "polyphony", 17, timescale=0.01) as stage:
        return _frames(browser, stage, seconds)


def timeline(browser: Browser, folder: Path, seconds: float = 10.0) -> dict[str, Any]:
    """The same with a model that plays 100 times a second by itself, and shows its plan."""
    with staged(folder, "battle", 17) as stage:
        return _frames(browser, stage, seconds)


def _frames(browser: Browser, stage: Stage, seconds: float) -> dict[str, Any]:
    page = opened(browser, stage)
    page.evaluate("seen.watch()")
    stage.play(100, 2)
    page.evaluate("void Object.assign(seen, {frames: [], cost: [], moved: 0})")
    before = stage.state()["counters"]
    played = stage.play(100, seconds)
    seen = page.evaluate("({...seen, watch: null})")
    page.close()
    counters = stage.state()["counters"]
    gaps = [after - before for before, after in zip(seen["frames"], seen["frames"][1:], strict=False)]
    span = (seen["frames"][-1] - seen["frames"][0]) / 1000
    return {
        "events a second": round(played / seconds, 1),
        "heard": counters["heard"] - before["heard"],
        "played": counters["played"] - before["played"],
        "frames a second": round(len(gaps) / span, 1),
        "of them drawn anew": round(seen["moved"] / span, 1),
        "frame, ms": percentiles(gaps),
        "script in a frame, ms": percentiles(seen["cost"]),
        "later than 25 ms": sum(gap > 25 for gap in gaps),
    }


def lateness(browser: Browser, folder: Path, seconds: float = 20.0) -> dict[str, Any]:
    """The session's own lateness of 100 events a second, while the web interface works."""
    with staged(folder, "battle", 9) as stage:
        made = _log(stage, events=200_000)
        found: dict[str, Any] = {}
        for name, work in (
            ("nobody watches", lambda: time.sleep(seconds)),
            ("pages load", lambda: _load_pages(browser, stage, seconds)),
            ("a dataset is made", lambda: _make_datasets(stage, made, seconds)),
            ("a training runs, a page is open", lambda: _train(browser, stage, max(seconds, 40))),
        ):
            stage.start_session()
            time.sleep(1.5)
            told = work()
            late = stage.state()["lateness_ms"]
            found[name] = {key: round(value, 3) for key, value in late.items()} | ({"work": told} if told else {})
    return found


def _log(stage: Stage, events: int) -> str:
    name = "2026-01-01T10-00-00-9d-mdrnn.log"
    with (stage.folder / "logs" / name).open("w", encoding="ascii") as log:
        for number in range(events):
            minutes, seconds = divmod(number * 0.05, 60)
            hours, minutes = divmod(int(minutes), 60)
            values = ",".join(f"{((number * (3 + index)) % 128) / 127:.4f}" for index in range(8))
            log.write(f"2026-01-01T{10 + hours:02d}:{minutes:02d}:{seconds:09.6f},interface,{values}\n")
    return name


def _load_pages(browser: Browser, stage: Stage, seconds: float) -> str:
    end, count = time.monotonic() + seconds, 0
    page = browser.new_page()
    while time.monotonic() < end:
        for place in ("/", "/record", "/learn", "/setup", "/system", "/models", "/sound"):
            page.goto(stage.web.url + place)
            page.get_by_role("heading", level=1).wait_for(state="attached")
            count += 1
    page.close()
    return f"{count} pages"


def _make_datasets(stage: Stage, take: str, seconds: float) -> str:
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        stage.web.post("/api/datasets", {"takes": [take]})
        count += 1
    return f"{count} datasets of 200,000 events"


def _train(browser: Browser, stage: Stage, seconds: float) -> str:
    dataset = stage.web.get("/api/datasets")[0]["name"]
    page = opened(browser, stage, witness=False)
    run = stage.web.post("/api/training", {"dataset": dataset, "size": "s", "epochs": 1000})
    time.sleep(seconds)
    page.close()
    told = next(each for each in stage.web.get("/api/training") if each["id"] == run["id"])
    stage.web.post(f"/api/training/{run['id']}/stop")
    return f"{told['status']}, epoch {told['epoch']} of {told['epochs']}, {told['pace']} ms a step {told['sentence']}"


def soak(browser: Browser, folder: Path, minutes: float) -> dict[str, Any]:
    """Memory of the page, the web process and the session while a page is open at 300 events a second."""
    with staged(folder, "polyphony", 9, timescale=0.01) as stage:
        page = opened(browser, stage, witness=False)
        devtools = page.context.new_cdp_session(page)
        devtools.send("Performance.enable")
        session = psutil.Process(stage.state()["pid"])
        web = psutil.Process(stage.web.pid)
        rows = []
        for minute in range(max(1, round(minutes))):
            stage.play(300, 60)
            devtools.send("HeapProfiler.collectGarbage")
            metrics = {each["name"]: each["value"] for each in devtools.send("Performance.getMetrics")["metrics"]}
            counters = stage.state()["counters"]
            row = {
                "minute": minute + 1,
                "page heap, MB": round(metrics["JSHeapUsedSize"] / 1e6, 2),
                "page nodes": int(metrics["Nodes"]),
                "web, MB": round(web.memory_info().rss / 1e6, 1),
                "session, MB": round(session.memory_info().rss / 1e6, 1),
                "heard": counters["heard"],
                "lost": counters["dropped"] + counters["skipped"],
            }
            rows.append(row)
            print(json.dumps(row), flush=True)
        late = stage.state()["lateness_ms"]
        page.close()
    half = rows[len(rows) // 2]
    growth = {key: round(rows[-1][key] - half[key], 2) for key in ("page heap, MB", "web, MB", "session, MB")}
    return {"minutes": rows, "grown in the second half": growth, "lateness_ms": late}


MEASURES = {"latency": latency, "frames": frames, "timeline": timeline, "lateness": lateness}


def main() -> None:
    """Measure, and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=MEASURES, action="append", help="only this, may be repeated")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="the soak instead")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="impsy-pages-"))
    found: dict[str, Any] = {"machine": machine_facts()}
    try:
        with browsing() as browser:
            if arguments.soak:
                found["soak"] = soak(browser, folder, arguments.soak)
            for name in arguments.only or ([] if arguments.soak else MEASURES):
                found[name] = MEASURES[name](browser, folder)
                print(name, json.dumps(found[name], indent=2), flush=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    latency_ = found.get("latency", {}).get("from the key, ms", {}).get("p50")
    if latency_ is not None and latency_ > 15:
        sys.exit(f"a fader's answer takes {latency_} ms: more than 15")


if __name__ == "__main__":
    main()
