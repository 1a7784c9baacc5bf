"""Play fast and long while everything else happens, too: ``python -m bench.siege``, ten minutes.

A performer plays 1,000 events a second, two pages look on, the configuration and the model change 500 times, and a
stranger without the token holds 2,000 connections. Exit code 1 if an event is lost, the session is late, memory
grows, or the page does not answer those who may ask.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
import psutil

from bench.browser import WebInterface, browsing
from bench.figures import count_log, gaps, percentile, sequence_values
from bench.machine import load_average, machine_facts
from bench.models import dimension_of, usual_model
from bench.program import Settings, child_environment, end_on_terminate
from bench.table import wide_console
from bench.wire import Ear, floats_packet, free_port
from impsy.codecs.osc import encode_text

TOKEN = "a-token-for-this-siege"
LATENESS_LIMIT = 2.0
"""Milliseconds: p99 of the session's lateness."""
GROWTH_LIMIT = 0.05
"""Share by which memory may grow in the second half."""

STRANGER = """
import resource, socket, sys, time
port, count = map(int, sys.argv[1:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
while True:
    for _ in range(count - len(held)):
        one = socket.socket()
        one.settimeout(2)
        try:
            one.connect(("127.0.0.1", port))
            one.sendall(b"GET / HTTP/1.1\\r\\nHo")
        except OSError:
            one.close()
            break
        one.setblocking(False)
        held.append(one)
    kept = []
    for one in held:
        try:
            alive = one.recv(1) != b""
        except BlockingIOError:
            alive = True
        except OSError:
            alive = False
        kept.append(one) if alive else one.close()
    held = kept
    time.sleep(0.5)
"""


@dataclass(slots=True)
class Minute:
    """What was seen at the end of a minute; memory in MB, times in ms."""

    web: float
    session: float
    lateness: dict[str, float]
    answer: float
    counters: dict[str, float]


@dataclass(slots=True)
class Siege:
    """A workspace under siege: the web process over it, and what is done to it."""

    folder: Path
    web: WebInterface
    text: str
    models: tuple[str, str]
    server: int
    changes: int = 0
    answers: list[float] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str) -> Any:
        """What the web process answers to somebody with the token."""
        began = time.perf_counter()
        try:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            answer = httpx.request(method, self.web.url + path, headers=headers, timeout=10)
            answer.raise_for_status()
        except httpx.HTTPError as error:
            self.unanswered.append(repr(error))
            return None
        self.answers.append(1000 * (time.perf_counter() - began))
        return answer.json()

    def change(self, ear: Ear) -> None:
        """Save another configuration, or ask for the other model by OSC."""
        self.changes += 1
        model = self.models[self.changes // 2 % 2]
        if self.changes % 2:
            changed = self.text.replace("threshold = 0.1", f"threshold = {0.1 + self.changes % 7 / 100:.2f}")
            part = self.folder / "config.part"
            part.write_text(changed.replace(self.models[0], model), encoding="utf-8")
            part.replace(self.folder / "config.toml")
        else:
            ear.send(encode_text("/impsy/model", model), self.server)

    def minute(self) -> Minute | None:
        """Look at both processes; None if the web process does not answer."""
        told = self.ask("GET", "/api/session")
        if told is None or told["state"] is None:
            return None
        state = told["state"]
        web, session = (psutil.Process(pid).memory_info().rss / 1e6 for pid in (self.web.pid, state["pid"]))
        return Minute(web, session, state["lateness_ms"], self.answers[-1], state["counters"])


@contextmanager
def besieged(folder: Path, model: Path) -> Iterator[Siege]:
    """The web process with its session running, open to all machines."""
    for name in ("models", "logs", "datasets"):
        (folder / name).mkdir(parents=True)
    other = f"other-{model.name}"
    for name in (model.name, other):
        shutil.copyfile(model, folder / "models" / name)
    server = free_port()
    text = Settings(model, dimension_of(model), "polyphony").toml(server, free_port(), free_port(), free_port())
    (folder / "config.toml").write_text(text, encoding="utf-8")
    with WebInterface(folder, "--host", "0.0.0.0", "--no-open", environment={"IMPSY_TOKEN": TOKEN}) as web:
        siege = Siege(folder, web, text, (model.name, other), server)
        siege.ask("POST", "/api/session/start")
        end = time.monotonic() + 30
        while siege.minute() is None:
            if time.monotonic() > end:
                raise click.ClickException(f"the session did not start: {web.text()[-1000:]}")
            time.sleep(0.2)
        yield siege
        siege.ask("POST", "/api/session/stop")


@contextmanager
def stranger(port: int, connections: int) -> Iterator[None]:
    """Somebody without the token who holds so many connections, each with half of a request."""
    command = [sys.executable, "-c", STRANGER, str(port), str(connections)]
    process = subprocess.Popen(command, env=child_environment())
    try:
        yield
    finally:
        process.kill()
        process.wait()


def play(siege: Siege, ear: Ear, seconds: float, rate: float) -> int:
    """Send numbered events at an even rate; returns how many."""
    length = dimension_of(siege.folder / "models" / siege.models[0]) - 1
    began, count = time.perf_counter(), 0
    while (passed := time.perf_counter() - began) < seconds:
        while count < passed * rate:
            ear.send(floats_packet("/interface", sequence_values(count, length)), siege.server)
            count += 1
        time.sleep(0.0005)
    return count


def judge(minutes: list[Minute], siege: Siege, missing: int) -> list[str]:
    """What is not as it should be."""
    faults = []
    if missing:
        faults.append(f"{missing} events are not in the log exactly once")
    if siege.unanswered:
        faults.append(f"{len(siege.unanswered)} questions with the token were not answered: {siege.unanswered[0]}")
    late = minutes[-1].lateness["p99"]
    if late > LATENESS_LIMIT:
        faults.append(f"lateness p99 is {late:.2f} ms, more than {LATENESS_LIMIT:g}")
    half = minutes[len(minutes) // 2]
    for name in ("web", "session"):
        growth = getattr(minutes[-1], name) / getattr(half, name) - 1
        if growth > GROWTH_LIMIT:
            faults.append(f"memory of the {name} process grew by {growth:.1%} in the second half")
    return faults


@click.command()
@click.option("--minutes", type=click.FloatRange(0.1), default=10.0, show_default=True)
@click.option("--rate", type=click.FloatRange(1, 5000), default=1000.0, show_default=True, help="Events a second.")
@click.option("--changes", type=click.IntRange(0), default=500, show_default=True, help="Of configuration and model.")
@click.option("--pages", type=click.IntRange(0), default=2, show_default=True, help="Pages that look on.")
@click.option("--connections", type=click.IntRange(0), default=2000, show_default=True, help="Held by a stranger.")
@click.option("--model", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A .tflite model.")
@click.option("--json", "json_path", type=click.Path(dir_okay=False, path_type=Path), help="Write the figures there.")
def main(
    minutes: float,
    rate: float,
    changes: int,
    pages: int,
    connections: int,
    model: Path | None,
    json_path: Path | None,
) -> None:
    """Play fast and long while everything else happens, too.

    \b
    Examples:
      python -m bench.siege
      python -m bench.siege --minutes 1 --changes 50
    """
    end_on_terminate()
    console = wide_console()
    console.print(", ".join(f"{key} {value}" for key, value in machine_facts().items()), soft_wrap=True)
    folder = Path(tempfile.mkdtemp(prefix="impsy-bench-"))
    seen: list[Minute] = []
    over = threading.Event()
    try:
        played = model or usual_model(folder)
        with besieged(folder / "workspace", played) as siege, browsing() as browser, closing(Ear()) as ear:
            for _ in range(pages):
                browser.new_page().goto(f"{siege.web.url}/?token={TOKEN}")

            def look() -> None:
                began, looked = time.monotonic(), 0
                while not over.wait(0.02):
                    passed = time.monotonic() - began
                    if siege.changes < min(changes, passed / (60 * minutes) * changes):
                        siege.change(ear)
                    if passed >= (looked + 1) * min(60.0, 20 * minutes):
                        looked += 1
                        if (minute := siege.minute()) is not None:
                            seen.append(minute)
                            console.print(json.dumps(asdict(minute)), soft_wrap=True)

            with stranger(siege.web.port, connections):
                looking = threading.Thread(target=look)
                looking.start()
                try:
                    sent = play(siege, ear, 60 * minutes, rate)
                finally:
                    over.set()
                    looking.join()
                time.sleep(1)
                if (last := siege.minute()) is not None:
                    seen.append(last)
                siege.ask("POST", "/api/session/stop")
            lines = [line for log in (siege.folder / "logs").glob("*.log") for line in log.open(newline="")]
        log = count_log(lines, dimension_of(played) - 1)
        found = gaps(log.numbers, sent)
        missing = found.lost + found.tail + found.repeated + log.malformed
        faults = judge(seen, siege, missing) if seen else ["the web process never answered"]
        slowest, usual = (percentile(siege.answers, share) for share in (100, 50))
        console.print(
            f"{sent} events sent, {missing} missing; {siege.changes} changes; with the token: p50 {usual:.0f} ms, "
            f"slowest {slowest:.0f} ms, {len(siege.unanswered)} never; {len(siege.web.text())} characters printed"
        )
        if json_path:
            report = {"machine": machine_facts(), "minutes": [asdict(minute) for minute in seen], "faults": faults}
            json_path.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for fault in faults:
        console.print(f"[red]not as it should be:[/red] {fault}")
    console.print(f"load average now {load_average():.2f}; " + ("failed" if faults else "all is well"))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
